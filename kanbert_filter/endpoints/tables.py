"""Endpoints' tables of fields in Markdown, as the public documentation prints them: read and written."""

from __future__ import annotations

import re
from typing import Final

from ..errors import quoted
from .field_table import TYPES, FieldTable, from_description, row_name
from .field_type import FieldType
from .type_text import Description, read_notation, read_operators, write_operators

_HEADER: Final = "| Field | Type | Operators |"
_HEADINGS: Final = {"field": "field", "type": "type", "operators": "operators", "allowed operators": "operators"}
_NAME: Final = re.compile(r"([^\s(—–]+)(?:\s*[(—–].*|\s+-.*)?", re.DOTALL)
_PIPE: Final = re.compile(r"\\.|\|")
_MARKUP: Final = re.compile(
    r"\\([!-/:-@\[-`{-~])|<br\s*/?>|&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|\w{1,32});|`", re.IGNORECASE
)
_UNSAFE: Final = re.compile(r"[\\|`&]|<(?=br)", re.IGNORECASE)


def read_table(text: str) -> dict[str, FieldType]:
    """The rows of the one table of fields in a Markdown text. Raises `ValueError` that names the row at fault."""
    found = tables_in(text)
    if len(found) != 1:
        raise ValueError(
            f"found {len(found) or 'no'} tables of fields, expected one, beginning with the line {_HEADER!r}"
        )
    return found[0]


def tables_in(text: str) -> list[dict[str, FieldType]]:
    """The rows of each table of fields in a Markdown text. Raises `ValueError` that names the row at fault."""
    return [table.types() for table in _tables(text)]


def write_table(fields: FieldTable) -> str:
    """The table of the fields, for people and for `read_table`."""
    lines = [_HEADER, "|---|---|---|"]
    for name, row in fields.items():
        notation = row.with_parts(operators=None).notation
        lines.append(f"| {name} | {_escaped(notation)} | {write_operators(row.ordered_operators())} |")
    return "\n".join(lines) + "\n"


class _Table:
    """A table while its lines come in. A cell is a list of lines: a relation's fields may have lines of their own."""

    def __init__(self, headings: list[str]) -> None:
        self.columns = {_HEADINGS[heading]: i for i, heading in enumerate(headings) if heading in _HEADINGS}
        self.width = len(headings)
        self.rows: list[list[list[str]]] = []
        self.open = False
        """Whether the last row ends in a relation whose fields may go on."""

    def takes(self, line: str) -> bool:
        """Whether the line belongs to the table; if so, it is taken in."""
        cells, closed = _cells(line)
        if self.open and line.lstrip().startswith("-"):
            first, *cells = cells
            self.rows[-1][-1].append(first)
        elif not _PIPE.search(line):
            return False
        elif not self.rows and "-" in line and set(line) <= set("|:- \t"):
            return True
        elif not self.open or len(cells) > 1:
            self.rows.append([])
        row = self.rows[-1]
        row += [[cell] for cell in cells]
        relation = len(row) == self.columns["type"] + 1 and row[-1][0].lstrip().lower().startswith("relation")
        self.open = relation and not closed
        return True

    def types(self) -> dict[str, FieldType]:
        """The rows by name. Raises `ValueError` that names the row at fault."""
        types: dict[str, FieldType] = {}
        for row in self.rows:
            cells = {name: _plain("\n".join(row[i])) for name, i in self.columns.items() if i < len(row)}
            found = cells.get("field", "").strip()
            match = _NAME.fullmatch(found)
            name = match[1] if match else ""
            try:
                if len(row) > self.width:
                    raise ValueError(
                        f"found {len(row)} cells, expected {self.width}; a pipe inside a cell is written \\|"
                    )
                if name in types:
                    raise ValueError("found the field a second time, expected it once")
                if not name:
                    raise ValueError(
                        "found no field name, expected one, with a note at most after a dash or in parentheses"
                    )
                written, listed = cells.get("type", ""), cells.get("operators", "")
                types[row_name(name)] = from_description(_description(name, written, listed))
            except ValueError as error:
                raise ValueError(f"row {quoted(found)}: {error}") from None
        return types


def _tables(text: str) -> list[_Table]:
    tables: list[_Table] = []
    table: _Table | None = None
    for line in re.split(r"\r\n?|\n", text):
        headings = [cell.strip(" \t*`").lower() for cell in _cells(line)[0]]
        if {"field", "type"} <= set(headings):
            table = _Table(headings)
            tables.append(table)
        elif table is not None and not table.takes(line):
            table = None
    return tables


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


def _description(name: str, written: str, listed: str) -> Description:
    try:
        description = read_notation(written.strip())
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


def _plain(cell: str) -> str:
    """The text of a cell without its Markdown: escapes, character references, line breaks, code marks."""

    def meaning(mark: re.Match[str]) -> str:
        if mark[1]:
            return mark[1]
        if mark[0] == "`":
            return ""
        if mark[0].startswith("<"):
            return "\n"
        from html import unescape

        return unescape(mark[0])

    return _MARKUP.sub(meaning, cell)


def _escaped(text: str) -> str:
    return _UNSAFE.sub(lambda mark: f"\\{mark[0]}", text)
