"""What type checkers and editors read of the package: its names, as `__init__.py` imports them on first use."""

from . import types as types
from .backends.index import FilterIndex as FilterIndex, Matches as Matches
from .backends.predicate import Predicate as Predicate, compile_predicate as compile_predicate
from .builder import Field as Field, field as field
from .checked import CheckedFilter as CheckedFilter
from .context import Context as Context
from .endpoints.completion import Completion as Completion, Proposal as Proposal
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
)
from .notations.dsl import parse_dsl as parse_dsl, to_dsl as to_dsl
from .notations.form import parse_form as parse_form, to_form as to_form
from .notations.json import parse_json as parse_json, to_json as to_json, to_json_text as to_json_text
from .notations.query import parse as parse, parse_query as parse_query, to_query as to_query
from .reasoning.explain import Explanation as Explanation, explain as explain
from .reasoning.implies import (
    Proved as Proved,
    Refuted as Refuted,
    Undecided as Undecided,
    disjoint as disjoint,
    equivalent as equivalent,
    example as example,
    implies as implies,
    satisfiable as satisfiable,
)
from .trees import (
    fields_of as fields_of,
    rename_fields as rename_fields,
    transform as transform,
    walk as walk,
)
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

__all__: list[str]
