"""What the command line takes as values: filters, endpoints, moments, time zones, delimiters."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any, Final, TypeVar, get_args
from warnings import catch_warnings, simplefilter

import click

from ..context import Context
from ..errors import FilterError, printable, quoted
from ..nodes import Filter
from ..values import read_timestamp
from .batches import BatchFormat
from .completion import endpoint_items, file_items
from .endpoint_files import endpoint_at
from .filters import filter_in
from .record_files import TextFormat
from .shell import InputFault

ENDPOINT_HELP: Final = (
    "What may be filtered: a shipped endpoint (see 'kanbert-filter endpoints'), a Markdown table (.md), an endpoint's"
    " description (.json), or an OpenAPI document ('openapi.json#GET /clients')."
)

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


@contextmanager
def reported_warnings() -> Iterator[None]:
    """Writes each warning to standard error as a note, once, instead of Python's lines about it."""
    with catch_warnings(record=True) as caught:
        simplefilter("always")
        try:
            yield
        finally:
            for sentence in dict.fromkeys([str(warning.message) for warning in caught]):
                click.echo(f"Note: {sentence}", err=True)


def checked_value(name: str, read: Callable[[str], T]) -> Callable[[str], T]:
    """What Click calls to read a value: a `ValueError` becomes the sentence of a usage error. The help shows the name."""

    def convert(text: str) -> T:
        try:
            with reported_warnings():
                return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    convert.__name__ = name
    return convert


def _moment_in(text: str) -> datetime:
    moment = read_timestamp(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(
            f"found {quoted(text)}, expected a timestamp with an offset, such as 2024-05-01T12:00:00+02:00"
        )
    return moment


def _zone_named(name: str) -> tzinfo:
    return Context(timezone=name).timezone


def _delimiter(text: str) -> str:
    if text == "tab":
        return "\t"
    if len(text) != 1 or text in '"\r\n':
        raise ValueError(f"found {quoted(text)}, expected one character, or the word tab")
    return text


def _scope_condition(text: str) -> tuple[str, str, str]:
    target, equals, condition = text.partition("=")
    name, dot, choice = target.strip().rpartition(".")
    if not equals or not dot or not name or not choice:
        raise ValueError(
            f"found {quoted(text)}, expected NAME.CHOICE=FILTER, such as 'archived.only=archived_at is not null'"
        )
    return name, choice, condition


def _path_in(text: str) -> tuple[str, ...]:
    """The keys of a JSON Pointer, or of a dotted path."""
    if text.startswith("/"):
        return tuple([key.replace("~1", "/").replace("~0", "~") for key in text[1:].split("/")])
    if not all(text.split(".")):
        raise ValueError(f"found {quoted(text)}, expected keys joined by '.', such as data.items, or a JSON Pointer")
    return tuple(text.split("."))


def _whole_number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise ValueError(f"found {quoted(text)}, expected a whole number")
    return int(text)


def _names_in(text: str) -> tuple[str, ...]:
    names = [name.strip() for name in text.split(",")]
    if not all(names):
        raise ValueError(f"found {quoted(text)}, expected names separated by commas")
    return tuple(dict.fromkeys(names))


def _renaming_in(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not equals or not old.strip() or not new.strip():
        raise ValueError(f"found {quoted(text)}, expected OLD=NEW, such as name=title or 'client.*=customer.*'")
    return old.strip(), new.strip()


MOMENT: Final = checked_value("timestamp", _moment_in)
ZONE: Final = checked_value("zone", _zone_named)
DELIMITER: Final = checked_value("character", _delimiter)
SCOPE_CONDITION: Final = checked_value("condition", _scope_condition)
PATH: Final = checked_value("path", _path_in)
RENAMING: Final = checked_value("renaming", _renaming_in)
WHOLE_NUMBER: Final = checked_value("number", _whole_number)
NAMES: Final = checked_value("names", _names_in)


def endpoint_option(help: str = "") -> Callable[[F], F]:
    """The option `--endpoint`; `help` says what else it does."""
    return click.option(
        "-e",
        "--endpoint",
        type=checked_value("endpoint", endpoint_at),
        shell_complete=endpoint_items,
        help=f"{help} {ENDPOINT_HELP}".strip(),
    )


def file_option(help: str, *, multiple: bool = False) -> Callable[[F], F]:
    """The option `--file` of commands that read files of many filters."""
    name = "files" if multiple else "file"
    return click.option("--file", name, multiple=multiple, metavar="FILE", shell_complete=file_items, help=help)


def with_text_options(command: F) -> F:
    """A command with the options of those that read records."""
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(get_args(TextFormat)),
            help="The format of what is read. By default it follows from a file's name or beginning.",
        ),
        click.option(
            "--at",
            type=PATH,
            metavar="PATH",
            help="Where the records are in a JSON document, such as data.items or /data/items.",
        ),
        click.option(
            "-d",
            "--delimiter",
            type=DELIMITER,
            help="What separates CSV cells: a character, or tab. By default it follows from the header.",
        ),
        click.option(
            "--null",
            "nulls",
            multiple=True,
            metavar="WORD",
            help="A CSV cell that means null, such as NA, beside the empty one.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def with_file_options(command: F) -> F:
    """A command with the options of those that read files of many filters."""
    options = (
        click.option(
            "--format",
            "form",
            type=click.Choice(get_args(BatchFormat)),
            help="The format of FILE. By default it follows from the name; a file under any other name has a filter on"
            " each line.",
        ),
        click.option(
            "-k",
            "--key",
            type=PATH,
            default="filter",
            show_default=True,
            help="The key in JSON lines, or the column in CSV, that holds the filter.",
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


def one_filter(words: Sequence[str]) -> str:
    """The argument that is the filter, `-` if there is none; several come from a filter without quotes around it."""
    if len(words) > 1:
        whole = quoted(" ".join(words))
        raise click.UsageError(f"Found {len(words)} arguments, expected one filter; put it in quotes, as in {whole}.")
    return words[0] if words else "-"


def read_filter(words: Sequence[str], notation: str = "auto") -> tuple[Filter, bytes]:
    """The one filter that arguments or standard input hold, and its text. Raises `FilterError`."""
    argument = one_filter(words)
    text = filter_text(argument)
    try:
        return filter_in(text, notation), text
    except FilterError:
        if argument != "-" and os.path.isfile(argument):
            found = f"Found the file {quoted(argument)} as the filter"
            remedy = f"read filters from it with --file, or one with < {printable(argument)}"
            raise click.UsageError(f"{found}; {remedy}.") from None
        raise


def filter_text(argument: str) -> bytes:
    """The filter's text as it came: the argument's, or for `-` that of standard input."""
    if argument != "-":
        return argument.encode(errors="surrogateescape")
    if sys.stdin is None:  # as after `<&-`
        raise InputFault("Standard input is closed, expected the filter")
    return sys.stdin.buffer.read()
