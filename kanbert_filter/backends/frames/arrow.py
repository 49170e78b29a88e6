"""Tables of PyArrow, and frames of pandas read by it. Conditions are computed at once, as arrays of booleans.

A condition on the records of a list column is computed for the records of all lists at once. How many of the records before the end of
each list pass it, less how many before its start, says whether one of the list does.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from ..columns.lines import Booleans, Days, Floats, Numbers, Stored, Texts
from ..columns.patterns import automaton
from .engine import NULLS, Engine, Held, ListOf, MapOf, Operations, StructOf, Typed, by_name, timestamps

Array = Any
"""A `ChunkedArray`, or an `Array` of the same length."""

TEXTS: Final = pa.large_string()


class ArrowEngine(Engine[Array]):
    """PyArrow."""

    name = "PyArrow"
    expressions: Any = (pa.Array, pa.ChunkedArray)
    operations = Operations(
        field=lambda value, name: pc.struct_field(value, [name]),
        key=lambda value, name: pc.map_lookup(value, pa.scalar(name, value.type.key_type), "last"),
        is_null=lambda value: pc.is_null(value),
        known=lambda condition: pc.fill_null(condition, False),
        lower=lambda text: pc.utf8_lower(text),
        contains=lambda text, part: pc.match_substring(text, part),
        starts=lambda text, part: pc.starts_with(text, part),
        ends=lambda text, part: pc.ends_with(text, part),
        matches=lambda text, pattern: pc.match_substring_regex(text, pattern),
        pattern=automaton,
        written=lambda number: pc.cast(number, pa.string()),
        stripped=lambda text, mark: pc.utf8_rtrim(text, mark),
        length=lambda lists: pc.fill_null(pc.list_value_length(lists), 0),
        compared={
            "eq": pc.equal,
            "lt": pc.less,
            "lte": pc.less_equal,
            "gt": pc.greater,
            "gte": pc.greater_equal,
        },
        both=pc.and_kleene,
        either=pc.or_kleene,
        no=pc.invert,
    )

    def __init__(self, frame: Any) -> None:
        self.frame = frame
        self.types = by_name(zip(frame.schema.names, frame.schema.types, strict=True))

    def column(self, name: str) -> Array:
        return self.frame.column(name)

    def typed(self, value: Array) -> Typed:
        return Typed(value, value.type)

    def held(self, type: Any) -> Held:
        t = pa.types
        if t.is_list(type) or t.is_large_list(type):
            return ListOf(type.value_type)
        if t.is_struct(type):
            return StructOf(by_name((field.name, field.type) for field in type))
        if t.is_map(type):
            return MapOf(type.item_type) if _is_text(type.key_type) else None
        if t.is_null(type):
            return NULLS
        if _is_text(type):
            return Texts()
        if t.is_decimal(type):
            return Numbers.decimals(type.precision, type.scale)
        if t.is_integer(type):
            return Numbers.integers(type.bit_width, signed=t.is_signed_integer(type))
        if t.is_floating(type):
            return Floats()
        if t.is_boolean(type):
            return Booleans()
        if t.is_date(type):
            return Days()
        return timestamps(type.unit, type.tz is not None) if t.is_timestamp(type) else None

    def plain(self, value: Array, type: Any) -> Typed:
        if _is_text(type) and type != pa.string() and type != TEXTS:
            return Typed(pc.cast(value, TEXTS), TEXTS)
        if pa.types.is_floating(type) and type != pa.float64():
            return Typed(pc.cast(value, pa.float64()), pa.float64())
        return Typed(value, type)

    def everywhere(self, value: bool) -> Array:
        return pa.repeat(value, len(self.frame))

    def constant(self, value: Stored, type: Any) -> Any:
        return pa.scalar(value, type)

    def one_of(self, value: Array, constants: Sequence[Stored], type: Any) -> Array:
        found = pc.is_in(value, value_set=pa.array(constants, type))
        return pc.if_else(pc.is_valid(value), found, pa.scalar(None, pa.bool_()))

    def element(self, lists: Array) -> Array:
        return pa.chunked_array([_items(chunk) for chunk in _chunks(lists)], lists.type.value_type)

    def exists(self, lists: Array, element: Array, condition: Array) -> Array:
        passed = pc.cumulative_sum(pc.cast(self.operations.known(condition), pa.int64()))
        before = pa.concat_arrays([pa.array([0]), *_chunks(passed)])  # how many of the first n items pass
        found, start = [], 0
        for chunk in _chunks(lists):
            offsets = pc.cast(chunk.offsets, pa.int64())
            counts = before.take(pc.add(offsets, start - offsets[0].as_py()))
            found.append(pc.and_(chunk.is_valid(), pc.greater(counts[1:], counts[:-1])))
            start += offsets[-1].as_py() - offsets[0].as_py()
        return pa.chunked_array(found, pa.bool_())


def _chunks(array: Array) -> list[Any]:
    return array.chunks if isinstance(array, pa.ChunkedArray) else [array]


def _items(lists: Any) -> Any:
    """The items of lists, including any that are behind a null."""
    first, last = lists.offsets[0].as_py(), lists.offsets[-1].as_py()
    return lists.values.slice(first, last - first)


def _is_text(type: Any) -> bool:
    t = pa.types
    if t.is_dictionary(type):
        type = type.value_type
    return bool(t.is_string(type) or t.is_large_string(type) or t.is_string_view(type))
