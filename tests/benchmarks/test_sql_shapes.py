"""The shapes of filters that are measured: our SQL finds the rows that the SQL by hand finds, a look-alike others."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, select, text

from kanbert_filter.backends.sqlalchemy import verify, where
from tests.backends.databases import ENGINES, fresh_engine
from tests.benchmarks.sql_rows import COLUMNS, PROJECTS, Project, fill
from tests.benchmarks.sql_shapes import Dialect, make_indexes, shapes, statements


@pytest.fixture(params=ENGINES, scope="module")
def connection(request: pytest.FixtureRequest) -> Iterator[Connection]:
    with fresh_engine(request.param) as engine, engine.begin() as connection:
        fill(connection, size=0.01)
        make_indexes(connection)
        yield connection


def test_every_field_has_a_column() -> None:
    verify(PROJECTS, Project, columns=COLUMNS)


@pytest.mark.parametrize("number", range(len(shapes("sqlite"))), ids=lambda number: shapes("sqlite")[number].name)
def test_ours_and_the_hands_find_the_same_rows(connection: Connection, number: int) -> None:
    dialect: Dialect = connection.dialect.name  # type: ignore[assignment]
    shape = shapes(dialect)[number]
    by_hand = connection.execute(text(f"SELECT id FROM projects WHERE {shape.by_hand} ORDER BY id".replace(":", "\\:")))
    found, others = [
        connection.scalars(
            select(Project.id).where(where(PROJECTS.parse(filter), Project, columns=COLUMNS)).order_by(Project.id)
        ).all()
        for filter in (shape.filter, shape.lookalike)
    ]
    assert found == [*by_hand.scalars()]
    assert found
    assert found != others
    for page in (False, True) if shape.by_hand_page else ():
        ours, by_hand_too = statements(shape, page=page)
        assert connection.execute(ours).all() == connection.execute(by_hand_too).all()
