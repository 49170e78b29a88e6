"""The progress bar of long files, and who looks at what is written."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from stat import S_ISREG
from typing import IO, Any, BinaryIO, Final

import click

from .bad_records import Record

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
