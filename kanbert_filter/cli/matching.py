"""Records in, matching records out: the loop, and how each format frames what it writes."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, BinaryIO, Final

from ..backends.predicate import Predicate
from ..endpoints.endpoint import Endpoint
from ..errors import RecordError
from .records import BadRecords, CsvRecords, Record, json_array, json_lines

FORMATS: Final = {".jsonl": "jsonl", ".ndjson": "jsonl", ".csv": "csv", ".json": "json"}
"""The formats of records, by how a file's name ends."""

Text = Callable[[bytes, dict[str, Any]], bytes]
"""How a record is written: from its own bytes, and from what they hold."""


class Output:
    """Writes records as they came in: `before` them all, `between` two, and `after` the last."""

    def __init__(
        self, file: BinaryIO, text: Text, before: bytes = b"", between: bytes = b"", after: bytes = b""
    ) -> None:
        self._file = file
        self._text = text
        self._between = between
        self._after = after
        self._lead = b""
        self.flushing = False
        file.write(before)

    def write(self, raw: bytes, record: dict[str, Any]) -> None:
        """Write one record, at once where somebody waits for it."""
        self._file.write(self._lead + self._text(raw, record))
        self._lead = self._between
        if self.flushing:
            self._file.flush()

    def end(self) -> None:
        """Write what stands at the end, and all that is still to be written."""
        self._file.write(self._after)
        self._file.flush()


class Count:
    """How many records were read, and how many of them matched."""

    def __init__(self, read: int, matching: int) -> None:
        self.read = read
        self.matching = matching


def filtered(records: Iterable[Record], matches: Predicate, output: Output, bad: BadRecords) -> Count:
    """Write the records that match. Raises `BadRecord` unless bad records are skipped."""
    read = matching = 0
    write = output.write
    for line, raw, record in records:
        try:
            if matches(record):
                matching += 1
                write(raw, record)
            read += 1
        except RecordError as error:
            bad.add(line, str(error))
    return Count(read, matching)


def read_as(
    form: str,
    file: BinaryIO,
    out: BinaryIO,
    endpoint: Endpoint,
    bad: BadRecords,
    *,
    output: str | None = None,
    delimiter: str = ",",
) -> tuple[Iterable[Record], Output]:
    """The records of a file in a format, and what writes them in the same format or in another one."""
    if form == "csv":
        rows = CsvRecords(file, endpoint, bad, delimiter)
        if output is None:
            return rows, Output(out, _line, before=rows.header + b"\n")
        return rows, _json_output(out, output, _text_of)
    records = json_lines(file, bad) if form == "jsonl" else json_array(file, bad)
    text = _one_line if (form, output) == ("json", "jsonl") else _as_it_came
    return records, _json_output(out, output or form, text)


def _json_output(out: BinaryIO, output: str, text: Text) -> Output:
    if output == "json":
        return Output(out, text, before=b"[", between=b",\n ", after=b"]\n")
    return Output(out, lambda raw, record: text(raw, record) + b"\n")


def _as_it_came(raw: bytes, record: dict[str, Any]) -> bytes:
    return raw


def _line(raw: bytes, record: dict[str, Any]) -> bytes:
    return raw + b"\n"


def _one_line(raw: bytes, record: dict[str, Any]) -> bytes:
    """The record without line breaks, which in JSON stand only between tokens."""
    return _BREAKS.sub(b" ", raw)


_BREAKS: Final = re.compile(rb"[ \t]*[\r\n][ \t\r\n]*")


def _text_of(raw: bytes, record: dict[str, Any]) -> bytes:
    return _json_text(record).encode()


def _json_text(value: Any) -> str:
    """The value as JSON; decimals with the digits they have."""
    match value:
        case dict():
            return "{" + ", ".join([f"{_json_text(key)}: {_json_text(item)}" for key, item in value.items()]) + "}"
        case list():
            return f"[{', '.join(map(_json_text, value))}]"
        case Decimal():
            return str(value)
    return json.dumps(value, ensure_ascii=False)
