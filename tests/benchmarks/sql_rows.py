"""The tables that shapes of filters are measured on: a million tasks of 200 000 projects, made by the databases themselves.

Every value follows from a row's number, so PostgreSQL and SQLite hold the same rows.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import JSON, Column, Connection, DateTime, ForeignKey, Table, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from kanbert_filter import types
from kanbert_filter.endpoints.endpoint import Endpoint

PROJECTS: Final = Endpoint(
    "projects",
    {
        "id": "id",
        "code": types.String(case_sensitive=True),
        "title": "string",
        "status": "enum: ACTIVE, PENDING, DONE",
        "budget": "number",
        "price": "currency",
        "created_at": "datetime",
        "due": "date",
        "owner.id": "id",
        "owner.name": "string",
        "client.id": "id",
        "client.name": "string",
        "client.vip": "boolean",
        "client.country.code": types.String(case_sensitive=True),
        "custom_field.*": types.Custom(source="custom.*"),
        "plain_field.*": types.Custom(source="plain.*"),
        "indexed_field.*": "custom",
        "tasks": {
            "title": "string",
            "status": "enum: ACTIVE, PENDING, DONE",
            "hours": "number",
            "due": "date",
            "assignee.id": "id",
            "assignee.name": "string",
        },
        "tags": {"id": "id", "name": "string"},
    },
)


class Base(DeclarativeBase):
    pass


class Country(Base):
    __tablename__ = "countries"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]


class Client(Base):
    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    vip: Mapped[bool]
    country_id: Mapped[int | None] = mapped_column(ForeignKey("countries.id"))
    country: Mapped[Country | None] = relationship()


class Person(Base):
    __tablename__ = "people"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


project_tags = Table(
    "project_tags",
    Base.metadata,
    Column("project_id", ForeignKey("projects.id"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"))
    title: Mapped[str]
    status: Mapped[str | None]
    hours: Mapped[int | None]
    due: Mapped[date | None]
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    assignee: Mapped[Person | None] = relationship()


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    title: Mapped[str]
    status: Mapped[str | None]
    budget: Mapped[int | None]
    price: Mapped[Decimal | None]
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    due: Mapped[date | None]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    custom: Mapped[Any] = mapped_column(JSON().with_variant(JSONB(), "postgresql"), nullable=True)
    plain: Mapped[Any] = mapped_column(JSON, nullable=True)
    client: Mapped[Client | None] = relationship()
    owner: Mapped[Person] = relationship()
    tasks: Mapped[list[Task]] = relationship()
    tags: Mapped[list[Tag]] = relationship(secondary=project_tags)


COLUMNS: Final[dict[str, Any]] = {"indexed_field.*": lambda name: Project.custom[name]}

# `{…}` are what the engines say differently.
_STATUS: Final = "CASE id % 7 WHEN 0 THEN NULL WHEN 1 THEN 'ACTIVE' WHEN 2 THEN 'PENDING' ELSE 'DONE' END"
_JSON: Final = """CASE WHEN id % 37 = 0 THEN NULL WHEN id % 51 = 0 THEN '{{"code": ["c' || (id % 20000) || '"]}}'
    WHEN id % 53 = 0 THEN '{{"code": ' || (id % 20000) || ', "size": "large"}}'
    ELSE '{{"code": "c' || (id % 20000) || '", "size": ' || (id % 100) || ', "urgent": ' ||
        CASE WHEN id % 3 = 0 THEN 'true' ELSE 'false' END || '}}' END"""
_ROWS: Final = (
    ("countries", 30, "id, 'C' || id"),
    ("people", 2_000, "id, 'Person ' || (id * 7919 % 2003)"),
    (
        "clients",
        20_000,
        "id, 'Client ' || (id * 7919 % 9973), {boolean}(id % 3 = 0), CASE WHEN id % 29 > 0 THEN id % 30 + 1 END",
    ),
    ("tags", 200, "id, 'tag ' || id"),
    (
        "projects",
        200_000,
        f"""id, 'P-' || id, CASE id % 4 WHEN 0 THEN 'Website' WHEN 1 THEN 'Relaunch' WHEN 2 THEN 'Annual report' ELSE 'Ärztehaus' END
        || ' no. ' || (id * 104729 % 200003), {_STATUS}, CASE WHEN id % 11 > 0 THEN id * 7919 % 100000 END,
        CASE WHEN id % 13 > 0 THEN id * 7919 % 100000 / {{hundred}} END, {{instant}}, CASE WHEN id % 17 > 0 THEN {{day}} END,
        CASE WHEN id % 20 > 0 THEN id * 7919 % {{clients}} + 1 END, id * 31 % {{people}} + 1, {{jsonb}}, {{json}}""",
    ),
    (
        "tasks",
        1_000_000,
        f"""id, (id * 7919 % {{projects}}) * (id * 104723 % ({{projects}} - 1)) / {{projects}} * 7919 % {{projects}} + 1, 'Task ' || id, {_STATUS},
        CASE WHEN id % 5 > 0 THEN id % 40 END, CASE WHEN id % 17 > 0 THEN {{day}} END, CASE WHEN id % 9 > 0 THEN id * 31 % {{people}} + 1 END""",
    ),
    ("project_tags", 400_000, "(id - 1) / 2 + 1, id * 104729 / 7 % {tags} + 1"),
)

_DAYS: Final = "(id * 104729 % 3000)"
_WORDS: Final = {
    "postgresql": {
        "numbers": "generate_series(1::bigint, {size}) AS numbers(id)",
        "boolean": "",
        "hundred": "100.0::numeric",
        "day": f"DATE '2020-01-01' + {_DAYS}::integer",
        "instant": f"TIMESTAMPTZ '2020-01-01 09:30:00Z' + make_interval(days => {_DAYS}::integer)",
        "jsonb": f"({_JSON})::jsonb",
        "json": f"({_JSON})::json",
    },
    "sqlite": {
        "numbers": "(WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n LIMIT {size}) SELECT id FROM n)",
        "boolean": "",
        "hundred": "100.0",
        "day": f"date('2020-01-01', '+' || {_DAYS} || ' days')",
        "instant": f"date('2020-01-01', '+' || {_DAYS} || ' days') || ' 09:30:00.000000'",
        "jsonb": f"({_JSON})",
        "json": f"({_JSON})",
    },
}


def fill(connection: Connection, size: float = 1) -> None:
    """Make the tables, without indexes, and fill them: with so many projects and tasks that `size` is 1 for the whole number."""
    Base.metadata.create_all(connection)
    words = {name: said.replace("{{", "{").replace("}}", "}") for name, said in _WORDS[connection.dialect.name].items()}
    words |= {name: str(max(int(rows * size), 30)) for name, rows, _ in _ROWS}
    for name, _, values in _ROWS:
        source = words["numbers"].format(size=words[name])
        clash = " ON CONFLICT DO NOTHING"
        connection.execute(text(f"INSERT INTO {name} SELECT {_filled(values, words)} FROM {source} WHERE true{clash}"))


def _filled(template: str, words: dict[str, str]) -> str:
    for name, said in words.items():
        template = template.replace(f"{{{name}}}", said)
    return template.replace(":", "\\:")
