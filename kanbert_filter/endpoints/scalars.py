"""The types of fields that hold one value: what each takes, which operators it allows, how tables write it."""

from __future__ import annotations

import enum as python_enum
import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final, Self, TypeVar

from ..checked import CheckedFilter
from ..errors import quoted
from ..immutable import Immutable
from ..kinds import FieldKind
from ..limits import Limits
from ..nodes import Filter, Node
from ..operators import OPERATORS, TEXT_OPERATORS, Group, of_groups, operator
from ..values import (
    MAX_EXPONENT,
    ME,
    Special,
    UntypedText,
    Value,
    exact,
    number_size,
    number_text,
    read_date,
    read_special,
    read_timestamp,
    timestamp_text,
)
from .type_text import write_notation

_SCHEMA_NAME: Final = re.compile(r"[\w.,/|\\-]+(?: [\w.,/|\\-]+)*")
_DESCRIBED: Final = ("name", "entity", "choices", "case_sensitive")
_TEXT: Final = frozenset({str})
_NUMBERS: Final = frozenset({int, Decimal})
_NONE: Final[frozenset[type]] = frozenset()


class ValueFault(Exception):
    """A value its field does not take: a problem code, what is wrong, and what could stand there instead."""

    def __init__(self, code: str, message: str, suggestions: Iterable[str] = ()) -> None:
        self.code = code
        self.message = message
        self.suggestions = tuple(suggestions)
        super().__init__(code, message)


class FieldType(Immutable):
    """What all field types share.

    `operators` are the words the field allows (default: those of its type), in any spelling; `source` is the dotted
    path where the data is, when that is not the public name.

    Raises `ValueError` for an operator that the type does not have.
    """

    __slots__ = ("keeps", "operators", "source")
    __match_args__ = ("operators", "source")

    kind: ClassVar[FieldKind]
    default_groups: ClassVar[tuple[Group, ...]]

    operators: frozenset[str]
    source: str | None
    keeps: Mapping[str, frozenset[type]]
    """For each allowed operator the classes of values that are taken as they are: `check` need not look closer."""

    def __init__(self, *, operators: Iterable[str] | None = None, source: str | None = None) -> None:
        self._configure(operators, source)

    def _configure(self, operators: Iterable[str] | None, source: str | None, **slots: object) -> None:
        possible = self.possible_operators()
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
        self._fill(operators=allowed, source=source, **slots)
        self._fill(keeps={name: self._kept_classes(name) for name in allowed})

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NONE

    def description(self, *, concise: bool = False) -> dict[str, Any]:
        """The type as plain data, without its source; `concise` leaves out operators that are all those of the type."""
        described: dict[str, Any] = {"type": self.kind}
        for name in _DESCRIBED:
            part = getattr(self, name) if name in self.__match_args__ else None
            if part:
                described[name] = list(part) if isinstance(part, tuple) else part
        if not concise or self.operators != self.possible_operators():
            described["operators"] = self.ordered_operators()
        return described

    @property
    def notation(self) -> str:
        """The type as tables write it: `enum<Status>: open, done`."""
        return write_notation(self.description(concise=True))

    @classmethod
    def possible_operators(cls) -> frozenset[str]:
        """The operators a field of this type can allow, and does when nothing else is said."""
        return of_groups(*cls.default_groups)

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        """The value in canonical form. Raises `ValueFault` if the field does not take it with this operator."""
        raise NotImplementedError

    def with_parts(self, **parts: object) -> Self:
        """This type with some of its parts exchanged."""
        return _restored(type(self), dict(zip(self.__match_args__, self._arguments(), strict=True)) | parts)

    def ordered_operators(self) -> list[str]:
        """The allowed operators in the order of the language's own table."""
        return [name for name in OPERATORS if name in self.operators]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.notation!r}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (type(self), dict(zip(self.__match_args__, self._arguments(), strict=True)))


T = TypeVar("T", bound=FieldType)


def _restored(kind: type[T], parts: dict[str, Any]) -> T:
    made = object.__new__(kind)
    made._configure(**parts)
    return made


class SearchedType(FieldType):
    """What types with text operators share: with `case_sensitive=True` these tell upper from lower case."""

    __slots__ = ("case_sensitive",)
    __match_args__ = ("operators", "source", "case_sensitive")

    case_sensitive: bool

    def __init__(
        self, *, operators: Iterable[str] | None = None, source: str | None = None, case_sensitive: bool = False
    ) -> None:
        self._configure(operators, source, case_sensitive=case_sensitive)

    def _kept_classes(self, operator: str) -> frozenset[type]:
        if operator in TEXT_OPERATORS:
            return _NONE if operator == "like" else _TEXT
        return self._compared_classes(operator)

    def _compared_classes(self, operator: str) -> frozenset[type]:
        raise NotImplementedError


class String(SearchedType):
    """Text. With `case_sensitive=True` the text operators tell upper from lower case.

    >>> import kanbert_filter as kf
    >>> names = kf.Endpoint("clients", {"name": kf.types.String(case_sensitive=True)})
    >>> kf.compile_predicate(names.parse("name contains 'acme'"))({"name": "ACME"})
    False
    """

    __slots__ = ()

    kind = "string"
    default_groups = ("set", "equality", "text", "null")

    def _compared_classes(self, operator: str) -> frozenset[type]:
        return _TEXT

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        return _admitted_text(operator, value)


class Number(FieldType):
    """An integer or a decimal, exact.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"hours": kf.types.Number(operators=["gt", "lt"])})
    >>> projects["hours"]
    <Number 'number; lt, gt'>
    """

    __slots__ = ()

    kind = "number"
    default_groups = ("equality", "order", "set", "null")

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NUMBERS

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, UntypedText):
            return _read_number(value.text, limits)
        if value.__class__ in _NUMBERS:
            return value
        raise _not_a("number", value, remedy="write it without quotes" if _is_number(value) else "")


class Currency(SearchedType):
    """A number whose text operators see it in plain decimal without trailing zeros.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"budget": kf.types.Currency()})
    >>> kf.compile_predicate(projects.parse("budget endsWith '.5'"))({"budget": 1500.50})
    True
    """

    __slots__ = ()

    kind = "currency"
    default_groups = ("equality", "order", "set", "null", "text")

    def _compared_classes(self, operator: str) -> frozenset[type]:
        return _NUMBERS

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if operator in TEXT_OPERATORS:
            return _admitted_text(operator, value)
        return Number.admit(self, operator, value, limits)  # type: ignore[arg-type]


class Boolean(FieldType):
    """`true` or `false`, and no other value that Python takes for true.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"done": kf.types.Boolean()})
    >>> kf.compile_predicate(projects.parse("done = true")).select([{"done": True}, {"done": None}])
    [{'done': True}]
    """

    __slots__ = ()

    kind = "boolean"
    default_groups = ("equality", "null")

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return frozenset({bool})

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, UntypedText) and value.text in ("true", "false"):
            return value.text == "true"
        if isinstance(value, bool):
            return value
        raise _not_a("boolean", value, expected="true or false")


class Date(FieldType):
    """A calendar date: `YYYY-MM-DD`, `today±Nd` and the other date specials.

    >>> import kanbert_filter as kf
    >>> from datetime import date
    >>> tasks = kf.Endpoint("tasks", {"due_on": kf.types.Date()})
    >>> kf.compile_predicate(tasks.parse("due_on < '2024-02-01'"))({"due_on": date(2024, 1, 31)})
    True
    """

    __slots__ = ()

    kind = "date"
    default_groups = ("equality", "order", "set", "null")

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, str) and read_date(value) is not None:
            return value
        text = _moment_text(self.kind, value, limits)
        if isinstance(text, Special) or read_date(text) is not None:
            return text
        if read_timestamp(text) is not None:
            message = f"Found the timestamp {quoted(text)}, expected a date; write {quoted(text[:10])}"
            raise ValueFault("invalid_date", message, [text[:10]])
        raise ValueFault(
            "invalid_date", f"Found {quoted(text)}, expected a date such as '2024-01-31' or a special such as today-7d"
        )


class DateTime(FieldType):
    """An instant: a timestamp, a whole day, or a date special.

    >>> import kanbert_filter as kf
    >>> tasks = kf.Endpoint("tasks", {"done_at": kf.types.DateTime()})
    >>> kf.compile_predicate(tasks.parse("done_at = '2024-01-31'"))({"done_at": "2024-01-31T18:00:00Z"})
    True
    """

    __slots__ = ()

    kind = "datetime"
    default_groups = ("equality", "order", "set", "null")

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, str) and read_date(value) is not None:
            return value
        text = _moment_text(self.kind, value, limits)
        if isinstance(text, Special) or read_date(text) is not None:
            return text
        moment = read_timestamp(text)
        if moment is not None:
            return text if moment.tzinfo is None else timestamp_text(moment)
        if read_timestamp(
            text.replace(" ", "+", 2).replace("+", " ", 1) if "T" not in text else text.replace(" ", "+")
        ):
            message = f"Found {quoted(text)}, expected an offset; a '+' in a query string must be sent as %2B"
            raise ValueFault("lost_plus", message)
        expected = "a timestamp such as '2024-01-31T12:00:00Z', a date, or a special such as today-7d"
        message = f"Found {quoted(text)}, expected {expected}"
        raise ValueFault("invalid_timestamp", message)


class Enum(FieldType):
    """One of the listed texts, or any text where none are listed.

    `Enum("running", "closed")` lists its choices; a Python enum class lists its members' values, which are texts; `name`
    is the name of the enumeration in the public tables.

    Raises `ValueError` for a member whose value is no text, and for a name that tables cannot write.

    >>> import kanbert_filter as kf
    >>> kf.types.Enum("running", "closed", name="Status")
    <Enum 'enum<Status>: running, closed'>
    """

    __slots__ = ("choices", "name")
    __match_args__ = ("operators", "source", "choices", "name")

    kind = "enum"
    default_groups = ("equality", "set", "null")

    choices: tuple[str, ...]
    name: str | None

    def __init__(
        self,
        *choices: str | type[python_enum.Enum],
        name: str | None = None,
        operators: Iterable[str] | None = None,
        source: str | None = None,
    ) -> None:
        listed = [text for choice in choices for text in _choices(choice)]
        self._configure(operators, source, choices=tuple(dict.fromkeys(listed)), name=_schema_name(name))

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NONE if self.choices else _TEXT

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        text = _admitted_text(operator, value)
        if self.choices and text not in self.choices:
            raise _no_choice(text, self.choices)
        return text


class Id(FieldType):
    """The id of an entity: text or an integer, equal by their text, or `me.id`. `Id("UserData")` names the schema.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"owner.id": kf.types.Id("UserData", source="owner_id")})
    >>> matches = kf.compile_predicate(projects.parse("owner.id = me.id"), kf.Context(me=7))
    >>> matches({"owner_id": 7}), matches({"owner_id": "7"})
    (True, True)
    """

    __slots__ = ("entity",)
    __match_args__ = ("operators", "source", "entity")

    kind = "id"
    default_groups = ("equality", "set", "null")

    entity: str | None

    def __init__(
        self, entity: str | None = None, *, operators: Iterable[str] | None = None, source: str | None = None
    ) -> None:
        self._configure(operators, source, entity=_schema_name(entity))

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, UntypedText):
            value = value.text
        if value == ME or value == ME.name:
            return ME
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        raise _not_a("id", value, expected="a text, an integer or me.id")


class Custom(SearchedType):
    """A field whose values are of any simple kind; only values of the same kind compare.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"custom_field.*": kf.types.Custom()})
    >>> matches = kf.compile_predicate(projects.parse("custom_field.rank < 3"))
    >>> matches({"custom_field": {"rank": 1}}), matches({"custom_field": {"rank": "1"}})
    (True, False)
    """

    __slots__ = ()

    kind = "custom"
    default_groups = ("set", "equality", "order", "text", "null")

    def _compared_classes(self, operator: str) -> frozenset[type]:
        simple = _TEXT | _NUMBERS
        return simple if operator in of_groups("order") else simple | {bool}

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if operator in TEXT_OPERATORS:
            return _admitted_text(operator, value)
        if isinstance(value, UntypedText):
            return value.text
        if isinstance(value, Special):
            raise _not_a(
                "custom",
                value,
                expected="a text, number or boolean",
                remedy=f'write "{value}" in quotes to mean the text',
            )
        if isinstance(value, bool) and operator in of_groups("order"):
            raise _not_a("custom", value, expected="a text or number: booleans have no order")
        return value


class Count(FieldType):
    """The number of a relation's records: the type of `tasks.count`. The check makes it; no table writes it."""

    __slots__ = ("relation",)
    __match_args__ = ("operators", "source", "relation")

    kind = "count"
    default_groups = ("equality", "order")

    relation: FieldType

    def __init__(self, relation: FieldType) -> None:
        self._configure(None, None, relation=relation)

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        number = (
            _read_number(value.text, limits) if isinstance(value, UntypedText) and _is_number(value.text) else value
        )
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            return number
        raise _not_a("count", number, expected="a whole number of at least 0")


class Scope(FieldType):
    """A switch such as `archived: with, only, without`, which compares no column: each choice stands for a condition.

    The conditions are the owner's: filters over this endpoint's fields (a field it does not have is taken as of type
    custom), or filters checked by an endpoint that knows more. Without conditions the scope is unbound: it can be
    read, checked and written, and must be bound (`Endpoint.bind`) before it is compiled.

    >>> import kanbert_filter as kf
    >>> big = kf.field("budget") >= 100_000
    >>> projects = kf.Endpoint("projects", {"size": kf.types.Scope({"any": kf.EVERYTHING, "big": big})})
    >>> kf.compile_predicate(projects.parse("size = 'big'"))({"budget": 120_000})
    True
    """

    __slots__ = ("choices", "conditions")
    __match_args__ = ("operators", "source", "choices", "conditions")

    kind = "scope"
    default_groups = ("equality",)

    choices: tuple[str, ...]
    conditions: Mapping[str, Filter | CheckedFilter] | None

    def __init__(self, conditions: Mapping[str, Filter | CheckedFilter] | Iterable[str]) -> None:
        bound = _conditions(conditions) if isinstance(conditions, Mapping) else None
        self._configure(None, None, choices=tuple(dict.fromkeys(conditions)), conditions=bound)

    def bound(self, conditions: Mapping[str, Filter | CheckedFilter]) -> Scope:
        """This scope with these conditions. Raises `ValueError` if they are not exactly for its choices.

        >>> import kanbert_filter as kf
        >>> kf.types.Scope(["any", "big"]).bound({"any": kf.EVERYTHING, "big": kf.field("budget") >= 100_000}).choices
        ('any', 'big')
        """
        if set(conditions) != set(self.choices):
            raise ValueError(f"the choices are {', '.join(self.choices)}; got conditions for {', '.join(conditions)}")
        return self.with_parts(conditions=_conditions({choice: conditions[choice] for choice in self.choices}))

    def _key(self) -> tuple[object, ...]:
        return self.choices, self.conditions and tuple(self.conditions.items())

    @classmethod
    def possible_operators(cls) -> frozenset[str]:
        """Only `eq`."""
        return frozenset({"eq"})

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        text = _admitted_text(operator, value)
        if text not in self.choices:
            raise _no_choice(text, self.choices)
        return text


def _choices(choice: str | type[python_enum.Enum]) -> list[str]:
    """A choice as a list of one, the members of an enumeration by their values."""
    if isinstance(choice, str):
        return [str.__str__(choice)]
    if not isinstance(choice, python_enum.EnumMeta):
        raise TypeError(f"expected texts or a Python enum class as choices, not {type(choice).__name__}")
    for member in choice:
        if not isinstance(member.value, str):
            raise ValueError(
                f"{choice.__name__}.{member.name} has the value {member.value!r}, expected a text; records hold what"
                " members stand for: take another type, such as 'number', or an enumeration of texts"
            )
    return [str.__str__(member.value) for member in choice]


def _conditions(conditions: Mapping[str, Filter | CheckedFilter]) -> dict[str, Filter | CheckedFilter]:
    for choice, condition in conditions.items():
        if not isinstance(condition, (Node, CheckedFilter)):
            raise TypeError(f"scope choice {choice!r} is a {type(condition).__name__}, expected a filter")
    return dict(conditions)


def _schema_name(name: str | None) -> str | None:
    name = (name or "").strip()
    if name and _SCHEMA_NAME.fullmatch(name) is None:
        raise ValueError(
            f"{quoted(name)} is no name of a schema; expected letters, digits and . , / | \\ - _ or a blank"
        )
    return name or None


def _describe(value: Value) -> str:
    match value:
        case bool():
            return f"the boolean {str(value).lower()}"
        case Special():
            return f"the special value {value}"
        case str() | UntypedText():
            return f"the text {quoted(value)}"
    return f"the number {quoted(number_text(value))[1:-1]}"


def _not_a(kind: str, value: Value, *, expected: str = "", remedy: str = "") -> ValueFault:
    sentence = f"Found {_describe(value)}, expected {expected or f'a {kind}'}"
    return ValueFault("invalid_value", f"{sentence}; {remedy}" if remedy else sentence)


def _no_choice(found: str, choices: tuple[str, ...]) -> ValueFault:
    shown = ", ".join(map(quoted, choices[:20])) + (", …" if len(choices) > 20 else "")
    return ValueFault("invalid_choice", f"Found {quoted(found)}, expected one of {shown}", choices[:20])


def _admitted_text(operator: str, value: Value) -> str:
    text = value.text if isinstance(value, UntypedText) else value
    if not isinstance(text, str):
        remedy = f'write "{text}" in quotes to mean the text' if isinstance(text, Special) else "write it in quotes"
        raise _not_a("text", value, remedy=remedy)
    if operator == "like" and (len(text) - len(text.rstrip("\\"))) % 2:
        remedy = "expected a character after it; write \\\\ for a backslash"
        message = f"The pattern {quoted(text)} ends in a lone backslash, {remedy}"
        raise ValueFault("invalid_pattern", message)
    return text


def _is_number(value: object) -> bool:
    return isinstance(value, str) and number_size(value) is not None


def _read_number(text: str, limits: Limits) -> Value:
    size = number_size(text)
    if size is None:
        raise _not_a("number", UntypedText(text))
    digits, exponent = size
    if digits > limits.max_number_digits or abs(exponent) > min(limits.max_exponent, MAX_EXPONENT):
        message = (
            f"Found a number of {digits} digits and exponent {exponent}, expected at most"
            f" {limits.max_number_digits} digits and an exponent within ±{limits.max_exponent}"
        )
        raise ValueFault("number_too_long", message)
    return exact(Decimal(text))


def _moment_text(kind: str, value: Value, limits: Limits) -> str | Special:
    special = (
        value
        if isinstance(value, Special)
        else read_special(str(value))
        if isinstance(value, (str, UntypedText))
        else None
    )
    if special is not None:
        if special == ME:
            raise _not_a(kind, special, remedy="me.id stands on id fields")
        if abs(special.days) > limits.max_day_offset:
            message = f"Found an offset of more than {limits.max_day_offset} days, expected at most that; write a date"
            raise ValueFault("day_offset_too_large", message)
        return special
    if isinstance(value, (str, UntypedText)):
        text = str(value)
        if re.fullmatch(r"(?i:today) [0-9]+[dD]?", text):
            message = (
                f"Found {quoted(text)}, expected today+Nd or today-Nd; a '+' in a query string must be sent as %2B"
            )
            raise ValueFault("lost_plus", message)
        special = read_special(text.lower())
        if special is not None and special != ME:
            message = f"Found {quoted(text)}, expected '{special}' in lower case"
            raise ValueFault("invalid_special", message, [str(special)])
        return text
    raise _not_a(kind, value, expected=f"a {kind} in quotes")
