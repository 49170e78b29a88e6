"""The DSL read the slow and obvious way: Lark's own tree, turned into nodes by their public constructors.

Fast reader and reference share the grammar and nothing else.
"""

from __future__ import annotations

import ast
from decimal import Decimal
from typing import Any

from lark import Token, UnexpectedInput

import kanbert_filter as kf
from kanbert_filter.notations.dsl_grammar import language
from kanbert_filter.values import read_special


def parse(text: str) -> kf.Filter | None:
    """The tree of a text, or None where Lark or a node refuses it."""
    try:
        return _node(language().parse(text))
    except (UnexpectedInput, UnicodeDecodeError, kf.FilterSyntaxError):
        return None


def _node(tree: Any) -> kf.Filter:
    children = tree.children
    match tree.data:
        case "disjunction":
            return kf.Or([_node(child) for child in children])
        case "conjunction":
            return kf.And([_node(child) for child in children])
        case "relation":
            field, word, *inner = children
            return kf.RelationTest(field, word, _node(inner[0]) if inner else None)
        case "condition":
            return _condition(children[0], children[1])
    (child,) = children
    return _node(child)


def _condition(field: Token, test: Any) -> kf.Filter:
    match test.data:
        case "comparison":
            symbols = {"=": "eq", "!=": "ne", "<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}
            word, value = test.children
            return kf.Comparison(field, symbols.get(word, word), _value(value))
        case "membership":
            word, values = test.children
            return kf.Membership(field, word, [_value(value) for value in values.children])
    return kf.NullCheck(field, "".join(test.children).lower())


def _value(token: Token) -> object:
    match token.type:
        case "STRING":
            # Python reads every escape of the DSL alike, but no raw line breaks and only halves of surrogate pairs.
            literal = token.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\0")
            text: str = ast.literal_eval(literal)
            return text.encode("utf-16", "surrogatepass").decode("utf-16")
        case "NUMBER":
            return Decimal(token)
        case "BOOLEAN":
            return token.lower() == "true"
    return read_special(token)
