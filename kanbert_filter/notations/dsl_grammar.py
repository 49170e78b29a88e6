"""The grammar as Lark compiles it, and what its quoted texts stand for.

Reading needs of it only the tables that `dsl_tables.py` holds. `python -m kanbert_filter.notations.dsl_grammar` makes that module anew
after a change of the grammar.
"""

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
    """Lark's own parser of the grammar, for what the fast reader refuses. Importing and building it take a tenth of a second, once."""
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


def written_tables() -> str:
    """The module `dsl_tables` as it follows from the grammar."""
    from .lalr import tables_of

    tables = tables_of(language())
    lines = [
        '"""Generated from grammar/filter.lark by `python -m kanbert_filter.notations.dsl_grammar`, not to be edited: Lark\'s tables."""',
        "",
        "# fmt: off",
        "",
        "from .lalr import Tables",
        "",
        "TABLES = Tables(",
    ]
    for name in ("terminals", "ignored", "dropped", "rules", "states", "end"):
        part = getattr(tables, name)
        if isinstance(part, dict):
            lines += [f"    {name}={{", *(f"        {key!r}: {value!r}," for key, value in part.items()), "    },"]
        elif isinstance(part, list):
            lines += [f"    {name}=[", *(f"        {item!r}," for item in part), "    ],"]
        else:
            lines.append(f"    {name}={part!r},")
    return "\n".join([*lines, ")", ""])


if __name__ == "__main__":
    from pathlib import Path

    Path(__file__).with_name("dsl_tables.py").write_text(written_tables(), "utf-8")
