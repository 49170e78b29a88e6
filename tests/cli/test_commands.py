"""The commands as a shell runs them: what goes where, and with which exit status."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import kanbert_filter as kf
from kanbert_filter.cli import commands, main, progress, shell as shell_module
from kanbert_filter.endpoints.field_table import TYPES
from kanbert_filter.operators import OPERATORS

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
PROJECTS = str(EXAMPLES / "projects.md")
COMMAND = [sys.executable, "-m", "kanbert_filter"]


def run(*arguments: str, stdin: str | bytes = b"", **options: Any) -> Result:
    return CliRunner().invoke(commands.run, [*arguments], input=stdin, **options)


def shell(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=60, check=False, **options)


# convert


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["title contains 'x'"], 'title contains "x"\n'),
        (["--to", "json", "budget>=1000.50"], '[{"field": "budget", "op": "gte", "value": 1000.5}]\n'),
        (['[{"field": "a", "op": "eq", "value": 1}]'], "a = 1\n"),
        (["--to", "query", "title = 'a+b'"], "filter=title%20%3D%20%22a%2Bb%22\n"),
        (["?page=3&filter=title+%3D+%22x%22"], 'title = "x"\n'),
        (["page=3&filter=title%20is%20null"], "title is null\n"),
        (["filter%5B0%5D%5Bfield%5D=title&filter[0][op]=isnull"], "title is null\n"),
        (["--from", "query", ""], ""),
        (["  "], ""),
        (["--to", "query", "[]"], ""),
        (["filter = 'x'"], 'filter = "x"\n'),
        (["https://api.kanbert.com/api/v1/clients?sort=-name&filter=title%20is%20null"], "title is null\n"),
        (["--from", "query", " https://x?filter%5Bfield%5D=title&filter%5Bop%5D=isnull"], "title is null\n"),
        (["title contains 'x&filter=1'"], 'title contains "x&filter=1"\n'),
        (["--from", "dsl", "title = 'ä'"], 'title = "ä"\n'),
        (["--from", "json", "[]", "--to", "form"], ""),
    ],
)
def test_convert(arguments: list[str], written: str) -> None:
    result = run("convert", *arguments)
    assert (result.exit_code, result.output) == (0, written)


@pytest.mark.parametrize(
    "value", ["50% & a+b=c", " x ", "line\nbreak", "#1", "x\u2028y\x85", "ä ö", "%25", "filter[0]=", ""]
)
def test_forms_come_back(value: str) -> None:
    filter = kf.field("title").eq(value) & (kf.field("budget") >= 1000)
    form = run("convert", "--endpoint", PROJECTS, "--to", "form", kf.to_json_text(filter))
    assert form.stdout.count("\n") == 6
    back = run("convert", "--endpoint", PROJECTS, "--to", "json", stdin=form.stdout)
    assert kf.parse(back.stdout) == filter


def test_a_form_needs_the_endpoint_to_know_its_numbers() -> None:
    form = "filter[0][field]=budget\nfilter[0][op]=gte\nfilter[0][value]=1000\n"
    assert run("convert", "--from", "form", "-", stdin=form).exit_code == 1
    assert run("convert", "--endpoint", PROJECTS, "-", stdin=form).output == "budget >= 1000\n"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["title == 'x'"], "title == 'x'\n        ^^"),
        (["--from", "form", "flter[0][field]=title"], "Found no parameter 'filter'"),
        (["title = '\udcff'"], "not UTF-8"),
        (["\udcff\udcfet"], "Found text in UTF-16, expected UTF-8"),
        (["--from", "dsl", "[title = '\udcff'"], "Found"),
        (["--to", "form", "title in []"], "A form cannot say an empty list"),
        (["--endpoint", PROJECTS, "titel = 1"], "Did you mean 'title'?"),
    ],
)
def test_convert_tells_what_is_wrong(arguments: list[str], told: str) -> None:
    result = run("convert", *arguments)
    assert (result.exit_code, result.stdout) == (1, "")
    assert told in result.stderr


@pytest.mark.parametrize("command", ["convert", "check"])
def test_a_filter_without_quotes_is_recognised(command: str) -> None:
    result = run(command, "title", "contains", "x")
    assert (result.exit_code, result.stdout) == (2, "")
    reason = "Found 3 arguments, expected one filter; put it in quotes, as in 'title contains x'."
    assert reason in " ".join(result.stderr.split())


# check


@pytest.mark.parametrize(
    "text",
    [
        'filter=state = "CA" & latitude > 41.8',
        'page=2&filter=title = "R&D"',
        "?Filter=title%20is%20null",
        "filter=title%20is%20null&amp;filter[0][field]=x",
        "?filter.0.field=title",
    ],
)
def test_what_can_only_be_a_misspelled_filter_is_not_valid(text: str) -> None:
    for result in (run("check", text), run("check", stdin=text), run("convert", text)):
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("Found ")


def test_check_says_what_is_right() -> None:
    assert run("check", "title = 1").output == "The filter is well-formed\n"
    assert run("check", "--endpoint", "clients", stdin="name = 'x'").output == "The filter is valid for clients\n"
    assert run("check", "--json", "title = 1").output == ""


def test_check_shows_every_problem_with_its_caret() -> None:
    result = run("check", "--endpoint", PROJECTS, "titel = 'x' and budget contains 'y'")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Unknown field 'titel'. Did you mean 'title'?\n  titel = 'x'")
    assert "\n  ^^^^^\nOperator 'contains' is not allowed" in result.stderr


def test_check_writes_the_documented_body() -> None:
    result = run("check", "--endpoint", "clients", "--json", "nam = 'x'")
    assert (result.exit_code, result.stderr) == (1, "")
    with pytest.raises(kf.FilterCheckError) as error:
        kf.kanbert_endpoints()["clients"].parse("nam = 'x'")
    assert json.loads(result.stdout) == error.value.response_body(detailed=True)


def test_colour_only_where_it_is_wanted() -> None:
    assert "\x1b[31m" in run("check", "a ==", color=True).stderr
    assert "\x1b" not in run("check", "a ==", env={"NO_COLOR": "1"}, color=True).stderr
    assert "\x1b" not in run("check", "a ==").stderr


# match


def test_match_writes_the_lines_as_they_came() -> None:
    lines = b'{"title":"Acme",  "budget": 1.10}\r\n\n  {"title":"B","budget":null}\n{"budget":2}'
    result = run("match", "--endpoint", PROJECTS, "budget is not null", "-", stdin=lines)
    assert result.exit_code == 0
    assert result.stdout_bytes == b'{"title":"Acme",  "budget": 1.10}\n{"budget":2}\n'
    assert result.stderr == "2 of 3 records match\n"


def test_match_reads_the_filter_from_standard_input() -> None:
    result = run(
        "match", "--quiet", "--endpoint", PROJECTS, "-", str(EXAMPLES / "projects.csv"), stdin="shortcode = 'P-1002'"
    )
    assert result.stdout.count("\n") == 2
    assert result.stderr == ""


CSV = "title;budget;client.name\nA;1,5;x\n"


@pytest.mark.parametrize(
    ("name", "text", "options", "written"),
    [
        ("a.jsonl", '{"title": "x"}\n{"title": "y"}\n', [], '{"title": "x"}\n'),
        ("a.NDJSON", '{"title": "x"}\n', [], '{"title": "x"}\n'),
        (
            "a.json",
            '[{"title": "x"}, {"title": "y"},\n{"title":\n\t"x"}]',
            [],
            '[{"title": "x"},\n {"title":\n\t"x"}]\n',
        ),
        ("a.json", '[{"title": "y"}]', [], "[]\n"),
        ("a.json", '[{"title":\r\n\t"x"}]', ["--output", "jsonl"], '{"title": "x"}\n'),
        ("a.jsonl", '{"title": "x"}\n{"title": "x"}\n', ["--output", "json"], '[{"title": "x"},\n {"title": "x"}]\n'),
        ("a.csv", 'id,title\n1,"x"\n2,y\n', [], 'id,title\n1,"x"\n'),
        ("a.csv", "id,title\n2,y\n", [], "id,title\n"),
        (
            "a.csv",
            "title,budget,is_acquisition,client.name,tasks,other\nx,1.50,TRUE,,[{}],\n",
            ["--output", "jsonl"],
            '{"title": "x", "budget": 1.50, "is_acquisition": true, "client": {"name": null}, "tasks": [{}], "other": null}\n',
        ),
        ("a.csv", "title,budget\nx,1\n", ["--output", "json"], '[{"title": "x", "budget": 1}]\n'),
        ("a.csv", "title;budget\nx;1\n", ["--delimiter", ";"], "title;budget\nx;1\n"),
        ("a.data", "title\tbudget\nx\t1\n", ["--delimiter", "tab", "--format", "csv"], "title\tbudget\nx\t1\n"),
    ],
)
def test_match_formats(name: str, text: str, options: list[str], written: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(text.encode())
    result = run("match", "--endpoint", PROJECTS, *options, "title = 'x'", str(tmp_path / name))
    assert result.stdout_bytes.decode() == written, result.stderr


def test_match_takes_its_context_from_options() -> None:
    record = json.dumps({"created_at": "2024-05-01T22:30:00", "primary_contact": {"id": 7}})
    filter = "created_at = today and created_at >= sow and primary_contact.id = me.id"
    options = ["--now", "2024-05-02T12:00:00+02:00", "--timezone", "Europe/Vienna", "--me", "7", "--quiet"]
    found = run("match", "--endpoint", PROJECTS, *options, "--week-start", "thursday", filter, stdin=record)
    assert found.stdout == f"{record}\n"
    assert not run(
        "match", "--endpoint", PROJECTS, *options, "--storage-timezone", "Asia/Tokyo", filter, stdin=record
    ).stdout


def test_match_binds_scopes() -> None:
    scopes = [f"--scope=archived.{c}" for c in ("with=", "only=archived_at is not null", "without=archived_at is null")]
    clients = str(EXAMPLES / "clients.json")
    found = run("match", "--endpoint", "clients/full", *scopes, "--output", "jsonl", "archived = 'only'", clients)
    assert [json.loads(line)["id"] for line in found.stdout.splitlines()] == ["cli_02"]
    for arguments, told in (
        (scopes[:1], "the choices are with, only, without"),
        (["--scope", "archived.with=a =="], "a =="),
        (["--scope", "archived=x"], "expected NAME.CHOICE=FILTER"),
        ([], "give --scope NAME.CHOICE=FILTER"),
    ):
        failed = run("match", "--endpoint", "clients/full", *arguments, "archived = 'only'", clients)
        assert failed.exit_code == 2
        assert told in failed.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["--endpoint", PROJECTS, "titel = 'x'"], 1, "Did you mean 'title'?"),
        (["--endpoint", PROJECTS, "primary_contact.id = me.id"], 2, "give --me ID"),
        (["--endpoint", PROJECTS, "-"], 2, "cannot both come from standard input"),
        (["--endpoint", PROJECTS, "title = 'x'", PROJECTS], 2, "has no name or beginning of a known format: give"),
        (["--endpoint", PROJECTS, "title = 'x'", "missing.jsonl"], 2, "missing.jsonl cannot be read: No such file"),
        (["--endpoint", PROJECTS, "title = 'x'", "."], 2, "Error: . cannot be read: Is a directory"),
        (["--endpoint", PROJECTS, "title = 'x'", "a\0b"], 2, "cannot be read: No such file"),
        (["--endpoint", "a\0b.md", "title = 'x'"], 2, "cannot be read: No such file"),
        (["--endpoint", str(EXAMPLES) + ".md", "title = 'x'"], 2, "cannot be read: No such file"),
        (["title = 'x'"], 2, "Missing option '-e' / '--endpoint'"),
        (
            ["--endpoint", PROJECTS, "--now", "2024-05-01T12:00:00", "title = 'x'"],
            2,
            "expected a timestamp with an offset",
        ),
        (["--endpoint", PROJECTS, "--now", "noon", "title = 'x'"], 2, "expected a timestamp with an offset"),
        (["--endpoint", PROJECTS, "--timezone", "Mars", "title = 'x'"], 2, "is no time zone"),
        (["--endpoint", PROJECTS, "--delimiter", ";;", "title = 'x'"], 2, "expected one character"),
        (["--endpoint", PROJECTS, "--delimiter", '"', "title = 'x'"], 2, "expected one character"),
        (["--endpoint", "nowhere", "title = 'x'"], 2, "expected a shipped endpoint"),
    ],
)
def test_match_refuses(arguments: list[str], status: int, told: str) -> None:
    result = run("match", *arguments, stdin='{"title": "x"}')
    assert (result.exit_code, result.stdout) == (status, "")
    assert told in result.stderr


RECORDS = b'{"budget": 1}\n{"budget": "x"}\n\xff\n{"budget": 3}\n'


def test_a_bad_record_ends_it_with_its_line(tmp_path: Path) -> None:
    result = run("match", "--endpoint", PROJECTS, "budget > 0", stdin=RECORDS)
    assert (result.exit_code, result.stdout) == (2, '{"budget": 1}\n')
    assert result.stderr.startswith("Error: standard input, line 2: Field 'budget' holds")
    (tmp_path / "bad.jsonl").write_bytes(RECORDS)
    result = run("match", "--endpoint", PROJECTS, "budget > 0", str(tmp_path / "bad.jsonl"))
    assert f"{tmp_path / 'bad.jsonl'}, line 2: " in result.stderr
    remedy = "With --skip-bad such records are left out, with --wrong-type null such values count as null.\n"
    assert result.stderr.endswith(f"holds the text 'x', expected a value of type 'currency' or null. {remedy}")
    result = run("match", "--endpoint", PROJECTS, "--format", "jsonl", "budget > 0", stdin=b"{\n")
    assert result.stderr.endswith(
        "line 1: Found text that is not JSON: expecting property name enclosed in double"
        " quotes at character 2; for records over several lines give --format json. With"
        " --skip-bad such records are left out.\n"
    )


def test_bad_records_can_be_left_out_and_are_counted() -> None:
    result = run("match", "--endpoint", PROJECTS, "--skip-bad", "budget > 1", stdin=RECORDS)
    assert (result.exit_code, result.stdout) == (0, '{"budget": 3}\n')
    assert result.stderr.startswith("1 of 2 records match; 2 bad left out, the first on line 2: Field 'budget' holds")


# endpoints


def test_endpoints_lists_and_shows() -> None:
    assert run("endpoints").output.splitlines()[:2] == [
        "Endpoint      Fields",
        "clients       name, shortcode, primary_contact.id, origin_space.id",
    ]
    table = run("endpoints", "clients/full").output
    assert "\nprojects            relation " in table
    assert "\n  is_acquisition    boolean " in table
    full = kf.kanbert_endpoints()["clients/full"]
    assert (
        kf.Endpoint.from_markdown("clients/full", run("endpoints", "--as", "markdown", "clients/full").output) == full
    )
    assert kf.Endpoint.from_dict(json.loads(run("endpoints", "--as", "json", "clients/full").output)) == full
    assert "GET /users" in run("endpoints", str(EXAMPLES / "openapi.json")).output
    failed = run("endpoints", "nowhere")
    assert (failed.exit_code, failed.stdout) == (2, "")


def test_endpoints_writes_the_json_schema_of_one() -> None:
    written = run("endpoints", "--json-schema", "clients/full").output
    assert json.loads(written) == kf.kanbert_endpoints()["clients/full"].to_json_schema()
    for arguments in ([], [str(EXAMPLES / "openapi.json")]):  # none, and several
        failed = run("endpoints", "--json-schema", *arguments)
        assert (failed.exit_code, failed.stdout) == (2, "")


# the program


@pytest.mark.parametrize(
    "command", [[], *[[name] for name in commands.run.commands], ["endpoints", "show"], ["endpoints", "infer"]]
)
def test_help_shows_examples_first_and_statuses_last(command: list[str]) -> None:
    text = run(*command, "--help", terminal_width=80).output
    usage, summary, examples, *_, statuses = text.split("\n\n")
    assert usage.startswith("Usage: ")
    assert summary.count("\n") == 0
    assert examples.startswith("  Examples:\n    ")
    assert statuses.split()[:6] == ["Exit", "status:", "0", "all", "is", "well,"]
    assert max(map(len, text.splitlines())) <= 80
    assert "..." not in text.partition("Commands:")[2]


def test_the_tables_of_the_language() -> None:
    operators = run("operators").output.splitlines()
    assert [line.split()[0] for line in operators[1:3]] == ["=", "!="]
    assert len(operators) == len(OPERATORS) + 1
    types = run("types").output.splitlines()
    assert [line.split()[0] for line in types[1::2]] == [*TYPES]
    assert types[types.index(next(line for line in types if line.startswith("scope"))) + 1].split() == ["eq"]


@pytest.mark.parametrize(
    ("failure", "status"), [(BrokenPipeError(), 0), (KeyboardInterrupt(), 130), (OSError(28, "No space left"), 2)]
)
def test_output_that_fails(failure: BaseException, status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise failure

    forgotten = []
    monkeypatch.setattr(shell_module, "forget_output", lambda: forgotten.append(True))
    monkeypatch.setattr(click, "echo", fail)
    result = run("convert", "a = 1", standalone_mode=False)
    found = result.exception
    assert (found.exit_code if isinstance(found, click.ClickException) else result.return_value) == status
    assert found is None or "No space left" in str(found)
    assert bool(forgotten) is (status != 2)


def test_closed_streams(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """As a shell closes them before the command begins; how that looks is tested with a shell."""
    monkeypatch.setattr(sys, "stdin", None)
    with pytest.raises(click.ClickException, match="Standard input is closed, expected the filter"):
        commands.run.main(["check"], standalone_mode=False)
    with pytest.raises(click.ClickException, match="standard input is closed, expected records"):
        commands.run.main(["match", "-e", "clients", "name is null"], standalone_mode=False)
    monkeypatch.setattr(sys, "stderr", None)
    with pytest.raises(SystemExit):
        commands.run.main(["bogus"])
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(sys, "stdout", None)
    with pytest.raises(click.ClickException, match="Standard output is closed"):
        commands.run.main(["endpoints"], standalone_mode=False)


def test_output_is_forgotten_for_good() -> None:
    script = "import sys; from kanbert_filter.cli.shell import forget_output; forget_output(); print('lost')"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, check=True).stdout == b""
    with CliRunner().isolation():
        shell_module.forget_output()


def test_without_click_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 2
    assert capsys.readouterr().err == "kanbert-filter needs Click: run pip install 'kanbert-filter[cli]'\n"


def test_main_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kanbert-filter", "convert", "a=1"])
    with pytest.raises(SystemExit) as end:
        main()
    assert end.value.code == 0
    assert capsys.readouterr().out == "a = 1\n"


def test_the_module_is_the_command() -> None:
    assert shell("convert", "a=1").stdout == "a = 1\n"
    failed = shell("check", "a ==")
    assert failed.returncode == 1
    assert "\n  a ==\n    ^^" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_reader_that_has_enough_is_no_error() -> None:
    line = b'{"title": "%s"}\n' % (b"x" * 1000)
    script = f"""yes '{line.decode().strip()}' | head -n 20000 | {sys.executable} -m kanbert_filter match \
        --endpoint clients "name is null" | head -n 1; echo ${{PIPESTATUS[2]}}"""
    result = subprocess.run(["bash", "-c", script], capture_output=True, timeout=60, check=True)
    assert result.stdout == line + b"0\n"
    assert result.stderr == b""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
def test_a_full_device_is_told() -> None:
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [*COMMAND, "match", "--endpoint", PROJECTS, "title is not null", str(EXAMPLES / "projects.jsonl")],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=60, check=False,
        )  # fmt: skip
    assert result.returncode == 2
    assert result.stderr == "Error: Reading or writing failed: No space left on device\n"


@pytest.fixture
def long_file(tmp_path: Path) -> Path:
    file = tmp_path / "long.jsonl"
    file.write_text('{"name": "%s"}\n' % ("x" * 1000) * 9000)
    return file


def test_a_terminal_shows_progress(long_file: Path) -> None:
    pty = pytest.importorskip("pty")
    terminal, shown = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "80"}
    with open(os.devnull, "wb") as nowhere:
        subprocess.run(
            [*COMMAND, "match", "--endpoint", "clients", "name is null", str(long_file)],
            stdout=nowhere, stderr=shown, env=environment, timeout=60, check=True,
        )  # fmt: skip
    os.close(shown)
    written = b""
    while not written.endswith(b" match\r\n"):  # a terminal gives 4 KiB at a time
        written += os.read(terminal, 1 << 16)
    os.close(terminal)
    seen = written.decode()
    assert "Reading" in seen
    assert "100%" in seen
    assert seen.endswith("0 of 9000 records match\r\n")


def test_progress_moves_with_the_file(long_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "is_terminal", lambda file: file is sys.stderr)
    result = run("match", "--endpoint", "clients", "name is null", str(long_file))
    assert result.stderr.endswith("0 of 9000 records match\n")
    monkeypatch.setattr(progress, "is_terminal", lambda file: True)
    assert run("match", "--endpoint", "clients", "name is not null", str(long_file)).stdout.count("\n") == 9000
