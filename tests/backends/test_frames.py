"""The back end for data frames against the predicate: random filters on every engine, over every type a column may have."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter import types
from kanbert_filter.backends.frames import where
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.builder import field
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.endpoints.field_table import FieldTable
from kanbert_filter.limits import Limits
from kanbert_filter.nodes import EVERYTHING, And, Filter, Or, RelationTest
from kanbert_filter.values import EOM, EOW, ME, NOW, SOM, SOW, TODAY, Value
from tests.backends.frames import FRAMED, NARWHALS, Frame, selected, selected_by_each
from tests.strategies import COMMON_PATTERNS, COMMON_TEXTS, filters_of, unseen

# data

TEXTS = (
    *COMMON_TEXTS,
    *(" ", "ab\n", "\n", "\r\n", "a\x00b", "\x00", "a.b", "(a|b)*", "[x]", "^a$", "{2}", "'", '"', "`"),
    *("ÜBER", "über", "漢字", "\U0001f600", "\U0001f600a", "ſ", "-7", "07", "١", "null"),
)
"""Without the letters whose lower case engines disagree on; these have a test of their own."""

PATTERNS = (*COMMON_PATTERNS, "%%", "_%", "ü%", "%\n", "_a", "%(a|b)*%", "%.%", "%\x00%")
NUMBERS = (
    0,
    1,
    -1,
    7,
    127,
    -128,
    128,
    1000,
    2**31,
    2**53,
    2**53 + 1,
    2**63 - 1,
    2**63,
    -(2**63),
    -(2**63) - 1,
    10**30,
    -(10**30),
)
DECIMALS = tuple(
    map(
        Decimal,
        (
            "0.1",
            "-0.5",
            "0.3",
            "0.25",
            "0.01",
            "0.0001",
            "0.00001",
            "1e-60",
            "12.5",
            "99999999.99",
            "1e20",
            "1e60",
            "-1e60",
        ),
    )
)
FLOATS = (
    0.1,
    0.3,
    0.1 + 0.2,
    -0.5,
    0.25,
    1e23,
    1.0,
    -0.0,
    float(2**53),
    float(2**53 + 2),
    5e-324,
    1.7e308,
    12.5,
    1000.0,
)
DAYS = (
    "0001-01-01",
    "1582-10-10",
    "1970-01-01",
    "2018-11-03",
    "2018-11-04",
    "2024-03-31",
    "2024-10-27",
    "2011-12-30",
    "2011-12-31",
    "2006-10-28",
    "2006-10-29",
    "2024-05-01",
    "2024-05-02",
    "9999-12-31",
    *("2010-11-06", "2010-11-07", "2024-04-07", "2024-10-06", "2024-03-10", "2024-11-03", "2022-03-22", "2022-09-21"),
)
TIMES = (
    *(
        "0001-01-01T00:00:00Z",
        "1582-10-10T12:00:00Z",
        "1890-06-01T00:00:00Z",
        "1969-12-31T23:59:59.999999Z",
        "9999-12-31T23:59:59.999999Z",
    ),
    *("2018-11-04T02:30:00Z", "2018-11-04T03:00:00Z", "2018-11-04T02:59:59.999999Z", "2018-11-04T03:30:00.5Z"),
    *(
        "2024-03-31T00:30:00Z",
        "2024-03-31T01:00:00Z",
        "2024-03-31T01:30:00Z",
        "2024-03-31T02:30:00Z",
        "2024-03-31T03:30:00Z",
    ),
    *(
        "2024-10-27T00:30:00Z",
        "2024-10-27T01:00:00Z",
        "2024-10-27T01:30:00Z",
        "2024-10-27T02:30:00Z",
        "2024-10-27T02:00:00.001Z",
    ),
    *("2006-10-29T02:30:59Z", "2006-10-29T02:31:00Z", "2006-10-29T03:15:00Z", "2006-10-29T03:30:00Z"),
    *(
        "2011-12-30T09:59:59Z",
        "2011-12-30T10:00:00Z",
        "2024-05-01T22:00:00Z",
        "2024-05-01T21:59:59.999999Z",
        "2024-05-02T00:00:00Z",
    ),
    *("2010-11-07T02:30:59Z", "2010-11-07T02:31:00Z", "2010-11-07T03:30:30Z", "2010-11-07T00:00:30Z"),  # St John's
    *("2024-04-06T14:59:59Z", "2024-04-06T15:00:00Z", "2024-04-07T01:45:00Z", "2024-10-06T02:15:00Z"),  # Lord Howe
    *("2024-03-10T05:00:00Z", "2024-03-10T00:30:00Z", "2024-11-03T04:30:00Z", "2024-11-03T05:30:00Z"),  # Havana
    *("2022-03-21T20:30:00Z", "2022-03-22T00:30:00Z", "2022-09-21T19:00:00Z", "2022-09-21T19:30:00Z"),  # Tehran
)
ZONES = (
    *("UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu"),
    *("Australia/Lord_Howe", "America/Havana", "Asia/Tehran"),
)
SPECIALS = (NOW, TODAY, TODAY + 1, TODAY - 3, TODAY - 36500, SOW, EOW, SOM, EOM)

KINDS: dict[str, SearchStrategy[Value]] = {
    "string": st.sampled_from(TEXTS),
    "enum": st.sampled_from(["ACTIVE", "DONE", "x"]),
    "number": st.sampled_from([*NUMBERS, *DECIMALS]),
    "currency": st.sampled_from([*NUMBERS, *DECIMALS]),
    "boolean": st.booleans(),
    "date": st.sampled_from([*DAYS, *SPECIALS]),
    "datetime": st.sampled_from([*DAYS, *TIMES, *[time.rstrip("Z") for time in TIMES], *SPECIALS]),
    "id": st.sampled_from(["7", "-7", "07", "١", "abc", "10000000000000000000000", ME]),
    "custom": st.sampled_from([*TEXTS, *NUMBERS, *DECIMALS, True, False]),
    "count": st.sampled_from([0, 1, 2, 3, 2**32, 2**64]),
    "scope": st.sampled_from(["with", "only", "without"]),
}
FILTERED = Endpoint(
    "everything",
    {
        "title": "string",
        "code": types.String(case_sensitive=True),
        "status": "enum",
        "small": "number",
        "large": "number",
        "exact": "number",
        "binary": "number",
        "short": types.Number(source="binary32"),
        "price": "currency",
        "units": "currency",
        "done": "boolean",
        "due": "date",
        "due_at": "date",
        "due_wall": "date",
        "at": "datetime",
        "wall": "datetime",
        "milli": "datetime",
        "nano": "datetime",
        "day": "datetime",
        "name.id": types.Id(source="name_id"),
        "number.id": types.Id(source="number_id"),
        "client.name": "string",
        "client.address.city": "string",
        "client.since": "datetime",
        "agent.name": "string",
        "custom.*": "custom",
        "flat.*": "custom",
        "archived": types.Scope(
            {"with": EVERYTHING, "only": field("wall").is_not_null(), "without": field("wall").is_null()}
        ),
        "tasks": {
            "title": "string",
            "code": types.String(case_sensitive=True),
            "status": "enum",
            "hours": "number",
            "units": "number",
            "price": "currency",
            "done": "boolean",
            "due": "date",
            "at": "datetime",
            "made_on": types.Date(source="at"),
            "wall": "datetime",
            "owner.id": types.Id(source="owner.ref"),
            "owner.city.name": "string",
            "custom.*": "custom",
            "archived": types.Scope(
                {"with": EVERYTHING, "only": field("wall").is_not_null(), "without": field("owner.id").is_null()}
            ),
            "members": {
                "name": "string",
                "since": "date",
                "skills": {"level": "number", "at": "datetime", "tags": {"name": "string", "weight": "number"}},
            },
        },
        "client.contacts": {"name": "string"},
    },
)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def wall(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


def cents(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"))


INSTANTS = [*map(instant, TIMES)]
WALLS = [*map(wall, TIMES)]
MIDDLE = [moment for moment in WALLS if 1700 < moment.year < 2200]
SMALL_DECIMALS = [number for number in DECIMALS if abs(number) < 10**9]

Source = tuple[pa.DataType, Callable[[random.Random], Any]]
"""A type, and a value of it."""


def struct_of(fields: dict[str, Source]) -> Source:
    """Structs whose fields may each be null."""
    dtype = pa.struct([(name, dtype) for name, (dtype, _) in fields.items()])
    return dtype, lambda r: {name: maybe(r, value(r)) for name, (_, value) in fields.items()}


def list_of(item: Source, most: int = 3) -> Source:
    """Lists with nulls among their items."""
    dtype, value = item
    return pa.list_(dtype), lambda r: [maybe(r, value(r)) for _ in range(r.randrange(most + 1))]


A_TEXT: Source = (pa.string(), lambda r: r.choice(TEXTS))
A_DAY: Source = (pa.date32(), lambda r: date.fromisoformat(r.choice(DAYS)))
CENTS: Source = (pa.decimal128(12, 2), lambda r: cents(r.choice(SMALL_DECIMALS)))
LARGE: Source = (pa.int64(), lambda r: r.choice([n for n in NUMBERS if -(2**63) <= n < 2**63]))
CUSTOM = struct_of({"x": A_TEXT, "y": (pa.float64(), lambda r: r.choice(FLOATS))})
AN_INSTANT: Source = (pa.timestamp("us", "UTC"), lambda r: r.choice(INSTANTS))
A_WALL: Source = (pa.timestamp("us"), lambda r: r.choice(WALLS))
TAG = struct_of({"name": A_TEXT, "weight": CENTS})
SKILL = struct_of({"level": (pa.int16(), lambda r: r.randrange(3)), "at": A_WALL, "tags": list_of(TAG, 2)})
MEMBER = struct_of({"name": A_TEXT, "since": A_DAY, "skills": list_of(SKILL, 2)})
OWNER = struct_of(
    {"ref": (pa.int32(), lambda r: r.choice([7, -7, 0])), "city": struct_of({"name": A_TEXT})},
)
TASK = struct_of(
    {
        "title": A_TEXT,
        "code": A_TEXT,
        "status": (pa.string(), lambda r: r.choice(["ACTIVE", "DONE"])),
        "hours": CENTS,
        "units": LARGE,
        "price": CENTS,
        "done": (pa.bool_(), lambda r: r.choice([True, False])),
        "due": A_DAY,
        "at": AN_INSTANT,
        "wall": A_WALL,
        "owner": OWNER,
        "custom": CUSTOM,
        "members": list_of(MEMBER),
    }
)
TYPES: dict[str, Source] = {
    "title": A_TEXT,
    "code": (pa.large_string(), lambda r: r.choice(TEXTS)),
    "status": (pa.dictionary(pa.int32(), pa.string()), lambda r: r.choice(["ACTIVE", "DONE"])),
    "small": (pa.int8(), lambda r: r.choice([0, 1, 7, 127, -128])),
    "large": LARGE,
    "exact": (
        pa.decimal128(38, 4),
        lambda r: r.choice([*NUMBERS, Decimal("0.1"), Decimal("0.0001"), Decimal("-0.5"), Decimal("12.5")]),
    ),
    "binary": (pa.float64(), lambda r: r.choice(FLOATS)),
    "binary32": (pa.float32(), lambda r: r.choice([0.1, 0.25, 1.0, 1000.0, -0.5])),
    "price": CENTS,
    "units": (pa.int32(), lambda r: r.choice([0, 1, -1, 7, 1000])),
    "done": (pa.bool_(), lambda r: r.choice([True, False])),
    "due": A_DAY,
    "due_at": AN_INSTANT,
    "due_wall": A_WALL,
    "at": (pa.timestamp("us", "Europe/Vienna"), lambda r: r.choice([i for i in INSTANTS if 1 < i.year < 9999])),
    "wall": A_WALL,
    "milli": (pa.timestamp("ms"), lambda r: r.choice(WALLS).replace(microsecond=1000)),
    "nano": (pa.timestamp("ns"), lambda r: r.choice(MIDDLE)),
    "day": A_DAY,
    "name_id": (pa.string(), lambda r: r.choice(["7", "-7", "07", "abc", "u-1"])),
    "number_id": (pa.int32(), lambda r: r.choice([7, -7, 0, 2**31 - 1])),
    "client": struct_of(
        {
            "name": A_TEXT,
            "since": AN_INSTANT,
            "address": struct_of({"city": A_TEXT}),
            "contacts": list_of(struct_of({"name": A_TEXT})),
        }
    ),
    "agent.name": A_TEXT,
    "custom": CUSTOM,
    "flat.x": (pa.bool_(), lambda r: r.choice([True, False])),
    "tasks": list_of(TASK),
}


def maybe(r: random.Random, value: Any) -> Any:
    return value if r.random() > 0.15 else None


def random_table(seed: int, rows: int = 120) -> pa.Table:
    r = random.Random(seed)
    columns = {
        name: pa.array([maybe(r, value(r)) for _ in range(rows)], dtype) for name, (dtype, value) in TYPES.items()
    }
    return pa.table({"id": range(rows), **columns})


def as_records(table: pa.Table) -> list[dict[str, Any]]:
    """The rows as the predicate reads them: columns with dots in their names are nested."""
    rows: list[dict[str, Any]] = table.to_pylist()
    for row in rows:
        row["agent"], row["flat"] = {"name": row["agent.name"]}, {"x": row["flat.x"]}
    return rows


# the property

CONTEXTS = st.builds(
    Context,
    now=st.sampled_from(INSTANTS),
    timezone=st.sampled_from(ZONES),
    storage_timezone=st.sampled_from(ZONES),
    me=st.just("7"),
    week_start=st.sampled_from(["monday", "sunday"]),
)
TABLE = random_table(1)
RECORDS = as_records(TABLE)


NEEDLES = st.sampled_from([*TEXTS, "5", ".", ".5", "0"])
RELATIONS = (("tasks", "members", "skills", "tags"), ("client.contacts",))


def flat_filters(fields: FieldTable, max_leaves: int = 10) -> SearchStrategy[Filter]:
    """Filters without conditions on related records."""
    patterns = st.sampled_from(PATTERNS)
    return filters_of(fields, KINDS, needles=NEEDLES, patterns=patterns, depth=0, max_leaves=max_leaves)


def related_filters(fields: FieldTable, names: tuple[str, ...]) -> SearchStrategy[Filter]:
    """Conditions on related records, most of them on records of theirs too."""
    relation = fields[names[0]]
    assert isinstance(relation, types.Relation)
    inner = unseen(flat_filters(relation.related, 4))
    if names[1:]:
        deeper = related_filters(relation.related, names[1:])
        both = st.tuples(inner, deeper)
        inner = inner | deeper | st.builds(And, both) | st.builds(Or, both)
    return unseen(st.builds(RelationTest, st.just(names[0]), st.sampled_from(["any", "none", "all"]), inner))


def checked_filters(*without: str, related: bool = True) -> SearchStrategy[CheckedFilter]:
    endpoint = FILTERED.without(*without)
    filters = flat_filters(endpoint)
    if related:
        inside = st.one_of([related_filters(endpoint, names) for names in RELATIONS])
        groups = st.builds(And, st.tuples(filters, inside)) | st.builds(Or, st.tuples(filters, inside))
        filters = filters | inside | groups | st.builds(Or, st.tuples(inside, inside))
    return filters.map(lambda found: endpoint.check(found, limits=Limits.lifted()))


def expected(checked: CheckedFilter, context: Context) -> tuple[int, ...]:
    return tuple(record["id"] for record in compile_predicate(checked, context).select(RECORDS))


def framed(engine: str, folder: Path) -> Frame:
    return FRAMED[engine](TABLE.drop_columns(list(LEFT_OUT.get(engine, ()))), folder)


OWN_PANDAS = ("pandas-str", "pandas-object", "pandas-nullable")
OBJECTS = ("large", "units", "nano")
"""Columns that pandas' own types cannot hold: integers where some values are missing."""

LEFT_OUT = {**dict.fromkeys(OWN_PANDAS, OBJECTS), **dict.fromkeys(("pyspark", "narwhals-pyspark"), ("nano",))}


@pytest.mark.parametrize(
    ("engines", "without", "number"),
    [
        (("polars", "polars-lazy", "pyarrow", "duckdb", "pandas-pyarrow"), (), 30),
        (OWN_PANDAS, (*OBJECTS, "tasks.units"), 25),  # PyArrow makes floats of great integers in such lists, too
    ],
)
def test_engines_answer_as_the_predicate_does(
    engines: tuple[str, ...], without: tuple[str, ...], number: int, tmp_path: Path
) -> None:
    frames = {engine: framed(engine, tmp_path) for engine in engines}

    @settings(max_examples=number)
    @given(checked_filters(*without), CONTEXTS)
    def same(checked: CheckedFilter, context: Context) -> None:
        ids = expected(checked, context)
        for engine, frame in frames.items():
            assert selected(frame, where(checked, frame, context)) == ids, engine

    same()


def test_narwhals_answers_as_the_predicate_does(tmp_path: Path) -> None:
    frames = {engine: framed(engine, tmp_path) for engine in NARWHALS if "pyspark" not in engine}

    @settings(max_examples=20)
    @given(checked_filters(related=False), CONTEXTS)
    def same(checked: CheckedFilter, context: Context) -> None:
        ids = expected(checked, context)
        for engine, frame in frames.items():
            assert selected(frame, where(checked, frame, context)) == ids, engine

    same()


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("engines", "share"), [(("polars", "duckdb", "pyarrow", "pandas-pyarrow"), 1), (("pyspark",), 0.15)]
)
def test_engines_answer_thousands_as_the_predicate_does(
    engines: tuple[str, ...], share: float, tmp_path: Path, pytestconfig: pytest.Config
) -> None:
    """Twenty filters in one query: what takes an engine its time is a query, not a filter. Spark, the slowest, answers a share of them."""
    frames = {engine: framed(engine, tmp_path) for engine in engines}
    asking = st.tuples(checked_filters(*(["nano"] if "pyspark" in engines else [])), CONTEXTS)

    @settings(max_examples=int(pytestconfig.getoption("filters") * share) // 20)
    @given(st.lists(asking, min_size=20, max_size=20))
    def same(asked: list[tuple[CheckedFilter, Context]]) -> None:
        ids = [expected(*one) for one in asked]
        for engine, frame in frames.items():
            conditions = [where(checked, frame, context) for checked, context in asked]
            assert selected_by_each(frame, conditions) == ids, engine

    same()
