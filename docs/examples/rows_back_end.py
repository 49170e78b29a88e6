"""A back end for rows in memory: conditions are functions of a row that are true, false or, as in SQL, unknown (None)."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, NamedTuple

from kanbert_filter.backends.columns.finding import column_error, verify_columns
from kanbert_filter.backends.columns.lines import AnyNumbers, Booleans, Line, Numbers, Texts, Timestamps, line_of
from kanbert_filter.backends.columns.logic import Logic
from kanbert_filter.backends.columns.patterns import pattern_of
from kanbert_filter.backends.columns.placing import Cell, JsonCell, View
from kanbert_filter.backends.columns.translation import Translation
from kanbert_filter.backends.predicate.patterns import like
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints.field_table import FieldTable
from kanbert_filter.meaning.lowering import lower
from kanbert_filter.meaning.tests import Column, OrderOperator, TextOperator
from kanbert_filter.values import exact, number_text

Row = Mapping[str, Any]
Truth = Callable[[Row], bool | None]
Read = Callable[[Row], Any]

Schema = Mapping[str, Any]
"""What the columns of rows store: a `Storage`, `JSON`, the schema of one related row, or that of many in a list."""

JSON: Final = "JSON"
"""A column that stores values of any kind, as JSON does."""


def where(checked: CheckedFilter, schema: Schema, context: Context | None = None) -> Callable[[Row], bool]:
    """The filter as a function of rows with this schema."""
    context = context or Context()
    condition = RowTranslation(context).condition(lower(checked, context), schema)
    return lambda row: condition is True if isinstance(condition, bool) else condition(row) is True


def verify(endpoint: FieldTable, schema: Schema) -> None:
    """Make sure that the schema has a fitting column for every field of the endpoint. Raises `ColumnError`."""
    verify_columns(RowTranslation(Context()), endpoint, schema)


class RowLogic(Logic[Truth]):
    """AND, OR and NOT."""

    width = 100

    def conjunction(self, expressions: Sequence[Truth]) -> Truth:
        def each(row: Row) -> bool | None:
            found = [expression(row) for expression in expressions]
            return False if False in found else None if None in found else True

        return each

    def disjunction(self, expressions: Sequence[Truth]) -> Truth:
        def some(row: Row) -> bool | None:
            found = [expression(row) for expression in expressions]
            return True if True in found else None if None in found else False

        return some

    def negation(self, expression: Truth) -> Truth:
        return lambda row: not expression(row)

    def untruth(self, expression: Truth) -> Truth:
        return lambda row: expression(row) is not True


class RowCell(Cell[Truth]):
    """The value that `read` finds in a row."""

    logic = RowLogic()

    def __init__(self, line: Line, read: Read) -> None:
        super().__init__(line)
        self.read = read

    def null(self, negated: bool) -> Truth:
        return lambda row: (self.read(row) is None) is not negated

    def among(self, values: Sequence[Any], negated: bool) -> Truth:
        return unknown_if_null(self.read, lambda value: (value in values) is not negated)

    def ordered(self, operator: OrderOperator, value: Any) -> Truth:
        return unknown_if_null(self.read, lambda stored: ORDERS[operator](stored, value))

    def as_is(self) -> Read:
        return self.read

    def lowered(self) -> Read:
        return unknown_if_null(self.read, str.lower)

    def number_text(self) -> Read:
        return unknown_if_null(self.read, lambda number: number_text(exact(number)))

    def fits(self, text: Read, operator: TextOperator, needle: str) -> Truth:
        return unknown_if_null(text, like(pattern_of(operator, needle)))


def unknown_if_null(read: Read, function: Callable[[Any], Any]) -> Read:
    return lambda row: None if (value := read(row)) is None else function(value)


ORDERS: Final[Mapping[OrderOperator, Callable[[Any, Any], bool]]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


class RowJsonCell(JsonCell[Truth], RowCell):
    """A value of any kind."""

    def __init__(self, read: Read) -> None:
        RowCell.__init__(self, Line(), read)

    def seen_as(self, view: View) -> RowCell:
        line, classes = VIEWS[view]
        return RowCell(line, unknown_if_null(self.read, lambda value: value if value.__class__ in classes else None))


VIEWS: Final[Mapping[View, tuple[Line, set[type]]]] = {
    "text": (Texts(), {str}),
    "number": (AnyNumbers(), {int, Decimal}),
    "boolean": (Booleans(), {bool}),
}


class Related(NamedTuple):
    """The related rows that `read` finds in a row, and their schema."""

    read: Read
    schema: Schema


class RowTranslation(Translation[Truth, Schema, Related]):
    """Finds values and related rows by the names of a field's source."""

    logic = RowCell.logic

    def __init__(self, context: Context) -> None:
        self.context = context

    def cell(self, column: Column, row: Schema, prefix: str) -> RowCell:
        storage = stored(row, column.source)
        if storage is JSON:
            return RowJsonCell(reader(column.source))
        line = line_of(column.kind, storage, self.context) if isinstance(storage, Line | Timestamps) else None
        if line is None:
            raise column_error(column, "no column holds it")
        return RowCell(line, reader(column.source))

    def records(self, column: Column, row: Schema, prefix: str) -> Related:
        match stored(row, column.source):
            case [schema]:
                return Related(reader(column.source), schema)
        raise column_error(column, "no column holds related rows")

    def row_of(self, records: Related) -> Schema:
        return records.schema

    def exists(self, records: Related, condition: Truth | bool) -> Truth:
        def some(row: Row) -> bool:
            related: Iterator[Row] = (record or {} for record in records.read(row) or [])
            return any(condition if isinstance(condition, bool) else condition(record) for record in related)

        return some

    def number(self, records: Related) -> RowCell:
        return RowCell(Numbers.integers(64, signed=True), lambda row: len(records.read(row) or []))


def stored(schema: Any, source: Sequence[str]) -> Any:
    """What the column at the end of a path stores."""
    for name in source:
        schema = JSON if schema is JSON else schema.get(name) if isinstance(schema, Mapping) else None
    return schema


def reader(source: Sequence[str]) -> Read:
    """The function that follows a path through a row."""

    def read(row: Any) -> Any:
        for name in source:
            row = None if row is None else row.get(name)
        return row

    return read
