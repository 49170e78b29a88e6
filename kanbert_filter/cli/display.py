"""What people see: errors with their caret in colour, and endpoints as tables."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

import click

from ..endpoints.endpoint import Endpoint
from ..endpoints.field_table import FieldTable, Relation
from ..errors import COLUMNS, FilterError
from ..operators import OPERATORS


def columns_of(file: IO[Any]) -> int:
    """How wide the terminal is that shows a file: as the environment says, or the terminal itself; without one 80."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(file.fileno()).columns or COLUMNS
    except (OSError, ValueError):
        return COLUMNS


def styled_error(error: FilterError, columns: int) -> str:
    """The error as a terminal of this width shows it: sentences bold, carets red."""
    lines = [line for problem in error.problems for line in problem.text(columns).split("\n")]
    return "\n".join(map(_styled, lines))


def _styled(line: str) -> str:
    if line.strip(" ^") == "" and "^" in line:
        return click.style(line, fg="red", bold=True)
    return line if line.startswith("  ") else click.style(line, bold=True)


def endpoint_table(endpoint: Endpoint) -> str:
    """The endpoint's fields in aligned columns; those of a relation are indented below it."""
    return aligned([("Field", "Type", "Operators"), *_lines_of(endpoint, "")])


def endpoint_list(endpoints: Mapping[str, Endpoint]) -> str:
    """The endpoints in aligned columns, by name."""
    return aligned([("Endpoint", "Fields"), *[(name, ", ".join(found)) for name, found in endpoints.items()]])


def _lines_of(fields: FieldTable, indent: str) -> Iterator[tuple[str, str, str]]:
    for name, row in fields.items():
        relation = row.related if isinstance(row, Relation) else None
        text = row.with_parts(operators=None).text if relation is None else row.kind
        operators = " ".join([operator for operator in OPERATORS if operator in row.operators])
        yield indent + name, text, operators
        if relation is not None:
            yield from _lines_of(relation, f"{indent}  ")


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows in columns as wide as their cells, the first row being the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join([cell.ljust(width) for cell, width in zip(row, widths, strict=True)]) for row in rows]
    header, *rest = [line.rstrip() for line in lines]
    return "\n".join([click.style(header, bold=True), *rest])
