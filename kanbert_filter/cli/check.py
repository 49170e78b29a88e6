"""The command `check`: whether filters are right, or what is wrong with them and where."""

from __future__ import annotations

import json

import click

from ..endpoints.endpoint import Endpoint
from ..errors import FilterError, printable
from ..nodes import Filter
from .batches import BatchFormat, BatchReport, batch_entries
from .parameters import endpoint_option, file_option, read_filter, with_file_options
from .shell import STATUSES, FilterFault


@click.command("check", epilog=STATUSES)
@click.argument("words", nargs=-1, metavar="[FILTER]")
@endpoint_option("Check against this endpoint, not only the notation.")
@file_option("Check all filters of this file; may be given several times.", multiple=True)
@with_file_options
@click.option("--json", "as_json", is_flag=True, help="Write what is wrong as JSON.")
def check_command(
    words: tuple[str, ...],
    endpoint: Endpoint | None,
    files: tuple[str, ...],
    form: BatchFormat | None,
    key: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check whether filters are right, or what is wrong and where.

    \b
    Examples:
      kanbert-filter check 'title contains "Acme"'
      kanbert-filter check -e clients/full 'segment = "A" and projects.count > 0'
      kanbert-filter check -e 'openapi.json#GET /clients' --json 'nam = 1'
      kanbert-filter check -e clients --file views.jsonl --key query.filter

    FILTER has to be well-formed, and with --endpoint allowed there. It is text, or - for standard input (as it is when left out). What is wrong goes to standard error with its place; with --json
    the body that the API answers goes to standard output instead, with codes and places, and nothing for a filter that is right.

    A file has a filter on each line, JSON with a filter under a key on each line, or CSV with a column of filters. What is wrong
    goes to standard output, a problem a line: FILE:LINE:COLUMN: CODE: MESSAGE. With --json it is a document.
    """
    verdict = "well-formed" if endpoint is None else f"valid for {printable(endpoint.name)}"
    if files:
        if words:
            raise click.UsageError("Found a filter and --file, expected one of them.")
        report = BatchReport(lambda line: None if as_json else click.echo(line.encode()))
        check = no_check if endpoint is None else endpoint.check
        for name in files:
            for entry in batch_entries(name, form, key):
                report.tried(name, entry, check)
        if as_json:
            click.echo(json_body({"filters": report.filters, "failed": report.failed, "errors": report.errors}))
        click.echo(report.summary(verdict), err=True)
        raise click.exceptions.Exit(FilterFault.exit_code if report.failed else 0)
    try:
        read, _ = read_filter(words)
        if endpoint is not None:
            endpoint.check(read)
    except FilterError as error:
        if not as_json:
            raise FilterFault(error) from None
        click.echo(json_body(error.response_body(detailed=True)))
        raise click.exceptions.Exit(FilterFault.exit_code) from None
    if not as_json:
        click.echo(f"The filter is {verdict}")


def no_check(filter: Filter) -> Filter:
    """The filter: without an endpoint, that it can be read is enough."""
    return filter


def json_body(data: dict[str, object]) -> bytes:
    """Data as JSON for people and programs."""
    return json.dumps(data, ensure_ascii=False, indent=2).encode(errors="backslashreplace")
