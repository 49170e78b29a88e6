"""What a checked filter means at one moment, in tests so plain that a back end only translates them.

`lower` settles everything the language leaves open: days, specials and time zones become dates and instants in UTC,
`me.id` the user's id, scopes their conditions, lists and groups their shortest form; text that is compared without regard
to case is lower-cased. What remains are primitive tests on columns, each true or false for a record, never a third thing.

Decisions where the language's contract is silent:

- Beyond the calendar (before the year 1, after the year 9999) lies no stored value: order against a moment there means
  "is present" or never, equality never, inequality "is present".
- What no record can change is folded: `in []` is never, `nin []` is "is present", a group without a chance is never.
- Equalities on one column joined by OR are one set, inequalities joined by AND likewise; text tests of one operator on
  one column joined by OR are one test of several needles.
- In a list on a custom field texts, numbers and booleans are looked up apart: `1` and `true` are two values.
- The condition of a scope is a checked filter with fields of its own; inside a relation these are fields of the related
  record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from itertools import chain
from typing import Any, Final, cast

from ..checked import CheckedFilter
from ..context import Context, Day, Edge, Instant, first_instant, instant_of, just_before, moved
from ..endpoints.field_table import COUNT, FieldTable
from ..endpoints.types import Count, Scope
from ..errors import ContextError, quoted
from ..nodes import And, Comparison, Everything, Filter, Membership, NullCheck, Or, RelationTest
from ..operators import TEXT_OPERATORS, RelationOperator
from ..values import Special, Value
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
    Equal,
    Null,
    OneOf,
    Order,
    Related,
    Test,
    Text,
)

MAX_WILDCARD_COLUMNS: Final = 1024
"""How many names admitted by wildcards are remembered for one table of fields; people may send any."""


_new: Final[Any] = tuple.__new__
"""Makes a test at a third of the cost of its own constructor, which NamedTuple writes in Python."""


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
    if not isinstance(checked, CheckedFilter):
        remedy = "check it first, with Endpoint.check(filter) or Endpoint.parse(text)"
        raise TypeError(f"expected a checked filter, not {type(checked).__name__}: {remedy}")
    return _lowered(checked, Moment(context or _DEFAULT_CONTEXT))


def all_of(tests: Iterable[Test]) -> Test:
    """The tests joined by AND, in their shortest form."""
    return _joined(AllOf, tests)


def any_of(tests: Iterable[Test]) -> Test:
    """The tests joined by OR, in their shortest form."""
    return _joined(AnyOf, tests)


_DEFAULT_CONTEXT: Final = Context()


# columns


def column_of(fields: FieldTable, path: str) -> Column:
    """The column of a field of an endpoint, the same object every time; of `tasks.count` the column of `tasks`."""
    return _column(fields, fields.columns, "", path)


def related_column(relation: Column, path: str) -> Column:
    """The column of a field of a relation's records, the same object every time."""
    return _column(cast("FieldTable", relation.related), relation.columns, f"{relation.path}.", path)


def _column(fields: FieldTable, columns: dict[str, Column], prefix: str, path: str) -> Column:
    row = fields.field_type(path)
    assert row is not None, "a checked filter names only fields there are"
    if isinstance(row, Count):
        made = _column(fields, columns, prefix, path.removesuffix(COUNT))
    elif path in columns:
        return columns[path]
    else:
        made = Column(prefix + path, fields.source_of(path), fields.wild_segments(path), row, _SETTLED.get(row.kind))
    if len(columns) >= len(fields.known) + MAX_WILDCARD_COLUMNS:
        columns.clear()
    return columns.setdefault(path, made)


# filters


def _lowered(checked: CheckedFilter, moment: Moment) -> Test:
    parts = checked.parts
    if len(parts) > 1:
        return all_of([_lowered(CheckedFilter((part,)), moment) for part in parts])
    table: Any = parts[0].table
    return Lowering(moment, table, table.columns, "").lowered(parts[0].filter)  # type: ignore[no-any-return]


class Lowering:
    """Lowers filters over one table of fields.

    A back end that wants something else than tests may say so in a subclass: `made` gives what it wants instead of a test.
    """

    __slots__ = ("columns", "fields", "moment", "prefix")

    def __init__(self, moment: Moment, fields: FieldTable, columns: dict[str, Column], prefix: str) -> None:
        self.moment = moment
        self.fields = fields
        self.columns = columns
        self.prefix = prefix

    def lowered(self, node: Filter) -> Any:
        return LOWERED[node.__class__](self, node)

    def comparison(self, node: Comparison) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        operator, value = node.operator, node.value
        if column.settle is not None:
            value = column.settle(self, column, operator, value)
            if isinstance(value, tuple):
                return self.made(value)  # type: ignore[arg-type]
        test = PLAIN[operator]
        if test is Text:
            return self.made(_new(Text, (column, operator, (value if column.case_sensitive else value.lower(),))))  # type: ignore[union-attr]
        return self.made(_new(test, (column, operator, value) if test is Order else (column, value, operator == "ne")))

    def made(self, test: Test) -> Any:
        return test

    def membership(self, node: Membership) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        return self.made(_LISTED[column.kind](self, column, node.values, node.operator == "nin"))

    def null_check(self, node: NullCheck) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        return self.made(_new(Null, (column, node.operator == "isnotnull")))

    def group(self, node: And | Or) -> Any:
        """Mostly there is nothing to flatten, to leave out or to merge, which a look at each test's class and column tells."""
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
        return _joined(kind, tests)

    def everything(self, node: Everything) -> Any:
        return self.made(ALWAYS)

    def column(self, path: str) -> Column:
        return _column(self.fields, self.columns, self.prefix, path)

    # lists of values as they are

    def plain_list(self, column: Column, values: tuple[Value, ...], negated: bool) -> Test:
        return _one_of(column, values, negated)  # type: ignore[arg-type]

    def custom_list(self, column: Column, values: tuple[Value, ...], negated: bool) -> Test:
        kinds: dict[type, list[Constant]] = {}
        for value in cast("tuple[Constant, ...]", values):
            kinds.setdefault(int if value.__class__ is Decimal else value.__class__, []).append(value)
        tests = [_one_of(column, alike, negated) for alike in kinds.values()]
        return all_of(tests or [Null(column, True)]) if negated else any_of(tests)

    # ids

    def id(self, column: Column, operator: str, value: Value) -> Constant:
        return self.moment.id(column, value)

    def id_list(self, column: Column, values: tuple[Value, ...], negated: bool) -> Test:
        return _one_of(column, [self.moment.id(column, value) for value in values], negated)

    # dates and instants

    def date(self, column: Column, operator: str, value: Value) -> Constant | Test:
        day = self.moment.date(value)
        return day if isinstance(day, date) else _beyond(column, operator, day)

    def date_list(self, column: Column, values: tuple[Value, ...], negated: bool) -> Test:
        days = [self.moment.date(value) for value in values]
        return _one_of(column, [day for day in days if not isinstance(day, Edge)], negated)

    def datetime(self, column: Column, operator: str, value: Any) -> Constant | Test:
        is_day = value.__class__ is str and len(value) == 10  # mostly; no need to ask further
        day = _day_of(value) if is_day else self.moment.day(value)
        if day is None:
            instant = self.moment.instant(value)
        elif operator == "eq" or operator == "ne":
            return self.within(column, day, operator == "ne")
        else:
            zone = self.moment.context.timezone
            instant = _at(day, _UTC_MIDNIGHT) if zone is UTC and isinstance(day, date) else first_instant(day, zone)
        if isinstance(instant, datetime):
            if _FIRST < instant < _LAST or operator not in _OUTWARD[instant]:
                return instant
            instant = _ENDS[instant]
        return _beyond(column, operator, instant)

    def datetime_list(self, column: Column, values: tuple[Value, ...], negated: bool) -> Test:
        tests: list[Test] = []
        instants: list[Constant] = []
        for value in values:
            day = self.moment.day(value)
            if day is not None:
                tests.append(self.within(column, day, negated))
            elif not isinstance(instant := self.moment.instant(value), Edge):
                instants.append(instant)
        tests.append(_one_of(column, instants, negated))
        return all_of(tests) if negated else any_of(tests)

    def within(self, column: Column, day: Day, negated: bool) -> Test:
        low = first_instant(day, self.moment.context.timezone)
        high = first_instant(moved(day, 1), self.moment.context.timezone)
        if isinstance(low, datetime) and isinstance(high, datetime):
            return Between(column, low, high, negated)
        if isinstance(low, datetime):
            return Order(column, "lt" if negated else "gte", low)
        if isinstance(high, datetime):
            return Order(column, "gte" if negated else "lt", high)
        return Null(column, True) if negated else NEVER

    # relations and scopes

    def relation(self, node: RelationTest) -> Any:
        column = self.columns.get(node.field) or self.column(node.field)
        if node.filter is None:
            return self.made(Related(column, node.operator, None))
        within = Lowering(self.moment, cast("FieldTable", column.related), column.columns, f"{column.path}.")
        return self.made(self.related(column, node.operator, within.lowered(node.filter)))

    def related(self, column: Column, operator: RelationOperator, test: Test) -> Test:
        if not isinstance(test, Always):
            return Related(column, operator, test)
        if operator == "all":
            return ALWAYS if test.value else Related(column, "none", None)
        return Related(column, operator, None) if test.value else Always(operator == "none")

    def counted(self, column: Column, operator: str, value: Value) -> Test:
        return _new(Counted, (column, operator, value))  # type: ignore[no-any-return]

    def scope(self, column: Column, operator: str, value: Value) -> Test:
        conditions = cast("Scope", column.type).conditions
        if conditions is None:
            choices = ", ".join(f"{quoted(choice)}: …" for choice in cast("Scope", column.type).choices)
            bound = f"{{{choices}}}"
            call = f"{column.path}={bound}" if column.path.isidentifier() else f"**{{{quoted(column.path)}: {bound}}}"
            remedy = f"bind them with Endpoint.bind({call})"
            raise ContextError(f"The scope {quoted(column.path)} has no conditions; {remedy}")
        return _lowered(cast("CheckedFilter", conditions[cast("str", value)]), self.moment)


LOWERED: Final[dict[type, Callable[[Lowering, Any], Any]]] = {
    Comparison: Lowering.comparison,
    Membership: Lowering.membership,
    NullCheck: Lowering.null_check,
    And: Lowering.group,
    Or: Lowering.group,
    RelationTest: Lowering.relation,
    Everything: Lowering.everything,
}

_SETTLED: Final[dict[str, Callable[[Lowering, Column, str, Any], Any]]] = {
    "id": Lowering.id,
    "date": Lowering.date,
    "datetime": Lowering.datetime,
    "relation": Lowering.counted,
    "scope": Lowering.scope,
}
"""By kinds of columns, what settles a value: to the constant it means, or to a whole test. Other kinds compare values as they are."""

PLAIN: Final[dict[str, type[Equal] | type[Order] | type[Text]]] = {
    **dict.fromkeys(("eq", "ne"), Equal),
    **dict.fromkeys(("lt", "lte", "gt", "gte"), Order),
    **dict.fromkeys(TEXT_OPERATORS, Text),
}
"""What compares a settled value, by operators."""

_LISTED: Final[dict[str, Callable[[Lowering, Column, tuple[Value, ...], bool], Test]]] = {
    "string": Lowering.plain_list,
    "enum": Lowering.plain_list,
    "number": Lowering.plain_list,
    "currency": Lowering.plain_list,
    "custom": Lowering.custom_list,
    "id": Lowering.id_list,
    "date": Lowering.date_list,
    "datetime": Lowering.datetime_list,
}


def _one_of(column: Column, constants: Iterable[Constant], negated: bool) -> Test:
    different = tuple(dict.fromkeys(constants))
    if not different:
        return Null(column, True) if negated else NEVER
    several = len(different) > 1
    return _new(OneOf if several else Equal, (column, different if several else different[0], negated))  # type: ignore[no-any-return]


def _beyond(column: Column, operator: str, edge: Edge) -> Test:
    """A stored value compared with a moment that none can reach."""
    holds = operator == "ne" or operator in (("gt", "gte") if edge is Edge.BEFORE else ("lt", "lte"))
    return Null(column, True) if holds else NEVER


# values


_day_of: Final = date.fromisoformat
_at: Final = datetime.combine
_UTC_MIDNIGHT: Final = time(tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC)
_LAST: Final = datetime.max.replace(tzinfo=UTC)
_ENDS: Final[dict[Instant, Edge]] = {_FIRST: Edge.BEFORE, _LAST: Edge.AFTER}
_OUTWARD: Final[dict[Instant, tuple[str, str]]] = {_FIRST: ("lt", "gte"), _LAST: ("gt", "lte")}
"""Nothing stored lies before the first instant or after the last, so these comparisons are those with a moment beyond."""


class Moment:
    """The context as values need it. The present moment is settled when first asked for, and then stays."""

    __slots__ = ("context",)

    def __init__(self, context: Context) -> None:
        self.context = context

    def id(self, column: Column, value: Any) -> str:
        if not isinstance(value, Special):
            return value  # type: ignore[no-any-return]
        if self.context.me is None:
            remedy = "give the user's id, as in Context(me='u-1')"
            raise ContextError(f"The filter compares {quoted(column.path)} with me.id; {remedy}")
        return self.context.me

    def day(self, value: Any) -> Day | None:
        """The day a value of a datetime field names as a whole, or None if it names an instant."""
        if isinstance(value, Special):
            return self.now().today(value.days) if value.name == "today" else None
        return date.fromisoformat(value) if len(value) == 10 else None

    def date(self, value: Any) -> Day:
        """What a value means on a date field."""
        if not isinstance(value, Special):
            return date.fromisoformat(value)
        match value.name:
            case "sow":
                return self.now().week()
            case "eow":
                return _day_before(self.now().week(1), moved(self.now().week(), 6))
            case "som":
                return self.now().month()
            case "eom":
                return _day_before(self.now().month(1), date.max)
        return self.now().today(value.days)

    def instant(self, value: Any) -> Instant:
        """What a value that names no day means on a datetime field."""
        zone = self.context.timezone
        if not isinstance(value, Special):
            moment = datetime.fromisoformat(value)
            return instant_of(moment, zone) if moment.tzinfo is None else moment
        match value.name:
            case "sow":
                return first_instant(self.now().week(), zone)
            case "eow":
                return just_before(first_instant(self.now().week(1), zone))
            case "som":
                return first_instant(self.now().month(), zone)
            case "eom":
                return just_before(first_instant(self.now().month(1), zone))
        return self.now().now_instant()

    def now(self) -> Context:
        if self.context.now is None:
            self.context = self.context.at_now()
        return self.context


def _day_before(next_first: Day, at_the_edge: Day) -> Day:
    return at_the_edge if isinstance(next_first, Edge) else moved(next_first, -1)


# groups


MERGEABLE: Final = frozenset({Equal, OneOf, Text})
"""What may be merged with its like on one column."""


def _joined(kind: type[AllOf] | type[AnyOf], tests: Iterable[Any]) -> Test:
    """The tests in one flat group, without those that change nothing, alike ones merged where the first stands."""
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
            family = _family(one, either) if look in MERGEABLE else None
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


def _family(test: Text | Equal | OneOf, either: bool) -> object:
    """What tests share that may be merged when joined by OR (`either`) or AND; None for a test that stays alone."""
    if isinstance(test, Text):
        return (test.column, test.operator) if either else None
    column, constant, negated = test
    if negated is either:
        return None
    if column.kind != "custom":
        return column
    example = constant[0] if isinstance(constant, tuple) else constant
    return column, int if example.__class__ is Decimal else example.__class__


def _merged(tests: list[Any]) -> Test:
    first = tests[0]
    if isinstance(first, Text):
        needles = dict.fromkeys([needle for test in tests for needle in test.needles])
        return _new(Text, (first.column, first.operator, tuple(needles)))  # type: ignore[no-any-return]
    constants = [test.constants if isinstance(test, OneOf) else (test.constant,) for test in tests]
    return _one_of(first.column, chain.from_iterable(constants), first.negated)
