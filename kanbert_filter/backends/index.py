"""Many saved filters against one record: which of them match.

Asking one filter after the other takes time for each. An index asks only those that the record can match at all. It files every filter
under a few *terms*, of which a matching record shows at least one. A term is a value that a field equals, a text that it holds, a bound
that it passes, or that it is present. For an AND the terms of one part will do; the part is taken whose terms the fewest filters have so
far. An OR needs terms of every part. What depends on the time or the user gives only wide terms, or none.

The terms that a record shows lead to candidates, and the predicates of these decide. So a term may be too wide, and must never be too
narrow.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable, Iterator, MutableMapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from enum import Enum
from itertools import chain, count
from threading import RLock
from typing import Any, Final, Generic, Literal, NamedTuple, TypeVar

from ..checked import CheckedFilter, ensure_checked
from ..context import Context, Moment, context_or_default
from ..errors import ContextError, RecordError
from ..meaning.lowering import lower_at
from ..meaning.patterns import pieces
from ..meaning.symbolic import Symbolic, lower_symbolic
from ..meaning.tests import AllOf, Always, AnyOf, Between, Column, Equal, Null, OneOf, Order, Related, Text
from ..values import exact
from .predicate import Access, Predicate, compile_predicate, ensure_record, present_value, related_of

K = TypeVar("K", bound=Hashable)

GRAM: Final = 3
"""Texts are looked up by so many of their characters at a time."""

MAX_MEANINGS: Final = 64
"""So many contexts are remembered, each with as many predicates as were asked in it last."""

_ZONES: Final = timedelta(hours=26)
"""What a filter says of days and wall times is read as of one time zone here. In any other it means instants within so much of these."""

_SOME_TIME: Final = datetime(2000, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime.min.replace(tzinfo=UTC) + _ZONES
_LAST: Final = datetime.max.replace(tzinfo=UTC) - _ZONES


class _AnyZone(tzinfo):
    """A time zone near UTC in which every wall time is an instant within the calendar.

    At the calendar's ends a comparison may be false for all records in one zone, and not in another.
    """

    def utcoffset(self, wall: datetime | None) -> timedelta:
        year = wall.year if wall else 0
        return timedelta(seconds=(year == date.max.year) - (year == date.min.year))

    def dst(self, wall: datetime | None) -> timedelta:
        return timedelta()

    def tzname(self, wall: datetime | None) -> str:
        return "near UTC"


_ANY_ZONE: Final = _AnyZone()


class Matches(list[K]):
    """The keys of the filters that match, in the order in which they came into the index.

    `errors` holds the `RecordError` of each filter that came upon a value not of its field's type; such a filter does not match.
    """

    def __init__(self) -> None:
        super().__init__()
        self.errors: dict[K, RecordError] = {}


class FilterIndex(MutableMapping[K, CheckedFilter]):
    """A mapping of keys to checked filters that finds those a record matches, much faster than by asking one after the other.

    It can be read and changed from many threads at once.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "budget": "number"})
    >>> alerts = kf.FilterIndex()
    >>> alerts["big"] = projects.parse("budget > 1000")
    >>> alerts["acme"] = projects.parse("title contains 'acme' and budget is not null")
    >>> alerts.matching({"title": "ACME Tower", "budget": 5})
    ['acme']
    """

    def __init__(self) -> None:
        self._entries: dict[K, _Entry[K]] = {}
        self._postings: dict[object, _Postings[K]] = {}
        self._always: set[_Entry[K]] = set()
        self._meanings = _Meanings()
        self._numbers = count()
        self._for_users = 0
        self._lock = RLock()

    def __setitem__(self, key: K, checked: CheckedFilter) -> None:
        ensure_checked(checked)
        test = lower_symbolic(checked, _ANY_ZONE)
        asked = _Asked()
        lower_at(checked, asked)
        with self._lock:
            replaced = self._entries.get(key)
            entry = _Entry(key, next(self._numbers) if replaced is None else replaced.number, checked, asked)
            if replaced is not None:
                self._remove(replaced)
            terms = _terms(test, (), self._postings_of)
            if terms is None:
                self._always.add(entry)
            else:
                entry.terms = tuple(dict.fromkeys(terms))
                for term in entry.terms:
                    term.postings.add(term, entry)
            self._entries[key] = entry
            self._for_users += entry.for_user

    def __delitem__(self, key: K) -> None:
        with self._lock:
            self._remove(self._entries[key])
            del self._entries[key]

    def __getitem__(self, key: K) -> CheckedFilter:
        return self._entries[key].checked

    def __iter__(self) -> Iterator[K]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __repr__(self) -> str:
        return f"<FilterIndex of {len(self)} filters>"

    def matching(self, record: Any, context: Context | None = None, *, access: Access = "mapping") -> Matches[K]:
        """The keys of the filters that match the record in this context (default: now, in UTC, for nobody).

        These are the filters whose predicates, compiled in this context with this `access`, match it.

        Raises `ContextError` if a filter of the index needs the user's id and the context has none, and `TypeError` for a record that
        is no mapping, unless `access` is `"attribute"`.
        """
        ensure_record(record, access)
        settled = context_or_default(context).at_now()
        if self._for_users and settled.me is None:
            raise ContextError("Filters of the index compare with me.id; give the user's id, as in Context(me='u-1')")
        with self._lock:
            found = set(self._always)
            for postings in self._postings.values():
                postings.find(record, settled, access, found)
        matches: Matches[K] = Matches()
        meanings = self._meanings.of(settled, access)
        for entry in self._in_order(found):
            try:
                if entry.predicate(meanings)(record):
                    matches.append(entry.key)
            except RecordError as error:
                matches.errors[entry.key] = error
        return matches

    def _in_order(self, found: set[_Entry[K]]) -> list[_Entry[K]]:
        """The entries by their age. Where they are many, a look at all is quicker than sorting."""
        if len(found) * 8 < len(self._entries):
            return sorted(found, key=_age)
        return [entry for entry in list(self._entries.values()) if entry in found]

    def _remove(self, entry: _Entry[K]) -> None:
        self._always.discard(entry)
        self._for_users -= entry.for_user
        for term in entry.terms:
            term.postings.remove(term, entry)

    def _postings_of(self, relations: tuple[Column, ...], column: Column) -> _Postings[K]:
        identity = (*[relation.source for relation in relations], column.source, column.kind, column.case_sensitive)
        return self._postings.get(identity) or self._postings.setdefault(identity, _Postings(relations, column))


class _Entry(Generic[K]):
    """A filter of the index, and its predicate once it was a candidate."""

    __slots__ = ("_compiled", "checked", "for_user", "depends_on", "key", "number", "terms")

    def __init__(self, key: K, number: int, checked: CheckedFilter, asked: _Asked) -> None:
        self.key = key
        self.number = number
        self.checked = checked
        self.for_user = asked.for_user
        self.depends_on = asked.for_user + 2 * asked.for_time
        self.terms: tuple[_Term, ...] = ()
        self._compiled: tuple[_Meaning, Predicate] | None = None

    def predicate(self, meanings: Sequence[_Meaning]) -> Predicate:
        """The predicate in a context, compiled anew only where this filter means something else in it than before."""
        meaning = meanings[self.depends_on]
        known = self._compiled
        if known is None or known[0] is not meaning:
            self._compiled = known = meaning, compile_predicate(self.checked, meaning.context, access=meaning.access)
        return known[1]


class _Asked(Moment):
    """A moment that notes what a filter asks for, even where the answer does not matter: its predicate asks the same."""

    __slots__ = ("for_time", "for_user")

    def __init__(self) -> None:
        super().__init__(Context(now=_SOME_TIME))
        self.for_time = self.for_user = False

    def now(self) -> Context:
        self.for_time = True
        return super().now()

    def user_id(self, path: str) -> str:
        self.for_user = True
        return ""


class _Meaning(NamedTuple):
    """What a predicate depends on: of a context only what its filter asks for."""

    access: Access
    context: Context


class _Meanings:
    """The meanings of one call of `matching`; a meaning that comes again is the same object, which is quick to compare."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[_Meaning, _Meaning] = {}

    def of(self, context: Context, access: Access) -> tuple[_Meaning, ...]:
        """By what a filter depends on: nothing, the user, the time, both."""
        anyone = context.replace(me=None)
        anytime = {"now": _SOME_TIME, "week_start": "monday"}
        wanted = (anyone.replace(**anytime), context.replace(**anytime), anyone, context)
        if len(self._known) > MAX_MEANINGS:
            self._known.clear()
        return tuple(
            [self._known.setdefault(meaning, meaning) for meaning in [_Meaning(access, part) for part in wanted]]
        )


def _age(entry: _Entry[Any]) -> int:
    return entry.number


# terms


class _Term(NamedTuple):
    """What a record has to show at one field: that a value equals the constant, holds it, lies on one side of it, or is present."""

    postings: _Postings[Any]
    word: Literal["equal", "holds", "above", "below", "present"]
    constant: Any = None


def _terms(test: Any, relations: tuple[Column, ...], postings_of: Any) -> list[_Term] | None:
    """Terms of which every matching record shows one; None if there are none, as where null matches."""
    match test:
        case Always(value):
            return None if value else []
        case AllOf(tests):
            found = [terms for inner in tests if (terms := _terms(inner, relations, postings_of)) is not None]
            return min(found, key=_crowd, default=None)
        case AnyOf(tests):
            alternatives = [_terms(inner, relations, postings_of) for inner in tests]
            return None if None in alternatives else [*chain.from_iterable(filter(None, alternatives))]
        case Related(column, "any", inner) if inner is not None:
            return _terms(inner, (*relations, column), postings_of)
        case Null(column, True) | Symbolic(column):
            return [_Term(postings_of(relations, column), "present")]
        case Equal() | OneOf() | Order() | Between() | Text():
            return _value_terms(test, postings_of(relations, test.column))
    return None


def _value_terms(test: Equal | OneOf | Order | Between | Text, postings: _Postings[Any]) -> list[_Term]:
    kind = postings.column.kind
    present = [_Term(postings, "present")]
    match test:
        case Text(_, operator, needles) if kind != "currency":
            held = [_longest_literal(needle) for needle in needles] if operator == "like" else needles
            return [_Term(postings, "holds", needle) for needle in held] if all(held) else present
        case Equal(_, constant, False):
            return _bounds(postings, constant, constant) if kind == "datetime" else [_Term(postings, "equal", constant)]
        case OneOf(_, constants, False):
            if kind == "datetime":
                return _bounds(postings, min(constants), max(constants))
            return [_Term(postings, "equal", constant) for constant in constants]
        case Between(_, low, high, False):
            return _bounds(postings, low, high)
        case Order(_, operator, constant) if kind != "custom":
            return _bounds(postings, constant, None) if operator in ("gt", "gte") else _bounds(postings, None, constant)
    return present


def _bounds(postings: _Postings[Any], low: Any, high: Any) -> list[_Term]:
    """The cheaper term of two bounds, either of which may be missing."""
    if postings.column.kind == "datetime":
        low = low and max(low, _FIRST) - _ZONES
        high = high and min(high, _LAST) + _ZONES
    terms = [_Term(postings, "above", low)] * (low is not None) + [_Term(postings, "below", high)] * (high is not None)
    return [min(terms, key=_crowd_of_term)]


def _longest_literal(pattern: str) -> str:
    """The longest text without wild characters that a `like` pattern asks for."""
    runs = "\0".join(
        "".join("\0" if character is None else character for character in piece) for piece in pieces(pattern)
    )
    return max(runs.split("\0"), key=len)


def _crowd(terms: Sequence[_Term]) -> int:
    """How many filters, roughly, become candidates along with one that has these terms."""
    return sum(map(_crowd_of_term, terms))


def _crowd_of_term(term: _Term) -> int:
    return term.postings.cost(term)


# postings


class _Postings(Generic[K]):
    """One field of records, or of related ones, with the entries that have terms there."""

    def __init__(self, relations: tuple[Column, ...], column: Column) -> None:
        self.relations = relations
        self.column = column
        self.equal: dict[Any, set[_Entry[K]]] = {}
        self.needles: dict[str, str] = {}
        """The gram under which each needle stands in `grams`."""
        self.grams: dict[str, dict[str, set[_Entry[K]]]] = {}
        self.above: list[tuple[Any, int, _Entry[K]]] = []
        self.below: list[tuple[Any, int, _Entry[K]]] = []
        self.present: set[_Entry[K]] = set()

    def cost(self, term: _Term) -> int:
        """How many filters have a term like this one, and on top how wide terms of its sort are where nothing is counted yet."""
        match term.word:
            case "equal":
                return 2 + len(self.equal.get(term.constant, ()))
            case "holds":
                gram = self.gram(term.constant)
                return 3 * GRAM // len(gram) + sum(map(len, self.grams.get(gram, {}).values()))
            case "above" | "below":
                return 20 + len(self.bounds(term)) // 2
        return 50 + len(self.present)

    def gram(self, needle: str) -> str:
        """The characters of a needle by which it is looked up: those that the fewest needles have."""
        if len(needle) <= GRAM:
            return needle
        grams = [needle[start : start + GRAM] for start in range(len(needle) - GRAM + 1)]
        return min(grams, key=lambda gram: len(self.grams.get(gram, ())))

    def add(self, term: _Term, entry: _Entry[K]) -> None:
        match term.word:
            case "equal":
                self.equal.setdefault(term.constant, set()).add(entry)
            case "holds":
                gram = self.needles.setdefault(term.constant, self.gram(term.constant))
                self.grams.setdefault(gram, {}).setdefault(term.constant, set()).add(entry)
            case "above" | "below":
                insort(self.bounds(term), (term.constant, entry.number, entry))
            case "present":
                self.present.add(entry)

    def remove(self, term: _Term, entry: _Entry[K]) -> None:
        match term.word:
            case "equal":
                _discard(self.equal, term.constant, entry)
            case "holds":
                gram = self.needles[term.constant]
                _discard(self.grams[gram], term.constant, entry)
                if term.constant not in self.grams[gram]:
                    del self.needles[term.constant]
                if not self.grams[gram]:
                    del self.grams[gram]
            case "above" | "below":
                bounds = self.bounds(term)
                del bounds[bisect_left(bounds, (term.constant, entry.number))]
            case "present":
                self.present.discard(entry)

    def bounds(self, term: _Term) -> list[tuple[Any, int, _Entry[K]]]:
        return self.above if term.word == "above" else self.below

    def find(self, record: Any, context: Context, access: Access, found: set[_Entry[K]]) -> None:
        """Add the entries to which the record leads. What cannot be read leads to all: their predicates say what is wrong."""
        try:
            for value in self.values(record, context, access):
                self.look_up(value, found)
        except RecordError:
            for entries in chain(
                self.equal.values(), *[needles.values() for needles in self.grams.values()], [self.present]
            ):
                found.update(entries)
            found.update([entry for *_, entry in chain(self.above, self.below)])

    def values(self, record: Any, context: Context, access: Access) -> Iterator[Any]:
        """What the record and its related records hold here, nulls left out."""
        holders = [record]
        for relation in self.relations:
            holders = [inner for holder in holders for inner in related_of(relation, holder, access)]
        for holder in holders:
            value = present_value(self.column, holder, access, context)
            if value is not None:
                yield value

    def look_up(self, value: Any, found: set[_Entry[K]]) -> None:
        found.update(self.present)
        if isinstance(value, Enum):  # a boolean of a custom field, or what compares with nothing
            value = value.value
        if isinstance(value, (int, float, Decimal)) and not isinstance(value, bool):
            value = exact(value)
        found.update(self.equal.get(value, ()))
        if self.above:
            found.update([entry for *_, entry in self.above[: bisect_right(self.above, value, key=_constant)]])
        if self.below:
            found.update([entry for *_, entry in self.below[bisect_left(self.below, value, key=_constant) :]])
        if self.grams and isinstance(value, str):
            text = value if self.column.case_sensitive else value.lower()
            for size in range(1, GRAM + 1):
                for gram in self.grams.keys() & {text[start : start + size] for start in range(len(text) - size + 1)}:
                    for needle, entries in self.grams[gram].items():
                        if needle in text:
                            found.update(entries)


def _discard(sets: dict[Any, set[_Entry[K]]], term: Any, entry: _Entry[K]) -> None:
    sets[term].discard(entry)
    if not sets[term]:
        del sets[term]


def _constant(bound: tuple[Any, int, _Entry[Any]]) -> Any:
    return bound[0]
