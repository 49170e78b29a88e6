"""The SQLAlchemy back end with engines that are asynchronous, on the dataset that all back ends share."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import StaticPool, select
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from kanbert_filter.backends.sqlalchemy import prepare_sqlite, verify, where
from tests.backends import models
from tests.backends.databases import fresh_database
from tests.backends.models import Project
from tests.backends.test_sqlalchemy_matches import BINARY
from tests.matches import PROJECTS, cases, dataset


@contextmanager
def made(driver: str) -> Iterator[AsyncEngine]:
    if driver == "aiosqlite":
        engine = create_async_engine("sqlite+aiosqlite://", poolclass=StaticPool)
        prepare_sqlite(engine.sync_engine)
    else:
        engine = create_async_engine(fresh_database().set(drivername=f"postgresql+{driver}"))
    yield engine


async def differences(engine: AsyncEngine) -> list[str]:
    """The filters of the dataset that select other rows than they should."""
    wrong = []
    try:
        async with engine.begin() as connection:
            await connection.run_sync(models.Base.metadata.create_all)
        async with AsyncSession(engine) as session:
            await session.run_sync(models.load, dataset())
            for case in cases():
                for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
                    condition = where(PROJECTS.parse(text), Project, case.context)
                    found = await session.scalars(select(Project.id).where(condition).order_by(Project.id))
                    if tuple(found) != ids and text not in BINARY.get(engine.dialect.name, ()):
                        wrong.append(text)
    finally:
        await engine.dispose()
    return wrong


@pytest.mark.parametrize("driver", ["aiosqlite", "asyncpg", "psycopg"])
def test_the_dataset(driver: str) -> None:
    pytest.importorskip(driver, reason=f"needs the driver {driver}")
    with made(driver) as engine:
        verify(PROJECTS, Project, bind=engine.sync_engine)
        assert asyncio.run(differences(engine)) == []
