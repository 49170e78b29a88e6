"""What back ends share: how columns are found and read, patterns, numbers as text; and a whole back end made of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from runpy import run_path
from types import SimpleNamespace
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter.backends.columns.finding import ColumnError, GivenColumns
from kanbert_filter.backends.columns.lines import (
    AnyNumbers,
    Booleans,
    Days,
    Floats,
    Numbers,
    SoundTexts,
    Storage,
    Texts,
    Timestamps,
    Uuids,
    line_of,
)
from kanbert_filter.backends.columns.patterns import (
    automaton,
    backtracking,
    glob_spelling,
    like_spelling,
    pattern_of,
)
from kanbert_filter.backends.columns.sqlite import SQLITE_NUMBER_TEXT
from kanbert_filter.backends.predicate.patterns import like
from kanbert_filter.kinds import ValueKind
from kanbert_filter.meaning.lowering import column_of
from kanbert_filter.meaning.tests import Test
from kanbert_filter.values import exact, number_text
from tests import strategies
from tests.matches import PROJECTS, Case, cases, dataset

# how stored values are read

STORAGES: dict[str, Storage] = {
    "texts": Texts(),
    "numbers": Numbers.integers(32, signed=True),
    "floats": Floats(),
    "booleans": Booleans(),
    "uuids": Uuids(),
    "dates": Days(),
    "timestamps": Timestamps(aware=True),
    "others": None,
}
HELD_BY = {
    "string": {"texts"},
    "enum": {"texts", "uuids", "numbers", "floats"},
    "id": {"texts", "uuids", "numbers", "floats"},
    "number": {"numbers", "floats"},
    "currency": {"numbers", "floats"},
    "boolean": {"booleans"},
    "date": {"dates", "timestamps"},
    "datetime": {"dates", "timestamps"},
    "custom": {*STORAGES},
}


@pytest.mark.parametrize("kind", get_args(ValueKind))
def test_which_columns_hold_which_fields(kind: ValueKind) -> None:
    found = {name for name, storage in STORAGES.items() if line_of(kind, storage, kf.Context()) is not None}
    assert found == HELD_BY[kind]


def test_a_custom_field_compares_with_the_kind_of_its_column_only() -> None:
    compared = {name: line_of("custom", storage, kf.Context()) for name, storage in STORAGES.items()}
    assert {name for name, line in compared.items() if line and not line.comparing} == {
        *("uuids", "dates", "timestamps", "others")
    }


def test_uuids_compare_by_their_text() -> None:
    text = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    assert Uuids().points(text) == (UUID(text),)  # type: ignore[comparison-overlap]
    assert Uuids(str).points(text) == (text,)
    for other in (text.upper(), text.replace("-", ""), f"{{{text}}}", "", "x"):
        assert Uuids().points(other) == ()


# how fields find their columns


def test_what_the_caller_says_of_columns() -> None:
    endpoint = kf.Endpoint("e", {"custom.*": "custom", "a.*.c": "custom", "name": "string", "other": "string"})
    given = GivenColumns(
        {"custom.x": "exact", "custom.*": lambda name: f"wild {name}", "a.*.c": "any", "name": "n", "*.*": "last"}
    )
    found = {path: given.of(column_of(endpoint, path)) for path in ("custom.x", "custom.y", "a.b.c", "name", "other")}
    assert found == {"custom.x": "exact", "custom.y": "wild y", "a.b.c": "any", "name": "n", "other": None}


def test_a_scope_of_a_relation_means_the_columns_of_its_records() -> None:
    column = column_of(kf.Endpoint("conditions", {"gone": "boolean"}), "gone")
    given = GivenColumns({"tasks.gone": 1, "gone": 2})
    assert (given.of(column, "tasks."), given.of(column)) == (1, 2)


# patterns


# Databases read a pattern up to its first NUL; `SoundTexts` lets none reach them.
@given(strategies.patterns.filter(lambda pattern: "\0" not in pattern), st.text(alphabet="aA_%\\*?[]/\n.b", max_size=8))
def test_patterns_in_all_spellings(pattern: str, text: str) -> None:
    expected = like(pattern)(text)
    assert (re.match(backtracking(pattern), text) is not None) is expected
    assert (re.search(automaton(pattern).replace(r"\z", r"\Z"), text) is not None) is expected
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("pragma case_sensitive_like = on")
        query = "select ? glob ?, ? like ? escape '/', ? like ? escape '\\'"
        spelt = glob_spelling(pattern), like_spelling(pattern), like_spelling(pattern, escape="\\")
        found = database.execute(query, [each for said in spelt for each in (text, said)]).fetchone()
    assert found == (expected, expected, expected)


@given(st.text(alphabet="a%_\\b", max_size=4), st.text(alphabet="a%_\\b", max_size=8))
def test_text_operators_as_patterns(needle: str, text: str) -> None:
    assert like(pattern_of("contains", needle))(text) is (needle in text)
    assert like(pattern_of("startswith", needle))(text) is text.startswith(needle)
    assert like(pattern_of("endswith", needle))(text) is text.endswith(needle)


def test_a_pattern_that_would_make_an_engine_go_back() -> None:
    assert re.match(backtracking("%a" * 99 + "c"), "a" * 5000) is None


# numbers as text on SQLite


def shown(numbers: Sequence[float | int]) -> list[str]:
    query = f"select {SQLITE_NUMBER_TEXT.replace('{number}', 't.x')} from t order by rowid"
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (x)")
        database.executemany("insert into t values (?)", [(number,) for number in numbers])
        return [text for (text,) in database.execute(query)]


def plain(number: float) -> str:
    return number_text(exact(number))


def test_numbers_that_people_write() -> None:
    random = Random(5)
    numbers: list[float | int] = [
        0.07,
        99.99,
        100.5,
        0.03,
        -0.0,
        1e39,
        1e40,
        1e-38,
        1e-39,
        2.0**53,
        -(2**63),
        2**63 - 1,
    ]
    numbers += [random.randrange(-(10**9), 10**9) / 100 for _ in range(10_000)]
    numbers += [n / 100 for n in range(10_000)]
    numbers += [random.randrange(-(10**7), 10**7) / 2 for _ in range(2_000)]
    numbers += [random.randrange(-(10**15), 10**15) for _ in range(1_000)]
    assert shown(numbers) == [plain(number) for number in numbers]


@pytest.mark.parametrize(("digits", "wrong"), [(15, 1), (17, 15)])
def test_tiny_and_huge_numbers(digits: int, wrong: int) -> None:
    """SQLite's own arithmetic is not exact enough for all of them: at most so many in three thousand end in a neighbour's digit."""
    random = Random(8)
    numbers = []
    for _ in range(3_000):
        number = random.randrange(1, 10 ** random.randrange(1, digits + 1))
        numbers.append(float(f"{number}e{random.randrange(-50, 30)}"))
    texts = shown(numbers)
    assert [float(text) for text in texts] == pytest.approx(numbers, rel=3e-16, abs=0)
    assert sum(text != plain(number) for text, number in zip(texts, numbers, strict=True)) <= wrong


# a whole back end: the example of the page "Writing a back end"

EXAMPLE: Any = SimpleNamespace(**run_path(str(Path(__file__).parents[2] / "docs" / "examples" / "rows_back_end.py")))
TASKS: dict[str, Any] = {
    **dict.fromkeys(("title", "status"), SoundTexts()),
    "hours": AnyNumbers(),
    "due": Days(),
    "members": [{"name": SoundTexts()}],
}
SCHEMA: dict[str, Any] = {
    "id": Numbers.integers(64, signed=True),
    **dict.fromkeys(("title", "code", "status", "owner_id"), SoundTexts()),
    **dict.fromkeys(("budget", "price"), AnyNumbers()),
    "done": Booleans(),
    "due": Days(),
    **dict.fromkeys(("created_at", "archived_at"), Timestamps(aware=True)),
    "client": {"name": SoundTexts(), "vip": Booleans()},
    "custom_field": EXAMPLE.JSON,
    "tasks": [TASKS],
}
COLUMNS = {**SCHEMA, **TASKS, **SCHEMA["client"]}


def typed(record: dict[str, Any]) -> dict[str, Any]:
    """A record as typed columns hold it."""

    def value(name: str, stored: Any) -> Any:
        if isinstance(stored, dict):
            return stored if name == "custom_field" else typed(stored)
        if isinstance(stored, list):
            return [typed(item) for item in stored]
        if stored is None or name not in COLUMNS:
            return stored
        match COLUMNS[name]:
            case Days():
                return date.fromisoformat(stored)
            case Timestamps():
                moment = datetime.fromisoformat(stored)
                return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
            case AnyNumbers():
                return Decimal(stored)
        return stored

    return {name: value(name, stored) for name, stored in record.items()}


ROWS = [typed(record) for record in dataset()]


@pytest.mark.parametrize("case", cases(), ids=str)
def test_a_whole_back_end(case: Case) -> None:
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        matches = EXAMPLE.where(PROJECTS.parse(text), SCHEMA, case.context)
        assert tuple(row["id"] for row in ROWS if matches(row)) == ids, text


def test_verify_looks_at_all_of_an_endpoint() -> None:
    fields: dict[str, Any] = {
        "title": "number",
        "tasks": {"nope": "string"},
        "lost": "number",
        "gone": kf.types.Scope({"yes": kf.field("lost") == 1}),
        "client": {"name": "string"},
    }
    with pytest.raises(ColumnError) as caught:
        EXAMPLE.verify(kf.Endpoint("e", fields), SCHEMA)
    faults = dict.fromkeys(("title", "tasks.nope", "lost"), "no column holds it")
    assert caught.value.fields == faults | {"client": "no column holds related rows"}
    EXAMPLE.verify(PROJECTS, SCHEMA)


def test_the_page_lists_the_plain_tests() -> None:
    page = (Path(__file__).parents[2] / "docs" / "back-ends.md").read_text()
    listed = re.findall(r"^\| `(\w+)\(([\w, ]+)\)`", page, re.MULTILINE)
    assert listed == [(test.__name__, ", ".join(test._fields)) for test in get_args(Test)]


def test_columns_are_given_by_name() -> None:
    with pytest.raises(TypeError, match=r"expected columns by the names of their fields, not \['title'\]"):
        GivenColumns(["title"])  # type: ignore[arg-type]
