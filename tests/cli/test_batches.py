"""Files of many filters: reports with their places, and files written again with other filters in them."""

import csv
import io
import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hypothesis import given, strategies as st

import kanbert_filter as kf
from kanbert_filter.cli import commands
from kanbert_filter.cli.batches import BatchFormat, BatchReport, batch_entries

LINES = """name = "Acme"
  name == "x"

[{"field": "name", "op": "==", "value": 1}]
filter=nam%20is%20null
"""
RECORDS = r"""{"id": 1, "filter": "name = \"A\u00e4\" and nam == 3"}
{"id": 2, "filter": [{"field": "name", "op": "eq", "value": "x"}, {"field": "nam", "op": "eq", "value": "x"}]}
{"id": 3, "filter": null}

{"id": 4}
{"id": 5, "filter": 7}
nope
{"id": 6,   "filter" : "shortcode is null" }
"""
ROWS = 'id;filter;n\r\n1;"name = ""A""\n and nam = 2";x\r\n2;name is null;y\r\n3\r\n4;"name"x;7\r\n;;\n'


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.txt").write_text(LINES)
    Path("a.jsonl").write_text(RECORDS)
    Path("a.csv").write_bytes(ROWS.encode())


def run(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(commands.run, arguments, input=stdin)


def test_a_report_has_the_form_of_compilers() -> None:
    result = run("check", "-e", "clients", "--file", "a.txt", "--file", "a.jsonl", "--file", "a.csv")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "a.txt:2:8: foreign_operator: Found '==', expected an operator; write '=' to compare",
        "a.txt:4:26: unknown_operator: name: Found operator '==', expected a word; did you mean 'eq'? (at /0/op)",
        "a.txt:5:1: unknown_field: Unknown field 'nam'. Did you mean 'name'?",
        "a.jsonl:1:49: foreign_operator: Found '==', expected an operator; write '=' to compare",
        "a.jsonl:2:77: unknown_field: Unknown field 'nam'. Did you mean 'name'? (at /1/field)",
        "a.jsonl:5:1: missing_key: Found no key 'filter', expected a filter there; give --key with another one",
        "a.jsonl:6:21: wrong_shape: Found '7', expected a filter as text or JSON, or null",
        "a.jsonl:7:1: invalid_json: Found text that is not JSON, expected an object on each line",
        "a.csv:3:6: unknown_field: Unknown field 'nam'. Did you mean 'name'?",
        "a.csv:5:1: missing_key: Found 1 cell, expected a filter in cell 2",
        "a.csv:6:1: unexpected_input: Found text that is not CSV",
    ]
    assert result.stderr == "11 of 14 filters are at fault\n"


def test_a_report_for_programs() -> None:
    result = run("check", "-e", "clients", "--json", "--file", "-", stdin=b"nam = 1\n[{}]\n")
    assert result.exit_code == 1
    report = json.loads(result.stdout)
    assert report | {"errors": 0} == {"filters": 2, "failed": 2, "errors": 0}
    assert report["errors"][0] == {
        "file": "-",
        "field": "nam",
        "issue": "Unknown field 'nam'. Did you mean 'name'?",
        "code": "unknown_field",
        "suggestions": ["name"],
        "line": 1,
        "column": 1,
    }
    assert report["errors"][1]["pointer"] == "/0"
    assert result.stderr == "2 of 2 filters are at fault\n"


def test_filters_that_are_right() -> None:
    Path("b.txt").write_text("name is null\n")
    result = run("check", "-e", "clients", "--file", "b.txt")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "1 filter is valid for clients\n")
    result = run("check", "--file", "-", stdin=b"a = 1\nb = 2\n\n")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "2 filters are well-formed\n")


@pytest.mark.parametrize(
    ("arguments", "stdin", "output"),
    [
        (["convert", "--to", "json"], b"a=1\n\n b = 2\r\n", b'[{"field": "a", "op": "eq", "value": 1}]\n\n'
         b'[{"field": "b", "op": "eq", "value": 2}]\r\n'),
        (["convert", "--to", "form"], b"a = '1&2' and b is null",
         b"filter[0][field]=a&filter[0][op]=eq&filter[0][value]=1%262&filter[1][field]=b&filter[1][op]=isnull"),
        (["convert", "--format", "jsonl", "-k", "v.f"], b'{"n":1.50, "v": {"f": [{"field": "a", "op": "isnull"}]}}\n',
         b'{"n":1.50, "v": {"f": "a is null"}}\n'),
        (["convert", "--format", "jsonl", "--to", "json"], b'{"filter": "a = \'\\u00e4\'", "x": [1e5]}\n',
         '{"filter": "[{\\"field\\": \\"a\\", \\"op\\": \\"eq\\", \\"value\\": \\"ä\\"}]", "x": [1e5]}\n'.encode()),
        (["convert", "--format", "csv", "--to", "json"], b'filter,x\na is null,"1"\n',
         b'filter,x\n"[{""field"": ""a"", ""op"": ""isnull""}]","1"\n'),
        (["convert", "--from", "form"], b"filter[field]=a&filter[op]=isnull\n", b"a is null\n"),
        (["rename", "--field", "a=b"], b"a is null\n[{\"field\": \"a\", \"op\": \"isnull\"}]\n?filter=a%20is%20null\n",
         b"b is null\n[{\"field\": \"b\", \"op\": \"isnull\"}]\nfilter=b%20is%20null\n"),
        (["rename", "--field", "t=s", "--field", "t.a=s.b"], b"t any (a = 1 and c = 2)\n", b"s any (b = 1 and c = 2)\n"),
        (["rename", "--field", "c.*=d.*", "--format", "tsv", "--key", "f"], b"f\tc.x\n\"c.x is null\"\tc.x\n",
         b"f\tc.x\n\"d.x is null\"\tc.x\n"),
    ],
)  # fmt: skip
def test_filters_are_replaced_and_all_else_is_kept(arguments: list[str], stdin: bytes, output: bytes) -> None:
    result = run(*arguments, "--file", "-", stdin=stdin)
    assert (result.exit_code, result.stdout_bytes) == (0, output), result.stderr


def test_filters_at_fault_stay_as_they_are() -> None:
    for name, text in (("a.txt", LINES), ("a.jsonl", RECORDS), ("a.csv", ROWS)):
        result = run("rename", "--field", "nothing=else", "-e", "projects.md", "--file", name)
        assert result.exit_code == 2
        result = run("convert", "--endpoint", "clients", "--file", name)
        assert result.exit_code == 1
        assert all(re.match(rf"{re.escape(name)}:\d+:\d+: \w+: ", line) for line in result.stderr.splitlines()[:-1])
        kept = result.stdout_bytes.decode().splitlines()
        assert len(kept) == len(text.splitlines())
    assert run("convert", "--file", "a.csv").stdout_bytes.decode() == ROWS.replace("\n and nam", " and nam")


def test_rename_one_filter() -> None:
    assert run("rename", "--field", "name=title", 'name = "x"').output == 'title = "x"\n'
    assert run("rename", "--field", "name=title", stdin=b"filter[field]=name&filter[op]=isnull").output == (
        "filter[0][field]=title\nfilter[0][op]=isnull\n"
    )
    for arguments, status, reason in (
        (["a=b", "?page=2&filter=a%20is%20null"], 1, "Found other parameters beside the filter, which would be lost"),
        (["a=b", "a =="], 1, "a =="),
        (["a.b=b", "a any (b = 1)"], 2, "expected a path that begins with 'a.', its relation's"),
        (["a=", "a = 1"], 2, "expected OLD=NEW, such as name=title"),
        (["a=b c", "a = 1"], 1, "b c"),
        (["name=titel", "-e", "clients", "name = 'x'"], 1, "Unknown field 'titel'"),
        (["name=title", "name = 'x'", "--file", "a.txt"], 2, "Found a filter and --file, expected one of them."),
    ):
        result = run("rename", "--field", *arguments)
        assert (result.exit_code, result.stdout) == (status, "")
        assert reason in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("arguments", "stdin", "reason"),
    [
        (["--file", "a.csv", "--key", "query"], "", "a.csv has no column 'query'; give --key 'id;filter;n'"),
        (["--format", "csv", "--file", "-", "--key", "query"], "id,filter\n", "give --key 'id' or 'filter'"),
        (["--format", "csv", "--file", "-"], "", "has no column 'filter'; give --key one, and the file a header"),
        (["--file", "missing.txt"], "", "missing.txt cannot be read: No such file or directory"),
        (["--file", "a.json"], "", "a.json is JSON, expected a record on each line; convert it, for example with jq"),
        (["--file", "a.txt", "a = 1"], "", "Found a filter and --file, expected one of them."),
    ],
)
def test_what_is_no_file_of_filters(arguments: list[str], stdin: str, reason: str) -> None:
    Path("a.json").write_text("[]")
    for command in ("check", "convert"):
        result = run(command, *arguments, stdin=stdin.encode())
        assert (result.exit_code, result.stdout) == (2, "")
        assert reason in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("text", "report"),
    [
        (f'[{{"field": "a", "op": "eq", "value": {"1" * 5000}}}]', ":1:38: number_too_long: "),
        (f"{'[' * 5000}{']' * 5000}", ":1:43: too_deep: "),
        (f'{{"filter": [{{"field": "a", "op": "eq", "value": {"1" * 5000}}}]}}', ":1:49: number_too_long: "),
        (f'{{"filter": {"[" * 5000}{"]" * 5000}}}', ":1:1: invalid_json: "),
        (f'{{"filter": "a = 1", "x": {"1" * 5000}}}', ""),
        ('{"filter": "\\ud800 = 1"}', ":1:13: "),
        ("a = '\0' and b == 1", ":1:15: foreign_operator"),
        ("\udcff", ":1:1: invalid_encoding: "),
    ],
    ids=range(8),
)
def test_hostile_filters(text: str, report: str) -> None:
    form = "jsonl" if text.startswith("{") else "lines"
    result = run("check", "--format", form, "--file", "-", stdin=text.encode(errors="surrogateescape"))
    assert (result.exit_code, result.exception is None or isinstance(result.exception, SystemExit)) == (
        bool(report),
        True,
    )
    assert result.stdout.startswith(f"standard input{report}" if report else "")
    assert result.stderr.startswith("1 ")


def test_laying_out() -> None:
    text = 'a = 1 and (b in ["x, y"] or c is null)'
    dsl = run("convert", "--indent", text).output
    assert dsl == kf.to_dsl(kf.parse(text), indent=2) + "\n"
    laid_out = run("convert", "--indent", "--to", "json", text).output
    assert laid_out == json.dumps(kf.to_json(kf.parse(text)), indent=2) + "\n"
    number = "1234567890.1234567890123456789"
    assert f'"value": {number}\n' in run("convert", "--indent", "--to", "json", f"a = {number}").output
    assert "give one of them" in run("convert", "--indent", "--file", "a.txt").stderr


FILTERS = st.text(st.sampled_from("ab \"'\\,;é漢\U0001f600\u2028"), max_size=12)


@given(texts=st.lists(FILTERS, min_size=1, max_size=4), data=st.data())
def test_places_and_pieces_in_every_spelling(texts: list[str], data: st.DataObject, tmp_path_factory: Any) -> None:
    """A fault that is put somewhere is found there in the file, and a file whose filters are put back is the file."""
    faulty = [f"a = {json.dumps(text, ensure_ascii=False)} == {text}" for text in texts]
    form: BatchFormat = data.draw(st.sampled_from(["lines", "jsonl", "csv", "tsv"]))
    if form == "lines":
        written = "".join([f"{text}\n" for text in faulty])
    elif form == "jsonl":
        escaped = data.draw(st.booleans())
        written = "".join([json.dumps({"x": "\n", "filter": text}, ensure_ascii=escaped) + "\n" for text in faulty])
    else:
        file = io.StringIO()
        rows = csv.writer(file, delimiter="," if form == "csv" else "\t", quoting=data.draw(st.sampled_from([0, 1])))
        rows.writerows([("x", "filter"), *[("\n,", text) for text in faulty]])
        written = file.getvalue()
    path = tmp_path_factory.getbasetemp() / "filters"
    path.write_bytes(written.encode())
    report = BatchReport(lambda line: None)
    entries = [*batch_entries(str(path), form, ["filter"])]
    assert "".join([entry.piece for entry in entries]) == written
    assert [entry.text for entry in entries if entry.is_filter] == faulty
    assert "".join([entry.with_filter(entry.text, "dsl") if entry.text else entry.piece for entry in entries]).count(
        "=="
    ) == len(faulty)
    for entry in entries:
        report.tried(str(path), entry, lambda filter: None)
    lines = written.split("\n")
    assert len(report.errors) == report.failed == report.filters == len(faulty)
    for error in report.errors:
        line, column = error["line"], error["column"]
        assert isinstance(line, int)
        assert isinstance(column, int)
        assert lines[line - 1][column - 1 :].startswith("==")


def test_five_thousand_filters_in_three_seconds() -> None:
    """A process for each would take minutes; on a quiet machine it is half a second."""
    text = 'name contains "x{0}" and (shortcode in ["a", "b{0}"] or primary_contact.id = "{0}")\n'
    Path("many.txt").write_text("".join([text.format(number) for number in range(5000)]))
    began = time.process_time()
    assert run("check", "-e", "clients", "--file", "many.txt").stderr == "5000 filters are valid for clients\n"
    assert time.process_time() - began < 3
