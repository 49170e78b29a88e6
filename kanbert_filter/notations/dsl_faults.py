"""What is wrong with a DSL text, and where its parts stand: asked only when something is to be told, answered with Lark's own parser.

The tokens are read one by one up to the first that the grammar or a limit refuses. What stands there is then held against the
habits people bring from other languages; each has a sentence that says what to write here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Final

from lark import Token, UnexpectedInput

from ..errors import Problem, TextLocation, printable, quoted
from ..limits import Limits
from ..nodes import field_fault
from ..operators import OPERATORS, WORDS
from ..values import MAX_EXPONENT, number_size, read_special
from .dsl_grammar import BLANKS, language, text_of
from .dsl_habits import CONDITION, HERE, VALUES, WITH_LAST_TOKEN, Habit

_OPERATOR_TOKENS: Final = frozenset({"OPERATOR", "SET", "IS", "NOT", "NULL", "NULL_WORD", "ANY", "ALL"})
_AFTER_CONDITION: Final = frozenset({"_AND", "$END"})  # a ')' that closes nothing leaves only the end
_WORD: Final = re.compile(r"[^\W\d][\w.-]*|[0-9][\w.:+-]*|[!<>=~^&|*/+%$#@?-]+")

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


def first_fault(text: str, limits: Limits) -> Problem:
    """The first problem of a text that the fast reader has refused."""
    watch = _Watch(text, limits)
    unfit = watch.unfit()
    if unfit is not None:
        return unfit
    tokens = _Tokens(watch.text)
    last: Token | None = None
    for token in tokens:
        problem = watch.problem_with(token)
        if problem is not None:
            return problem
        last = token
    if tokens.stopped_at is None:
        return watch.problem(
            "too_deep",
            0,
            len(text),
            f"Found groups nested too deep, expected at most {limits.max_depth} levels; flatten them",
        )
    return watch.explained(tokens.stopped_at, last, tokens.expected)


def tokens_of(text: str, index: int) -> list[Token]:
    """The tokens of the condition that starts at `index`; their places are counted from there."""
    tokens: list[Token] = []
    depth = 0
    for token in _Tokens(text[index:]):
        depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
        if depth < 0 or (depth == 0 and token.type in ("_AND", "_OR")):
            break
        tokens.append(token)
    return tokens


def span_of(tokens: list[Token], part: str, item: int | None) -> tuple[int, int]:
    """Where a part of a condition with these tokens stands: `field`, `operator`, `value` or `condition`."""
    match part:
        case "field":
            chosen = tokens[:1]
        case "operator":
            words = [token for token in tokens[1:4] if token.type in _OPERATOR_TOKENS]
            chosen = words[:1] if tokens[1].type in ("ANY", "ALL") else words
        case "value" if item is not None:
            chosen = [tokens[3 + 2 * item]]  # after the field, the word and '['; between two stands a comma
        case "value":
            chosen = tokens[2:]
        case _:
            chosen = tokens
    return _begin(chosen[0]), _finish(chosen[-1])


class _Tokens:
    """The tokens of a text as Lark reads them, up to the first it refuses.

    Then `stopped_at` is where that one stands, and `expected` holds the terminals that could have stood there.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.stopped_at: int | None = None
        self.expected: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[Token]:
        parser = language().parse_interactive(self.text)
        place: int | None = None
        try:
            for token in parser.lexer_thread.lex(parser.parser_state):  # type: ignore[no-untyped-call]
                place = token.start_pos
                parser.feed_token(token)
                yield token
                place = None
            place = len(self.text)
            parser.feed_eof()  # type: ignore[no-untyped-call]
        except UnexpectedInput as error:
            self.stopped_at = place if place is not None else error.pos_in_stream
            self.expected = frozenset(parser.accepts())  # type: ignore[no-untyped-call]


class _Watch:
    """Holds the tokens against the limits in the order they are read, and explains where reading stopped."""

    def __init__(self, text: str, limits: Limits) -> None:
        self.whole = text
        self.text = text.rstrip(BLANKS)
        self.limits = limits
        self.groups: list[bool] = []  # for each open parenthesis, whether it is a relation's
        self.last = ""
        self.conditions = 0
        self.values = 0
        self.listed = 0

    def problem(self, code: str, start: int, end: int, message: str, suggestions: Iterable[str] = ()) -> Problem:
        return Problem(code, message, None, TextLocation(self.whole, start, end), suggestions)

    def unfit(self) -> Problem | None:
        """What is wrong with the text as a whole."""
        try:
            length = len(self.whole.encode())
        except UnicodeEncodeError as error:
            message = "Found half of a surrogate pair, expected Unicode text; send both halves or leave it out"
            return self.problem("invalid_encoding", error.start, error.end, message)
        if length > self.limits.max_text_length:
            message = (
                f"Found a filter of {length} bytes, expected at most {self.limits.max_text_length}; send a shorter one"
            )
            return self.problem("text_too_long", 0, 0, message)
        return None

    def problem_with(self, token: Token) -> Problem | None:
        """The limit or rule that a token breaks, which the grammar itself cannot tell."""
        found = self._fault(token)
        if found is None:
            return None
        code, message = found
        return self.problem(code, _begin(token), _finish(token), message)

    def _fault(self, token: Token) -> tuple[str, str] | None:
        limits = self.limits
        before, self.last = self.last, token.type
        match token.type:
            case "FIELD":
                self.conditions += 1
                if self.conditions > limits.max_conditions:
                    return (
                        "too_many_conditions",
                        f"Found more than {limits.max_conditions} conditions, expected at most that; use 'in' for many values",
                    )
                fault = field_fault(token)
                return None if fault is None else ("invalid_field", fault)
            case "LPAR":
                self.groups.append(before in ("ANY", "ALL"))
                if len(self.groups) >= limits.max_depth:
                    return (
                        "too_deep",
                        f"Found parentheses nested {len(self.groups)} deep, expected at most {limits.max_depth - 1}; flatten them",
                    )
            case "RPAR":
                self.groups.pop()
            case "ANY" | "ALL":
                if sum(self.groups) >= limits.max_relation_depth:
                    return (
                        "relations_too_deep",
                        f"Found relations nested more than {limits.max_relation_depth} deep, expected at most that",
                    )
            case "LSQB":
                self.listed = 0
            case "STRING" | "NUMBER" | "BOOLEAN" | "SPECIAL":
                return self._value_fault(token, before)
        return None

    def _value_fault(self, token: Token, before: str) -> tuple[str, str] | None:
        limits = self.limits
        self.values += 1
        self.listed += 1
        if before != "OPERATOR" and self.listed > limits.max_list_values:
            return "list_too_long", f"Found more than {limits.max_list_values} values in a list, expected at most that"
        if self.values > limits.max_values:
            return "too_many_values", f"Found more than {limits.max_values} values in all, expected at most that"
        match token.type:
            case "STRING":
                return self._string_fault(token)
            case "NUMBER":
                digits, exponent = number_size(token) or (0, 0)
                if digits > limits.max_number_digits or abs(exponent) > min(limits.max_exponent, MAX_EXPONENT):
                    return (
                        "number_too_long",
                        f"Found a number of {digits} digits and exponent {exponent}, expected at most {limits.max_number_digits} digits"
                        f" and an exponent within ±{limits.max_exponent}",
                    )
            case "SPECIAL":
                special = read_special(token)
                if special is not None and abs(special.days) > limits.max_day_offset:
                    return (
                        "day_offset_too_large",
                        f"Found an offset of more than {limits.max_day_offset} days, expected at most that; write a date",
                    )
        return None

    def _string_fault(self, token: Token) -> tuple[str, str] | None:
        value = text_of(token)
        if value is None:
            return (
                "invalid_escape",
                "Found half of a surrogate pair as \\u escape, expected both halves, as in \\ud83d\\ude00",
            )
        if len(value) > self.limits.max_string_length:
            return (
                "string_too_long",
                f"Found a text of {len(value)} characters, expected at most {self.limits.max_string_length}",
            )
        return None

    def explained(self, place: int, last: Token | None, expected: frozenset[str]) -> Problem:
        """What stands at a place where something of `expected` should stand."""
        after = {"" if last is None else last.type}
        if not expected.isdisjoint(_AFTER_CONDITION):
            after.add(CONDITION)
        if last is not None:
            for habit in WITH_LAST_TOKEN:
                found = None if after.isdisjoint(habit.after) else habit.pattern.match(self.text, _begin(last))
                if found is not None and found.end() >= _finish(last):
                    return self._habit(habit, found.start(), found.group())
        for habit in HERE:
            found = None if after.isdisjoint(habit.after) else habit.pattern.match(self.text, place)
            if found is not None:
                return self._habit(habit, place, found.group() or self._word(place))
        if place < len(self.text) and self.text[place] in "'\"" and expected & VALUES:
            return self._broken_string(place)
        if "FIELD" in after:
            return self._no_operator(place, expected)
        word = self._word(place)
        if not word and "COMMA" in expected:
            message = f"Found the end, expected {_listed(expected)}"
            return self.problem("missing_parenthesis", place, place, message)
        if not word and self.groups:
            opened = self._open_parenthesis()
            return self.problem(
                "missing_parenthesis", opened, opened + 1, "Found '(' and no ')' for it, expected ')' before the end"
            )
        if CONDITION in after:
            message = f"Found {quoted(word)}, expected 'and', 'or' or the end; put a text in quotes, and a condition after 'and' or 'or'"
            return self.problem("trailing_input", place, place + len(word), message)
        message = f"Found {_shown(word)}, expected {_listed(expected)}"
        return self.problem("unexpected_input", place, place + len(word), message)

    def _habit(self, habit: Habit, start: int, shown: str) -> Problem:
        message = f"Found {quoted(shown)}, {habit.remedy.replace('{0}', quoted(shown)[1:-1])}"
        return self.problem(habit.code, start, start + len(shown), message, habit.suggestions)

    def _no_operator(self, place: int, expected: frozenset[str]) -> Problem:
        word = self._word(place)
        if not word or not (word[0].isalpha() or word[0] in "!<>=~^$%*+-/?@#"):
            return self.problem(
                "unexpected_input",
                place,
                place + len(word),
                f"Found {_shown(word)}, expected an operator after the field",
            )
        close = get_close_matches(word.lower(), [w for w in WORDS if w != "count"], n=1, cutoff=0.6)
        spelled = [OPERATORS[WORDS[name]].dsl for name in close]
        offer = f"; did you mean {quoted(spelled[0])}?" if spelled else ", such as '=', 'contains', 'in' or 'is null'"
        return self.problem(
            "unknown_operator", place, place + len(word), f"Found {quoted(word)}, expected an operator{offer}", spelled
        )

    def _broken_string(self, place: int) -> Problem:
        quote = self.text[place]
        for found in re.compile(r"\\(.?)|" + quote, re.DOTALL).finditer(self.text, place + 1):
            if found.group() == quote:
                break
            escape = found.group(1)
            if escape == "u":
                digits = re.compile(r"[0-9A-Fa-f]{0,4}").match(self.text, found.end())
                if digits is not None and len(digits.group()) == 4:
                    continue
                message = f"Found {quoted(self.text[found.start() : found.start() + 6])}, expected four hexadecimal digits after \\u"
                return self.problem("invalid_escape", found.start(), min(found.start() + 6, len(self.text)), message)
            if escape and escape not in "\"'\\nrt":
                message = f"Found {quoted(found.group())}, expected an escape; write '\\\\{printable(escape)}' for a backslash before {quoted(escape)}"
                return self.problem("invalid_escape", found.start(), found.end(), message, [f"\\\\{escape}"])
        message = f"Found a text that begins with {quote} and has no closing quote, expected {quote} at its end; write \\{quote} for one inside it"
        return self.problem("unterminated_string", place, len(self.text), message)

    def _word(self, place: int) -> str:
        """What to show of the text at a place: a word, or a run of signs, or one character."""
        found = _WORD.match(self.text, place)
        return found.group() if found else self.text[place : place + 1]

    def _open_parenthesis(self) -> int:
        opened: list[int] = []
        for token in _Tokens(self.text):
            if token.type == "LPAR":
                opened.append(_begin(token))
            elif token.type == "RPAR":
                opened.pop()
        return opened[-1]


def _shown(word: str) -> str:
    return quoted(word) if word else "the end"


def _listed(expected: Iterable[str]) -> str:
    names = [name for terminal, name in EXPECTATIONS.items() if terminal in expected]
    return " or ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _begin(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos


def _finish(token: Token) -> int:
    assert token.end_pos is not None
    return token.end_pos
