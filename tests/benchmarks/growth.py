"""The first half of bar 5: reading and checking take time in proportion to the input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import kanbert_filter as kf
from tests.benchmarks.contest import Times, Work, contest
from tests.benchmarks.filters import F3, NO_LIMITS, PROJECTS, f4
from tests.benchmarks.rows import Row, compared

SMALL, LARGE = 1000, 100_000

LINEAR = 2.0
"""What a condition of an input a hundred times as large may cost for the growth to count as linear. The processor's caches and fresh
memory already make `json.loads` up to 1.5 times slower for each object; anything quadratic would be a hundred times slower."""


def growth(seconds: float, small: int = SMALL, large: int = LARGE) -> list[Row]:
    """Time per condition of a large input beside that of a small one."""
    rows = []
    for subject, write in (("one field, or", f4), ("F3 repeated", _repeated)):
        texts = {size: write(size) for size in (small, large)}
        trees = {size: kf.parse_dsl(text, limits=NO_LIMITS) for size, text in texts.items()}
        jsons = {size: kf.to_json_text(tree) for size, tree in trees.items()}
        tasks: dict[str, tuple[Callable[..., object], Mapping[int, object]]] = {
            "parse": (kf.parse_dsl, texts),
            "parse JSON": (kf.parse_json, jsons),
            "check": (PROJECTS.check, trees),
        }
        for task, (do, inputs) in tasks.items():
            works = {size: partial(do, given, limits=NO_LIMITS) for size, given in inputs.items()}
            rows.append(_row(f"{task}, {subject}", works, seconds / 6))
    return rows


def _repeated(conditions: int) -> str:
    return " or ".join([f"({F3})"] * (conditions // 12))


def _row(subject: str, works: Mapping[int, Work], seconds: float) -> Row:
    names = {size: f"{size:,} conditions" for size in works}
    times = contest({names[size]: work for size, work in works.items()}, seconds=seconds, fewest=3)
    each = Times({names[size]: [time / size for time in times.rounds[names[size]]] for size in works})
    small, large = names.values()
    return compared(each, subject, large, small, LINEAR)
