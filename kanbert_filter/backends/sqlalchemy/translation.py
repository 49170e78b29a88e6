"""From plain tests to conditions of SQL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, assert_never, cast

from sqlalchemy import ColumnElement, false, func, literal_column, not_, select, true

from ...context import Context
from ...meaning import (
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
from .moments import Moments

Condition = ColumnElement[bool]
Expression = ColumnElement[Any]


class Translation:
    """Translates tests on the rows of one model, in one context."""

    __slots__ = ("columns", "context")

    def __init__(self, columns: Columns, context: Context) -> None:
        self.columns = columns
        self.context = context

    def condition(self, test: Test, place: Place, prefix: str = "") -> Condition:
        """What the test says of a row at this place. Unknown is as good as false, here and in all that is made here."""
        match test:
            case AllOf(tests):
                return all_true([self.condition(inner, place, prefix) for inner in tests])
            case AnyOf(tests):
                return any_true([self.condition(inner, place, prefix) for inner in tests])
            case Always():
                return true() if test.value else false()
            case Related(column, operator, inner):
                return self.related(column, operator, inner, place, prefix)
            case Counted(column, operator, number):
                return self.counted(column, operator, number, place, prefix)
        hops, value, domain = self.located(test.column, place, prefix)
        if isinstance(test, Null) and not test.negated and hops:
            return not_(_exists(place, hops, domain.null(value, True)))
        condition = _compared(test, value, domain)
        return _exists(place, hops, condition) if hops else condition

    def located(self, column: Column, place: Place, prefix: str) -> tuple[list[Hop], Expression, Domain]:
        """The way to a value, its expression, and what it can hold. Raises `ColumnError`."""
        hops, value = self.columns.value(place, prefix, column)
        domain = domain_of(column.kind, value.type, self.context)
        if domain is None:
            reason = f"a column of type {value.type!r} cannot hold values of type {column.kind!r}"
            raise ColumnError({column.path: f"{reason}; give an expression that does in columns"})
        return hops, value, domain

    def related(self, column: Column, operator: str, inner: Test | None, place: Place, prefix: str) -> Condition:
        hops = self.columns.records(place, prefix, column)
        matching = true() if inner is None else self.condition(inner, hops[-1].place, f"{column.path}.")
        found = _exists(place, hops, untrue(matching) if operator == "all" else matching)
        return found if operator == "any" else not_(found)

    def counted(self, column: Column, operator: str, number: int, place: Place, prefix: str) -> Condition:
        hops = self.columns.records(place, prefix, column)
        count = _reached(select(func.count()), place, hops).scalar_subquery()
        if operator in ("eq", "ne"):
            return Integers().equal(count, [number], operator == "ne")
        return Integers().order(count, cast("Any", operator), number)


def _compared(test: Null | Equal | OneOf | Order | Between | Text, value: Expression, domain: Domain) -> Condition:
    match test:
        case Null(_, negated):
            return domain.null(value, negated)
        case Equal(_, constant, negated):
            return domain.equal(value, [constant], negated)
        case OneOf(_, constants, negated):
            return domain.equal(value, constants, negated)
        case Order(_, operator, constant):
            return domain.order(value, operator, constant)
        case Between(_, low, high, negated):
            return cast("Moments", domain).between(value, low, high, negated)
        case Text(column, operator, needles):
            return domain.text(value, operator, needles, column.case_sensitive)
    assert_never(test)


def _exists(place: Place, hops: Iterable[Hop], condition: Condition) -> Condition:
    return cast("Condition", _reached(select(literal_column("1")), place, hops).where(condition).exists())


def _reached(selection: Any, place: Place, hops: Iterable[Hop]) -> Any:
    """The selection from the rows that the hops lead to."""
    return (
        selection.select_from(*[hop.place.entity for hop in hops])
        .where(*[hop.on for hop in hops])
        .correlate(*place.froms)
    )
