"""The DSL, held to its corpora, to Lark's own parse, and to its limits."""

import ast
import os
import random
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from functools import cache
from itertools import product
from time import process_time
from typing import Any

import pytest
from hypothesis import given, strategies as st
from lark import Token
from lark.lexer import PatternRE

import kanbert_filter as kf
from kanbert_filter.errors import TextLocation
from kanbert_filter.limits import DEFAULT_LIMITS
from kanbert_filter.messages import NO_TEXT_NEGATION
from kanbert_filter.nodes import Condition
from kanbert_filter.notations import dsl, dsl_fast, dsl_faults, dsl_habits, dsl_tokens
from kanbert_filter.operators import OPERATORS, TEXT_OPERATORS, WORDS
from tests.corpora import blocks, lines

LIFTED = kf.Limits.lifted()


CORPUS_TEXTS = [
    *lines("dsl_identity.txt"),
    *[text for line in lines("dsl_rewritten.txt") for text in line.split(" => ")],
    *[block[1] for block in blocks("dsl_faults.txt")],
]


def problem_of(text: str, limits: kf.Limits = DEFAULT_LIMITS) -> kf.Problem:
    with pytest.raises(kf.FilterSyntaxError) as caught:
        kf.parse_dsl(text, limits=limits)
    (problem,) = caught.value.problems
    return problem


@pytest.mark.parametrize("text", lines("dsl_identity.txt"))
def test_canonical_text_reads_and_writes_as_itself(text: str) -> None:
    assert kf.to_dsl(kf.parse_dsl(text)) == text


@pytest.mark.parametrize("line", lines("dsl_rewritten.txt"))
def test_other_writings_become_canonical(line: str) -> None:
    written, canonical = line.split(" => ")
    assert kf.to_dsl(kf.parse_dsl(written)) == canonical
    assert kf.parse_dsl(written) == kf.parse_dsl(canonical)


@pytest.mark.parametrize("block", blocks("dsl_faults.txt"), ids=lambda block: block[1])
def test_faults_have_a_code_a_place_and_a_remedy(block: list[str]) -> None:
    code, text, carets, remedy = block
    problem = problem_of(text)
    assert problem.code == code
    assert problem.location is not None
    assert problem.location.excerpt().splitlines() == [f"  {text}", f"  {carets}"]
    assert remedy in problem.message


@pytest.mark.parametrize(
    ("text", "shown", "remedy"),
    [
        ("a\u00a0= 1", "NO-BREAK SPACE", "a space"),
        ("\u00a0a = 1", "NO-BREAK SPACE", "a space"),
        ("a = 1\u00a0and b = 2", "NO-BREAK SPACE", "a space"),
        ("a =\u30001", "IDEOGRAPHIC SPACE", "a space"),
        ("\ufeffa = 1", "ZERO WIDTH NO-BREAK SPACE", "leave it out"),
        ("a in [1，2]", "FULLWIDTH COMMA", "','"),
        ("（a = 1)", "FULLWIDTH LEFT PARENTHESIS", "'('"),
        ("a = 1 \ue000", "a character without a name", "leave it out"),
    ],
)
def test_characters_that_look_like_others_are_named(text: str, shown: str, remedy: str) -> None:
    message = problem_of(text).message
    assert f"({shown}), expected characters of ASCII" in message
    assert message.endswith(remedy)


NEGATIONS = ["not", "not_", "n", "un", "non", "doesnot", "doesnt", "does_not_", "is_not_"]


@pytest.mark.parametrize("negation", NEGATIONS)
def test_no_hint_proposes_the_opposite(negation: str) -> None:
    """A negated word is offered what is negated too, or nothing."""
    negative = {"ne", "nin", "isnotnull", "none"}
    for word in [*WORDS, *[word[:-1] for word in WORDS if len(word) > 4]]:
        found = negation + word
        if WORDS.get(word) in negative or WORDS.get(found):
            continue
        problem = problem_of(f"a {found} 'x'")
        assert problem.code in ("unknown_operator", "foreign_operator"), found
        offered = {dsl_tokens.CANONICAL.get(name) for name in problem.suggestions}
        assert offered <= negative, found
        if word in TEXT_OPERATORS:
            assert problem.message == f"Found '{found}', {NO_TEXT_NEGATION}"


@pytest.mark.parametrize(
    "rest", [") b", "] b", ", b", ";", "&& b = 2", "|| b = 2", "b = 2", "5d", "and", "and and b = 2"]
)
@pytest.mark.parametrize("value", ['"x"', "-1", "now", "today", "today+5d", "today-30d"])
def test_what_follows_a_value_is_explained_alike_after_each(value: str, rest: str) -> None:
    if (value, rest) == ("today", "5d"):
        return  # a lost plus
    for before in ("a = ", "(a = ", "a in [", "a in [2, "):
        expected, found = (problem_of(f"{before}{word} {rest}") for word in ("true", value))
        assert (found.code, found.message, found.suggestions) == (expected.code, expected.message, expected.suggestions)


@pytest.mark.parametrize("value", ["'O''Brien'", "2024-01-01", "today 5d", "today +5d", "today +", "Now", "007", "5px"])
def test_a_value_is_explained_alike_in_a_list(value: str) -> None:
    alone = problem_of(f"a = {value}")
    for listed in (f"a in [{value}]", f"a in [1, {value}, 2]", f"a in [{value}"):
        problem = problem_of(listed)
        assert (problem.code, problem.message) == (alone.code, alone.message)


@pytest.mark.parametrize("block", blocks("dsl_faults.txt"), ids=lambda block: block[1])
def test_blanks_at_the_end_change_no_fault(block: list[str]) -> None:
    problem = problem_of(block[1])
    for blanks in (" ", "\n", "\r\n\t "):
        found = problem_of(block[1] + blanks)
        assert (found.code, found.message, found.suggestions) == (problem.code, problem.message, problem.suggestions)
        assert isinstance(place := problem.location, TextLocation)
        assert found.location == TextLocation(block[1] + blanks, place.start, place.end)


def test_blanks_mean_nothing_and_blank_text_is_no_filter() -> None:
    assert kf.parse_dsl("\r\n\ta\r\n=\t1\nand\r\nb =\n2 ") == kf.parse_dsl("a = 1 and b = 2")
    assert kf.parse_dsl("") is kf.EVERYTHING
    assert kf.parse_dsl(" \t\r\n") is kf.EVERYTHING
    assert problem_of("\x0b").code == "unexpected_input"
    assert problem_of("a\u00a0= 1").code == "invalid_field"


def test_raw_line_breaks_stay_inside_quotes() -> None:
    assert kf.parse_dsl('a = "x\r\ny"') == kf.Comparison("a", "eq", "x\r\ny")


PIECES = [
    *("a", "b.c", "notes", "in", "any", "not", "_x", "a.1-b", "A" * 70),
    *(*WORDS, *OPERATORS["eq"].dsl, "!=", "<", "<=", ">", ">=", "==", "<>", "startsWith", "CONTAINS", "Is", "NULL"),
    *('"x"', "'y'", '""', r"'it\'s'", r'"\u00e9"', r'"\ud83d\ude00"', r'"\ud83d"', r'"\q"', "'raw\nbreak'", '"no end', "“x”"),
    *("1", "-2.50", "1e3", "007", "1.", "0.0", "12e99", "9" * 41, "true", "FALSE", "null"),
    *("now", "today", "today+5d", "today-0d", "today+99999d", "me.id", "sow", "Eom"),
    *("and", "or", "AND", "(", ")", "[", "]", ",", "[1, 'x']", "[]", "&&", "!", "é", "\0", "ſ", "\u212a"),
]  # fmt: skip
CONDITIONS = [
    "a = 1",
    "b.c in ['x', 2]",
    "c is not null",
    "d contains 'x'",
    "t any",
    "t all (x = 1 or y = 2)",
    "e < today-3d",
]


@st.composite
def near_filters(draw: st.DrawFn) -> str:
    """Conditions joined and grouped as they should be, then a few pieces exchanged, dropped or put in."""
    words: list[str] = []
    for condition in draw(st.lists(st.sampled_from(CONDITIONS), min_size=1, max_size=5)):
        words += [*condition.split(" "), draw(st.sampled_from(["and", "or", "and (", "or (", ") and"]))]
    words = words[:-1] + [")"] * (" ".join(words).count(" ("))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(words)))
        words[at : at + draw(st.integers(0, 2))] = draw(st.lists(st.sampled_from(PIECES), max_size=1))
    return draw(st.sampled_from([" ", "  ", "\n"])).join(words)


TIGHT = kf.Limits(
    max_depth=3,
    max_conditions=3,
    max_list_values=2,
    max_values=4,
    max_relation_depth=1,
    max_string_length=4,
    max_number_digits=2,
    max_exponent=3,
    max_day_offset=9,
)


def by_lark(text: str, limits: kf.Limits) -> kf.Filter | kf.Problem:
    try:
        return dsl.read_by_lark(dsl.TextOrigin(text), limits)
    except kf.FilterSyntaxError as error:
        assert str(error)
        (problem,) = error.problems
        return problem


def with_places(tree: kf.Filter) -> list[tuple[type, int, int | None]]:
    return [(type(node), node.depth, node.index if isinstance(node, Condition) else None) for node in kf.walk(tree)]


def assert_read_alike(text: str, *others: kf.Limits) -> None:
    """The shortcut reads what Lark reads, and no more; what it does not read is left to Lark."""
    for limits in (LIFTED, DEFAULT_LIMITS, TIGHT, *others):
        found = dsl_fast.shortcut(text, dsl.TextOrigin(text), limits)
        expected = by_lark(text, limits)
        if isinstance(expected, kf.Problem):
            assert found is None
        else:
            assert found == expected
            assert with_places(expected) == with_places(found)


@pytest.mark.parametrize("text", dict.fromkeys(CORPUS_TEXTS))
def test_the_shortcut_reads_the_corpora_as_lark_does(text: str) -> None:
    assert_read_alike(text)


@pytest.mark.parametrize(
    ("at_the_limit", "beyond", "limits"),
    [
        # as short as conditions and values can be: texts that are too short to hold too many are not counted
        ("or".join(["(a='')"] * 500), "or".join(["(a='')"] * 501), kf.Limits()),
        ("a=1 or " * 499 + "a=1", "a=1 or " * 500 + "a=1", kf.Limits()),
        (
            "a in[" + "1," * 1999 + "1]",
            "a in[" + "1," * 2000 + "1]",
            kf.Limits(max_list_values=9999, max_conditions=9999),
        ),
        # groups of one kind inside each other are one level, in which their parentheses still count
        ("a=1 or (b=2 or c=3 and d=4)", "a=1 and (b=2 or c=3 and d=4)", kf.Limits(max_depth=3)),
        ("((a=1)and b=2)", "(((a=1))and b=2)", kf.Limits(max_depth=3)),
        # parentheses beside each other are not inside each other
        (" and ".join(["(a=1)"] * 50), " and ".join(["((a=1))"] * 50), kf.Limits(max_depth=2)),
        ("t any (a=1) and (u none (b=2))", "t any (a=1) and (u none (v all (b=2)))", kf.Limits(max_relation_depth=1)),
    ],
)
def test_both_readers_keep_the_same_limits(at_the_limit: str, beyond: str, limits: kf.Limits) -> None:
    assert_read_alike(at_the_limit, limits)
    assert_read_alike(beyond, limits)
    assert dsl_fast.shortcut(at_the_limit, dsl.TextOrigin(at_the_limit), limits) is not None
    assert dsl_fast.shortcut(beyond, dsl.TextOrigin(beyond), limits) is None


@given(near_filters())
def test_the_shortcut_reads_what_lark_reads(text: str) -> None:
    assert_read_alike(text)


@given(st.lists(st.sampled_from(PIECES), max_size=12), st.sampled_from(["", " "]))
def test_any_pieces_are_read_as_lark_reads_them(pieces: list[str], blank: str) -> None:
    assert_read_alike(blank.join(pieces))


@given(st.sampled_from(CORPUS_TEXTS), st.data())
def test_altered_texts_of_the_corpora_are_read_as_lark_reads_them(text: str, data: st.DataObject) -> None:
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(start, min(start + 4, len(text))))
        text = text[:start] + data.draw(st.sampled_from(["", *PIECES, *" .'\"\\_-0aeE"])) + text[end:]
    assert_read_alike(text)


@given(st.text())
def test_any_text_ends_in_a_filter_or_its_error(text: str) -> None:
    assert_read_alike(text)
    try:
        kf.parse_dsl(text)
    except kf.FilterSyntaxError as error:
        assert len(error.problems) == 1


@given(st.from_regex(re.compile(dsl_tokens.terminals()["STRING"], re.ASCII), fullmatch=True))
def test_quoted_texts_mean_what_python_means_by_them(literal: str) -> None:
    # Python knows the same escapes, but takes no raw line breaks, and halves of surrogate pairs as they are.
    halves: str = ast.literal_eval(literal.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\x00"))
    try:
        expected = kf.Comparison("a", "eq", halves.encode("utf-16", "surrogatepass").decode("utf-16"))
    except UnicodeDecodeError:
        assert problem_of(f"a = {literal}").code == "invalid_escape"
    else:
        assert kf.parse_dsl(f"a = {literal}") == expected


@given(st.from_regex(re.compile(dsl_tokens.terminals()["NUMBER"], re.ASCII), fullmatch=True))
def test_numbers_mean_what_decimal_means_by_them(literal: str) -> None:
    try:
        found = kf.parse_dsl(f"a = {literal}")
    except kf.FilterSyntaxError as error:
        assert error.problems[0].code == "number_too_long"
    else:
        assert found == kf.Comparison("a", "eq", Decimal(literal))


@given(st.text(st.characters(categories=["Cs", "Ll", "Po"]), max_size=8))
def test_half_surrogates_are_refused_wherever_they_stand(text: str) -> None:
    sound = all(not "\ud800" <= character <= "\udfff" for character in text)
    if not sound:
        problem = problem_of(f"a = 1 and {text}")
        assert problem.code == "invalid_encoding"
        assert isinstance(place := problem.location, TextLocation)
        assert "\ud800" <= place.text[place.start : place.end] <= "\udfff"


def test_values_at_the_limits_are_read() -> None:
    for text in ['a = "' + "x" * 4096 + '"', "a = " + "9" * 40, "a = 1e64", "due = today+36500d"]:
        kf.parse_dsl(text)


# limits


@pytest.mark.parametrize(
    ("code", "fits", "breaks", "limits"),
    [
        ("text_too_long", 'a = "é"', 'a = "éé"', kf.Limits(max_text_length=8)),
        ("text_too_long", "a = 1", "a = 12", kf.Limits(max_text_length=5)),
        ("too_deep", "((a = 1))", "(((a = 1)))", kf.Limits(max_depth=3)),
        ("too_deep", "a = 1 and (b = 2)", "a = 1 and (b = 2 or (c = 1))", kf.Limits(max_depth=2)),
        ("too_deep", "a = 1 and b = 2", "a = 1 or b = 2 and c = 3", kf.Limits(max_depth=2)),
        ("too_deep", "t any (a = 1)", "t any (t any (a = 1))", kf.Limits(max_depth=2)),
        ("too_many_conditions", "a=1 or b is null", "a=1 or b=2 or t any", kf.Limits(max_conditions=2)),
        ("list_too_long", "a in [1,2]", "a in [1,2,3]", kf.Limits(max_list_values=2)),
        ("too_many_values", "a in [1,2] or b=1", "a in [1,2] or b in [3,4]", kf.Limits(max_values=3)),
        ("relations_too_deep", "t any (u any)", "t any (u any (v none))", kf.Limits(max_relation_depth=2)),
        ("string_too_long", r"a = 'x\n'", r"a = 'xy\n'", kf.Limits(max_string_length=2)),
        ("string_too_long", r"a in ['x\n']", r"a in ['xy\n']", kf.Limits(max_string_length=2)),
        ("number_too_long", "a = 1.23", "a = 1.234", kf.Limits(max_number_digits=3)),
        ("number_too_long", "a in [123]", "a in [1234]", kf.Limits(max_number_digits=3)),
        ("number_too_long", "a = 1234", "a = 12345", kf.Limits(max_exponent=3)),
        ("number_too_long", "a = -1e5", "a = -10e5", kf.Limits(max_exponent=5)),
        ("number_too_long", "a = 1e-5", "a = 0.1e-5", kf.Limits(max_exponent=5)),
        ("day_offset_too_large", "a = today-5d", "a = today-6d", kf.Limits(max_day_offset=5)),
        ("invalid_field", ".".join("a" * 10) + " = 1", ".".join("a" * 11) + " = 1", kf.Limits()),
        ("invalid_field", "a" * 256 + " = 1", "a" * 257 + " = 1", kf.Limits()),
    ],
)
def test_each_limit_is_inclusive_and_has_its_code(code: str, fits: str, breaks: str, limits: kf.Limits) -> None:
    kf.parse_dsl(fits, limits=limits)
    assert problem_of(breaks, limits).code == code


def test_depth_may_be_raised_to_a_hundred() -> None:
    deep = kf.Limits(max_depth=100)
    assert kf.parse_dsl("(" * 99 + "a = 1" + ")" * 99, limits=deep) == kf.Comparison("a", "eq", 1)
    assert problem_of("(" * 100 + "a = 1" + ")" * 100, deep).code == "too_deep"
    nested = "a = 1"
    for index in range(33):
        nested = f"a = {index} or b = 2 and ({nested})"
    assert kf.parse_dsl(nested, limits=deep).depth == 67
    for index in range(33):
        nested = f"a = {index} or b = 2 and ({nested})"
    assert problem_of(nested, deep).code == "too_deep"


HOSTILE = {
    "parentheses": "(" * 100_000,
    "closed parentheses": "(" * 100_000 + "a = 1" + ")" * 100_000,
    "relations": "t any (" * 100_000,
    "brackets": "a in " + "[" * 100_000,
    "not": "not " * 100_000,
    "a long name": "a" * 100_000 + " = 1",
    "a long path": "a." * 100_000 + "a = 1",
    "digits": "a = " + "9" * 100_000,
    "an exponent": "a = 1e" + "9" * 100_000,
    "an offset": "a = today+" + "9" * 100_000 + "d",
    "an open text": 'a = "' + "x" * 100_000,
    "open escapes": 'a = "' + "\\n" * 50_000,
    "wrong escapes": 'a = "' + "\\q" * 50_000,
    "quotes": "a = " + '"' * 100_001,
    "blanks": " " * 100_000 + "x",
    "words": "and " * 50_000,
    "an open list": "a in [" + "1," * 50_000,
    "operators": "a " + "=" * 100_000,
    "leading zeros": "a = " + "0" * 100_000 + "a",
    "leading zeros in a list": "a in [" + "0" * 100_000 + "-",
}


def test_a_text_that_is_too_long_is_at_fault_from_its_beginning() -> None:
    assert problem_of("a = 1 " * 20_000).location == TextLocation("a = 1 " * 20_000, 0, 0)


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_texts_end_in_an_error_or_a_filter_soon(text: str) -> None:
    assert problem_of(text).code == "text_too_long"
    started = process_time()
    try:
        kf.parse_dsl(text, limits=LIFTED)
    except kf.FilterSyntaxError as error:
        assert error.problems[0].code != "text_too_long"
        assert len(str(error)) < 1000
    assert process_time() - started < 10  # far more than it takes, far less than trying what does not fit in all ways


HEADS = ["", *"-0.x", "not", "and", "count", "now", "today", "today ", "today+", "TODAY+1", "2024-01-01"]
RUNS = [*"01ad.-+ ,=!\"'\\é", "0.", "a.", "1,", "-1", "e1", " 1", "\r\n"]


def test_no_pattern_of_a_fault_tries_a_long_run_in_all_ways() -> None:
    patterns = [habit.pattern for habit in (*dsl_habits.WITH_LAST_TOKEN, *dsl_habits.HERE)] + [dsl_faults._WORD]
    started = process_time()
    for head, run, tail in product(HEADS, RUNS, ["", "a", "-", "\0"]):
        text = head + run * (20_000 // len(run)) + tail
        for pattern in patterns:
            pattern.match(text)
    assert (
        process_time() - started < 10
    )  # seconds, where a single pattern with two ways for each character takes a minute


def test_without_limits_long_numbers_are_exact() -> None:
    (tree,) = kf.walk(kf.parse_dsl("a = " + "9" * 100_000, limits=LIFTED))
    assert kf.parse_dsl(kf.to_dsl(tree), limits=LIFTED) == tree


def test_a_hundred_thousand_conditions_are_read() -> None:
    text = " or ".join(f"a = {index} and b is null" for index in range(50_000))
    tree = kf.parse_dsl(text, limits=LIFTED)
    assert isinstance(tree, kf.Or)
    assert len(tree.items) == 50_000
    assert kf.to_dsl(tree) == text


def test_several_lines_of_the_deepest_tree() -> None:
    tree: kf.Filter = kf.parse_dsl("a = 1")
    while tree.depth < kf.Limits.lifted().max_depth:
        tree = (tree | kf.parse_dsl("b = 2")) if isinstance(tree, kf.And) else (kf.parse_dsl("b = 2") & tree)
    assert kf.parse_dsl(kf.to_dsl(tree, indent=1), limits=LIFTED) == tree
    assert kf.parse_dsl(str(tree), limits=LIFTED) == tree


@pytest.mark.parametrize("indent", [-1, 2.0, "  "])
def test_an_indent_is_a_number_of_spaces(indent: Any) -> None:
    with pytest.raises(ValueError, match="expected a number of spaces"):
        kf.to_dsl(kf.parse_dsl("a = 1"), indent=indent)


def test_values_in_a_list_keep_their_kinds() -> None:
    assert kf.parse_dsl("a in ['x, y', \"]\", 1 , true,now]") == kf.Membership(
        "a", "in", ["x, y", "]", 1, True, kf.NOW]
    )


# places


@pytest.mark.parametrize(
    ("text", "part", "item", "shown"),
    [
        ('x = 1 and a = "b c"', "field", None, "a"),
        ('x = 1 and a = "b c"', "operator", None, "="),
        ('x = 1 and a = "b c"', "value", None, '"b c"'),
        ('x = 1 and a = "b c" or y = 1', "condition", None, 'a = "b c"'),
        ("x = 1 and (a in [1, 'b'])", "value", None, "[1, 'b']"),
        ("x = 1 and (a in [1, 'b'])", "value", 1, "'b'"),
        ("x = 1 and a is not null", "operator", None, "is not null"),
        ("x = 1 and a isnull or b = 1", "operator", None, "isnull"),
        ("x = 1 and a any (b = 1 and c = 2) and d = 1", "condition", None, "a any (b = 1 and c = 2)"),
        ("x = 1 and a any (b = 1 and c = 2) and d = 1", "operator", None, "any"),
    ],
)
def test_a_condition_knows_the_places_of_its_parts(text: str, part: str, item: int | None, shown: str) -> None:
    node = next(n for n in kf.walk(kf.parse_dsl(text)) if isinstance(n, Condition) and n.field == "a")
    assert node.origin is not None
    place = node.origin.locate(node.index, part, item)
    assert isinstance(place, TextLocation)
    assert text[place.start : place.end] == shown
    if part == "condition":
        assert node.location == place


def test_the_places_of_many_values_are_found_by_reading_their_list_once(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []
    tokens_of = dsl.tokens_of

    def counted(text: str, index: int) -> list[Token]:
        read.append(index)
        return tokens_of(text, index)

    monkeypatch.setattr(dsl, "tokens_of", counted)
    text = "a in [" + ", ".join(["'x'"] * 500) + "] or b notin ['y', 1, 'z']"
    endpoint = kf.Endpoint("e", {"a": "number", "b": "number"})
    with pytest.raises(kf.FilterCheckError) as caught:
        endpoint.parse(text, limits=kf.Limits(max_problems=1000))
    assert read == [0, text.index("b")]
    places = [place for problem in caught.value.problems if isinstance(place := problem.location, TextLocation)]
    assert [text[place.start : place.end] for place in places] == ["'x'"] * 500 + ["'y'", "'z'"]
    assert [place.start for place in places[:500]] == list(range(6, 6 + 5 * 500, 5))


def test_places_may_be_asked_for_by_many_threads() -> None:
    text = "a in ['x', 'y'] and b = 1 and c in [1, 2, 3]"
    nodes = [node for node in kf.walk(kf.parse_dsl(text)) if isinstance(node, Condition)] * 200

    def excerpt(node: Condition) -> str:
        place = node.location
        assert isinstance(place, TextLocation)
        return text[place.start : place.end]

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(excerpt, nodes)) == text.split(" and ") * 200


def test_places_take_no_part_in_equality() -> None:
    one, other = kf.parse_dsl("a = 1"), kf.parse_dsl("   a = 1")
    assert one == other
    assert hash(one) == hash(other)


# the grammar and the table of operators


def test_the_grammar_and_the_table_of_operators_know_the_same_words() -> None:
    for word, name in WORDS.items():
        row = OPERATORS[name]
        operand = {"value": " 1", "list": " [1]", "nothing": "", "filter": " (b = 1)", "optional filter": ""}[
            row.operand
        ]
        if row.group != "count":
            (node,) = (
                kf.walk(kf.parse_dsl(f"a {word}{operand}"))
                if row.operand != "filter"
                else [kf.parse_dsl(f"a {word}{operand}")]
            )
            assert getattr(node, "operator") == name  # noqa: B009
            assert kf.parse_dsl(f"a {row.dsl}{operand}") == node
    for word in ("count", "equals", "matches", "has"):
        assert problem_of(f"a {word} 1").code == "unknown_operator"


def test_terminals_are_read_from_the_grammar_as_lark_reads_them() -> None:
    blanks = {r"\t": "\t", r"\r": "\r", r"\n": "\n"}  # Lark puts in the characters themselves
    found = {
        name: re.sub(r"(?<!\\)\\[trn]", lambda escape: blanks[escape[0]], pattern)
        for name, pattern in dsl_tokens.terminals().items()
    }
    assert found == {
        terminal.name: terminal.pattern.to_regexp()
        for terminal in dsl.language().terminals
        if isinstance(terminal.pattern, PatternRE)
    }


def test_every_terminal_has_a_name_for_people() -> None:
    language = dsl.language()
    named = {terminal.name for terminal in language.terminals} - set(language.ignore_tokens)
    assert set(dsl_faults.EXPECTATIONS) == named | {"$END"}


class LargerTreeBuilder(dsl.TreeBuilder):
    def between(self, parts: list[Any]) -> kf.Filter:
        field, _, low, high = parts
        return kf.And([self.comparison([field, ">=", low]), self.comparison([field, "<=", high])])

    def comparison(self, parts: list[Any]) -> kf.Filter:
        field, word, value = parts
        return super().comparison([field, "like" if word == "matches" else word, value])


@pytest.fixture
def _larger_grammar(monkeypatch: pytest.MonkeyPatch) -> None:
    """The grammar with a condition `between`, an operator `matches` and comments, and methods for what they mean."""
    rules = r"""
between: FIELD BETWEEN value _AND value
BETWEEN: /between(?![\w.])/i
COMMENT: /#[^\n]*/
%ignore COMMENT
"""
    larger = (
        dsl_tokens.grammar().replace("?condition: ", "?condition: between | ").replace("contains|", "contains|matches|")
    )
    for module in (dsl, dsl_tokens):
        monkeypatch.setattr(module, "grammar", lambda: larger + rules)
    monkeypatch.setattr(dsl, "TreeBuilder", LargerTreeBuilder)
    monkeypatch.setattr(dsl, "language", cache(dsl.language.__wrapped__))
    monkeypatch.setattr(dsl_fast, "_matchers", cache(dsl_fast._matchers.__wrapped__))


@pytest.mark.usefixtures("_larger_grammar")
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("a between 1 and 5", "a >= 1 and a <= 5"),
        ("b = 2 or (a BETWEEN 1 and 5 or t any (a between 'x' and 'y'))", "b = 2 or a >= 1 and a <= 5 or t any (a >= 'x' and a <= 'y')"),
        ("a = 1 # as said\nand b in [1, # one\n2]", "a = 1 and b in [1, 2]"),
        ("a = 1 and b matches 'x%'", "a = 1 and b like 'x%'"),
    ],
)  # fmt: skip
def test_a_rule_added_to_the_grammar_works_before_the_shortcut_knows_it(text: str, plain: str) -> None:
    assert dsl_fast.shortcut(text, dsl.TextOrigin(text), DEFAULT_LIMITS) is None
    assert kf.parse_dsl(text) == kf.parse_dsl(plain)


@pytest.mark.usefixtures("_larger_grammar")
def test_what_is_wrong_with_an_added_rule_is_explained_too() -> None:
    assert problem_of("a = 1 and b between 5").message == "Found the end, expected 'and'"
    assert problem_of("b between 1 and 234", TIGHT).code == "number_too_long"
    with pytest.raises(kf.FilterCheckError) as caught:
        kf.Endpoint("e", {"n": "number"}).parse("# no number\nn between 'a' and 5")
    assert "\n  line 2: n between 'a' and 5\n                    ^^^\n" in f"{caught.value}\n"


def test_both_readers_serve_many_threads() -> None:
    texts = [text for text in lines("dsl_identity.txt") for _ in range(20)]
    random.Random(7).shuffle(texts)
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda text: kf.to_dsl(kf.parse_dsl(text)), texts)) == texts
        assert list(pool.map(lambda text: by_lark(text, LIFTED), texts)) == list(map(kf.parse_dsl, texts))


FORKED = """
import os, signal, threading
import kanbert_filter as kf

def refusal(text):
    try:
        kf.parse_dsl(text)
    except kf.FilterSyntaxError as error:
        return error.problems[0].code

def read_for_ever(text):
    while True:
        assert refusal(text) == "foreign_operator"

begin = threading.Barrier(4)
def first(): begin.wait(); assert refusal("a == 1") == "foreign_operator"  # each may be the one that builds the parser
threads = [threading.Thread(target=first) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
for index in range(4):
    threading.Thread(target=read_for_ever, args=(f"a{index} == 1",), daemon=True).start()
for _ in range(20):
    child = os.fork()
    if not child:
        signal.alarm(10)
        os._exit(not (refusal("(a = 1") == "missing_parenthesis" and kf.to_dsl(kf.parse_dsl("a=1")) == "a = 1"))
    assert os.waitpid(child, 0)[1] == 0
os._exit(0)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the platform cannot fork")
def test_both_readers_work_in_a_process_forked_off_threads_that_read() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", FORKED], check=True, timeout=60)


def test_a_parse_within_a_parse_of_the_same_thread_leaves_the_outer_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a signal handler or a finalizer may begin one."""
    take = dsl.TreeBuilder.take

    def interrupted(self: dsl.TreeBuilder, token: Token) -> object:
        if self.origin.text == "a = 1 and b = 2":
            assert by_lark("c = 3", LIFTED) == kf.Comparison("c", "eq", 3)
        return take(self, token)

    monkeypatch.setattr(dsl.TreeBuilder, "take", interrupted)
    tree = by_lark("a = 1 and b = 2", LIFTED)
    assert isinstance(tree, kf.And)
    assert tree == kf.parse_dsl("a = 1 and b = 2")
    assert [item.origin.text for item in tree.items] == ["a = 1 and b = 2"] * 2  # type: ignore[union-attr]


def test_names_are_remembered_up_to_a_bound() -> None:
    for index in range(5000):
        kf.parse_dsl(f"field_{index} = 1")
    assert len(dsl_tokens.NAMES) <= dsl_tokens._MAX_NAMES


def test_writing_refuses_untyped_text() -> None:
    with pytest.raises(kf.UnsupportedFilterError, match="check the filter"):
        kf.to_dsl(kf.Comparison("a", "eq", kf.UntypedText("5")))


def test_only_text_is_read() -> None:
    with pytest.raises(TypeError, match="as a str"):
        kf.parse_dsl(b"a = 1")  # type: ignore[arg-type]


def test_only_limits_bound_what_is_read() -> None:
    for text in ("a = 1", "a ="):
        with pytest.raises(TypeError, match="expected Limits"):
            kf.parse_dsl(text, limits=None)  # type: ignore[arg-type]
