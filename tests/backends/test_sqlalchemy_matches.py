"""The SQLAlchemy back end on the dataset that all back ends share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from kanbert_filter.backends.sqlalchemy import where
from tests.backends import models
from tests.backends.databases import ALL_ENGINES, fresh_engine
from tests.backends.models import Project
from tests.matches import PROJECTS, Case, cases, dataset

BINARY = {
    "sqlite": {"budget = 99999999999999999998", "budget > 99999999999999999998"},
    "duckdb": {"budget = 99999999999999999999"},
}
"""What cannot be told apart: SQLite's numbers are binary, and DuckDB's dialect stores them as if they were."""


@pytest.fixture(params=ALL_ENGINES, scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with fresh_engine(request.param) as engine, Session(engine) as session:
        models.Base.metadata.create_all(engine)
        models.load(session, dataset())
        yield session


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_dataset(session: Session, case: Case) -> None:
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        if text in BINARY.get(session.get_bind().dialect.name, ()):
            continue
        condition = where(PROJECTS.parse(text), Project, case.context)
        assert tuple(session.scalars(select(Project.id).where(condition).order_by(Project.id))) == ids, text
