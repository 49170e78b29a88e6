"""Kanbert's filter language: read it in any notation, check it against an endpoint, write it back, run it.

A filter enters as DSL, JSON or form (`parse`, `parse_query`) or is built in Python (`field`). An `Endpoint` checks it; a checked filter
is written back (`to_dsl`, `to_json`, `to_form`, `to_query`) or compiled (`compile_predicate`, and the modules of
`kanbert_filter.backends`).

Each name is imported from its room when it is first used, so that a program pays for what it uses: importing the package takes a
millisecond, and a server that only reads JSON never loads the DSL's parser.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .backends.predicate import Predicate as Predicate, compile_predicate as compile_predicate
    from .builder import Field as Field, field as field
    from .checked import CheckedFilter as CheckedFilter
    from .context import Context as Context
    from .endpoints import types as types
    from .endpoints.endpoint import Endpoint as Endpoint
    from .endpoints.kanbert import kanbert_endpoints as kanbert_endpoints
    from .endpoints.openapi import endpoints_from_openapi as endpoints_from_openapi
    from .errors import (
        ContextError as ContextError,
        FilterCheckError as FilterCheckError,
        FilterError as FilterError,
        FilterSyntaxError as FilterSyntaxError,
        Problem as Problem,
        RecordError as RecordError,
        UnsupportedFilterError as UnsupportedFilterError,
    )
    from .limits import Limits as Limits
    from .nodes import (
        EVERYTHING as EVERYTHING,
        And as And,
        Comparison as Comparison,
        Everything as Everything,
        Filter as Filter,
        Membership as Membership,
        NullCheck as NullCheck,
        Or as Or,
        RelationTest as RelationTest,
        fields_of as fields_of,
        rename_fields as rename_fields,
        walk as walk,
    )
    from .notations.dsl import parse_dsl as parse_dsl, to_dsl as to_dsl
    from .notations.form import parse_form as parse_form, to_form as to_form
    from .notations.json import parse_json as parse_json, to_json as to_json, to_json_text as to_json_text
    from .notations.query import parse as parse, parse_query as parse_query, to_query as to_query
    from .values import (
        EOM as EOM,
        EOW as EOW,
        ME as ME,
        NOW as NOW,
        SOM as SOM,
        SOW as SOW,
        TODAY as TODAY,
        Special as Special,
        UntypedText as UntypedText,
    )

_ROOMS = {
    "backends.predicate": ("Predicate", "compile_predicate"),
    "builder": ("Field", "field"),
    "checked": ("CheckedFilter",),
    "context": ("Context",),
    "endpoints.endpoint": ("Endpoint",),
    "endpoints.kanbert": ("kanbert_endpoints",),
    "endpoints.openapi": ("endpoints_from_openapi",),
    "endpoints.types": ("types",),
    "errors": (
        *("ContextError", "FilterCheckError", "FilterError", "FilterSyntaxError"),
        *("Problem", "RecordError", "UnsupportedFilterError"),
    ),
    "limits": ("Limits",),
    "nodes": (
        *("EVERYTHING", "And", "Comparison", "Everything", "Filter", "Membership", "NullCheck", "Or", "RelationTest"),
        *("fields_of", "rename_fields", "walk"),
    ),
    "notations.dsl": ("parse_dsl", "to_dsl"),
    "notations.form": ("parse_form", "to_form"),
    "notations.json": ("parse_json", "to_json", "to_json_text"),
    "notations.query": ("parse", "parse_query", "to_query"),
    "values": ("EOM", "EOW", "ME", "NOW", "SOM", "SOW", "TODAY", "Special", "UntypedText"),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = sorted(_ROOM_OF)


def __getattr__(name: str) -> object:
    room = _ROOM_OF.get(name)
    if room is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{room}", __name__)
    globals()[name] = value = getattr(module, name, module)  # `types` is a room itself
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
