"""The peers: other filter and expression languages with a Python API, and F2, F3 and F4 in their words.

Translations keep every condition and the grouping. Where languages differ, the peer gets what is cheaper for it: text operators regard
case, and timestamps are compared as the ISO text they are. A peer that is not installed is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from importlib import import_module, metadata
from typing import Any, Final

Matches = Callable[[Mapping[str, Any]], bool]


@dataclass(frozen=True)
class Peer:
    """A library, its filters, how it reads them, and how it makes something of them that answers for a record."""

    name: str
    package: str
    filters: Mapping[str, str]
    parse: Callable[[str], object]
    ready: Callable[[str], Any] | None = None
    predicate: Callable[[str], Matches] | None = None

    @property
    def version(self) -> str:
        """The installed version."""
        return metadata.version(self.package)


CONDITIONS: Final = 1000

_CQL = {
    "F2": "title LIKE '%Acme%' AND (created_at >= '2024-01-01' OR client.name LIKE '%Corp%')",
    "F3": (
        "status IN ('ACTIVE','PENDING') AND budget >= 1000 AND (title LIKE 'P-%' OR title LIKE 'Q-%' OR title LIKE '%-X')"
        " AND client.name LIKE '%Acme%' AND created_at >= '2024-01-01' AND created_at < '2025-01-01'"
        " AND primary_contact_id IS NULL AND (budget < 5000 OR budget > 100000) AND shortcode <> 'P-1'"
    ),
    "F4": " OR ".join(f"shortcode = 'P-{number}'" for number in range(CONDITIONS)),
}
_CEL = {
    "F2": 'title.contains("Acme") && (created_at >= "2024-01-01" || client.name.contains("Corp"))',
    "F3": (
        'status in ["ACTIVE","PENDING"] && budget >= 1000'
        ' && (title.startsWith("P-") || title.startsWith("Q-") || title.endsWith("-X")) && client.name.contains("Acme")'
        ' && created_at >= "2024-01-01" && created_at < "2025-01-01" && primary_contact_id == null'
        ' && (budget < 5000 || budget > 100000) && shortcode != "P-1"'
    ),
    "F4": " || ".join(f'shortcode == "P-{number}"' for number in range(CONDITIONS)),
}
_RULES = {
    "F2": '"Acme" in title and (created_at >= "2024-01-01" or "Corp" in client["name"])',
    "F3": (
        'status in ["ACTIVE","PENDING"] and budget >= 1000'
        ' and (title.starts_with("P-") or title.starts_with("Q-") or title.ends_with("-X")) and "Acme" in client["name"]'
        ' and created_at >= "2024-01-01" and created_at < "2025-01-01" and primary_contact_id == null'
        ' and (budget < 5000 or budget > 100000) and shortcode != "P-1"'
    ),
    "F4": " or ".join(f'shortcode == "P-{number}"' for number in range(CONDITIONS)),
}
_ODATA = {
    "F2": "contains(title,'Acme') and (created_at ge '2024-01-01' or contains(client/name,'Corp'))",
    "F3": (
        "status in ('ACTIVE','PENDING') and budget ge 1000"
        " and (startswith(title,'P-') or startswith(title,'Q-') or endswith(title,'-X')) and contains(client/name,'Acme')"
        " and created_at ge '2024-01-01' and created_at lt '2025-01-01' and primary_contact_id eq null"
        " and (budget lt 5000 or budget gt 100000) and shortcode ne 'P-1'"
    ),
    "F4": " or ".join(f"shortcode eq 'P-{number}'" for number in range(CONDITIONS)),
}


def cql2() -> Peer:
    """OGC's Common Query Language, in Rust."""
    module: Any = import_module("cql2")

    def predicate(text: str) -> Matches:
        matches = module.parse_text(text).matches
        return lambda record: bool(matches(record))

    return Peer("cql2", "cql2", _CQL, module.parse_text, module.parse_text, predicate)


def cel_cpp() -> Peer:
    """Google's Common Expression Language, in C++; compiled with types, as its documentation does."""
    cel: Any = import_module("cel_expr_python.cel")
    kinds = {"title": "STRING", "status": "STRING", "budget": "INT", "created_at": "STRING", "shortcode": "STRING"}
    variables = {name: getattr(cel.Type, kind) for name, kind in kinds.items()}
    dynamic = dict.fromkeys(["client", "primary_contact_id"], cel.Type.DYN)
    environment = cel.NewEnv(variables=variables | dynamic)

    def predicate(text: str) -> Matches:
        evaluate = environment.compile(text).eval
        return lambda record: bool(evaluate(data=record).value())

    return Peer("CEL C++", "cel-expr-python", _CEL, environment.compile, environment.compile, predicate)


def cel_rust() -> Peer:
    """The Common Expression Language, in Rust."""
    cel: Any = import_module("cel")

    def predicate(text: str) -> Matches:
        execute: Matches = cel.compile(text).execute
        return execute

    return Peer("CEL Rust", "common-expression-language", _CEL, cel.compile, cel.compile, predicate)


def pygeofilter() -> Peer:
    """CQL2 by Lark in Python, and from its tree a generated Python function that does not expect nulls."""
    parse: Any = import_module("pygeofilter.parsers.cql2_text").parse
    evaluator: Any = import_module("pygeofilter.backends.native.evaluate").NativeEvaluator

    def predicate(text: str) -> Matches:
        matches: Matches = evaluator(use_getattr=False).evaluate(parse(text))
        return matches

    return Peer("pygeofilter", "pygeofilter", _CQL, parse, predicate, predicate)


def rule_engine() -> Peer:
    """Rules by PLY in Python, evaluated as a tree."""
    rule: Any = import_module("rule_engine").Rule

    def predicate(text: str) -> Matches:
        matches: Matches = rule(text).matches
        return matches

    return Peer("rule-engine", "rule-engine", _RULES, rule, rule, predicate)


def odata_query() -> Peer:
    """OData's `$filter` by SLY in Python. It answers for no records."""
    grammar: Any = import_module("odata_query.grammar")
    lexer, parser = grammar.ODataLexer(), grammar.ODataParser()
    return Peer("odata-query", "odata-query", _ODATA, lambda text: parser.parse(lexer.tokenize(text)))


def installed() -> list[Peer]:
    """The peers that can be imported here."""
    found = []
    for peer in (cql2, cel_cpp, cel_rust, pygeofilter, odata_query, rule_engine):
        try:
            found.append(peer())
        except ImportError:
            continue
    return found


# what the same text costs without a library of filters


def one_pass() -> Callable[[str], object]:
    """The tokens of a text in one call of `re`, and nothing built of them: what Python cannot go below, token by token."""
    pattern = r"""\s*+(?:([A-Za-z_][\w.-]*+)|("[^"\\]*+"|'[^'\\]*+')|(-?\d++(?:\.\d++)?)|([!<>]?=|[<>])|([()\[\],]))"""
    return re.compile(pattern, re.ASCII).findall


def pydantic_json() -> Callable[[bytes], object]:
    """JSON validated by pydantic-core into the classes of conditions and groups."""
    pydantic: Any = import_module("pydantic")

    class Condition(pydantic.BaseModel):  # type: ignore[misc]
        field: str
        op: str
        value: str | int | float | bool | list[str | int | float | bool] | None = None

    class Any_(pydantic.BaseModel):  # type: ignore[misc]
        items: list[Condition | Any_ | All_] = pydantic.Field(alias="or")

    class All_(pydantic.BaseModel):  # type: ignore[misc]
        items: list[Condition | Any_ | All_] = pydantic.Field(alias="and")

    space = {"Condition": Condition, "Any_": Any_, "All_": All_}
    for model in (Any_, All_):
        model.model_rebuild(_types_namespace=space)
    adapter = pydantic.TypeAdapter(list[Condition | Any_ | All_])
    return partial(adapter.validate_json)
