"""The page on what each engine answers is what they answer."""

from __future__ import annotations

import pytest

pytest.importorskip("django", reason="the table has a column for each back end")
pytest.importorskip("sqlalchemy", reason="the table has a column for each back end")
pytest.importorskip("narwhals", reason="the table has a column for each back end")

from tests import engines_table

QUICK = ("Python", "SQLite", "Django, SQLite", "Polars", "PyArrow", *engines_table.COMPILED)
SLOW = (
    "PostgreSQL",
    "Django, PostgreSQL",
    "DuckDB",
    "pandas",
    "MariaDB",
    "Django, MariaDB",
    "DuckDB, SQLAlchemy",
    "ClickHouse",
)
"""Those that take seconds. PySpark, which takes a minute, is held to the same cases by a test of its own."""

WRITTEN = engines_table.columns_of(engines_table.PAGE.read_text(encoding="utf-8"))


@pytest.mark.parametrize("engine", [*QUICK, *(pytest.param(name, marks=pytest.mark.heavy) for name in SLOW)])
def test_the_page_says_what_the_engine_answers(engine: str) -> None:
    assert engines_table.column(engine) == WRITTEN[engine], "run python -m tests.engines_table"


def test_the_page_has_every_engine_and_nothing_else() -> None:
    assert {*QUICK, *SLOW, "PySpark"} == WRITTEN.keys()
    assert engines_table.page(WRITTEN) == engines_table.PAGE.read_text(encoding="utf-8")
