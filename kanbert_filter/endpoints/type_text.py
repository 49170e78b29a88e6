"""How tables write a field's type, such as `enum<Status>: open, done` or `Relation - name (string)`.

What the text says is a description: plain data, as `Endpoint.to_dict` gives it for each field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ..errors import quoted
from ..limits import MAX_DEPTH
from ..operators import OPERATORS, WORDS

NO_OPERATORS: Final = "—"
"""What a table writes for no operators; an empty cell means those of the type."""

_NAMED: Final = {"enum": "name", "id": "entity"}
_RELATION: Final = re.compile(r"\s*relation\b\s*:?\s*", re.IGNORECASE)
_ITEM: Final = re.compile(r"-\s*([^\s()]+)\s*\(")
_BLANK: Final = re.compile(r"\s*")
_MARK: Final = re.compile(r'(?<=[:,\[{])\s*"(?:[^"\\]|\\.)*"|[();]', re.DOTALL)
_SIMPLE: Final = re.compile(r"([A-Za-z]+)\s*(?:<([^<>]*)>\s*)?(?::(.*))?", re.DOTALL)
_LIST: Final = re.compile(r"\s*(?:\[(.*)\]|\{(.*)\})\s*", re.DOTALL)
_CHOICE: Final = re.compile(
    r"""\s*(?:("(?:[^"\\]|\\.)*")\s*|('[^']*'|“[^”,]*”|‘[^’,]*’)\s*|([^,\n]*))(?:,|\n|$)""", re.DOTALL
)
_UNCLEAR: Final = re.compile(r"""["'“‘]|[-*•]\s|.*\|""", re.DOTALL)
"""What a choice without quotes does not begin with or hold: it would be part of another way to write lists."""

_PLAIN_CHOICE: Final = re.compile(r"(?!'|[*-] )[\w.:/+*#%=!?$'-]+(?: [\w.:/+*#%=!?$'-]+)*")
_SOURCE: Final = re.compile(
    r'\s*source\s*:\s*((?:"(?:[^"\\]|\\.)*"|[^".;()\s]+)(?:\.(?:"(?:[^"\\]|\\.)*"|[^".;()\s]+))*)\s*', re.IGNORECASE
)
_KEY: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[^".]+')
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_-]+|\*")
_SPELLINGS: Final = WORDS | {row.dsl.lower(): row.name for row in OPERATORS.values()}

Description = dict[str, Any]


def read_type(text: str) -> Description:
    """The description of the type that a table writes. Raises `ValueError` for a text that does not write a type.

    Attributes follow after a semicolon, choices that hold marks are JSON strings.

    >>> from kanbert_filter.endpoints.type_text import read_type
    >>> read_type('enum<Status>: open, "on hold, or late"; eq, notin')
    {'type': 'enum', 'name': 'Status', 'choices': ['open', 'on hold, or late'], 'operators': ['eq', 'nin']}
    """
    description, end = _read(text, 0, 1)
    if end < len(text):
        raise ValueError(f"found {quoted(text[end:])}, expected the end of the type")
    return description


def write_type(description: Mapping[str, Any]) -> str:
    """The text that tables write for a described type; `operators` are written where they are described.

    >>> from kanbert_filter.endpoints.type_text import write_type
    >>> write_type({"type": "relation", "fields": {"id": {"type": "id", "entity": "User", "operators": ["eq"]}}})
    'Relation - id (id<User>; eq)'
    """
    kind, choices = description["type"], description.get("choices", [])
    name = description.get("name") or description.get("entity")
    word = "Relation" if kind == "relation" else "enum" if kind == "scope" and is_scope(choices) else kind
    parts = [f"{word}<{name}>" if name else word]
    if choices:
        # An enumeration of a scope's choices would be read as that scope; quotes distinguish them.
        quoting = kind == "enum" and not name and is_scope(choices)
        parts[0] += f": {', '.join([_written_choice(choice, quoting) for choice in choices])}"
    for field, row in description.get("fields", {}).items():
        parts[0] += f" - {field} ({write_type(row)})"
    if description.get("case_sensitive"):
        parts.append("case-sensitive")
    if "operators" in description:
        parts.append(write_operators(description["operators"]))
    if "source" in description:
        source = description["source"]
        keys = source.split(".") if isinstance(source, str) else source
        parts.append(f"source: {'.'.join([key if is_plain_key(key) else _written_text(key) for key in keys])}")
    return "; ".join(parts)


def is_plain_key(key: str) -> bool:
    """Whether a key of a source is written as it is, without quotes."""
    return _PLAIN_KEY.fullmatch(key) is not None


def is_scope(choices: Iterable[str]) -> bool:
    """Whether an enumeration of these choices is the tables' way to write a scope."""
    return sorted(choices) == ["only", "with", "without"]


def read_operators(text: str) -> list[str] | None:
    """The canonical words of the operators a table lists, in any spelling; None where it leaves them to the type.

    >>> from kanbert_filter.endpoints.type_text import read_operators
    >>> read_operators("IN, neq, ne, is null")
    ['in', 'ne', 'isnull']
    """
    if text.strip() in (NO_OPERATORS, "–", "-"):
        return []
    spellings = [" ".join(word.lower().split()) for word in re.split(r"[,\n]", text)]
    unknown = [word for word in spellings if word and word not in _SPELLINGS]
    if unknown:
        raise ValueError(f"found operator {quoted(unknown[0])}, expected words such as {', '.join(OPERATORS)}")
    return list(dict.fromkeys(_SPELLINGS[word] for word in spellings if word)) or None


def write_operators(operators: Iterable[str]) -> str:
    """The operators as a table lists them."""
    return ", ".join(operators) or NO_OPERATORS


def _read(text: str, start: int, level: int) -> tuple[Description, int]:
    """The description of the type that begins at `start`, and where it ends: in a relation before its `)`."""
    if level > MAX_DEPTH:
        raise ValueError(f"found relations nested more than {MAX_DEPTH} levels deep, expected fewer")
    relation = _RELATION.match(text, start)
    if relation:
        description, end = _read_fields(text, relation.end(), level)
    else:
        end = _end_of_simple(text, start, level)
        description = _read_simple(text[start:end].strip())
    while text.startswith(";", end):
        start = end + 1
        source = _SOURCE.match(text, start)
        if source is not None:
            if "source" in description:
                raise ValueError("found a second source, expected one")
            end = source.end()
            description["source"] = [_read_quoted(k) if k[0] == '"' else k for k in _KEY.findall(source[1])]
            continue
        end = next((mark.start() for mark in re.compile("[;()]").finditer(text, start)), len(text))
        _read_attribute(text[start:end], description)
    return description, end


def _read_fields(text: str, at: int, level: int) -> tuple[Description, int]:
    fields: dict[str, Description] = {}
    while at < len(text) and text[at] not in ";)":
        item = _ITEM.match(text, at)
        if item is None:
            raise ValueError(f"found {quoted(text[at:])}, expected the relation's fields as '- name (type)'")
        name = item[1]
        if name in fields:
            raise ValueError(f"found the relation's field {quoted(name)} twice, expected it once")
        try:
            fields[name], at = _read(text, item.end(), level + 1)
        except ValueError as error:
            raise ValueError(f"field {quoted(name)}: {error}") from None
        if not text.startswith(")", at):
            raise ValueError(f"found no end of the type of {quoted(name)}, expected ')'")
        at = _end(_BLANK, text, at + 1)
    return {"type": "relation", "fields": fields}, at


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    match = pattern.match(text, at)
    return match.end() if match else at


def _end_of_simple(text: str, start: int, level: int) -> int:
    """The first `;`, or in a relation `)`, that belongs to no quoted choice and no inner pair of parentheses."""
    inner = 0
    for mark in _MARK.finditer(text, start):
        if mark[0] == ";" and not inner:
            return mark.start()
        if mark[0] == "(":
            inner += 1
        elif mark[0] == ")" and inner:
            inner -= 1
        elif mark[0] == ")" and level > 1:
            return mark.start()
    return len(text)


def _read_simple(text: str) -> Description:
    match = _SIMPLE.fullmatch(text)
    if match is None:
        raise ValueError(
            f"found {quoted(text)}, expected a type such as string, 'enum: a, b', 'enum<Name>' or 'id<Entity>'"
        )
    word, name, listed = match[1].lower(), (match[2] or "").strip(), match[3]
    choices = None if listed is None else _read_choices(listed)
    if word == "enum" and not name and is_scope(choices or ()) and '"' not in text:
        word = "scope"
    description: Description = {"type": word}
    if name:
        description[_NAMED.get(word, "name")] = name
    if choices is not None:
        description["choices"] = choices
    return description


def _read_attribute(text: str, description: Description) -> None:
    word = text.strip()
    if word.lower() == "case-sensitive":
        description["case_sensitive"] = True
        return
    operators = read_operators(text)
    if "operators" in description or operators is None:
        raise ValueError(
            f"found {quoted(word)} after ';', expected 'case-sensitive', 'source: …' or one list of operators"
        )
    description["operators"] = operators


def _read_choices(listed: str) -> list[str]:
    """The choices of a list as people write it: in brackets, in quotes of any kind, on lines of their own."""
    whole = _LIST.fullmatch(listed)
    choices: list[str] = []
    for text, marked, plain in _CHOICE.findall(listed if whole is None else whole[1] or whole[2] or ""):
        plain = plain.strip()
        if text:
            choices.append(_read_quoted(text))
        elif marked:
            choices.append(marked[1:-1])
        elif _UNCLEAR.match(plain) or any(plain.count(a) != plain.count(b) for a, b in ("()", "[]", "{}")):
            raise _no_choice(plain)
        elif plain:
            choices.append(plain)
    return choices


def _read_quoted(text: str) -> str:
    from json import loads

    try:
        return str(loads(text, strict=False))
    except ValueError:
        raise _no_choice(text) from None


def _no_choice(text: str) -> ValueError:
    return ValueError(
        f"found the choice {quoted(text)}, expected plain text or a JSON string, and commas between choices"
    )


def _written_choice(choice: str, quoting: bool) -> str:
    if _PLAIN_CHOICE.fullmatch(choice) and not quoting:
        return choice
    return _written_text(choice)


def _written_text(text: str) -> str:
    from json import dumps

    text = dumps(text, ensure_ascii=False)
    return text if text.isprintable() else "".join([c if c.isprintable() else dumps(c)[1:-1] for c in text])
