"""Hypothesis strategies for filters, shared by all tests: every node, operator and kind of value, and awkward ones of each."""

from collections.abc import Mapping
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter.endpoints.field_table import FieldTable, Relation
from kanbert_filter.nodes import And, Comparison, Filter, Membership, NullCheck, Or, RelationTest
from kanbert_filter.operators import COMPARISONS, OPERATORS
from kanbert_filter.values import EOM, EOW, ME, NOW, SOM, SOW, TODAY, Number, Special, UntypedText, Value, exact

WORDS = (
    *("and", "or", "not", "in", "nin", "is", "null", "true", "false", "any", "none", "all", "eq", "ne", "like"),
    *("contains", "startsWith", "notes", "isnull", "notnull", "count", "now", "today"),
)
"""Words that mean something in some place, and so make awkward names and texts."""

AWKWARD_TEXTS = (
    *WORDS,
    *(
        "",
        " ",
        "  a  ",
        '"',
        "'",
        "'\"'",
        "\\",
        "\\\\",
        '\\"',
        "50%",
        "50\\%",
        "_",
        "%",
        "O'Brien",
        "O''Brien",
        "a\\nb",
        "\\u0041",
    ),
    *("\n", "\r\n", "\t", "\x00", "\x1f", "\x7f", "\x85", "\u2028", "\ufeff", "ü", "漢字", "é", "\U0001f600", "İ", "ſ"),
    *(
        "5",
        "-1",
        "1.0",
        "1e5",
        "007",
        "NaN",
        "Infinity",
        "true",
        "null",
        "[]",
        "{}",
        '[{"field": "a"}]',
        "a = 1",
        "(",
        ")",
        ",",
    ),
    *(
        "today+5d",
        "today 5d",
        "me.id",
        "2024-01-01",
        "2024-02-30",
        "2024-01-01T00:00:00Z",
        "2024-01-01 10:00",
        "&",
        "a&b=c",
        "+",
        "%2B",
    ),
)

COMMON_TEXTS = (
    *("", "a", "A", "ab", "aB", "Acme", "ACME Corp", "ab\nb", "ß", "é", "É", "漢", "7"),
    *("%", "_", "\\", "50%", "a_b"),
)
"""What records hold and filters ask for where engines are compared. Each test adds what its engines differ on."""

COMMON_PATTERNS = (
    *("", "%", "_", "a%", "%b", "%a%", "a_b", "__", "%_", "_%b", "a%b%", "%c_r%", "%\n%"),
    *("\\%", "50\\%", "\\\\"),
)
"""Patterns for these texts."""

names: SearchStrategy[str] = st.sampled_from(WORDS) | st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
"""One segment of a field name."""

aliases: SearchStrategy[str] = names | st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,8}", fullmatch=True)
"""A later segment, as custom fields have."""

fields: SearchStrategy[str] = names | st.builds(
    lambda first, rest: ".".join([first, *rest]), names, st.lists(aliases, min_size=1, max_size=9)
)
"""A field name."""

texts: SearchStrategy[str] = st.sampled_from(AWKWARD_TEXTS) | st.text(max_size=12)
"""A text value."""

patterns: SearchStrategy[str] = texts.filter(lambda text: (len(text) - len(text.rstrip("\\"))) % 2 == 0)
"""A sound `like` pattern."""

numbers: SearchStrategy[Number] = st.one_of(
    st.integers(-100, 100),
    st.integers(-(10**40) + 1, 10**40 - 1),
    st.builds(
        lambda sign, digits, exponent: exact(Decimal((sign, tuple(map(int, digits)), exponent - len(digits) + 1))),
        st.sampled_from([0, 1]),
        st.from_regex(r"[0-9]{1,40}", fullmatch=True),
        st.integers(-64, 64),
    ),
)
"""A number of up to 40 digits and an adjusted exponent within ±64, as the tree holds it."""

specials: SearchStrategy[Special] = st.sampled_from([ME, NOW, TODAY, SOW, EOW, SOM, EOM]) | st.builds(
    Special, st.just("today"), st.integers(-36_500, 36_500)
)

untyped: SearchStrategy[UntypedText] = st.builds(UntypedText, texts)
"""A value as a form has it before the check."""

values: SearchStrategy[Value] = texts | numbers | st.booleans() | specials
"""A value as the DSL can write it."""


def filters(
    values: SearchStrategy[Value] = values,
    *,
    fields: SearchStrategy[str] = fields,
    relations: bool = True,
    empty_lists: bool = True,
    max_leaves: int = 12,
) -> SearchStrategy[Filter]:
    """Trees of every node and operator, unchecked."""
    conditions: SearchStrategy[Filter] = st.one_of(
        st.builds(Comparison, fields, st.sampled_from(sorted(COMPARISONS)), values),
        st.builds(
            Membership,
            fields,
            st.sampled_from(["in", "nin"]),
            st.lists(values, min_size=0 if empty_lists else 1, max_size=4),
        ),
        st.builds(NullCheck, fields, st.sampled_from(["isnull", "isnotnull"])),
    )
    if relations:
        conditions |= st.builds(RelationTest, fields, st.sampled_from(["any", "none"]))

    def around(inner: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
        items = st.lists(inner, min_size=2, max_size=4)
        groups = st.builds(And, items) | st.builds(Or, items)
        related = st.builds(RelationTest, fields, st.sampled_from(["any", "none", "all"]), inner)
        return groups | related if relations else groups

    return st.recursive(conditions, around, max_leaves=max_leaves)


json_data: SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*"ab", "and", "or"]) | texts, inner, max_size=4)
    ),
    max_leaves=12,
)
"""Any data JSON can say, and a little more (NaN, infinity)."""

condition_like: SearchStrategy[object] = st.recursive(
    st.none() | st.booleans() | numbers | st.floats() | texts,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.fixed_dictionaries(
            {"field": fields | texts | inner, "op": st.sampled_from([*WORDS, "IN", "NotNull", ">=", "=="]) | inner},
            optional={
                "value": values.map(lambda value: str(value) if isinstance(value, Special) else value) | inner,
                "x": inner,
            },
        ),
        st.dictionaries(st.sampled_from(["and", "or"]), st.lists(inner, max_size=3), min_size=1, max_size=2),
    ),
    max_leaves=12,
)
"""Data that looks like filters, and often is one."""


def filters_of(
    fields: FieldTable,
    values_of: Mapping[str, SearchStrategy[Value]],
    *,
    patterns: SearchStrategy[str] = patterns,
    needles: SearchStrategy[str] = texts,
    depth: int = 2,
    max_leaves: int = 10,
) -> SearchStrategy[Filter]:
    """Filters that a table of fields admits, their values drawn from `values_of` by the kind of the field's type."""
    conditions: list[SearchStrategy[Filter]] = []
    for name, row in [
        *fields.known.items(),
        *((name.replace("*", "x"), fields[name]) for name in fields if "*" in name),
    ]:
        this, groups = st.just(name), dict.fromkeys(OPERATORS[operator].group for operator in row.ordered_operators())
        values = values_of.get(row.kind, st.nothing())
        ordered = values.filter(lambda value: not isinstance(value, bool))
        for group in groups:
            words = st.sampled_from(sorted(word for word in row.operators if OPERATORS[word].group == group))
            match group:
                case "equality":
                    conditions.append(st.builds(Comparison, this, words, values))
                case "order":
                    conditions.append(st.builds(Comparison, this, words, ordered))
                case "text":
                    conditions.append(st.builds(Comparison, this, words.filter(lambda word: word != "like"), needles))
                    conditions.append(st.builds(Comparison, this, st.just("like"), patterns))
                case "set":
                    conditions.append(st.builds(Membership, this, words, st.lists(values, max_size=4)))
                case "null":
                    conditions.append(st.builds(NullCheck, this, words))
                case "relation":
                    conditions.append(st.builds(RelationTest, this, words.filter(lambda word: word != "all")))
                    if depth and isinstance(row, Relation):
                        inner = filters_of(row.related, values_of, patterns=patterns, needles=needles, depth=depth - 1)
                        conditions.append(st.builds(RelationTest, this, words, unseen(inner)))

    def around(inner: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
        items = st.lists(inner, min_size=2, max_size=5)
        return st.builds(And, items) | st.builds(Or, items)

    return st.recursive(st.one_of(conditions), around, max_leaves=max_leaves)


def unseen(strategy: SearchStrategy[Filter]) -> SearchStrategy[Filter]:
    """The strategy without its repr, which of relations inside relations gets long."""

    def given(_: None) -> SearchStrategy[Filter]:
        return strategy

    return st.none().flatmap(given)
