"""Records in CSV and its dialects, one at a time, whatever the size of the file."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from decimal import Decimal
from itertools import chain, compress, repeat
from typing import Any, BinaryIO, Final

from ..endpoints.endpoint import Endpoint
from ..endpoints.field_type import FieldType
from ..errors import RecordError, quoted
from .bulk_search import BulkSearch, looks_at, next_lines
from .json_records import NOT_JSON, read_json
from .records import BadRecord, BadRecords, Record

Layout = dict[str, "int | Layout"]
"""A record's keys; for each the column that holds it, or a layout of its own."""

DELIMITERS: Final = (",", ";", "\t", "|")
"""What separates cells where nothing else is said: of these the one that finds most columns of the endpoint."""

_LONGEST_CELL: Final = 1 << 28
"""In characters. A quote that is never closed would take the rest of the file for a cell."""


class CsvRecords:
    """The records of a CSV file whose first row names the columns.

    Cells become what the endpoint's field of that name takes: numbers, booleans, and related records as JSON; all else is
    text. An empty cell is null, and so is one of the words `nulls`; a dotted name is a path. With `lenient` a cell that is
    not of its field's type is null too. Raises `BadRecord` for a header that names no records.
    """

    header: bytes

    def __init__(
        self,
        file: BinaryIO,
        endpoint: Endpoint,
        bad: BadRecords,
        delimiter: str | None = None,
        *,
        nulls: Collection[str] = (),
        lenient: bool = False,
        bulk: BulkSearch | None = None,
    ) -> None:
        self._file = file
        self._source: Iterator[bytes] = iter(file)
        self._bad = bad
        self._bulk = bulk
        self._nulls = frozenset(nulls)
        self._lenient = lenient
        self._read = 0
        self._taken: list[bytes] = []
        self._not_utf8 = False
        lines = self._lines()
        first = next(lines, "")
        csv.field_size_limit(_LONGEST_CELL)
        delimiter = delimiter or max(DELIMITERS, key=lambda mark: _known_columns(first, mark, endpoint))
        self.delimiter = delimiter
        self._rows = csv.reader(chain([first] if first else [], lines), delimiter=delimiter, strict=True)
        names = self._header()
        self._width = len(names)
        fields = [_field_of(endpoint, name) for name in names]
        paths = [path for path, _ in fields]
        self._layout = _layout(names, paths)
        self.columns = dict(zip(names, paths, strict=True))
        """The path of each column's values in the records."""
        if not any(row for _, row in fields):
            shown = quoted(delimiter.join(names))
            raise BadRecord(
                1, f"Found the columns {shown}, expected some that the endpoint has; perhaps --delimiter differs"
            )
        needs = None if bulk is None or bulk.whole else bulk.needs
        self._conversions = [
            (index, name, row.kind, CONVERSIONS[row.kind])
            for index, (name, (path, row)) in enumerate(zip(names, fields, strict=True))
            if row is not None and row.kind in CONVERSIONS and looks_at(needs, path)
        ]
        self._needed = _without(self._layout, needs)

    def holds(self, path: tuple[str, ...]) -> bool:
        """Whether a column holds the value at this path of a record, or more than that."""
        level: int | Layout | None = self._layout
        for key in path:
            level = level.get(key) if isinstance(level, dict) else level
        return level is not None

    def __iter__(self) -> Iterator[Record]:
        return self._records() if self._bulk is None else self._left(self._bulk)

    def _records(self, last: int | None = None) -> Iterator[Record]:
        """The records, up to the one in which the last of the lines is."""
        while last is None or self._read < last:
            self._taken.clear()
            try:
                row = next(self._rows, None)
                if row is None:
                    return
                if not row:
                    continue
                record = self._record(row)
            except csv.Error as error:
                self._bad.add(self._line(), _not_csv(error))
            except _WrongCell as error:
                self._bad.add(self._line(), str(error), of_value=True)
            except ValueError as error:
                self._bad.add(self._line(), str(error))
            else:
                yield self._line(), b"".join(self._taken), record

    def _left(self, bulk: BulkSearch) -> Iterator[Record]:
        """The records that the search in many of them leaves."""
        while lines := next_lines(self._file):
            try:
                records = self._records_of_lines(lines)
                chosen = [bulk.passes(record) is not bulk.invert for record in records]
            except (csv.Error, RecordError, *NOT_JSON, KeyError, ArithmeticError):
                self._source = chain(lines, self._file)
                yield from self._records(self._read + len(lines))
                continue
            self._read += len(lines)
            if not bulk.settle(len(lines), [*compress(lines, chosen)]):
                for place in bulk.places(chosen):
                    yield self._read - len(lines) + 1 + place, lines[place], records[place]

    def _records_of_lines(self, lines: list[bytes]) -> list[dict[str, Any]]:
        """What is needed of the records in some lines, column by column. Raises what readers do if a line is no record or a cell is wrong."""
        text = io.StringIO(b"".join(lines).decode(), newline="\n")
        rows = [*csv.reader(text, delimiter=self.delimiter, strict=True)]
        if len(rows) != len(lines) or {*map(len, rows)} != {self._width}:
            raise ValueError("a record on several lines, or of another width")
        columns: list[Sequence[Any]] = [*zip(*rows, strict=True)]
        for index in _columns(self._needed):
            columns[index] = [None if cell in self._nulls or not cell else cell for cell in columns[index]]
        for index, _, kind, convert in self._conversions:
            columns[index] = _converted(columns[index], kind, convert)
        return _nested_columns(self._needed, columns, len(lines))

    def _lines(self) -> Iterator[str]:
        """The lines as the reader takes them; their bytes are kept until the record is complete."""
        while (line := next(self._source, None)) is not None:
            self._read += 1
            self._taken.append(line)
            try:
                text = line.decode()
            except UnicodeDecodeError:
                self._not_utf8 = True
                text = line.decode(errors="replace")
            yield text.removeprefix("\ufeff") if self._read == 1 else text

    def _line(self) -> int:
        return self._read - len(self._taken) + 1

    def _header(self) -> list[str]:
        try:
            names = [name.strip() for name in next(self._rows, [])]
        except csv.Error as error:
            raise BadRecord(1, _not_csv(error)) from None
        if not any(names) or self._not_utf8:
            raise BadRecord(1, "Found no header, expected the names of the columns in UTF-8")
        self.header = b"".join(self._taken)
        return names

    def _record(self, row: list[str]) -> dict[str, Any]:
        """The record of a row. Raises `ValueError` that says what is wrong with it."""
        if self._not_utf8:
            self._not_utf8 = False
            raise ValueError("Found bytes that are not UTF-8, expected UTF-8")
        if len(row) != self._width:
            raise ValueError(f"Found {len(row)} cells, expected {self._width} as in the header")
        if self._nulls:
            cells: list[Any] = [None if cell in self._nulls or not cell else cell for cell in row]
        else:
            cells = [cell or None for cell in row]
        for index, name, kind, convert in self._conversions:
            cell = cells[index]
            if cell:
                try:
                    cells[index] = convert(cell.strip())
                except (*NOT_JSON, KeyError):
                    if not self._lenient:
                        raise _WrongCell(name, cell, kind) from None
                    cells[index] = None
        return _nested(self._layout, cells)


class _WrongCell(ValueError):
    """A cell that is not of its field's type."""

    def __str__(self) -> str:
        name, cell, kind = self.args
        return f"Column {quoted(name)} holds {quoted(cell)}, expected {_EXPECTED.get(kind, f'a {kind}')} or nothing"


def _not_csv(error: csv.Error) -> str:
    if "new-line character" in str(error):
        return "Found lines that end in CR alone, expected LF or CRLF; convert it, for example with tr '\\r' '\\n'"
    return f"Found text that is not CSV: {error}"


def _known_columns(header: str, delimiter: str, endpoint: Endpoint) -> int:
    """How many fields of the endpoint a header names if this separates its cells."""
    names = [name.strip().strip('"').strip() for name in header.split(delimiter)]
    return sum(_field_of(endpoint, name)[1] is not None for name in names)


def _field_of(endpoint: Endpoint, column: str) -> tuple[tuple[str, ...], FieldType | None]:
    """The path of a column's values in the records, and the type of the field whose data they are, if there is one."""
    whole = (column,)
    path = tuple(column.split("."))
    row = endpoint.type_at(whole)
    return (whole, row) if row is not None else (path, endpoint.type_at(path))


def _layout(names: list[str], paths: list[tuple[str, ...]]) -> Layout:
    layout: Layout = {}
    for index, (name, (*path, last)) in enumerate(zip(names, paths, strict=True)):
        level: int | Layout = layout
        for key in path:
            level = level.setdefault(key, {}) if isinstance(level, dict) else level
        if isinstance(level, dict) and last not in level:
            level[last] = index
        elif name:  # of several columns without a name, none can be meant but the first
            found = f"Found column {quoted(name)} twice or inside another one, expected each path once"
            raise BadRecord(1, f"{found}; rename one of them in the header")
    return layout


def _without(layout: Layout, needs: Any) -> Layout:
    """The layout without the columns that are not needed; all are if nothing is said of needs."""
    if not isinstance(needs, dict):
        return layout
    return {
        key: part if isinstance(part, int) else _without(part, needs[key])
        for key, part in layout.items()
        if key in needs
    }


def _columns(layout: Layout) -> Iterator[int]:
    for part in layout.values():
        if isinstance(part, int):
            yield part
        else:
            yield from _columns(part)


def _converted(cells: Sequence[str | None], kind: str, convert: Callable[[str], Any]) -> list[Any]:
    """The values of a column's cells. Raises what the conversion does for a wrong one."""
    texts = [cell and cell.strip() for cell in cells]
    if kind == "number" and _NUMBERS.fullmatch("".join([f"{text}\n" for text in texts if text])):
        return [Decimal(text) if text else None for text in texts]
    return [None if text is None else convert(text) for text in texts]


def _nested_columns(layout: Layout, columns: Sequence[Sequence[Any]], count: int) -> list[dict[str, Any]]:
    """A record for each row of the columns."""
    if not layout:
        return [{} for _ in range(count)]
    values = [
        columns[part] if isinstance(part, int) else _nested_columns(part, columns, count) for part in layout.values()
    ]
    return [*map(dict, map(zip, repeat([*layout]), zip(*values, strict=True)))]


def _nested(layout: Layout, cells: list[Any]) -> dict[str, Any]:
    return {key: cells[part] if isinstance(part, int) else _nested(part, cells) for key, part in layout.items()}


_NUMBER: Final = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")

# Atomic, or the pattern would remember every way through every number.
_NUMBERS: Final = re.compile(rf"(?:(?>{_NUMBER.pattern})\n)*")


def _number_in(cell: str) -> int | Decimal | None:
    """The number, written as in JSON or with a bare decimal point or a plus sign."""
    if not _NUMBER.fullmatch(cell):
        if cell:
            raise ValueError(cell)
        return None
    try:
        return int(cell) if cell.lstrip("+-").isdigit() and len(cell) < 4000 else Decimal(cell)
    except ArithmeticError:  # of a huge exponent
        raise ValueError(cell) from None


def _boolean_in(cell: str) -> bool | None:
    return {"true": True, "false": False, "": None}[cell.lower()]


CONVERSIONS: Final[dict[str, Callable[[str], Any]]] = {
    "number": _number_in,
    "currency": _number_in,
    "boolean": _boolean_in,
    "relation": lambda cell: read_json(cell) if cell else None,
}

_EXPECTED: Final = {"currency": "a number", "boolean": "true, false", "relation": "a JSON array of records"}
