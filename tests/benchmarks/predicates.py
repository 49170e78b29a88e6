"""Bars 4 and 6, and the second half of bar 5: what a predicate costs a record, and what it costs to get one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from typing import Any

import kanbert_filter as kf
from kanbert_filter.backends.predicate import code
from tests.benchmarks import peers, reference_functions
from tests.benchmarks.contest import Work, contest
from tests.benchmarks.filters import (
    FILTERS,
    NO_LIMITS,
    PROJECTS,
    Project,
    f4,
    mixed_records,
    passing_records,
)
from tests.benchmarks.rows import Row, compared

RECORDS = 1000
COPIES = 300
"""So many texts of one shape take turns, that no text is remembered by anybody."""


def predicate(seconds: float) -> list[Row]:
    """Each record asked by a call, and all records by `select`, beside a function written by hand."""
    rows = []
    cases = list(_cases())
    for subject, matches, by_hand, records in cases:
        agree(matches, by_hand, records)
        works: dict[str, Work] = {
            "call": partial(ask, matches, records),
            "by hand": partial(ask, by_hand, records),
            "select": partial(matches.select, records),
            "loop by hand": partial(loop, by_hand, records),
        }
        times = contest(works, seconds=seconds / len(cases)).each_of(len(records))
        rows.append(compared(times, f"{subject}, call", "call", "by hand", 1.05))
        rows.append(compared(times, f"{subject}, select", "select", "loop by hand", 1.0))
    return rows


def _cases() -> Iterator[tuple[str, kf.Predicate, Callable[[Any], bool], list[Any]]]:
    for name in ("F2", "F3"):
        for access in ("mapping", "attribute"):
            for iso in (False, True):
                for made, which in ((passing_records, "all examined"), (mixed_records, "mixed")):
                    records: list[Any] = made(RECORDS, iso=iso)
                    if access == "attribute":
                        records = [Project(record) for record in records]
                    matches = kf.compile_predicate(PROJECTS.parse(FILTERS[name]), access=access)
                    by_hand = getattr(reference_functions, f"{name.lower()}_{access}")
                    kind = "dict" if access == "mapping" else "object"
                    yield f"{name}, {kind}, {'ISO' if iso else 'datetime'}, {which}", matches, by_hand, records


def agree(matches: kf.Predicate, by_hand: Callable[[Any], bool], records: list[Any]) -> None:
    """Raise unless predicate and function give the same answers, and these are not all alike unless all match."""
    answers = [matches(record) for record in records]
    assert answers == [by_hand(record) for record in records]
    assert matches.select(records) == [record for record in records if by_hand(record)]
    assert any(answers)


def ask(matches: Callable[[Any], bool], records: list[Any]) -> None:
    """Ask for one record after the other."""
    for record in records:
        matches(record)


def loop(matches: Callable[[Any], bool], records: list[Any]) -> list[Any]:
    """Select by a loop over a function."""
    return [record for record in records if matches(record)]


def predicate_peers(seconds: float) -> list[Row]:
    """F3 on dict records for which nothing of it can be left out, beside the peers that answer for records."""
    records = passing_records(RECORDS, iso=True)
    # Peers regard case: they get the records as they would have been stored for them.
    plain = [record | {"title": f"P-{record['id']}", "client": {"name": "Acme"}} for record in records]
    works: dict[str, Work] = {
        "kanbert-filter": partial(ask, kf.compile_predicate(PROJECTS.parse(FILTERS["F3"])), plain)
    }
    for peer in peers.installed():
        if peer.predicate is not None:
            matches = peer.predicate(peer.filters["F3"])
            assert all(map(matches, plain)), peer.name
            works[peer.name] = partial(ask, matches, plain)
    times = contest(works, seconds=seconds).each_of(len(plain))
    return [compared(times, "F3", "kanbert-filter", name) for name in works if name != "kanbert-filter"]


def long_lists(seconds: float) -> list[Row]:
    """Disjunctions of equalities, and conjunctions of inequalities, beside one of them."""
    sizes = (10, 1000, 100_000)
    records = mixed_records(RECORDS, iso=True, gaps=False)
    rows = []
    for subject, one, many in (
        ("=, or", 'shortcode = "P-999999"', f4),
        ("!=, and", 'shortcode != "P-999999"', lambda size: f4(size).replace("=", "!=").replace(" or ", " and ")),
    ):
        works: dict[str, Work] = {"one condition": partial(ask, _compiled(one), records)}
        works |= {str(size): partial(ask, _compiled(many(size)), records) for size in sizes}
        times = contest(works, seconds=seconds / 2).each_of(len(records))
        rows += [compared(times, f"{size:,} × {subject}", str(size), "one condition", 2.0) for size in sizes]
    return rows


def _compiled(text: str) -> kf.Predicate:
    return kf.compile_predicate(PROJECTS.parse(text, limits=NO_LIMITS))


def text_to_predicate(seconds: float) -> list[Row]:
    """Text to ready predicate, for shapes never seen and for shapes seen before, beside the peers."""
    rows = []
    for subject in ("F2", "F3"):
        texts = [FILTERS[subject].replace("Acme", f"Acme{number}") for number in range(COPIES)]
        works: dict[str, Work] = {
            "unseen": partial(_compile_unseen, cycle(texts)),
            "first": partial(_compile_first, cycle(texts)),
            "whole": partial(_compile_whole, cycle(texts)),
            "seen": partial(_compile, cycle(texts)),
        }
        ready = [peer for peer in peers.installed() if peer.ready is not None]
        works |= {peer.name: partial(peer.ready, peer.filters[subject]) for peer in ready if peer.ready}
        times = contest(works, seconds=seconds / 2)
        for name, bar in (("unseen", 2.5), ("seen", 0.42)):
            bars = {"CEL C++": bar}
            rows += [compared(times, f"{subject}, {name}", name, peer.name, bars.get(peer.name)) for peer in ready]
        for name, subtitle in (("first", "unseen, the first of a process"), ("whole", "unseen, and asked 100 times")):
            rows += [
                compared(times, f"{subject}, {subtitle}", name, peer.name) for peer in ready if peer.name in _COMPILERS
            ]
    return rows


_COMPILERS = ("CEL C++", "pygeofilter")


def _compile_unseen(texts: Iterator[str]) -> kf.Predicate:
    """No filter of the shape was compiled, and no condition of its fields, but conditions of that kind were, of others."""
    code.FILTERS.clear()
    code.CONDITIONS.clear()
    return _compile(texts)


def _compile_first(texts: Iterator[str]) -> kf.Predicate:
    """Nothing was compiled before."""
    code.FACTORIES.clear()
    return _compile_unseen(texts)


def _compile_whole(texts: Iterator[str]) -> kf.Predicate:
    """Nothing was compiled before, and the whole is compiled, as when the predicate is asked often."""
    _compile_first(texts)
    return _compile(texts)


def _compile(texts: Iterator[str]) -> kf.Predicate:
    return kf.compile_predicate(PROJECTS.parse(next(texts)))
