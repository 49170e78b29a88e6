"""What a checked filter means at any time and for any user: comparisons with specials stay symbolic."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any, NamedTuple, cast

from ..checked import CheckedFilter, Part
from ..context import Context, Moment
from ..endpoints.field_table import FieldTable
from ..nodes import And, Comparison, Filter, Membership, Or, RelationTest
from ..types import Scope
from ..values import Special
from .lowering import all_of, any_of, column_of, lower_at, related_column
from .tests import Column, Related


class Symbolic(NamedTuple):
    """The value is present and compares so with a special, whose value is not known."""

    column: Column
    operator: str
    special: Special


def lower_symbolic(checked: CheckedFilter, timezone: tzinfo = UTC) -> Any:
    """The tests of the filter as `lower` gives them for days in a time zone, but with a `Symbolic` for each comparison with a special.

    Raises `ContextError` for a scope without conditions.
    """
    return _lowered(checked, _NoMoment(Context(timezone=timezone)))


def _lowered(checked: CheckedFilter, moment: Moment) -> Any:
    try:
        return lower_at(checked, moment)
    except _MomentAsked:
        return all_of([_tree(part.filter, cast("FieldTable", part.table), None, moment) for part in checked.parts])


class _MomentAsked(Exception):
    """The filter has a special."""


class _NoMoment(Moment):
    """No moment: most filters do not ask for one, and are lowered at once."""

    def now(self) -> Context:
        raise _MomentAsked

    def user_id(self, path: str) -> str:
        raise _MomentAsked


def _tree(node: Filter, table: FieldTable, relation: Column | None, moment: Moment) -> Any:
    match node:
        case And(items):
            return all_of([_tree(item, table, relation, moment) for item in items])
        case Or(items):
            return any_of([_tree(item, table, relation, moment) for item in items])
        case RelationTest(field, operator, inner) if inner is not None:
            column = _column_at(table, relation, field)
            return Related(column, operator, _tree(inner, cast("FieldTable", column.related), column, moment))
        case Comparison(field, operator, Special() as special):
            return Symbolic(_column_at(table, relation, field), operator, special)
        case Membership(field, operator, values) if any(isinstance(value, Special) for value in values):
            word = "ne" if operator == "nin" else "eq"
            tests = [_tree(Comparison(field, word, value), table, relation, moment) for value in values]
            return all_of(tests) if operator == "nin" else any_of(tests)
        case Comparison(field, _, value):
            row = table.field_type(field)
            if isinstance(row, Scope) and row.conditions is not None:
                return _lowered(cast("CheckedFilter", row.conditions[str(value)]), moment)
    return lower_at(CheckedFilter((Part(node, table),)), moment)


def _column_at(table: FieldTable, relation: Column | None, path: str) -> Column:
    return column_of(table, path) if relation is None else related_column(relation, path)
