"""What a checked filter means at one moment, in tests so plain that a back end only translates them.

`lower` settles everything that depends on the context: days, specials and time zones become dates and instants in UTC,
`me.id` becomes the user's id, scopes become their conditions. Lists and groups get their shortest form, and text that is
compared without regard to case is lower-cased. The result consists of primitive tests on columns, each of which is true or
false for a record.

Decisions where the language's contract is silent:

- No stored value is beyond the calendar (before the year 1, after the year 9999): order against such a moment means "is
  present" or never, equality means never, inequality "is present".
- A test that is the same for every record is folded: `in []` is never, `nin []` is "is present", a group that contains
  never is never where it is joined by AND.
- Equalities on one column joined by OR are one set, inequalities joined by AND likewise; text tests of one operator on
  one column joined by OR are one test of several needles.
- In a list on a custom field texts, numbers and booleans are separate sets: `1` and `true` are two values.
- The condition of a scope is a checked filter with a table of its own; inside a relation its fields are those of the
  related record.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain
from typing import Any, Final, assert_never, cast

from ..checked import CheckedFilter, ensure_checked
from ..context import Context, Edge, Moment, context_or_default
from ..endpoints.field_table import COUNT, FieldTable
from ..endpoints.field_type import Quantity, WholeDay
from ..endpoints.scalars import Count
from ..kinds import exhaustive
from ..nodes import And, Comparison, Everything, Filter, Membership, NullCheck, Or, RelationTest
from ..operators import TEXT_OPERATORS, ComparisonOperator, RelationOperator
from .tests import (
    ALWAYS,
    NEVER,
    AllOf,
    Always,
    AnyOf,
    Between,
    Column,
    Constant,
    Counted,
    CountOperator,
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)

MAX_WILDCARD_COLUMNS: Final = 1024
"""How many columns of names that wildcards admit are kept for one table of fields: a client may send any name."""


_new: Final[Any] = tuple.__new__
"""Makes a test in a third of the time of its constructor, which NamedTuple writes in Python."""


def lower(checked: CheckedFilter, context: Context | None = None) -> Test:
    """What the filter means in this context (default: now, in UTC, for nobody).

    Raises `ContextError` where the filter needs the user's id and the context has none, or a scope has no conditions, and
    `TypeError` for a filter that was not checked.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.meaning.lowering import lower
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> lower(projects.parse("title in ['P-1', 'P-2'] or title = 'P-3' or budget in []"))
    OneOf(column=<Column 'title': string>, constants=('P-1', 'P-2', 'P-3'), negated=False)
    """
    ensure_checked(checked)
    return lower_at(checked, Moment(context_or_default(context)))


def all_of(tests: Iterable[Test]) -> Test:
    """The tests joined by AND, in their shortest form."""
    return _grouped(AllOf, tests)


def any_of(tests: Iterable[Test]) -> Test:
    """The tests joined by OR, in their shortest form."""
    return _grouped(AnyOf, tests)


# columns


def column_of(table: FieldTable, path: str) -> Column:
    """The column of a field of an endpoint, the same object every time; of `tasks.count` the column of `tasks`."""
    return _column_at(table, table.columns, "", path)


def related_column(relation: Column, path: str) -> Column:
    """The column of a field of a relation's records, the same object every time."""
    return _column_at(cast("FieldTable", relation.related), relation.columns, f"{relation.path}.", path)


def _column_at(table: FieldTable, columns: dict[str, Column], prefix: str, path: str) -> Column:
    row = table.field_type(path)
    assert row is not None, "a checked filter names only fields there are"
    if isinstance(row, Count):
        made = _column_at(table, columns, prefix, path.removesuffix(COUNT))
    elif path in columns:
        return columns[path]
    else:
        made = Column(prefix + path, table.source_of(path), table.wild_segments(path), row)
    if len(columns) >= len(table.known) + MAX_WILDCARD_COLUMNS:
        columns.clear()
    return columns.setdefault(path, made)


# filters


def lower_at(checked: CheckedFilter, moment: Moment) -> Test:
    """What the filter means at a moment: `lower` without its defaults."""
    parts = checked.parts
    if len(parts) > 1:
        return all_of([lower_at(CheckedFilter((part,)), moment) for part in parts])
    table: Any = parts[0].table
    return Lowering(moment, table, table.columns, "").lowered(parts[0].filter)  # type: ignore[no-any-return]


class Lowering:
    """Lowers filters over one table of fields.

    A back end that needs something else than tests overrides `made`, which gets each test and returns what replaces it.
    """

    __slots__ = ("columns", "moment", "prefix", "table")

    def __init__(self, moment: Moment, table: FieldTable, columns: dict[str, Column], prefix: str) -> None:
        self.moment = moment
        self.table = table
        self.columns = columns
        self.prefix = prefix

    def lowered(self, node: Filter) -> Any:
        return LOWERED[node.__class__](self, node)

    def made(self, test: Test) -> Any:
        return test

    def column(self, path: str) -> Column:
        return _column_at(self.table, self.columns, self.prefix, path)

    def comparison(self, node: Comparison) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        operator, value = node.operator, node.value
        if column.settle is not None:
            if column.absent:
                return self.made(_of_nothing(column, operator, value))
            settled = column.settle(operator, value, self.moment, column.path)
            if settled.__class__ in _NO_CONSTANTS:
                return self.made(self.compared(column, operator, settled))
            value = settled  # type: ignore[assignment]
        test = PLAIN[operator]
        if test is Text:
            return self.made(_new(Text, (column, operator, (value if column.case_sensitive else value.lower(),))))  # type: ignore[union-attr]
        return self.made(_new(test, (column, operator, value) if test is Order else (column, value, operator == "ne")))

    def compared(self, column: Column, operator: str, settled: Any) -> Test:
        """The test for a value that settles to no constant."""
        match cast("Edge | WholeDay | Quantity | CheckedFilter", settled):
            case Edge() as edge:
                return _beyond_calendar(column, operator, edge)
            case WholeDay() as day:
                return _in_day(column, day, operator == "ne")
            case Quantity(number):
                return _new(Counted, (column, operator, number))  # type: ignore[no-any-return]
            case CheckedFilter() as condition:
                return lower_at(condition, self.moment)
            case never:
                assert_never(never)

    def membership(self, node: Membership) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        return self.made(NEVER if column.absent else self.listed(column, node.values, node.operator == "nin"))

    def listed(self, column: Column, values: Sequence[Any], negated: bool) -> Test:
        """The test for a list: one for each day, one for each sort of constants. Nothing equals a moment beyond the calendar."""
        if column.settle is not None:
            settle, moment = column.settle, self.moment
            values = [settle("eq", value, moment, column.path) for value in values]
            days = [_in_day(column, day, negated) for day in values if day.__class__ is WholeDay]
            values = [value for value in values if value.__class__ not in _NO_CONSTANTS]
            if days:
                return _grouped(AllOf if negated else AnyOf, [*days, _member_test(column, values, negated)])
        if not column.mixed:
            return _member_test(column, values, negated)
        sorts: dict[type, list[Constant]] = {}
        for value in values:
            sorts.setdefault(_sort_of(value), []).append(value)
        tests = [_member_test(column, alike, negated) for alike in sorts.values() or [[]]]
        return _grouped(AllOf if negated else AnyOf, tests)

    def null_check(self, node: NullCheck) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        negated = node.operator == "isnotnull"
        return self.made(Always(not negated) if column.absent else _new(Null, (column, negated)))

    def group(self, node: And | Or) -> Any:
        """The group lowered. Mostly nothing has to be flattened, left out or merged; the tests' classes and columns show that."""
        kind = AllOf if node.__class__ is And else AnyOf
        tests = []
        columns = []
        is_plain = True
        for item in node.items:
            test = LOWERED[item.__class__](self, item)
            tests.append(test)
            look = test.__class__
            if look in MERGEABLE:
                columns.append(test[0])
            elif look is kind or look is Always:
                is_plain = False
        if is_plain and (len(columns) < 2 or len(columns) == len(set(columns))):
            return _new(kind, (tuple(tests),))
        return _grouped(kind, tests)

    def everything(self, node: Everything) -> Any:
        return self.made(ALWAYS)

    def relation(self, node: RelationTest) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        if column.absent:
            return self.made(Always(node.operator != "any"))
        if node.filter is None:
            return self.made(Related(column, node.operator, None))
        within = Lowering(self.moment, cast("FieldTable", column.related), column.columns, f"{column.path}.")
        return self.made(_related_test(column, node.operator, within.lowered(node.filter)))


LOWERED: Final[dict[type, Callable[[Lowering, Any], Any]]] = exhaustive(
    Filter,
    {
        Comparison: Lowering.comparison,
        Membership: Lowering.membership,
        NullCheck: Lowering.null_check,
        And: Lowering.group,
        Or: Lowering.group,
        RelationTest: Lowering.relation,
        Everything: Lowering.everything,
    },
)
"""For each class of nodes the method that lowers them."""

PLAIN: Final[dict[str, type[Equal] | type[Order] | type[Text]]] = exhaustive(
    ComparisonOperator,
    {
        **dict.fromkeys(("eq", "ne"), Equal),
        **dict.fromkeys(("lt", "lte", "gt", "gte"), Order),
        **dict.fromkeys(TEXT_OPERATORS, Text),
    },
)
"""For each operator the test that compares a column with a constant."""

_NO_CONSTANTS: Final = frozenset({Edge, WholeDay, Quantity, CheckedFilter})
"""The classes of what a value may settle to besides constants."""


def _of_nothing(column: Column, operator: str, value: Any) -> Test:
    """A comparison with a column that is null in every record: nothing compares with it, but its records can be counted."""
    return Always(column.related is not None and COMPARED[operator](0, value))


COMPARED: Final[dict[str, Callable[[int, int], bool]]] = exhaustive(
    CountOperator,
    {"eq": python.eq, "ne": python.ne, "lt": python.lt, "lte": python.le, "gt": python.gt, "gte": python.ge},
)
"""How numbers of records compare."""


def _member_test(column: Column, constants: Iterable[Constant], negated: bool) -> Test:
    different = tuple(dict.fromkeys(constants))
    if not different:
        return Null(column, True) if negated else NEVER
    several = len(different) > 1
    return _new(OneOf if several else Equal, (column, different if several else different[0], negated))  # type: ignore[no-any-return]


def _sort_of(constant: Constant) -> type:
    """The sort of a constant; only constants of one sort can be equal. Whole and decimal numbers are one, booleans another."""
    return int if constant.__class__ is Decimal else constant.__class__


def _beyond_calendar(column: Column, operator: str, edge: Edge) -> Test:
    """A stored value compared with a moment beyond the calendar."""
    holds = operator == "ne" or operator in (("gt", "gte") if edge is Edge.BEFORE else ("lt", "lte"))
    return Null(column, True) if holds else NEVER


def _in_day(column: Column, day: WholeDay, negated: bool) -> Test:
    """A stored instant within a day. The first and last day of the calendar may begin or end beyond it."""
    if isinstance(day.first, datetime) and isinstance(day.following, datetime):
        return Between(column, day.first, day.following, negated)
    if isinstance(day.first, datetime):
        return Order(column, "lt" if negated else "gte", day.first)
    if isinstance(day.following, datetime):
        return Order(column, "gte" if negated else "lt", day.following)
    return Null(column, True) if negated else NEVER


def _related_test(column: Column, operator: RelationOperator, test: Test) -> Test:
    if not isinstance(test, Always):
        return Related(column, operator, test)
    if operator == "all":
        return ALWAYS if test.value else Related(column, "none", None)
    return Related(column, operator, None) if test.value else Always(operator == "none")


# groups


MERGEABLE: Final = frozenset({Equal, OneOf, Text})
"""The tests that can be merged with others of their class on the same column."""


def _grouped(kind: type[AllOf] | type[AnyOf], tests: Iterable[Any]) -> Test:
    """The tests in one flat group, without those that change nothing; alike ones are merged at the place of the first."""
    either = kind is AnyOf
    families: dict[object, list[Any]] = {}
    one: Any
    for test in tests:
        for one in test.tests if test.__class__ is kind else (test,):
            look = one.__class__
            if look is Always:
                if one.value is either:
                    return one  # type: ignore[no-any-return]
                continue
            family = _merging_key(one, either) if look in MERGEABLE else None
            if family is None:
                families[len(families)] = [one]
            elif family in families:
                families[family].append(one)
            else:
                families[family] = [one]
    kept = [_merged(family) if len(family) > 1 else family[0] for family in families.values()]
    if len(kept) > 1:
        return _new(kind, (tuple(kept),))  # type: ignore[no-any-return]
    return kept[0] if kept else Always(not either)


def _merging_key(test: Text | Equal | OneOf, either: bool) -> object:
    """A key that is equal for tests that can be merged, joined by OR (`either`) or by AND; None for a test that cannot."""
    if isinstance(test, Text):
        return (test.column, test.operator) if either else None
    column, constant, negated = test
    if negated is either:
        return None
    if not column.mixed:
        return column
    return column, _sort_of(constant[0] if isinstance(constant, tuple) else constant)


def _merged(tests: list[Any]) -> Test:
    first = tests[0]
    if isinstance(first, Text):
        needles = dict.fromkeys([needle for test in tests for needle in test.needles])
        return _new(Text, (first.column, first.operator, tuple(needles)))  # type: ignore[no-any-return]
    constants = [test.constants if isinstance(test, OneOf) else (test.constant,) for test in tests]
    return _member_test(first.column, chain.from_iterable(constants), first.negated)
