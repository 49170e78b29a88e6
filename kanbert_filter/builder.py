"""Filters built in Python, instead of pasted into strings."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from .nodes import (
    NO_NEGATION,
    Comparison,
    Filter,
    Membership,
    NullCheck,
    RelationTest,
    field_name,
    not_combined,
)


class Field:
    """A field to build conditions with; `field("title")` makes one.

    Comparison operators and methods give conditions, which combine with `&` and `|`. Values may be texts, numbers, Decimals,
    booleans, dates, datetimes, UUIDs, enum members and specials, and NumPy's numbers and booleans.

    Its operators and methods raise `FilterSyntaxError` for what the language cannot say, such as a comparison with None, and
    `TypeError` for objects that are not values.

    >>> import kanbert_filter as kf
    >>> from datetime import date
    >>> f = kf.field("title").contains("Acme") & ((kf.field("created_at") >= date(2024, 1, 1)) | kf.field("client.name").eq("Corp"))
    >>> kf.to_dsl(f)
    'title contains "Acme" and (created_at >= "2024-01-01" or client.name = "Corp")'
    """

    __slots__ = ("_name",)

    def __init__(self, name: str) -> None:
        self._name = field_name(name)

    def __eq__(self, value: object) -> Comparison:  # type: ignore[override]
        return Comparison(self._name, "eq", value)

    def __ne__(self, value: object) -> Comparison:  # type: ignore[override]
        return Comparison(self._name, "ne", value)

    def __lt__(self, value: object) -> Comparison:
        return Comparison(self._name, "lt", value)

    def __le__(self, value: object) -> Comparison:
        return Comparison(self._name, "lte", value)

    def __gt__(self, value: object) -> Comparison:
        return Comparison(self._name, "gt", value)

    def __ge__(self, value: object) -> Comparison:
        return Comparison(self._name, "gte", value)

    __hash__ = None  # type: ignore[assignment]

    def __and__(self, other: object) -> NoReturn:
        raise not_combined(self)

    __rand__ = __or__ = __ror__ = __and__

    def __invert__(self) -> NoReturn:
        raise TypeError(NO_NEGATION)

    def __bool__(self) -> NoReturn:
        raise TypeError(f"a field has no truth value: compare it, as in {self} == 1, or test it with is_not_null()")

    def __contains__(self, text: object) -> NoReturn:
        raise TypeError(
            f"'in' does not build a condition: write {self}.contains(…), or {self}.in_([…]) to find it in a list"
        )

    def __repr__(self) -> str:
        return f"field({self._name!r})"

    def eq(self, value: object) -> Comparison:
        """The field equals the value; the same as `==`."""
        return self == value

    def ne(self, value: object) -> Comparison:
        """The field is present and does not equal the value; the same as `!=`."""
        return self != value

    def contains(self, text: object) -> Comparison:
        """The field has the text in it."""
        return Comparison(self._name, "contains", text)

    def like(self, pattern: object) -> Comparison:
        """The field matches the whole pattern: `%` matches any run of characters, `_` one character, `\\x` a literal `x`."""
        return Comparison(self._name, "like", pattern)

    def startswith(self, text: object) -> Comparison:
        """The field begins with the text."""
        return Comparison(self._name, "startswith", text)

    def endswith(self, text: object) -> Comparison:
        """The field ends with the text."""
        return Comparison(self._name, "endswith", text)

    def in_(self, values: Iterable[object]) -> Membership:
        """The field equals one of the values; nothing matches an empty list."""
        return Membership(self._name, "in", values)

    def not_in(self, values: Iterable[object]) -> Membership:
        """The field is present and equals none of the values."""
        return Membership(self._name, "nin", values)

    def is_null(self) -> NullCheck:
        """The field is absent or null."""
        return NullCheck(self._name, "isnull")

    def is_not_null(self) -> NullCheck:
        """The field is present."""
        return NullCheck(self._name, "isnotnull")

    def any(self, filter: Filter | None = None) -> RelationTest:
        """Some related record matches; without a filter, there is one."""
        return RelationTest(self._name, "any", filter)

    def none(self, filter: Filter | None = None) -> RelationTest:
        """No related record matches; without a filter, there is none."""
        return RelationTest(self._name, "none", filter)

    def all(self, filter: Filter) -> RelationTest:
        """Every related record matches, as it does where there are none."""
        return RelationTest(self._name, "all", filter)

    def count(self) -> Field:
        """The number of related records, to be compared: `field("tasks").count() > 3`."""
        return Field(f"{self._name}.count")


def field(name: str) -> Field:
    """A field by its dotted name, to build conditions with.

    Raises `FilterSyntaxError` for a name that is not well-formed.

    >>> import kanbert_filter as kf
    >>> kf.to_dsl((kf.field("owner.id") == kf.ME) & (kf.field("tasks").count() > 3))
    'owner.id = me.id and tasks.count > 3'
    """
    return Field(name)
