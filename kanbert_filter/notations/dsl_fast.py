"""A shortcut for well-formed DSL: a faster copy of what Lark reads in `dsl`.

Lark calls Python for each token and each rule. Here one regular expression, put together from the grammar's own terminals, reads a
whole condition with the `and` or `or` before it, and one loop joins the conditions. That takes a fourteenth of Lark's time (0.07 to
0.08 on the filters of the benchmarks), and Lark is not imported, which costs as much as reading some thousand filters.

`shortcut` returns None for whatever it does not know: a fault, a limit that is passed, a rule that was added to the grammar. Then Lark
decides. `assert_read_alike` in `tests/notations/test_dsl.py` holds the two equal in trees, depths, places, refusals and limits.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any, Final

from ..errors import FilterSyntaxError
from ..limits import Limits
from ..nodes import (
    And,
    Comparison,
    ComparisonDraft,
    Filter,
    Or,
    Origin,
    group,
    membership,
    null_check,
    relation_depth,
    relation_test,
    size,
)
from ..values import Value
from .dsl_tokens import CANONICAL, NAMES, VALUES, terminals

Matcher = Callable[[str, int], re.Match[str] | None]

OR, FIELD, OPERATOR, STRING, NUMBER, BOOLEAN, SPECIAL, SET, EMPTY, NULL, NOT, NULL_WORD, ANY, RELATION, GROUP = range(
    1, 16
)
"""The groups of the pattern of an item. The last one that matched says what the item is."""

_READERS: Final = tuple(VALUES.values())


@cache
def _matchers() -> tuple[Matcher, Matcher, Matcher, Matcher]:
    """What reads a first item, a further item with the word before it, an end, and a value of a list with what follows it.

    An item is a condition, or what opens a parenthesis; an end closes one, or is the end of the text. Each terminal is an atomic group: a
    token once read is never shortened. Every word ends at a word boundary, so no two terminals that may stand at one place match there,
    and the order of alternatives decides nothing, as in Lark's contextual lexer.
    """
    t = {name: f"(?>{pattern})" for name, pattern in terminals().items()}
    b = f"{t['BLANK']}*+"
    value = "|".join([f"({t[name]})" for name in VALUES])
    item = (
        rf"{b}(?:({t['FIELD']}){b}(?:"
        rf"({t['OPERATOR']}){b}(?:{value})"
        rf"|({t['SET']}){b}\[(?:{b}(\]))?"
        rf"|{t['IS']}{b}({t['NULL']})|{t['IS']}{b}({t['NOT']}){b}{t['NULL']}|({t['NULL_WORD']})"
        rf"|({t['ANY']})(?!{b}\()|({t['ANY']}|{t['ALL']}){b}\("
        r")|(\())"
    )
    first = rf"((?!))?{item}"  # the group of `or`, which is not there
    further = rf"{b}(?:{t['_AND']}|({t['_OR']})){item}"
    end = rf"{b}(?:(\))|\Z)"
    listed = rf"{b}(?:{value}){b}[,\]]"
    first_match, further_match, end_match, listed_match = [
        re.compile(pattern, re.ASCII).match for pattern in (first, further, end, listed)
    ]
    return first_match, further_match, end_match, listed_match


def shortcut(text: str, origin: Origin, limits: Limits) -> Filter | None:
    """The tree of a text, its conditions read from `origin`; None if Lark is to decide."""
    try:
        tree = _read(text, origin, limits)
    except (FilterSyntaxError, KeyError):  # a token passes a limit, or the grammar has an operator that no table has
        return None
    if tree is None or (depth := tree.depth) > limits.max_depth:
        return None
    if depth > limits.max_relation_depth and relation_depth(tree) > limits.max_relation_depth:
        return None
    # A text too short to hold too many conditions (`a=1` and a word between them) or values (`1,`) needs no counting.
    if len(text) > 4 * limits.max_conditions or len(text) > 2 * limits.max_values:
        conditions, values = size(tree)
        if conditions > limits.max_conditions or values > limits.max_values:
            return None
    return tree


def _read(text: str, origin: Origin, limits: Limits) -> Filter | None:
    match_first, match_further, match_end, match_listed = _matchers()
    levels = limits.max_depth - 1  # how many more parentheses may be opened
    ors: list[Filter] = []  # the finished items of the disjunction that is being read
    ands: list[Filter] = []  # the items of the conjunction that is being read in it
    outer: list[tuple[list[Filter], list[Filter], re.Match[str]]] = []  # both of them, for each open parenthesis
    item = match_first(text, 0)
    while item is not None:
        at = item.end()
        kind = item.lastindex or 0
        if kind >= RELATION:  # an opening parenthesis
            if not levels:
                return None
            levels -= 1
            outer.append((ors, ands, item))
            ors, ands = [], []
            item = match_first(text, at)
            continue
        name = NAMES[item[FIELD]]
        start = item.start(FIELD)
        if kind <= SPECIAL:
            raw = item[kind]  # a text without escapes is so frequent that a call for it would cost a twentieth of all
            if kind != STRING or "\\" in raw:
                value = _READERS[kind - STRING](raw, limits)
            else:
                value = raw[1:-1]
                if len(value) > limits.max_string_length:
                    return None
            draft: Any = ComparisonDraft()  # `nodes.comparison`, written out: calling it would cost a twentieth too
            draft.field = name
            draft.operator = CANONICAL[item[OPERATOR]]
            draft.value = value
            draft.origin = origin
            draft.index = start
            draft.__class__ = Comparison
            ands.append(draft)
        elif kind <= EMPTY:
            values: list[Value] = []
            more = kind == SET
            while more:
                listed = match_listed(text, at)
                if listed is None or len(values) == limits.max_list_values:
                    return None
                which = listed.lastindex or 0
                values.append(_READERS[which - 1](listed[which], limits))
                at = listed.end()
                more = text[at - 1] == ","
            ands.append(membership(name, CANONICAL[item[SET]], tuple(values), origin, start))
        elif kind <= NULL_WORD:
            word = "isnull" if kind == NULL else "isnotnull" if kind == NOT else CANONICAL[item[NULL_WORD]]
            ands.append(null_check(name, word, origin, start))
        else:
            ands.append(relation_test(name, CANONICAL[item[ANY]], None, origin, start))
        while (item := match_further(text, at)) is None:
            end = match_end(text, at)
            if end is None:
                return None
            at = end.end()
            ors.append(ands[0] if len(ands) == 1 else _normal_form(And, ands))
            node = ors[0] if len(ors) == 1 else _normal_form(Or, ors)
            if end.lastindex is None:  # the end of the text
                return None if outer else node
            if not outer:
                return None
            levels += 1
            ors, ands, opening = outer.pop()
            if opening.lastindex == RELATION:
                node = relation_test(
                    NAMES[opening[FIELD]], CANONICAL[opening[RELATION]], node, origin, opening.start(FIELD)
                )
            ands.append(node)
        if item[OR] is not None:
            ors.append(ands[0] if len(ands) == 1 else _normal_form(And, ands))
            ands = []
    return None


def _normal_form(kind: type[And] | type[Or], items: list[Filter]) -> Filter:
    """Two items or more as one group in normal form. `kind(items)` would look at every item again."""
    depth = 0
    for item in items:
        if item.__class__ is kind:
            items = [inner for item in items for inner in (item.items if isinstance(item, kind) else (item,))]
            depth = max([inner.depth for inner in items])
            break
        if item.depth > depth:
            depth = item.depth
    return group(kind, tuple(items), depth + 1)
