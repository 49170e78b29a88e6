"""A checked filter as a Narwhals expression: for Polars, pandas, PyArrow, DuckDB and PySpark.

The expression is made for one frame. Its schema says where each field is and what its column can hold, so every constant is written as
the column holds it and the engine only compares. What an engine would answer differently is written differently for it, or refused when
compiling; nothing is left to be found out on the data.

Decisions where the language's contract is silent:

- A field that a wildcard admitted and no column holds is null everywhere; any other field without a column is an error.
- Where a test meets a null the expression may be null itself, which `filter` counts as false: engines can skip what
  their statistics rule out.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import narwhals as nw

from ...checked import CheckedFilter
from ...context import Context
from ...endpoints.field_table import FieldTable
from ...meaning.lowering import lower
from ..columns.finding import ColumnError, Given, verify_columns
from .translation import FrameTranslation

__all__ = ["ColumnError", "matching", "verify", "where"]

Frame = TypeVar("Frame")


def where(
    checked: CheckedFilter, frame: Any, context: Context | None = None, *, columns: Given | None = None
) -> nw.Expr:
    """The filter as an expression for `filter` of this frame, or of another of the same engine and schema.

    `frame` is a Narwhals frame or one of an engine's own, eager or lazy; only its schema is looked at. A field is in
    the column of its name (or its type's `source`), else a field of a struct column or a key of a map column. `columns`
    gives the columns of other fields, by their paths: a column's name, a Narwhals expression, or for a path with `*` a function
    of the names in its place.

    Raises `UnsupportedFilterError` for what the engine cannot say, `ContextError` if the filter needs what the context
    lacks, and `ColumnError` for a field that has no column, or one that cannot hold its values.

    >>> import kanbert_filter as kf, narwhals as nw, polars as pl
    >>> from kanbert_filter.backends.frames import where
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> frame = nw.from_native(pl.DataFrame({"title": ["Acme", "ACME Corp", None], "budget": [1, 2500, 3000]}))
    >>> frame.filter(where(projects.parse('title contains "acme" and budget >= 1000'), frame)).rows()
    [('ACME Corp', 2500)]
    """
    context = context or _DEFAULT_CONTEXT
    translation = FrameTranslation(nw.from_native(frame), columns, context)
    condition = translation.condition(lower(checked, context), translation.row)
    return translation.everywhere(condition) if isinstance(condition, bool) else condition


def matching(
    checked: CheckedFilter, frame: Frame, context: Context | None = None, *, columns: Given | None = None
) -> Frame:
    """The rows of the frame that match the filter, as a frame of the same kind; a lazy one stays lazy.

    Takes and raises what `where` does.

    >>> import kanbert_filter as kf, polars as pl
    >>> from kanbert_filter.backends.frames import matching
    >>> projects = kf.Endpoint("projects", {"title": "string"})
    >>> frame = pl.DataFrame({"title": ["Acme", "Corp"]})
    >>> matching(projects.parse('title = "Acme"'), frame)["title"].to_list()
    ['Acme']
    """
    known: Any = nw.from_native(frame)
    found = known.filter(where(checked, known, context, columns=columns))
    return found if known is frame else found.to_native()  # type: ignore[no-any-return]


def verify(endpoint: FieldTable, frame: Any, *, columns: Given | None = None) -> None:
    """Make sure that `where` will find a fitting column for every field of the endpoint in such a frame.

    The fields of relations and those in the conditions of scopes are included; a wildcard's field may have none. Call it
    when a program starts, so that no request meets it first. Raises `ColumnError` that names every field without one.
    """
    translation = FrameTranslation(nw.from_native(frame), columns, _DEFAULT_CONTEXT)
    verify_columns(translation, endpoint, translation.row)


_DEFAULT_CONTEXT: Final = Context()
