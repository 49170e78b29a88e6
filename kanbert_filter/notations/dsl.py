"""The DSL: text to tree and tree to text.

Lark reads it by the grammar, and `TreeBuilder` builds the tree. Two other modules help: `dsl_fast` reads common well-formed texts without
Lark, and `dsl_faults` explains a text that Lark refuses. Lark is imported when it is first needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn, assert_never

from .. import messages
from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, Problem, TextLocation, UnsupportedFilterError, quoted
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import (
    EVERYTHING,
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    Node,
    NullCheck,
    Or,
    RelationTest,
    comparison,
    membership,
    null_check,
    relation_test,
)
from ..operators import OPERATORS
from ..values import Special, UntypedText, Value, number_text
from . import dsl_fast
from .dsl_tokens import BLANKS, CANONICAL, NAMES, VALUES, grammar

if TYPE_CHECKING:
    from lark import Lark, Token

Parts = list[Any]
"""What a rule holds: tokens, and what the methods of other rules returned."""

_ESCAPED: Final = {ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\r"): "\\r", ord("\t"): "\\t"} | {
    code: f"\\u{code:04x}"
    for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
    if code not in (0x0A, 0x0D, 0x09)
}
_OPERATOR_TOKENS: Final = frozenset({"OPERATOR", "SET", "IS", "NOT", "NULL", "NULL_WORD", "ANY", "ALL"})


def parse_dsl(text: str, *, limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The tree of a filter in DSL; `EVERYTHING` for blank text.

    Raises `FilterSyntaxError` with the first problem, its place in the text, and what to write instead.

    >>> import kanbert_filter as kf
    >>> kf.parse_dsl("title contains 'Acme'")
    Comparison('title', 'contains', 'Acme')
    >>> kf.parse_dsl("budget == 1000")
    Traceback (most recent call last):
    kanbert_filter.errors.FilterSyntaxError: Found '==', expected an operator; write '=' to compare
      budget == 1000
             ^^
    """
    if not isinstance(text, str):
        raise TypeError(f"expected DSL text as a str, not {type(text).__name__}")
    if limits.__class__ is not Limits:
        ensure_limits(limits)
    if len(text) > limits.max_text_length or not text.isascii():
        _ensure_fit(text, limits)
    origin = TextOrigin(text)
    tree = dsl_fast.shortcut(text, origin, limits)
    if tree is not None:
        return tree
    return read_by_lark(origin, limits) if text.strip(BLANKS) else EVERYTHING


def _ensure_fit(text: str, limits: Limits) -> None:
    """Raise `FilterSyntaxError` for a text that is too long in bytes, or that is not sound Unicode."""
    try:
        if len(text) <= limits.max_text_length >= len(text.encode()):
            return
    except UnicodeEncodeError as error:
        problem = messages.half_a_surrogate_pair(text[error.start : error.end])
        place = TextLocation(text, error.start, error.end)
    else:
        problem, place = messages.text_too_long(limits.max_text_length), TextLocation(text, 0, 0)
    raise FilterSyntaxError(problem.at(place))


class TextOrigin:
    """A text as the origin of the conditions read from it. The index of a condition is the place where it begins."""

    __slots__ = ("_located", "text")

    _located: tuple[int, list[Token]]  # the condition that was located last, with its tokens

    def __init__(self, text: str) -> None:
        self.text = text

    def locate(self, index: int, part: str, item: int | None = None) -> TextLocation:
        """The characters of a condition's part."""
        located, tokens = getattr(self, "_located", (None, []))
        if located != index:
            tokens = tokens_of(self.text, index)
            self._located = index, tokens
        chosen = _tokens_of_part(tokens, part, item)
        return TextLocation(self.text, index + _start_of(chosen[0]), index + _end_of(chosen[-1]))


def tokens_of(text: str, index: int) -> list[Token]:
    """The tokens of the condition that begins at `index`. Their places are counted from there."""
    condition = text[index:]
    tokens: list[Token] = []
    depth = 0
    with TreeBuilder(TextOrigin(condition), Limits.lifted()).running():
        for token in language().parse_interactive(condition).iter_parse():
            depth += (token.type in ("LPAR", "LSQB")) - (token.type in ("RPAR", "RSQB"))
            if depth < 0 or (depth == 0 and token.type in ("_AND", "_OR")):
                break
            tokens.append(token)
    return tokens


def _tokens_of_part(tokens: list[Token], part: str, item: int | None) -> list[Token]:
    """The tokens of the `field`, the `operator` or the `value` of a condition, of one `item` of its list, or all of them."""
    match part:
        case "field":
            return tokens[:1]
        case "operator":
            words = [token for token in tokens[1:4] if token.type in _OPERATOR_TOKENS]
            return words[:1] if tokens[1].type in ("ANY", "ALL") else words
        case "value" if item is not None:
            return [tokens[3 + 2 * item]]  # after the field, the word and '['; between two items is a comma
        case "value":
            return tokens[2:]
    return tokens


def _start_of(token: Token) -> int:
    assert token.start_pos is not None
    return token.start_pos


def _end_of(token: Token) -> int:
    assert token.end_pos is not None
    return token.end_pos


# reading by Lark


@cache
def language() -> Lark:
    """Lark's parser of the grammar; one serves all threads. Importing Lark and building the parser take a tenth of a second, once."""
    from lark import Lark

    transformer: Any = _RunningBuilder()
    return Lark(grammar(), parser="lalr", transformer=transformer, maybe_placeholders=False, g_regex_flags=re.ASCII)


def read_by_lark(origin: TextOrigin, limits: Limits) -> Filter:
    """The tree of a text. Raises `FilterSyntaxError` with the first thing that the grammar or a limit refuses."""
    from lark import UnexpectedInput

    builder = TreeBuilder(origin, limits)
    try:
        with builder.running():
            return language().parse(origin.text)  # type: ignore[return-value]
    except UnexpectedInput as error:
        stopped: Any = error  # Lark types neither its place nor its parser
    from .dsl_faults import Refusal

    text, last = origin.text, builder.last
    found: Token | None = getattr(stopped, "token", None)
    at_end = found is not None and found.type == "$END"  # Lark gives it the place of the last token
    refusal = Refusal(
        text,
        len(text.rstrip(BLANKS)) if at_end else stopped.pos_in_stream,
        frozenset(stopped.interactive_parser.accepts()),
        "" if last is None else last.type,
        (0, 0) if last is None else (_start_of(last), _end_of(last)),
        _start_of(builder.opened[-1][0]) if builder.opened else None,
    )
    raise FilterSyntaxError(refusal.problem())


class Beginning(NamedTuple):
    """The beginning of a filter: its tokens, and the terminals of the grammar that may come next."""

    tokens: list[Token]
    expected: frozenset[str]


def beginning_of(text: str, limits: Limits) -> Beginning | None:
    """The text as the beginning of a filter, or None if no filter within the limits begins with it."""
    from lark import UnexpectedInput

    try:
        _ensure_fit(text, limits)
        with TreeBuilder(TextOrigin(text), limits).running():
            parser: Any = language().parse_interactive(text)
            tokens = [*parser.iter_parse()]
    except (UnexpectedInput, FilterSyntaxError):
        return None
    return Beginning(tokens, frozenset(parser.accepts()))


class TreeBuilder:
    """What Lark calls while it reads one text: `take` with each token, and with the parts of a rule the method of that name.

    Lark reads a token, takes it if the grammar admits it there, and goes on. So the first fault of a text is found, be it one of grammar
    or a limit, and nothing behind it is read.
    """

    def __init__(self, origin: TextOrigin, limits: Limits) -> None:
        self.origin = origin
        self.limits = limits
        self.last: Token | None = None
        self.opened: list[tuple[Token, bool]] = []  # the open parentheses, and whether each is a relation's
        self.conditions = 0
        self.values = 0
        self.listed: int | None = None  # the values so far of the list that is being read

    @contextmanager
    def running(self) -> Iterator[None]:
        """Lark calls this builder, in this thread."""
        previous = _running.set(self)
        try:
            yield
        finally:
            _running.reset(previous)

    def take(self, token: Token) -> object:
        """What a token stands for, if it is a value, else the token. Raises `FilterSyntaxError` where it passes a limit."""
        limits = self.limits
        before, self.last = self.last, token
        match token.type:
            case "FIELD":
                self.conditions += 1
                if self.conditions > limits.max_conditions:
                    self.refuse(messages.too_many_conditions(limits.max_conditions), token)
                self.read(NAMES.__getitem__, token)
            case "LPAR":
                self.opened.append((token, before is not None and before.type in ("ANY", "ALL")))
                if len(self.opened) >= limits.max_depth:
                    self.refuse(messages.too_deep(limits.max_depth), token)
            case "RPAR":
                self.opened.pop()
            case "ANY" | "ALL":
                if sum([is_relation for _, is_relation in self.opened]) >= limits.max_relation_depth:
                    self.refuse(messages.relations_too_deep(limits.max_relation_depth), token)
            case "LSQB":
                self.listed = 0
            case "RSQB":
                self.listed = None
            case kind if kind in VALUES:
                if self.listed is not None:
                    self.listed += 1
                    if self.listed > limits.max_list_values:
                        self.refuse(messages.list_too_long(limits.max_list_values), token)
                self.values += 1
                if self.values > limits.max_values:
                    self.refuse(messages.too_many_values(limits.max_values), token)
                return self.read(VALUES[kind], token, limits)
        return token

    def read(self, reader: Callable[..., Any], token: Token, *others: object) -> Any:
        """What a reader makes of a token, its refusal with the token's place."""
        try:
            return reader(str(token), *others)
        except FilterSyntaxError as error:
            [problem] = error.problems
        self.refuse(problem, token)

    def refuse(self, problem: Problem, token: Token) -> NoReturn:
        raise FilterSyntaxError(problem.at(TextLocation(self.origin.text, _start_of(token), _end_of(token))))

    # A method for each rule of the grammar.

    def start(self, parts: Parts) -> Filter:
        [tree] = parts
        return tree  # type: ignore[no-any-return]

    def disjunction(self, parts: Parts) -> Filter:
        return self._group(Or, parts)

    def conjunction(self, parts: Parts) -> Filter:
        return self._group(And, parts)

    def comparison(self, parts: Parts) -> Filter:
        field, word, value = parts
        return comparison(NAMES[field], CANONICAL[word], value, self.origin, field.start_pos)

    def membership(self, parts: Parts) -> Filter:
        field, word, values = parts
        return membership(NAMES[field], CANONICAL[word], values, self.origin, field.start_pos)

    def list(self, parts: Parts) -> tuple[Value, ...]:
        return tuple(parts)

    def null_check(self, parts: Parts) -> Filter:
        field, *words = parts
        return null_check(NAMES[field], CANONICAL["".join(words)], self.origin, field.start_pos)

    def relation(self, parts: Parts) -> Filter:
        field, word, *inner = parts
        self._ensure_depth(1 + inner[0].depth if inner else 1)
        return relation_test(NAMES[field], CANONICAL[word], inner[0] if inner else None, self.origin, field.start_pos)

    def _group(self, kind: type[And] | type[Or], parts: Parts) -> Filter:
        self._ensure_depth(max([part.depth + (part.__class__ is not kind) for part in parts]))
        return kind(parts)

    def _ensure_depth(self, depth: int) -> None:
        if depth > self.limits.max_depth:
            whole = TextLocation(self.origin.text, 0, len(self.origin.text))
            raise FilterSyntaxError(messages.too_deep(self.limits.max_depth).at(whole))


_running: ContextVar[TreeBuilder] = ContextVar("running")


class _RunningBuilder:
    """The transformer that Lark is built with: hands whatever Lark calls on to the builder that is running in this thread.

    Lark asks it for a function by the name of each terminal and rule, once, when the parser is built.
    """

    def __getattr__(self, name: str) -> Callable[[Any], Any]:
        if name.isupper():
            return lambda token: _running.get().take(token)
        if name.startswith("_"):  # Lark's own: the repetitions in rules, and questions about the transformer
            raise AttributeError(name)
        return lambda parts: getattr(_running.get(), name)(parts)


# writing


def to_dsl(filter: Filter | CheckedFilter, *, indent: int | None = None) -> str:
    """The filter in DSL, in canonical writing; `""` for `EVERYTHING`.

    With `indent` it takes several lines, one for each condition. What is inside parentheses is indented by that many spaces, and
    each group inside another has parentheses. It reads back as the same filter.

    Raises `UnsupportedFilterError` for untyped form text, which is written after a check.

    >>> import kanbert_filter as kf
    >>> f = kf.parse("(a NEQ 'x') AND (b in [1, 2] or tasks any (c isnull))")
    >>> kf.to_dsl(f)
    'a != "x" and (b in [1, 2] or tasks any (c is null))'
    >>> print(kf.to_dsl(f, indent=2))
    a != "x"
    and (
      b in [1, 2]
      or tasks any (
        c is null
      )
    )
    """
    tree = tree_of(filter)
    if isinstance(tree, Everything):
        return ""
    return _written(tree) if indent is None else "\n".join(_lines(tree, _blanks(indent)))


def _written(node: Filter) -> str:
    match node:
        case Comparison(field, operator, value):
            return f"{field} {OPERATORS[operator].dsl} {literal(value, field)}"
        case Membership(field, operator, values):
            return f"{field} {operator} [{', '.join([literal(value, field) for value in values])}]"
        case NullCheck(field, operator):
            return f"{field} {OPERATORS[operator].dsl}"
        case RelationTest(field, operator, inner):
            return f"{field} {operator}" if inner is None else f"{field} {operator} ({_written(inner)})"
        case And(items):
            return " and ".join([f"({_written(item)})" if isinstance(item, Or) else _written(item) for item in items])
        case Or(items):
            return " or ".join(map(_written, items))
        case Everything():
            raise AssertionError("EVERYTHING stands only as a whole filter")
    assert_never(node)


def _blanks(indent: int) -> str:
    if not isinstance(indent, int) or indent < 0:
        raise ValueError(f"indent is {indent!r}, expected a number of spaces")
    return " " * indent


def _lines(node: Filter, indent: str) -> list[str]:
    """The lines of a node: one for each condition, and one for each closing parenthesis."""
    match node:
        case And(items) | Or(items):
            word = "and " if isinstance(node, And) else "or "
            lines: list[str] = []
            for item in items:
                inner = _lines(item, indent)
                if isinstance(item, (And, Or)):
                    inner = _in_parentheses("", inner, indent)
                if lines:
                    inner[0] = word + inner[0]
                lines += inner
            return lines
        case RelationTest(field, operator, Node() as inner_filter):
            return _in_parentheses(f"{field} {operator} ", _lines(inner_filter, indent), indent)
    return [_written(node)]


def _in_parentheses(head: str, lines: list[str], indent: str) -> list[str]:
    return [f"{head}(", *[indent + line for line in lines], ")"]


def literal(value: Value, field: str | None = None) -> str:
    """A value as the DSL writes it. Raises `UnsupportedFilterError`, which names the field, for untyped form text."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{value.translate(_ESCAPED)}"'
        case Special():
            return str(value)
        case UntypedText():
            message = f"The form value {quoted(value)} has no type yet; check the filter with its endpoint before writing it as DSL"
            raise UnsupportedFilterError(Problem("unsupported", message, field))
    return number_text(value)
