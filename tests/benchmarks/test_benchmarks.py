"""The benchmarks' pieces run, and what they compare is alike. Nothing here is timed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

import kanbert_filter as kf
from tests.benchmarks import (
    command,
    frames,
    growth,
    peers,
    predicates,
    questions,
    reading,
    reference_functions,
    report,
    requests,
)
from tests.benchmarks.contest import Ratio, contest
from tests.benchmarks.filters import FILTERS, NO_LIMITS, PROJECTS, Project, mixed_records, passing_records
from tests.benchmarks.rows import Row

PEERS = {peer.name: peer for peer in peers.installed()}
ANSWERING = [name for name, peer in PEERS.items() if peer.predicate is not None]


@pytest.mark.parametrize("name", ["F2", "F3"])
@pytest.mark.parametrize("iso", [True, False], ids=["ISO", "datetime"])
@pytest.mark.parametrize("access", ["mapping", "attribute"])
def test_predicate_and_reference_agree(name: str, iso: bool, access: Any) -> None:
    records: list[Any] = mixed_records(500, iso=iso) + passing_records(50, iso=iso)
    if access == "attribute":
        records = [Project(record) for record in records]
    matches = kf.compile_predicate(PROJECTS.parse(FILTERS[name]), access=access)
    by_hand = getattr(reference_functions, f"{name.lower()}_{access}")
    predicates.agree(matches, by_hand, records)
    assert not all(map(matches, records))


@pytest.mark.parametrize("name", ["F2", "F3"])
@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("title", 5), ("title", b"P-Acme"), ("created_at", "garbage"), ("created_at", "2024-02-30T12:00:00Z")),
        *(("created_at", "2024-02-01T24:00:00Z"), ("created_at", "2024-W01-1T12:00:00Z"), ("client", "Acme Corp")),
        *(("client", {"name": 5}), ("status", 5), ("budget", "5"), ("budget", True), ("budget", float("nan"))),
        ("shortcode", 5),
    ],
)
def test_predicate_and_reference_refuse_the_same(name: str, field: str, value: object) -> None:
    [record] = passing_records(1, iso=True)
    changed = record | {"client": {"name": "Other"}} if name == "F2" and field == "created_at" else record
    changed = changed | {field: value}
    refused = [
        refuses(kf.compile_predicate(PROJECTS.parse(FILTERS[name])), changed),
        refuses(getattr(reference_functions, f"{name.lower()}_mapping"), changed),
    ]
    assert refused in ([True, True], [False, False])
    assert refused[0] is (name == "F3" or field in ("title", "created_at", "client"))


def refuses(function: Callable[[Any], object], record: object) -> bool:
    try:
        function(record)
    except kf.RecordError:
        return True
    return False


@pytest.mark.parametrize("name", [*FILTERS])
@pytest.mark.parametrize("peer", ANSWERING)
def test_translated_filters_mean_the_same(peer: str, name: str) -> None:
    """On records without nulls and capitals, about which peers think otherwise."""
    records = mixed_records(60, iso=True, gaps=False) + passing_records(20, iso=True)
    for record in records:
        record["title"] = record["title"].replace("acme", "Acme").replace("-x", "-X")
        record["client"] = {"name": record["client"]["name"].replace("ACME", "Acme")}
    matches = kf.compile_predicate(PROJECTS.parse(FILTERS[name], limits=NO_LIMITS))
    made = PEERS[peer].predicate
    assert made is not None
    try:
        theirs = made(PEERS[peer].filters[name])
    except RecursionError:
        pytest.skip("the peer runs out of stack")
    answers = [matches(record) for record in records]
    assert [theirs(record) for record in records] == answers
    assert {*answers} == {True, False}


@pytest.mark.parametrize("name", [*FILTERS])
def test_one_pass_reads_the_tokens(name: str) -> None:
    assert len(list(peers.one_pass()(FILTERS[name]))) > 10  # type: ignore[call-overload]


@pytest.mark.heavy  # builds the data of every section
def test_sections_run() -> None:
    for rows in (
        reading.check(0.01),
        growth.growth(0.01, 12, 24),
        predicates.text_to_predicate(0.01),
        questions.questions(0.01, 200),
    ):
        assert all(row.result.low <= row.result.median <= row.result.high for row in rows)


def test_ratios_are_taken_within_rounds() -> None:
    permanent, times = gc.get_freeze_count(), count(step=10**6)
    measured = contest({"a": int, "b": int}, seconds=0, clock=lambda: next(times), fewest=3)
    assert measured.ratio("a", "b").median == 1
    assert len(measured.rounds["a"]) == 3
    assert gc.get_freeze_count() >= permanent  # else the tests that follow take longer


def test_notes_are_numbered_below_the_table() -> None:
    row = Row("a", 2e6, "by hand", 1e6, Ratio(1, 2, 3), note="why")
    lines = report.table(
        [replace(row, note=""), row, replace(row, subject="b"), replace(row, note="else")]
    ).splitlines()
    assert [line.rsplit("|", 2)[1].strip() for line in lines[2:6]] == ["", "[1]", "[1]", "[2]"]
    assert lines[6:] == ["", "- [1] why", "- [2] else"]


def test_the_pages_are_generated_from_the_results() -> None:
    if report.RESULTS.exists():
        made = report.read(report.RESULTS.read_text())
        assert report.written(made) == report.RESULTS.read_text()
        for page, part in report.of_pages(made).items():
            assert report.page_with(page.read_text(), part) == page.read_text()


@pytest.mark.parametrize("engine", frames.ENGINES[:-1], ids=lambda engine: engine.__name__)
def test_frames_are_filtered_alike(engine: Any, tmp_path: Path) -> None:
    frame, count, by_hand = engine(frames.projects(2000), tmp_path)
    for name, filter in frames.FILTERS.items():
        for work in frames.works_of(frame, count, frames.PROJECTS.parse(filter), by_hand[name]).values():
            assert 0 < int(str(work())) < 2000


@pytest.mark.parametrize("subject", command.FILTERS)
def test_commands_find_the_same(subject: str, tmp_path: Path) -> None:
    command.write_files(tmp_path, 3000)
    for commands, header in ((command.on_json(subject), 0), (command.on_csv(subject), 1)):
        [found] = {command.run(words, tmp_path) for words in commands.values()}
        assert 0 < found - header < 1000


def test_both_routes_answer_alike() -> None:
    app = requests.application()
    with asyncio.Runner() as runner:
        ours, by_hand = (requests.alone(app, runner, *asked) for asked in (requests.OURS, requests.BY_HAND))
    assert ours == by_hand != b"[]"
