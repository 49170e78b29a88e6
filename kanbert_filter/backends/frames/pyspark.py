"""PySpark: conditions on the records of an array are functions of Python that Spark calls once, to see what they say."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any, Final

from pyspark.sql import Column, functions as F, types as T

from ..columns.lines import Booleans, Days, Floats, Numbers, Storage, Stored, Texts
from ..columns.patterns import backtracking
from .engine import NULLS, Engine, Held, ListOf, MapOf, Operations, StructOf, Typed, by_name, timestamps

STORED: Final[Mapping[str, Storage]] = {
    **{
        name: Numbers.integers(bits, signed=True)
        for name, bits in (("tinyint", 8), ("smallint", 16), ("int", 32), ("bigint", 64))
    },
    **dict.fromkeys(("float", "double"), Floats()),
    "string": Texts(),  # of no collation but Spark's own
    "boolean": Booleans(),
    "date": Days(),
    "timestamp": timestamps("us", True),
    "timestamp_ntz": timestamps("us", False),
    "void": NULLS,
}
"""What types hold, by what SQL calls them."""


class SparkEngine(Engine[Column]):
    """PySpark."""

    name = "PySpark"
    expressions = Column
    operations = Operations(
        field=lambda value, name: value.getField(name),
        key=lambda value, name: value.getItem(name),
        is_null=Column.isNull,
        known=lambda condition: F.coalesce(condition, F.lit(False)),
        lower=F.lower,
        contains=lambda text, part: text.contains(F.lit(part)),
        starts=lambda text, part: text.startswith(F.lit(part)),
        ends=lambda text, part: text.endswith(F.lit(part)),
        matches=lambda text, pattern: text.rlike(pattern),
        pattern=lambda pattern: backtracking(pattern, r"\z"),
        written=lambda number: number.cast("string"),
        stripped=lambda text, mark: F.rtrim(text, F.lit(mark)),
        length=lambda lists: F.coalesce(F.array_size(lists), F.lit(0)),
    )

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.types = by_name((field.name, field.dataType) for field in frame.schema.fields)

    def column(self, name: str) -> Column:
        return F.col(f"`{name.replace('`', '``')}`")  # else a dot is a path

    def typed(self, value: Column) -> Typed:
        return Typed(value, self.frame.select(value).schema[0].dataType)

    def held(self, type: T.DataType) -> Held:
        match type:
            case T.ArrayType():
                return ListOf(type.elementType)
            case T.StructType():
                return StructOf(by_name((field.name, field.dataType) for field in type.fields))
            case T.MapType():
                return MapOf(type.valueType) if isinstance(type.keyType, T.StringType) else None
            case T.DecimalType():
                return Numbers.decimals(type.precision, type.scale)
        return STORED.get(type.simpleString())

    def plain(self, value: Column, type: T.DataType) -> Typed:
        if isinstance(type, T.FloatType):
            return Typed(value.cast("double"), T.DoubleType())
        return Typed(value, type)

    def everywhere(self, value: bool) -> Column:
        return F.lit(value)

    def constant(self, value: Stored, type: T.DataType) -> Column:
        """PySpark shifts early dates to the Julian calendar and wall times to the machine's zone: it gets texts."""
        return F.lit(value.isoformat()).cast(type) if isinstance(value, date) else F.lit(value)

    def one_of(self, value: Column, constants: Sequence[Stored], type: T.DataType) -> Column:
        return value.isin(*[self.constant(constant, type) for constant in constants])

    def element(self, lists: Column) -> Column:
        return lists.getItem(0)

    def some(self, lists: Column, test: Callable[[Column], Column | bool]) -> Column:
        """Spark names the item itself, when it calls the function."""

        def passes(item: Column) -> Column:
            condition = test(item)
            return F.lit(condition) if isinstance(condition, bool) else condition

        return F.coalesce(F.exists(lists, passes), F.lit(False))
