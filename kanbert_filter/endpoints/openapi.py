"""Endpoints from an OpenAPI document: what each operation's `filter` parameter says may be filtered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeGuard
from warnings import warn

from ..errors import printable, quoted
from ..limits import MAX_DEPTH
from .endpoint import Endpoint
from .field_table import Relation
from .field_type import FieldType
from .scalars import Enum
from .tables import MarkdownTable, ignored_columns, tables_in

_METHODS: Final = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")


class OpenApiEndpoints(Mapping[str, Endpoint]):
    """The endpoints of a document by operation, such as `"GET /clients"`.

    It holds the sound ones. `faults` says of each other operation, or of a whole path, what is wrong with it;
    `[operation]` of such a one raises `ValueError` with the place and the reason, that of any other name `KeyError`.
    """

    faults: dict[str, str]
    """What is wrong with each faulty operation or path, by its name."""

    def __init__(self, endpoints: Mapping[str, Endpoint], faults: Mapping[str, str]) -> None:
        self._endpoints = dict(endpoints)
        self.faults = dict(faults)

    def __getitem__(self, operation: str) -> Endpoint:
        for place in (operation, operation.partition(" ")[2]):
            if place in self.faults:
                raise ValueError(f"{printable(place)}: {self.faults[place]}")
        return self._endpoints[operation]

    def __contains__(self, operation: object) -> bool:
        return operation in self._endpoints

    def __iter__(self) -> Iterator[str]:
        return iter(self._endpoints)

    def __len__(self) -> int:
        return len(self._endpoints)

    def __repr__(self) -> str:
        return f"<OpenApiEndpoints: {', '.join(map(printable, self._endpoints))}>"


def endpoints_from_openapi(document: Mapping[str, Any]) -> OpenApiEndpoints:
    """The endpoints of the operations whose `filter` parameter describes a table of fields, by `"GET /clients"`.

    `document` is the decoded document, of OpenAPI 3 or Swagger 2. References inside it are followed. An `enum<Name>`
    whose table lists no choices takes those of the schema `Name`, where it lists any. Scopes come unbound.

    A fault in an operation (a table with a fault, a reference that leads nowhere) does not lose the others: `faults` of
    what is returned lists them. Warns of columns that are ignored. Raises `ValueError` for a document that is none.

    >>> import kanbert_filter as kf
    >>> table = "Field | Type | Operators\\n---|---|---\\nsegment | enum<Segment> | eq, in"
    >>> found = kf.endpoints_from_openapi({
    ...     "paths": {
    ...         "/clients": {"get": {"parameters": [{"name": "filter", "in": "query", "description": table}]}},
    ...         "/users": {"get": {"parameters": [{"$ref": "#/components/parameters/filter"}]}},
    ...     },
    ...     "components": {"schemas": {"Segment": {"enum": ["A", "B"]}}},
    ... })
    >>> found["GET /clients"]["segment"]
    <Enum 'enum<Segment>: A, B; eq, in'>
    >>> found.faults
    {'GET /users': "the reference '#/components/parameters/filter' leads nowhere, expected a place in the document"}
    """
    paths = document.get("paths", {}) if _is_object(document) else None
    if not _is_object(paths):
        raise ValueError("the document has no object 'paths', expected a decoded OpenAPI document")
    endpoints: dict[str, Endpoint] = {}
    faults: dict[str, str] = {}
    ignored: dict[str, None] = {}
    choices = _SchemaChoices(document)
    for path, entry in paths.items():
        if not isinstance(path, str) or not path.startswith("/"):
            continue  # an extension such as `x-internal`
        try:
            item = _resolved(entry, document)
            if not _is_object(item):
                raise ValueError("found no object, expected the path's operations")
        except ValueError as error:
            faults[path] = str(error)
            continue
        for method in _METHODS:
            if item.get(method) is None:
                continue
            place = f"{method.upper()} {path}"
            try:
                table = _filter_table(item, item[method], document)
                if table is not None:
                    endpoints[place] = Endpoint(place, _with_choices(table.rows(), choices))
                    ignored.update(dict.fromkeys(table.ignored))
            except ValueError as error:
                faults[place] = str(error)
    if ignored:
        warn(ignored_columns(ignored), stacklevel=2)
    return OpenApiEndpoints(endpoints, faults)


def _filter_table(item: Mapping[str, Any], operation: object, document: Mapping[str, Any]) -> MarkdownTable | None:
    """The table in the operation's `filter` parameter, its own before the path's; None without one."""
    if not _is_object(operation):
        raise ValueError("found no object, expected an operation")
    astray: ValueError | None = None
    for owner in (operation, item):
        parameters = owner.get("parameters", [])
        if not isinstance(parameters, list):
            raise ValueError("'parameters' is no list, expected one")
        for entry in parameters:
            try:
                parameter = _resolved(entry, document)
            except ValueError as error:
                astray = astray or error  # of a parameter that is the filter, unless another one is
                continue
            if _is_object(parameter) and parameter.get("name") == "filter" and parameter.get("in") == "query":
                # Beside a reference may be a description of its own (OpenAPI 3.1).
                description = entry.get("description") or parameter.get("description")
                tables = tables_in(description) if isinstance(description, str) else []
                if len(tables) > 1:
                    raise ValueError(f"found {len(tables)} tables of fields for one filter, expected one")
                return tables[0] if tables else None
    if astray is not None:
        raise astray
    return None


def _with_choices(rows: Mapping[str, FieldType], choices: _SchemaChoices) -> dict[str, FieldType]:
    """The rows with the choices of enumerations that the document lists and the table does not."""
    filled = dict(rows)
    for name, row in rows.items():
        if isinstance(row, Relation):
            filled[name] = row.with_fields(_with_choices(dict(row.related.items()), choices))
        elif isinstance(row, Enum) and row.name and not row.choices:
            filled[name] = row.with_parts(choices=choices.of_name(row.name))
    return filled


class _SchemaChoices:
    """What the schemas of a document list. Each schema is read once, however often and wherever it is referred to."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._listed: dict[int, tuple[object, list[str] | None]] = {}
        """What each schema lists, by its identity; the schema is kept too, so that no other object gets its identity."""
        self._open: set[int] = set()

    def of_name(self, name: str) -> tuple[str, ...]:
        """The choices of the schema with this name; none where it does not list them."""
        for keys in (("components", "schemas", name), ("definitions", name)):
            schema: object = self._document
            for key in keys:
                schema = schema.get(key) if _is_object(schema) else None
            if schema is not None:
                return tuple(self._of(schema) or ())
        return ()

    def _of(self, found: object) -> list[str] | None:
        """The texts that a schema allows; None where it does not list them."""
        schema = _resolved(found, self._document)
        if not _is_object(schema):
            return None
        key = id(schema)
        if key not in self._listed:
            if key in self._open or len(self._open) >= MAX_DEPTH:
                reason = "inside itself" if key in self._open else f"nested more than {MAX_DEPTH} levels deep"
                raise ValueError(f"found a schema {reason}, expected a list of choices")
            self._open.add(key)
            try:
                self._listed[key] = schema, self._read(schema)
            finally:
                self._open.remove(key)
        return self._listed[key][1]

    def _read(self, schema: Mapping[str, Any]) -> list[str] | None:
        """What a schema lists itself, and what those it is made of list; of several lists what is in all of them."""
        lists: list[list[str] | None] = [self._of(part) for part in _parts(schema, "allOf")]
        lists += [_union([self._of(part) for part in _parts(schema, key)]) for key in ("anyOf", "oneOf")]
        if isinstance(schema.get("enum"), list):
            lists.append(_nameable(schema["enum"]))
        elif "const" in schema:
            lists.append(_nameable([schema["const"]]))
        elif schema.get("type") == "null":
            lists.append([])
        listed = [each for each in lists if each is not None]
        if not listed:
            return None
        shared = set(listed[0]).intersection(*listed[1:])
        return [text for text in listed[0] if text in shared]


def _parts(schema: Mapping[str, Any], key: str) -> list[Any]:
    parts = schema.get(key)
    return parts if isinstance(parts, list) else []


def _union(lists: list[list[str] | None]) -> list[str] | None:
    """All texts of the lists; None where one of them is open, or there are none."""
    known = [each for each in lists if each is not None]
    if not lists or len(known) < len(lists):
        return None
    return list(dict.fromkeys([text for each in known for text in each]))


def _nameable(values: list[Any]) -> list[str]:
    """The values that a filter can name: texts, and integers by their text."""
    named = [value for value in values if isinstance(value, (str, int)) and not isinstance(value, bool)]
    return list(dict.fromkeys(map(str, named)))


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
    """The place in the document that a reference names."""
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
