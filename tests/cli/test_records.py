"""Records as they stream in: what is a record, what is a bad one, and how much of them is in memory."""

import io
import json
import re
import tracemalloc
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.cli import csv_records, json_records
from kanbert_filter.cli.csv_records import CsvRecords
from kanbert_filter.cli.json_records import UnreadNumber, json_lines, json_values
from kanbert_filter.cli.matching import RecordSearch
from kanbert_filter.cli.output import Writing
from kanbert_filter.cli.reading import Reading
from kanbert_filter.cli.record_files import RecordFile, TextFormat
from kanbert_filter.cli.records import BadRecord, BadRecords, Record, Tally

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
        "custom_field.*": "custom",
        "tasks": {"title": "string", "hours": "number"},
    },
)


def read(form: str, text: bytes, **options: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """The records, and what is said of the bad ones."""
    told: list[str] = []

    class Listed(BadRecords):
        def add(self, line: int, reason: str, *, of_value: bool = False) -> None:
            told.append(f"{line}: {reason}")

    bad = Listed(skip=True)
    source: Iterable[Record]
    if form == "csv":
        source = CsvRecords(io.BytesIO(text), ENDPOINT, bad, **options)
    else:
        file = io.BytesIO(text)
        source = json_lines(file, bad) if form == "jsonl" else json_values(file, bad)
    return [record for _, _, record in source], told


# JSON


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", []),
        (b"\n \r\n", []),
        (b'{"a": 1}', [{"a": 1}]),
        (b'\xef\xbb\xbf{"a": 1}\n\n{"a": 2}\r\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 0.10000000000000000001}', [{"a": Decimal("0.10000000000000000001")}]),
        (b'{"a": 123456789012345678901234567890, "b": "\xc3\xa4\\ud83d\\ude00"}', [{"a": 123456789012345678901234567890, "b": "ä😀"}]),
        (b'{"a": -' + b"1" * 5000 + b', "b": 5}', [{"a": Decimal("-" + "1" * 5000), "b": 5}]),
        (b'{"a": 1e999999999, "b": 0.5}', [{"a": Decimal("1e999999999"), "b": Decimal("0.5")}]),
    ],
)  # fmt: skip
def test_json_lines(text: bytes, found: list[Any]) -> None:
    assert read("jsonl", text) == (found, [])


HUGE = [b"1" * 5000, b"-" + b"9" * 5000, b"1e99999999999999999999", b"-0.5E+99999999999999999999"]


@pytest.mark.parametrize("number", HUGE)
@pytest.mark.parametrize("form", ["jsonl", "json"])
def test_huge_numbers_matter_only_to_filters_that_compare_them(number: bytes, form: str) -> None:
    """Of thousands of digits, or with an exponent that no Python number has."""
    found, reported = read(form, b'{"other": ' + number + b', "budget": 7}\n')
    assert (len(found), reported) == (1, [])
    assert compile_predicate(ENDPOINT.parse("budget = 7"))(found[0])
    found, reported = read(form, b'{"budget": ' + number + b', "custom_field": {"a": ' + number + b"}}\n")
    assert (len(found), reported) == (1, [])
    below = compile_predicate(ENDPOINT.parse("budget < 0"))
    if isinstance(found[0]["budget"], UnreadNumber):
        with pytest.raises(kf.RecordError):
            below(found[0])
        assert not compile_predicate(ENDPOINT.parse("custom_field.a > 5"))(found[0])
        assert repr(found[0]["budget"]) == number.decode()
    else:
        assert below(found[0]) is number.startswith(b"-")


BAD_JSON = [
    (b"{", "Found text that is not JSON: expecting property name"),
    (b'{"a": 1} {"b": 2}', ""),
    (b'{"a": \xff}', "Found bytes that are not UTF-8, expected UTF-8"),
    (b'{"a": "\xc3"}', "Found bytes that are not UTF-8, expected UTF-8"),
    (b'{"a": NaN}', "Found text that is not JSON: NaN is no JSON number"),
    (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "Found JSON that is nested too deeply to be read"),
    (b"[1, 2]", "Found a list, expected a record as JSON object; for a JSON array of records give --format json"),
    (b'"x"', "Found a text, expected a record as JSON object"),
    (b"12", "Found a number, expected a record as JSON object"),
    (b"1.5", "Found a number, expected a record as JSON object"),
    (b"true", "Found a boolean, expected a record as JSON object"),
    (b"null", "Found null, expected a record as JSON object"),
]


@pytest.mark.parametrize(("text", "reason"), BAD_JSON)
def test_bad_json_lines(text: bytes, reason: str) -> None:
    found, told = read("jsonl", b'{"a": 1}\n' + text + b'\n{"a": 3}\n')
    assert found == [{"a": 1}, {"a": 3}]
    assert [line.startswith(f"2: {reason}") for line in told] == [True]


@pytest.fixture(params=[1, 2, 7, 1 << 18])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows of several sizes, so that every item is cut somewhere."""
    monkeypatch.setattr(json_records, "_CHUNK", request.param)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"[]", []),
        (b" \n[ \n] \n", []),
        (b'\xef\xbb\xbf[{"a": 1}]', [{"a": 1}]),
        (b'[{"a": 1}\n,\n\n  {"a": 2} ]\n', [{"a": 1}, {"a": 2}]),
        (b'[{"a": "],}\\"{[\\\\"}, {"b": [{}, [1, 2.50]]}]', [{"a": '],}"{[\\'}, {"b": [{}, [1, Decimal("2.50")]]}]),
        ('[{"a": "ä😀"}, {"ö": "\\u20ac"}]'.encode(), [{"a": "ä😀"}, {"ö": "€"}]),
    ],
)
def test_json_values(text: bytes, found: list[Any]) -> None:
    assert read("json", text) == (found, [])


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(("text", "reason"), BAD_JSON)
def test_bad_items(text: bytes, reason: str) -> None:
    if text != b"{":
        found, told = read("json", b'[{"a": 1},\n' + text + b',\n{"a": 3}]')
        assert [item for item in found if item != {"a": 1}] == [{"a": 3}]
        assert [line.startswith(f"2: {reason}") for line in told] == [True]


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("text", "found", "told"),
    [
        (b'[{"a": 1} {"a": 2}, {"a": 3}]', [1, 3], ["1: Found '{\"a\": 2}' after an item, expected ',' or ']'"]),
        (b'[{"a": 1}}]', [1], ["1: Found '}' after an item, expected ',' or ']'"]),
        (b'[{"a": 1},\n]', [1], ["2: Found text that is not JSON: expecting value at character 1"]),
        (b'[{"a": 1}\n', [1], ["2: Found the end of the input inside the array, expected ',' or ']'"]),
        (b'[{"a": 1}]\n[', [1], ["2: Found text after the end of the array, expected nothing"]),
        (
            b'[{"a": 1}, {"a": "',
            [1],
            [
                "1: Found text that is not JSON: unterminated string starting at at character 7",
                "1: Found the end of the input inside the array, expected ',' or ']'",
            ],
        ),
    ],
)
def test_arrays_that_are_none(text: bytes, found: list[int], told: list[str]) -> None:
    assert read("json", text) == ([{"a": number} for number in found], told)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\n\n5", "line 3: Found '5', expected records as JSON: an array, or objects"),
        (b"title,budget\nx,1", "line 1: Found 'title', expected records as JSON"),
        (b'"x"', "line 1: Found '\"x\"', expected records"),
    ],
)
def test_what_holds_no_records(text: bytes, reason: str) -> None:
    with pytest.raises(BadRecord, match=re.escape(reason)):
        read("json", text)


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", []),
        (b"{}", [{}]),
        (b'{"a":1}{"a":2} {"a": 3}', [{"a": 1}, {"a": 2}, {"a": 3}]),
        (b'{"a": 1}\n{"a": "}{"}\r\n\r\n', [{"a": 1}, {"a": "}{"}]),
        (b'\xef\xbb\xbf{\n  "a": [\n    1\n  ]\n}\n{\n  "a": {}\n}\n', [{"a": [1]}, {"a": {}}]),
    ],
)
def test_objects_one_after_the_other(text: bytes, found: list[Any]) -> None:
    assert read("json", text) == (found, [])


@pytest.mark.usefixtures("window")
def test_objects_one_after_the_other_with_faults() -> None:
    text = b'{"a": 1}\n{"a" 2}\n{"a": 3}\n[4]'
    found, reported = read("json", text)
    assert found == [{"a": 1}, {"a": 3}]
    assert [line.partition(":")[0] for line in reported] == ["2", "4"]
    assert reported[1] == "4: Found '[4]' after an object, expected another one"


DOCUMENT = b"""{"meta": {"data": [5, "}", {"x": ",]"}]}, "a.b": {"/~": [{"a": 1}]}, "n": -1.5e3, "t": "\\"x\\": [", "nil": null,
 "data": {"items": [{"a": 1}, {"a": 2}], "one": {"a": 3}, "none": []}, "after": """


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("path", "found"),
    [
        (("data", "items"), [{"a": 1}, {"a": 2}]),
        (("data", "one"), [{"a": 3}]),
        (("data", "none"), []),
        (("a.b", "/~"), [{"a": 1}]),
        (("meta",), [{"data": [5, "}", {"x": ",]"}]}]),
    ],
)
def test_records_inside_a_document(path: tuple[str, ...], found: list[Any]) -> None:
    """What is behind them is not looked at, and may be no JSON."""
    bad = BadRecords(skip=False)
    assert [record for _, _, record in json_values(io.BytesIO(DOCUMENT), bad, path)] == found


@pytest.mark.usefixtures("window")
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        (("nowhere",), "Found no key 'nowhere', expected the records at 'nowhere'"),
        (("data", "nowhere"), "Found no key 'nowhere', expected the records at 'data.nowhere'"),
        (("n",), "Found '-1.5e3', expected records as JSON: an array, or objects"),
        (("t", "x"), "Found no key 'x', expected the records at 't.x'"),
        (("data", "items", "a"), "Found no key 'a', expected the records at 'data.items.a'"),
    ],
)
def test_paths_that_lead_nowhere(path: tuple[str, ...], reason: str) -> None:
    with pytest.raises(BadRecord, match=re.escape(reason)):
        list(json_values(io.BytesIO(DOCUMENT + b"5}"), BadRecords(skip=True), path))


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(st.text(), any_json, max_size=3), max_size=5),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.integers(1, 40),
)
def test_any_array_is_read_as_json_reads_it(data: list[Any], ascii: bool, indent: int | None, window: int) -> None:
    text = json.dumps(data, ensure_ascii=ascii, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_records, "_CHUNK", window)
        found = list(json_values(io.BytesIO(text.encode()), BadRecords(skip=False)))
    assert [record for _, _, record in found] == data
    assert [json.loads(raw) for _, raw, _ in found] == data
    assert [text.split("\n")[line - 1].lstrip()[:2] in ("{", "{}", '{"') or not indent for line, _, _ in found] == [
        True
    ] * len(data)


@given(st.binary(max_size=60) | st.text('[]{}",:\\ \n1a', max_size=60).map(str.encode))
def test_no_input_breaks_the_readers(text: bytes) -> None:
    for form, whole in (("jsonl", text), ("json", b"[" + text), ("csv", b"title,budget\n" + text)):
        read(form, whole)


# CSV


def test_cells_become_what_their_fields_take() -> None:
    header = b"title,budget,price,open,due_on,client.name,client.id,custom_field.n,tasks,note\n"
    cells = b'"a, ""b""\n c", 10 ,-1.50,TRUE,2024-01-01,x,7,3,"[{""hours"": 1.5}]",07\n'
    assert read("csv", header + cells) == (
        [
            {
                "title": 'a, "b"\n c',
                "budget": 10,
                "price": Decimal("-1.50"),
                "open": True,
                "due_on": "2024-01-01",
                "client": {"name": "x", "id": "7"},
                "custom_field": {"n": "3"},
                "tasks": [{"hours": Decimal("1.5")}],
                "note": "07",
            }
        ],
        [],
    )


def test_empty_cells_are_null() -> None:
    found, told = read("csv", b"title,budget,open,tasks,client.name\n,,,,\n x, , , ,\n")
    empty = {"title": None, "budget": None, "open": None, "tasks": None, "client": {"name": None}}
    assert (found, told) == ([empty, {**empty, "title": " x"}], [])


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"x,n/a,true,[]", "Column 'budget' holds 'n/a', expected a number or nothing"),
        (b"x,007,true,[]", "Column 'budget' holds '007', expected a number or nothing"),
        (b"x,1e99999999999999999999,true,[]", "Column 'budget' holds '1e999"),
        (b"x,.,true,[]", "Column 'budget' holds '.', expected a number or nothing"),
        (b"x,1_000,true,[]", "Column 'budget' holds '1_000', expected a number or nothing"),
        (b"x,1,yes,[]", "Column 'open' holds 'yes', expected true, false or nothing"),
        (b"x,1,true,[", "Column 'tasks' holds '[', expected a JSON array of records or nothing"),
        (b"x,1,true", "Found 3 cells, expected 4 as in the header"),
        (b"x,1,true,[],", "Found 5 cells, expected 4 as in the header"),
        (b"\xff,1,true,[]", "Found bytes that are not UTF-8, expected UTF-8"),
        (b'"x"y,1,true,[]', "Found text that is not CSV: ',' expected after '\"'"),
    ],
)
def test_bad_rows(row: bytes, reason: str) -> None:
    found, told = read("csv", b'title,budget,open,tasks\n"a\nb",1,,\n\n' + row + b"\nc,2,,\n")
    assert [record["budget"] for record in found] == [1, 2]
    assert [line.startswith(f"5: {reason}") for line in told] == [True]


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("1", 1),
        ("+1", 1),
        ("-0", 0),
        (".5", 0.5),
        ("-.5", -0.5),
        ("5.", 5),
        ("1e3", 1000),
        ("9" * 5000, Decimal("9" * 5000)),
    ],
)
def test_numbers_as_people_write_them(cell: str, number: Any) -> None:
    [record], reported = read("csv", f"budget\n{cell}\n".encode())
    assert (record["budget"], reported) == (number, [])


def test_words_for_null_and_wrong_cells_as_null() -> None:
    text = b"title,budget,tasks\nNA,NA,\n-,-,NA\nnan,x,[\n"
    found, reported = read("csv", text, nulls=["NA", "-"], lenient=True)
    assert reported == []
    assert [(record["title"], record["budget"], record["tasks"]) for record in found] == [
        (None, None, None),
        (None, None, None),
        ("nan", None, None),
    ]


def test_long_cells() -> None:
    text = b'title,budget\n"' + b"x" * 300_000 + b'",1\n'
    [record], reported = read("csv", text)
    assert (len(record["title"]), reported) == (300_000, [])


def test_a_cell_without_end_does_not_take_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_records, "_LONGEST_CELL", 1000)
    _, reported = read("csv", b'title,budget\n"' + b"x,1\n" * 1000)
    assert "field larger than field limit (1000)" in reported[0]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["title{}budget", 'other, x{}"title"{}budget', "\ufefftitle{}note"])
def test_the_header_tells_the_delimiter(delimiter: str, header: str) -> None:
    text = header.replace("{}", delimiter)
    if delimiter == "," and "other" in header:
        text = text.replace("other, x", '"other, x"')
    rows = CsvRecords(io.BytesIO(f"{text}\n".encode()), ENDPOINT, BadRecords(skip=False))
    assert (rows.delimiter, "title" in rows.columns) == (delimiter, True)


def test_columns_are_found_by_the_source_of_their_field() -> None:
    endpoint = kf.Endpoint(
        "e",
        {
            "size": kf.types.Number(source="data.size"),
            "custom.*": kf.types.Number(source="c.*.value"),
            "custom.name": kf.types.String(source="c.name.value"),
        },
    )
    text = b"data.size,c.a.value,c.name.value,size\n1,2,3,4\n"
    [(_, _, record)] = CsvRecords(io.BytesIO(text), endpoint, BadRecords(skip=False))
    assert record == {"data": {"size": 1}, "c": {"a": {"value": 2}, "name": {"value": "3"}}, "size": "4"}
    assert compile_predicate(endpoint.parse("size = 1 and custom.a = 2 and custom.name = '3'"))(record)


def test_several_columns_without_a_name() -> None:
    """As spreadsheets leave them: the first can be meant by its name, which is empty, and the others by none."""
    text = b"title,,budget,,\na,x,1,y,z\n"
    assert read("csv", text)[0] == [{"title": "a", "": "x", "budget": 1}]


def test_a_quote_that_is_never_closed() -> None:
    found, told = read("csv", b'title,budget\na,1\n"b,2\nc,3\n')
    assert [record["budget"] for record in found] == [1]
    assert told == ["3: Found text that is not CSV: unexpected end of data"]


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"", "Found no header"),
        (b"\n", "Found no header"),
        (b" , \n", "Found no header"),
        (b"title,\xff\n", "Found no header"),
        (b'"title\n', "Found text that is not CSV"),
        (
            b"title,title\n",
            "Found column 'title' twice or inside another one, expected each path once; rename one of them in the header",
        ),
        (b"title,client,client.name\n", "Found column 'client.name' twice or inside another one"),
        (b"title,client.name,client\n", "Found column 'client' twice or inside another one"),
        (b"client,client.name.first\n", "Found column 'client.name.first' twice or inside another one"),
        (b"title:budget\n", "Found the columns 'title:budget', expected some that the endpoint has"),
    ],
)
def test_bad_headers(header: bytes, reason: str) -> None:
    with pytest.raises(BadRecord) as error:
        read("csv", header)
    assert str(error.value).startswith(f"line 1: {reason}")


def test_rows_leave_as_they_came() -> None:
    text = b'\xef\xbb\xbftitle,"budget"\r\n"a\r\nb",1\r\nc,2'
    rows = CsvRecords(io.BytesIO(text), ENDPOINT, BadRecords(skip=False))
    assert rows.header == b'\xef\xbb\xbftitle,"budget"\r\n'
    assert [(line, raw, record["title"]) for line, raw, record in rows] == [
        (2, b'"a\r\nb",1\r\n', "a\r\nb"),
        (4, b"c,2", "c"),
    ]


# wrong values


@pytest.mark.parametrize("value", ["elsewhere", None])
@pytest.mark.parametrize("field", ["title", "client.name", "tasks.hours", "tasks"])
def test_a_wrong_value_that_is_not_where_it_should_be_is_an_error(field: str, value: object) -> None:
    class Broken:
        def __call__(self, record: object) -> bool:
            raise kf.RecordError(field, "string", value)

    record = {"title": "x", "client": "x", "tasks": [{"hours": 5}, 7]}
    search = RecordSearch(ENDPOINT, cast("kf.Predicate", Broken()), lenient=True)
    tally = Tally()
    bad = BadRecords(skip=True)
    search.run([(3, b"", record)], None, bad, tally)
    assert (tally.read, bad.count) == (0, 1)
    assert bad.first.startswith(f"line 3: Field '{field}' holds ")


# memory


class Endless(io.RawIOBase):
    """A file of many pieces that is nowhere as a whole."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self.pieces = pieces
        self.rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self.rest = self.rest or next(self.pieces, b"")
        taken = self.rest[: len(buffer)]
        self.rest = self.rest[len(taken) :]
        buffer[: len(taken)] = taken
        return len(taken)


def pieces(form: str, count: int) -> Iterator[bytes]:
    text = "x" * 1000
    record = f'{{"title": "{text}", "budget": 1.5}}'
    before, one, between, after = {
        "jsonl": ("", record, "\n", "\n"),
        "json": ("[", record, ",\n", "]"),
        "csv": ("title,budget\n", f"{text},1.5", "\n", "\n"),
    }[form]
    yield before.encode() + one.encode()
    for _ in range(count - 1):
        yield (between + one).encode()
    yield after.encode()


class Counting(io.RawIOBase):
    """Takes everything, keeps nothing."""

    taken = 0

    def write(self, data: Any) -> int:
        self.taken += len(data)
        return len(data)


@pytest.mark.parametrize("form", ["jsonl", "json", "csv"])
def test_memory_is_constant(form: TextFormat) -> None:
    def peak(count: int) -> int:
        matches = compile_predicate(ENDPOINT.parse("title startswith 'x' and budget > 1"))
        bad = BadRecords(skip=False)
        out = Counting()
        file = io.BufferedReader(Endless(pieces(form, count)))
        tally = Tally()
        tracemalloc.start()
        writing = Writing(cast("BinaryIO", out), ENDPOINT)
        form_read, found = Reading(ENDPOINT, form).records(RecordFile("-", cast("BinaryIO", file)), bad)
        writing.begin("-", form_read, found)
        RecordSearch(ENDPOINT, matches).run(found, writing, bad, tally)
        writing.end()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert tally.found == tally.read == count
        assert out.taken >= count * 1000
        return most

    peak(10)
    few, many = peak(1_000), peak(8_000)
    assert many < few + 100_000
    assert many < 2_500_000


def test_a_huge_record_is_read_in_linear_time() -> None:
    item = b'{"title": "' + b"x" * (20 << 20) + b'"}'
    [(line, raw, record)] = json_values(io.BytesIO(b"[\n" + item + b"]"), BadRecords(skip=False))
    assert (line, raw == item, len(record["title"])) == (2, True, 20 << 20)
