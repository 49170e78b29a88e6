"""The fast reader with a grammar of its own, held to Lark's parse: it knows nothing of filters."""

import re
from typing import Any

from hypothesis import given, strategies as st
from lark import Lark, Tree, UnexpectedInput

from kanbert_filter.notations.lalr import Reader, tables_of

LANGUAGE = Lark(
    r"""
    start: sum
    ?sum: product ("+" product)*
    ?product: item ("*" item)*
    ?item: call | sized | "(" sum ")"
    call: NAME [NUMBER [NAME NAME | NUMBER]] | "-" list
    sized: "<" sum ">" NAME
    list: "[" [NUMBER ("," NUMBER | ";")*] "]"
    NAME: /[a-z]+/
    NUMBER: /[0-9]+/
    %ignore " "
    """,
    parser="lalr",
    maybe_placeholders=False,
)
SHAPES = [
    ("NAME",),
    ("NAME", "NUMBER"),
    ("NAME", "NUMBER", "NAME", "NAME"),
    ("NAME", "NUMBER", "NUMBER"),
    ("list",),
]


def build(state: object, parts: tuple[str, ...] | str, start: int) -> Any:
    if isinstance(parts, str):
        parts = (parts,)
    return ("call", start, *[re.findall("[0-9]+", part) if part[0] == "[" else part for part in parts])


READER = Reader(
    tables_of(LANGUAGE),
    dict.fromkeys(SHAPES, build),
    {
        "sum": lambda state, children: ("sum", *children),
        "product": lambda state, children: ("product", *children),
        "sized": lambda state, children: ("sized", *children),
    },
    "LPAR",
    "RPAR",
)


def expected(text: str) -> Any:
    try:
        tree = LANGUAGE.parse(text)
    except UnexpectedInput:
        return None
    return seen(tree.children[0])


def seen(node: Any) -> Any:
    if not isinstance(node, Tree):
        return str(node)
    if node.data == "list":
        return [str(child) for child in node.children]
    children = map(seen, node.children)
    if node.data == "sized":
        (inner, name) = node.children
        assert not isinstance(name, Tree)
        return "sized", seen(inner), (str(name), name.start_pos)
    if node.data == "call":
        return ("call", *children)
    return (str(node.data), *children)


def without_places(value: Any) -> Any:
    if isinstance(value, tuple) and value[0] == "call":
        return ("call", *value[2:])
    return tuple(map(without_places, value)) if isinstance(value, tuple) else value


PIECES = [
    "a",
    "bc",
    "1",
    "20",
    "+",
    "*",
    "(",
    ")",
    "<",
    ">",
    "-",
    "[",
    "]",
    ",",
    ";",
    "a 1",
    "-[1, 2;]",
    "(a + b)",
    ">n",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=12), st.sampled_from(["", " "]))
def test_pieces_are_read_as_lark_reads_them(pieces: list[str], blank: str) -> None:
    text = blank.join(pieces)
    assert without_places(READER.read(text, None, 100)) == expected(text)


@given(
    st.recursive(
        st.sampled_from(["a", "b 1", "c 1 d e", "f 2 3", "-[]", "-[1]", "-[1;, 2,3]"]),
        lambda inner: st.one_of(
            st.lists(inner, min_size=1, max_size=4).map(" + ".join),
            st.lists(inner, min_size=1, max_size=4).map("*".join),
            inner.map("( {} )".format),
            inner.map("<{}>n".format),
        ),
    )
)
def test_whole_texts_are_read_as_lark_reads_them(text: str) -> None:
    read = READER.read(text, None, 100)
    assert read is not None
    assert without_places(read) == expected(text)


def test_levels_are_bounded() -> None:
    assert READER.read("((a) + (b))", None, 2) is not None
    assert READER.read("((a) + ((b)))", None, 2) is None


def test_states_are_numbered_in_the_order_they_are_met() -> None:
    met = [0]
    tables = tables_of(LANGUAGE)
    for state in met:
        met += [target for _, target in sorted(tables.states[state].items()) if target >= 0 and target not in met]
    assert list(dict.fromkeys(met)) == list(range(len(tables.states)))
