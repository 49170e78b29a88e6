"""What somebody may have meant: the known words that are closest to one that is not known.

A client decides how many unknown words a filter has, and an owner how many words there are to compare them with. So
comparing has a budget, which one `Suggestions` shares between all words of a filter: what exceeds it is not suggested.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MOST: Final = 3
"""How many words are suggested for one."""

BUDGET: Final = 6_000
"""How many characters one pass compares: a hundred words of twelve characters five times over, in less than ten milliseconds."""

_BOUNDARY: Final = re.compile(r"[._-]")


class Suggestions:
    """Finds close words within one budget.

    >>> from kanbert_filter.suggestions import Suggestions
    >>> fields = ["title", "due_on", "client.name", "client.size"]
    >>> near = Suggestions()
    >>> [near.to(word, fields) for word in ("titel", "TITLE", "due", "name", "colour")]
    [['title'], ['title'], ['due_on'], ['client.name'], []]
    """

    __slots__ = ("_left",)

    def __init__(self, budget: int = BUDGET) -> None:
        self._left = budget

    def to(self, word: str, known: Iterable[str]) -> list[str]:
        """The known words closest to one that is not known, the closest first: at most three, or the one that differs only in case.

        A word is close that has the same last segment, that begins with this word, or that a few typing errors turn into it.
        """
        lower = word.casefold()
        found: list[tuple[int, str]] = []
        for name in known:
            self._left -= 1
            if self._left < 0:
                break
            distance = self._distance(lower, name.casefold())
            if distance == 0:
                return [name]
            if distance is not None:
                found.append((distance, name))
        return [name for _, name in sorted(found, key=lambda entry: entry[0])[:MOST]]

    def _distance(self, word: str, name: str) -> int | None:
        """How far a name is from a word, or None if it is not close."""
        if word == name:
            return 0
        if len(word) > 1 and ((name.startswith(word) and name[len(word)] in "._-") or name.endswith(f".{word}")):
            return 1
        most = max((len(word) + 1) // 4, len(word) > 1)
        if abs(len(word) - len(name)) <= most and len({*word} ^ {*name}) <= 2 * most:
            self._left -= len(name)
            typing_errors = distance(word, name)
            if typing_errors <= most:
                return 1 + typing_errors
        return 9 if len(word) > 2 and name.startswith(word) else None


def distance(a: str, b: str) -> int:
    """How many characters must be inserted, left out, exchanged or swapped with their neighbour to turn one text into the other.

    The columns of the usual table are bits of whole numbers here (Hyyrö, 2003), one step for each character of `b`.

    >>> from kanbert_filter.suggestions import distance
    >>> distance("titel", "title"), distance("colour", "color"), distance("", "ab")
    (1, 1, 2)
    """
    if not a:
        return len(b)
    places: dict[str, int] = {}
    for position, character in enumerate(a):
        places[character] = places.get(character, 0) | 1 << position
    every = (1 << len(a)) - 1
    last = 1 << len(a) - 1
    up, down, zero, before = every, 0, 0, 0
    errors = len(a)
    for character in b:
        here = places.get(character, 0)
        swapped = ((~zero & here) << 1) & before
        zero = (((here & up) + up) ^ up) | here | down | swapped
        right = down | ~(zero | up)
        left = zero & up
        errors += bool(right & last) - bool(left & last)
        right = right << 1 | 1
        up = ((left << 1) | ~(zero | right)) & every
        down = right & zero & every
        zero &= every
        before = here
    return errors
