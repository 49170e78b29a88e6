"""The checked filter: the only thing back ends accept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NoReturn, Protocol

from .errors import Problem, UnsupportedFilterError
from .immutable import Immutable
from .kinds import FieldKind
from .nodes import NO_NEGATION, And, Everything, Filter, Node

_new: Final = object.__new__
_set: Final = object.__setattr__


class Table(Protocol):
    """What the layers below the endpoints know of the table of fields that a filter was checked against."""

    @property
    def name(self) -> str: ...

    def kind_of(self, names: Iterable[str]) -> FieldKind | None:
        """The kind of a field that is named by the relations around it and itself, or None where there is none."""


class Part(Immutable):
    """One checked tree with the table it was checked against."""

    __slots__ = ("filter", "table")
    __match_args__ = ("filter", "table")

    filter: Filter
    table: Table

    def __init__(self, filter: Filter, table: Table) -> None:
        if not isinstance(filter, Node) or not callable(getattr(table, "kind_of", None)):
            raise TypeError(f"expected a filter and its table, not {type(filter).__name__} and {type(table).__name__}")
        _set(self, "filter", filter)
        _set(self, "table", table)

    def __repr__(self) -> str:
        return f"<Part of {self.table.name}>"


class CheckedFilter(Immutable):
    """A filter that its endpoint allows, with values in canonical form. `Endpoint.check` and `Endpoint.parse` make it.

    `a & b` matches what both match; each part keeps its own endpoint, so a server's condition and a user's compose and neither can
    weaken the other. Parts of one endpoint are one tree, joined by AND in their order; like every tree it is refused beyond 100
    levels (`FilterSyntaxError`). `repr` shows the endpoints and none of the conditions.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "owner.id": "id"})
    >>> mine = projects.check(kf.field("owner.id") == kf.ME)
    >>> mine & projects.only("title").parse('title contains "Acme"')
    <CheckedFilter of projects & projects>
    """

    __slots__ = ("parts",)
    __match_args__ = ("parts",)

    parts: tuple[Part, ...]

    def __init__(self, parts: tuple[Part, ...]) -> None:
        if parts.__class__ is not tuple or not parts or not all(part.__class__ is Part for part in parts):
            raise TypeError("a checked filter is made by Endpoint.check, Endpoint.parse and &")
        _set(self, "parts", parts if len(parts) == 1 else _normal(parts))

    @property
    def filter(self) -> Filter:
        """The tree. Raises `UnsupportedFilterError` for a filter composed over several endpoints, which has several trees."""
        if len(self.parts) > 1:
            message = "A filter composed over several endpoints has no single tree; write one of its parts"
            raise UnsupportedFilterError(Problem("unsupported", message))
        return self.parts[0].filter

    def __and__(self, other: CheckedFilter) -> CheckedFilter:
        if not isinstance(other, CheckedFilter):
            raise TypeError(
                f"expected a checked filter after &, not {type(other).__name__}: check it with its endpoint first"
            )
        return CheckedFilter(self.parts + other.parts)

    def __or__(self, other: object) -> NoReturn:
        raise TypeError("checked filters are combined with & only: combine filters before they are checked")

    def __invert__(self) -> NoReturn:
        raise TypeError(NO_NEGATION)

    def __bool__(self) -> NoReturn:
        raise TypeError("a filter has no truth value: combine checked filters with &")

    def __repr__(self) -> str:
        return f"<CheckedFilter of {' & '.join(part.table.name for part in self.parts)}>"


def ensure_checked(checked: object) -> None:
    """Raise `TypeError` for anything but a checked filter."""
    if not isinstance(checked, CheckedFilter):
        remedy = "check it first, with Endpoint.check(filter) or Endpoint.parse(text)"
        raise TypeError(f"expected a checked filter, not {type(checked).__name__}: {remedy}")


def checked_filter(filter: Filter, table: Table) -> CheckedFilter:
    """The checked filter of a tree that this table allows. Only a check knows that, so only a check calls this."""
    part = _new(Part)
    _set(part, "filter", filter)
    _set(part, "table", table)
    checked = _new(CheckedFilter)
    _set(checked, "parts", (part,))
    return checked


def _normal(parts: tuple[Part, ...]) -> tuple[Part, ...]:
    """The parts, one for each table in the order of their first ones, and none that is EVERYTHING beside others."""
    trees: dict[Table, list[Filter]] = {}
    for part in parts:
        if not isinstance(part.filter, Everything):
            trees.setdefault(part.table, []).append(part.filter)
    return tuple([Part(And(items), table) for table, items in trees.items()]) or parts[:1]


def tree_of(filter: Filter | CheckedFilter) -> Filter:
    """The tree of a filter, checked or not. Raises `TypeError` for other objects."""
    if isinstance(filter, CheckedFilter):
        return filter.filter
    if not isinstance(filter, Node):
        raise TypeError(f"expected a filter, not {type(filter).__name__}")
    return filter
