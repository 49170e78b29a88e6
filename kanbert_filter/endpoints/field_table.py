"""Tables of fields: which names there are, which type each has, and where its data is."""

from __future__ import annotations

from collections.abc import ItemsView, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, Self

from ..checked import CheckedFilter
from ..context import Moment
from ..errors import quoted
from ..immutable import Immutable
from ..kinds import FieldKind, NamedKind, exhaustive
from ..limits import MAX_DEPTH
from ..messages import did_you_mean
from ..nodes import Filter, RelationTest, field_name
from ..suggestions import Suggestions
from .field_type import FieldType, Quantity, Source
from .scalars import VALUE_TYPES, Count, Enum, Scope
from .type_text import read_type

COUNT: Final = ".count"

PRIVATE: Final = "__"
"""Names that begin so belong to Python. A row with such a segment is refused; one that a wildcard admits is null."""

Rows = Mapping[str, "FieldType | str | Mapping[str, Any]"]
"""What a table is made of: names, and for each a type, its text, or the rows of a relation."""


class FieldTable(Immutable, Mapping[str, FieldType]):
    """A table of fields: a mapping of their names to their types, for an endpoint or for a relation's records.

    A row's name may have `*` for a segment; it admits any one segment there. A row of the exact name beats it, and of
    two such rows the one whose first difference is exact.
    """

    __slots__ = ("_hash", "_hidden", "_known", "_rows", "_wildcards", "columns", "levels")
    __match_args__ = ("_rows", "_hidden")

    _rows: dict[str, FieldType]
    _hidden: frozenset[str]
    """Names that were removed from the table and that a wildcard row would admit: it must not bring them back."""
    _known: dict[str, FieldType]
    _wildcards: list[tuple[tuple[str, ...], FieldType]]
    _hash: int
    levels: int
    """How many tables with rows are inside each other, this one included."""
    columns: dict[str, Any]
    """What the layers above have worked out about fields, by path. It belongs to them and is no part of the table's value."""

    def __init__(self, rows: Rows, hidden: Iterable[str] = ()) -> None:
        if not isinstance(rows, Mapping):
            raise TypeError(f"expected a mapping of names to field types, not {type(rows).__name__}")
        _check_levels(rows)
        self._set({row_name(name): _row(name, row) for name, row in rows.items()}, hidden)

    def _set(self, rows: dict[str, FieldType], hidden: Iterable[str]) -> None:
        known = {name: row for name, row in rows.items() if "*" not in name}
        for name, row in [*known.items()]:
            if _is_counted(row):
                known.setdefault(name + COUNT, Count(row))
        inner = [row.related.levels for row in rows.values() if isinstance(row, Relation)]
        self._fill(levels=1 + max(inner, default=0) if rows else 0)
        _ensure_levels(self.levels)
        wildcards = [(tuple(name.split(".")), row) for name, row in rows.items() if "*" in name]
        wildcards.sort(key=lambda wildcard: [segment == "*" for segment in wildcard[0]])
        self._fill(_rows=rows, _known=known, _wildcards=wildcards, _hidden=frozenset(), columns={})
        self._fill(_hidden=frozenset(name for name in hidden if name not in rows and self._by_wildcard(name)[0]))
        self._fill(_hash=hash((frozenset(rows.items()), self._hidden)))

    @property
    def name(self) -> str:
        """A name for people; only endpoints have one of their own."""
        return "related records"

    @property
    def known(self) -> Mapping[str, FieldType]:
        """The types of all fields with a name of their own, counts of relations included."""
        return self._known

    def field_type(self, path: str) -> FieldType | None:
        """The type of the field with this path, by a row of its name, as a relation's count, or by a wildcard row."""
        row = self._known.get(path)
        if row is None and self._wildcards:
            row, pattern = self._by_wildcard(path)
            if path.endswith(COUNT) and (row is None or pattern[-1] == "*"):
                counted = self.field_type(path.removesuffix(COUNT))
                if counted is not None and _is_counted(counted):
                    return Count(counted)
        return row

    def source_of(self, path: str) -> tuple[str, ...]:
        """Where the field's data is, as segments; the path's own segment takes the place of a `*`."""
        row, pattern = self._row_and_pattern(path)
        own = iter([segment for p, segment in zip(pattern, path.split("."), strict=False) if p == "*"])
        return tuple([next(own) if segment == "*" else segment for segment in _source_segments(row, pattern)])

    def wild_segments(self, path: str) -> tuple[bool, ...]:
        """For each segment of the field's source, whether it is one that a wildcard admitted."""
        return tuple([segment == "*" for segment in _source_segments(*self._row_and_pattern(path))])

    def type_at(self, path: tuple[str, ...]) -> FieldType | None:
        """The type of the field whose data is at this path of a record, if there is one."""
        for name, row in self._known.items():
            if not isinstance(row, Count) and self.source_of(name) == path:
                return row
        for pattern, row in self._wildcards:
            source = _source_segments(row, pattern)
            if len(source) == len(path) and all(p in ("*", s) for p, s in zip(source, path, strict=True)):
                return row
        return None

    def _row_and_pattern(self, path: str) -> tuple[FieldType | None, Sequence[str]]:
        """The row whose source says where the data is (for a count, the relation's), and its name as segments."""
        row = self.field_type(path)
        if isinstance(row, Count):
            return self._row_and_pattern(path.removesuffix(COUNT))
        return (row, path.split(".")) if path in self._known or row is None else self._by_wildcard(path)

    def _by_wildcard(self, path: str) -> tuple[FieldType | None, Sequence[str]]:
        """The wildcard row that admits the path, and its name as segments."""
        segments = path.split(".")
        for pattern, row in self._wildcards if path not in self._hidden else ():
            if len(pattern) == len(segments) and all(p in ("*", s) for p, s in zip(pattern, segments, strict=True)):
                return row, pattern
        return None, segments

    def kind_of(self, names: Iterable[str]) -> FieldKind | None:
        """The kind of a field that is named by the relations around it and itself, or None where there is none."""
        table: FieldTable | None = self
        row: FieldType | None = None
        for name in names:
            row = None if table is None else table.field_type(name)
            table = row.related if isinstance(row, Relation) else None
        return None if row is None else row.kind

    def items(self) -> ItemsView[str, FieldType]:
        """The rows as written, in order."""
        return self._rows.items()

    def description(self, *, concise: bool = False, sources: bool = False) -> dict[str, Any]:
        """The rows as plain data, without scopes' conditions, and with sources only if they are asked for."""
        return {name: row.description(concise=concise, sources=sources) for name, row in self._rows.items()}

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

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
        for name in _names(names):
            if name in self._rows:
                kept[name] = self._rows[name]
            else:
                inner.setdefault(self._relation_before(name), []).append(name)
        for relation, paths in inner.items():
            row = self._rows[relation]
            assert isinstance(row, Relation)
            if relation not in kept:
                kept[relation] = row.with_fields(row.related._kept(_paths_inside(relation, paths)))
        return {name: kept[name] for name in self._rows if name in kept}

    def _dropped(self, names: Iterable[str]) -> dict[str, FieldType]:
        rows = dict(self._rows)
        inner: dict[str, list[str]] = {}
        for name in _names(names):
            if name in self._rows:
                rows.pop(name, None)
            else:
                inner.setdefault(self._relation_before(name), []).append(name)
        for relation, paths in inner.items():
            row = rows.get(relation)
            if isinstance(row, Relation):
                rows[relation] = row.with_fields(row.related._dropped(_paths_inside(relation, paths)))
        return rows

    def _bound(self, name: str, conditions: Mapping[str, Filter | CheckedFilter]) -> dict[str, FieldType]:
        """The rows, the scope of this name with these conditions; `tasks.archived` is a scope of `tasks`."""
        row = self._rows.get(name)
        if isinstance(row, Scope):
            return {**self._rows, name: row.bound(conditions)}
        if row is not None:
            raise ValueError(f"field {name!r} of {self.name!r} is of type {row.kind!r}, expected a scope")
        relation = self._relation_before(name)
        outer = self._rows[relation]
        assert isinstance(outer, Relation)
        [path] = _paths_inside(relation, [name])
        return {**self._rows, relation: outer.with_fields(outer.related._bound(path, conditions))}

    def _relation_before(self, name: str) -> str:
        relations = [r for r, row in self._rows.items() if isinstance(row, Relation) and name.startswith(r + ".")]
        if not relations:
            raise ValueError(f"{self.name!r} has no field {name!r}; its fields are {', '.join(self._rows)}")
        return max(relations, key=len)

    def _derived(self, rows: dict[str, FieldType]) -> Self:
        """A table like this one with these rows. A removed row stays removed, also where a wildcard row would admit it."""
        made = object.__new__(type(self))
        made._set(rows, self._hidden | self._rows.keys())
        return made


def _names(names: Iterable[str]) -> Iterator[str]:
    for name in names:
        if not isinstance(name, str):
            raise TypeError(f"expected names as str, one after the other, not {type(name).__name__}")
        yield name


class Relation(FieldType):
    """Related records with fields of their own, tested by `any`, `none`, `all` and counted by `.count`.

    >>> import kanbert_filter as kf
    >>> tasks = kf.types.Relation({"status": "string"}, operators=["any", "count"])
    >>> projects = kf.Endpoint("projects", {"tasks": tasks})
    >>> kf.compile_predicate(projects.parse("tasks any (status = 'DONE') and tasks.count < 3"))({"tasks": [{"status": "DONE"}]})
    True
    """

    __slots__ = ("related",)
    __match_args__ = ("operators", "source", "related")

    kind = "relation"
    default_groups = ("relation", "count")
    other_names = ("list", "array", "collection", "hasmany")

    related: FieldTable
    """The fields of the related records."""

    def __init__(
        self,
        related: Rows | FieldTable,
        *,
        operators: Iterable[str] | None = None,
        source: Source | None = None,
    ) -> None:
        table = related if isinstance(related, FieldTable) else FieldTable(related)
        self._configure(operators, source, related=table)

    def with_fields(self, rows: dict[str, FieldType]) -> Relation:
        """This relation with other rows."""
        return self.with_parts(related=self.related._derived(rows))

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> Quantity:
        return Quantity(value)

    def sample(self, name: str) -> Filter | None:
        if "any" in self.operators:
            return RelationTest(name, "any")
        return Count(self).sample(name + COUNT) if "count" in self.operators else None

    def description(self, *, concise: bool = False, sources: bool = False) -> dict[str, Any]:
        """The type as plain data, with the descriptions of the related records' fields."""
        fields = self.related.description(concise=concise, sources=sources)
        return super().description(concise=concise, sources=sources) | {"fields": fields}


TYPES: Final[dict[str, type[FieldType]]] = exhaustive(
    NamedKind, {**VALUE_TYPES, Relation.kind: Relation, Scope.kind: Scope}
)
"""Every type a table can name, by its kind."""

_OTHER_NAMES: Final = {name: kind for kind, made in TYPES.items() for name in made.other_names}

_PARTS: Final[dict[str, tuple[type[Any] | tuple[type[Any], ...], str]]] = {
    "operators": (list, "a list of words"),
    "choices": (list, "a list of texts"),
    "name": (str, "a text"),
    "entity": (str, "a text"),
    "case_sensitive": (bool, "true or false"),
    "fields": (Mapping, "an object of descriptions"),
    "source": ((str, list), "a dotted path or a list of keys"),
}


def from_text(text: str, *, operators: Iterable[str] | None = None) -> FieldType:
    """The type that a public table writes as a text, such as `string`, `enum: a, b`, `enum<Name>` or `id<Entity>`.

    A relation writes its fields as `Relation - name (string) - status (enum: a, b)`; a choice with a comma or another
    mark in it is a JSON string. `case-sensitive`, the operators and `source: path.of.the.data` may follow after semicolons.

    Raises `ValueError` for a text that does not write a type.

    >>> from kanbert_filter import types
    >>> types.from_text('enum: ACTIVE, DONE, "on hold, or late"').choices
    ('ACTIVE', 'DONE', 'on hold, or late')
    """
    description = read_type(text)
    if operators is not None:
        if "operators" in description:
            raise ValueError(f"found operators in the type {quoted(text)}, expected them in one place")
        description["operators"] = list(operators)
    return from_description(description)


def from_description(description: Mapping[str, Any], *, level: int = 1) -> FieldType:
    """The type of a description, as `FieldType.description` gives it. Raises `ValueError` for data that does not describe a type."""
    if not isinstance(description, Mapping) or not isinstance(description.get("type"), str):
        raise ValueError(f"found {_kind_of(description)}, expected an object with a text as 'type'")
    _ensure_levels(level)
    parts = dict(description)
    kind = parts.pop("type")
    if kind not in TYPES:
        close = [_OTHER_NAMES[kind.lower()]] if kind.lower() in _OTHER_NAMES else Suggestions().to(kind, TYPES)[:1]
        raise ValueError(f"found type {quoted(kind)}, expected one of {', '.join(TYPES)}{did_you_mean(close)}")
    known = [part for part in map(_key_of, TYPES[kind].__match_args__) if part in _PARTS]
    if kind == "scope":
        known.remove("source")  # a scope has no data of its own
    for part, value in parts.items():
        if part not in known:
            raise ValueError(f"found {quoted(part)} on type '{kind}', expected no keys but type, {', '.join(known)}")
        shape, expected = _PARTS[part]
        if not isinstance(value, shape) or (
            isinstance(value, list) and not all(isinstance(item, str) for item in value)
        ):
            raise ValueError(f"found {_kind_of(value)} as '{part}', expected {expected}")
    if kind == "relation":
        fields = described_rows(parts.pop("fields", {}), level=level + 1)
        return Relation(fields, **parts)
    if kind == "enum":
        return Enum(*parts.pop("choices", ()), **parts)
    if kind == "scope":
        return Scope(parts.pop("choices", ())).with_parts(**parts)
    return TYPES[kind](**parts)


def _key_of(part: str) -> str:
    """The key under which descriptions have a part of a type."""
    return "fields" if part == "related" else part


def described_rows(descriptions: Mapping[str, Any], *, level: int = 1) -> dict[str, FieldType]:
    """The rows of descriptions by name. Raises `ValueError` that names the row at fault."""
    rows: dict[str, FieldType] = {}
    for name, description in descriptions.items():
        try:
            rows[row_name(name)] = from_description(description, level=level)
        except (TypeError, ValueError) as error:
            raise ValueError(f"field {quoted(name)}: {error}") from None
    return rows


def _kind_of(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", type(None): "null", bool: "a boolean"}
    return kinds.get(type(value), "a number" if isinstance(value, (int, float)) else type(value).__name__)


def _check_levels(rows: Mapping[str, Any]) -> None:
    """Refuse mappings that are nested too deep, before anything recursive reads them."""
    stack: list[tuple[int, Mapping[str, Any]]] = [(1, rows)]
    while stack:
        level, mapping = stack.pop()
        if mapping:
            _ensure_levels(level)
        stack.extend([(level + 1, row) for row in mapping.values() if isinstance(row, Mapping)])


def _ensure_levels(levels: int) -> None:
    if levels > MAX_DEPTH:
        raise ValueError(f"found relations nested more than {MAX_DEPTH} levels deep, expected fewer")


def _row(name: str, row: FieldType | str | Mapping[str, Any]) -> FieldType:
    made = _type(name, row)
    own = tuple(name.split("."))
    source = own if made.source is None else made.source
    found = f"field {name!r} has the source {'.'.join(source)!r}"
    if source.count("*") > own.count("*"):
        raise ValueError(f"{found}, expected no more wildcards than in its name")
    if any(segment.startswith(PRIVATE) for segment in (*own, *source)):
        raise ValueError(f"{found}, expected no segment that begins with '{PRIVATE}'")
    return made


def row_name(name: str) -> str:
    """The name of a row, whose later segments may be `*`. Raises `FilterSyntaxError` if it is not well-formed."""
    if not isinstance(name, str):
        raise TypeError(f"expected a field name, not {type(name).__name__}")
    name = str.__str__(name)
    first, *rest = name.split(".")
    field_name(".".join([first, *("x" if segment == "*" else segment for segment in rest)]))
    return name


def _type(name: str, row: FieldType | str | Mapping[str, Any]) -> FieldType:
    if isinstance(row, FieldType):
        return row
    if isinstance(row, Mapping):
        return Relation(row)
    if not isinstance(row, str):
        found = f"found an object of class {type(row).__name__}"
        raise TypeError(f"field {name!r}: {found}, expected a type, its text, or a mapping of a relation's fields")
    try:
        return from_text(row)
    except ValueError as error:
        raise ValueError(f"field {name!r}: {error}") from None


def _is_counted(row: FieldType) -> bool:
    return isinstance(row, Relation) and "count" in row.operators


def _source_segments(row: FieldType | None, pattern: Sequence[str]) -> Sequence[str]:
    return pattern if row is None or row.source is None else row.source


def _paths_inside(relation: str, paths: Iterable[str]) -> list[str]:
    return [path[len(relation) + 1 :] for path in paths]
