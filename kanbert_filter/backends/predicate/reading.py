"""Single values read from a record, as a compiled predicate reads them, for whoever looks at a record without compiling."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from ...context import Context
from ...errors import RecordError
from ...kinds import FieldKind, exhaustive
from ...meaning.tests import Column
from . import records
from .code_text import Access


def raw_value(column: Column, record: object, access: Access) -> Any:
    """What the record holds where the field's data is, None for null.

    Raises `RecordError` for a path through something that holds no values.
    """
    is_custom = column.kind == "custom"
    value: Any = record
    for position, name in enumerate(column.source):
        wild = column.wild[position]
        if name.startswith("__"):
            return None
        if isinstance(value, Mapping):
            value = value.get(name)
        elif access == "attribute":
            value = None if wild else getattr(value, name, None)
        elif position and not is_custom and not wild:
            raise RecordError(*records.holder_of(column, position - 1), value)
        else:
            value = None
        if value is None:
            return None
    return value


def present_value(column: Column, record: object, access: Access, context: Context) -> Any:
    """The value of a field in the form that tests compare, None for null. Raises `RecordError` for one not of the field's type."""
    raw = raw_value(column, record, access)
    return None if raw is None else _READERS[column.kind](raw, (column.path, column.kind), context)


def related_of(column: Column, record: object, access: Access) -> Sequence[Any]:
    """The related records of a relation. Raises `RecordError` for what is no list of records."""
    find = records.related_mappings if access == "mapping" else records.related_objects
    return find(raw_value(column, record, access), (column.path, column.kind))


def _no_value(raw: object, field: records.FieldOfError, context: Context) -> Any:
    raise AssertionError(f"a {field[1]} holds no value")


_READERS: Final[dict[FieldKind, Callable[[Any, records.FieldOfError, Context], Any]]] = exhaustive(
    FieldKind,
    {
        **dict.fromkeys(("string", "enum"), lambda raw, field, context: records.as_text(raw, field)),
        **dict.fromkeys(("number", "currency"), lambda raw, field, context: records.as_number(raw, field)),
        "boolean": lambda raw, field, context: records.as_boolean(raw, field),
        "id": lambda raw, field, context: records.as_identifier(raw, field),
        "date": lambda raw, field, context: records.as_day(raw, field, context.timezone),
        "datetime": lambda raw, field, context: records.as_instant(raw, field, context.storage_timezone),
        "custom": lambda raw, field, context: records.as_custom(raw),
        **dict.fromkeys(("relation", "count", "scope"), _no_value),
    },
)
