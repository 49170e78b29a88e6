"""Answers the cases of the suite with this library: a case a line on standard input, its answer a line on standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

import kanbert_filter as kf
from kanbert_filter.errors import FormLocation, JsonLocation, TextLocation
from kanbert_filter.values import Value, number_text

Data = dict[str, Any]

_READERS: Final[dict[str, Callable[..., kf.Filter]]] = {
    "dsl": kf.parse_dsl,
    "json": kf.parse_json,
    "form": lambda pairs, limits: kf.parse_form([tuple(pair) for pair in pairs], limits=limits),
    "query": kf.parse_query,
}


def answer(case: Data) -> Data:
    """What the library makes of a case: the filter in every notation and the records it matches, or the problems."""
    limits = kf.Limits(**case.get("limits", {}))
    checked = None
    try:
        tree = _READERS[case["notation"]](case["input"], limits=limits)
        if "endpoint" in case:
            checked = endpoint(case["endpoint"]).check(tree, limits=limits)
            tree = checked.filter
    except kf.FilterError as error:
        return {"problems": [_problem(problem) for problem in error.problems]}
    found: Data = {"tree": tree_data(tree)}
    for notation, write in (("dsl", kf.to_dsl), ("json", kf.to_json_text), ("form", kf.to_form)):
        try:
            found[notation] = write(tree)
        except kf.UnsupportedFilterError:
            found[notation] = None
    found["form"] = found["form"] and [list(pair) for pair in found["form"]]
    if checked is not None and "records" in case:
        context = dict(case["context"])
        now = datetime.fromisoformat(context.pop("now"))
        try:
            matches = kf.compile_predicate(checked, kf.Context(now=now, **context))
            found["matches"] = [record["id"] for record in case["records"] if matches(record)]
        except kf.ContextError:
            found["fails"] = "context"
        except kf.RecordError:
            found["fails"] = "record"
    return found


def endpoint(described: Data) -> kf.Endpoint:
    """The endpoint of a description, its scopes bound to conditions in DSL."""
    scopes = {
        name: {choice: kf.parse(condition) for choice, condition in choices.items()}
        for name, choices in described.get("scopes", {}).items()
    }
    fields = {name: row for name, row in described.items() if name != "scopes"}
    return kf.Endpoint.from_dict(fields).bind(**scopes)


def tree_data(tree: kf.Filter) -> Data | None:
    """A tree as data that every language can compare; None for no filter."""
    match tree:
        case kf.And(items):
            return {"and": [tree_data(item) for item in items]}
        case kf.Or(items):
            return {"or": [tree_data(item) for item in items]}
        case kf.Comparison(field, operator, value):
            return {"field": field, "op": operator, "value": _value(value)}
        case kf.Membership(field, operator, values):
            return {"field": field, "op": operator, "values": [_value(value) for value in values]}
        case kf.RelationTest(field, operator, inner) if inner is not None:
            return {"field": field, "op": operator, "filter": tree_data(inner)}
        case kf.NullCheck(field, operator) | kf.RelationTest(field, operator):
            return {"field": field, "op": operator}
        case kf.Everything():
            return None
    raise AssertionError(tree)


def _value(value: Value) -> Data:
    match value:
        case bool():
            return {"boolean": value}
        case str():
            return {"text": value}
        case int() | Decimal():
            return {"number": number_text(value)}
        case kf.Special():
            return {"special": str(value)}
    return {"untyped": str(value)}


def _problem(problem: kf.Problem) -> Data:
    place: Data | None = None
    match problem.location:
        case TextLocation(_, start, end):
            place = {"start": start, "end": end}
        case JsonLocation(pointer):
            place = {"pointer": pointer}
        case FormLocation(key):
            place = {"key": key}
    return {"code": problem.code, "field": problem.field, "place": place, "issue": problem.message}


def main() -> None:
    for line in sys.stdin:
        print(json.dumps(answer(json.loads(line, parse_float=Decimal))), flush=True)


if __name__ == "__main__":
    main()
