"""Where a field's data is: from a public name over a model's relations to a column, or to related records."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

from django.core.exceptions import FieldDoesNotExist, FieldError
from django.db.models import (
    Aggregate,
    Case,
    CharField,
    Exists,
    F,
    Field,
    GeneratedField,
    IntegerField,
    JSONField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    UUIDField,
    When,
    Window,
)
from django.db.models.expressions import BaseExpression, Combinable, ResolvedOuterRef
from django.db.models.functions import Cast
from django.db.models.lookups import Exact
from django.db.models.manager import BaseManager
from django.db.models.sql import Query

from ...errors import quoted
from ...meaning.tests import Column
from ..columns.finding import ColumnError, Given, GivenColumns, column_error, given_by_name
from .dialects import JsonKind

AnyField: TypeAlias = "Field[Any, Any]"

TEXT_FIELDS: Final = (CharField, TextField)

RESTRICTIONS: Final = (Q, QuerySet, BaseManager)
Restriction: TypeAlias = "Q | QuerySet[Any] | BaseManager[Any]"
"""Which of the records that a relation leads to there are: those of a condition, of a queryset, or of a manager."""


_RECORDS: Final = "a path, or a Q, a queryset or a manager of the records"


class ModelFields:
    """Finds columns: those the caller gives, and others by the path of attributes that is the field's source.

    `restrictions` are those of the relations, by their public name or by the path that leads over them. `used` collects the names that
    restricted something.
    """

    __slots__ = ("given", "restrictions", "used")

    def __init__(self, given: Given | None) -> None:
        given = given_by_name(given)
        self.restrictions = {
            name: restriction for name, restriction in given.items() if isinstance(restriction, RESTRICTIONS)
        }
        self.given = GivenColumns({name: column for name, column in given.items() if name not in self.restrictions})
        self.used: set[str] = set()

    def value(self, model: type[Model], column: Column, prefix: str) -> tuple[Any, AnyField]:
        """The expression of a field's value, and the model's field it is of. Raises `ColumnError`."""
        given = self.given.of(column, prefix)
        if given is None:
            return self._at_path(model, column, column.source, column.wild, prefix)
        if isinstance(given, str):
            path = _segments(given)
            return self._at_path(model, column, path, (False,) * len(path), prefix)
        if isinstance(given, Combinable) and getattr(given, "_output_field_or_none", None) is not None:
            _ensure_of_one_row(given, model, column)
            return given, given._output_field_or_none  # type: ignore[attr-defined]
        raise column_error(
            column, f"found {given!r} in columns, expected a path, or an expression with an output_field"
        )

    def related(self, model: type[Model], column: Column, prefix: str) -> QuerySet[Any]:
        """The related records of a row of the query around. Raises `ColumnError`."""
        given = self.given.of(column, prefix)
        if not isinstance(given, str | None):
            raise column_error(column, f"found {given!r} in columns, expected {_RECORDS}")
        path = _segments(given) if given else column.source
        own = prefix + column.path.removeprefix(prefix)
        restrictions = self._restrictions(own, prefix + ".".join(path))
        try:
            way = Way(model)
            for _ in path[:-1]:
                way = self._step(way, path, column, prefix)
            relation = _to_many(way.model, path[-1], column)
        except ColumnError:
            records = self.restrictions.get(own)
            if isinstance(records, QuerySet) and _is_correlated(records):
                return _each_once(records, column)
            raise
        # Without a restriction those that the default manager gives: what `project.tasks.all()` shows, and no row that it hides.
        records = _restricted(relation.related_model._default_manager, restrictions, column)
        return _of_row(records, relation, way, column).filter(*way.guards(OuterRef))

    def _restrictions(self, *names: str) -> list[Restriction]:
        found = [name for name in dict.fromkeys(names) if name in self.restrictions]
        self.used.update(found)
        return [self.restrictions[name] for name in found]

    def _step(self, way: Way, path: Sequence[str], column: Column, prefix: str) -> Way:
        """The way one step further along a path of to-one relations. Raises `ColumnError`."""
        done = len(way.names)
        found = _field_named(way.model, path[done], column)
        model = _to_one(found, path[done], column)
        name = prefix + ".".join(path[: done + 1])
        restrictions = self._restrictions(name)
        given = self.given.exact.get(name, "")
        if not isinstance(given, str | Combinable):  # which may be that of a field with this name
            raise column_error(column, f"found {given!r} in columns for {quoted(name)}, expected {_RECORDS}")
        names = (*way.names, found.name)
        restricted = ((names, _restricted(model._base_manager, restrictions, column)),) if restrictions else ()
        return Way(model, names, way.restricted + restricted)

    def _at_path(
        self, model: type[Model], column: Column, path: tuple[str, ...], wild: tuple[bool, ...], prefix: str
    ) -> tuple[Any, AnyField]:
        """The column at the end of a path through to-one relations; behind a JSON column, a value in it."""
        way = Way(model)
        for position, name in enumerate(path):
            if wild[position]:
                break
            found = _field_named(way.model, name, column)
            field = _written_field(found)
            if isinstance(field, JSONField):
                return JsonKind(way.value(found.attname, field), path[position + 1 :]), field
            if position == len(path) - 1 and found.concrete and not found.many_to_many:
                field = _pointed_at(field)
                return way.value(found.attname, field), field
            way = self._step(way, path, column, prefix)
        raise column_error(column, f"its path ends at no column; {_remedy(column)}")


class Way(NamedTuple):
    """A way over to-one relations: the model it leads to, their names, and the records allowed at each restricted step."""

    model: type[Model]
    names: tuple[str, ...] = ()
    restricted: tuple[tuple[tuple[str, ...], QuerySet[Any]], ...] = ()

    def path(self, name: str) -> str:
        """What lies at its end, as the ORM writes it."""
        return "__".join([*self.names, name])

    def guards(self, outer: Callable[[Any], Any]) -> list[Q]:
        """The conditions that the records on the way are allowed; `outer` makes an `OuterRef` one of the query around the way's own."""
        return [
            Q(Exists(allowed.filter(Exact(F("pk"), OuterRef(outer("__".join([*names, "pk"])))))))
            for names, allowed in self.restricted
        ]

    def value(self, name: str, field: AnyField) -> Any:
        """The value at its end; null where a record on the way is not allowed."""
        value = F(self.path(name))
        guards = self.guards(str)
        return Case(When(Q(*guards), then=value), output_field=field) if guards else value


def _restricted(manager: BaseManager[Any], restrictions: Sequence[Restriction], column: Column) -> QuerySet[Any]:
    """The records of a manager, or of the restrictions, each of which narrows the others. Raises `ColumnError`."""
    records = manager.all()
    for number, restriction in enumerate(restrictions):
        if isinstance(restriction, Q):
            try:
                records = records.filter(restriction)
            except FieldError as error:
                raise column_error(column, f"its condition in columns is of other records: {error}") from None
            continue
        allowed = restriction.all()
        if not issubclass(allowed.model, manager.model._meta.concrete_model):
            names = f"{allowed.model.__name__} in columns, expected one of {manager.model.__name__}"
            raise column_error(column, f"found a queryset of {names}")
        records = records.filter(pk__in=allowed.values("pk")) if number else allowed
    return _each_once(records, column)


def _each_once(records: QuerySet[Any], column: Column) -> QuerySet[Any]:
    """The records as a plain queryset, which can be narrowed and counted. Raises `ColumnError`."""
    query = records.query
    joined = len(query.alias_map) > 1 or bool(query.annotations)
    final = bool(query.is_sliced or query.distinct or query.combinator or query.group_by is not None or query.extra)
    if not (joined or final):
        return records
    if not _is_correlated(records):
        return records.model._base_manager.filter(pk__in=records.values("pk"))  # type: ignore[no-any-return]
    if final:
        raise column_error(
            column, "its queryset in columns has an OuterRef; expected one without slices, distinct, groups and unions"
        )
    return records


def _is_correlated(records: QuerySet[Any]) -> bool:
    """Whether a queryset refers to the row of a query around it."""
    stack: list[Any] = [records.query]
    while stack:
        expression = stack.pop()
        if isinstance(expression, ResolvedOuterRef):
            return True
        if isinstance(expression, Query):
            stack.extend([expression.where, *expression.annotations.values()])
        elif hasattr(expression, "get_source_expressions"):
            stack.extend(expression.get_source_expressions())
    return False


def _ensure_of_one_row(given: Any, model: type[Model], column: Column) -> None:
    """Refuse what makes rows of a query more or fewer: aggregates, windows, and paths over relations to many records.

    Names that the model does not have are annotations of the caller's query.
    """
    stack = [given]
    while stack:
        expression = stack.pop()
        if isinstance(expression, Aggregate | Window):
            kind = type(expression).__name__
            raise column_error(column, f"found {kind} in columns, expected an expression of one row; give a Subquery")
        if isinstance(expression, Q):
            stack.extend(expression.children)
        elif isinstance(expression, tuple):
            stack.extend([F(expression[0]), expression[1]])
        elif isinstance(expression, F) and not isinstance(expression, OuterRef):
            _ensure_to_one(expression.name, model, column)  # type: ignore[attr-defined]
        elif isinstance(expression, BaseExpression) and not isinstance(expression, Subquery):
            stack.extend(expression.get_source_expressions())


def _ensure_to_one(path: str, model: type[Model], column: Column) -> None:
    for name in path.split("__"):
        try:
            found: Any = model._meta.get_field(name)
        except FieldDoesNotExist:
            return
        if found.one_to_many or found.many_to_many:
            raise column_error(column, f"{quoted(path)} in columns leads to many records; give a Subquery")
        if not found.related_model:
            return
        model = found.related_model


def _segments(text: str) -> tuple[str, ...]:
    """A path as Python or as the ORM writes it."""
    return tuple(text.replace("__", ".").split("."))


def _named_fields(model: type[Model]) -> Iterator[tuple[str, Any]]:
    """The fields and relations of a model, by each name that its objects and its queries have them by."""
    found: Any
    for found in model._meta.get_fields():
        yield found.name, found
        if found.concrete:
            yield found.attname, found
        elif found.auto_created:
            yield found.get_accessor_name() or found.name, found


def _field_named(model: type[Model], name: str, column: Column) -> Any:
    for known, found in _named_fields(model):
        if known == name:
            return found
    raise column_error(column, f"{model.__name__} has no field {quoted(name)}; {_remedy(column)}")


def _remedy(column: Column) -> str:
    what = "a queryset of the records with an OuterRef" if column.kind == "relation" else "a column"
    return f"give {what}, as in columns={{{column.path!r}: …}}"


def _to_one(step: Any, name: str, column: Column) -> type[Model]:
    if step.related_model and (step.many_to_one or step.one_to_one):
        return step.related_model  # type: ignore[no-any-return]
    if step.is_relation and not step.related_model:
        raise column_error(column, f"{quoted(name)} relates to records of any model; {_remedy(column)}")
    if step.is_relation:
        raise column_error(column, f"{quoted(name)} relates to many records; make it a relation of the endpoint")
    raise column_error(column, f"{quoted(name)} is a {type(step).__name__}, and no way further; {_remedy(column)}")


def _to_many(model: type[Model], name: str, column: Column) -> Any:
    relation = _field_named(model, name, column)
    if relation.related_model and (relation.one_to_many or relation.many_to_many):
        return relation
    raise column_error(column, f"{model.__name__}.{name} is no relation to many records; {_remedy(column)}")


def _written_field(found: Any) -> Any:
    """The field that describes a column's values: of a generated one that of its expression."""
    while isinstance(found, GeneratedField):
        found = found.output_field
    return found


def _pointed_at(found: Any) -> AnyField:
    """What a foreign key's column holds."""
    while found.is_relation:
        found = found.target_field
    return found  # type: ignore[no-any-return]


def _of_row(records: QuerySet[Any], relation: Any, way: Way, column: Column) -> QuerySet[Any]:
    """Those of the records that a relation leads to from a row of the query around."""
    if hasattr(relation, "object_id_field_name"):
        return _of_any_row(records, relation, way, column)
    if relation.one_to_many:
        inner, outer = relation.field.attname, relation.field.target_field.attname
    elif relation.auto_created:
        inner, outer = relation.field.name, _held_between(relation.field, relation.field.m2m_reverse_field_name())
    else:
        inner, outer = relation.related_query_name(), _held_between(relation, relation.m2m_field_name())
    return records.filter(Exact(F(inner), OuterRef(way.path(outer))))


def _held_between(relation: Any, name: str) -> str:
    """What the table in between holds of a record by its foreign key of this name: rarely another field than the primary key."""
    return relation.remote_field.through._meta.get_field(name).target_field.attname  # type: ignore[no-any-return]


def _of_any_row(records: QuerySet[Any], relation: Any, way: Way, column: Column) -> QuerySet[Any]:
    """Those of the records whose generic foreign key leads to a row of the query around: by the row's id and its model's name."""
    fields = relation.related_model._meta
    held, key = fields.get_field(relation.object_id_field_name), _pointed_at(relation.model._meta.pk)
    outer: Any = OuterRef(way.path("pk"))
    if isinstance(held, TEXT_FIELDS) and isinstance(key, IntegerField):
        outer = Cast(outer, held)
    elif not any(
        isinstance(held, alike) and isinstance(key, alike) for alike in (TEXT_FIELDS, IntegerField, UUIDField)
    ):
        kinds = f"a {type(held).__name__}, {relation.model.__name__} in a {type(key).__name__}"
        raise column_error(column, f"its generic foreign key holds ids in {kinds}; {_remedy(column)}")
    named = (relation.model._meta.concrete_model if relation.for_concrete_model else relation.model)._meta
    kind = fields.get_field(relation.content_type_field_name)
    kinds = kind.related_model._base_manager.filter(app_label=named.app_label, model=named.model_name)
    return records.filter(Exact(F(kind.attname), Subquery(kinds.values("pk"))), Exact(F(held.attname), outer))
