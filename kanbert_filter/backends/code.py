"""Predicates as code: from the shape of a test to a Python syntax tree, and from there to a function.

A *shape* is a test without its constants: nested tuples, each a word, the column, and the number of its first constant. Filters of
one shape share their code; each gets its own constants, as closure variables. The tree is built from a fixed vocabulary: field names
stand in it only as string constants given to `get` or `getattr`, and nothing of a filter's values stands in it at all.

What makes the code fast, in the order of what it saves:

- *One look at a class.* `(v := record.get("title")).__class__ is str` is all that a well-typed value costs; every other value, null
  first, goes on to the functions of `records`.
- *Nothing twice.* While one condition after another is written down, `_Known` remembers which values are already loaded, which are
  known to be present and which texts are lower-cased, on the path that leads there; what is known is not asked again.
- *Cheap and selective first.* AND and OR have no order, so a set look-up runs before a lower-casing, and that before a relation.
- *Exact numbers without conversion.* An integer compares as it is with everything; for other constants `for_floats` has found the
  float that separates floats in the same way.
- *Bound, not looked up.* Constants are closure variables, so that code shared by many filters never misses a cache.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any, Final, Literal

from ..meaning import Column
from . import records

Access = Literal["mapping", "attribute"]
Shape = tuple[Any, ...]
Factory = Callable[..., Callable[[Any], Any]]

FEW_CONSTANTS: Final = 250
"""Up to here each constant is a variable of its own; beyond, they are the items of one tuple."""

LONG_GROUP: Final = 200
"""Groups with more members are spread over several functions."""


def matching(shape: Shape, access: Access, constants: int) -> Factory:
    """Code for `matches(record)`: a factory that takes the storage time zone, the time zone and the constants."""
    module = _Module(access, constants)
    record = _Record(module, shape, top=True)
    return module.factory("matches", "record", [Return(record.condition(shape))])


def selecting(shape: Shape, access: Access, constants: int) -> Factory:
    """Code for `select(records)`: the same condition inside a loop, which saves a call for each record."""
    module = _Module(access, constants)
    record = _Record(module, shape, top=True)
    keep = Expr(Call(_name("keep"), [_name("record")], []))
    loop = [
        Assign([_stored("selected")], List([], _LOAD)),
        Assign([_stored("keep")], Attribute(_name("selected"), "append", _LOAD)),
        For(_stored("record"), _name("records"), [If(record.condition(shape), [keep], [])], []),
        Return(_name("selected")),
    ]
    return module.factory("select", "records", loop)


# the vocabulary: nodes that know a place, so that nobody has to walk the tree to give them one


class _Placed:
    lineno: int = 1
    col_offset: int = 0
    end_lineno: int | None = 1
    end_col_offset: int | None = 0


class Name(_Placed, ast.Name): ...


class Constant(_Placed, ast.Constant): ...


class Call(_Placed, ast.Call): ...


class Attribute(_Placed, ast.Attribute): ...


class Compare(_Placed, ast.Compare): ...


class BoolOp(_Placed, ast.BoolOp): ...


class UnaryOp(_Placed, ast.UnaryOp): ...


class IfExp(_Placed, ast.IfExp): ...


class NamedExpr(_Placed, ast.NamedExpr): ...


class Subscript(_Placed, ast.Subscript): ...


class List(_Placed, ast.List): ...


class Tuple(_Placed, ast.Tuple): ...


class Return(_Placed, ast.Return): ...


class Assign(_Placed, ast.Assign): ...


class Expr(_Placed, ast.Expr): ...


class For(_Placed, ast.For): ...


class If(_Placed, ast.If): ...


class arg(_Placed, ast.arg): ...


class FunctionDef(_Placed, ast.FunctionDef): ...


_LOAD: Final = ast.Load()
_STORE: Final = ast.Store()
_AND: Final = ast.And()
_OR: Final = ast.Or()
_NOT: Final = ast.Not()
_IS: Final = ast.Is()
_IS_NOT: Final = ast.IsNot()
_IN: Final = ast.In()
_NOT_IN: Final = ast.NotIn()
_COMPARE: Final[dict[str, ast.cmpop]] = {
    "eq": ast.Eq(),
    "ne": ast.NotEq(),
    "lt": ast.Lt(),
    "lte": ast.LtE(),
    "gt": ast.Gt(),
    "gte": ast.GtE(),
}

_NAMES: dict[str, ast.Name] = {}


def _name(name: str) -> ast.Name:
    """A variable read. Names are few (none comes from a filter), so each node is made once."""
    node = _NAMES.get(name)
    return node if node is not None else _NAMES.setdefault(name, Name(name, _LOAD))


def _stored(name: str) -> ast.Name:
    return Name(name, _STORE)


def _call(function: str, *arguments: ast.expr) -> ast.expr:
    return Call(_name(function), [*arguments], [])


def _is(left: ast.expr, right: ast.expr) -> ast.expr:
    return Compare(left, [_IS], [right])


def _is_present(value: ast.expr) -> ast.expr:
    return Compare(value, [_IS_NOT], [_NONE])


def _class_of(value: ast.expr) -> ast.expr:
    return Attribute(value, "__class__", _LOAD)


def _compared(left: ast.expr, operator: str, right: ast.expr) -> ast.expr:
    return Compare(left, [_COMPARE[operator]], [right])


def _both(tests: list[ast.expr]) -> ast.expr:
    return BoolOp(_AND, tests) if len(tests) != 1 else tests[0]


def _either(tests: list[ast.expr]) -> ast.expr:
    return BoolOp(_OR, tests) if len(tests) != 1 else tests[0]


def _not(test: ast.expr) -> ast.expr:
    return UnaryOp(_NOT, test)


_NONE: Final = Constant(None)
_TRUE: Final = Constant(True)
_FALSE: Final = Constant(False)


# one module for one shape


_ENVIRONMENT: Final[dict[str, Any]] = {
    **{kind.__name__: kind for kind in (bool, date, datetime, dict, float, int, str)},
    **{function.__name__: function for function in (all, any, getattr, len, map)},
    **{name: getattr(records, name) for name in records.__all__},
    "UTC": UTC,
}
"""All that the code may name, beside its own variables."""


class _Module:
    """The code of one predicate: its function, and a function for the records of each relation that has conditions."""

    def __init__(self, access: Access, constants: int) -> None:
        self.access = access
        self.constants = constants
        self.functions: list[ast.stmt] = []

    def constant(self, index: int) -> ast.expr:
        if self.constants <= FEW_CONSTANTS:
            return _name(f"k{index}")
        return Subscript(_name("constants"), Constant(index), _LOAD)

    def apart(self, shape: Shape, *, top: bool) -> ast.Name:
        """A function of its own that tests a record."""
        condition = _Record(self, shape, top=top).condition(shape)
        name = f"part{len(self.functions)}"
        self.functions.append(_function(name, ["record"], [Return(condition)]))
        return _name(name)

    def factory(self, name: str, parameter: str, body: list[ast.stmt]) -> Factory:
        few = self.constants <= FEW_CONSTANTS
        variables = [f"k{index}" for index in range(self.constants)] if few else ["constants"]
        inside = [*self.functions, _function(name, [parameter], body), Return(_name(name))]
        outer = _function("factory", ["storage_timezone", "timezone", *variables], inside)
        code = compile(ast.Module([outer], []), f"<{name}>", "exec")
        space = dict(_ENVIRONMENT)
        exec(code, space)
        made: Factory = space.pop("factory")  # else each would hold the other, and only the collector could free them
        return made if few else lambda storage, zone, *constants: made(storage, zone, constants)


def _function(name: str, parameters: list[str], body: list[ast.stmt]) -> ast.stmt:
    arguments = ast.arguments([], [arg(parameter) for parameter in parameters], None, [], [], None, [])
    return FunctionDef(name, arguments, body, [])


# one function for one record


class _Known:
    """What is known where the next condition is written: which values are loaded, which of them present.

    A value that is loaded is None or in its final form. What is learned after a mark can be forgotten again.
    """

    def __init__(self) -> None:
        self.present: dict[object, bool] = {}
        self.learned: list[tuple[object, bool | None]] = []

    def learn(self, slot: object, present: bool) -> None:
        self.learned.append((slot, self.present.get(slot)))
        self.present[slot] = present

    def mark(self) -> int:
        return len(self.learned)

    def forget(self, mark: int) -> None:
        while len(self.learned) > mark:
            slot, before = self.learned.pop()
            if before is None:
                del self.present[slot]
            else:
                self.present[slot] = before

    def keep_first(self, mark: int) -> None:
        """Forget all but that the first value was loaded, which holds whether the condition did or did not."""
        first = self.learned[mark : mark + 1]
        self.forget(mark)
        if first and first[0][1] is None:
            self.learn(first[0][0], False)


class _Record:
    """Writes conditions on one record, `record`, whose values it keeps in local variables."""

    def __init__(self, module: _Module, shape: Shape, *, top: bool) -> None:
        self.module = module
        self.top = top
        self.known = _Known()
        self.variables: dict[object, str] = {}
        self.looks: dict[Column, int] = {}
        _count_looks(shape, self.looks)

    # conditions

    def condition(self, shape: Shape) -> ast.expr:
        """The shape as an expression that is True or False."""
        word = shape[0]
        if word in _COMPARISONS:
            guards, value = self.value(shape[1])
            return _both([*guards, self.comparison(shape, value)])
        return _CONDITIONS[word](self, *shape[1:])

    def always(self, value: bool) -> ast.expr:
        return _TRUE if value else _FALSE

    def in_parts(self, word: str, shapes: Sequence[Shape]) -> list[ast.expr]:
        """A group too long for one expression (Python's compiler takes quadratic time for it) as calls of several functions."""
        ordered = sorted(shapes, key=_cost)
        parts = [tuple(ordered[start : start + LONG_GROUP]) for start in range(0, len(ordered), LONG_GROUP)]
        return [Call(self.module.apart((word, part), top=self.top), [_name("record")], []) for part in parts]

    def all_of(self, shapes: Sequence[Shape]) -> ast.expr:
        if len(shapes) > LONG_GROUP:
            return _both(self.in_parts("all", shapes))
        mark = self.known.mark()
        tests = []
        for shape in sorted(shapes, key=_cost):
            if shape[0] in _COMPARISONS:
                guards, value = self.value(shape[1])
                tests += [*guards, self.comparison(shape, value)]
            else:
                tests.append(self.condition(shape))
        self.known.forget(mark)
        return _both(tests)

    def any_of(self, shapes: Sequence[Shape]) -> ast.expr:
        if len(shapes) > LONG_GROUP:
            return _either(self.in_parts("any", shapes))
        mark = self.known.mark()
        tests = []
        for alike in _by_column(sorted(shapes, key=_cost)):
            before = self.known.mark()
            if alike[0][0] in _COMPARISONS:
                guards, value = self.value(alike[0][1])
                tests.append(_both([*guards, _either([self.comparison(shape, value) for shape in alike])]))
                self.known.keep_first(before)
            else:
                tests.append(self.condition(alike[0]))
        self.known.forget(mark)
        return _either(tests)

    def null(self, column: Column, negated: bool) -> ast.expr:
        if column in self.known.present:
            present: ast.expr = _TRUE if self.known.present[column] else _is_present(self.variable(column))
            return present if negated else _not(present)
        mark = self.known.mark()
        guards, holder = self.holder(column)
        value = self.load(holder, column, len(column.source) - 1)
        if guards:
            test = _both([*guards, _is_present(value)])
            self.known.keep_first(mark)
            return test if negated else _not(test)
        return _is_present(value) if negated else _is(value, _NONE)

    def counted(self, column: Column, operator: str, index: int) -> ast.expr:
        return _compared(_call("len", self.relation(column)), operator, self.module.constant(index))

    def related(self, column: Column, operator: str, inner: Shape | None) -> ast.expr:
        relation = self.relation(column)
        if inner is None:
            return _compared(_call("len", relation), "gt" if operator == "any" else "eq", Constant(0))
        test = self.module.apart(inner, top=False)
        found = _call("all" if operator == "all" else "any", _call("map", test, relation))
        return _not(found) if operator == "none" else found

    def relation(self, column: Column) -> ast.expr:
        """The related records, as a list; where the way there ends in null, none."""
        function = "related_mappings" if self.module.access == "mapping" else "related_objects"
        mark = self.known.mark()
        guards, holder = self.holder(column)
        records = _call(function, self.load(holder, column, len(column.source) - 1), *_told(column))
        self.known.forget(mark)
        return IfExp(_both(guards), records, Tuple([], _LOAD)) if guards else records

    # values

    def value(self, column: Column) -> tuple[list[ast.expr], ast.expr]:
        """Conditions under which the column's value is present, and where it then is, in its final form."""
        variable = self.variable(column)
        if column in self.known.present:
            if self.known.present[column]:
                return [], variable
            self.known.learn(column, True)
            return [_is_present(variable)], variable
        guards, holder = self.holder(column)
        load = NamedExpr(_stored(self.variable(column).id), self.load(holder, column, len(column.source) - 1))
        guards.append(self.read(column, variable, load))
        self.known.learn(column, True)
        return guards, variable

    def read(self, column: Column, variable: ast.Name, load: ast.expr) -> ast.expr:
        """Whether the loaded value is present; a value not yet in its final form is brought into it."""
        kind = column.kind
        function, expected, arguments = _READERS[kind]
        told = () if kind == "custom" else _told(column)
        brought = NamedExpr(_stored(variable.id), _call(function, variable, *map(_name, arguments), *told))
        final = _is(_class_of(load), _name(expected))
        if kind == "datetime":
            final = _both([final, _is(Attribute(variable, "tzinfo", _LOAD), _name("UTC"))])
        return _either([final, _both([_is_present(variable), _is_present(brought)])])

    def holder(self, column: Column) -> tuple[list[ast.expr], ast.expr]:
        """Conditions under which there is something that holds the column's value, and where that is."""
        guards: list[ast.expr] = []
        holder: ast.expr = _name("record")
        for position in range(len(column.source) - 1):
            lenient = column.kind == "custom" or column.wild[position + 1]
            slot = (column.source[: position + 1], lenient)
            variable = self.variable(slot)
            if slot not in self.known.present:
                load = NamedExpr(_stored(variable.id), self.load(holder, column, position))
                guards.append(self.holds(column, position, variable, load, lenient))
                self.known.learn(slot, True)
            elif not self.known.present[slot]:
                guards.append(_is_present(variable))
                self.known.learn(slot, True)
            holder = variable
        return guards, holder

    def holds(self, column: Column, position: int, variable: ast.Name, load: ast.expr, lenient: bool) -> ast.expr:
        """Whether the loaded value may hold others."""
        wild = column.wild[position + 1]
        if self.module.access == "attribute" and not wild:
            return _is_present(load)
        if lenient:
            checked = _call("mapping_or_none", variable)
        else:
            path = ".".join(column.source[: position + 1])
            checked = _call("mapping", variable, Constant(path), Constant("object"))
        brought = NamedExpr(_stored(variable.id), checked)
        final = _is(_class_of(load), _name("dict"))
        return _either([final, _both([_is_present(variable), _is_present(brought)])])

    def load(self, holder: ast.expr, column: Column, position: int) -> ast.expr:
        """The value of one segment of the column's source, None where it is missing."""
        name = column.source[position]
        if name.startswith("__"):
            return _NONE
        key = Constant(name)
        by_key = Call(Attribute(holder, "get", _LOAD), [key], [])
        if self.module.access == "mapping" or column.wild[position]:
            return by_key
        by_attribute = _call("getattr", holder, key, _NONE)
        if position == 0 and self.top:
            return by_attribute
        is_object = _either([Compare(_class_of(holder), [_IN], [_name("OBJECTS")]), _call("is_object", holder)])
        return IfExp(is_object, by_attribute, by_key)

    def variable(self, slot: object) -> ast.Name:
        return _name(self.variables.setdefault(slot, f"v{len(self.variables)}"))

    # comparisons of a value that is present

    def comparison(self, shape: Shape, value: ast.expr) -> ast.expr:
        return _COMPARISONS[shape[0]](self, value, *shape[1:])

    def equal(self, value: ast.expr, column: Column, family: str, negated: bool, index: int) -> ast.expr:
        if family == "boolean":
            return Compare(value, [_IS_NOT if negated else _IS], [self.module.constant(index)])
        return self.by_family(family, _COMPARE["ne" if negated else "eq"], index, value)

    def one_of(self, value: ast.expr, column: Column, family: str, negated: bool, index: int) -> ast.expr:
        return self.by_family(family, _NOT_IN if negated else _IN, index, value)

    def order(self, value: ast.expr, column: Column, family: str, operator: str, index: int) -> ast.expr:
        test = self.by_family(family, _COMPARE[operator], index, value)
        if column.kind != "custom":
            return test
        if family == "text":
            return _both([_is(_class_of(value), _name("str")), test])
        return _both([Compare(_class_of(value), [_IN], [_name("NUMBERS")]), test])

    def between(self, value: ast.expr, column: Column, negated: bool, index: int) -> ast.expr:
        bounds = self.module.constant(index), self.module.constant(index + 1)
        inside = Compare(bounds[0], [_COMPARE["lte"], _COMPARE["lt"]], [value, bounds[1]])
        return _not(inside) if negated else inside

    def by_family(self, family: str, sign: ast.cmpop, index: int, value: ast.expr) -> ast.expr:
        """The comparison with its constant; where floats need a constant of their own, with that for them."""
        exact = Compare(value, [sign], [self.module.constant(index)])
        if family != "exact":
            return exact
        return IfExp(
            _is(_class_of(value), _name("float")), Compare(value, [sign], [self.module.constant(index + 1)]), exact
        )

    def text(self, value: ast.expr, column: Column, operator: str, number: int, index: int) -> ast.expr:
        tests: list[ast.expr] = []
        for needle in map(self.module.constant, range(index, index + number)):
            seen = self.seen_text(column, value)
            if operator == "contains":
                tests.append(Compare(needle, [_IN], [seen]))
            elif operator == "fits":
                tests.append(Call(needle, [seen], []))
            else:
                tests.append(Call(Attribute(seen, operator, _LOAD), [needle], []))
        test = _either(tests)
        return _both([_is(_class_of(value), _name("str")), test]) if column.kind == "custom" else test

    def seen_text(self, column: Column, value: ast.expr) -> ast.expr:
        """The text that text operators look at, worked out at most once where that is certain."""
        slot = "text", column
        if column.kind == "currency":
            seen = _call("plain_decimal", value)
        elif column.case_sensitive:
            return value
        else:
            seen = Call(Attribute(value, "lower", _LOAD), [], [])
        if column.kind == "custom" or self.looks[column] == 1:
            return seen
        variable = self.variable(slot)
        if slot in self.known.present:
            return variable
        self.known.learn(slot, True)
        return NamedExpr(_stored(variable.id), seen)


def _count_looks(shape: Shape, looks: dict[Column, int]) -> None:
    """Count how often text operators look at each column."""
    word = shape[0]
    if word == "text":
        looks[shape[1]] = looks.get(shape[1], 0) + shape[3]
    elif word == "all" or word == "any":
        for inner in shape[1]:
            _count_looks(inner, looks)


_CONDITIONS: Final[dict[str, Callable[..., ast.expr]]] = {
    "all": _Record.all_of,
    "any": _Record.any_of,
    "always": _Record.always,
    "null": _Record.null,
    "related": _Record.related,
    "counted": _Record.counted,
}
"""The words of shapes that look at a record as a whole."""

_COMPARISONS: Final[dict[str, Callable[..., ast.expr]]] = {
    "equal": _Record.equal,
    "oneof": _Record.one_of,
    "order": _Record.order,
    "between": _Record.between,
    "text": _Record.text,
}
"""The words of shapes that compare a value, and so need it to be present."""

_READERS: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "string": ("text", "str", ()),
    "enum": ("text", "str", ()),
    "number": ("number", "int", ()),
    "currency": ("number", "int", ()),
    "boolean": ("boolean", "bool", ()),
    "id": ("identifier", "str", ()),
    "date": ("day", "date", ("timezone",)),
    "datetime": ("instant", "datetime", ("storage_timezone",)),
    "custom": ("custom", "str", ()),
}
"""For each kind of column the function of `records` that reads it, the class of values that need no reading, and what it is told."""

_COSTS: Final = {
    "always": 0,
    "equal": 1,
    "null": 1,
    "oneof": 1,
    "order": 2,
    "between": 2,
    "text": 4,
    "counted": 6,
    "related": 7,
}


def _told(column: Column) -> tuple[ast.expr, ast.expr]:
    """What a reader is told for its error message."""
    return Constant(column.path), Constant(column.kind)


def _cost(shape: Shape) -> int:
    """What a test costs, roughly, so that cheap and selective ones come first."""
    word = shape[0]
    if word == "all" or word == "any":
        return 1 + max([_COSTS.get(inner[0], 7) for inner in shape[1]])
    if word in _COMPARISONS and shape[1].kind in ("date", "datetime"):
        return _COSTS[word] + 3
    return 3 if (word == "equal" or word == "oneof") and shape[3] else _COSTS[word]


def _by_column(shapes: list[Shape]) -> list[list[Shape]]:
    """The shapes one by one, but comparisons of one column together."""
    groups: dict[object, list[Shape]] = {}
    for shape in shapes:
        groups.setdefault(shape[1] if shape[0] in _COMPARISONS else id(shape), []).append(shape)
    return list(groups.values())
