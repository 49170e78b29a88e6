"""The sentences that more than one reader, builder or check says, each in one place.

A function makes the problem without its place: whoever found the fault adds it with `Problem.at`. So one fault reads the same in every
notation, in a filter that was built in Python, and in the check. A sentence says what was found, what was expected, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from .errors import Problem, quoted
from .limits import Limits

# parts of sentences


def plural(number: int, noun: str) -> str:
    """A number with its noun, in the singular or the plural.

    >>> from kanbert_filter.messages import plural
    >>> plural(1, "condition"), plural(500, "condition")
    ('1 condition', '500 conditions')
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def not_a_list(of: str, found: object) -> TypeError:
    """The error for one thing in place of a list: a text would be taken for a list of its characters."""
    return TypeError(f"expected a list of {of}, not one {type(found).__name__}; write [{found!r}]")


def alternatives(names: Iterable[str]) -> str:
    """Names of which one is meant.

    >>> from kanbert_filter.messages import alternatives
    >>> alternatives(["'a'", "'b'", "'c'"])
    "'a', 'b' or 'c'"
    """
    *others, last = names
    return f"{', '.join(others)} or {last}" if others else last


def all_of(names: Iterable[str]) -> str:
    """Names of which all are meant.

    >>> from kanbert_filter.messages import all_of
    >>> all_of(["a", "b", "c"])
    'a, b and c'
    """
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def did_you_mean(names: Sequence[str]) -> str:
    """The end of a sentence that offers names; empty where there is nothing to offer."""
    return f"; did you mean {alternatives(map(quoted, names))}?" if names else ""


# limits


def _more_than(code: str, found: str, most: int, remedy: str = "") -> Problem:
    return Problem(code, f"Found {found}, expected at most {most}" + (f"; {remedy}" if remedy else ""))


def text_too_long(most: int) -> Problem:
    """The filter as a whole is longer than `max_text_length`."""
    return _more_than("text_too_long", f"a filter of more than {plural(most, 'byte')}", most, "shorten it")


def too_many_keys(most: int) -> Problem:
    """A form has more keys than `max_form_keys`."""
    return _more_than("too_many_keys", f"more than {plural(most, 'key')}", most)


def key_too_long(most: int) -> Problem:
    """A key of a form is longer than `max_form_key_bytes`."""
    return _more_than("key_too_long", f"a key of more than {plural(most, 'byte')}", most)


def too_deep(most: int) -> Problem:
    """Groups, lists and relations are inside each other more than `max_depth` times."""
    return _more_than("too_deep", f"a filter nested more than {plural(most, 'level')} deep", most, "flatten its groups")


def too_many_conditions(most: int) -> Problem:
    """The filter has more conditions than `max_conditions`."""
    return _more_than(
        "too_many_conditions", f"more than {plural(most, 'condition')}", most, "use 'in' to compare with many values"
    )


def too_many_values(most: int) -> Problem:
    """The filter has more values, those of its lists included, than `max_values`."""
    return _more_than("too_many_values", f"more than {plural(most, 'value')} in all", most)


def list_too_long(most: int) -> Problem:
    """One list has more values than `max_list_values`."""
    return _more_than("list_too_long", f"a list of more than {plural(most, 'value')}", most)


def relations_too_deep(most: int) -> Problem:
    """Relations are inside each other more than `max_relation_depth` times."""
    return _more_than("relations_too_deep", f"relations nested more than {plural(most, 'level')} deep", most)


def too_many_relation_tests(most: int) -> Problem:
    """The filter has more relation tests, those in the conditions of its scopes included, than `max_relation_tests`."""
    found = f"more than {plural(most, 'test')} of related records (any, none, all and counts)"
    return _more_than("too_many_relation_tests", found, most)


def string_too_long(most: int) -> Problem:
    """One text is longer than `max_string_length`."""
    return _more_than("string_too_long", f"a text of more than {plural(most, 'character')}", most, "shorten it")


def number_too_long(digits: int, exponent: int, limits: Limits) -> Problem:
    """A number has more digits than `max_number_digits`, or else an adjusted exponent beyond `max_exponent`."""
    most = limits.max_number_digits
    if digits > most:
        return _more_than("number_too_long", f"a number of more than {plural(most, 'digit')}", most)
    message = f"Found a number with the exponent {exponent}, expected an exponent within ±{limits.max_exponent}"
    return Problem("number_too_long", message)


def day_offset_too_large(most: int) -> Problem:
    """A special is further from today than `max_day_offset`."""
    return _more_than("day_offset_too_large", f"an offset of more than {plural(most, 'day')}", most, "write a date")


# values


def no_finite_number(found: str) -> Problem:
    """`NaN`, an infinity or something else is used as a number."""
    return Problem("invalid_number", f"Found {quoted(found)}, expected a finite number")


def half_a_surrogate_pair(text: str) -> Problem:
    """A text is not Unicode."""
    remedy = "expected Unicode text; send both halves or leave it out"
    return Problem("invalid_encoding", f"Found half of a surrogate pair in {quoted(text)}, {remedy}")


def not_utf8(octets: bytes) -> Problem:
    """Bytes cannot be decoded."""
    shown = " ".join([f"0x{octet:02X}" for octet in octets])
    found = f"the byte {shown}, which is" if len(octets) == 1 else f"the bytes {shown}, which are"
    return Problem("invalid_encoding", f"Found {found} not UTF-8; encode the text as UTF-8")


# relations and groups

NO_TEXT_NEGATION: Final = "expected an operator; the text operators have no negation"
"""What follows `Found 'notcontains', `."""

NO_PATTERNS: Final = "expected an operator; there are no regular expressions, write 'like' or 'contains'"
"""What follows `Found 'regex', `."""


def empty_group() -> Problem:
    """A group is empty."""
    return Problem("empty_group", "Found an empty group, expected at least one condition in it; leave the group out")


def all_without_filter() -> Problem:
    """`all` has no filter to test the related records with."""
    message = "Found nothing after 'all', expected a filter that every related record is to match"
    return Problem("missing_key", message)
