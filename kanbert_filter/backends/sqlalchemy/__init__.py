"""A checked filter as a condition of SQLAlchemy, for ORM models and Core tables on any of its engines.

`where` gives what goes into a `WHERE` clause; `verify` says at start-up whether every field of an endpoint has a column.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Engine, false, true

from ...checked import CheckedFilter
from ...context import Context, context_or_default
from ...endpoints.field_table import FieldTable
from ...meaning.lowering import lower
from ..columns.finding import ColumnError, Given, verify_columns
from ..columns.sql import ensure_fits, simplified
from .constructs import uncached
from .dialects import prepare_sqlite
from .paths import Joined, Row, Via, query_table
from .translation import ClauseTranslation, asks_often

__all__ = ["ColumnError", "Joined", "Via", "prepare_sqlite", "verify", "where"]


def where(
    checked: CheckedFilter, model: Any, context: Context | None = None, *, columns: Given | None = None
) -> ColumnElement[bool]:
    """The condition under which a row of the model matches the filter, for a `WHERE` clause.

    The model is a mapped class, an alias of one, or a table. A field's column is found by the attributes its source names, over
    relationships where there are several, or given in `columns` by the field's name: as an expression over the model (for a relation's
    field, over the related model), for a wildcard as a function from the names in place of `*` to an expression, for a way to other
    tables as a `Via`, for a table that your own query joins as a `Joined`. Where the condition is not true, it is false or unknown; both leave a row out.

    Raises `ColumnError` for a field without a column, `UnsupportedFilterError` for a filter larger than databases take, `ContextError`
    if the filter needs what the context lacks, and `TypeError` for a filter that was not checked.

    >>> import kanbert_filter as kf
    >>> from sqlalchemy import Column, Integer, MetaData, String, Table
    >>> from kanbert_filter.backends.sqlalchemy import where
    >>> projects = Table("projects", MetaData(), Column("title", String), Column("budget", Integer))
    >>> endpoint = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> print(where(endpoint.parse("budget >= 1000 and title is not null"), projects))
    projects.budget >= :param_1 AND projects.title IS NOT NULL
    """
    context = context_or_default(context)
    test = simplified(lower(checked, context))
    needed = ensure_fits(test)
    translation = ClauseTranslation(columns, context, joining=asks_often(test))
    condition = translation.condition(test, Row(query_table(model)))
    if isinstance(condition, bool):
        return true() if condition else false()
    return uncached(condition) if needed.parameters > MAX_CACHED else condition


def verify(
    endpoint: FieldTable, model: Any, *, columns: Given | None = None, bind: Engine | Connection | None = None
) -> None:
    """Make sure that `where` will find a fitting column for every field of the endpoint.

    The fields of relations and those in the conditions of scopes are included. Call it at start-up, with the `columns` that `where`
    gets, and with the engine as `bind` to learn also what it cannot do, such as values in JSON. Raises `ColumnError` that names every
    field without a column.
    """
    dialect = None if bind is None else bind.dialect
    translation = ClauseTranslation(columns, context_or_default(None), dialect=dialect)
    verify_columns(translation, endpoint, Row(query_table(model)))
    unused = translation.columns.ways.keys() - translation.columns.used
    if unused:
        raise ColumnError(dict.fromkeys(sorted(unused), "its Via in columns leads to no field of the endpoint"))


MAX_CACHED: Final = 100
"""Conditions of more parameters are kept in no cache of statements: they rarely come again, and each would take half a mebibyte."""
