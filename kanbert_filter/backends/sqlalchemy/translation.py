"""From plain tests to conditions of SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, cast

from sqlalchemy import ColumnElement, false, func, literal_column, not_, select, true
from sqlalchemy.sql.expression import False_

from ...context import Context
from ...meaning.tests import (
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Counted,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)
from .columns import ColumnError, Columns, Hop, Place
from .connectives import all_true, any_true, untrue
from .domains import Domain, Integers
from .kinds import domain_of

Condition = ColumnElement[bool]
Expression = ColumnElement[Any]
Compared = Equal | OneOf | Order | Between | Text


class Translation:
    """Translates tests on the rows of one model, in one context."""

    __slots__ = ("columns", "context")

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns = columns
        self.context = context

    def condition(self, test: Test, place: Place, prefix: str = "") -> Condition:
        """What the test says of a row at this place. Unknown is as good as false, here and in all that is made here."""
        return _TRANSLATED[test.__class__](self, test, place, prefix)

    def always(self, test: Always, place: Place, prefix: str) -> Condition:
        return true() if test.value else false()

    def both(self, test: AllOf, place: Place, prefix: str) -> Condition:
        return all_true([self.condition(inner, place, prefix) for inner in test.tests])

    def either(self, test: AnyOf, place: Place, prefix: str) -> Condition:
        return any_true([self.condition(inner, place, prefix) for inner in test.tests])

    def null(self, test: Null, place: Place, prefix: str) -> Condition:
        hops, value, domain = self.located(test.column, place, prefix)
        if not hops:
            return domain.null(value, test.negated)
        present = _exists(place, hops, domain.null(value, True))
        return present if test.negated else not_(present)

    def compared(self, test: Compared, place: Place, prefix: str) -> Condition:
        hops, value, domain = self.located(test.column, place, prefix)
        condition = _COMPARED[test.__class__](test, value, domain)
        return _exists(place, hops, condition) if hops else condition

    def located(self, column: Column, place: Place, prefix: str) -> tuple[list[Hop], Expression, Domain]:
        """The way to a value, its expression, and what it can hold. Raises `ColumnError`."""
        hops, value = self.columns.value(place, prefix, column)
        domain = domain_of(column.kind, value.type, self.context)
        if domain is None:
            reason = f"a column of type {value.type!r} cannot hold values of type {column.kind!r}"
            raise ColumnError({column.path: f"{reason}; give an expression that does in columns"})
        return hops, value, domain

    def related(self, test: Related, place: Place, prefix: str) -> Condition:
        column, operator, inner = test
        hops = self.columns.records(place, prefix, column)
        matching = true() if inner is None else self.condition(inner, hops[-1].place, f"{column.path}.")
        found = _exists(place, hops, untrue(matching) if operator == "all" else matching)
        return found if operator == "any" else not_(found)

    def counted(self, test: Counted, place: Place, prefix: str) -> Condition:
        column, operator, number = test
        hops = self.columns.records(place, prefix, column)
        count = _reached(select(func.count()), place, hops).scalar_subquery()
        if operator in ("eq", "ne"):
            return Integers().equal(count, [number], operator == "ne")
        return Integers().order(count, cast("Any", operator), number)


_TRANSLATED: Final[dict[type, Callable[[Translation, Any, Place, str], Condition]]] = {
    Always: Translation.always,
    AllOf: Translation.both,
    AnyOf: Translation.either,
    Null: Translation.null,
    Equal: Translation.compared,
    OneOf: Translation.compared,
    Order: Translation.compared,
    Between: Translation.compared,
    Text: Translation.compared,
    Related: Translation.related,
    Counted: Translation.counted,
}

_COMPARED: Final[dict[type, Callable[[Any, Expression, Any], Condition]]] = {
    Equal: lambda test, x, domain: domain.equal(x, (test.constant,), test.negated),
    OneOf: lambda test, x, domain: domain.equal(x, test.constants, test.negated),
    Order: lambda test, x, domain: domain.order(x, test.operator, test.constant),
    Between: lambda test, x, domain: domain.between(x, test.low, test.high, test.negated),
    Text: lambda test, x, domain: domain.text(x, test.operator, test.needles, test.column.case_sensitive),
}


def _exists(place: Place, hops: Iterable[Hop], condition: Condition) -> Condition:
    if isinstance(condition, False_):  # in a WHERE it would swallow what joins the tables, and SQLAlchemy warns of that
        return condition
    return cast("Condition", _reached(select(literal_column("1")), place, hops).where(condition).exists())


def _reached(selection: Any, place: Place, hops: Iterable[Hop]) -> Any:
    """The selection from the rows that the hops lead to."""
    return (
        selection.select_from(*[hop.place.entity for hop in hops])
        .where(*[hop.on for hop in hops])
        .correlate(*place.froms)
    )
