"""The dataset that all back ends share, as tables."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from sqlalchemy import JSON, DateTime, Enum, ForeignKey, Numeric, String
from sqlalchemy.dialects import mysql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

MYSQL = ("mysql", "mariadb")


def timestamp(**options: Any) -> DateTime:
    """The type of a timestamp, to the microsecond also on MySQL, which keeps seconds where nothing is said."""
    return DateTime(**options).with_variant(mysql.DATETIME(fsp=6), *MYSQL)


def given_key() -> Any:
    """A key that no engine makes: not all can."""
    return mapped_column(primary_key=True, autoincrement=False)


class Base(DeclarativeBase):
    type_annotation_map = {str: String(200), datetime: timestamp()}  # noqa: RUF012


class Status(enum.Enum):
    RUNNING = "ACTIVE"
    WAITING = "PENDING"
    CLOSED = "DONE"


def by_name(**options: Any) -> Any:
    return mapped_column(Enum(Status), **options)


class Client(Base):
    __tablename__ = "clients"
    id: Mapped[int] = given_key()
    name: Mapped[str | None]
    vip: Mapped[bool | None]


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = given_key()
    task_id: Mapped[int] = mapped_column(ForeignKey("tasks.id"), index=True)
    name: Mapped[str | None]


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = given_key()
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    title: Mapped[str | None]
    status: Mapped[str | None] = mapped_column(Enum("ACTIVE", "PENDING", "DONE", name="task_status"))
    hours: Mapped[Decimal | None] = mapped_column(Numeric(6, 2))
    due: Mapped[date | None]
    members: Mapped[list[Member]] = relationship()


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = given_key()
    title: Mapped[str | None]
    code: Mapped[str | None]
    status: Mapped[Status | None] = mapped_column(Enum(Status))
    budget: Mapped[Decimal | None] = mapped_column(
        Numeric().with_variant(Numeric(65, 30), *MYSQL).with_variant(Numeric(38, 10), "duckdb")
    )
    price: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    done: Mapped[bool | None]
    due: Mapped[date | None]
    created_at: Mapped[datetime | None] = mapped_column(timestamp(timezone=True))
    archived_at: Mapped[datetime | None]
    owner_id: Mapped[str | None]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"))
    custom_field: Mapped[Any] = mapped_column(JSON().with_variant(JSONB(), "postgresql"))
    client: Mapped[Client | None] = relationship()
    tasks: Mapped[list[Task]] = relationship()


def load(session: Session, records: list[dict[str, Any]]) -> None:
    """Store the records of the dataset."""
    ids = count(1)
    for record in records:
        session.add(_project(record, ids))
    session.commit()


def _project(record: dict[str, Any], ids: Iterator[int]) -> Project:
    client, tasks = record["client"], record["tasks"] or []
    plain = {k: record[k] for k in ("id", "title", "code", "done", "owner_id")}
    return Project(
        **plain,
        status=record["status"] and Status(record["status"]),
        budget=_exact(record["budget"]),
        price=_exact(record["price"]),
        due=_date(record["due"]),
        created_at=_instant(record["created_at"]),
        archived_at=_naive(record["archived_at"]),
        custom_field=_floats(record["custom_field"]),
        client=client and Client(id=next(ids), **client),
        tasks=[_task(task, ids) for task in tasks],
    )


def _task(record: dict[str, Any], ids: Iterator[int]) -> Task:
    parts = {k: record[k] for k in ("title", "status")}
    members = [Member(id=next(ids), **member) for member in record["members"] or []]
    return Task(id=next(ids), **parts, hours=_exact(record["hours"]), due=_date(record["due"]), members=members)


def _exact(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)


def _date(text: str | None) -> date | None:
    return text and date.fromisoformat(text)  # type: ignore[return-value]


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _naive(text: str | None) -> datetime | None:
    moment = _instant(text)
    return moment and moment.replace(tzinfo=None)


def _floats(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return values and {k: float(v) if isinstance(v, Decimal) else v for k, v in values.items()}
