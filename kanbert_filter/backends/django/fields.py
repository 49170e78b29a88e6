"""Where a field's data is: from a public name over a model's relations to a column, or to related records."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

from django.core.exceptions import FieldDoesNotExist
from django.db.models import Aggregate, F, Field, JSONField, Model, OuterRef, Q, QuerySet, Subquery, Window
from django.db.models.expressions import BaseExpression, Combinable
from django.db.models.lookups import Exact

from ...errors import quoted
from ...meaning.tests import Column
from ..columns.finding import Given, GivenColumns, column_error
from .dialects import JsonKind

AnyField: TypeAlias = "Field[Any, Any]"


class ModelFields:
    """Finds columns: those the caller gives, and others by the path of attributes that is the field's source."""

    __slots__ = ("given",)

    def __init__(self, given: Given | None) -> None:
        self.given = GivenColumns(given)

    def value(self, model: type[Model], column: Column, prefix: str) -> tuple[Any, AnyField]:
        """The expression of a field's value, and the model's field it is of. Raises `ColumnError`."""
        given = self.given.of(column, prefix)
        if given is None:
            return _at_path(model, column, column.source, column.wild)
        if isinstance(given, str):
            path = _segments(given)
            return _at_path(model, column, path, (False,) * len(path))
        if isinstance(given, Combinable) and getattr(given, "_output_field_or_none", None) is not None:
            _ensure_of_one_row(given, model, column)
            return given, given._output_field_or_none  # type: ignore[attr-defined]
        raise column_error(
            column, f"found {given!r} in columns, expected a path, or an expression with an output_field"
        )

    def related(self, model: type[Model], column: Column, prefix: str) -> QuerySet[Any]:
        """The related records of a row of the query around. Raises `ColumnError`."""
        given = self.given.of(column, prefix)
        *way, name = _segments(given) if isinstance(given, str) else column.source
        names = []
        for segment in way:
            step = _field_named(model, segment, column)
            model = _to_one(step, segment, column)
            names.append(step.name)
        relation = _field_named(model, name, column)
        if (
            not (relation.one_to_many or relation.many_to_many)
            or not relation.related_model
            or hasattr(relation, "object_id_field_name")
        ):
            raise column_error(
                column, f"{model.__name__}.{name} is no relation to many records that can be asked for here"
            )
        inner, outer = _correlation(relation)
        # The table itself, as Django's own lookups across relations see it: not what a default manager leaves of it.
        records: QuerySet[Any] = relation.related_model._base_manager.all()
        return records.filter(Exact(F(inner), OuterRef("__".join([*names, outer]))))


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
    raise column_error(
        column, f"{model.__name__} has no field {quoted(name)}; give a column, as in columns={{{column.path!r}: …}}"
    )


def _to_one(step: Any, name: str, column: Column) -> type[Model]:
    if step.related_model and (step.many_to_one or step.one_to_one):
        return step.related_model  # type: ignore[no-any-return]
    if step.is_relation:
        raise column_error(column, f"{quoted(name)} relates to many records; make it a relation of the endpoint")
    raise column_error(column, f"{quoted(name)} is a {type(step).__name__}, and no way to a field of another record")


def _at_path(model: type[Model], column: Column, path: tuple[str, ...], wild: tuple[bool, ...]) -> tuple[Any, AnyField]:
    """The column at the end of a path through to-one relations; behind a JSON column, a value in it."""
    names: list[str] = []
    for position, name in enumerate(path):
        if wild[position]:
            break
        found = _field_named(model, name, column)
        last = position == len(path) - 1
        if isinstance(found, JSONField):
            return JsonKind(F("__".join([*names, found.attname])), tuple(path[position + 1 :])), found
        if found.is_relation and last and found.concrete and not found.many_to_many:
            return F("__".join([*names, found.attname])), _pointed_at(found)
        if not found.is_relation and last:
            return F("__".join([*names, found.attname])), found
        model = _to_one(found, name, column)
        names.append(found.name)
    raise column_error(column, f"its path ends at no column; give one, as in columns={{{column.path!r}: …}}")


def _pointed_at(found: Any) -> AnyField:
    """What a foreign key's column holds."""
    while found.is_relation:
        found = found.target_field
    return found  # type: ignore[no-any-return]


def _correlation(relation: Any) -> tuple[str, str]:
    """The path from a related record to what it relates to, and the name of the latter."""
    if relation.one_to_many:
        return relation.field.attname, relation.field.target_field.attname
    return (relation.field.name if relation.auto_created else relation.related_query_name()), "pk"
