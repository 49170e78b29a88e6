"""`match --explain`: for each record whether it matches, and why."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO, Final

from ..checked import CheckedFilter
from ..context import Context
from ..endpoints.endpoint import Endpoint
from ..reasoning.explain import Explanation, explain
from .records import Record, Tally

_VERDICTS: Final = {True: "matches", False: "does not match", None: "cannot be decided"}


class Explaining:
    """Writes an explanation for each record, or with `invert` for those that do not match; `limit` is the most of them.

    With `as_json` an explanation is an object on a line. `file` is named in each if there is one.
    """

    def __init__(
        self,
        out: BinaryIO,
        checked: CheckedFilter,
        endpoint: Endpoint,
        context: Context,
        *,
        invert: bool = False,
        limit: int | None = None,
        as_json: bool = False,
    ) -> None:
        self._out = out
        self._checked = checked
        self._endpoint = endpoint
        self._context = context.at_now()
        self._invert = invert
        self._limit = limit
        self._as_json = as_json
        self._written = 0
        self.file = ""

    @property
    def full(self) -> bool:
        """Whether as many explanations are written as are asked for."""
        return self._limit is not None and self._written >= self._limit

    def run(self, records: Iterable[Record], tally: Tally) -> None:
        """Count the records and those that are found, and write the explanations."""
        if self.full:
            return
        for line, _, record in records:
            found = explain(self._checked, record, self._context, endpoint=self._endpoint)
            tally.read += 1
            tally.found += found.outcome is not None and found.outcome is not self._invert
            if not (self._invert and found.outcome):
                self._write(line, found)
                if self.full:
                    return

    def _write(self, line: int, found: Explanation) -> None:
        if self._as_json:
            place = {"file": self.file, "line": line} if self.file else {"line": line}
            text = json.dumps(place | found.to_dict(), ensure_ascii=False)
        else:
            file = f"{self.file}, " if self.file else ""
            drawn = "\n".join([f"  {part}" for part in str(found).split("\n")])
            text = f"{file}line {line}: {_VERDICTS[found.outcome]}\n{drawn}"
        self._out.write(f"{text}\n".encode(errors="backslashreplace"))
        self._written += 1
