"""The kinds of fields, and tables that have an answer for every member of a closed set."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import UnionType
from typing import Any, Literal, TypeVar, get_args

ValueKind = Literal["string", "number", "currency", "boolean", "date", "datetime", "enum", "id", "custom"]
"""The kinds of fields that hold one value."""

NamedKind = Literal[ValueKind, "relation", "scope"]
"""The kinds of fields that a table names as types."""

FieldKind = Literal[NamedKind, "count"]
"""Every kind of field. `FieldType.kind` and `Column.kind` are one of these words."""

K = TypeVar("K")
V = TypeVar("V")


def exhaustive(keys: Any, table: Mapping[K, V]) -> dict[K, V]:
    """The table, which must have an entry for each of the keys and no other.

    The keys are a `Literal` or a closed union of classes. Every table over such a set is made by this function when its
    module is imported: a new member that somebody forgot is a `TypeError` there, and never a wrong answer later.

    >>> from typing import Literal
    >>> from kanbert_filter.kinds import exhaustive
    >>> exhaustive(Literal["day", "week"], {"day": 1})
    Traceback (most recent call last):
    TypeError: the table lacks 'week'
    """
    expected = list(_keys_of(keys))
    lacking = [key for key in expected if key not in table]
    if lacking:
        raise TypeError(f"the table lacks {', '.join(map(_word_of, lacking))}")
    surplus = [key for key in table if key not in expected]
    if surplus:
        raise TypeError(f"the table has {', '.join(map(_word_of, surplus))}, which is none of the keys")
    return dict(table)


def _keys_of(keys: Any) -> Iterator[Any]:
    """The words of a `Literal`, the classes of a union, those of unions inside it included."""
    for key in get_args(keys):
        if isinstance(key, UnionType):
            yield from _keys_of(key)
        else:
            yield key


def _word_of(key: object) -> str:
    return key.__name__ if isinstance(key, type) else repr(key)
