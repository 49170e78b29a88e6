"""The command `check`: whether a filter is right, or what is wrong with it and where."""

from __future__ import annotations

import json

import click

from ..endpoints.endpoint import Endpoint
from ..errors import FilterError, printable
from .filters import filter_in
from .parameters import ENDPOINT, ENDPOINT_HELP, filter_text, one_filter
from .shell import STATUSES, FilterFault


@click.command("check", epilog=STATUSES)
@click.argument("words", nargs=-1, metavar="[FILTER]")
@click.option("-e", "--endpoint", type=ENDPOINT, help=f"{ENDPOINT_HELP} Without it, only the notation is checked.")
@click.option("--json", "as_json", is_flag=True, help="Write the body of the 400 response to standard output.")
def check_command(words: tuple[str, ...], endpoint: Endpoint | None, as_json: bool) -> None:
    """Check whether FILTER is well-formed, and allowed by an endpoint.

    FILTER is text, or - for standard input (as it is when left out). What is wrong goes to standard error with its place; with --json
    the body that the API answers goes to standard output instead, and nothing for a filter that is right.

    \b
    Examples:
      kanbert-filter check 'title contains "Acme"'
      kanbert-filter check --endpoint clients/full 'segment = "A" and projects.count > 0'
      kanbert-filter check --endpoint 'openapi.json#GET /clients' --json 'nam = 1'
    """
    try:
        read = filter_in(filter_text(one_filter(words)))
        if endpoint is not None:
            endpoint.check(read)
    except FilterError as error:
        if not as_json:
            raise FilterFault(error) from None
        click.echo(json.dumps(error.response_body(), ensure_ascii=False, indent=2).encode())
        raise click.exceptions.Exit(FilterFault.exit_code) from None
    if not as_json:
        click.echo(
            "The filter is well-formed" if endpoint is None else f"The filter is valid for {printable(endpoint.name)}"
        )
