"""What engines say differently: constructs that get their words when a statement is compiled for a dialect."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, ClassVar, Final

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Dialect,
    Engine,
    Exists,
    Float,
    Function,
    Integer,
    Numeric,
    String,
    Text,
    case,
    cast,
    collate,
    event,
    false,
    func,
    literal_column as verbatim,
    not_,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import Grouping
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import and_, in_op, json_getitem_op, json_path_getitem_op, like_op
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine, to_instance

from ...errors import Problem, UnsupportedFilterError
from ..columns.duckdb import DUCKDB_FLOAT_TEXT
from ..columns.mysql import EXACT_COLLATIONS, MYSQL_FLOAT_TEXT, MYSQL_JSON_NUMBER_TEXT, MYSQL_LOWER, MYSQL_UTF8
from ..columns.patterns import glob_spelling, like_spelling
from ..columns.placing import MomentView, View
from ..columns.sql import EXACT_NUMBERS, JSON_KIND_TESTS, JSON_MOMENT_TESTS, JSON_VIEWS, JsonView, no_json
from ..columns.sqlite import (
    SQLITE_NUMBER_TEXT,
    SQLITE_TIMESTAMP,
    SQLITE_TIMESTAMP_COMPARISONS,
    python_lower,
    sqlite_number,
)

Expression = ColumnElement[Any]

_MYSQL: Final = ("mysql", "mariadb")
_POSTGRESQL: Final = ("postgresql", "cockroachdb")

_TEXTUAL: Final = (*_MYSQL, "duckdb")
"""Where numbers for JSON are bound as text, of which a row is made that compares exactly."""


def prepare_sqlite(engine: Engine) -> None:
    """Let `lower` know all of Unicode on this SQLite engine's connections, as Python does.

    SQLite's own knows ASCII only, so without this a case-insensitive text operator does not match `Ü` with `ü`. Call it once, when the
    engine is made; of an asynchronous engine give the `sync_engine`. It leaves engines of other databases as they are.
    """
    if engine.dialect.name != "sqlite":
        return

    def register(connection: Any, record: object) -> None:
        connection.create_function("lower", 1, python_lower, deterministic=True)

    event.listen(engine, "connect", register)


def _said(
    construct: type[FunctionElement[Any]], *dialects: str
) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Decorates a function that gives what a construct means on these dialects, or on all others."""

    def register(expressed: Callable[..., Expression]) -> Callable[..., Expression]:
        def compile(element: FunctionElement[Any], compiler: SQLCompiler, **how: Any) -> str:
            return compiler.process(expressed(*element.clauses), **how)

        compiles(construct, *dialects)(compile)
        return expressed

    return register


class said_condition(FunctionElement[bool]):
    """A condition that has words of its own."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> said_condition:
        """Itself: in a group of conditions SQLAlchemy would compare it with 1 where an engine has no booleans, and no index serve."""
        return self


class parenthesized(said_condition):
    """A condition in parentheses that SQLAlchemy does not take away."""

    inherit_cache = True


class uncached(parenthesized):
    """A condition whose statement SQLAlchemy compiles each time and does not keep."""

    inherit_cache = False


@compiles(parenthesized)
@compiles(uncached)
def _parenthesized(element: parenthesized, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(*element.clauses, **how)})"


class reaches(said_condition):
    """A row elsewhere exists, or none does; in other words, a value of this row is among those of the rows there, or is not.

    Planners know that the two are the same. SQLite's does not, and takes the words for what is to be done.
    """

    inherit_cache = True


class more_than(said_condition):
    """A number of rows is more, or not more, than a constant; in other words, a row beyond so many exists, or does not."""

    inherit_cache = True


@_said(reaches)
@_said(more_than)
def _(condition: Expression, other_words: Expression) -> Expression:
    return condition


@_said(reaches, "sqlite", "clickhouse")
@_said(more_than, "sqlite", "mariadb", *_POSTGRESQL)
def _(condition: Expression, other_words: Expression) -> Expression:
    return other_words


class over_nothing(FunctionElement[int]):
    """What a subquery counts, and what it should count where there are no rows: ClickHouse then answers NULL."""

    type = Integer()
    inherit_cache = True

    def __init__(self, counted: Expression, of_nothing: int) -> None:
        super().__init__(counted, verbatim(str(of_nothing)))


@_said(over_nothing)
def _(counted: Expression, of_nothing: Expression) -> Expression:
    return counted


@_said(over_nothing, "clickhouse")
def _(counted: Expression, of_nothing: Expression) -> Expression:
    return func.coalesce(counted, of_nothing)


class SameName(FunctionElement[Any]):
    """What stands before a subquery that has the table around it under another name, on engines that confuse the two."""

    inherit_cache = True


@compiles(SameName)
def _same_name(element: SameName, compiler: SQLCompiler, **how: Any) -> str:
    message = (
        f"A table related to itself cannot be filtered on {compiler.dialect.name}, which takes the table's own name for that of"
        " its alias in a subquery; give an alias of the model"
    )
    raise UnsupportedFilterError(Problem("unsupported", message))


same_name: Final = SameName()


class is_not_true(said_condition):
    """A condition is false or unknown."""

    inherit_cache = True


@_said(is_not_true)
def _(condition: Expression) -> Expression:
    known = _never_unknown(condition)
    return not_(func.coalesce(condition, false()) if known is None else known)


@_said(is_not_true, "mssql", "oracle")
def _(condition: Expression) -> Expression:
    return case((condition, 0), else_=1) == 1  # a condition is no value there


@_said(is_not_true, *_POSTGRESQL)
def _(condition: Expression) -> Expression:
    known = _never_unknown(condition)
    return _is_not(condition) if known is None else not_(known)


@_said(is_not_true, "sqlite")
def _is_not(condition: Expression) -> Expression:
    return parenthesized(condition).bool_op("IS NOT")(verbatim("TRUE"))


def _never_unknown(condition: Expression) -> Expression | None:
    """That a row exists, a condition that planners see through."""
    if isinstance(condition, reaches):
        [condition, _] = condition.clauses
    return condition if isinstance(condition, Exists) else None


# text


class BoundPattern(TypeDecorator[str]):
    """A pattern of the language, bound as the engine's own: of `GLOB` on SQLite, whose `LIKE` ignores case, else of `LIKE`."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        if dialect.name == "sqlite":
            return glob_spelling(value)
        if dialect.name in _POSTGRESQL:
            return like_spelling(value, escape="\\")
        return like_spelling(value, special="%_[" if dialect.name == "mssql" else "%_")


class fits(BinaryExpression[bool]):
    """Whether a text fits a pattern of the language, with regard to case."""

    inherit_cache = True

    def __init__(self, text: Expression, pattern: str) -> None:
        bound = BindParameter(None, pattern, _PATTERN, unique=True)
        super().__init__(text, bound, like_op, _BOOLEAN, modifiers=_ESCAPED)


_PATTERN: Final = BoundPattern()
_BOOLEAN: Final = Boolean()
_ESCAPED: Final = {"escape": "/"}


@compiles(fits, "sqlite")
def _glob(element: fits, compiler: SQLCompiler, **how: Any) -> str:
    return compiler.process(element.left.bool_op("GLOB")(element.right), **how)


@compiles(fits, *_POSTGRESQL)
def _postgresql_fits(element: fits, compiler: SQLCompiler, **how: Any) -> str:
    """By the escape that needs no word: with another one, a plan for any pattern would read the pattern again for each row."""
    return compiler.process(element.left.like(element.right), **how)


@compiles(fits, *_MYSQL)
def _mysql_fits(element: fits, compiler: SQLCompiler, **how: Any) -> str:
    text: Expression = by_code_point(element.left)
    if _is_exact(element.left):
        text = func.concat(
            element.left, verbatim("''")
        )  # no column, since MariaDB's index lacks what begins with characters beyond U+FFFF
    return compiler.process(text.like(element.right, escape="/"), **how)


class lower_case(Function[str]):
    """A text in lower case."""

    type = String()
    inherit_cache = True

    def __init__(self, text: Expression) -> None:
        super().__init__("lower", text)


@compiles(lower_case, *_MYSQL)
def _mysql_lower(element: lower_case, compiler: SQLCompiler, **how: Any) -> str:
    return MYSQL_LOWER.replace("{text}", compiler.process(*element.clauses, **how))


@compiles(lower_case, "clickhouse")
def _clickhouse_lower(element: lower_case, compiler: SQLCompiler, **how: Any) -> str:
    return f"lowerUTF8({compiler.process(*element.clauses, **how)})"


class same_text(BinaryExpression[bool]):
    """A text that is equal to a constant, or one of several, or not; `known` of ASCII, which is in every character set."""

    inherit_cache = True

    def __init__(self, comparison: BinaryExpression[bool], known: bool) -> None:
        super().__init__(comparison.left, comparison.right, comparison.operator, _BOOLEAN, modifiers={"known": known})


@compiles(same_text, *_MYSQL)
def _mysql_same_text(element: same_text, compiler: SQLCompiler, **how: Any) -> str:
    """Exactly, and before that by the column's collation, which its index has."""
    found = compiler.process(element.operator(by_code_point(element.left), element.right), **how)
    indexed = not isinstance(element.left, JsonValue) and not _is_exact(element.left)
    if indexed and element.operator in (eq, in_op) and element.modifiers["known"]:
        found = f"({compiler.process(element.operator(element.left, element.right), **how)} AND {found})"
    return found


class by_code_point(FunctionElement[str]):
    """A text that compares by code point, whatever the collation."""

    type = String()
    inherit_cache = True


@_said(by_code_point)
def _(text: Expression) -> Expression:
    return text


@_said(by_code_point, "postgresql")
def _(text: Expression) -> Expression:
    return collate(text, "C")


@compiles(by_code_point, *_MYSQL)
def _mysql_text(element: by_code_point, compiler: SQLCompiler, **how: Any) -> str:
    [text] = element.clauses
    said = compiler.process(text, **how)
    if _is_exact(text):
        return said
    if not isinstance(text, lower_case):
        said = MYSQL_UTF8.replace("{text}", said)
    return f"{said} COLLATE {EXACT_COLLATIONS[getattr(compiler.dialect, 'is_mariadb', False)]}"


def _is_exact(text: Expression) -> bool:
    """Whether MySQL and MariaDB compare a text by code point as it is."""
    return getattr(text.type, "collation", None) in EXACT_COLLATIONS.values()


class number_as_text(FunctionElement[str]):
    """A number as text, in plain decimal without trailing zeros."""

    type = String()
    inherit_cache = True


@_said(number_as_text)
def _plain(number: Expression) -> Expression:
    text = cast(number, String(100))
    return case((text.like(verbatim("'%.%'")), _without_trailing(".", _without_trailing("0", text))), else_=text)


def _without_trailing(character: str, text: Expression) -> Expression:
    return func.trim(verbatim(f"TRAILING '{character}'").op("FROM")(text))


@_said(number_as_text, "postgresql")
def _(number: Expression) -> Expression:
    shown = cast(number, Text) if isinstance(number.type, Float) else number
    return cast(func.trim_scale(cast(shown, Numeric)), Text)


@compiles(number_as_text, *_MYSQL)
def _mysql_number_text(element: number_as_text, compiler: SQLCompiler, **how: Any) -> str:
    [number] = element.clauses
    if isinstance(number, json_number):
        return MYSQL_JSON_NUMBER_TEXT.replace("{json}", compiler.process(*number.clauses, **how))
    if isinstance(number.type, Float):
        return MYSQL_FLOAT_TEXT.replace("{number}", compiler.process(number, **how))
    return compiler.process(_plain(number), **how)


@compiles(number_as_text, "duckdb")
def _duckdb_number_text(element: number_as_text, compiler: SQLCompiler, **how: Any) -> str:
    [number] = element.clauses
    if isinstance(number, json_number):
        return DUCKDB_FLOAT_TEXT.replace("{number}", f"({compiler.process(number, **how)})[1]")
    if isinstance(number.type, Float):
        return DUCKDB_FLOAT_TEXT.replace("{number}", compiler.process(number, **how))
    return compiler.process(_plain(number), **how)


@_said(number_as_text, "clickhouse")
def _(number: Expression) -> Expression:
    return func.toString(number)


@compiles(number_as_text, "sqlite")
def _sqlite_number_text(element: number_as_text, compiler: SQLCompiler, **how: Any) -> str:
    return SQLITE_NUMBER_TEXT.replace("{number}", compiler.process(*element.clauses, **how))


# timestamps


class BoundDate(TypeDecorator[Any]):
    """A date that is compared. ClickHouse's drivers write years before 1000 with three digits, so it is bound as text there."""

    impl = Date
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String() if dialect.name == "clickhouse" else Date()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value.isoformat() if dialect.name == "clickhouse" else value


class BoundTimestamp(TypeDecorator[Any]):
    """A timestamp that is compared. ClickHouse's drivers cut one off at the second, so it is bound as text there."""

    impl = DateTime
    cache_ok = True

    def __init__(self, timezone: bool = False) -> None:
        super().__init__(timezone)
        self.timezone = timezone

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return String() if dialect.name == "clickhouse" else DateTime(self.timezone)

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        return value.replace(tzinfo=None).isoformat(" ", "microseconds") if dialect.name == "clickhouse" else value


class timestamp(FunctionElement[Any]):
    """A timestamp; on SQLite, its text as SQLAlchemy would write it."""

    inherit_cache = True

    def __init__(self, stored: Expression) -> None:
        super().__init__(stored)
        self.type = stored.type


@_said(timestamp)
def _(stored: Expression) -> Expression:
    return stored


@_said(timestamp, "clickhouse")
def _(stored: Expression) -> Expression:
    return func.toTimeZone(stored, verbatim("'UTC'")) if _is_aware(stored) else stored


def _is_aware(timestamp: Expression) -> bool:
    return bool(getattr(unwrapped(timestamp.type), "timezone", False))


def unwrapped(type: TypeEngine[Any]) -> TypeEngine[Any]:
    """The type in ClickHouse's `Nullable` and `LowCardinality`."""
    while hasattr(type, "nested_type"):
        type = to_instance(type.nested_type)
    return type


@compiles(timestamp, "sqlite")
def _sqlite_timestamp(element: timestamp, compiler: SQLCompiler, **how: Any) -> str:
    return SQLITE_TIMESTAMP.replace("{stored}", compiler.process(*element.clauses, **how))


class timestamp_comparison(BinaryExpression[bool]):
    """A timestamp compared with a constant."""

    inherit_cache = True

    def __init__(self, stored: Expression, operator: str, constant: Expression) -> None:
        super().__init__(stored, constant, _COMPARISONS[operator], _BOOLEAN)


@compiles(timestamp_comparison, "clickhouse")
def _clickhouse_timestamp_comparison(element: timestamp_comparison, compiler: SQLCompiler, **how: Any) -> str:
    """A text would be read in the time zone of the column."""
    constant = element.right
    if _is_aware(constant):
        constant = func.toDateTime64(constant, verbatim("6"), verbatim("'UTC'"))
    return compiler.process(element.operator(element.left, constant), **how)


_COMPARISONS: Final[dict[str, Any]] = {"eq": eq, "ne": ne, "lt": lt, "lte": le, "gt": gt, "gte": ge}
_SPELLINGS: Final = {compare: SQLITE_TIMESTAMP_COMPARISONS[name] for name, compare in _COMPARISONS.items()}


@compiles(timestamp_comparison, "sqlite")
def _sqlite_timestamp_comparison(element: timestamp_comparison, compiler: SQLCompiler, **how: Any) -> str:
    stored, constant = compiler.process(element.left, **how), compiler.process(element.right, **how)
    return _SPELLINGS[element.operator].replace("{stored}", stored).replace("{constant}", constant)


# JSON: each view of a value is null where the value is of another kind


class ColumnNumber(TypeDecorator[Any]):
    """A number for a column of exact numbers. The engines of DuckDB and ClickHouse compare such ones; their dialects bind all in binary."""

    impl = Numeric
    cache_ok = True

    def __init__(self, fitting: bool = False) -> None:
        """`fitting`: the column can hold it, which need not be asked."""
        super().__init__()
        self.fitting = fitting

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "clickhouse" and self.fitting:
            return String()
        return NullType() if dialect.name == "duckdb" else Numeric()

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if dialect.name == "clickhouse" and self.fitting:
            return str(value)
        if dialect.name == "duckdb" and not self.fitting:
            # Beside a column of 18 digits, the greatest that DuckDB has without being told, all are to have 38.
            return value if value.adjusted() < 20 and value.as_tuple().exponent >= -18 else float(value)
        return value


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


@_said(exact_number)
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


@compiles(JsonValue, *_POSTGRESQL)
def _postgresql_json(element: JsonValue, compiler: SQLCompiler, **how: Any) -> str:
    [value] = element.clauses
    return _postgresql_words(JSON_VIEWS["postgresql"][element.view], value, compiler, **how)


def _postgresql_words(words: str, value: Expression, compiler: SQLCompiler, **how: Any) -> str:
    words = words.replace("{json}", compiler.process(cast(value, JSONB), **how)) if "{json}" in words else words
    return words.replace("{text}", compiler.process(json_text(value), **how))


@compiles(JsonValue, *_MYSQL)
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


@compiles(json_text, *_POSTGRESQL)
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


@compiles(json_test, *_POSTGRESQL)
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


@compiles(json_moment_test, *_POSTGRESQL)
def _postgresql_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = element.clauses
    words = _postgresql_words(JSON_MOMENT_TESTS["postgresql"][element.view], value, compiler, **how)
    return words.replace("{test}", compiler.process(condition, **how))


@compiles(json_moment_test, "sqlite")
def _sqlite_moment_test(element: json_moment_test, compiler: SQLCompiler, **how: Any) -> str:
    value, condition = element.clauses
    words = _sqlite_words(JSON_MOMENT_TESTS["sqlite"][element.view], value, compiler, **how)
    return words.replace("{test}", compiler.process(condition, **how))


@compiles(json_moment_test, *_MYSQL)
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
