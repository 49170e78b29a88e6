"""The DSL: text to tree and tree to text."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final, assert_never

from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, Problem, TextLocation, UnsupportedFilterError, quoted
from ..limits import DEFAULT_LIMITS, MAX_DEPTH, Limits, ensure_limits
from ..nodes import (
    EVERYTHING,
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    NullCheck,
    Or,
    RelationTest,
    comparison,
    field_fault,
    group,
    membership,
    null_check,
    relation_depth,
    size,
)
from ..operators import OPERATORS, WORDS
from ..values import MAX_EXPONENT, Special, UntypedText, Value, exact, number_size, number_text, read_special
from .dsl_grammar import BLANKS, text_of

if TYPE_CHECKING:
    from lark import Token

    from .lalr import Builder, Reader, Shape

_ESCAPED: Final = {ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"} | {
    code: f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code not in (0x0A, 0x0D, 0x09)
}
_CANONICAL: Final = {spelling: WORDS[word] for word in WORDS for spelling in (word, OPERATORS[WORDS[word]].dsl)}
_MAX_NAMES: Final = 4096
_names: dict[str, str] = {}


def parse_dsl(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The tree of a filter in DSL; `EVERYTHING` for blank text.

    Raises `FilterSyntaxError` with the first problem, its place in the text, and what to write instead.

    >>> import kanbert_filter as kf
    >>> kf.parse_dsl("title contains 'Acme'")
    Comparison('title', 'contains', 'Acme')
    >>> kf.parse_dsl("budget == 1000")
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: Found '==', expected an operator; write '=' to compare
      budget == 1000
             ^^
    """
    if not isinstance(text, str):
        raise TypeError(f"expected DSL text as a str, not {type(text).__name__}")
    if limits.__class__ is not Limits:
        ensure_limits(limits)
    length = len(text)
    if length <= limits.max_text_length and (text.isascii() or _is_fit(text, limits)):
        tree = reader().read(text, Reading(text, limits), limits.max_depth - 1)
        if tree is not None and (
            (depth := tree.depth) <= limits.max_depth
            and (depth <= limits.max_relation_depth or relation_depth(tree) <= limits.max_relation_depth)
            # a text too short to hold too many conditions or values needs no counting
            and ((length <= 4 * limits.max_conditions and length <= 2 * limits.max_values) or _is_small(tree, limits))
        ):
            return tree  # type: ignore[no-any-return]
        if not text.strip(BLANKS):
            return EVERYTHING
    from .dsl_faults import first_fault

    raise FilterSyntaxError(first_fault(text, limits))


def _is_fit(text: str, limits: Limits) -> bool:
    """Whether a text that is not ASCII is short enough in bytes, and sound Unicode."""
    try:
        return len(text.encode()) <= limits.max_text_length
    except UnicodeEncodeError:
        return False


def _is_small(tree: Filter, limits: Limits) -> bool:
    """Whether the tree has no more conditions and values than the limits admit."""
    conditions, values = size(tree)
    return conditions <= limits.max_conditions and values <= limits.max_values


@cache
def reader() -> Reader:
    """The fast reader of the grammar."""
    from .dsl_tables import TABLES
    from .lalr import Reader

    makers = {"disjunction": _disjunction, "conjunction": _conjunction, "relation": _relation}
    return Reader(TABLES, _BUILDERS, makers, "LPAR", "RPAR")


@cache
def _value_scanner() -> tuple[
    Callable[[str, int], re.Match[str] | None], dict[int, Callable[[Reading, str], Value | None]]
]:
    pattern, tokens = reader().scanner("value")
    return pattern.match, {group: _VALUES[name] for group, name in tokens.items()}


class Reading:
    """One reading of a text: what the builders share while it goes on, and afterwards the origin of its conditions.

    The index of a condition is where it starts.
    """

    __slots__ = ("_located", "limits", "text")

    _located: tuple[int, list[Token]]  # the last condition that was located, once one was, with its tokens

    def __init__(self, text: str, limits: Limits) -> None:
        self.text = text
        self.limits = limits

    def locate(self, index: int, part: str, item: int | None = None) -> TextLocation:
        """The characters of a condition's part."""
        from .dsl_faults import span_of, tokens_of

        located, tokens = getattr(self, "_located", (None, []))
        if located != index:
            tokens = tokens_of(self.text, index)
            self._located = index, tokens
        start, end = span_of(tokens, part, item)
        return TextLocation(self.text, index + start, index + end)


# What builds the conditions. Each takes the kept texts of one shape and returns None for what `dsl_faults` is to explain.


def _text_comparison(reading: Reading, parts: tuple[str, ...], start: int) -> Filter | None:
    field, word, raw = parts
    value = raw[1:-1] if "\\" not in raw else text_of(raw)
    if value is None or len(value) > reading.limits.max_string_length:
        return None
    try:
        name, operator = _names[field], _CANONICAL[word]
    except KeyError:
        return _comparison(reading, field, word, value, start)
    return comparison(name, operator, value, reading, start)


def _value_comparison(kind: str) -> Callable[[Reading, tuple[str, ...], int], Filter | None]:
    read = _VALUES[kind]

    def build(reading: Reading, parts: tuple[str, ...], start: int) -> Filter | None:
        field, word, raw = parts
        value = read(reading, raw)
        return None if value is None else _comparison(reading, field, word, value, start)

    return build


def _comparison(reading: Reading, field: str, word: str, value: Value, start: int) -> Filter | None:
    name = admitted_name(field)
    return None if name is None else comparison(name, _operator(word), value, reading, start)


def _membership(reading: Reading, parts: tuple[str, ...], start: int) -> Filter | None:
    field, word, listed = parts
    match, readers = _value_scanner()
    values: list[Value] = []
    position = 1
    while (found := match(listed, position)) is not None:
        value = readers[found.lastindex](reading, found.group(found.lastindex))  # type: ignore[index, arg-type]
        if value is None:
            return None
        values.append(value)
        position = listed.find(",", found.end()) + 1 or len(listed)
    name = admitted_name(field)
    if name is None or len(values) > reading.limits.max_list_values:
        return None
    return membership(name, _operator(word), tuple(values), reading, start)


def _is_null(reading: Reading, parts: tuple[str, ...], start: int) -> Filter | None:
    word = "isnull" if len(parts) == 3 else "isnotnull" if len(parts) == 4 else WORDS[parts[1].lower()]
    name = admitted_name(parts[0])
    return None if name is None else null_check(name, word, reading, start)


def _relation(reading: Reading, children: list[Any]) -> Filter | None:
    (field, start), (word, _), *inner = children
    name = admitted_name(field)
    return None if name is None else RelationTest(name, word.lower(), inner[0] if inner else None, reading, start)


def _operator(word: str) -> str:
    return _CANONICAL.get(word) or WORDS[word.lower()]


def _disjunction(reading: Reading, children: list[Any]) -> Filter | None:
    return _group(Or, children)


def _conjunction(reading: Reading, children: list[Any]) -> Filter | None:
    return _group(And, children)


def _group(kind: type[And] | type[Or], children: list[Any]) -> Filter | None:
    depth = 0
    for child in children:
        if child.__class__ is kind:
            children = [item for child in children for item in (child.items if child.__class__ is kind else (child,))]
            depth = max([item.depth for item in children])
            break
        if child.depth > depth:
            depth = child.depth
    return group(kind, tuple(children), depth + 1) if depth < MAX_DEPTH else None


# What reads the values. None is a refusal that `dsl_faults` explains.


def _string(reading: Reading, raw: str) -> Value | None:
    value = raw[1:-1] if "\\" not in raw else text_of(raw)
    return None if value is None or len(value) > reading.limits.max_string_length else value


def _number(reading: Reading, raw: str) -> Value | None:
    limits = reading.limits
    digits = len(raw)
    if digits < 16 and raw.isdigit() and digits <= limits.max_number_digits and digits <= limits.max_exponent:
        return int(raw)
    size = number_size(raw)
    if size is None or size[0] > limits.max_number_digits or abs(size[1]) > min(limits.max_exponent, MAX_EXPONENT):
        return None
    return exact(Decimal(raw))


def _boolean(reading: Reading, raw: str) -> Value | None:
    return raw[0] in "tT"


def _special(reading: Reading, raw: str) -> Value | None:
    special = read_special(raw)
    return special if special is not None and abs(special.days) <= reading.limits.max_day_offset else None


_VALUES: Final = {"STRING": _string, "NUMBER": _number, "BOOLEAN": _boolean, "SPECIAL": _special}
_BUILDERS: Final[dict[Shape, Builder]] = {
    ("FIELD", "OPERATOR", "STRING"): _text_comparison,
    **{("FIELD", "OPERATOR", kind): _value_comparison(kind) for kind in ("NUMBER", "BOOLEAN", "SPECIAL")},
    ("FIELD", "SET", "list"): _membership,
    ("FIELD", "IS", "NULL"): _is_null,
    ("FIELD", "IS", "NOT", "NULL"): _is_null,
    ("FIELD", "NULL_WORD"): _is_null,
}


def admitted_name(name: str) -> str | None:
    """The name, remembered so that it is looked at once; None if it is not well-formed."""
    known = _names.get(name)
    if known is None and field_fault(name) is None:
        if len(_names) >= _MAX_NAMES:
            _names.clear()
        return _names.setdefault(name, name)
    return known


# writing


def to_dsl(filter: Filter | CheckedFilter) -> str:
    """The filter in DSL, in canonical writing; `""` for `EVERYTHING`.

    Raises `UnsupportedFilterError` for untyped form text, which is written after a check.

    >>> import kanbert_filter as kf
    >>> kf.to_dsl(kf.parse("(a NEQ 'x') AND (b in [1, 2] or c is null)"))
    'a != "x" and (b in [1, 2] or c is null)'
    """
    tree = tree_of(filter)
    return "" if isinstance(tree, Everything) else _written(tree)


def _written(node: Filter) -> str:
    match node:
        case Comparison(field, operator, value):
            return f"{field} {OPERATORS[operator].dsl} {_literal(field, value)}"
        case Membership(field, operator, values):
            return f"{field} {operator} [{', '.join([_literal(field, value) for value in values])}]"
        case NullCheck(field, operator):
            return f"{field} {OPERATORS[operator].dsl}"
        case RelationTest(field, operator, inner):
            return f"{field} {operator}" if inner is None else f"{field} {operator} ({_written(inner)})"
        case And(items):
            return " and ".join([f"({_written(item)})" if isinstance(item, Or) else _written(item) for item in items])
        case Or(items):
            return " or ".join(map(_written, items))
        case Everything():
            raise AssertionError("EVERYTHING stands only as a whole filter")
    assert_never(node)


def _literal(field: str, value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value.translate(_ESCAPED)}"'
        case Special():
            return str(value)
        case UntypedText():
            message = f"The form value {quoted(value)} has no type yet; check the filter with its endpoint before writing it as DSL"
            raise UnsupportedFilterError(Problem("unsupported", message, field))
    return number_text(value)
