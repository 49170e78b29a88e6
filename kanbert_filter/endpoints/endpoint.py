"""Endpoints: which fields may be filtered, by whom, with which operators, and where their data is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from ..checked import CheckedFilter, Part
from ..limits import DEFAULT_LIMITS, Limits
from ..nodes import Filter, fields_of
from ..notations.query import parse, parse_query
from .check import checked_tree
from .fields import Fields, Rows
from .types import Custom, FieldType, Scope


class Endpoint(Fields):
    """What may be filtered on one list endpoint: its fields, their types and operators. A field not listed does not exist.

    `fields` maps public names to types (objects of `kanbert_filter.types`, a table's notation, or a mapping for the fields of a
    relation). With `suggestions=False` errors offer no field names.

    Raises `ValueError` for a type that is none and `FilterSyntaxError` for a name that is not well-formed.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "tasks": {"status": "enum: ACTIVE, DONE"}})
    >>> projects.parse('titel = "Acme"')
    Traceback (most recent call last):
    kanbert_filter.errors.FilterCheckError: Unknown field 'titel'. Did you mean 'title'?
      titel = "Acme"
      ^^^^^
    """

    __slots__ = ("_name", "suggestions")
    __match_args__ = ("_name", "_rows", "suggestions")

    _name: str
    suggestions: bool

    def __init__(self, name: str, fields: Rows | Fields, *, suggestions: bool = True) -> None:
        self._fill(_name=name, suggestions=suggestions)
        rows = dict(fields.items())
        super().__init__(rows)
        self._set({name: self._bound(row) for name, row in self._rows.items()})

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._name

    def check(self, filter: Filter, *, limits: Limits = DEFAULT_LIMITS) -> CheckedFilter:
        """The filter, found sound for this endpoint, with its values in canonical form.

        Raises `FilterCheckError` with every problem, in source order.
        """
        return CheckedFilter((Part(checked_tree(filter, self, limits, suggestions=self.suggestions), self),))

    def parse(self, source: object, *, limits: Limits = DEFAULT_LIMITS) -> CheckedFilter:
        """Read a filter in DSL or JSON (as `kanbert_filter.parse` does) and check it.

        Raises `FilterSyntaxError` or `FilterCheckError`.
        """
        return self.check(parse(source, limits=limits), limits=limits)

    def parse_query(self, query: str | bytes, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> CheckedFilter:
        """Find the filter in a query string, in any notation, and check it.

        Raises `FilterSyntaxError` or `FilterCheckError`.
        """
        return self.check(parse_query(query, name=name, limits=limits), limits=limits)

    def only(self, *names: str) -> Endpoint:
        """This endpoint with these fields and no others; what is hidden does not exist. `tasks.status` keeps that field of `tasks`.

        Raises `ValueError` for a field the endpoint does not have.
        """
        return self._derived(self._kept(names))

    def without(self, *names: str) -> Endpoint:
        """This endpoint without these fields: they answer exactly like fields that do not exist.

        Raises `ValueError` for a field the endpoint does not have.
        """
        return self._derived(self._dropped(names))

    def bind(self, **scopes: Mapping[str, Filter | CheckedFilter]) -> Endpoint:
        """This endpoint with conditions for scopes: `bind(archived={"with": …, "only": …, "without": …})`.

        Raises `ValueError` for a name that is no scope, and for conditions that are not exactly its choices.
        """
        rows = dict(self._rows)
        for name, conditions in scopes.items():
            row = rows.get(name)
            if not isinstance(row, Scope):
                raise ValueError(f"{self.name!r} has no scope {name!r}")
            if set(conditions) != set(row.choices):
                raise ValueError(f"scope {name!r} has the choices {', '.join(row.choices)}; got {', '.join(conditions)}")
            rows[name] = row.with_parts(conditions=dict(conditions))
        return Endpoint(self.name, rows, suggestions=self.suggestions)

    def _bound(self, row: FieldType) -> FieldType:
        """The row with plain filters among a scope's conditions checked, once, against the fields of the whole endpoint."""
        if not isinstance(row, Scope) or row.conditions is None:
            return row
        conditions = {
            choice: condition if isinstance(condition, CheckedFilter) else self._internal_check(condition)
            for choice, condition in row.conditions.items()
        }
        return row.with_parts(conditions=conditions)

    def _internal_check(self, condition: Filter) -> CheckedFilter:
        rows = {name: row for name, row in self._rows.items() if not isinstance(row, Scope)}
        table = Fields(rows)
        unknown = {name: Custom() for name in fields_of(condition) if "." not in name and table.field_type(name) is None}
        scope = self._derived({**rows, **unknown})
        return scope.check(condition, limits=Limits.lifted())

    def _derived(self, rows: dict[str, FieldType]) -> Self:
        made = object.__new__(type(self))
        made._fill(_name=self._name, suggestions=self.suggestions)
        made._set(rows)
        return made

    def __repr__(self) -> str:
        return f"<Endpoint {self.name!r}: {', '.join(self._rows)}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self._name, self._rows, self.suggestions)


def _restored(name: str, rows: dict[str, FieldType], suggestions: bool) -> Endpoint:
    return Endpoint(name, rows, suggestions=suggestions)
