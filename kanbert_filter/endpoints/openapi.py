"""Endpoints from an OpenAPI document: what each operation's `filter` parameter says may be filtered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard

from ..errors import quoted
from .endpoint import Endpoint
from .field_table import Relation
from .field_type import FieldType
from .scalars import Enum

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


def endpoints_from_openapi(document: Mapping[str, Any]) -> dict[str, Endpoint]:
    """The endpoints of the operations whose `filter` parameter describes a table of fields, by `"GET /clients"`.

    `document` is the decoded document, of OpenAPI 3 or Swagger 2. References inside it are followed. An `enum<Name>`
    whose table lists no choices takes those of `components.schemas.Name.enum`, where there are any. Scopes come
    unbound.

    Raises `ValueError` for a document that is none, a reference that leads nowhere, and a table with a fault; it
    names the place.

    >>> import kanbert_filter as kf
    >>> table = "Field | Type | Operators\\n---|---|---\\nsegment | enum<Segment> | eq, in"
    >>> kf.endpoints_from_openapi({
    ...     "paths": {"/clients": {"get": {"parameters": [{"name": "filter", "in": "query", "description": table}]}}},
    ...     "components": {"schemas": {"Segment": {"enum": ["A", "B"]}}},
    ... })["GET /clients"]["segment"]
    <Enum 'enum<Segment>: A, B; eq, in'>
    """
    return dict(_endpoints(document))


def _endpoints(document: Mapping[str, Any]) -> Iterator[tuple[str, Endpoint]]:
    paths = document.get("paths", {}) if _is_object(document) else None
    if not _is_object(paths):
        raise ValueError("the document has no object 'paths', expected a decoded OpenAPI document")
    for path, entry in paths.items():
        place = f"path {quoted(path)}"
        try:
            item = _resolved(entry, document)
            if not _is_object(item):
                raise ValueError("it is no object, expected its operations")
            for method in _METHODS:
                operation = item.get(method)
                if _is_object(operation):
                    place = f"{method.upper()} {path}"
                    rows = _rows(item, operation, document)
                    if rows is not None:
                        yield place, Endpoint(place, rows)
        except ValueError as error:
            raise ValueError(f"{place}: {error}") from None


def _rows(
    item: Mapping[str, Any], operation: Mapping[str, Any], document: Mapping[str, Any]
) -> dict[str, FieldType] | None:
    """The rows of the table in the operation's `filter` parameter, its own before the path's; None without a table."""
    from .tables import tables_in

    for owner in (operation, item):
        parameters = owner.get("parameters", [])
        if not isinstance(parameters, list):
            raise ValueError("'parameters' is no list, expected one")
        for entry in parameters:
            parameter = _resolved(entry, document)
            if _is_object(parameter) and parameter.get("name") == "filter" and parameter.get("in") == "query":
                # Beside a reference may stand a description of its own (OpenAPI 3.1).
                description = entry.get("description") or parameter.get("description")
                tables = tables_in(description) if isinstance(description, str) else []
                if len(tables) > 1:
                    raise ValueError(f"found {len(tables)} tables of fields for one filter, expected one")
                return _with_choices(tables[0], document) if tables else None
    return None


def _with_choices(rows: Mapping[str, FieldType], document: Mapping[str, Any]) -> dict[str, FieldType]:
    """The rows with the choices of enumerations that the document lists and the table does not."""
    filled = dict(rows)
    for name, row in rows.items():
        if isinstance(row, Relation):
            filled[name] = row.with_fields(_with_choices(dict(row.related.items()), document))
        elif isinstance(row, Enum) and row.name and not row.choices:
            filled[name] = row.with_parts(choices=_choices(row.name, document))
    return filled


def _choices(name: str, document: Mapping[str, Any]) -> tuple[str, ...]:
    schema: object = document
    for key in ("components", "schemas", name):
        schema = schema.get(key) if _is_object(schema) else None
    schema = _resolved(schema, document)
    listed = schema.get("enum") if _is_object(schema) else None
    texts = listed if isinstance(listed, list) else []
    return tuple(
        dict.fromkeys(str(text) for text in texts if isinstance(text, (str, int)) and not isinstance(text, bool))
    )


def _resolved(found: object, document: Mapping[str, Any]) -> object:
    """What is found, or what it refers to, from reference to reference."""
    seen: set[str] = set()
    while _is_object(found) and isinstance(found.get("$ref"), str):
        reference = found["$ref"]
        if reference in seen:
            raise ValueError(f"the reference {quoted(reference)} leads back to itself")
        seen.add(reference)
        found = _at(reference, document)
    return found


def _at(reference: str, document: Mapping[str, Any]) -> object:
    from urllib.parse import unquote

    if not reference.startswith("#/"):
        raise ValueError(
            f"the reference {quoted(reference)} leaves the document, expected '#/…'; bundle the document first"
        )
    found: object = document
    for token in unquote(reference[2:]).split("/"):
        key = token.replace("~1", "/").replace("~0", "~")
        if _is_object(found) and key in found:
            found = found[key]
        elif isinstance(found, list) and key.isdecimal() and key.isascii() and len(key) < 10 and int(key) < len(found):
            found = found[int(key)]
        else:
            raise ValueError(f"the reference {quoted(reference)} leads nowhere, expected a place in the document")
    return found


def _is_object(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping)
