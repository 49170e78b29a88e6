"""A checked filter as a Narwhals expression: for Polars, pandas, PyArrow, DuckDB and PySpark.

The expression is made for one frame: the schema tells where each field is and what its column can hold, so that every
constant is written as the column holds it and the engine only compares. What an engine would answer differently is
written differently for it, or refused when compiling; nothing is left to be found out on the data.

Decisions where the language's contract is silent:

- A field that a wildcard admitted and no column holds is null everywhere; any other field without a column is an error.
- Where a test meets a null the expression may be null itself, which `filter` counts as false: engines can skip what
  their statistics rule out.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest
from typing import Any, Final, NamedTuple, assert_never, cast

import narwhals as nw
from narwhals.dtypes import DType

from ...checked import CheckedFilter
from ...context import Context, Edge
from ...endpoints.field_table import FieldTable
from ...errors import Problem, UnsupportedFilterError, quoted
from ...meaning.lowering import column_of, lower
from ...meaning.patterns import pieces
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Constant,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from ..columns.lines import (
    Booleans,
    Cut,
    Days,
    FirstInstants,
    Floats,
    Line,
    Moments,
    NumberIds,
    Numbers,
    Stored,
    Texts,
    instants_of_walls,
    walls_of_instants,
)
from .engines import Comparison, Engine

Place = str | nw.Expr
"""A column: its name in the frame, or an expression that gives it."""

Columns = Mapping[str, "Place | Callable[..., Place | None]"]
"""Where fields are, by their paths; a path with wildcards may have a function of the segments they admitted."""

MAX_DECIMALS: Final = 6
"""Engines agree on how a Decimal of so many decimals is written; with more, some write small ones with an exponent."""

MAX_RUNS: Final = 100
"""More `%` than this are refused: the time Rust's and RE2's expressions take grows with them."""


def where(
    checked: CheckedFilter, frame: Any, context: Context | None = None, *, columns: Columns | None = None
) -> nw.Expr:
    """The filter as an expression for `filter` of this frame, or of another of the same engine and schema.

    `frame` is a Narwhals frame or one of an engine's own, eager or lazy; only its schema is looked at. A field is in
    the column of its name (or its type's `source`), else a field of a struct column or a key of a map column;
    `columns` tells where fields are that are elsewhere.

    Raises `UnsupportedFilterError` for what the engine cannot say, `ContextError` if the filter needs what the context
    lacks, and `LookupError` for a field that has no column, or one that cannot hold its values.

    >>> import kanbert_filter as kf, narwhals as nw, polars as pl
    >>> from kanbert_filter.backends.frames import where
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> frame = nw.from_native(pl.DataFrame({"title": ["Acme", "ACME Corp", None], "budget": [1, 2500, 3000]}))
    >>> frame.filter(where(projects.parse('title contains "acme" and budget >= 1000'), frame)).rows()
    [('ACME Corp', 2500)]
    """
    context = context or Context()
    data = _Data(nw.from_native(frame), context, columns or {})
    condition = _Translation(data).condition(lower(checked, context))
    return condition if isinstance(condition, nw.Expr) else data.everywhere(condition)


def verify(endpoint: FieldTable, frame: Any, *, columns: Columns | None = None) -> None:
    """Raise `LookupError` if some field of the endpoint has no column in such a frame, or one that cannot hold it.

    To be called when a program starts, so that no request meets it first. Fields of wildcards are not looked for.
    """
    data = _Data(nw.from_native(frame), Context(), columns or {})
    faults: list[str] = []
    for path, row in endpoint.known.items():
        if row.kind != "scope":
            column = column_of(endpoint, path)
            try:
                data.lists(column) if column.kind == "relation" else data.held(column)
            except LookupError as error:
                faults.append(str(error))
    if faults:
        raise LookupError("\n".join(dict.fromkeys(faults)))


Condition = nw.Expr | bool
"""An expression, or its value where that is the same for every record."""


class Held(NamedTuple):
    """The data of a field: its column, what type that has, and how it holds what the field means.

    Without a line the column holds values of another kind, or there is none and all values are null.
    """

    column: nw.Expr
    dtype: DType
    line: Line | None


# tests


class _Translation:
    """Translates tests on the data of one frame."""

    def __init__(self, data: _Data) -> None:
        self.data = data
        self.engine = data.engine

    def condition(self, test: Test) -> Condition:
        match test:
            case Always(value):
                return value
            case AllOf(tests):
                return _all([self.condition(inner) for inner in tests])
            case AnyOf(tests):
                return _any([self.condition(inner) for inner in tests])
            case Null(column, negated):
                return self.present(column) if negated else _not(self.present(column))
            case Equal(column, constant, negated):
                return self.differs(column, [constant]) if negated else self.equals(column, [constant])
            case OneOf(column, constants, negated):
                return self.differs(column, constants) if negated else self.equals(column, constants)
            case Order(column, op, constant):
                return self.order(self.data.held(column), op, constant)
            case Between(column, low, high, negated):
                held = self.data.held(column)
                if negated:
                    return _any([self.order(held, "lt", low), self.order(held, "gte", high)])
                return _all([self.order(held, "gte", low), self.order(held, "lt", high)])
            case Text(column, op, needles):
                return self.text(column, op, needles)
            case Related(column, op, inner):
                if inner is not None:
                    raise _refused(column, f"'{op}' with conditions on the records of a list column", _OTHER_WAYS)
                return self.counted(column, "eq" if op == "none" else "gt", 0)
            case Counted(column, op, number):
                return self.counted(column, op, number)
        assert_never(test)

    def present(self, column: Column) -> Condition:
        held = self.data.held(column)
        return False if held is None else ~held.column.is_null()

    # comparisons

    def equals(self, column: Column, constants: Sequence[Constant]) -> Condition:
        held = self.data.held(column)
        points, ranges = _placed(held, constants)
        if held is None:
            return False
        among = self.among(held, points, operator.eq, nw.Expr.is_in)
        return _any([*among, *[_all([self.from_(held, low), self.below(held, high)]) for low, high in ranges]])

    def differs(self, column: Column, constants: Sequence[Constant]) -> Condition:
        held = self.data.held(column)
        points, ranges = _placed(held, constants)
        if held is None or not (points or ranges):
            return self.present(column)
        among = self.among(held, points, operator.ne, lambda column, values: ~column.is_in(values))
        return _all([*among, *[_any([self.below(held, low), self.from_(held, high)]) for low, high in ranges]])

    def among(
        self,
        held: Held,
        points: Sequence[Stored],
        one: Comparison,
        several: Callable[[nw.Expr, list[Any]], nw.Expr],
    ) -> list[nw.Expr]:
        """The column compared with values: in one test if the engine takes them in a list, else in one for each."""
        if len(points) < 2 or not self.engine.takes_lists_of(held.dtype):
            return [self.engine.test(held.column, one, point, held.dtype) for point in points]
        values = [self.engine.constant(point, held.dtype) for point in points]
        return [self.engine.where_present(held.column, several(held.column, values))]

    def order(self, held: Held | None, op: str, constant: Constant) -> Condition:
        if held is None or held.line is None or not _is_of_kind(held.line, constant):
            return False
        cuts = held.line.cuts(constant, op in ("lte", "gt"))
        return self.below(held, cuts) if op in ("lt", "lte") else self.from_(held, cuts)

    def below(self, held: Held, cuts: Sequence[Cut]) -> Condition:
        """Below the first cut, or from the second up to the third."""
        below = self.side(held, operator.lt, cuts[0])
        if len(cuts) == 1:
            return below
        return _any([below, _all([self.from_(held, cuts[1:2]), self.below(held, cuts[2:])])])

    def from_(self, held: Held, cuts: Sequence[Cut]) -> Condition:
        """From the first cut on, but not from the second up to the third."""
        from_ = self.side(held, operator.ge, cuts[0])
        if len(cuts) == 1:
            return from_
        return _all([from_, _any([self.below(held, cuts[1:2]), self.from_(held, cuts[2:])])])

    def side(self, held: Held, compare: Comparison, cut: Cut) -> Condition:
        if isinstance(cut, Edge):
            return ~held.column.is_null() if (cut is Edge.AFTER) is (compare is operator.lt) else False
        return self.engine.test(held.column, compare, cut, held.dtype)

    # text and relations

    def text(self, column: Column, op: str, needles: Sequence[str]) -> Condition:
        held = self.data.held(column)
        if held is None or (column.kind == "custom" and not isinstance(held.line, Texts)):
            return False
        text = held.column if isinstance(held.line, Texts) else _number_text(column, held)
        if not column.case_sensitive:
            text = text.str.to_lowercase()
        match op:
            case "contains":
                tests = [text.str.contains(needle, literal=True) for needle in needles]
            case "startswith":
                tests = [text.str.starts_with(needle) for needle in needles]
            case "endswith":
                tests = [text.str.ends_with(needle) for needle in needles]
            case _:
                if any(len(pieces(needle)) > MAX_RUNS for needle in needles):
                    raise _refused(column, f"a pattern with {MAX_RUNS} '%' or more", "write fewer")
                tests = [self.engine.like(text, needle) for needle in needles]
        return _any([self.engine.where_present(held.column, test) for test in tests])

    def counted(self, column: Column, op: str, number: int) -> Condition:
        count = Held(self.data.lists(column).list.len().fill_null(0), nw.Int64(), _COUNTS)
        if op in ("eq", "ne"):
            points = _COUNTS.points(number)
            compare = operator.eq if op == "eq" else operator.ne
            return compare(count.column, points[0]) if points else op == "ne"
        return self.order(count, op, number)


_COUNTS: Final = Numbers.integers(32, signed=True)


def _placed(
    held: Held | None, constants: Sequence[Constant]
) -> tuple[list[Stored], list[tuple[Sequence[Cut], Sequence[Cut]]]]:
    """Where on the column's line the constants are: as values, or between cuts; those that are nowhere are left out."""
    points: list[Stored] = []
    ranges: list[tuple[Sequence[Cut], Sequence[Cut]]] = []
    if held is not None and held.line is not None:
        for constant in constants:
            if _is_of_kind(held.line, constant):
                found = held.line.points(constant)
                if found is None:
                    ranges.append((held.line.cuts(constant, False), held.line.cuts(constant, True)))
                else:
                    points.extend(found)
    return points, ranges


def _is_of_kind(line: Line, constant: Constant) -> bool:
    """Whether a custom field's column holds values of the constant's kind; other fields' columns always do."""
    if isinstance(constant, str):
        return isinstance(line, (Texts, NumberIds))
    return isinstance(line, Booleans) is isinstance(constant, bool) and not isinstance(line, Texts)


def _number_text(column: Column, held: Held) -> nw.Expr:
    """A number in plain decimal without trailing zeros."""
    if held.dtype.is_integer():
        return held.column.cast(nw.String)
    if not isinstance(held.dtype, nw.Decimal) or held.dtype.scale > MAX_DECIMALS:
        part = f"text operators on numbers held as {held.dtype}"
        raise _refused(column, part, f"hold them as Decimal with at most {MAX_DECIMALS} decimals")
    text = held.column.cast(nw.String)
    return text.str.strip_chars_end("0").str.strip_chars_end(".") if held.dtype.scale else text


_OTHER_WAYS: Final = (
    "use compile_predicate or a database for it, or a column computed beforehand; "
    "counts are fine, and so are any and none without conditions"
)


def _refused(column: Column, part: str, remedy: str) -> UnsupportedFilterError:
    message = f"Found {part}, which no data frame can say here; {remedy}"
    return UnsupportedFilterError(Problem("unsupported", message, column.path))


# groups


def _all(conditions: Iterable[Condition]) -> Condition:
    return _joined(operator.and_, conditions, neutral=True)


def _any(conditions: Iterable[Condition]) -> Condition:
    return _joined(operator.or_, conditions, neutral=False)


def _joined(join: Callable[[Any, Any], nw.Expr], conditions: Iterable[Condition], *, neutral: bool) -> Condition:
    """The conditions joined as a balanced tree, so that engines need not dig deep."""
    expressions: list[nw.Expr] = []
    for condition in conditions:
        if isinstance(condition, nw.Expr):
            expressions.append(condition)
        elif condition is not neutral:
            return condition
    while len(expressions) > 1:
        pairs = [join(left, right) for left, right in zip(expressions[::2], expressions[1::2], strict=False)]
        expressions = pairs + expressions[2 * len(pairs) :]
    return expressions[0] if expressions else neutral


def _not(condition: Condition) -> Condition:
    return ~condition if isinstance(condition, nw.Expr) else not condition


# columns


class _Data:
    """The columns of one frame, by field."""

    def __init__(self, frame: nw.DataFrame[Any] | nw.LazyFrame[Any], context: Context, columns: Columns) -> None:
        self.frame = frame
        self.engine = Engine(frame)
        self.schema = frame.collect_schema()
        self.context = context
        self.columns = columns
        self.known: dict[Column, Held | None] = {}

    def everywhere(self, value: bool) -> nw.Expr:
        """True, or false, for every row: `filter` takes no literals, so a column has to lend its length."""
        is_null = self.engine.column(self.schema.names()[0]).is_null()
        return is_null | nw.lit(True) if value else is_null & nw.lit(False)

    def held(self, column: Column) -> Held | None:
        """The data of a field, or None for a field that a wildcard admitted and no column holds."""
        if column not in self.known:
            self.known[column] = self.find(column)
        return self.known[column]

    def find(self, column: Column) -> Held | None:
        place = self.place(column)
        if place is None:
            return None
        expression, dtype = place
        line = _line(column.kind, dtype, self.context)
        if line is None and column.kind != "custom":
            raise _misplaced(column, f"its column holds {dtype}, which is no {column.kind}; cast it")
        if isinstance(line, Texts) and dtype != nw.String:
            return Held(expression.cast(nw.String), nw.String(), line)
        return Held(self.engine.compared(expression, dtype), dtype, line)

    def lists(self, column: Column) -> nw.Expr:
        """The column of a relation's records."""
        place = self.place(column)
        if place is None or not isinstance(place[1], nw.List):
            raise _misplaced(column, f"its column holds {place and place[1]}, expected lists of records")
        return place[0]

    def place(self, column: Column) -> tuple[nw.Expr, DType] | None:
        """The column of a field and its type; None if a wildcard admitted the field and nothing holds it."""
        given = self.given(column.path)
        if isinstance(given, str):
            given = self.engine.column(given)
        if given is not None:
            [dtype] = self.frame.select(given.alias("given")).collect_schema().dtypes()
            return given, dtype
        found = self.at_source(column.source)
        if found is None and not any(column.wild):
            raise _misplaced(column, f"the frame has no column {quoted('.'.join(column.source))}; say which in columns")
        return found

    def given(self, path: str) -> Place | None:
        """What the caller says of a path; an exact one beats one with wildcards."""
        for pattern in (path, *self.columns):
            admitted = _admitted(pattern, path)
            if admitted is not None and pattern in self.columns:
                place = self.columns[pattern]
                return place(*admitted) if callable(place) else place
        return None

    def at_source(self, source: Sequence[str]) -> tuple[nw.Expr, DType] | None:
        """The column whose name begins the source, the longest such name, and in it structs' fields and maps' keys."""
        for length in range(len(source), 0, -1):
            name = ".".join(source[:length])
            if name in self.schema:
                return _within(self.engine.column(name), self.schema[name], source[length:])
        return None


def _admitted(pattern: str, path: str) -> list[str] | None:
    """The segments of the path that wildcards of the pattern admit; None if it does not fit."""
    pairs = list(zip_longest(pattern.split("."), path.split(".")))
    if all(name in ("*", segment) and segment is not None for name, segment in pairs):
        return [segment for name, segment in pairs if name == "*"]
    return None


def _within(column: nw.Expr, dtype: DType, names: Sequence[str]) -> tuple[nw.Expr, DType] | None:
    for name in names:
        if isinstance(dtype, nw.Map):
            column, dtype = column.map.get(name), cast("DType", dtype.value)
        elif isinstance(dtype, nw.Struct) and name in (fields := {field.name: field.dtype for field in dtype.fields}):
            column, dtype = column.struct.field(name), cast("DType", fields[name])
        else:
            return None
    return column, dtype


def _misplaced(column: Column, reason: str) -> LookupError:
    return LookupError(f"Field {quoted(column.path)}: {reason}")


def _line(kind: str, dtype: DType, context: Context) -> Line | None:
    """How a column of this type holds what a field of this kind means, or None if it cannot."""
    if kind == "id" and dtype.is_numeric():
        return NumberIds(_numbers(dtype))
    if kind in ("string", "enum", "id", "custom") and isinstance(dtype, (nw.String, nw.Categorical, nw.Enum)):
        return Texts()
    if kind == "id" and isinstance(dtype, nw.Unknown):
        return Texts()
    if kind in ("number", "currency", "custom") and dtype.is_numeric():
        return _numbers(dtype)
    if kind in ("boolean", "custom") and isinstance(dtype, nw.Boolean):
        return Booleans()
    if kind in ("date", "datetime"):
        return _moments(kind, dtype, context)
    return None


def _numbers(dtype: DType) -> Line:
    if isinstance(dtype, nw.Decimal):
        return Numbers.decimals(dtype.precision, dtype.scale)
    return _integers(dtype) if dtype.is_integer() else Floats()


def _integers(dtype: DType) -> Numbers:
    return Numbers.integers(int(str(dtype).lstrip("UInt")), signed=dtype.is_signed_integer())


def _moments(kind: str, dtype: DType, context: Context) -> Line | None:
    if isinstance(dtype, nw.Date):
        return Days() if kind == "date" else FirstInstants(context.storage_timezone)
    if not isinstance(dtype, nw.Datetime):
        return None
    aware = dtype.time_zone is not None
    if kind == "date":
        reading = walls_of_instants(context.timezone) if aware else None
    else:
        reading = None if aware else instants_of_walls(context.storage_timezone)
    return Moments(reading, aware=aware, **_PRECISIONS[dtype.time_unit])


_PRECISIONS: Final[dict[str, Any]] = {
    "s": {"step": 1_000_000},
    "ms": {"step": 1000},
    "us": {},
    "ns": {"low": datetime(1677, 9, 21, 0, 12, 43, 145225), "high": datetime(2262, 4, 11, 23, 47, 16, 854775)},
}
"""What timestamps of a unit hold."""
