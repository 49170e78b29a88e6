"""What is wrong with a DSL text, at the place where Lark cannot go on.

What is found there is compared with the habits people bring from other languages; each has a sentence that says what to write here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple

from ..errors import Problem, TextLocation, printable, quoted
from ..messages import NO_TEXT_NEGATION, alternatives, did_you_mean
from ..operators import OPERATORS, TEXT_OPERATORS, WORDS
from .dsl_habits import CONDITION, HERE, WITH_LAST_TOKEN, Habit
from .dsl_tokens import BLANKS, VALUES

_AFTER_CONDITION: Final = frozenset({"_OR", "$END"})  # a ")" that closes nothing leaves only the end
_WORD: Final = re.compile(r"[^\W\d][\w.-]*|[0-9][\w.:+-]*|[!<>=~^&|*/+%$#@?-]+")

_OFFERED: Final = [word for word in WORDS if word != "count"]
_NEGATED: Final = re.compile(r"(?:do_?|does_?|is_?)?(?:not|non|no|nt|un|n)[_-]?(.+)")
_NEGATIONS: Final = {"eq": "ne", "in": "nin", "isnull": "isnotnull", "any": "none"}
"""The operators that are each other's opposite in everything but null."""

_QUOTES: Final = frozenset("“”„«»‘’‚´")
_LOOK_ALIKES: Final = {"≠": "!=", "≤": "<=", "≥": ">=", "−": "-", "–": "-", "—": "-"}
"""Characters for which there is something to write, besides those that Unicode knows to be compatible with others."""

EXPECTATIONS: Final = {
    "FIELD": "a field",
    "OPERATOR": "an operator",
    "SET": "'in' or 'nin'",
    "IS": "'is null'",
    "NOT": "'not'",
    "NULL": "'null'",
    "NULL_WORD": "'isnull'",
    "ANY": "'any' or 'none'",
    "ALL": "'all'",
    "STRING": "a text in quotes",
    "NUMBER": "a number",
    "BOOLEAN": "true or false",
    "SPECIAL": "a special such as today",
    "LPAR": "'('",
    "RPAR": "')'",
    "LSQB": "'['",
    "RSQB": "']'",
    "COMMA": "','",
    "_AND": "'and'",
    "_OR": "'or'",
    "$END": "the end",
}
"""What each terminal of the grammar is called where it was expected."""


class Refusal(NamedTuple):
    """Where a text cannot be read on, and all that is known there."""

    whole: str
    place: int
    expected: frozenset[str]
    """The terminals that could have been there."""
    last: str
    """The terminal of the last token that could be read, "" at the beginning of the text."""
    last_span: tuple[int, int]
    opened: int | None
    """The place of the innermost open parenthesis."""

    @property
    def text(self) -> str:
        """The text without the blanks at its end."""
        return self.whole.rstrip(BLANKS)

    def problem(self) -> Problem:
        """What is found at the place, and what to write instead."""
        text, place, expected = self.text, self.place, self.expected
        after = {self.last}
        if not expected.isdisjoint(_AFTER_CONDITION):
            after.add(CONDITION)
        if self.last:
            start, end = self.last_span
            for habit in WITH_LAST_TOKEN:
                found = None if after.isdisjoint(habit.after) else habit.pattern.match(text, start)
                if found is not None and found.end() >= end:
                    return self._habit(habit, start, found.group())
        foreign = self._foreign_character(after)
        if foreign is not None:
            return foreign
        for habit in HERE:
            found = None if after.isdisjoint(habit.after) else habit.pattern.match(text, place)
            if found is not None:
                return self._habit(habit, place, found.group() or self._word())
        if place < len(text) and text[place] in "'\"" and not expected.isdisjoint(VALUES):
            return self._broken_string()
        if "FIELD" in after:
            return self._no_operator()
        word = self._word()
        if not word and "COMMA" in expected:
            return self._told("missing_parenthesis", place, place, f"Found the end, expected {_listed(expected)}")
        if not word and self.opened is not None:
            message = "Found '(' and no ')' for it, expected ')' before the end"
            return self._told("missing_parenthesis", self.opened, self.opened + 1, message)
        if CONDITION in after:
            message = f"Found {_as_found(word)}, expected 'and', 'or' or the end; put a text in quotes, and a condition after 'and' or 'or'"
            return self._told("trailing_input", place, place + len(word), message)
        message = f"Found {_as_found(word)}, expected {_listed(expected)}"
        return self._told("unexpected_input", place, place + len(word), message)

    def _told(self, code: str, start: int, end: int, message: str, suggestions: Iterable[str] = ()) -> Problem:
        return Problem(code, message, None, TextLocation(self.whole, start, end), suggestions)

    def _habit(self, habit: Habit, start: int, shown: str) -> Problem:
        found, joined = quoted(shown)[1:-1], quoted("".join(shown.split()))[1:-1]
        filled = [part.replace("{0}", found).replace("{1}", joined) for part in (habit.remedy, *habit.suggestions)]
        return self._told(habit.code, start, start + len(shown), f"Found {_as_found(shown)}, {filled[0]}", filled[1:])

    def _foreign_character(self, after: set[str]) -> Problem | None:
        """A character that looks like one of the language and is none, such as a no-break space. Letters and quotes have habits."""
        found = self.text[self.place : self.place + 1]
        if found.isascii() or found.isalpha() or found in _QUOTES:
            return None
        plain = _LOOK_ALIKES.get(found) or unicodedata.normalize("NFKC", found)
        remedy = (
            "leave it out" if not plain.isascii() else "write a space" if plain == " " else f"write {quoted(plain)}"
        )
        message = (
            f"Found {quoted(found)} ({unicodedata.name(found, 'a character without a name')}), expected characters of ASCII"
            f" outside quotes; {remedy}"
        )
        code = "invalid_field" if "FIELD" in after else "trailing_input" if CONDITION in after else "unexpected_input"
        return self._told(code, self.place, self.place + 1, message)

    def _no_operator(self) -> Problem:
        place, word = self.place, self._word()
        if not word or not (word[0].isalpha() or word[0] in "!<>=~^$%*+-/?@#"):
            message = f"Found {_as_found(word)}, expected an operator after the field"
            return self._told("unexpected_input", place, place + len(word), message)
        remedy, *offered = _operator_like(word.lower())
        return self._told("unknown_operator", place, place + len(word), f"Found {quoted(word)}, {remedy}", offered)

    def _broken_string(self) -> Problem:
        text, place = self.text, self.place
        quote = text[place]
        for found in re.compile(r"\\(.?)|" + quote, re.DOTALL).finditer(text, place + 1):
            if found.group() == quote:
                break
            escape = found.group(1)
            if escape == "u":
                digits = re.compile(r"[0-9A-Fa-f]{0,4}").match(text, found.end())
                if digits is not None and len(digits.group()) == 4:
                    continue
                message = f"Found {quoted(text[found.start() : found.start() + 6])}, expected four hexadecimal digits after \\u"
                return self._told("invalid_escape", found.start(), min(found.start() + 6, len(text)), message)
            if escape and escape not in "\"'\\nrt":
                message = f"Found {quoted(found.group())}, expected an escape; write '\\\\{printable(escape)}' for a backslash before {quoted(escape)}"
                return self._told("invalid_escape", found.start(), found.end(), message, [f"\\\\{escape}"])
        message = f"Found a text that begins with {quote} and has no closing quote, expected {quote} at its end; write \\{quote} for one inside it, and in a query string %26 for '&'"
        return self._told("unterminated_string", place, len(text), message)

    def _word(self) -> str:
        """What to show of the text at the place: a word, or a run of signs, or one character."""
        found = _WORD.match(self.text, self.place)
        return found.group() if found else self.text[self.place : self.place + 1]


def _operator_like(word: str) -> list[str]:
    """The remedy for a word that is no operator, and what to offer: never the opposite of what the word says."""
    close = _close_operator(word)
    negated = _NEGATED.fullmatch(word)
    positive = None if negated is None else _close_operator(negated.group(1))
    if negated is not None and positive is not None and (negated.group(1) in WORDS or close not in _NEGATIONS.values()):
        if positive in TEXT_OPERATORS:
            return [NO_TEXT_NEGATION]
        close = _NEGATIONS.get(positive)
        if close is None:
            return ["expected an operator; write the opposite operator, such as '!=' or 'nin'"]
    if close is None:
        return ["expected an operator, such as '=', 'contains', 'in' or 'is null'"]
    spelled = OPERATORS[close].dsl
    return [f"expected an operator{did_you_mean([spelled])}", spelled]


def _close_operator(word: str) -> str | None:
    close = get_close_matches(word, _OFFERED, n=1, cutoff=0.6)
    return WORDS[close[0]] if close else None


def _as_found(word: str) -> str:
    """What was found, as messages say it. Quotes around a quote would show nothing."""
    return "the end" if not word else "a quote" if word in ("'", '"') else quoted(word)


def _listed(expected: Iterable[str]) -> str:
    return alternatives([name for terminal, name in EXPECTATIONS.items() if terminal in expected])
