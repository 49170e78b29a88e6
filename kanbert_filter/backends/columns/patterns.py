"""Text operators as patterns of `like`, and these as engines spell them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from ...meaning.patterns import pieces
from ...meaning.tests import TextOperator

_MARKS: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


def pattern_of(operator: TextOperator, needle: str) -> str:
    r"""The `like` pattern that means the same as a text operator with this needle.

    >>> from kanbert_filter.backends.columns.patterns import pattern_of
    >>> print(pattern_of("contains", "50%"))
    %50\%%
    """
    if operator == "like":
        return needle
    escaped = "".join([f"\\{c}" if c in "%_\\" else c for c in needle])
    return {"contains": f"%{escaped}%", "startswith": f"{escaped}%", "endswith": f"%{escaped}"}[operator]


def like_spelling(pattern: str, special: str = "%_", escape: str = "/") -> str:
    """The pattern for `LIKE … ESCAPE '/'`, an escape that no engine reads in another way, before each `special` character and itself.

    >>> from kanbert_filter.backends.columns.patterns import glob_spelling, like_spelling
    >>> print(like_spelling(r"50\\%_%"), glob_spelling(r"[50\\%_%"))
    50/%_% [[]50%?*
    """
    return _spelled(pattern, "%", "_", lambda c: f"{escape}{c}" if c in special or c == escape else c)


def glob_spelling(pattern: str) -> str:
    """The pattern for SQLite's `GLOB`, since its `LIKE` ignores case."""
    return _spelled(pattern, "*", "?", lambda c: f"[{c}]" if c in "*?[" else c)


def _spelled(pattern: str, run: str, one: str, literal: Callable[[str], str]) -> str:
    return run.join(["".join([one if c is None else literal(c) for c in piece]) for piece in pieces(pattern)])


# regular expressions: in both, each run of any characters is settled where what follows it is first found


def automaton(pattern: str) -> str:
    """For engines that never go back (Rust's and RE2): what may be anywhere is looked for without an anchor."""
    head, *rest = _expressions(pattern)
    if not rest:
        return rf"(?s)\A{head}\z"
    *middle, tail = rest
    return "(?s)" + ".*".join(filter(None, [head and rf"\A{head}", *middle, tail and rf"{tail}\z"]))


def backtracking(pattern: str, end: str = r"\Z") -> str:
    r"""For engines that go back (Python's, and Java's with the end `\z`): atomic groups let them not.

    >>> import re
    >>> from kanbert_filter.backends.columns.patterns import backtracking
    >>> re.match(backtracking(r"100\% _%"), "100% sure") is not None
    True
    """
    head, *rest = _expressions(pattern)
    if not rest:
        return rf"(?s)\A{head}{end}"
    *middle, tail = rest
    return rf"(?s)\A{head}" + "".join([f"(?>.*?{piece})" for piece in middle if piece]) + f".*{tail}{end}"


def _expressions(pattern: str) -> list[str]:
    """The pieces between the `%` signs as regular expressions."""
    return ["".join(["." if c is None else _MARKS.sub(r"\\\g<0>", c) for c in piece]) for piece in pieces(pattern)]
