"""Passes on the records that a search can find and counts the others, reading no more of them than the filter looks at.

A file is read in chunks of whole lines, of each record only the keys that the filter needs, and the compiled filter is run over all of
them in one loop. Whatever is unusual in a chunk (a line that is no record, a value of an unexpected shape, bytes that are not UTF-8) leaves
the chunk to the plain way of reading. So answers and faults are those of the plain way, and tests compare the two.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from typing import Any, BinaryIO, Final, NamedTuple, TypedDict

from ..backends.predicate import Predicate
from ..checked import CheckedFilter
from ..context import Context
from ..errors import RecordError
from ..meaning import tests
from ..meaning.lowering import lower
from .bad_records import BadRecords, Record
from .json_records import BLANK, json_lines, read_json

Needs = dict[str, Any]
"""The keys that are looked at: of each its whole value (None), keys of an object (a dict), or of objects in a list (`Elements`)."""

_CHUNK: Final = 1 << 18


class Elements(NamedTuple):
    """What is looked at in each object of a list."""

    needs: Needs


def _needs(test: tests.Test) -> Needs:
    match test:
        case tests.Always():
            return {}
        case tests.AllOf(items) | tests.AnyOf(items):
            return reduce(_joined, map(_needs, items))
        case tests.Related(column, _, inner) if inner is not None:
            need: Any = Elements(_needs(inner))
        case _:
            column, need = test.column, None
    for key in reversed(column.source):
        need = {key: need}
    return need  # type: ignore[no-any-return]


def _joined(one: Any, other: Any) -> Any:
    """What one or the other looks at; the whole value where they take it for different things."""
    match one, other:
        case dict(), dict():
            return one | {key: _joined(one[key], need) if key in one else need for key, need in other.items()}
        case Elements(keys), Elements(others):
            return Elements(_joined(keys, others))
    return None


def looks_at(need: Any, path: Sequence[str]) -> bool:
    """Whether the value at a path, what is in it, or what it is in, is needed."""
    for key in path:
        if not isinstance(need, dict):
            return True
        if key not in need:
            return False
        need = need[key]
    return True


def _type_of(need: Any) -> Any:
    """The type as which msgspec reads what is needed. A value of another shape is a `ValidationError`."""
    match need:
        case None:
            return Any
        case Elements(keys):
            return list[_type_of(keys)] | None  # type: ignore[misc]
    return TypedDict("Keys", {key: _type_of(inner) for key, inner in need.items()}, total=False) | None  # type: ignore


def whole_lines(file: BinaryIO) -> bytes:
    """The next lines of a file, as many as a chunk holds or as there are for now; nothing at the end."""
    data: bytes = file.read1(_CHUNK)  # type: ignore[attr-defined]
    return data if data.endswith(b"\n") or not data else data + file.readline()


class Sieve:
    """Passes on the records that a filter finds, or with `invert` those that it does not.

    What is passed on holds what the filter needs, or with `whole` everything. `count` is told how many others there were.
    """

    def __init__(
        self,
        checked: CheckedFilter,
        context: Context,
        matches: Predicate,
        count: Callable[[int], None],
        *,
        invert: bool = False,
        whole: bool = False,
    ) -> None:
        self._matches = matches
        self._invert = invert
        self._count = count
        self.needs = _needs(lower(checked, context))
        self.whole = whole

    def passed(self, first: int, data: bytes, records: Sequence[dict[str, Any]]) -> Iterator[Record]:
        """Of the records in some lines, one a line, those that the search has to see. `first` is the number of the first line."""
        matches, invert = self._matches, self._invert
        try:
            found = [index for index, record in enumerate(records) if matches(record) is not invert]
        except RecordError:
            found = [index for index, record in enumerate(records) if self._is_seen(record)]
        lines = io.BytesIO(data).readlines() if found else []
        after = 0
        for index in found:
            self._count(index - after)
            after = index + 1
            yield first + index, lines[index], records[index]
        self._count(len(records) - after)

    def _is_seen(self, record: dict[str, Any]) -> bool:
        """Whether the search has to see a record: it finds it, or reports what is wrong with it."""
        try:
            return self._matches(record) is not self._invert
        except RecordError:
            return True


def sieved_json_lines(file: BinaryIO, bad: BadRecords, sieve: Sieve) -> Iterator[Record]:
    """The records of JSON Lines that the search has to see."""
    decoded = _decoder(sieve.needs)
    line = 1
    while data := whole_lines(file):
        records = decoded(data)
        if records is None:
            yield from json_lines(io.BytesIO(data), bad, line)
            line += data.count(b"\n")
            continue
        for number, raw, record in sieve.passed(line, data, records):
            raw = raw.strip(BLANK)
            yield number, raw, read_json(raw.decode()) if sieve.whole else record
        line += len(records)


def _decoder(needs: Needs) -> Callable[[bytes], list[dict[str, Any]] | None]:
    """A function that gives what is needed of the records in some lines, or None where the plain way has to read them."""
    import msgspec

    decode = msgspec.json.Decoder(_type_of(needs), float_hook=Decimal).decode_lines

    def decoded(data: bytes) -> list[dict[str, Any]] | None:
        # No value of JSON goes on behind a line that ends in `}` with one that begins with `{`. So if all lines do, and there are as many
        # records as lines, then each line is a record.
        end = b"\r\n" if data.endswith(b"\r\n") else b"\n"
        if not data.startswith(b"{") or not data.endswith((b"}" + end, b"}")):
            return None
        try:
            if not data.isascii():
                data.decode()  # msgspec does not look into texts that are not needed
            records = decode(data)
        except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            return None
        ends = data.count(b"\n", 0, -1)
        return records if len(records) == ends + 1 == data.count(b"}" + end + b"{") + 1 else None

    return decoded
