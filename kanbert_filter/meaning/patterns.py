"""What a `like` pattern means: pieces of text between runs of any characters."""

from __future__ import annotations


def pieces(pattern: str) -> list[list[str | None]]:
    """The pieces between the `%` signs, each as a list of characters with None for `_`."""
    pieces: list[list[str | None]] = [[]]
    characters = iter(pattern)
    for character in characters:
        if character == "%":
            pieces.append([])
        elif character == "_":
            pieces[-1].append(None)
        else:
            pieces[-1].append(next(characters) if character == "\\" else character)
    return pieces
