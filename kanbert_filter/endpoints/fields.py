"""Tables of fields: which names there are, which type each has, and where its data is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, Self

from ..immutable import Immutable
from .types import Count, FieldType, Relation, field_type, row_name

COUNT: Final = ".count"

Rows = Mapping[str, "FieldType | str | Mapping[str, object]"]


class Fields(Immutable):
    """A table of fields by name: an endpoint's, or those of a relation's records.

    A row's name may have `*` for a segment; it admits any one segment there, and a row of the exact name beats it.
    """

    __slots__ = ("_hash", "_known", "_rows", "_wildcards")
    __match_args__ = ("_rows",)

    _rows: dict[str, FieldType]
    _known: dict[str, FieldType]
    _wildcards: list[tuple[tuple[str, ...], FieldType]]
    _hash: int

    def __init__(self, rows: Rows) -> None:
        self._set({row_name(name): field_type(row) for name, row in rows.items()})

    def _set(self, rows: dict[str, FieldType]) -> None:
        wildcards = [(tuple(name.split(".")), row) for name, row in rows.items() if "*" in name]
        self._fill(_rows=rows, _wildcards=wildcards, _hash=hash(tuple(rows.items())))
        known = {name: row for name, row in rows.items() if "*" not in name}
        for name, row in rows.items():
            if isinstance(row, Relation) and "count" in row.operators:
                known.setdefault(name + COUNT, Count(row))
        self._fill(_known=known)

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
            segments = path.split(".")
            for pattern, candidate in self._wildcards:
                if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                    return candidate
        return row

    def source_of(self, path: str) -> tuple[str, ...]:
        """The path at which the field's data is, as segments; a `*` of a wildcard row's source stands for the path's own segment."""
        row = self.field_type(path)
        segments = path.removesuffix(COUNT).split(".") if isinstance(row, Count) else path.split(".")
        source = row.relation.source if isinstance(row, Count) else row.source if row else None
        if source is None:
            return tuple(segments)
        if path in self._known:
            return tuple(source.split("."))
        pattern = next(p for p, candidate in self._wildcards if candidate is row and len(p) == len(segments))
        wild = iter([segment for p, segment in zip(pattern, segments, strict=True) if p == "*"])
        return tuple([next(wild) if segment == "*" else segment for segment in source.split(".")])

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
                kept[relation] = row.with_parts(fields=row.fields._derived(row.fields._kept(_within(relation, paths))))
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
                rows[relation] = row.with_parts(fields=row.fields._derived(row.fields._dropped(_within(relation, paths))))
        return rows

    def _relation_before(self, name: str) -> str:
        for relation, row in self._rows.items():
            if isinstance(row, Relation) and name.startswith(relation + "."):
                return relation
        raise ValueError(f"{self.name!r} has no field {name!r}; its fields are {', '.join(self._rows)}")

    def _derived(self, rows: dict[str, FieldType]) -> Self:
        made = object.__new__(type(self))
        made._set(rows)
        return made


def _within(relation: str, paths: Iterable[str]) -> list[str]:
    return [path[len(relation) + 1 :] for path in paths]
