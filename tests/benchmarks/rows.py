"""What a benchmark finds out: one row for each comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from tests.benchmarks.contest import Ratio, Times


@dataclass(frozen=True)
class Row:
    """Our time beside another's, and what it may be at most. Without a bar the row is there to see where a peer stands.

    Times are nanoseconds. The result is a ratio (`×`), or the milliseconds that we take longer (`ms`). A note, such as the reason for a
    row without a bar, is printed below the table.
    """

    subject: str
    ours: float
    other: str
    theirs: float
    result: Ratio
    bar: float | None = None
    unit: Literal["×", "ms"] = "×"
    note: str = ""

    @property
    def passed(self) -> bool | None:
        """Whether the bar is held; None where there is none."""
        return None if self.bar is None else self.result.median <= self.bar


def compared(times: Times, subject: str, ours: str, other: str, bar: float | None = None) -> Row:
    """The row of two contestants."""
    return Row(subject, times.of(ours), other, times.of(other), times.ratio(ours, other), bar)
