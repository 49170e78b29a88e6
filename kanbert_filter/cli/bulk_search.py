"""The search in many records at once: it reads no more of them than the filter looks at, and writes what it finds.

A file is read in chunks of whole lines. Of each record only the keys that the filter needs are read, and the compiled filter is run over
all of them in one loop. Whatever is unusual in a chunk (a line that is no record, a value of an unexpected shape, bytes that are not
UTF-8) leaves the chunk to the search that reads record by record. So answers and faults are those of that search, and tests compare the
two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from functools import reduce
from itertools import compress, count
from operator import not_
from typing import Any, BinaryIO, Final, NamedTuple, TypedDict, cast

from ..backends.predicate import compile_test
from ..context import Context
from ..errors import RecordError
from ..meaning.tests import AllOf, Always, AnyOf, Equal, OneOf, Order, Related, Test, Text
from .json_records import json_lines
from .records import BadRecords, Record, Tally

_CHUNK: Final = 1 << 16
"""About how many bytes are read at a time: as many as fit the cache of a processor."""

Needs = dict[str, Any]
"""The keys that are looked at: of each its whole value (None), keys of an object (a dict), or of objects in a list (`Elements`)."""


class Elements(NamedTuple):
    """What is looked at in each object of a list."""

    needs: Needs


def needs_of(test: Test) -> Needs:
    """What a test looks at."""
    match test:
        case Always():
            return {}
        case AllOf(tests) | AnyOf(tests):
            return reduce(_joined, map(needs_of, tests))
        case Related(column, _, inner) if inner is not None:
            need: Any = Elements(needs_of(inner))
        case _:
            column, need = test.column, None
    for key in reversed(column.source):
        need = {key: need}
    return cast("Needs", need)


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


def next_lines(file: BinaryIO) -> list[bytes]:
    """The next lines of a file, as many as are there for now, about a chunk; none at the end."""
    waiting = len(file.peek(1))  # type: ignore[attr-defined]
    return file.readlines(max(1, min(waiting, _CHUNK) - 1))


def in_steps(test: Test) -> list[Test]:
    """The conditions that are asked first, and those that are asked where the first hold.

    Numbers with a decimal point are read exactly, which takes longer than all else. So conditions on nothing but numbers are asked last,
    wherever the first ones leave them little to do.
    """
    tests = test.tests if isinstance(test, AllOf) else (test,)
    first, last = [each for each in tests if not _is_of_numbers(each)], [*filter(_is_of_numbers, tests)]
    return [AllOf((*step,)) if len(step) > 1 else step[0] for step in (first, last) if step]


def _is_of_numbers(test: Test) -> bool:
    """Whether a test looks at nothing but numbers of the record."""
    match test:
        case AllOf(tests) | AnyOf(tests):
            return all(map(_is_of_numbers, tests))
        case Equal() | OneOf() | Order() | Text():
            return test.column.kind in ("number", "currency")
    return False


Ask = Callable[[dict[str, Any]], bool]
"""Whether a record passes. Raises `RecordError`."""


def _in_turn(predicates: Sequence[Ask]) -> Ask:
    if len(predicates) == 1:
        return predicates[0]
    first, then = predicates
    return lambda record: first(record) and then(record)


class BulkSearch:
    """What is looked for: records that pass a test, or with `invert` those that do not.

    Lines that are found are counted, and written as they are. With `whole` more of a record is written than its line: then what is
    found is left to the search that reads record by record.
    """

    def __init__(
        self,
        test: Test,
        context: Context,
        tally: Tally,
        write: Callable[[list[bytes]], object] | None,
        *,
        invert: bool = False,
        whole: bool = False,
    ) -> None:
        self.steps: list[tuple[Needs, Ask]] = [(needs_of(step), compile_test(step, context)) for step in in_steps(test)]
        self.passes = _in_turn([matches for _, matches in self.steps])
        """Whether a record passes the test, as the other search has to ask, too: so both find the same faults."""
        self.needs = needs_of(test)
        self.invert = invert
        self.whole = whole
        self._tally = tally
        self._write = write

    def settle(self, lines: int, found: list[bytes]) -> bool:
        """Count so many lines, and write those that are found. False, and nothing is done, where what is found is left."""
        if self.whole or not self._tally.add(lines, len(found)):
            return False
        if found and self._write is not None:
            self._write(found)
        return True

    def places(self, chosen: Sequence[bool]) -> Iterator[int]:
        """Where the chosen ones are, which are left; the others before each, and at the end, are counted."""
        after = 0
        for place in compress(count(), chosen):
            self._tally.pass_over(place - after)
            after = place + 1
            yield place
        self._tally.pass_over(len(chosen) - after)


def json_lines_left(file: BinaryIO, bad: BadRecords, bulk: BulkSearch) -> Iterator[Record]:
    """The records of JSON Lines that are left to the search record by record."""
    choose = _chooser(bulk)
    first = 1
    while lines := next_lines(file):
        chosen = choose(lines)
        if chosen is None:
            yield from json_lines(lines, bad, first)
        # Around what was read as JSON there is nothing to strip but JSON's own blanks.
        elif not bulk.settle(len(lines), [*map(bytes.strip, compress(lines, chosen))]):
            for place in bulk.places(chosen):
                yield from json_lines(lines[place : place + 1], bad, first + place)
        first += len(lines)


def _chooser(bulk: BulkSearch) -> Callable[[list[bytes]], list[bool] | None]:
    """A function that says of each line whether its record is found; None where all lines are left.

    Each step reads what it needs from the lines that passed the step before. Once they are more than half of the lines, all is
    read at once.
    """
    import msgspec

    def decoder(needs: Needs) -> Any:
        return msgspec.json.Decoder(_object_type(needs), float_hook=Decimal)

    at_once = [(decoder(bulk.needs), bulk.passes)]
    steps = [(decoder(needs), matches) for needs, matches in bulk.steps]

    def chosen(lines: list[bytes]) -> list[bool] | None:
        nonlocal steps
        (decoder, matches), *others = steps
        try:
            text = b"".join(lines)
            if not text.isascii():
                text.decode()  # msgspec does not look into texts that are not needed
            # One loop after the other, each in the processor's cache, is faster than one that decodes and asks in turn.
            passed = [*map(matches, [*map(decoder.decode, lines)])]
            if others and 2 * passed.count(True) > len(passed):
                steps = at_once
            for decoder, matches in others:  # each line is known to be one record by now
                answers = map(matches, decoder.decode_lines(b"".join(compress(lines, passed))))
                for place, answer in zip(compress(count(), passed), answers, strict=False):
                    passed[place] = answer
        except (RecordError, msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
            return None
        return [*map(not_, passed)] if bulk.invert else passed

    return chosen


def _object_type(needs: Needs) -> Any:
    """The type as which msgspec reads the needed keys of an object. A value of another shape is a `ValidationError`."""
    return TypedDict("Keys", {key: _type_of(need) for key, need in needs.items()}, total=False)  # type: ignore[operator]


def _type_of(need: Any) -> Any:
    match need:
        case None:
            return Any
        case Elements(keys):
            return list[_object_type(keys) | None] | None  # type: ignore[misc]
    return _object_type(need) | None
