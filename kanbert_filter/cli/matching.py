"""Records in, matching records out: the loop, and what it counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from ..endpoints.endpoint import Endpoint
from ..endpoints.field_table import FieldTable, Relation
from ..errors import RecordError, quoted
from .output import Writing, json_text_of
from .records import BadRecords, Record, Tally


class RecordSearch:
    """What is looked for: records that match, or with `invert` those that do not.

    A value that is not of its field's type makes the record a bad one, or with `lenient` counts as null.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        matches: Callable[[dict[str, Any]], bool],
        *,
        invert: bool = False,
        lenient: bool = False,
    ) -> None:
        self._endpoint = endpoint
        self._matches = matches
        self._invert = invert
        self._lenient = lenient

    def run(self, records: Iterable[Record], writing: Writing | None, bad: BadRecords, tally: Tally) -> None:
        """Count the records and write those that are found. Raises `BadRecord` unless bad records are skipped."""
        matches, invert = self._matches, self._invert
        if tally.full:
            return
        for line, raw, record in records:
            try:
                matching = matches(record)
            except RecordError as error:
                if not self._lenient:
                    bad.add(line, wrong_value(error), of_value=True)
                    continue
                try:
                    matching = self._with_nulls(record, error)
                except RecordError as another:
                    bad.add(line, wrong_value(another), of_value=True)
                    continue
            tally.read += 1
            if matching is not invert:
                tally.found += 1
                if writing is not None:
                    writing.write(raw, record)
                if tally.full:
                    return

    def _with_nulls(self, record: dict[str, Any], error: RecordError) -> bool:
        """Whether the record matches, each value that is compared and not of its field's type taken as null.

        Raises `RecordError` for a value that cannot be found again.
        """
        while _set_to_null(record, [*_paths(self._endpoint, error.field)], error.value):
            try:
                return self._matches(record)
            except RecordError as another:
                error = another
        raise error


def wrong_value(error: RecordError) -> str:
    """The sentence about a value that is not of its field's type, in JSON's words."""
    return f"Field {quoted(error.field)} holds {_shown_value(error.value)}, expected a value of type '{error.type}' or null"


def _shown_value(value: object) -> str:
    match value:
        case str():
            return f"the text {quoted(value)}"
        case bool():
            return f"the boolean {json_text_of(value)}"
        case list():
            return "a list"
        case dict():
            return "an object"
    return f"the number {quoted(value)[1:-1]}"


def _paths(fields: FieldTable, field: str) -> Iterator[Sequence[str]]:
    """Where a field's values are: the path of each relation on the way to it, and its own."""
    if fields.field_type(field) is None:
        for name, row in fields.items():
            if isinstance(row, Relation) and field.startswith(f"{name}."):
                yield fields.source_of(name)
                yield from _paths(row.related, field[len(name) + 1 :])
                return
    yield fields.source_of(field)


def _set_to_null(found: Any, paths: list[Sequence[str]], value: object) -> bool:
    """Put null in the place of a value that is at the end of the paths, or on the way; whether it was there."""
    if value is None:
        return False
    for key in paths[0]:
        if not isinstance(found, dict) or key not in found:
            return False
        if found[key] is value:
            found[key] = None
            return True
        found = found[key]
    for index, related in enumerate(found if isinstance(found, list) else ()):
        if related is value:
            found[index] = {}  # a record whose fields are null
            return True
        if len(paths) > 1 and _set_to_null(related, paths[1:], value):
            return True
    return False
