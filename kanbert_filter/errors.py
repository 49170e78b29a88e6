"""What can go wrong: every problem has a form for programs and a form for people, both made from the same data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from .immutable import Immutable

CODES: Final[dict[str, str]] = {
    # the text as a whole
    "invalid_encoding": "The input is not UTF-8, or has half of a surrogate pair in it.",
    "unexpected_input": "The notation expects something else here.",
    "trailing_input": "Text follows after the end of the filter.",
    "missing_parenthesis": "A parenthesis or bracket is opened and not closed, or closed and not opened.",
    "unterminated_string": "A quoted text has no closing quote.",
    "invalid_escape": "A backslash in a quoted text does not begin an escape.",
    "doubled_quote": "A quote inside a text is doubled, as in SQL, and not escaped with a backslash.",
    "invalid_number": "A number is written in a way the language does not know.",
    "invalid_field": "A field name is not well-formed.",
    "unquoted_value": "A text, date or timestamp has no quotes.",
    "invalid_special": "A special value is misspelled or malformed.",
    "foreign_operator": "An operator of another language; the message says what to write here.",
    "unknown_operator": "A word or symbol is not an operator.",
    "negated_group": "A group is negated, which the language cannot say.",
    "list_expected": "A set operator needs a list in brackets.",
    "null_comparison": "Null is tested with `is null`, not compared.",
    "lost_plus": "A `+` was turned into a space by a query string; it must be sent as `%2B`.",
    # JSON and forms
    "invalid_json": "The text is not JSON.",
    "duplicate_key": "A key is repeated in one object or form.",
    "unknown_key": "An object has a key that has no meaning here.",
    "missing_key": "An object lacks a key it needs.",
    "wrong_shape": "A value has the wrong JSON type or form shape for its place.",
    "empty_group": "A group or list that must not be empty is empty.",
    "malformed_key": "A form key is not of the shape `filter[0][field]`.",
    "misspelled_parameter": "A parameter can only be a misspelled filter, or the rest of one.",
    "mixed_notations": "One request carries the filter in more than one notation, or twice.",
    # the check against an endpoint
    "unknown_field": "The endpoint has no such field.",
    "operator_not_allowed": "The field does not allow this operator.",
    "invalid_value": "A value is not of its field's type.",
    "invalid_choice": "A value is not one of the field's choices.",
    "invalid_date": "A text on a date field is not a date.",
    "invalid_timestamp": "A text on a datetime field is not a timestamp.",
    "invalid_pattern": "A `like` pattern ends in a lone backslash.",
    # limits
    "text_too_long": "Limit `max_text_length`.",
    "too_deep": "Limit `max_depth`.",
    "too_many_conditions": "Limit `max_conditions`.",
    "list_too_long": "Limit `max_list_values`.",
    "too_many_values": "Limit `max_values`.",
    "relations_too_deep": "Limit `max_relation_depth`.",
    "too_many_relation_tests": "Limit `max_relation_tests`.",
    "string_too_long": "Limit `max_string_length`.",
    "number_too_long": "Limits `max_number_digits` and `max_exponent`.",
    "day_offset_too_large": "Limit `max_day_offset`.",
    "too_many_keys": "Limit `max_form_keys`.",
    "key_too_long": "Limit `max_form_key_bytes`.",
    "truncated": "Limit `max_problems`: there are more problems than are reported.",
    # writing and compiling
    "unsupported": "A notation or an engine cannot say what the filter says.",
}
"""Every problem code with its meaning. Codes are stable; messages may become clearer."""

COLUMNS: Final = 80
"""How wide an excerpt is where nobody says how wide the terminal is."""


def quoted(value: object, length: int = 60) -> str:
    """A value as messages show it: in single quotes, control characters escaped, the middle of a long one left out.

    >>> from kanbert_filter.errors import quoted
    >>> quoted("tit\\nel")
    "'tit\\\\nel'"
    """
    return f"'{printable(_abbreviated(_str(value), length))}'"


def _str(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(value)
    try:
        return str(value)
    except ValueError:  # CPython writes no integer of thousands of digits
        return f"a number of {value.bit_length()} bits" if isinstance(value, int) else "…"


def printable(text: str) -> str:
    """The text with everything escaped that a terminal would act on or could not show."""
    return text if text.isprintable() else "".join([c if c.isprintable() else _escape_of(c) for c in text])


def _escape_of(character: str) -> str:
    return character.encode("unicode_escape", "surrogatepass").decode("ascii")


def character_name(character: str) -> str:
    """What Unicode calls a character, in lower case.

    >>> from kanbert_filter.errors import character_name
    >>> character_name("\u00a0")
    'no-break space'
    """
    from unicodedata import name

    return name(character, "a character without a name").lower()


def _abbreviated(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length // 2]}…{text[len(text) - length // 2 + 1 :]}"


class TextLocation(Immutable):
    """A place in DSL text (or in text that is not JSON): the characters from `start` up to, not including, `end`.

    >>> from kanbert_filter.errors import TextLocation
    >>> place = TextLocation("a = 1\\nand b == 2", 12, 14)
    >>> place.line, place.column
    (2, 7)
    >>> print(place.excerpt())
      line 2: and b == 2
                    ^^
    """

    __slots__ = ("end", "start", "text")
    __match_args__ = ("text", "start", "end")

    text: str
    start: int
    end: int

    def __init__(self, text: str, start: int, end: int) -> None:
        self._fill(text=text, start=start, end=end)

    @property
    def line(self) -> int:
        """The line, counted from 1."""
        return self.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """The column in that line, in characters counted from 1."""
        return self.start - self.text.rfind("\n", 0, self.start)

    def to_dict(self) -> dict[str, object]:
        """The line and the column, as plain data."""
        return {"line": self.line, "column": self.column}

    def excerpt(self, columns: int = COLUMNS) -> str:
        """The line with a caret under the fault, cut around it to fit into so many columns; in a text of several, its number."""
        left = self.text.rfind("\n", 0, self.start) + 1
        right = self.text.find("\n", self.start)
        right = len(self.text) if right < 0 else right
        end = max(self.start, min(self.end, right))
        lead = f"  line {self.line}: " if "\n" in self.text else "  "
        room = max(columns - len(lead), 20)
        text, start = self.text, self.start
        before = _filling(room, lambda size: text[max(left, start - size) : start])
        after = _filling(room, lambda size: text[end : min(right, end + size)])
        fault = _filling(room, lambda size: text[start : min(end, start + size)])
        fault = _beginning(fault, room - bool(before) - bool(after))  # there is room to show that there is more
        rest = room - max(1, _display_width(fault))
        if _display_width(before) + _display_width(after) > rest:
            share = max(rest // 2, rest - _display_width(after))
            before = _beginning(before[::-1], share)[::-1]
            after = _beginning(after, rest - _display_width(before))
        carets = " " * (len(lead) + _display_width(before)) + "^" * max(1, _display_width(fault))
        return f"{lead}{before}{fault}{after}\n{carets}"

    def __repr__(self) -> str:
        return f"TextLocation(start={self.start}, end={self.end})"


def _display_width(text: str) -> int:
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _filling(columns: int, part: Callable[[int], str]) -> str:
    """Of a part, given by how many characters are taken of it, what is wider than so many columns, or else all."""
    size = columns + 1
    shown = printable(part(size))
    while _display_width(shown) <= columns and len(part(size * 2)) > size:  # some characters take no column
        size *= 2
        shown = printable(part(size))
    return shown


def _beginning(text: str, columns: int) -> str:
    """As much of a text as fits into so many columns; what is left out shows as one more character, an ellipsis."""
    if _display_width(text) <= columns:
        return text
    while text and _display_width(text) >= columns:
        text = text[:-1]
    return f"{text}…" if columns > 0 else ""


class JsonLocation(Immutable):
    """A place in JSON: its JSON Pointer (RFC 6901) and the text of the value there.

    >>> from kanbert_filter.errors import JsonLocation
    >>> print(JsonLocation("/0/op", '"=="').excerpt())
      at /0/op: "=="
    """

    __slots__ = ("pointer", "value")
    __match_args__ = ("pointer", "value")

    pointer: str
    value: str

    def __init__(self, pointer: str, value: str) -> None:
        self._fill(pointer=pointer, value=value)

    def to_dict(self) -> dict[str, object]:
        """The pointer, as plain data."""
        return {"pointer": self.pointer}

    def excerpt(self, columns: int = COLUMNS) -> str:
        """The pointer and the value, on one line of so many columns."""
        where = f"at {self.pointer}" if self.pointer else "at the top"
        return _named_value(where, self.value, columns)


class FormLocation(Immutable):
    """A place in a form: its key and the value there.

    >>> from kanbert_filter.errors import FormLocation
    >>> print(FormLocation("filter[0][op]", "==").excerpt())
      at filter[0][op]: ==
    """

    __slots__ = ("key", "value")
    __match_args__ = ("key", "value")

    key: str
    value: str

    def __init__(self, key: str, value: str) -> None:
        self._fill(key=key, value=value)

    def to_dict(self) -> dict[str, object]:
        """The key, as plain data."""
        return {"key": self.key}

    def excerpt(self, columns: int = COLUMNS) -> str:
        """The key and the value, on one line of so many columns."""
        return _named_value(f"at {self.key}", self.value, columns)


def _named_value(where: str, value: str, columns: int) -> str:
    """A place and the value there; of a long one the middle is left out."""
    room = max(columns - 2, 20)
    if not value:
        return f"  {_abbreviated(printable(where), room)}"
    where = _abbreviated(printable(where), room * 2 // 3)
    return f"  {where}: {_abbreviated(printable(value), room - 2 - len(where))}"


Location = TextLocation | JsonLocation | FormLocation
"""Where a problem is: one class for each notation, each with `excerpt()` and `to_dict()`."""


class Problem(Immutable):
    """One thing that is wrong with a filter.

    `code` is one of `CODES` and stable; `message` says what was found, what was expected and what to do; `field` is the full path of
    the field at fault, or None; `location` is the place, where the filter came from an input; `suggestions` are names or words to offer.
    `str(problem)` is the message with the place under it.

    Raises `ValueError` for a code that is not in `CODES`.

    >>> import kanbert_filter as kf
    >>> try:
    ...     kf.Endpoint("projects", {"title": "string"}).parse("titel = 'A'")
    ... except kf.FilterError as error:
    ...     [problem] = error.problems
    >>> problem.code, problem.field, problem.location.column, problem.suggestions
    ('unknown_field', 'titel', 1, ('title',))
    """

    __slots__ = ("code", "field", "location", "message", "suggestions")
    __match_args__ = ("code", "message", "field", "location", "suggestions")

    code: str
    message: str
    field: str | None
    location: Location | None
    suggestions: tuple[str, ...]

    def __init__(
        self,
        code: str,
        message: str,
        field: str | None = None,
        location: Location | None = None,
        suggestions: Iterable[str] = (),
    ) -> None:
        if code not in CODES:
            raise ValueError(f"{code!r} is not a problem code; the codes are in kanbert_filter.errors.CODES")
        self._fill(code=code, message=message, field=field, location=location, suggestions=tuple(suggestions))

    def at(self, location: Location | None, field: str | None = None) -> Problem:
        """The same problem at a place in the input, of this field if one is given."""
        return Problem(self.code, self.message, field or self.field, location, self.suggestions)

    def to_dict(self, *, detailed: bool = False) -> dict[str, object]:
        """The problem as plain data: what the documented body says of it, and the rest if `detailed`."""
        documented: dict[str, object] = {"field": self.field, "issue": self.message}
        if not detailed:
            return documented
        place = {} if self.location is None else self.location.to_dict()
        return documented | {"code": self.code} | place | {"suggestions": [*self.suggestions]}

    def __str__(self) -> str:
        return self.text()

    def text(self, columns: int = COLUMNS) -> str:
        """The message with the place under it, which fits into so many columns."""
        is_named = not self.field or f"field {quoted(self.field)}" in self.message
        lines = [self.message if is_named else f"{self.field}: {self.message}"]
        unnamed = [word for word in map(printable, self.suggestions) if f"'{word}'" not in self.message]
        if self.location is not None:
            lines.append(self.location.excerpt(columns))
        if unnamed:
            lines.append(f"  expected one of: {', '.join(unnamed)}")
        return "\n".join(lines)


class FilterError(ValueError):
    """The filter is at fault, and so is the client: answer 400 with `response_body()`.

    `problems` holds every problem found, in source order; `str(error)` shows each with its place.

    >>> import kanbert_filter as kf
    >>> try:
    ...     kf.parse("budget == 1000")
    ... except kf.FilterError as error:
    ...     [problem.code for problem in error.problems]
    ['foreign_operator']
    """

    problems: tuple[Problem, ...]

    def __init__(self, problems: Sequence[Problem] | Problem) -> None:
        self.problems = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__(self.problems)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))

    def response_body(self, *, detailed: bool = False) -> dict[str, object]:
        """The documented body of the 400 response, as plain data for `json.dumps`.

        If `detailed`, each error also has its `code`, its `suggestions`, and its place if it has one: `line` and `column` in
        the DSL, the `pointer` in JSON, the `key` in a form.

        >>> import kanbert_filter as kf
        >>> try:
        ...     kf.Endpoint("projects", {"budget": "number"}).parse('budget contains "x"')
        ... except kf.FilterError as error:
        ...     error.response_body()["errors"]
        [{'field': 'budget', 'issue': "Operator 'contains' is not allowed for type 'number'"}]
        >>> try:
        ...     kf.Endpoint("projects", {"budget": "number"}).parse("budgets = 5")
        ... except kf.FilterError as error:
        ...     list(error.response_body(detailed=True)["errors"][0].items())[2:]
        [('code', 'unknown_field'), ('line', 1), ('column', 1), ('suggestions', ['budget'])]
        """
        return documented_body([problem.to_dict(detailed=detailed) for problem in self.problems])


def documented_body(errors: list[dict[str, object]]) -> dict[str, object]:
    """The documented body of the 400 response to these errors."""
    return {"message": "Invalid filter", "errors": errors}


class FilterSyntaxError(FilterError):
    """The input is not a filter: it cannot be read, or the language has no such tree."""


def syntax_error(
    code: str, message: str, location: Location | None = None, suggestions: Iterable[str] = ()
) -> FilterSyntaxError:
    """The error for one problem of an input."""
    return FilterSyntaxError(Problem(code, message, None, location, suggestions))


class FilterCheckError(FilterError):
    """The filter is well-formed, but the endpoint does not allow it."""


class UnsupportedFilterError(FilterError):
    """A notation or an engine cannot say what the filter says."""


class ContextError(Exception):
    """Compiling needs something the context or the endpoint lacks: the user's id, or the conditions of a scope.

    >>> import kanbert_filter as kf
    >>> kf.compile_predicate(kf.Endpoint("projects", {"owner.id": "id"}).parse("owner.id = me.id"))
    Traceback (most recent call last):
    kanbert_filter.errors.ContextError: The filter compares 'owner.id' with me.id; give the user's id, as in Context(me='u-1')
    """


class RecordError(Exception):
    """A record has a value that is not of its field's type.

    `field` is the path of the field, `type` the type the endpoint gives it, `value` the value in the record.

    >>> import kanbert_filter as kf
    >>> matches = kf.compile_predicate(kf.Endpoint("projects", {"budget": "number"}).parse("budget > 5"))
    >>> try:
    ...     matches({"budget": "many"})
    ... except kf.RecordError as error:
    ...     error.field, error.type, error.value
    ('budget', 'number', 'many')
    """

    def __init__(self, field: str, type: str, value: object) -> None:
        self.field = field
        self.type = type
        self.value = value
        super().__init__(field, type, value)

    def __repr__(self) -> str:
        return f"RecordError({self.field!r}, {self.type!r}, {shown(self.value)})"

    def __str__(self) -> str:
        kind = type(self.value).__name__
        return (
            f"Field '{self.field}' holds {shown(self.value)} ({kind}), expected a value of type '{self.type}' or null"
        )


def shown(value: object) -> str:
    """A value as a message may show it: not if it can hold others, which are nobody's business who reads the message."""
    from datetime import date
    from enum import Enum
    from numbers import Number
    from uuid import UUID

    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "a list"
    if value is not None and not isinstance(value, (bytes, date, Enum, Number, UUID)):
        return "an object"
    try:
        return printable(_abbreviated(repr(value), 60))
    except Exception:
        return "a value that cannot be shown"


class Problems:
    """Collects the problems of one pass up to a limit; the rest is reported as one last problem, `truncated`."""

    __slots__ = ("_found", "_limit")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._found: list[Problem] = []

    @property
    def full(self) -> bool:
        """Whether more problems were found than are reported: a pass may stop looking."""
        return len(self._found) > self._limit

    def add(self, problem: Problem) -> None:
        """Add a problem. After the limit, only the fact that there are more is kept."""
        if len(self._found) < self._limit:
            self._found.append(problem)
        elif not self.full:
            message = f"There are more problems than the {self._limit} reported here"
            self._found.append(Problem("truncated", message))

    def raise_if_any(self, error: Callable[[Sequence[Problem]], FilterError]) -> None:
        """Raise the error with what was collected, if anything was."""
        if self._found:
            raise error(self._found)
