"""Where a field's data is: from a public name over relationships to a column, or to the rows of a relation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from operator import eq
from typing import Any, Final, NamedTuple, cast

from sqlalchemy import (
    JSON,
    Alias,
    BinaryExpression,
    BooleanClauseList,
    Column as SchemaColumn,
    ColumnClause,
    ColumnElement,
    FromClause,
    SelectBase,
    Table,
    TableValuedAlias,
    and_,
    func,
    inspect,
    literal_column,
    select,
)
from sqlalchemy.exc import NoReferenceError
from sqlalchemy.orm import Mapper, QueryableAttribute, RelationshipProperty, aliased
from sqlalchemy.orm.util import AliasedInsp
from sqlalchemy.sql.operators import and_ as conjunction, in_op
from sqlalchemy.sql.util import ClauseAdapter
from sqlalchemy.sql.visitors import iterate

from ...errors import quoted
from ...meaning.tests import Column
from ..columns.finding import ColumnError, Given, GivenColumns, column_error, given_by_name
from .constructs import Expression, more_than, over_nothing, reaches, same_name


class Via(NamedTuple):
    """A way to related rows that no mapped relationship shows: their table (or class), and the condition that relates them.

    In `columns` its key is the name of a relation, or the part of a path before a dot:
    `{"tasks": Via(tasks, tasks.c.project_id == projects.c.id)}`. Other tables in the condition are joined in; a table related to
    itself is given as an alias.
    """

    target: Any
    on: ColumnElement[bool]


class Joined(NamedTuple):
    """In `columns`, an expression over another table, which the caller's own query joins."""

    column: Any


MAX_REMEMBERED: Final = 256
"""How many ways and expressions of callers a table remembers: new ones may be made for each filter."""


class QueryTable:
    """A table whose rows a test is about, under the name it has in the query.

    Aliases take long to make, so it remembers its columns and the tables around it. Each way from the top has aliases of its own: a table
    may be related to itself.
    """

    __slots__ = ("_expressions", "_hops", "_owned", "adapted", "columns", "entity", "froms", "mapper", "relationships")

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
        self.mapper: Mapper[Any] | None = getattr(found, "mapper", None)
        renamed = isinstance(found, (AliasedInsp, Alias)) and not own_name
        self.adapted: Callable[[Any], Any] = ClauseAdapter(self.froms[0]).traverse if renamed else _unchanged
        self._expressions: dict[str, Expression | None] = {}
        self._hops: dict[object, Hop] = {}
        self._owned: dict[int, tuple[Expression, Expression]] = {}

    def column(self, name: str) -> Expression | None:
        """The column or column-like attribute of this name."""
        found = self._expressions.get(name)
        if found is None and name in self.columns:
            found = self._expressions[name] = self._column(name)
        return found

    def read_elsewhere(self, name: str, expression: Expression) -> None:
        """From now on a column is this expression, which equals it: the table itself need not be asked."""
        self._expressions[name] = expression

    def related(self, name: str) -> Hop:
        """The way over a mapped relationship, to the other table under a name of its own."""
        return self._hops.get(name) or self._hops.setdefault(name, self._related(name))

    def via(self, via: Via) -> Hop:
        """The way the caller gives."""
        if len(self._hops) > MAX_REMEMBERED:
            self._hops.clear()
        return self._hops.get(via) or self._hops.setdefault(via, self._via(via))

    def again(self) -> Hop | None:
        """The way to the same row under another name; None where no key finds it, or only the caller knows what else the name means."""
        return self._hops.get(None) or self._again()

    def own(self, expression: Expression, column: Column) -> Expression:
        """An expression over the rows of this table. Raises `ColumnError` for one of another table, which nothing would join."""
        known = self._owned.get(id(expression))
        if known is not None and known[0] is expression:
            return known[1]
        adapted: Expression = self.adapted(expression)
        tables = [table for own in self.froms for table in own._from_objects]
        others = [quoted(str(table)) for table in adapted._from_objects if table not in tables]
        for entity in _entities(expression):
            if entity.single and not (self.mapper and self.mapper.isa(entity)):
                others.append(entity.class_.__name__)
        if others:
            raise column_error(column, f"its expression is of {', '.join(others)} and not of {_name(self)}; {_OWN}")
        if len(self._owned) >= MAX_REMEMBERED:
            self._owned.clear()
        self._owned[id(expression)] = expression, adapted
        return adapted

    def is_among(self, others: Sequence[QueryTable]) -> bool:
        """Whether one of these is this table by another name, where it has its own name itself."""
        elements = [getattr(table, "element", None) for other in others for table in other.froms]
        return any(element is own for element in elements for own in self.froms)

    def _column(self, name: str) -> Expression | None:
        try:
            found = self.columns[name] if isinstance(self.entity, FromClause) else getattr(self.entity, name)
            if isinstance(getattr(found, "property", None), RelationshipProperty):  # a synonym of a relationship
                return None
            if isinstance(found, QueryableAttribute):
                found = found.__clause_element__()
        except Exception:  # somebody's hybrid, whose function may be for objects only
            return None
        return found if isinstance(found, ColumnElement) else None

    def _related(self, name: str) -> Hop:
        target = aliased(self.relationships[name].entity.entity)
        return _hop(QueryTable(target), getattr(self.entity, name).of_type(target))

    def _again(self) -> Hop | None:
        own = self.froms[0]
        table = own.element if isinstance(own, Alias) else own
        if not isinstance(table, Table) or (table is not own and self.adapted is _unchanged):
            return None
        keys = self.mapper.primary_key if self.mapper is not None else tuple(table.primary_key)
        other = QueryTable(aliased(self.mapper or table))
        same = [other.adapted(key) == self.adapted(key) for key in keys]
        return self._hops.setdefault(None, Hop(other, and_(*same), same)) if same else None

    def _via(self, via: Via) -> Hop:
        if isinstance(via.target, TableValuedAlias):  # a function of this row
            return _hop(QueryTable(self.adapted(via.target), own_name=True), self.adapted(via.on))
        if isinstance(inspect(via.target), (AliasedInsp, Alias)):
            return _hop(QueryTable(via.target, own_name=True), self.adapted(via.on))
        target = QueryTable(via.target.alias() if isinstance(via.target, Table) else aliased(via.target))
        return _hop(target, self.adapted(target.adapted(via.on)))


def query_table(model: Any) -> QueryTable:
    """The table of a model, the same object each time for a class or a table."""
    found = inspect(model, raiseerr=False)
    return _remembered(model) if isinstance(found, Mapper | Table) else QueryTable(model)


_remembered: Final = lru_cache(maxsize=256)(QueryTable)


class Hop(NamedTuple):
    """One step to another table, and the condition that relates its rows to those before.

    Its `parts` are joined by AND; an association table in them is the same each time. Where one of them says all that it does of the other
    table, that a column there equals one of the rows before, it is `equal`, and the others are `between`. Where the latter column is a
    foreign key besides, `key` is the name by which the other table has the former: what is there can be read here.
    """

    table: QueryTable
    on: Any
    parts: Sequence[Expression]
    equal: tuple[Any, Any] | None = None
    between: Sequence[Expression] = ()
    key: str | None = None

    def is_between(self, tables: Sequence[FromClause]) -> bool:
        """Whether its condition is about these tables and the one it leads to, and no third one."""
        if isinstance(self.on, QueryableAttribute):
            return True
        known = {table for own in (*tables, *self.table.froms) for table in own._from_objects}
        return known.issuperset(self.on._from_objects)

    def is_read_before(self, start: QueryTable) -> bool:
        """Whether the foreign key is in a table on the way, behind the one where it starts."""
        return self.key is not None and self.equal is not None and self.equal[0].table not in start.froms


def _hop(table: QueryTable, on: Any) -> Hop:
    parts = _parts(on.__clause_element__() if isinstance(on, QueryableAttribute) else on)
    link = _link(parts, table)
    if link is None:
        return Hop(table, on, parts)
    there, here, between = link
    key = _key(table, here, there)
    if key is not None:
        table.read_elsewhere(key, here)
    return Hop(table, on, parts, (here, there), between, key)


def _parts(condition: Any) -> list[Any]:
    """The conditions that are joined by AND."""
    joined = isinstance(condition, BooleanClauseList) and condition.operator is conjunction
    return [*condition.clauses] if joined else [condition]


def _link(parts: Sequence[Expression], table: QueryTable) -> tuple[Any, Any, list[Expression]] | None:
    """The column of a table that equals one of another table, the latter, and the other parts; None if more is said of the table."""
    about = [part for part in parts if _mentions(part, table)]
    if len(about) != 1 or not isinstance(about[0], BinaryExpression) or about[0].operator is not eq:
        return None
    sides = [side for side in (about[0].left, about[0].right) if isinstance(side, ColumnClause)]
    own, other = ([side for side in sides if (side.table in table.froms) is inside] for inside in (True, False))
    return (own[0], other[0], [part for part in parts if part is not about[0]]) if own and other else None


def _mentions(expression: Any, table: QueryTable) -> bool:
    """Whether a column of a table is in an expression or its subqueries."""
    return any(isinstance(part, ColumnClause) and part.table in table.froms for part in iterate(expression))


def _present(column: Any) -> list[Expression]:
    """The conditions, at most one, under which a column is not null."""
    perhaps = any(getattr(root, "nullable", True) for root in column.base_columns)  # an expression does not say
    return [column.is_not(None)] if perhaps else []


def _finds_few(condition: Any) -> bool:
    """Whether a condition asks for a key: a constant, or one of several, that few rows have and an index finds."""
    return any(
        isinstance(part, BinaryExpression)
        and part.operator in (eq, in_op)
        and isinstance(part.left, SchemaColumn)
        and (part.left.primary_key or part.left.foreign_keys)
        for part in _parts(condition)
    )


def _key(table: QueryTable, here: Any, there: Any) -> str | None:
    """The name of a column that a foreign key names. A row of the table has it, unless the table's class leaves rows of it out."""
    try:
        named = [key.column for root in here.base_columns for key in root.foreign_keys]
    except NoReferenceError:  # of a table that nobody has declared
        return None
    alike = isinstance(here.type, type(there.type)) or isinstance(there.type, type(here.type))
    if not alike or not any(root in named for root in there.base_columns):
        return None
    if table.mapper is None:
        return str(there.key)
    if table.mapper.single or not any(root.table is table.mapper.local_table for root in there.base_columns):
        return None
    return next((a.key for a in table.mapper.column_attrs if any(c in there.base_columns for c in a.columns)), None)


class Way(NamedTuple):
    """A way from the rows of one table to those of another, in one or more hops; in none, they are the same rows."""

    start: QueryTable
    hops: list[Hop]

    @property
    def end(self) -> QueryTable:
        """The table it leads to."""
        return self.hops[-1].table if self.hops else self.start

    def exists(self, condition: Expression | bool) -> Expression | bool:
        """A row that it leads to is of this condition. Never unknown.

        SQLite asks for it row by row; where the condition finds few rows, it looks for these instead.
        """
        return self._leads_to(condition, _finds_few(condition), strict=True)

    def leads_to(self, condition: Expression | bool) -> Expression | bool:
        """The one row that it leads to is of this condition. It may be unknown where there is no row.

        SQLite looks for the rows of a subquery once, if that does not speak of the row outside.
        """
        return self._leads_to(condition, True, strict=False)

    def _leads_to(self, condition: Expression | bool, once: bool, *, strict: bool) -> Expression | bool:
        if condition is False:  # in a WHERE it would swallow what joins the tables, and SQLAlchemy warns of that
            return False
        hops, last = self.hops, self.hops[-1]
        related = [part for hop in hops for part in hop.parts]
        asked = [] if condition is True else [condition]
        if asked and last.is_read_before(self.start) and not _mentions(condition, last.table):
            hops, related[-len(last.parts) :] = hops[:-1], [*last.between, *_present(cast("Any", last.equal)[0])]
        found = cast("Expression", self._selected(_SELECT_ONE, hops, [*related, *asked]).exists())
        link = _link(related, self.start) if once else None
        if link is None:
            return found
        here, there, others = link
        if strict and _present(here):
            return found
        others += _present(there) if strict else []
        return reaches(found, here.in_(self._selected(select(there), hops, [*others, *asked])))

    def number(self) -> Expression:
        """How many rows it leads to."""
        return over_nothing(self.reached(_COUNT).scalar_subquery(), 0)

    def more_than(self, number: int, negated: bool) -> Expression:
        """It leads to more rows than so many; negated: it does not. Where the engine can, it stops there and counts no further."""
        counted = self.number()
        beyond = self.reached(_SELECT_ONE).limit(literal_column("1")).offset(number).exists()
        return more_than(*((counted <= number, ~beyond) if negated else (counted > number, beyond)))

    def reached(self, selection: Any) -> Any:
        """The selection from the rows that it leads to."""
        return self._selected(selection, self.hops, [part for hop in self.hops for part in hop.parts])

    def _selected(self, selection: Any, hops: Sequence[Hop], conditions: Sequence[Any]) -> Any:
        if self.start.is_among([hop.table for hop in hops]):
            selection = selection.prefix_with(same_name, dialect="clickhouse")
        return (
            selection.select_from(*[hop.table.entity for hop in hops]).where(*conditions).correlate(*self.start.froms)
        )


class Row(NamedTuple):
    """The row of a table that tests are about, and what is joined to it, by table; None if nothing is to be."""

    table: QueryTable
    joined: dict[QueryTable, Hop] | None = None

    def joins(self, way: Way) -> bool:
        """Whether the tables on a way are joined to the row; from now on they are, if they can be."""
        if self.joined is None:
            return False
        tables = [self.table, *[hop.table for hop in way.hops]]
        if not all(hop.is_between(before.froms) for before, hop in zip(tables, way.hops, strict=False)):
            return False
        joined = self.joined | {hop.table: hop for hop in way.hops}
        if len(joined) <= MAX_JOINED:
            self.joined.update(joined)
        return len(joined) <= MAX_JOINED

    def exists(self, on: Expression, condition: Expression) -> Expression:
        """The row that `on` finds is of this condition, together with what is joined to it; where that is nothing, with nulls."""
        joined = self.joined or {}
        found = _SELECT_ONE.select_from(self.table.entity)
        for hop in joined.values():
            found = found.outerjoin(*_joining(hop))
        own = [table for each in (self.table, *joined) for table in each.froms]
        return cast("Expression", found.where(on, condition).correlate_except(*own).exists())


MAX_JOINED: Final = 30
"""How many tables are joined in one query: MySQL takes 61, SQLite 64."""

_SELECT_ONE: Final[Any] = select(literal_column("1"))
_COUNT: Final[Any] = select(func.count())


def _joining(hop: Hop) -> tuple[Any, ...]:
    return (hop.on,) if isinstance(hop.on, QueryableAttribute) else (hop.table.entity, hop.on)


class ModelColumns:
    """Finds columns: those the caller gives, and others by the path of attributes that is the field's source."""

    __slots__ = ("given", "used", "ways")

    def __init__(self, given: Given | None) -> None:
        self.used: set[str] = set()  # the names of the ways that led somewhere
        given = given_by_name(given)
        self.ways = {name: way for name, way in given.items() if isinstance(way, Via)}
        self.given = GivenColumns({name: column for name, column in given.items() if name not in self.ways})

    def value(self, table: QueryTable, prefix: str, column: Column) -> tuple[Way, Expression, Sequence[str]]:
        """The way to the row that holds a field's value, the expression there, and the keys to the value in it, if it is JSON.

        Raises `ColumnError`.
        """
        given = self.given.of(column, prefix) if self.given else None
        if isinstance(given, Joined):
            return Way(table, []), _clause_of(given.column, column), ()
        if given is not None:
            return Way(table, []), table.own(_clause_of(given, column), column), ()
        way = Way(table, [])
        for index, name in enumerate(column.source):
            if column.wild[index]:
                break
            hop = self._hop(table, prefix, column.source, index)
            if hop is None:
                found = table.column(name)
                last = way.hops[-1] if way.hops else None
                if last and not last.between and name == last.key and index + 1 == len(column.source):
                    return Way(way.start, way.hops[:-1]), cast("Any", last.equal)[0], ()
                if found is None:
                    raise _missing(table, column, name)
                return way, found, _keys(found, column, index + 1)
            if name in table.relationships and table.relationships[name].uselist:
                raise column_error(column, f"{quoted(name)} relates to many rows; make it a relation of the endpoint")
            way.hops.append(hop)
            table = hop.table
        raise column_error(column, "its path ends at no column; give one, as in columns={" + repr(column.path) + ": …}")

    def records(self, table: QueryTable, prefix: str, column: Column) -> Way:
        """The way to the rows of a relation. Raises `ColumnError`."""
        given = self.given.of(column, prefix) if self.given else None
        if given is not None:
            raise column_error(column, f"found {_shown(given)} in columns, expected a Via for related rows")
        way = Way(table, [])
        for index, name in enumerate(column.source):
            hop = None if column.wild[index] else self._hop(table, prefix, column.source, index)
            if hop is None:
                raise column_error(column, f"{_name(table)} has no relationship {quoted(name)}; give a Via in columns")
            way.hops.append(hop)
            table = hop.table
        return way

    def _hop(self, table: QueryTable, prefix: str, source: tuple[str, ...], index: int) -> Hop | None:
        if self.ways:
            own = prefix + ".".join(source[: index + 1])
            way = self.ways.get(own)
            if way is not None:
                self.used.add(own)
                return table.via(way)
        name = source[index]
        return table.related(name) if name in table.relationships else None


def _unchanged(expression: Any) -> Any:
    return expression


_OWN: Final = (
    "give one of its own rows, a correlated scalar subquery, or a Joined where your query joins the other table"
)


def _clause_of(given: Any, column: Column) -> Expression:
    if not isinstance(given, ColumnElement) and hasattr(given, "__clause_element__"):
        given = given.__clause_element__()
    if not isinstance(given, ColumnElement):
        raise column_error(column, f"found {_shown(given)} in columns, expected an expression")
    return given


def _shown(given: Any) -> str:
    return quoted(str(given)) if isinstance(given, str | ColumnElement | QueryableAttribute) else repr(given)


def _entities(expression: Expression) -> Iterator[Mapper[Any]]:
    """The mapped classes whose attributes are in an expression, those in its subqueries aside."""
    stack: list[Any] = [expression]
    while stack:
        element = stack.pop()
        entity = element._annotations.get("parententity")
        if isinstance(entity, Mapper):
            yield entity
        if not isinstance(element, SelectBase):
            stack.extend(element.get_children())


def _keys(found: Expression, column: Column, index: int) -> Sequence[str]:
    """The rest of a path: inside a JSON column."""
    rest = column.source[index:]
    if rest and not isinstance(found.type, JSON):
        raise column_error(
            column,
            f"{quoted(column.source[index - 1])} is a column of type {found.type}, and no way to {quoted('.'.join(rest))}",
        )
    return rest


def _missing(table: QueryTable, column: Column, name: str) -> ColumnError:
    return column_error(
        column, f"{_name(table)} has no column {quoted(name)}; give one, as in columns={{{column.path!r}: …}}"
    )


def _name(table: QueryTable) -> str:
    found = inspect(table.entity)
    return found.mapper.class_.__name__ if hasattr(found, "mapper") else str(table.entity)
