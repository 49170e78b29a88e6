"""A table of fields from the records of a file: which fields there are, of which type, and where their data is.

A field gets a type only if each of its values in the file is of that type. So the table refuses no record of the file, and what
fits no other type is `custom`, which takes every value.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from itertools import chain, islice
from math import isfinite
from typing import Any, Final, NamedTuple
from unicodedata import normalize

from ..backends.predicate.records import stored_timestamp
from ..endpoints.endpoint import Endpoint
from ..endpoints.field_table import PRIVATE, described_rows
from ..endpoints.scalars import Custom
from ..endpoints.type_text import Description
from ..errors import printable, quoted
from ..limits import DEFAULT_LIMITS
from ..messages import alternatives, plural
from ..nodes import field_fault
from ..values import read_date
from .csv_records import CONVERSIONS, DELIMITERS
from .json_records import NOT_JSON
from .records import Record

ANY_COLUMN: Final = Endpoint("file", {"column.*": Custom(source=("*",))})
"""Every column of a CSV file is data of this endpoint, as text."""

MOST_CHOICES: Final = 12
"""Up to so many different texts are an enumeration, if there are at least `REPEATED` values for each."""

REPEATED: Final = 10
LONGEST_CHOICE: Final = 40

MOST_KEYS: Final = 30
"""An object with more keys than this, of which a record has less than a quarter on average, is a map: its keys are data."""

NULL_WORDS: Final = frozenset(
    ["NA", "N/A", "n/a", "na", "NULL", "Null", "null", "None", "none", "NaN", "nan", "-", "--", "?", ".", "\\N"]
)
"""What CSV files write for null. Such a cell does not speak against a type, since `--null` can say what it means."""

MOST_SEGMENTS: Final = 10
"""Deeper inside objects no field can be named."""


def delimiter_of(head: bytes) -> str:
    """What separates the cells of CSV that begins so: what gives its first lines equally many cells, and most.

    >>> from kanbert_filter.cli.inference import delimiter_of
    >>> delimiter_of(b'name;"a,b,c"\\r\\nx;1,5\\r\\n')
    ';'
    """
    text = head.decode("utf-8-sig", errors="replace")

    def quality(mark: str) -> tuple[bool, bool, int]:
        try:
            rows = [*islice(csv.reader(io.StringIO(text, newline=""), delimiter=mark), 2)]
        except csv.Error:
            return False, False, 0
        counts = [len(row) for row in rows] or [0]
        whole = not any('"' in name for name in chain(*rows[:1]))  # of a quoted name nothing is cut off
        return 1 < min(counts) == max(counts), whole, max(counts)

    return max(DELIMITERS, key=quality)


DEEPEST: Final = 50
"""What is inside more objects and lists than this is of no field, and not looked at."""

_ID_NAME: Final = re.compile(r"(?i:id|uuid|guid)|.*[a-z](?:Id|ID)|.*[ ._-](?i:id|uuid|guid)")
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*")


def _is_number(value: object) -> bool:
    if isinstance(value, float | Decimal):
        return isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)


def _is_date(value: object) -> bool:
    return read_date(value) is not None if isinstance(value, str) else type(value) is date


def _is_timestamp(value: object) -> bool:
    if isinstance(value, str):
        return stored_timestamp(value) is not None or read_date(value) is not None
    return isinstance(value, date)


def _is_records(value: object) -> bool:
    return isinstance(value, list) and all(item is None or isinstance(item, dict) for item in value)


_FITS: Final[dict[str, Callable[[object], bool]]] = {
    "object": lambda value: isinstance(value, dict),
    "relation": _is_records,
    "boolean": lambda value: isinstance(value, bool),
    "number": _is_number,
    "date": _is_date,
    "datetime": _is_timestamp,
    "id": lambda value: isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)),
    "string": lambda value: isinstance(value, str),
}
"""The types that values may have, and which values are of each; the first one that takes all values is the field's."""

_NAMED: Final = {
    "object": "objects",
    "relation": "lists of objects",
    "boolean": "booleans",
    "number": "numbers",
    "date": "dates",
    "datetime": "timestamps",
    "id": "ids",
    "string": "texts",
}

_NULLABLE: Final = frozenset({"boolean", "number", "date", "datetime"})
"""The types that a word for null does not speak against."""


class Contrary(NamedTuple):
    """The first value that is not of a type, its line, and how many values before it are."""

    value: object
    line: int
    before: int


class Observed:
    """What the records of a file hold at one place: which types its values are of, and what is inside them."""

    def __init__(self, depth: int = 0, *, is_cell: bool = False) -> None:
        self._depth = depth
        self.values = 0
        self.first: object = None
        self.contrary: dict[str, Contrary] = {}
        """The types that not all values are of."""
        self.keys: dict[str, Observed] = {}
        """What objects hold under their keys."""
        self.related: Observed | None = None
        """What the objects of lists are."""
        self.texts: set[str] = set()
        """The different texts, up to one more than an enumeration has."""
        self.null_words: set[str] = set()
        self._fits = dict(_FITS)
        self._is_cell = is_cell

    def add(self, value: object, line: int) -> None:
        """See another value."""
        if value is None:
            return
        if self._is_cell and value in NULL_WORDS:
            self.null_words.add(str(value))
        lost = []
        for kind, fits in self._fits.items():
            meant = _meant_by(value, kind) if self._is_cell else value
            if fits(meant):
                if kind == "object" or kind == "relation":
                    self._look_inside(meant, line)
            elif not (kind in _NULLABLE and self._is_cell and value in NULL_WORDS):
                lost.append(kind)
        for kind in lost:
            del self._fits[kind]
            self.contrary[kind] = Contrary(value, line, self.values)
        if not self.values:
            self.first = value
        self.values += 1
        if isinstance(value, str) and len(self.texts) <= MOST_CHOICES:
            self.texts.add(value)

    def _look_inside(self, value: Any, line: int) -> None:
        if self._depth > DEEPEST:
            return
        if isinstance(value, dict):
            for key, item in value.items():
                if key not in self.keys:
                    self.keys[key] = Observed(self._depth + 1)
                self.keys[key].add(item, line)
            return
        self.related = self.related or Observed(self._depth + 1)
        for item in value:
            self.related.add(item, line)

    def kind(self, name: str) -> str:
        """The type that all values are of, for a field of this name."""
        fits = [kind for kind in self._fits if kind != "id"] if self.values else []
        if self.null_words:
            fits = [kind for kind in fits if kind not in _NULLABLE]
        if not fits or (fits[0] == "object" and not self.keys):
            return "custom"
        if "id" in self._fits and _ID_NAME.fullmatch(name):
            return "id"
        if fits[0] == "object" and self._is_map:
            return "map"
        if fits[0] == "relation" and (self.related is None or not self.related.keys):
            return "custom"
        return "enum" if fits[0] == "string" and self._is_enumeration else fits[0]

    @property
    def kind_without_null_words(self) -> str | None:
        """The type that all values are of but those that `--null` can say to be null, if it is such a type."""
        if not self.null_words:
            return None
        return next((kind for kind in self._fits if kind in _NULLABLE), None)

    @property
    def _is_enumeration(self) -> bool:
        few = 2 <= len(self.texts) <= MOST_CHOICES and self.values >= REPEATED * len(self.texts)
        return few and all(len(text) <= LONGEST_CHOICE and text.strip() and text.isprintable() for text in self.texts)

    @property
    def _is_map(self) -> bool:
        held = sum(place.values for place in self.keys.values())
        return len(self.keys) > MOST_KEYS and held * 4 < self.values * len(self.keys)

    def reason(self, kind: str) -> str:
        """Why the field has this type, as a sentence."""
        if not self.values:
            return "no value"
        count = plural(self.values, "value")
        example = f"{count}, such as {_example_of(self.first)}"
        near = max(
            [item for item in self.contrary.items() if item[0] != "id"], key=lambda item: item[1].before, default=None
        )
        but = ""
        if self.kind_without_null_words:
            words = alternatives([quoted(word) for word in sorted(self.null_words)])
            but = f"; {_NAMED[self.kind_without_null_words]}, but for {words}"
        elif near is not None and near[1].before:
            but = f"; {_NAMED[near[0]]} up to {_example_of(near[1].value)} on line {near[1].line}"
        match kind:
            case "enum":
                return f"{plural(len(self.texts), 'different text')} in {count}"
            case "map":
                return f"{plural(len(self.keys), 'different key')} in {count}"
            case "relation":
                return f"{count}, {plural(self.related.values if self.related else 0, 'object')} in all"
            case "custom":
                return f"{example}; no type takes them all{but}" if self.values > 1 else f"{example}; no type takes it"
            case "string":
                return f"{example}{but}"
        return example


def _meant_by(cell: object, kind: str) -> object:
    """What the text of a cell of CSV is to a field of this type; the text itself where it is nothing else."""
    if kind not in CONVERSIONS or not isinstance(cell, str):
        return cell
    try:
        return CONVERSIONS[kind](cell.strip())
    except (*NOT_JSON, KeyError):
        return cell


def _example_of(value: object) -> str:
    if isinstance(value, str):
        return quoted(value, 30)
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    return str(value).lower() if isinstance(value, bool) else printable(str(value)[:30])


class InferredField(NamedTuple):
    """A field that follows from a file, by its full path."""

    path: str
    type: str
    reason: str


class Inference:
    """What follows from the records of a file: rows of a table, the reason for each, and what is left out."""

    def __init__(self, records: Iterable[Record], columns: Sequence[str] = ()) -> None:
        """Look at all records. `columns` are those of a CSV file, whose values are the texts of cells."""
        self.records = 0
        self.fields: list[InferredField] = []
        self.left_out: list[str] = []
        """Keys that no table can name."""
        self.null_words: dict[str, list[str]] = {}
        """The words that seem to mean null, and for each the fields that would have another type then."""
        self.lists: dict[str, int] = {}
        """Where the lists of the records themselves are, and how many objects are in them."""
        self._columns = frozenset(columns)
        top = Observed()
        top.keys = {column: Observed(is_cell=True) for column in columns}
        for line, _, record in records:
            self.records += 1
            top.add(record, line)
        self._rows: dict[str, Description] = {}
        self._add_rows(self._rows, top.keys, (), (), ())

    def endpoint(self, name: str) -> Endpoint:
        """The table of the fields."""
        return Endpoint(name, described_rows(self._rows))

    @property
    def has_sources(self) -> bool:
        """Whether some field has another name than its data."""
        return _has_sources(self._rows)

    def _add_rows(
        self,
        rows: dict[str, Description],
        keys: dict[str, Observed],
        names: tuple[str, ...],
        path: tuple[str, ...],
        relations: tuple[str, ...],
    ) -> None:
        """Add the rows for what is under some keys: of the records of a table, or of the objects at a path inside them."""
        for key, place in keys.items():
            parts = self._path_of(key) if not path else (key,)
            if not all(map(_is_sayable, parts)):
                self.left_out.append(".".join([*relations, *path, key]))
                continue
            segments = (*names, *[_segment(part, first=not names and not at) for at, part in enumerate(parts)])
            source = (*path, *parts)
            kind = place.kind(key)
            if kind == "object" and len(segments) < MOST_SEGMENTS:
                self._add_rows(rows, place.keys, segments, source, relations)
            else:
                self._add_row(rows, place, kind, segments, source, relations)

    def _add_row(
        self,
        rows: dict[str, Description],
        place: Observed,
        kind: str,
        segments: tuple[str, ...],
        source: tuple[str, ...],
        relations: tuple[str, ...],
    ) -> None:
        name = _free_name(".".join(segments), rows)
        row: Description = {"type": kind}
        position = len(self.fields)
        match kind:
            case "map" | "object":
                row = {"type": "custom"}
                if kind == "map":
                    name, source = f"{name}.*", (*source, "*")
            case "enum":
                row["choices"] = sorted(place.texts)
            case "relation":
                fields: dict[str, Description] = {}
                if len(relations) < DEFAULT_LIMITS.max_relation_depth and place.related is not None:
                    self._add_rows(fields, place.related.keys, (), (), (*relations, name))
                    if not relations:
                        self.lists[".".join(source)] = place.related.values
                row = {"type": "relation", "fields": fields} if fields else {"type": "custom"}
        if tuple(name.split(".")) != source:
            row["source"] = list(source)
        rows[name] = row
        full = ".".join([*relations, name])
        reason = place.reason("custom" if row["type"] == "custom" and kind != "map" else kind)
        self.fields.insert(position, InferredField(full, row["type"], reason))
        if place.kind_without_null_words and kind != "id":
            for word in place.null_words:
                self.null_words.setdefault(word, []).append(full)

    def _path_of(self, key: str) -> tuple[str, ...]:
        """The path of a column of CSV, whose dots are those of a path unless another column is in the way; else the key."""
        parts = key.split(".")
        befores = {".".join(parts[:end]) for end in range(1, len(parts))}
        if key in self._columns and all(map(_SEGMENT.fullmatch, parts)) and not befores & self._columns:
            return tuple(parts)
        return (key,)


def _is_sayable(key: str) -> bool:
    """Whether a key can be part of a source."""
    return bool(key.strip()) and key.isprintable() and key != "*" and not key.startswith(PRIVATE)


def _segment(key: str, *, first: bool) -> str:
    """The key as a segment of a field's name: itself, or what remains of it in letters and digits."""
    if _SEGMENT.fullmatch(key) and (not first or field_fault(key) is None):
        return key
    plain = normalize("NFKD", key.replace("ß", "ss")).encode("ascii", "ignore").decode()
    cleaned = re.sub(r"[^A-Za-z0-9]+", "_", plain).strip("_")[:60] or "field"
    return f"_{cleaned}" if first and cleaned[0].isdigit() else cleaned


def _free_name(name: str, rows: dict[str, Description]) -> str:
    """The name, with a number behind it if it is taken."""
    unused, number = name, 1
    while unused in rows or f"{unused}.*" in rows:
        number += 1
        unused = f"{name.removesuffix('_')}_{number}"  # no segment begins with two underscores
    return unused


def _has_sources(rows: dict[str, Description]) -> bool:
    return any("source" in row or _has_sources(row.get("fields", {})) for row in rows.values())
