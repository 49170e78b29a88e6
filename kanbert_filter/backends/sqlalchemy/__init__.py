"""A checked filter as a condition of SQLAlchemy, for ORM models and Core tables on any of its engines.

`where` gives what stands in a `WHERE` clause; `verify` tells at start-up whether every field of an endpoint has a column.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement

from ...checked import CheckedFilter
from ...context import Context
from ...meaning import lower
from .columns import ColumnError, Columns, Given, Place, Via
from .dialects import prepare_sqlite
from .translation import Translation

__all__ = ["ColumnError", "Via", "prepare_sqlite", "where"]


def where(
    checked: CheckedFilter, model: Any, context: Context | None = None, *, columns: Given | None = None
) -> ColumnElement[bool]:
    """The condition under which a row of the model (a mapped class, an alias of one, or a table) matches the filter."""
    context = (context or Context()).at_now()
    return Translation(Columns(columns), context).condition(lower(checked, context), Place(model))
