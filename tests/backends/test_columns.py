"""What back ends share: how columns are found and read, patterns, numbers as text; and a whole back end made of it."""

from __future__ import annotations

import operator as op
import re
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, date, datetime
from decimal import Decimal
from random import Random
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter.backends.columns.finding import ColumnError, GivenColumns, column_error, verify_columns
from kanbert_filter.backends.columns.lines import (
    AnyNumbers,
    Booleans,
    Days,
    Floats,
    Line,
    Numbers,
    SoundTexts,
    Storage,
    Texts,
    Timestamps,
    Uuids,
    line_of,
)
from kanbert_filter.backends.columns.logic import Logic
from kanbert_filter.backends.columns.patterns import (
    automaton,
    backtracking,
    glob_spelling,
    like_spelling,
    pattern_of,
)
from kanbert_filter.backends.columns.placing import Cell, JsonCell, View
from kanbert_filter.backends.columns.sqlite import SQLITE_NUMBER_TEXT
from kanbert_filter.backends.columns.translation import Translation
from kanbert_filter.backends.predicate.patterns import like
from kanbert_filter.kinds import ValueKind
from kanbert_filter.meaning.lowering import column_of, lower
from kanbert_filter.meaning.tests import Column, OrderOperator, TextOperator
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
        query = "select ? glob ?, ? like ? escape '/'"
        found = database.execute(query, (text, glob_spelling(pattern), text, like_spelling(pattern))).fetchone()
    assert found == (expected, expected)


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


@pytest.mark.parametrize(("digits", "wrong"), [(15, 1), (17, 50)])
def test_tiny_and_huge_numbers(digits: int, wrong: int) -> None:
    """SQLite's own arithmetic is not exact enough for all of them: at most so many in ten thousand end in a neighbour's digit."""
    random = Random(8)
    numbers = []
    for _ in range(10_000):
        number = random.randrange(1, 10 ** random.randrange(1, digits + 1))
        numbers.append(float(f"{number}e{random.randrange(-50, 30)}"))
    texts = shown(numbers)
    assert [float(text) for text in texts] == pytest.approx(numbers, rel=3e-16, abs=0)
    assert sum(text != plain(number) for text, number in zip(texts, numbers, strict=True)) <= wrong


# a whole back end: conditions are functions of a row that are true, false or, as in SQL, unknown

Truth = Callable[[Any], bool | None]
COLUMNS: dict[str, Storage] = {
    **dict.fromkeys(("id",), Numbers.integers(64, signed=True)),
    **dict.fromkeys(("title", "code", "status", "owner_id", "name"), SoundTexts()),
    **dict.fromkeys(("budget", "price", "hours"), AnyNumbers()),
    **dict.fromkeys(("done", "vip"), Booleans()),
    **dict.fromkeys(("created_at", "archived_at"), Timestamps(aware=True)),
    "due": Days(),
}
ORDERS: dict[OrderOperator, Any] = {"lt": op.lt, "lte": op.le, "gt": op.gt, "gte": op.ge}


def unknown_if_null(read: Callable[[Any], Any], test: Callable[[Any], bool]) -> Truth:
    return lambda row: None if (value := read(row)) is None else test(value)


class RowLogic(Logic[Truth]):
    width = 3

    def conjunction(self, expressions: Sequence[Truth]) -> Truth:
        def both(row: Any) -> bool | None:
            found = [expression(row) for expression in expressions]
            return False if False in found else None if None in found else True

        return both

    def disjunction(self, expressions: Sequence[Truth]) -> Truth:
        def either(row: Any) -> bool | None:
            found = [expression(row) for expression in expressions]
            return True if True in found else None if None in found else False

        return either

    def negation(self, expression: Truth) -> Truth:
        return lambda row: not expression(row)

    def untruth(self, expression: Truth) -> Truth:
        return lambda row: expression(row) is not True


class RowCell(Cell[Truth]):
    logic = RowLogic()

    def __init__(self, line: Line, read: Callable[[Any], Any]) -> None:
        super().__init__(line)
        self.read = read

    def null(self, negated: bool) -> Truth:
        return lambda row: (self.read(row) is None) is not negated

    def among(self, values: Sequence[Any], negated: bool) -> Truth:
        return unknown_if_null(self.read, lambda value: (value in values) is not negated)

    def ordered(self, operator: OrderOperator, value: Any) -> Truth:
        return unknown_if_null(self.read, lambda stored: ORDERS[operator](stored, value))

    def as_is(self) -> Any:
        return self.read

    def lowered(self) -> Any:
        return lambda row: None if (text := self.read(row)) is None else text.lower()

    def number_text(self) -> Any:
        return lambda row: None if (number := self.read(row)) is None else number_text(exact(number))

    def fits(self, text: Any, operator: TextOperator, needle: str) -> Truth:
        return unknown_if_null(text, like(pattern_of(operator, needle)))


class RowJsonCell(JsonCell[Truth], RowCell):
    def __init__(self, read: Callable[[Any], Any]) -> None:
        RowCell.__init__(self, Line(), read)

    def seen_as(self, view: View) -> RowCell:
        line, kinds = _VIEWS[view]

        def seen(row: Any) -> Any:
            value = self.read(row)
            return value if value.__class__ in kinds else None

        return RowCell(line, seen)


_VIEWS: dict[View, tuple[Line, set[type]]] = {
    "text": (Texts(), {str}),
    "number": (AnyNumbers(), {int, Decimal}),
    "boolean": (Booleans(), {bool}),
}


class RowTranslation(Translation[Truth, str, Callable[[Any], list[Any]]]):
    logic = RowCell.logic

    def cell(self, column: Column, row: str, prefix: str) -> RowCell:
        def read(row: Any) -> Any:
            for name in column.source:
                row = None if row is None else row.get(name)
            return row

        if column.source[0] == "custom_field":
            return RowJsonCell(read)
        line = line_of(column.kind, COLUMNS.get(column.source[-1]), CONTEXT)
        if line is None:
            raise column_error(column, "no column holds it")
        return RowCell(line, read)

    def records(self, column: Column, row: str, prefix: str) -> Callable[[Any], list[Any]]:
        return lambda row: row[column.source[-1]] or []

    def row_of(self, records: Callable[[Any], list[Any]]) -> str:
        return "record"

    def exists(self, records: Callable[[Any], list[Any]], condition: Truth | bool) -> Truth:
        test: Truth = (lambda record: condition) if isinstance(condition, bool) else condition
        return lambda row: any(test(record) is True for record in records(row))

    def number(self, records: Callable[[Any], list[Any]]) -> RowCell:
        return RowCell(Numbers.integers(64, signed=True), lambda row: len(records(row)))


CONTEXT = kf.Context()


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
        condition = RowTranslation().condition(lower(PROJECTS.parse(text), case.context), "record")
        found = [row["id"] for row in ROWS if (condition if isinstance(condition, bool) else condition(row)) is True]
        assert tuple(found) == ids, text


def test_verify_looks_at_all_of_an_endpoint() -> None:
    fields: dict[str, Any] = {
        "title": "number",
        "tasks": {"nope": "string"},
        "lost": "number",
        "gone": kf.types.Scope({"yes": kf.field("lost") == 1}),
    }
    with pytest.raises(ColumnError) as caught:
        verify_columns(RowTranslation(), kf.Endpoint("e", fields), "record")
    assert caught.value.fields == dict.fromkeys(("title", "tasks.nope", "lost"), "no column holds it")
