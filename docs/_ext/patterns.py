"""Reads a regular expression as Python's own compiler does: the few texts it stands for, or a railroad diagram."""

from collections.abc import Iterator
from itertools import product
from re import _constants, _parser
from typing import Any

import railroad

FEW = 24


def parsed(pattern: str) -> list[Any]:
    return list(_parser.parse(pattern))


def texts(steps: list[Any]) -> list[str]:
    """Every text the steps match, in the order of the pattern, or none where there are too many to list."""
    found = [""]
    for step in steps:
        found = [before + after for before, after in product(found, texts_of(step))]
        if not 0 < len(found) <= FEW:
            return []
    return list(dict.fromkeys(found))


def texts_of(step: Any) -> list[str]:
    match str(step[0]), step[1]:
        case "LITERAL", code:
            return [chr(code)]
        case "IN", members if all(str(kind) == "LITERAL" for kind, _ in members):
            return [chr(code) for _, code in members]
        case "BRANCH", (_, ways):
            each = [texts(list(way)) for way in ways]
            return [text for way in each for text in way] if all(each) else []
        case "SUBPATTERN", (*_, inner):
            return texts(list(inner))
        case "MAX_REPEAT" | "POSSESSIVE_REPEAT", (0, 1, inner):
            optional = texts(list(inner))
            return ["", *optional] if optional else []
        case "ASSERT_NOT" | "AT", _:
            return [""]
    return []


def drawn(steps: list[Any]) -> railroad.DiagramItem:
    """The steps one after another, neighbouring characters as one text; what is only looked at is left out."""
    items = [*merged(step for step in steps if str(step[0]) not in ("ASSERT_NOT", "AT"))]
    return items[0] if len(items) == 1 else railroad.Sequence(*items)


def merged(steps: Iterator[Any]) -> Iterator[railroad.DiagramItem]:
    text = ""
    for kind, argument in steps:
        if kind is _constants.LITERAL:
            text += chr(argument)
            continue
        if text:
            yield railroad.Terminal(text)
        text = ""
        yield drawn_step(str(kind), argument)
    if text:
        yield railroad.Terminal(text)


def drawn_step(kind: str, argument: Any) -> railroad.DiagramItem:
    match kind, argument:
        case "NOT_LITERAL", code:
            return railroad.Comment(f"any character but {chr(code)}")
        case "IN", [(_constants.NEGATE, _), *members]:
            return railroad.Comment(f"any character but {' '.join(map(member, members))}")
        case "IN", members if len(members) == 2 and all(str(kind) == "LITERAL" for kind, _ in members):
            return railroad.Choice(0, *(railroad.Terminal(chr(code)) for _, code in members))
        case "IN", members:
            return railroad.Comment(" ".join(map(member, members)))
        case "BRANCH", (_, ways):
            return railroad.Choice(0, *(drawn(list(way)) for way in ways))
        case "SUBPATTERN", (*_, inner):
            return drawn(list(inner))
        case "MAX_REPEAT" | "POSSESSIVE_REPEAT", (0, 1, inner):
            return railroad.Optional(drawn(list(inner)))
        case "MAX_REPEAT" | "POSSESSIVE_REPEAT", (0, _constants.MAXREPEAT, inner):
            return railroad.ZeroOrMore(drawn(list(inner)))
        case "MAX_REPEAT" | "POSSESSIVE_REPEAT", (1, _constants.MAXREPEAT, inner):
            return railroad.OneOrMore(drawn(list(inner)))
        case "MAX_REPEAT" | "POSSESSIVE_REPEAT", (least, most, inner):
            times = f"{least}" if least == most else f"{least} to {most}"
            return railroad.Group(drawn(list(inner)), f"{times} times")
    raise ValueError(f"no diagram for {kind} {argument!r}")


def member(part: Any) -> str:
    match str(part[0]), part[1]:
        case "LITERAL", code:
            return chr(code)
        case "RANGE", (first, last):
            return f"{chr(first)}-{chr(last)}"
    raise ValueError(f"no diagram for {part!r}")
