"""The check of a tree against a table of fields: every problem, in source order, and values in canonical form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import assert_never, cast

from ..errors import FilterCheckError, Location, Problem, Problems, quoted
from ..limits import Limits
from ..nodes import (
    And,
    Comparison,
    Condition,
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
from ..values import Value
from .field_table import FieldTable, Relation
from .field_type import FieldType, ValueFault

Conditions = Comparison | Membership | NullCheck | RelationTest


def checked_tree(filter: Filter, fields: FieldTable, limits: Limits, *, suggestions: bool = True) -> Filter:
    """The tree with its values in canonical form; where nothing needed a change, the very same nodes.

    Raises `FilterCheckError` with every problem found.
    """
    check = _Check(limits, suggestions)
    tree = check.tree(filter, fields, "")
    check.size(filter)
    check.problems.raise_if_any(FilterCheckError)
    return tree


class _Check:
    __slots__ = ("conditions", "limits", "problems", "relations", "suggestions", "surplus")

    def __init__(self, limits: Limits, suggestions: bool) -> None:
        self.limits = limits
        self.suggestions = suggestions
        self.problems = Problems(limits.max_problems)
        self.conditions = 1  # the whole, until a group says how many it holds
        self.surplus = 0  # of values, over one for each condition
        self.relations = 0  # around the node

    def tree(self, node: Filter, fields: FieldTable, prefix: str) -> Filter:
        """The node checked."""
        match node:
            case And() | Or():
                return self.group(node, fields, prefix)
            case Everything():
                return node
            case _:
                return self.condition(node, fields, prefix)

    def group(self, node: And | Or, fields: FieldTable, prefix: str) -> Filter:
        """The group checked. A comparison whose field takes its value as it is, the usual case, is passed over with two look-ups."""
        self.conditions += len(node.items) - 1
        known = fields.known
        changed: list[Filter] | None = None
        for position, item in enumerate(node.items):
            if item.__class__ is Comparison:
                row = known.get(item.field)
                if row is not None and item.value.__class__ in row.keeps.get(item.operator, ()):
                    continue
                checked: Filter = self.condition(item, fields, prefix)
            else:
                checked = self.tree(item, fields, prefix)
            if self.problems.full:
                return node
            if checked is not item:
                changed = changed or list(node.items)
                changed[position] = checked
        return node if changed is None else group(type(node), tuple(changed), node.depth)

    def condition(self, node: Conditions, fields: FieldTable, prefix: str) -> Filter:
        row = fields.field_type(node.field)
        if row is None:
            relation = fields.field_type(node.field.removesuffix(".count"))
            if isinstance(relation, Relation):
                self.forbidden_operator(node, relation, prefix, "count")
            else:
                self.unknown_field(node, fields, prefix)
            return node
        if node.operator not in row.operators:
            self.forbidden_operator(node, row, prefix)
            if isinstance(node, RelationTest) and isinstance(row, Relation):
                self.related(node, row, prefix)
            return node
        if isinstance(node, Comparison):
            admitted = self.value(row, node, node.value, prefix)
            if admitted is node.value:
                return node
            return comparison(node.field, node.operator, admitted, node.origin, node.index)
        match node:
            case Membership(field, operator, values):
                self.surplus += len(values) - 1
                if len(values) > self.limits.max_list_values:
                    self.list_too_long(node, prefix)
                    return node
                kept = row.keeps[operator]
                if all(value.__class__ in kept for value in values):
                    return node
                listed = self.values(row, node, prefix)
                return node if listed == values else membership(field, operator, listed, node.origin, node.index)
            case NullCheck():
                self.surplus -= 1
                return node
            case RelationTest():
                return self.related(node, cast("Relation", row), prefix)
            case never:
                assert_never(never)

    def related(self, node: RelationTest, row: Relation, prefix: str) -> Filter:
        """A relation, checked inside."""
        self.surplus -= 1
        most = self.limits.max_relation_depth
        if self.relations == most:
            message = f"Found relations {most + 1} levels deep, expected at most {most}"
            self.problems.add(Problem("relations_too_deep", message, prefix + node.field, _place(node, "operator")))
            return node
        if node.filter is None or self.problems.full:
            return node
        self.conditions += 1
        self.relations += 1
        inner = self.tree(node.filter, row.related, f"{prefix}{node.field}.")
        self.relations -= 1
        if inner is node.filter:
            return node
        return relation_test(node.field, node.operator, inner, node.origin, node.index)

    def value(
        self, row: FieldType, node: Comparison | Membership, value: Value, prefix: str, item: int | None = None
    ) -> Value:
        try:
            return row.admit(node.operator, value, self.limits)
        except ValueFault as fault:
            place = _place(node, "value", item)
            self.problems.add(Problem(fault.code, fault.message, prefix + node.field, place, fault.suggestions))
            return value

    def size(self, filter: Filter) -> None:
        """The limits of the tree as a whole, which one built in Python was not read under."""
        limits = self.limits
        if filter.depth > limits.max_depth:
            message = f"The filter is nested {filter.depth} levels deep, expected at most {limits.max_depth}"
            self.problems.add(Problem("too_deep", f"{message}; flatten its groups"))
        if self.conditions > limits.max_conditions:
            message = f"Found {self.conditions} conditions, expected at most {limits.max_conditions}"
            self.problems.add(Problem("too_many_conditions", f"{message}; use 'in' for many values"))
        values = self.conditions + self.surplus
        if values > limits.max_values:
            message = f"Found {values} values in all, expected at most {limits.max_values}"
            self.problems.add(Problem("too_many_values", message))

    def list_too_long(self, node: Membership, prefix: str) -> None:
        message = f"Found a list of {len(node.values)} values, expected at most {self.limits.max_list_values}"
        self.problems.add(Problem("list_too_long", message, prefix + node.field, _place(node, "value")))

    def values(self, row: FieldType, node: Membership, prefix: str) -> tuple[Value, ...]:
        """The values of a list, as far as they were looked at: past the last problem that is told, no place is worked out."""
        admitted: list[Value] = []
        for position, value in enumerate(node.values):
            if self.problems.full:
                break
            admitted.append(self.value(row, node, value, prefix, position))
        return tuple(admitted)

    def unknown_field(self, node: Condition, fields: FieldTable, prefix: str) -> None:
        path = prefix + node.field
        message = f"Unknown field {quoted(path)}"
        close: Sequence[str] = ()
        relation, _, inner = node.field.partition(".")
        row = fields.field_type(relation)
        if self.suggestions and isinstance(row, Relation):
            meant = [inner] if row.related.field_type(inner) else _close(inner, row.related.known)
            remedy = f"{relation} any ({' '.join([*meant[:1], '…'])})"
            message += f". {quoted(prefix + relation)} is a relation: write {remedy}"
        elif self.suggestions:
            close = _close(node.field, fields.known)
            if close:
                message += f". Did you mean {' or '.join(quoted(prefix + name) for name in close)}?"
        self.problems.add(
            Problem("unknown_field", message, path, _place(node, "field"), [prefix + name for name in close])
        )

    def forbidden_operator(self, node: Conditions, row: FieldType, prefix: str, operator: str | None = None) -> None:
        word = operator or node.operator
        by_type = word not in row.possible_operators()
        target = f"type '{row.kind}'" if by_type else f"field {quoted(prefix + node.field)}"
        message = f"Operator '{word}' is not allowed for {target}"
        place = _place(node, "field" if operator else "operator")
        self.problems.add(Problem("operator_not_allowed", message, prefix + node.field, place, row.ordered_operators()))


def _place(node: Condition, part: str, item: int | None = None) -> Location | None:
    return None if node.origin is None else node.origin.locate(node.index, part, item)


def _close(name: str, names: Iterable[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(name, names, n=3, cutoff=0.7)
