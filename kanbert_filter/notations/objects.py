"""Conditions as objects, groups as lists: the shape that JSON and forms share, read and written in one place.

JSON has it as it stands; a form is first folded into it. What differs between the two (how a value, "nothing" and a
place are written) is asked of an `Input`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeVar

from .. import messages, nodes
from ..errors import FilterSyntaxError, Location, Problem, quoted
from ..limits import MAX_DEPTH, Limits
from ..nodes import EVERYTHING, And, Comparison, Everything, Filter, Membership, Or, RelationTest
from ..operators import OPERATORS, WORDS, Operator
from ..values import Value

Path = tuple[str | int, ...]
"""The keys and positions that lead from the top to a place."""

Connective = type[And] | type[Or]

GROUPS: Final[dict[str, Connective]] = {"and": And, "or": Or}

_KEYS: Final = ("field", "op", "value")
BLANKS: Final = " \t\n\r"
_PARTS: Final[dict[str, Path]] = {"condition": (), "field": ("field",), "operator": ("op",), "value": ("value",)}
_HABITS: Final = {"==": "eq", "<>": "ne", "not in": "nin", "operator": "op", "name": "field", "values": "value"}
_DSL: Final = {row.dsl.lower(): row.name for row in OPERATORS.values()}

T = TypeVar("T")


class Numeral:
    """A number of JSON text, kept as it is written."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Input(ABC):
    """An input of this shape, and the origin of the conditions read from it."""

    __slots__ = ("_paths",)

    _paths: list[Path]

    @abstractmethod
    def top(self) -> object:
        """The whole input."""

    @abstractmethod
    def opened(self, data: object) -> object:
        """One level of the input: a list, an object, or what is neither."""

    @abstractmethod
    def value(self, data: object, limits: Limits) -> Value:
        """The value of the tree that a scalar stands for. Raises `FilterSyntaxError`, without a place."""

    @abstractmethod
    def is_blank(self, data: object) -> bool:
        """Whether this stands for no operand at all."""

    @abstractmethod
    def is_true(self, data: object) -> bool:
        """Whether this affirms a null check."""

    def duplicate(self, data: dict[object, object]) -> str | None:
        """A key that stands twice in the object, if there is one."""
        return None

    def remedy(self, path: Path) -> str:
        """What to do about something at the end of a path that is no condition, where the notation knows."""
        return ""

    @abstractmethod
    def place(self, path: Path) -> Location:
        """The location at the end of a path."""

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
    """One careful pass over a source, counting what the limits bound."""

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
        items = [self.filter(item, (position,), 1) for position, item in enumerate(data)]
        tree = self.placed((), None, And, items)
        if tree.depth > self.limits.max_depth:
            raise self.refused(messages.too_deep(self.limits.max_depth), ())
        return tree

    def filter(self, data: object, path: Path, depth: int) -> Filter:
        """A list, a group or a condition; `depth` counts it in."""
        if depth > self.limits.max_depth:
            raise self.refused(messages.too_deep(self.limits.max_depth), path)
        data = self.input.opened(data)
        if isinstance(data, list):
            return self.group(And, data, path, depth)
        if not isinstance(data, dict):
            expected = 'a condition {"field", "op", "value"}, a group {"and": […]} or {"or": […]}, or a list of them'
            message = f"Found {_what_it_is(data)}, expected {expected}{self.input.remedy(path)}"
            raise self.fault("wrong_shape", message, path)
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
            message = f"Found {_what_it_is(inner)} after '{word}', expected a list of conditions; number the items"
            raise self.fault("wrong_shape", message, (*path, word))
        return self.group(GROUPS[word], inner, (*path, word), depth)

    def group(self, kind: Connective, data: list[object], path: Path, depth: int) -> Filter:
        if not data:
            raise self.refused(messages.empty_group(), path)
        return kind([self.filter(item, (*path, position), depth + 1) for position, item in enumerate(data)])

    def condition(self, data: dict[object, object], path: Path, depth: int) -> Filter:
        index = self.conditions
        self.conditions += 1
        if self.conditions > self.limits.max_conditions:
            raise self.refused(messages.too_many_conditions(self.limits.max_conditions), path)
        field = self.field(data, path)
        row = self.operator(data, path, field)
        if row.operand == "value":
            value = self.value(self.operand(data, path, field, row), (*path, "value"), field)
            return nodes.comparison(field, row.name, value, self.input, index)
        if row.operand == "list":
            values = self.list(self.operand(data, path, field, row), (*path, "value"), field, row)
            return nodes.membership(field, row.name, values, self.input, index)
        if row.operand == "nothing":
            self.check_nothing(data, (*path, "value"), field, row)
            return nodes.null_check(field, row.name, self.input, index)
        inner = self.related(data, path, depth, field, row)
        return nodes.relation_test(field, row.name, inner, self.input, index)

    def field(self, data: dict[object, object], path: Path) -> str:
        name = self.required(data, "field", path)
        if not isinstance(name, str):
            message = f"Found {_what_it_is(name)} as field, expected the name of a field as text"
            raise self.fault("wrong_shape", message, (*path, "field"))
        return self.placed((*path, "field"), None, nodes.field_name, name)

    def operator(self, data: dict[object, object], path: Path, field: str) -> Operator:
        word = self.required(data, "op", path, field)
        path = (*path, "op")
        if not isinstance(word, str):
            message = f"Found {_what_it_is(word)} as operator, expected an operator word such as 'eq'"
            raise self.fault("wrong_shape", message, path, field)
        name = WORDS.get(word.lower()) if word.isascii() else None
        if name is None:
            suggestions = _suggestions(word, WORDS.keys() - {"count"}, _DSL)
            message = f"{quoted(word)} is no operator here, expected a word" + ("" if suggestions else " such as 'eq'")
            raise self.fault("unknown_operator", message + messages.did_you_mean(suggestions), path, field, suggestions)
        if name == "count":
            counted = field if field.endswith(".count") else f"{field}.count"
            message = f"'count' is no operator here; compare the field '{counted}' with a number"
            raise self.fault("unknown_operator", message, path, field)
        return OPERATORS[name]

    def operand(self, data: dict[object, object], path: Path, field: str, row: Operator) -> object:
        return self.required(data, "value", path, field, f" for operator '{row.name}'")

    def value(self, data: object, path: Path, field: str) -> Value:
        if isinstance(data, (list, dict)):
            remedy = "; operator 'in' takes a list" if isinstance(data, list) else ""
            message = f"Found {_what_it_is(data)}, expected one value{remedy}"
            raise self.fault("wrong_shape", message, path, field)
        self.values += 1
        if self.values > self.limits.max_values:
            raise self.refused(messages.too_many_values(self.limits.max_values), path, field)
        return self.placed(path, field, self.input.value, data, self.limits)

    def list(self, data: object, path: Path, field: str, row: Operator) -> tuple[Value, ...]:
        if not isinstance(data, list):
            message = f"Found {_what_it_is(data)}, expected a list of values after '{row.name}'"
            raise self.fault("list_expected", message, path, field)
        if len(data) > self.limits.max_list_values:
            raise self.refused(messages.list_too_long(self.limits.max_list_values), path, field)
        return tuple(
            [self.value(self.input.opened(item), (*path, position), field) for position, item in enumerate(data)]
        )

    def check_nothing(self, data: dict[object, object], path: Path, field: str, row: Operator) -> None:
        if "value" in data:
            value = self.input.opened(data["value"])
            if not (self.input.is_blank(value) or self.input.is_true(value)):
                other = "isnotnull" if row.name == "isnull" else "isnull"
                message = f"Found {_what_it_is(value)}, expected no value after '{row.name}'; the opposite is '{other}'"
                raise self.fault("wrong_shape", message, path, field)

    def related(self, data: dict[object, object], path: Path, depth: int, field: str, row: Operator) -> Filter | None:
        if len(self.relations) >= self.limits.max_relation_depth:
            raise self.refused(messages.relations_too_deep(self.limits.max_relation_depth), path, field)
        if self.input.is_blank(data.get("value")) or "value" not in data:
            if row.operand == "filter":
                raise self.refused(messages.all_without_filter(), path, field)
            return None
        self.relations.append(field)
        inner = self.filter(data["value"], (*path, "value"), depth + 1)
        self.relations.pop()
        return inner

    # what every part needs

    def check_keys(self, data: dict[object, object], known: tuple[str, ...], path: Path) -> None:
        """An object holds each key once, and none but the known."""
        for key in data:
            if not isinstance(key, str):
                raise self.fault("wrong_shape", f"Found {_what_it_is(key)} as a key, expected text", path)
            if key not in known:
                if key == "not":
                    message = "There is no negation of a group; negate its conditions: 'ne', 'nin', 'isnotnull', 'none'"
                    raise self.fault("negated_group", message, (*path, key))
                suggestions = _suggestions(key, [*_KEYS, *GROUPS] if known is _KEYS else [], {})
                expected = (
                    " and ".join([f"'{word}'" for word in known]) if known is not _KEYS else "'field', 'op' and 'value'"
                )
                message = f"Found key {quoted(key)}, expected only {expected}" + messages.did_you_mean(suggestions)
                raise self.fault("unknown_key", message, (*path, key), suggestions=suggestions)
        twice = self.input.duplicate(data)
        if twice is not None:
            raise self.fault(
                "duplicate_key", f"Found key '{twice}' twice in one object, expected it once", (*path, twice)
            )

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
        raise self.refused(problem, path, field)

    def fault(
        self, code: str, message: str, path: Path, field: str | None = None, suggestions: Iterable[str] = ()
    ) -> FilterSyntaxError:
        return self.refused(Problem(code, message, suggestions=suggestions), path, field)

    def refused(self, problem: Problem, path: Path, field: str | None = None) -> FilterSyntaxError:
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
        case Numeral() | int() | float():
            return "a number"
    return f"a Python object of type '{type(data).__name__}'"


def _suggestions(word: str, words: Iterable[str], spellings: dict[str, str]) -> list[str]:
    from difflib import get_close_matches

    word = word.strip().lower()
    words = sorted(words)
    meant = spellings.get(word) or _HABITS.get(word)
    if meant in words:
        return [meant]
    return get_close_matches(word, words, n=2, cutoff=0.7) if len(word) <= 40 else []


# writing


def written_objects(filter: Filter, value: Callable[[Path, Value], object]) -> list[object]:
    """A tree in this shape, canonical: AND at the top is a list, a single condition a list of one, no filter is empty.

    `value` turns a value of the tree into a scalar; it is told the names of the relations around the field, and then
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
    assert not isinstance(filter, Everything)  # it stands only as a whole filter
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
