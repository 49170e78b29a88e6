"""Endpoints' tables of fields in Markdown: read as the public documentation prints them and as people write them.

A column is known by its heading, in any order of columns. Operators are also known by the cells that list them, since a
column of operators that is overlooked would allow every operator. A column that says nothing of this kind is ignored,
and reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final
from warnings import warn

from ..errors import quoted
from ..messages import all_of
from .field_table import TYPES, FieldTable, from_description, row_name
from .field_type import FieldType
from .type_text import Description, is_plain_key, read_operators, read_type, write_operators, write_type

_HEADER: Final = "| Field | Type | Operators |"
_ROLES: Final = {
    "field": re.compile(r"\bfields?\b"),
    "type": re.compile(r"\btypes?\b"),
    "operators": re.compile(r"\b(?:operators?|ops?)\b"),
    "source": re.compile(r"^source$"),
}
"""What a heading means: the last of these whose word is in it, so `Field type` is the type; `Source` is a word alone."""

_NEGATED: Final = re.compile(
    r"\b(?:not|no|without|except|excluded|denied|forbidden|disallowed|unavailable|unsupported)\b"
)
_NAME: Final = re.compile(r"([^\s(—–]+)(?:\s*[(—–].*|\s+-.*)?", re.DOTALL)
_PIPE: Final = re.compile(r"\\.|\|")
_EDGE: Final = " \t\xa0\u200b\u2060\ufeff"
_RULE: Final = frozenset("|:-=+ \t\xa0")
_HTML_HEADER: Final = re.compile(r"<t[dh]\b[^<>]*>\s*field", re.IGNORECASE)
_TICKS: Final = re.compile(r"(`+)")
_MARKUP: Final = re.compile(
    r"\\([!-/:-@\[-`{-~])|<br\s*/?>|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,32});", re.IGNORECASE
)
_UNMARKED: Final = re.compile(r"(?:[^\W_]|(?<=[^\W_])_(?=[^\W_])|: |\.(?!\.)|-(?!-)|[ ,;()])*")
"""Text in which no Markdown renderer sees a mark: neither emphasis, links, HTML and the like nor ligatures."""


def read_table(text: str) -> dict[str, FieldType]:
    """The rows of the one table of fields in a Markdown text. Warns of columns that are ignored.

    Raises `ValueError` that names the row at fault.
    """
    found = tables_in(text)
    if len(found) != 1:
        count = f"{len(found)} tables" if found else "no table"
        raise ValueError(f"found {count} of fields, expected one, beginning with the line {_HEADER!r}")
    [table] = found
    rows = table.rows()
    if table.ignored:
        warn(ignored_columns(table.ignored), stacklevel=3)  # of the caller of Endpoint.from_markdown
    return rows


def ignored_columns(headings: Iterable[str]) -> str:
    """The sentence about columns that are ignored."""
    return f"Ignored columns, which say nothing of fields, types or operators: {', '.join(map(quoted, headings))}"


def write_table(fields: FieldTable, *, sources: bool = False) -> str:
    """The table of the fields, for people and for `read_table`; with `sources` it has them in a column of their own."""
    lines = [f"{_HEADER} Source |", "|---|---|---|---|"] if sources else [_HEADER, "|---|---|---|"]
    for name, row in fields.items():
        described = row.with_parts(operators=None, source=None).description(concise=True, sources=sources)
        cells = [_table_cell(name), _table_cell(write_type(described)), write_operators(row.ordered_operators())]
        if sources:
            cells.append(".".join(map(_key_cell, row.source or ())))
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


class MarkdownTable:
    """A table while its lines come in. A cell is a list of lines: a relation's fields may have lines of their own."""

    def __init__(self, headings: list[str]) -> None:
        self._headings = headings
        self._rows: list[list[list[str]]] = []
        self._open = False
        """Whether the last row ends in a relation whose fields may go on."""
        self._ruled = False
        self._gap = False
        """Whether a blank line came since the last line."""
        self.ignored: list[str] = []
        """The headings of the columns that say nothing of filters; known when the rows are."""

    def __bool__(self) -> bool:
        """Whether a row or a rule followed the header; without either, it is a line of text."""
        return self._ruled or bool(self._rows)

    def takes(self, line: str, *, ruled: bool) -> bool:
        """Whether the line belongs to the table; if so, it is taken in. `ruled` says that a rule follows the line."""
        if not line:
            self._gap, self._open = True, False
            return True
        if not self._open and _is_rule(line):
            self._ruled = True
            return True
        cells, closed = _cells(line)
        if self._gap and (ruled or not self._is_like_a_row(line, cells, closed)):
            return False
        if self._open and line.startswith("-"):
            first, *cells = cells
            self._rows[-1][-1].append(first)
        elif not _PIPE.search(line):
            return False
        elif not self._open or len(cells) > 1:
            self._rows.append([])
        row = self._rows[-1]
        row += [[cell] for cell in cells]
        in_type = len(row) - 1 in self._named("type")
        self._open = in_type and not closed and row[-1][0].lstrip().lower().startswith("relation")
        self._gap = False
        return True

    def _is_like_a_row(self, line: str, cells: list[str], closed: bool) -> bool:
        """Whether a line after a blank one goes on with the table; text may have pipes too."""
        return len(cells) == len(self._headings) and (closed or line.startswith("|") or not self._rows)

    def rows(self) -> dict[str, FieldType]:
        """The rows by name. Raises `ValueError` that names the row or the columns at fault."""
        rows = [[_shown_text("\n".join(cell)) for cell in row] for row in self._rows]
        columns = self._columns(rows)
        self.ignored = [
            heading or f"column {i + 1}"
            for i, heading in enumerate(self._headings)
            if i not in columns.values() and (heading or any(_cells_of(i, rows)))
        ]
        types: dict[str, FieldType] = {}
        for row, raw in zip(rows, self._rows, strict=True):
            cells = {role: row[i].strip() for role, i in columns.items() if i < len(row)}
            found = cells.get("field", "")
            try:
                if len(row) > len(self._headings):
                    expected = f"{len(self._headings)}; a pipe inside a cell is written \\|"
                    raise ValueError(f"found {len(row)} cells, expected {expected}")
                if not found:
                    raise ValueError("found no field name, expected one")
                match = _NAME.fullmatch(found)
                name = row_name(match[1] if match else found)
                if name in types:
                    raise ValueError("found the field a second time, expected it once")
                description = _in_row(name, cells.get("type", ""), cells.get("operators", ""))
                written = "\n".join(raw[columns["source"]]) if "source" in cells else ""
                if written.strip():
                    if "source" in description:
                        raise ValueError("found a source in the type too, expected it in the column of sources")
                    description["source"] = _keys_in(written)
                types[name] = from_description(description)
            except ValueError as error:
                raise ValueError(f"row {quoted(found)}: {error}") from None
        return types

    def _columns(self, rows: list[list[str]]) -> dict[str, int]:
        """The column of each role. Raises `ValueError` where two columns may be meant."""
        columns: dict[str, int] = {}
        for role in _ROLES:
            found = self._named(role)
            if role == "operators" and not found:
                others = [i for i, heading in enumerate(self._headings) if _role(heading) is None]
                negated = [quoted(self._headings[i]) for i in others if _ROLES[role].search(_words(self._headings[i]))]
                if negated:
                    raise ValueError(f"found the column {negated[0]}, expected one of the operators that are allowed")
                found = [i for i in others if _list_operators(_cells_of(i, rows))]
            if len(found) > 1:
                shown = all_of([quoted(self._headings[i]) for i in found])
                raise ValueError(f"found {len(found)} columns of {role.rstrip('s')}s, {shown}, expected one")
            if found:
                columns[role] = found[0]
        return columns

    def _named(self, role: str) -> list[int]:
        """The columns whose heading means the role; those whose heading is the very word go before others."""
        named = [i for i, heading in enumerate(self._headings) if _role(heading) == role]
        exact = [i for i in named if _words(self._headings[i]) == role]
        return exact or named


def tables_in(text: str) -> list[MarkdownTable]:
    """The tables of fields in a Markdown text. Raises `ValueError` for one in HTML."""
    lines = [line.strip(_EDGE) for line in re.split(r"\r\n?|\n", text)]
    following, below = [], ""
    for line in reversed(lines):
        following.append(below)
        below = line or below
    tables: list[MarkdownTable] = []
    table: MarkdownTable | None = None
    for line in lines:
        ruled = _is_rule(following.pop())
        headings = [_shown_text(cell).strip(_EDGE) for cell in _cells(line)[0]] if "|" in line else []
        if {"field", "type"} <= {_role(heading) if ruled else _words(heading) for heading in headings}:
            table = MarkdownTable(headings)
            tables.append(table)
        elif table is not None and not table.takes(line, ruled=ruled):
            table = None
    tables = [table for table in tables if table]
    if not tables and _HTML_HEADER.search(text):
        raise ValueError(f"found a table of fields in HTML, expected one in Markdown, headed {_HEADER!r}")
    return tables


def _words(heading: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", heading.lower()))


def _role(heading: str) -> str | None:
    """What a heading means; None where it means none of the roles, or the operators that are not allowed."""
    words = _words(heading)
    role = next((role for role, pattern in reversed(_ROLES.items()) if pattern.search(words)), None)
    return None if role == "operators" and _NEGATED.search(words) else role


def _is_rule(line: str) -> bool:
    """Whether a line only draws: `|---|:-:|`, or the `===` of a heading and the `+---+` of a frame."""
    return _RULE.issuperset(line) and ("-" in line or "=" in line)


def _cells(line: str) -> tuple[list[str], bool]:
    """The cells of a line, without the empty ones outside its pipes, and whether a pipe closes it."""
    cells, start = [], 0
    for mark in _PIPE.finditer(line):
        if mark[0] == "|":
            cells.append(line[start : mark.start()])
            start = mark.end()
    if line[start:].strip() or not cells:
        cells.append(line[start:])
        closed = False
    else:
        closed = True
    return cells[1:] if len(cells) + closed > 1 and not cells[0].strip() else cells, closed


def _cells_of(column: int, rows: list[list[str]]) -> list[str]:
    """The cells of a column that are not empty."""
    return [row[column] for row in rows if column < len(row) and row[column].strip()]


def _list_operators(cells: Iterable[str]) -> bool:
    """Whether cells of a column list operators: one lists several, or each lists one."""
    counts = []
    for cell in cells:
        try:
            counts.append(len(read_operators(cell) or ()))
        except ValueError:
            counts.append(-1)
    most = max(counts, default=0)
    return most > 1 or (most == 1 and min(counts) >= 0)


def _in_row(name: str, written: str, listed: str) -> Description:
    """What the cells of a row describe; a wildcard's type may be a remark and means `custom` then."""
    try:
        description = read_type(written)
    except ValueError:
        if not name.endswith(".*"):
            raise
        description = {"type": ""}
    if description["type"] not in TYPES and name.endswith(".*"):
        description = {"type": "custom"}
    operators = read_operators(listed)
    if operators is not None:
        if "operators" in description:
            raise ValueError("found operators in the type too, expected them in the column of operators")
        description["operators"] = operators
    return description


def _shown_text(cell: str) -> str:
    """The text of a cell without its Markdown: code spans, escapes, character references, line breaks."""
    return "".join([text for _, text in _spans(cell)])


def _keys_in(cell: str) -> list[str]:
    """The keys of a source: joined by dots, those that hold dots or blanks as code spans."""
    spans = [*_spans(cell)]
    codes = iter([text for is_code, text in spans if is_code])
    path = "".join(["\0" if is_code else text.replace("\0", "\ufffd") for is_code, text in spans])
    keys = [key.strip() for key in path.split(".")]
    if any(len(key.split()) != 1 for key in keys):
        expected = "expected keys joined by '.', those with dots or blanks in back quotes"
        raise ValueError(f"found the source {quoted(_shown_text(cell).strip())}, {expected}")
    return [re.sub("\0", lambda _: next(codes), key) for key in keys]


def _spans(cell: str) -> Iterator[tuple[bool, str]]:
    """The texts of a cell without their Markdown, and of each whether it is a code span."""
    pieces = _TICKS.split(cell)  # text, ticks, text, …
    last = {ticks: at for at, ticks in enumerate(pieces) if at % 2}
    text = pieces[0]
    at = 1
    while at < len(pieces):
        before, ticks, end = pieces[at - 1], pieces[at], at
        if (len(before) - len(before.rstrip("\\"))) % 2:
            text += "`"  # after its backslash
        elif last[ticks] > at:
            end = pieces.index(ticks, at + 1)
            code = "".join(pieces[at + 1 : end]).replace("\\|", "|")
            yield False, _unescaped(text)
            yield True, code[1:-1] if code[0] == code[-1] == " " and code.strip() else code
            text = ""
        text += pieces[end + 1]
        at = end + 2
    yield False, _unescaped(text)


def _unescaped(text: str) -> str:
    def meaning(mark: re.Match[str]) -> str:
        if mark[1]:
            return mark[1]
        if mark[0].startswith("<"):
            return "\n"
        from html import unescape

        return unescape(mark[0])

    return _MARKUP.sub(meaning, text)


def _table_cell(text: str) -> str:
    """The text for a cell: as it is, or as a code span, in which nothing of it is Markdown or HTML."""
    return text if _UNMARKED.fullmatch(text) and "www." not in text.lower() else code_span(text, in_table=True)


def _key_cell(key: str) -> str:
    """The key of a source for a cell; a code span is a key with dots or blanks, and a bare `*` is a wildcard."""
    if "\n" in key or "\r" in key:
        raise ValueError(f"the source {quoted(key)} has a line break, which no table can write")
    return (
        "\\*"
        if key == "*"
        else key
        if is_plain_key(key) and _UNMARKED.fullmatch(key)
        else code_span(key, in_table=True)
    )


def code_span(text: str, *, in_table: bool = False) -> str:
    """The text as a code span, in which nothing of it is Markdown or HTML.

    In a table, a pipe is escaped in code spans too. After a backslash that would be read as an escaped backslash, so the
    span ends before the pipe and another one follows it.
    """
    ticks = "`"
    while ticks in _TICKS.findall(text):
        ticks += "`"
    spans = []
    for code in re.split(r"(?<=\\)\|", text) if in_table else [text]:
        edge = " " if code[:1] == "`" or code[-1:] == "`" or (code[:1] == code[-1:] == " " and code.strip()) else ""
        body = code.replace("|", "\\|") if in_table else code
        spans.append(f"{ticks}{edge}{body}{edge}{ticks}" if code else "")
    return "\\|".join(spans)
