"""What the playground asks of the library. A question and its answer are plain data, so the worker passes both on as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from io import BytesIO
from typing import Any
from warnings import catch_warnings, simplefilter

import kanbert_filter as kf
from kanbert_filter.backends.predicate import raw_value
from kanbert_filter.cli.filters import filter_in, written_filter
from kanbert_filter.cli.reading import Reading
from kanbert_filter.cli.record_files import RecordFile, UnreadableFile
from kanbert_filter.cli.records import BadRecord, BadRecords
from kanbert_filter.errors import TextLocation
from kanbert_filter.integrations.requests import completion_data
from kanbert_filter.meaning.lowering import column_of
from kanbert_filter.types import Relation, Scope
from kanbert_filter.values import read_timestamp

Record = dict[str, Any]

MOST_ROWS = 200
"""So many rows are shown; all are counted."""

FIRST_COLUMNS = 2
"""So many of the endpoint's fields are shown with those that the filter names."""

MOST_CHARACTERS = 80
"""So many characters of a value are shown."""


class Fault(Exception):
    """What is wrong with one of the inputs beside the filter: its name on the page, and a sentence."""


def answer(question: str) -> str:
    """The answer to a question of the page, both as JSON text."""
    asked = json.loads(question)
    return json.dumps(ANSWERS[asked.pop("ask")](**asked))


def evaluation(
    *, filter: str, endpoint: str, records: str, scopes: str, context: dict[str, str], row: int | None
) -> dict[str, Any]:
    """All that the page shows of a filter: what is wrong with it, or how it is written, which records match, and why the one
    at `row` does or does not.

    Without a row the first record is explained that does not match.
    """
    shown: dict[str, Any] = {"faults": {}, "problems": []}
    try:
        table, shown["notes"] = endpoint_in(endpoint)
        checked = table.check(filter_of(filter))
        shown["written"] = written(checked)
        bound = with_conditions(table, scopes)
        shown |= selection(
            bound, bound.check(checked.filter), records_in(records, endpoint), context_in(**context), row
        )
    except Fault as fault:
        name, sentence = fault.args
        shown["faults"][name] = sentence
    except kf.FilterError as error:
        shown["problems"] = [problem_in(filter, problem) for problem in error.problems]
    return shown


def filter_of(text: str) -> kf.Filter:
    """The filter in a text of any notation, a query string or a URL."""
    return filter_in(text.encode(errors="surrogatepass"))


@lru_cache(maxsize=4)
def endpoint_in(text: str) -> tuple[kf.Endpoint, list[str]]:
    """The endpoint that a table or a JSON text describes, and notes about what was ignored."""
    with catch_warnings(record=True) as caught:
        simplefilter("always")
        try:
            if text.lstrip().startswith("{"):
                endpoint = kf.Endpoint.from_dict(json.loads(text))
            else:
                endpoint = kf.Endpoint.from_markdown("endpoint", text)
        except (ValueError, RecursionError) as error:
            raise Fault("endpoint", str(error)) from None
    return endpoint, [str(warning.message) for warning in caught]


def with_conditions(endpoint: kf.Endpoint, text: str) -> kf.Endpoint:
    """The endpoint with the conditions of its scopes, one `archived.only=FILTER` a line."""
    conditions: dict[str, dict[str, kf.Filter]] = {}
    try:
        for line in text.split("\n"):
            target, equals, condition = line.partition("=")
            name, dot, choice = target.strip().rpartition(".")
            if equals and dot:
                conditions.setdefault(name, {})[choice] = filter_of(condition)
            elif line.strip():
                raise ValueError(f"Found '{line}', expected a line such as archived.only=archived_at is not null")
        return endpoint.bind(**conditions)
    except ValueError as error:
        raise Fault("context", str(error)) from None


@lru_cache(maxsize=4)
def records_in(text: str, endpoint: str) -> list[Record]:
    """The records of a text in JSON or CSV; the endpoint's types say what a cell of CSV is."""
    table, _ = endpoint_in(endpoint)
    reading = Reading(table, None if text.lstrip()[:1] in ("[", "{", "") else "csv")
    try:
        _, found = reading.records(RecordFile("-", BytesIO(text.encode(errors="replace"))), BadRecords(skip=False))
        return [record for _, _, record in found]
    except BadRecord as error:
        raise Fault("records", f"Line {error.line}: {error.reason}") from None
    except UnreadableFile as error:
        raise Fault("records", f"The text {error}") from None


def context_in(*, now: str, timezone: str, me: str, week_start: Any) -> kf.Context:
    moment = read_timestamp(now) if now else None
    if now and (moment is None or moment.tzinfo is None):
        raise Fault("context", f"Found '{now}', expected a timestamp with an offset, such as 2024-05-01T12:00:00+02:00")
    try:
        return kf.Context(now=moment, timezone=timezone or "UTC", me=me or None, week_start=week_start)
    except ValueError as error:
        raise Fault("context", str(error)) from None


def written(checked: kf.CheckedFilter) -> dict[str, str]:
    """The filter in every notation, for people and for requests."""
    writers: dict[str, Callable[[], str]] = {
        "dsl": lambda: kf.to_dsl(checked),
        "json": lambda: json_for_people(checked),
        "form": lambda: written_filter(checked, "form"),
        "query": lambda: kf.to_query(checked),
    }
    texts = {}
    for name, write in writers.items():
        try:
            texts[name] = write()
        except kf.UnsupportedFilterError as error:
            texts[name] = str(error)
    return texts


def json_for_people(checked: kf.CheckedFilter) -> str:
    """Over several lines, if that takes no digit from a number."""
    try:
        return json.dumps(kf.to_json(checked), ensure_ascii=False, indent=2)
    except kf.UnsupportedFilterError:
        return kf.to_json_text(checked)


def selection(
    endpoint: kf.Endpoint, checked: kf.CheckedFilter, records: list[Record], context: kf.Context, row: int | None
) -> dict[str, Any]:
    """Which records match, and why one does or does not."""
    try:
        matches = kf.compile_predicate(checked, context)
    except kf.ContextError as error:
        raise Fault("context", str(error)) from None
    outcomes = [outcome(matches, record) for record in records]
    columns = columns_of(checked, endpoint)
    if row is None or row >= len(records):
        row = next((index for index, found in enumerate(outcomes) if not found), 0)
    return {
        "total": len(records),
        "matching": outcomes.count(True),
        "columns": columns,
        "rows": [
            {"matches": found, "cells": [cell(endpoint, name, record) for name in columns]}
            for found, record in zip(outcomes[:MOST_ROWS], records, strict=False)
        ],
        "row": row,
        "explanation": str(kf.explain(checked, records[row], context)) if records else "",
    }


def outcome(matches: kf.Predicate, record: Record) -> bool | None:
    try:
        return matches(record)
    except kf.RecordError:
        return None


def columns_of(checked: kf.CheckedFilter, endpoint: kf.Endpoint) -> list[str]:
    """The endpoint's first fields and those that the filter names; of related records their relation."""
    relations = [name for name, row in endpoint.items() if isinstance(row, Relation)]
    named = []
    for path in sorted(kf.fields_of(checked)):
        relation = next((name for name in relations if path.startswith(f"{name}.")), path)
        if not isinstance(endpoint.field_type(relation), Scope):
            named.append(relation)
    first = [name for name, row in endpoint.items() if "*" not in name and not isinstance(row, (Relation, Scope))]
    return list(dict.fromkeys([*first[:FIRST_COLUMNS], *named]))


def cell(endpoint: kf.Endpoint, name: str, record: Record) -> str:
    """What a record holds at a field, as people write it."""
    try:
        value = raw_value(column_of(endpoint, name), record, "mapping")
    except kf.RecordError as error:
        value = error.value
    if isinstance(value, list):
        return f"{len(value)} related"
    text = str(value) if isinstance(value, (str, Decimal)) else json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


def problem_in(text: str, problem: kf.Problem) -> dict[str, Any]:
    """A problem as the page shows it: its sentence, the lines that draw it with carets, and its place in UTF-16 code units if it has one."""
    shown: dict[str, Any] = {"code": problem.code, "message": problem.message, "drawn": str(problem).split("\n")}
    place = problem.location
    if isinstance(place, TextLocation) and place.text == text:
        shown |= {"from": code_units(text[: place.start]), "to": code_units(text[: place.end])}
    return shown


def code_units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def completion(*, endpoint: str, text: str, cursor: int) -> dict[str, Any]:
    """What may be written at the cursor; both count UTF-16 code units."""
    try:
        return completion_data(endpoint_in(endpoint)[0], text, cursor)
    except Fault:
        return {"utf16": {"start": cursor, "end": cursor}, "proposals": []}


def layout(*, endpoint: str, filter: str) -> dict[str, Any]:
    """The filter over several lines."""
    try:
        return {"text": kf.to_dsl(endpoint_in(endpoint)[0].check(filter_of(filter)), indent=2)}
    except (Fault, kf.FilterError):
        return {"text": None}


def description(*, endpoint: str, notation: str) -> dict[str, Any]:
    """The endpoint as a table or as JSON."""
    try:
        table, _ = endpoint_in(endpoint)
    except Fault:
        return {"text": None}
    if notation == "table":
        return {"text": table.to_markdown(sources=True)}
    return {"text": json.dumps(table.to_dict(sources=True), ensure_ascii=False, indent=2)}


ANSWERS: dict[str, Callable[..., dict[str, Any]]] = {
    "evaluation": evaluation,
    "completion": completion,
    "layout": layout,
    "description": description,
}
