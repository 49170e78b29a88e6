"""The table of operators: how each is spelled in every notation, what follows it, what it means."""

from __future__ import annotations

from typing import Final, Literal

from .immutable import Immutable

ComparisonOperator = Literal["eq", "ne", "lt", "lte", "gt", "gte", "contains", "like", "startswith", "endswith"]
MembershipOperator = Literal["in", "nin"]
NullOperator = Literal["isnull", "isnotnull"]
RelationOperator = Literal["any", "none", "all"]
Group = Literal["equality", "order", "text", "set", "null", "relation", "count"]
Operand = Literal["value", "list", "nothing", "filter", "optional filter"]


class Operator(Immutable):
    """One operator of the language.

    `name` is its canonical word (JSON, forms, error messages), `dsl` its canonical spelling in the DSL, `aliases` are the other
    words that mean the same, `operand` is what follows it, `group` the family by which types name their operators.
    """

    __slots__ = ("aliases", "description", "dsl", "group", "name", "operand")

    name: str
    dsl: str
    aliases: tuple[str, ...]
    group: Group
    operand: Operand
    description: str

    def __init__(
        self, name: str, dsl: str, aliases: tuple[str, ...], group: Group, operand: Operand, description: str
    ) -> None:
        self._fill(name=name, dsl=dsl, aliases=aliases, group=group, operand=operand, description=description)

    def __reduce__(self) -> tuple[object, ...]:
        return operator, (self.name,)


OPERATORS: Final[dict[str, Operator]] = {
    row.name: row
    for row in (
        Operator("eq", "=", (), "equality", "value", "equal"),
        Operator("ne", "!=", ("neq",), "equality", "value", "present and not equal"),
        Operator("lt", "<", (), "order", "value", "less, or earlier"),
        Operator("lte", "<=", ("le",), "order", "value", "less or equal"),
        Operator("gt", ">", (), "order", "value", "greater, or later"),
        Operator("gte", ">=", ("ge",), "order", "value", "greater or equal"),
        Operator("contains", "contains", (), "text", "value", "holds the text somewhere"),
        Operator("like", "like", (), "text", "value", "matches the whole pattern: % any run, _ one character"),
        Operator("startswith", "startsWith", (), "text", "value", "begins with the text"),
        Operator("endswith", "endsWith", (), "text", "value", "ends with the text"),
        Operator("in", "in", (), "set", "list", "equal to one of the list"),
        Operator("nin", "nin", ("notin",), "set", "list", "present and equal to none of the list"),
        Operator("isnull", "is null", (), "null", "nothing", "absent or null"),
        Operator("isnotnull", "is not null", ("notnull",), "null", "nothing", "present"),
        Operator("any", "any", (), "relation", "optional filter", "some related record matches"),
        Operator("none", "none", (), "relation", "optional filter", "no related record matches"),
        Operator("all", "all", (), "relation", "filter", "every related record matches"),
        Operator("count", ".count", (), "count", "value", "compares the number of related records"),
    )
}
"""Every operator by its canonical word. `count` is written as a field, `tasks.count > 0`, and named only in tables."""

WORDS: Final[dict[str, str]] = {word: row.name for row in OPERATORS.values() for word in (row.name, *row.aliases)}
"""Every word of the language, lower-case, with the canonical word it means."""

SYMBOLS: Final[dict[str, str]] = {row.dsl: row.name for row in OPERATORS.values() if row.group in ("equality", "order")}
"""The comparison symbols of the DSL with the canonical words they mean."""

COMPARISONS: Final[frozenset[str]] = frozenset(
    n for n, row in OPERATORS.items() if row.group in ("equality", "order", "text")
)
TEXT_OPERATORS: Final[frozenset[str]] = frozenset(n for n, row in OPERATORS.items() if row.group == "text")
COUNT_COMPARISONS: Final[frozenset[str]] = frozenset(SYMBOLS.values())


def operator(word: str) -> Operator:
    """The operator a word means, in any case and by any alias. Raises `KeyError` for other words.

    >>> from kanbert_filter.operators import operator
    >>> operator("notNull").name
    'isnotnull'
    """
    return OPERATORS[WORDS[word.lower()]]


def of_groups(*groups: Group) -> frozenset[str]:
    """The canonical words of the operators in these families."""
    return frozenset(name for name, row in OPERATORS.items() if row.group in groups)
