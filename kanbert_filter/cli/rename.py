"""The command `rename`: filters with other names of fields."""

from __future__ import annotations

import click

from ..endpoints.endpoint import Endpoint
from ..errors import FilterError, Problem
from ..nodes import Filter
from ..trees import rename_fields
from .batches import BatchFormat
from .filters import has_other_parameters, notation_of, written_filter
from .parameters import RENAMING, endpoint_option, file_option, with_file_options
from .rewriting import Rewritten, rewrite
from .shell import STATUSES, given_once


@click.command("rename", epilog=STATUSES)
@click.argument("words", nargs=-1, metavar="[FILTER]")
@click.option(
    "--field",
    "names",
    type=RENAMING,
    multiple=True,
    required=True,
    metavar="OLD=NEW",
    help="The old path of a field and the new one; * stands for any one segment, on both sides. Give one for each field.",
)
@endpoint_option("Check what is written.")
@file_option("Rename in all filters of this file; everything else in it is kept.")
@with_file_options
def rename_command(
    words: tuple[str, ...],
    names: tuple[tuple[str, str], ...],
    endpoint: Endpoint | None,
    file: str | None,
    form: BatchFormat | None,
    key: tuple[str, ...],
) -> None:
    """Rename fields in filters.

    \b
    Examples:
      kanbert-filter rename --field name=title 'name contains "Acme"'
      kanbert-filter rename --field 'client.*=customer.*' \\
          --field tasks.due_on=tasks.due --file views.csv > new.csv

    FILTER is text, or - for standard input (as it is when left out); it is written in the notation it came in. A field of a relation is named by its full path, such as
    tasks.due_on. Fields without a new name stay as they are.

    A file has a filter on each line, JSON with a filter under a key on each line, or CSV with a column of filters. A filter at
    fault stays as it is and is reported.
    """

    try:
        new_names = given_once(names)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--field") from None

    def renamed(filter: Filter, text: bytes) -> Rewritten:
        if has_other_parameters(text):
            message = "Found other parameters beside the filter, which would be lost; give the filter alone"
            raise FilterError(Problem("unsupported", message))
        with_new_names = rename_fields(filter, new_names)
        notation = notation_of(text)
        return written_filter(
            with_new_names if endpoint is None else endpoint.check(with_new_names), notation
        ), notation

    try:
        rewrite(words, file, form, key, renamed)
    except ValueError as error:
        if isinstance(error, FilterError):
            raise
        raise click.BadParameter(str(error), param_hint="--field") from None
