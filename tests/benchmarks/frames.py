"""Bar 8: filters of a million rows of data frames, flat and on the records of a list column, beside what a person writes there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from random import Random
from shutil import which
from tempfile import TemporaryDirectory
from types import FunctionType
from typing import Any, Final

import kanbert_filter as kf
from tests.benchmarks.contest import Work, contest, wall_time
from tests.benchmarks.engines import flat_records
from tests.benchmarks.filters import F2, FIELDS
from tests.benchmarks.rows import Row, compared

ROWS: Final = 1_000_000
COPIES: Final = 10
START: Final = datetime(2024, 1, 1, tzinfo=UTC)

PROJECTS: Final = kf.Endpoint(
    "projects",
    {
        **FIELDS,
        "client.name": kf.types.String(source="client_name"),
        "tasks": {"title": "string", "status": "enum: ACTIVE, PENDING, DONE", "hours": "number"},
    },
)
FILTERS: Final = {
    "flat": F2,
    "any": 'tasks any (status = "DONE" and hours > 20)',
    "all": 'tasks all (title contains "acme" or hours is null)',
}


Engine = tuple[Any, Callable[[Any, Any], int], Mapping[str, Any]]
"""A frame, how many of its rows a condition selects, and conditions; a function of the frame makes those that are made of its data."""


def frames(seconds: float, rows: int = ROWS) -> list[Row]:
    """How many rows of each engine's frame match, by our condition and by one written by hand."""
    table = projects(rows)
    found = []
    with TemporaryDirectory() as folder:
        for engine in ENGINES if which("java") and find_spec("pyspark") else ENGINES[:-1]:
            frame, count, by_hand = engine(table, Path(folder))
            for name, filter in FILTERS.items():
                works = works_of(frame, count, PROJECTS.parse(filter), by_hand[name])
                share = seconds / len(FILTERS) / len(ENGINES)
                times = contest(works, seconds=share, clock=wall_time, fewest=5)
                found.append(compared(times, f"{engine.__name__}, {name}", "ours", "by hand", 1.10))
    return found


def works_of(frame: Any, count: Callable[[Any, Any], int], checked: kf.CheckedFilter, by_hand: Any) -> dict[str, Work]:
    """Both ways to count, which count the same."""
    where: Any = import_module("kanbert_filter.backends.frames").where
    computed = isinstance(by_hand, FunctionType | partial)
    ours = None if computed else where(checked, frame)
    works: dict[str, Work] = {
        "ours": lambda: count(frame, where(checked, frame) if computed else ours),
        "by hand": lambda: count(frame, by_hand(frame) if computed else by_hand),
    }
    counts = {name: work() for name, work in works.items()}
    assert counts["ours"] == counts["by hand"], counts
    return works


def projects(rows: int) -> Any:
    """A table of so many projects with some tasks each."""
    pa: Any = import_module("pyarrow")
    random = Random(6)
    records = flat_records(rows // COPIES)
    for record in records:
        record["tasks"] = _tasks(random) if random.random() < 0.9 else None
    task = pa.struct([("title", pa.string()), ("status", pa.string()), ("hours", pa.decimal128(8, 2))])
    tasks = pa.array([record.pop("tasks") for record in records], pa.list_(task))
    table = pa.Table.from_pylist(records).append_column("tasks", tasks)
    return pa.concat_tables([table] * COPIES).combine_chunks()


def _tasks(random: Random) -> list[dict[str, Any]]:
    titles, statuses = ["Acme Tower", "Dig", "paint the ACME sign", None], ["ACTIVE", "PENDING", "DONE", None]
    return [
        {
            "title": random.choice(titles),
            "status": random.choice(statuses),
            "hours": random.choice([None, Decimal(random.randrange(4000)) / 100]),
        }
        for _ in range(random.randrange(6))
    ]


# engines: how one gets the table, how rows are counted, and the conditions as a person writes them


def polars(table: Any, folder: Path) -> Engine:
    import polars as pl

    title, task = pl.col("title"), pl.element().struct.field
    acme = title.str.to_lowercase().str.contains("acme", literal=True)
    corp = pl.col("client_name").str.to_lowercase().str.contains("corp", literal=True)
    passes = task("title").str.to_lowercase().str.contains("acme", literal=True) | task("hours").is_null()
    by_hand = {
        "flat": acme & ((pl.col("created_at") >= START) | corp),
        "any": pl.col("tasks").list.eval((task("status") == "DONE") & (task("hours") > 20)).list.any(),
        "all": pl.col("tasks").list.eval(passes.fill_null(False)).list.all().fill_null(True),
    }
    return pl.DataFrame(table), lambda frame, condition: len(frame.filter(condition)), by_hand


def duckdb(table: Any, folder: Path) -> Engine:
    import duckdb

    passes = "coalesce(contains(lower(task.title), 'acme') OR task.hours IS NULL, false)"
    by_hand = {
        "flat": "contains(lower(title), 'acme')"
        " AND (created_at >= '2024-01-01 00:00:00+00' OR contains(lower(client_name), 'corp'))",
        "any": "len(list_filter(tasks, lambda task: task.status = 'DONE' AND task.hours > 20)) > 0",
        "all": f"coalesce(len(list_filter(tasks, lambda task: NOT {passes})) = 0, true)",
    }
    connection = duckdb.connect()
    connection.register("arrow", table)
    connection.execute("CREATE TABLE projects AS FROM arrow")

    def count(relation: Any, condition: Any) -> int:
        return int(relation.filter(condition).aggregate("count(*)").fetchall()[0][0])

    return connection.table("projects"), count, by_hand


def pyarrow(table: Any, folder: Path) -> Engine:
    import pyarrow as pa
    import pyarrow.compute as pc

    numpy: Any = import_module("numpy")

    def flat(frame: Any) -> Any:
        acme = pc.match_substring(pc.utf8_lower(frame["title"]), "acme")
        corp = pc.match_substring(pc.utf8_lower(frame["client_name"]), "corp")
        return pc.and_(acme, pc.or_kleene(pc.greater_equal(frame["created_at"], START), corp))

    def found(frame: Any, passes: Callable[..., Any]) -> Any:
        lists = frame["tasks"].combine_chunks()
        fields = [pc.struct_field(lists.flatten(), name) for name in ("title", "status", "hours")]
        rows = numpy.zeros(len(lists), bool)
        rows[pc.list_parent_indices(lists).filter(passes(*fields))] = True
        return rows

    def some(frame: Any) -> Any:
        def passes(title: Any, status: Any, hours: Any) -> Any:
            return pc.and_(pc.equal(status, "DONE"), pc.greater(hours, 20))

        return pa.array(found(frame, passes))

    def each(frame: Any) -> Any:
        def fails(title: Any, status: Any, hours: Any) -> Any:
            acme = pc.match_substring(pc.utf8_lower(title), "acme")
            return pc.invert(pc.fill_null(pc.or_kleene(acme, pc.is_null(hours)), False))

        return pa.array(~found(frame, fails))

    return table, lambda frame, mask: frame.filter(mask).num_rows, {"flat": flat, "any": some, "all": each}


def pandas(table: Any, folder: Path) -> Engine:
    import pandas as pd
    import pyarrow as pa

    def flat(frame: Any) -> Any:
        acme = frame["title"].str.lower().str.contains("acme", regex=False)
        corp = frame["client_name"].str.lower().str.contains("corp", regex=False)
        return (acme & ((frame["created_at"] >= START) | corp)).fillna(False)

    def by_arrow(own: Callable[[Any], Any], frame: Any) -> Any:
        return own(pa.table({"tasks": pa.array(frame["tasks"])})).to_numpy(zero_copy_only=False)

    _, _, arrow = pyarrow(table, folder)
    by_hand = {"flat": flat, "any": partial(by_arrow, arrow["any"]), "all": partial(by_arrow, arrow["all"])}
    return table.to_pandas(types_mapper=pd.ArrowDtype), lambda frame, mask: len(frame[mask]), by_hand


def pyspark(table: Any, folder: Path) -> Engine:
    from pyspark.sql import functions

    from tests.backends.frames import spark_of

    F: Any = functions

    def passes(task: Any) -> Any:
        return F.coalesce(F.lower(task.title).contains("acme") | task.hours.isNull(), F.lit(False))

    frame = spark_of(table, folder)
    recent = F.col("created_at") >= F.lit("2024-01-01T00:00:00Z").cast("timestamp")
    by_hand = {
        "flat": F.lower("title").contains("acme") & (recent | F.lower("client_name").contains("corp")),
        "any": F.exists("tasks", lambda task: (task.status == "DONE") & (task.hours > 20)),
        "all": F.coalesce(F.forall("tasks", passes), F.lit(True)),
    }
    return frame, lambda frame, condition: frame.filter(condition).count(), by_hand


ENGINES: Final[tuple[Callable[[Any, Path], Engine], ...]] = (polars, duckdb, pyarrow, pandas, pyspark)
