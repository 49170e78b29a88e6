"""Telling at start-up which fields of an endpoint have no column."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

from ...checked import CheckedFilter
from ...context import Context
from ...endpoints.field_table import FieldTable
from ...endpoints.types import Relation, Scope
from ...meaning.lowering import column_of, related_column
from ...meaning.tests import Column
from ...nodes import And, Everything, Filter, Or, RelationTest
from .columns import ColumnError, Columns, Given, Place, place_of
from .translation import Translation

Find = Callable[[str], Column]
"""Gives the column of a field by its path, in one table of fields."""


def verify(endpoint: FieldTable, model: Any, columns: Given | None = None) -> None:
    """Make sure that `where` will find a fitting column for every field of the endpoint, also for what its scopes stand for.

    Call it at start-up, with the `columns` that `where` gets. Raises `ColumnError` that tells every field that has none.
    """
    verification = _Verification(columns)
    verification.rows(endpoint, partial(column_of, endpoint), place_of(model), "")
    if verification.faults:
        raise ColumnError(verification.faults)


class _Verification:
    def __init__(self, columns: Given | None) -> None:
        self.translation = Translation(Columns(columns), Context())
        self.faults: dict[str, str] = {}

    def rows(self, fields: FieldTable, find: Find, place: Place, prefix: str) -> None:
        for name, row in fields.items():
            column = find(name)
            related = self.column(column, place, prefix)
            if related is not None:
                self.rows(cast("Relation", row).related, partial(related_column, column), related, f"{column.path}.")

    def column(self, column: Column, place: Place, prefix: str) -> Place | None:
        """Look for a column; for a relation's, tell the place of its rows."""
        try:
            if column.kind == "scope":
                self.conditions(cast("Scope", column.type), place, prefix)
            elif column.kind == "relation":
                return self.translation.columns.records(place, prefix, column)[-1].place
            else:
                self.translation.located(column, place, prefix)
        except ColumnError as error:
            self.faults |= error.fields
        return None

    def conditions(self, scope: Scope, place: Place, prefix: str) -> None:
        for condition in (scope.conditions or {}).values():
            for part in cast("CheckedFilter", condition).parts:
                self.tree(part.filter, partial(column_of, cast("FieldTable", part.table)), place, prefix)

    def tree(self, node: Filter, find: Find, place: Place, prefix: str) -> None:
        match node:
            case And(items) | Or(items):
                for item in items:
                    self.tree(item, find, place, prefix)
            case Everything():
                pass
            case RelationTest(field, _, inner):
                column = find(field)
                related = self.column(column, place, prefix)
                if related is not None and inner is not None:
                    self.tree(inner, partial(related_column, column), related, f"{column.path}.")
            case _:
                self.column(find(node.field), place, prefix)
