"""The command `endpoints`: lists, shows and infers endpoints."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..endpoints.kanbert import kanbert_endpoints
from ..errors import quoted
from ..messages import all_of, plural
from . import display
from .completion import endpoint_items, endpoints_beginning, file_items
from .csv_records import CsvRecords
from .endpoint_files import endpoint_at, endpoints_at
from .parameters import reported_warnings, with_text_options
from .reading import Reading
from .record_files import TextFormat, UnreadableFile, opened, shown_name
from .records import BadRecord, BadRecords
from .shell import STATUSES, InputFault

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from .inference import Inference


class EndpointsGroup(click.Group):
    """Commands of which `show` is meant where none is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        completing = ctx.resilient_parsing and not args
        if not completing and not (args and (args[0] in self.commands or args[0] in ctx.help_option_names)):
            args.insert(0, "show")
        if args[:1] == ["show"] and len(args) > 2 and not any(word.startswith("-") for word in args[1:3]):
            found = quoted(args[1])
            raise click.UsageError(f"Found {found}, expected show, infer, or one SOURCE; --help shows examples.", ctx)
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem[str]]:
        return [*super().shell_complete(ctx, incomplete), *endpoints_beginning(incomplete)]


@click.group("endpoints", cls=EndpointsGroup, epilog=STATUSES, subcommand_metavar="[show] [SOURCE] | infer FILE")
def endpoints_command() -> None:
    """List and show endpoints, and infer one from a file.

    \b
    Examples:
      kanbert-filter endpoints
      kanbert-filter endpoints clients/full
      kanbert-filter endpoints --as json clients > clients.json
      kanbert-filter endpoints 'openapi.json#GET /clients'
      kanbert-filter endpoints --json-schema clients > filter.schema.json
      kanbert-filter endpoints infer projects.csv > projects.md

    Without a command, show is meant.
    """


@endpoints_command.command("show", epilog=STATUSES)
@click.argument("source", required=False, shell_complete=endpoint_items)
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to show an endpoint. The options --endpoint read back what markdown and json write.",
)
@click.option("--sources", is_flag=True, help="Write where the data of each field is, too, in markdown and json.")
@click.option("--json-schema", is_flag=True, help="Write the JSON Schema of the endpoint's filters in JSON instead.")
def show_command(source: str | None, form: str, sources: bool, json_schema: bool) -> None:
    """List the shipped endpoints, or show the one of SOURCE.

    \b
    Examples:
      kanbert-filter endpoints
      kanbert-filter endpoints clients/full
      kanbert-filter endpoints --as json clients > clients.json
      kanbert-filter endpoints 'openapi.json#GET /clients'
      kanbert-filter endpoints --json-schema clients > filter.schema.json

    SOURCE is what --endpoint takes: a shipped endpoint's name, a Markdown table (.md), an endpoint's description (.json) or an OpenAPI
    document (.json), whose endpoints are listed unless one is chosen. YAML has to be converted to JSON first.
    """
    if json_schema and source is None:
        raise click.UsageError("--json-schema is of one endpoint; name it as SOURCE.")
    try:
        with reported_warnings():
            if json_schema and source is not None:
                click.echo(json.dumps(endpoint_at(source).to_json_schema(), indent=2))
                return
            found = kanbert_endpoints() if source is None else endpoints_at(source)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="SOURCE") from None
    if len(found) > 1:
        click.echo(display.endpoint_list(found))
        return
    [endpoint] = found.values()
    match form:
        case "table":
            click.echo(display.endpoint_table(endpoint))
        case "markdown":
            click.echo(endpoint.to_markdown(sources=sources).encode(), nl=False)
        case _:
            click.echo(json.dumps(endpoint.to_dict(sources=sources), indent=2))


@endpoints_command.command("infer", epilog=STATUSES)
@click.argument("file", default="-", metavar="[FILE]", shell_complete=file_items)
@with_text_options
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    metavar="N",
    help="Look at the first N records only; the types may not fit others.",
)
@click.option("--explain", is_flag=True, help="Say on standard error what each type follows from.")
@click.option(
    "--as",
    "written",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="How to write the endpoint. The options --endpoint read both.",
)
def infer_command(
    file: str,
    form: TextFormat | None,
    at: tuple[str, ...] | None,
    delimiter: str | None,
    nulls: tuple[str, ...],
    sample: int | None,
    explain: bool,
    written: str,
) -> None:
    """Write the table of fields that follows from the records of FILE.

    \b
    Examples:
      kanbert-filter endpoints infer projects.csv > projects.md
      kanbert-filter endpoints infer --explain --null NA survey.csv > survey.md
      kanbert-filter endpoints infer --at features map.geojson > map.md
      kanbert-filter match -e projects.md 'budget > 1000' projects.csv

    The table takes every record of the file: match with the same options for reading refuses none. A field is a date, a timestamp,
    a number, a boolean or a list of records (a relation) if all its values are; texts of few choices are an enumeration, and what is
    nothing else is of the type custom. Names that filters cannot write become others, with their source beside them.
    """
    from .inference import ANY_COLUMN, Inference, delimiter_of

    bad = BadRecords(skip=True)
    try:
        with opened(file) as source:
            if delimiter is None and (form or source.named_format()) == "csv":
                delimiter = delimiter_of(source.head)
            _, records = Reading(ANY_COLUMN, form, at or (), delimiter=delimiter, nulls=nulls).records(source, bad)
            names = [*records.columns] if isinstance(records, CsvRecords) else []
            inferred = Inference(islice(records, sample), names)
    except UnreadableFile as error:
        raise InputFault(f"{shown_name(file)} {error}") from None
    except BadRecord as error:
        raise InputFault(f"{shown_name(file)}, {error}.") from None
    if not inferred.fields:
        reason = f": {bad.first}" if bad.first else ""
        raise InputFault(f"{shown_name(file)} holds no records with fields{reason}")
    for note in _notes(inferred, bad):
        click.echo(f"Note: {note}", err=True)
    if explain:
        click.echo(display.aligned([("Field", "Type", "Why"), *inferred.fields], sys.stderr), err=True)
    endpoint = inferred.endpoint("records" if file == "-" else Path(file).name.partition(".")[0])
    if written == "markdown":
        click.echo(endpoint.to_markdown(sources=inferred.has_sources).encode(), nl=False)
    else:
        click.echo(json.dumps(endpoint.to_dict(sources=inferred.has_sources), indent=2))


def _notes(inferred: Inference, bad: BadRecords) -> Iterator[str]:
    """What users may want to do about a table."""
    if bad.count:
        yield f"{plural(bad.count, 'record')} cannot be read, the first on {bad.first}; match needs --skip-bad"
    for word, fields in inferred.null_words.items():
        shown = all_of([quoted(field) for field in fields[:3]] + (["others"] if len(fields) > 3 else []))
        better = "it gets a better type" if len(fields) == 1 else "they get better types"
        yield f"{quoted(word)} seems to mean null in {shown}; with --null {shlex.quote(word)} {better}"
    if inferred.left_out:
        yield f"Left out what no table can name: {', '.join(map(quoted, inferred.left_out))}"
    if inferred.records == 1 and inferred.lists:
        path, count = max(inferred.lists.items(), key=lambda item: item[1])
        yield f"The file is one record with {plural(count, 'object')} in {quoted(path)}; --at {path} makes these the records"
