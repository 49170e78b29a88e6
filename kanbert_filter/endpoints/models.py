"""Field types from models: SQLAlchemy's and Django's, dataclasses and pydantic's.

Nothing is exposed that is not named. A name is a path of attributes; where it leads over a list of other models the
field becomes one of a relation's. Each kind of model is read through its own attributes, so none of their packages is
imported.

What an attribute holds is a Python type: `Decimal`, `list[Task]`, `Client | None`. Whether it may be null does not matter,
since any field may be null in this language.
"""

from __future__ import annotations

import dataclasses
import enum as python_enum
import types as python_types
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final, Literal, NamedTuple, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from .. import messages
from ..errors import quoted
from .field_table import Rows
from .field_type import FieldType
from .scalars import VALUE_TYPES, Enum, Id


class One(NamedTuple):
    """An attribute that holds another record, or null."""

    model: Any


class Many(NamedTuple):
    """An attribute that holds a list of other records."""

    model: Any


Held = One | Many | FieldType | None
"""What an attribute holds: other records, values of a type, or something no field type follows from."""


def rows_of_model(model: Any, names: Iterable[str], also: Rows) -> dict[str, Any]:
    """The rows for the named attributes of a model, and rows of the owner's own, which come before the model's.

    Raises `ValueError` for a name that leads nowhere, and for an attribute whose type says nothing about its field.
    """
    if isinstance(names, str):
        raise messages.not_a_list("names", names)
    rows: dict[str, Any] = {}
    for name in dict.fromkeys([*names, *also]):
        if not isinstance(name, str):
            raise TypeError(f"expected names as str, not {type(name).__name__}")
        _add(rows, model, name, name, also.get(name))
    return rows


def _add(rows: dict[str, Any], model: Any, name: str, path: str, own: Any) -> None:
    """Add the row of a path, or of the field inside the relation that it leads over."""
    segments = path.split(".")
    for position, segment in enumerate(segments):
        here, rest = ".".join(segments[: position + 1]), ".".join(segments[position + 1 :])
        held = _held(model, segment, name) if own is None else _held_if_any(model, segment, name) if rest else own
        if isinstance(held, Many):
            inner = rows.setdefault(here, {})
            if rest:
                _add(inner, held.model, name, rest, own)
            return
        if isinstance(held, One) and rest:
            model = held.model
            continue
        if own is None and (rest or not isinstance(held, FieldType)):
            raise ValueError(_no_type(model, name, segment, held, rest))
        rows[path] = held if own is None else own
        return


def _held(model: Any, name: str, path: str) -> Held:
    for is_such, look in _LOOKS:
        if is_such(model):
            try:
                return look(model, name)
            except LookupError:
                shown = getattr(model, "__name__", str(model))
                if not hasattr(model, name) or name.startswith("__"):
                    raise ValueError(f"field {path!r}: {shown} has no attribute {quoted(name)}") from None
                raise ValueError(f"field {path!r}: {shown}.{name} is no field of the model; {_say_it(path)}") from None
    expected = "a SQLAlchemy, Django or pydantic model, or a dataclass"
    raise ValueError(f"field {path!r}: found {model!r}, expected {expected}")


def _held_if_any(model: Any, name: str, path: str) -> Held:
    """What the attribute holds; a row of the owner's own may stand for what the model does not have."""
    try:
        return _held(model, name, path)
    except ValueError:
        return None


def _no_type(model: Any, path: str, name: str, held: Held, rest: str) -> str:
    shown = f"{getattr(model, '__name__', model)}.{name}"
    if isinstance(held, One):
        return f"field {path!r}: {shown} holds another record, expected the path of one of its fields: '{path}.…'"
    if held is not None:
        return f"field {path!r}: {shown} holds a value, and no record with a field {quoted(rest)}"
    return f"field {path!r}: no field type follows from {shown}; {_say_it(path)}"


def _say_it(path: str) -> str:
    kind = "custom" if "*" in path else "string"
    return f'say it yourself: also={{{path!r}: "{kind}"}}'


# Python's own words, as dataclasses and pydantic use them


_LISTS: Final = (list, tuple, set, frozenset)


def of_annotation(annotation: Any, name: str, is_model: Callable[[Any], bool]) -> Held:
    """What an annotation says."""
    annotation = getattr(annotation, "__supertype__", annotation)  # of a NewType
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return of_annotation(arguments[0], name, is_model)
    if origin is Union or origin is python_types.UnionType:
        held = [of_annotation(each, name, is_model) for each in arguments if each is not type(None)]
        return held[0] if held and all(each == held[0] for each in held) else None
    if origin is Literal:
        texts = [argument for argument in arguments if argument is not None]
        return Enum(*texts) if texts and all(isinstance(text, str) for text in texts) else None
    if isinstance(origin, type) and issubclass(origin, Collection) and not issubclass(origin, Mapping):
        alike = all(argument in (arguments[0], ...) for argument in arguments)
        inner = of_annotation(arguments[0], name, is_model) if arguments and alike else None
        return Many(inner.model) if isinstance(inner, One) else None
    if is_model(annotation):
        return One(annotation)
    return of_class(annotation, is_id=name == "id" or name.endswith("_id"))


def _of_enumeration(members: type[python_enum.Enum]) -> Enum | None:
    """The type for an enumeration of texts; from other values, or from none, no type follows."""
    texts = [member.value for member in members if isinstance(member.value, str)]
    return Enum(members, name=members.__name__) if texts and len(texts) == len(members) else None


def of_class(held: Any, *, is_id: bool = False, entity: str | None = None) -> FieldType | None:
    """The type for values of a class."""
    if not isinstance(held, type):
        return None
    if issubclass(held, python_enum.Enum):
        return _of_enumeration(held)
    if issubclass(held, UUID) or (is_id and issubclass(held, (str, int)) and not issubclass(held, bool)):
        return Id(entity)
    return next((_TYPE_OF_CLASS[base]() for base in held.__mro__ if base in _TYPE_OF_CLASS), None)


_TYPE_OF_CLASS: Final[dict[type, type[FieldType]]] = {
    held: made for made in reversed(VALUE_TYPES.values()) for held in made.holds
}
"""The type that follows from a class: of those that hold its values, the first."""


def _is_dataclass(model: Any) -> bool:
    return isinstance(model, type) and dataclasses.is_dataclass(model)


def _is_pydantic(model: Any) -> bool:
    return isinstance(model, type) and hasattr(model, "__pydantic_fields__")


def _look_at_dataclass(model: Any, name: str) -> Held:
    if name not in {field.name for field in dataclasses.fields(model)}:
        raise LookupError(name)
    try:
        annotation = get_type_hints(model, include_extras=True)[name]
    except NameError as error:
        raise ValueError(f"{model.__name__} is annotated with a name that is not known there: {error}") from None
    return of_annotation(annotation, name, lambda other: _is_dataclass(other) or _is_pydantic(other))


def _look_at_pydantic(model: Any, name: str) -> Held:
    annotation = model.model_fields[name].annotation
    return of_annotation(annotation, name, lambda other: _is_dataclass(other) or _is_pydantic(other))


# SQLAlchemy


def _is_sqlalchemy(model: Any) -> bool:
    return hasattr(model, "__mapper__")


def _look_at_sqlalchemy(model: Any, name: str) -> Held:
    mapper = model.__mapper__
    if name in mapper.relationships:
        relationship = mapper.relationships[name]
        return (Many if relationship.uselist else One)(relationship.mapper.class_)
    if name in mapper.synonyms:
        name = mapper.synonyms[name].name
    if name not in mapper.columns and name in mapper.all_orm_descriptors:
        return _of_hybrid(model, name, mapper.all_orm_descriptors[name])
    column = mapper.columns[name]
    entity = model.__name__ if column.primary_key else _target(mapper, column)
    return _of_sql_type(column.type, is_id=bool(column.primary_key or column.foreign_keys), entity=entity)


def _of_hybrid(model: Any, name: str, descriptor: Any) -> FieldType | None:
    """The type of a hybrid property: that of its expression, or if this has none, what the function says it returns.

    From an association proxy and other attributes no type follows.
    """
    getter = getattr(descriptor, "fget", None)
    try:
        expression = getattr(model, name).__clause_element__()
    except Exception:  # somebody's function, which may be for objects only
        return None
    if getter is None or not hasattr(expression, "type"):
        return None
    if type(expression.type).__name__ == "NullType":
        try:
            held = of_annotation(get_type_hints(getter).get("return"), name, lambda other: False)
        except NameError:
            return None
        return held if isinstance(held, FieldType) else None
    return _of_sql_type(expression.type)


def _of_sql_type(held: Any, *, is_id: bool = False, entity: str | None = None) -> FieldType | None:
    """The type for a column of a type of SQLAlchemy's. A decorated type has to be of what it decorates, which is what is stored, and
    to convert no values of others.
    """
    listed = getattr(held, "enums", None)
    if listed is not None:
        return Enum(*listed) if held.enum_class is None else _of_enumeration(held.enum_class)
    decorated = getattr(held, "impl_instance", None)
    stored = None if decorated is None else _of_sql_type(decorated, is_id=is_id, entity=entity)
    try:
        found = of_class(UUID if hasattr(held, "as_uuid") else held.python_type, is_id=is_id, entity=entity)
    except NotImplementedError:
        found = stored
    if decorated is None or (
        found == stored and (found is None or _takes(partial(_shown_by_decorated, held), found.kind))
    ):
        return found
    is_key = isinstance(found, Id) and stored is not None and stored.kind in ("string", "number")
    return found if is_key else None


_SAMPLES: Final[dict[str, tuple[Any, ...]]] = {
    "string": ("a",),
    "number": (1,),
    "boolean": (True,),
    "date": (date(2000, 1, 1),),
    "datetime": (datetime(2000, 1, 1), datetime(2000, 1, 1, tzinfo=UTC)),
}


def _takes(shown: Callable[[Any], Any], kind: str) -> bool:
    """Whether somebody's code, which converts values to store and to show them, takes those of this kind and shows such ones again."""
    for sample in _SAMPLES.get(kind, ()):
        try:
            found = shown(sample)
        except Exception:  # for values of some other type, or for one engine
            continue
        if found == sample or (kind == "string" and isinstance(found, str)):
            return True
    return kind not in _SAMPLES


def _shown_by_decorated(decorated: Any, value: Any) -> Any:
    """What a decorated type of SQLAlchemy's shows of a value that it has stored."""
    with suppress(NotImplementedError):  # it converts nothing
        value = decorated.process_bind_param(value, None)
    with suppress(NotImplementedError):
        value = decorated.process_result_value(value, None)
    return value


def _target(mapper: Any, column: Any) -> str | None:
    """The name of the model that a foreign key points at, where a relationship goes the same way."""
    for relationship in mapper.relationships:
        if {*relationship.local_columns} == {column} and not relationship.uselist:
            return str(relationship.mapper.class_.__name__)
    return None


# Django


def _is_django(model: Any) -> bool:
    return hasattr(model, "_meta") and hasattr(model._meta, "get_field")


def _look_at_django(model: Any, name: str) -> Held:
    found = _django_field(model, name)
    if found.is_relation and (name == found.name or not found.concrete):
        if found.related_model is None:
            return None
        return (Many if found.one_to_many or found.many_to_many else One)(found.related_model)
    if found.is_relation:
        target, entity = found.target_field, found.related_model.__name__
        return Id(entity) if target.primary_key else _of_django(target, None)
    made = _of_django(found, model.__name__ if found.primary_key else None)
    if found.choices and made is not None and made.kind == "string":
        return Enum(*dict.fromkeys(str(value) for value, _ in found.flatchoices if value not in (None, "")))
    return made


def _django_field(model: Any, name: str) -> Any:
    """The field or relation of this name, under the name that the model's objects have it by."""
    for found in model._meta.get_fields():
        own = found.get_accessor_name() if found.auto_created and not found.concrete else found.name
        if name == own or (name == getattr(found, "attname", None) and found.concrete):
            return found
    raise LookupError(name)


def _of_django(found: Any, entity: str | None) -> FieldType | None:
    if type(found).__name__ == "GeneratedField":
        return _of_django(found.output_field, None)
    for ancestor in type(found).__mro__:
        if ancestor.__name__ in _DJANGO:
            made = of_class(_DJANGO[ancestor.__name__], is_id=found.primary_key, entity=entity)
            return (
                made if made is None or found.choices or _takes(partial(_shown_by_django, found), made.kind) else None
            )
    return None


def _shown_by_django(field: Any, value: Any) -> Any:
    """What a field shows of a value that it has stored; of Django's own fields the value."""
    shown = getattr(field, "from_db_value", None)
    own = [function for function in (field.get_prep_value, shown) if function]
    if all(function.__module__.startswith("django.") for function in own):
        return value
    stored = field.get_prep_value(value)
    return shown(stored, None, None) if shown else stored


_DJANGO: Final[dict[str, type]] = {
    "BooleanField": bool,
    "CharField": str,
    "DateTimeField": datetime,
    "DateField": date,
    "DecimalField": Decimal,
    "FileField": str,
    "FilePathField": str,
    "FloatField": float,
    "GenericIPAddressField": str,
    "IntegerField": int,
    "TextField": str,
    "UUIDField": UUID,
}

_LOOKS: Final[tuple[tuple[Callable[[Any], bool], Callable[[Any, str], Held]], ...]] = (
    (_is_sqlalchemy, _look_at_sqlalchemy),
    (_is_django, _look_at_django),
    (_is_pydantic, _look_at_pydantic),
    (_is_dataclass, _look_at_dataclass),
)
"""How each kind of model is asked; a mapped dataclass is SQLAlchemy's, a SQLModel too."""
