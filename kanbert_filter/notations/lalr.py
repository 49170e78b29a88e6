"""A fast reader over the tables Lark computes from a grammar. It knows nothing of filters, and needs Lark only to make the tables.

Lark reads one token at a time and calls Python for each. Most of a grammar needs neither: a rule without recursion describes a regular
language, so the pattern of all it can say is put together from the patterns of its terminals, and one call of `re` reads all
its tokens. What is left, the recursive rules, is read by the LALR automaton of Lark's own parse table, which has a transition for
a whole rule just as it has one for a token. There is no second grammar: patterns and table come from the `Lark` object. `tables_of`
takes them out of it as plain data, which are kept as a module, so that a program that reads need not import and build Lark first.

The automaton is prepared for speed. Many a rule only renames what it holds, as a conjunction of one condition does. What such renaming
leads to depends on the topmost state and the one below it, so the stack holds a `Step` for each such pair, in which it is done already.

The reader accepts what Lark accepts and says nothing about the rest: `read` returns None, and the caller asks Lark what is wrong.
Three things make the patterns equal to Lark's contextual lexer: each terminal is an atomic group, so a token once read is never
shortened; the grammar's terminals that may stand at one place exclude each other; and what a rule without recursion can say is never
only the beginning of what else may stand in its place. A property test holds both readers equal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from lark import Lark

END: Final = "$END"

Shape = tuple[str, ...]
"""The names of the kept tokens of a rule that is read as one pattern; a repeated rule stands for its whole text."""

Token = tuple[str, int]
"""A kept token the automaton read itself: its text and where it starts."""

Builder = Callable[[Any, tuple[str, ...], int], Any]
"""Builds what a pattern read: from the caller's own state, the kept texts, and where the pattern starts. None is a refusal."""


Rule = tuple[str, tuple[str, ...], bool]
"""One way to write a rule: the rule's name, the symbols, and whether Lark puts a single child in the rule's place."""


class Tables:
    """What is needed of a grammar that Lark has compiled.

    `states` says for each state where a symbol leads: to another state, or to the reduction by rule `n`, written `~n`. The first
    state is the start, and `end` is where a whole text leads.
    """

    __slots__ = ("dropped", "end", "ignored", "rules", "states", "terminals")

    def __init__(
        self,
        terminals: dict[str, str],
        ignored: list[str],
        dropped: list[str],
        rules: list[Rule],
        states: list[dict[str, int]],
        end: int,
    ) -> None:
        self.terminals = terminals
        self.ignored = ignored
        self.dropped = dropped
        self.rules = rules
        self.states = states
        self.end = end


def tables_of(lark: Lark) -> Tables:
    """The tables of a grammar. States are numbered in the order in which they are met from the start, whatever Lark calls them."""
    table = lark.parser.parser._parse_table
    dropped = {symbol.name for rule in lark.rules for symbol in rule.expansion if getattr(symbol, "filter_out", False)}
    rules: list[Rule] = [
        (
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


Way = list[tuple[str, int]]
"""One way through a pattern: the kept tokens with their groups."""


class Pattern:
    """The pattern of a regular rule, under construction: its text, and for its last group the tokens that lead there."""

    def __init__(self, grammar: Grammar) -> None:
        self.grammar = grammar
        self.groups = 0
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

    def _symbol(self, name: str, captured: bool = True) -> tuple[str, list[Way]]:
        """The pattern of a terminal or a rule. The tokens of a repetition cannot be captured one by one, so it is captured whole."""
        grammar = self.grammar
        if name not in grammar.terminals and captured and not grammar.repeats(name):
            return self._choice(grammar.expansions[name], captured)
        text = grammar.atom(name) if name in grammar.terminals else self._whole(name)
        if not captured or name in grammar.dropped:
            return text, [[]]
        text, group = self.capture(text)
        return text, [[(name, group)]]

    def _whole(self, name: str) -> str:
        """The pattern of a rule without groups. `x: a | x b` is Lark's way to say `a b*`."""
        firsts = [expansion for expansion in self.grammar.expansions[name] if expansion[0] != name]
        nexts = [expansion[1:] for expansion in self.grammar.expansions[name] if expansion[0] == name]
        text, _ = self._choice(firsts, captured=False)
        if nexts == firsts:
            return f"(?:{text}{self.grammar.blank})+"
        return f"{text}(?:{self.grammar.blank}{self._choice(nexts, captured=False)[0]})*" if nexts else text

    def _choice(self, expansions: Iterable[Sequence[str]], captured: bool) -> tuple[str, list[Way]]:
        """The pattern of some expansions. Those that begin with the same symbol share it, so that it is read once."""
        by_first: dict[str, list[Sequence[str]]] = {}
        for first, *rest in expansions:
            by_first.setdefault(first, []).append(rest)
        texts: list[str] = []
        ways: list[Way] = []
        for first, rests in by_first.items():
            text, found = self._symbol(first, captured)
            longer = [rest for rest in rests if rest]
            if longer:
                more, after = self._choice(longer, captured)
                ends_here = len(longer) < len(rests)
                text += f"(?:{self.grammar.blank}{more}){'?' if ends_here else ''}"
                found = [way + further for way in found for further in ([*after, []] if ends_here else after)]
            texts.append(text)
            ways += found
        return texts[0] if len(texts) == 1 else f"(?:{'|'.join(texts)})", ways if captured else [[]]


class Grammar:
    """A grammar's rules and terminals as Lark has compiled them, by name."""

    def __init__(self, tables: Tables) -> None:
        self.terminals = tables.terminals
        self.blank = f"(?:{'|'.join(self.terminals[name] for name in tables.ignored)})*+"
        self.dropped = tables.dropped
        self.expansions: dict[str, list[Sequence[str]]] = {}
        for origin, expansion, _ in tables.rules:
            self.expansions.setdefault(origin, []).append(expansion)
        regular = {name for name in self.expansions if self._is_regular(name, ())}
        recursive = self.expansions.keys() - regular
        self.regular = regular
        self.folded = {
            symbol for name in recursive for expansion in self.expansions[name] for symbol in expansion
        } & regular

    def atom(self, terminal: str) -> str:
        """The pattern of a terminal that is never shortened once read."""
        pattern = self.terminals[terminal]
        return pattern if len(pattern.removeprefix("\\")) == 1 else f"(?>{pattern})"

    def repeats(self, name: str) -> bool:
        """Whether a regular rule holds a repetition."""
        return any(
            symbol == name or symbol.startswith("__") for expansion in self.expansions[name] for symbol in expansion
        )

    def _is_regular(self, name: str, inside: tuple[str, ...]) -> bool:
        for expansion in self.expansions[name]:
            for position, symbol in enumerate(expansion):
                if symbol in self.terminals or (symbol == name and position == 0):
                    continue
                if symbol == name or symbol in inside or not self._is_regular(symbol, (*inside, name)):
                    return False
        return True


# What applying a rule does to the values on top. A positive number is how many of them its maker takes.
NOTHING: Final = 0
REFUSE: Final = -1  # a regular rule that its pattern did not read is left to Lark
BEGIN: Final = -2  # the first repetition makes a list, of the value before it and its own
GROW: Final = -3  # a further one adds to that list
LIST: Final = -4  # the maker takes that list

Application = tuple[slice, int, Callable[[Any, list[Any]], Any] | None, str]
"""Applying a rule: the states it pops, what it does to the values, its maker, and its name."""

Turn = tuple[Application | None, "Step | None", "Step | None", int]
"""What a token makes the automaton do next. Either a rule is applied, and the same token asked for again. Or the token is pushed: the
step it leads to (None for the end, which is never pushed), what the step below is renamed to if at all, and how many levels it opens."""

Entry = tuple[Builder | None, Any, Any]
"""What a pattern has read. A rule: its builder, the groups of its kept tokens, and the step it leads to. Or a token: None, whether it
is kept, and its name."""

_REFUSED: Final[Turn] = ((slice(0), REFUSE, None, ""), None, None, 0)


class Step:
    """A state of the automaton and the state below it, with all that may follow.

    `match` reads what may stand next, `entries` says by the last group of the pattern what that was, `turns` by the name of a
    token what it does, and `gotos` by the name of a rule which step it leads to.
    """

    __slots__ = ("below", "entries", "gotos", "match", "state", "turns")

    match: Callable[[str, int], re.Match[str] | None]
    entries: dict[int | None, Entry]
    turns: dict[str, Turn]
    gotos: dict[str, Step]

    def __init__(self, below: int, state: int) -> None:
        self.below = below
        self.state = state


class Reader:
    """Reads texts by a grammar.

    `builders` says, for each shape of tokens that a regular rule can have, what builds its value; `makers`, for each recursive
    rule, what makes its value of its children (a rule that Lark would inline with one child needs none). A recursive rule may hold a
    repetition as its second child, of one child each time: `a (_SEPARATOR a)*`. Of `opening` tokens no more than a given number may
    stand inside each other, up to their `closing` ones.
    """

    def __init__(
        self,
        tables: Tables,
        builders: Mapping[Shape, Builder],
        makers: Mapping[str, Callable[[Any, list[Any]], Any]],
        opening: str,
        closing: str,
    ) -> None:
        self._tables = tables
        self._grammar = Grammar(tables)
        self._builders = builders
        self._levels = {opening: 1, closing: -1}
        self._applications = [self._application(rule, makers.get(rule[0])) for rule in tables.rules]
        self._patterns: dict[tuple[str, ...], tuple[re.Pattern[str], dict[int, Entry]]] = {}
        self._steps: dict[tuple[int, int], Step] = {}
        self._start = self._step(-1, 0)
        unfinished = [self._start]
        for step in unfinished:
            known = len(self._steps)
            row = tables.states[step.state]
            step.turns = {name: self._turn(step, name) for name in row if name not in self._grammar.expansions}
            step.gotos = {name: self._step(step.state, row[name]) for name in row if name in self._grammar.expansions}
            unfinished += [*self._steps.values()][known:]

    def scanner(self, rule: str) -> tuple[re.Pattern[str], Mapping[int, str]]:
        """A pattern for one regular rule, with blanks before it, and by its last group the name of the token it read."""
        pattern = Pattern(self._grammar)
        text = self._grammar.blank + pattern.rule(rule)
        return re.compile(text, re.ASCII), {group: shape[-1] for group, (shape, _) in pattern.shapes.items()}

    def _application(self, rule: Rule, make: Callable[[Any, list[Any]], Any] | None) -> Application:
        origin, expansion, inlined = rule
        kept = [symbol for symbol in expansion if symbol not in self._grammar.dropped]
        if origin in self._grammar.regular:
            taken = REFUSE
        elif origin.startswith("__"):
            taken = GROW if kept[0] == origin else BEGIN
        elif inlined or make is None:
            taken = NOTHING
        else:
            taken = LIST if kept[-1].startswith("__") else len(kept)
        return slice(-len(expansion), None), taken, make, origin

    def _renaming(self, action: int) -> str | None:
        """The rule's name, if the action of a state is to apply a rule that only renames what it holds."""
        if action >= 0:
            return None
        origin, expansion, _ = self._tables.rules[~action]
        return origin if len(expansion) == 1 and self._applications[~action][1] == NOTHING else None

    def _step(self, below: int, state: int) -> Step:
        step = self._steps.get((below, state))
        if step is None:
            step = self._steps[below, state] = Step(below, state)
            step.match = partial(self._first_match, step)
        return step

    def _turn(self, step: Step, name: str) -> Turn:
        """What the token `name` does on top of a step, past rules that only rename what they hold."""
        states = self._tables.states
        state = step.state
        while (target := states[state].get(name)) is not None:
            if target >= 0:
                renamed = None if state == step.state else self._step(step.below, state)
                return None, self._step(state, target), renamed, self._levels.get(name, 0)
            origin = self._renaming(target)
            if origin is None:
                return self._applications[~target], None, None, 0
            state = states[step.below][origin]
            if state == self._tables.end:
                return None, None, None, 0
        return _REFUSED

    def _renamed(self, step: Step, name: str) -> Step:
        """Where a rule leads from a step, past states that do nothing but rename it, whatever comes next."""
        row = self._tables.states[step.state]
        while True:
            first, *others = {*self._tables.states[row[name]].values()}
            origin = None if others else self._renaming(first)
            if origin is None:
                return step.gotos[name]
            name = origin

    def _first_match(self, step: Step, text: str, position: int) -> re.Match[str] | None:
        """Makes the pattern of a step when it is first needed. Steps that await the same share it."""
        row = self._tables.states[step.state]
        terminals = [name for name in row if name in self._grammar.terminals or name == END]
        terminals.sort(key=lambda name: len(self._grammar.terminals.get(name, "")))  # what is soon tried stands first
        names = (*[name for name in row if name in self._grammar.folded], *terminals)
        if names not in self._patterns:
            self._patterns[names] = self._compile(names)
        pattern, found = self._patterns[names]
        step.entries = {
            group: (builder, groups, name if builder is None else self._renamed(step, name))
            for group, (builder, groups, name) in found.items()
        }
        step.match = pattern.match
        return step.match(text, position)

    def _compile(self, names: Iterable[str]) -> tuple[re.Pattern[str], dict[int, Entry]]:
        """The pattern of what may stand next, and its entries, where a rule's name stands for the step it leads to."""
        pattern = Pattern(self._grammar)
        texts: list[str] = []
        found: dict[int, Entry] = {}
        for name in names:
            if name in self._grammar.expansions:
                texts.append(pattern.rule(name))
                for group, (shape, groups) in pattern.shapes.items():
                    found[group] = self._builders[shape], groups, name
            else:
                text, group = pattern.capture(r"\Z" if name == END else self._grammar.atom(name))
                texts.append(text)
                found[group] = None, name not in self._grammar.dropped, name
        return re.compile(f"{self._grammar.blank}(?:{'|'.join(texts)})", re.ASCII), found

    def read(self, text: str, state: Any, depth: int) -> Any:
        """What the text says, or None if the grammar, a builder, a maker, or the depth refuses it.

        `state` is handed to builders and makers. Never recurses; time is linear in the text.
        """
        step: Any = self._start
        steps = [step]
        values: list[Any] = []
        position = 0
        while (found := step.match(text, position)) is not None:
            position = found.end()
            builder, groups, name = step.entries[found.lastindex]
            if builder is not None:
                value = builder(state, found.group(*groups), found.start(groups[0]))
                if value is None:
                    return None
                values.append(value)
                step = name
                steps.append(step)
                continue
            applied, following, renamed, level = step.turns[name]
            while applied is not None:
                popped, taken, make, origin = applied
                if taken == GROW:
                    value = values.pop()
                    values[-1].append(value)
                elif taken == BEGIN:
                    value = values.pop()
                    values[-1] = [values[-1], value]
                elif taken == REFUSE:
                    return None
                elif taken != NOTHING:
                    if taken == LIST:
                        values[-1] = value = make(state, values[-1])
                    else:
                        values[-taken:] = [value := make(state, values[-taken:])]
                    if value is None:
                        return None
                del steps[popped]
                step = steps[-1].gotos[origin]
                steps.append(step)
                applied, following, renamed, level = step.turns.get(name, _REFUSED)
            if following is None:
                return values[-1]
            if renamed is not None:
                steps[-1] = renamed
            step = following
            steps.append(step)
            if groups:
                values.append((found.group(found.lastindex), found.start(found.lastindex)))
            elif level:
                depth -= level
                if depth < 0:
                    return None
        return None
