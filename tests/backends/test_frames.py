"""The back end for data frames against the predicate: random filters on every engine, over every type a column may have."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.strategies import SearchStrategy

from kanbert_filter.backends.frames import where
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.builder import field
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints import types
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.nodes import EVERYTHING
from kanbert_filter.values import EOM, EOW, ME, NOW, SOM, SOW, TODAY, Value
from tests.backends.frames import FRAMED, Frame, selected, selected_by_each
from tests.strategies import filters_of

# data

TEXTS = (
    *(
        "",
        " ",
        "a",
        "A",
        "ab",
        "aB",
        "Acme",
        "ACME Corp",
        "ab\nb",
        "ab\n",
        "\n",
        "\r\n",
        "a\x00b",
        "\x00",
        "a.b",
        "(a|b)*",
        "[x]",
        "^a$",
        "{2}",
    ),
    *(
        "%",
        "_",
        "\\",
        "50%",
        "a_b",
        "ß",
        "ÜBER",
        "über",
        "É",
        "é",
        "漢字",
        "\U0001f600",
        "\U0001f600a",
        "ſ",
        "7",
        "-7",
        "07",
        "١",
        "'",
        '"',
        "`",
        "null",
    ),
)
"""Without the letters whose lower case engines disagree on; these have a test of their own."""

PATTERNS = (
    "",
    "%",
    "_",
    "%%",
    "a%",
    "%b",
    "%a%",
    "a_b",
    "\\%",
    "50\\%",
    "__",
    "%_",
    "_%",
    "_%b",
    "a%b%",
    "%c_r%",
    "\\\\",
    "ü%",
    "%\n",
    "%\n%",
    "_a",
    "%(a|b)*%",
    "%.%",
    "%\x00%",
)
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
)
ZONES = ("UTC", "Europe/Vienna", "America/Sao_Paulo", "Pacific/Apia", "America/St_Johns", "Asia/Kathmandu")
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
        "tasks": {"title": "string"},
        "client.contacts": {"title": "string"},
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
RECORD = pa.struct([("title", pa.string())])
TYPES: dict[str, tuple[pa.DataType, Callable[[random.Random], Any]]] = {
    "title": (pa.string(), lambda r: r.choice(TEXTS)),
    "code": (pa.large_string(), lambda r: r.choice(TEXTS)),
    "status": (pa.dictionary(pa.int32(), pa.string()), lambda r: r.choice(["ACTIVE", "DONE"])),
    "small": (pa.int8(), lambda r: r.choice([0, 1, 7, 127, -128])),
    "large": (pa.int64(), lambda r: r.choice([n for n in NUMBERS if -(2**63) <= n < 2**63])),
    "exact": (
        pa.decimal128(38, 4),
        lambda r: r.choice([*NUMBERS, Decimal("0.1"), Decimal("0.0001"), Decimal("-0.5"), Decimal("12.5")]),
    ),
    "binary": (pa.float64(), lambda r: r.choice(FLOATS)),
    "binary32": (pa.float32(), lambda r: r.choice([0.1, 0.25, 1.0, 1000.0, -0.5])),
    "price": (pa.decimal128(12, 2), lambda r: cents(r.choice(SMALL_DECIMALS))),
    "units": (pa.int32(), lambda r: r.choice([0, 1, -1, 7, 1000])),
    "done": (pa.bool_(), lambda r: r.choice([True, False])),
    "due": (pa.date32(), lambda r: date.fromisoformat(r.choice(DAYS))),
    "due_at": (pa.timestamp("us", "UTC"), lambda r: r.choice(INSTANTS)),
    "due_wall": (pa.timestamp("us"), lambda r: r.choice(WALLS)),
    "at": (pa.timestamp("us", "Europe/Vienna"), lambda r: r.choice([i for i in INSTANTS if 1 < i.year < 9999])),
    "wall": (pa.timestamp("us"), lambda r: r.choice(WALLS)),
    "milli": (pa.timestamp("ms"), lambda r: r.choice(WALLS).replace(microsecond=1000)),
    "nano": (pa.timestamp("ns"), lambda r: r.choice(MIDDLE)),
    "day": (pa.date32(), lambda r: date.fromisoformat(r.choice(DAYS))),
    "name_id": (pa.string(), lambda r: r.choice(["7", "-7", "07", "abc", "u-1"])),
    "number_id": (pa.int32(), lambda r: r.choice([7, -7, 0, 2**31 - 1])),
    "client": (
        pa.struct(
            [
                ("name", pa.string()),
                ("since", pa.timestamp("us", "UTC")),
                ("address", pa.struct([("city", pa.string())])),
                ("contacts", pa.list_(RECORD)),
            ]
        ),
        lambda r: {
            "name": maybe(r, r.choice(TEXTS)),
            "since": maybe(r, r.choice(INSTANTS)),
            "address": maybe(r, {"city": maybe(r, r.choice(TEXTS))}),
            "contacts": maybe(r, [{"title": "x"}] * r.randrange(3)),
        },
    ),
    "agent.name": (pa.string(), lambda r: r.choice(TEXTS)),
    "custom": (
        pa.struct([("x", pa.string()), ("y", pa.float64())]),
        lambda r: {"x": maybe(r, r.choice(TEXTS)), "y": maybe(r, r.choice(FLOATS))},
    ),
    "flat.x": (pa.bool_(), lambda r: r.choice([True, False])),
    "tasks": (pa.list_(RECORD), lambda r: [{"title": "x"}] * r.randrange(4)),
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


def checked_filters(*without: str) -> SearchStrategy[CheckedFilter]:
    endpoint = FILTERED.without(*without)
    needles, patterns = st.sampled_from([*TEXTS, "5", ".", ".5", "0"]), st.sampled_from(PATTERNS)
    return filters_of(endpoint, KINDS, needles=needles, patterns=patterns, depth=0).map(endpoint.check)


def expected(checked: CheckedFilter, context: Context) -> tuple[int, ...]:
    return tuple(record["id"] for record in compile_predicate(checked, context).select(RECORDS))


@pytest.fixture(scope="module")
def framed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Frame]:
    frames: dict[str, Frame] = {}

    def frame(engine: str) -> Frame:
        if engine not in frames:
            table = TABLE.drop_columns(list(LEFT_OUT.get(engine, ())))
            frames[engine] = FRAMED[engine](table, tmp_path_factory.mktemp("frames"))
        return frames[engine]

    return frame


def hold(frame: Frame, examples: int, *without: str) -> None:
    @settings(max_examples=examples)
    @given(checked_filters(*without), CONTEXTS)
    def same(checked: CheckedFilter, context: Context) -> None:
        assert selected(frame, where(checked, frame, context)) == expected(checked, context)

    same()


IN_PROCESS = ("polars", "polars-lazy", "pyarrow", "duckdb", "pandas-pyarrow")
OWN_PANDAS = ("pandas-str", "pandas-object", "pandas-nullable")
OBJECTS = ("exact", "price", "units", "large", "done", "due", "day", "client", "custom", "flat.x", "tasks")
"""Columns of which pandas' own types hold Python objects, and integers that are floats where some values are missing."""

LEFT_OUT = {**dict.fromkeys(OWN_PANDAS, OBJECTS), "pyspark": ("nano",)}
UNHELD = (
    "exact",
    "price",
    "units",
    "large",
    "done",
    "due",
    "day",
    "custom.*",
    "flat.*",
    "tasks",
    *[f for f in FILTERED if f.startswith("client.")],
)


@pytest.mark.parametrize("engine", IN_PROCESS)
def test_engines_answer_as_the_predicate_does(framed: Callable[[str], Frame], engine: str) -> None:
    hold(framed(engine), 100)


@pytest.mark.parametrize("engine", OWN_PANDAS)
def test_pandas_own_types_answer_as_the_predicate_does(framed: Callable[[str], Frame], engine: str) -> None:
    hold(framed(engine), 60, *UNHELD)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("engine", "filters"),
    [("polars", 2000), ("duckdb", 2000), ("pyarrow", 500), ("pandas-pyarrow", 500), ("pyspark", 400)],
)
def test_engines_answer_as_the_predicate_does_to_many(
    framed: Callable[[str], Frame], engine: str, filters: int
) -> None:
    """Twenty filters in one query: what takes an engine its time is a query, not a filter."""
    frame = framed(engine)
    asking = st.tuples(checked_filters(*(["nano"] if engine == "pyspark" else [])), CONTEXTS)

    @settings(max_examples=filters // 20)
    @given(st.lists(asking, min_size=20, max_size=20))
    def same(asked: list[tuple[CheckedFilter, Context]]) -> None:
        conditions = [where(checked, frame, context) for checked, context in asked]
        assert selected_by_each(frame, conditions) == [expected(*one) for one in asked]

    same()
