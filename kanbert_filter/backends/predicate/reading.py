"""Single values read from a record, as a compiled predicate reads them, for whoever looks at a record without compiling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...context import Context
from ...errors import RecordError
from ...meaning.tests import Column
from . import records
from .code_text import Access


def ensure_access(access: str) -> None:
    """Raise `ValueError` for anything but a way to read records."""
    if access not in ("mapping", "attribute"):
        raise ValueError(f"access is {access!r}, expected 'mapping' or 'attribute'")


def ensure_record(record: object, access: Access) -> None:
    """Raise `TypeError` for what is no mapping, or is one, where a record has to be the other: every field of it would be null."""
    ensure_access(access)
    if access == "attribute" and isinstance(record, Mapping):
        raise records.not_an_object(record)
    if access == "mapping" and not isinstance(record, Mapping):
        raise records.not_a_mapping(record)


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
    if raw is None:
        return None
    function, _, zone = records.READERS[column.kind]  # type: ignore[index]  # relations and scopes hold no value
    if column.kind == "custom":
        return function(raw)
    zones = () if zone is None else (getattr(context, zone),)
    return function(raw, (column.path, column.kind), *zones)


def related_of(column: Column, record: object, access: Access) -> Sequence[Any]:
    """The related records of a relation. Raises `RecordError` for what is no list of records."""
    find = records.related_mappings if access == "mapping" else records.related_objects
    return find(raw_value(column, record, access), (column.path, column.kind))
