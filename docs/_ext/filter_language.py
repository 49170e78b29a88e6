"""Highlights `dsl` blocks and prints the table of operators, both from the package's own data."""

from docutils import nodes
from docutils.statemachine import StringList
from pygments.lexer import RegexLexer, words
from pygments.token import Keyword, Name, Number, Operator, Punctuation, String, Whitespace
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from kanbert_filter.operators import OPERATORS, WORDS
from kanbert_filter.values import SPECIALS


class FilterLexer(RegexLexer):
    """Colours a filter; reading it properly is the library's business."""

    name = "Kanbert filter"
    aliases = ("dsl",)
    tokens = {  # noqa: RUF012 (Pygments' own shape)
        "root": [
            (r"\s+", Whitespace),
            (r""""(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'""", String),
            (r"today[+-]\d+d\b", Keyword.Constant),
            (words((*SPECIALS, "true", "false", "null"), suffix=r"\b"), Keyword.Constant),
            (
                words(("and", "or", "is", "not", *WORDS, "startsWith", "endsWith"), prefix=r"(?i:", suffix=r")\b"),
                Keyword,
            ),
            (r"-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?", Number),
            (r"[A-Za-z_][\w.-]*", Name.Attribute),
            (r"[=!<>]+", Operator),
            (r"[()\[\],]", Punctuation),
        ]
    }


class OperatorTable(SphinxDirective):
    """Every operator with its spellings and its meaning."""

    def run(self) -> list[nodes.Node]:
        rows = [("DSL", "JSON and forms", "Also", "Family", "Meaning")]
        rows += [
            (
                f"`{row.dsl}`",
                f"`{row.name}`",
                ", ".join(f"`{alias}`" for alias in row.aliases),
                row.group,
                row.description,
            )
            for row in OPERATORS.values()
        ]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        lines.insert(1, "|---" * len(rows[0]) + "|")
        container = nodes.container()
        self.state.nested_parse(StringList(lines, source=__file__), self.content_offset, container)
        return container.children


def setup(app: Sphinx) -> ExtensionMetadata:
    app.add_lexer("dsl", FilterLexer)
    app.add_directive("operators", OperatorTable)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
