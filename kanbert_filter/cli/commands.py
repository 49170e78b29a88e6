"""The commands themselves: their options, their help, their exit statuses."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext, suppress
from datetime import datetime, tzinfo
from pathlib import Path
from stat import S_ISREG
from typing import IO, Any, BinaryIO, Final, get_args

import click

from ..backends.predicate import Predicate, compile_predicate
from ..context import Context, WeekDay
from ..endpoints.endpoint import Endpoint
from ..endpoints.kanbert import kanbert_endpoints
from ..errors import ContextError, FilterError
from ..nodes import Filter
from . import display
from .endpoints import endpoints_at
from .matching import FORMATS, Count, filtered, read_as
from .notations import NOTATIONS, read_filter, write_filter
from .parameters import DELIMITER, ENDPOINT, MOMENT, SCOPE_CONDITION, ZONE, reported_warnings
from .records import BadRecord, BadRecords, Record

LONG_INPUT: Final = 8 << 20
"""From how many bytes on a progress bar is worth its line."""

WEEK_DAYS: Final = get_args(WeekDay)

STATUSES: Final = "Exit status: 0 all is well, 1 the filter is at fault, 2 wrong usage or a bad record."

ENDPOINT_HELP: Final = (
    "What may be filtered: a shipped endpoint (see 'kanbert-filter endpoints'), a Markdown table (.md), an endpoint's"
    " description (.json), or an OpenAPI document ('openapi.json#GET /clients')."
)


class FilterFault(click.ClickException):
    """The filter is at fault: exit status 1, with the excerpt on standard error."""

    exit_code = 1

    def __init__(self, error: FilterError) -> None:
        self.error = error
        super().__init__(str(error))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(display.fault(self.error), file=file, err=True, color=self.show_color)


class RecordFault(click.ClickException):
    """A record is at fault: exit status 2."""

    exit_code = 2


class Shell(click.Group):
    """The command with what shells expect: a reader that has enough (`| head`) is no error, an interrupt is status 130."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            forget_output()
            ctx.exit(0)
        except KeyboardInterrupt:
            forget_output()
            ctx.exit(130)
        except OSError as error:
            raise RecordFault(f"Reading or writing failed: {error.strerror or error}") from None


def forget_output() -> None:
    """Let what is still to be written go nowhere, so that the interpreter does not stumble over it when it ends."""
    with suppress(OSError), open(os.devnull, "wb") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())


@click.group(cls=Shell, epilog=STATUSES, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="kanbert-filter")
@click.pass_context
def run(ctx: click.Context) -> None:
    """Convert, check and run filters of the Kanbert REST API.

    A filter is DSL, JSON, a form or a query string; which one, is seen from the text itself.

    \b
    Examples:
      kanbert-filter convert --to json 'title contains "Acme" and budget >= 1000'
      kanbert-filter check --endpoint clients 'name startsWith "Acme"'
      kanbert-filter match --endpoint projects.md 'status = "ACTIVE"' projects.jsonl
      kanbert-filter endpoints clients
    """
    if os.environ.get("NO_COLOR"):
        ctx.color = False


@run.command(epilog=STATUSES)
@click.argument("filter", default="-")
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
    "--endpoint",
    type=ENDPOINT,
    help=f"Check the filter first, which gives a form's values their types. {ENDPOINT_HELP}",
)
def convert(filter: str, target: str, source: str, endpoint: Endpoint | None) -> None:
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
        read = read_filter(filter_text(filter), source)
        written = write_filter(read if endpoint is None else endpoint.check(read), target)
    except FilterError as error:
        raise FilterFault(error) from None
    click.echo(written, nl=False)


@run.command(epilog=STATUSES)
@click.argument("filter", default="-")
@click.option("--endpoint", type=ENDPOINT, help=f"{ENDPOINT_HELP} Without it, only the notation is checked.")
@click.option("--json", "as_json", is_flag=True, help="Write the body of the 400 response to standard output.")
def check(filter: str, endpoint: Endpoint | None, as_json: bool) -> None:
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
        read = read_filter(filter_text(filter))
        if endpoint is not None:
            endpoint.check(read)
    except FilterError as error:
        if not as_json:
            raise FilterFault(error) from None
        click.echo(json.dumps(error.response_body(), ensure_ascii=False, indent=2))
        raise click.exceptions.Exit(FilterFault.exit_code) from None
    if not as_json:
        click.echo("The filter is well-formed" if endpoint is None else f"The filter is valid for {endpoint.name}")


@run.command(epilog=STATUSES)
@click.argument("filter")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, readable=True, allow_dash=True), default="-")
@click.option("--endpoint", type=ENDPOINT, required=True, help=ENDPOINT_HELP)
@click.option(
    "--scope",
    "conditions",
    type=SCOPE_CONDITION,
    multiple=True,
    metavar="NAME.CHOICE=FILTER",
    help="The condition that a choice of a scope stands for; an empty FILTER matches everything. Give one for each choice.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "csv", "json"]),
    help="The format of FILE. By default its name tells; standard input is jsonl.",
)
@click.option(
    "--delimiter",
    type=DELIMITER,
    default=",",
    show_default=True,
    help="What stands between CSV cells: a character, or tab.",
)
@click.option(
    "--output", type=click.Choice(["jsonl", "json"]), help="Write this format instead of the one that came in."
)
@click.option("--skip-bad", is_flag=True, help="Leave bad records out and count them, instead of ending at the first.")
@click.option("--quiet", is_flag=True, help="No count at the end, no progress bar.")
@click.option("--now", type=MOMENT, help="The moment that now and today mean, with an offset. By default the present.")
@click.option(
    "--timezone",
    type=ZONE,
    default="UTC",
    show_default=True,
    help="The time zone of days and of timestamps in the filter.",
)
@click.option(
    "--storage-timezone",
    type=ZONE,
    default="UTC",
    show_default=True,
    help="The time zone of timestamps in records that name none.",
)
@click.option("--me", help="The user's id, for me.id.")
@click.option(
    "--week-start", type=click.Choice(WEEK_DAYS), default="monday", show_default=True, help="The first day of the week."
)
def match(
    filter: str,
    file: str,
    endpoint: Endpoint,
    conditions: tuple[tuple[str, str, str], ...],
    form: str | None,
    delimiter: str,
    output: str | None,
    skip_bad: bool,
    quiet: bool,
    now: datetime | None,
    timezone: tzinfo,
    storage_timezone: tzinfo,
    me: str | None,
    week_start: WeekDay,
) -> None:
    """Write the records of FILE that match FILTER, just as they came in.

    FILE is JSON Lines, CSV with a header, or a JSON array of objects, of any size; - or nothing is standard input. In CSV, the
    endpoint's types say what a cell is, a dotted column name is a path, and an empty cell is null.

    \b
    Examples:
      kanbert-filter match --endpoint projects.md 'budget >= 1000' projects.jsonl
      kanbert-filter match --endpoint projects.md --timezone Europe/Vienna 'created_at = today' projects.csv
      curl -s … | kanbert-filter match --endpoint clients --format json --me usr_07 'primary_contact.id = me.id'
      kanbert-filter match --endpoint clients/full --scope archived.with= \\
          --scope 'archived.only=archived_at is not null' \\
          --scope 'archived.without=archived_at is null' 'archived = "without"' clients.jsonl
    """
    if filter == file == "-":
        raise click.UsageError(
            "The filter and the records cannot both come from standard input: give one as an argument or a file."
        )
    form = form or format_of(file)
    context = Context(now=now, timezone=timezone, storage_timezone=storage_timezone, me=me, week_start=week_start)
    matches = compiled(filter_text(filter), with_conditions(endpoint, conditions), context)
    bad = BadRecords(skip=skip_bad)
    out = sys.stdout.buffer
    try:
        with opened(file) as source:
            records, writer = read_as(form, source, out, endpoint, bad, output=output, delimiter=delimiter)
            writer.flushing = size_of(source) is None or is_terminal(out)
            count = filtered(records if quiet else with_progress(records, source), matches, writer, bad)
        writer.end()
    except BadRecord as error:
        out.flush()
        place = "standard input" if file == "-" else file
        raise RecordFault(f"{place}, {error}. With --skip-bad such records are left out.") from None
    if not quiet:
        click.echo(summary(count, bad), err=True)


@run.command(epilog=STATUSES)
@click.argument("source", required=False)
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to show an endpoint. The options --endpoint read back what markdown and json write.",
)
def endpoints(source: str | None, form: str) -> None:
    """List the shipped endpoints, or show the one of SOURCE.

    SOURCE is what --endpoint takes: a shipped endpoint's name, a Markdown table (.md), an endpoint's description (.json) or an OpenAPI
    document (.json), whose endpoints are listed unless one is chosen. YAML has to be converted to JSON first.

    \b
    Examples:
      kanbert-filter endpoints
      kanbert-filter endpoints clients/full
      kanbert-filter endpoints --as json 'openapi.json#GET /clients' > clients.json
    """
    try:
        with reported_warnings():
            found = kanbert_endpoints() if source is None else endpoints_at(source)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="SOURCE") from None
    if len(found) > 1:
        click.echo(display.endpoint_list(found))
        return
    [endpoint] = found.values()
    match form:
        case "table":
            click.echo(display.field_table(endpoint))
        case "markdown":
            click.echo(endpoint.to_markdown(), nl=False)
        case _:
            click.echo(json.dumps(endpoint.to_dict(), ensure_ascii=False, indent=2))


def filter_text(argument: str) -> bytes:
    """The filter's text as it came: the argument's, or for `-` that of standard input."""
    return sys.stdin.buffer.read() if argument == "-" else argument.encode(errors="surrogateescape")


def compiled(text: bytes, endpoint: Endpoint, context: Context) -> Predicate:
    """The filter as a function on records."""
    try:
        return compile_predicate(endpoint.check(read_filter(text)), context)
    except FilterError as error:
        raise FilterFault(error) from None
    except ContextError as error:
        fact = str(error).partition(";")[0]
        remedy = "--me ID" if "me.id" in fact else "--scope NAME.CHOICE=FILTER for each of its choices"
        raise click.UsageError(f"{fact}; give {remedy}.") from None


def with_conditions(endpoint: Endpoint, conditions: Iterable[tuple[str, str, str]]) -> Endpoint:
    """The endpoint, its scopes bound to the conditions."""
    bound: dict[str, dict[str, Filter]] = {}
    try:
        for name, choice, text in conditions:
            bound.setdefault(name, {})[choice] = read_filter(text.encode(errors="surrogateescape"))
        return endpoint.bind(**bound) if bound else endpoint
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--scope") from None


def format_of(file: str) -> str:
    """The format that a file's name tells."""
    form = "jsonl" if file == "-" else FORMATS.get(Path(file).suffix.lower())
    if form is None:
        raise click.UsageError(f"The name {file!r} does not tell the format: give --format jsonl, csv or json.")
    return form


def opened(file: str) -> AbstractContextManager[BinaryIO]:
    """The file, to be closed at the end; standard input stays open."""
    return nullcontext(sys.stdin.buffer) if file == "-" else open(file, "rb")


def size_of(file: BinaryIO) -> int | None:
    """The bytes of a regular file; None for all that comes from elsewhere."""
    try:
        status = os.fstat(file.fileno())
    except OSError:
        return None
    return status.st_size if S_ISREG(status.st_mode) else None


def is_terminal(file: IO[Any]) -> bool:
    """Whether somebody looks at a file."""
    return file.isatty()


def with_progress(records: Iterable[Record], file: BinaryIO) -> Iterable[Record]:
    """The records; for a long file a terminal shows how many of its bytes are read, unless the records themselves go there."""
    size = size_of(file)
    if size is None or size < LONG_INPUT or not is_terminal(sys.stderr) or is_terminal(sys.stdout):
        return records
    return tracked(records, file, size)


def tracked(records: Iterable[Record], file: BinaryIO, size: int) -> Iterator[Record]:
    """The records, with a progress bar on standard error."""
    with click.progressbar(length=size, label="Reading", file=sys.stderr) as bar:
        for number, record in enumerate(records):
            if number % 1000 == 0:
                bar.update(file.tell() - bar.pos)
            yield record
        bar.update(size - bar.pos)


def summary(count: Count, bad: BadRecords) -> str:
    """What is told at the end."""
    told = f"{count.matching} of {count.read} records match"
    return f"{told}; {bad.count} bad left out, the first on {bad.first}" if bad.first else told
