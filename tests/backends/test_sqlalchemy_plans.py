"""Indexes stay usable: PostgreSQL's own plans for what a filter becomes."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Index, select

from kanbert_filter.backends.sqlalchemy import where
from kanbert_filter.context import Context
from tests.backends.databases import Explain, fresh_engine
from tests.backends.items import ITEMS, Base, Item

INDEXES = (
    Index("by_ref", Item.ref),
    Index("by_code", Item.code, postgresql_ops={"code": "text_pattern_ops"}).ddl_if(
        callable_=lambda ddl, target, bind, **_: bind.dialect.name != "duckdb"  # type: ignore[arg-type] # a callable like any
    ),
    Index("by_status", Item.status),
    Index("by_units", Item.units),
    Index("by_amount", Item.amount),
    Index("by_due", Item.due),
    Index("by_made_at", Item.made_at),
    Index("by_seen_at", Item.seen_at),
    Index("by_key", Item.key),
)


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    with fresh_engine("postgresql") as engine, engine.connect() as connection:
        Base.metadata.create_all(connection)
        connection.exec_driver_sql("SET enable_seqscan = off; SET enable_bitmapscan = off")
        yield connection


def plan(connection: Connection, filter: str) -> str:
    condition = where(ITEMS.parse(filter), Item, Context(timezone="Europe/Vienna"))
    return "\n".join(connection.execute(Explain(select(Item.id).where(condition))).scalars())


@pytest.mark.parametrize(
    ("filter", "index", "condition"),
    [
        ("id = 7", "items_pkey", "(id = 7)"),
        ("id in [7, '8', 'abc']", "items_pkey", "(id = ANY"),
        ("ref = 'P-1'", "by_ref", "((ref)::text = 'P-1'::text)"),
        ("ref is null", "by_ref", "(ref IS NULL)"),
        ("key = '00000000-0000-0000-0000-000000000001'", "by_key", "(key = "),
        ("code startsWith 'P-1'", "by_code", "((code)::text ~>=~ 'P-1'::text) AND ((code)::text ~<~ 'P-2'::text)"),
        ("code like 'P\\\\_%x'", "by_code", "((code)::text ~>=~ 'P_'::text)"),
        ("status in ['active', 'Done%']", "by_status", "(status = ANY"),
        ("status is not null", "by_status", "(status IS NOT NULL)"),
        ("units >= 5 and units < 3000000000", "by_units", "(units >= 5) AND (units < '3000000000'::bigint)"),
        ("amount = 1.5", "by_amount", "(amount = 1.5000)"),
        ("due = '2024-05-02'", "by_due", "(due = '2024-05-02'::date)"),
        ("due_at >= '2024-05-02'", "by_due", "(due >= '2024-05-02'::date)"),
        ("made_on = '2024-05-02'", "by_made_at", "(made_at < '2024-05-03 00:00:00'"),
        ("seen_at = '2024-05-02'", "by_seen_at", "(seen_at >= '2024-05-01 22:00:00+00'"),
        ("seen_at in ['2024-05-02T10:00:00Z', '2024-05-02T11:00:00Z']", "by_seen_at", "(seen_at = ANY"),
    ],
)
def test_an_index_serves(connection: Connection, filter: str, index: str, condition: str) -> None:
    found = plan(connection, filter)
    assert f"using {index} on items" in found
    assert condition in found[found.index("Index Cond") :]


@pytest.mark.parametrize(
    ("filter", "condition"),
    [
        ("title contains '50%'", "Filter: (lower((title)::text) ~~ ($1)::text)"),
        ("extra.code = 'a'", "Filter: (extra @> $1)"),
    ],
)
def test_a_plan_for_any_value_reads_the_value_once(connection: Connection, filter: str, condition: str) -> None:
    """Drivers that prepare their statements get such a plan after some calls. A function of the constant would run for each row."""
    query = str(select(Item.id).where(where(ITEMS.parse(filter), Item)).compile(connection))
    found = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {re.sub(r'%[(][^)]*[)]s', '$1', query)}")
    assert condition in "\n".join(found.scalars())
