"""DuckDB: conditions on the records of a list are lambdas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, Final

import duckdb
from duckdb import ColumnExpression, ConstantExpression, Expression, FunctionExpression, LambdaExpression

from ..columns.lines import Booleans, Days, Floats, Numbers, Storage, Stored, Texts, Uuids
from ..columns.patterns import automaton
from .engine import NULLS, Engine, Held, ListOf, MapOf, Operations, StructOf, Typed, timestamps

STORED: Final[Mapping[str, Storage]] = {
    **{
        f"{name}int": Numbers.integers(bits, signed=True)
        for name, bits in (("tiny", 8), ("small", 16), ("big", 64), ("huge", 128))
    },
    **{
        f"u{name}int": Numbers.integers(bits, signed=False)
        for name, bits in (("tiny", 8), ("small", 16), ("big", 64), ("huge", 128))
    },
    "integer": Numbers.integers(32, signed=True),
    "uinteger": Numbers.integers(32, signed=False),
    **dict.fromkeys(("float", "double"), Floats()),
    **dict.fromkeys(("varchar", "enum"), Texts()),
    "uuid": Uuids(),
    "boolean": Booleans(),
    "date": Days(),
    "timestamp_s": timestamps("s", False),
    "timestamp_ms": timestamps("ms", False),
    "timestamp": timestamps("us", False),
    "timestamp_ns": timestamps("ns", False),
    "timestamp with time zone": timestamps("us", True),
    "null": NULLS,
}
"""What types hold, by their ids."""

PLAIN: Final = {"enum": duckdb.sqltype("VARCHAR"), "float": duckdb.sqltype("DOUBLE")}
"""Types to be compared as another one."""


def call(name: str, value: Expression, *operands: str) -> Expression:
    """A function of a value and constants."""
    return FunctionExpression(name, value, *map(ConstantExpression, operands))


class DuckDbEngine(Engine[Expression]):
    """DuckDB's relations."""

    name = "DuckDB"
    expressions = Expression
    operations = Operations(
        field=lambda value, name: call("struct_extract", value, name),
        key=lambda value, name: call("map_extract_value", value, name),
        is_null=Expression.isnull,
        known=lambda condition: duckdb.CoalesceOperator(condition, ConstantExpression(False)),
        lower=lambda text: call("lower", text),
        contains=lambda text, part: call("contains", text, part),
        starts=lambda text, part: call("starts_with", text, part),
        ends=lambda text, part: call("ends_with", text, part),
        matches=lambda text, pattern: call("regexp_matches", text, pattern),
        pattern=automaton,
        written=lambda number: number.cast(PLAIN["enum"]),
        stripped=lambda text, mark: call("rtrim", text, mark),
        length=lambda lists: duckdb.CoalesceOperator(call("len", lists), ConstantExpression(0)),
    )

    def __init__(self, frame: duckdb.DuckDBPyRelation) -> None:
        self.frame = frame
        self.types = dict(zip(frame.columns, frame.types, strict=True))
        self.numbers = count(1)

    def column(self, name: str) -> Expression:
        return ColumnExpression(name)

    def typed(self, value: Expression) -> Typed:
        return Typed(value, self.frame.select(value).types[0])

    def held(self, type: Any) -> Held:
        match type.id:
            case "list":
                return ListOf(type.children[0][1])
            case "struct":
                return StructOf(dict(type.children))
            case "map":
                return MapOf(type.children[1][1]) if type.children[0][1].id == "varchar" else None
            case "decimal":
                return Numbers.decimals(*[number for _, number in type.children])
        return STORED.get(type.id)

    def plain(self, value: Expression, type: Any) -> Typed:
        return Typed(value.cast(PLAIN[type.id]), PLAIN[type.id]) if type.id in PLAIN else Typed(value, type)

    def everywhere(self, value: bool) -> Expression:
        return ConstantExpression(value)

    def constant(self, value: Stored, type: Any) -> Expression:
        return ConstantExpression(value)

    def one_of(self, value: Expression, constants: Sequence[Stored], type: Any) -> Expression:
        return value.isin(*map(ConstantExpression, constants))

    def element(self, lists: Expression) -> Expression:
        return ColumnExpression(f"element {next(self.numbers)}")

    def exists(self, lists: Expression, element: Expression, condition: Expression) -> Expression:
        passed = FunctionExpression("list_transform", lists, LambdaExpression(element.get_name(), condition))
        return duckdb.CoalesceOperator(
            FunctionExpression("list_contains", passed, ConstantExpression(True)), ConstantExpression(False)
        )
