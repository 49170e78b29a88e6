"""Measuring several pieces of work side by side.

Machines are never quiet. So contestants take turns in short rounds, each round gives one ratio, and the median of these ratios is the
result: what slows the machine down for a second slows both sides of a ratio down. The lowest and the highest ratio show the noise.
Within a round the median of many short stretches counts, so that an interruption, after which caches are cold, does not.
Time is the processor's, as this thread used it; only what happens in other processes or threads is measured by the clock on the wall.

The garbage collector rests while a contestant is timed, whoever it is, as in `timeit`; it runs once before each round.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import repeat
from statistics import median
from typing import Final

Work = Callable[[], object]
Clock = Callable[[], int]

cpu_time: Final[Clock] = time.thread_time_ns
wall_time: Final[Clock] = time.perf_counter_ns

ROUND: Final = 4_000_000
"""The nanoseconds a contestant has in a round, unless one run takes longer."""

STRETCH: Final = 100_000
"""The nanoseconds that are timed at once, unless one run takes longer: long enough not to notice the clock."""

MOST_ROUNDS: Final = 200


@dataclass(frozen=True)
class Ratio:
    """How often one side's time goes into the other's, round by round."""

    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Times:
    """What each contestant took in each round, in nanoseconds for one run."""

    rounds: Mapping[str, list[float]]

    def of(self, name: str) -> float:
        """The median time of a contestant."""
        return median(self.rounds[name])

    def each_of(self, number: int) -> Times:
        """The times divided by how many things one run does."""
        return Times({name: [time / number for time in times] for name, times in self.rounds.items()})

    def ratio(self, name: str, other: str) -> Ratio:
        """The ratios of two contestants' times within one round."""
        ratios = sorted(ours / theirs for ours, theirs in zip(self.rounds[name], self.rounds[other], strict=True))
        return Ratio(ratios[0], median(ratios), ratios[-1])

    def difference(self, name: str, other: str) -> Ratio:
        """The differences of two contestants' times within one round, in milliseconds."""
        values = sorted((a - b) / 1e6 for a, b in zip(self.rounds[name], self.rounds[other], strict=True))
        return Ratio(values[0], median(values), values[-1])


def contest(
    contestants: Mapping[str, Work], *, seconds: float, clock: Clock = cpu_time, fewest: int = 7, warm: bool = True
) -> Times:
    """The times of the contestants, taken in turns for about as many seconds, in at least `fewest` rounds.

    The order changes with each round, so that nobody always follows the same other.
    """
    plans = {name: _plan(work, clock) if warm else (1, 1) for name, work in contestants.items()}
    rounds: dict[str, list[float]] = {name: [] for name in contestants}
    order = [*contestants]
    end = time.perf_counter() + seconds
    number = 0
    with _without_collector():
        while number < fewest or (time.perf_counter() < end and number < MOST_ROUNDS):
            for name in order:
                stretches, runs = plans[name]
                spent = [_timed(contestants[name], runs, clock) for _ in range(stretches)]
                rounds[name].append(median(spent) / runs)
            gc.collect()
            order = order[::-1] if number % 2 else [*order[1:], order[0]]
            number += 1
    return Times(rounds)


def _timed(work: Work, times: int, clock: Clock) -> int:
    start = clock()
    for _ in repeat(None, times):
        work()
    return clock() - start


def _plan(work: Work, clock: Clock) -> tuple[int, int]:
    """How many stretches fill a round, and how many runs a stretch; the work is warm afterwards."""
    spent = _timed(work, 2, clock) / 2
    if spent < ROUND:  # what takes longer is warm by now
        spent = max(_timed(work, 2, clock) / 2, 1)
    runs = max(1, int(STRETCH / spent))
    return max(1, int(ROUND / (runs * spent))), runs


@contextmanager
def _without_collector() -> Iterator[None]:
    enabled, permanent = gc.isenabled(), gc.get_freeze_count()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        if not permanent:  # else what others made permanent would become searched again
            gc.unfreeze()
        if enabled:
            gc.enable()
