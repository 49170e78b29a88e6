"""The check of a tree against a table of fields: every problem, in source order, and values in canonical form."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final, cast

from .. import messages
from ..checked import CheckedFilter
from ..errors import FilterCheckError, Problem, Problems, quoted
from ..kinds import exhaustive
from ..limits import Limits
from ..messages import did_you_mean
from ..nodes import (
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    NullCheck,
    Or,
    RelationTest,
    comparison,
    group,
    membership,
    relation_test,
)
from ..operators import COUNT_COMPARISONS, OPERATORS
from ..suggestions import Suggestions
from ..values import UntypedText, Value
from .field_table import COUNT, FieldTable, Relation
from .field_type import FieldType, ValueFault
from .scalars import Count, Scope

Conditions = Comparison | Membership | NullCheck | RelationTest


def checked_tree(filter: Filter, table: FieldTable, limits: Limits, *, suggestions: bool = True) -> Filter:
    """The tree with its values in canonical form; where nothing needed a change, the very same nodes.

    Raises `FilterCheckError` with every problem found.
    """
    check = _Check(table, limits, Suggestions() if suggestions else None)
    tree = check.checked(filter)
    check.size(filter)
    check.problems.raise_if_any(FilterCheckError)
    return tree


def relation_tests(checked: CheckedFilter) -> int:
    """How many relation tests a filter holds, those in the conditions of its scopes included: `max_relation_tests` bounds them."""
    number = 0
    for part in checked.parts:
        check = _Check(cast("FieldTable", part.table), Limits.lifted(), None)
        check.checked(part.filter)
        number += check.relation_tests
    return number


class _Check:
    """One pass over a tree. A node is looked up in the table it is about, then its field's type admits the values."""

    __slots__ = (
        "close",
        "conditions",
        "limits",
        "prefix",
        "problems",
        "relation_tests",
        "relations",
        "surplus",
        "table",
    )

    def __init__(self, table: FieldTable, limits: Limits, close: Suggestions | None) -> None:
        self.table = table  # the fields that the node is about: the endpoint's, or those of related records
        self.prefix = ""  # the path of the relations around the node
        self.relations = 0  # how many these are
        self.limits = limits
        self.close = close
        self.problems = Problems(limits.max_problems)
        self.conditions = 1  # the whole, until a group says how many it holds
        self.surplus = 0  # of values, over one for each condition
        self.relation_tests = 0

    def checked(self, node: Filter) -> Filter:
        return _CHECKED[node.__class__](self, node)

    def everything(self, node: Everything) -> Filter:
        return node

    def group(self, node: And | Or) -> Filter:
        """The group checked. A comparison whose field takes its value as it is, the usual case, is passed over with two look-ups."""
        self.conditions += len(node.items) - 1
        known = self.table.known
        changed: list[Filter] | None = None
        for position, item in enumerate(node.items):
            if item.__class__ is Comparison:
                row = known.get(item.field)
                if row is not None and item.value.__class__ in row.keeps.get(item.operator, ()):
                    continue
            checked = _CHECKED[item.__class__](self, item)
            if self.problems.full:
                return node
            if checked is not item:
                changed = changed or list(node.items)
                changed[position] = checked
        return node if changed is None else group(type(node), tuple(changed), node.depth)

    def comparison(self, node: Comparison) -> Filter:
        row = self.row(node)
        if row is None:
            return node
        value = self.admitted(row, node, node.value)
        if isinstance(row, Count):
            self.relation_tests += 1
        elif isinstance(row, Scope):
            self.relation_tests += row.relation_tests.get(cast("str", value), 0)
        if value is node.value:
            return node
        return comparison(node.field, node.operator, value, node.origin, node.index)

    def membership(self, node: Membership) -> Filter:
        row = self.row(node)
        if row is None:
            return node
        self.surplus += len(node.values) - 1
        if len(node.values) > self.limits.max_list_values:
            self.report(messages.list_too_long(self.limits.max_list_values), node, "value")
            return node
        kept = row.keeps[node.operator]
        if all(value.__class__ in kept for value in node.values):
            return node
        values: list[Value] = []
        for position, value in enumerate(node.values):
            if self.problems.full:  # past the last problem that is reported no place is worked out
                return node
            values.append(self.admitted(row, node, value, position))
        listed = tuple(values)
        return node if listed == node.values else membership(node.field, node.operator, listed, node.origin, node.index)

    def null_check(self, node: NullCheck) -> Filter:
        if self.row(node) is not None:
            self.surplus -= 1
        return node

    def relation(self, node: RelationTest) -> Filter:
        row = self.table.field_type(node.field)
        allowed = self.row(node) is not None
        if not isinstance(row, Relation):
            return node
        self.surplus -= 1
        self.relation_tests += 1
        most = self.limits.max_relation_depth
        if self.relations == most:
            self.report(messages.relations_too_deep(most), node, "operator")
            return node
        if node.filter is None or self.problems.full:
            return node
        self.conditions += 1
        around = self.table, self.prefix
        self.table, self.prefix = row.related, f"{self.prefix}{node.field}."
        self.relations += 1
        inner = self.checked(node.filter)
        self.relations -= 1
        self.table, self.prefix = around
        if not allowed or inner is node.filter:
            return node
        return relation_test(node.field, node.operator, inner, node.origin, node.index)

    def row(self, node: Conditions) -> FieldType | None:
        """The type of the node's field, or None where there is no such field or it does not allow the operator."""
        row = self.table.field_type(node.field)
        if row is None:
            self.unknown_field(node)
        elif node.operator in row.operators:
            return row
        else:
            self.forbidden_operator(node, row, node.operator, "operator")
        return None

    def admitted(self, row: FieldType, node: Comparison | Membership, value: Value, item: int | None = None) -> Value:
        try:
            return row.admit(node.operator, value, self.limits)
        except ValueFault as fault:
            problem = fault.problem
            close = self.close.to(str(value), fault.choices) if self.close else []
            if close:
                suggestions = dict.fromkeys([*close, *problem.suggestions])
                problem = Problem(problem.code, problem.message + did_you_mean(close), suggestions=suggestions)
            self.report(problem, node, "value", item)
            return value

    def size(self, filter: Filter) -> None:
        """The limits of the tree as a whole, which one built in Python was not read under."""
        limits = self.limits
        if filter.depth > limits.max_depth:
            self.problems.add(messages.too_deep(limits.max_depth))
        if self.conditions > limits.max_conditions:
            self.problems.add(messages.too_many_conditions(limits.max_conditions))
        if self.conditions + self.surplus > limits.max_values:
            self.problems.add(messages.too_many_values(limits.max_values))
        if self.relation_tests > limits.max_relation_tests:
            self.problems.add(messages.too_many_relation_tests(limits.max_relation_tests))

    # problems

    def report(self, problem: Problem, node: Conditions, part: str, item: int | None = None) -> None:
        """Add a problem with a part of a node, or with one item of its list."""
        place = None if node.origin is None else node.origin.locate(node.index, part, item)
        self.problems.add(problem.at(place, self.prefix + node.field))

    def unknown_field(self, node: Conditions) -> None:
        counted = self.table.field_type(node.field.removesuffix(COUNT))
        if isinstance(counted, Relation):
            self.forbidden_operator(node, counted, "count", "field")
            return
        message = f"Unknown field {quoted(self.prefix + node.field)}"
        close: list[str] = []
        if self.close is not None:
            name, _, inner = node.field.partition(".")
            row = self.table.field_type(name)
            if isinstance(row, Relation):
                meant = [inner] if row.related.field_type(inner) else self.close.to(inner, row.related.known)
                remedy = f"{name} any ({' '.join([*meant[:1], '…'])})"
                message += f". {quoted(self.prefix + name)} is a relation: write {remedy}"
            else:
                close = [self.prefix + name for name in self.close.to(node.field, self.table.known)]
                message += did_you_mean(close).replace("; did", ". Did")
        self.report(Problem("unknown_field", message, suggestions=close), node, "field")

    def forbidden_operator(self, node: Conditions, row: FieldType, operator: str, part: str) -> None:
        by_type = operator not in row.possible_operators()
        target = f"type '{row.kind}'" if by_type else f"field {quoted(self.prefix + node.field)}"
        message = f"Operator '{operator}' is not allowed for {target}"
        if by_type and isinstance(row, Relation):
            message += _instead(row, node, operator)
        self.report(Problem("operator_not_allowed", message, suggestions=row.ordered_operators()), node, part)


def _instead(relation: Relation, node: Conditions, operator: str) -> str:
    """What to write in place of a condition that a field with a value would have, as far as the relation allows it."""
    value = node.value if isinstance(node, Comparison) else None
    number = value.text if isinstance(value, UntypedText) else value
    if "count" in relation.operators and operator in COUNT_COMPARISONS and re.fullmatch("[0-9]{1,9}", str(number)):
        return f"; write {node.field}{COUNT} {OPERATORS[operator].dsl} {number}"
    meant = "none" if operator == "isnull" else "any"
    if meant not in relation.operators:
        return ""
    return f"; write {node.field} {meant}" + ("" if isinstance(node, NullCheck) else " (…)")


_CHECKED: Final[dict[type, Callable[[_Check, Any], Filter]]] = exhaustive(
    Filter,
    {
        And: _Check.group,
        Or: _Check.group,
        Comparison: _Check.comparison,
        Membership: _Check.membership,
        NullCheck: _Check.null_check,
        RelationTest: _Check.relation,
        Everything: _Check.everything,
    },
)
