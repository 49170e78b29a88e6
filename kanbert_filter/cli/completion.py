"""Completion in shells: the command `completion`, and what words of the command line complete to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final
from warnings import catch_warnings, simplefilter

import click

from ..endpoints.kanbert import kanbert_endpoints
from .endpoint_files import ENDPOINT_FILES, endpoints_at
from .shell import NAME, STATUSES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

SHELLS: Final = ("bash", "zsh", "fish")


@click.command("completion", epilog=STATUSES)
@click.argument("shell", type=click.Choice(SHELLS))
def completion_command(shell: str) -> None:
    """Write the script that completes this command in SHELL.

    \b
    Examples:
      echo 'eval "$(kanbert-filter completion bash)"' >> ~/.bashrc
      echo 'eval "$(kanbert-filter completion zsh)"' >> ~/.zshrc
      kanbert-filter completion fish > \\
          ~/.config/fish/completions/kanbert-filter.fish

    Commands, options, their choices, endpoints with the operations of an OpenAPI document, time zones and files are completed. In
    zsh the line has to stand below that with compinit.
    """
    from click.shell_completion import get_completion_class

    found = get_completion_class(shell)
    assert found is not None
    root = click.get_current_context().find_root()
    click.echo(found(root.command, {}, NAME, COMPLETE_VARIABLE).source())


COMPLETE_VARIABLE: Final = f"_{NAME.replace('-', '_').upper()}_COMPLETE"
"""The environment variable by which the scripts ask for completions."""


def file_items(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """Files, which the shell completes itself."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


def zone_items(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """The names of time zones."""
    from zoneinfo import available_timezones

    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in sorted(available_timezones()) if name.startswith(incomplete)]


def endpoint_items(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem[str]]:
    """What `--endpoint` takes."""
    return endpoints_beginning(incomplete)


def endpoints_beginning(incomplete: str) -> list[CompletionItem[str]]:
    """Shipped endpoints, files that may describe one, and after the `#` of a document its operations."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(name) for name in _endpoint_names(incomplete) if name.startswith(incomplete)]


def _endpoint_names(incomplete: str) -> Iterator[str]:
    file, mark, _ = incomplete.partition("#")
    if mark:
        try:
            with catch_warnings():
                simplefilter("ignore")
                yield from [f"{file}#{name}" for name in endpoints_at(file)]
        except ValueError:
            pass
        return
    yield from kanbert_endpoints()
    directory = incomplete[: incomplete.rfind("/") + 1]
    try:
        entries = sorted(Path(directory or ".").expanduser().iterdir())
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith(".") > incomplete[len(directory) :].startswith("."):
            continue
        if entry.is_dir():
            yield f"{directory}{entry.name}/"
        elif entry.suffix.lower() in ENDPOINT_FILES:
            yield f"{directory}{entry.name}"


def prepare_completion() -> None:
    """Let bash quote what it completes: it takes the words as they are, blanks included."""
    from click.shell_completion import BashComplete, CompletionItem, add_completion_class

    class QuotingBash(BashComplete):
        def format_completion(self, item: CompletionItem[str]) -> str:
            if item.type == "plain" and not _is_in_quotes():
                item = CompletionItem(_escaped(item.value), item.type)
            return super().format_completion(item)

    add_completion_class(QuotingBash)


def _is_in_quotes() -> bool:
    words, at = os.environ.get("COMP_WORDS", "").split("\n"), int(os.environ.get("COMP_CWORD", "0"))
    return at < len(words) and words[at][:1] in ("'", '"')


def _escaped(word: str) -> str:
    """The word as it is written in bash; the script takes one backslash of two away."""
    return "".join([c if c.isalnum() or c in "_-./=,:@%+~" else f"\\\\{c}" for c in word])
