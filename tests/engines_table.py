"""Part of the language × engine, by running the shared cases: `python -m tests.engines_table` writes `docs/engines.md`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from kanbert_filter.backends import frames, sqlalchemy
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.errors import UnsupportedFilterError
from tests.backends import models
from tests.backends.clickhouse import clickhouse
from tests.backends.databases import fresh_engine
from tests.backends.frames import FRAMED, ids_of, selected_by_each
from tests.backends.test_frames_matches import TABLE
from tests.backends.test_sqlalchemy_dialects import DIALECTS
from tests.matches import MATCHES, PROJECTS, Case, cases, dataset

PAGE = Path(__file__).parent.parent / "docs" / "engines.md"
COMPILED = {"CockroachDB": "cockroachdb", "MySQL": "mysql", "Oracle": "oracle", "SQL Server": "mssql", "Trino": "trino"}
Ask = Callable[[str, Case], tuple[int, ...] | None]
"""Gives the ids that a filter selects; None where the engine only compiles it. Raises `UnsupportedFilterError`."""

SECTIONS = {
    number: line.removeprefix("# ")
    for number, line in enumerate(MATCHES.read_text(encoding="utf-8").splitlines(), 1)
    if number > 2 and line.startswith("# ")
}
"""The parts of the language, by the lines on which their cases begin."""


def part_of(case: Case) -> str:
    return SECTIONS[max(number for number in SECTIONS if number < case.line)]


def column(engine: str) -> dict[str, str]:
    """What an engine answers, by part of the language."""
    answers: dict[str, list[str]] = {part: [] for part in SECTIONS.values()}
    with _ASKED[engine](engine) as ask:
        for case in cases():
            for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
                try:
                    found = ask(text, case)
                except UnsupportedFilterError:
                    answers[part_of(case)].append("refused")
                else:
                    answers[part_of(case)].append("compiled" if found is None else "yes" if found == ids else "else")
    return {part: _summary(found) for part, found in answers.items()}


def _summary(found: list[str]) -> str:
    if set(found) == {"yes"}:
        return f"{len(found)}"
    counts = [(word, found.count(word)) for word in ("yes", "compiled", "else", "refused") if word in found]
    words = {"yes": "", "compiled": " compiled", "else": " otherwise", "refused": " refused"}
    return ", ".join([f"{number}{words[word]}" for word, number in counts])


def page(columns: dict[str, dict[str, str]]) -> str:
    lines = [HEAD]
    for title, engines in GROUPS.items():
        lines.append(f"\n## {title}\n\n| part of the language | {' | '.join(engines)} |")
        lines.append(f"|---|{'---|' * len(engines)}")
        lines += [f"| {part} | {' | '.join(columns[e][part] for e in engines)} |" for part in SECTIONS.values()]
    return "\n".join([*lines, TAIL])


def columns_of(text: str) -> dict[str, dict[str, str]]:
    """The columns of the page."""
    columns: dict[str, dict[str, str]] = {}
    heads: list[str] = []
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| part of"):
            heads = cells[1:]
        elif line.startswith("| ") and heads:
            for head, cell in zip(heads, cells[1:], strict=True):
                columns.setdefault(head, {})[cells[0]] = cell
    return columns


GROUPS = {
    "Python, data frames": ("Python", "Polars", "pandas", "PyArrow", "DuckDB", "PySpark"),
    "SQLAlchemy": ("SQLite", "PostgreSQL", "MariaDB", "DuckDB, SQLAlchemy", "ClickHouse"),
    "SQLAlchemy, compiled": tuple(COMPILED),
    "Django": ("Django, SQLite", "Django, PostgreSQL", "Django, MariaDB"),
}

HEAD = """# What each engine answers

Each cell says how many of the cases of a part of the language an engine answers as the language says.
`python -m tests.engines_table` writes this page. It asks each engine every case of `tests/corpus/matches.txt`, which is a filter and its
look-alike. The tests hold the page equal to what the engines answer."""

TAIL = """
*Otherwise* are answers that differ. All of them are of numbers: SQLite stores decimals in binary, DuckDB's dialect and ClickHouse's driver
make binary numbers of decimals whose precision the model does not say. *Refused* is an `UnsupportedFilterError`. *Compiled* means
that there was no engine to ask. In data frames a field of a struct has one type: custom fields were asked of columns with texts and columns
with numbers.
"""


# how to ask


@contextmanager
def _predicate(engine: str) -> Iterator[Ask]:
    records = dataset()
    yield lambda text, case: tuple(
        record["id"] for record in compile_predicate(PROJECTS.parse(text), case.context).select(records)
    )


@contextmanager
def _database(engine: str) -> Iterator[Ask]:
    name = engine.partition(",")[0].lower()
    source = "sqlite" if name == "clickhouse" else name
    with fresh_engine(source) as bind, Session(bind) as session:
        models.Base.metadata.create_all(bind)
        models.load(session, dataset())
        if name == "clickhouse":
            with clickhouse(models.Base.metadata, session.connection()) as other:
                yield _asking(other)
        else:
            yield _asking(bind)


def _asking(bind: Engine) -> Ask:
    def ask(text: str, case: Case) -> tuple[int, ...]:
        condition = sqlalchemy.where(PROJECTS.parse(text), models.Project, case.context)
        with bind.connect() as connection:
            return tuple(connection.scalars(select(models.Project.id).where(condition).order_by(models.Project.id)))

    return ask


@contextmanager
def _compiled(engine: str) -> Iterator[Ask]:
    dialect = DIALECTS[COMPILED[engine]]()

    def ask(text: str, case: Case) -> None:
        condition = sqlalchemy.where(PROJECTS.parse(text), models.Project, case.context)
        select(models.Project.id).where(condition).compile(dialect=dialect)

    yield ask


@contextmanager
def _django(engine: str) -> Iterator[Ask]:
    from kanbert_filter.backends.django import where
    from tests import django_site as site
    from tests.backends.test_django import load

    name = {"SQLite": "default"}.get(engine.removeprefix("Django, "), engine.removeprefix("Django, ").lower())
    for database in site.database(name):
        site.create_tables(database)
        for record in dataset():
            load(record, database)

        def ask(text: str, case: Case) -> tuple[int, ...]:
            found = site.Project.objects.using(name).filter(where(PROJECTS.parse(text), site.Project, case.context))
            return tuple(found.order_by("id").values_list("id", flat=True))

        yield ask


@contextmanager
def _frame(engine: str) -> Iterator[Ask]:
    with TemporaryDirectory() as folder:
        frame = FRAMED["pandas-pyarrow" if engine == "pandas" else engine.lower()](TABLE, Path(folder))
        yield lambda text, case: _in_typed_columns(
            text, case, ids_of(frames.matching(PROJECTS.parse(text), frame, case.context))
        )


@contextmanager
def _spark(engine: str) -> Iterator[Ask]:
    """Asked forty filters at once: Spark takes its time for each query."""
    with TemporaryDirectory() as folder:
        frame = FRAMED["pyspark"](TABLE, Path(folder))
        asked = [(text, case) for case in cases() for text in (case.filter, case.lookalike)]
        found: dict[tuple[str, Case], tuple[int, ...]] = {}
        for start in range(0, len(asked), 40):
            some = asked[start : start + 40]
            conditions = [frames.where(PROJECTS.parse(text), frame, case.context) for text, case in some]
            found |= zip(some, selected_by_each(frame, conditions), strict=True)
        yield lambda text, case: _in_typed_columns(text, case, found[text, case])


def _in_typed_columns(text: str, case: Case, found: tuple[int, ...]) -> tuple[int, ...]:
    """The ids of the case, if an engine found in a field of one type what is to be found there."""
    if "custom_field" not in text:
        return found
    rows = compile_predicate(PROJECTS.parse(text), case.context).select(TABLE.to_pylist())
    right = found == tuple(row["id"] for row in rows)
    return found if not right else case.ids if text == case.filter else case.lookalike_ids


_ASKED = {
    "Python": _predicate,
    **dict.fromkeys(("SQLite", "PostgreSQL", "MariaDB", "DuckDB, SQLAlchemy", "ClickHouse"), _database),
    **dict.fromkeys(COMPILED, _compiled),
    **dict.fromkeys(("Django, SQLite", "Django, PostgreSQL", "Django, MariaDB"), _django),
    **dict.fromkeys(("Polars", "pandas", "PyArrow", "DuckDB"), _frame),
    "PySpark": _spark,
}

if __name__ == "__main__":
    found = columns_of(PAGE.read_text(encoding="utf-8")) if PAGE.exists() else {}
    found |= {engine: column(engine) for engine in sys.argv[1:] or _ASKED}
    PAGE.write_text(page(found), encoding="utf-8")
