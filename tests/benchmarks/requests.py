"""Bar 10: a request with two conditions, in process, beside the same route with a parameter for each condition."""

import asyncio
import time
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from tests.benchmarks.contest import contest
from tests.benchmarks.rows import Row, compared

OURS: Final = "/ours", {"filter": "title contains 'acme' and budget >= 1000"}
BY_HAND: Final = "/by-hand", {"title": "acme", "budget_from": "1000"}


def requests(seconds: float) -> list[Row]:
    """Whole requests by the test client, and the work of the application alone. Time is that of all threads."""
    from starlette.testclient import TestClient

    app = application()
    works: dict[str, Callable[[], object]] = {}
    rows: list[Row] = []
    with TestClient(app) as client, asyncio.Runner() as runner:
        for subject, ask, bar in (
            ("request, by the test client", partial(by_client, client), 1.2),
            ("request, the application alone", partial(alone, app, runner), None),
        ):
            works = {"ours": partial(ask, *OURS), "by hand": partial(ask, *BY_HAND)}
            assert works["ours"]() == works["by hand"]()
            times = contest(works, seconds=seconds / 2, clock=time.process_time_ns)
            rows.append(compared(times, subject, "ours", "by hand", bar))
    return rows


def by_client(client: Any, path: str, parameters: dict[str, str]) -> bytes:
    """What a route answers, as the test client asks it."""
    answer = client.get(path, params=parameters)
    assert answer.status_code == 200, answer.text
    content: bytes = answer.content
    return content


def alone(app: Any, runner: asyncio.Runner, path: str, parameters: dict[str, str]) -> bytes:
    """What a route answers, asked as a server asks it."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
    }
    scope |= {"path": path, "raw_path": path.encode(), "query_string": urlencode(parameters).encode(), "root_path": ""}
    scope |= {"headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 5000), "server": ("127.0.0.1", 80)}
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    runner.run(app(scope, receive, send))
    assert sent[0]["status"] == 200, sent
    content: bytes = sent[1]["body"]
    return content


def application() -> Any:
    """Two routes over one table of SQLite: with a filter, and with parameters whose conditions are written by hand."""
    from fastapi import FastAPI
    from sqlalchemy import ColumnElement, create_engine, func, select
    from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
    from sqlalchemy.pool import StaticPool

    import kanbert_filter as kf
    from kanbert_filter.backends.sqlalchemy import where
    from kanbert_filter.integrations.fastapi import filter_errors, filter_from

    class Base(DeclarativeBase):
        pass

    class Project(Base):
        __tablename__ = "projects"
        id: Mapped[int] = mapped_column(primary_key=True)
        title: Mapped[str]
        budget: Mapped[int]

    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session, session.begin():
        names = ("Acme", "Globex")
        session.add_all([Project(title=f"{names[number % 2]} {number}", budget=number * 10) for number in range(200)])

    def page(*conditions: ColumnElement[bool]) -> list[dict[str, Any]]:
        with Session(engine) as session:
            found = session.scalars(select(Project).where(*conditions).order_by(Project.id).limit(30))
            return [{"id": row.id, "title": row.title, "budget": row.budget} for row in found]

    app = FastAPI(exception_handlers=filter_errors)
    filtered = filter_from(kf.Endpoint("projects", {"title": "string", "budget": "number"}))

    @app.get("/ours")
    def ours(filter: Annotated[kf.CheckedFilter, filtered]) -> list[dict[str, Any]]:
        return page(where(filter, Project))

    @app.get("/by-hand")
    def by_hand(title: str | None = None, budget_from: int | None = None) -> list[dict[str, Any]]:
        conditions: list[ColumnElement[bool]] = []
        if title is not None:
            conditions.append(func.lower(Project.title).contains(title.lower(), autoescape=True))
        if budget_from is not None:
            conditions.append(Project.budget >= budget_from)
        return page(*conditions)

    return app
