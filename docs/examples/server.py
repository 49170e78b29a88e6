"""A server of projects that may be filtered: FastAPI in front of SQLite, or of any database that SQLAlchemy knows.

    python docs/examples/server.py [--port 8000] [--database postgresql+psycopg://…]

The database is filled with a few thousand projects, their tasks and members, the same ones every time.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import uvicorn
from fastapi import FastAPI, Header, Query
from sqlalchemy import DateTime, Engine, ForeignKey, Numeric, create_engine, func, insert, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import prepare_sqlite, verify, where
from kanbert_filter.integrations.fastapi import filter_body, filter_errors, filter_from, filter_responses

# What there is


class Status(Enum):
    PLANNED = "PLANNED"
    ACTIVE = "ACTIVE"
    PENDING = "PENDING"
    DONE = "DONE"


class Base(DeclarativeBase):
    pass


class Client(Base):
    __tablename__ = "clients"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Project(Base):
    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    shortcode: Mapped[str] = mapped_column(index=True)
    status: Mapped[Status]
    budget: Mapped[Decimal | None] = mapped_column(Numeric(12, 2))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    primary_contact_id: Mapped[int | None]
    client_id: Mapped[int | None] = mapped_column(ForeignKey("clients.id"))
    client: Mapped[Client | None] = relationship()
    tasks: Mapped[list[Task]] = relationship()
    members: Mapped[list[Member]] = relationship()


class Task(Base):
    __tablename__ = "tasks"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    title: Mapped[str]
    status: Mapped[Status]
    due_on: Mapped[date | None]


class Member(Base):
    __tablename__ = "members"
    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("projects.id"), index=True)
    user_id: Mapped[int]
    first_name: Mapped[str]
    role: Mapped[str]


# What may be filtered, and by whom

PROJECTS = kf.Endpoint.from_model(
    "projects",
    Project,
    [
        *("id", "title", "shortcode", "status", "budget", "created_at", "client_id", "client.name"),
        *("tasks.title", "tasks.status", "tasks.due_on", "members.first_name", "members.role"),
    ],
    also={"primary_contact_id": "id<UserData>", "members.user_id": "id<UserData>"},
)
FOR_GUESTS = PROJECTS.without("budget")

# The server's own condition is about a field that no caller knows.
OWN = kf.Endpoint.from_model("the server's projects", Project, ["deleted_at"])
PRESENT = OWN.check(kf.field("deleted_at").is_null())


def visible(x_role: Annotated[str, Header()] = "member") -> kf.Endpoint:
    """What the caller may filter. (A real server asks who the caller is, and believes no header.)"""
    return FOR_GUESTS if x_role == "guest" else PROJECTS


Filtered = Annotated[kf.CheckedFilter, filter_from(PROJECTS, visible=visible)]


def application(engine: Engine) -> FastAPI:
    """The server on a database that is filled."""
    verify(PROJECTS, Project)
    app = FastAPI(title="Projects", exception_handlers=filter_errors, responses=filter_responses)

    @app.get("/projects")
    @app.post("/projects/search", openapi_extra=filter_body(PROJECTS))
    def projects(
        filter: Filtered,
        after: Annotated[int, Query(ge=0, lt=2**31)] = 0,
        size: Annotated[int, Query(ge=1, le=100)] = 30,
        x_user: Annotated[str, Header()] = "1",
    ) -> dict[str, Any]:
        """A page of the projects that match: those behind `after`, whose `next` leads to the page that follows."""
        condition = where(PRESENT & filter, Project, kf.Context(me=x_user))
        with Session(engine) as session:
            total = session.scalar(select(func.count()).select_from(Project).where(condition))
            page = select(Project).options(joinedload(Project.client)).where(condition, Project.id > after)
            found = session.scalars(page.order_by(Project.id).limit(size + 1)).all()
        more = len(found) > size
        return {"data": [shown(p) for p in found[:size]], "total": total, "next": found[size - 1].id if more else None}

    return app


def shown(project: Project) -> dict[str, Any]:
    """A project as the server shows it."""
    return {
        "id": project.id,
        "title": project.title,
        "shortcode": project.shortcode,
        "status": project.status.value,
        "budget": None if project.budget is None else float(project.budget),
        "created_at": instant(project.created_at).isoformat(),
        "client": project.client and {"id": project.client.id, "name": project.client.name},
        "primary_contact_id": project.primary_contact_id,
    }


def instant(stored: datetime) -> datetime:
    """A stored moment in UTC: SQLite gives it without an offset, other databases with that of the session's time zone."""
    return stored.replace(tzinfo=UTC) if stored.tzinfo is None else stored.astimezone(UTC)


# What is in it at first

COMPANIES = ("Acme", "Globex", "Initech", "Umbrella", "Hooli", "Stark", "Wayne", "Wonka")
KINDS = ("Corp", "GmbH", "Studio", "Works", "& Sons")
THINGS = ("Website", "Shop", "Intranet", "App", "Campaign", "Trade fair", "Archive", "100% renewable")
NAMES = ("Neil", "Buzz", "Sally", "Mae", "Yuri", "Valentina", "Ümit", "Zoë")
ROLES = ("LEAD", "INTERNAL", "EXTERNAL")


def fill(engine: Engine, projects: int = 3000) -> None:
    """Make the tables, and fill them if there is nothing in them."""
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        if session.scalar(select(Client.id).limit(1)) is None:
            rows = Rows(projects)
            for model, found in ((Client, rows.clients), (Project, rows.projects), (Task, rows.tasks)):
                session.execute(insert(model), found)
            session.execute(insert(Member), rows.members)


class Rows:
    """The rows of all tables, the same ones every time."""

    def __init__(self, projects: int) -> None:
        self.choose = Random(1969)
        names = [f"{company} {kind}" for company in COMPANIES for kind in KINDS]
        self.clients = [{"id": number, "name": name} for number, name in enumerate(names, 1)]
        self.tasks: list[dict[str, Any]] = []
        self.members: list[dict[str, Any]] = []
        self.projects = [self.project(number) for number in range(1, projects + 1)]

    def project(self, number: int) -> dict[str, Any]:
        choose = self.choose
        client = choose.choice([None, *self.clients])
        for _ in range(choose.randint(0, 5)):
            self.tasks.append(self.task(number))
        for name in choose.sample(NAMES, choose.randint(0, 3)):
            member = {"project_id": number, "user_id": NAMES.index(name) + 1, "first_name": name}
            self.members.append(member | {"role": choose.choice(ROLES)})
        created = datetime(2022, 1, 1, tzinfo=UTC) + timedelta(minutes=choose.randrange(3 * 365 * 24 * 60))
        return {
            "id": number,
            "title": f"{choose.choice(THINGS)} for {client['name'] if client else 'ourselves'}",
            "shortcode": f"{choose.choice('PQ')}-{number}",
            "status": choose.choice([*Status]),
            "budget": choose.choice([None, Decimal(choose.randrange(10_000_00)) / 100]),
            "created_at": created,
            "deleted_at": choose.choice([None, None, None, created + timedelta(days=400)]),
            "primary_contact_id": choose.choice([None, choose.randint(1, len(NAMES))]),
            "client_id": client and client["id"],
        }

    def task(self, project: int) -> dict[str, Any]:
        due = self.choose.choice([None, date(2024, 1, 1) + timedelta(days=self.choose.randrange(365))])
        title = self.choose.choice(["Draft", "Review", "Build", "Test", "Ship"])
        return {"project_id": project, "title": title, "status": self.choose.choice([*Status]), "due_on": due}


def main(arguments: Sequence[str] | None = None) -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="Serve projects that may be filtered.")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--database", help="URL of the database; by default one of SQLite that is gone afterwards")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:     %(name)s - %(message)s")
    with TemporaryDirectory() as folder:
        engine = create_engine(options.database or f"sqlite:///{Path(folder) / 'projects.db'}", hide_parameters=True)
        if engine.dialect.name == "sqlite":
            prepare_sqlite(engine)
        fill(engine)
        uvicorn.run(application(engine), host="127.0.0.1", port=options.port)
        engine.dispose()


if __name__ == "__main__":
    main()
