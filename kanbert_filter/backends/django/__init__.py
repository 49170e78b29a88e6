"""A checked filter as a condition of Django's ORM.

`where` gives a `Q` for `filter`; `verify` says at start-up whether every field of an endpoint has its column.

No text of a user's ever becomes a name: conditions are lookup objects over columns that the model is asked for, and
operands are bound. To-one paths are Django's own joins, which multiply no rows; related records are asked for in
subqueries. What a column cannot hold is folded to its constant truth before a database sees it.
"""

from __future__ import annotations

from django.db.models import Model, Q

from ...checked import CheckedFilter
from ...context import Context, context_or_default
from ...endpoints.field_table import FieldTable
from ...meaning.lowering import lower
from ..columns.finding import ColumnError, Given, verify_columns
from ..columns.sql import ensure_fits, simplified
from .dialects import prepare_sqlite
from .translation import LookupTranslation

__all__ = ["ColumnError", "prepare_sqlite", "verify", "where"]


def where(
    checked: CheckedFilter, model: type[Model], context: Context | None = None, *, columns: Given | None = None
) -> Q:
    """The condition under which a row of the model matches the filter: `Project.objects.filter(where(checked, Project))`.

    Columns are found over the model's fields by the path that is the field's source. `columns` gives others by public
    name: the path of a column, an expression with an `output_field`, or for names with a `*` a function from the names
    in its place to one of these. By the name of a relation, or of a part of a path, it restricts the records that there are:
    a `Q`, a queryset or a manager. Without a restriction, those of a relation are what its default manager gives.

    The condition is true or not, and may be unknown where it is not: it is no condition to negate.

    Raises `ContextError` if the filter needs what the context lacks, `ColumnError` for a field without a column, and
    `UnsupportedFilterError` for a filter larger than databases take.
    """
    _ensure_model(model)
    context = context_or_default(context)
    test = simplified(lower(checked, context))
    ensure_fits(test)
    condition = LookupTranslation(columns, context).found(test, model)
    if isinstance(condition, bool):
        return Q() if condition else Q(pk__in=())
    return condition


def verify(endpoint: FieldTable, model: type[Model], *, columns: Given | None = None) -> None:
    """Make sure that `where` will find a fitting column for every field of the endpoint.

    The fields of relations and those in the conditions of scopes are included. Call it at start-up, with the `columns`
    that `where` gets. Raises `ColumnError` that names every field without one.
    """
    _ensure_model(model)
    translation = LookupTranslation(columns, context_or_default(None))
    verify_columns(translation, endpoint, model)
    unused = translation.columns.restrictions.keys() - translation.columns.used
    if unused:
        raise ColumnError(
            dict.fromkeys(sorted(unused), "its condition in columns restricts no relation of the endpoint")
        )


def _ensure_model(model: object) -> None:
    if not (isinstance(model, type) and issubclass(model, Model)):
        raise TypeError(f"expected a model, not {model!r}")
