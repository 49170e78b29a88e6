"""Timestamps in SQLite, which holds them as texts: of SQLAlchemy, of Django, of the database itself and of other programs."""

from __future__ import annotations

import operator as op
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from hypothesis import given, strategies as st
from sqlalchemy import Column, DateTime, Engine, Integer, MetaData, Table, func, insert, select

import kanbert_filter as kf
from kanbert_filter.backends.columns.sqlite import COMPARISON_SIGNS, SQLITE_TIMESTAMP_COMPARISONS
from kanbert_filter.backends.django import where as where_in_django
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.backends.sqlalchemy import where
from tests import django_site as site
from tests.backends.databases import fresh_engine

EVENTS = kf.Endpoint("events", {"at": "datetime", "day": kf.types.Date(source="at")})
EVENTS_OF_DJANGO = kf.Endpoint(
    "projects", {"at": kf.types.DateTime(source="created_at"), "day": kf.types.Date(source="created_at")}
)
TABLE = Table("events", MetaData(), Column("id", Integer, primary_key=True), Column("at", DateTime(), index=True))
TEXTS = [
    *(
        "2024-05-01 10:00:00.000000",
        "2024-05-01 10:00:00",
        "2024-05-01T10:00:00Z",
        "2024-05-01T10:00",
        "2024-05-01T10:00:00.0Z",
    ),
    *(
        "2024-05-01 10:00:00.500",
        "2024-05-01T10:00:00.5Z",
        "2024-05-01 10:00:00.500000",
    ),
    *("2024-05-01 09:59:59.999999", "2024-05-01T09:59:59.999999Z", "2024-05-01 10:00:00.000001"),
    *("2024-05-01t10:00:00.0z", "2024-05-01 10:00:00.500000999"),
    *("2024-05-01", "2024-05-01 00:00:00", "2024-05-02T00:00:00", "2024-04-30T23:59:59.999"),
]
FILTERS = [
    f"{field} {operator} '{value}'"
    for operator in COMPARISON_SIGNS.values()
    for field, values in (
        ("at", ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00.5Z", "2024-05-01T09:59:59.999999Z", "2024-05-01")),
        ("day", ("2024-05-01",)),
    )
    for value in values
    for operator in ([operator] if operator != "<>" else ["!="])
]
FILTERS += [
    "at in ['2024-05-01T10:00:00Z', '2024-05-01T10:00:00.5Z']",
    "at nin ['2024-05-01T10:00:00Z', '2024-04-30T23:59:59.999Z']",
]
RECORDS: list[dict[str, Any]] = [{"id": number, "at": text, "created_at": text} for number, text in enumerate(TEXTS, 1)]


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with fresh_engine("sqlite") as engine:
        TABLE.metadata.create_all(engine)
        with engine.begin() as connection:
            for record in RECORDS:
                connection.exec_driver_sql("INSERT INTO events VALUES (?, ?)", (record["id"], record["at"]))
        yield engine


@pytest.fixture(scope="module")
def database() -> Iterator[str]:
    for name in site.database("default"):
        site.create_tables(name)
        for record in RECORDS:
            site.Project.objects.create(id=record["id"])
            with connections[name].cursor() as cursor:
                cursor.execute(
                    "UPDATE site_project SET created_at = %s WHERE id = %s", (str(record["at"]), record["id"])
                )
        yield name


def expected(endpoint: kf.Endpoint, text: str) -> list[Any]:
    return [record["id"] for record in compile_predicate(endpoint.parse(text)).select(RECORDS)]


@pytest.mark.parametrize("text", FILTERS)
def test_sqlalchemy(engine: Engine, text: str) -> None:
    with engine.connect() as connection:
        found = connection.scalars(select(TABLE.c.id).where(where(EVENTS.parse(text), TABLE)).order_by(TABLE.c.id))
        assert [*found] == expected(EVENTS, text)


@pytest.mark.parametrize("text", FILTERS)
def test_django(database: str, text: str) -> None:
    found = site.Project.objects.filter(where_in_django(EVENTS_OF_DJANGO.parse(text), site.Project)).order_by("id")
    assert [*found.values_list("id", flat=True)] == expected(EVENTS_OF_DJANGO, text)


def test_what_the_database_itself_writes(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.connect() as connection:
        connection.execute(insert(TABLE).values(id=100, at=func.now()))
        for text, found in (("at >= now", True), ("at < now", False)):
            context = kf.Context(now=now.replace(microsecond=0) - timedelta(seconds=1))
            condition = where(EVENTS.parse(text), TABLE, context)
            assert (connection.scalar(select(TABLE.c.id).where(condition, TABLE.c.id == 100)) == 100) is found


@pytest.mark.parametrize(
    "text", ["at < '2024-05-01T10:00:00Z'", "at = '2024-05-01T10:00:00Z'", "at >= '2024-05-01'", "day = '2024-05-01'"]
)
def test_an_index_serves(engine: Engine, text: str) -> None:
    statement = select(TABLE.c.id).where(where(EVENTS.parse(text), TABLE))
    query = str(statement.compile(engine, compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all()
    assert "USING COVERING INDEX ix_events_at (at" in str(plan)


moments = st.builds(
    lambda day, micro: datetime(2024, 2, 28) + timedelta(days=day, microseconds=micro),
    st.integers(0, 2),
    st.sampled_from([0, 1, 60_000_000, 500_000, 86_399_999_999]) | st.integers(0, 86_399_999_999),
)


COMPARISONS: dict[str, Any] = {"eq": op.eq, "ne": op.ne, "lt": op.lt, "lte": op.le, "gt": op.gt, "gte": op.ge}


def spellings(moment: datetime) -> list[str]:
    found = [moment.isoformat(sep, "microseconds") + z for sep in " Tt" for z in ("", "Z", "z")]
    found += [text + "999" for text in found if text[-1].isdigit()]
    found += [moment.isoformat(" ")]
    if moment.microsecond % 1000 == 0:
        found += [moment.isoformat("T", "milliseconds")]
    if moment.second == moment.microsecond == 0:
        found += [moment.isoformat("T", "minutes"), moment.isoformat(" ", "minutes") + "Z"]
    return found


@given(moments, moments)
def test_all_spellings_compare_as_moments(stored: datetime, constant: datetime) -> None:
    with sqlite3.connect(":memory:") as database:
        for word, sign in COMPARISON_SIGNS.items():
            words = SQLITE_TIMESTAMP_COMPARISONS[word].replace("{stored}", "?1").replace("{constant}", "?2")
            for text in spellings(stored):
                [[found]] = database.execute(f"SELECT {words}", (text, constant.isoformat(" ", "microseconds")))
                assert found == COMPARISONS[word](stored, constant), (text, sign)
