"""What the command line takes as values: endpoints, moments, time zones, delimiters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Final, TypeVar
from warnings import catch_warnings, simplefilter

import click

from ..context import Context
from ..values import read_timestamp
from .endpoints import endpoint_at

T = TypeVar("T")


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


def parameter(name: str, read: Callable[[str], T]) -> Callable[[str], T]:
    """What Click calls to read a value: a `ValueError` becomes the sentence of a usage error. The help shows the name."""

    def convert(text: str) -> T:
        try:
            with reported_warnings():
                return read(text)
        except ValueError as error:
            raise click.BadParameter(str(error)) from None

    convert.__name__ = name
    return convert


def _moment(text: str) -> datetime:
    moment = read_timestamp(text)
    if moment is None or moment.tzinfo is None:
        raise ValueError(f"found {text!r}, expected a timestamp with an offset, such as 2024-05-01T12:00:00+02:00")
    return moment


def _zone(name: str) -> tzinfo:
    return Context(timezone=name).timezone


def _delimiter(text: str) -> str:
    if text == "tab":
        return "\t"
    if len(text) != 1 or text in '"\r\n':
        raise ValueError(f"found {text!r}, expected one character, or the word tab")
    return text


def _scope_condition(text: str) -> tuple[str, str, str]:
    target, equals, condition = text.partition("=")
    name, dot, choice = target.strip().rpartition(".")
    if not equals or not dot or not name or not choice:
        raise ValueError(
            f"found {text!r}, expected NAME.CHOICE=FILTER, such as 'archived.only=archived_at is not null'"
        )
    return name, choice, condition


ENDPOINT: Final = parameter("endpoint", endpoint_at)
MOMENT: Final = parameter("timestamp", _moment)
ZONE: Final = parameter("zone", _zone)
DELIMITER: Final = parameter("character", _delimiter)
SCOPE_CONDITION: Final = parameter("condition", _scope_condition)
