"""Bar 9: many saved filters against one record, and what follows from a filter."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from statistics import median
from typing import Any

import kanbert_filter as kf
from kanbert_filter.checked import CheckedFilter
from tests.benchmarks.contest import Ratio, contest
from tests.benchmarks.rows import Row, compared
from tests.reasoning.pairs import CONTEXT, pair

SAVED = 100_000

PROJECTS = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "client.name": "string",
        "status": "enum: ACTIVE, PAUSED, DONE",
        "owner.id": "id",
        "budget": "number",
        "created_at": "datetime",
        "due_on": "date",
        "tasks": {"status": "enum: TODO, DOING, DONE", "assignee.id": "id"},
    },
)
NOW = kf.Context(now=datetime(2024, 5, 1, 12, tzinfo=UTC))

_WORDS = [
    "acme",
    "tower",
    "corp",
    "bridge",
    "harbour",
    "museum",
    "school",
    "garden",
    "station",
    "solar",
    "north",
    "river",
    "market",
    "office",
    "clinic",
    "stadium",
]


def _words(choose: random.Random) -> str:
    return f"{choose.choice(_WORDS)} {choose.choice(_WORDS)} {choose.randint(1, 500)}"


def _person(choose: random.Random) -> str:
    return f"u-{choose.randint(1, 5000)}"


def _status(choose: random.Random) -> str:
    return choose.choices(["ACTIVE", "PAUSED", "DONE"], [8, 1, 1])[0]


RARE: list[Callable[[random.Random], str]] = [
    lambda choose: f'title contains "{_words(choose)}"',
    lambda choose: f'client.name startsWith "{_words(choose)}"',
    lambda choose: f'owner.id = "{_person(choose)}"',
    lambda choose: f'tasks any (assignee.id = "{_person(choose)}" and status != "DONE")',
]
"""Conditions that few records match."""

BROAD: list[Callable[[random.Random], str]] = [
    lambda choose: f'status = "{_status(choose)}"',
    lambda choose: f"budget >= {choose.randint(0, 100_000)}",
    lambda choose: f'created_at >= "2024-{choose.randint(1, 12):02}-01"',
    lambda choose: f"due_on < today+{choose.randint(0, 30)}d",
]
"""Conditions that many records match."""


def alert(choose: random.Random) -> str:
    """A filter as people save them for alerts: something rare, mostly with something broad beside it."""
    parts = [choose.choice(RARE)(choose), *[make(choose) for make in choose.sample(BROAD, choose.choice([0, 1, 1, 2]))]]
    choose.shuffle(parts)
    text = " and ".join(parts)
    return f'{text} or {choose.choice(RARE)(choose)} and status = "ACTIVE"' if choose.random() < 0.15 else text


def broad(choose: random.Random) -> str:
    """The worst that an index can be given: a filter that says nothing rare."""
    return " and ".join([make(choose) for make in choose.sample(BROAD, choose.choice([1, 2]))])


def record(choose: random.Random) -> dict[str, Any]:
    """A project."""
    tasks = [
        {"status": choose.choice(["TODO", "DOING", "DONE"]), "assignee": {"id": _person(choose)}}
        for _ in range(choose.randint(0, 6))
    ]
    return {
        "title": f"{_words(choose)} {_words(choose)}",
        "client": {"name": _words(choose)},
        "status": _status(choose),
        "owner": {"id": _person(choose)},
        "budget": choose.randint(0, 100_000),
        "created_at": f"2024-{choose.randint(1, 12):02}-15T10:00:00Z",
        "due_on": f"2024-05-{choose.randint(1, 31):02}",
        "tasks": tasks,
    }


def questions(seconds: float, saved: int = SAVED) -> list[Row]:
    """An index beside its predicates one by one, the time to add a filter to it, and the time of an implication."""
    rows = []
    for subject, write, bar in (("alerts", alert, 1 / 30), ("broad filters", broad, None)):
        choose = random.Random(1)
        checked = [PROJECTS.parse(write(choose)) for _ in range(saved)]
        index, each = _index_of(checked)
        predicates = [kf.compile_predicate(one, NOW) for one in checked]
        records = [record(choose) for _ in range(20)]
        for one in records:
            assert index.matching(one, NOW) == [number for number, holds in enumerate(predicates) if holds(one)]
        works = {
            "the index": _on_each(records, partial(index.matching, context=NOW)),
            "one by one": _on_each(records, partial(_ask_each, predicates)),
        }
        times = contest(works, seconds=seconds / 3, fewest=3)
        rows.append(compared(times, f"one record, {saved:,} {subject}", "the index", "one by one", bar))
        rows.append(_absolute(f"adding one of the {subject}", each, 0.03))
    rows.append(_absolute("does one filter imply another", _implications(seconds / 3), 0.5))
    return rows


def _index_of(checked: list[CheckedFilter]) -> tuple[kf.FilterIndex[int], list[float]]:
    """An index of the filters, and the milliseconds that adding one took, by the thousand."""
    index: kf.FilterIndex[int] = kf.FilterIndex()
    each = []
    for start in range(0, len(checked), 1000):
        begun = time.thread_time()
        for number in range(start, min(start + 1000, len(checked))):
            index[number] = checked[number]
        each.append((time.thread_time() - begun) * 1000 / min(1000, len(checked) - start))
    return index, each


def _ask_each(predicates: list[kf.Predicate], record: dict[str, Any]) -> list[bool]:
    return [matches(record) for matches in predicates]


def _on_each(records: list[dict[str, Any]], ask: Callable[[dict[str, Any]], object]) -> Callable[[], object]:
    turns: Iterator[dict[str, Any]] = cycle(records)
    return lambda: ask(next(turns))


def _implications(seconds: float) -> list[float]:
    """The milliseconds of each question about random pairs of filters."""
    each: list[float] = []
    choose = random.Random(2)
    until = time.monotonic() + seconds
    while time.monotonic() < until or len(each) < 50:
        a, b = pair(choose)
        begun = time.thread_time()
        kf.implies(a, b, CONTEXT)
        each.append((time.thread_time() - begun) * 1000)
    return each


def _absolute(subject: str, milliseconds: list[float], bar: float) -> Row:
    ordered = sorted(milliseconds)
    middle = median(ordered)
    return Row(subject, middle * 1e6, "nothing", 0, Ratio(ordered[0], middle, ordered[-1]), bar, "ms")
