"""What every field type says of itself: the operators and values it takes, what they mean, and how it is described.

A type is a class with all of this in one place. The layers above ask the type and have no tables of their own, except
for what only they know: those tables are keyed by `FieldKind`, and a kind that one of them forgot fails at import.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Final, NamedTuple, Self, TypeVar

from .. import messages
from ..checked import CheckedFilter
from ..context import Edge, Instant, Moment
from ..errors import Problem
from ..immutable import Immutable
from ..kinds import FieldKind
from ..limits import Limits
from ..nodes import Comparison, Filter
from ..operators import OPERATORS, TEXT_OPERATORS, Group, of_groups, operator
from ..values import Constant, Value
from .type_text import write_type

_DESCRIBED: Final = ("name", "entity", "choices", "case_sensitive")
_TEXT: Final = frozenset({str})
_NONE: Final[frozenset[type]] = frozenset()


class WholeDay(NamedTuple):
    """A day as a set of instants: from `first` up to, not including, `following`, the first instant of the next day."""

    first: Instant
    following: Instant


class Quantity(NamedTuple):
    """A number that the number of a relation's records is compared with."""

    number: int


Source = str | Sequence[str]
"""Where a field's data is: a dotted path, or a sequence of keys, which may hold dots and blanks."""

Settled = Constant | Edge | WholeDay | Quantity | CheckedFilter
"""What a value means at a moment: a constant of the column's sort, a moment beyond the calendar, a day on a field of
instants, a number of records, or (of a scope's choice) a condition."""


class ValueFault(Exception):
    """A value its field does not take, as a problem without a place.

    `choices` are all values that the field takes, where they can be listed: the closest one may be what was meant.
    """

    def __init__(self, problem: Problem, choices: tuple[str, ...] = ()) -> None:
        self.problem = problem
        self.choices = choices
        super().__init__(problem, choices)


class FieldType(Immutable):
    """What all field types share.

    `operators` are the words the field allows (default: those of its type), in any spelling; `source` is where the data
    is, when that is not the public name: a dotted path, or a tuple of keys for keys that hold dots.

    Raises `ValueError` for an operator that the type does not have, and for a source with an empty key.
    """

    __slots__ = ("keeps", "operators", "source")
    __match_args__ = ("operators", "source")

    kind: ClassVar[FieldKind]
    """The word for the type in tables and messages."""
    default_groups: ClassVar[tuple[Group, ...]]
    """The families of operators that the type has."""
    holds: ClassVar[tuple[type, ...]] = ()
    """The Python classes of the values that records hold in such a field."""
    other_names: ClassVar[tuple[str, ...]] = ()
    """What other systems call such a type: the answer to a table that uses one of these words names the right one."""
    mixed: ClassVar[bool] = False
    """Whether a field holds values of several sorts, of which only those of one sort compare with each other."""
    shown: ClassVar[tuple[tuple[str, ...], Value]]
    """For examples: the operators that are worth showing, the best first, and a value."""

    operators: frozenset[str]
    source: tuple[str, ...] | None
    keeps: Mapping[str, frozenset[type]]
    """For each allowed operator the classes of values that are taken as they are: `check` need not look closer."""

    def __init__(self, *, operators: Iterable[str] | None = None, source: Source | None = None) -> None:
        self._configure(operators, source)

    def _configure(self, operators: Iterable[str] | None, source: Source | None, **slots: object) -> None:
        possible = self.possible_operators()
        if isinstance(operators, str):
            raise messages.not_a_list("operators", operators)
        if operators is None:
            allowed = possible
        else:
            try:
                allowed = frozenset([operator(word).name for word in operators])
            except AttributeError:
                raise TypeError("expected operators as words, such as ['eq', 'in']") from None
            except KeyError as error:
                raise ValueError(
                    f"{error.args[0]!r} is no operator; expected words such as {', '.join(sorted(possible))}"
                ) from None
            if not allowed <= possible:
                wrong = ", ".join(sorted(allowed - possible))
                raise ValueError(f"type '{self.kind}' has no operator {wrong}; it has {', '.join(sorted(possible))}")
        self._fill(operators=allowed, source=_keys_of(source), **slots)
        self._fill(keeps={name: self._kept_classes(name) for name in allowed})

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NONE

    def description(self, *, concise: bool = False, sources: bool = False) -> dict[str, Any]:
        """The type as plain data, with its source only if `sources` are asked for.

        `concise` leaves out operators that are all those of the type.
        """
        described: dict[str, Any] = {"type": self.kind}
        for name in _DESCRIBED:
            part = getattr(self, name) if name in self.__match_args__ else None
            if part:
                described[name] = list(part) if isinstance(part, tuple) else part
        if not concise or self.operators != self.possible_operators():
            described["operators"] = self.ordered_operators()
        if sources and self.source is not None:
            dotted = all("." not in key for key in self.source)
            described["source"] = ".".join(self.source) if dotted else list(self.source)
        return described

    @property
    def text(self) -> str:
        """The type as tables write it: `enum<Status>: open, done`."""
        return write_type(self.description(concise=True))

    @classmethod
    def possible_operators(cls) -> frozenset[str]:
        """The operators a field of this type can allow, and does when nothing else is said."""
        return of_groups(*cls.default_groups)

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        """The value in canonical form. Raises `ValueFault` if the field does not take it with this operator."""
        raise NotImplementedError

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> Settled:
        """What an admitted value means at a moment, for an operator that compares it (`eq` for the values of a list).

        Most values mean themselves. `path` is the field's, for messages. Raises `ContextError` for what the moment lacks.
        """
        return value  # type: ignore[no-any-return]

    def offered(self, operator: str) -> Iterable[Value]:
        """The values worth offering where one is to be written, if they are few and known."""
        return ()

    def sample(self, name: str) -> Filter | None:
        """A condition to show what filters on a field of this type and name look like; None if the type has none."""
        operators, value = self.shown
        allowed = [operator for operator in operators if operator in self.operators]
        return Comparison(name, allowed[0], value) if allowed else None

    def with_parts(self, **parts: object) -> Self:
        """This type with some of its parts exchanged."""
        return _type_of_parts(type(self), dict(zip(self.__match_args__, self._arguments(), strict=True)) | parts)

    def ordered_operators(self) -> list[str]:
        """The allowed operators in the order of the language's own table."""
        return [name for name in OPERATORS if name in self.operators]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.text!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _type_of_parts, (type(self), dict(zip(self.__match_args__, self._arguments(), strict=True)))


def _keys_of(source: Source | None) -> tuple[str, ...] | None:
    """The keys of a source. Raises `ValueError` where one is empty."""
    if source is None:
        return None
    keys = source.split(".") if isinstance(source, str) else source
    if not isinstance(keys, (list, tuple)) or not all(isinstance(key, str) for key in keys):
        raise TypeError(f"expected a source as a dotted path or a tuple of keys, not {source!r}")
    if not keys or not all(keys):
        raise ValueError(f"found the source {source!r}, expected keys that are not empty, joined by '.' or in a tuple")
    return tuple(map(str.__str__, keys))


T = TypeVar("T", bound=FieldType)


def _type_of_parts(kind: type[T], parts: dict[str, Any]) -> T:
    made = object.__new__(kind)
    made._configure(**parts)
    return made


class SearchedType(FieldType):
    """What types with text operators share: with `case_sensitive=True` these distinguish upper from lower case."""

    __slots__ = ("case_sensitive",)
    __match_args__ = ("operators", "source", "case_sensitive")

    case_sensitive: bool

    def __init__(
        self, *, operators: Iterable[str] | None = None, source: Source | None = None, case_sensitive: bool = False
    ) -> None:
        self._configure(operators, source, case_sensitive=case_sensitive)

    def _kept_classes(self, operator: str) -> frozenset[type]:
        if operator in TEXT_OPERATORS:
            return _NONE if operator == "like" else _TEXT
        return self._compared_classes(operator)

    def _compared_classes(self, operator: str) -> frozenset[type]:
        raise NotImplementedError
