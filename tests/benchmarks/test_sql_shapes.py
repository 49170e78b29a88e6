"""The shapes of filters that are measured: our SQL finds the rows that the SQL by hand finds, a look-alike others."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select, text

from kanbert_filter.backends.sqlalchemy import verify, where
from tests.backends.databases import ENGINES, fresh_engine
from tests.benchmarks.sql_rows import COLUMNS, PROJECTS, Project, fill
from tests.benchmarks.sql_shapes import (
    CORPUS,
    Dialect,
    django_statements,
    is_for_django,
    make_indexes,
    shapes,
    statements,
)


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


@pytest.mark.parametrize("number", range(len(shapes("sqlite"))), ids=lambda number: shapes("sqlite")[number].name)
def test_django_and_the_hand_find_the_same_rows(connection: Connection, number: int) -> None:
    pytest.importorskip("django", reason="Django is not here")
    dialect: Dialect = connection.dialect.name  # type: ignore[assignment]
    shape = shapes(dialect)[number]
    for page in (False, True)[: 1 + bool(shape.by_hand_page)] if is_for_django(shape) else ():
        ours, by_hand = django_statements(shape, page=page, dialect=dialect)
        assert connection.execute(ours).all() == connection.execute(by_hand).all()


def test_there_are_shapes_of_every_sort_and_each_reason_is_in_the_documentation() -> None:
    page = (Path(__file__).parents[2] / "docs" / "sqlalchemy.md").read_text(encoding="utf-8")
    costs = page.partition("## What it costs")[2].partition("\n## ")[0]
    found = tomllib.loads(CORPUS.read_text(encoding="utf-8"))["shape"]
    assert len(found) >= 40
    assert sum("page" in shape for shape in found) >= 10
    titles = [line.split("**")[1] for line in costs.splitlines() if line.startswith("- **")]
    for dialect, engine in (("sqlite", "SQLite"), ("postgresql", "PostgreSQL")):
        reasons = {shape["reason"][dialect] for shape in found if dialect in shape.get("reason", {})}
        assert len(reasons) == sum(engine in title for title in titles)
