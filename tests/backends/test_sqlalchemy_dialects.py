"""The SQLAlchemy back end compiled for engines that nothing here runs: what it cannot say is refused, by its own error."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Dialect, select
from sqlalchemy.dialects import mssql, mysql, oracle

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import ColumnError, verify, where
from tests.backends.items import ITEMS, Item
from tests.backends.models import Project
from tests.matches import PROJECTS, cases


def _cockroachdb() -> Dialect:
    module = pytest.importorskip("sqlalchemy_cockroachdb.psycopg", reason="its dialect is sqlalchemy-cockroachdb")
    return module.CockroachDBDialect_psycopg()  # type: ignore[no-any-return]


def _trino() -> Dialect:
    module = pytest.importorskip("trino.sqlalchemy.dialect", reason="its dialect is trino[sqlalchemy]")
    return module.TrinoDialect()  # type: ignore[no-any-return]


DIALECTS: dict[str, Any] = {
    "cockroachdb": _cockroachdb,
    "mssql": mssql.dialect,
    "mysql": mysql.dialect,
    "oracle": oracle.dialect,
    "trino": _trino,
}
JSON = ("cockroachdb", "mysql")
"""Where values in JSON can be filtered."""


@pytest.mark.parametrize("name", DIALECTS)
def test_the_whole_corpus_compiles_or_is_refused(name: str) -> None:
    dialect = DIALECTS[name]()
    refused = set()
    for case in cases():
        for text in (case.filter, case.lookalike):
            condition = where(PROJECTS.parse(text), Project, case.context)
            try:
                select(Project.id).where(condition).compile(dialect=dialect)
            except kf.UnsupportedFilterError as error:
                assert f"JSON cannot be filtered on {name}" in str(error)
                refused.add(text)
    custom = {text for case in cases() for text in (case.filter, case.lookalike) if "custom_field" in text}
    assert refused == (set() if name in JSON else custom - {"custom_field.color in []"})  # which no engine is asked


@pytest.mark.parametrize("name", DIALECTS)
def test_verify_says_at_start_up_what_would_be_refused(name: str) -> None:
    engine: Any = SimpleNamespace(dialect=DIALECTS[name]())
    if name in JSON:
        verify(ITEMS, Item, bind=engine)
        return
    with pytest.raises(ColumnError) as caught:
        verify(ITEMS, Item, bind=engine)
    assert caught.value.fields.keys() == {"extra.*", "parent.extra.*", "children.extra.*"}


def test_a_condition_is_no_value_on_sql_server_and_oracle() -> None:
    checked = PROJECTS.parse("tasks all (title contains 'a')")
    for name in ("mssql", "oracle"):
        said = str(select(Project.id).where(where(checked, Project)).compile(dialect=DIALECTS[name]()))
        assert (
            "CASE WHEN (lower(tasks_1.title) LIKE :param_1 ESCAPE '/') THEN :param_2 ELSE :param_3 END = :param_4"
            in said
        )
