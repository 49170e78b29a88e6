"""ClickHouse without a server: its SQLAlchemy dialect and driver for HTTP, answered by the engine in this process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from enum import Enum as Enumeration
from functools import cache
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    DateTime,
    Engine,
    Enum,
    Integer,
    MetaData,
    Numeric,
    Uuid,
    create_engine,
    select,
)


class Answer:
    """What the driver looks at in an answer to a request."""

    def __init__(self, status_code: int, text: str) -> None:
        self.status_code = status_code
        self.text = text

    def iter_lines(self) -> Iterator[bytes]:
        return iter(self.text.encode().split(b"\n")[:-1])


class InProcess:
    """In place of a session for HTTP."""

    def __init__(self) -> None:
        reason = "ClickHouse comes with chdb and clickhouse-sqlalchemy"
        pytest.importorskip("clickhouse_sqlalchemy", reason=reason)
        self.engine = pytest.importorskip("chdb.session", reason=reason).Session()

    def post(self, url: str, *, params: dict[str, str], data: bytes, **_: Any) -> Answer:
        try:
            return Answer(200, self.engine.query(data.decode(), params["default_format"]).data())
        except RuntimeError as error:
            return Answer(500, str(error))


@cache
def in_process() -> InProcess:
    return InProcess()


@contextmanager
def clickhouse(metadata: MetaData, source: Connection) -> Iterator[Engine]:
    """An engine on a copy of these tables; moments that the engine's types do not reach, and values in JSON, are null."""
    server = in_process()
    for table in metadata.sorted_tables:
        columns = ", ".join([f"`{column.name}` {_type(column)}" for column in table.columns])
        server.engine.query(f"CREATE OR REPLACE TABLE `{table.name}` ({columns}) ENGINE = Memory")
        rows = [
            json.dumps({name: written(value) for name, value in row.items()})
            for row in source.execute(select(table)).mappings()
        ]
        server.engine.query(f"INSERT INTO `{table.name}` FORMAT JSONEachRow\n" + "\n".join(rows))
    engine = create_engine("clickhouse+http://in-process/default", connect_args={"http_session": lambda: server})
    try:
        yield engine
    finally:
        engine.dispose()


def _type(column: Column[Any]) -> str:
    match column.type:
        case Enum() | JSON():
            name = "String"
        case Integer():
            name = "Int64"
        case Numeric(precision=precision, scale=scale):
            name = "Decimal(38, 10)" if precision is None else f"Decimal({precision}, {scale})"
        case Boolean():
            name = "Bool"
        case Date():
            name = "Date32"
        case DateTime():
            name = "DateTime64(6, 'UTC')"
        case Uuid():
            name = "UUID"
        case _:
            name = "String"
    return name if column.primary_key else f"Nullable({name})"


def written(value: Any) -> Any:
    """A value as JSON for ClickHouse."""
    if isinstance(value, date) and not reached(value):
        return None
    match value:
        case datetime():
            return value.replace(tzinfo=None).isoformat(" ", "microseconds")
        case date() | Decimal() | UUID():
            return str(value)
        case Enumeration():
            return value.name
        case dict() | list():
            return None
    return value


def reached(moment: date) -> bool:
    """Whether ClickHouse's types reach a moment."""
    return 1900 <= moment.year < 2299
