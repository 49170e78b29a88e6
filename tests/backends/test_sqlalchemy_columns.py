"""How the SQLAlchemy back end finds columns, and what it says of those it does not find."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC
from decimal import Decimal
from functools import partial
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import (
    JSON,
    Column,
    Date,
    DateTime,
    Dialect,
    Enum,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    String,
    Table,
    TypeDecorator,
    func,
    select,
)
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, aliased, mapped_column, relationship, with_polymorphic
from sqlalchemy.types import NullType

import kanbert_filter as kf
from kanbert_filter.backends.sqlalchemy import ColumnError, Joined, Via, verify, where
from tests.backends.databases import ENGINES, fresh_engine
from tests.backends.items import ITEMS, Item, Pet

POSTGRESQL: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
MYSQL: Any = mysql.dialect()
SQLITE: Any = sqlite.dialect()


class Base(DeclarativeBase):
    pass


class Node(Base):
    __tablename__ = "nodes"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    name: Mapped[str | None]
    secret: Mapped[str | None]
    blob: Mapped[bytes | None] = mapped_column(LargeBinary)
    data: Mapped[Any] = mapped_column(JSON)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("nodes.id"))
    parent: Mapped[Node | None] = relationship(remote_side="Node.id", back_populates="children")
    children: Mapped[list[Node]] = relationship(back_populates="parent")
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "node"}  # noqa: RUF012

    @hybrid_property
    def shout(self) -> str:
        return f"{self.name}!"

    @shout.inplace.expression
    @classmethod
    def _shout(cls) -> Any:
        return cls.name + "!"


class Leaf(Node):
    __tablename__ = "leaves"
    id: Mapped[int] = mapped_column(ForeignKey("nodes.id"), primary_key=True)
    color: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "leaf"}  # noqa: RUF012


_EXISTS = "EXISTS (SELECT 1 FROM nodes AS nodes_1 WHERE "

nodes = Table(
    "plain_nodes",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String),
    Column("parent_id", Integer),
)
FIELDS: dict[str, Any] = {
    "name": "string",
    "parent.name": "string",
    "children": {"name": "string", "children": {"name": "string"}},
}
NODES = kf.Endpoint("nodes", FIELDS)


def sql(endpoint: kf.Endpoint, text: str, model: Any, dialect: Any = None, **options: Any) -> str:
    condition = where(endpoint.parse(text), model, **options)
    compiled = select(func.count()).select_from(model).where(condition).compile(dialect=dialect)
    return " ".join(str(compiled).partition("WHERE ")[2].split())


def test_a_relation_inside_itself_has_names_of_its_own() -> None:
    assert sql(NODES, "children any (name = 'a' and children none (name = 'b'))", Node) == (
        "EXISTS (SELECT 1 FROM nodes AS nodes_1 WHERE nodes.id = nodes_1.parent_id AND nodes_1.name = :param_1 AND"
        " NOT (EXISTS (SELECT 1 FROM nodes AS nodes_2 WHERE nodes_1.id = nodes_2.parent_id AND nodes_2.name = :param_2)))"
    )


def test_an_alias_is_a_model() -> None:
    assert "nodes_1.name = :param_1" in sql(NODES, "parent.name = 'a'", aliased(Node, name="n"))
    assert sql(NODES, "name = 'a'", aliased(Node, name="n"), columns={"name": Node.name + "x"}).startswith("(n.name ||")


def test_inherited_columns_and_relationships() -> None:
    leaves = kf.Endpoint(
        "leaves", {"color": "string", "name": "string", "parent.name": "string", "children": {"name": "string"}}
    )
    verify(leaves, Leaf)
    with fresh_engine("sqlite") as engine, engine.connect() as connection:
        Base.metadata.create_all(connection)
        for text in ("color = 'red' and name = 'a'", "parent.name is null", "children.count = 0"):
            connection.execute(select(Leaf.id).where(where(leaves.parse(text), Leaf)))


def test_hybrid_properties_are_columns() -> None:
    assert sql(kf.Endpoint("nodes", {"shout": "string"}), "shout = 'a!'", Node) == "(nodes.name || :name_1) = :param_1"


def test_tables_reach_others_by_given_ways() -> None:
    child, parent = nodes.alias("child"), nodes.alias("parent")
    grandchild = nodes.alias("grandchild")
    ways = {
        "parent": Via(parent, parent.c.id == nodes.c.parent_id),
        "children": Via(child, child.c.parent_id == nodes.c.id),
        "children.children": Via(grandchild, grandchild.c.parent_id == child.c.id),
    }
    verify(NODES, nodes, columns=ways)
    assert sql(NODES, "parent.name is null and children any (children any (name = 'a'))", nodes, columns=ways) == (
        "(EXISTS (SELECT 1 FROM plain_nodes AS child WHERE child.parent_id = plain_nodes.id AND (EXISTS (SELECT 1"
        " FROM plain_nodes AS grandchild WHERE grandchild.parent_id = child.id AND grandchild.name = :param_1))))"
        " AND NOT (EXISTS (SELECT 1 FROM plain_nodes AS parent WHERE parent.id = plain_nodes.parent_id AND parent.name IS NOT NULL))"
    )


def test_a_given_way_names_other_tables_and_classes() -> None:
    ways = {"pets": Via(Pet, (Pet.owner_id == Item.owner_id) & (Pet.name != "x"))}
    endpoint = kf.Endpoint("items", {"pets": {"name": "string"}})
    assert sql(endpoint, "pets any (name = 'a')", Item, columns=ways) == (
        "EXISTS (SELECT 1 FROM pets AS pets_1 WHERE pets_1.owner_id = items.owner_id AND pets_1.name != :name_1"
        " AND pets_1.name = :param_1)"
    )


def test_many_given_ways_are_not_remembered_for_ever() -> None:
    endpoint = kf.Endpoint("items", {"pets": {"name": "string"}})
    for _ in range(300):
        assert "EXISTS" in sql(endpoint, "pets any", Item, columns={"pets": Via(Pet, Pet.owner_id == Item.owner_id)})


def test_given_columns_are_adapted_in_relations() -> None:
    endpoint = kf.Endpoint("nodes", {"children": {"label": "string", "extra.*": "custom"}})
    columns = {"children.label": func.trim(Node.name), "children.extra.*": lambda name: Node.data[name]}
    verify(endpoint, Node, columns=columns)
    found = sql(endpoint, "children any (label = 'a' and extra.x = 1)", Node, POSTGRESQL, columns=columns)
    assert "trim(nodes_1.name) = " in found
    assert "nodes_1.data -> " in found


@pytest.mark.parametrize(
    ("fields", "faults"),
    [
        ({"nope": "string"}, {"nope": "Node has no column 'nope'"}),
        ({"parent": "string"}, {"parent": "its path ends at no column"}),
        ({"parent.nope": "string"}, {"parent.nope": "Node has no column 'nope'"}),
        ({"name.first": "string"}, {"name.first": "'name' is a column of type VARCHAR, and no way to 'first'"}),
        ({"children.name": "string"}, {"children.name": "'children' relates to many rows"}),
        ({"name": "number"}, {"name": "cannot hold values of type 'number'"}),
        ({"blob": "string", "id": "boolean"}, {"blob": "cannot hold", "id": "cannot hold"}),
        ({"nah.*": "custom"}, {"nah.*": "Node has no column 'nah'"}),
        ({"x.*": kf.types.Custom(source="*")}, {"x.*": "its path ends at no column"}),
        ({"parent.*": "custom"}, {"parent.*": "its path ends at no column"}),
        ({"nah": {"name": "string"}}, {"nah": "Node has no relationship 'nah'; give a Via"}),
        (
            {"children": {"nope": "string", "name": "date"}},
            {"children.nope": "no column", "children.name": "cannot hold"},
        ),
    ],
)
def test_verify_tells_every_field_without_a_column(fields: dict[str, Any], faults: dict[str, str]) -> None:
    with pytest.raises(ColumnError) as caught:
        verify(kf.Endpoint("nodes", fields), Node)
    assert caught.value.fields.keys() == faults.keys()
    for name, fault in faults.items():
        assert fault in caught.value.fields[name]
        assert f"Field '{name}': " in str(caught.value)


def test_verify_looks_at_what_scopes_stand_for() -> None:
    scope = {
        "with": kf.EVERYTHING,
        "only": kf.field("gone_at").is_not_null() & kf.field("parent.name").eq("x"),
        "without": kf.field("children").any(kf.field("nah").eq("a")) | kf.field("lost").none(),
    }
    fields: dict[str, Any] = {"children": {"name": "string", "nah": "string"}, "lost": {"name": "string"}}
    with pytest.raises(ColumnError) as caught:
        verify(kf.Endpoint("nodes", {**fields, "archived": kf.types.Scope(scope)}), Node)
    assert caught.value.fields.keys() == {"children.nah", "lost", "gone_at"}
    verify(kf.Endpoint("nodes", {"archived": "enum: with, only, without"}), Node)


def test_where_refuses_what_verify_would() -> None:
    with pytest.raises(ColumnError, match="no column 'nope'"):
        where(kf.Endpoint("nodes", {"nope": "string"}).parse("nope = 'a'"), Node)
    with pytest.raises(TypeError, match="expected a mapped class or a table, not 'nodes'"):
        where(NODES.parse("name = 'a'"), "nodes")
    with pytest.raises(TypeError, match="check it first"):
        where(kf.parse("name = 'a'"), Node)  # type: ignore[arg-type]


def test_a_wildcard_never_names_attributes() -> None:
    """Whoever sends `custom_field.secret` gets no column, however the wildcard is mapped."""
    endpoint = kf.Endpoint(
        "nodes", {"custom_field.*": kf.types.Custom(source="*"), "parent.*": "custom", "data.*": "custom"}
    )
    for text in ("custom_field.secret = 'a'", "parent.secret = 'a'", "custom_field.metadata is null"):
        with pytest.raises(ColumnError, match="its path ends at no column"):
            where(endpoint.parse(text), Node)
    assert "secret" not in sql(endpoint, "data.secret = 'a'", Node, POSTGRESQL)
    assert "false" in sql(endpoint, "data.__a = 'a'", Node, POSTGRESQL)
    assert "false" not in sql(endpoint, "data.a__b = 'a'", Node, POSTGRESQL)


class Cents(TypeDecorator[Any]):
    """Money, kept as a whole number of cents."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return int(value * 100)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return Decimal(value) / 100


class Folded(TypeDecorator[Any]):
    """Text in capitals."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value.upper()


class Key(TypeDecorator[Any]):
    """A UUID, kept as text."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value.hex

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return UUID(value)


class Instant(TypeDecorator[Any]):
    """An instant, kept as a wall time in UTC, as SQLAlchemy's documentation shows it."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value.tzinfo is None:
            raise TypeError("tzinfo is required")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value.replace(tzinfo=UTC)


class Epoch(TypeDecorator[Any]):
    """An instant, kept as a number of seconds."""

    impl = Integer
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return int(value.timestamp())


class Flag(TypeDecorator[Any]):
    """A boolean, kept as a letter."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return "Y" if value else "N"

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        return value == "Y"


class Falling(Cents):
    """Numbers of which the larger are stored as the smaller."""

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return -value

    process_result_value = process_bind_param


@pytest.mark.parametrize(
    ("type", "kind"),
    [
        *((Epoch, "number"), (Epoch, "datetime"), (Flag, "string"), (Flag, "boolean"), (Key, "string")),
        *((Instant, "number"), (Cents, "currency"), (Falling, "number"), (Cents, "string")),
    ],
)
def test_a_type_that_converts_other_values_is_refused(type: Any, kind: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Held(Base):
        __tablename__ = "t"
        id: Mapped[int] = mapped_column(primary_key=True)
        x: Mapped[Any] = mapped_column(type)

    with pytest.raises(ColumnError, match=rf"a column of type {type.__name__}\(\) cannot hold values of type '{kind}'"):
        verify(kf.Endpoint("t", {"x": kind}), Held)
    if type is not Falling:
        with suppress(ValueError):
            verify(kf.Endpoint.from_model("t", Held, ["x"]), Held)


@pytest.mark.parametrize(
    ("kind", "type", "text", "expected"),
    [
        ("number", Cents(), "x = 5", "t.x = 500"),
        ("number", Cents(), "x in [9.9, 0.005, 1e30]", "t.x = 990"),
        ("number", Cents(), "x != 0.005", "t.x IS NOT NULL"),
        ("number", Cents(), "x > 9.905 and x <= 9.905 or x >= 0.29", "t.x > 990 AND t.x <= 990 OR t.x >= 29"),
        ("number", Cents(), "x < 1e30 and x >= -1e30", "t.x IS NOT NULL AND t.x IS NOT NULL"),
        ("string", Folded(), "x = 'a' or x contains 'B'", "t.x = 'A' OR lower(t.x) LIKE '%%b%%'"),
        ("id", Key(), "x in ['00000000-0000-0000-0000-00000000000a', 'x']", "t.x = '0000000000000000000000000000000a'"),
        ("datetime", Instant(), "x < '2024-07-01T00:00:00+02:00'", "t.x < '2024-06-30 22:00:00'"),
        ("date", Instant(), "x = '2024-07-01'", "t.x >= '2024-07-01 00:00:00' AND t.x < '2024-07-02 00:00:00'"),
        ("number", Numeric(5, 2), "x > 1.005", "t.x >= 1.01"),
        ("number", Numeric(5, 2), "x != 2.500000001 and x <= 2.5", "t.x IS NOT NULL AND t.x <= 2.50"),
        ("number", Numeric(5, 2), "x > 1000 or x = 0.001", "false"),
        ("number", Numeric(), "x != 2.500000001", "t.x != 2.500000001"),
        ("number", Float(), "x in [0.1, 2]", "t.x IN (0.1, 2.0)"),
        ("number", NullType(), "x = 1", "t.x = 1"),
        ("string", NullType(), "x = 'a'", "t.x = 'a'"),
        ("string", String(2), "x = 'abc'", "t.x = 'abc'"),
        ("string", Enum("a", "b"), "x in ['a', 'c']", "t.x = 'a'"),
        ("string", Enum("a", "b"), "x contains 'A' or x contains 'B'", "t.x IN ('a', 'b')"),
        ("custom", Enum("a", "b"), "x > 'a'", "t.x = 'b'"),
        ("custom", Enum("a", "b"), "x > 1", "false"),
        ("custom", Date(), "x != 'a'", "t.x IS NOT NULL"),
        ("custom", Date(), "x < 'a' or x contains 'a'", "false"),
        ("custom", Integer(), "x < 'a' or x = 'a' or x = true", "false"),
        ("id", Integer(), "x in ['7', '8', '09', 'x']", "t.x IN (7, 8)"),
        (
            "datetime",
            postgresql.TIMESTAMP(timezone=True, precision=0),
            "x < '2024-01-01'",
            "t.x < '2024-01-01 00:00:00+00:00'",
        ),
        ("datetime", DateTime(), "x < '2024-07-01T00:00:00Z'", "t.x < '2024-07-01 02:00:00'"),
        ("date", DateTime(), "x <= '2024-07-01'", "t.x < '2024-07-02 00:00:00'"),
        ("boolean", NullType(), "x = true", "t.x = true"),
        ("date", NullType(), "x is null", "t.x IS NULL"),
        ("datetime", NullType(), "x is not null", "t.x IS NOT NULL"),
    ],
)
def test_types_of_columns(kind: str, type: Any, text: str, expected: str) -> None:
    table = Table("t", MetaData(), Column("x", type))
    condition = where(kf.Endpoint("t", {"x": kind}).parse(text), table, kf.Context(storage_timezone="Europe/Vienna"))
    literal = {"literal_binds": True}
    assert str(condition.compile(dialect=POSTGRESQL, compile_kwargs=literal)) == expected


@pytest.mark.parametrize("type", [NullType(), LargeBinary()])
def test_a_custom_field_needs_a_type_that_is_known(type: Any) -> None:
    table = Table("t", MetaData(), Column("x", type))
    endpoint = kf.Endpoint("t", {"x": "custom"})
    if isinstance(type, NullType):
        with pytest.raises(ColumnError, match="cannot hold values of type 'custom'"):
            verify(endpoint, table)
    else:
        assert str(where(endpoint.parse("x is null"), table)) == "t.x IS NULL"


def test_mysql() -> None:
    endpoint = kf.Endpoint("items", {"title": "string", "note": kf.types.Custom(source="title"), "price": "currency"})
    exact = "CONVERT(items.title USING utf8mb4) COLLATE utf8mb4_0900_bin"
    assert sql(endpoint, "title contains '50%'", Item, MYSQL) == (
        "LOWER(CONVERT(items.title USING utf8mb4) COLLATE utf8mb4_unicode_520_ci) COLLATE utf8mb4_0900_bin"
        " LIKE %s ESCAPE '/'"
    )
    assert sql(endpoint, "note > 'a'", Item, MYSQL) == f"{exact} > %s"
    assert sql(endpoint, "note = 'a'", Item, MYSQL) == f"(items.title = %s AND {exact} = %s)"
    assert sql(endpoint, "title = 'é'", Item, MYSQL) == f"{exact} = %s"
    assert sql(endpoint, "title != 'a'", Item, MYSQL) == f"{exact} != %s"
    assert str((~where(endpoint.parse("title = 'é'"), Item)).compile(dialect=MYSQL)) == f"NOT ({exact} = %s)"
    bare = Table("t", MetaData(), Column("title", String(9, collation="utf8mb4_0900_bin")))
    assert sql(endpoint.only("title"), "title = 'a' and title contains 'b'", bare, MYSQL) == (
        "t.title = %s AND LOWER(CONVERT(t.title USING utf8mb4) COLLATE utf8mb4_unicode_520_ci) COLLATE utf8mb4_0900_bin"
        " LIKE %s ESCAPE '/'"
    )
    assert sql(endpoint, "price endsWith '.5'", Item, MYSQL) == (
        "CONVERT(CASE WHEN (CAST(items.price AS CHAR(100)) LIKE '%%.%%') THEN trim(TRAILING '.' FROM trim(TRAILING '0' FROM"
        " CAST(items.price AS CHAR(100)))) ELSE CAST(items.price AS CHAR(100)) END USING utf8mb4) COLLATE utf8mb4_0900_bin"
        " LIKE %s ESCAPE '/'"
    )
    extra = kf.Endpoint("items", {"extra.*": "custom"})
    assert sql(extra, "extra.x = true", Item, MYSQL) == (
        "CASE WHEN JSON_TYPE(JSON_EXTRACT(items.extra, %s)) = 'BOOLEAN' THEN JSON_UNQUOTE(JSON_EXTRACT(items.extra, %s))"
        " = 'true' END = %s"
    )


def test_a_pattern_keeps_its_meaning_in_whatever_it_is_put() -> None:
    """It is a binary expression to SQLAlchemy, which says some of them otherwise when they are negated."""
    table = Table("t", MetaData(), Column("x", String))
    condition = where(kf.Endpoint("t", {"x": kf.types.String(case_sensitive=True)}).parse("x contains 'a'"), table)
    said = {
        POSTGRESQL: "t.x LIKE '%%a%%'",
        SQLITE: "t.x GLOB '*a*'",
    }
    for dialect, words in said.items():
        for around, expected in (
            (condition, "{}"),
            (~condition, "NOT ({})"),
            (func.coalesce(condition), "coalesce({})"),
        ):
            compiled = str(around.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
            assert compiled == expected.format(words)


def test_values_are_bound_and_never_pasted() -> None:
    hostile = "'; DROP TABLE items; --"
    for text in (
        f'title = "{hostile}"',
        f'title contains "{hostile}"',
        f'extra.x in ["{hostile}", 1]',
        f'id = "{hostile}"',
    ):
        assert "DROP" not in sql(ITEMS, text, Item, POSTGRESQL)


def test_a_custom_value_may_be_all_of_a_json_column() -> None:
    with fresh_engine("sqlite") as engine, Session(engine) as session:
        Base.metadata.create_all(engine)
        session.add_all([Node(id=n, data=data) for n, data in enumerate([None, True, 1, "a", [1]], 1)])
        session.flush()
        endpoint = kf.Endpoint("nodes", {"value": kf.types.Custom(source="data")})
        for text, ids in (("value = true", [2]), ("value = 1", [3]), ("value = 'a'", [4]), ("value is null", [1])):
            assert [*session.scalars(select(Node.id).where(where(endpoint.parse(text), Node)))] == ids


@pytest.mark.parametrize("engine", ENGINES)
def test_integers_and_names_in_json(engine: str) -> None:
    with fresh_engine(engine) as engine_, Session(engine_) as session:
        Base.metadata.create_all(engine_)
        values = [{"x": 2**53 + 1, "__class__": "a"}, {"x": 2**53}, {"x": 0.5}, ["x"], {"x": 10**30}]
        session.add_all([Node(id=n, kind="node", data=data) for n, data in enumerate(values, 1)])
        session.flush()
        endpoint = kf.Endpoint("nodes", {"data.*": "custom"})
        for text, ids in (
            ("data.x = 9007199254740993", [1]),
            ("data.x in [9007199254740993, 0.5, 1000000000000000000000000000000]", [1, 3, 5]),
            ("data.x != 9007199254740993", [2, 3, 5]),
            ("data.x > 9007199254740992 and data.x < 1e20", [1]),
            ("data.0 is not null", []),
            ("data.__class__ is not null or data.__class__ = 'a' or data.__class__ nin []", []),
        ):
            found = session.scalars(select(Node.id).where(where(endpoint.parse(text), Node)).order_by(Node.id))
            assert [*found] == ids, text


class Manager(Node):
    """In the table of nodes."""

    __mapper_args__ = {"polymorphic_identity": "manager"}  # noqa: RUF012
    grade: Mapped[int | None] = mapped_column(use_existing_column=True)


@pytest.mark.parametrize(
    ("given", "fault"),
    [
        (Leaf.color, "its expression is of 'leaves' and not of Node"),
        (func.lower(Item.title), "its expression is of 'items' and not of Node"),
        (Manager.name, "its expression is of Manager and not of Node"),
        (func.lower(Manager.name + Node.name), "its expression is of Manager and not of Node"),
        ("name", "found 'name' in columns, expected an expression"),
        (lambda: None, "found <"),
    ],
)
def test_an_expression_of_other_rows_is_refused(given: Any, fault: str) -> None:
    """Nothing would join its table, and the query be a cartesian product; a subclass would leave out the others' rows."""
    endpoint = kf.Endpoint("nodes", {"x": "string", "children": {"x": "string"}})
    for name, text in (("x", "x = 'a'"), ("children.x", "children any (x = 'a')")):
        columns = {"x": Node.name, "children.x": Node.name} | {name: given}
        with pytest.raises(ColumnError) as caught:
            verify(endpoint, Node, columns=columns)
        assert fault in caught.value.fields[name]
        with pytest.raises(ColumnError):
            where(endpoint.parse(text), Node, columns=columns)


@pytest.mark.parametrize("given", [Node.name == "a", Node, "children", lambda: None, select(Node), Node.parent])
def test_what_is_given_for_a_relation_is_a_way_to_it(given: Any) -> None:
    """It may have been meant to leave rows out."""
    endpoint = kf.Endpoint("nodes", {"children": {"name": "string"}})
    for ask in (partial(verify, endpoint), partial(where, endpoint.parse("children any"))):
        with pytest.raises(
            ColumnError, match=r"Field 'children': found .* in columns, expected a Via for related rows"
        ):
            ask(Node, columns={"children": given})


def test_a_way_to_nothing_is_refused() -> None:
    """Its name is misspelt, and it may leave rows out: the mapped relationship would be asked for all of them."""
    endpoint = kf.Endpoint("nodes", {"children": {"name": "string"}})
    child = aliased(Node)
    way = Via(child, (child.parent_id == Node.id) & (child.name != "a"))
    verify(endpoint, Node, columns={"children": way})
    with pytest.raises(ColumnError, match="Field 'childern': its Via in columns leads to no field of the endpoint"):
        verify(endpoint, Node, columns={"childern": way})


def test_expressions_of_own_rows_are_taken() -> None:
    endpoint = kf.Endpoint("nodes", {"x": "string", "n": "number"})
    counted = select(func.count()).where(Item.title == Node.name).scalar_subquery()
    for model, given in (
        (Node, func.coalesce(Node.name, Node.kind)),
        (Leaf, Leaf.color + Leaf.name),
        (Leaf, Node.name),
        (Manager, Manager.name),
        (aliased(Node), Node.name),
        (with_polymorphic(Node, [Leaf]), with_polymorphic(Node, [Leaf]).Leaf.color),
        (nodes, nodes.c.name),
        (Node, Joined(Leaf.color)),
        (Node, func.now(type_=String())),
    ):
        verify(endpoint, model, columns={"x": given, "n": counted})


def test_sql_server_takes_no_brackets_for_sets() -> None:
    condition = where(kf.Endpoint("nodes", {"name": "string"}).parse("name contains '[a]%'"), Node)
    said = condition.compile(dialect=mssql.dialect(), compile_kwargs={"literal_binds": True})  # type: ignore[no-untyped-call]
    assert str(said) == "lower(nodes.name) LIKE '%/[a]/%%' ESCAPE '/'"


@pytest.mark.parametrize("dialect", [mssql.dialect(), oracle.dialect()], ids=lambda d: d.name)  # type: ignore[no-untyped-call]
def test_json_is_not_for_every_engine(dialect: Any) -> None:
    endpoint = kf.Endpoint("nodes", {"data.*": "custom", "name": "string"})
    for text in ("data.x is null", "data.x = 1", "data.x > 'a'", "data.x = true", "data.x like 'a%'"):
        with pytest.raises(kf.UnsupportedFilterError, match=f"JSON cannot be filtered on {dialect.name}"):
            where(endpoint.parse(text), Node).compile(dialect=dialect)
    with pytest.raises(ColumnError) as caught:
        verify(endpoint, Node, bind=SimpleNamespace(dialect=dialect))  # type: ignore[arg-type]
    assert caught.value.fields.keys() == {"data.*"}
    with fresh_engine("sqlite") as engine:
        verify(endpoint, Node, bind=engine)


@pytest.mark.parametrize("number", [2**63 - 1, 2**63, -(2**63), -(2**63) - 1])
def test_an_integer_column_is_asked_about_64_bits(number: int) -> None:
    endpoint = kf.Endpoint("nodes", {"id": "number"})
    assert ("false" in sql(endpoint, f"id = {number}", Node, POSTGRESQL)) is (number not in range(-(2**63), 2**63))


def test_large_statements_are_not_kept() -> None:
    endpoint = kf.Endpoint("nodes", {"name": "string"})
    cache: dict[Any, Any] = {}
    with fresh_engine("sqlite") as engine, engine.connect() as connection:
        Base.metadata.create_all(connection)
        for many in (1, 1, 100, 100, 101, 500):
            condition = where(endpoint.parse(" and ".join([f"name contains '{n}'" for n in range(many)])), Node)
            connection.execute(select(Node.id).where(condition), execution_options={"compiled_cache": cache})
    assert len(cache) == 2


TWIGS = MetaData()
twig_nodes = Table(
    "twig_nodes",
    TWIGS,
    Column("twig_id", ForeignKey("twigs.id"), nullable=False),
    Column("node_id", ForeignKey(Node.id), nullable=False),
    Column("perhaps_id", ForeignKey(Node.id)),
    Column("kind", String),
)


class Twig(Base):
    """Of no database: a text names an integer."""

    metadata = TWIGS
    __tablename__ = "twigs"
    id: Mapped[int] = mapped_column(primary_key=True)
    node_id: Mapped[int | None] = mapped_column(ForeignKey(Node.id))
    word: Mapped[str | None] = mapped_column(String, ForeignKey(Node.id))
    node: Mapped[Node | None] = relationship(foreign_keys=[node_id])
    leaf: Mapped[Leaf | None] = relationship(foreign_keys=[node_id], viewonly=True)
    named: Mapped[Node | None] = relationship(
        primaryjoin=(node_id == Node.id) & (Node.name == "a"), foreign_keys=[node_id], viewonly=True
    )
    other: Mapped[Node | None] = relationship(foreign_keys=[word], primaryjoin=word == Node.id, viewonly=True)
    nodes: Mapped[list[Node]] = relationship(
        primaryjoin=id == Node.parent_id, foreign_keys=Node.parent_id, viewonly=True
    )
    guarded: Mapped[Node | None] = relationship(
        primaryjoin=(node_id == Node.id) & (word == "a"), foreign_keys=[node_id], viewonly=True
    )
    many: Mapped[list[Node]] = relationship(
        secondary=twig_nodes, secondaryjoin=twig_nodes.c.node_id == Node.id, viewonly=True
    )
    perhaps: Mapped[list[Node]] = relationship(
        secondary=twig_nodes, secondaryjoin=twig_nodes.c.perhaps_id == Node.id, viewonly=True
    )
    kind: Mapped[list[Node]] = relationship(
        secondary=twig_nodes,
        primaryjoin=(id == twig_nodes.c.twig_id) & (twig_nodes.c.kind == "a"),
        secondaryjoin=twig_nodes.c.node_id == Node.id,
        viewonly=True,
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("node.id = 7", "twigs.node_id = :param_1"),
        ("node.id is null", "twigs.node_id IS NULL"),
        ("node.parent.id = 7", _EXISTS + "nodes_1.id = twigs.node_id AND nodes_1.parent_id = :param_1)"),
        ("nodes any (parent.id = 7)", _EXISTS + "twigs.id = nodes_1.parent_id AND nodes_1.parent_id = :param_1)"),
        ("node.kind = 'a'", _EXISTS + "nodes_1.id = twigs.node_id AND nodes_1.kind = :param_1)"),
        # not where a row may be missing, or where there are more conditions than that two columns are equal
        ("leaf.id = 7", "anon_1.leaves_id = :param_1"),
        ("named.id = 7", "nodes_1.name = :name_1 AND nodes_1.id = :param_1"),
        ("other.id = 7", "nodes_1.id = :param_1"),
        ("given.id = 7", "plain_nodes_1.id = :param_1"),
        (
            "guarded.id = 7",
            _EXISTS + "twigs.node_id = nodes_1.id AND twigs.word = :param_1 AND twigs.node_id = :param_2)",
        ),
    ],
)
def test_a_foreign_key_is_compared_instead_of_what_it_names(text: str, expected: str) -> None:
    names = ("node", "node.parent", "leaf", "named", "other", "given", "guarded")
    ids: dict[str, Any] = {f"{name}.id": "id" for name in names}
    endpoint = kf.Endpoint("twigs", {**ids, "node.kind": "string", "nodes": {"parent.id": "id"}})
    columns = {"given": Via(nodes, nodes.c.id == Twig.node_id)}
    verify(endpoint, Twig, columns=columns)
    found = sql(endpoint, text, Twig, columns=columns)
    assert found == expected or expected in found.partition("WHERE ")[2]


_BETWEEN = "EXISTS (SELECT 1 FROM twig_nodes AS twig_nodes_1 WHERE twigs.id = twig_nodes_1.twig_id AND "
_JOINED = _BETWEEN.replace("FROM", "FROM nodes AS nodes_1,") + "twig_nodes_1.node_id = nodes_1.id"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("many any (id = 7)", _BETWEEN + "twig_nodes_1.node_id = :param_1)"),
        ("many none (id in [7, 8])", f"NOT ({_BETWEEN}twig_nodes_1.node_id IN (__[POSTCOMPILE_param_1])))"),
        (
            "kind any (id = 7)",
            _BETWEEN + "twig_nodes_1.kind = :kind_1 AND twig_nodes_1.node_id = :param_1)",
        ),
        (
            "over any (id = 7)",
            _EXISTS
            + "twigs.id = nodes_1.parent_id AND nodes_1.parent_id IS NOT NULL AND nodes_1.parent_id = :param_1)",
        ),
        # what leads to no row does not count
        (
            "perhaps all (id = 7)",
            f"NOT ({_BETWEEN}twig_nodes_1.perhaps_id IS NOT NULL AND NOT coalesce(twig_nodes_1.perhaps_id = :param_1, false)))",
        ),
        # where more is asked of the rows, or only whether there are some
        (
            "many any (id = 7 and name = 'a')",
            _JOINED + " AND twig_nodes_1.node_id = :param_1 AND nodes_1.name = :param_2)",
        ),
        (
            "many any (id = 7 and parent.name = 'a')",
            f"{_JOINED} AND twig_nodes_1.node_id = :param_1"
            " AND EXISTS (SELECT 1 FROM nodes AS nodes_2 WHERE nodes_2.id = nodes_1.parent_id AND nodes_2.name = :param_2))",
        ),
        ("many any", _JOINED + ")"),
        ("given any (id = 7)", _JOINED + " AND nodes_1.id = :param_1)"),
    ],
)
def test_an_id_is_compared_in_the_table_between(text: str, expected: str) -> None:
    fields: dict[str, Any] = {"id": "id", "name": "string", "parent.name": "string"}
    endpoint = kf.Endpoint(
        "twigs",
        {
            **dict.fromkeys(("many", "perhaps", "kind"), fields),
            "over": kf.types.Relation({"id": "id"}, source="nodes.parent"),
            "given": kf.types.Relation({"id": "id"}, source="many"),
        },
    )
    assert sql(endpoint, text, Twig, columns={"given.id": Node.id}) == expected


def test_a_given_way_may_lead_to_an_expression() -> None:
    """Nobody knows whether it is null."""
    made = select(Node.id, func.coalesce(Node.parent_id, 0).label("twig_id")).subquery("made")
    endpoint = kf.Endpoint("twigs", {"made": {"id": "id"}})
    columns = {"made": Via(made, made.c.twig_id == Twig.id)}
    verify(endpoint, Twig, columns=columns)
    for text, words in (("made any (id = 7)", "twigs.id IN"), ("made none (id = 7)", "twigs.id NOT IN")):
        found = sql(endpoint, text, Twig, SQLITE, columns=columns)
        assert found.strip("(").startswith(words)
        assert "WHERE made_1.twig_id IS NOT NULL AND made_1.id = ?" in found


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        (
            "node.name = 'a'",
            SQLITE,
            "twigs.node_id IN (SELECT nodes_1.id FROM nodes AS nodes_1 WHERE nodes_1.name = ?)",
        ),
        ("node.name = 'a'", POSTGRESQL, _EXISTS + "nodes_1.id = twigs.node_id AND nodes_1.name = %(param_1)s)"),
        (
            "node.parent.name = 'a'",
            SQLITE,
            "twigs.node_id IN (SELECT nodes_1.id FROM nodes AS nodes_1, nodes AS nodes_2"
            " WHERE nodes_2.id = nodes_1.parent_id AND nodes_2.name = ?)",
        ),
        (
            "node.name = 'a' and (node.kind = 'b' or node.kind != 'c')",
            None,
            _EXISTS
            + "nodes_1.id = twigs.node_id AND nodes_1.name = :param_1 AND (nodes_1.kind = :param_2 OR nodes_1.kind != :param_3))",
        ),
        (
            "node.name is null and node.kind is null",
            None,
            f"NOT ({_EXISTS}nodes_1.id = twigs.node_id AND (nodes_1.name IS NOT NULL OR nodes_1.kind IS NOT NULL)))",
        ),
        (
            "node.name is null or node.kind is null",
            None,
            f"NOT ({_EXISTS}nodes_1.id = twigs.node_id AND nodes_1.name IS NOT NULL AND nodes_1.kind IS NOT NULL))",
        ),
        (
            "node.name is null and node.kind = 'a'",
            None,
            _EXISTS + "nodes_1.id = twigs.node_id AND nodes_1.name IS NULL AND nodes_1.kind = :param_1)",
        ),
        # SQLite looks for the few rows that have a key
        (
            "many any (id = 7)",
            SQLITE,
            "twigs.id IN (SELECT twig_nodes_1.twig_id FROM twig_nodes AS twig_nodes_1 WHERE twig_nodes_1.node_id = ?)",
        ),
        (
            "many none (id = 7)",
            SQLITE,
            "(twigs.id NOT IN (SELECT twig_nodes_1.twig_id FROM twig_nodes AS twig_nodes_1 WHERE twig_nodes_1.node_id = ?))",
        ),
        (
            "nodes none (parent.id in [7, 8] and kind = 'a')",
            SQLITE,
            "(twigs.id NOT IN (SELECT nodes_1.parent_id FROM nodes AS nodes_1 WHERE nodes_1.parent_id IS NOT NULL"
            " AND nodes_1.kind = ? AND nodes_1.parent_id IN (__[POSTCOMPILE_param_2])))",
        ),
        (
            "nodes any (id = 7 or kind = 'a')",
            SQLITE,
            _EXISTS + "twigs.id = nodes_1.parent_id AND (nodes_1.id = ? OR nodes_1.kind = ?))",
        ),
        ("nodes any (id != 7)", SQLITE, _EXISTS + "twigs.id = nodes_1.parent_id AND nodes_1.id != ?)"),
        ("nodes any (kind = 'a')", SQLITE, _EXISTS + "twigs.id = nodes_1.parent_id AND nodes_1.kind = ?)"),
        ("nodes any (id = 7)", POSTGRESQL, _EXISTS + "twigs.id = nodes_1.parent_id AND nodes_1.id = %(param_1)s)"),
        ("nodes.count > 0", None, _EXISTS + "twigs.id = nodes_1.parent_id)"),
        ("nodes.count = 0", None, f"NOT ({_EXISTS}twigs.id = nodes_1.parent_id))"),
        ("nodes.count >= 3", POSTGRESQL, _EXISTS + "twigs.id = nodes_1.parent_id LIMIT 1 OFFSET %(param_1)s)"),
        ("nodes.count <= 3", SQLITE, f"NOT ({_EXISTS}twigs.id = nodes_1.parent_id LIMIT 1 OFFSET ?))"),
        (
            "nodes.count < 3",
            None,
            "(SELECT count(*) AS count_2 FROM nodes AS nodes_1 WHERE twigs.id = nodes_1.parent_id) <= :param_1",
        ),
        (
            "nodes all (kind = 'a' or name != 'b')",
            POSTGRESQL,
            f"NOT ({_EXISTS}twigs.id = nodes_1.parent_id AND (nodes_1.kind = %(param_1)s OR nodes_1.name != %(param_2)s) IS NOT TRUE))",
        ),
        (
            "nodes all (parent.name = 'a')",
            POSTGRESQL,
            f"NOT ({_EXISTS}twigs.id = nodes_1.parent_id AND NOT (EXISTS (SELECT 1 FROM nodes AS nodes_2"
            " WHERE nodes_2.id = nodes_1.parent_id AND nodes_2.name = %(param_1)s))))",
        ),
    ],
)
def test_what_an_expert_would_write(text: str, dialect: Any, expected: str) -> None:
    fields: dict[str, Any] = {
        "id": "id",
        "name": "string",
        "kind": "string",
        "parent.id": "id",
        "parent.name": "string",
    }
    of_node = {f"node.{name}": row for name, row in fields.items()}
    endpoint = kf.Endpoint("twigs", {**of_node, "nodes": fields, "many": fields})
    assert sql(endpoint, text, Twig, dialect) == expected


DOCUMENTS = Table(
    "documents",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("b", JSON().with_variant(JSONB(), "postgresql")),
    Column("j", JSON),
)
HELD = "CAST(%(param_1)s AS JSONB)"
TYPE_OF = "jsonb_typeof(CAST({} AS JSONB)) = 'string'"


@pytest.mark.parametrize(
    ("text", "dialect", "expected"),
    [
        ("b.x = 'a'", POSTGRESQL, f"documents.b @> {HELD}"),
        ("b.x = true", POSTGRESQL, f"documents.b @> {HELD}"),
        ("deep.x = 1.5", POSTGRESQL, f"documents.b @> {HELD}"),
        (
            "b.x in ['a', '\\u0000', 'b']",
            POSTGRESQL,
            f"(documents.b @> {HELD} OR documents.b @> {HELD.replace('1', '2')})",
        ),
        # not where a list could contain the value, where the caller says how, and where there is no such operator
        (
            "b = 'a'",
            POSTGRESQL,
            f"((CAST(documents.b AS JSONB) #>> '{{}}') = %(param_1)s AND {TYPE_OF.format('documents.b')})",
        ),
        (
            "given.x = 'a'",
            POSTGRESQL,
            f"((documents.b ->> %(b_1)s) = %(param_1)s AND {TYPE_OF.format('documents.b -> %(b_1)s')})",
        ),
        (
            "j.x = 'a'",
            POSTGRESQL,
            f"((documents.j ->> %(j_1)s) = %(param_1)s AND {TYPE_OF.format('documents.j -> %(j_1)s')})",
        ),
        (
            "b.x contains 'A'",
            POSTGRESQL,
            "(lower((documents.b ->> %(b_1)s)) LIKE %(param_1)s AND " + TYPE_OF.format("documents.b -> %(b_1)s") + ")",
        ),
        ("b.x = 'a'", SQLITE, "(json_extract(documents.b, ?) = ? AND json_type(documents.b, ?) = 'text')"),
        ("b.x > 5", SQLITE, "(json_extract(documents.b, ?) > ? AND json_type(documents.b, ?) IN ('integer', 'real'))"),
        ("b.x = true", SQLITE, "json_type(documents.b, ?) IN ('true')"),
    ],
)
def test_values_in_json_are_asked_for_as_indexes_serve(text: str, dialect: Any, expected: str) -> None:
    custom = kf.types.Custom
    fields: dict[str, Any] = {
        "b": "custom",
        "b.*": "custom",
        "deep.*": custom(source="b.x.y.*"),
        "j.*": "custom",
        "given.*": "custom",
    }
    columns = {
        f"{name}.*": partial(_behind, DOCUMENTS.c[key]) for name, key in (("b", "b"), ("j", "j"), ("given", "b"))
    }
    del columns["b.*"], columns["j.*"]
    assert sql(kf.Endpoint("documents", fields), text, DOCUMENTS, dialect, columns=columns) == expected


def _behind(column: Any, name: str) -> Any:
    return column[name]


@pytest.mark.parametrize("engine", ENGINES)
def test_a_value_in_json_is_where_its_path_says(engine: str) -> None:
    """Containment in PostgreSQL's sense knows more: what is elsewhere, or in lists, is not found."""
    held: list[Any] = [
        *(
            {"x": "a"},
            {"x": ["a"]},
            [{"x": "a"}],
            {"x": {"x": "a"}},
            {"y": {"x": "a"}},
            "a",
            ["a"],
            ["x", "a"],
            {"x": "A"},
        ),
        *(
            {"x": 1},
            {"x": 1.0},
            {"x": "1"},
            {"x": [1]},
            {"x": True},
            {"x": None},
            {"x": '"a"'},
            {"X": "a"},
            {"x": 'ä\\"€😀'},
        ),
        *({"0": "a"}, {"x": {"y": "a"}}, {"x": {"y": ["a"]}}, {"x": [{"y": "a"}]}, {}, []),
    ]
    fields: dict[str, Any] = {"b.*": "custom", "deep.*": kf.types.Custom(source="b.x.*"), "j.*": "custom"}
    documents = kf.Endpoint("documents", fields)
    records = [{"id": number, "b": value, "j": value} for number, value in enumerate(held)]
    with fresh_engine(engine) as made, made.begin() as connection:
        DOCUMENTS.create(connection)
        connection.execute(DOCUMENTS.insert(), records)
        values = ("'a'", "1", "'1'", "true", "'\"a\"'", "'ä\\\\\"€😀'", "'A'", "'[\"a\"]'")
        tests = [
            f"{word} {value}"
            for word in ("=", "!=", "contains", ">")
            for value in values
            if value[0] == "'" or word != "contains"
        ]
        for name in ("b.x", "b.0", "j.x", "deep.y", "deep.0"):
            for text in (
                *tests,
                "in ['a', 1, true]",
                "nin ['a', 1]",
                "is null",
                f"in [{', '.join(map(str, range(12)))}]",
            ):
                if text == "> true":
                    continue
                checked = documents.parse(f"{name} {text}")
                found = connection.scalars(
                    select(DOCUMENTS.c.id).where(where(checked, DOCUMENTS)).order_by(DOCUMENTS.c.id)
                )
                assert [*found] == [record["id"] for record in kf.compile_predicate(checked).select(records)], checked


@pytest.mark.parametrize(
    ("text", "subqueries"),
    [
        (" and ".join(f"children.count != {n + 5}" for n in range(490)), 1),
        (" or ".join(f"children.count {'<' if n % 2 else '='} {n + 5}" for n in range(490)), 1),
        (" and ".join(["children any (name = 'a')"] * 490), 1),
        (" and ".join(["(children any (name = 'a') or name = 'b')"] * 200), 1),
        (" and ".join(["gone = 'only'"] * 490), 1),
        (" or ".join(f"children any (name = 'a{n}')" for n in range(100)), 1),
        (" and ".join(f"children none (name = 'a{n}')" for n in range(100)), 1),
        (" and ".join(f"children all (name != 'a{n}')" for n in range(100)), 1),
        (" and ".join(f"children any (name contains 'a{n}')" for n in range(40)), 40),
        (" or ".join(f"parent.name {'!=' if n % 2 else 'contains'} 'a{n}'" for n in range(245)), 1),
        (" and ".join(f"parent.name {'!=' if n % 2 else 'contains'} 'a{n}'" for n in range(245)), 1),
        ("parent.name is null and parent.name is not null and parent.name = 'a'", 1),
        ("parent.name is null or parent.name is not null or parent.name = 'a'", 2),
        (" and ".join(["parent.name is null", "parent.parent.name is null"] * 245), 2),
        (" or ".join(["parent.name is null", "parent.parent.name is null"] * 245), 2),
        (" and ".join(f"(parent.name = 'a' or name != 'a{n}')" for n in range(16)), 16),
        (" and ".join(f"(parent.name = 'b' or name != 'a{n}')" for n in range(17)), 1),
        (" or ".join(f"(parent.name is null and parent.parent.name != 'a{n}')" for n in range(245)), 1),
        (" and ".join(f"(parent.name = 'a' or name != 'a{n}')" for n in range(245)), 1),
        ("children all (" + " and ".join(["parent.name is null", "parent.parent.name is null"] * 245) + ")", 2),
        (" and ".join(f"children any (parent.name is null and name != 'a{n}')" for n in range(17)), 34),
        (" and ".join(f"children any (parent.name is null or parent.name = 'a{n}')" for n in range(9)), 27),
        ("children any (data.x = 1) or children any (data.x = true)", 1),
        ("children any (data.x = 1) and children any (data.x = true)", 2),
        ("children any (name = 'a' and data.x = 1) and children any (name = 'a' or data.x = 1)", 2),
        ("children none and children any", 2),
        ("children any or children any (name = 'a')", 1),
    ],
    ids=lambda value: str(value)[:60],
)
def test_tests_that_share_an_answer_are_one_subquery(text: str, subqueries: int) -> None:
    fields: dict[str, Any] = {
        "name": "string",
        "parent.name": "string",
        "parent.parent.name": "string",
        "children": {"name": "string", "data.*": "custom", "parent.name": "string", "parent.parent.name": "string"},
    }
    scope = kf.types.Scope({"only": kf.field("children").any(kf.field("name") == "a")})
    endpoint = kf.Endpoint("nodes", {**fields, "gone": scope})
    checked = endpoint.parse(text, limits=kf.Limits.lifted())
    assert str(where(checked, Node)).count("SELECT") == subqueries
