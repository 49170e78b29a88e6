"""Endpoints from models: what follows from each kind of model, and what has to be said."""

import contextlib
import enum
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal, NewType, cast
from uuid import UUID

import pydantic
import pytest
import sqlalchemy as sa
import sqlmodel
from django.contrib.postgres.fields import DateTimeRangeField, HStoreField, IntegerRangeField
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.ext.associationproxy import AssociationProxy, association_proxy
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, mapped_column, relationship, synonym

import kanbert_filter as kf
from kanbert_filter.backends.django import verify as verify_django
from kanbert_filter.backends.sqlalchemy import ColumnError, verify, where
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
        ("settings", r"no field type follows from .*Project.settings; say it yourself: also=.'settings': \"string\"."),
        (
            "settings.*",
            r"no field type follows from .*Project.settings; say it yourself: also=.'settings.*': \"custom\".",
        ),
        ("odd", "no field type follows from .*Project.odd"),
        ("client", "Project.client holds another record, expected the path of one of its fields: 'client.…'"),
        ("title.length", "Project.title holds a value, and no record with a field 'length'"),
        ("settings.x", "no field type follows from .*Project.settings"),
    ],
)
def test_what_says_nothing_is_an_error_that_says_what_to_write(model: type[Any], name: str, fault: str) -> None:
    with pytest.raises(ValueError, match=rf"field {name!r}: .*{fault}"):
        kf.Endpoint.from_model("projects", model, [name])


def test_a_property_is_no_field_of_the_model_and_may_be_a_row_of_the_owners() -> None:
    @dataclass
    class Box:
        width: int

        @property
        def size(self) -> int:
            return self.width**3

    with pytest.raises(
        ValueError, match=r"Box.size is no field of the model; say it yourself: also=.'size': \"string\"."
    ):
        kf.Endpoint.from_model("boxes", Box, ["size"])
    boxes = kf.Endpoint.from_model("boxes", Box, ["width"], also={"size": "number"})
    matches = kf.compile_predicate(boxes.parse("size > 8"), access="attribute")
    assert matches.select([Box(2), Box(3)]) == [Box(3)]


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

    @hybrid_property
    def is_long(self) -> bool:
        return len(self.name) > 10

    @is_long.inplace.expression
    @classmethod
    def _is_long(cls) -> sa.ColumnElement[bool]:
        return sa.func.length(cls.name) > 10

    @hybrid_property
    def initial(self) -> "str | None":
        return cast("str | None", sa.func.nobody_knows(self.name))

    @hybrid_property
    def words(self) -> list[str]:
        return cast("list[str]", sa.func.nobody_knows(self.name))

    @hybrid_property
    def for_objects(self) -> str:
        return self.name.title()

    @hybrid_property
    def constant(self) -> int:
        return 5


def test_a_synonym_is_what_it_stands_for() -> None:
    made = kf.Endpoint.from_model("x", Attributes, ["title"])
    assert made == kf.Endpoint("x", {"title": "string"})
    verify(made, Attributes)


def test_a_hybrid_is_of_the_type_of_its_expression_or_of_its_annotation() -> None:
    made = kf.Endpoint.from_model("x", Attributes, ["shout", "is_long", "initial"])
    assert made == kf.Endpoint("x", {"shout": "string", "is_long": "boolean", "initial": "string"})
    verify(made, Attributes)


@pytest.mark.parametrize("name", ["client_name", "customer", "words", "for_objects", "constant"])
def test_an_attribute_that_is_no_column_is_there_and_has_no_type(name: str) -> None:
    with pytest.raises(ValueError, match=f"field '{name}': no field type follows from Attributes.{name}; say it"):
        kf.Endpoint.from_model("x", Attributes, [name])
    made = kf.Endpoint.from_model("x", Attributes, [], also={name: "string"})
    assert made == kf.Endpoint("x", {name: "string"})
    if name != "words":
        with pytest.raises(ColumnError, match=f"Attributes has no column '{name}'; give one"):
            verify(made, Attributes)


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


def types_of(module: Any) -> list[Any]:
    """All types that a module of SQLAlchemy has and that can be made of nothing."""
    found = []
    for made in vars(module).values():
        if isinstance(made, type) and issubclass(made, sa.types.TypeEngine) and not issubclass(made, sa.TypeDecorator):
            with contextlib.suppress(TypeError, NotImplementedError, sa.exc.ArgumentError):
                found.append(made())
    return found


def decorated(stored: Any, shown: type[Any] | None) -> Any:
    """A type that shows what is stored as something else, or does not say as what."""

    class Decorated(sa.TypeDecorator[Any]):
        impl = type(stored)
        cache_ok = True

        def load_dialect_impl(self, dialect: Any) -> Any:
            return stored

        if shown is not None:

            @property
            def python_type(self) -> Any:
                return shown

    return Decorated()


SHOWN = [None, str, int, float, bool, Decimal, date, datetime, time, timedelta, UUID, bytes, list, dict, Status, object]
SQL_TYPES: list[Any] = [
    *(stored for module in (sa, postgresql, mysql, sqlite, oracle, mssql) for stored in types_of(module)),
    *(sa.Numeric(10, 2), sa.Numeric(asdecimal=False), sa.DateTime(timezone=True), sa.Uuid(as_uuid=False), sa.CHAR(3)),
    *(sa.Enum(Status), sa.Enum(Level), sa.Enum("low", "high"), sa.ARRAY(sa.Integer), sa.Interval(), sa.PickleType()),
    *(postgresql.ARRAY(sa.Text), postgresql.ENUM("a", name="e"), mysql.SET("a", "b"), mysql.DATETIME(fsp=6)),
]


def one_of_each(made: list[Any]) -> list[Any]:
    return [*{repr(each): each for each in made}.values()]


@pytest.mark.parametrize("column_type", one_of_each(SQL_TYPES), ids=repr)
def test_what_follows_from_a_column_is_what_its_engine_takes(column_type: Any) -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        id: Mapped[int] = mapped_column(primary_key=True)

    types = [column_type]
    if not isinstance(column_type, sa.types.SchemaType | sa.ARRAY):
        types += [decorated(column_type, shown) for shown in SHOWN]
    for number, made in enumerate(types):
        setattr(Row, f"held_{number}", mapped_column(made))
        setattr(Row, f"key_{number}", mapped_column(made, sa.ForeignKey("row.id")))
    for name in Row.__table__.columns.keys():  # noqa: SIM118
        try:
            endpoint = kf.Endpoint.from_model("rows", Row, [name])
        except ValueError as error:
            assert f"no field type follows from Row.{name}" in str(error)
        else:
            verify(endpoint, Row)


def test_a_decorated_type_is_of_what_it_decorates() -> None:
    for column_type, expected in (
        (decorated(sa.Numeric(), None), "number"),
        (decorated(sa.Numeric(), Decimal), "number"),
        (decorated(sa.String(), None), "string"),
        (decorated(sa.CHAR(36), UUID), "id"),
        (decorated(sa.Integer(), bool), None),
        (decorated(sa.String(), Decimal), None),
        (decorated(sa.JSON(), None), None),
        (sa.Interval(), None),
    ):

        class Base(DeclarativeBase):
            pass

        class Row(Base):
            __tablename__ = "row"
            id: Mapped[int] = mapped_column(primary_key=True)
            held: Mapped[Any] = mapped_column(column_type)

        if expected is None:
            with pytest.raises(ValueError, match=r"no field type follows from Row\.held"):
                kf.Endpoint.from_model("rows", Row, ["held"])
        else:
            assert kf.Endpoint.from_model("rows", Row, ["held"]) == kf.Endpoint("rows", {"held": expected})


def test_a_duration_is_no_moment() -> None:
    class Base(DeclarativeBase):
        pass

    class Row(Base):
        __tablename__ = "row"
        id: Mapped[int] = mapped_column(primary_key=True)
        took: Mapped[timedelta]

    with pytest.raises(ColumnError, match="cannot hold values of type 'datetime'"):
        verify(kf.Endpoint("rows", {"took": "datetime"}), Row)


def test_models_of_sqlmodel_are_models_of_sqlalchemy() -> None:
    class Team(sqlmodel.SQLModel, table=True):
        __tablename__ = "team"
        id: int | None = sqlmodel.Field(default=None, primary_key=True)
        name: str
        key: UUID
        status: Status
        budget: Decimal
        founded: date
        seen: datetime
        active: bool = True
        heroes: list["Hero"] = sqlmodel.Relationship(back_populates="team")

    class Hero(sqlmodel.SQLModel, table=True):
        __tablename__ = "hero"
        id: int | None = sqlmodel.Field(default=None, primary_key=True)
        age: int | None = None
        team_id: int | None = sqlmodel.Field(default=None, foreign_key="team.id")
        team: Team | None = sqlmodel.Relationship(back_populates="heroes")

    names = ["id", "name", "key", "status", "budget", "founded", "seen", "active", "heroes.age", "heroes.team_id"]
    made = kf.Endpoint.from_model("teams", Team, names)
    rows: dict[str, Any] = {"id": "id<Team>", "name": "string", "key": "id", "status": "enum<Status>: active, done"}
    rows |= {"budget": "number", "founded": "date", "seen": "datetime", "active": "boolean"}
    assert made == kf.Endpoint("teams", rows | {"heroes": {"age": "number", "team_id": "id<Team>"}})
    verify(made, Team)
    engine = sa.create_engine("sqlite://")
    sqlmodel.SQLModel.metadata.create_all(engine)
    with sqlmodel.Session(engine) as session:
        plain: Any = {
            "key": UUID(int=7),
            "status": Status.DONE,
            "founded": date(2024, 5, 1),
            "seen": datetime(2024, 5, 1, 12, tzinfo=UTC),
        }
        session.add(Team(name="Acme", budget=Decimal("10.5"), heroes=[Hero(age=30)], **plain))
        session.commit()
        for text, count in (
            ("name contains 'acm' and status = 'done' and heroes any (age > 29)", 1),
            ("name contains 'acm' and status = 'active'", 0),
            ("key = '00000000-0000-0000-0000-000000000007' and heroes.count = 1 and budget > 10", 1),
            ("seen = '2024-05-01' and seen < '2024-05-01T12:00:00.1Z' and active = true", 1),
            ("seen != '2024-05-01' or seen > '2024-05-01T12:00:00Z'", 0),
            ("heroes any (age > 30) or founded != '2024-05-01'", 0),
        ):
            assert len(session.exec(sqlmodel.select(Team).where(where(made.parse(text), Team))).all()) == count, text


DJANGO_FIELDS = [
    *[made for made in vars(models).values() if isinstance(made, type) and issubclass(made, models.Field)],
    *(HStoreField, DateTimeRangeField, IntegerRangeField, SearchVectorField),
]


@pytest.mark.parametrize("field_class", DJANGO_FIELDS)
def test_what_follows_from_a_field_of_django_is_what_its_column_takes(field_class: type[Any]) -> None:
    parts: list[dict[str, Any]] = [
        {},
        {"choices": [("a", "A"), ("b", "B")]},
        {"max_digits": 10, "decimal_places": 2},
        {"expression": models.F("id"), "output_field": models.IntegerField(), "db_persist": True},
        {"to": site.Client, "on_delete": models.CASCADE, "related_name": "+"},
        {"to": site.Client, "related_name": "+"},
    ]
    for number, options in enumerate(parts):
        try:
            field = field_class(**options)
        except (TypeError, ValueError, AssertionError):
            continue
        if field.primary_key or isinstance(field, models.AutoField | models.CompositePrimaryKey):
            continue
        name = f"Held{field_class.__name__}{number}"
        attributes = {"__module__": __name__, "held": field, "Meta": type("Meta", (), {"app_label": "site"})}
        model = type(name, (models.Model,), attributes)
        for path in ("held", "held_id"):
            try:
                endpoint = kf.Endpoint.from_model("rows", model, [path])
            except ValueError:
                continue
            verify_django(endpoint, model)


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
