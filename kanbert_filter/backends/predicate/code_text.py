"""From a shape to the text of a Python function.

The text is put together from a fixed vocabulary and numbers, and nothing that anybody chose is in it, neither values nor names.
Names are given to the code later, as the constants are. So shapes that differ in names only have one text, which is compiled
once; and no name becomes a constant of a code object. CPython 3.12 and free-threaded builds intern such constants and never free
them, while wildcards admit any name.

What makes the code fast, in the order of what it saves:

- *One look at a class.* `(v := record.get(name)).__class__ is str` is all that a well-typed value costs; every other value, null
  first, goes on to the functions of `records`.
- *Nothing twice.* While one condition after another is written, a `Known` remembers which values are already loaded, which are
  known to be present and which texts are lower-cased, on the path that leads there; what is known is not asked again.
- *Cheap and selective first.* AND and OR have no order, so a set look-up runs before a lower-casing, and that before a relation.
- *Exact numbers without conversion.* An integer compares as it is with everything; for other constants `for_floats` has found the
  float that separates floats in the same way.
- *Bound, not looked up.* What is looked at first is in closure variables, the rest in a tuple; in a loop over records everything
  is in local variables.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import count
from typing import Final, Literal

from ...kinds import exhaustive
from ...meaning.tests import Column
from .records import READERS, FieldOfError, holder_of
from .shapes import ConditionWord, Manner, Shape, conditions_of, number_of_constants

Access = Literal["mapping", "attribute"]

FactoryText = tuple[str, tuple[object, ...]]
"""The text of a function `factory(rest)`, which gives the function for one filter, and the names that `rest` ends with.

`rest` is a tuple: what a waiting function asks (compiled code never looks at it), the context, the constants, the names.
"""

ANSWER, _CONTEXT, _CONSTANTS = range(3)


def matching_text(shape: Shape, access: Access, *, top: bool, variables: int) -> FactoryText:
    """A factory of `matches(record)`. Unless on top, the record is a related one, which even among objects may be a mapping.

    So many constants and names are closure variables. All functions with equally many have the same variables, so that one can be
    given the code of another (see `waiting`): that is what the line after the `return` is for, which is never reached.
    """
    names = _Vocabulary(shape, variables)
    condition = _Record(names, shape, access, top=top).condition(_numbered(shape, count(_CONSTANTS)), {})
    bound = [f"{names.first[n]}=rest[{n}]" for n in names.first]
    bound += [f"{name}=None" for name in _closure(variables)[len(bound) :]]
    body = f"return {condition}"
    if top and access == "mapping":
        body = f"try:{body}\n  {_OTHER_RECORDS}"
    function = f" def matches(record):\n  {body}\n  {_all_variables(variables)}\n return matches\n"
    return f"def factory(rest):\n {';'.join(bound or ['pass'])}\n{function}", tuple(names.names)


def passing_on_text(variables: int) -> str:
    """A factory of a `matches(record)` that passes on what the first item of `rest` says, with the variables of other `matches`."""
    empty = "=".join([*_closure(variables), "None"])
    function = (
        f" def matches(record):\n  return rest[{ANSWER}](record)\n  {_all_variables(variables)}\n return matches\n"
    )
    return f"def factory(rest):\n {empty}\n{function}"


def selecting_text(shape: Shape, access: Access, *, top: bool) -> FactoryText:
    """A factory of `select(records)`: the condition inside a loop, which saves a call for each record."""
    names = _Vocabulary(shape, None)
    condition = _Record(names, shape, access, top=top).condition(_numbered(shape, count(_CONSTANTS)), {})
    every = "".join([f"c{index}," for index in range(names.start + len(names.names))])
    loop = f"for record in records:\n    if {condition}:keep(record)"
    if access == "mapping":
        loop = f"record={{}}\n  try:\n   {loop}\n  {_OTHER_RECORDS}"
    function = f"""\
def factory(rest):
 def select(records):
  {every}=rest
  selected=[]
  keep=selected.append
  {loop}
  return selected
 return select
"""
    return function, tuple(names.names)


_OTHER_RECORDS: Final = "except AttributeError as error:raise no_mapping(record,error)"
"""What ends a `try` around code that asks mappings; while nothing is raised, it costs nothing."""


def _closure(variables: int) -> list[str]:
    return [f"f{number}" for number in range(variables)]


def _all_variables(variables: int) -> str:
    return ",".join(["rest", *_closure(variables)])


class _Vocabulary:
    """What constants and names are called in the text."""

    def __init__(self, shape: Shape, variables: int | None) -> None:
        """With so many closure variables; without a number, everything is a local variable."""
        self.variables = variables
        self.start = _CONSTANTS + sum(map(number_of_constants, conditions_of(shape)))
        self.names: dict[object, int] = {}
        self.first: dict[int, str] = {}

    @property
    def context(self) -> str:
        return f"c{_CONTEXT}" if self.variables is None else f"rest[{_CONTEXT}]"

    def constant(self, index: int) -> str:
        """A constant, or a name that is looked at whenever its condition is."""
        if self.variables is None:
            return f"c{index}"
        if index not in self.first and len(self.first) < self.variables:
            self.first[index] = f"f{len(self.first)}"
        return self.first.get(index) or f"rest[{index}]"

    def key(self, name: str, *, wild: bool) -> str:
        """A name under which something is looked up.

        The names that the endpoint's owner chose are interned, as names in programs are: then a look-up finds them by identity,
        which makes a predicate faster by a tenth. Names that a wildcard admits are anybody's, and interned ones might stay for ever.
        """
        if name not in self.names:
            self.names[name if wild else sys.intern(name)] = self.start + len(self.names)
        return self.constant(self.names[name])

    def field(self, column: Column) -> str:
        """The field as an error message names it, which is hardly ever looked at."""
        return self.field_of((column.path, column.kind))

    def field_of(self, field: FieldOfError) -> str:
        index = self.names.setdefault(field, self.start + len(self.names))
        return f"c{index}" if self.variables is None else f"rest[{index}]"


def _numbered(shape: Shape, numbers: count[int]) -> Shape:
    """The shape with the number of its first constant at the end of each condition."""
    if shape[0] == "all" or shape[0] == "any":
        return shape[0], tuple([_numbered(member, numbers) for member in shape[1]])
    taken = [next(numbers) for _ in range(number_of_constants(shape))]
    return (*shape, taken[0] if taken else 0)


# pieces of text: what binds looser than a comparison is in parentheses, but for a row of ANDs


_COMPARE: Final = {"eq": "==", "ne": "!=", "lt": "<", "lte": "<=", "gt": ">", "gte": ">="}


def _both(tests: Sequence[str]) -> str:
    return " and ".join(tests)


def _either(tests: Sequence[str]) -> str:
    return f"({' or '.join(tests)})" if len(tests) != 1 else tests[0]


# one function for one record


Known = dict[object, bool]
"""Which values are loaded where the next condition is written, and whether they are known to be present.

A value that is loaded is None or in its final form.
"""


class _Record:
    """Writes conditions on one record, `record`, whose values it keeps in local variables."""

    def __init__(self, names: _Vocabulary, shape: Shape, access: Access, *, top: bool) -> None:
        self.names = names
        self.access = access
        self.top = top
        self.variables: dict[object, str] = {}
        self.looks: dict[Column, int] = {}
        for condition in conditions_of(shape):  # how often text operators look at each column
            if condition[0] == "text":
                self.looks[condition[1]] = self.looks.get(condition[1], 0) + condition[3]

    # conditions

    def condition(self, shape: Shape, known: Known) -> str:
        """The shape as an expression that is True or False. What is known after it, whether it holds or not, is added to `known`."""
        word = shape[0]
        if word == "all":
            return self.all_of(known, shape[1])
        if word == "any":
            return self.any_of(known, shape[1])
        if word not in _COMPARISONS:
            return _CONDITIONS[word](self, known, *shape[1:])
        # What the guards find out holds only behind them. What is certain behind the whole condition, whether it is true or
        # false, is that the first of them was asked, and so the first value on the way is loaded.
        inside = known.copy()
        guards, value = self.value(shape[1], inside)
        known.setdefault(_first_slot(shape[1]), False)
        return _both([*guards, self.comparison(shape, value, inside)])

    def always(self, known: Known, value: bool, index: int) -> str:
        return "True" if value else "False"

    def all_of(self, known: Known, shapes: Sequence[Shape]) -> str:
        # Each member is asked only if those before it hold, so what their guards found out is still known. Behind the group
        # nothing of it is, since any of its members may have ended it.
        inside = known.copy()
        tests = []
        for [shape] in in_asking_order("all", shapes):
            if shape[0] in _COMPARISONS:
                guards, value = self.value(shape[1], inside)
                tests += guards
                tests.append(self.comparison(shape, value, inside))
            else:
                tests.append(self.condition(shape, inside))
        return _both(tests)

    def any_of(self, known: Known, shapes: Sequence[Shape]) -> str:
        # A member is asked only if those before it are false: of them it knows what is known behind false conditions.
        between = known.copy()
        tests = []
        for alike in in_asking_order("any", shapes):
            if len(alike) == 1:
                tests.append(self.condition(alike[0], between))
                continue
            inside = between.copy()
            guards, value = self.value(alike[0][1], inside)
            tests.append(_both([*guards, _either([self.comparison(shape, value, inside) for shape in alike])]))
            between.setdefault(_first_slot(alike[0][1]), False)
        return _either(tests)

    def null(self, known: Known, column: Column, negated: bool, index: int) -> str:
        sign = "is not" if negated else "is"
        if column in known:  # a value that is loaded is None or in its final form, so it can be asked once more
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
        return f"len({self.relation(known, column)}) {_COMPARE[operator]} {self.names.constant(index)}"

    def apart(self, known: Known, inner: Shape, index: int) -> str:
        return f"{self.names.constant(index)}(record)"

    def related(self, known: Known, column: Column, operator: str, inner: Shape | None, index: int) -> str:
        relation = self.relation(known, column)
        if inner is None:
            return f"len({relation}) {'>' if operator == 'any' else '=='} 0"
        test = self.names.constant(index)
        found = f"{'all' if operator == 'all' else 'any'}(map({test},{relation}))"
        return f"not {found}" if operator == "none" else found

    def relation(self, known: Known, column: Column) -> str:
        """The related records, as a list; where the way there ends in null, none."""
        function = "related_mappings" if self.access == "mapping" else "related_objects"
        guards, holder = self.holder(column, known.copy())
        value = self.load(holder, column, len(column.source) - 1)
        records = f"{function}({value},{self.names.field(column)})"
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
        function, final_class, zone = READERS[column.kind]  # type: ignore[index]  # others are compared with nothing
        arguments = [variable]
        if column.kind != "custom":
            arguments.append(self.names.field(column))
        if zone is not None:
            arguments.append(f"{self.names.context}.{zone}")
        brought = f"{function.__name__}({','.join(arguments)})"
        final = f"{load}.__class__ is {final_class.__name__}"
        if final_class is datetime:
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
        if self.access == "attribute" and not column.wild[position + 1]:
            return f"{load} is not None"
        if _is_lenient(column, position):
            brought = f"({variable}:=mapping_or_none({variable})) is not None"
        else:
            field = self.names.field_of(holder_of(column, position))
            brought = f"[{variable}:=mapping({variable},{field})]"
        return _final_or_brought(f"{load}.__class__ is dict", variable, brought)

    def load(self, holder: str, column: Column, position: int) -> str:
        """The value of one segment of the column's source, None where it is missing."""
        name = column.source[position]
        if name.startswith("__"):
            return "None"
        wild = column.wild[position]
        key = self.names.key(name, wild=wild)
        by_key = f"{holder}.get({key})"
        if self.access == "mapping" or (wild and position > 0):  # `holds` has seen to it
            return by_key
        by_attribute = "None" if wild else f"getattr({holder},{key},None)"
        if position == 0 and self.top and not wild:
            return by_attribute
        return f"({by_attribute} if {holder}.__class__ in OBJECTS or has_attributes({holder}) else {by_key})"

    def variable(self, slot: object) -> str:
        return self.variables.get(slot) or self.variables.setdefault(slot, f"v{len(self.variables)}")

    # comparisons of a value that is present

    def comparison(self, shape: Shape, value: str, known: Known) -> str:
        if shape[0] == "text":
            return self.text(value, known, *shape[1:])
        return _COMPARISONS[shape[0]](self, value, *shape[1:])

    def equal(self, value: str, column: Column, manner: Manner, negated: bool, index: int) -> str:
        if manner == "boolean":
            return f"{value} {'is not' if negated else 'is'} {self.names.constant(index)}"
        return self.by_manner(manner, "!=" if negated else "==", index, value)

    def one_of(self, value: str, column: Column, manner: Manner, negated: bool, index: int) -> str:
        return self.by_manner(manner, "not in" if negated else "in", index, value)

    def order(self, value: str, column: Column, manner: Manner, operator: str, index: int) -> str:
        test = self.by_manner(manner, _COMPARE[operator], index, value)
        if column.kind != "custom":
            return test
        comparable = "is str" if manner == "text" else "in NUMBERS"
        return f"{value}.__class__ {comparable} and {test}"

    def between(self, value: str, column: Column, negated: bool, index: int) -> str:
        inside = f"{self.names.constant(index)} <= {value} < {self.names.constant(index + 1)}"
        return f"not {inside}" if negated else inside

    def by_manner(self, manner: Manner, sign: str, index: int, value: str) -> str:
        """The comparison with its constant; where floats need a constant of their own, with that for them."""
        exact = f"{value} {sign} {self.names.constant(index)}"
        if manner != "exact":
            return exact
        for_floats = f"{value} {sign} {self.names.constant(index + 1)}"
        return f"({for_floats} if {value}.__class__ is float else {exact})"

    def text(self, value: str, known: Known, column: Column, operator: str, number: int, index: int) -> str:
        tests = []
        for needle in map(self.names.constant, range(index, index + number)):
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
            seen = f"decimal_text({value})"
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

    What is brought may be false itself; a list of it, `[v := as_text(v)]`, is not.
    """
    return f"({final} or {variable} is not None and {brought})"


_CONDITIONS: Final[dict[str, Callable[..., str]]] = {
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

exhaustive(ConditionWord, _CONDITIONS | _COMPARISONS)

_COSTS: Final[dict[str, int]] = exhaustive(
    ConditionWord,
    {
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
    },
)


def _cost(shape: Shape) -> int:
    """What a test costs, roughly, so that cheap and selective ones come first. An inequality is cheap, but mostly true."""
    word = shape[0]
    if word == "all" or word == "any":
        return 1 + max([_COSTS.get(inner[0], 7) for inner in shape[1]])
    if word in _COMPARISONS and shape[1].kind in ("date", "datetime"):
        return _COSTS[word] + 3
    return 3 if (word == "equal" or word == "oneof") and shape[3] else _COSTS[word]


def in_asking_order(word: str, shapes: Sequence[Shape]) -> list[list[Shape]]:
    """The members of a group in the order in which they are asked: cheap ones first, and in OR comparisons of one column together."""
    ordered = sorted(shapes, key=_cost)
    if word == "all":
        return [[shape] for shape in ordered]
    families: dict[object, list[Shape]] = {}
    for shape in ordered:
        families.setdefault(shape[1] if shape[0] in _COMPARISONS else id(shape), []).append(shape)
    return list(families.values())
