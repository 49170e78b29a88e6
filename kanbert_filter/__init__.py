"""Kanbert's filter language: read it in any notation, check it against an endpoint, write it back, run it.

A filter is read from DSL, JSON or a form (`parse`, `parse_query`) or built in Python (`field`). An `Endpoint` checks it. A checked
filter is written in any notation (`to_dsl`, `to_json`, `to_form`, `to_query`) or compiled (`compile_predicate`, and the modules of
`kanbert_filter.backends`).

Each name is imported from its module when it is first used, so that a program pays for what it uses: importing the package takes a
millisecond, and a server that only reads JSON never loads the DSL's parser.
"""

_NAMES = {
    "backends.index": ("FilterIndex", "Matches"),
    "backends.predicate": ("Predicate", "compile_predicate"),
    "builder": ("Field", "field"),
    "checked": ("CheckedFilter",),
    "context": ("Context",),
    "endpoints.completion": ("Completion", "Proposal"),
    "endpoints.endpoint": ("Endpoint",),
    "endpoints.kanbert": ("kanbert_endpoints",),
    "endpoints.openapi": ("endpoints_from_openapi",),
    "types": ("types",),
    "errors": (
        *("ContextError", "FilterCheckError", "FilterError", "FilterSyntaxError"),
        *("Problem", "RecordError", "UnsupportedFilterError"),
    ),
    "limits": ("Limits",),
    "nodes": (
        "EVERYTHING",
        "And",
        "Comparison",
        "Everything",
        "Filter",
        "Membership",
        "NullCheck",
        "Or",
        "RelationTest",
    ),
    "notations.dsl": ("parse_dsl", "to_dsl"),
    "notations.form": ("parse_form", "to_form"),
    "notations.json": ("parse_json", "to_json", "to_json_text"),
    "notations.query": ("parse", "parse_query", "to_query"),
    "trees": ("fields_of", "rename_fields", "transform", "walk"),
    "reasoning.explain": ("Explanation", "explain"),
    "reasoning.implies": (
        "Proved",
        "Refuted",
        "Undecided",
        "disjoint",
        "equivalent",
        "example",
        "implies",
        "satisfiable",
    ),
    "values": ("EOM", "EOW", "ME", "NOW", "SOM", "SOW", "TODAY", "Special", "UntypedText"),
}
_MODULE_OF = {name: module for module, names in _NAMES.items() for name in names}

__all__ = sorted(_MODULE_OF)


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{_MODULE_OF[name]}", __name__)
    globals()[name] = value = getattr(module, name, module)  # `types` is a module itself
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
