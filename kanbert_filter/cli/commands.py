"""The command `kanbert-filter` itself, and the list of its commands, each in a module of its name."""

from __future__ import annotations

import os

import click

from .check import check_command
from .completion import COMPLETE_VARIABLE, completion_command, prepare_completion
from .convert import convert_command
from .endpoints import endpoints_command
from .match import match_command
from .reference import operators_command, types_command
from .rename import rename_command
from .shell import STATUSES, Shell


@click.group(cls=Shell, epilog=STATUSES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kanbert-filter")
@click.pass_context
def run(ctx: click.Context) -> None:
    """Convert, check and run filters of the Kanbert REST API.

    \b
    Examples:
      kanbert-filter endpoints infer projects.csv > projects.md
      kanbert-filter match -e projects.md 'status = "ACTIVE"' projects.csv
      kanbert-filter check -e clients 'name startsWith "Acme"'
      kanbert-filter convert --to json 'title contains "Acme" and budget >= 1000'

    A filter is DSL, JSON, a form or a query string; which one, is seen from the text itself. In a shell it is one argument:
    put it in single quotes.
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


for command in (
    match_command,
    check_command,
    convert_command,
    rename_command,
    endpoints_command,
    operators_command,
    types_command,
    completion_command,
):
    run.add_command(command)

if COMPLETE_VARIABLE in os.environ:
    prepare_completion()
