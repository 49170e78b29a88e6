"""Where a field's data is: from a public name over relationships to a column, or to the rows of a relation."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import JSON, Alias, ColumnElement, FromClause, Table, inspect
from sqlalchemy.orm import Mapper, QueryableAttribute, aliased
from sqlalchemy.orm.util import AliasedInsp
from sqlalchemy.sql.util import ClauseAdapter

from ...errors import quoted
from ...meaning.tests import Column

Expression = ColumnElement[Any]
Given = Mapping[str, Any]
"""What the caller says of columns, by public name: an expression, a function from a wildcard's names to one, or a `Via`."""


class Via(NamedTuple):
    """A way to related rows that no mapped relationship shows: their table (or class), and the condition that relates them.

    In `columns` it stands under the name of a relation, or of a path's part before a dot:
    `{"tasks": Via(tasks, tasks.c.project_id == projects.c.id)}`. Other tables in the condition are joined in; a table related to
    itself is given as an alias.
    """

    target: Any
    on: ColumnElement[bool]


MAX_HOPS: Final = 256
"""How many ways a place remembers: a caller may make new ones for each filter."""


class ColumnError(LookupError):
    """Fields for which a model has no column that holds such values. `fields` tells of each what is wrong."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__(self.fields)

    def __str__(self) -> str:
        return "\n".join(f"Field {quoted(name)}: {reason}" for name, reason in self.fields.items())


class Place:
    """A table whose rows a test is about, under the name it has in the query.

    Aliases are dear to make, so a place remembers its columns and the places around it. Each way from the top has names of its own, so
    that a table inside itself is told apart.
    """

    __slots__ = ("_expressions", "_hops", "adapted", "columns", "entity", "froms", "relationships")

    def __init__(self, entity: Any, *, own_name: bool = False) -> None:
        found = inspect(entity, raiseerr=False)
        if isinstance(found, (Mapper, AliasedInsp)):
            self.columns: Any = found.mapper.all_orm_descriptors
            self.relationships: Any = found.mapper.relationships
            self.froms: Sequence[FromClause] = found.tables if isinstance(found, Mapper) else (found.selectable,)
        elif isinstance(entity, FromClause):
            self.columns, self.relationships, self.froms = entity.c, {}, (entity,)
        else:
            raise TypeError(f"expected a mapped class or a table, not {entity!r}")
        self.entity = entity
        renamed = isinstance(found, (AliasedInsp, Alias)) and not own_name
        self.adapted: Callable[[Any], Any] = ClauseAdapter(self.froms[0]).traverse if renamed else _unchanged
        self._expressions: dict[str, Expression | None] = {}
        self._hops: dict[object, Hop] = {}

    def column(self, name: str) -> Expression | None:
        """The column or column-like attribute of this name."""
        found = self._expressions.get(name)
        if found is None and name in self.columns:
            found = self._expressions[name] = self._column(name)
        return found

    def related(self, name: str) -> Hop:
        """The way over a mapped relationship, to the other table under a name of its own."""
        return self._hops.get(name) or self._hops.setdefault(name, self._related(name))

    def via(self, via: Via) -> Hop:
        """The way the caller gives."""
        if len(self._hops) > MAX_HOPS:
            self._hops.clear()
        return self._hops.get(via) or self._hops.setdefault(via, self._via(via))

    def _column(self, name: str) -> Expression | None:
        found = self.columns[name] if isinstance(self.entity, FromClause) else getattr(self.entity, name)
        if isinstance(found, QueryableAttribute):
            found = found.__clause_element__()
        return found if isinstance(found, ColumnElement) else None

    def _related(self, name: str) -> Hop:
        target = aliased(self.relationships[name].entity.entity)
        return Hop(Place(target), getattr(self.entity, name).of_type(target))

    def _via(self, via: Via) -> Hop:
        if isinstance(inspect(via.target), (AliasedInsp, Alias)):
            return Hop(Place(via.target, own_name=True), self.adapted(via.on))
        target = Place(via.target.alias() if isinstance(via.target, Table) else aliased(via.target))
        return Hop(target, self.adapted(target.adapted(via.on)))


def place_of(model: Any) -> Place:
    """The place of a model: of a class or table the same each time."""
    found = inspect(model, raiseerr=False)
    return _remembered(model) if isinstance(found, Mapper | Table) else Place(model)


_remembered: Final = lru_cache(maxsize=256)(Place)


class Hop(NamedTuple):
    """One step to another table: the place there, and the condition that relates its rows to those before."""

    place: Place
    on: Any


class Columns:
    """Finds columns: those the caller gives, and others by the path of attributes that is the field's source."""

    __slots__ = ("expressions", "patterns", "ways")

    def __init__(self, given: Given | None) -> None:
        self.ways: dict[str, Via] = {}
        self.expressions: dict[str, Any] = {}
        self.patterns: list[tuple[list[str], Any]] = []
        for key, value in (given or {}).items():
            if "*" in key:
                self.patterns.append((key.split("."), value))
            elif isinstance(value, Via):
                self.ways[key] = value
            else:
                self.expressions[key] = value

    def value(self, place: Place, prefix: str, column: Column) -> tuple[list[Hop], Expression]:
        """The way to the row that holds a field's value, and the expression of the value there.

        `prefix` is the path of the relation whose fields the column belongs to, with its dot. Raises `ColumnError`.
        """
        if self.expressions or self.patterns:
            given = self._given(prefix + column.path.removeprefix(prefix))
            if given is not None:
                return [], place.adapted(_expression(given))
        hops: list[Hop] = []
        for index, name in enumerate(column.source):
            if column.wild[index]:
                break
            hop = self._hop(place, prefix, column.source, index)
            if hop is None:
                found = place.column(name)
                return hops, _inside(found, column, index + 1) if found is not None else _missing(place, column, name)
            if name in place.relationships and place.relationships[name].uselist:
                raise _error(column, f"{quoted(name)} relates to many rows; make it a relation of the endpoint")
            hops.append(hop)
            place = hop.place
        raise _error(column, "its path ends at no column; give one, as in columns={" + repr(column.path) + ": …}")

    def records(self, place: Place, prefix: str, column: Column) -> list[Hop]:
        """The way to the rows of a relation. Raises `ColumnError`."""
        hops: list[Hop] = []
        for index, name in enumerate(column.source):
            hop = None if column.wild[index] else self._hop(place, prefix, column.source, index)
            if hop is None:
                raise _error(column, f"{_name(place)} has no relationship {quoted(name)}; give a Via in columns")
            hops.append(hop)
            place = hop.place
        return hops

    def _given(self, path: str) -> Any:
        if path in self.expressions:
            return self.expressions[path]
        if self.patterns:
            segments = path.split(".")
            for pattern, value in self.patterns:
                if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                    return value(*[s for p, s in zip(pattern, segments, strict=True) if p == "*"])
        return None

    def _hop(self, place: Place, prefix: str, source: tuple[str, ...], index: int) -> Hop | None:
        if self.ways:
            way = self.ways.get(prefix + ".".join(source[: index + 1]))
            if way is not None:
                return place.via(way)
        name = source[index]
        return place.related(name) if name in place.relationships else None


def _unchanged(expression: Any) -> Any:
    return expression


def _expression(given: Any) -> Expression:
    if isinstance(given, ColumnElement):
        return given
    return cast("Expression", given.__clause_element__() if hasattr(given, "__clause_element__") else given)


def _inside(found: Expression, column: Column, index: int) -> Expression:
    """The value at the rest of a path: inside a JSON column."""
    rest = column.source[index:]
    if rest and not isinstance(found.type, JSON):
        raise _error(
            column,
            f"{quoted(column.source[index - 1])} is a column of type {found.type}, and no way to {quoted('.'.join(rest))}",
        )
    for name in rest:
        found = found[name]
    return found


def _missing(place: Place, column: Column, name: str) -> Any:
    raise _error(column, f"{_name(place)} has no column {quoted(name)}; give one, as in columns={{{column.path!r}: …}}")


def _name(place: Place) -> str:
    found = inspect(place.entity)
    return found.mapper.class_.__name__ if hasattr(found, "mapper") else str(place.entity)


def _error(column: Column, reason: str) -> ColumnError:
    return ColumnError({column.path: reason})
