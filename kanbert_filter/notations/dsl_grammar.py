"""The grammar as Lark compiles it, and what its quoted texts stand for."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lark import Lark

BLANKS: Final = " \t\r\n"

_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}


@cache
def language() -> Lark:
    """Lark's own parser of the grammar. Importing Lark and building it take some tens of milliseconds, once."""
    from pkgutil import get_data

    from lark import Lark

    grammar = get_data("kanbert_filter", "filter.lark")
    assert grammar is not None  # every loader of packages reads their data
    return Lark(grammar.decode(), parser="lalr", maybe_placeholders=False, g_regex_flags=re.ASCII)


def text_of(literal: str) -> str | None:
    """The text a quoted literal stands for; None if an escape is half of a surrogate pair."""
    text = _ESCAPE.sub(
        lambda found: chr(int(found[1], 16)) if found[1] else _ESCAPES.get(found[2], found[2]), literal[1:-1]
    )
    if text.isascii():
        return text
    try:
        return text.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError:
        return None
