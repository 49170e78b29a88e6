"""Matching `like` patterns, in time linear in the text."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache

from ...meaning.patterns import pieces

Find = Callable[[str, int, int], int]
"""Looks for a piece of a pattern in `text[start:end]` and gives the place after its first occurrence, or -1."""

Fits = Callable[[str], bool]
"""Whether a text fits."""


@lru_cache(maxsize=1024)
def like(pattern: str) -> Fits:
    r"""Whether a whole text matches the pattern: `%` any run of characters, `_` one character, `\x` a literal `x`.

    The pieces between the `%` are looked for from left to right, and each is settled where it is first found: if the rest does not
    fit behind the first place, it fits behind no later one. So nothing is ever tried twice, whatever the pattern.

    >>> from kanbert_filter.backends.predicate.patterns import like
    >>> like(r"100\% _%")("100% sure"), like("a%b%c")("abcb")
    (True, False)
    """
    head, *middle = pieces(pattern)
    if not middle:
        fits, length = _found_at_start(head), len(head)
        return lambda text: len(text) == length and fits(text, 0, length) >= 0
    tail = middle.pop()
    fits_head, fits_tail = _found_at_start(head), _found_at_start(tail)
    finds = [_found_anywhere(piece) for piece in middle if piece]
    head_length, tail_length = len(head), len(tail)

    def matches(text: str) -> bool:
        end = len(text) - tail_length
        if end < head_length or fits_head(text, 0, end) < 0 or fits_tail(text, end, len(text)) < 0:
            return False
        place = head_length
        for find in finds:
            place = find(text, place, end)
            if place < 0:
                return False
        return True

    return matches


def one_fits(patterns: Sequence[Fits]) -> Fits:
    """Whether a text fits one of the patterns."""
    return patterns[0] if len(patterns) == 1 else lambda text: any(fits(text) for fits in patterns)


def holds_one(needles: Sequence[str]) -> Fits:
    """Whether a text holds one of the needles."""
    return lambda text: any(map(text.__contains__, needles))


def _found_anywhere(piece: list[str | None]) -> Find:
    if None in piece:
        search = _expression(piece).search
        return lambda text, start, end: found.end() if (found := search(text, start, end)) else -1
    literal, length = _literal(piece), len(piece)
    return lambda text, start, end: place + length if (place := text.find(literal, start, end)) >= 0 else -1


def _found_at_start(piece: list[str | None]) -> Find:
    if None in piece:
        match = _expression(piece).match
        return lambda text, start, end: found.end() if (found := match(text, start, end)) else -1
    literal, length = _literal(piece), len(piece)
    return lambda text, start, end: start + length if text.startswith(literal, start, end) else -1


def _literal(piece: list[str | None]) -> str:
    return "".join(filter(None, piece))


def _expression(piece: list[str | None]) -> re.Pattern[str]:
    """A piece with `_` as an expression of single characters: nothing in it repeats, so nothing can be retried."""
    return re.compile("".join(["." if character is None else re.escape(character) for character in piece]), re.DOTALL)
