"""The tree: a closed union of a few immutable classes, with which no wrong filter can be built."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, TypeVar, cast

from . import messages
from .errors import FilterSyntaxError, Location, UnsupportedFilterError, quoted, syntax_error
from .immutable import Immutable
from .limits import MAX_DEPTH
from .operators import COMPARISONS, WORDS, ComparisonOperator, MembershipOperator, NullOperator, RelationOperator
from .values import Value, value_of

MAX_FIELD_LENGTH: Final = 256
_FIELD: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_][A-Za-z0-9_-]*){0,9}")


class Origin(Protocol):
    """The input that conditions were read from. It works out places only on request."""

    def locate(self, index: int, part: str, item: int | None = None) -> Location | None:
        """The place of a part (`field`, `operator`, `value`, or `condition` for the whole) of the condition with this index.

        `item` picks one value of a list. None if the input no longer has it.
        """


class Node(Immutable):
    """What all nodes share: `&` and `|` with another filter, a depth, a text, and no truth value."""

    __slots__ = ()

    depth: int
    """How many levels of groups and relations the tree has; 1 for a condition on its own."""

    def __and__(self, other: Filter) -> Filter:
        return _combined(And, cast("Filter", self), other)

    def __or__(self, other: Filter) -> Filter:
        return _combined(Or, cast("Filter", self), other)

    def __rand__(self, other: object) -> NoReturn:
        raise not_combined(other)

    __ror__ = __rand__

    def __invert__(self) -> NoReturn:
        raise TypeError(NO_NEGATION)

    def __str__(self) -> str:
        """The filter in DSL, or its `repr` where the DSL cannot say it."""
        from . import to_dsl  # the package's own name for the writer: nodes know no notation

        try:
            return to_dsl(cast("Filter", self))
        except UnsupportedFilterError:
            return repr(self)

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "a filter has no truth value: combine filters with & and |, not with 'and', 'or' or chained comparisons;"
            " `f == EVERYTHING` asks whether it is empty"
        )


# A condition begins as a draft, whose slots can be filled, and is closed by being given its final class. That is the cheapest way to make
# a slotted object that refuses assignment. The fast reader of JSON fills drafts of comparisons itself; only this module knows the others.


class ComparisonDraft:
    __slots__ = ("field", "index", "operator", "origin", "value")


class _MembershipDraft:
    __slots__ = ("field", "index", "operator", "origin", "values")


class _NullCheckDraft:
    __slots__ = ("field", "index", "operator", "origin")


class _RelationTestDraft:
    __slots__ = ("depth", "field", "filter", "index", "operator", "origin")


class _GroupDraft:
    __slots__ = ("depth", "items")

    items: tuple[Filter, ...]


class Condition(Node):
    """What the four kinds of condition share: a field, an operator, and where they were read.

    `origin` and `index` say where the condition was read; they take no part in equality and hash, and a pickle leaves them out.
    """

    __slots__ = ()

    depth = 1
    field: str
    origin: Origin | None
    index: int

    @property
    def location(self) -> Location | None:
        """The place of the condition in the input it was read from, or None if it was built in Python."""
        return None if self.origin is None else self.origin.locate(self.index, "condition")


class Comparison(ComparisonDraft, Condition):
    """A field compared with one value: equality, order and text operators.

    Operators may be named by their aliases. Values are texts, numbers, booleans, dates, datetimes, UUIDs, enum members and
    specials; the tree keeps dates as text and numbers exact.

    Raises `FilterSyntaxError` for a field, an operator or a value that the language does not have, and `TypeError` for an object
    that is not a value.

    >>> import kanbert_filter as kf
    >>> kf.Comparison("budget", "GE", 1e3) == kf.parse("budget >= 1000")
    True
    """

    __slots__ = ()
    __match_args__ = ("field", "operator", "value")

    field: str
    operator: ComparisonOperator
    value: Value

    def __init__(self, field: str, operator: str, value: object) -> None:
        word = _word(operator, COMPARISONS)
        self._fill(field=field_name(field), operator=word, value=value_of(value), origin=None, index=0)

    def _key(self) -> tuple[object, ...]:
        return self.field, self.operator, self.value, self.value.__class__ is bool


class Membership(_MembershipDraft, Condition):
    """A field looked up in a list, which may be empty.

    Raises `FilterSyntaxError` and `TypeError` as `Comparison` does; one text in place of the list is a `TypeError`.

    >>> import kanbert_filter as kf
    >>> kf.Membership("status", "notin", ["ACTIVE", "PENDING"])
    Membership('status', 'nin', ('ACTIVE', 'PENDING'))
    """

    __slots__ = ()
    __match_args__ = ("field", "operator", "values")

    field: str
    operator: MembershipOperator
    values: tuple[Value, ...]

    def __init__(self, field: str, operator: str, values: Iterable[object]) -> None:
        if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
            raise messages.not_a_list("values", values)
        word = _word(operator, ("in", "nin"))
        self._fill(field=field_name(field), operator=word, values=tuple(map(value_of, values)), origin=None, index=0)

    def _key(self) -> tuple[object, ...]:
        return self.field, self.operator, self.values, tuple([value.__class__ is bool for value in self.values])


class NullCheck(_NullCheckDraft, Condition):
    """A field tested for null.

    Raises `FilterSyntaxError` for a field or an operator that the language does not have.

    >>> import kanbert_filter as kf
    >>> kf.NullCheck("budget", "notnull") == kf.parse("budget is not null")
    True
    """

    __slots__ = ()
    __match_args__ = ("field", "operator")

    field: str
    operator: NullOperator

    def __init__(self, field: str, operator: str) -> None:
        self._fill(field=field_name(field), operator=_word(operator, ("isnull", "isnotnull")), origin=None, index=0)


class RelationTest(_RelationTestDraft, Condition):
    """Related records tested with `any`, `none` or `all`.

    The fields of `filter` belong to the related record. Without a filter, `any` and `none` ask whether there are related records.

    Raises `FilterSyntaxError` for `all` without a filter, for `EVERYTHING` as the filter, and for a tree deeper than 100 levels.

    >>> import kanbert_filter as kf
    >>> active = kf.Comparison("status", "eq", "ACTIVE")
    >>> kf.RelationTest("tasks", "any", active) == kf.parse("tasks any (status = 'ACTIVE')")
    True
    """

    __slots__ = ()
    __match_args__ = ("field", "operator", "filter")

    field: str
    operator: RelationOperator
    filter: Filter | None

    def __init__(self, field: str, operator: str, filter: Filter | None = None) -> None:
        word = _word(operator, ("any", "none", "all"))
        if filter is None:
            if word == "all":
                raise FilterSyntaxError(messages.all_without_filter())
        elif not isinstance(filter, Node):
            raise TypeError(f"expected a filter on the related records, not {type(filter).__name__}")
        elif isinstance(filter, Everything):
            raise syntax_error("empty_group", f"EVERYTHING can only be a whole filter; leave it out after '{word}'")
        depth = _deeper(1 if filter is None else filter.depth + 1)
        self._fill(field=field_name(field), operator=word, filter=filter, origin=None, index=0, depth=depth)


class Group(_GroupDraft, Node):
    """Several filters as one, in normal form: no group of the same kind inside, never fewer than two items.

    A group of one is its item, so `And([f])` gives `f`.
    """

    __slots__ = ()
    __match_args__ = ("items",)

    def __new__(cls, items: Iterable[Filter]) -> Group:
        if cls is Group:
            raise TypeError("a group is an And or an Or")
        flat: list[Filter] = []
        for item in items:
            if item.__class__ is cls:
                flat.extend(cast("Group", item).items)
            elif isinstance(item, Everything):
                raise syntax_error(
                    "empty_group", f"EVERYTHING can only be a whole filter, not a part of {cls.__name__}"
                )
            elif isinstance(item, Node):
                flat.append(item)
            else:
                raise TypeError(f"expected filters inside {cls.__name__}, not {type(item).__name__}")
        if len(flat) < 2:
            if not flat:
                raise FilterSyntaxError(messages.empty_group())
            return cast("Group", flat[0])
        return group(cls, tuple(flat), _deeper(1 + max([item.depth for item in flat])))

    def __init__(self, items: Iterable[Filter]) -> None:
        """`__new__` has done it."""


class And(Group):
    """All of its items match.

    Items that are themselves an `And` are dissolved, and a group of one is its item. Raises `FilterSyntaxError` for a group of
    nothing, for `EVERYTHING` inside it, and for a tree deeper than 100 levels.

    >>> import kanbert_filter as kf
    >>> a, b = kf.parse("a = 1"), kf.parse("b = 2")
    >>> kf.And([a, kf.And([b, a])]).items == (a, b, a), kf.And([a]) == a
    (True, True)
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __new__(cls, items: Iterable[Filter]) -> Filter: ...  # type: ignore[misc]


class Or(Group):
    """At least one of its items matches. It is made as `And` is.

    >>> import kanbert_filter as kf
    >>> kf.Or([kf.parse("a = 1"), kf.parse("b = 2")]) == kf.parse("a = 1 or b = 2")
    True
    """

    __slots__ = ()

    if TYPE_CHECKING:

        def __new__(cls, items: Iterable[Filter]) -> Filter: ...  # type: ignore[misc]


class Everything(Node):
    """No filter: it matches every record, and is never a part of another filter. There is one, `EVERYTHING`.

    >>> import kanbert_filter as kf
    >>> f = kf.parse("a = 1")
    >>> kf.EVERYTHING & f == f, kf.EVERYTHING | f
    (True, EVERYTHING)
    """

    __slots__ = ()

    depth = 1

    def __new__(cls) -> Everything:
        return EVERYTHING

    def __repr__(self) -> str:
        return "EVERYTHING"

    def __reduce__(self) -> str:  # type: ignore[override]
        return "EVERYTHING"


EVERYTHING: Final[Everything] = object.__new__(Everything)

Filter = And | Or | Comparison | Membership | NullCheck | RelationTest | Everything
"""A filter: one of seven classes and no other."""

G = TypeVar("G", bound=Group)


# For readers and checks, which know that the parts are sound: nothing is looked at again.


def comparison(field: str, operator: str, value: Value, origin: Origin | None, index: int) -> Comparison:
    """A comparison of parts already known to be sound."""
    draft: Any = ComparisonDraft()
    draft.field = field
    draft.operator = operator
    draft.value = value
    draft.origin = origin
    draft.index = index
    draft.__class__ = Comparison
    return draft  # type: ignore[no-any-return]


def membership(field: str, operator: str, values: tuple[Value, ...], origin: Origin | None, index: int) -> Membership:
    """A membership test of parts already known to be sound."""
    draft: Any = _MembershipDraft()
    draft.field = field
    draft.operator = operator
    draft.values = values
    draft.origin = origin
    draft.index = index
    draft.__class__ = Membership
    return draft  # type: ignore[no-any-return]


def null_check(field: str, operator: str, origin: Origin | None, index: int) -> NullCheck:
    """A null check of parts already known to be sound."""
    draft: Any = _NullCheckDraft()
    draft.field = field
    draft.operator = operator
    draft.origin = origin
    draft.index = index
    draft.__class__ = NullCheck
    return draft  # type: ignore[no-any-return]


def relation_test(field: str, operator: str, filter: Filter | None, origin: Origin | None, index: int) -> RelationTest:
    """A relation test of parts already known to be sound."""
    draft: Any = _RelationTestDraft()
    draft.field = field
    draft.operator = operator
    draft.filter = filter
    draft.origin = origin
    draft.index = index
    draft.depth = 1 if filter is None else filter.depth + 1
    draft.__class__ = RelationTest
    return draft  # type: ignore[no-any-return]


def group(kind: type[G], items: tuple[Filter, ...], depth: int) -> G:
    """A group of this depth, of two or more items none of which is a group of the same kind."""
    draft: Any = _GroupDraft()
    draft.items = items
    draft.depth = depth
    draft.__class__ = kind
    return draft  # type: ignore[no-any-return]


def field_name(name: str) -> str:
    """The name itself, of a subclass of `str` its text. Raises `FilterSyntaxError` if it is not well-formed."""
    if not isinstance(name, str):
        raise TypeError(f"expected a field name, not {type(name).__name__}")
    name = str.__str__(name)
    fault = field_fault(name)
    if fault is not None:
        raise syntax_error("invalid_field", fault)
    return name


def field_fault(name: str) -> str | None:
    """What is wrong with a field name, as a sentence; None for a well-formed one."""
    if len(name) > MAX_FIELD_LENGTH:
        return f"Found a field name of {len(name)} characters, expected at most {MAX_FIELD_LENGTH}"
    if _FIELD.fullmatch(name) is None:
        if name.count(".") > 9:
            return f"Found a field name of {name.count('.') + 1} segments, expected at most 10"
        return (
            f"{quoted(name)} is not a field name: expected segments joined by '.', the first of letters, digits and '_' and not"
            " beginning with a digit, later ones of letters, digits, '_' and '-'"
        )
    return None


def relation_depth(filter: Filter) -> int:
    """How many relations are inside each other, at most."""
    match filter:
        case And(items) | Or(items):
            return max(map(relation_depth, items))
        case RelationTest():
            return 1 + (relation_depth(filter.filter) if filter.filter is not None else 0)
    return 0


def every_node(tree: Filter) -> Iterator[Filter]:
    """Every node of the tree, each before what it holds, in source order."""
    stack = [tree]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (And, Or)):
            stack.extend(reversed(node.items))
        elif isinstance(node, RelationTest) and node.filter is not None:
            stack.append(node.filter)


def size(filter: Filter) -> tuple[int, int]:
    """How many conditions the filter has, and how many values in all."""
    conditions = values = 0
    for node in every_node(filter):
        if isinstance(node, Condition):
            conditions += 1
            if isinstance(node, Comparison):
                values += 1
            elif isinstance(node, Membership):
                values += len(node.values)
    return conditions, values


NO_NEGATION: Final = (
    "there is no negation of a filter: write the opposite of each condition, with !=, not_in(), is_not_null() or none()"
)


def not_combined(found: object) -> TypeError:
    """The error for `&` and `|` with something that is not a filter."""
    return TypeError(
        f"expected a filter beside & or |, not {type(found).__name__}: put each comparison in parentheses,"
        ' as in (field("a") > 1) & (field("b") == 2)'
    )


def _combined(kind: type[And] | type[Or], left: Filter, right: Filter) -> Filter:
    if not isinstance(right, Node):
        raise not_combined(right)
    if isinstance(left, Everything) or isinstance(right, Everything):
        if kind is Or:
            return EVERYTHING
        return right if isinstance(left, Everything) else left
    return kind([left, right])


def _word(word: str, allowed: Iterable[str]) -> str:
    name = WORDS.get(str.lower(word)) if isinstance(word, str) else None
    if name is None or name not in allowed:
        raise syntax_error(
            "unknown_operator", f"Found operator {quoted(word)}, expected one of {', '.join(sorted(allowed))}"
        )
    return name


def _deeper(depth: int) -> int:
    if depth > MAX_DEPTH:
        raise FilterSyntaxError(messages.too_deep(MAX_DEPTH))
    return depth
