"""Predicates of shapes never seen before, which answer at once and are compiled when they turn out to be asked often.

Such a shape may never come again, and the predicate may be asked for one record only. Compiling it takes as long as hundreds of
answers: 150 µs for three conditions. So functions of its conditions answer, whose code many filters share; these take a third of
that on fields never seen, and 11 µs on known ones. Only when the predicate is asked again and again, the whole is compiled, and
the function continues with that code.

The caller holds the function, so it must stay the same one: its `__code__` is exchanged. A function around the compiled one would be
plainer, but each later call would take 15 to 18 ns longer, and with an object around it 80 ns, where a whole call takes 140 to 170.

`test_a_predicate_means_what_the_naive_evaluator_means` holds both ways equal in their answers, and
`test_a_waiting_predicate_raises_where_a_compiled_one_does` in their errors.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count, islice
from typing import Any, Final
from weakref import ref

from ...context import Context
from .code import Code, Function, condition_code, factory
from .code_text import Access, in_asking_order, passing_on_text
from .shapes import Constants, Shape, number_of_constants

SOON: Final = 100
"""How often a predicate is asked until it is compiled."""


def waiting_predicate(code: Code, constants: Constants, context: Context) -> Function:
    """The `matches(record)` of a shape whose code is not compiled."""
    answer = _composed(code.shape, iter(constants), code.access, context)
    asked = count(1)

    def answer_and_count(record: Any) -> bool:
        nonlocal answer
        if next(asked) % SOON == 0 and (matches := itself()) is not None:
            try:
                compiled = code.matching(constants, context)
            except (MemoryError, RecursionError):  # whoever asks may be near the end of the stack: try again later
                return answer(record)
            _continue_as(matches, compiled)
            answer = compiled  # for calls that began with the old code
        return answer(record)

    matches = factory(passing_on_text(code.variables))((answer_and_count,))
    itself = ref(matches)  # were it held, only the garbage collector could free the two
    return matches


def _continue_as(matches: Any, compiled: Any) -> None:
    """Give a waiting function the constants and the code of a compiled one, while other threads may be calling it.

    All code has the same variables. The old code looks only at the first item of `rest`, at which the new code never looks. So the
    variables are filled first, whoever calls in between asks the compiled function, and then the code changes in one step.
    """
    for name, own, other in zip(matches.__code__.co_freevars, matches.__closure__, compiled.__closure__, strict=True):
        own.cell_contents = (compiled, *other.cell_contents[1:]) if name == "rest" else other.cell_contents
    matches.__code__ = compiled.__code__


def _composed(shape: Shape, constants: Any, access: Access, context: Context) -> Callable[[Any], bool]:
    """A function made of functions for the conditions of a shape, which asks them in the order of compiled code."""
    if shape[0] != "all" and shape[0] != "any":
        own = [*islice(constants, number_of_constants(shape))]
        return condition_code(shape, access, top=True).matching(own, context)
    decisive = shape[0] == "any"
    functions = {id(member): _composed(member, constants, access, context) for member in shape[1]}
    parts = [functions[id(member)] for alike in in_asking_order(shape[0], shape[1]) for member in alike]

    def answer(record: Any) -> bool:
        for part in parts:
            if part(record) is decisive:
                return decisive
        return not decisive

    return answer
