"""The commands themselves: their options, their help, their exit statuses."""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from stat import S_ISREG
from typing import IO, Any, BinaryIO, Final, get_args

import click

from ..backends.predicate import Predicate, compile_predicate
from ..checked import CheckedFilter
from ..context import Context, WeekDay
from ..endpoints.endpoint import Endpoint
from ..endpoints.kanbert import kanbert_endpoints
from ..errors import ContextError, FilterError, FilterSyntaxError, printable, quoted
from ..messages import plural
from ..nodes import Filter
from . import display
from .bad_records import BadRecord, BadRecords, Record
from .csv_records import CsvRecords
from .endpoint_files import endpoints_at
from .filters import NOTATIONS, filter_in, written_filter
from .matching import RecordSearch, Tally, missing_fields
from .output import OutputFormat, Writing
from .parameters import DELIMITER, ENDPOINT, MOMENT, NAMES, PATH, SCOPE_CONDITION, ZONE, reported_warnings
from .reading import Reading
from .record_files import TextFormat, UnreadableFile, opened

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
        click.echo(display.styled_error(self.error), file=file, err=True, color=self.show_color)


class InputFault(click.ClickException):
    """A record, a file or a stream is at fault: exit status 2."""

    exit_code = 2


class Shell(click.Group):
    """The command with what shells expect: a reader that has enough (`| head`) is no error, an interrupt is status 130."""

    def main(self, *args: Any, **options: Any) -> Any:
        if sys.stderr is None:  # as after `2>&-`; Click would write what is for it to standard output
            sys.stderr = io.StringIO()
        return super().main(*args, **options)

    def invoke(self, ctx: click.Context) -> Any:
        if sys.stdout is None:  # as after `>&-`
            raise InputFault("Standard output is closed, expected a place to write to")
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            forget_output()
            ctx.exit(0)
        except KeyboardInterrupt:
            forget_output()
            ctx.exit(130)
        except OSError as error:
            raise InputFault(f"Reading or writing failed: {error.strerror or error}") from None


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


@run.command("convert", epilog=STATUSES)
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


@run.command("check", epilog=STATUSES)
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


@run.command("match", epilog=STATUSES)
@click.argument("filter")
@click.argument("files", nargs=-1, metavar="[FILE]...")
@click.option("-e", "--endpoint", type=ENDPOINT, required=True, help=ENDPOINT_HELP)
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
    type=click.Choice(get_args(TextFormat)),
    help="The format of the files. By default it follows from each file's name or beginning.",
)
@click.option(
    "--at",
    type=PATH,
    metavar="PATH",
    help="Where the records are in a JSON document, such as data.items or /data/items.",
)
@click.option(
    "-d",
    "--delimiter",
    type=DELIMITER,
    help="What separates CSV cells: a character, or tab. By default it follows from the header.",
)
@click.option(
    "--null",
    "nulls",
    multiple=True,
    metavar="WORD",
    help="A CSV cell that means null, such as NA, beside the empty one.",
)
@click.option(
    "--wrong-type",
    type=click.Choice(["error", "null"]),
    default="error",
    show_default=True,
    help="What a value is that is not of its field's type.",
)
@click.option("--skip-bad", is_flag=True, help="Leave bad records out and count them, instead of ending at the first.")
@click.option("-v", "--invert", is_flag=True, help="Write the records that do not match.")
@click.option("-c", "--count", is_flag=True, help="Write only how many records match.")
@click.option("-n", "--limit", type=click.IntRange(min=0), metavar="N", help="End after N records.")
@click.option("-f", "--fields", type=NAMES, metavar="NAMES", help="Write only these fields, separated by commas.")
@click.option(
    "-o",
    "--output",
    type=click.Choice(get_args(OutputFormat)),
    help="Write this format instead of the one that came in. csv, tsv and table have the columns of --fields, or else the"
    " endpoint's fields.",
)
@click.option("-H", "--with-filename", is_flag=True, help="Begin each line with the name of its file.")
@click.option("-x", "--exit-status", is_flag=True, help="End with status 1 if nothing matches.")
@click.option("-q", "--quiet", is_flag=True, help="No count at the end, no notes, no progress bar.")
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
def match_command(
    filter: str,
    files: tuple[str, ...],
    endpoint: Endpoint,
    conditions: tuple[tuple[str, str, str], ...],
    form: TextFormat | None,
    at: tuple[str, ...] | None,
    delimiter: str | None,
    nulls: tuple[str, ...],
    wrong_type: str,
    skip_bad: bool,
    invert: bool,
    count: bool,
    limit: int | None,
    fields: tuple[str, ...] | None,
    output: OutputFormat | None,
    with_filename: bool,
    exit_status: bool,
    quiet: bool,
    now: datetime | None,
    timezone: tzinfo,
    storage_timezone: tzinfo,
    me: str | None,
    week_start: WeekDay,
) -> None:
    """Write the records of the FILEs that match FILTER, just as they came in.

    A FILE is JSON (an object a line, an array, or objects one after the other) or CSV with a header, of any size, perhaps
    compressed with gzip, bzip2, xz or zstd; or Parquet or Arrow. - or none is standard input. In CSV, the endpoint's types
    say what a cell is, a dotted column name is a path, and an empty cell is null.

    \b
    Examples:
      kanbert-filter match -e projects.md 'budget >= 1000' projects.jsonl
      kanbert-filter match -e projects.md --timezone Europe/Vienna \\
          'created_at = today' projects.csv
      curl -s … | kanbert-filter match -e clients --at data --me usr_07 \\
          'primary_contact.id = me.id'
      kanbert-filter match -e clients/full --scope archived.with= \\
          --scope 'archived.only=archived_at is not null' \\
          --scope 'archived.without=archived_at is null' \\
          'archived = "without"' clients.jsonl
    """
    files = files or ("-",)
    if "-" in files and (filter == "-" or files.count("-") > 1):
        raise click.UsageError(
            "The filter and the records cannot both come from standard input: give one as an argument or a file."
        )
    if with_filename and output == "json":
        raise click.UsageError("--with-filename begins lines, and --output json has no line for each record.")
    context = Context(now=now, timezone=timezone, storage_timezone=storage_timezone, me=me, week_start=week_start)
    endpoint = with_conditions(endpoint, conditions)
    checked = checked_filter(filter, files, endpoint)
    lenient = wrong_type == "null"
    search = RecordSearch(endpoint, predicate_of(checked, context), invert=invert, lenient=lenient)
    reading = Reading(endpoint, form, at or (), delimiter=delimiter, nulls=nulls, lenient=lenient)
    out = sys.stdout.buffer
    writing = None if count else Writing(out, endpoint, fields, output, with_filename=with_filename)
    bad = BadRecords(skip=skip_bad)
    tally = Tally(limit)
    for name in files:
        shown = "standard input" if name == "-" else printable(name)
        bad.file = shown if len(files) > 1 else ""
        try:
            with opened(name) as source:
                form_here, records = reading.records(source, bad)
                if isinstance(records, CsvRecords) and not quiet:
                    for field in missing_fields(checked.filter, endpoint, records):
                        click.echo(f"Note: {shown} has no column for {quoted(field)}, which is null there", err=True)
                if writing is not None:
                    writing.flushing = size_of(source.raw) is None or is_terminal(out)
                    writing.begin(shown if name == "-" else name, form_here, records)
                search.run(records if quiet else with_progress(records, source.raw), writing, bad, tally)
        except UnreadableFile as error:
            out.flush()
            raise InputFault(f"{shown} {error}") from None
        except BadRecord as error:
            out.flush()
            remedy = f". {error.remedy}." if error.remedy else ""
            raise InputFault(f"{shown}, {error}{remedy}") from None
        if tally.full:
            break
    if writing is not None:
        writing.end()
    else:
        click.echo(tally.found)
    if not quiet and not count:
        click.echo(summary(tally, bad, invert=invert), err=True)
    if exit_status and not tally.found:
        raise click.exceptions.Exit(1)


@run.command("endpoints", epilog=STATUSES)
@click.argument("source", required=False)
@click.option(
    "--as",
    "form",
    type=click.Choice(["table", "markdown", "json"]),
    default="table",
    show_default=True,
    help="How to show an endpoint. The options --endpoint read back what markdown and json write.",
)
@click.option("--sources", is_flag=True, help="Write where the data of each field is, too, in markdown and json.")
def endpoints_command(source: str | None, form: str, sources: bool) -> None:
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
            click.echo(display.endpoint_table(endpoint))
        case "markdown":
            click.echo(endpoint.to_markdown(sources=sources).encode(), nl=False)
        case _:
            click.echo(json.dumps(endpoint.to_dict(sources=sources), indent=2))


def one_filter(words: Sequence[str]) -> str:
    """The argument that is the filter, `-` if there is none; several come from a filter without quotes around it."""
    if len(words) > 1:
        whole = quoted(" ".join(words))
        raise click.UsageError(f"Found {len(words)} arguments, expected one filter; put it in quotes, as in {whole}.")
    return words[0] if words else "-"


def filter_text(argument: str) -> bytes:
    """The filter's text as it came: the argument's, or for `-` that of standard input."""
    if argument != "-":
        return argument.encode(errors="surrogateescape")
    if sys.stdin is None:  # as after `<&-`
        raise InputFault("Standard input is closed, expected the filter")
    return sys.stdin.buffer.read()


def checked_filter(argument: str, files: Sequence[str], endpoint: Endpoint) -> CheckedFilter:
    """The filter that an argument of `match` holds; `files` are the arguments after it."""
    text = filter_text(argument)
    try:
        return endpoint.check(filter_in(text))
    except FilterSyntaxError as error:
        if os.path.isfile(argument):
            order = "the filter comes first, in quotes, and the files after it"
            raise click.UsageError(f"Found the file {quoted(argument)} as the filter; {order}.") from None
        if any(file != "-" and not os.path.exists(file) for file in files):
            whole = " ".join([argument, *[file for file in files if not os.path.exists(file)]])
            raise click.UsageError(
                f"Found a filter of several arguments; put it in quotes, as in {quoted(whole)}."
            ) from None
        raise FilterFault(error) from None
    except FilterError as error:
        raise FilterFault(error) from None


def predicate_of(checked: CheckedFilter, context: Context) -> Predicate:
    """The filter as a function on records."""
    try:
        return compile_predicate(checked, context)
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
            bound.setdefault(name, {})[choice] = filter_in(text.encode(errors="surrogateescape"))
        return endpoint.bind(**bound) if bound else endpoint
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--scope") from None


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


def goes_unseen(file: IO[Any]) -> bool:
    """Whether nobody looks at what is written: it goes to a regular file or nowhere, and not into a pager."""
    try:
        status = os.fstat(file.fileno())
        return S_ISREG(status.st_mode) or os.path.samestat(status, os.stat(os.devnull))
    except OSError:
        return False


def with_progress(records: Iterable[Record], file: BinaryIO) -> Iterable[Record]:
    """The records; for a long file a terminal shows how many of its bytes are read, if the records themselves go elsewhere."""
    size = size_of(file)
    if (
        size is None
        or size < LONG_INPUT
        or sys.stderr is None
        or not is_terminal(sys.stderr)
        or not goes_unseen(sys.stdout)
    ):
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


def summary(tally: Tally, bad: BadRecords, *, invert: bool) -> str:
    """What is reported at the end."""
    one = tally.read == 1
    verb = ("does not match" if one else "do not match") if invert else "matches" if one else "match"
    reported = f"{tally.found} of {plural(tally.read, 'record')} {verb}"
    return f"{reported}; {bad.count} bad left out, the first on {bad.first}" if bad.first else reported
