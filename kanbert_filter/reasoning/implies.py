"""What follows from a filter: whether one implies another, excludes it, or can match at all.

A question becomes one of satisfiability: `a` implies `b` unless a record matches `a` and not `b`. `lower` has made both filters trees of
plain tests, each true or false for a record, so a negation is turned inwards to the single tests, and what remains is a search:

- An AND adds all of its tests to what has to hold, an OR is a choice. The choice with the fewest ways left is made first, and a way that
  contradicts what holds already is not taken.
- The tests of one column are decided together by `theory.value_for`.
- Related records are decided by recursion: each `any` needs a record that matches it and breaks no `none`; counts say how many records
  there are.

An answer is never guessed. `Proved` and `Refuted` are certain for every record whose values are of their fields' types; what the search
or the theory of a column leaves open is `Undecided`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NoReturn

from ..checked import CheckedFilter, ensure_checked
from ..context import Context, context_or_default
from ..immutable import Immutable
from ..meaning.lowering import lower
from ..meaning.symbolic import Symbolic, lower_symbolic
from ..meaning.tests import AllOf, Always, AnyOf, Column, Counted, Related
from .theory import NOTHING, UNKNOWN, Literal, literal_of, value_for

STEPS: Final = 10_000
"""How many ways a search tries unless told otherwise."""

MANY: Final = 10_000
"""No witness has more related records."""

_BY_MOMENT: Final = "the tests of '{}' depend on the time or the user; give a context"
_BY_TEXT: Final = "the text tests of '{}' could not be decided"

_OPPOSITES: Final = {"eq": "ne", "ne": "eq", "lt": "gte", "lte": "gt", "gt": "lte", "gte": "lt"}


class _NoTruthValue(Immutable):
    __slots__ = ()

    def __bool__(self) -> NoReturn:
        raise TypeError(
            "an answer has no truth value, since it may be Undecided: ask isinstance(answer, kanbert_filter.Proved)"
        )


class _Certain(_NoTruthValue):
    __slots__ = ("record",)
    __match_args__ = ("record",)

    record: dict[str, Any] | None

    def __init__(self, record: dict[str, Any] | None = None) -> None:
        self._fill(record=record)

    def _key(self) -> tuple[object, ...]:
        return (repr(self.record),)


class Proved(_Certain):
    """It is so. `record` is a record that shows it, where one can: it satisfies a filter."""

    __slots__ = ()


class Refuted(_Certain):
    """It is not so. `record` is a record that shows it, where one can: it refutes an implication."""

    __slots__ = ()


class Undecided(_NoTruthValue):
    """It was not found out; `reason` says why."""

    __slots__ = ("reason",)
    __match_args__ = ("reason",)

    reason: str

    def __init__(self, reason: str) -> None:
        self._fill(reason=reason)


Answer = Proved | Refuted | Undecided
"""What `implies`, `equivalent`, `disjoint` and `satisfiable` answer."""


def implies(a: CheckedFilter, b: CheckedFilter, context: Context | None = None, *, steps: int = STEPS) -> Answer:
    """Whether every record that matches `a` matches `b`.

    `Refuted` holds a record that matches `a` and not `b`. The answer is for the given context.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"tenant.id": "id", "budget": "number"})
    >>> kf.implies(projects.parse("tenant.id = 't-1' and budget > 5"), projects.parse("tenant.id in ['t-1', 't-2']"))
    Proved(None)
    >>> kf.implies(projects.parse("budget > 5"), projects.parse("budget > 7")).record
    {'budget': 7}
    """
    return _none_matches([*_goals(context, (a, True), (b, False))], steps)


def disjoint(a: CheckedFilter, b: CheckedFilter, context: Context | None = None, *, steps: int = STEPS) -> Answer:
    """Whether no record matches both. `Refuted` holds a record that does."""
    return _none_matches([*_goals(context, (a, True), (b, True))], steps)


def equivalent(a: CheckedFilter, b: CheckedFilter, context: Context | None = None, *, steps: int = STEPS) -> Answer:
    """Whether both match the same records. `Refuted` holds a record that only one of them matches."""
    answers = [implies(a, b, context, steps=steps)]
    if not isinstance(answers[0], Refuted):
        answers.append(implies(b, a, context, steps=steps))
    return next((answer for kind in (Refuted, Undecided) for answer in answers if isinstance(answer, kind)), answers[0])


def satisfiable(a: CheckedFilter, context: Context | None = None, *, steps: int = STEPS) -> Answer:
    """Whether some record matches. `Proved` holds one."""
    match _none_matches([*_goals(context, (a, True))], steps):
        case Refuted(record):
            return Proved(record)
        case Proved():
            return Refuted()
        case undecided:
            return undecided


def example(checked: CheckedFilter, context: Context | None = None, *, steps: int = STEPS) -> dict[str, Any] | None:
    """A record that matches, or None if there is none, or none was found."""
    answer = satisfiable(checked, context, steps=steps)
    return answer.record if isinstance(answer, Proved) else None


Goal = tuple[Any, bool]
"""A test, and whether it is to hold."""


def _goals(context: Context | None, *filters: tuple[CheckedFilter, bool]) -> Iterator[Goal]:
    settled = None if context is None else context_or_default(context).at_now()
    for checked, wanted in filters:
        ensure_checked(checked)
        yield lower(checked, settled) if settled else lower_symbolic(checked), wanted


def _none_matches(goals: Sequence[Goal], steps: int) -> Answer:
    search = _Search(steps)
    try:
        record = search.record(goals)
    except _OutOfSteps:
        return Undecided(f"more than {steps} ways would have to be tried")
    if record is not None:
        return Refuted(record)
    return Undecided(search.doubt) if search.doubt else Proved()


class _OutOfSteps(Exception):
    """The budget of a search is spent."""


class _Search:
    """Looks for a record, within a number of steps. `doubt` says what could not be excluded, once something could not."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.doubt = ""
        self.values: dict[tuple[object, tuple[Literal, ...]], Any] = {}

    def record(self, goals: Sequence[Goal]) -> dict[str, Any] | None:
        """A record for which all goals hold, or None."""
        start = _State().with_goals(goals, self)
        states = [] if start is None else [start]
        while states:
            state = states.pop()
            if state.choices:
                states.extend(reversed(state.ways(self)))
            elif (record := _Witness(self).of(state)) is not None:
                return record
        return None

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise _OutOfSteps

    def value(self, column: Column, literals: tuple[Literal, ...]) -> Any:
        """`value_for`, remembered."""
        key = _one_field(column), literals
        if key not in self.values:
            self.values[key] = value_for(column, literals)
        return self.values[key]


def _one_field(column: Column) -> object:
    """What makes fields of several endpoints one: where their data is, and how it compares."""
    return column.source, column.kind, column.case_sensitive, getattr(column.type, "choices", ())


class _State:
    """What has to hold on one record: literals by column, tests of related records by relation, and choices not made yet."""

    __slots__ = ("choices", "columns", "literals", "relations")

    def __init__(self) -> None:
        self.columns: dict[object, Column] = {}
        self.literals: dict[object, tuple[Literal, ...]] = {}
        self.relations: dict[object, tuple[tuple[Related | Counted, bool], ...]] = {}
        self.choices: tuple[tuple[Goal, ...], ...] = ()

    def with_goals(self, goals: Iterable[Goal], search: _Search) -> _State | None:
        """This state and the goals; None if they contradict."""
        search.step()
        state = _State()
        state.columns = self.columns.copy()
        state.literals = self.literals.copy()
        state.relations = self.relations.copy()
        choices = list(self.choices)
        changed: set[object] = set()
        open_goals = [*goals]
        while open_goals:
            test, wanted = open_goals.pop()
            match test:
                case Always(value):
                    if value is not wanted:
                        return None
                case AllOf(tests) | AnyOf(tests):
                    inner = tuple([(item, wanted) for item in tests])
                    if isinstance(test, AllOf) is wanted:
                        open_goals.extend(inner)
                    else:
                        choices.append(inner)
                case Related() | Counted():
                    key = _one_field(test.column)
                    state.columns[key] = test.column
                    state.relations[key] = (*state.relations.get(key, ()), (test, wanted))
                case _:
                    key = _one_field(test.column)
                    state.columns.setdefault(key, test.column)
                    known = state.literals.get(key, ())
                    literal = literal_of(test, wanted)
                    if literal not in known:
                        state.literals[key] = (*known, literal)
                        changed.add(key)
        if any(search.value(state.columns[key], state.literals[key]) is NOTHING for key in changed):
            return None
        state.choices = tuple(choices)
        return state

    def ways(self, search: _Search) -> list[_State]:
        """The states after the choice with the fewest ways."""
        best: list[_State] | None = None
        for position, choice in enumerate(self.choices):
            without = _State()
            without.columns, without.literals, without.relations = self.columns, self.literals, self.relations
            without.choices = self.choices[:position] + self.choices[position + 1 :]
            if any(self.holds(goal) for goal in choice):
                return [without]
            found = [state for goal in choice if (state := without.with_goals([goal], search)) is not None]
            if best is None or len(found) < len(best):
                best = found
            if len(best) < 2:
                break
        assert best is not None, "there is a choice"
        return best

    def holds(self, goal: Goal) -> bool:
        """Whether a goal is among what has to hold already."""
        test, _ = goal
        if isinstance(test, (Always, AllOf, AnyOf, Related, Counted)):
            return False
        return literal_of(*goal) in self.literals.get(_one_field(test.column), ())


class _Witness:
    """Makes a record of a state without choices."""

    def __init__(self, search: _Search) -> None:
        self.search = search
        self.record: dict[str, Any] = {}
        self.doubt = ""

    def of(self, state: _State) -> dict[str, Any] | None:
        """The record; None if there is none, or none that is certain."""
        for key, literals in state.literals.items():
            value = self.search.value(state.columns[key], literals)
            if value is UNKNOWN:
                is_symbolic = any(isinstance(test, Symbolic) for test, _, _ in literals)
                reason = _BY_MOMENT if is_symbolic else _BY_TEXT
                self.doubt = reason.format(state.columns[key].path)
            else:
                self.put(state.columns[key], value)
        for key, tests in state.relations.items():
            members = self.members(tests)
            if members is None:
                return None
            self.put(state.columns[key], members)
        if not self.doubt:
            return self.record
        self.search.doubt = self.doubt
        return None

    def put(self, column: Column, value: Any) -> None:
        """Write a value where the field's data is."""
        holder: Any = self.record
        *way, last = column.source
        for name in way:
            inner = holder.get(name)
            if inner is None and (name not in holder or value is None):
                if value is None:
                    return
                inner = holder[name] = {}
            if not isinstance(inner, dict):
                self.doubt = f"{column.path!r} lies inside the data of another field"
                return
            holder = inner
        if value is None:
            if holder.get(last) is not None:
                self.doubt = f"{column.path!r} shares its data with another field"
            elif last not in holder:
                holder[last] = None
        elif last in holder and holder[last] != value:
            self.doubt = f"{column.path!r} shares its data with another field"
        else:
            holder[last] = value

    def members(self, tests: Sequence[tuple[Related | Counted, bool]]) -> list[dict[str, Any]] | None:
        """Related records that pass the tests; None if there are none for certain."""
        fewest, most, other = 0, MANY, set[int]()
        wanted: list[Goal] = []
        allowed: list[Goal] = []
        for test, holds in tests:
            if isinstance(test, Counted):
                operator, number = test.operator if holds else _OPPOSITES[test.operator], test.number
                if operator == "ne":
                    other.add(number)
                if operator in ("eq", "gt", "gte"):
                    fewest = max(fewest, number + (operator == "gt"))
                if operator in ("eq", "lt", "lte"):
                    most = min(most, number - (operator == "lt"))
            else:
                inner = test.test or Always(True)
                if (test.operator == "any") is holds:
                    wanted.append((inner, test.operator != "all"))
                else:
                    allowed.append((inner, test.operator == "all"))
        if fewest > MANY:
            self.doubt = f"more than {MANY} related records would be needed"
            return []
        members = self.matching(wanted, allowed, most)
        if members is None:
            return None
        count = max(fewest, len(members))
        while count in other:
            count += 1
        if count > most:
            return None
        if count > len(members):
            more = self.one(allowed)
            if more is None:
                return None
            members += [more] * (count - len(members))
        return members

    def matching(self, wanted: Sequence[Goal], allowed: Sequence[Goal], most: int) -> list[dict[str, Any]] | None:
        """At most so many records, all of them allowed, among them one for each goal that is wanted."""
        groups: list[list[Goal]] = []
        members: list[dict[str, Any]] = []
        for goal in wanted:
            alone = self.one([goal, *allowed])
            if alone is None:
                return None
            groups.append([goal])
            members.append(alone)
        return members if len(groups) <= most else self.shared(wanted, allowed, most)

    def shared(self, wanted: Sequence[Goal], allowed: Sequence[Goal], most: int) -> list[dict[str, Any]] | None:
        """The same where there are more goals than records: every way to divide the goals among the records is tried."""
        for groups in _divided(list(wanted), most):
            members = []
            for group in groups:
                member = self.one([*group, *allowed])
                if member is None:
                    break
                members.append(member)
            else:
                return members
        return None

    def one(self, goals: Sequence[Goal]) -> dict[str, Any] | None:
        return self.search.record(goals)


def _divided(goals: list[Goal], most: int) -> Iterator[list[list[Goal]]]:
    """Every way to divide goals into at most so many groups."""
    if not goals:
        yield []
        return
    first, *rest = goals
    for groups in _divided(rest, most):
        for position in range(len(groups)):
            yield [*groups[:position], [first, *groups[position]], *groups[position + 1 :]]
        if len(groups) < most:
            yield [[first], *groups]
