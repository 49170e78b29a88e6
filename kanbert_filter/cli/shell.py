"""What every command shares with the shell: exit statuses, closed and broken streams, interrupts."""

from __future__ import annotations

import io
import os
import shlex
import sys
from collections.abc import Iterable
from contextlib import suppress
from typing import IO, Any, Final, TypeVar

import click

from ..errors import COLUMNS, FilterError, printable, quoted
from . import display

T = TypeVar("T")

NAME: Final = "kanbert-filter"
"""The command's name, as it is installed."""

STATUSES: Final = "Exit status: 0 all is well, 1 the filter is at fault, 2 wrong usage or a bad record."


def given_once(pairs: Iterable[tuple[str, T]]) -> dict[str, T]:
    """What was given by key, in options or JSON. Raises `ValueError` for a key that was given twice: one would be ignored."""
    given: dict[str, T] = {}
    for key, value in pairs:
        if key in given:
            raise ValueError(f"found {quoted(key)} twice, expected it once")
        given[key] = value
    return given


class FilterFault(click.ClickException):
    """The filter is at fault: exit status 1, with the excerpt on standard error."""

    exit_code = 1

    def __init__(self, error: FilterError) -> None:
        self.error = error
        super().__init__(str(error))

    def show(self, file: IO[Any] | None = None) -> None:
        columns = display.terminal_columns(file or sys.stderr) or COLUMNS
        click.echo(display.styled_error(self.error, columns), file=file, err=True, color=self.show_color)


class InputFault(click.ClickException):
    """A record, a file or a stream is at fault: exit status 2."""

    exit_code = 2


class Shell(click.Group):
    """The command with what shells expect: a reader that has enough (`| head`) is no error, an interrupt is status 130."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if " " in args[0] and self.get_command(ctx, args[0]) is None:
            named = f"{NAME} check {shlex.quote(args[0])}"
            raise click.UsageError(
                f"Found {quoted(args[0])}, expected a command before a filter, as in {printable(named)}."
            )
        return super().resolve_command(ctx, args)

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
