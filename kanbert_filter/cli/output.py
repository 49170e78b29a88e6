"""Matching records out: as they came in, or written anew in another format."""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, time
from decimal import Decimal
from math import isfinite
from typing import Any, BinaryIO, Final, Literal

from ..endpoints.endpoint import Endpoint
from ..endpoints.scalars import Scope
from ..errors import printable
from .csv_records import CsvRecords
from .json_records import UnreadNumber
from .record_files import Format, UnreadableFile
from .records import Record

OutputFormat = Literal["jsonl", "json", "csv", "tsv", "table"]

Written = Callable[[bytes, dict[str, Any]], bytes]
"""How a record is written: from its own bytes, and from what they hold."""

_SAMPLE: Final = 100
"""From how many records a table takes the widths of its columns."""

_BREAKS: Final = re.compile(rb"[ \t]*[\r\n][ \t\r\n]*")


class Output:
    """Writes texts of records: `before` them all, `between` two, and `after` the last."""

    def __init__(self, file: BinaryIO, before: bytes = b"", between: bytes = b"", after: bytes = b"") -> None:
        self._file = file
        self._between = between
        self._after = after
        self._before = before
        self._begun = False
        self.flushing = False
        """Whether each record is written at once, since somebody waits for it."""

    def write(self, *texts: bytes) -> None:
        """Write one or more records."""
        self._file.write((self._between if self._begun else self._before) + self._between.join(texts))
        self._begun = True
        if self.flushing:
            self._file.flush()

    def end(self) -> None:
        """Write what is at the end, and all that is still to be written."""
        self._file.write(self._after if self._begun else self._before + self._after)
        self._file.flush()


class TableOutput(Output):
    """Writes rows of cells, each separated by NUL, in aligned columns; the first rows decide their widths."""

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        super().__init__(file)
        self._rows: list[list[str]] = [list(columns)]
        self._widths: list[int] = []

    def write(self, *texts: bytes) -> None:
        """Write rows, or keep them until the widths are known."""
        self._rows += [text.decode().split("\0") for text in texts]
        if self._widths or len(self._rows) > _SAMPLE or self.flushing:
            self._write_rows()

    def _write_rows(self) -> None:
        self._widths = self._widths or [max(map(len, column)) for column in zip(*self._rows, strict=True)]
        for row in self._rows:
            super().write(self._aligned(row))
        self._rows.clear()

    def _aligned(self, row: list[str]) -> bytes:
        cells = [cell.ljust(width) for cell, width in zip(row, self._widths, strict=True)]
        return ("  ".join(cells).rstrip() + "\n").encode()

    def end(self) -> None:
        if self._rows:
            self._write_rows()
        super().end()


class Projection:
    """The fields or columns of records that are written, by name, and the path of each in a record."""

    def __init__(self, paths: Mapping[str, Sequence[str]]) -> None:
        self.names = list(paths)
        self._paths = list(paths.values())

    def values(self, record: dict[str, Any]) -> list[Any]:
        """The values of the fields in a record; None for one that is missing."""
        return [_value_at(record, path) for path in self._paths]

    def cells(self, record: dict[str, Any]) -> list[str]:
        """The values of the fields as texts."""
        return [_cell_text(value) for value in self.values(record)]


class Writing:
    """Writes what is found in one file after the other, in one format: the first file's, unless another one is asked for.

    In the format it came in, a record is written as it came, byte by byte, unless only some fields are asked for. CSV and
    tables have the columns of those fields, or those of the first file, or the endpoint's.
    """

    def __init__(
        self,
        file: BinaryIO,
        endpoint: Endpoint,
        names: Sequence[str] | None = None,
        target: OutputFormat | None = None,
        *,
        with_filename: bool = False,
    ) -> None:
        self._file = file
        self._endpoint = endpoint
        self._names = names
        self._target = target
        self._with_filename = with_filename
        self.flushing = False
        """Whether each record is written at once, since somebody waits for it."""
        self._columns: Projection | None = None
        self._header = b""
        self._output: Output | None = None
        self._written: Written = as_it_came

    def begin(self, name: str, form: Format, records: Iterable[Record]) -> None:
        """From here on, records are those of the file of this name and format.

        Raises `UnreadableFile` for CSV with other columns than what was written before.
        """
        rows = records if isinstance(records, CsvRecords) else None
        if self._output is None:
            self._target = self._target or self._target_for(form)
            self._columns = Projection(self._paths(rows))
            self._header = rows.header if rows and form == self._target and not self._names else b""
            self._output = self._framed(rows)
        self._output.flushing = self.flushing
        if self._header and rows and rows.header.strip() != self._header.strip():
            raise UnreadableFile("has other columns than the file before it; choose columns with --fields")
        self._written = self._how(name, form, rows)

    def write(self, raw: bytes, record: dict[str, Any]) -> None:
        """Write one record."""
        assert self._output is not None
        self._output.write(self._written(raw, record))

    def write_lines(self, lines: list[bytes]) -> None:
        """Write records whose lines are all that is written of them."""
        assert self._output is not None
        written, nothing = self._written, dict[str, Any]()
        self._output.write(*[written(line, nothing) for line in lines])

    def end(self) -> None:
        """Write what is at the end, and all that is still to be written."""
        if self._output is not None:
            self._output.end()

    def _target_for(self, form: Format) -> OutputFormat:
        """The format of what is written where none is asked for."""
        if form == "parquet" or form == "arrow" or (form == "json" and self._with_filename):
            return "jsonl"
        return form

    def _paths(self, rows: CsvRecords | None) -> dict[str, Sequence[str]]:
        """The path of each column: of the fields asked for, or the first file's, or the endpoint's."""
        endpoint, columns = self._endpoint, rows.columns if rows else {}
        if self._names is None and columns:
            return dict(columns)
        named = [name for name, row in endpoint.items() if "*" not in name and not isinstance(row, Scope)]
        return {
            name: endpoint.source_of(name) if endpoint.field_type(name) else columns.get(name, name.split("."))
            for name in self._names or named
        }

    def _framed(self, rows: CsvRecords | None) -> Output:
        assert self._columns is not None
        names = ["file", *self._columns.names] if self._with_filename else self._columns.names
        match self._target:
            case "json":
                return Output(self._file, b"[", b",\n ", b"]\n")
            case "table":
                return TableOutput(self._file, names)
            case "jsonl":
                return Output(self._file)
        if not self._header:
            return Output(self._file, csv_line(names, _DELIMITERS[self._target]))
        assert rows is not None
        header = self._header
        if self._with_filename:
            header = csv_cell("file", rows.delimiter) + header.removeprefix(codecs.BOM_UTF8)
        return Output(self._file, header if header.endswith(b"\n") else header + b"\n")

    def _how(self, name: str, form: Format, rows: CsvRecords | None) -> Written:
        """How the records of a file are written."""
        assert self._columns is not None
        cells, columns = self._columns.cells, self._columns
        match self._target:
            case "json" | "jsonl":
                written = _json_writer(form, columns if self._names else None, one_line=self._target == "jsonl")
                begin, end = f"{name}:".encode(errors="surrogateescape"), b"\n"
                if self._target == "json":
                    return written
                if self._with_filename:
                    return lambda raw, record: begin + written(raw, record) + end
                if written is as_it_came:
                    return lambda raw, record: raw + end
                return lambda raw, record: written(raw, record) + end
            case "table":
                lead = [name] if self._with_filename else []
                return lambda raw, record: "\0".join(map(printable, [*lead, *cells(record)])).encode()
        if rows and self._header:
            begin = csv_cell(name, rows.delimiter) if self._with_filename else b""
            end = b"\r\n" if rows.header.endswith(b"\r\n") else b"\n"
            return lambda raw, record: begin + (raw if raw.endswith(b"\n") else raw + end)
        delimiter = _DELIMITERS[self._target]
        begin = csv_cell(name, delimiter) if self._with_filename else b""
        return lambda raw, record: begin + csv_line(cells(record), delimiter)


_DELIMITERS: Final[dict[str | None, str]] = {"csv": ",", "tsv": "\t"}


def _json_writer(form: Format, columns: Projection | None, *, one_line: bool) -> Written:
    """How a record of a file in this format is written as JSON."""
    if columns is not None:
        names, values = columns.names, columns.values
        return lambda raw, record: _encoded(json_text_of(dict(zip(names, values(record), strict=True))))
    if form not in ("json", "jsonl"):
        return lambda raw, record: _encoded(json_text_of(record))
    return on_a_line if form == "json" and one_line else as_it_came


def csv_line(cells: Sequence[str], delimiter: str) -> bytes:
    """A line of CSV with its end."""
    return _encoded(_csv_text(cells, delimiter))


def csv_cell(name: str, delimiter: str) -> bytes:
    """A file's name as a cell at the beginning of a line of CSV, with the delimiter after it."""
    return _csv_text([name, ""], delimiter).removesuffix("\n").encode(errors="surrogateescape")


def _csv_text(cells: Sequence[str], delimiter: str) -> str:
    line = io.StringIO()
    csv.writer(line, delimiter=delimiter, lineterminator="\n").writerow(cells)
    return line.getvalue()


def as_it_came(raw: bytes, record: dict[str, Any]) -> bytes:
    """The record's own bytes."""
    return raw


def on_a_line(raw: bytes, record: dict[str, Any]) -> bytes:
    """The record's own bytes without line breaks, which in JSON stand only between tokens."""
    return _BREAKS.sub(b" ", raw)


def json_text_of(value: Any) -> str:
    """The value as JSON; decimals with the digits they have."""
    match value:
        case dict():
            items = [f"{json.dumps(key, ensure_ascii=False)}: {json_text_of(item)}" for key, item in value.items()]
            return f"{{{', '.join(items)}}}"
        case list():
            return f"[{', '.join(map(json_text_of, value))}]"
        case Decimal() | UnreadNumber():
            return str(value)
        case float() if not isfinite(value):
            return "null"
    return json.dumps(value, ensure_ascii=False, default=_text_of_value)


def _text_of_value(value: Any) -> str:
    """What JSON has no notation for, as text: dates and timestamps in ISO form, bytes in base64."""
    if isinstance(value, date | time):
        return value.isoformat()
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _encoded(text: str) -> bytes:
    """The text in UTF-8; half a surrogate pair as JSON escapes it."""
    return text.encode(errors="backslashreplace")


def _value_at(record: Any, path: Sequence[str]) -> Any:
    for key in path:
        record = record.get(key) if isinstance(record, dict) else None
    return record


def _cell_text(value: Any) -> str:
    if value is None or (isinstance(value, float) and not isfinite(value)):
        return ""
    if isinstance(value, dict | list | bool | float | Decimal):
        return json_text_of(value)
    return _text_of_value(value)
