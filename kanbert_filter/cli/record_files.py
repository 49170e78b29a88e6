"""Files of records: opened, unpacked if they are compressed, and what format they are in."""

from __future__ import annotations

import codecs
import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, Literal, cast

from ..errors import printable

TextFormat = Literal["jsonl", "json", "csv", "tsv"]
ColumnarFormat = Literal["parquet", "arrow"]
Format = TextFormat | ColumnarFormat

_FORMATS: Final[dict[str, TextFormat]] = {
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "json",
    ".geojson": "json",
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
}
"""The formats by how a file's name ends."""

_PACKED: Final = {".gz", ".bz2", ".xz", ".zst"}

_COLUMNAR: Final[dict[bytes, ColumnarFormat]] = {b"PAR1": "parquet", b"ARROW1": "arrow"}
"""The formats that files show by their first bytes alone."""

_FOREIGN: Final[dict[bytes, str]] = {
    b"SQLite format 3": "a SQLite database; write a table of it first, for example with sqlite3 -json FILE 'SELECT …'",
    b"PK\x03\x04": "a ZIP archive or a workbook; unpack it, or save the sheet as CSV",
    b"<?xml": "XML; convert it to JSON first, for example with yq -p xml -o json",
    b"\xff\xfe": "UTF-16; convert it first, for example with iconv -f UTF-16 -t UTF-8",
    b"\xfe\xff": "UTF-16; convert it first, for example with iconv -f UTF-16 -t UTF-8",
}
"""What files that hold no text of ours begin with, and the way out."""

_LOOK: Final = 1 << 12
_BUFFER: Final = 1 << 16


class UnreadableFile(Exception):
    """A file that cannot be opened, unpacked or understood: a sentence, without the file's name."""


class RecordFile:
    """An open file of records: `file` gives its text, `raw` is the file itself, for its size and position."""

    def __init__(self, name: str, raw: BinaryIO) -> None:
        self.name = name
        self.raw = raw
        self.file = _unpacked(raw if hasattr(raw, "peek") else cast("BinaryIO", io.BufferedReader(cast("Any", raw))))
        """What is read."""
        self.head = _peeked(self.file)
        for mark, remedy in _FOREIGN.items():
            if self.head.startswith(mark):
                raise UnreadableFile(f"holds {remedy}")

    def format(self) -> Format:
        """The format that follows from the name or else from the beginning. Raises `UnreadableFile` if none does."""
        for mark, columnar in _COLUMNAR.items():
            if self.head.startswith(mark):
                return columnar
        known = self.named_format()
        if known in ("jsonl", "csv", "tsv"):
            return known
        text = self.head.removeprefix(codecs.BOM_UTF8).lstrip(b" \t\r\n")
        if text[:1] == b"[":
            return "json"
        if text[:1] == b"{" or (not text and self.name == "-"):
            line, broken, _ = text.partition(b"\n")
            return "jsonl" if not broken or _holds_object(line) else "json"
        if Path(self.name).suffix.lower() in (".yaml", ".yml"):
            raise UnreadableFile("is YAML; convert it to JSON first, for example with yq -o json")
        if known is None:
            raise UnreadableFile("has no name or beginning of a known format: give --format jsonl, json, csv or tsv")
        return known

    def named_format(self) -> TextFormat | None:
        """The format that follows from the name alone, if one does."""
        path = Path(self.name)
        suffix = (path.with_suffix("") if path.suffix.lower() in _PACKED else path).suffix.lower()
        return _FORMATS.get(suffix)


def shown_name(name: str) -> str:
    """What messages call a file, `-` being standard input."""
    return "standard input" if name == "-" else printable(name)


def is_record_file(name: str) -> bool:
    """Whether a file of this name is one of records, whose format the name says."""
    path = Path(name)
    return path.suffix.lower() in _FORMATS.keys() - {".json"} and path.is_file()


@contextmanager
def opened(name: str) -> Iterator[RecordFile]:
    """The file of this name, `-` for standard input. Raises `UnreadableFile`."""
    if name == "-":
        if sys.stdin is None:
            raise UnreadableFile("is closed, expected records")
        yield RecordFile(name, _standard_input())
        return
    with _file_at(name) as raw:
        yield RecordFile(name, raw)


class WatchedFile(io.FileIO):
    """A file that somebody may watch being read."""

    on_read: Callable[[int], object] | None = None
    """What is told how many bytes were read each time."""

    def readinto(self, buffer: Any) -> int | None:
        read = super().readinto(buffer)
        if read and self.on_read is not None:
            self.on_read(read)
        return read


def _standard_input() -> BinaryIO:
    try:
        raw = WatchedFile(sys.stdin.fileno(), closefd=False)
    except OSError:  # a program has put something else in its place
        return sys.stdin.buffer
    return cast("BinaryIO", io.BufferedReader(raw, _BUFFER))


def _file_at(name: str) -> BinaryIO:
    try:
        return cast("BinaryIO", io.BufferedReader(WatchedFile(name), _BUFFER))
    except OSError as error:
        raise UnreadableFile(f"cannot be read: {error.strerror}") from None
    except ValueError:  # a NUL in the name
        raise UnreadableFile("cannot be read: No such file or directory") from None


def _holds_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _peeked(file: BinaryIO) -> bytes:
    return bytes(cast("io.BufferedReader", file).peek(_LOOK)[:_LOOK])


def _unpacked(file: BinaryIO) -> BinaryIO:
    """The file, or what is in it if its first bytes are those of a compressed one."""
    head = _peeked(file)
    for mark, unpack in _UNPACK.items():
        if head.startswith(mark):
            return cast("BinaryIO", io.BufferedReader(_Unpacking(unpack(file)), _BUFFER))
    return file


class _Unpacking(io.RawIOBase):
    """What is in a compressed file. Each library has errors of its own for one that is damaged; here they are one."""

    def __init__(self, packed: Any) -> None:
        self._packed = packed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            data = self._packed.read(len(buffer))
        except Exception as error:
            raise UnreadableFile(f"cannot be unpacked: {error}") from None
        buffer[: len(data)] = data
        return len(data)


def _gzip(file: BinaryIO) -> Any:
    import gzip

    return gzip.GzipFile(fileobj=file)


def _bzip2(file: BinaryIO) -> Any:
    import bz2

    return bz2.BZ2File(file)


def _xz(file: BinaryIO) -> Any:
    import lzma

    return lzma.LZMAFile(file)


def _zstd(file: BinaryIO) -> Any:
    try:
        if sys.version_info >= (3, 14):
            from compression import zstd

            return zstd.ZstdFile(file)
        import zstandard
    except ImportError:
        remedy = "run pip install zstandard, or unpack it with zstd -dc"
        raise UnreadableFile(f"is compressed with zstd; {remedy}") from None
    return zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True)


_UNPACK: Final[dict[bytes, Callable[[BinaryIO], Any]]] = {
    b"\x1f\x8b": _gzip,
    b"BZh": _bzip2,
    b"\xfd7zXZ\x00": _xz,
    b"\x28\xb5\x2f\xfd": _zstd,
}
"""What compressed files begin with."""
