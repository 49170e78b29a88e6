"""Filters in, filters out: one from the command line, or all of a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click

from ..errors import FilterError
from ..nodes import Filter
from .batches import BatchFormat, BatchReport, batch_entries
from .parameters import read_filter
from .shell import FilterFault

Rewritten = tuple[str, str]
"""The text of a filter and its notation."""


def rewrite(
    words: Sequence[str],
    file: str | None,
    form: BatchFormat | None,
    key: Sequence[str],
    work: Callable[[Filter, bytes], Rewritten],
    source: str = "auto",
) -> None:
    """Write what `work` makes of a filter and its text: of the one that the arguments are, or of each in a file.

    A filter at fault, also if `work` raises a `FilterError`, ends the command with status 1: the one at once, those of a file at
    the end, where they stay as they are.
    """
    if file is None:
        try:
            filter, text = read_filter(words, source)
            written, _ = work(filter, text)
        except FilterError as error:
            raise FilterFault(error) from None
        if written:
            click.echo(written.encode())
        return
    if words:
        raise click.UsageError("Found a filter and --file, expected one of them.")
    report = BatchReport(lambda line: click.echo(line.encode(), err=True), source)
    for entry in batch_entries(file, form, key):
        made = report.tried(file, entry, lambda filter, entry=entry: work(filter, entry.octets))  # type: ignore[misc]
        piece = entry.piece if made is None else entry.with_filter(made[0].replace("\n", "&"), made[1])
        sys.stdout.buffer.write(piece.encode(errors="surrogateescape"))
    sys.stdout.buffer.flush()
    click.echo(report.summary("written"), err=True)
    if report.failed:
        raise click.exceptions.Exit(FilterFault.exit_code)
