"""Where the back end for data frames finds fields, what it refuses, and what it makes of filters at the edges."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import kanbert_filter as kf
from kanbert_filter import types
from kanbert_filter.backends.frames import matching, verify, where
from kanbert_filter.backends.frames.engine import engine_of
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.kinds import ValueKind
from kanbert_filter.limits import Limits
from tests.backends.frames import FRAMED, NARWHALS, WHOLE, engines, ids_of, selected, selected_by_each, spark

CLIENTS = kf.Endpoint("clients", {"id": "id", "name": "string", "address.city": "string", "custom.*": "custom"})
UNLIMITED = Limits.lifted()

IN_PROCESS = [engine for engine in WHOLE if engine != "pyspark"]


def ids(text: str, frame: Any, endpoint: kf.Endpoint = CLIENTS, **options: Any) -> tuple[int, ...]:
    return ids_of(matching(endpoint.parse(text, limits=UNLIMITED), frame, **options))


# columns


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS))
@pytest.mark.parametrize("name", ["address.city", 'a `b\' "c"'])
def test_a_column_with_any_name(engine: str, name: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](pa.table({"id": [1, 2], name: ["Graz", "Wien"]}), tmp_path)
    assert ids('address.city = "Graz"', frame, columns={"address.city": name}) == (1,)
    if name == "address.city":
        assert ids('address.city = "Graz"', frame) == (1,)


def test_a_flat_column_beats_a_struct_and_a_struct_may_have_a_flat_name() -> None:
    both = pl.DataFrame({"id": [1, 2], "address": [{"city": "Wien"}] * 2, "address.city": ["Graz", "Linz"]})
    assert ids('address.city = "Graz"', both) == (1,)
    endpoint = kf.Endpoint("clients", {"at.home.city": "string"})
    inside = pl.DataFrame({"id": [1, 2], "at.home": [{"city": "Graz"}, None]})
    assert ids('at.home.city = "Graz"', inside, endpoint) == (1,)


def test_a_source() -> None:
    endpoint = kf.Endpoint(
        "clients", {"owner.id": types.Id(source="owner_id"), "extra.*": types.Custom(source="data.*")}
    )
    frame = pl.DataFrame({"id": [1, 2], "owner_id": ["a", "b"], "data": [{"x": 1}, {"x": 2}]})
    assert ids('owner.id = "b"', frame, endpoint) == (2,)
    assert ids("extra.x = 1", frame, endpoint) == (1,)


def test_custom_values_in_a_map() -> None:
    maps = pa.array([[("color", "red")], [], None, [("color", "blue")]], pa.map_(pa.string(), pa.string()))
    table = pa.table({"id": [1, 2, 3, 4], "custom": maps})
    for frame in (table, duckdb.connect().from_arrow(table)):
        assert ids('custom.color = "red"', frame) == (1,)
        assert ids('custom.color != "red"', frame) == (4,)
        assert ids("custom.color is null", frame) == (2, 3)


def test_what_the_caller_says_of_columns() -> None:
    table = pa.table({"id": [1, 2], "titel": ["Acme", "Corp"], "c_x": ["a", "b"], "special": ["b", "a"]})
    given: dict[str, tuple[Any, Any, Any]] = {
        "polars": (pl.DataFrame(table), pl.col("titel").str.slice(0, 1), pl.col("special")),
        "pyarrow": (table, pc.utf8_slice_codeunits(table["titel"], 0, 1), table["special"]),
        "narwhals": (nw.from_native(table), nw.col("titel").str.slice(0, 1), nw.col("special")),
    }
    pandas, relation = table.to_pandas(), duckdb.connect().from_arrow(table)
    given["narwhals-pandas"] = nw.from_native(pandas), *given["narwhals"][1:]
    given["pandas"] = pandas, pandas["titel"].str[:1], pandas["special"]
    given["duckdb"] = relation, duckdb.SQLExpression("titel[1:1]"), duckdb.ColumnExpression("special")
    for engine, (frame, first, special) in given.items():
        found = {
            "name": "titel",
            "address.city": first,
            "custom.y": special,
            "custom.*": lambda name: f"c_{name}" if name == "x" else None,
        }
        assert ids('name = "Acme"', frame, columns=found) == (1,), engine
        assert ids('address.city = "C"', frame, columns=found) == (2,), engine
        assert ids('custom.x = "a" and custom.y = "b"', frame, columns=found) == (1,), engine
        assert ids("custom.z is null", frame, columns=found) == (1, 2), engine
        for other in (nw.col("id") if engine == "polars" else pl.col("id"), 7):
            with pytest.raises(LookupError, match="expected a column's name or an expression of"):
                where(CLIENTS.parse('name = "a"'), frame, columns={"name": other})


@pytest.mark.parametrize(
    ("text", "selects"),
    [
        *[("custom.z is null", (1, 2)), ("custom.z is not null", ()), ('custom.z = "a"', ()), ('custom.z != "a"', ())],
        *[("custom.z in [1]", ()), ("custom.z nin [1]", ()), ("custom.z > 1", ()), ('custom.z contains "a"', ())],
    ],
)
def test_a_custom_field_without_a_column_is_null(text: str, selects: tuple[int, ...]) -> None:
    assert ids(text, pl.DataFrame({"id": [1, 2]})) == selects


@pytest.mark.parametrize("engine", IN_PROCESS)
def test_no_name_begins_with_two_underscores(engine: str, tmp_path: Path) -> None:
    """Where a wildcard admits one it is null, whether a struct, a map or a column of this name is there."""
    struct = pa.table({"id": [1], "custom": [{"__class__": "a"}]})
    dotted = pa.table({"id": [1], "custom.__class__": ["a"]})
    for table in (struct, dotted):
        frame = FRAMED[engine](table, tmp_path)
        assert ids("custom.__class__ is null", frame) == (1,)
        assert ids('custom.__class__ = "a" or custom.__class__ != "b" or custom.__class__ like "%"', frame) == ()


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        ([b"x"], "Field 'name': its column holds Binary, which is no string; cast it"),
        (None, "Field 'name': the frame has no column 'name'; say which in columns"),
    ],
)
def test_a_field_without_a_column_that_holds_it(values: list[Any] | None, fault: str) -> None:
    frame = pl.DataFrame({"id": [1], **({} if values is None else {"name": values})})
    with pytest.raises(LookupError, match="^" + fault + "$"):
        where(CLIENTS.parse('name = "a"'), frame)


def test_verify_tells_all_faults() -> None:
    endpoint = kf.Endpoint(
        "projects",
        {
            "title": "string",
            "due": "date",
            "budget": "number",
            "custom.*": "custom",
            "archived": types.Scope(["with"]),
            "tasks": {"title": "string"},
            "notes": {"text": "string"},
        },
    )
    frame = pl.LazyFrame({"title": ["a"], "budget": ["b"], "notes": ["c"]})
    with pytest.raises(LookupError) as caught:
        verify(endpoint, frame)
    assert [line.partition(":")[0] for line in str(caught.value).split("\n")] == [
        *("Field 'due'", "Field 'budget'", "Field 'tasks'", "Field 'notes'")
    ]
    verify(endpoint.only("title", "custom.*", "archived"), frame)


# filters at the edges


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS, "pandas-str"))
def test_constants_of_the_whole(engine: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](pa.table({"id": [1, 2], "name": ["a", None]}), tmp_path)
    assert selected(frame, where(CLIENTS.check(kf.EVERYTHING), frame)) == (1, 2)
    assert ids("name in []", frame) == ()
    assert ids("name nin []", frame) == (1,)
    assert ids('name in [] or name = "a"', frame) == (1,)


def test_composed_filters() -> None:
    tenants = kf.Endpoint("tenants", {"tenant": "number"})
    frame = pl.DataFrame({"id": [1, 2, 3], "tenant": [1, 1, 2], "name": ["a", "b", "a"]})
    checked = tenants.parse("tenant = 1") & CLIENTS.parse('name = "a"')
    assert selected(frame, where(checked, frame)) == (1,)


def test_only_checked_filters() -> None:
    with pytest.raises(TypeError, match="checked"):
        where(kf.parse('name = "a"'), pl.DataFrame({"name": ["a"]}))  # type: ignore[arg-type]


@pytest.mark.parametrize("engine", engines(*WHOLE, "pandas-str", "pandas-object"))
def test_deep_and_long_filters(engine: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](pa.table({"id": [1, 2, 3], "name": ["a", "aab", None]}), tmp_path)
    deep: kf.Filter = kf.field("name").contains("a")
    for number in range(98):
        other = kf.field("name")
        deep = deep | other.like(f"{number}%b%c") if number % 2 else deep & other.ne(f"x{number}")
    assert selected(frame, where(CLIENTS.check(deep, limits=UNLIMITED), frame)) == (1, 2)
    name = kf.field("name")
    long = kf.Or([name.startswith(f"x{n}") & name.ne("y") for n in range(250)] + [name.endswith("ab")])
    assert selected(frame, where(CLIENTS.check(long, limits=UNLIMITED), frame)) == (2,)
    equal = kf.Or([name == f"x{n}" for n in range(20_000)] + [name == "a"])
    assert selected(frame, where(CLIENTS.check(equal, limits=UNLIMITED), frame)) == (1,)


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS, "pandas-str", "pandas-object"))
def test_hostile_patterns(engine: str, tmp_path: Path) -> None:
    table = pa.table({"id": [1, 2, 3], "name": ["a" * 20_000, "a" * 20_000 + "b", "\U0001f600" * 1000]})
    frame = FRAMED[engine](table, tmp_path)
    for pattern in (
        "%a" * 99 + "c",
        "%a_" * 98,
        "%" * 50,
        "_" * 1000,
        "\U0001f600_" * 500 + "%",
        "%" + "a" * 2000 + "b%",
        "%aa%aab",
    ):
        checked = CLIENTS.check(kf.field("name").like(pattern), limits=UNLIMITED)
        expected = tuple(row["id"] for row in compile_predicate(checked).select(table.to_pylist()))
        assert selected(frame, where(checked, frame)) == expected, pattern
    for pattern in ("%a" * 100, "%" + "_" * 101, "a%" + "b_" * 101 + "%"):
        with pytest.raises(kf.UnsupportedFilterError, match="'%'"):
            where(CLIENTS.check(kf.field("name").like(pattern)), frame)


# letters and numbers that engines see differently

SIGMA, DOTTED = "ΟΔΟΣ", "İ"
LIKE_PYTHON = {"polars", "polars-lazy", "pyspark"}


@pytest.mark.parametrize("engine", engines(*WHOLE, "pandas-object"))
@pytest.mark.parametrize("letters", [SIGMA, DOTTED])
def test_letters_whose_lower_case_is_more_than_a_letter(engine: str, letters: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](pa.table({"id": [1], "name": [letters]}), tmp_path)
    assert bool(ids(f'name contains "{letters}"', frame)) is (engine in LIKE_PYTHON), "see docs/frames.md"
    assert ids(f'name = "{letters}"', frame) == (1,)


def test_text_of_numbers_that_cannot_be_exact() -> None:
    endpoint = kf.Endpoint("projects", {"price": "currency"})
    for column in (pa.array([1.5]), pa.array([Decimal("0.0000001")])):
        with pytest.raises(kf.UnsupportedFilterError, match="hold them as Decimal") as caught:
            where(endpoint.parse('price contains "5"'), pa.table({"price": column}))
        assert caught.value.problems[0].field == "price"
        assert where(endpoint.parse("price = 1.5"), pa.table({"price": column})).to_pylist() == [
            column[0].as_py() == 1.5
        ]


@pytest.mark.parametrize("engine", [*IN_PROCESS, *[engine for engine in NARWHALS if "pyspark" not in engine]])
def test_integers_of_64_bits_without_a_sign(engine: str, tmp_path: Path) -> None:
    endpoint = kf.Endpoint("numbers", {"n": "number"})
    table = pa.table({"id": [1, 2, 3], "n": pa.array([0, 2**64 - 1, None], pa.uint64())})
    frame = FRAMED[engine](table, tmp_path)
    assert ids("n = 18446744073709551615", frame, endpoint) == (2,)
    assert ids("n < 18446744073709551615", frame, endpoint) == (1,)
    assert ids("n in [18446744073709551615, 9223372036854775808]", frame, endpoint) == (2,)
    assert ids("n > 18446744073709551615", frame, endpoint) == ()
    assert ids("n >= -1", frame, endpoint) == (1, 2)
    table = pa.table({"id": [1, 2, 3, 4], "n": pa.array([0, 2**64 - 1, 2**63, None], pa.uint64())})
    for text, expected in UNSIGNED.items():
        assert ids(text, FRAMED[engine](table, tmp_path), endpoint) == expected, text


UNSIGNED = {
    "n = 5 or n in [5, 6]": (),
    "n != 5": (1, 2, 3),
    "n nin [5, 9223372036854775808]": (1, 2),
    "n = 9223372036854775808": (3,),
    "n > 9223372036854775807.5": (2, 3),
    "n <= 9223372036854775808": (1, 3),
    "n < 1e30 and n >= 18446744073709551615": (2,),
    "n in [0, 18446744073709551615]": (1, 2),
}


@pytest.mark.parametrize("dtype", ["uint64", "UInt64"])
def test_integers_without_a_sign_in_pandas(dtype: str) -> None:
    endpoint = kf.Endpoint("numbers", {"n": "number"})
    frame = pd.DataFrame({"id": [1, 2, 3], "n": pd.Series([0, 2**64 - 1, 2**63], dtype=dtype)})
    for text, expected in UNSIGNED.items():
        assert ids(text, frame, endpoint) == expected, text


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS, "pandas-object"))
@pytest.mark.parametrize("kind", [*get_args(ValueKind), "relation"])
def test_a_column_of_nulls_only(kind: str, engine: str, tmp_path: Path) -> None:
    """It holds every type: some engines give it a type of its own."""
    if "pyspark" in engine:  # Parquet has no such type
        frame = spark().sql("SELECT id, NULL AS x FROM VALUES (1), (2) AS ids (id)")
    else:
        frame = FRAMED[engine](pa.table({"id": [1, 2], "x": pa.nulls(2)}), tmp_path)
    endpoint = kf.Endpoint("nulls", {"x": {"y": "string"} if kind == "relation" else kind})
    verify(endpoint, frame)
    if kind == "relation":
        assert ids("x.count = 0 and x none", frame, endpoint) == (1, 2)
        assert ids("x any or x.count > 0", frame, endpoint) == ()
        return
    value = {"number": 1, "currency": 1, "boolean": "true", "date": "today", "datetime": "now"}.get(kind, "'a'")
    assert ids("x is null", frame, endpoint) == (1, 2)
    tests = [f"x = {value}", f"x != {value}", "x is not null"]
    tests += [f"x nin [{value}]"] if kind != "boolean" else []
    tests += [f"x < {value}"] if kind in ("number", "date", "datetime", "custom") else []
    tests += ["x contains 'a'"] if kind in ("string", "currency", "custom") else []
    assert ids(" or ".join(tests), frame, endpoint) == ()


def test_engines_that_nobody_tried_are_refused() -> None:
    def of(module: str) -> Any:
        return type("DataFrame", (), {"__module__": module})()

    for module in ("dask.dataframe", "ibis.expr.types", "modin.pandas", "cudf", "pyspark.sql.connect.dataframe"):
        with pytest.raises(TypeError, match=re.escape(f"Narwhals, not a {module}.DataFrame")):
            engine_of(of(module))
    for value in (pl.Series([1]), None, "frame", pa.array([1])):
        with pytest.raises(
            TypeError, match=r"^expected a frame of Polars, pandas, PyArrow, DuckDB, PySpark or Narwhals"
        ):
            where(CLIENTS.parse('name = "a"'), value)


def test_a_frame_of_a_class_of_ones_own() -> None:
    class Clients(pd.DataFrame):  # type: ignore[misc]
        pass

    assert ids('name = "a"', Clients({"id": [1, 2], "name": ["a", "b"]})) == (1,)


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS, "pandas-str", "pandas-object", "pandas-nullable"))
def test_texts_in_their_order(engine: str, tmp_path: Path) -> None:
    texts = ["", "a", "a\0", "a\0\0", "ab", "b", "ä", "\U0001f600", "\uffff", None]
    table = pa.table({"id": range(len(texts)), "custom.x": texts})
    frame = FRAMED[engine](table, tmp_path)
    known = [{"id": row["id"], "custom": {"x": row["custom.x"]}} for row in table.to_pylist()]
    told = [
        CLIENTS.check(kf.Comparison("custom.x", word, text))
        for word in ("eq", "ne", "lt", "lte", "gt", "gte")
        for text in ("", "a", "a\0", "ab", "ä", "\uffff")
    ]
    expected = [tuple(row["id"] for row in compile_predicate(checked).select(known)) for checked in told]
    assert selected_by_each(frame, [where(checked, frame) for checked in told]) == expected


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS, "pandas-str", "pandas-nullable"))
def test_both_zeros_are_one_number(engine: str, tmp_path: Path) -> None:
    endpoint = kf.Endpoint("numbers", {"n": "number"})
    frame = FRAMED[engine](pa.table({"id": [1, 2, 3, 4], "n": [0.0, -0.0, 1.0, None]}), tmp_path)
    assert ids("n = 0", frame, endpoint) == (1, 2)
    assert ids("n in [0, 5]", frame, endpoint) == (1, 2)
    assert ids("n nin [0, 5]", frame, endpoint) == (3,)
    assert ids("n < 0", frame, endpoint) == ()


def test_other_zones_and_units() -> None:
    endpoint = kf.Endpoint("events", {"at": "datetime", "on": types.Date(source="at")})
    connection = duckdb.connect()
    connection.execute("set timezone = 'Europe/Vienna'")
    events = "select 1 id, timestamptz '2024-10-27 00:30Z' as at union all select 2, timestamptz '2024-10-27 01:30Z'"
    for frame in (connection.sql(events), pl.DataFrame(connection.sql(events).to_arrow_table())):
        assert ids('at = "2024-10-27T01:30:00Z"', frame, endpoint) == (2,)
        assert ids('at < "2024-10-27T01:30:00Z"', frame, endpoint) == (1,)
        context = kf.Context(timezone="America/New_York")
        assert ids('on = "2024-10-26"', frame, endpoint, context=context) == (1, 2)
        assert ids('at = "2024-10-26"', frame, endpoint, context=context) == (1, 2)


def test_ids_of_a_type_narwhals_does_not_know() -> None:
    one = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
    frame = duckdb.sql(f"select 1 as id, uuid '{one}' as owner union all select 2, null")
    endpoint = kf.Endpoint("projects", {"owner": "id"})
    assert ids(f'owner = "{one}"', frame, endpoint) == (1,)
    assert ids('owner in ["abc"]', frame, endpoint) == ()
    assert ids('owner != "abc"', frame, endpoint) == (1,)


def test_a_moment_is_settled_when_compiling() -> None:
    frame = pl.DataFrame({"id": [1, 2], "at": [datetime(2000, 1, 1, tzinfo=UTC), datetime(3000, 1, 1, tzinfo=UTC)]})
    assert ids("at < now", frame, kf.Endpoint("events", {"at": "datetime"})) == (1,)


def test_a_name_of_several_columns_is_none() -> None:
    twice = pa.Table.from_arrays([pa.array([1, 2]), pa.array(["a", "b"]), pa.array(["c", "d"])], ["id", "name", "name"])
    for frame in (twice, pd.DataFrame([[1, "a", "c"]], columns=["id", "name", "name"])):
        with pytest.raises(LookupError, match="the frame has no column 'name'; say which in columns"):
            where(CLIENTS.parse('name = "a"'), frame)
        assert next(iter(where(CLIENTS.parse('id = "1"'), frame)))


def test_objects_of_pandas() -> None:
    """PyArrow finds the type of those that have one."""
    ones = {
        "name": ["a", None],
        "due": [date(2024, 5, 1), None],
        "done": [True, None],
        "price": [Decimal("1.50"), None],
    }
    frame = pd.DataFrame({"id": [1, 2], **{name: pd.Series(values, dtype=object) for name, values in ones.items()}})
    endpoint = kf.Endpoint("clients", {"name": "string", "due": "date", "done": "boolean", "price": "currency"})
    verify(endpoint, frame)
    for text in ('name != "b"', 'due = "2024-05-01"', "done = true", 'price endsWith "1.5"'):
        assert ids(text, frame, endpoint) == (1,), text
    for values in ([1, "a"], [object(), None], ["a\ud800", None], [2**70, None], [pd.Period("2024"), None]):
        mixed = pd.DataFrame({"id": [1, 2], "name": pd.Series(values, dtype=object)})
        for kind in ("string", "custom"):
            with pytest.raises(
                LookupError, match=r"its column holds values of several .* \(dtype object\), which PyArrow"
            ):
                where(kf.Endpoint("clients", {"name": kind}).parse("name is null"), mixed)
        assert ids('id = "2"', mixed) == (2,)
    for name in ("name", "price"):
        wrapped = nw.from_native(pd.DataFrame({"name": pd.Series(ones[name], dtype=object)}))
        for kind in ("string", "custom"):
            with pytest.raises(LookupError, match="its column holds object of Python; convert it"):
                where(kf.Endpoint("clients", {"name": kind}).parse('name = "a"'), wrapped)
    objects = pl.DataFrame({"name": pl.Series([1, "a"], dtype=pl.Object)})
    for frame in (objects, nw.from_native(objects)):
        with pytest.raises(LookupError, match="its column holds objects of Python; convert it"):
            where(kf.Endpoint("clients", {"name": "custom"}).parse("name = 1"), frame)


@pytest.mark.parametrize("values", [[None, None], [float("nan")] * 2, []])
def test_a_column_of_pandas_without_values_is_of_any_type(values: list[Any]) -> None:
    """As `read_csv` makes it of an empty column."""
    frame = pd.DataFrame({"id": range(len(values)), "x": pd.Series(values, dtype=float)})
    for kind, text in (
        ("date", "x is null"),
        ("string", "x is null"),
        ("boolean", "x is null"),
        ("number", "x is null"),
    ):
        endpoint = kf.Endpoint("clients", {"x": kind})
        verify(endpoint, frame)
        assert len(ids(text, frame, endpoint)) == len(values)
    related = kf.Endpoint("clients", {"x": {"y": "string"}})
    assert len(ids("x none (y = 'a')", frame, related)) == len(values)
    with pytest.raises(LookupError, match="its column holds double, which is no date"):
        verify(kf.Endpoint("clients", {"x": "date"}), pd.DataFrame({"x": [float("nan"), 1.5]}))


def test_a_series_given_for_pandas_belongs_to_rows_by_its_index() -> None:
    frame = pd.DataFrame({"id": [1, 2, 3]}, index=["a", "b", "c"])
    names = pd.Series(["x", "y"], index=["b", "a"])
    endpoint = kf.Endpoint("clients", {"name": "string"})
    for text, selects in (("name = 'x'", (2,)), ("name = 'y'", (1,)), ("name is null", (3,))):
        assert ids(text, frame, endpoint, columns={"name": names}) == selects
    with pytest.raises(LookupError, match="its column holds values of several"):
        where(endpoint.parse("name = 'x'"), frame, columns={"name": pd.Series(["x", "y"], index=["a", "a"])})


@pytest.mark.parametrize("engine", [*IN_PROCESS, *[engine for engine in NARWHALS if "pyspark" not in engine]])
def test_a_wildcard_finds_nothing_in_a_text(engine: str, tmp_path: Path) -> None:
    """It would be null in every row, whatever the text writes."""
    frame = FRAMED[engine](pa.table({"id": [1], "custom": ['{"a": 1}']}), tmp_path)
    endpoint = CLIENTS.only("id", "custom.*")
    with pytest.raises(LookupError, match=r"Field 'custom\.\*': its column holds .*, expected a struct or a map"):
        verify(endpoint, frame)
    with pytest.raises(LookupError, match=r"Field 'custom\.a': its column holds"):
        where(endpoint.parse("custom.a = 1"), frame)
    verify(endpoint.only("id"), frame)


@pytest.mark.parametrize("engine", engines(*WHOLE, *NARWHALS))
def test_what_is_refused_is_refused_by_matching_too(engine: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](pa.table({"id": [1], "name": ["a"]}), tmp_path)
    with pytest.raises(kf.UnsupportedFilterError, match="write fewer"):
        matching(CLIENTS.check(kf.field("name").like("%a" * 100)), frame)
