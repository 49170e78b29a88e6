"""Typed paths into JSON in the SQLAlchemy back end: indexes, other rows, and columns that hold the value itself; the rest is in
`test_typed_json`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest
from sqlalchemy import JSON, Column, Connection, Dialect, Integer, MetaData, Table, select
from sqlalchemy.dialects import mssql, mysql, postgresql
from sqlalchemy.dialects.postgresql import JSONB

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import ColumnError, Via, verify, where
from tests.backends.databases import fresh_engine
from tests.backends.json_values import HELD, ITEMS, RECORDS, SORTS


class Stored(NamedTuple):
    connection: Connection
    table: Table


@contextmanager
def filled(name: str) -> Iterator[Stored]:
    """A table that holds the values in JSON."""
    engine, _, type = name.partition(" ")
    table = _table(JSONB() if type == "jsonb" else JSON())
    with fresh_engine(engine) as made, made.begin() as connection:
        table.create(connection)
        connection.execute(
            table.insert(), [{"id": number, "custom_field": held} for number, held in enumerate(HELD, 1)]
        )
        yield Stored(connection, table)


STORES = ["sqlite", "postgresql json", "postgresql jsonb", pytest.param("mariadb", marks=pytest.mark.heavy)]


@pytest.fixture(params=STORES, scope="module")
def stored(request: pytest.FixtureRequest) -> Iterator[Stored]:
    with filled(request.param) as stored:
        yield stored


def _table(type: Any) -> Table:
    return Table(
        "items", MetaData(), Column("id", Integer, primary_key=True, autoincrement=False), Column("custom_field", type)
    )


def found(stored: Stored, checked: kf.CheckedFilter, context: kf.Context) -> list[int]:
    statement = select(stored.table.c.id).where(where(checked, stored.table, context)).order_by(stored.table.c.id)
    return [*stored.connection.scalars(statement)]


def test_every_type_is_found_in_json() -> None:
    verify(ITEMS, _table(JSON()))
    with pytest.raises(ColumnError, match=r"Dates and timestamps in JSON cannot be filtered on mssql"):
        verify(ITEMS, _table(JSON()), bind=_Bound(mssql.dialect()))  # type: ignore[arg-type,no-untyped-call]


class _Bound(NamedTuple):
    dialect: Dialect


def test_a_column_of_json_may_hold_the_value_itself(stored: Stored) -> None:
    table = _table(stored.table.c.custom_field.type).to_metadata(MetaData(), name="values")
    sources: dict[str, Any] = {"due": kf.types.Date(source="custom_field"), "ref": kf.types.Id(source="custom_field")}
    endpoint = kf.Endpoint("values", {"custom_field": "number", **sources})
    held = [7, "2024-05-02", "7", None, [7], {"a": 7}, "2024-05-01T23:30:00-01:00"]
    table.create(stored.connection)
    try:
        stored.connection.execute(table.insert(), [{"id": n, "custom_field": value} for n, value in enumerate(held)])
        for text, ids in (
            ("custom_field = 7", [0]),
            ("custom_field is null", [1, 2, 3, 4, 5, 6]),
            ("due = '2024-05-02'", [1, 6]),
            ("due = '2024-05-01'", []),
            ("ref = 7", [0, 2]),
        ):
            condition = where(endpoint.parse(text), table)
            assert [*stored.connection.scalars(select(table.c.id).where(condition).order_by(table.c.id))] == ids, text
    finally:
        table.drop(stored.connection)


@pytest.mark.parametrize(
    "text",
    [
        "up.due > '2024-05-01' and up.due <= '2024-05-05'",
        "up.due = '2024-05-01' or up.due = '2024-05-05' or up.made < '2024-05-01'",
        "up.due is null and up.rank is not null",
        "up.rank > 0.3 and (up.rank < 8 or up.done = true)",
        "up.ref in [7, 'a'] or up.price contains '.5'",
        "downs any (due = '2024-05-01' or rank = 7)",
        "downs all (due != '2024-05-01' and due != '2024-05-02')",
        " or ".join(
            f"up.title != '{n}' and (up.due > '2024-05-0{n}' and up.due < '2024-05-09' or title = 'a')"
            for n in range(1, 9)
        ),
    ],
)
def test_json_of_other_rows(stored: Stored, text: str) -> None:
    table, up, down = stored.table, stored.table.alias("up"), stored.table.alias("down")
    before = dict(enumerate(RECORDS, 1))
    held = [
        {**record, "up": before.get(number - 1), "downs": [*filter(None, [before.get(number + 1)])]}
        for number, record in before.items()
    ]
    fields: dict[str, Any] = {name: type(source=f"custom_field.{name}.value") for name, type in SORTS.items()}
    over = {f"up.{name}": type(source=f"up.custom_field.{name}.value") for name, type in SORTS.items()}
    columns = {"up": Via(up, up.c.id == table.c.id - 1), "downs": Via(down, down.c.id == table.c.id + 1)}
    checked = kf.Endpoint("items", {**fields, **over, "downs": fields}).parse(text)
    expected = [record["id"] for record in kf.compile_predicate(checked).select(held)]
    statement = select(table.c.id).where(where(checked, table, columns=columns)).order_by(table.c.id)
    assert [*stored.connection.scalars(statement)] == expected
    assert expected


def test_mysql_works_a_value_out_once_for_many_days() -> None:
    """`HAVING` works a value out for each mention of its name, but not an aggregate: a thousand days took MariaDB ten times as long."""
    dialect: Any = mysql.dialect()
    for text in ("extra.due in ['2024-05-01', '2024-05-03']", "extra.made > '2024-05-01'"):
        said = str(where(ITEMS.parse(text), _table(JSON())).compile(dialect=dialect))
        assert said.count("SELECT MAX(") == said.count(" AS kf_seen") > 0


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("extra.title = 'a'", "items.custom_field @> CAST"),
        ("extra.rank in [1, 2]", "items.custom_field @> CAST"),
        ("extra.done = false", "items.custom_field @> CAST"),
        ("extra.ref = 'P-1'", "items.custom_field @> CAST"),
        ("extra.ref = 7", "(items.custom_field @> CAST"),
    ],
)
def test_an_index_on_jsonb_serves(text: str, found: str) -> None:
    dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
    assert (
        str(where(ITEMS.parse(text), _table(JSONB())).compile(dialect=dialect))
        .lstrip("(")
        .startswith(found.lstrip("("))
    )
