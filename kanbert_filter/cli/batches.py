"""Files of many filters: one on each line, in JSON lines under a key, or in a column of CSV.

A file is read so that it can be written again with other filters in it and all else kept as it is, and so that what is wrong with
a filter has its line and column in the file, as compilers report it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal, NamedTuple, TypeVar

from ..errors import FilterError, JsonLocation, Problem, TextLocation, printable, quoted
from ..messages import alternatives, plural
from ..nodes import Filter
from .csv_records import DELIMITERS
from .filters import filter_in
from .json_records import NOT_JSON
from .record_files import RecordFile, UnreadableFile, opened, shown_name
from .shell import InputFault

T = TypeVar("T")
BatchFormat = Literal["lines", "jsonl", "csv", "tsv"]

_BLANKS: Final = re.compile(r"[ \t\r\n]*")
_value_at: Final = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
"""Where a value ends is of interest here, not what its numbers are, which may be too long for Python."""


class Spelling(NamedTuple):
    """How a filter's text is spelled in a file."""

    unit: re.Pattern[str]
    """What spells one character."""
    spelled: Callable[[str], str]
    """The spelling of a text."""
    notation: str = ""
    """The notation that the text can only be in, if there is one."""


_ANY: Final = re.compile(r"[\s\S]")
_PLAIN: Final = Spelling(_ANY, str)
_JSON_TEXT: Final = Spelling(
    re.compile(r"\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|[\s\S]"),
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
)
_JSON_DATA: Final = Spelling(_ANY, str, "json")
_QUOTED_CELL: Final = Spelling(re.compile(r'""|[\s\S]'), lambda text: text.replace('"', '""'))


class BatchEntry:
    """A piece of a file, a line, a record or a row, and the filter in it.

    `text` is what the filter is read from, None where there is none; `fault` says what is wrong with the piece itself.
    """

    def __init__(
        self,
        piece: str,
        line: int,
        text: str | None = None,
        span: tuple[int, int] = (0, 0),
        spelling: Spelling = _PLAIN,
        *,
        fault: Problem | None = None,
    ) -> None:
        self.piece = piece
        self.text = text
        self.fault = fault
        self._line = line
        self._start, self._end = span
        self._spelling = spelling

    @property
    def is_filter(self) -> bool:
        """Whether there is a filter, or something in its place."""
        return self.fault is not None or bool(self.text and self.text.strip())

    @property
    def octets(self) -> bytes:
        """The filter's text in UTF-8, or what is there instead."""
        text = self.text or ""
        try:
            return text.encode(errors="surrogateescape")
        except UnicodeEncodeError:  # half of a surrogate pair, which JSON can escape; reading it says so
            return text.encode(errors="surrogatepass")

    def filter(self, notation: str = "auto") -> Filter | None:
        """The filter, None where there is none; its notation follows from the text or is given. Raises `FilterError`."""
        if self.fault is not None:
            raise FilterError(self.fault)
        if not self.is_filter:
            return None
        return filter_in(self.octets, self._spelling.notation or notation)

    def with_filter(self, text: str, notation: str) -> str:
        """The piece with another filter, written in this notation."""
        if self._spelling is _JSON_DATA and notation != "json":
            text = json.dumps(text, ensure_ascii=False)
        return self.piece[: self._start] + self._spelling.spelled(text) + self.piece[self._end :]

    def place(self, problem: Problem) -> tuple[int, int]:
        """The line and the column in the file of what is wrong with the filter."""
        at, inside, location = self._start, 0, problem.location
        if isinstance(location, TextLocation) and (location.text == self.text or self.fault is not None):
            inside = location.start
        elif isinstance(location, JsonLocation) and self.text is not None:
            inside = _beginning_of(self.text, location.pointer)
        for _ in range(inside):
            unit = self._spelling.unit.match(self.piece, at, self._end or len(self.piece))
            if unit is None:
                break
            at = unit.end()
        return self._line + self.piece.count("\n", 0, at), at - self.piece.rfind("\n", 0, at)


def _beginning_of(text: str, pointer: str) -> int:
    """Where the value of a JSON Pointer begins in a JSON text; its beginning where that cannot be found."""
    try:
        span = json_span(text, keys_of(pointer))
    except NOT_JSON:  # nested too deeply, for one
        return 0
    return span[0] if span else 0


def keys_of(pointer: str) -> list[str]:
    """The keys of a JSON Pointer."""
    return [key.replace("~1", "/").replace("~0", "~") for key in pointer.split("/")[1:]]


def json_span(text: str, keys: Sequence[str]) -> tuple[int, int] | None:
    """Where the value with these keys is in a JSON text; None where there is none. Raises one of `NOT_JSON`.

    >>> from kanbert_filter.cli.batches import json_span
    >>> text = '{"a": [1, {"b": "x"}]}'
    >>> start, end = json_span(text, ["a", "1", "b"])
    >>> text[start:end]
    '"x"'
    """
    at = _past_blanks(text, 0)
    for key in keys:
        found = _item_span(text, at, key)
        if found is None:
            return None
        at = found
    return at, _value_at(text, at)[1]


def _item_span(text: str, at: int, key: str) -> int | None:
    """Where the value of a key begins, in the object or list that begins here."""
    opening = text[at : at + 1]
    if opening not in ("{", "["):
        return None
    at, number = _past_blanks(text, at + 1), 0
    while text[at : at + 1] not in ("}", "]"):
        name = str(number)
        if opening == "{":
            name, at = _value_at(text, at)
            at = _past_blanks(text, _past_blanks(text, at) + 1)
        if name == key:
            return at
        at = _past_blanks(text, _value_at(text, at)[1])
        if text[at : at + 1] == ",":
            at = _past_blanks(text, at + 1)
        number += 1
    return None


def _past_blanks(text: str, at: int) -> int:
    blanks = _BLANKS.match(text, at)
    return blanks.end() if blanks else at


# files


def batch_entries(name: str, form: BatchFormat | None, keys: Sequence[str]) -> Iterator[BatchEntry]:
    """All pieces of a file, in order; together they are the file. `keys` lead to the filter of a record.

    Raises `InputFault` for a file that cannot be read, or is CSV without that column.
    """
    try:
        with opened(name) as source:
            form = form or _format_of(source)
            text = source.file.read().decode(errors="surrogateescape")
        if form == "csv" or form == "tsv":
            return _rows(text, ".".join(keys), "\t" if form == "tsv" else None)
    except UnreadableFile as error:
        raise InputFault(f"{shown_name(name)} {error}") from None
    read = _in_a_line if form == "lines" else _in_a_record
    return (read(line, number, keys) for number, line in enumerate(re.findall(r"[^\n]*\n|[^\n]+", text), 1))


def _format_of(source: RecordFile) -> BatchFormat:
    """The format that follows from a file's name: anything that says nothing else has a filter on each line."""
    form = source.named_format()
    if form == "json":
        raise UnreadableFile("is JSON, expected a record on each line; convert it, for example with jq -c '.[]'")
    return form or "lines"


def _in_a_line(line: str, number: int, keys: Sequence[str]) -> BatchEntry:
    start = 1 if number == 1 and line.startswith("\ufeff") else 0
    text = line[start:].rstrip("\r\n")
    return BatchEntry(line, number, text, (start, start + len(text)))


def _in_a_record(line: str, number: int, keys: Sequence[str]) -> BatchEntry:
    """The entry of a line of JSON; a filter is a text in it, or data."""
    start = 1 if number == 1 and line.startswith("\ufeff") else 0
    record = line[start:]
    if not record.strip():
        return BatchEntry(line, number)
    try:
        data, end = _value_at(record, _past_blanks(record, 0))
        if record[end:].strip():
            raise json.JSONDecodeError("Extra data", record, end)
        span = json_span(record, keys) if isinstance(data, dict) else None
    except NOT_JSON as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else 0
        message = "Found text that is not JSON, expected an object on each line"
        return BatchEntry(line, number, fault=Problem("invalid_json", message, None, TextLocation(line, at, at + 1)))
    if span is None:
        message = f"Found no key {quoted('.'.join(keys))}, expected a filter there; give --key with another one"
        return BatchEntry(line, number, fault=Problem("missing_key", message))
    at, end = span[0] + start, span[1] + start
    match line[at]:
        case '"':
            return BatchEntry(line, number, json.loads(line[at:end]), (at + 1, end - 1), _JSON_TEXT)
        case "{" | "[":
            return BatchEntry(line, number, line[at:end], (at, end), _JSON_DATA)
        case "n":
            return BatchEntry(line, number)
    message = f"Found {quoted(line[at:end])}, expected a filter as text or JSON, or null"
    return BatchEntry(line, number, None, (at, end), fault=Problem("wrong_shape", message))


def _rows(text: str, column: str, delimiter: str | None) -> Iterator[BatchEntry]:
    """The rows of CSV, the header first, which has no filter. Raises `UnreadableFile` where it does not name the column."""
    header = text.partition("\n")[0]
    if delimiter is None:
        delimiter = next((mark for mark in DELIMITERS if column in _names_in(header, mark)), DELIMITERS[0])
    names = _names_in(header, delimiter)
    if column not in names:
        found = alternatives(map(quoted, filter(None, names))) if any(names) else "one, and the file a header"
        raise UnreadableFile(f"has no column {quoted(column)}; give --key {found}")
    return _row_entries(text, names.index(column), delimiter)


def _row_entries(text: str, index: int, delimiter: str) -> Iterator[BatchEntry]:
    cell = re.compile(rf'"(?P<quoted>(?:[^"]|"")*)"|(?P<bare>[^{re.escape(delimiter)}\r\n]*)')
    at, line = 0, 1
    while at < len(text):
        start = at
        cells: list[re.Match[str]] = []
        while not cells or text[at : at + 1] == delimiter:
            found_cell = cell.match(text, at + bool(cells))
            assert found_cell is not None, "a cell may be empty"
            cells.append(found_cell)
            at = found_cell.end()
        ends = text[at : at + 1] in ("", "\n") or text.startswith("\r\n", at)
        at = text.find("\n", at) + 1 or len(text)
        piece = text[start:at]
        if start == 0 or not piece.strip():
            yield BatchEntry(piece, line)
        elif not ends:
            yield BatchEntry(piece, line, fault=Problem("unexpected_input", "Found text that is not CSV"))
        elif len(cells) <= index:
            message = f"Found {plural(len(cells), 'cell')}, expected a filter in cell {index + 1}"
            yield BatchEntry(piece, line, fault=Problem("missing_key", message))
        else:
            yield _in_a_cell(piece, line, cells[index], start, delimiter)
        line += piece.count("\n")


def _in_a_cell(piece: str, line: int, cell: re.Match[str], start: int, delimiter: str) -> BatchEntry:
    if cell["bare"] is None:
        span = cell.start("quoted") - start, cell.end("quoted") - start
        return BatchEntry(piece, line, cell["quoted"].replace('""', '"'), span, _QUOTED_CELL)
    span = cell.start() - start, cell.end() - start
    return BatchEntry(piece, line, cell["bare"], span, Spelling(_ANY, lambda text: _cell_with(text, delimiter)))


def _names_in(header: str, delimiter: str) -> list[str]:
    return [name.strip('\ufeff" \r') for name in header.split(delimiter)]


def _cell_with(text: str, delimiter: str) -> str:
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in (delimiter, '"', "\n")) else text


# reports


class BatchReport:
    """What is wrong with the filters of files. `write` gets a line for each problem, in the form of compilers."""

    def __init__(self, write: Callable[[str], object], notation: str = "auto") -> None:
        self._notation = notation
        self.filters = 0
        self.failed = 0
        self.errors: list[dict[str, object]] = []
        """The problems as data."""
        self._write = write

    def tried(self, file: str, entry: BatchEntry, work: Callable[[Filter], T]) -> T | None:
        """What `work` makes of the filter of an entry of a file; None where there is none, or something is wrong with it.

        What is wrong, also if `work` raises a `FilterError`, is reported.
        """
        self.filters += entry.is_filter
        try:
            filter = entry.filter(self._notation)
            return None if filter is None else work(filter)
        except FilterError as error:
            self.failed += 1
            for problem in error.problems:
                self._add(file, entry, problem)
        return None

    def _add(self, file: str, entry: BatchEntry, problem: Problem) -> None:
        line, column = entry.place(problem)
        self.errors.append({"file": file, **problem.to_dict(detailed=True), "line": line, "column": column})
        sentence = problem.text().partition("\n")[0]
        pointer = problem.location.pointer if isinstance(problem.location, JsonLocation) else ""
        at = f" (at {printable(pointer)})" if pointer else ""
        self._write(f"{shown_name(file)}:{line}:{column}: {problem.code}: {sentence}{at}")

    def summary(self, verdict: str) -> str:
        """What is reported at the end; `verdict` is what the filters are that nothing is wrong with."""
        if self.failed:
            return f"{self.failed} of {plural(self.filters, 'filter')} {'is' if self.failed == 1 else 'are'} at fault"
        return f"{plural(self.filters, 'filter')} {'is' if self.filters == 1 else 'are'} {verdict}"
