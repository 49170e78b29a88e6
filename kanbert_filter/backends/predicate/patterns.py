r"""Matching `like` patterns: made in time and space that follow the pattern's length, and matched in time linear in the text.

A pattern is at most as long as a filter, but anybody may send many of them. So there are no regular expressions (`re` takes some
eight microseconds for a character) and no function for each piece: a pattern becomes a few tuples of texts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from ...meaning.patterns import pieces
from .caches import BoundedCache

Fits = Callable[[str], bool]
"""Whether a text fits."""

_KEPT: Final[BoundedCache[str, Fits]] = BoundedCache(most=1024, size=100_000)
"""What patterns became, up to so many characters of patterns."""


def like(pattern: str) -> Fits:
    r"""Whether a whole text matches the pattern: `%` any run of characters, `_` one character, `\x` a literal `x`.

    >>> from kanbert_filter.backends.predicate.patterns import like
    >>> like(r"100\% _%")("100% sure"), like("a%b%c")("abcb")
    (True, False)
    """
    found = _KEPT.get(pattern)
    if found is None:
        found = _made(pattern)
        _KEPT.put(pattern, found, len(pattern) + 1)
    return found


def _made(pattern: str) -> Fits:
    """The pieces between the `%` are looked for from left to right, and each is settled where it is first found: if the rest does
    not fit behind the first place, it fits behind no later one. So nothing is ever tried twice, whatever the pattern.
    """
    head, *rest = [_piece(piece) for piece in pieces(pattern)]
    head_length = len(head)
    if not rest:
        return lambda text: len(text) == head_length and _is_at(head, text, 0)
    *middle, tail = rest
    tail_length = len(tail)
    between = tuple([(piece, len(piece)) for piece in middle if piece])

    def fits(text: str) -> bool:
        end = len(text) - tail_length
        if end < head_length or not _is_at(head, text, 0) or not _is_at(tail, text, end):
            return False
        place = head_length
        for piece, length in between:
            found = text.find(piece, place, end) if piece.__class__ is str else piece.found_in(text, place, end)
            if found < 0:
                return False
            place = found + length
        return True

    return fits


def _piece(piece: Sequence[str | None]) -> Any:
    """A text, or what stands for one with `_` in it."""
    return _Gapped(piece) if None in piece else "".join(filter(None, piece))


class _Gapped:
    """A piece with `_` in it."""

    __slots__ = ("_length", "_literals", "_mask", "_wanted")

    def __init__(self, piece: Sequence[str | None]) -> None:
        self._length = len(piece)
        literals = [(start, "".join(filter(None, piece[start:end]))) for start, end in _literal_runs(piece)]
        # The longest are looked for first. More than a few would cost a step each; then all are compared at once, as one number.
        self._literals = tuple(sorted(literals, key=lambda literal: -len(literal[1]))[:_FEW_LITERALS])
        self._mask = self._wanted = 0
        if len(literals) > _FEW_LITERALS:
            self._wanted = _wide("".join([character or "\0" for character in piece]))
            self._mask = int.from_bytes(
                b"".join([b"\xff\xff\xff\xff" if one else b"\0\0\0\0" for one in piece]), "little"
            )

    def __len__(self) -> int:
        return self._length

    def is_at(self, text: str, place: int) -> bool:
        """Whether the text has the piece there. It is long enough."""
        for offset, literal in self._literals:
            if not text.startswith(literal, place + offset):
                return False
        return not self._mask or _wide(text[place : place + self._length]) & self._mask == self._wanted

    def found_in(self, text: str, start: int, end: int) -> int:
        """The first place in `text[start:end]` where the piece is, or -1."""
        last = end - self._length
        if last < start:
            return -1
        if not self._literals:
            return start
        offset, literal = self._literals[0]
        end = last + offset + len(literal)
        found = text.find(literal, start + offset, end)
        while found >= 0 and not self.is_at(text, found - offset):
            found = text.find(literal, found + 1, end)
        return found - offset if found >= 0 else -1


_FEW_LITERALS: Final = 8


def _literal_runs(piece: Sequence[str | None]) -> Iterator[tuple[int, int]]:
    """Where the characters between the `_` are."""
    start = 0
    for place, character in enumerate([*piece, None]):
        if character is None:
            if start < place:
                yield start, place
            start = place + 1


def _wide(text: str) -> int:
    """A number of four bytes for each character."""
    return int.from_bytes(text.encode("utf-32-le", "surrogatepass"), "little")


def _is_at(piece: Any, text: str, place: int) -> bool:
    return text.startswith(piece, place) if piece.__class__ is str else piece.is_at(text, place)


def one_fits(patterns: Sequence[Fits]) -> Fits:
    """Whether a text fits one of the patterns."""
    return patterns[0] if len(patterns) == 1 else lambda text: any(fits(text) for fits in patterns)


def holds_one(needles: Sequence[str]) -> Fits:
    """Whether a text holds one of the needles."""
    return lambda text: any(map(text.__contains__, needles))
