"""The command `convert`: filters in another notation."""

from __future__ import annotations

import click

from ..endpoints.endpoint import Endpoint
from ..nodes import Filter
from .batches import BatchFormat
from .filters import NOTATIONS, written_filter
from .parameters import endpoint_option, file_option, with_file_options
from .rewriting import Rewritten, rewrite
from .shell import STATUSES


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
@click.option("--indent", is_flag=True, help="Write DSL and JSON over several lines, for people.")
@endpoint_option("Check the filter first, which gives a form's values their types.")
@file_option("Convert all filters of this file; everything else in it is kept.")
@with_file_options
def convert_command(
    words: tuple[str, ...],
    target: str,
    source: str,
    indent: bool,
    endpoint: Endpoint | None,
    file: str | None,
    form: BatchFormat | None,
    key: tuple[str, ...],
) -> None:
    """Write filters in another notation.

    \b
    Examples:
      kanbert-filter convert --to json 'status in ["ACTIVE", "PENDING"]'
      kanbert-filter convert --to query --endpoint clients < filter.json
      kanbert-filter convert -e projects.md \\
          '?filter[0][field]=budget&filter[0][op]=gte&filter[0][value]=1000'
      kanbert-filter convert --to json --file views.csv > new.csv

    FILTER is text, or - for standard input (as it is when left out). A form is one key=value pair a line; a form's values have no
    types, so writing them as DSL or JSON needs the endpoint.

    A file has a filter on each line, JSON with a filter under a key on each line, or CSV with a column of filters. A filter at
    fault stays as it is and is reported.
    """

    if indent and file is not None:
        raise click.UsageError("--indent writes several lines, and --file keeps each filter on one; give one of them.")

    def written(filter: Filter, text: bytes) -> Rewritten:
        read = filter if endpoint is None else endpoint.check(filter)
        return written_filter(read, target, indent=2 if indent else None), target

    rewrite(words, file, form, key, written, source)
