"""Records, how many there are, and what becomes of bad ones."""

from __future__ import annotations

from typing import Any

Record = tuple[int, bytes, dict[str, Any]]
"""The line a record begins on, its own bytes, and what they hold."""


class Tally:
    """How many records were read, and how many of them were found; the search ends when `limit` are."""

    def __init__(self, limit: int | None = None) -> None:
        self.read = 0
        self.found = 0
        self._limit = limit

    @property
    def full(self) -> bool:
        """Whether as many records are found as are asked for."""
        return self._limit is not None and self.found >= self._limit

    def pass_over(self, others: int) -> None:
        """Count records that were read and are not what is looked for."""
        self.read += others

    def add(self, read: int, found: int) -> bool:
        """Count so many records at once, unless the search ends among them."""
        if self._limit is not None and self.found + found >= self._limit:
            return False
        self.read += read
        self.found += found
        return True


class BadRecord(Exception):
    """A record that cannot be read, or holds what its fields do not take. `remedy` says how to go on all the same."""

    def __init__(self, line: int, reason: str, remedy: str = "") -> None:
        self.line = line
        self.reason = reason
        self.remedy = remedy
        super().__init__(line, reason, remedy)

    def __str__(self) -> str:
        return f"line {self.line}: {self.reason}"


class BadRecords:
    """What becomes of bad records: the first one ends it all, or they are left out and counted."""

    def __init__(self, *, skip: bool) -> None:
        self.skip = skip
        self.count = 0
        self.first = ""
        """Where the first one is, and what is wrong with it."""
        self.file = ""
        """The name of the file that is read, where there are several."""

    def add(self, line: int, reason: str, *, of_value: bool = False) -> None:
        """Count the record, which holds a wrong value or cannot be read. Raises `BadRecord` unless such are skipped."""
        remedy = "With --skip-bad such records are left out"
        if of_value:
            remedy += ", with --wrong-type null such values count as null"
        bad = BadRecord(line, reason, remedy)
        if not self.skip:
            raise bad
        self.count += 1
        self.first = self.first or (f"{self.file}, {bad}" if self.file else str(bad))
