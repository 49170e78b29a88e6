"""Random pairs of filters that have much to do with each other, and records to try them on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import product
from typing import Any

import kanbert_filter as kf

TASKS = {
    "status": "enum: TODO, DOING, DONE",
    "hours": "number",
    "name": "string",
    "parts": {"ready": "boolean", "size": "number"},
}
PROJECTS = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "code": kf.types.String(case_sensitive=True),
        "status": "enum: ACTIVE, PAUSED, DONE",
        "budget": "number",
        "price": "currency",
        "done": "boolean",
        "due": "date",
        "at": "datetime",
        "owner.id": "id",
        "custom.*": "custom",
        "tasks": TASKS,
    },
)
CONTEXT = kf.Context(now=datetime(2024, 5, 1, 22, 30, tzinfo=UTC), timezone="Europe/Vienna", me="u-1")

_NUMBERS = ["0", "1", "2", "1.5", "-3", "10"]
_TEXTS = ['""', '"a"', '"ab"', '"A"', '"b"', '"ba"', '"x"', '"abc"']
_DIGITS = ['"1"', '"5"', '".5"', '"10"']
_PATTERNS = ['"a%"', '"%b"', '"a_"', '"%"', '"_"', '"a%b"']
_DATES = ['"2024-05-01"', '"2024-05-02"', "today", "today-1d", "sow", "eom"]
_MOMENTS = ['"2024-05-01"', '"2024-05-02T10:00:00Z"', '"2024-05-01T22:00:00Z"', "now", "today", "som", "eow"]
_CUSTOM = ['"a"', '"b"', "1", "2.5", "true", "false"]
_TEXT_OPERATORS = ["contains", "startsWith", "endsWith"]
_EQUALITY, _ORDER = ["=", "!="], ["<", "<=", ">", ">="]


def condition(random: random.Random, fields: dict[str, str], *, like: bool = True) -> str:
    """A condition on one of the fields, as DSL."""
    field, kind = random.choice([*fields.items()])
    if kind != "relation" and random.random() < 0.1:
        return f"{field} is {random.choice(['', 'not '])}null"
    match kind:
        case "relation":
            return relation(random, field, like=like)
        case "string" | "currency" if random.random() < 0.5:
            if like and random.random() < 0.2:
                return f"{field} like {random.choice(_PATTERNS)}"
            needles = _TEXTS if kind == "string" else _DIGITS
            return f"{field} {random.choice(_TEXT_OPERATORS)} {random.choice(needles)}"
        case "custom" if random.random() < 0.3:
            operator = random.choice([*_TEXT_OPERATORS, *_ORDER])
            return f"{field} {operator} {random.choice(_TEXTS if operator in _TEXT_OPERATORS else _CUSTOM[:4])}"
        case "boolean":
            return f"{field} {random.choice(_EQUALITY)} {random.choice(['true', 'false'])}"
    values = {
        "string": _TEXTS,
        "enum": ['"ACTIVE"', '"PAUSED"', '"DONE"'],
        "status": ['"TODO"', '"DOING"', '"DONE"'],
        "id": ['"u-1"', '"u-2"', "me.id"],
    }
    pool = (
        values.get(kind)
        or {"number": _NUMBERS, "currency": _NUMBERS, "date": _DATES, "datetime": _MOMENTS, "custom": _CUSTOM}[kind]
    )
    if random.random() < 0.25:
        return f"{field} {random.choice(['in', 'nin'])} [{', '.join(random.sample(pool, random.randint(0, 3)))}]"
    ordered = kind in ("number", "currency", "date", "datetime") and random.random() < 0.7
    return f"{field} {random.choice(_ORDER if ordered else _EQUALITY)} {random.choice(pool)}"


_TASK_FIELDS = {"status": "status", "hours": "number", "name": "string", "parts": "relation"}
_PART_FIELDS = {"ready": "boolean", "size": "number"}
_FIELDS = {
    "title": "string",
    "code": "string",
    "status": "enum",
    "budget": "number",
    "price": "currency",
    "done": "boolean",
    "due": "date",
    "at": "datetime",
    "owner.id": "id",
    "custom.x": "custom",
    "tasks": "relation",
}


def relation(random: random.Random, field: str, *, like: bool) -> str:
    if random.random() < 0.25:
        return f"{field}.count {random.choice([*_EQUALITY, *_ORDER])} {random.randint(0, 3)}"
    operator = random.choice(["any", "none", "all"])
    if operator != "all" and random.random() < 0.2:
        return f"{field} {operator}"
    return f"{field} {operator} ({text(random, _TASK_FIELDS if field == 'tasks' else _PART_FIELDS, 2, like=like)})"


def text(random: random.Random, fields: dict[str, str], size: int, *, like: bool = True) -> str:
    """A filter over these fields, as DSL."""
    if size == 1 or random.random() < 0.3:
        return condition(random, fields, like=like)
    items = [text(random, fields, size - 1, like=like) for _ in range(random.randint(2, 3))]
    return f"({random.choice([' and ', ' or ']).join(items)})"


def pair(random: random.Random, *, like: bool = True) -> tuple[kf.CheckedFilter, kf.CheckedFilter]:
    """Two filters over few fields, the second often a part of the first or made of its parts."""
    names = random.sample([*_FIELDS], random.randint(1, 3))
    fields = {name: _FIELDS[name] for name in names}
    a = text(random, fields, random.randint(1, 3), like=like)
    b = text(random, fields, random.randint(1, 2), like=like)
    if random.random() < 0.3:
        a = f"{a} and {b}" if random.random() < 0.7 else f"{a} or {b}"
    elif random.random() < 0.2:
        b = f"{b} or {a}"
    return PROJECTS.parse(a), PROJECTS.parse(b)


_PARTS: list[Any] = [{"ready": True, "size": 1}, {"ready": None, "size": 2}]
_TASKS: list[Any] = [
    {"status": "TODO", "hours": 1, "name": "a"},
    {"status": "DONE", "hours": None, "name": "ab", "parts": _PARTS},
    {"hours": 2},
]
_VALUES: dict[str, list[Any]] = {
    "title": [None, "", "a", "ab", "A", "b", "ba", "x"],
    "code": [None, "a", "A", "ab"],
    "status": [None, "ACTIVE", "PAUSED", "DONE"],
    "budget": [None, 0, 1, 1.5, 2, -3, 7],
    "price": [None, 0, 1, 1.5, 10, 105],
    "done": [None, True, False],
    "due": [None, "2024-05-01", "2024-05-02", "2024-05-31", "2024-04-29"],
    "at": [
        None,
        "2024-05-01T21:59:59Z",
        "2024-05-01T22:00:00Z",
        "2024-05-02T10:00:00Z",
        "2024-05-01T22:30:00Z",
        "2024-05-05T21:59:59.999999Z",
    ],
    "owner": [None, {"id": "u-1"}, {"id": "u-2"}, {"id": "u-3"}],
    "custom": [None, {"x": "a"}, {"x": 1}, {"x": 2.5}, {"x": True}, {"x": "ba"}],
    "tasks": [None, [], _TASKS[:1], _TASKS[1:2], _TASKS, [_TASKS[1], {"parts": [_PARTS[0]]}]],
}


def records(*filters: kf.CheckedFilter) -> Iterator[dict[str, Any]]:
    """Every record of few values in the fields of the filters."""
    names = sorted({path.partition(".")[0] for checked in filters for path in kf.fields_of(checked.filter)})
    for values in product(*[_VALUES[name] for name in names]):
        yield dict(zip(names, values, strict=True))
