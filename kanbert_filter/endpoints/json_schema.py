"""An endpoint's filters as JSON Schema (2020-12), for OpenAPI, form builders, language models and clients in any language.

The schema describes the canonical JSON writing: a list at the top, `{"and": […]}` and `{"or": […]}` inside it, an object as the filter of
a relation, lower-case operator words. Conditions and groups are components with names, and refer to each other.

Whatever validates is accepted by the check, but for what a schema cannot say: limits of size and depth, days that the calendar does not
have, instants outside of it, halves of surrogate pairs, and names that are hidden under a wildcard, which a schema would reveal. Whatever
`to_json` writes of a checked filter validates.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import count
from typing import Any, Final

from ..kinds import FieldKind, exhaustive
from ..operators import OPERATORS, TEXT_OPERATORS
from ..values import SPECIALS
from .field_table import COUNT, FieldTable, Relation
from .field_type import FieldType
from .scalars import Count

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_PARTS: Final = ("Condition", "AndGroup", "OrGroup", "Filter")

_END: Final = r"(?![\s\S])"
"""The end of the text. In some dialects `$` also fits before a line break."""

_DAY: Final = r"[0-9]{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
_TIME: Final = r"(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OFFSET: Final = r"(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])?"
_SPECIAL: Final = "|".join(
    [r"today(?:[+-](?:0|[1-9][0-9]*)d)?", *[re.escape(n) for n, row in SPECIALS.items() if row.day and n != "today"]]
)
_SEGMENT: Final = "[A-Za-z0-9_][A-Za-z0-9_-]*"

_TEXT: Final[Schema] = {"type": "string"}
_PATTERN: Final[Schema] = {"type": "string", "pattern": rf"^(?:[^\\]|\\[\s\S])*{_END}"}
"""A `like` pattern: no backslash stands alone at its end."""

_VALUES: Final[dict[FieldKind, Callable[[FieldType, str], Schema]]] = exhaustive(
    FieldKind,
    {
        "string": lambda type, operator: _TEXT,
        "number": lambda type, operator: {"type": "number"},
        "currency": lambda type, operator: {"type": "number"},
        "boolean": lambda type, operator: {"type": "boolean"},
        "date": lambda type, operator: {"type": "string", "pattern": f"^(?:{_DAY}|{_SPECIAL}){_END}"},
        "datetime": lambda type, operator: {
            "type": "string",
            "pattern": f"^(?:{_DAY}(?:[Tt ]{_TIME}{_OFFSET})?|{_SPECIAL}){_END}",
        },
        "enum": lambda type, operator: _choice(type),
        "id": lambda type, operator: _any_type("string", "integer"),
        "custom": lambda type, operator: (
            _any_type("string", "number")
            if OPERATORS[operator].group == "order"
            else _any_type("string", "number", "boolean")
        ),
        "scope": lambda type, operator: _choice(type),
        "count": lambda type, operator: {"type": "integer", "minimum": 0},
        "relation": lambda type, operator: {},
    },
)
"""What one value of a field may be with an operator that takes values and is no text operator."""


def _any_type(*types: str) -> Schema:
    """A value of one of the types. (Writers of OpenAPI documents do not take a list of types, so they are alternatives.)"""
    return {"anyOf": [{"type": type} for type in types]}


def _choice(type: FieldType) -> Schema:
    choices = getattr(type, "choices", ())
    return {"enum": list(choices)} if choices else _TEXT


def to_json_schema(table: FieldTable) -> Schema:
    """The schema of the filters of a table of fields."""
    components = schema_components(table)
    return {
        "$schema": DIALECT,
        "title": f"Filter of {table.name}",
        "type": "array",
        "items": _definition("Filter"),
        "$defs": components,
    }


def _definition(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def schema_components(
    table: FieldTable, *, prefix: str = "", refer: Callable[[str], Schema] = _definition
) -> dict[str, Schema]:
    """The schemas of conditions and groups by their names, those of related records with the name of their relation before them.

    `Filter` is any of them. All names begin with `prefix`. `refer` gives the schema that refers to a name.

    >>> import kanbert_filter as kf
    >>> from kanbert_filter.endpoints.json_schema import schema_components
    >>> [*schema_components(kf.Endpoint("projects", {"sub_tasks": {"title": "string"}}))][3:]
    ['Filter', 'SubTasksCondition', 'SubTasksAndGroup', 'SubTasksOrGroup', 'SubTasksFilter']
    """
    named = _NamedSchemas(refer)
    named.add(table, prefix)
    return named.components


class _NamedSchemas:
    """The components of a table, as far as they are written: no two have one name, and no two conditions one title."""

    def __init__(self, refer: Callable[[str], Schema]) -> None:
        self.components: dict[str, Schema] = {}
        self._refer = refer
        self._titles: set[str] = set()

    def add(self, table: FieldTable, prefix: str) -> None:
        """Add those of a table, and of the related records in it. Their names begin with `prefix`."""
        for part in _PARTS:  # the names are taken before those of relations are
            self.components[prefix + part] = {}
        filters = self._refer(f"{prefix}Filter")
        conditions: list[Schema] = []
        for name, row in table.items():
            field = _row_names(name, table)
            if isinstance(row, Relation):
                inner = _free(prefix + pascal_case(name), self._is_prefix)
                self.add(row.related, inner)
                found = _relation_conditions(field, row, self._refer(f"{inner}Filter"))
                conditions += self._titled(prefix, name, found)
                if "count" in row.operators and ("*" in name or name + COUNT not in table):
                    found = _value_conditions(_count_names(name, table), Count(row))
                    conditions += self._titled(prefix, name + COUNT, found)
            else:
                conditions += self._titled(prefix, name, _value_conditions(field, row))
        self.components[f"{prefix}Condition"] = {"anyOf": conditions} if conditions else {"not": {}}
        for word in ("and", "or"):
            group = _object({word: {"type": "array", "items": filters, "minItems": 1}})
            self.components[f"{prefix}{word.capitalize()}Group"] = group
        references = [self._refer(prefix + part) for part in _PARTS if part != "Filter"]
        self.components[f"{prefix}Filter"] = {"anyOf": references}

    def _is_prefix(self, prefix: str) -> bool:
        return any(prefix + part in self.components for part in _PARTS)

    def _titled(self, prefix: str, field: str, conditions: Iterable[Schema]) -> Iterator[Schema]:
        """The conditions with titles, which clients' generators make names of types from: the field and the first operator."""
        for condition in conditions:
            [operator, *_] = condition["properties"]["op"]["enum"]
            title = _free(prefix + pascal_case(f"{field} {operator}"), self._titles.__contains__)
            self._titles.add(title)
            yield {"title": title, **condition}


def _free(name: str, is_taken: Callable[[str], bool]) -> str:
    """The name, with a number if it is taken."""
    tried = (name if number == 1 else f"{name}{number}" for number in count(1))
    return next(name for name in tried if not is_taken(name))


def pascal_case(name: str) -> str:
    """A name as one word, as generated clients write the names of types.

    >>> from kanbert_filter.endpoints.json_schema import pascal_case
    >>> pascal_case("clients/full"), pascal_case("client.sub_tasks")
    ('ClientsFull', 'ClientSubTasks')
    """
    return "".join([word[0].upper() + word[1:] for word in re.findall("[A-Za-z0-9]+", name)])


def _object(properties: Mapping[str, Schema], optional: Iterable[str] = ()) -> Schema:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "properties": dict(properties), "required": required, "additionalProperties": False}


def _row_names(name: str, table: FieldTable) -> Schema:
    """The names that a row stands for: of a wildcard those that belong to no other row and are no count."""
    if "*" not in name:
        return {"const": name}
    counted = [other for other, row in table.items() if "*" in other and "count" in row.operators]
    counts = [_count_names(other, table) for other in counted if _overlap(other + COUNT, name)]
    return _wild_names(name, table, _patterns(_better(name, table)) + counts)


def _count_names(relation: str, table: FieldTable) -> Schema:
    """The names of the counts of a relation's row: of a wildcard, of the relations that it admits."""
    if "*" not in relation:
        return {"const": relation + COUNT}
    better = _patterns([other + COUNT for other in _better(relation, table)])
    exact = [other + COUNT for other in table if "*" not in other]
    rows = [other for other in table if "*" in other and other.endswith(COUNT) and _overlap(other, relation + COUNT)]
    better += [_wild_names(other, table, _patterns(_better(other, table))) for other in rows]
    return _wild_names(relation + COUNT, table, better, exact)


def _wild_names(name: str, table: FieldTable, others: list[Schema], exact: Iterable[str] = ()) -> Schema:
    """The names that fit one with wildcards, but those of `others`, the exact ones, and those with a row of their own."""
    pattern = _name_pattern(name)
    consts: list[Schema] = [{"const": one} for one in dict.fromkeys([*table.known, *exact]) if re.match(pattern, one)]
    schema: Schema = {"type": "string", "pattern": pattern, "maxLength": 256}
    return schema | {"not": {"anyOf": consts + others}} if consts or others else schema


def _better(name: str, table: FieldTable) -> list[str]:
    """The other wildcard rows that have the names which fit both: where they differ first, they are exact."""
    return [other for other in table if "*" in other and _overlap(other, name) and _is_wild(other) < _is_wild(name)]


def _is_wild(name: str) -> list[bool]:
    return [segment == "*" for segment in name.split(".")]


def _overlap(name: str, other: str) -> bool:
    """Whether some names fit both."""
    names, others = name.split("."), other.split(".")
    return len(names) == len(others) and all(
        "*" in pair or len({*pair}) == 1 for pair in zip(names, others, strict=True)
    )


def _patterns(names: Iterable[str]) -> list[Schema]:
    return [{"pattern": _name_pattern(name)} for name in names]


def _name_pattern(name: str) -> str:
    return "^" + r"\.".join([_SEGMENT if segment == "*" else segment for segment in name.split(".")]) + _END


def _value_conditions(field: Schema, row: FieldType) -> Iterator[Schema]:
    """The conditions on a field that holds values: one for the operators that take the same."""
    alike: dict[str, tuple[Schema | None, list[str]]] = {}
    for operator in row.ordered_operators():
        schema = _operand(row, operator)
        alike.setdefault(json.dumps(schema), (schema, []))[1].append(operator)
    for schema, operators in alike.values():
        parts = {"field": field, "op": {"enum": operators}}
        yield _object(parts if schema is None else parts | {"value": schema})


def _operand(row: FieldType, operator: str) -> Schema | None:
    """What stands after an operator; None if nothing does."""
    match OPERATORS[operator].operand:
        case "nothing":
            return None
        case "list":
            return {"type": "array", "items": _VALUES[row.kind](row, "eq")}
    if operator in TEXT_OPERATORS:
        return _PATTERN if operator == "like" else _TEXT
    return _VALUES[row.kind](row, operator)


def _relation_conditions(field: Schema, row: Relation, related: Schema) -> Iterator[Schema]:
    operators = [operator for operator in row.ordered_operators() if operator != "count"]
    for optional in (True, False):
        words = [word for word in operators if (OPERATORS[word].operand == "optional filter") is optional]
        if words:
            parts = {"field": field, "op": {"enum": words}, "value": related}
            yield _object(parts, optional=["value"] if optional else [])
