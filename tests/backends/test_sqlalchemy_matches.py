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

BINARY = {"budget = 99999999999999999998", "budget > 99999999999999999998"}
"""What SQLite, whose numbers are binary, cannot tell apart."""


@pytest.fixture(params=ALL_ENGINES, scope="module")
def session(request: pytest.FixtureRequest) -> Iterator[Session]:
    with fresh_engine(request.param) as engine, Session(engine) as session:
        models.Base.metadata.create_all(engine)
        models.load(session, dataset())
        yield session


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_dataset(session: Session, case: Case) -> None:
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        if session.get_bind().dialect.name == "sqlite" and text in BINARY:
            continue
        condition = where(PROJECTS.parse(text), Project, case.context)
        assert tuple(session.scalars(select(Project.id).where(condition).order_by(Project.id))) == ids, text
