"""`match` on real data: files as they are, and what people expect of a command that searches."""

import bz2
import gzip
import json
import lzma
import os
import subprocess
import sys
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kanbert_filter.cli import commands

TABLE = """| Field | Type | Operators |
|---|---|---|
| title | string | |
| budget | number | |
| done | boolean | |
| client.name | string | |
| archived | enum: with, only, without | |
| custom.* | custom | |
| tasks | Relation - hours (number) - due (date) | |
"""
LINES = (
    b'{"title": "a", "budget": 1.50, "client": {"name": "x, y"}}\n'
    b'{"title": "b",  "budget": 2, "done": true, "tasks": [{"hours": 3}]}\n'
    b'{"title": "c", "budget": null}\n'
)


@pytest.fixture(autouse=True)
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("t.md").write_text(TABLE)
    Path("a.jsonl").write_bytes(LINES)


def match(*arguments: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(commands.run, ["match", "-e", "t.md", *arguments], input=stdin)


def written(*arguments: str, stdin: bytes = b"") -> str:
    result = match("-q", *arguments, stdin=stdin)
    assert result.exit_code == 0, result.stderr
    assert result.stderr == ""
    return result.stdout_bytes.decode()


# files as they are


def test_compressed_files() -> None:
    found = LINES.splitlines(keepends=True)[1].decode()
    packed = {"a.jsonl.gz": gzip.compress(LINES), "b.bz2": bz2.compress(LINES), "c.json.xz": lzma.compress(LINES)}
    for name, data in packed.items():
        Path(name).write_bytes(data)
        assert written("budget = 2", name) == found
        assert written("budget = 2", stdin=data) == found


@pytest.mark.parametrize("name", ["a.jsonl.zst", "-"])
def test_zstd(name: str) -> None:
    zstandard = pytest.importorskip("zstandard", reason="Python before 3.14 needs the package zstandard for zstd")
    packed = zstandard.compress(LINES) + zstandard.compress(b'{"budget": 2}')
    Path("a.jsonl.zst").write_bytes(packed)
    assert written("budget = 2", name, stdin=packed).splitlines()[1:] == ['{"budget": 2}']


def test_zstd_without_a_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "zstandard", None)
    monkeypatch.setitem(sys.modules, "compression", None)
    Path("a.zst").write_bytes(b"\x28\xb5\x2f\xfd")
    result = match("budget = 2", "a.zst")
    assert (result.exit_code, result.stdout) == (2, "")
    remedy = "run pip install zstandard, or unpack it with zstd -dc"
    assert result.stderr == f"Error: a.zst is compressed with zstd; {remedy}\n"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (
            gzip.compress(LINES, mtime=0)[:-9],
            "cannot be unpacked: Compressed file ended before the end-of-stream marker",
        ),
        (gzip.compress(LINES, mtime=0)[:20] + b"\0" * 20, "cannot be unpacked: "),
        (bz2.compress(LINES)[:-4] + b"\0" * 4, "cannot be unpacked: "),
        (b"SQLite format 3\0", "holds a SQLite database; write a table of it first"),
        (b"PK\x03\x04", "holds a ZIP archive or a workbook; unpack it, or save the sheet as CSV"),
        ('{"title": "a"}'.encode("utf-16"), "holds UTF-16; convert it first, for example with iconv"),
        (b"title,budget\na,1\n", "has no name or beginning of a known format: give --format jsonl, json, csv or tsv"),
        (b"\0\1\2", "has no name or beginning of a known format"),
    ],
    ids=range(8),
)
def test_what_is_not_recognised_is_said_with_the_way_out(data: bytes, reason: str) -> None:
    Path("data").write_bytes(data)
    for result, shown in ((match("budget = 2", "data"), "data"), (match("budget = 2", stdin=data), "standard input")):
        assert (result.exit_code, result.stdout) == (2, "")
        assert result.stderr.startswith(f"Error: {shown} {reason}")
        assert "Traceback" not in result.stderr


ROWS: list[dict[str, Any]] = [
    {
        "title": "a",
        "budget": 2,
        "done": True,
        "client": {"name": "x"},
        "custom": [("k", "v")],
        "tasks": [{"hours": 3, "due": date(2024, 1, 31)}],
        "at": datetime(2024, 1, 1, 12, 0, 0, 5, tzinfo=UTC),
        "exact": Decimal("1.50"),
        "real": 0.5,
        "raw": b"\xff",
    },
    {"title": "b", "budget": 3, "real": float("nan"), "client": None, "tasks": None},
]


def columnar(form: str, name: str, rows: list[dict[str, Any]]) -> None:
    pyarrow = pytest.importorskip("pyarrow", reason="the extra columnar brings it")
    from pyarrow import ipc, parquet

    task = pyarrow.struct([("hours", pyarrow.int64()), ("due", pyarrow.date32())])
    types = {
        "title": pyarrow.string(),
        "budget": pyarrow.int64(),
        "done": pyarrow.bool_(),
        "client": pyarrow.struct([("name", pyarrow.string())]),
        "custom": pyarrow.map_(pyarrow.string(), pyarrow.string()),
        "tasks": pyarrow.list_(task),
        "at": pyarrow.timestamp("ns", "UTC"),
        "exact": pyarrow.decimal128(5, 2),
        "real": pyarrow.float64(),
        "raw": pyarrow.binary(),
    }
    table = pyarrow.Table.from_pylist(rows, schema=pyarrow.schema(list(types.items())))
    if form == "parquet":
        parquet.write_table(table, name)
    else:
        with ipc.new_file(name, table.schema) as sink:
            sink.write_table(table)


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columnar_files(form: str) -> None:
    columnar(form, "a.data", ROWS)
    record = {
        **ROWS[0],
        "custom": {"k": "v"},
        "tasks": [{"hours": 3, "due": "2024-01-31"}],
        "at": "2024-01-01T12:00:00.000005+00:00",
        "exact": 1.5,
        "raw": "/w==",
    }
    filter = "budget = 2 and done = true and client.name = 'x' and custom.k = 'v' and tasks any (due = '2024-01-31')"
    output = written(filter, "a.data")
    assert json.loads(output) == record
    assert '"exact": 1.50' in output
    assert json.loads(written("budget = 3", "a.data"))["real"] is None
    assert written("-o", "csv", "-f", "title,at,exact,real,raw,tasks", "budget > 1", "a.data") == (
        "title,at,exact,real,raw,tasks\n"
        'a,2024-01-01T12:00:00.000005+00:00,1.50,0.5,/w==,"[{""hours"": 3, ""due"": ""2024-01-31""}]"\n'
        "b,,,,,\n"
    )
    assert written("-c", "budget > 1", "a.data", "a.jsonl") == "4\n"
    assert "a.data is " + form + ", and --at leads" in match("--at", "x", "budget > 1", "a.data").stderr


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columnar_files_that_cannot_be_read(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    columnar(form, "a.data", ROWS)
    data = Path("a.data").read_bytes()
    Path("b.data").write_bytes(data[:40])
    failed = match("budget = 2", "b.data")
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert failed.stderr.startswith("Error: b.data cannot be read: ")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    failed = match("budget = 2", "a.data")
    assert failed.exit_code == 2
    install = "run pip install 'kanbert-filter[columnar]', or convert it, for example with duckdb"
    assert failed.stderr == f"Error: a.data is {form.title()}; {install}\n"


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_columnar_files_do_not_come_through_pipes(form: str) -> None:
    columnar(form, "a.data", ROWS)
    command = f"cat a.data | {sys.executable} -m kanbert_filter match -e t.md 'budget = 2'"
    root = str(Path(__file__).parents[2])
    run = subprocess.run(command, shell=True, env=os.environ | {"PYTHONPATH": root}, capture_output=True, check=False)
    assert (run.returncode, run.stdout) == (2, b"")
    assert (
        run.stderr.decode()
        == f"Error: standard input is {form.title()}, which cannot be read from a pipe; give the file\n"
    )


@pytest.mark.parametrize(
    ("data", "output"),
    [
        (b'{"budget": 2}\n{"budget": 3}\n', '{"budget": 2}\n'),
        (b'\xef\xbb\xbf\n  {"budget": 2}\n\n', '{"budget": 2}\n'),
        (b'{"budget": 2}', '{"budget": 2}\n'),
        (b'[{"budget": 2},\n{"budget": 3}]', '[{"budget": 2}]\n'),
        (b'{\n  "budget": 2\n}\n{\n  "budget": 3\n}', '[{\n  "budget": 2\n}]\n'),
        (b"", ""),
        (b" \n", ""),
    ],
)
def test_json_in_every_layout(data: bytes, output: str) -> None:
    assert written("budget = 2", stdin=data) == output
    for name in ("a", "a.json"):
        Path(name).write_bytes(data)
        if data.strip():
            assert written("budget = 2", name) == output
    assert written("-o", "jsonl", "budget = 2", stdin=data).count("\n") == bool(data.strip())


def test_records_inside_a_document() -> None:
    document = {"meta": {"total": 2}, "data": {"items": [{"budget": 2}, {"budget": 3}], "a.b": [{"budget": 2}]}}
    text = json.dumps(document, indent=1).encode()
    assert json.loads(written("--at", "data.items", "budget = 2", stdin=text)) == [{"budget": 2}]
    assert written("--at", "/data/a.b", "-o", "jsonl", "budget = 2", stdin=text).split() == ["{", '"budget":', "2", "}"]
    failed = match("--at", "data.things", "budget = 2", stdin=text)
    assert (failed.exit_code, failed.stdout) == (2, "")
    assert (
        failed.stderr
        == "Error: standard input, line 19: Found no key 'things', expected the records at 'data.things'\n"
    )
    Path("a.csv").write_text("budget\n1\n")
    assert "a.csv is csv, and --at leads to records in JSON" in match("--at", "x", "budget = 2", "a.csv").stderr
    assert "expected keys joined by '.'" in match("--at", "x..y", "budget = 2").stderr


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_csv_is_kept_byte_for_byte(end: str, last: bool) -> None:
    rows = ['\ufefftitle;"budget";note', '"a";.5;"x;', 'y"', "b; 2 ;", 'c;5.;""']
    Path("a.csv").write_bytes(end.join([*rows, ""] if last else rows).encode())
    kept = end.join([*rows[:3], rows[4], ""])
    assert written("budget < 1 or budget = 5", "a.csv") == kept
    assert written("budget > 99", "a.csv") == rows[0] + end


def test_tab_separated() -> None:
    Path("a.tsv").write_bytes(b"title\tbudget\na\t1\nb\t2\n")
    assert written("budget = 2", "a.tsv") == "title\tbudget\nb\t2\n"
    assert written("budget = 2", "-o", "csv", "a.tsv") == "title,budget\nb,2\n"
    assert written("-d", "tab", "--format", "csv", "budget = 2", "a.tsv") == "title\tbudget\nb\t2\n"


def test_words_for_null() -> None:
    data = b"title,budget\nNA,NA\nx,-\n"
    assert written("--format", "csv", "--null", "NA", "--null", "-", "budget is null", stdin=data) == data.decode()
    failed = match("--format", "csv", "--null", "NA", "budget is null", stdin=data)
    assert failed.exit_code == 2
    assert "line 3: Column 'budget' holds '-', expected a number or nothing. With --skip-bad" in failed.stderr


WRONG = b"""{"title": "a", "budget": "many", "client": {"name": 5}, "tasks": [{"hours": "x"}, {"hours": 2}, 7]}
{"title": 1, "budget": 2, "client": "x", "tasks": "none"}
{"title": "many", "budget": "many", "tasks": [{"hours": 2, "due": "soon"}]}
"""


@pytest.mark.parametrize(
    ("filter", "lines"),
    [
        ("budget > 1", [2]),
        ("budget > 1 or title = 'many'", [2, 3]),
        ("budget > 1 or client.name = 'x' or title = 'many' or tasks any (hours > 5)", [2, 3]),
        ("title = 'a' and client.name != 'x'", []),
        ("title != 'b' or client.name = 'x' or budget = 2", [1, 2, 3]),
        ("tasks any (hours = 2)", [1, 3]),
        ("tasks any (hours = 2 and due > today)", []),
        ("tasks none (hours > 5 or due > today)", [1, 2, 3]),
        ("tasks.count = 3", [1]),
    ],
)
def test_values_of_a_wrong_type_as_null(filter: str, lines: list[int]) -> None:
    found = written("--wrong-type", "null", filter, stdin=WRONG).splitlines()
    assert found == [WRONG.decode().splitlines()[number - 1] for number in lines]
    assert match(filter, stdin=WRONG).exit_code == 2


def test_several_files() -> None:
    Path("b.jsonl").write_bytes(b'{"title": "d", "budget": 2}\nbad\n')
    assert [json.loads(line)["title"] for line in written("budget > 1", "a.jsonl", "a.jsonl").splitlines()] == list(
        "abab"
    )
    result = match("--skip-bad", "budget = 2", "a.jsonl", "b.jsonl", "-", stdin=b"[5]")
    assert result.stdout.count("\n") == 2
    told = "2 of 4 records match; 2 bad left out, the first on b.jsonl, line 2: Found text that is not JSON"
    assert result.stderr.startswith(told)
    assert "b.jsonl, line 2: " in match("budget = 2", "a.jsonl", "b.jsonl").stderr


def test_several_files_of_csv() -> None:
    Path("a.csv").write_text("title,budget\na,1\nb,2")
    Path("b.csv").write_text("title,budget\nc,2\n")
    Path("c.csv").write_text("budget,title\n2,d\n")
    assert written("budget = 2", "a.csv", "b.csv") == "title,budget\nb,2\nc,2\n"
    failed = match("budget = 2", "a.csv", "c.csv")
    assert (failed.exit_code, failed.stdout) == (2, "title,budget\nb,2\n")
    assert failed.stderr == "Error: c.csv has other columns than the file before it; choose columns with --fields\n"
    assert written("-f", "title", "budget = 2", "a.csv", "c.csv", "a.jsonl") == "title\nb\nd\nb\n"
    assert written("budget = 2", "a.csv", "a.jsonl") == "title,budget\nb,2\nb,2\n"
    mixed = written("budget = 2", "a.jsonl", "c.csv")
    assert [json.loads(line)["title"] for line in mixed.splitlines()] == ["b", "d"]


def test_columns_whose_names_no_filter_can_write() -> None:
    Path("t.md").write_text(
        "Field | Type | Source\n-|-|-\nlength | number | `Sepal.Length`\nby | string | who.`first name`\n"
    )
    Path("a.csv").write_text("Sepal.Length,who.first name\n5,x\n6,y\n")
    Path("a.jsonl").write_text('{"Sepal.Length": 6, "who": {"first name": "y"}}\n')
    assert written("length > 5 and by = 'y'", "a.csv") == "Sepal.Length,who.first name\n6,y\n"
    assert written("-o", "csv", "-f", "length,by", "length > 5", "a.csv", "a.jsonl") == "length,by\n6,y\n6,y\n"
    assert written("-o", "tsv", "length > 5", "a.csv") == "Sepal.Length\twho.first name\n6\ty\n"
    assert written("-o", "jsonl", "length > 5", "a.csv") == '{"Sepal.Length": 6, "who": {"first name": "y"}}\n'
    assert written("-o", "csv", "length > 5", "a.jsonl", "a.csv") == "length,by\n6,y\n6,y\n"
    run = CliRunner().invoke(commands.run, ["endpoints", "t.md", "--as", "json", "--sources"])
    Path("t.json").write_text(run.stdout)
    assert json.loads(run.stdout)["fields"]["length"]["source"] == ["Sepal.Length"]
    again = CliRunner().invoke(commands.run, ["endpoints", "t.json", "--as", "markdown", "--sources"])
    assert "| `Sepal.Length` |" in again.stdout
    assert "Sepal" not in CliRunner().invoke(commands.run, ["endpoints", "t.json", "--as", "markdown"]).stdout


# what people expect


def test_invert_count_limit() -> None:
    assert [json.loads(line)["title"] for line in written("-v", "budget = 2", "a.jsonl").splitlines()] == ["a", "c"]
    assert match("-v", "budget = 2", "a.jsonl").stderr == "2 of 3 records do not match\n"
    assert match("-v", "budget = 2", stdin=b'{"budget": 1}').stderr == "1 of 1 record does not match\n"
    assert written("-c", "budget is not null", "a.jsonl", "a.jsonl") == "4\n"
    assert match("-c", "-v", "budget is not null", "a.jsonl").stdout == "1\n"
    assert written("-n", "1", "budget is not null", "a.jsonl", "missing.jsonl").count("\n") == 1
    assert written("-n", "0", "budget is not null", "a.jsonl") == ""
    assert written("-c", "-n", "2", "budget is not null", "a.jsonl", "a.jsonl") == "2\n"
    assert match("-n", "-1", "budget = 2", "a.jsonl").exit_code == 2


def test_the_exit_status_tells_whether_anything_matched_only_if_asked() -> None:
    for options, status in (((), 0), (("-x",), 1), (("--exit-status", "-v"), 0), (("-x", "-c"), 1)):
        assert match(*options, "budget = 99", "a.jsonl").exit_code == status


FIELDS = ("-f", "title, client.name,tasks,custom.a,nowhere.b")


@pytest.mark.parametrize(
    ("options", "output"),
    [
        (
            ("-o", "jsonl"),
            '{"title": "a", "client.name": "x, y", "tasks": null, "custom.a": null, "nowhere.b": null}\n'
            '{"title": "b", "client.name": null, "tasks": [{"hours": 3}], "custom.a": null, "nowhere.b": null}\n',
        ),
        (
            ("-o", "csv"),
            'title,client.name,tasks,custom.a,nowhere.b\na,"x, y",,,\nb,,"[{""hours"": 3}]",,\n',
        ),
        (
            ("-o", "tsv"),
            'title\tclient.name\ttasks\tcustom.a\tnowhere.b\na\tx, y\t\t\t\nb\t\t"[{""hours"": 3}]"\t\t\n',
        ),
        (
            ("-o", "table"),
            "title  client.name  tasks           custom.a  nowhere.b\n"
            "a      x, y\n"
            'b                   [{"hours": 3}]\n',
        ),
        (
            ("-o", "csv", "-H"),
            'file,title,client.name,tasks,custom.a,nowhere.b\na.jsonl,a,"x, y",,,\na.jsonl,b,,"[{""hours"": 3}]",,\n',
        ),
    ],
)
def test_fields_and_formats(options: tuple[str, ...], output: str) -> None:
    assert written(*options, *FIELDS, "budget > 0", "a.jsonl") == output


def test_formats_without_fields_have_those_of_the_endpoint() -> None:
    assert written("-o", "csv", "budget = 1.5", "a.jsonl") == 'title,budget,done,client.name,tasks\na,1.50,,"x, y",\n'
    assert written("-o", "json", "-f", "budget,done", "budget > 0", "a.jsonl") == (
        '[{"budget": 1.50, "done": null},\n {"budget": 2, "done": true}]\n'
    )


def test_tables_escape_what_terminals_act_on() -> None:
    data = b'{"title": "\\u001b[31m\\n"}\n{"title": "longer than the first"}'
    assert written("-o", "table", "-f", "title", "title is not null", stdin=data) == (
        "title\n\\x1b[31m\\n\nlonger than the first\n"
    )


def test_half_a_surrogate_pair_comes_out_escaped() -> None:
    data = rb'{"title": "\ud800x\udcff", "\ud83d\ude00": "\ud83d\ude00"}'
    filter = "title is not null"
    assert written(filter, stdin=data).strip().encode() == data
    assert json.loads(written("-f", "title", filter, stdin=data))["title"] == "\ud800x\udcff"
    assert written("-o", "csv", "-f", "title", filter, stdin=data) == "title\n\\ud800x\\udcff\n"
    assert written("-o", "table", "-f", "title", filter, stdin=data) == "title\n\\ud800x\\udcff\n"


def test_long_tables_are_written_as_they_come() -> None:
    lines = b"".join(b'{"title": "%d", "budget": 1}\n' % number for number in range(300))
    Path("long.jsonl").write_bytes(lines + b'{"title": "wider than all others", "budget": 1}\n')
    rows = written("-o", "table", "-f", "title,budget", "budget = 1", "long.jsonl").splitlines()
    assert rows[:2] == ["title  budget", "0      1"]
    assert (len(rows), rows[-1]) == (302, "wider than all others  1")
    assert written("-o", "table", "-f", "title,budget", "budget = 9", "long.jsonl") == "title  budget\n"


def test_with_filename() -> None:
    Path("a.csv").write_bytes(b"\xef\xbb\xbftitle;budget\r\nb;2\r\n")
    assert written("-H", "budget = 2", "a.jsonl") == f"a.jsonl:{LINES.splitlines()[1].decode()}\n"
    assert written("-H", "budget = 2", stdin=LINES).startswith('standard input:{"title": "b"')
    assert written("-H", "budget = 2", "a.csv") == "file;title;budget\r\na.csv;b;2\r\n"
    assert written("-H", "-o", "table", "-f", "title", "budget = 2", "a.csv") == "file   title\na.csv  b\n"
    Path("a.json").write_bytes(b'[{"budget": 2},\n{"budget":\n2}]')
    assert written("-H", "budget = 2", "a.json") == 'a.json:{"budget": 2}\na.json:{"budget": 2}\n'
    assert "no line for each record" in match("-H", "-o", "json", "budget = 2", "a.jsonl").stderr


def test_a_column_that_is_missing_is_reported() -> None:
    data = b"title,client\nx,\n"
    filter = "done = true or (client.name = 'x' and custom.a = 1) or tasks none (hours = 1) or title = 'x'"
    result = match("--format", "csv", filter, stdin=data)
    assert (result.exit_code, result.stdout) == (0, data.decode())
    assert result.stderr.splitlines() == [
        "Note: standard input has no column for 'done', which is null there",
        "Note: standard input has no column for 'custom.a', which is null there",
        "Note: standard input has no column for 'tasks', which is null there",
        "1 of 1 record matches",
    ]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["a.jsonl", "budget = 2"], "Found the file 'a.jsonl' as the filter; the filter comes first, in quotes"),
        (["a.jsonl"], "Found the file 'a.jsonl' as the filter"),
        (["budget", "=", "2", "a.jsonl"], "put it in quotes, as in 'budget = 2'"),
        (["title", "contains", "x", "a.jsonl"], "put it in quotes, as in 'title contains x'"),
        (["-", "-"], "cannot both come from standard input"),
        (["budget = 2", "-", "-"], "cannot both come from standard input"),
        (["-f", "a,,b", "budget = 2", "a.jsonl"], "expected names separated by commas"),
    ],
)
def test_slips_of_a_shells_user(arguments: list[str], reason: str) -> None:
    result = match(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert reason in " ".join(result.stderr.split())


def test_messages_have_the_words_of_json() -> None:
    values: dict[str, Any] = {
        '"x"': "the text 'x'",
        "true": "the boolean true",
        "[1]": "a list",
        '{"a": "secret"}': "an object",
        "1e99999999999999999999": "the number 1e99999999999999999999",
    }
    for value, shown in values.items():
        result = match("budget > 1", stdin=b'{"budget": %s}' % value.encode())
        assert result.stderr.startswith(
            f"Error: standard input, line 1: Field 'budget' holds {shown}, expected a value"
        )
    assert "holds the number 1.50" in match("title = 'x'", stdin=b'{"title": 1.50}').stderr


# why


def test_explanations() -> None:
    result = match("--explain", "budget >= 2 and (title = 'b' or tasks any (hours > 5))", "a.jsonl")
    assert result.exit_code == 0
    assert result.stderr == "1 of 3 records match\n"
    assert result.stdout.splitlines()[:11] == [
        "line 1: does not match",
        "  ✗ all of",
        "    ✗ budget >= 2  (found 1.50)",
        "    ✗ any of",
        "      ✗ title = \"b\"  (found 'a')",
        "      ✗ tasks any  (0 related)",
        "line 2: matches",
        "  ✓ all of",
        "    ✓ budget >= 2  (found 2)",
        "    ✓ any of",
        "      ✓ title = \"b\"  (found 'b')",
    ]


def test_explanations_of_what_is_missing() -> None:
    result = match("--explain", "-v", "budget >= 2", "a.jsonl", "a.jsonl")
    lines = result.stdout.splitlines()
    assert lines[::2] == [f"a.jsonl, line {line}: does not match" for line in (1, 3, 1, 3)]
    assert lines[3] == "  ✗ budget >= 2  (found null)"
    assert result.stderr == "4 of 6 records do not match\n"
    assert match("--explain", "-v", "-n", "1", "budget >= 2", "a.jsonl", "a.jsonl").stdout.count("line") == 1
    assert match("--explain", "-n", "0", "budget >= 2", "a.jsonl").stdout == ""
    assert match("--explain", "-x", "budget > 99", "a.jsonl").exit_code == 1


def test_explanations_for_programs() -> None:
    text = written("--explain", "-o", "jsonl", "budget >= 2", "a.jsonl")
    assert [json.loads(line) for line in text.splitlines()][:2] == [
        {"line": 1, "matches": False, "filter": "budget >= 2", "field": "budget", "found": 1.5},
        {"line": 2, "matches": True, "filter": "budget >= 2", "field": "budget", "found": 2},
    ]


def test_explanations_of_what_cannot_be_read() -> None:
    unreadable = "? budget > 1  (field 'budget' holds 'many', expected a value of type 'number' or null)"
    result = match("--explain", "budget > 1", stdin=WRONG)
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:2] == ["line 1: cannot be decided", f"  {unreadable}"]
    for options in (["-c"], ["-f", "title"], ["-o", "csv"], ["--wrong-type", "null"]):
        refused = match("--explain", *options, "budget > 1", stdin=WRONG)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert "--explain writes no records" in refused.stderr
