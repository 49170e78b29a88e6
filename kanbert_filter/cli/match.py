"""The command `match`: the records of files that match a filter."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Sequence
from contextlib import nullcontext
from datetime import UTC, datetime, tzinfo
from typing import Final, get_args

import click

from ..checked import CheckedFilter
from ..context import Context, WeekDay
from ..endpoints.endpoint import Endpoint
from ..errors import ContextError, FilterError, FilterSyntaxError, printable, quoted
from ..meaning.lowering import lower
from ..meaning.tests import Test
from ..messages import plural
from ..nodes import Filter
from .bulk_search import BulkSearch
from .completion import file_items, zone_items
from .filters import filter_in
from .matching import RecordSearch
from .notes import list_inside, notes_on
from .output import OutputFormat, Writing
from .parameters import (
    MOMENT,
    NAMES,
    SCOPE_CONDITION,
    WHOLE_NUMBER,
    ZONE,
    endpoint_option,
    filter_text,
    with_text_options,
)
from .progress import is_terminal, progress_of, size_of
from .reading import Reading
from .record_files import TextFormat, UnreadableFile, opened, shown_name
from .records import BadRecord, BadRecords, Tally
from .shell import STATUSES, FilterFault, InputFault, given_once

WEEK_DAYS: Final = get_args(WeekDay)


@click.command("match", epilog=STATUSES)
@click.argument("filter")
@click.argument("files", nargs=-1, metavar="[FILE]...", shell_complete=file_items)
@endpoint_option("Required.")
@click.option(
    "--scope",
    "conditions",
    type=SCOPE_CONDITION,
    multiple=True,
    metavar="NAME.CHOICE=FILTER",
    help="The condition that a choice of a scope stands for; an empty FILTER matches everything. Give one for each choice.",
)
@with_text_options
@click.option(
    "--wrong-type",
    type=click.Choice(["error", "null"]),
    default="error",
    show_default=True,
    help="What a value is that is not of its field's type.",
)
@click.option("--skip-bad", is_flag=True, help="Leave bad records out and count them, instead of ending at the first.")
@click.option("-v", "--invert", is_flag=True, help="Write the records that do not match.")
@click.option(
    "--explain", is_flag=True, help="Write for each record whether it matches, and why, instead of the record."
)
@click.option("-c", "--count", is_flag=True, help="Write only how many records match.")
@click.option("-n", "--limit", type=WHOLE_NUMBER, metavar="N", help="End after N records.")
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
    shell_complete=zone_items,
    default="UTC",
    show_default=True,
    help="The time zone of days and of timestamps in the filter.",
)
@click.option(
    "--storage-timezone",
    type=ZONE,
    shell_complete=zone_items,
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
    endpoint: Endpoint | None,
    conditions: tuple[tuple[str, str, str], ...],
    form: TextFormat | None,
    at: tuple[str, ...] | None,
    delimiter: str | None,
    nulls: tuple[str, ...],
    wrong_type: str,
    skip_bad: bool,
    invert: bool,
    explain: bool,
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
    """Write the records of the FILEs that match FILTER.

    \b
    Examples:
      kanbert-filter endpoints infer projects.csv > projects.md
      kanbert-filter match -e projects.md 'budget >= 1000' projects.csv
      kanbert-filter match -e projects.md --timezone Europe/Vienna \\
          'created_at = today' projects.csv
      curl -s … | kanbert-filter match -e clients --at data --me usr_07 \\
          'primary_contact.id = me.id'
      kanbert-filter match -e clients/full --scope archived.with= \\
          --scope 'archived.only=archived_at is not null' \\
          --scope 'archived.without=archived_at is null' \\
          'archived = "without"' clients.jsonl

    Records leave just as they came. A FILE is JSON (an object a line, an array, or objects one after the other) or CSV with a header, of any size, perhaps
    compressed with gzip, bzip2, xz or zstd; or Parquet or Arrow. - or none is standard input. In CSV, the endpoint's types
    say what a cell is, a dotted column name is a path, and an empty cell is null.
    """
    if endpoint is None:
        file = shlex.quote(next(filter_or_file for filter_or_file in (*files, "FILE") if filter_or_file != "-"))
        infer = f"kanbert-filter endpoints infer {printable(file)} > table.md"
        raise click.UsageError(f"Missing option '-e' / '--endpoint'; {infer} writes a table for it.")
    files = files or ("-",)
    if "-" in files and (filter == "-" or files.count("-") > 1):
        raise click.UsageError(
            "The filter and the records cannot both come from standard input: give one as an argument or a file."
        )
    if with_filename and output == "json":
        raise click.UsageError("--with-filename begins lines, and --output json has no line for each record.")
    if explain and (count or fields or wrong_type == "null" or output not in (None, "jsonl")):
        raise click.UsageError(
            "--explain writes no records: leave --count, --fields and --wrong-type out, and --output but jsonl."
        )
    context = Context(
        now=now or datetime.now(UTC), timezone=timezone, storage_timezone=storage_timezone, me=me, week_start=week_start
    )
    endpoint = with_conditions(endpoint, conditions)
    checked = checked_filter(filter, files, endpoint)
    lenient = wrong_type == "null"
    test = test_of(checked, context)
    out = sys.stdout.buffer
    writing = None if count or explain else Writing(out, endpoint, fields, output, with_filename=with_filename)
    explaining = None
    if explain:
        from .explaining import Explaining

        explaining = Explaining(out, checked, endpoint, context, invert=invert, limit=limit, as_json=output == "jsonl")
    bad = BadRecords(skip=skip_bad)
    tally = Tally(None if explain else limit)
    # Of a single file that is not rewritten, what is found is written as its own bytes. Else all that it holds may be needed.
    whole = not count and (fields is not None or output is not None or len(files) > 1)
    write = None if writing is None else writing.write_lines
    bulk = BulkSearch(test, context, tally, write, invert=invert, whole=whole)
    search = RecordSearch(endpoint, bulk.passes, invert=invert, lenient=lenient)
    reading = Reading(
        endpoint, form, at or (), delimiter=delimiter, nulls=nulls, lenient=lenient, bulk=None if explain else bulk
    )
    for name in files:
        shown = shown_name(name)
        bad.file = shown if len(files) > 1 else ""
        try:
            with opened(name) as source:
                form_here, records = reading.records(source, bad)
                if not quiet:
                    for note in notes_on(shown, records, checked, endpoint, fields or ()):
                        click.echo(f"Note: {note}", err=True)
                if writing is not None:
                    writing.flushing = size_of(source.raw) is None or is_terminal(out)
                    writing.begin(shown if name == "-" else name, form_here, records)
                with nullcontext() if quiet else progress_of(source.raw):
                    if explaining is None:
                        search.run(records, writing, bad, tally)
                    else:
                        explaining.file = shown if len(files) > 1 or with_filename else ""
                        explaining.run(records, tally)
                if form_here in ("json", "jsonl") and not quiet and (tally.read, tally.found) == (1, 0):
                    inside = list_inside(source.head, endpoint)
                    if inside:
                        note = f"{shown} is one record with a list at {quoted(inside)}; --at {inside} makes its items the records"
                        click.echo(f"Note: {note}", err=True)
        except UnreadableFile as error:
            out.flush()
            raise InputFault(f"{shown} {error}") from None
        except BadRecord as error:
            out.flush()
            remedy = f". {error.remedy}." if error.remedy else ""
            raise InputFault(f"{shown}, {error}{remedy}") from None
        if tally.full or (explaining is not None and explaining.full):
            break
    if writing is not None:
        writing.end()
    elif count:
        click.echo(tally.found)
    out.flush()
    if not quiet and not count:
        click.echo(summary(tally, bad, invert=invert), err=True)
    if exit_status and not tally.found:
        raise click.exceptions.Exit(1)


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


def test_of(checked: CheckedFilter, context: Context) -> Test:
    """What the filter comes down to."""
    try:
        return lower(checked, context)
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
        given = given_once([(f"{name}.{choice}", (name, choice, text)) for name, choice, text in conditions])
        for name, choice, text in given.values():
            bound.setdefault(name, {})[choice] = filter_in(text.encode(errors="surrogateescape"))
        return endpoint.bind(**bound) if bound else endpoint
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--scope") from None


def summary(tally: Tally, bad: BadRecords, *, invert: bool) -> str:
    """What is reported at the end."""
    one = tally.read == 1
    verb = ("does not match" if one else "do not match") if invert else "matches" if one else "match"
    reported = f"{tally.found} of {plural(tally.read, 'record')} {verb}"
    return f"{reported}; {bad.count} bad left out, the first on {bad.first}" if bad.first else reported
