"""What people see: errors with their caret in colour, and endpoints as tables."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap
from typing import IO, Any, Final

import click

from ..endpoints.endpoint import Endpoint
from ..endpoints.field_table import FieldTable, Relation
from ..errors import FilterError
from ..operators import OPERATORS


def terminal_columns(file: IO[Any]) -> int | None:
    """How wide the terminal is that shows a file, as the environment says or the terminal itself; None without one."""
    told = os.environ.get("COLUMNS", "")
    if told.isdigit() and int(told):
        return int(told)
    try:
        return os.get_terminal_size(file.fileno()).columns or None
    except (OSError, ValueError):
        return None


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


def aligned(rows: Sequence[Sequence[str]], file: IO[Any] | None = None) -> str:
    """Rows in columns as wide as their cells, the first row being the header.

    In the terminal that shows the file (by default standard output), the last cell of a row takes as many lines as it needs.
    """
    *widths, _ = [max(map(len, column)) for column in zip(*rows, strict=True)]
    indent = sum(widths) + 2 * len(widths)
    columns = terminal_columns(sys.stdout if file is None else file)
    room = columns - indent if columns else 0
    lines = []
    for *cells, last in rows:
        lead = "".join([f"{cell.ljust(width)}  " for cell, width in zip(cells, widths, strict=True)])
        pieces = wrap(last, room, break_on_hyphens=False) if room >= NARROWEST else [last]
        lines.append(f"\n{' ' * indent}".join([lead + (pieces[0] if pieces else ""), *pieces[1:]]).rstrip())
    return "\n".join([click.style(lines[0], bold=True), *lines[1:]])


NARROWEST: Final = 16
"""A last column of fewer characters is not worth wrapping."""
