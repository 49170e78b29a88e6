"""Kanbert's filter language: read it in any notation, check it against an endpoint, write it back, run it.

A filter enters as DSL, JSON or form (`parse`, `parse_query`) or is built in Python (`field`). An `Endpoint` checks it; a checked filter
is written back (`to_dsl`, `to_json`, `to_form`, `to_query`) or compiled (`compile_predicate`, and the modules of
`kanbert_filter.backends`).
"""

from .backends.predicate import Predicate, compile_predicate
from .builder import Field, field
from .checked import CheckedFilter
from .context import Context
from .endpoints import types
from .endpoints.endpoint import Endpoint
from .endpoints.kanbert import kanbert_endpoints
from .endpoints.openapi import endpoints_from_openapi
from .errors import (
    ContextError,
    FilterCheckError,
    FilterError,
    FilterSyntaxError,
    Problem,
    RecordError,
    UnsupportedFilterError,
)
from .limits import Limits
from .nodes import (
    EVERYTHING,
    And,
    Comparison,
    Everything,
    Filter,
    Membership,
    NullCheck,
    Or,
    RelationTest,
    fields_of,
    rename_fields,
    walk,
)
from .notations.dsl import parse_dsl, to_dsl
from .notations.form import parse_form, to_form
from .notations.json import parse_json, to_json, to_json_text
from .notations.query import parse, parse_query, to_query
from .values import EOM, EOW, ME, NOW, SOM, SOW, TODAY, Special, UntypedText

__all__ = [
    "EOM",
    "EOW",
    "EVERYTHING",
    "ME",
    "NOW",
    "SOM",
    "SOW",
    "TODAY",
    "And",
    "CheckedFilter",
    "Comparison",
    "Context",
    "ContextError",
    "Endpoint",
    "Everything",
    "Field",
    "Filter",
    "FilterCheckError",
    "FilterError",
    "FilterSyntaxError",
    "Limits",
    "Membership",
    "NullCheck",
    "Or",
    "Predicate",
    "Problem",
    "RecordError",
    "RelationTest",
    "Special",
    "UnsupportedFilterError",
    "UntypedText",
    "compile_predicate",
    "endpoints_from_openapi",
    "field",
    "fields_of",
    "kanbert_endpoints",
    "parse",
    "parse_dsl",
    "parse_form",
    "parse_json",
    "parse_query",
    "rename_fields",
    "to_dsl",
    "to_form",
    "to_json",
    "to_json_text",
    "to_query",
    "types",
    "walk",
]
