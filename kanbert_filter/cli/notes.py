"""What is worth a note about a file: fields that it does not hold, and records that are deeper inside."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from ..checked import CheckedFilter
from ..endpoints.endpoint import Endpoint
from ..endpoints.scalars import Scope
from ..errors import quoted
from ..messages import did_you_mean
from ..nodes import And, Comparison, Everything, Filter, Membership, NullCheck, Or, RelationTest
from ..suggestions import Suggestions
from .csv_records import CsvRecords
from .records import Record


def notes_on(
    file: str, records: Iterable[Record], checked: CheckedFilter, endpoint: Endpoint, fields: Iterable[str]
) -> Iterator[str]:
    """What a filter or `--fields` names and a file does not hold."""
    rows = records if isinstance(records, CsvRecords) else None
    for field in missing_fields(checked.filter, endpoint, rows) if rows else ():
        yield f"{file} has no column for {quoted(field)}, which is null there"
    for field in fields:
        if endpoint.field_type(field) is None and (rows is None or field not in rows.columns):
            hint = did_you_mean(Suggestions().to(field, endpoint.known))
            yield f"{quoted(field)} is no {'column and no ' if rows else ''}field of the endpoint{hint or ', and perhaps null'}"


def missing_fields(filter: Filter, endpoint: Endpoint, rows: CsvRecords) -> list[str]:
    """The fields that a filter names and for which a CSV file has no column."""
    fields = dict.fromkeys(_fields_of_records(filter))
    known = [field for field in fields if not isinstance(endpoint.field_type(field), Scope)]
    return [field for field in known if not rows.holds(endpoint.source_of(field))]


def _fields_of_records(filter: Filter) -> Iterator[str]:
    """The fields that a filter names in the records themselves, not in related ones."""
    match filter:
        case And(items) | Or(items):
            for item in items:
                yield from _fields_of_records(item)
        case RelationTest(field) | Comparison(field) | Membership(field) | NullCheck(field):
            yield field
        case Everything():
            pass


_LIST: Final = re.compile(rb'"([^"\\]+)"\s*:\s*\[\s*\{')


def list_inside(head: bytes, endpoint: Endpoint) -> str | None:
    """The key of a list of objects in the object that a file begins with, if it is not one of the endpoint's relations."""
    for found in _LIST.finditer(head):
        before = head[: found.start()]
        key = found[1].decode(errors="replace")
        if before.count(b"{") - before.count(b"}") == 1 and endpoint.type_at((key,)) is None:
            return key
    return None
