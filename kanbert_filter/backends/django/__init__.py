"""A checked filter as a condition of Django's ORM.

`where` gives a `Q` for `filter`; `verify` tells at start-up whether every field of an endpoint has its column.

No text of a user's ever becomes a name: conditions are lookup objects over columns that the model is asked for, and
operands are bound. To-one paths are Django's own outer joins, which multiply no rows; related records are asked for in
subqueries. What a column cannot hold is folded to its constant truth before a database sees it.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Model, Q

from ...checked import CheckedFilter
from ...context import Context
from ...endpoints.endpoint import Endpoint
from ...endpoints.field_table import FieldTable
from ...meaning.lowering import column_of, lower, related_column
from ...meaning.tests import Column
from .columns import ColumnError, Columns, Given
from .expressions import prepare_sqlite
from .translation import Translation, condition_of, ensure_fits

__all__ = ["ColumnError", "prepare_sqlite", "verify", "where"]


def where(
    checked: CheckedFilter, model: type[Model], context: Context | None = None, *, columns: Given | None = None
) -> Q:
    """The condition under which a row of the model matches the filter: `Project.objects.filter(where(checked, Project))`.

    Columns are found over the model's fields by the path that is the field's source. `columns` gives others by public
    name: the path of a column, an expression with an `output_field`, or for names with a `*` a function from what
    stands there to one of these.

    The condition is true or not, and may be unknown where it is not: it is no condition to negate.

    Raises `ContextError` if the filter needs what the context lacks, `ColumnError` for a field without a column, and
    `UnsupportedFilterError` for a filter of more groups and relations inside each other than SQL databases take.
    """
    context = (context or Context()).at_now()
    test = lower(checked, context)
    ensure_fits(test)
    return condition_of(Translation(Columns(columns), context).test(test, model))


def verify(endpoint: Endpoint, model: type[Model], *, columns: Given | None = None) -> None:
    """Look for the column of every field, relations' fields included; call it once, at start-up.

    Raises `ColumnError` that tells of every field that has none, or one that cannot hold such values.
    """
    translation = Translation(Columns(columns), Context().at_now())
    faults: dict[str, str] = {}
    for name in endpoint:
        _verify(translation, column_of(endpoint, _example(name)), model, faults)
    if faults:
        raise ColumnError(faults)


def _verify(translation: Translation, column: Column, model: type[Model], faults: dict[str, str]) -> None:
    try:
        if column.kind == "relation":
            related = translation.columns.related(model, column)
            fields: Any = column.related
            assert isinstance(fields, FieldTable)
            for name in fields:
                _verify(translation, related_column(column, _example(name)), related.model, faults)
        elif column.kind != "scope":
            translation.columns.value(model, column, translation.context)
    except ColumnError as error:
        faults.update(error.fields)


def _example(name: str) -> str:
    """A path that the name of a row admits."""
    return name.replace("*", "x")
