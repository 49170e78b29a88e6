"""Why a record matches a filter, or does not: every condition with its outcome and with what the record holds.

Each condition is asked by a predicate of its own, so an explanation and the predicate of the whole filter cannot disagree. Where a
condition cannot be asked, because the record holds a value that is not of its field's type, the others decide if they can.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final, cast

from ..backends.predicate import Access, compile_predicate, ensure_record, raw_value, related_of
from ..checked import CheckedFilter, Part, ensure_checked
from ..context import Context, context_or_default
from ..endpoints.endpoint import Endpoint
from ..endpoints.field_table import FieldTable
from ..errors import RecordError, printable, quoted, shown
from ..immutable import Immutable
from ..meaning.lowering import column_of, lower, related_column
from ..meaning.tests import AllOf, AnyOf, Between, Column, Equal, OneOf, Order
from ..nodes import And, Condition, Everything, Filter, Or, RelationTest
from ..notations.dsl import to_dsl
from ..types import Count, Scope

_MARKS: Final = {True: "✓", False: "✗", None: "?"}
_DECISIVE: Final = {"any": True, "none": True, "all": False}
"""The outcome of a related record that decides the relation alone."""

MOST_RECORDS: Final = 5
"""So many related records are drawn."""


class Explanation(Immutable):
    """The outcome of a filter, or of one part of it, on a record. `str()` draws it.

    - `filter` is the node; None for what is not shown, of which only the outcome is known.
    - `matches` is whether it holds. It raises the `RecordError` where a value that cannot be read decides.
    - `field` is the full path of a condition's field, `found` what the record holds there (of a relation, how many records).
    - `means` holds the dates, or the instants in UTC, that a condition on a date or datetime compares with: of a whole day its first
      instant and the next day's.
    - `parts` explains the items of a group, or for a relation its filter on each related record, in their order. `deciding` holds the
      positions of the records that decide the relation: those that match for `any` and `none`, those that do not for `all`.
    - `error` is the `RecordError` of a condition that could not be asked.
    """

    __slots__ = ("deciding", "error", "field", "filter", "found", "means", "outcome", "parts")

    filter: Filter | None
    outcome: bool | None
    field: str | None
    found: object
    means: tuple[date, ...]
    parts: tuple[Explanation, ...]
    deciding: tuple[int, ...]
    error: RecordError | None

    def __init__(
        self,
        filter: Filter | None,
        outcome: bool | None,
        *,
        field: str | None = None,
        found: object = None,
        means: Iterable[date] = (),
        parts: Iterable[Explanation] = (),
        deciding: Iterable[int] = (),
        error: RecordError | None = None,
    ) -> None:
        self._fill(filter=filter, outcome=outcome, field=field, found=found, error=error)
        self._fill(means=tuple(means), parts=tuple(parts), deciding=tuple(deciding))

    @property
    def matches(self) -> bool:
        """Whether it holds. Raises `RecordError` where that depends on a value that cannot be read."""
        if self.outcome is None:
            raise next(self._errors())
        return self.outcome

    def _errors(self) -> Iterator[RecordError]:
        if self.error is not None:
            yield self.error
        for part in self.parts:
            if part.outcome is None:
                yield from part._errors()

    def to_dict(self) -> dict[str, object]:
        """The explanation as plain data for `json.dumps`: what is not there is left out, `matches` is null where it is unknown."""
        told: dict[str, object] = {"matches": self.outcome}
        if self.filter is not None:
            told["filter"] = to_dsl(self.filter)
        if self.field is not None:
            told |= {"field": self.field, "found": _as_data(self.found)}
        if self.means:
            told["means"] = [moment.isoformat() for moment in self.means]
        if self.deciding:
            told["deciding"] = list(self.deciding)
        if self.error is not None:
            told["error"] = _unreadable(self.error)
        if self.parts:
            told["parts"] = [part.to_dict() for part in self.parts]
        return told

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def __repr__(self) -> str:
        return f"<Explanation: {_MARKS[self.outcome]}>"

    def __reduce__(self) -> tuple[object, ...]:
        kept = {name: getattr(self, name) for name in self.__slots__ if name not in ("filter", "outcome")}
        return partial(Explanation, self.filter, self.outcome, **kept), ()

    def _key(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def _lines(self, indent: str = "", lead: str = "") -> Iterator[str]:
        yield f"{indent}{_MARKS[self.outcome]} {lead}{self._line()}"
        if isinstance(self.filter, RelationTest):
            positions = self.deciding or range(len(self.parts))
            for position in positions[:MOST_RECORDS]:
                yield from self.parts[position]._lines(f"{indent}  ", f"record {position + 1}: ")
            if len(positions) > MOST_RECORDS:
                yield f"{indent}  … and {len(positions) - MOST_RECORDS} more records"
        else:
            for part in self.parts:
                yield from part._lines(f"{indent}  ")

    def _line(self) -> str:
        match self.filter:
            case None:
                return "all of these parts" if self.parts else "a part that is not shown"
            case And():
                return "all of"
            case Or():
                return "any of"
            case Everything():
                return "no filter"
            case RelationTest(field, operator):
                text = f"{field} {operator}"
            case _:
                text = to_dsl(self.filter)
        notes = [_unreadable(self.error)] if self.error is not None else []
        if self.error is None and self.field is not None:
            counts = isinstance(self.filter, RelationTest)
            notes.append(f"{self.found} related" if counts else f"found {_drawn(self.found)}")
        if self.means:
            notes.append(f"compared with {' and '.join(_drawn(moment) for moment in self.means)}")
        return f"{text}  ({'; '.join(notes)})" if notes else text


def explain(
    checked: CheckedFilter,
    record: object,
    context: Context | None = None,
    *,
    access: Access = "mapping",
    endpoint: Endpoint | None = None,
) -> Explanation:
    """Why the record matches the filter in this context (default: now, in UTC, for nobody), or why it does not.

    Of the conditions that scopes stand for, and of the parts of a composed filter, only the outcome is shown: they may be the
    server's own. With `endpoint` the parts that were checked by it are shown too.

    Raises `ContextError` if the filter needs what the context lacks, and `TypeError` for a filter that was not checked and
    for a record that is no mapping, unless `access` is `"attribute"`.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "tasks": {"status": "enum: TODO, DONE", "hours": "number"}})
    >>> f = projects.parse('title contains "acme" and tasks any (status = "TODO" and hours > 5)')
    >>> print(kf.explain(f, {"title": "Acme Tower", "tasks": [{"status": "TODO", "hours": 2}]}))
    ✗ all of
      ✓ title contains "acme"  (found 'Acme Tower')
      ✗ tasks any  (1 related)
        ✗ record 1: all of
          ✓ status = "TODO"  (found 'TODO')
          ✗ hours > 5  (found 2)
    """
    ensure_checked(checked)
    ensure_record(record, access)
    explaining = _Explaining(context_or_default(context).at_now())
    parts = [
        explaining.whole(part, record, access, shown=len(checked.parts) == 1 or part.table == endpoint)
        for part in checked.parts
    ]
    return parts[0] if len(parts) == 1 else Explanation(None, _conjunction(parts), parts=parts)


class _Explaining:
    """Explains filters in one context."""

    def __init__(self, context: Context) -> None:
        self.context = context

    def whole(self, part: Part, record: object, access: Access, *, shown: bool) -> Explanation:
        """One part of a checked filter."""
        table = cast("FieldTable", part.table)
        explanation = self.node(part.filter, table, partial(column_of, table), "", record, access)
        return explanation if shown else Explanation(None, explanation.outcome, error=next(explanation._errors(), None))

    def node(
        self,
        node: Filter,
        table: FieldTable,
        find: Callable[[str], Column],
        prefix: str,
        record: object,
        access: Access,
    ) -> Explanation:
        """A node on a record of the table; `prefix` is the path of the relations around it, `find` gives columns of the table."""
        match node:
            case And(items) | Or(items):
                parts = [self.node(item, table, find, prefix, record, access) for item in items]
                return Explanation(
                    node, _conjunction(parts) if isinstance(node, And) else _disjunction(parts), parts=parts
                )
            case Everything():
                return Explanation(node, True)
        path = prefix + node.field
        try:
            if isinstance(node, RelationTest):
                return self.relation(node, find(node.field), path, record, access)
            outcome = self.outcome(node, table, prefix, record, access)
            if isinstance(table.field_type(node.field), Scope):
                return Explanation(node, outcome)
            found = self.found(node, table, find, record, access)
            return Explanation(node, outcome, field=path, found=found, means=self.means(node, table))
        except RecordError as error:
            return Explanation(node, None, field=path, error=error)

    def outcome(self, node: Filter, table: FieldTable, prefix: str, record: object, access: Access) -> bool:
        """Whether a record of the table, which knows nothing of the relations around it, matches a condition."""
        try:
            return compile_predicate(CheckedFilter((Part(node, table),)), self.context, access=access)(record)
        except RecordError as error:
            raise RecordError(prefix + error.field, error.type, error.value) from None

    def relation(self, node: RelationTest, column: Column, path: str, record: object, access: Access) -> Explanation:
        related = related_of(column, record, access)
        if node.filter is None:
            return Explanation(node, bool(related) is (node.operator == "any"), field=path, found=len(related))
        table, find = cast("FieldTable", column.related), partial(related_column, column)
        parts = [
            self.node(node.filter, table, find, f"{path}.", inner, "mapping" if isinstance(inner, Mapping) else access)
            for inner in related
        ]
        decisive = _DECISIVE[node.operator]
        found = _disjunction(parts) if decisive else _conjunction(parts)
        outcome = found if node.operator != "none" or found is None else not found
        deciding = [position for position, part in enumerate(parts) if part.outcome is decisive]
        return Explanation(node, outcome, field=path, found=len(related), parts=parts, deciding=deciding)

    def found(
        self, node: Condition, table: FieldTable, find: Callable[[str], Column], record: object, access: Access
    ) -> object:
        """What the record holds at the field of a condition: of a count the number."""
        column = find(node.field)
        if isinstance(table.field_type(node.field), Count):
            return len(related_of(column, record, access))
        return raw_value(column, record, access)

    def means(self, node: Filter, table: FieldTable) -> list[date]:
        """The dates or instants that a condition on a date or datetime field compares with."""
        return [*dict.fromkeys(_moments_of(lower(CheckedFilter((Part(node, table),)), self.context)))]


def _moments_of(test: Any) -> Iterator[date]:
    match test:
        case AllOf(tests) | AnyOf(tests):
            for inner in tests:
                yield from _moments_of(inner)
        case Equal() | Order():
            if isinstance(test.constant, date):
                yield test.constant
        case OneOf():
            yield from [constant for constant in test.constants if isinstance(constant, date)]
        case Between():
            yield from (test.low, test.high)


def _conjunction(parts: Sequence[Explanation]) -> bool | None:
    outcomes = {part.outcome for part in parts}
    return False if False in outcomes else None if None in outcomes else True


def _disjunction(parts: Sequence[Explanation]) -> bool | None:
    outcomes = {part.outcome for part in parts}
    return True if True in outcomes else None if None in outcomes else False


def _as_data(value: object) -> object:
    """A found value as JSON can hold it."""
    if value is None or isinstance(value, (bool, str)) or value.__class__ in (int, float):
        return value
    if isinstance(value, Decimal) and value.is_finite():
        number = int(value) if value == value.to_integral_value() and value.adjusted() < 16 else float(value)
        return number if number == value else str(value)
    return value.isoformat() if isinstance(value, date) else shown(value)


def _unreadable(error: RecordError) -> str:
    """The sentence about a value that is not of its field's type, in words for people who need not know Python."""
    return f"field {quoted(error.field)} holds {_drawn(error.value)}, expected a value of type '{error.type}' or null"


def _drawn(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return printable(str(value))
    return quoted(value) if isinstance(value, str) else shown(value)
