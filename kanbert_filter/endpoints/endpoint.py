"""Endpoints: which fields may be filtered, by whom, with which operators, and where their data is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Self, assert_never

from ..checked import CheckedFilter, checked_filter
from ..limits import DEFAULT_LIMITS, Limits, ensure_limits
from ..nodes import And, Comparison, Everything, Filter, Membership, Node, NullCheck, Or, RelationTest
from ..notations.query import parse, parse_query
from .check import checked_tree, relation_tests
from .field_table import FieldTable, Relation, Rows, described_rows
from .field_type import FieldType
from .scalars import Custom, Scope

if TYPE_CHECKING:
    from .completion import Completion


class Endpoint(FieldTable):
    """What may be filtered on one list endpoint. A field that is not listed does not exist.

    `fields` maps public names to types (objects of `kanbert_filter.types`, their texts in tables, or a mapping for the
    fields of a relation). With `suggestions=False` errors offer no field names.

    Raises `ValueError` for something that is not a type and for relations inside each other beyond 100 levels, and `FilterSyntaxError`
    for a name that is not well-formed.

    >>> import kanbert_filter as kf
    >>> projects = kf.Endpoint("projects", {"title": "string", "tasks": {"status": "enum: ACTIVE, DONE"}})
    >>> projects.parse('titel = "Acme"')
    Traceback (most recent call last):
    kanbert_filter.errors.FilterCheckError: Unknown field 'titel'. Did you mean 'title'?
      titel = "Acme"
      ^^^^^
    """

    __slots__ = ("_name", "suggestions")
    __match_args__ = ("_name", "_rows", "_hidden", "suggestions")

    _name: str
    suggestions: bool

    def __init__(self, name: str, fields: Rows | FieldTable, *, suggestions: bool = True) -> None:
        if not isinstance(name, str):
            raise TypeError(f"expected an endpoint's name as str, not {type(name).__name__}")
        self._fill(_name=name, suggestions=suggestions)
        hidden = fields._hidden if isinstance(fields, FieldTable) else ()
        super().__init__(fields._rows if isinstance(fields, FieldTable) else fields, hidden)
        self._set(_with_checked_conditions(self), hidden)

    @property
    def name(self) -> str:
        """The endpoint's name."""
        return self._name

    @classmethod
    def from_model(cls, name: str, model: type[Any], fields: Iterable[str], *, also: Rows | None = None) -> Endpoint:
        """The endpoint of these fields of a SQLAlchemy or Django model, a dataclass or a pydantic model.

        Only what is named is exposed. `client.name` is a field of a related record, `tasks.status` one of a list of them,
        and so a field of the relation `tasks`. `also` holds rows of your own, for what no type follows from or to replace
        what follows.

        Raises `ValueError` for a field the model does not have, or from whose type no field type follows.

        >>> import kanbert_filter as kf
        >>> from dataclasses import dataclass
        >>> @dataclass
        ... class Project:
        ...     id: int
        ...     title: str
        ...     budget: float | None
        ...     password: str
        >>> kf.Endpoint.from_model("projects", Project, ["id", "title", "budget"], also={"budget": "currency"}).to_dict()["fields"].keys()
        dict_keys(['id', 'title', 'budget'])
        """
        from .models import rows_of_model

        return cls(name, rows_of_model(model, fields, also or {}))

    @classmethod
    def from_markdown(cls, name: str, text: str) -> Endpoint:
        """The endpoint that a Markdown text describes in its table of fields; text around the table means nothing.

        A field whose operators are not listed has those of its type. Scopes come unbound. Columns that say nothing of
        filters are ignored, with a warning that names them.

        Raises `ValueError` that names the row, what was found and what was expected.

        >>> from kanbert_filter import Endpoint
        >>> Endpoint.from_markdown("clients", '''
        ... Field | Type | Operators
        ... --- | --- | ---
        ... name — as on invoices | string | eq, neq, like
        ... projects | Relation - title (string) - status (enum: open, done) | any, none, all, count
        ... ''')
        <Endpoint 'clients': name, projects>
        """
        from .tables import read_table

        return cls(name, read_table(text))

    def to_markdown(self, *, sources: bool = False) -> str:
        """The endpoint's table in Markdown, to be read by people and by `from_markdown`.

        With `sources` it says where the data is, which is not for API clients.

        It shows all of the endpoint but its name, sources, scopes' conditions, names hidden under a wildcard, and whether
        errors make suggestions.

        >>> import kanbert_filter as kf
        >>> clients = kf.Endpoint("clients", {"name": "string; eq, like", "projects": {"id": "id<ProjectData>"}})
        >>> print(clients.to_markdown(), end="")
        | Field | Type | Operators |
        |---|---|---|
        | name | string | eq, like |
        | projects | `Relation - id (id<ProjectData>)` | any, none, all, count |
        """
        from .tables import write_table

        return write_table(self, sources=sources)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Endpoint:
        """The endpoint that `to_dict` described. Scopes come unbound.

        Raises `ValueError` that names the field, what was found and what was expected.

        >>> from kanbert_filter import Endpoint
        >>> Endpoint.from_dict({"name": "clients", "fields": {"name": {"type": "string"}}})
        <Endpoint 'clients': name>
        """
        if not isinstance(data, Mapping) or not data.keys() <= {"name", "fields", "suggestions"}:
            raise ValueError(
                "found other keys or no object, expected an endpoint's description: name, fields, suggestions"
            )
        name, fields, suggestions = data.get("name"), data.get("fields"), data.get("suggestions", True)
        if not isinstance(name, str) or not isinstance(fields, Mapping) or not isinstance(suggestions, bool):
            raise ValueError("expected a text as 'name', an object as 'fields', and true or false as 'suggestions'")
        return cls(name, described_rows(fields), suggestions=suggestions)

    def to_dict(self, *, sources: bool = False) -> dict[str, Any]:
        """The endpoint as plain data for `json.dumps`, for clients to know what they may filter.

        With `sources` it says where the data is, which is not for API clients.

        It shows all of the endpoint but sources, scopes' conditions and names hidden under a wildcard: these stay private.

        >>> from kanbert_filter import Endpoint
        >>> Endpoint("clients", {"segment": "enum: A, B; eq, in"}).to_dict()
        {'name': 'clients', 'fields': {'segment': {'type': 'enum', 'choices': ['A', 'B'], 'operators': ['eq', 'in']}}}
        """
        described = {"name": self.name, "fields": self.description(sources=sources)}
        return described if self.suggestions else described | {"suggestions": False}

    def check(self, filter: Filter, *, limits: Limits = DEFAULT_LIMITS) -> CheckedFilter:
        """The filter with its values in canonical form, if the endpoint allows it.

        The limits bound the tree, whoever made it: its depth, conditions, lists, values in all, relations inside each other.

        Raises `FilterCheckError` with every problem, in source order, those of the tree as a whole last.

        >>> import kanbert_filter as kf
        >>> clients = kf.Endpoint("clients", {"id": "id"})
        >>> kf.to_dsl(clients.check(kf.field("id").in_([7, 8])))
        'id in ["7", "8"]'
        """
        if not isinstance(filter, Node):
            is_checked = isinstance(filter, CheckedFilter)
            remedy = "give the tree in it, checked.filter" if is_checked else "Endpoint.parse reads text and data"
            raise TypeError(f"expected a filter, not {type(filter).__name__}; {remedy}")
        ensure_limits(limits)
        return checked_filter(checked_tree(filter, self, limits, suggestions=self.suggestions), self)

    def parse(self, source: object, *, limits: Limits = DEFAULT_LIMITS) -> CheckedFilter:
        """Read a filter in DSL or JSON (as `kanbert_filter.parse` does) and check it.

        Raises `FilterSyntaxError` or `FilterCheckError`.

        >>> import kanbert_filter as kf
        >>> kf.Endpoint("clients", {"name": "string"}).parse('[{"field": "name", "op": "eq", "value": "Acme"}]')
        <CheckedFilter of clients>
        """
        return self.check(parse(source, limits=limits), limits=limits)

    def parse_query(
        self, query: str | bytes, *, name: str = "filter", limits: Limits = DEFAULT_LIMITS
    ) -> CheckedFilter:
        """Find the filter in a query string, in any notation, and check it.

        Raises `FilterSyntaxError` or `FilterCheckError`.

        >>> import kanbert_filter as kf
        >>> clients = kf.Endpoint("clients", {"size": "number"})
        >>> kf.to_dsl(clients.parse_query("page=2&filter[field]=size&filter[op]=gt&filter[value]=5"))
        'size > 5'
        """
        return self.check(parse_query(query, name=name, limits=limits), limits=limits)

    def to_json_schema(self) -> dict[str, Any]:
        """The JSON notation of this endpoint's filters as JSON Schema (2020-12), to validate filters in any language.

        It describes the canonical writing: what `to_json` gives for a checked filter validates. What validates is accepted by `check`, but
        for limits, days that no calendar has, and names hidden under a wildcard.

        >>> from kanbert_filter import Endpoint
        >>> schema = Endpoint("projects", {"budget": "number; gt, lt"}).to_json_schema()
        >>> schema["$defs"]["Condition"]["anyOf"][0]["properties"]
        {'field': {'const': 'budget'}, 'op': {'enum': ['lt', 'gt']}, 'value': {'type': 'number'}}
        """
        from .json_schema import to_json_schema

        return to_json_schema(self)

    def complete(self, text: str, cursor: int, *, limits: Limits = DEFAULT_LIMITS) -> Completion:
        """What may be written at the cursor of a filter in DSL: fields, operators, values, specials and keywords.

        `cursor` and the completion's `start` and `end` count characters (code points) from the start of the text. Whoever takes a
        proposal puts its text in place of the characters from `start` to `end`. What is written is compared with the beginnings
        of names, words and values first, then with the rest of names and values, in any case. There are at most 100 proposals, and
        none if the text before the cursor begins no filter.

        >>> import kanbert_filter as kf
        >>> projects = kf.Endpoint("projects", {"title": "string", "status": "enum: ACTIVE, DONE"})
        >>> projects.complete('title = "Acme" and st', 21)
        Completion(start=19, end=21, proposals=(Proposal(text='status', kind='field', detail='enum: ACTIVE, DONE'),))
        >>> [proposal.text for proposal in projects.complete("status = 'A", 11).proposals]
        ['"ACTIVE"']
        """
        from .completion import complete

        if not isinstance(text, str) or not isinstance(cursor, int):
            raise TypeError(f"expected a text and a cursor, not {type(text).__name__} and {type(cursor).__name__}")
        ensure_limits(limits)
        return complete(text, cursor, self, limits)

    def only(self, *names: str) -> Endpoint:
        """This endpoint with these fields and no others: what is hidden does not exist.

        `tasks.status` keeps that field of the relation `tasks`.

        Raises `ValueError` for a field the endpoint does not have.

        >>> from kanbert_filter import Endpoint
        >>> projects = Endpoint("projects", {"title": "string", "tasks": {"status": "string", "hours": "number"}})
        >>> projects.only("tasks.status")["tasks"]
        <Relation 'Relation - status (string)'>
        """
        return self._derived(self._kept(names))

    def without(self, *names: str) -> Endpoint:
        """This endpoint without these fields: they answer exactly like fields that do not exist.

        Raises `ValueError` for a field the endpoint does not have.

        >>> from kanbert_filter import Endpoint
        >>> Endpoint("projects", {"title": "string", "budget": "number"}).without("budget").parse("budget > 5")
        Traceback (most recent call last):
        kanbert_filter.errors.FilterCheckError: Unknown field 'budget'
          budget > 5
          ^^^^^^
        """
        return self._derived(self._dropped(names))

    def bind(self, **scopes: Mapping[str, Filter | CheckedFilter]) -> Endpoint:
        """This endpoint with conditions for scopes: `bind(archived={"with": …, "only": …, "without": …})`.

        `bind(**{"tasks.archived": …})` binds a scope of related records. A plain filter may use every operator of a
        field's type, also where users may not; a field the endpoint does not have is read as one of type custom.

        Raises `ValueError` for a name that is not a scope, and for conditions that are not exactly for its choices;
        `FilterCheckError` for a condition with a problem.

        >>> import kanbert_filter as kf
        >>> seen = kf.field("seen_at")
        >>> news = kf.Endpoint("news", {"seen": kf.types.Scope(["yes", "no"])})
        >>> news = news.bind(seen={"yes": seen.is_not_null(), "no": seen.is_null()})
        >>> kf.compile_predicate(news.parse("seen = 'no'"))({"seen_at": None})
        True
        """
        bound: FieldTable = self
        for name, conditions in scopes.items():
            bound = self._derived(bound._bound(name, conditions))
        return Endpoint(self.name, bound, suggestions=self.suggestions)

    def _derived(self, rows: dict[str, FieldType]) -> Self:
        made = object.__new__(type(self))
        made._fill(_name=self._name, suggestions=self.suggestions)
        made._set(rows, self._hidden | self._rows.keys())
        return made

    def __repr__(self) -> str:
        return f"<Endpoint {self.name!r}: {', '.join(self._rows)}>"

    def __reduce__(self) -> tuple[object, ...]:
        return _endpoint_of, (self._name, FieldTable(self._rows, self._hidden), self.suggestions)


def _endpoint_of(name: str, fields: FieldTable, suggestions: bool) -> Endpoint:
    return Endpoint(name, fields, suggestions=suggestions)


def ensure_endpoint(endpoint: object) -> None:
    """Raise `TypeError` for anything but an endpoint."""
    if not isinstance(endpoint, Endpoint):
        remedy = "make one, as in Endpoint('projects', {'title': 'string'})"
        raise TypeError(f"expected an endpoint, not {type(endpoint).__name__}; {remedy}")


def _with_checked_conditions(fields: FieldTable) -> dict[str, FieldType]:
    """The rows, with plain conditions of scopes checked against the table that the scope is in."""
    rows = dict(fields.items())
    for name, row in fields.items():
        if isinstance(row, Relation):
            rows[name] = row.with_fields(_with_checked_conditions(row.related))
        elif isinstance(row, Scope) and row.conditions is not None:
            checked = {choice: _checked(condition, fields) for choice, condition in row.conditions.items()}
            rows[name] = row.checked(checked, {choice: relation_tests(one) for choice, one in checked.items()})
    return rows


def _checked(condition: Filter | CheckedFilter, fields: FieldTable) -> CheckedFilter:
    if isinstance(condition, CheckedFilter):
        return condition
    for name in _fields_in(condition):
        if isinstance(fields.field_type(name), Scope):
            raise ValueError(f"a scope's condition compares the scope {name!r}; write its condition instead")
    table = fields._derived(_without_restrictions(fields))
    unknown = {name: Custom() for name in _fields_in(condition) if table.field_type(name) is None}
    table = table._derived({**dict(table.items()), **unknown})
    return checked_filter(checked_tree(condition, table, Limits.lifted()), table)


def _without_restrictions(fields: FieldTable) -> dict[str, FieldType]:
    """The rows with every operator of their types: restrictions for users do not apply to the owner."""
    rows = {name: row.with_parts(operators=None) for name, row in fields.items() if not isinstance(row, Scope)}
    for name, row in rows.items():
        if isinstance(row, Relation):
            rows[name] = row.with_fields(_without_restrictions(row.related))
    return rows


def _fields_in(condition: Filter) -> set[str]:
    """The fields a filter names in the records themselves, not in related ones."""
    match condition:
        case And(items) | Or(items):
            return set().union(*map(_fields_in, items))
        case RelationTest() | Everything():
            return set()
        case Comparison(field) | Membership(field) | NullCheck(field):
            return {field}
        case never:
            assert_never(never)
