"""Records as they stream in: what is a record, what is a bad one, and how much of them is in memory."""

import io
import json
import tracemalloc
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings, strategies as st

import kanbert_filter as kf
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.cli import records
from kanbert_filter.cli.matching import filtered, read_as
from kanbert_filter.cli.records import BadRecord, BadRecords, CsvRecords, json_array, json_lines

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
        def add(self, line: int, reason: str) -> None:
            told.append(f"{line}: {reason}")

    bad = Listed(skip=True)
    source: Iterable[records.Record]
    if form == "csv":
        source = CsvRecords(io.BytesIO(text), ENDPOINT, bad, **options)
    else:
        source = {"jsonl": json_lines, "json": json_array}[form](io.BytesIO(text), bad)
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
    ],
)  # fmt: skip
def test_json_lines(text: bytes, found: list[Any]) -> None:
    assert read("jsonl", text) == (found, [])


BAD_JSON = [
    (b"{", "Found text that is not JSON: expecting property name"),
    (b'{"a": 1} {"b": 2}', ""),
    (b'{"a": \xff}', "Found bytes that are not UTF-8, expected UTF-8"),
    (b'{"a": "\xc3"}', "Found bytes that are not UTF-8, expected UTF-8"),
    (b'{"a": NaN}', "Found text that is not JSON: NaN is no JSON number"),
    (b'{"a": 1e99999999999999999999}', "Found a number whose exponent is too large to be read"),
    (b'{"a": ' + b"1" * 5000 + b"}", "Found text that is not JSON: Exceeds the limit"),
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
    monkeypatch.setattr(records, "_CHUNK", request.param)


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
def test_json_array(text: bytes, found: list[Any]) -> None:
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


@pytest.mark.parametrize(("text", "line"), [(b"", 1), (b'\n\n{"a": 1}', 3)])
def test_what_is_no_array_at_all(text: bytes, line: int) -> None:
    with pytest.raises(BadRecord, match=rf"line {line}: Found no '\['"):
        read("json", text)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=50)
@given(
    st.lists(st.dictionaries(st.text(), json_values, max_size=3), max_size=5),
    st.booleans(),
    st.sampled_from([None, 2]),
    st.integers(1, 40),
)
def test_any_array_is_read_as_json_reads_it(data: list[Any], ascii: bool, indent: int | None, window: int) -> None:
    text = json.dumps(data, ensure_ascii=ascii, indent=indent)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records, "_CHUNK", window)
        found = list(json_array(io.BytesIO(text.encode()), BadRecords(skip=False)))
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
        (b"x," + b"1" * 5000 + b",true,[]", "Column 'budget' holds '111"),
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
        (b"title,title\n", "Found column 'title' where another one stands"),
        (b"title,client,client.name\n", "Found column 'client.name' where another one stands"),
        (b"title,client.name,client\n", "Found column 'client' where another one stands"),
        (b"client,client.name.first\n", "Found column 'client.name.first' where another one stands"),
        (b"title;budget\n", "Found the columns 'title;budget', expected some that the endpoint has"),
    ],
)
def test_bad_headers(header: bytes, reason: str) -> None:
    with pytest.raises(BadRecord) as error:
        read("csv", header)
    assert str(error.value).startswith(f"line 1: {reason}")


def test_rows_leave_as_they_came() -> None:
    text = b'\xef\xbb\xbftitle,"budget"\r\n"a\r\nb",1\r\nc,2'
    rows = CsvRecords(io.BytesIO(text), ENDPOINT, BadRecords(skip=False))
    assert rows.header == b'\xef\xbb\xbftitle,"budget"'
    assert [(line, raw, record["title"]) for line, raw, record in rows] == [
        (2, b'"a\r\nb",1', "a\r\nb"),
        (4, b"c,2", "c"),
    ]


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
def test_memory_is_constant(form: str) -> None:
    def peak(count: int) -> int:
        matches = compile_predicate(ENDPOINT.parse("title startswith 'x' and budget > 1"))
        bad = BadRecords(skip=False)
        out = Counting()
        file = io.BufferedReader(Endless(pieces(form, count)))
        tracemalloc.start()
        found, output = read_as(form, cast("BinaryIO", file), cast("BinaryIO", out), ENDPOINT, bad)
        counted = filtered(found, matches, output, bad)
        output.end()
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert counted.matching == counted.read == count
        assert out.taken >= count * 1000
        return most

    peak(10)
    few, many = peak(1_000), peak(8_000)
    assert many < few + 100_000
    assert many < 2_500_000


def test_a_huge_record_is_read_in_linear_time() -> None:
    item = b'{"title": "' + b"x" * (20 << 20) + b'"}'
    [(line, raw, record)] = json_array(io.BytesIO(b"[\n" + item + b"]"), BadRecords(skip=False))
    assert (line, raw == item, len(record["title"])) == (2, True, 20 << 20)
