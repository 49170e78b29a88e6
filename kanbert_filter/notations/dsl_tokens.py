"""The tokens of the DSL: where the grammar defines them, and what each stands for within the limits.

Both readers of the DSL take them from here, Lark in `dsl` and the shortcut in `dsl_fast`. What a limit or a rule refuses is a
`FilterSyntaxError` without a place: `dsl` adds the place, and to the shortcut any refusal means that Lark decides.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from os.path import dirname, join
from typing import Any, Final

from .. import messages
from ..errors import FilterSyntaxError, Problem
from ..limits import Limits
from ..nodes import field_name
from ..operators import OPERATORS, WORDS
from ..values import Number, Special, Value, read_number, read_special

BLANKS: Final = " \t\r\n"

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_NAMES: Final = 4096


@cache
def grammar() -> str:
    """The text of the grammar.

    Wheels carry it in the package. A checkout has it in `grammar/` alone, and so has what is installed as editable. The loader of
    this module reads it, so that it is found in a zip file too.
    """
    package = dirname(dirname(__file__))
    loader: Any = __loader__  # type: ignore[name-defined]
    try:
        data: bytes = loader.get_data(join(package, "filter.lark"))
    except OSError:
        data = loader.get_data(join(dirname(package), "grammar", "filter.lark"))
    return data.decode()


def terminals() -> dict[str, str]:
    """The pattern of each named terminal, as the grammar writes it: one regular expression on a line, or several joined by `|`.

    Lark would say the same, as a test holds, but importing it and building a parser would cost every program that reads a filter.
    """
    found: dict[str, str] = {}
    for name, definition in re.findall(r"^([A-Z_]+): (/.*(?:\n +\| /.*)*)", grammar(), re.MULTILINE):
        ways = [
            f"(?{flags}:{pattern})" if flags else pattern
            for pattern, flags in re.findall(r"^(?: +\| )?/(.*)/([a-z]*)$", definition, re.MULTILINE)
        ]
        found[name] = ways[0] if len(ways) == 1 else f"(?:{'|'.join(ways)})"
    return found


class _Names(dict[str, str]):
    def __missing__(self, name: str) -> str:
        name = field_name(name)
        if len(self) >= _MAX_NAMES:
            self.clear()
        return self.setdefault(name, name)


class _Operators(dict[str, str]):
    def __missing__(self, word: str) -> str:
        return WORDS[word.lower()]


# Two mappings that work out what they do not hold. What they hold, they give without a call of Python.

NAMES: Final = _Names()
"""Every name of a field as itself, remembered so that it is looked at once; `FilterSyntaxError` for what is not well-formed."""

CANONICAL: Final = _Operators(
    {spelling: WORDS[word] for word in WORDS for spelling in (word, OPERATORS[WORDS[word]].dsl)}
)
"""The canonical word of an operator, however it is written."""


# What the tokens of values stand for.


def string_of(raw: str, limits: Limits) -> str:
    """The text that a quoted one stands for, its escapes resolved."""
    text = raw[1:-1]
    if "\\" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), text)
        if not text.isascii():
            try:  # UTF-16 joins the halves of surrogate pairs and refuses a half on its own
                text = text.encode("utf-16", "surrogatepass").decode("utf-16")
            except UnicodeDecodeError:
                message = "Found half of a surrogate pair as \\u escape, expected both halves, as in \\ud83d\\ude00"
                raise FilterSyntaxError(Problem("invalid_escape", message)) from None
    if len(text) > limits.max_string_length:
        raise FilterSyntaxError(messages.string_too_long(limits.max_string_length))
    return text


def number_of(raw: str, limits: Limits) -> Number:
    """The exact number. Its size is looked at before it is computed."""
    length = len(raw)
    if length < 16 and raw.isdigit() and length <= limits.max_number_digits and length <= limits.max_exponent:
        return int(raw)
    return read_number(raw, limits)


def boolean_of(raw: str, limits: Limits) -> bool:
    """True or false, whatever the case it is written in."""
    return raw[0] in "tT"


def special_of(raw: str, limits: Limits) -> Special:
    """The special, its offset within the limit."""
    special = read_special(raw)
    assert special is not None, raw  # the grammar admits the same, as a test holds
    if abs(special.days) > limits.max_day_offset:
        raise FilterSyntaxError(messages.day_offset_too_large(limits.max_day_offset))
    return special


VALUES: Final[dict[str, Callable[[str, Limits], Value]]] = {
    "STRING": string_of,
    "NUMBER": number_of,
    "BOOLEAN": boolean_of,
    "SPECIAL": special_of,
}
"""What reads each terminal that is a value."""
