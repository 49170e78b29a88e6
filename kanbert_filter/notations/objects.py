"""Conditions as objects and groups as lists: the shape that JSON and forms share, read and written in one place.

JSON has this shape as it is; a form is folded into it first. An `Input` knows what differs between the two: how a value, "no value"
and a place are written.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Final, TypeVar

from .. import messages, nodes
from ..errors import FilterSyntaxError, Location, Problem, quoted
from ..limits import MAX_DEPTH, Limits
from ..nodes import EVERYTHING, And, Comparison, Everything, Filter, Membership, Or, RelationTest, field_fault
from ..operators import OPERATORS, WORDS, Operator
from ..suggestions import Suggestions
from ..values import Value

Path = tuple[str | int, ...]
"""The keys and positions that lead from the top to a place."""

Connective = type[And] | type[Or]

GROUPS: Final[dict[str, Connective]] = {"and": And, "or": Or}
BLANKS: Final = " \t\n\r"

_KEYS: Final = ("field", "op", "value")
_PARTS: Final[dict[str, Path]] = {"condition": (), "field": ("field",), "operator": ("op",), "value": ("value",)}

T = TypeVar("T")


class Numeral:
    """A number of JSON text, kept as it is written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Input(ABC):
    """An input of this shape, and the origin of the conditions read from it."""

    __slots__ = ("_paths",)

    in_a_list: str
    """What to do with one object in the place of a list."""

    _paths: list[Path]

    @abstractmethod
    def top(self) -> object:
        """The whole input."""

    @abstractmethod
    def opened(self, data: object) -> object:
        """One level of the input: a list, an object, or what is neither."""

    @abstractmethod
    def value(self, data: object, limits: Limits) -> Value:
        """The value of the tree that a scalar means. Raises `FilterSyntaxError`, without a place."""

    @abstractmethod
    def is_blank(self, data: object) -> bool:
        """Whether this means that there is no value."""

    @abstractmethod
    def is_true(self, data: object) -> bool:
        """Whether this affirms a null check."""

    def duplicate(self, data: dict[object, object]) -> str | None:
        """A key that is in the object twice, if there is one."""
        return None

    @abstractmethod
    def place(self, path: Path) -> Location:
        """The location at the end of a path."""

    @abstractmethod
    def remedy(self, path: Path, data: object) -> str:
        """That data of this shape is to be written at the end of a path, and how: the end of a message."""

    def locate(self, index: int, part: str, item: int | None = None) -> Location | None:
        """The place of a part of the condition with this index; see `nodes.Origin`."""
        try:
            if not hasattr(self, "_paths"):
                self._paths = list(self._conditions())
            return self.place((*self._paths[index], *_PARTS[part], *(() if item is None else (item,))))
        except (LookupError, TypeError, AttributeError):  # decoded data may have been changed since
            return None

    def _conditions(self) -> Iterator[Path]:
        stack: list[tuple[Path, object]] = [((), self.top())]
        while stack:
            path, data = stack.pop()
            data = self.opened(data)
            if isinstance(data, list):
                stack.extend([((*path, position), data[position]) for position in reversed(range(len(data)))])
            elif isinstance(data, dict) and len(path) <= 2 * MAX_DEPTH:
                for word in GROUPS.keys() & data.keys():
                    stack.append(((*path, word), data[word]))
                if "field" in data:
                    yield path
                    if OPERATORS[WORDS[data["op"].lower()]].group == "relation" and "value" in data:
                        stack.append(((*path, "value"), data["value"]))


# reading


def read_objects(input: Input, limits: Limits) -> Filter:
    """The tree of an input, read with care. Raises `FilterSyntaxError` with its first problem, in source order."""
    return _ObjectReader(input, limits).tree()


class _ObjectReader:
    """One careful pass over an input, which counts what the limits bound."""

    def __init__(self, input: Input, limits: Limits) -> None:
        self.input = input
        self.limits = limits
        self.conditions = 0
        self.values = 0
        self.relations: list[str] = []

    def tree(self) -> Filter:
        data = self.input.opened(self.input.top())
        if not isinstance(data, list):
            return self.filter(data, (), 1)
        if not data:
            return EVERYTHING
        tree = self.placed((), None, And, self.filters(data, (), 1))
        if tree.depth > self.limits.max_depth:
            raise self.error(messages.too_deep(self.limits.max_depth), ())
        return tree

    def filters(self, data: list[object], path: Path, depth: int) -> list[Filter]:
        """The items of a list."""
        match data:
            case [str(field), str(word), *rest] if field_fault(field) is None and (meant := _operator_meant(word)):
                example = _condition_like(field, meant, rest[0] if rest else None)
                message = f"Found text {quoted(field)}, expected a condition; {self.input.remedy(path, example)}"
                raise self.fault("wrong_shape", message, (*path, 0))
        return [self.filter(item, (*path, position), depth) for position, item in enumerate(data)]

    def filter(self, data: object, path: Path, depth: int) -> Filter:
        """A list, a group or a condition; `depth` counts it in."""
        if depth > self.limits.max_depth:
            raise self.error(messages.too_deep(self.limits.max_depth), path)
        data = self.input.opened(data)
        if isinstance(data, list):
            return self.group(And, data, path, depth)
        if not isinstance(data, dict):
            expected = f"expected a condition; {self.input.remedy(path, _condition_like('name'))}"
            raise self.fault("wrong_shape", f"Found {_what_it_is(data)}, {expected}", path)
        words = [word for word in GROUPS if word in data]
        self.check_keys(data, tuple(words) or _KEYS, path)
        if not words:
            return self.condition(data, path, depth)
        if len(words) == 2:
            message = "Found both 'and' and 'or' in one object, expected one of them; put one group inside the other"
            raise self.fault("wrong_shape", message, path)
        [word] = words
        inner = self.input.opened(data[word])
        if not isinstance(inner, list):
            message = f"Found {_what_it_is(inner)} after '{word}', expected a list of conditions"
            raise self.fault("wrong_shape", f"{message}; {self.input.in_a_list}", (*path, word))
        return self.group(GROUPS[word], inner, (*path, word), depth)

    def group(self, kind: Connective, data: list[object], path: Path, depth: int) -> Filter:
        if not data:
            raise self.error(messages.empty_group(), path)
        return kind(self.filters(data, path, depth + 1))

    def condition(self, data: dict[object, object], path: Path, depth: int) -> Filter:
        index = self.conditions
        self.conditions += 1
        if self.conditions > self.limits.max_conditions:
            raise self.error(messages.too_many_conditions(self.limits.max_conditions), path)
        field = self.field(data, path)
        operator = self.operator(data, path, field)
        if operator.operand == "value":
            value = self.value(self.operand(data, path, field, operator), (*path, "value"), field)
            return nodes.comparison(field, operator.name, value, self.input, index)
        if operator.operand == "list":
            values = self.list(self.operand(data, path, field, operator), (*path, "value"), field, operator)
            return nodes.membership(field, operator.name, values, self.input, index)
        if operator.operand == "nothing":
            self.check_nothing(data, (*path, "value"), field, operator)
            return nodes.null_check(field, operator.name, self.input, index)
        inner = self.related(data, path, depth, field, operator)
        return nodes.relation_test(field, operator.name, inner, self.input, index)

    def field(self, data: dict[object, object], path: Path) -> str:
        name = self.required(data, "field", path)
        if not isinstance(name, str):
            message = f"Found {_what_it_is(name)} as field, expected the name of a field as text"
            raise self.fault("wrong_shape", message, (*path, "field"))
        return self.placed((*path, "field"), None, nodes.field_name, name)

    def operator(self, data: dict[object, object], path: Path, field: str) -> Operator:
        word = self.required(data, "op", path, field)
        if not isinstance(word, str):
            message = f"Found {_what_it_is(word)} as operator, expected an operator word such as 'eq'"
            raise self.fault("wrong_shape", message, (*path, "op"), field)
        name = WORDS.get(word.lower()) if word.isascii() else None
        if name is None or name == "count":
            raise self.error(_no_operator(word, field), (*path, "op"), field)
        return OPERATORS[name]

    def operand(self, data: dict[object, object], path: Path, field: str, operator: Operator) -> object:
        return self.required(data, "value", path, field, f" for operator '{operator.name}'")

    def value(self, data: object, path: Path, field: str) -> Value:
        if isinstance(data, (list, dict)):
            remedy = "; operator 'in' takes a list" if isinstance(data, list) else ""
            message = f"Found {_what_it_is(data)}, expected one value{remedy}"
            raise self.fault("wrong_shape", message, path, field)
        self.values += 1
        if self.values > self.limits.max_values:
            raise self.error(messages.too_many_values(self.limits.max_values), path, field)
        return self.placed(path, field, self.input.value, data, self.limits)

    def list(self, data: object, path: Path, field: str, operator: Operator) -> tuple[Value, ...]:
        if not isinstance(data, list):
            message = f"Found {_what_it_is(data)}, expected a list of values after '{operator.name}'"
            if data is not None and not isinstance(data, dict):
                items = data.split(",") if isinstance(data, str) else [data]
                message += f"; {self.input.remedy(path, [_sample(item) for item in items[:2]])}"
            raise self.fault("list_expected", message, path, field)
        if len(data) > self.limits.max_list_values:
            raise self.error(messages.list_too_long(self.limits.max_list_values), path, field)
        return tuple(
            [self.value(self.input.opened(item), (*path, position), field) for position, item in enumerate(data)]
        )

    def check_nothing(self, data: dict[object, object], path: Path, field: str, operator: Operator) -> None:
        if "value" in data:
            value = self.input.opened(data["value"])
            if not (self.input.is_blank(value) or self.input.is_true(value)):
                other = "isnotnull" if operator.name == "isnull" else "isnull"
                message = (
                    f"Found {_what_it_is(value)}, expected no value after '{operator.name}'; the opposite is '{other}'"
                )
                raise self.fault("wrong_shape", message, path, field)

    def related(
        self, data: dict[object, object], path: Path, depth: int, field: str, operator: Operator
    ) -> Filter | None:
        if len(self.relations) >= self.limits.max_relation_depth:
            raise self.error(messages.relations_too_deep(self.limits.max_relation_depth), path, field)
        if self.input.is_blank(data.get("value")) or "value" not in data:
            if operator.operand == "filter":
                raise self.error(messages.all_without_filter(), path, field)
            return None
        self.relations.append(field)
        inner = self.filter(data["value"], (*path, "value"), depth + 1)
        self.relations.pop()
        return inner

    # what every part needs

    def check_keys(self, data: dict[object, object], known: tuple[str, ...], path: Path) -> None:
        """An object has each key once, and none but the known."""
        for key in data:
            if not isinstance(key, str):
                raise self.fault("wrong_shape", f"Found {_what_it_is(key)} as a key, expected text", path)
            if key not in known:
                raise self.error(self.unknown_key(key, data, known, path), (*path, key))
        twice = self.input.duplicate(data)
        if twice is not None:
            message = f"Found key '{twice}' twice in one object, expected it once"
            raise self.fault("duplicate_key", message, (*path, twice))

    def unknown_key(self, key: str, data: dict[object, object], known: tuple[str, ...], path: Path) -> Problem:
        """What is wrong with a key, and what to write instead."""
        if key == "not":
            message = "There is no negation of a group; negate its conditions: 'ne', 'nin', 'isnotnull', 'none'"
            return Problem("negated_group", message)
        expected = "'field', 'op' and 'value'" if known is _KEYS else " and ".join([f"'{word}'" for word in known])
        message = f"Found key {quoted(key)}, expected only {expected}"
        if known is not _KEYS:
            return Problem("unknown_key", message)
        if _bare(key) in _GROUP_KEYS:
            return Problem("unknown_key", f"{message}; {self.input.remedy(path, {'and': [{'field': Numeral('…')}]})}")
        is_condition = any(_bare(other) in _CONDITION_KEYS for other in data if isinstance(other, str))
        suggestions = _close_to(key, [*_KEYS, *GROUPS]) if is_condition or _bare(key) != "name" else []
        if suggestions or is_condition:
            return Problem("unknown_key", message + messages.did_you_mean(suggestions), suggestions=suggestions)
        if _bare(key) in _WRAPPERS:
            return Problem("unknown_key", f"{message}; leave the key out, its value is the filter")
        if field_fault(key) is None:
            message += f"; {self.input.remedy(path, _condition_like(key, *_meant_by(data[key])))}"
        return Problem("unknown_key", message)

    def required(
        self, data: dict[object, object], key: str, path: Path, field: str | None = None, purpose: str = ""
    ) -> object:
        if key not in data:
            message = f"Found no '{key}' in the condition, expected one{purpose}"
            raise self.fault("missing_key", message, path, field)
        return self.input.opened(data[key])

    def placed(self, path: Path, field: str | None, make: Callable[..., T], *arguments: object) -> T:
        """What `make` makes; a fault it finds is given its place."""
        try:
            return make(*arguments)
        except FilterSyntaxError as error:
            [problem] = error.problems
        raise self.error(problem, path, field)

    def fault(self, code: str, message: str, path: Path, field: str | None = None) -> FilterSyntaxError:
        return self.error(Problem(code, message), path, field)

    def error(self, problem: Problem, path: Path, field: str | None = None) -> FilterSyntaxError:
        """The error for a problem at the end of a path."""
        name = None if field is None else ".".join([*self.relations, field])
        return FilterSyntaxError(problem.at(self.input.place(path), name))


def text_within(text: str, limits: Limits) -> str:
    """The text itself. Raises `FilterSyntaxError` if it is longer than one value may be."""
    if len(text) > limits.max_string_length:
        raise FilterSyntaxError(messages.string_too_long(limits.max_string_length))
    return text


def _what_it_is(data: object) -> str:
    match data:
        case None:
            return "null"
        case bool():
            return str(data).lower()
        case str():
            return f"text {quoted(data)}"
        case list():
            return "a list"
        case dict():
            return "an object"
        case Numeral() | int() | float() | Decimal():
            return "a number"
    return "something that JSON does not have"


# what people write out of habit from other languages, and what to write here

_SPELLINGS: Final = {operator.dsl.lower(): operator.name for operator in OPERATORS.values()} | {
    spelling: word
    for word, spellings in {
        "eq": "== === equal equals is",
        "ne": "<> !== notequal notequals not isnot",
        "gt": "greaterthan after",
        "gte": "greaterthanorequal greaterorequal",
        "lt": "lessthan before",
        "lte": "lessthanorequal lessorequal",
        "like": "ilike",
        "contains": "icontains",
        "startswith": "beginswith",
        "isnull": "null",
        "any": "some",
        "field": "name key column property",
        "op": "operator",
        "value": "values",
    }.items()
    for spelling in spellings.split()
}
_NEGATED_TEXT: Final = (
    r"(?:!|n|not|isnot|doesnot|doesnt)(?:i?contains?|i?like|(?:start|begin|end)s?(?:with)?|has|match(?:es)?|regexp?)"
)
_PATTERNS: Final = frozenset({"regex", "regexp", "match", "matches", "rlike", "~", "=~", "~*"})
_GROUP_KEYS: Final = frozenset({"combinator", "conjunction", "logic", "rules", "conditions", "filters", "all", "any"})
_CONDITION_KEYS: Final = frozenset({"field", "op", "operator", "value", "values"})
_WRAPPERS: Final = frozenset({"filter", "where", "query"})


def _bare(word: str) -> str:
    """A word without what spellings differ in: case, blanks, dashes, and a dollar sign before it."""
    return re.sub(r"[\s_-]+|^\$", "", word[:100].lower())


def _no_operator(word: str, field: str) -> Problem:
    """What is wrong with a word that is not an operator of conditions."""
    plain = _bare(word)
    if plain == "count":
        counted = field if field.endswith(".count") else f"{field}.count"
        message = f"Found operator 'count', expected another; compare the field '{counted}' with a number"
        return Problem("unknown_operator", message)
    if re.fullmatch(_NEGATED_TEXT, plain):
        return Problem("unknown_operator", f"Found {quoted(word)}, {messages.NO_TEXT_NEGATION}")
    if plain in _PATTERNS:
        return Problem(
            "unknown_operator", f"Found {quoted(word)}, {messages.NO_PATTERNS}", suggestions=["like", "contains"]
        )
    if plain == "between":
        remedy = "expected an operator; write two conditions, with 'gte' and 'lte'"
        return Problem("unknown_operator", f"Found {quoted(word)}, {remedy}", suggestions=["gte", "lte"])
    if plain == "exists":
        remedy = "expected an operator; write 'isnotnull', or 'isnull' for the opposite"
        return Problem("unknown_operator", f"Found {quoted(word)}, {remedy}", suggestions=["isnotnull", "isnull"])
    close = _close_to(word, WORDS.keys() - {"count"})
    message = f"Found operator {quoted(word)}, expected a word" + ("" if close else " such as 'eq'")
    return Problem("unknown_operator", message + messages.did_you_mean(close), suggestions=close)


def _close_to(word: str, words: Iterable[str]) -> list[str]:
    """Those of the words that may have been meant."""
    words = sorted(words)
    for spelling in (word.strip().lower(), _bare(word)):
        meant = _SPELLINGS.get(spelling, spelling)
        if meant in words:
            return [WORDS.get(meant, meant)]
    close = Suggestions().to(_bare(word), words)[:2]
    return list(dict.fromkeys([WORDS.get(meant, meant) for meant in close]))


def _operator_meant(word: str) -> str | None:
    """The operator of conditions that a word or symbol probably means."""
    spellings = (word.strip().lower(), _bare(word))
    found = (WORDS.get(_SPELLINGS.get(spelling, spelling)) for spelling in spellings)
    return next((name for name in found if name is not None and name != "count"), None)


def _meant_by(data: object) -> tuple[str, object]:
    """The operator and the value that were probably meant by `{"title": data}`."""
    match data:
        case None:
            return "isnull", None
        case list() | tuple():
            return "in", data
        case dict() if len(data) == 1:
            [(word, value)] = data.items()
            if isinstance(word, str):
                meant = _operator_meant(word)
                return (meant, value) if meant is not None else ("like" if _bare(word) in _PATTERNS else "eq", None)
            return "eq", None
    return "eq", data


def _condition_like(field: str, word: str = "eq", value: object = None) -> dict[str, object]:
    """A condition to show as an example."""
    condition: dict[str, object] = {"field": field, "op": word}
    return condition if OPERATORS[WORDS[word]].operand == "nothing" else condition | {"value": _sample(value)}


def _sample(value: object) -> object:
    """A value as an example shows it: short."""
    if isinstance(value, (list, tuple)):
        return [_short_scalar(item) for item in value[:2]]
    return _short_scalar(value)


_SHORT: Final = 20
"""How many characters of a value an example shows."""


def _short_scalar(value: object) -> object:
    match value:
        case str() if len(value) <= _SHORT:
            return value
        case int() if -(10 ** (_SHORT - 1)) < value < 10**_SHORT:
            return value
        case float():
            return value
        case Numeral() if len(value.text) <= _SHORT:
            return value
    return Numeral("…")


# writing


def written_objects(filter: Filter, value: Callable[[Path, Value], object]) -> list[object]:
    """A tree in this shape, canonical: AND at the top is a list, a single condition a list of one, no filter is empty.

    `value` turns a value of the tree into a scalar; it is given the names of the relations around the field, and then
    the field's.
    """
    match filter:
        case Everything():
            return []
        case And(items):
            return [_written_object(item, (), value) for item in items]
    return [_written_object(filter, (), value)]


def _written_object(filter: Filter, relations: Path, value: Callable[[Path, Value], object]) -> dict[str, object]:
    match filter:
        case And(items):
            return {"and": [_written_object(item, relations, value) for item in items]}
        case Or(items):
            return {"or": [_written_object(item, relations, value) for item in items]}
    assert not isinstance(filter, Everything)  # which is never inside a filter
    path = (*relations, filter.field)
    condition: dict[str, object] = {"field": filter.field, "op": filter.operator}
    match filter:
        case Comparison():
            condition["value"] = value(path, filter.value)
        case Membership():
            condition["value"] = [value(path, item) for item in filter.values]
        case RelationTest(_, _, inner) if inner is not None:
            condition["value"] = _written_object(inner, path, value)
    return condition
