"""What engines say differently of values in JSON. Each view of a value is null where the value is of another kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Final

from sqlalchemy import BinaryExpression, BindParameter, Boolean, Dialect, Numeric, String, cast
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import and_, json_getitem_op, json_path_getitem_op
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine

from ..columns.placing import MomentView, View
from ..columns.sql import EXACT_NUMBERS, JSON_KIND_TESTS, JSON_MOMENT_TESTS, JSON_VIEWS, JsonView, no_json
from ..columns.sqlite import sqlite_number
from .constructs import MYSQL, POSTGRESQL, Expression, said, said_condition

_TEXTUAL: Final = (*MYSQL, "duckdb")
"""Where numbers for JSON are bound as text, of which a row is made that compares exactly."""


class ExactNumber(TypeDecorator[Any]):
    """A number for what is no column. SQLite holds it as an integer or in binary, and `Numeric` would bind all in binary there."""

    impl = Numeric
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in _TEXTUAL:
            return String()
        return NullType() if dialect.name == "sqlite" else Numeric()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name in _TEXTUAL:
            return str(value)
        return sqlite_number(value) if dialect.name == "sqlite" else value


class exact_number(FunctionElement[Any]):
    """A constant that is compared with a number in JSON."""

    type = ExactNumber()
    inherit_cache = True


@said(exact_number)
def _(number: Expression) -> Expression:
    return number


@compiles(exact_number, *_TEXTUAL)
def _number_row(element: exact_number, compiler: SQLCompiler, **how: Any) -> str:
    words = EXACT_NUMBERS["duckdb" if compiler.dialect.name == "duckdb" else "mysql"]
    return words.replace("{number}", compiler.process(*element.clauses, **how))


class JsonValue(FunctionElement[Any]):
    """A value in JSON, seen in some way; null where it is of another kind."""

    inherit_cache = True
    view: ClassVar[JsonView]


class json_kind(JsonValue):
    """The kind of a JSON value as the engine calls it, `null` for JSON's own null; SQL's null or `null` for none."""

    type = String()
    inherit_cache = True
    view = "kind"


class json_text_value(JsonValue):
    """The text of a JSON string."""

    type = String()
    inherit_cache = True
    view = "text"


class json_number(JsonValue):
    """The number of a JSON number."""

    type = Numeric()
    inherit_cache = True
    view = "number"


class json_boolean(JsonValue):
    """The truth of a JSON boolean."""

    type = Boolean()
    inherit_cache = True
    view = "boolean"


class json_id(JsonValue):
    """The text of an id: of a JSON string, or of a whole number."""

    type = String()
    inherit_cache = True
    view = "id"


@compiles(JsonValue)
def _unknown_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    if compiler.dialect.name == "default":  # a condition as a text for people
        return f"{type(element).__name__}({compiler.process(*element.clauses, **how)})"
    raise no_json(compiler.dialect.name, element.view)


@compiles(JsonValue, *POSTGRESQL)
def _postgresql_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    [value] = element.clauses
    return _postgresql_words(JSON_VIEWS["postgresql"][element.view], value, compiler, **how)


def _postgresql_words(words: str, value: Expression, compiler: SQLCompiler, **how: Any) -> str:
    words = words.replace("{json}", compiler.process(cast(value, JSONB), **how)) if "{json}" in words else words
    return words.replace("{text}", compiler.process(json_text(value), **how))


@compiles(JsonValue, *MYSQL)
def _mysql_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    return JSON_VIEWS["mysql"][element.view].replace("{json}", compiler.process(*element.clauses, **how))


@compiles(JsonValue, "duckdb")
def _duckdb_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    if element.view not in JSON_VIEWS["duckdb"]:
        raise no_json("duckdb", element.view)
    return JSON_VIEWS["duckdb"][element.view].replace("{json}", f"({compiler.process(*element.clauses, **how)})")


@compiles(JsonValue, "sqlite")
def _sqlite_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    [value] = element.clauses
    return _sqlite_words(JSON_VIEWS["sqlite"][element.view], value, compiler, **how)


def _sqlite_words(words: str, value: Expression, compiler: SQLCompiler, **how: Any) -> str:
    """By the JSON around the value, and the way to it: SQLAlchemy's own words for the value turn booleans into numbers."""
    json: Any = value
    steps: list[str] = []
    while isinstance(json, Grouping) or getattr(json, "operator", None) in _JSON_STEPS:
        if isinstance(json, Grouping):
            json = json.element
        else:
            steps.insert(0, compiler.process(json.right, **how))
            json = json.left
    path = " || ".join([step if not n else f"substr({step}, 2)" for n, step in enumerate(steps)]) or "'$'"
    return words.replace("{path}", path).replace("{json}", compiler.process(json, **how))


class json_text(FunctionElement[Any]):
    """A value in JSON as PostgreSQL and SQLite show it, whatever its kind: an index of the caller's serves."""

    type = String()
    inherit_cache = True


@compiles(json_text, *POSTGRESQL)
def _postgresql_json_text(element: json_text, compiler: SQLCompiler, **how: Any) -> str:
    [value] = element.clauses
    if isinstance(value, BinaryExpression) and value.operator in _JSON_STEPS:
        return f"({compiler.process(value.left, **how)} {_JSON_STEPS[value.operator]} {compiler.process(value.right, **how)})"
    return f"({compiler.process(cast(value, JSONB), **how)} #>> '{{}}')"


@compiles(json_text, "sqlite")
def _sqlite_json_text(element: json_text, compiler: SQLCompiler, **how: Any) -> str:
    [value] = element.clauses
    return _sqlite_words("json_extract({json}, {path})", value, compiler, **how)


_JSON_STEPS: Final[dict[Any, str]] = {json_getitem_op: "->>", json_path_getitem_op: "#>>"}


class json_test(said_condition):
    """A condition on a value in JSON where it is of one kind; `bare`, the same of the value whatever it is, in other words."""

    inherit_cache = True
    view: ClassVar[View]

    def __init__(self, value: Expression, condition: Expression, bare: Expression) -> None:
        super().__init__(value, condition, bare)


class json_text_test(json_test):
    """A condition on a JSON string."""

    inherit_cache = True
    view = "text"


class json_number_test(json_test):
    """A condition on a JSON number."""

    inherit_cache = True
    view = "number"


class json_boolean_test(json_test):
    """A condition on a JSON boolean; in other words, on its kind."""

    inherit_cache = True
    view = "boolean"


@compiles(json_test)
def _json_test(element: json_test, compiler: SQLCompiler, **how: Any) -> str:
    _, condition, _ = element.clauses
    return compiler.process(condition, **how)


@compiles(json_test, *POSTGRESQL)
def _postgresql_json_test(element: json_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition, bare = element.clauses
    test = JSON_KIND_TESTS["postgresql"].get(element.view)
    if test is None:
        return compiler.process(condition, **how)
    return f"({_grouped(bare, compiler, **how)} AND {_postgresql_words(test, value, compiler, **how)})"


@compiles(json_test, "sqlite")
def _sqlite_json_test(element: json_test, compiler: SQLCompiler, **how: Any) -> str:
    value, _, bare = element.clauses
    test = JSON_KIND_TESTS["sqlite"].get(element.view)
    if test is None:
        return compiler.process(bare, **how)
    return f"({_grouped(bare, compiler, **how)} AND {_sqlite_words(test, value, compiler, **how)})"


def _grouped(condition: Expression, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(condition.self_group(against=and_), **how)


class json_moment_test(said_condition):
    """A condition on `JSON_SEEN`, the date or timestamp that a JSON string writes in the form of a view; null where it writes none."""

    inherit_cache = True
    view: ClassVar[MomentView]

    def __init__(self, value: Expression, condition: Expression) -> None:
        super().__init__(value, condition)


class json_day_test(json_moment_test):
    """A condition on a date."""

    inherit_cache = True
    view = "day"


class json_wall_test(json_moment_test):
    """A condition on a timestamp without offset."""

    inherit_cache = True
    view = "wall"


class json_instant_test(json_moment_test):
    """A condition on a timestamp with offset."""

    inherit_cache = True
    view = "instant"


JSON_SEEN: Final = "kf_seen.seen"


@compiles(json_moment_test)
def _json_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = element.clauses
    if compiler.dialect.name != "default":
        raise no_json(compiler.dialect.name, element.view)
    said = [compiler.process(each, **how) for each in (value, condition)]
    return f"{type(element).__name__}({', '.join(said)})"


@compiles(json_moment_test, *POSTGRESQL)
def _postgresql_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = element.clauses
    words = _postgresql_words(JSON_MOMENT_TESTS["postgresql"][element.view], value, compiler, **how)
    return words.replace("{test}", compiler.process(condition, **how))


@compiles(json_moment_test, "sqlite")
def _sqlite_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = element.clauses
    words = _sqlite_words(JSON_MOMENT_TESTS["sqlite"][element.view], value, compiler, **how)
    return words.replace("{test}", compiler.process(condition, **how))


@compiles(json_moment_test, *MYSQL)
def _mysql_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = [compiler.process(each, **how) for each in element.clauses]
    words = JSON_MOMENT_TESTS["mysql"][element.view].replace("{json}", value)
    return words.replace("{test}", condition.replace(JSON_SEEN, "kf_seen"))


class BoundJson(TypeDecorator[str]):
    """The text of JSON, bound as of no type: a plan for any value would read a text again for each row."""

    impl = String
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return NullType()

    def process_literal_param(self, value: Any, dialect: Dialect) -> str:
        shown: str = String().literal_processor(dialect)(value)  # type: ignore[no-untyped-call]
        return shown


_JSON_TEXT: Final = BoundJson()


class json_contains(said_condition):
    """A column of JSON contains one of some objects, each the text of one; where no index could serve that, the condition that means it."""

    inherit_cache = True
    enough: ClassVar[bool] = True
    """Whether what contains one fulfils the condition."""

    def __init__(self, column: Expression, condition: Expression, objects: Sequence[str]) -> None:
        super().__init__(column, condition, *[BindParameter(None, text, _JSON_TEXT, unique=True) for text in objects])


@compiles(json_contains)
def _json_contains(element: json_contains, compiler: SQLCompiler, **how: Any) -> str:
    column, condition, *objects = element.clauses
    stored = column.type.dialect_impl(compiler.dialect)
    if not isinstance(stored, JSONB):
        return compiler.process(condition, **how)
    said = compiler.process(column, **how)
    contained = [f"{said} @> {compiler.process(cast(text, JSONB), **how)}" for text in objects]
    found = contained[0] if len(contained) == 1 else f"({' OR '.join(contained)})"
    return found if element.enough else f"({found} AND {_grouped(condition, compiler, **how)})"


class json_may_contain(json_contains):
    """The same of objects that contain what is sought, but more, too."""

    inherit_cache = True
    enough = False
