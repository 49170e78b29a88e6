"""The engines that data frames are filtered on, each with its own frame of one Arrow table."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Frame = Any
Framed = Callable[[pa.Table, Path], Frame]


def spark_of(table: pa.Table, folder: Path) -> Frame:
    path = str(folder / f"{id(table)}.parquet")
    pq.write_table(table, path)
    return spark().read.parquet(path)


@cache
def spark() -> Any:
    """The one session of a test run, on this machine alone."""
    if shutil.which("java") is None or importlib.util.find_spec("pyspark") is None:
        pytest.skip("PySpark needs the extra `pyspark` and Java")
    os.environ["SPARK_LOCAL_IP"] = "127.0.0.1"
    from pyspark.sql import SparkSession

    settings = {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.session.timeZone": "UTC",
    }
    builder = SparkSession.builder.master("local[1]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("OFF")
    return session


def pandas_of(table: pa.Table, strings: Any) -> Frame:
    """pandas' own types, text in this storage."""
    texts = [field.name for field in table.schema if pa.types.is_string(field.type)]
    return table.to_pandas().astype(dict.fromkeys(texts, strings))


FRAMED: dict[str, Framed] = {
    "polars": lambda table, folder: pl.DataFrame(table),
    "polars-lazy": lambda table, folder: pl.LazyFrame(table),
    "pyarrow": lambda table, folder: table,
    "duckdb": lambda table, folder: duckdb.connect().from_arrow(table),
    "pandas-pyarrow": lambda table, folder: table.to_pandas(types_mapper=pd.ArrowDtype),
    "pandas-str": lambda table, folder: pandas_of(table, "str"),
    "pandas-object": lambda table, folder: pandas_of(table, object),
    "pandas-nullable": lambda table, folder: pandas_of(table, "string[python]").convert_dtypes(),
    "pyspark": spark_of,
}
"""How an engine gets a table."""

WHOLE = ("polars", "polars-lazy", "pyarrow", "duckdb", "pandas-pyarrow", "pyspark")
"""Engines that hold every type."""

NARWHALS = tuple(f"narwhals-{engine}" for engine in WHOLE)
"""Narwhals over them: for what its expressions can say."""

for engine in WHOLE:
    FRAMED[f"narwhals-{engine}"] = lambda table, folder, framed=FRAMED[engine]: nw.from_native(framed(table, folder))  # type: ignore[misc]


def engines(*names: str) -> list[Any]:
    """The engines, for `pytest.mark.parametrize`; PySpark's tests are heavy."""
    return [pytest.param(name, marks=pytest.mark.heavy if "pyspark" in name else ()) for name in names]


def ids_of(frame: Frame) -> tuple[int, ...]:
    """The ids of a frame's rows."""
    found = nw.from_native(frame).select("id")
    rows = found.collect() if isinstance(found, nw.LazyFrame) else found
    return tuple(sorted(map(int, rows["id"].to_list())))


def selected(frame: Frame, condition: Any) -> tuple[int, ...]:
    """The ids of the rows that the condition selects."""
    return ids_of(frame[condition] if isinstance(frame, pd.DataFrame) else frame.filter(condition))


def selected_by_each(frame: Frame, conditions: Sequence[Any]) -> list[tuple[int, ...]]:
    """The ids that each condition selects, in one query where there are queries: Spark takes its time for each."""
    if isinstance(frame, pd.DataFrame | pa.Table):
        return [selected(frame, condition) for condition in conditions]
    columns = [condition.alias(f"matches{number}") for number, condition in enumerate(conditions)]
    found = nw.from_native(frame.select("id", *columns))
    rows = (found.collect() if isinstance(found, nw.LazyFrame) else found).rows()
    return [tuple(sorted([row[0] for row in rows if row[number] is True])) for number in range(1, len(columns) + 1)]
