"""The types of fields that hold one value, and of counts and scopes: each class has all facts about its type."""

from __future__ import annotations

import enum as python_enum
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final, cast

from .. import messages
from ..checked import CheckedFilter
from ..context import Edge, Instant, Moment, first_instant, instant_of, moved
from ..errors import ContextError, FilterSyntaxError, Problem, quoted
from ..kinds import ValueKind, exhaustive
from ..limits import Limits
from ..nodes import Comparison, Filter, Node
from ..operators import TEXT_OPERATORS, of_groups
from ..values import (
    ME,
    NOW,
    SPECIALS,
    TODAY,
    Constant,
    Special,
    UntypedText,
    Value,
    number_size,
    number_text,
    read_date,
    read_number,
    read_special,
    read_timestamp,
    sound_text,
    timestamp_text,
)
from .field_type import FieldType, SearchedType, Source, ValueFault, WholeDay

__all__ = ["String", "Number", "Currency", "Boolean", "Date", "DateTime", "Enum", "Id", "Custom", "Count", "Scope"]

_SCHEMA_NAME: Final = re.compile(r"[\w.,/|\\-]+(?: [\w.,/|\\-]+)*")
_TEXT: Final = frozenset({str})
_NUMBERS: Final = frozenset({int, Decimal})
_NONE: Final[frozenset[type]] = frozenset()
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_OUTWARD: Final[dict[Instant, tuple[Edge, tuple[str, str]]]] = {
    _FIRST: (Edge.BEFORE, ("lt", "gte")),
    _LAST: (Edge.AFTER, ("gt", "lte")),
}
"""Nothing stored lies before the first instant or after the last: these comparisons are those with a moment beyond."""
_DATE_SPECIALS: Final = tuple(Special(name) for name, meaning in SPECIALS.items() if meaning.day is not None)


class String(SearchedType):
    """Text. With `case_sensitive=True` the text operators distinguish upper from lower case.

    >>> import kanbert_filter as kf
    >>> names = kf.Endpoint("clients", {"name": kf.types.String(case_sensitive=True)})
    >>> kf.compile_predicate(names.parse("name contains 'acme'"))({"name": "ACME"})
    False
    """

    __slots__ = ()

    kind = "string"
    default_groups = ("set", "equality", "text", "null")
    holds = (str,)
    other_names = ("text", "str", "varchar", "char", "email", "url", "uri")
    shown = (("contains", "startswith", "eq", "ne"), "Acme")

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
    holds = (int, float, Decimal)
    other_names = ("integer", "int", "bigint", "decimal", "numeric", "float", "double", "real")
    shown = (("gte", "eq", "ne"), 1000)

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NUMBERS

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, UntypedText):
            return _read_number(value.text, limits)
        if value.__class__ in _NUMBERS:
            return value
        raise _not_a("number", value, remedy="write it without quotes" if _reads_as_number(value) else "")


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
    holds = (int, float, Decimal)
    other_names = ("money", "price", "amount")
    shown = (("gte", "eq", "ne"), 1000)

    def _compared_classes(self, operator: str) -> frozenset[type]:
        return _NUMBERS

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if operator in TEXT_OPERATORS:
            return _admitted_text(operator, value)
        return Number.admit(self, operator, value, limits)  # type: ignore[arg-type]


_BOOLEANS_OF_FORMS: Final = {"true": True, "false": False, "1": True, "0": False}
"""PHP sends `1` and `0`."""


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
    holds = (bool,)
    other_names = ("bool", "flag")
    shown = (("eq", "ne"), True)

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return frozenset({bool})

    def offered(self, operator: str) -> Iterable[Value]:
        return (True, False)

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, UntypedText) and value.text in _BOOLEANS_OF_FORMS:
            return _BOOLEANS_OF_FORMS[value.text]
        if isinstance(value, bool):
            return value
        raise _not_a("boolean", value, expected="true or false")


class MomentType(FieldType):
    """What dates and instants share: specials, with and without quotes, and days."""

    __slots__ = ()

    default_groups = ("equality", "order", "set", "null")
    shown = (("gte", "eq", "ne"), "2024-01-31")

    def offered(self, operator: str) -> Iterable[Value]:
        return _DATE_SPECIALS

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        if isinstance(value, str) and read_date(value) is not None:
            return value
        found = value.text if isinstance(value, UntypedText) else value
        if not isinstance(found, (str, Special)):
            raise _not_a(self.kind, value, expected=f"a {self.kind} in quotes")
        special = read_special(found) if isinstance(found, str) else found
        if special is None:
            return self._admit_text(cast("str", found))
        if SPECIALS[special.name].day is None:
            raise _not_a(self.kind, special, remedy=f"{special} is for id fields")
        if abs(special.days) > limits.max_day_offset:
            raise ValueFault(messages.day_offset_too_large(limits.max_day_offset))
        return special

    def _admit_text(self, text: str) -> str:
        """The text of a date or a timestamp in canonical form. Raises `ValueFault` for other texts."""
        raise NotImplementedError


def _no_moment(code: str, text: str, expected: str) -> ValueFault:
    """The fault of a text that is not a date or timestamp. It names the special that was meant, or what was expected."""
    if re.fullmatch(r"(?i:today) [0-9]+[dD]?", text):
        message = f"Found {quoted(text)}, expected today+Nd or today-Nd; a '+' in a query string must be sent as %2B"
        return ValueFault(Problem("lost_plus", message))
    lower = text.lower()
    special = _OTHER_WORDS.get(lower) or read_special(lower)
    if special is not None and special != ME:
        spelling = " in lower case" if lower == str(special) else ""
        message = f"Found {quoted(text)}, expected '{special}'{spelling}"
        return ValueFault(Problem("invalid_special", message, suggestions=[str(special)]))
    day = re.match(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])", text)
    if day is not None and read_date(day[0]) is None:
        expected = "a day that is in the calendar, as YYYY-MM-DD"
    elif read_timestamp(text[:-6]) is not None and read_timestamp(f"2024-01-31{text[10:]}") is not None:
        expected = "an instant between the years 1 and 9999 in UTC"
    else:
        expected += " or a special such as today-7d"
    return ValueFault(Problem(code, f"Found {quoted(text)}, expected {expected}"))


_OTHER_SPELLING: Final = re.compile(
    r"([0-9-]{10}[Tt ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:[.,]([0-9]{1,6})[0-9]*)? ?(?:(z|utc|gmt)|([+-][0-9]{2}):?([0-9]{2})?)?",
    re.IGNORECASE,
)


def _respelled(text: str) -> str | None:
    """A timestamp in the language's spelling, where the text is one as other systems write it: `z`, `+02`, seven decimals."""
    match = _OTHER_SPELLING.fullmatch(text)
    if match is None:
        return None
    time, fraction, zone, hours, minutes = match.groups()
    offset = "Z" if zone else f"{hours}:{minutes or '00'}" if hours else ""
    respelled = time + (f".{fraction}" if fraction else "") + offset
    return respelled if read_timestamp(respelled) is not None else None


_OTHER_WORDS: Final = {"tomorrow": TODAY + 1, "yesterday": TODAY - 1, "now()": NOW, "today()": TODAY}
"""What people write in place of specials, by the special that they mean."""


class Date(MomentType):
    """A calendar date: `YYYY-MM-DD`, `today±Nd` and the other date specials.

    >>> import kanbert_filter as kf
    >>> from datetime import date
    >>> tasks = kf.Endpoint("tasks", {"due_on": kf.types.Date()})
    >>> kf.compile_predicate(tasks.parse("due_on < '2024-02-01'"))({"due_on": date(2024, 1, 31)})
    True
    """

    __slots__ = ()

    kind = "date"
    holds = (date,)
    other_names = ("day",)

    def _admit_text(self, text: str) -> str:
        if read_date(text) is not None:
            return text
        if read_timestamp(text) is not None:
            message = f"Found the timestamp {quoted(text)}, expected a date; write {quoted(text[:10])}"
            raise ValueFault(Problem("invalid_date", message, suggestions=[text[:10]]))
        raise _no_moment("invalid_date", text, "a date such as '2024-01-31'")

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> Constant | Edge:
        if isinstance(value, Special):
            day = SPECIALS[value.name].day
            assert day is not None, "a checked filter has no user here"
            return day(moment.now(), value.days)
        return date.fromisoformat(value)


class DateTime(MomentType):
    """An instant: a timestamp, a whole day, or a date special.

    >>> import kanbert_filter as kf
    >>> tasks = kf.Endpoint("tasks", {"done_at": kf.types.DateTime()})
    >>> kf.compile_predicate(tasks.parse("done_at = '2024-01-31'"))({"done_at": "2024-01-31T18:00:00Z"})
    True
    """

    __slots__ = ()

    kind = "datetime"
    holds = (datetime,)
    other_names = ("timestamp", "timestamptz", "time", "instant")

    def _admit_text(self, text: str) -> str:
        moment = read_timestamp(text)
        if moment is not None:
            return text if moment.tzinfo is None else timestamp_text(moment)
        if read_date(text) is not None:
            return text
        # "2024-01-31T12:00:00 01:00", or with a space in the place of the T as well
        date_and_time, _, offset = text.rpartition(" ")
        if read_timestamp(f"{date_and_time}+{offset}") is not None:
            message = f"Found {quoted(text)}, expected an offset; a '+' in a query string must be sent as %2B"
            raise ValueFault(Problem("lost_plus", message))
        respelled = _respelled(text)
        if respelled is not None:
            message = f"Found {quoted(text)}, expected a timestamp; did you mean {quoted(respelled)}?"
            raise ValueFault(Problem("invalid_timestamp", message, suggestions=[respelled]))
        raise _no_moment("invalid_timestamp", text, "a timestamp such as '2024-01-31T12:00:00Z', a date")

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> Constant | Edge | WholeDay:
        zone = moment.context.timezone
        day: date | Edge | None = None
        if isinstance(value, Special):
            meaning = SPECIALS[value.name]
            if meaning.instant is not None:
                instant = meaning.instant(moment.now())
            else:
                assert meaning.day is not None, "a checked filter has no user here"
                day = meaning.day(moment.now(), value.days)
        elif len(value) == 10:
            day = date.fromisoformat(value)
        else:
            read = datetime.fromisoformat(value)
            instant = instant_of(read, zone) if read.tzinfo is None else read
        if day is not None:
            instant = first_instant(day, zone)
            if operator == "eq" or operator == "ne":
                return WholeDay(instant, first_instant(moved(day, 1), zone))
        if isinstance(instant, datetime) and not _FIRST < instant < _LAST:
            edge, operators = _OUTWARD[instant]
            return edge if operator in operators else instant
        return instant


class Enum(FieldType):
    """One of the listed texts, or any text where none are listed.

    `Enum("running", "closed")` lists its choices; a Python enum class lists its members' values, which are texts; `name`
    is the name of the enumeration in the public tables.

    Raises `ValueError` for a member whose value is not a text, and for a name that tables cannot write.

    >>> import kanbert_filter as kf
    >>> kf.types.Enum("running", "closed", name="Status")
    <Enum 'enum<Status>: running, closed'>
    """

    __slots__ = ("choices", "name")
    __match_args__ = ("operators", "source", "choices", "name")

    kind = "enum"
    default_groups = ("equality", "set", "null")
    holds = (str,)
    other_names = ("enumeration", "choice", "choices", "select", "option")
    shown = (("eq", "ne"), "ACTIVE")

    choices: tuple[str, ...]
    name: str | None

    def __init__(
        self,
        *choices: str | type[python_enum.Enum],
        name: str | None = None,
        operators: Iterable[str] | None = None,
        source: Source | None = None,
    ) -> None:
        listed = [text for choice in choices for text in _choices(choice)]
        self._configure(operators, source, choices=tuple(dict.fromkeys(listed)), name=_schema_name(name))

    def _kept_classes(self, operator: str) -> frozenset[type]:
        return _NONE if self.choices else _TEXT

    def offered(self, operator: str) -> Iterable[Value]:
        return self.choices

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        text = _admitted_text(operator, value)
        if self.choices and text not in self.choices:
            raise _not_a_choice(text, self.choices)
        return text

    def sample(self, name: str) -> Filter | None:
        sample = super().sample(name)
        if self.choices and isinstance(sample, Comparison):
            return Comparison(name, sample.operator, self.choices[0])
        return sample


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
    holds = (str, int)
    other_names = ("uuid", "guid", "identifier", "key", "reference")
    shown = (("eq", "ne"), "42")

    entity: str | None

    def __init__(
        self, entity: str | None = None, *, operators: Iterable[str] | None = None, source: Source | None = None
    ) -> None:
        self._configure(operators, source, entity=_schema_name(entity))

    def offered(self, operator: str) -> Iterable[Value]:
        return (ME,)

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

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> str:
        return moment.user_id(path) if isinstance(value, Special) else value


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
    holds = (str, int, float, Decimal, bool)
    other_names = ("any", "mixed", "json", "object")
    mixed = True
    shown = (("eq", "contains", "ne"), "Acme")

    def _compared_classes(self, operator: str) -> frozenset[type]:
        simple = _TEXT | _NUMBERS
        return simple if operator in of_groups("order") else simple | {bool}

    def offered(self, operator: str) -> Iterable[Value]:
        return () if operator in TEXT_OPERATORS or operator in of_groups("order") else (True, False)

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
    """The number of a relation's records: the type of `tasks.count`. A relation that allows `count` has it; tables do not write it."""

    __slots__ = ("relation",)
    __match_args__ = ("operators", "source", "relation")

    kind = "count"
    default_groups = ("equality", "order")
    holds = (int,)
    shown = (("gt", "eq", "ne"), 0)

    relation: FieldType

    def __init__(self, relation: FieldType) -> None:
        self._configure(None, None, relation=relation)

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        number = (
            _read_number(value.text, limits)
            if isinstance(value, UntypedText) and _reads_as_number(value.text)
            else value
        )
        if isinstance(number, int) and not isinstance(number, bool) and number >= 0:
            return number
        raise _not_a("count", number, expected="a whole number of at least 0")


class Scope(FieldType):
    """A switch such as `archived: with, only, without`, which compares no column: each choice means a condition.

    The endpoint's owner supplies the conditions: filters over this endpoint's fields (a field it does not have is read as
    one of type custom), or filters that another endpoint has checked. Without conditions the scope is unbound: it can be
    read, checked and written, and must be bound (`Endpoint.bind`) before it is compiled.

    >>> import kanbert_filter as kf
    >>> big = kf.field("budget") >= 100_000
    >>> projects = kf.Endpoint("projects", {"size": kf.types.Scope({"any": kf.EVERYTHING, "big": big})})
    >>> kf.compile_predicate(projects.parse("size = 'big'"))({"budget": 120_000})
    True
    """

    __slots__ = ("choices", "conditions", "relation_tests")
    __match_args__ = ("operators", "source", "choices", "conditions")

    kind = "scope"
    default_groups = ("equality",)

    choices: tuple[str, ...]
    conditions: Mapping[str, Filter | CheckedFilter] | None
    relation_tests: Mapping[str, int]
    """For each choice how many relation tests its condition holds; the endpoint counts them when it checks the conditions."""

    def __init__(self, conditions: Mapping[str, Filter | CheckedFilter] | Iterable[str]) -> None:
        if isinstance(conditions, str):
            raise messages.not_a_list("choices", conditions)
        choices = dict.fromkeys(map(_sound_choice, conditions))
        bound = _conditions(conditions) if isinstance(conditions, Mapping) else None
        self._configure(None, None, choices=tuple(choices), conditions=bound)

    def _configure(self, operators: Iterable[str] | None, source: Source | None, **slots: object) -> None:
        super()._configure(operators, source, relation_tests={}, **slots)

    def checked(self, conditions: Mapping[str, CheckedFilter], relation_tests: Mapping[str, int]) -> Scope:
        """This scope with its conditions checked and their relation tests counted."""
        made = self.with_parts(conditions=conditions)
        made._fill(relation_tests=relation_tests)
        return made

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

    def offered(self, operator: str) -> Iterable[Value]:
        return self.choices

    def admit(self, operator: str, value: Value, limits: Limits) -> Value:
        text = _admitted_text(operator, value)
        if text not in self.choices:
            raise _not_a_choice(text, self.choices)
        return text

    def settled(self, operator: str, value: Any, moment: Moment, path: str) -> CheckedFilter:
        if self.conditions is None:
            choices = ", ".join(f"{quoted(choice)}: …" for choice in self.choices)
            call = f"{path}={{{choices}}}" if path.isidentifier() else f"**{{{quoted(path)}: {{{choices}}}}}"
            raise ContextError(f"The scope {quoted(path)} has no conditions; bind them with Endpoint.bind({call})")
        return cast("CheckedFilter", self.conditions[value])

    def sample(self, name: str) -> Filter | None:
        allowed = self.choices and "eq" in self.operators
        return Comparison(name, "eq", self.choices[0]) if allowed else None


VALUE_TYPES: Final[dict[str, type[FieldType]]] = exhaustive(
    ValueKind,
    {made.kind: made for made in (String, Number, Currency, Boolean, Date, DateTime, Enum, Id, Custom)},
)
"""Every type of fields that hold one value, by its kind."""


def _choices(choice: str | type[python_enum.Enum]) -> list[str]:
    """The choices as texts: a choice itself, or the values of an enumeration's members."""
    if isinstance(choice, str):
        return [_sound_choice(choice)]
    if not isinstance(choice, python_enum.EnumMeta):
        raise TypeError(f"expected texts or a Python enum class as choices, not {type(choice).__name__}")
    for member in choice:
        if not isinstance(member.value, str):
            raise ValueError(
                f"{choice.__name__}.{member.name} has the value {member.value!r}, expected a text; records hold the"
                " values of members: use another type, such as 'number', or an enumeration of texts"
            )
    return [_sound_choice(member.value) for member in choice]


def _sound_choice(choice: str) -> str:
    """The choice itself. Raises `ValueError` for half of a surrogate pair, which no filter can write."""
    try:
        return sound_text(choice)
    except FilterSyntaxError as error:
        raise ValueError(
            f"the choice {quoted(choice)} holds half of a surrogate pair, expected Unicode text"
        ) from error


def _conditions(conditions: Mapping[str, Filter | CheckedFilter]) -> dict[str, Filter | CheckedFilter]:
    for choice, condition in conditions.items():
        if not isinstance(condition, (Node, CheckedFilter)):
            raise TypeError(f"scope choice {choice!r} is a {type(condition).__name__}, expected a filter")
    return dict(conditions)


def _schema_name(name: str | None) -> str | None:
    name = (name or "").strip()
    if name and _SCHEMA_NAME.fullmatch(name) is None:
        raise ValueError(
            f"{quoted(name)} is not the name of a schema; expected letters, digits, blanks and . , / | \\ - _"
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
    return ValueFault(Problem("invalid_value", f"{sentence}; {remedy}" if remedy else sentence))


def _not_a_choice(found: str, choices: tuple[str, ...]) -> ValueFault:
    shown = ", ".join(map(quoted, choices[:20])) + (", …" if len(choices) > 20 else "")
    message = f"Found {quoted(found)}, expected one of {shown}"
    return ValueFault(Problem("invalid_choice", message, suggestions=choices[:20]), choices)


def _admitted_text(operator: str, value: Value) -> str:
    text = value.text if isinstance(value, UntypedText) else value
    if not isinstance(text, str):
        remedy = f'write "{text}" in quotes to mean the text' if isinstance(text, Special) else "write it in quotes"
        raise _not_a("text", value, remedy=remedy)
    if operator == "like" and (len(text) - len(text.rstrip("\\"))) % 2:
        remedy = "expected a character after it; write \\\\ for a backslash"
        message = f"The pattern {quoted(text)} ends in a lone backslash, {remedy}"
        raise ValueFault(Problem("invalid_pattern", message))
    return text


def _reads_as_number(value: object) -> bool:
    return isinstance(value, str) and number_size(value) is not None


def _read_number(text: str, limits: Limits) -> Value:
    if number_size(text) is None:
        raise _not_a("number", UntypedText(text))
    try:
        return read_number(text, limits)
    except FilterSyntaxError as error:
        raise ValueFault(error.problems[0]) from None
