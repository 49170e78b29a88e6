"""Bars 1 to 3: from text to a tree, from JSON text to a tree, and the check."""

from __future__ import annotations

import json
from functools import partial
from importlib import import_module
from typing import Any

import kanbert_filter as kf
from kanbert_filter.notations import dsl
from tests.benchmarks import peers
from tests.benchmarks.contest import Work, contest
from tests.benchmarks.filters import FILTERS, NO_LIMITS, PROJECTS
from tests.benchmarks.rows import Row, compared

US = "kanbert-filter"
TEXT_BARS = {"F2": 0.55, "F3": 0.55, "F4": 0.40}
JSON_BARS = {"F2": 2.5, "F3": 2.5, "F4": 3.2}


def text_to_tree(seconds: float) -> list[Row]:
    """DSL text to tree, beside every peer's own text to its own tree."""
    others = peers.installed()
    rows = []
    for subject, text in FILTERS.items():
        works: dict[str, Work] = {
            US: partial(kf.parse_dsl, text, limits=NO_LIMITS),
            **{peer.name: partial(peer.parse, peer.filters[subject]) for peer in others},
            "Lark": partial(dsl.read_by_lark, dsl.TextOrigin(text), NO_LIMITS),
            "one pass of re": partial(peers.one_pass(), text),
        }
        works = {name: work for name, work in works.items() if _works(work)}
        times = contest(works, seconds=seconds / len(FILTERS))
        bars = {"cql2": TEXT_BARS[subject]}
        rows += [compared(times, subject, US, name, bars.get(name)) for name in works if name != US]
    return rows


def json_to_tree(seconds: float) -> list[Row]:
    """JSON text to tree, beside the standard library's `json.loads` of the same text, and two validators in Rust."""
    rows = []
    for subject, text in FILTERS.items():
        written = kf.to_json_text(kf.parse_dsl(text, limits=NO_LIMITS))
        works: dict[str, Work] = {
            US: partial(kf.parse_json, written, limits=NO_LIMITS),
            "json.loads": partial(json.loads, written),
            "pydantic-core": partial(peers.pydantic_json(), written.encode()),
        }
        for peer in peers.installed():
            if peer.name == "cql2":
                works["cql2"] = _cql2_json(peer.filters[subject])
        times = contest(works, seconds=seconds / len(FILTERS))
        bars = {"json.loads": JSON_BARS[subject]}
        rows += [compared(times, subject, US, name, bars.get(name)) for name in works if name != US]
    return rows


def check(seconds: float) -> list[Row]:
    """The check of a tree against an endpoint, beside cql2's parse of the same filter and our own."""
    rows = []
    for subject, text in FILTERS.items():
        tree = kf.parse_dsl(text, limits=NO_LIMITS)
        works: dict[str, Work] = {
            "check": partial(PROJECTS.check, tree, limits=NO_LIMITS),
            "parse": partial(kf.parse_dsl, text, limits=NO_LIMITS),
        }
        for peer in peers.installed():
            if peer.name == "cql2":
                works["cql2"] = partial(peer.parse, peer.filters[subject])
        times = contest(works, seconds=seconds / len(FILTERS))
        bars = {"cql2": 0.28}
        rows += [compared(times, subject, "check", name, bars.get(name)) for name in works if name != "check"]
    return rows


def completion(seconds: float) -> list[Row]:
    """The proposals for the second half of a word in a filter, beside Lark's reading of the whole filter."""
    rows = []
    for subject in ("F2", "F3"):
        text = FILTERS[subject]
        cursor = text.rindex("contains") + len("cont") if subject == "F2" else text.rindex("shortcode") + len("short")
        works: dict[str, Work] = {
            "complete": partial(PROJECTS.complete, text, cursor),
            "Lark": partial(dsl.read_by_lark, dsl.TextOrigin(text), NO_LIMITS),
        }
        rows.append(compared(contest(works, seconds=seconds / 2), subject, "complete", "Lark", 2))
    return rows


def _cql2_json(text: str) -> Work:
    cql2: Any = import_module("cql2")
    return partial(cql2.parse_json, json.dumps(cql2.parse_text(text).to_json()))


def _works(work: Work) -> bool:
    """Whether it can be done at all: some peers run out of stack for F4."""
    try:
        work()
    except RecursionError:
        return False
    return True
