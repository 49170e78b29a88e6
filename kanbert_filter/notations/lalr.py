"""A fast reader over the tables Lark computes from a grammar. It knows nothing of filters, and needs Lark only to make the tables.

Lark reads one token at a time and calls Python for each. Most of a grammar needs neither: a rule without recursion describes a regular
language, so the pattern of all it can say is put together from the patterns of its terminals, and one call of `re` reads all
its tokens. What is left, the recursive rules, is read by the LALR automaton of Lark's own parse table, which has a transition for
a whole rule just as it has one for a token. There is no second grammar: patterns and table come from the `Lark` object. `tables_of`
takes them out of it as plain data, which are kept as a module, so that a program that reads need not import and build Lark first.

The reader accepts what Lark accepts and says nothing about the rest: `read` returns None, and the caller asks Lark what is wrong.
Two things make the pattern equal to Lark's contextual lexer: each terminal is an atomic group, so a token once read is never
shortened, and the grammar's terminals that may stand at one place exclude each other. A property test holds both readers equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from lark import Lark

END: Final = "$END"

Shape = tuple[str, ...]
"""The names of the kept tokens of a rule that is read as one pattern; a repeated rule stands for its whole text."""

Token = tuple[str, int]
"""A kept token the automaton read itself: its text and where it starts."""

Builder = Callable[[Any, tuple[str, ...], int], Any]
"""Builds what a pattern read: from the caller's own state, the kept texts, and where the pattern starts. None is a refusal."""


class Rule(NamedTuple):
    """One way to write a rule: the rule's name, the symbols, and whether Lark puts a single child in the rule's place."""

    origin: str
    expansion: tuple[str, ...]
    inlined: bool


class Tables(NamedTuple):
    """What is needed of a grammar that Lark has compiled.

    `states` says for each state where a symbol leads: to another state, or to the reduction by rule `n`, written `~n`. The first
    state is the start, and `end` is where a whole text leads.
    """

    terminals: Mapping[str, str]
    ignored: Sequence[str]
    dropped: Sequence[str]
    rules: Sequence[Rule]
    states: Sequence[Mapping[str, int]]
    end: int


def tables_of(lark: Lark) -> Tables:
    """The tables of a grammar. States are numbered in the order in which they are met from the start, whatever Lark calls them."""
    table = lark.parser.parser._parse_table
    dropped = {symbol.name for rule in lark.rules for symbol in rule.expansion if getattr(symbol, "filter_out", False)}
    rules = [
        Rule(
            str(rule.origin.name),
            tuple([str(symbol.name) for symbol in rule.expansion]),
            rule.options.expand1 and len([symbol for symbol in rule.expansion if symbol.name not in dropped]) == 1,
        )
        for rule in lark.rules
    ]
    order = [table.start_states["start"]]
    for state in order:
        for _, (_, target) in sorted(table.states[state].items()):
            if target not in lark.rules and target not in order:
                order.append(target)
    return Tables(
        {terminal.name: terminal.pattern.to_regexp() for terminal in lark.terminals},
        list(lark.ignore_tokens),
        sorted(dropped),
        rules,
        [
            {
                name: ~lark.rules.index(target) if target in lark.rules else order.index(target)
                for name, (_, target) in sorted(table.states[state].items())
            }
            for state in order
        ],
        order.index(table.end_states["start"]),
    )


class Pattern:
    """The pattern of a regular rule, under construction: its text, and for its last group the tokens that lead there."""

    def __init__(self, grammar: Grammar, groups: int = 0) -> None:
        self.grammar = grammar
        self.groups = groups
        self.shapes: dict[int, tuple[Shape, tuple[int, ...]]] = {}

    def capture(self, pattern: str) -> tuple[str, int]:
        """The pattern as a new group, and the group's number."""
        self.groups += 1
        return f"({pattern})", self.groups

    def rule(self, name: str) -> str:
        """The pattern of a rule, its kept tokens captured and every way through it remembered in `shapes`."""
        text, ways = self._symbol(name)
        self.shapes.update({way[-1][1]: (tuple(n for n, _ in way), tuple(g for _, g in way)) for way in ways})
        return text

    def _symbol(self, name: str) -> tuple[str, list[list[tuple[str, int]]]]:
        terminal = self.grammar.terminals.get(name)
        if terminal is None and not self.grammar.repeats(name):
            texts, ways = [], []
            for expansion in self.grammar.expansions[name]:
                text, found = self._sequence(expansion)
                texts.append(text)
                ways.extend(found)
            return f"(?:{'|'.join(texts)})", ways
        if terminal is not None and self.grammar.is_dropped(name):
            return f"(?>{terminal})", [[]]
        text, group = self.capture(f"(?>{terminal})" if terminal is not None else self.grammar.plain_pattern(name))
        return text, [[(name, group)]]

    def _sequence(self, symbols: Sequence[str]) -> tuple[str, list[list[tuple[str, int]]]]:
        texts = []
        ways: list[list[tuple[str, int]]] = [[]]
        for symbol in symbols:
            text, found = self._symbol(symbol)
            texts.append(text)
            ways = [before + after for before in ways for after in found]
        return self.grammar.blank.join(texts), ways


class Grammar:
    """A grammar's rules and terminals as Lark has compiled them, by name."""

    def __init__(self, tables: Tables) -> None:
        self.terminals = tables.terminals
        self.blank = f"(?:{'|'.join(self.terminals[name] for name in tables.ignored)})*+"
        self.dropped = tables.dropped
        self.expansions: dict[str, list[Sequence[str]]] = {}
        for rule in tables.rules:
            self.expansions.setdefault(rule.origin, []).append(rule.expansion)
        regular = {name for name in self.expansions if self._is_regular(name, ())}
        recursive = self.expansions.keys() - regular
        self.regular = regular
        self.folded = {
            symbol for name in recursive for expansion in self.expansions[name] for symbol in expansion
        } & regular

    def is_dropped(self, terminal: str) -> bool:
        """Whether the terminal is punctuation that no rule keeps."""
        return terminal in self.dropped

    def repeats(self, name: str) -> bool:
        """Whether a regular rule holds a repetition, so that its tokens cannot be captured one by one."""
        return any(
            symbol == name or symbol.startswith("__") for expansion in self.expansions[name] for symbol in expansion
        )

    def plain_pattern(self, name: str) -> str:
        """The pattern of a terminal or a regular rule, without groups. `x: a | x b` is Lark's way to say `a b*`."""
        if name in self.terminals:
            return f"(?>{self.terminals[name]})"
        firsts = [expansion for expansion in self.expansions[name] if expansion[0] != name]
        nexts = [expansion[1:] for expansion in self.expansions[name] if expansion[0] == name]
        text = self._alternatives(firsts)
        return f"{text}(?:{self.blank}{self._alternatives(nexts)})*" if nexts else text

    def _alternatives(self, expansions: Iterable[Sequence[str]]) -> str:
        return f"(?:{'|'.join(self.blank.join(map(self.plain_pattern, expansion)) for expansion in expansions)})"

    def _is_regular(self, name: str, inside: tuple[str, ...]) -> bool:
        for expansion in self.expansions[name]:
            for position, symbol in enumerate(expansion):
                if symbol in self.terminals or (symbol == name and position == 0):
                    continue
                if symbol == name or symbol in inside or not self._is_regular(symbol, (*inside, name)):
                    return False
        return True


class Reduction:
    """One rule as the automaton applies it: how many states it pops, what it is called, what it does to the values."""

    __slots__ = ("act", "origin", "size")

    def __init__(self, rule: Rule, build: Callable[..., Any] | None, grammar: Grammar) -> None:
        self.origin = rule.origin
        self.size = len(rule.expansion)
        kept = [symbol for symbol in rule.expansion if not grammar.is_dropped(symbol)]
        self.act = _refuse if self.origin in grammar.regular else _action(rule, kept, build)


def _action(
    rule: Rule, kept: Sequence[str], build: Callable[..., Any] | None
) -> Callable[[list[Any], Any], None] | None:
    if rule.origin.startswith("__"):
        return _grow if kept[0] == rule.origin else _begin
    if build is None:
        return None

    count = len(kept)

    def act(values: list[Any], state: Any) -> None:
        values[-count:] = [build(state, values[-count:])]

    def act_on_list(values: list[Any], state: Any) -> None:
        children = values.pop()
        children.insert(0, values[-1])
        values[-1] = build(state, children)

    return act_on_list if count == 2 and kept[1].startswith("__") else act


def _refuse(values: list[Any], state: Any) -> None:
    """A regular rule that its pattern did not read is left to Lark."""
    values.append(None)


def _begin(values: list[Any], state: Any) -> None:
    values[-1] = [values[-1]]


def _grow(values: list[Any], state: Any) -> None:
    item = values.pop()
    values[-1].append(item)


class Reader:
    """Reads texts by a grammar.

    `builders` says, for each shape of tokens that a regular rule can have, what builds its value; `makers`, for each recursive
    rule, what makes its value of its children (a rule that Lark would inline with one child needs none).
    """

    def __init__(
        self, tables: Tables, builders: Mapping[Shape, Builder], makers: Mapping[str, Callable[..., Any]]
    ) -> None:
        self._grammar = Grammar(tables)
        self._builders = builders
        reductions = [
            Reduction(rule, None if rule.inlined else makers.get(rule.origin), self._grammar) for rule in tables.rules
        ]
        self._end = tables.end
        self._actions: list[dict[str, Any]] = [
            {name: target if target >= 0 else reductions[~target] for name, target in row.items()}
            for row in tables.states
        ]
        self._compiled: dict[tuple[str, ...], tuple[re.Pattern[str], dict[int, tuple[Any, ...]]]] = {}
        self._steps: dict[int, tuple[Callable[[str, int], re.Match[str] | None], dict[int, tuple[Any, ...]]]] = {}

    def scanner(self, rule: str) -> tuple[re.Pattern[str], Mapping[int, str]]:
        """A pattern for one regular rule, with blanks before it, and by its last group the name of the token it read."""
        pattern = Pattern(self._grammar)
        text = self._grammar.blank + pattern.rule(rule)
        return re.compile(text, re.ASCII), {group: shape[-1] for group, (shape, _) in pattern.shapes.items()}

    def _step(
        self, row: Mapping[str, Any]
    ) -> tuple[Callable[[str, int], re.Match[str] | None], dict[int, tuple[Any, ...]]]:
        """What may stand next in a state: a pattern, and by the pattern's last group what was read."""
        folded = [name for name in row if name in self._grammar.folded]
        names = (
            *folded,
            *(name for name in sorted(row, reverse=True) if name in self._grammar.terminals or name == END),
        )
        if names not in self._compiled:
            self._compiled[names] = self._compile(names)
        pattern, found = self._compiled[names]
        return pattern.match, {group: (*entry, self._target(row, entry[0])) for group, entry in found.items()}

    def _target(self, row: Mapping[str, Any], name: str) -> Any:
        """Where a symbol leads from a state, past states that do nothing but rename one symbol to another."""
        target = row[name]
        while name in self._grammar.folded:
            reductions = set(self._actions[target].values())
            only = reductions.pop() if len(reductions) == 1 else None
            if only.__class__ is not Reduction or only.size != 1 or only.act is not None:
                break
            name, target = only.origin, row[only.origin]
        return target

    def _compile(self, names: tuple[str, ...]) -> tuple[re.Pattern[str], dict[int, tuple[Any, ...]]]:
        pattern = Pattern(self._grammar)
        texts: list[str] = []
        found: dict[int, tuple[Any, ...]] = {}
        for name in names:
            if name in self._grammar.expansions:
                texts.append(pattern.rule(name))
                for group, (shape, groups) in pattern.shapes.items():
                    found[group] = (name, self._builders[shape], groups)
            else:
                text, group = pattern.capture(r"\Z" if name == END else f"(?>{self._grammar.terminals[name]})")
                texts.append(text)
                found[group] = (name, None, not self._grammar.is_dropped(name))
        return re.compile(f"{self._grammar.blank}(?:{'|'.join(texts)})", re.ASCII), found

    def read(self, text: str, state: Any, opening: str, closing: str, depth: int) -> Any:
        """What the text says, or None if the grammar, a builder or the depth of `opening` and `closing` terminals refuses it.

        `state` is handed to the builders. Never recurses; time is linear in the text.
        """
        actions = self._actions
        steps = self._steps
        end = self._end
        states = [0]
        values: list[Any] = []
        position = 0
        while True:
            try:
                match, entries = steps[states[-1]]
            except KeyError:
                match, entries = steps[states[-1]] = self._step(self._actions[states[-1]])
            found = match(text, position)
            if found is None:
                return None
            position = found.end()
            name, builder, groups, action = entries[found.lastindex]  # type: ignore[index]
            if builder is not None:
                value = builder(state, found.group(*groups), found.start(groups[0]))
                if value is None:
                    return None
                values.append(value)
                states.append(action)
                continue
            while action.__class__ is Reduction:
                if action.act is not None:
                    action.act(values, state)
                    if values[-1] is None:
                        return None
                del states[-action.size :]
                target = actions[states[-1]][action.origin]
                if target == end:
                    return values[-1]
                states.append(target)
                action = actions[target].get(name)
            if action is None:
                return None
            states.append(action)
            if groups:
                values.append((found.group(found.lastindex), found.start(found.lastindex)))  # type: ignore[arg-type]
            elif name == opening:
                depth -= 1
                if depth < 0:
                    return None
            elif name == closing:
                depth += 1
