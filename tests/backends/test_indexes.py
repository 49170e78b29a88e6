"""The page about indexes: each index that it shows serves the filters that it says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from sqlalchemy import Connection, select, text

from kanbert_filter.backends.sqlalchemy import where
from tests.backends.databases import Explain, fresh_engine
from tests.benchmarks.sql_rows import COLUMNS, PROJECTS, Project, fill

PAGE = (Path(__file__).parents[2] / "docs" / "indexes.md").read_text(encoding="utf-8")


class Part(NamedTuple):
    """The indexes of a block, and the filters that they serve."""

    title: str
    statements: list[str]
    filters: list[str]

    @property
    def engine(self) -> str:
        if self.title == "On SQLite":
            return "sqlite"
        return "debian" if any("pg_trgm" in statement for statement in self.statements) else "postgresql"


def parts() -> list[Part]:
    found = []
    for section in PAGE.split("\n## ")[1:]:
        title, _, rest = section.partition("\n")
        for block, after in re.findall(r"```sql\n(.*?)```\n(.*?)(?=```|\Z)", rest, re.DOTALL):
            served = re.search(r"^Serves (.*?)\.\n(?:\n|\Z)", after, re.DOTALL | re.MULTILINE)
            statements = [statement.strip() for statement in block.split(";") if statement.strip()]
            found.append(Part(title, statements, re.findall("`(.*?)`", served[1] if served else "")))
    return found


SERVING = [part for part in parts() if part.filters]
CASES = [
    pytest.param(part, filter, id=f"{part.title}: {filter}", marks=pytest.mark.heavy if part.engine == "debian" else ())
    for part in SERVING
    for filter in part.filters
]


@pytest.fixture(scope="module")
def connect() -> Iterator[Callable[[str], Connection]]:
    """Gives a connection to the filled tables on an engine."""
    with ExitStack() as stack:

        @cache
        def connect(name: str) -> Connection:
            connection = stack.enter_context(stack.enter_context(fresh_engine(name)).connect())
            fill(connection, size=0.01)
            connection.execute(text("ANALYZE"))
            connection.commit()
            return connection

        yield connect


@pytest.fixture
def made(connect: Callable[[str], Connection], part: Part) -> Iterator[Connection]:
    """Tables with the indexes of a part, in PostgreSQL without others: they are undone."""
    connection = connect(part.engine)
    for statement in part.statements:
        connection.exec_driver_sql(statement.replace("CREATE INDEX", "CREATE INDEX IF NOT EXISTS"))
    if part.engine != "sqlite":
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    yield connection
    connection.rollback()


def plan(connection: Connection, filter: str) -> str:
    statement = select(Project.id).where(where(PROJECTS.parse(filter), Project, columns=COLUMNS))
    return "\n".join(str(row[-1]) for row in connection.execute(Explain(statement)))


def django_plan(connection: Connection, filter: str) -> str:
    """The plan of the query that Django makes."""
    pytest.importorskip("django", reason="Django is not here")
    from tests.benchmarks.django_rows import page_of

    return "\n".join(str(row[-1]) for row in connection.execute(Explain(page_of(filter, connection.dialect.name))))


def names_of(part: Part) -> str:
    """A pattern of the names of the indexes."""
    return "|".join(rf"\b{name}\b" for s in part.statements for name in re.findall(r"^CREATE INDEX (\w+)", s))


@pytest.mark.parametrize(("part", "filter"), CASES)
def test_an_index_of_the_page_serves(made: Connection, part: Part, filter: str) -> None:
    assert re.search(names_of(part), plan(made, filter))


@pytest.mark.parametrize(("part", "filter"), CASES)
def test_an_index_of_the_page_serves_django(made: Connection, part: Part, filter: str) -> None:
    assert re.search(names_of(part), django_plan(made, filter))


BY_EXPRESSION = next(part for part in SERVING if "projects_size_in_custom" in " ".join(part.statements))


@pytest.mark.parametrize("part", [BY_EXPRESSION], ids=lambda part: part.title)
@pytest.mark.parametrize(
    ("filter", "name"),
    [
        ("custom_field.code startsWith 'C77'", "projects_code_in_custom_prefix"),
        ("custom_field.size > 97", "projects_size_in_custom"),
        (f"custom_field.code in {[f'c{number}' for number in range(11)]}", "projects_code_in_custom"),
        ("custom_field.code = 'c77'", None),
    ],
)
def test_on_django_an_expression_in_json_needs_no_column(
    made: Connection, part: Part, filter: str, name: str | None
) -> None:
    found = re.findall(names_of(part), django_plan(made, filter))
    assert found == ([name] if name else [])


def test_every_index_of_the_page_serves_something() -> None:
    """Every block but the one for the order of a list, which has a test of its own."""
    assert [part.title for part in parts() if not part.filters] == ["A page of a long list"]
    assert len(CASES) > 30


@pytest.mark.parametrize("part", [part for part in parts() if not part.filters], ids=lambda part: part.title)
def test_statistics_let_a_page_be_read_in_order(made: Connection, part: Part) -> None:
    made.exec_driver_sql("SET LOCAL enable_seqscan = on")
    condition = where(PROJECTS.parse("title contains 'website'"), Project)
    page = select(Project.id).where(condition).order_by(Project.created_at).limit(31)

    def expected() -> tuple[int, str]:
        lines = [str(line) for line in made.execute(Explain(page, costs=True)).scalars()]
        return int(re.findall(r"rows=(\d+)", lines[1])[0]), "\n".join(lines)

    rows, seen = expected()
    assert rows > 300
    assert "projects_created_at" in seen
    made.exec_driver_sql("DROP STATISTICS projects_title_lower")
    assert expected()[0] < 100


@pytest.mark.parametrize("spelling", ["In SQLAlchemy", "In Django"])
def test_indexes_of_models_are_those_of_the_page(spelling: str) -> None:
    known = {" ".join(statement.split()) for part in parts() for statement in part.statements}
    section = PAGE.partition(f"## {spelling}\n")[2].partition("\n## ")[0]
    if spelling == "In SQLAlchemy":
        found = re.findall(r"^(CREATE INDEX .*);$", section, re.MULTILINE)
    else:
        found = django_indexes(re.findall(r"```python\n(.*?)```", section, re.DOTALL)[0])
    assert len(found) >= 3
    assert {_words(statement) for statement in found} <= {_words(statement) for statement in known}


def _words(statement: str) -> str:
    """A statement without what engines and libraries write at will."""
    return " ".join(re.sub(r'[()"]', " ", statement).lower().split())


def django_indexes(source: str) -> list[str]:
    pytest.importorskip("django", reason="Django is not here")
    from django.db import connections as databases

    from tests import django_site
    from tests.benchmarks.django_rows import IndexedProject

    names: dict[str, Any] = {}
    exec(source, names)
    for name in django_site.database("postgresql"):
        with databases[name].schema_editor(collect_sql=True) as editor:
            made = [str(index.create_sql(IndexedProject, editor)) for index in names["indexes"]]
    return made


@pytest.mark.heavy  # MariaDB is a server of its own
def test_indexes_serve_django_on_mariadb() -> None:
    """Conditions are not compared with true there, which no index would serve."""
    pytest.importorskip("django", reason="Django is not here")
    from django.db import connections as databases

    from kanbert_filter.backends import django
    from tests import django_site as site
    from tests.matches import PROJECTS

    for name in site.database("mariadb"):
        site.create_tables(name)
        moments = [datetime(2024, 1, 1 + number % 28, tzinfo=UTC) for number in range(2000)]
        site.Project.objects.using(name).bulk_create(
            site.Project(code=f"P-{number}", created_at=moment) for number, moment in enumerate(moments)
        )
        with databases[name].cursor() as cursor:
            cursor.execute("CREATE INDEX by_code ON site_project (code)")
            cursor.execute("CREATE INDEX by_created ON site_project (created_at)")
            cursor.execute("ANALYZE TABLE site_project")
        for filter, served in (
            ("code = 'P-7'", True),
            ("code in ['P-7', 'P-8']", True),
            ("created_at < '2024-01-01T08:00Z'", True),
            ("created_at = '2024-01-02' and status is null", True),
            ("code = 'P-ä'", False),
            ("code contains 'P-7'", False),
        ):
            found = site.Project.objects.using(name).filter(django.where(PROJECTS.parse(filter), site.Project))
            _, _, _, access, *_ = found.order_by().only("title").explain().split()
            assert (access in ("ref", "range")) is served, filter
