"""What may stand at the cursor of a filter that is being written.

The grammar's own parser says which tokens may come next, and the endpoint which of them are of use there. Nothing is proposed where the
text before the cursor begins no filter, and nothing with which a limit would be passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from ..errors import FilterSyntaxError
from ..limits import Limits
from ..nodes import field_fault
from ..notations.dsl import Beginning, beginning_of, literal, parse_dsl
from ..notations.dsl_tokens import CANONICAL, VALUES
from ..operators import OPERATORS
from ..values import SPECIALS, Special
from .field_table import FieldTable, Relation
from .field_type import FieldType
from .scalars import Count, Scope

MAX_PROPOSALS: Final = 100

_MARGIN: Final = 64
"""How many bytes a condition may need after what is proposed."""

_QUOTED: Final = re.compile(r""""[^"\\]*+(?:\\.[^"\\]*+)*"|'[^'\\]*+(?:\\.[^'\\]*+)*'""", re.DOTALL)
_OUTSIDE_QUOTES: Final = re.compile(rf"""(?:[^"']|{_QUOTED.pattern})*""", re.DOTALL)
_AFTER_VALUE: Final = re.compile(r"[ \t\r\n]*(?:[),\]]|(?:and|or)(?![\w.])|\Z)", re.IGNORECASE)
_WORD: Final = re.compile(r"""[^ \t\r\n"'()\[\],!<>=]*""")
_SYMBOL: Final = re.compile(r"[!<>=]*")
_NULL_CHECK: Final = re.compile(r"is(?:[ \t\r\n]+not)?(?:[ \t\r\n]+null)?(?![\w.])", re.IGNORECASE)

_KEYWORDS: Final = {
    "_AND": ("and", "both conditions match"),
    "_OR": ("or", "at least one of the conditions matches; 'and' binds more tightly"),
    "RPAR": (")", "the end of what is in parentheses"),
    "RSQB": ("]", "the end of the list"),
    "COMMA": (",", "one more value"),
    "LSQB": ("[", "a list of values"),
    "LPAR": ("(", "conditions as a group"),
}
"""The tokens that are the same on every endpoint, by their terminals."""

_NULL_WORDS: Final = {"IS": {"isnull": "null", "isnotnull": "not null"}, "NOT": {"isnotnull": "null"}}
"""What may follow the last token of an unfinished null check, by operator."""

_SAMPLES: Final = {"value": " 1", "list": " []", "nothing": "", "filter": " (a = 1)", "optional filter": ""}
"""What ends a condition after an operator, by what the operator takes."""

Kind = Literal["field", "operator", "value", "special", "keyword"]


class Proposal(NamedTuple):
    """What may be written at the cursor: the text, what it is, and a line about it."""

    text: str
    kind: Kind
    detail: str


class Completion(NamedTuple):
    """The proposals at a cursor. Whoever takes one puts its text in place of the characters from `start` up to, not including, `end`."""

    start: int
    end: int
    proposals: tuple[Proposal, ...]


class _Left(NamedTuple):
    """How many relations may still be opened inside each other, and how many relation tests may still be written."""

    relations: int
    tests: int


class _Candidate(NamedTuple):
    proposal: Proposal
    words: tuple[str, ...]
    """What people begin to write who mean it, in lower case."""


class _Group(NamedTuple):
    """Candidates that fit the limits alike: a sample of a condition's rest, begun by one of them, fits if they do."""

    candidates: Iterable[_Candidate]
    sample: str


def complete(text: str, cursor: int, endpoint: FieldTable, limits: Limits) -> Completion:
    """The proposals at a cursor; a cursor outside the text means the nearest end of it."""
    cursor = max(0, min(cursor, len(text)))
    start = _start_of_word(text[:cursor])
    head, written = text[:start], text[start:cursor]
    beginning = beginning_of(head, limits)
    if beginning is None:
        return Completion(cursor, cursor, ())
    place = _Place(beginning, endpoint, limits)
    groups = place.groups(written)
    if place.is_near_a_limit():
        groups = (group for group in groups if place.fits(head, group.sample))
    room = limits.max_text_length - len(head.encode()) - len(place.opened) - _MARGIN
    candidates = (candidate for group in groups for candidate in group.candidates)
    proposals = [found for found in _ranked(candidates, written) if len(found.text.encode()) <= room]
    return Completion(start, _end_of_word(text, start, cursor), tuple(proposals[:MAX_PROPOSALS]))


def _start_of_word(before: str) -> int:
    """Where the text or word begins that ends at the cursor; the cursor itself if there is none."""
    outside = _OUTSIDE_QUOTES.match(before)
    assert outside is not None
    if outside.end() < len(before):
        return outside.end()
    backwards = before[::-1]  # so that the end of a long text is found without trying every place in it
    return len(before) - max(_length(_WORD, backwards), _length(_SYMBOL, backwards))


def _length(pattern: re.Pattern[str], text: str, start: int = 0) -> int:
    found = pattern.match(text, start)
    return found.end() - start if found else 0


def _end_of_word(text: str, start: int, cursor: int) -> int:
    """Where the text or word ends that the cursor is in."""
    if start == cursor:
        return cursor
    if text[start] in "\"'":
        whole = _QUOTED.match(text, start)
        if whole is not None and _AFTER_VALUE.match(text, whole.end()):
            return whole.end()
    pattern = _SYMBOL if text[start] in "!<>=" else _WORD
    return max(cursor + _length(pattern, text, cursor), start + _length(_NULL_CHECK, text, start))


class _Place:
    """What the tokens before the cursor say about it."""

    def __init__(self, beginning: Beginning, endpoint: FieldTable, limits: Limits) -> None:
        self.expected = beginning.expected
        self.limits = limits
        self.opened: list[bool] = []  # the open parentheses, and whether each is a relation's
        self.parentheses = 0  # inside each other, at most
        self.tables: list[FieldTable | None] = [endpoint]  # for each relation; None for one that there is not
        self.row: FieldType | None = None  # of the field of the condition that is being written
        self.operator = ""
        self.last = ""
        self.conditions = self.values = self.relation_tests = 0
        self.listed: int | None = None
        for token in beginning.tokens:
            self._pass(token.type, str(token))
            self.last = token.type

    def _pass(self, kind: str, text: str) -> None:
        match kind:
            case "FIELD":
                self.conditions += 1
                table = self.tables[-1]
                self.row = None if table is None else table.field_type(text)
                self.operator = ""
                self.relation_tests += isinstance(self.row, Count)
            case "OPERATOR" | "SET" | "ANY" | "ALL":
                self.operator = CANONICAL[text]
                self.relation_tests += kind in ("ANY", "ALL")
                if self.row is not None and self.operator not in self.row.operators:
                    self.row = None
            case "LPAR":
                of_relation = self.last in ("ANY", "ALL")
                self.opened.append(of_relation)
                self.parentheses = max(self.parentheses, len(self.opened))
                if of_relation:
                    self.tables.append(self.row.related if isinstance(self.row, Relation) else None)
            case "RPAR":
                if self.opened.pop():
                    self.tables.pop()
            case "LSQB":
                self.listed = 0
            case "RSQB":
                self.listed = None
            case _ if kind in VALUES:
                self.values += 1
                if isinstance(self.row, Scope):
                    self.relation_tests += _tests_in(self.row, text)
                if self.listed is not None:
                    self.listed += 1

    @property
    def left(self) -> _Left:
        tests = self.limits.max_relation_tests - self.relation_tests
        return _Left(self.limits.max_relation_depth - sum(self.opened), tests)

    @property
    def left_with_this(self) -> _Left:
        """What was left before the relation test that is being written."""
        return self.left._replace(tests=self.left.tests + 1)

    # limits

    def is_near_a_limit(self) -> bool:
        """Whether one more condition might pass a limit. Each parenthesis may stand for a relation test, an `or` and an `and`."""
        limits = self.limits
        return (
            3 * self.parentheses + 7 > limits.max_depth
            or self.conditions + 2 > limits.max_conditions
            or self.values + 2 > limits.max_values
            or (self.listed or 0) + 2 > limits.max_list_values
            or self.left.relations < 2
        )

    def fits(self, head: str, sample: str) -> bool:
        """Whether the text, the sample, and all that closes it are read within the limits."""
        closing = "]" * (self.listed is not None and sample != "]") + ")" * (len(self.opened) - (sample == ")"))
        try:
            parse_dsl(f"{head} {sample} {closing}", limits=self.limits)
        except FilterSyntaxError:
            return False
        return True

    # candidates

    def groups(self, written: str) -> Iterator[_Group]:
        """The candidates for each kind of token that may come next."""
        if "STRING" in self.expected:
            yield _Group(self.of_values(), "1")
        if written.startswith(("'", '"')):
            return
        if "FIELD" in self.expected:
            table = self.tables[-1]
            if table is not None and _is_usable_table(table, self.left):
                yield _Group(self.of_fields(table, written), "a = 1")
                yield _keyword("LPAR", "(a = 1)")
            return
        if self.row is not None:
            yield from self.of_operators(self.row)
            if "LSQB" in self.expected:
                yield _keyword("LSQB", "[]")
            if "COMMA" in self.expected:
                yield _keyword("COMMA", ", 1")
            if "LPAR" in self.expected and _is_usable_inside(self.row, self.left_with_this):
                yield _keyword("LPAR", "(a = 1)")
        for terminal, sample in (("_AND", "and a = 1"), ("_OR", "or a = 1"), ("RPAR", ")"), ("RSQB", "]")):
            if terminal in self.expected:
                yield _keyword(terminal, sample)

    def of_fields(self, table: FieldTable, written: str) -> Iterator[_Candidate]:
        yield from _named_fields(table, self.left)
        for pattern, row in table.items():
            if "*" in pattern and _operators_of(row, self.left):
                name = _filled(pattern, written)
                is_whole = not name.endswith(".")
                if name != written and (table.field_type(name) is row if is_whole else field_fault(name + "x") is None):
                    yield _candidate(name, "field", row.text)

    def of_operators(self, row: FieldType) -> Iterator[_Group]:
        usable = _operators_of(row, self.left_with_this if isinstance(row, Count) else self.left)
        if "OPERATOR" in self.expected:
            for name in usable:
                operator = OPERATORS[name]
                proposal = Proposal(operator.dsl, "operator", operator.description)
                words = (name, *operator.aliases, operator.dsl.lower())
                yield _Group([_Candidate(proposal, words)], operator.dsl + _SAMPLES[operator.operand])
        elif "NULL" in self.expected:
            for name, text in _NULL_WORDS[self.last].items():
                if name in usable:
                    yield _Group([_candidate(text, "operator", OPERATORS[name].description)], text)

    def of_values(self) -> Iterator[_Candidate]:
        for value in () if self.row is None else self.row.offered(self.operator):
            if isinstance(self.row, Scope) and self.row.relation_tests.get(str(value), 0) > self.left.tests:
                continue
            if isinstance(value, Special):
                yield _candidate(str(value), "special", SPECIALS[value.name].description)
            elif not isinstance(value, str) or len(value) <= self.limits.max_string_length:
                detail = "one of the choices" if isinstance(value, str) else "boolean"
                yield _Candidate(Proposal(literal(value), "value", detail), (str(value).lower(),))


def _candidate(text: str, kind: Kind, detail: str) -> _Candidate:
    return _Candidate(Proposal(text, kind, detail), (text.lower(),))


def _keyword(terminal: str, sample: str) -> _Group:
    text, detail = _KEYWORDS[terminal]
    return _Group([_candidate(text, "keyword", detail)], sample)


@lru_cache(maxsize=256)
def _named_fields(table: FieldTable, left: _Left) -> tuple[_Candidate, ...]:
    """The fields with a name of their own that a condition can be about."""
    return tuple(
        _candidate(name, "field", OPERATORS["count"].description if isinstance(row, Count) else row.text)
        for name, row in table.known.items()
        if _operators_of(row, left)
    )


def _is_usable_table(table: FieldTable, left: _Left) -> bool:
    return bool(_named_fields(table, left)) or any(
        "*" in name and _operators_of(row, left) for name, row in table.items()
    )


def _is_usable_inside(row: FieldType, left: _Left) -> bool:
    """Whether a condition on the related records can be written; one level of relations is this one's."""
    inside = _Left(left.relations - 1, left.tests - 1)
    return isinstance(row, Relation) and _may_relate(left) and _is_usable_table(row.related, inside)


def _may_relate(left: _Left) -> bool:
    return left.relations > 0 and left.tests > 0


def _tests_in(scope: Scope, text: str) -> int:
    """How many relation tests the condition of a choice holds, which is written as a text in quotes."""
    numbers = [number for choice, number in scope.relation_tests.items() if text[1:-1] == literal(choice)[1:-1]]
    return sum(numbers)


def _operators_of(row: FieldType, left: _Left) -> list[str]:
    """The operators with which a condition on such a field can be written to its end."""
    usable = []
    for name in row.ordered_operators():
        match OPERATORS[name].operand:
            case "filter":
                is_usable = _is_usable_inside(row, left)
            case "optional filter":
                is_usable = _may_relate(left)
            case _ if isinstance(row, Scope):
                is_usable = any(row.relation_tests.get(choice, 0) <= left.tests for choice in row.choices)
            case _:
                is_usable = name != "count" and not (isinstance(row, Count) and left.tests < 1)
        if is_usable:
            usable.append(name)
    return usable


def _filled(pattern: str, written: str) -> str:
    """The name of a wildcard row with the segments that are written for `*`, up to the first that is not."""
    segments = written.split(".")
    filled: list[str] = []
    for index, segment in enumerate(pattern.split(".")):
        if segment == "*":
            if index >= len(segments) - 1:
                return ".".join([*filled, ""])
            segment = segments[index]
        filled.append(segment)
    return ".".join(filled)


def _ranked(candidates: Iterable[_Candidate], written: str) -> list[Proposal]:
    """What begins with what is written, then the names and values that hold it further on; each text once."""
    wanted = written.lstrip("\"'").lower()
    begin: dict[Proposal, None] = {}
    hold: dict[Proposal, None] = {}
    for proposal, words in candidates:
        if any(word.startswith(wanted) for word in words):
            begin[proposal] = None
        elif proposal.kind in ("field", "value") and any(wanted in word for word in words):
            hold[proposal] = None
    return [*begin, *hold]
