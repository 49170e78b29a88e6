"""What the back end asks of an engine of data frames: its types, its columns, and a table of operations."""

from __future__ import annotations

import operator
from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from importlib import import_module
from typing import Any, ClassVar, Final, Generic, NamedTuple

from ..columns.lines import Line, Storage, Stored, Timestamps
from ..columns.logic import E, Logic
from ..columns.patterns import automaton


class Typed(NamedTuple):
    """An engine's expression, and the engine's type of its values."""

    value: Any
    type: Any


class ListOf(NamedTuple):
    """A type of lists; the engine's type of their items."""

    item: Any


class StructOf(NamedTuple):
    """A type of structs; the engine's types of their fields by name."""

    fields: Mapping[str, Any]


class MapOf(NamedTuple):
    """A type of maps from texts; the engine's type of their values."""

    value: Any


Held = Storage | ListOf | StructOf | MapOf
"""What values of a type are. None is a type that no field is read from."""

NULLS: Final = Line()
"""What a type of nulls only holds: engines give it to columns in which they never saw a value."""

TIMESTAMPS: Final[Mapping[str, Mapping[str, Any]]] = {
    "s": {"step": 1_000_000},
    "ms": {"step": 1000},
    "us": {},
    "ns": {"low": datetime(1677, 9, 21, 0, 12, 43, 145225), "high": datetime(2262, 4, 11, 23, 47, 16, 854775)},
}
"""What timestamps of a unit hold."""


def timestamps(unit: str, aware: bool) -> Timestamps:
    """Timestamps of a unit, with a time zone (aware) or without one."""
    return Timestamps(aware, **TIMESTAMPS[unit])


def by_name(columns: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The types of columns, or of fields, by their names. What several are called, none is: engines refuse it, or take one of them."""
    known = [*columns]
    counts = Counter(name for name, _ in known)
    return {name: type for name, type in known if counts[name] == 1}


_PYTHONS: Final[Mapping[str, Callable[[Any, Any], Any]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
}


class Operations(NamedTuple, Generic[E]):
    """What an engine does with values, one function each. What is asked of a null is null, or false."""

    field: Callable[[E, str], E]
    """A struct's field."""
    key: Callable[[E, str], E]
    """A map's value under a key."""
    is_null: Callable[[E], E]
    """Never null."""
    known: Callable[[E], E]
    """A condition, false where it is null."""
    lower: Callable[[E], E]
    contains: Callable[[E, str], E]
    starts: Callable[[E, str], E]
    ends: Callable[[E, str], E]
    matches: Callable[[E, str], E]
    """Whether a regular expression, as `pattern` spells it, is found in a text."""
    pattern: Callable[[str], str]
    """The regular expression of a `like` pattern."""
    written: Callable[[E], E]
    """An integer or Decimal as text."""
    stripped: Callable[[E, str], E]
    """A text without this character at its end, however often it is there."""
    length: Callable[[E], E]
    """How many items a list has; 0 where it is null."""
    compared: Mapping[str, Callable[[Any, Any], Any]] = _PYTHONS
    both: Callable[[Any, Any], Any] = operator.and_
    either: Callable[[Any, Any], Any] = operator.or_
    no: Callable[[Any], Any] = operator.invert


def of_polars(*, text: Any) -> Operations[Any]:
    """The operations as Polars names them, and Narwhals after it; `text` is their type of texts."""
    return Operations(
        field=lambda value, name: value.struct.field(name),
        key=lambda value, name: value.map.get(name),
        is_null=lambda value: value.is_null(),
        known=lambda condition: condition.fill_null(False),
        lower=lambda value: value.str.to_lowercase(),
        contains=lambda value, part: value.str.contains(part, literal=True),
        starts=lambda value, part: value.str.starts_with(part),
        ends=lambda value, part: value.str.ends_with(part),
        matches=lambda value, pattern: value.str.contains(pattern),
        pattern=automaton,
        written=lambda number: number.cast(text),
        stripped=lambda value, mark: value.str.strip_chars_end(mark),
        length=lambda lists: lists.list.len().fill_null(0),
    )


class Engine(Logic[E]):
    """The engine of one frame. It joins conditions as balanced trees, so that engines need not dig deep."""

    width = 2
    name: ClassVar[str]
    operations: Operations[Any]
    expressions: type | tuple[type, ...]
    """The classes of what a caller may give as a column."""

    over: Engine[Any] | None = None
    """The engine beneath one that cannot say conditions on the records of a list."""

    frame: Any
    types: Mapping[str, Any]
    """The types of the frame's columns by name; see `by_name`."""

    # given by each engine

    @abstractmethod
    def column(self, name: str) -> E:
        """A column of the frame."""

    @abstractmethod
    def typed(self, value: Any) -> Typed:
        """An expression that the caller gives for a column."""

    @abstractmethod
    def held(self, type: Any) -> Held:
        """What values of a type are."""

    @abstractmethod
    def plain(self, value: E, type: Any) -> Typed:
        """The values as they are compared, in a type that the engine compares well."""

    @abstractmethod
    def everywhere(self, value: bool) -> E:
        """The condition that is true, or false, for every row of the frame."""

    @abstractmethod
    def constant(self, value: Stored, type: Any) -> Any:
        """A stored value as the engine compares values of this type with it, without loss."""

    @abstractmethod
    def one_of(self, value: E, constants: Sequence[Stored], type: Any) -> E:
        """The value is one of these, each of which its type holds; null where the value is."""

    @abstractmethod
    def element(self, lists: E) -> E:
        """An item of the lists, for a condition on the items."""

    # what most engines do alike

    def unread(self, type: Any) -> str | None:
        """What a column of this type holds, if its values are of no one type, so nothing may be asked of them."""
        return None

    def find(self, name: str) -> Typed | None:
        """A column of the frame, if there is one of this name."""
        return Typed(self.column(name), self.types[name]) if name in self.types else None

    def own(self, condition: E) -> Any:
        """The condition as the engine's own filter takes it."""
        return condition

    def filtered(self, condition: E) -> Any:
        """The rows of the frame where the condition is true."""
        return self.frame.filter(condition)

    def wrapped(self, frame: Any) -> Any:
        """A frame of the engine beneath as one of this engine."""
        raise NotImplementedError

    def where_present(self, value: E, condition: E) -> E:
        """A condition on the value that is not true where the value is null."""
        return condition

    def some(self, lists: E, test: Callable[[E], E | bool]) -> E | bool:
        """Whether some item of a list passes a test, never null; True if every item of any list does."""
        element = self.element(lists)
        condition = test(element)
        return condition if isinstance(condition, bool) else self.exists(lists, element, condition)

    def exists(self, lists: E, element: E, condition: E) -> E:
        """Whether the condition, which is about this `element`, is true for some item of a list. Never null."""
        raise NotImplementedError

    # logic

    def conjunction(self, expressions: Sequence[E]) -> E:
        return self.operations.both(*expressions)  # type: ignore[no-any-return]

    def disjunction(self, expressions: Sequence[E]) -> E:
        return self.operations.either(*expressions)  # type: ignore[no-any-return]

    def negation(self, expression: E) -> E:
        return self.operations.no(expression)  # type: ignore[no-any-return]

    def untruth(self, expression: E) -> E:
        return self.operations.no(self.operations.known(expression))  # type: ignore[no-any-return]


_ENGINES: Final[Mapping[str, tuple[str, str]]] = {
    "polars.DataFrame": ("polars", "PolarsEngine"),
    "polars.LazyFrame": ("polars", "PolarsEngine"),
    "pandas.DataFrame": ("pandas", "PandasEngine"),
    "pyarrow.Table": ("arrow", "ArrowEngine"),
    "duckdb.DuckDBPyRelation": ("duckdb", "DuckDbEngine"),
    "pyspark.DataFrame": ("pyspark", "SparkEngine"),
    "narwhals.DataFrame": ("narwhals", "NarwhalsEngine"),
    "narwhals.LazyFrame": ("narwhals", "NarwhalsEngine"),
}
"""By the package and name of a frame's class: the module of its engine, and the class there."""


def engine_of(frame: Any) -> Engine[Any]:
    """The engine of a frame; its module is imported now. Raises `TypeError` for frames that no test holds to the language."""
    for of in type(frame).__mro__:
        name = f"{of.__module__.partition('.')[0].lstrip('_')}.{of.__qualname__}"
        if name in _ENGINES and not type(frame).__module__.startswith("pyspark.sql.connect"):
            module, engine = _ENGINES[name]
            return getattr(import_module(f".{module}", __package__), engine)(frame)  # type: ignore[no-any-return]
    known = "Polars, pandas, PyArrow, DuckDB, PySpark or Narwhals"
    raise TypeError(f"expected a frame of {known}, not a {type(frame).__module__}.{type(frame).__qualname__}")
