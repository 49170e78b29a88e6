"""Conditions on the records of list columns: nulls at every level, what the records may be, and where their fields are."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import narwhals.stable.v1 as nw1
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import kanbert_filter as kf
from kanbert_filter import types
from kanbert_filter.backends.columns.finding import ColumnError
from kanbert_filter.backends.frames import matching, verify, where
from tests.backends.frames import FRAMED, NARWHALS, WHOLE, engines, ids_of, selected, spark

ENGINES = (*WHOLE, "pandas-object")

PROJECTS = kf.Endpoint(
    "projects",
    {
        "id": "id",
        "tasks": {
            "title": "string",
            "hours": "number",
            "due": "date",
            "owner.id": types.Id(source="owner_id"),
            "owner.city.name": "string",
            "custom.*": "custom",
            "state": types.Scope({"open": kf.field("due").is_null(), "done": kf.field("due").is_not_null()}),
            "steps": {"name": "string"},
        },
    },
)
STEP = pa.struct([("name", pa.string())])
TASK = pa.struct(
    [
        ("title", pa.string()),
        ("hours", pa.decimal128(6, 2)),
        ("due", pa.date32()),
        ("owner_id", pa.int64()),
        ("owner", pa.struct([("city", pa.struct([("name", pa.string())]))])),
        ("custom", pa.struct([("x", pa.string())])),
        ("steps", pa.list_(STEP)),
    ]
)


def task(**fields: Any) -> dict[str, Any]:
    return fields


LISTS = {
    1: None,
    2: [],
    3: [None],
    4: [task()],
    5: [task(title="a", hours=Decimal("0.29"), due=date(2024, 5, 1)), None],
    6: [task(title="A", owner_id=7, owner={"city": {"name": "Graz"}}), task(title="b", owner={"city": None})],
    7: [task(steps=[]), task(steps=[None]), task(steps=[{"name": None}, {"name": "x%"}], custom={"x": "7"})],
}
TABLE = pa.table({"id": [*LISTS], "tasks": pa.array([*LISTS.values()], pa.list_(TASK))})

ANSWERS: dict[str, tuple[int, ...]] = {
    "tasks any": (3, 4, 5, 6, 7),
    "tasks none": (1, 2),
    "tasks any (title is null)": (3, 4, 5, 7),
    "tasks all (title is null)": (1, 2, 3, 4, 7),
    "tasks none (title is null)": (1, 2, 6),
    'tasks any (title = "a")': (5,),
    'tasks all (title = "a")': (1, 2),
    'tasks all (title != "a")': (1, 2, 6),
    'tasks none (title != "a")': (1, 2, 3, 4, 5, 7),
    'tasks all (title contains "a" or title like "_")': (1, 2, 6),
    "tasks any (hours >= 0.285 and hours < 0.295)": (5,),
    'tasks any (due < "2024-05-02")': (5,),
    'tasks all (owner.id = "7" or title nin ["A"])': (1, 2, 6),
    'tasks any (owner.city.name startsWith "g")': (6,),
    "tasks all (owner.city.name is null)": (1, 2, 3, 4, 5, 7),
    'tasks any (custom.x = "7")': (7,),
    "tasks any (custom.y is not null)": (),
    "tasks all (custom.y is null)": (1, 2, 3, 4, 5, 6, 7),
    'tasks any (state = "done")': (5,),
    'tasks all (state = "open")': (1, 2, 3, 4, 6, 7),
    "tasks any (steps any)": (7,),
    "tasks any (steps none)": (3, 4, 5, 6, 7),
    "tasks all (steps none)": (1, 2, 3, 4, 5, 6),
    "tasks any (steps any (name is null))": (7,),
    'tasks any (steps any (name like "%\\\\%"))': (7,),
    'tasks all (steps all (name like "x_"))': (1, 2, 3, 4, 5, 6),
    "tasks any (steps.count = 2 or steps.count > 2)": (7,),
    "tasks none (steps.count < 2)": (1, 2),
    "tasks any (title nin [])": (5, 6),
    "tasks any (title in [])": (),
    "tasks all (title in [])": (1, 2),
    "tasks all (title nin [] or title is null)": (1, 2, 3, 4, 5, 6, 7),
    "tasks any (hours < 1e30 or hours is null)": (3, 4, 5, 6, 7),
    "tasks any (hours > 1e30)": (),
}


def ids(text: str, frame: Any, endpoint: kf.Endpoint = PROJECTS, **options: Any) -> tuple[int, ...]:
    return ids_of(matching(endpoint.parse(text), frame, **options))


@pytest.mark.parametrize("engine", engines(*ENGINES))
def test_nulls_at_every_level(engine: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](TABLE, tmp_path)
    verify(PROJECTS, frame)
    for text, expected in ANSWERS.items():
        assert ids(text, frame) == expected, text
        assert selected(frame, where(PROJECTS.parse(text), frame)) == expected, text


def test_lists_as_arrow_may_hold_them() -> None:
    """In chunks, of large offsets, sliced, with records behind a null list, and of no rows."""
    lists = TABLE["tasks"].combine_chunks()
    hidden = pa.ListArray.from_arrays(
        pa.array([0, 1, 2, 2]), pa.array([task(title="a"), task(title="b")], TASK), mask=pa.array([True, False, False])
    )
    for text, expected in ANSWERS.items():
        chunked = pa.chunked_array([lists.slice(0, 3), lists.slice(3, 2), lists.slice(5)])
        assert ids(text, pa.table({"id": TABLE["id"], "tasks": chunked})) == expected, text
        large = TABLE["tasks"].cast(pa.large_list(TASK))
        assert ids(text, pa.table({"id": TABLE["id"], "tasks": large})) == expected, text
        assert ids(text, TABLE.slice(2, 4)) == tuple(i for i in expected if 3 <= i <= 6), text
        assert ids(text, TABLE.slice(2, 0)) == (), text
        assert ids(text, TABLE.schema.empty_table()) == (), text
    behind = pa.table({"id": [1, 2, 3], "tasks": hidden})
    assert ids("tasks any", behind) == (2,)
    assert ids('tasks any (title = "a")', behind) == ()
    assert ids('tasks none (title = "a")', behind) == (1, 2, 3)


@pytest.mark.parametrize("engine", engines(*ENGINES))
def test_columns_in_which_no_value_was_seen(engine: str, tmp_path: Path) -> None:
    """Engines give them a type of nulls, in lists and structs too."""
    if engine == "pyspark":
        frame = spark().sql("SELECT 1 id, array(NULL, NULL) tasks UNION ALL SELECT 2, array() UNION ALL SELECT 3, NULL")
    else:
        lists = pa.array([[None, None], [], None], pa.list_(pa.null()))
        frame = FRAMED[engine](pa.table({"id": [1, 2, 3], "tasks": lists}), tmp_path)
    verify(PROJECTS, frame)
    assert ids("tasks any", frame) == (1,)
    assert ids("tasks any (title is null and owner.city.name is null and steps none)", frame) == (1,)
    assert ids('tasks all (title = "a" or hours < 3)', frame) == (2, 3)
    assert ids("tasks any (steps.count > 0 or custom.x is not null or steps any (name is null))", frame) == ()
    if engine != "pyspark":  # Parquet has no such type
        records = pa.array(
            [[{"title": None, "steps": None}]], pa.list_(pa.struct([("title", pa.null()), ("steps", pa.null())]))
        )
        frame = FRAMED[engine](pa.table({"id": [1], "tasks": records}), tmp_path)
        endpoint = kf.Endpoint("projects", {"tasks": {"title": "string", "steps": {"name": "string"}}})
        verify(endpoint, frame)
        assert ids("tasks any (title is null and steps none and steps.count = 0)", frame, endpoint) == (1,)
        assert ids("tasks all (title in ['a'] or steps any)", frame, endpoint) == ()


MAPPING = ("pyarrow", "duckdb", "pandas-pyarrow", *(["polars"] if hasattr(pl, "Map") else []))
"""Engines with maps; Polars has them since version 2."""


@pytest.mark.parametrize("engine", engines(*MAPPING))
def test_custom_values_in_maps_of_records(engine: str, tmp_path: Path) -> None:
    custom = pa.map_(pa.string(), pa.string())
    dtype = pa.list_(pa.struct([("custom", custom)]))
    lists = [[{"custom": [("x", "7")]}, None], [{"custom": []}], [{"custom": [("y", "7")]}, {"custom": None}]]
    frame = FRAMED[engine](pa.table({"id": [1, 2, 3], "tasks": pa.array(lists, dtype)}), tmp_path)
    assert ids('tasks any (custom.x = "7")', frame) == (1,)
    assert ids("tasks all (custom.x is null)", frame) == (2, 3)


@pytest.mark.parametrize("engine", engines(*ENGINES))
def test_the_names_of_fields_are_given_or_hold_dots(engine: str, tmp_path: Path) -> None:
    records = [[{"Titel": "a", "owner.city.name": "Graz"}], [{"Titel": "b", "owner.city.name": None}]]
    frame = FRAMED[engine](pa.table({"id": [1, 2], "jobs": records}), tmp_path)
    names = {"tasks": "jobs", "tasks.title": "Titel"}
    assert ids('tasks any (title = "b")', frame, columns=names) == (2,)
    assert ids('tasks any (owner.city.name = "Graz")', frame, columns=names) == (1,)


@pytest.mark.parametrize("engine", engines(*ENGINES))
def test_relations_under_a_wildcard(engine: str, tmp_path: Path) -> None:
    endpoint = kf.Endpoint("projects", {"groups.*": {"name": "string"}})
    groups = [{"x": [{"name": "a"}]}, {"x": []}, None]
    frame = FRAMED[engine](pa.table({"id": [1, 2, 3], "groups": groups}), tmp_path)
    assert ids('groups.x any (name = "a")', frame, endpoint) == (1,)
    assert ids("groups.y any or groups.y any (name is null) or groups.y.count > 0", frame, endpoint) == ()
    assert ids("groups.y none and groups.y all (name is null)", frame, endpoint) == (1, 2, 3)


def test_what_records_do_not_have() -> None:
    frame = pl.DataFrame({"id": [1], "tasks": [[{"title": 7}]]})
    with pytest.raises(ColumnError) as caught:
        verify(PROJECTS, frame)
    assert caught.value.fields == {
        "tasks.title": "its column holds Int64, which is no string; cast it",
        **{
            f"tasks.{name}": f"the records have no field '{source}'; say which in columns"
            for name, source in (("hours", "hours"), ("due", "due"), ("owner.id", "owner_id"), ("steps", "steps"))
        },
        "tasks.owner.city.name": "the records have no field 'owner.city.name'; say which in columns",
        "due": "the records have no field 'due'; say which in columns",  # in a scope's condition
    }
    for name in (7, pl.col("title"), "nope"):
        with pytest.raises(ColumnError, match=r"a column's name in columns|no field 'nope'"):
            where(PROJECTS.parse("tasks any (title is null)"), frame, columns={"tasks.title": name})
    for column in ([1], ["a"], [{"title": "a"}], pl.Series([[1, 2]], dtype=pl.Array(pl.Int64, 2))):
        with pytest.raises(ColumnError, match="expected lists of records"):
            where(PROJECTS.parse("tasks any"), pl.DataFrame({"tasks": column}))


@pytest.mark.parametrize("engine", engines(*NARWHALS))
def test_narwhals_leaves_the_records_to_its_engine(engine: str, tmp_path: Path) -> None:
    frame = FRAMED[engine](TABLE, tmp_path)
    checked = PROJECTS.parse('tasks any (title = "a")')
    with pytest.raises(kf.UnsupportedFilterError) as caught:
        where(checked, frame)
    [problem] = caught.value.problems
    assert (problem.field, problem.code) == ("tasks", "unsupported")
    assert "use matching" in problem.message
    found = matching(checked, frame)
    assert type(found) is type(frame)
    assert ids_of(found) == (5,)
    verify(PROJECTS, frame)


def test_a_frame_stays_of_its_kind() -> None:
    checked = PROJECTS.parse('tasks any (title = "a")')
    stable = nw1.from_native(pl.LazyFrame(TABLE))
    assert type(matching(checked, stable)) is type(stable)
    frame = TABLE.to_pandas(types_mapper=pd.ArrowDtype).set_index(pd.Index([5, 5, 5, 4, 3, 2, 1]))
    found = matching(checked, frame)
    assert found.index.tolist() == [3]
    assert where(checked, frame).index.equals(frame.index)
    assert where(checked, TABLE).type == pa.bool_()
    assert isinstance(where(checked, pl.LazyFrame(TABLE)), pl.Expr)
    assert isinstance(where(PROJECTS.parse("tasks any"), nw.from_native(TABLE)), nw.Expr)
