"""Looking at trees and changing them: what they name, their nodes, other names for their fields, other conditions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, assert_never

from .checked import CheckedFilter, tree_of
from .nodes import (
    And,
    Comparison,
    Condition,
    Everything,
    Filter,
    Membership,
    Node,
    NullCheck,
    Or,
    RelationTest,
    comparison,
    every_node,
    field_name,
    membership,
    null_check,
    relation_test,
)

COUNT: Final = ".count"


def walk(filter: Filter | CheckedFilter) -> Iterator[Filter]:
    """Every node of the tree, each before what it holds, in source order.

    >>> import kanbert_filter as kf
    >>> [type(node).__name__ for node in kf.walk(kf.parse('a = 1 and (b = 2 or tasks any (c = 3))'))]
    ['And', 'Comparison', 'Or', 'Comparison', 'RelationTest', 'Comparison']
    """
    return every_node(tree_of(filter))


def fields_of(filter: Filter | CheckedFilter) -> frozenset[str]:
    """The full path of every field the filter names: fields of related records follow the path of their relation.

    >>> import kanbert_filter as kf
    >>> sorted(kf.fields_of(kf.parse("title = 'A' and members any (first_name = 'Neil')")))
    ['members', 'members.first_name', 'title']
    """
    found: set[str] = set()
    stack: list[tuple[str, Filter]] = [("", tree_of(filter))]
    while stack:
        prefix, node = stack.pop()
        if isinstance(node, (And, Or)):
            stack.extend([(prefix, item) for item in node.items])
        elif isinstance(node, Condition):
            found.add(prefix + node.field)
            if isinstance(node, RelationTest) and node.filter is not None:
                stack.append((f"{prefix}{node.field}.", node.filter))
    return frozenset(found)


def transform(filter: Filter | CheckedFilter, change: Callable[[str, Filter], Filter]) -> Filter:
    """The filter with each condition replaced by what `change(path, condition)` returns for it, which may be the same condition.

    `path` is the full path of the condition's field, as `fields_of` gives it. The fields of what is returned are relative to the
    same record as in the tree. Related records come first: a relation test is offered with the filter inside it already
    changed. The result is not checked, even if `filter` is.

    No condition can be dropped, since that would widen the filter: `EVERYTHING` in place of a condition is a `ValueError`, and
    anything that is not a filter a `TypeError`. Raises `FilterSyntaxError` if the new tree is deeper than 100 levels.

    >>> import kanbert_filter as kf
    >>> def tolerant(path, condition):
    ...     return condition | kf.field("budget").is_null() if path == "budget" else condition
    >>> kf.to_dsl(kf.transform(kf.parse("budget > 5 and tasks any (budget > 5)"), tolerant))
    '(budget > 5 or budget is null) and tasks any (budget > 5)'
    """

    def changed(prefix: str, node: Filter) -> Filter:
        match node:
            case Everything():
                return node
            case And(items):
                return And([changed(prefix, item) for item in items])
            case Or(items):
                return Or([changed(prefix, item) for item in items])
            case RelationTest(field, operator, inner) if inner is not None:
                related = changed(f"{prefix}{field}.", inner)
                if related is not inner:
                    node = RelationTest(field, operator, related)
        path = prefix + node.field
        made = change(path, node)
        if isinstance(made, Everything):
            raise ValueError(
                f"the condition on {path!r} became EVERYTHING, expected a filter: no condition can be dropped"
            )
        if not isinstance(made, Node):
            found = type(made).__name__
            raise TypeError(
                f"the condition on {path!r} became {found}, expected a filter; return the condition to keep it"
            )
        return made

    return changed("", tree_of(filter))


def rename_fields(filter: Filter | CheckedFilter, names: Mapping[str, str]) -> Filter:
    """The filter with fields renamed, its places in the input forgotten. The result is not checked, even if `filter` is.

    `names` maps full paths, as `fields_of` gives them, to full new paths; all rows apply at once. `*` means any one segment
    of a path, and the same one in the new path. An exact row is preferred to one with `*`.

    The row of a relation renames it in front of all its fields; the row of another field renames that field alone: `client` is not
    `client.name`, which `client.*` renames. The count of a relation follows it unless it has a row of its own. A row
    that no field matches does nothing.

    Raises `ValueError` for a row that would move a field out of its relation, or whose paths differ in their number of `*`,
    and `FilterSyntaxError` for a new name that is not well-formed.

    >>> import kanbert_filter as kf
    >>> f = kf.parse("name = 'A' and client.city = 'Graz' and tasks any (state = 'DONE') and tasks.count > 3")
    >>> names = {"name": "title", "client.*": "customer.*", "tasks": "todos", "tasks.state": "todos.status"}
    >>> kf.to_dsl(kf.rename_fields(f, names))
    'title = "A" and customer.city = "Graz" and todos any (status = "DONE") and todos.count > 3'
    """
    new_path = _Renaming(names).new_path

    def renamed(field: str, old: str, new: str) -> str:
        """The new name of a field, in the relation that has these paths, each with a dot after it."""
        path = new_path(old + field)
        if path is None:
            return field
        if not path.startswith(new):
            raise ValueError(
                f"{old + field!r} becomes {path!r}, expected a path that begins with {new!r}, its relation's"
            )
        return field_name(path[len(new) :])

    def rebuilt(node: Filter, old: str, new: str) -> Filter:
        match node:
            case And(items):
                return And([rebuilt(item, old, new) for item in items])
            case Or(items):
                return Or([rebuilt(item, old, new) for item in items])
            case Comparison(field, operator, value):
                return comparison(renamed(field, old, new), operator, value, None, 0)
            case Membership(field, operator, values):
                return membership(renamed(field, old, new), operator, values, None, 0)
            case NullCheck(field, operator):
                return null_check(renamed(field, old, new), operator, None, 0)
            case RelationTest(field, operator, inner):
                name = renamed(field, old, new)
                related = None if inner is None else rebuilt(inner, f"{old}{field}.", f"{new}{name}.")
                return relation_test(name, operator, related, None, 0)
            case Everything():
                return node
            case never:
                assert_never(never)

    return rebuilt(tree_of(filter), "", "")


class _Renaming:
    """The rows of a renaming."""

    def __init__(self, names: Mapping[str, str]) -> None:
        if not isinstance(names, Mapping):
            raise TypeError(f"expected a mapping of paths to new paths, not {type(names).__name__}")
        self.exact: dict[str, str] = {}
        self.wildcards: list[tuple[list[str], list[str]]] = []
        for old, new in names.items():
            if not isinstance(old, str) or not isinstance(new, str):
                raise TypeError(f"expected paths as str, not {type(old).__name__} and {type(new).__name__}")
            olds, news = str.__str__(old).split("."), str.__str__(new).split(".")
            if olds.count("*") != news.count("*"):
                raise ValueError(f"{old!r} becomes {new!r}, expected as many '*' on both sides")
            if "*" in olds:
                self.wildcards.append((olds, news))
            else:
                self.exact[".".join(olds)] = ".".join(news)
        self.wildcards.sort(key=lambda row: [segment == "*" for segment in row[0]])

    def new_path(self, path: str) -> str | None:
        """The new path of a field with this path, or None if it keeps its name."""
        counted = path.removesuffix(COUNT) if path.endswith(COUNT) else None
        for row_of in (self.exact.get, self.by_wildcard):
            if (new := row_of(path)) is not None:
                return new
            if counted and (new := row_of(counted)) is not None:
                return new + COUNT
        return None

    def by_wildcard(self, path: str) -> str | None:
        segments = path.split(".")
        for olds, news in self.wildcards:
            if len(olds) == len(segments) and all(
                old in ("*", found) for old, found in zip(olds, segments, strict=True)
            ):
                kept = iter([found for old, found in zip(olds, segments, strict=True) if old == "*"])
                return ".".join([next(kept) if new == "*" else new for new in news])
        return None
