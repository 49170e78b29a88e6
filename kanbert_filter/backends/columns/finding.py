"""How a field finds its column: the columns that the caller gives, the error for a missing one, and the check of all at start-up."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Generic, cast

from ...checked import CheckedFilter
from ...endpoints.field_table import FieldTable
from ...errors import quoted
from ...meaning.lowering import column_of, related_column
from ...meaning.tests import Column
from ...nodes import And, Everything, Filter, Or, RelationTest
from ...types import Relation, Scope
from .logic import E
from .translation import Records, Row, Translation

Given = Mapping[str, Any]
"""Columns that the caller gives, by public name; for a name with `*`, the column may be a function of the names in its place."""


class ColumnError(LookupError):
    """Fields without a column that holds their values. `fields` maps each to the reason.

    >>> from kanbert_filter.backends.columns.finding import ColumnError
    >>> print(ColumnError({"titel": "the table has no column 'titel'"}))
    Field 'titel': the table has no column 'titel'
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(self.fields)

    def __str__(self) -> str:
        return "\n".join(f"Field {quoted(name)}: {reason}" for name, reason in self.fields.items())


def column_error(column: Column, reason: str) -> ColumnError:
    """The error of one field."""
    return ColumnError({column.path: reason})


def given_by_name(given: Given | None) -> Given:
    """What the caller gives as `columns`."""
    if not isinstance(given, Mapping | None):
        raise TypeError(f"expected columns by the names of their fields, not {given!r}")
    return given or {}


class GivenColumns:
    """The columns that the caller gives. An exact name beats one with wildcards; of those the first that fits is taken."""

    __slots__ = ("exact", "patterns")

    def __init__(self, given: Given | None) -> None:
        self.exact: dict[str, Any] = {}
        self.patterns: list[tuple[list[str], Any]] = []
        for name, value in given_by_name(given).items():
            if "*" in name:
                self.patterns.append((name.split("."), value))
            else:
                self.exact[name] = value

    def __bool__(self) -> bool:
        return bool(self.exact or self.patterns)

    def of(self, column: Column, prefix: str = "") -> Any:
        """The column given for a field, or None. `prefix` is the path of its relation, which the path of a scope's field lacks."""
        path = prefix + column.path.removeprefix(prefix) if prefix else column.path
        if path in self.exact:
            return self.exact[path]
        segments = path.split(".")
        for pattern, value in self.patterns:
            if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                names = [s for p, s in zip(pattern, segments, strict=True) if p == "*"]
                return value(*names) if callable(value) else value
        return None


_Find = Callable[[str], Column]
"""Gives the column of a field by its path, in one table of fields."""


def verify_columns(translation: Translation[E, Row, Records], endpoint: FieldTable, row: Row) -> None:
    """Look for the column of every field, including those of relations' records and those in the conditions of scopes.

    Raises `ColumnError` with every field that has none.
    """
    if not isinstance(endpoint, FieldTable):
        raise TypeError(f"expected an endpoint, not {type(endpoint).__name__}")
    verification = _Verification(translation)
    verification.rows(endpoint, partial(column_of, endpoint), row, "")
    if verification.faults:
        raise ColumnError(verification.faults)


class _Verification(Generic[E, Row, Records]):
    def __init__(self, translation: Translation[E, Row, Records]) -> None:
        self.translation = translation
        self.faults: dict[str, str] = {}

    def rows(self, fields: FieldTable, find: _Find, row: Row, prefix: str) -> None:
        for name, field_type in fields.items():
            column = find(name)
            related = self.column(column, row, prefix)
            if related is not None:
                within = cast("Relation", field_type).related
                self.rows(within, partial(related_column, column), related, f"{column.path}.")

    def column(self, column: Column, row: Row, prefix: str) -> Row | None:
        """Look for a column; for a relation's, give what is known of its records."""
        try:
            if column.kind == "scope":
                self.conditions(cast("Scope", column.type), row, prefix)
            elif column.kind == "relation":
                return self.translation.row_of(self.translation.records(column, row, prefix))
            else:
                self.translation.cell(column, row, prefix)
        except ColumnError as error:
            self.faults |= error.fields
        return None

    def conditions(self, scope: Scope, row: Row, prefix: str) -> None:
        for condition in (scope.conditions or {}).values():
            for part in cast("CheckedFilter", condition).parts:
                self.tree(part.filter, partial(column_of, cast("FieldTable", part.table)), row, prefix)

    def tree(self, node: Filter, find: _Find, row: Row, prefix: str) -> None:
        match node:
            case And(items) | Or(items):
                for item in items:
                    self.tree(item, find, row, prefix)
            case Everything():
                pass
            case RelationTest(field, _, inner):
                column = find(field)
                related = self.column(column, row, prefix)
                if related is not None and inner is not None:
                    self.tree(inner, partial(related_column, column), related, f"{column.path}.")
            case _:
                self.column(find(node.field), row, prefix)
