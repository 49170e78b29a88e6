"""Draws a Lark grammar as railroad diagrams, one per rule and named token, as Lark itself has understood it."""

from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import patterns
import railroad
from docutils import nodes
from lark import Token, Tree
from lark.grammar import NonTerminal, Symbol, Terminal
from lark.load_grammar import load_grammar
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

Definition = Tree[Token | Symbol]
Part = Definition | Token | Symbol

INLINE = 6
"""A token of no more spellings than this is shown by them; others have a diagram of their own."""


class Diagrams:
    """The diagrams of one grammar file, by the name a reader sees."""

    def __init__(self, path: Path) -> None:
        grammar, _ = load_grammar(path.read_text(), str(path), [], False)  # type: ignore[no-untyped-call]
        self.tokens: dict[str, Definition] = {name: tree for name, (tree, _) in grammar.term_defs}
        self.rules: dict[str, Definition] = {name: tree for name, _, tree, _ in grammar.rule_defs}

    def __iter__(self) -> Iterator[tuple[str, railroad.Diagram]]:
        used = dict.fromkeys(str(token.name) for rule in self.rules.values() for token in leaves(rule, Terminal))
        named = {name: self.tokens[name] for name in used if not self.inline(name)}
        for name, definition in (self.rules | named).items():
            yield readable(name), railroad.Diagram(self.draw(definition))

    def inline(self, token: str) -> list[str]:
        words = spellings(self.tokens[token])
        return words if len(words) <= INLINE else []

    def draw(self, part: Part) -> railroad.DiagramItem:
        match part:
            case NonTerminal():
                return reference(part)
            case Terminal():
                words = self.inline(part.name)
                return choice(map(railroad.Terminal, words)) if words else reference(part)
            case Tree(data="expansions", children=ways):
                return choice(map(self.draw, ways))
            case Tree(data="expansion", children=steps):
                return self.sequence(steps)
            case Tree(data="alias" | "value", children=[inner, *_]):
                return self.draw(inner)
            case Tree(data="maybe", children=[inner]):
                return railroad.Optional(self.draw(inner))
            case Tree(data="expr", children=[inner, operator, *times]):
                return repeated(self.draw(inner), str(operator), *map(str, times))
            case Tree(data="range", children=[first, last]):
                return railroad.Terminal(f"{plain(str(first))} … {plain(str(last))}")
            case Tree(data="literal", children=[literal]):
                words = spellings(part)
                return choice(map(railroad.Terminal, words)) if words else patterns.drawn(pattern(str(literal)))
        raise ValueError(f"no diagram for {part!r}")

    def sequence(self, steps: list[Part]) -> railroad.DiagramItem:
        """The steps one after another; `x (sep x)*` as one loop through `x`."""
        drawn: list[railroad.DiagramItem] = []
        for index, step in enumerate(steps):
            match step:
                case Tree(data="expr", children=[inner, Token(value="*")]):
                    *separator, last = only_way(inner)
                    if separator and index and steps[index - 1] == last:
                        drawn[-1] = railroad.OneOrMore(drawn[-1], self.sequence(separator))
                        continue
            drawn.append(self.draw(step))
        return drawn[0] if len(drawn) == 1 else railroad.Sequence(*drawn)


def only_way(tree: Part) -> list[Part]:
    match tree:
        case Tree(data="expansions", children=[Tree(data="expansion", children=steps)]):
            return steps
    return [tree]


def choice(ways: Iterable[railroad.DiagramItem]) -> railroad.DiagramItem:
    """One of several ways; a choice between choices is one choice."""
    flat = [item for way in ways for item in (way.items if is_plain_choice(way) else [way])]
    return flat[0] if len(flat) == 1 else railroad.Choice(0, *flat)


def is_plain_choice(item: railroad.DiagramItem) -> bool:
    return isinstance(item, railroad.Choice) and not any(isinstance(way, railroad.Skip) for way in item.items)


def repeated(item: railroad.DiagramItem, operator: str, *times: str) -> railroad.DiagramItem:
    match operator:
        case "?":
            return railroad.Optional(item)
        case "*":
            return railroad.ZeroOrMore(item)
        case "+":
            return railroad.OneOrMore(item)
        case _:
            return railroad.Group(item, f"{' to '.join(times)} times")


def reference(symbol: Symbol) -> railroad.DiagramItem:
    name = readable(str(symbol.name))
    return railroad.NonTerminal(name, href=f"#{anchor(name)}")


def leaves(tree: Definition, kind: type[Symbol]) -> Iterator[Symbol]:
    return (leaf for leaf in tree.scan_values(lambda leaf: isinstance(leaf, kind)) if isinstance(leaf, kind))


def spellings(tree: Definition) -> list[str]:
    """The few words or symbols a token stands for, or none where there are too many to list."""
    match tree:
        case Tree(data="literal", children=[Token() as literal]):
            return [plain(literal)] if literal.startswith('"') else patterns.texts(pattern(literal))
        case Tree(data="value" | "expansion", children=[Tree() as inner]):
            return spellings(inner)
        case Tree(data="expansions", children=ways):
            each = [spellings(way) for way in ways if isinstance(way, Tree)]
            return list(chain.from_iterable(each)) if all(each) else []
    return []


def pattern(literal: str) -> list[Any]:
    return patterns.parsed(plain(literal))


def plain(literal: str) -> str:
    """A literal of the grammar without its delimiters and flags."""
    return literal[1 : literal.rindex(literal[0])]


def readable(name: str) -> str:
    return name.strip("_").lower().replace("_", " ")


def anchor(name: str) -> str:
    return f"grammar-{nodes.make_id(name)}"


class GrammarDiagrams(SphinxDirective):
    """`{grammar-diagrams} path/to/file.lark`, the path relative to the page."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        relative, absolute = self.env.relfn2path(self.arguments[0])
        self.env.note_dependency(relative)
        shown: list[nodes.Node] = []
        for name, diagram in Diagrams(Path(absolute)):
            svg: list[str] = []
            diagram.writeSvg(svg.append)
            title = nodes.rubric(text=name, ids=[anchor(name)])
            shown += [title, nodes.raw(text="".join(svg), format="html")]
        return shown


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_directive("grammar-diagrams", GrammarDiagrams)
    app.add_css_file("grammar-diagrams.css")
    return {"parallel_read_safe": True, "parallel_write_safe": True}
