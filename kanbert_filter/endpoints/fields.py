"""Tables of fields: which names there are, which type each has, and where its data is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, Self

from ..checked import CheckedFilter
from ..immutable import Immutable
from ..nodes import Filter, field_name
from .scalars import Count, FieldType, Scope, from_notation

COUNT: Final = ".count"

Rows = Mapping[str, "FieldType | str | Mapping[str, Any]"]
"""What a table is made of: names, and for each a type, a table's notation, or the rows of a relation."""


class Fields(Immutable):
    """A table of fields by name: an endpoint's, or those of a relation's records.

    A row's name may have `*` for a segment; it admits any one segment there. A row of the exact name beats it, and of two such rows
    the one whose first difference is exact.
    """

    __slots__ = ("_hash", "_known", "_rows", "_wildcards")
    __match_args__ = ("_rows",)

    _rows: dict[str, FieldType]
    _known: dict[str, FieldType]
    _wildcards: list[tuple[tuple[str, ...], FieldType]]
    _hash: int

    def __init__(self, rows: Rows) -> None:
        self._set({name: _row(name, row) for name, row in rows.items()})

    def _set(self, rows: dict[str, FieldType]) -> None:
        known = {name: row for name, row in rows.items() if "*" not in name}
        for name, row in [*known.items()]:
            if _is_counted(row):
                known.setdefault(name + COUNT, Count(row))
        wildcards = [(tuple(name.split(".")), row) for name, row in rows.items() if "*" in name]
        wildcards.sort(key=lambda wildcard: [segment == "*" for segment in wildcard[0]])
        self._fill(_rows=rows, _known=known, _wildcards=wildcards, _hash=hash(frozenset(rows.items())))

    @property
    def name(self) -> str:
        """A name for people; only endpoints have one of their own."""
        return "related records"

    @property
    def known(self) -> Mapping[str, FieldType]:
        """The types of all fields with a name of their own, counts of relations included."""
        return self._known

    def field_type(self, path: str) -> FieldType | None:
        """The type of the field with this path, by its own row, as a relation's count, or by a wildcard row."""
        row = self._known.get(path)
        if row is None and self._wildcards:
            row, _ = self._by_wildcard(path)
            if row is None and path.endswith(COUNT):
                row, _ = self._by_wildcard(path.removesuffix(COUNT))
                return Count(row) if row is not None and _is_counted(row) else None
        return row

    def source_of(self, path: str) -> tuple[str, ...]:
        """The path at which the field's data is, as segments; a `*` of a wildcard row's source stands for the path's own segment."""
        row = self.field_type(path)
        if isinstance(row, Count):
            path, row = path.removesuffix(COUNT), row.relation
        if row is None or row.source is None:
            return tuple(path.split("."))
        _, segments = (row, []) if path in self._known else self._by_wildcard(path)
        wild = iter(segments)
        return tuple([next(wild) if segment == "*" else segment for segment in row.source.split(".")])

    def _by_wildcard(self, path: str) -> tuple[FieldType | None, list[str]]:
        """The wildcard row that admits the path, and the segments its `*` stand for."""
        segments = path.split(".")
        for pattern, row in self._wildcards:
            if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                return row, [segment for p, segment in zip(pattern, segments, strict=True) if p == "*"]
        return None, []

    def items(self) -> Iterable[tuple[str, FieldType]]:
        """The rows as written, in order."""
        return self._rows.items()

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __getitem__(self, name: str) -> FieldType:
        return self._rows[name]

    def __contains__(self, name: object) -> bool:
        return name in self._rows

    def __hash__(self) -> int:
        return self._hash

    def _kept(self, names: Iterable[str]) -> dict[str, FieldType]:
        """The rows with these names; `tasks.status` keeps of the relation `tasks` its field `status`."""
        kept: dict[str, FieldType] = {}
        inner: dict[str, list[str]] = {}
        for name in names:
            if name in self._rows:
                kept[name] = self._rows[name]
            else:
                inner.setdefault(self._relation_before(name), []).append(name)
        for relation, paths in inner.items():
            row = self._rows[relation]
            assert isinstance(row, Relation)
            if relation not in kept:
                kept[relation] = row.with_fields(row.fields._kept(_within(relation, paths)))
        return {name: kept[name] for name in self._rows if name in kept}

    def _dropped(self, names: Iterable[str]) -> dict[str, FieldType]:
        rows = dict(self._rows)
        inner: dict[str, list[str]] = {}
        for name in names:
            if name in self._rows:
                rows.pop(name, None)
            else:
                inner.setdefault(self._relation_before(name), []).append(name)
        for relation, paths in inner.items():
            row = rows.get(relation)
            if isinstance(row, Relation):
                rows[relation] = row.with_fields(row.fields._dropped(_within(relation, paths)))
        return rows

    def _bound(self, name: str, conditions: Mapping[str, Filter | CheckedFilter]) -> dict[str, FieldType]:
        """The rows, the scope of this name with these conditions; `tasks.archived` is the scope `archived` of the relation `tasks`."""
        row = self._rows.get(name)
        if isinstance(row, Scope):
            return {**self._rows, name: row.bound(conditions)}
        if row is not None:
            raise ValueError(f"field {name!r} of {self.name!r} is of type {row.kind!r}, expected a scope")
        relation = self._relation_before(name)
        outer = self._rows[relation]
        assert isinstance(outer, Relation)
        [path] = _within(relation, [name])
        return {**self._rows, relation: outer.with_fields(outer.fields._bound(path, conditions))}

    def _relation_before(self, name: str) -> str:
        relations = [r for r, row in self._rows.items() if isinstance(row, Relation) and name.startswith(r + ".")]
        if not relations:
            raise ValueError(f"{self.name!r} has no field {name!r}; its fields are {', '.join(self._rows)}")
        return max(relations, key=len)

    def _derived(self, rows: dict[str, FieldType]) -> Self:
        made = object.__new__(type(self))
        made._set(rows)
        return made


class Relation(FieldType):
    """Related records with fields of their own, tested by `any`, `none`, `all` and counted by `.count`."""

    __slots__ = ("fields",)
    __match_args__ = ("operators", "source", "fields")

    kind = "relation"
    default_groups = ("relation", "count")

    fields: Fields

    def __init__(
        self,
        fields: Rows | Fields,
        *,
        operators: Iterable[str] | None = None,
        source: str | None = None,
    ) -> None:
        rows = fields if isinstance(fields, Fields) else Fields(fields)
        self._configure(operators, source, fields=rows)

    def with_fields(self, rows: dict[str, FieldType]) -> Relation:
        """This relation with other rows."""
        return self.with_parts(fields=self.fields._derived(rows))

    @property
    def scope(self) -> Fields:
        """The fields of the related records."""
        return self.fields

    @property
    def notation(self) -> str:
        """The type as tables write it: `Relation - name (type) …`."""
        return " ".join(["Relation", *(f"- {name} ({row.notation})" for name, row in self.fields.items())])


def _row(name: str, row: FieldType | str | Mapping[str, Any]) -> FieldType:
    first, *rest = name.split(".")
    field_name(".".join([first, *("x" if segment == "*" else segment for segment in rest)]))
    made = _type(name, row)
    if made.source is not None and made.source.split(".").count("*") > rest.count("*"):
        raise ValueError(f"field {name!r} has the source {made.source!r}, expected no more wildcards than in its name")
    return made


def _type(name: str, row: FieldType | str | Mapping[str, Any]) -> FieldType:
    if isinstance(row, FieldType):
        return row
    if isinstance(row, Mapping):
        return Relation(row)
    if not isinstance(row, str):
        kind = type(row).__name__
        raise TypeError(f"field {name!r} is a {kind}, expected a type, its notation, or a mapping of a relation's fields")
    try:
        return from_notation(row)
    except ValueError as error:
        raise ValueError(f"field {name!r}: {error}") from None


def _is_counted(row: FieldType) -> bool:
    return isinstance(row, Relation) and "count" in row.operators


def _within(relation: str, paths: Iterable[str]) -> list[str]:
    return [path[len(relation) + 1 :] for path in paths]
