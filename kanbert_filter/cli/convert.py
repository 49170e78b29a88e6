"""The command `convert`: a filter in another notation."""

from __future__ import annotations

import click

from ..endpoints.endpoint import Endpoint
from ..errors import FilterError
from .filters import NOTATIONS, filter_in, written_filter
from .parameters import ENDPOINT, ENDPOINT_HELP, filter_text, one_filter
from .shell import STATUSES, FilterFault


@click.command("convert", epilog=STATUSES)
@click.argument("words", nargs=-1, metavar="[FILTER]")
@click.option(
    "--to", "target", type=click.Choice(NOTATIONS), default="dsl", show_default=True, help="The notation to write."
)
@click.option(
    "--from",
    "source",
    type=click.Choice(["auto", *NOTATIONS]),
    default="auto",
    show_default=True,
    help="The notation to read.",
)
@click.option(
    "-e",
    "--endpoint",
    type=ENDPOINT,
    help=f"Check the filter first, which gives a form's values their types. {ENDPOINT_HELP}",
)
def convert_command(words: tuple[str, ...], target: str, source: str, endpoint: Endpoint | None) -> None:
    """Write FILTER in another notation.

    FILTER is text, or - for standard input (as it is when left out). A form is one key=value pair a line; a form's values have no
    types, so writing them as DSL or JSON needs the endpoint.

    \b
    Examples:
      kanbert-filter convert --to json 'status in ["ACTIVE", "PENDING"]'
      kanbert-filter convert --to query --endpoint clients < filter.json
      kanbert-filter convert --endpoint projects.md '?filter[0][field]=budget&filter[0][op]=gte&filter[0][value]=1000'
    """
    try:
        read = filter_in(filter_text(one_filter(words)), source)
        written = written_filter(read if endpoint is None else endpoint.check(read), target)
    except FilterError as error:
        raise FilterFault(error) from None
    click.echo(written.encode(), nl=False)
