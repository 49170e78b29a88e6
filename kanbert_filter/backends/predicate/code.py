"""Predicates as code: from the shape of a test to the text of a Python function, and from there to the function.

A *shape* is a test without its constants: nested tuples, each a word, the column, and the number of its first constant. Filters of
one shape share their code; each gets its own constants, as closure variables. What tests the records of a relation is a constant, too:
a function of its own.

The text is put together from a fixed vocabulary and numbers, and nothing that anybody chose stands in it: neither values nor names. A
field's name is a placeholder in the text (`'n0'`), and the name itself becomes a constant of the compiled code. So shapes that differ in
names alone have one text, which is compiled once.

What makes the code fast, in the order of what it saves:

- *One look at a class.* `(v := record.get("title")).__class__ is str` is all that a well-typed value costs; every other value, null
  first, goes on to the functions of `records`.
- *Nothing twice.* While one condition after another is written down, a `Known` remembers which values are already loaded, which are
  known to be present and which texts are lower-cased, on the path that leads there; what is known is not asked again.
- *Cheap and selective first.* AND and OR have no order, so a set look-up runs before a lower-casing, and that before a relation.
- *Exact numbers without conversion.* An integer compares as it is with everything; for other constants `for_floats` has found the
  float that separates floats in the same way.
- *Bound, not looked up.* The constants looked at first are closure variables, the others stand in a tuple; code shared by many filters
  never misses a cache.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from types import CodeType
from typing import Any, Final, Literal

from ...meaning.tests import Column
from . import records

Access = Literal["mapping", "attribute"]
Shape = tuple[Any, ...]

VARIABLES: Final = ("f0", "f1", "f2")
"""Closure variables for the constants that are looked at first; a call pays for each. The others stand in one tuple, `constants`."""

ANSWER: Final = 0
"""The number of the constant that answers in a function that waits for its code. Compiled code does not look at it."""

ZONES: Final = {"storage": 1, "days": 2}
"""The numbers of the constants that are time zones."""

CONSTANTS: Final = 3
"""The number of the first constant that a filter itself brings."""

SHORT_TEXT: Final = 20_000
"""Longer texts are not kept: they hardly come again."""


Code = Callable[[list[Any]], Any]
"""Code of a function that lacks its constants: gives the function for these."""


def matching(shape: Shape, access: Access, top: bool) -> Code:
    """Code for `matches(record)`. Unless on top, the record is a related one, which even among objects may be a mapping."""
    module = _Module(access)
    return module.code("matches", "record", f"  return {_Record(module, shape, top=top).condition(shape, {})}\n")


def selecting(shape: Shape, access: Access, top: bool) -> Code:
    """Code for `select(records)`: the same condition inside a loop, which saves a call for each record."""
    module = _Module(access)
    loop = f"""\
  selected=[]
  keep=selected.append
  for record in records:
   if {_Record(module, shape, top=top).condition(shape, {})}:keep(record)
  return selected
"""
    return module.code("select", "records", loop)


@cache
def waiting() -> Code:
    """Code for a `matches(record)` that lets a constant answer. It can be exchanged for compiled code: all code has the same variables."""
    module = _Module("mapping")
    return module.code("matches", "record", f"  return constants[{ANSWER}](record)\n")


# pieces of text: what binds looser than a comparison stands in parentheses, but for a row of ANDs


_COMPARE: Final = {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def _both(tests: Sequence[str]) -> str:
    return " and ".join(tests)


def _either(tests: Sequence[str]) -> str:
    return f"({' or '.join(tests)})" if len(tests) != 1 else tests[0]


# one function


_ENVIRONMENT: Final[dict[str, Any]] = {
    **{kind.__name__: kind for kind in (bool, date, datetime, dict, float, int, str)},
    **{function.__name__: function for function in (all, any, getattr, len, map)},
    **{name: getattr(records, name) for name in records.__all__},
    "UTC": UTC,
    "__builtins__": {},
}
"""All that the code may name, beside its own variables."""


class _Module:
    """The code of one function."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self.places: dict[str | records.Field, str] = {}
        self.first: dict[int, str] = {}

    def constant(self, index: int) -> str:
        if index not in self.first:
            if len(self.first) == len(VARIABLES):
                return f"constants[{index}]"
            self.first[index] = VARIABLES[len(self.first)]
        return self.first[index]

    def name(self, name: str | records.Field) -> str:
        """A placeholder for a name, or for what a reader is told for its error message."""
        return self.places.get(name) or self.places.setdefault(name, f"'n{len(self.places)}'")

    def code(self, name: str, parameter: str, body: str) -> Code:
        """What stands after a `return` is never done, but makes the variables those of every function."""
        variables = f"constants,{','.join(VARIABLES)}"
        text = f"def factory({variables}):\n def {name}({parameter}):\n{body}  {variables}\n return {name}\n"
        compiled = _compiled(text) if len(text) <= SHORT_TEXT else _compiled.__wrapped__(text)
        space: dict[str, Any] = {}
        exec(_named(compiled, {place[1:-1]: name for name, place in self.places.items()}), _ENVIRONMENT, space)
        factory = space["factory"]
        first, second, third = (*self.first, ANSWER, ANSWER, ANSWER)[:3]

        def bound(constants: list[Any]) -> Any:
            return factory(tuple(constants), constants[first], constants[second], constants[third])

        return bound


@lru_cache(maxsize=256)
def _compiled(text: str) -> CodeType:
    return compile(text, "<predicate>", "exec", dont_inherit=True)


def _named(code: CodeType, names: Mapping[str, str | records.Field]) -> CodeType:
    """The code with names in place of their placeholders."""
    constants = [
        names.get(c, c) if c.__class__ is str else _named(c, names) if c.__class__ is CodeType else c
        for c in code.co_consts
    ]
    return code.replace(co_consts=tuple(constants))


# one function for one record


Known = dict[object, bool]
"""Which values are loaded where the next condition is written, and whether they are known to be present.

A value that is loaded is None or in its final form.
"""


class _Record:
    """Writes conditions on one record, `record`, whose values it keeps in local variables."""

    def __init__(self, module: _Module, shape: Shape, *, top: bool) -> None:
        self.module = module
        self.top = top
        self.variables: dict[object, str] = {}
        self.looks: dict[Column, int] = {}
        _count_looks(shape, self.looks)

    # conditions

    def condition(self, shape: Shape, known: Known) -> str:
        """The shape as an expression that is True or False. What is known after it, whether it holds or not, is added to `known`."""
        word = shape[0]
        if word not in _COMPARISONS:
            return _CONDITIONS[word](self, known, *shape[1:])
        inside = known.copy()
        guards, value = self.value(shape[1], inside)
        known.setdefault(_first_slot(shape[1]), False)
        return _both([*guards, self.comparison(shape, value, inside)])

    def always(self, known: Known, value: bool) -> str:
        return "True" if value else "False"

    def all_of(self, known: Known, shapes: Sequence[Shape]) -> str:
        inside = known.copy()
        tests = []
        for [shape] in arranged("all", shapes):
            if shape[0] in _COMPARISONS:
                guards, value = self.value(shape[1], inside)
                tests += guards
                tests.append(self.comparison(shape, value, inside))
            else:
                tests.append(self.condition(shape, inside))
        return _both(tests)

    def any_of(self, known: Known, shapes: Sequence[Shape]) -> str:
        between = known.copy()
        tests = []
        for alike in arranged("any", shapes):
            if len(alike) == 1:
                tests.append(self.condition(alike[0], between))
                continue
            inside = between.copy()
            guards, value = self.value(alike[0][1], inside)
            tests.append(_both([*guards, _either([self.comparison(shape, value, inside) for shape in alike])]))
            between.setdefault(_first_slot(alike[0][1]), False)
        return _either(tests)

    def null(self, known: Known, column: Column, negated: bool) -> str:
        sign = "is not" if negated else "is"
        if column in known:
            if known[column]:
                return "True" if negated else "False"
            return f"{self.variable(column)} {sign} None"
        guards, holder = self.holder(column, known.copy())
        value = self.load(holder, column, len(column.source) - 1)
        if not guards:
            return f"{value} {sign} None"
        known.setdefault(_first_slot(column), False)
        test = _both([*guards, f"{value} is not None"])
        return test if negated else f"not ({test})"

    def counted(self, known: Known, column: Column, operator: str, index: int) -> str:
        return f"len({self.relation(known, column)}) {_COMPARE[operator]} {self.module.constant(index)}"

    def apart(self, known: Known, index: int) -> str:
        return f"{self.module.constant(index)}(record)"

    def related(self, known: Known, column: Column, operator: str, index: int | None) -> str:
        relation = self.relation(known, column)
        if index is None:
            return f"len({relation}) {'>' if operator == 'any' else '=='} 0"
        test = self.module.constant(index)
        found = f"{'all' if operator == 'all' else 'any'}(map({test},{relation}))"
        return f"not {found}" if operator == "none" else found

    def relation(self, known: Known, column: Column) -> str:
        """The related records, as a list; where the way there ends in null, none."""
        function = "related_mappings" if self.module.access == "mapping" else "related_objects"
        guards, holder = self.holder(column, known.copy())
        field = self.module.name((column.path, column.kind))
        records = f"{function}({self.load(holder, column, len(column.source) - 1)},{field})"
        return f"({records} if {_both(guards)} else ())" if guards else records

    # values

    def value(self, column: Column, known: Known) -> tuple[list[str], str]:
        """Conditions under which the column's value is present, and where it then is, in its final form."""
        variable = self.variable(column)
        present = known.get(column)
        if present:
            return [], variable
        if present is None:
            guards, holder = self.holder(column, known)
            load = f"({variable}:={self.load(holder, column, len(column.source) - 1)})"
            guards.append(self.read(column, variable, load))
        else:
            guards = [f"{variable} is not None"]
        known[column] = True
        return guards, variable

    def read(self, column: Column, variable: str, load: str) -> str:
        """Whether the loaded value is present; a value not yet in its final form is brought into it."""
        function, expected, zone = _READERS[column.kind]
        arguments = [variable]
        if column.kind != "custom":
            arguments.append(self.module.name((column.path, column.kind)))
        if zone is not None:
            arguments.append(zone)
        brought = f"{function}({','.join(arguments)})"
        final = f"{load}.__class__ is {expected}"
        if expected == "datetime":
            final += f" and {variable}.tzinfo is UTC"
            brought = f"iso_instant({variable}) or {brought}"
        brought = f"{variable}:={brought}"
        return _final_or_brought(final, variable, f"[{brought}]" if zone is None else f"({brought})")

    def holder(self, column: Column, known: Known) -> tuple[list[str], str]:
        """Conditions under which there is something that holds the column's value, and where that is."""
        guards: list[str] = []
        holder = "record"
        for position in range(len(column.source) - 1):
            slot = _holder_slot(column, position)
            variable = self.variable(slot)
            present = known.get(slot)
            if present is None:
                load = f"({variable}:={self.load(holder, column, position)})"
                guards.append(self.holds(column, position, variable, load))
            elif not present:
                guards.append(f"{variable} is not None")
            known[slot] = True
            holder = variable
        return guards, holder

    def holds(self, column: Column, position: int, variable: str, load: str) -> str:
        """Whether the loaded value may hold others."""
        if self.module.access == "attribute" and not column.wild[position + 1]:
            return f"{load} is not None"
        if _is_lenient(column, position):
            brought = f"({variable}:=mapping_or_none({variable})) is not None"
        else:
            field = self.module.name((".".join(column.source[: position + 1]), "object"))
            brought = f"[{variable}:=mapping({variable},{field})]"
        return _final_or_brought(f"{load}.__class__ is dict", variable, brought)

    def load(self, holder: str, column: Column, position: int) -> str:
        """The value of one segment of the column's source, None where it is missing."""
        name = column.source[position]
        if name.startswith("__"):
            return "None"
        key = self.module.name(name)
        by_key = f"{holder}.get({key})"
        wild = column.wild[position]
        if self.module.access == "mapping" or (wild and position > 0):  # `holds` has seen to it
            return by_key
        by_attribute = "None" if wild else f"getattr({holder},{key},None)"
        if position == 0 and self.top and not wild:
            return by_attribute
        return f"({by_attribute} if {holder}.__class__ in OBJECTS or is_object({holder}) else {by_key})"

    def variable(self, slot: object) -> str:
        return self.variables.get(slot) or self.variables.setdefault(slot, f"v{len(self.variables)}")

    # comparisons of a value that is present

    def comparison(self, shape: Shape, value: str, known: Known) -> str:
        if shape[0] == "text":
            return self.text(value, known, *shape[1:])
        return _COMPARISONS[shape[0]](self, value, *shape[1:])

    def equal(self, value: str, column: Column, family: str, negated: bool, index: int) -> str:
        if family == "boolean":
            return f"{value} {'is not' if negated else 'is'} {self.module.constant(index)}"
        return self.by_family(family, "!=" if negated else "==", index, value)

    def one_of(self, value: str, column: Column, family: str, negated: bool, index: int) -> str:
        return self.by_family(family, "not in" if negated else "in", index, value)

    def order(self, value: str, column: Column, family: str, operator: str, index: int) -> str:
        test = self.by_family(family, _COMPARE[operator], index, value)
        if column.kind != "custom":
            return test
        comparable = "is str" if family == "text" else "in NUMBERS"
        return f"{value}.__class__ {comparable} and {test}"

    def between(self, value: str, column: Column, negated: bool, index: int) -> str:
        inside = f"{self.module.constant(index)} <= {value} < {self.module.constant(index + 1)}"
        return f"not {inside}" if negated else inside

    def by_family(self, family: str, sign: str, index: int, value: str) -> str:
        """The comparison with its constant; where floats need a constant of their own, with that for them."""
        exact = f"{value} {sign} {self.module.constant(index)}"
        if family != "exact":
            return exact
        for_floats = f"{value} {sign} {self.module.constant(index + 1)}"
        return f"({for_floats} if {value}.__class__ is float else {exact})"

    def text(self, value: str, known: Known, column: Column, operator: str, number: int, index: int) -> str:
        tests = []
        for needle in map(self.module.constant, range(index, index + number)):
            seen = self.seen_text(column, value, known)
            if operator == "contains":
                tests.append(f"{needle} in {seen}")
            elif operator == "fits":
                tests.append(f"{needle}({seen})")
            else:
                tests.append(f"{seen}.{operator}({needle})")
        test = _either(tests)
        return f"{value}.__class__ is str and {test}" if column.kind == "custom" else test

    def seen_text(self, column: Column, value: str, known: Known) -> str:
        """The text that text operators look at, worked out at most once where that is certain."""
        slot = "text", column
        if column.kind == "currency":
            seen = f"plain_decimal({value})"
        elif column.case_sensitive:
            return value
        else:
            seen = f"{value}.lower()"
        if column.kind == "custom" or self.looks[column] == 1:
            return seen
        variable = self.variable(slot)
        if slot in known:
            return variable
        known[slot] = True
        return f"({variable}:={seen})"


def _holder_slot(column: Column, position: int) -> object:
    return column.source[: position + 1], _is_lenient(column, position)


def _is_lenient(column: Column, position: int) -> bool:
    """Whether what should hold others may be anything: then it holds nothing."""
    return column.kind == "custom" or column.wild[position + 1]


def _first_slot(column: Column) -> object:
    """What is loaded first on the way to a column's value."""
    return column if len(column.source) == 1 else _holder_slot(column, 0)


def _final_or_brought(final: str, variable: str, brought: str) -> str:
    """Whether something is there: in its final form, or brought into it by an expression that is true then.

    What is brought may be false itself; a list of it, `[v := text(v)]`, is not.
    """
    return f"({final} or {variable} is not None and {brought})"


def _count_looks(shape: Shape, looks: dict[Column, int]) -> None:
    """Count how often text operators look at each column."""
    word = shape[0]
    if word == "text":
        looks[shape[1]] = looks.get(shape[1], 0) + shape[3]
    elif word == "all" or word == "any":
        for inner in shape[1]:
            _count_looks(inner, looks)


_CONDITIONS: Final[dict[str, Callable[..., str]]] = {
    "all": _Record.all_of,
    "any": _Record.any_of,
    "always": _Record.always,
    "apart": _Record.apart,
    "null": _Record.null,
    "related": _Record.related,
    "counted": _Record.counted,
}
"""The words of shapes that look at a record as a whole."""

_COMPARISONS: Final[dict[str, Callable[..., str]]] = {
    "equal": _Record.equal,
    "oneof": _Record.one_of,
    "order": _Record.order,
    "between": _Record.between,
    "text": _Record.text,
}
"""The words of shapes that compare a value, and so need it to be present."""

_READERS: Final[dict[str, tuple[str, str, str | None]]] = {
    "string": ("text", "str", None),
    "enum": ("text", "str", None),
    "number": ("number", "int", None),
    "currency": ("number", "int", None),
    "boolean": ("boolean", "bool", None),
    "id": ("identifier", "str", None),
    "date": ("day", "date", f"constants[{ZONES['days']}]"),
    "datetime": ("instant", "datetime", f"constants[{ZONES['storage']}]"),
    "custom": ("custom", "str", None),
}
"""For each kind of column the function of `records` that reads it, the class of values that need no reading, and the time zone it takes."""

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
    "apart": 7,
}


def _cost(shape: Shape) -> int:
    """What a test costs, roughly, so that cheap and selective ones come first."""
    word = shape[0]
    if word == "all" or word == "any":
        return 1 + max([_COSTS.get(inner[0], 7) for inner in shape[1]])
    if word in _COMPARISONS and shape[1].kind in ("date", "datetime"):
        return _COSTS[word] + 3
    return 3 if (word == "equal" or word == "oneof") and shape[3] else _COSTS[word]


def arranged(word: str, shapes: Sequence[Shape]) -> list[list[Shape]]:
    """The members of a group in the order in which they are asked: cheap ones first, and in OR comparisons of one column together."""
    ordered = sorted(shapes, key=_cost)
    if word == "all":
        return [[shape] for shape in ordered]
    families: dict[object, list[Shape]] = {}
    for shape in ordered:
        families.setdefault(shape[1] if shape[0] in _COMPARISONS else id(shape), []).append(shape)
    return list(families.values())
