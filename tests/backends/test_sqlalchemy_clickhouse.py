"""The SQLAlchemy back end on ClickHouse: the shared dataset, and random filters against the predicate."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session, aliased

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import ColumnError, verify, where
from tests import strategies
from tests.backends import items, models
from tests.backends.clickhouse import clickhouse, reached
from tests.backends.databases import fresh_engine
from tests.backends.items import ITEMS, Item
from tests.backends.models import Project
from tests.backends.test_sqlalchemy import CONTEXTS, LIFTED, PATTERNS, TEXTS, VALUES
from tests.matches import PROJECTS, cases, dataset

pytestmark = pytest.mark.heavy  # an engine of 500 MB

BINARY = {"budget = 99999999999999999998", "budget > 99999999999999999998"}
"""What is compared in binary: the model does not say how precise this column is."""

PLAIN = ITEMS.without("extra.*", "parent.extra.*", "children.extra.*")


@pytest.fixture(scope="module")
def projects() -> Iterator[Engine]:
    with fresh_engine("sqlite") as source, Session(source) as session:
        models.Base.metadata.create_all(source)
        models.load(session, dataset())
        with clickhouse(models.Base.metadata, session.connection()) as engine:
            yield engine


def test_the_dataset(projects: Engine) -> None:
    refused = []
    with projects.connect() as connection:
        for case in cases():
            for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
                condition = where(PROJECTS.parse(text), Project, case.context)
                try:
                    found = connection.scalars(select(Project.id).where(condition).order_by(Project.id)).all()
                except kf.UnsupportedFilterError:
                    refused.append(text)
                else:
                    assert text in BINARY or tuple(found) == ids, text
    assert all("custom_field" in text for text in refused)


def test_verify_says_that_values_in_json_are_refused(projects: Engine) -> None:
    with pytest.raises(ColumnError) as caught:
        verify(PROJECTS, Project, bind=projects)
    assert caught.value.fields.keys() == {"custom_field.*"}


def test_a_relation_to_the_same_table_needs_an_alias(projects: Engine) -> None:
    """ClickHouse takes `items.parent_id` in a subquery from `items AS items_1` for a column of the latter."""
    endpoint = PLAIN.only("children", "parent.title")
    with pytest.raises(ColumnError) as caught:
        verify(endpoint, Item, bind=projects)
    assert caught.value.fields.keys() == {"children", "parent.title"}
    verify(endpoint, aliased(Item), bind=projects)
    condition = where(endpoint.parse("children any (title = 'a')"), Item)
    with projects.connect() as connection, pytest.raises(kf.UnsupportedFilterError, match="give an alias"):
        connection.execute(select(Item.id).where(condition))


def test_hundreds_or_thousands_of_filters(pytestconfig: pytest.Config) -> None:
    item = aliased(Item)
    with fresh_engine("sqlite") as source, Session(source) as session:
        items.Base.metadata.create_all(source)
        records = items.stored(session, seed=7, size=150)
        for record in records:
            record |= {name: _in_reach(value) for name, value in record.items()}
        with clickhouse(items.Base.metadata, session.connection()) as engine, engine.connect() as connection:

            @settings(max_examples=max(300, pytestconfig.getoption("filters") // 6))
            @given(
                filter=strategies.filters_of(PLAIN, VALUES, needles=TEXTS, patterns=PATTERNS | strategies.patterns),
                context=CONTEXTS,
            )
            def answer_alike(filter: kf.Filter, context: kf.Context) -> None:
                checked = PLAIN.check(filter, limits=LIFTED)
                expected = [record["id"] for record in kf.compile_predicate(checked, context).select(records)]
                condition = where(checked, item, context)
                found = connection.scalars(select(item.id).where(condition).order_by(item.id)).all()
                assert found == expected, kf.to_dsl(filter)

            answer_alike()


def _in_reach(value: Any) -> Any:
    return None if isinstance(value, date) and not reached(value) else value
