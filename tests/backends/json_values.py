"""Values of every sort in JSON, under fields of every type: what the differential tests of typed paths into JSON run over."""

from __future__ import annotations

import random
from typing import Any

from kanbert_filter import types
from kanbert_filter.backends.predicate.records import READERS
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.errors import RecordError

SORTS: dict[str, type[Any]] = {
    "title": types.String,
    "rank": types.Number,
    "price": types.Currency,
    "done": types.Boolean,
    "due": types.Date,
    "made": types.DateTime,
    "status": types.Enum,
    "ref": types.Id,
}


ITEMS = Endpoint(
    "items",
    {
        "id": "id",
        "extra.*": types.Custom(source="custom_field.*.value"),
        **{f"extra.{name}": made(source=f"custom_field.{name}.value") for name, made in SORTS.items()},
    },
)
"""Fields of every type whose data is in a column of JSON, beside the wildcard that admits any name."""

TEXTS = [
    *("", "a", "A", "ab", "Acme", "ACME Corp", "%", "_", "50%", "a_b", "ß", "é", "7", "07", "7.0", "true", "null", "漢"),
    *("2024-05-01", "2024-05-02", "2024-05-05", "2024-02-29", "2023-02-29", "2024-02-30", "2024-04-31", "2024-13-01", "2024-00-10"),
    *("2024-05-00", "0000-01-01", "0001-01-01", "9999-12-31", "2000-02-29", "1900-02-29", "2024-5-1", "20240501", "2024-05-01 "),
    *("now", "today", "infinity", "epoch", "2024-121", "2024-W18-3", "12:00", "2024-05-01T", "2024-05-01T10", "2024-05-01X10:00"),
    *("2024-05-01T10:00", "2024-05-01 10:00:00", "2024-05-01t10:00:00.5", "2024-05-01T10:00:00,123456", "2024-05-01T23:59:59.999999999"),
    *("2024-05-01T24:00", "2024-05-01T10:60", "2024-05-01T10:00:60", "2024-05-01T10:00:00.", "2024-05-01T10:00:00.1234567890"),
    *("2024-05-01T22:30Z", "2024-05-01T22:30:00z", "2024-05-02T00:30:00+02:00", "2024-05-02T00:30:00+02", "2024-05-02 00:30:00+0200"),
    *("2024-05-01T17:00-05:30", "2024-05-01T17:00:00.000001-0530", "2024-05-01T10:00+23:59", "2024-05-01T10:00-23:59"),
    *("2024-05-01T10:00+24:00", "2024-05-01T10:00+02:60", "2024-05-01T10:00+2", "2024-05-01T10:00 +02:00", "2024-05-01T10:00+02:00Z"),
    *("2024-02-30T10:00Z", "0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59.999999Z", "0001-01-01T00:00Z"),
    *("2011-12-30T10:00", "2011-12-30T09:59:59Z", "2024-03-31T02:30", "2024-10-27T02:30", "2018-11-04T02:59:59Z", "2010-11-07T00:01"),
    *("2024-05-01T10:00:00+02:00:00", "2024-05-01T10:00:00.5.5", "2024-05-01T10:00:00.,5", "２０２４-05-01", "2024-05-01\n"),
]  # fmt: skip
NUMBERS = [0, 1, -1, 7, 1000, 20240501, 2460000, 2**53 + 1, 2**63 - 1, 7.0, 0.5, -0.5, 0.1, 0.3, 0.1 + 0.2, 1e23, 99.99]
OTHERS: list[Any] = [None, True, False, [], {}, ["a"], [7], {"a": 1}, ["2024-05-01"], [None]]
VALUES = [*TEXTS, *NUMBERS, *OTHERS]

EVERY = [
    *[f"extra.{name} is null" for name in ("title", "rank", "price", "done", "due", "made", "status", "ref", "x")],
    *("extra.title = '7'", "extra.title != '7'", "extra.title in ['7', 'true']", "extra.title contains 'ACME'"),
    *("extra.rank = 7", "extra.rank != 7", "extra.rank < 0.3", "extra.rank nin [7, 0.5]", "extra.rank = 9007199254740993"),
    *("extra.price = 7", "extra.price contains '.5'", "extra.price like '2024%'", "extra.price >= 99.99"),
    *("extra.done = true", "extra.done != true", "extra.status = 'a'", "extra.status in ['a', '7']"),
    *("extra.ref = '7'", "extra.ref != '7'", "extra.ref in ['7', '07', '7.0', '9223372036854775807']"),
    *("extra.due = '2024-05-01'", "extra.due != '2024-05-01'", "extra.due < '2024-05-01'", "extra.due >= '2024-05-02'"),
    *("extra.due in ['2024-05-01', '0001-01-01']", "extra.due nin ['2024-05-01', '9999-12-31']"),
    *("extra.made = '2024-05-01'", "extra.made != '2024-05-01'", "extra.made < '2024-05-01T10:00:00Z'"),
    *("extra.made >= '2024-05-01T22:30:00Z'", "extra.made = '2024-05-01T22:30:00Z'", "extra.made != '2024-05-01T22:30:00Z'"),
    *("extra.made in ['2024-05-01T22:30:00Z', '2024-05-05']", "extra.made > '9999-12-30'", "extra.made <= '0001-01-02'"),
]  # fmt: skip
"""Filters on each type, in all ways."""


def _held(size: int) -> list[dict[str, Any]]:
    """Each value of all sorts for each field, and some of the fields missing."""
    choose = random.Random(11)
    made: list[dict[str, Any]] = [{name: {"value": value} for name in SORTS} for value in VALUES]
    made += [{}, {"title": 5}, {"title": {}}, {"title": []}]
    while len(made) < size:
        made.append({name: {"value": choose.choice(VALUES)} for name in SORTS if choose.random() < 0.8})
    for row in made:
        if row.get("ref") == {"value": 1e23}:  # on PostgreSQL an integer of so many digits
            del row["ref"]
    return made


def _of_type(name: str, holder: Any) -> Any:
    if not isinstance(holder, dict):
        return {}
    reader = READERS[SORTS[name].kind]
    zone = () if reader.zone is None else (getattr(Context(), reader.zone),)
    try:
        if holder.get("value") is not None:
            reader.function(holder["value"], ("", ""), *zone)
    except RecordError:
        return {}
    return holder


HELD = _held(400)
"""What a column of JSON holds."""

RECORDS: list[dict[str, Any]] = [
    {"id": number, "custom_field": {name: _of_type(name, value) for name, value in held.items()}}
    for number, held in enumerate(HELD, 1)
]
"""The rows as the predicate is to see them: without the values that are not of their field's type."""
