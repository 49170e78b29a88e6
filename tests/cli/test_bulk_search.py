"""Reading only what a filter looks at gives the answers and the faults of reading everything, record by record."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any
from unittest.mock import Mock, patch

import pytest
from hypothesis import example, given, strategies as st

import kanbert_filter as kf
from kanbert_filter.cli import bulk_search as bulk_module
from kanbert_filter.cli.bulk_search import BulkSearch, Elements, json_lines_left, needs_of
from kanbert_filter.cli.csv_records import CsvRecords
from kanbert_filter.cli.json_records import json_lines, json_values
from kanbert_filter.cli.matching import RecordSearch
from kanbert_filter.cli.output import Writing
from kanbert_filter.cli.records import BadRecord, BadRecords, Record, Tally
from kanbert_filter.meaning.lowering import lower

ENDPOINT = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "budget": "number",
        "price": "currency",
        "open": "boolean",
        "due_on": "date",
        "client.name": "string",
        "client.id": "id",
        "odd": kf.types.Number(source=("a.b", 'c"d')),
        "custom_field.*": "custom",
        "tasks": {"title": "string", "hours": "number", "parts": {"name": "string"}},
    },
)
CONTEXT = kf.Context()

FILTERS = [
    'title = "a"',
    'title contains "A" and budget >= 5',
    'title = "a" and budget != 5 and (price >= 0.1 or price < 0)',
    'title != "x" and budget > 4 and budget > 3.9 and tasks.count >= 0',
    'title contains "a" and budget > 5 and (budget is null or open = true or budget > 4)',
    "budget is null or price = 0.1",
    'price contains "0" or budget = -0.0',
    "open = true and due_on >= '2024-01-01'",
    'client.name startsWith "a" or client.id = 7',
    "odd > 1",
    'custom_field.x = 1 or custom_field.x = "1"',
    'tasks any (title = "a" and hours > 1)',
    "tasks none (parts any (name = 'a')) and tasks.count > 0",
    "tasks.count = 1 or tasks all (hours is null)",
]


@pytest.mark.parametrize(
    ("filter", "needs"),
    [
        ('title = "a" or title != "b" and budget > 1', {"title": None, "budget": None}),
        ('client.name = "a" and client.id = 7', {"client": {"name": None, "id": None}}),
        ("odd > 1", {"a.b": {'c"d': None}}),
        ("tasks any (hours > 1) and tasks none (title = 'a')", {"tasks": Elements({"hours": None, "title": None})}),
        ("tasks any (hours > 1) and tasks.count > 1", {"tasks": None}),
        ("tasks any (parts any (name = 'a'))", {"tasks": Elements({"parts": Elements({"name": None})})}),
        ("custom_field.__class__ = 1", {}),
    ],
)
def test_what_a_filter_looks_at(filter: str, needs: dict[str, Any]) -> None:
    assert needs_of(lower(ENDPOINT.parse(filter), CONTEXT)) == needs


# answers


def as_file(data: bytes) -> Any:
    return io.BufferedReader(io.BytesIO(data))


class Found:
    """What a search gives: the records written, the counts, and the faults."""

    def __init__(self, filter: str, *, invert: bool, skip: bool, lenient: bool, limit: int | None, whole: bool) -> None:
        test = lower(ENDPOINT.parse(filter), CONTEXT)
        self.tally = Tally(limit)
        self.bad = BadRecords(skip=skip)
        self.out = io.BytesIO()
        self.writing = Writing(self.out, ENDPOINT)
        self.bulk = BulkSearch(test, CONTEXT, self.tally, self.writing.write_lines, invert=invert, whole=whole)
        self.search = RecordSearch(ENDPOINT, self.bulk.passes, invert=invert, lenient=lenient)

    def run(self, form: Any, records: Iterable[Record]) -> dict[str, Any]:
        """Everything that can be seen of a search through these records."""
        fault = ""
        try:
            self.writing.begin("f", form, records)
            self.search.run(records, self.writing, self.bad, self.tally)
        except BadRecord as error:
            fault = str(error)
        counts = (self.tally.read, self.tally.found) if not fault else None
        return {"out": self.out.getvalue(), "counts": counts, "bad": (self.bad.count, self.bad.first), "fault": fault}


texts = st.sampled_from(["a", "A", "é", "b\\nc", "\\u0061", "\\ud83d\\ude00", "\\ud800", "", "x" * 50])
numbers = st.sampled_from(
    ["0", "-0", "-0.0", "5", "5.0", "0.10", "1e400", "1e99999999999999999999", "12345678901234567890123", "9" * 5000]
)
scalars = st.one_of(
    texts.map(lambda text: f'"{text}"'),
    numbers,
    st.sampled_from(["true", "null", "[]", "{}", "NaN", '"2024-02-30"', '"2024-02-01"']),
)
tasks = st.lists(
    st.one_of(
        scalars, st.builds('{{"title":{},"hours":{},"parts":[{{"name":{}}}]}}'.format, scalars, scalars, scalars)
    ),
    max_size=2,
)
values = st.one_of(
    scalars,
    st.builds('{{"name":{},"id":{}}}'.format, scalars, scalars),
    tasks.map(lambda items: f"[{','.join(items)}]"),
)  # fmt: skip
keys = st.sampled_from(
    ["title", "budget", "price", "open", "due_on", "client", "a.b", "custom_field", "tasks", "other", "\\u0074itle"]
)
records = st.lists(st.tuples(keys, values), max_size=5).map(
    lambda pairs: "{" + ", ".join(f'"{key}": {value}' for key, value in pairs) + "}"
)
lines = st.one_of(records, records, records, st.sampled_from(["", " ", "{", "[1]", "5", '{"title":"a"} {}', '{"title":', '"a"}', "{}{}", '{"title": {\n"x": 1}}', '{"other": "\x01"}']))  # fmt: skip
options = st.fixed_dictionaries(
    {
        "invert": st.booleans(),
        "skip": st.sampled_from([True, True, False]),
        "lenient": st.booleans(),
        "limit": st.sampled_from([None, None, 1, 2]),
        "whole": st.booleans(),
    }
)


@given(
    st.sampled_from(FILTERS), st.lists(lines, max_size=8), st.sampled_from(["\n", "\n", "\r\n"]), st.booleans(), options
)
@example(
    FILTERS[0],
    ['{"title": "a"}', '{"other": "\udcff"}'],
    "\n",
    True,
    {"invert": False, "skip": True, "lenient": False, "limit": None, "whole": False},
)
@example(
    FILTERS[0],
    ['{"title": "a"}{}', '{"title":', '"a"}'],
    "\n",
    True,
    {"invert": False, "skip": True, "lenient": False, "limit": None, "whole": False},
)
def test_json_lines(filter: str, lines: list[str], end: str, ended: bool, options: dict[str, Any]) -> None:
    data = (end.join(lines) + end * ended).encode(errors="surrogateescape")
    plain = Found(filter, **options)
    expected = plain.run("jsonl", json_lines(io.BytesIO(data), plain.bad))
    for chunk in (1 << 18, 40):
        searched = Found(filter, **options)
        with patch.object(bulk_module, "_CHUNK", chunk):
            assert searched.run("jsonl", json_lines_left(as_file(data), searched.bad, searched.bulk)) == expected


cells = st.sampled_from(["", "a", "A", " 5 ", "5", "-0", "+5", ".5", "0.10", "007", "1_0", "1e400", "1e99999999999999999999", "true", "Yes", "NA", '"x,y"', '"a""b"', '"two\nlines"', '5" pipe', '[{"title":1}]', "é", "\udcff"])  # fmt: skip
rows = st.one_of(
    *[st.lists(cells, min_size=6, max_size=6).map(",".join)] * 5,
    st.lists(cells, max_size=7).map(",".join),
)
HEADER = "title,budget,client.name,open,tasks,other"


@given(
    st.sampled_from(FILTERS[:2] + FILTERS[4:6] + FILTERS[8:]),
    st.lists(rows, max_size=8),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.booleans(),
    options,
)
@example(
    FILTERS[1],
    [",,,,,"] * 3 + [", 5 ,,,,", ",.5,,,,"],
    "\n",
    False,
    {"invert": False, "skip": True, "lenient": False, "limit": None, "whole": False},
)
def test_csv(filter: str, rows: list[str], end: str, ended: bool, options: dict[str, Any]) -> None:
    data = (end.join([HEADER, *rows]) + end * ended).encode(errors="surrogateescape")

    def found(chunk: int | None) -> dict[str, Any]:
        """With a chunk of 0 everything is read the plain way."""
        each = Found(filter, **options)
        records = CsvRecords(
            as_file(data), ENDPOINT, each.bad, nulls=["NA"], lenient=options["lenient"], bulk=each.bulk
        )
        if not chunk:
            records._records_of_lines = Mock(side_effect=ValueError)  # type: ignore[method-assign]
        with patch.object(bulk_module, "_CHUNK", chunk or 1 << 18):
            return each.run("csv", records)

    assert found(1 << 18) == found(0)
    assert found(40) == found(0)


def test_what_is_read_of_whole_records() -> None:
    """Where more of a record is written than its bytes, all of it is read."""
    whole = BulkSearch(lower(ENDPOINT.parse('title = "a"'), CONTEXT), CONTEXT, Tally(), None, whole=True)
    line = b'{"title": "a", "budget": 0.10}\n'
    [(_, raw, record)] = json_lines_left(as_file(line), BadRecords(skip=False), whole)
    assert (raw, str(record["budget"])) == (line.strip(), "0.10")
    [(_, _, record)] = CsvRecords(as_file(b"title,budget\na,0.10\n"), ENDPOINT, BadRecords(skip=False), bulk=whole)
    assert str(record["budget"]) == "0.10"


@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_numbers_are_asked_where_the_other_conditions_hold(form: str) -> None:
    """So a wrong one elsewhere is no fault, whether records are searched at once or one by one."""
    record = b'{"title": "x", "budget": "a lot"}\n'
    for filter, fault in (
        ('budget > 5 and title contains "a"', ""),
        ('budget > 5 and title contains "x"', "line 1: Field 'budget' holds the text 'a lot'"),
    ):
        found = Found(filter, invert=False, skip=False, lenient=False, limit=None, whole=False)
        file = as_file(record)
        records = json_lines_left(file, found.bad, found.bulk) if form == "jsonl" else json_values(file, found.bad)
        told = found.run(form, records)["fault"]
        assert (told.startswith(fault), bool(told)) == (True, bool(fault))
