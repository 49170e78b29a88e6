"""The SQLAlchemy back end against the predicate: random checked filters over random rows, on real engines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from sqlalchemy import select
from sqlalchemy.orm import Session

from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.backends.sqlalchemy import verify, where
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.nodes import Filter
from kanbert_filter.notations.dsl import to_dsl
from kanbert_filter.values import ME, Value, exact, value_of
from tests import strategies
from tests.backends import items
from tests.backends.databases import ENGINES, fresh_engine
from tests.backends.items import ITEMS, Item

ZONES = ("UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia")
CONTEXTS: SearchStrategy[Context] = st.builds(
    lambda zone, storage, now: Context(now=now, timezone=zone, storage_timezone=storage, me="ab"),
    st.sampled_from(ZONES),
    st.sampled_from(ZONES),
    st.sampled_from(items.INSTANTS),
)

TEXTS = st.sampled_from(items.TEXTS) | strategies.texts
NUMBERS = st.one_of(
    st.sampled_from([exact(number) for number in (*items.NUMBERS, *items.UNITS)]),
    st.sampled_from([exact(Decimal(text)) for text in ("1e20", "-1e40", "0.00001", "9223372036854775808", "7.5")]),
)
DATES = st.sampled_from(items.DATES).map(str) | strategies.specials.filter(lambda special: special != ME)
MOMENTS = st.sampled_from([*items.WALLS, *items.INSTANTS]).map(value_of) | st.datetimes(
    timezones=st.none() | st.timezones()
).filter(lambda moment: 1 < moment.year < 9999).map(value_of)
VALUES: dict[str, SearchStrategy[Value]] = {
    "string": TEXTS,
    "enum": st.sampled_from([status.value for status in items.Status]) | TEXTS,
    "number": NUMBERS,
    "currency": NUMBERS,
    "boolean": st.booleans(),
    "date": DATES,
    "datetime": DATES | MOMENTS,
    "id": TEXTS | NUMBERS.filter(lambda n: isinstance(n, int)) | st.sampled_from(list(map(str, items.UUIDS))) | st.just(ME),
    "custom": TEXTS | NUMBERS | st.booleans(),
    "count": st.integers(0, 5) | st.just(10**30),
    "scope": st.sampled_from(["with", "only", "without"]),
}
PATTERNS = st.sampled_from(["%", "_", "a%", "%b", "a_b", "\\%", "50\\%", "__", "%_", "%\n%", "%c%", "[%", "*", "?", "a\\_b", "\\a%"])
FILTERS = strategies.filters_of(ITEMS, VALUES, needles=TEXTS, patterns=PATTERNS | strategies.patterns)


@pytest.fixture(params=ENGINES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[tuple[Session, list[dict[str, Any]]]]:
    with fresh_engine(request.param) as engine, Session(engine) as session:
        items.Base.metadata.create_all(engine)
        yield session, items.stored(session, seed=7, size=150)


def compare(database: tuple[Session, list[dict[str, Any]]], filter: Filter, context: Context) -> None:
    session, records = database
    checked = ITEMS.check(filter)
    expected = [record["id"] for record in compile_predicate(checked, context).select(records)]
    found = session.scalars(select(Item.id).where(where(checked, Item, context)).order_by(Item.id)).all()
    session.rollback()
    assert found == expected, to_dsl(filter)


@settings(max_examples=150)
@given(filter=FILTERS, context=CONTEXTS)
def test_databases_answer_as_the_predicate(
    database: tuple[Session, list[dict[str, Any]]], filter: Filter, context: Context
) -> None:
    compare(database, filter, context)


@pytest.mark.heavy
@settings(max_examples=2500)
@given(filter=FILTERS, context=CONTEXTS)
def test_databases_answer_thousands_of_filters_as_the_predicate(
    database: tuple[Session, list[dict[str, Any]]], filter: Filter, context: Context
) -> None:
    compare(database, filter, context)


def test_every_field_has_a_column() -> None:
    verify(ITEMS, Item)
