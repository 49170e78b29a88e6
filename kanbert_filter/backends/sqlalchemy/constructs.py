"""Constructs that get their words when a statement is compiled for a dialect: how they are made, and those about whole conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Exists, Integer, case, false, func, literal_column as verbatim, not_
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from ...errors import Problem, UnsupportedFilterError

Expression = ColumnElement[Any]

MYSQL: Final = ("mysql", "mariadb")
POSTGRESQL: Final = ("postgresql", "cockroachdb")


def said(
    construct: type[FunctionElement[Any]], *dialects: str
) -> Callable[[Callable[..., Expression]], Callable[..., Expression]]:
    """Decorates a function that gives what a construct means on these dialects, or on all others."""

    def register(expressed: Callable[..., Expression]) -> Callable[..., Expression]:
        def compile(element: FunctionElement[Any], compiler: SQLCompiler, **how: Any) -> str:
            return compiler.process(expressed(*element.clauses), **how)

        compiles(construct, *dialects)(compile)
        return expressed

    return register


class said_condition(FunctionElement[bool]):
    """A condition that has words of its own."""

    type = Boolean()
    inherit_cache = True

    def self_group(self, against: Any = None) -> said_condition:
        """Itself: in a group of conditions SQLAlchemy would compare it with 1 where an engine has no booleans, and no index serve."""
        return self


class parenthesized(said_condition):
    """A condition in parentheses that SQLAlchemy does not take away."""

    inherit_cache = True


class uncached(parenthesized):
    """A condition whose statement SQLAlchemy compiles each time and does not keep."""

    inherit_cache = False


@compiles(parenthesized)
@compiles(uncached)
def _parenthesized(element: parenthesized, compiler: SQLCompiler, **how: Any) -> str:
    return f"({compiler.process(*element.clauses, **how)})"


class reaches(said_condition):
    """A row elsewhere exists, or none does; in other words, a value of this row is among those of the rows there, or is not.

    Planners know that the two are the same. SQLite's does not, and takes the words for what is to be done.
    """

    inherit_cache = True


class more_than(said_condition):
    """A number of rows is more, or not more, than a constant; in other words, a row beyond so many exists, or does not."""

    inherit_cache = True


@said(reaches)
@said(more_than)
def _(condition: Expression, other_words: Expression) -> Expression:
    return condition


@said(reaches, "sqlite", "clickhouse")
@said(more_than, "sqlite", "mariadb", *POSTGRESQL)
def _(condition: Expression, other_words: Expression) -> Expression:
    return other_words


class over_nothing(FunctionElement[int]):
    """What a subquery counts, and what it should count where there are no rows: ClickHouse then answers NULL."""

    type = Integer()
    inherit_cache = True

    def __init__(self, counted: Expression, of_nothing: int) -> None:
        super().__init__(counted, verbatim(str(of_nothing)))


@said(over_nothing)
def _(counted: Expression, of_nothing: Expression) -> Expression:
    return counted


@said(over_nothing, "clickhouse")
def _(counted: Expression, of_nothing: Expression) -> Expression:
    return func.coalesce(counted, of_nothing)


class SameName(FunctionElement[Any]):
    """What stands before a subquery that has the table around it under another name, on engines that confuse the two."""

    inherit_cache = True


@compiles(SameName)
def _same_name(element: SameName, compiler: SQLCompiler, **how: Any) -> str:
    message = (
        f"A table related to itself cannot be filtered on {compiler.dialect.name}, which takes the table's own name for that of"
        " its alias in a subquery; give an alias of the model"
    )
    raise UnsupportedFilterError(Problem("unsupported", message))


same_name: Final = SameName()


class is_not_true(said_condition):
    """A condition is false or unknown."""

    inherit_cache = True


@said(is_not_true)
def _(condition: Expression) -> Expression:
    known = _never_unknown(condition)
    return not_(func.coalesce(condition, false()) if known is None else known)


@said(is_not_true, "mssql", "oracle")
def _(condition: Expression) -> Expression:
    return case((condition, 0), else_=1) == 1  # a condition is no value there


@said(is_not_true, *POSTGRESQL)
def _(condition: Expression) -> Expression:
    known = _never_unknown(condition)
    return _is_not(condition) if known is None else not_(known)


@said(is_not_true, "sqlite")
def _is_not(condition: Expression) -> Expression:
    return parenthesized(condition).bool_op("IS NOT")(verbatim("TRUE"))


def _never_unknown(condition: Expression) -> Expression | None:
    """That a row exists, a condition that planners see through."""
    if isinstance(condition, reaches):
        [condition, _] = condition.clauses
    return condition if isinstance(condition, Exists) else None
