"""What engines say differently of texts, numbers and timestamps."""

from __future__ import annotations

from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final

from sqlalchemy import (
    BinaryExpression,
    BindParameter,
    Boolean,
    Date,
    DateTime,
    Dialect,
    Engine,
    Float,
    Function,
    Numeric,
    String,
    Text,
    case,
    cast,
    collate,
    event,
    func,
    literal_column as verbatim,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.sql.operators import in_op, like_op
from sqlalchemy.types import NullType, TypeDecorator, TypeEngine, to_instance

from ..columns.duckdb import DUCKDB_FLOAT_TEXT
from ..columns.mysql import EXACT_COLLATIONS, MYSQL_FLOAT_TEXT, MYSQL_JSON_NUMBER_TEXT, MYSQL_LOWER, MYSQL_UTF8
from ..columns.patterns import glob_spelling, like_spelling
from ..columns.sqlite import SQLITE_NUMBER_TEXT, SQLITE_TIMESTAMP, SQLITE_TIMESTAMP_COMPARISONS, python_lower
from .constructs import MYSQL, POSTGRESQL, Expression, said
from .json_dialects import JsonValue, json_number


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


# text


class BoundPattern(TypeDecorator[str]):
    """A pattern of the language, bound as the engine's own: of `GLOB` on SQLite, whose `LIKE` ignores case, else of `LIKE`."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        if dialect.name == "sqlite":
            return glob_spelling(value)
        if dialect.name in POSTGRESQL:
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


@compiles(fits, *POSTGRESQL)
def _postgresql_fits(element: fits, compiler: SQLCompiler, **how: Any) -> str:
    """By the escape that needs no word: with another one, a plan for any pattern would read the pattern again for each row."""
    return compiler.process(element.left.like(element.right), **how)


@compiles(fits, *MYSQL)
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


@compiles(lower_case, *MYSQL)
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


@compiles(same_text, *MYSQL)
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


@said(by_code_point)
def _(text: Expression) -> Expression:
    return text


@said(by_code_point, "postgresql")
def _(text: Expression) -> Expression:
    return collate(text, "C")


@compiles(by_code_point, *MYSQL)
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


@said(number_as_text)
def _plain(number: Expression) -> Expression:
    text = cast(number, String(100))
    return case((text.like(verbatim("'%.%'")), _without_trailing(".", _without_trailing("0", text))), else_=text)


def _without_trailing(character: str, text: Expression) -> Expression:
    return func.trim(verbatim(f"TRAILING '{character}'").op("FROM")(text))


@said(number_as_text, "postgresql")
def _(number: Expression) -> Expression:
    shown = cast(number, Text) if isinstance(number.type, Float) else number
    return cast(func.trim_scale(cast(shown, Numeric)), Text)


@compiles(number_as_text, *MYSQL)
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


@said(number_as_text, "clickhouse")
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


@said(timestamp)
def _(stored: Expression) -> Expression:
    return stored


@said(timestamp, "clickhouse")
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
