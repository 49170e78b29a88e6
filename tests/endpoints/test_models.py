"""Endpoints from models: what follows from each kind of model, and what has to be said."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType
from uuid import UUID

import pydantic
import pytest
import sqlalchemy as sa
from django.db import models
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship, synonym

import kanbert_filter as kf
from kanbert_filter.backends.django import verify as verify_django
from kanbert_filter.backends.sqlalchemy import verify
from tests import django_site as site


class Status(enum.Enum):
    ACTIVE = "active"
    DONE = "done"


class Base(DeclarativeBase):
    pass


class SqlClient(Base):
    __tablename__ = "client"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str | None]


class SqlProject(Base):
    __tablename__ = "project"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[UUID]
    title: Mapped[str]
    done: Mapped[bool]
    count: Mapped[int]
    budget: Mapped[Decimal | None]
    score: Mapped[float]
    due: Mapped[date]
    created_at: Mapped[datetime]
    status: Mapped[Status]
    level: Mapped[str] = mapped_column(sa.Enum("low", "high"))
    settings: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    odd: Mapped[Any] = mapped_column(sa.ARRAY(sa.Integer))
    client_id: Mapped[int | None] = mapped_column(sa.ForeignKey("client.id"))
    parent_id: Mapped[int | None] = mapped_column(sa.ForeignKey("project.id"))
    client: Mapped[SqlClient | None] = relationship()
    tasks: Mapped[list["SqlTask"]] = relationship(back_populates="project")


class SqlTask(Base):
    __tablename__ = "task"
    id: Mapped[int] = mapped_column(primary_key=True)
    status: Mapped[Status]
    project_id: Mapped[int] = mapped_column(sa.ForeignKey("project.id"))
    project: Mapped[SqlProject] = relationship(back_populates="tasks")


@dataclass
class Client:
    id: int
    name: str | None


@dataclass
class Task:
    id: int
    status: Status
    client: Client | None = None


@dataclass
class Project:
    id: int
    key: UUID
    title: str
    done: bool
    count: int
    budget: Decimal | None
    score: float
    due: date
    created_at: Annotated[datetime, "in UTC"]
    status: Status
    level: Literal["low", "high", None]
    settings: dict[str, Any]
    odd: int | str
    client_id: int | None
    client: Client | None
    tasks: Sequence[Task] = field(default_factory=list)


class PydanticClient(pydantic.BaseModel):
    id: int
    name: str | None


class PydanticTask(pydantic.BaseModel):
    id: int
    status: Status


class PydanticProject(pydantic.BaseModel):
    id: int
    key: UUID
    title: str
    done: bool
    count: int
    budget: Decimal | None
    score: float
    due: date
    created_at: datetime
    status: Status
    level: Literal["low", "high"] | None = None
    settings: dict[str, Any]
    odd: int | str
    client_id: int | None = None
    client: PydanticClient | None = None
    tasks: list[PydanticTask] = []


SCALARS: dict[str, Any] = {
    "id": "id",
    "key": "id",
    "title": "string",
    "done": "boolean",
    "count": "number",
    "budget": "number",
    "score": "number",
    "due": "date",
    "created_at": "datetime",
    "status": "enum<Status>: active, done",
    "level": "enum: low, high",
    "client_id": "id",
    "client.id": "id",
    "client.name": "string",
}
RELATION: dict[str, Any] = {"tasks": {"id": "id", "status": "enum<Status>: active, done"}}
NAMES = [*SCALARS, "tasks.id", "tasks.status"]


@pytest.mark.parametrize("model", [Project, PydanticProject])
def test_annotated_models_tell_their_types(model: type[Any]) -> None:
    assert kf.Endpoint.from_model("projects", model, NAMES) == kf.Endpoint("projects", SCALARS | RELATION)


def test_sqlalchemy_models_name_the_entities_of_ids() -> None:
    entities = {"id": "id<SqlProject>", "client_id": "id<SqlClient>", "client.id": "id<SqlClient>"}
    tasks = {"tasks": RELATION["tasks"] | {"id": "id<SqlTask>"}}
    assert kf.Endpoint.from_model("projects", SqlProject, NAMES) == kf.Endpoint("projects", SCALARS | entities | tasks)
    assert kf.Endpoint.from_model("p", SqlProject, ["parent_id"]) == kf.Endpoint("p", {"parent_id": "id"})


def test_django_models_tell_their_types() -> None:
    status = "enum: ACTIVE, PENDING, DONE"
    named = kf.Endpoint.from_model(
        "projects",
        site.Project,
        [
            *("id", "key", "title", "status", "rank", "budget", "score", "done", "due", "created_at", "owner_id"),
            *("client_id", "client.id", "client.name", "client.projects.title"),
            *("tasks.status", "tasks.project_id", "tasks.members.name"),
        ],
    )
    assert named == kf.Endpoint(
        "projects",
        {
            "id": "id<Project>",
            "key": "id",
            "title": "string",
            "status": status,
            "rank": "number",
            "budget": "number",
            "score": "number",
            "done": "boolean",
            "due": "date",
            "created_at": "datetime",
            "owner_id": "string",
            "client_id": "id<Client>",
            "client.id": "id<Client>",
            "client.name": "string",
            "client.projects": {"title": "string"},
            "tasks": {"status": status, "project_id": "id<Project>", "members": {"name": "string"}},
        },
    )


@pytest.mark.parametrize("model", [Project, PydanticProject, SqlProject])
def test_what_is_not_named_does_not_exist(model: type[Any]) -> None:
    endpoint = kf.Endpoint.from_model("projects", model, ["title"])
    assert [*endpoint] == ["title"]
    with pytest.raises(kf.FilterCheckError, match="Unknown field 'budget'"):
        endpoint.parse("budget = 1")


@pytest.mark.parametrize("model", [Project, PydanticProject, SqlProject])
def test_rows_of_ones_own_stand_beside_and_before_the_models(model: type[Any]) -> None:
    archived = kf.types.Scope(["with", "without"])
    endpoint = kf.Endpoint.from_model(
        "projects",
        model,
        ["title", "tasks.id"],
        also={
            "title": "string; eq",
            "settings.*": "custom",
            "archived": archived,
            "tasks.hours": "number",
            "x.y": "id",
        },
    )
    assert endpoint == kf.Endpoint(
        "projects",
        {
            "title": "string; eq",
            "tasks": {"id": endpoint["tasks"].related["id"], "hours": "number"},  # type: ignore[attr-defined]
            "settings.*": "custom",
            "archived": archived,
            "x.y": "id",
        },
    )


@pytest.mark.parametrize("model", [Project, PydanticProject, SqlProject])
@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("colour", "Project has no attribute 'colour'"),
        ("client.colour", "Client has no attribute 'colour'"),
        ("tasks.colour", "Task has no attribute 'colour'"),
        ("settings", "no field type follows from .*Project.settings; say it yourself"),
        ("odd", "no field type follows from .*Project.odd"),
        ("client", "Project.client holds another record, expected the path of one of its fields: 'client.…'"),
        ("title.length", "Project.title holds a value, and no record with a field 'length'"),
        ("settings.x", "no field type follows from .*Project.settings"),
    ],
)
def test_what_says_nothing_is_an_error_that_says_what_to_write(model: type[Any], name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"field {name!r}: .*{fault}"):
        kf.Endpoint.from_model("projects", model, [name])


@pytest.mark.parametrize("name", ["custom_field", "archived", "client", "task", "tasks_set"])
def test_django_names_are_those_of_its_objects(name: str) -> None:
    with pytest.raises(ValueError, match=f"field {name!r}"):
        kf.Endpoint.from_model("projects", site.Project, [name])


def test_a_mapped_dataclass_is_asked_as_a_model() -> None:
    class Mapped_(MappedAsDataclass, DeclarativeBase):
        pass

    class Row(Mapped_):
        __tablename__ = "row"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]

    made = kf.Endpoint.from_model("rows", Row, ["id", "name"])
    assert made == kf.Endpoint("rows", {"id": "id<Row>", "name": "string"})


def test_a_bare_relation_can_be_counted() -> None:
    endpoint = kf.Endpoint.from_model("projects", Project, ["tasks"])
    assert kf.to_dsl(endpoint.parse("tasks any and tasks.count > 3")) == "tasks any and tasks.count > 3"


class Level(enum.Enum):
    LOW = 1


class Empty(enum.Enum):
    pass


@dataclass
class Awkward:
    at: time
    raw: bytes
    texts: list[str]
    numbers: Literal[1, 2]
    bare: list  # type: ignore[type-arg]
    pair: tuple[Client, int]
    nothing: Literal[None]
    empty: Empty
    flags: Literal["a", "b"]
    level: Level
    unknown: "Nowhere"  # type: ignore[name-defined]  # noqa: F821


def test_awkward_annotations() -> None:
    with pytest.raises(ValueError, match="Awkward is annotated with a name that is not known there"):
        kf.Endpoint.from_model("x", Awkward, ["at"])
    del Awkward.__annotations__["unknown"]
    for name in ("at", "raw", "texts", "numbers", "bare", "level", "pair", "nothing", "empty"):
        with pytest.raises(ValueError, match=f"no field type follows from Awkward.{name}"):
            kf.Endpoint.from_model("x", Awkward, [name])


@dataclass
class Tuples:
    many: tuple[Client, ...]
    two: tuple[Client, Client]


@pytest.mark.parametrize("name", ["many", "two"])
def test_a_tuple_of_records_that_are_alike_is_a_list(name: str) -> None:
    made = kf.Endpoint.from_model("x", Tuples, [f"{name}.name"])
    assert made == kf.Endpoint("x", {name: {"name": "string"}})


class Attributes(Base):
    __tablename__ = "attributes"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    client_id: Mapped[int] = mapped_column(sa.ForeignKey("client.id"))
    client: Mapped[SqlClient] = relationship()
    title: Mapped[str] = synonym("name")
    customer: Mapped[SqlClient] = synonym("client")
    client_name: AssociationProxy[str] = association_proxy("client", "name")

    @hybrid_property
    def shout(self) -> str:
        return self.name + "!"


def test_a_synonym_is_what_it_stands_for() -> None:
    made = kf.Endpoint.from_model("x", Attributes, ["title"])
    assert made == kf.Endpoint("x", {"title": "string"})
    verify(made, Attributes)


@pytest.mark.parametrize("name", ["shout", "client_name", "customer"])
def test_an_attribute_that_is_no_column_is_there_and_has_no_type(name: str) -> None:
    with pytest.raises(ValueError, match=f"field '{name}': no field type follows from Attributes.{name}; say it"):
        kf.Endpoint.from_model("x", Attributes, [name])
    assert kf.Endpoint.from_model("x", Attributes, [], also={name: "string"}) == kf.Endpoint("x", {name: "string"})


Key = NewType("Key", str)


@dataclass
class Unions:
    size: int | Decimal | None
    level: Literal["a"] | Literal["a"]
    id: int | str
    key: Key
    mixed: int | str
    client: Client | PydanticClient


def test_unions_of_one_type_are_of_that_type() -> None:
    made = kf.Endpoint.from_model("x", Unions, ["size", "level", "id", "key"])
    assert made == kf.Endpoint("x", {"size": "number", "level": "enum: a", "id": "id", "key": "string"})
    for name in ("mixed", "client"):
        with pytest.raises(ValueError, match=f"no field type follows from Unions.{name}"):
            kf.Endpoint.from_model("x", Unions, [name])


SQL_TYPES: list[Any] = [
    *(sa.String, sa.Text, sa.Integer, sa.BigInteger, sa.Float, sa.Numeric, sa.Numeric(asdecimal=False), sa.Boolean),
    *(sa.Date, sa.DateTime, sa.TIMESTAMP(timezone=True), sa.Time, sa.Interval, sa.LargeBinary, sa.JSON, sa.PickleType),
    *(sa.Uuid, sa.Uuid(as_uuid=False), sa.Enum(Status), sa.Enum("low", "high"), sa.ARRAY(sa.Integer), sa.CHAR(3)),
    *(postgresql.UUID, postgresql.JSONB, postgresql.INET, postgresql.CITEXT, postgresql.MONEY, postgresql.HSTORE),
    *(mysql.TINYINT, mysql.YEAR, mysql.LONGTEXT, mysql.DATETIME(fsp=6)),
]


@pytest.mark.parametrize("column_type", SQL_TYPES, ids=repr)
def test_what_follows_from_a_column_is_what_its_engine_takes(column_type: Any) -> None:
    class Base(DeclarativeBase):
        pass

    columns: dict[str, Any] = {"id": mapped_column(sa.Integer, primary_key=True), "held": mapped_column(column_type)}
    model = type("Row", (Base,), {"__tablename__": "row", **columns})
    try:
        made = kf.Endpoint.from_model("rows", model, ["id", "held"])
    except ValueError as error:
        assert "no field type follows from Row.held" in str(error)
    else:
        verify(made, model)


def test_choices_of_django_are_an_enumeration_only_of_texts() -> None:
    class Choosing(models.Model):
        rank: Any = models.IntegerField(choices=[(1, "first"), (2, "second")])
        done: Any = models.BooleanField(choices=[(True, "yes"), (False, "no")])
        due: Any = models.DateField(choices=[(date(2024, 1, 1), "new year")])
        size: Any = models.CharField(max_length=1, choices=[("letters", [("S", "small"), ("L", "large")])], blank=True)
        took: Any = models.DurationField()

        class Meta:
            app_label = "site"

    made = kf.Endpoint.from_model("x", Choosing, ["rank", "done", "due", "size"])
    assert made == kf.Endpoint("x", {"rank": "number", "done": "boolean", "due": "date", "size": "enum: S, L"})
    verify_django(made, Choosing)
    with pytest.raises(ValueError, match=r"no field type follows from Choosing\.took"):
        kf.Endpoint.from_model("x", Choosing, ["took"])


def test_what_is_no_model_or_no_list() -> None:
    with pytest.raises(ValueError, match="expected a SQLAlchemy, Django or pydantic model, or a dataclass"):
        kf.Endpoint.from_model("x", dict, ["a"])
    with pytest.raises(TypeError, match=r"write \['title'\]"):
        kf.Endpoint.from_model("x", Project, "title")
    with pytest.raises(TypeError, match="expected names as str, not int"):
        kf.Endpoint.from_model("x", Project, [5])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="expected names as str, not int"):
        kf.Endpoint.from_model("x", Project, [], also={5: "id"})  # type: ignore[dict-item]
