"""A checked filter as a condition on a data frame: of Polars, pandas, PyArrow, DuckDB, PySpark and Narwhals.

The condition is made for one frame. Its schema says where each field is and what its column can hold, so every constant is written as
the column holds it and the engine only compares. What an engine would answer differently is written differently for it, or refused when
compiling; nothing is left to be found out on the data.

Decisions where the language's contract is silent:

- A field that a wildcard admitted and no column holds is null everywhere; any other field without a column is an error.
- Where a test meets a null the condition may be null itself, which filters count as false: engines can skip what
  their statistics rule out.
"""

from __future__ import annotations

from typing import Any, TypeVar

from ...checked import CheckedFilter
from ...context import Context, context_or_default
from ...endpoints.field_table import FieldTable
from ...errors import UnsupportedFilterError
from ...meaning.lowering import lower
from ..columns.finding import ColumnError, Given, verify_columns
from .engine import Engine, engine_of
from .translation import FrameTranslation

__all__ = ["ColumnError", "matching", "verify", "where"]

Frame = TypeVar("Frame")


def where(checked: CheckedFilter, frame: Any, context: Context | None = None, *, columns: Given | None = None) -> Any:
    """The filter as the engine's own condition, for the `filter` of this frame.

    It is an expression of Polars, DuckDB or Narwhals, a `Column` of PySpark, an array of booleans for a table of PyArrow, a series of them
    for a frame of pandas (`frame[where(…)]`). Of Polars, DuckDB, PySpark and Narwhals only the schema is looked at, and the condition
    serves every frame of the engine with this schema. Narwhals cannot say conditions on related records; they are refused.

    A field is in the column of its name (or its type's `source`), else a field of a struct column or a key of a map column. `columns`
    gives the columns of other fields, by their paths: a column's name, the engine's own expression, or for a path with `*` a
    function of the names in its place. Of related records, it gives the names of struct fields.

    Raises `UnsupportedFilterError` for what the engine cannot say, `ContextError` if the filter needs what the context
    lacks, `ColumnError` for a field that has no column, or one that cannot hold its values, and `TypeError` for frames of other engines.

    >>> import kanbert_filter as kf, polars as pl
    >>> from kanbert_filter.backends.frames import where
    >>> projects = kf.Endpoint("projects", {"title": "string", "tasks": {"hours": "number"}})
    >>> frame = pl.DataFrame({"title": ["Acme", "ACME Corp", None], "tasks": [[], [{"hours": 7}, {"hours": 8}], None]})
    >>> frame.filter(where(projects.parse('title contains "acme" and tasks any (hours > 7)'), frame)).rows()
    [('ACME Corp', [{'hours': 7}, {'hours': 8}])]
    """
    engine = engine_of(frame)
    return engine.own(_condition(checked, engine, context, columns))


def matching(
    checked: CheckedFilter, frame: Frame, context: Context | None = None, *, columns: Given | None = None
) -> Frame:
    """The rows of the frame that match the filter, as a frame of the same kind; a lazy one stays lazy.

    Takes and raises what `where` does. What Narwhals cannot say of its frame, the frame's engine is asked.

    >>> import kanbert_filter as kf, polars as pl
    >>> from kanbert_filter.backends.frames import matching
    >>> projects = kf.Endpoint("projects", {"title": "string"})
    >>> frame = pl.DataFrame({"title": ["Acme", "Corp"]})
    >>> matching(projects.parse('title = "Acme"'), frame)["title"].to_list()
    ['Acme']
    """
    engine = engine_of(frame)
    try:
        condition = _condition(checked, engine, context, columns)
    except UnsupportedFilterError:
        if engine.over is None:
            raise
        return engine.wrapped(matching(checked, engine.over.frame, context, columns=columns))  # type: ignore[no-any-return]
    return engine.filtered(condition)  # type: ignore[no-any-return]


def verify(endpoint: FieldTable, frame: Any, *, columns: Given | None = None) -> None:
    """Make sure that `where` will find a fitting column for every field of the endpoint in such a frame.

    The fields of relations and those in the conditions of scopes are included; a wildcard's field may have none. Call it
    when a program starts, so that no request meets it first. Raises `ColumnError` that names every field without one.
    """
    translation = FrameTranslation(engine_of(frame), columns, context_or_default(None))
    verify_columns(translation, endpoint, translation.row)


def _condition(checked: CheckedFilter, engine: Engine[Any], context: Context | None, columns: Given | None) -> Any:
    context = context_or_default(context)
    translation = FrameTranslation(engine, columns, context)
    condition = translation.condition(lower(checked, context), translation.row)
    return engine.everywhere(condition) if isinstance(condition, bool) else condition
