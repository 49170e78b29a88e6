"""The form notation: pairs with PHP brackets in their keys, folded into the shape JSON has, and unfolded from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Final

from .. import messages
from ..checked import CheckedFilter, tree_of
from ..errors import FilterSyntaxError, FormLocation, Problem, UnsupportedFilterError, quoted, syntax_error
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import EVERYTHING, Filter, Membership, every_node
from ..values import Special, UntypedText, Value, number_text, sound_text
from .objects import Input, Numeral, Path, read_objects, text_within, written_objects

Pairs = Iterable[tuple[str, str]] | Mapping[str, str]


def parse_form(pairs: Pairs, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS) -> Filter:
    """The filter among the decoded pairs of a form or query string: a mapping, or `(key, value)` pairs.

    Pairs whose key does not begin with `name[` belong to others and are left alone, unless the key can only be a misspelled one of
    ours. Without any of ours the filter is `EVERYTHING`. The values are `UntypedText` until an endpoint's field types decide
    what they are.

    Raises `FilterSyntaxError` with the key of the first fault, and `TypeError` for anything but pairs of `str`.

    >>> import kanbert_filter as kf
    >>> kf.parse_form({"filter[0][field]": "budget", "filter[0][op]": "gte", "filter[0][value]": "1000", "page": "3"})
    Comparison('budget', 'gte', UntypedText('1000'))
    """
    ensure_limits(limits)
    ensure_name(name)
    form = _Form(name)
    size = keys = 0
    for key, value in _pairs(pairs):
        if key != name and not key.startswith(f"{name}["):
            problem = misspelling(key, name)
            if problem is not None:
                raise FilterSyntaxError(problem.at(FormLocation(key, value)))
            continue
        keys += 1
        size += _byte_length(value)
        try:
            if keys > limits.max_form_keys:
                raise FilterSyntaxError(messages.too_many_keys(limits.max_form_keys))
            if size > limits.max_text_length:
                raise FilterSyntaxError(messages.text_too_long(limits.max_text_length))
            if _byte_length(key) > limits.max_form_key_bytes:
                raise FilterSyntaxError(messages.key_too_long(limits.max_form_key_bytes))
            form.add(sound_text(key), sound_text(value))
        except FilterSyntaxError as error:
            [problem] = error.problems
            raise FilterSyntaxError(problem.at(FormLocation(key, value))) from None
    return read_objects(form, limits) if keys else EVERYTHING


def ensure_name(name: object) -> None:
    """Raise `TypeError` or `ValueError` for what cannot be a parameter's name: every filter would be ignored."""
    if not isinstance(name, str):
        raise TypeError(f"expected a parameter's name as str, not {type(name).__name__}")
    if not name.strip():
        raise ValueError(f"expected a parameter's name, not {name!r}")


def misspelling(key: str, name: str) -> Problem | None:
    """The problem with a key that can only be the misspelled key of a filter with this name; None for other keys.

    Such a key is not left alone: the filter would be ignored, and everything returned.
    """
    if name.lower() not in key.lower():
        return None
    found = _misspelled(name).search(key)
    if found is None:
        return None
    remedy = f"expected {quoted(name)} or keys such as '{name}[0][field]'"
    if found["encoded"]:
        remedy += "; brackets are percent-encoded once"
    return Problem("misspelled_parameter", f"Found parameter {quoted(key)}, {remedy}")


_EDGE: Final = r"""[\s\x00-\x1f\x7f\xad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff"'`´‘’“”]"""
"""What is no part of a name and comes to stand beside one: blanks, characters that cannot be seen, such as a byte order mark, and the
quotes of a shell to which they are none."""


@lru_cache(maxsize=64)
def _misspelled(name: str) -> re.Pattern[str]:
    """What a misspelled key begins with: the name in any case, also behind another `?`, `;`, blanks or quotes or inside brackets, and then
    the end, a bracket in whatever encoding, `=`, or a dot and what a form has in brackets. Or JSON whose first key is the name."""
    name = re.escape(name)
    bracket = r"(?:%(?:25)*(?:u00)?|\\u00|\\x|&?\#x)5b|&?\#91|［"
    rest = rf"{_EDGE}*(?:\Z|[\[\]=])|(?P<encoded>{bracket})|\.(?:[0-9]|(?:field|and|or)(?![\w-]))"
    return re.compile(
        rf"(?:\A|[?;]){_EDGE}*{name}(?:{rest})|\A\[{name}\]|\A{_EDGE}*\{{{_EDGE}*{name}{_EDGE}*:", re.IGNORECASE
    )


def to_form(filter: Filter | CheckedFilter, *, name: str = "filter") -> list[tuple[str, str]]:
    """The filter as pairs of a form, not yet percent-encoded.

    Raises `UnsupportedFilterError` for what a form cannot say: an empty list, and a number or boolean unless the filter
    is checked and the field's type says which it is (`custom` does not).

    >>> import kanbert_filter as kf
    >>> kf.to_form(kf.field("title").contains("Acme"))
    [('filter[0][field]', 'title'), ('filter[0][op]', 'contains'), ('filter[0][value]', 'Acme')]
    """
    ensure_name(name)
    table = filter.parts[0].table if isinstance(filter, CheckedFilter) else None

    def text(path: Path, value: Value) -> str:
        if isinstance(value, (str, Special, UntypedText)):
            return str(value)
        shown = str(value).lower() if isinstance(value, bool) else number_text(value)
        kind = None if table is None else table.kind_of(map(str, path))
        if kind is None or kind == "custom":
            raise _untellable(path, shown, kind)
        return shown

    tree = tree_of(filter)
    for node in every_node(tree):
        if isinstance(node, Membership) and not node.values:
            message = "A form cannot say an empty list; write the filter as DSL or JSON"
            raise UnsupportedFilterError(Problem("unsupported", message, node.field))
    return list(_flat(name, written_objects(tree, text)))


# reading


def _pairs(pairs: Pairs) -> Iterator[tuple[str, str]]:
    """The pairs, each looked at. Raises `TypeError` for what is not a form."""
    if isinstance(pairs, (str, bytes)) or not isinstance(pairs, Iterable):
        expected = "a mapping or (key, value) pairs, decoded"
        raise TypeError(f"expected {expected}, not {type(pairs).__name__}; parse_query reads a query string")
    for pair in pairs.items() if isinstance(pairs, Mapping) else pairs:
        match pair:
            case (str(), str()):
                yield pair
            case (key, value):
                raise TypeError(f"expected a pair of str, not of {type(key).__name__} and {type(value).__name__}")
            case _:
                raise TypeError(f"expected a (key, value) pair, not {type(pair).__name__}")


class _Level(dict[str, object]):
    """What is under the brackets of one level, by label."""

    __slots__ = ("_ordered",)

    _ordered: list[str]

    def in_order(self) -> list[str]:
        """Numbers by size; without leading zeros the longer is the greater. They are sorted once, when all have come in."""
        if not hasattr(self, "_ordered"):
            self._ordered = sorted(self, key=lambda label: (len(label), label))
        return self._ordered


_BOTH: Final = "Found both a value and keys below it, expected one of them"


class _Form(Input):
    """A form folded into objects: one level for each pair of brackets, a list where they hold numbers or nothing."""

    __slots__ = ("_name", "_top")

    in_a_list = "number the items: '[0]', '[1]', …"

    def __init__(self, name: str) -> None:
        self._name = name
        self._top = _Level()

    def add(self, key: str, value: str) -> None:
        """Fold in one pair. Raises `FilterSyntaxError`, without a place."""
        labels = self._labels(key)
        level = self._top
        for label in labels[:-1]:
            _check_label(level, label)
            inner = level.setdefault(label, _Level())
            if not isinstance(inner, _Level):
                raise syntax_error("wrong_shape", _BOTH)
            level = inner
        label = labels[-1]
        _check_label(level, label)
        if label == "":
            values = level.setdefault("", [])
            assert isinstance(values, list)  # only values are under []
            values.append(value)
        elif label not in level:
            level[label] = value
        elif isinstance(level[label], str):
            remedy = f"; number the items of a list: '{key}[0]', '{key}[1]', …" if label == "value" else ""
            raise syntax_error("duplicate_key", f"Found {quoted(key)} twice, expected it once{remedy}")
        else:
            raise syntax_error("wrong_shape", _BOTH)

    def _labels(self, key: str) -> list[str]:
        """What is in the brackets of a key."""
        if key == self._name:
            example = f"keys such as '{self._name}[0][field]'"
            raise syntax_error(
                "wrong_shape", f"Found text under {quoted(key)}, expected {example}; parse_query reads both"
            )
        brackets = key[len(self._name) :]
        labels = brackets[1:-1].split("][")
        inside = "".join(labels)
        if not brackets.endswith("]") or "[" in inside or "]" in inside:
            example = f"'{self._name}[0][field]'"
            message = f"{quoted(key)} is not a well-formed key, expected pairs of brackets as in {example}"
            raise syntax_error("malformed_key", message)
        if "" in labels[:-1]:
            message = "Found '[]' before the end of the key, expected a number; number the items: '[0]', '[1]', …"
            raise syntax_error("malformed_key", message)
        for label in labels:
            if label[:1] == "0" != label and _is_index(label):
                raise syntax_error("malformed_key", f"Found index {quoted(label)}, expected one without leading zeros")
        return labels

    def top(self) -> object:
        return self._top

    def opened(self, data: object) -> object:
        if not isinstance(data, _Level):
            return data
        first = next(iter(data))
        if first == "":
            return data[""]
        return [data[label] for label in data.in_order()] if _is_index(first) else data

    def value(self, data: object, limits: Limits) -> Value:
        assert isinstance(data, str)  # all else was opened
        return UntypedText(text_within(sound_text(data), limits))

    def is_blank(self, data: object) -> bool:
        return data == ""

    def is_true(self, data: object) -> bool:
        return data in ("true", "1")

    def remedy(self, path: Path, data: object) -> str:
        key = self.place(path).key if path else f"{self._name}[0]"
        pairs = messages.all_of([f"{key}={value}" for key, value in _flat(key.replace("[]", "[0]"), data)])
        return f"number the items, {pairs}" if key.endswith("[]") else f"write {pairs}"

    def place(self, path: Path) -> FormLocation:
        key = [self._name]
        data: object = self._top
        for step in path:
            assert isinstance(data, _Level)
            label = step if isinstance(step, str) else "" if "" in data else data.in_order()[step]
            data = data[label]
            if label == "":
                assert isinstance(data, list)
                data = data[int(step)]
            key.append(f"[{label}]")
        return FormLocation("".join(key), data if isinstance(data, str) else "")


def _is_index(label: str) -> bool:
    return label.isascii() and label.isdigit()


def _check_label(level: _Level, label: str) -> None:
    """The labels of one level are all numbers, all names, or all empty."""
    for first in level:
        if (_is_index(first), first == "") != (_is_index(label), label == ""):
            found = f"'[{_short(label)}]' beside '[{_short(first)}]'"
            raise syntax_error("wrong_shape", f"Found {found}, expected one kind: numbers, names or '[]'")
        return


def _byte_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode(errors="surrogatepass"))


def _short(label: str) -> str:
    return quoted(label, 20)[1:-1]


# writing


def _flat(key: str, data: object) -> Iterator[tuple[str, str]]:
    stack: list[tuple[str, object]] = [(key, data)]
    while stack:
        key, data = stack.pop()
        match data:
            case dict():
                stack.extend([(f"{key}[{label}]", item) for label, item in reversed(data.items())])
            case list():
                stack.extend([(f"{key}[{position}]", data[position]) for position in reversed(range(len(data)))])
            case Numeral():
                yield key, data.text
            case _:
                yield key, str(data)


def _untellable(path: Path, shown: str, kind: str | None) -> UnsupportedFilterError:
    name = ".".join(map(str, path))
    if kind == "custom":
        where = "in a custom field, which takes both; write the filter as DSL or JSON"
    else:
        where = "unless the field's type is known; check the filter first"
    message = f"A form cannot distinguish {shown} from text {where}"
    return UnsupportedFilterError(Problem("unsupported", message, name))
