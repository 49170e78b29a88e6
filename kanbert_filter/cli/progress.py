"""The progress bar of long files, and who looks at what is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from stat import S_ISREG
from typing import IO, Any, BinaryIO, Final

import click

from .record_files import WatchedFile

LONG_INPUT: Final = 8 << 20
"""From how many bytes on a progress bar is worth its line."""


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


@contextmanager
def progress_of(file: BinaryIO) -> Iterator[None]:
    """While a long file is read, a terminal shows how many of its bytes were, if what is found goes elsewhere."""
    size = size_of(file)
    watched = getattr(file, "raw", None)
    if (
        size is None
        or size < LONG_INPUT
        or not isinstance(watched, WatchedFile)
        or sys.stderr is None
        or not is_terminal(sys.stderr)
        or not goes_unseen(sys.stdout)
    ):
        yield
        return
    with click.progressbar(length=size, label="Reading", file=sys.stderr, update_min_steps=size // 100) as bar:
        bar.update(file.tell())
        watched.on_read = bar.update
        try:
            yield
        finally:
            watched.on_read = None
        bar.update_min_steps = 1
        bar.update(size - bar.pos)
