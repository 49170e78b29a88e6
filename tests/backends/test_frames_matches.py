"""The back end for data frames on the dataset that all back ends share."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import narwhals as nw
import pyarrow as pa
import pytest

from kanbert_filter.backends.frames import matching, where
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.errors import UnsupportedFilterError
from kanbert_filter.nodes import RelationTest, every_node
from tests.backends.frames import FRAMED, WHOLE, Frame, ids_of, selected, selected_by_each
from tests.matches import PROJECTS, Case, cases, dataset

MEMBER = pa.struct([("name", pa.string())])
TASK = pa.struct(
    [
        ("title", pa.string()),
        ("status", pa.string()),
        ("hours", pa.decimal128(6, 2)),
        ("due", pa.date32()),
        ("members", pa.list_(MEMBER)),
    ]
)
SCHEMA = pa.schema(
    [
        ("id", pa.int64()),
        ("title", pa.string()),
        ("code", pa.string()),
        ("status", pa.string()),
        ("budget", pa.decimal128(30, 4)),
        ("price", pa.decimal128(12, 2)),
        ("done", pa.bool_()),
        ("due", pa.date32()),
        ("created_at", pa.timestamp("us", "UTC")),
        ("owner_id", pa.string()),
        ("client", pa.struct([("name", pa.string()), ("vip", pa.bool_())])),
        ("archived_at", pa.timestamp("us")),
        ("custom_field", pa.struct([("color", pa.string()), ("size", pa.float64())])),
        ("tasks", pa.list_(TASK)),
    ]
)


def as_row(record: dict[str, Any]) -> dict[str, Any]:
    """The record as a frame holds it: moments and exact numbers, and custom values of the column's kind."""
    archived, custom = moment(record["archived_at"]), record["custom_field"] or {}
    color, size = custom.get("color"), custom.get("size")
    return record | {
        **{name: decimal(record[name]) for name in ("budget", "price")},
        "due": day(record["due"]),
        "created_at": moment(record["created_at"]),
        "archived_at": archived and archived.replace(tzinfo=None),
        "custom_field": {
            "color": color if isinstance(color, str) else None,
            "size": float(size) if isinstance(size, int | Decimal) and not isinstance(size, bool) else None,
        },
        "tasks": record["tasks"]
        and [task | {"hours": decimal(task["hours"]), "due": day(task["due"])} for task in record["tasks"]],
    }


def decimal(number: int | Decimal | None) -> Decimal | None:
    return None if number is None else Decimal(number)


def day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    found = datetime.fromisoformat(text)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


TABLE = pa.Table.from_pylist([as_row(record) for record in dataset()], schema=SCHEMA)
ENGINES = [*WHOLE, "pandas-object", "narwhals-polars", "narwhals-pandas-pyarrow"]


@pytest.fixture(scope="module", params=[engine for engine in ENGINES if "pyspark" not in engine])
def frame(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Frame:
    return FRAMED[request.param](TABLE, tmp_path_factory.mktemp("frames"))


def asked(case: Case) -> Iterator[tuple[CheckedFilter, tuple[int, ...]]]:
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        checked = PROJECTS.parse(text)
        if "custom_field" in text:  # here a column holds one kind of values
            rows = compile_predicate(checked, case.context).select(TABLE.to_pylist())
            ids = tuple(row["id"] for row in rows)
        yield checked, ids


def looks_inside_lists(checked: CheckedFilter) -> bool:
    return any(isinstance(node, RelationTest) and node.filter is not None for node in every_node(checked.filter))


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_dataset(frame: Frame, case: Case) -> None:
    for checked, ids in asked(case):
        assert ids_of(matching(checked, frame, case.context)) == ids, checked.filter
        if isinstance(frame, nw.DataFrame | nw.LazyFrame) and looks_inside_lists(checked):
            with pytest.raises(UnsupportedFilterError, match="use matching"):
                where(checked, frame, case.context)
        else:
            assert selected(frame, where(checked, frame, case.context)) == ids, checked.filter


@pytest.mark.heavy
@pytest.mark.parametrize("engine", ["pyspark", "narwhals-pyspark"])
def test_the_dataset_on_pyspark(tmp_path: Path, engine: str) -> None:
    frame = FRAMED[engine](TABLE, tmp_path)
    told = [(case.context, *pair) for case in cases() for pair in asked(case)]
    told = [one for one in told if engine == "pyspark" or not looks_inside_lists(one[1])]
    for start in range(0, len(told), 40):
        some = told[start : start + 40]
        answers = selected_by_each(frame, [where(checked, frame, context) for context, checked, _ in some])
        assert answers == [ids for _, _, ids in some], some
