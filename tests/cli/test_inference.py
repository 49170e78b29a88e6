"""Tables that follow from files: what they say, and that `match` refuses no record of the file with them."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, strategies as st

import kanbert_filter as kf
from kanbert_filter.cli import commands
from kanbert_filter.cli.csv_records import CsvRecords
from kanbert_filter.cli.inference import ANY_COLUMN, Inference
from kanbert_filter.cli.records import BadRecords
from kanbert_filter.endpoints.field_table import FieldTable, Relation
from kanbert_filter.endpoints.json_schema import to_json_schema

FILES = Path(__file__).parent / "files"


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(commands.run, arguments, input=stdin)


def infer(*arguments: str, stdin: bytes = b"") -> Result:
    return run("endpoints", "infer", *arguments, stdin=stdin)


def every_test(fields: FieldTable) -> list[kf.Filter]:
    """For each field a filter that reads its values."""
    found: list[kf.Filter] = []
    for name, row in fields.items():
        field = kf.field(name.replace("*", "x"))
        value: Any = {"number": 1, "boolean": True, "date": "2024-01-01", "datetime": "2024-01-01"}.get(row.kind, "x")
        if isinstance(row, Relation):
            found.append(field.any(kf.Or(inner)) if (inner := every_test(row.related)) else field.any())
        else:
            found.append(field.in_(getattr(row, "choices", [])) if row.kind == "enum" else field.eq(value))
    return found


# five files that stay with the tests


def records_of(name: str) -> list[dict[str, Any]]:
    """The records of one of the files, read without the library."""
    text = (FILES / name).read_text(encoding="utf-8-sig")
    if name.endswith((".csv", ".tsv")):
        return [*csv.DictReader(io.StringIO(text), delimiter=";" if name == "survey.csv" else "\t")]
    if name.endswith(".jsonl"):
        return [json.loads(line) for line in text.splitlines()]
    data = json.loads(text)
    return data["features"] if name == "places.geojson" else data  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("name", "options", "filter", "matches"),
    [
        ("survey.csv", ["--null", "NA"], "Grosse_in_m >= 1.8 and Eye.Color != 'blue'",
         lambda r: r["Größe in m"] != "NA" and float(r["Größe in m"]) >= 1.8 and r["Eye.Color"] != "blue"),
        ("survey.csv", [], "smoker = true and born < '1980-01-01' and answered_at >= '2024-03-05'",
         lambda r: r["smoker"] == "true" and r["born"] < "1980" and r["answered at"] >= "2024-03-05"),
        ("orders.jsonl", [], "lines any (sku = 's1' and amount > 0) and state = 'paid' and customer.address.zip is null",
         lambda r: any(x["sku"] == "s1" for x in r["lines"]) and r["state"] == "paid" and not r["customer"]["address"]),
        ("orders.jsonl", [], "Ship_To = 'here' and note = 'text' and placed > '2024-05-10'",
         lambda r: r["note"] == "text" and r["placed"] > "2024-05-10"),
        ("places.geojson", ["--at", "features"], "properties.inhabitants > 4000 and properties.capital = false",
         lambda r: (r["properties"]["inhabitants"] or 0) > 4000 and not r["properties"]["capital"]),
        ("years.json", [], "per_year.1910 > 5 or measured > '2024-01-01T09:00:00Z'",
         lambda r: r["per year"].get("1910", 0) > 5 or "T" in r["measured"]),
        ("people.tsv", [], "friends any (age > 3) and client_name = 'X' and id in [5, 6, 7]",
         lambda r: r["id"] in ("5", "7")),
    ],
)  # fmt: skip
def test_a_table_takes_its_file(
    name: str, options: list[str], filter: str, matches: Callable[[dict[str, Any]], object], tmp_path: Path
) -> None:
    result = infer(str(FILES / name), *options)
    assert result.exit_code == 0
    expected = (FILES / f"{'-'.join([name.partition('.')[0], *options[1:]])}.md").read_text()
    assert result.stdout == expected
    (tmp_path / "t.md").write_text(result.stdout)
    arguments = ["match", "-e", str(tmp_path / "t.md"), *options, "-c"]
    table = kf.Endpoint.from_markdown("t", result.stdout)
    for filter_of_a_field in every_test(table):
        found = run(*arguments, kf.to_dsl(filter_of_a_field), str(FILES / name))
        assert (found.exit_code, found.stderr) == (0, "")
    found = run(*arguments, filter, str(FILES / name))
    assert (found.exit_code, found.stderr) == (0, "")
    records = records_of(name)
    assert found.stdout == f"{sum(map(bool, map(matches, records)))}\n"
    assert 0 < int(found.stdout) < len(records)


def test_what_was_decided_and_why() -> None:
    result = infer("--explain", str(FILES / "orders.jsonl"))
    lines = [" ".join(line.split()) for line in result.stderr.splitlines()]
    assert lines[0] == "Note: Left out what no table can name: '__v'"
    assert "state enum 2 different texts in 23 values" in lines
    assert "note custom 18 values, such as 5; no type takes them all; numbers up to 'text' on line 2" in lines
    assert "lines relation 24 values, 36 objects in all" in lines
    assert "empty custom no value" in lines
    notes = infer("--explain", str(FILES / "survey.csv")).stderr
    assert notes.startswith("Note: 'NA' seems to mean null in 'Grosse_in_m'; with --null NA it gets a better type\n")
    assert "numbers, but for 'NA'" in notes
    years = infer("--explain", str(FILES / "years.json")).stderr
    assert "per_year.*  custom    56 different keys in 20 values" in years


def test_a_document_with_a_list_says_how_to_get_at_it() -> None:
    result = infer(str(FILES / "places.geojson"))
    assert result.stderr == (
        "Note: The file is one record with 12 objects in 'features'; --at features makes these the records\n"
    )


@pytest.mark.parametrize(
    ("name", "data", "fields"),
    [
        ("a.tsv", b"a,b,c\td\n1,2,3\tx\n", ["a_b_c", "d"]),
        ("a.csv", b'a;"b,c,d"\n1;"1,2,3"\n', ["a", "b_c_d"]),
        ("a.csv", b"a|b\n1|2\n", ["a", "b"]),
        ("a.csv", b'a,b\n"x\ny",2\n', ["a", "b"]),
        ("a.csv", b"a,b\n1,2,3\n1,2\n", ["a", "b"]),
    ],
)
def test_what_separates_cells(name: str, data: bytes, fields: list[str], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(data)
    result = infer(str(tmp_path / name))
    assert [*kf.Endpoint.from_markdown("t", result.stdout)] == fields


def test_a_sample() -> None:
    data = b'{"a": 1}\n{"a": 2}\n{"a": "x"}\n'
    assert "| a | number |" in infer("--sample", "2", stdin=data).stdout
    assert "| a | custom |" in infer(stdin=data).stdout


def test_as_json(tmp_path: Path) -> None:
    result = infer("--as", "json", str(FILES / "survey.csv"))
    description = json.loads(result.stdout)
    assert description["name"] == "survey"
    assert description["fields"]["answered_at"]["source"] == "answered at"
    assert to_json_schema(kf.Endpoint.from_dict(description))


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (["--format", "csv"], b"", "standard input, line 1: Found no header"),
        (["--format", "csv"], b"a,b\r1,2\r", "Found lines that end in CR alone, expected LF or CRLF"),
        (["--format", "csv"], b"a,a\n", "standard input, line 1: Found column 'a' twice or inside another one"),
        ([], b"[1, 2]", "standard input holds no records with fields: line 1: Found a number, expected a record"),
        ([], b"[]", "standard input holds no records with fields"),
        (["missing.csv"], b"", "missing.csv cannot be read: No such file or directory"),
        (["--at", "x"], b"{}", "Found no key 'x'"),
        (["--sample", "0"], b"", "0 is not in the range"),
    ],
)
def test_what_no_table_follows_from(arguments: list[str], stdin: bytes, reason: str) -> None:
    result = infer(*arguments, stdin=stdin)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in " ".join(result.stderr.split())


def test_deep_records() -> None:
    for opening, closing in (('{"a": ', "}"), ('{"a": [', "]}")):
        data = f"{opening * 300}1{closing * 300}\n".encode()
        result = infer(stdin=data)
        assert result.exit_code == 0, result.exception
        table = kf.Endpoint.from_markdown("t", result.stdout)
        assert all(
            kf.compile_predicate(table.check(filter))(json.loads(data)) in (True, False) for filter in every_test(table)
        )


def test_bad_records_are_counted() -> None:
    result = infer(stdin=b'{"a": 1}\n{\n')
    assert result.stdout.endswith("| a | number | eq, ne, lt, lte, gt, gte, in, nin, isnull, isnotnull |\n")
    assert result.stderr.startswith("Note: 1 record cannot be read, the first on line 2: Found text that is not JSON")
    assert result.stderr.endswith("; match needs --skip-bad\n")


# whatever comes

KEYS = st.text(st.sampled_from('ab._- *|`"\\é1#ß'), max_size=4)
SCALARS = (
    st.none() | st.booleans() | st.integers(-5, 10**20) | st.decimals(allow_nan=False, allow_infinity=False, places=2)
)
TEXTS = st.sampled_from(
    [
        "",
        "x",
        "2024-01-31",
        "2024-02-30",
        "2024-01-31T10:00",
        "2024-01-31 10:00:00,5+02",
        "true",
        "NA",
        "1",
        "a, b",
        "|",
        "\n",
    ]
)
VALUES = st.recursive(
    SCALARS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=12,
)


@example([{"b": {"_": None}, "\\b": {"_": None}}])
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=4), max_size=6))
def test_any_records_are_taken(records: list[dict[str, Any]]) -> None:
    inferred = Inference([(line, b"", record) for line, record in enumerate(records, 1)])
    endpoint = inferred.endpoint("e")
    assert kf.Endpoint.from_markdown("e", endpoint.to_markdown(sources=True)) == endpoint
    assert kf.Endpoint.from_dict(endpoint.to_dict(sources=True)) == endpoint
    for filter in every_test(endpoint):
        matches = kf.compile_predicate(endpoint.check(filter))
        for record in records:
            matches(record)


@given(
    st.lists(KEYS, min_size=1, max_size=5, unique_by=str.strip),
    st.lists(st.lists(TEXTS | SCALARS.map(str) | st.just('[{"a": 1}]'), min_size=5, max_size=5), max_size=5),
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([[], ["NA"]]),
)
def test_any_csv_is_taken(header: list[str], rows: list[list[str]], mark: str, nulls: list[str]) -> None:
    file = io.StringIO()
    writer = csv.writer(file, delimiter=mark)
    writer.writerows([header, *[row[: len(header)] for row in rows]])
    data = file.getvalue().encode()

    def read(endpoint: kf.Endpoint) -> CsvRecords:
        return CsvRecords(io.BytesIO(data), endpoint, BadRecords(skip=False), mark, nulls=nulls)

    try:
        records = read(ANY_COLUMN)
    except Exception as error:
        assert "Found" in str(error)
        return
    inferred = Inference(records, [*records.columns])
    endpoint = inferred.endpoint("e")
    for filter in every_test(endpoint):
        matches = kf.compile_predicate(endpoint.check(filter))
        for _, _, record in read(endpoint):
            matches(record)
