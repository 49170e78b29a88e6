"""Streams that are closed, full or broken, interrupts, and arguments of any bytes: a sentence, and the right status."""

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ENVIRONMENT = os.environ | {
    "KF": f"{sys.executable} -m kanbert_filter",
    "E": str(EXAMPLES / "projects.md"),
    "F": str(EXAMPLES / "projects.jsonl"),
}

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash to close and break streams")


def shell(script: str | bytes, **environment: str) -> tuple[int, bytes, bytes]:
    run = subprocess.run(
        ["bash", "-c", script],
        env=ENVIRONMENT | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


CLOSED = b"Error: Standard output is closed, expected a place to write to\n"


@pytest.mark.parametrize(
    "command", ["convert a=1", "check a=1", "endpoints", "match -e $E 'budget > 5' $F", "match -e $E 'budget > 5' -c"]
)
def test_a_closed_output(command: str) -> None:
    assert shell(f"$KF {command} >&-") == (2, b"", CLOSED)


@pytest.mark.parametrize(
    ("command", "sentence"),
    [
        ("convert -", b"Error: Standard input is closed, expected the filter\n"),
        ("check", b"Error: Standard input is closed, expected the filter\n"),
        ("match -e $E - $F", b"Error: Standard input is closed, expected the filter\n"),
        ("match -e $E 'budget > 5'", b"Error: standard input is closed, expected records\n"),
    ],
)
def test_a_closed_input(command: str, sentence: bytes) -> None:
    assert shell(f"$KF {command} <&-") == (2, b"", sentence)


def test_a_closed_input_that_nobody_reads() -> None:
    assert shell("$KF convert a=1 <&-") == (0, b"a = 1\n", b"")
    assert shell("$KF match -e $E -c 'budget > 5' $F <&-")[:2] == (0, b"32\n")


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("check 'a =='", 1),
        ("bogus", 2),
        ("convert a=1 >&-", 2),
        ("match -e $E 'budget > 5' missing.jsonl", 2),
        ("match -e $E 'budget > 5' $F", 0),
    ],
)
def test_closed_errors(command: str, status: int) -> None:
    found, output, errors = shell(f"$KF {command} 2>&-")
    assert (found, errors) == (status, b"")
    assert output.count(b"\n") == (32 if status == 0 else 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize(
    "command", ["convert a=1", "endpoints", "match -e $E 'budget > 5' $F", "match -e $E -c 'budget > 5' $F"]
)
def test_a_full_device(command: str) -> None:
    status, _, errors = shell(f"$KF {command} > /dev/full")
    assert (status, errors) == (2, b"Error: Reading or writing failed: No space left on device\n")


@pytest.mark.parametrize(
    "command", ["convert a=1", "match -e $E 'budget > 5' $F", "check 'a ==' 2>&1", "match -e $E 'budget > 5' x 2>&1"]
)
def test_a_reader_that_is_gone(command: str) -> None:
    """The status is that of the command, and nothing is said that nobody reads."""
    _, output, errors = shell(f"{{ sleep 0.1; $KF {command}; echo $? >&3; }} 3>&2 | true")
    assert output == b""
    assert errors in (b"0\n", b"1\n", b"2\n")


def test_an_interrupt() -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "kanbert_filter", "match", "-e", "clients", "name is null"],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert run.stdin is not None
    assert run.stdout is not None
    assert run.stderr is not None
    run.stdin.write(b'{"name": null}\n')
    run.stdin.flush()
    assert run.stdout.readline() == b'{"name": null}\n'  # it reads now
    run.send_signal(signal.SIGINT)
    assert run.wait(10) == 130
    assert (run.stdout.read(), run.stderr.read()) == (b"", b"")
    for stream in (run.stdin, run.stdout, run.stderr):
        stream.close()


BYTES = "\udcff\udcfe"

ONE_BY_ONE = """
import sys
from kanbert_filter.cli import main

arguments = sys.argv[1:]
while arguments:
    end = arguments.index(";")
    sys.argv[1:], arguments = arguments[:end], arguments[end + 1 :]
    try:
        main()
    except SystemExit as ended:
        print("status", ended.code, file=sys.stderr)
"""
"""Run commands, each ended by a `;`, in one process: to start one for each takes most of the time."""

ANY_BYTES = {
    "check $X": 1,
    "check \"title = '$X'\"": 1,
    "convert --to $X a=1": 2,
    "check -e $X a=1": 2,
    "check -e $X.md a=1": 2,
    "check -e $X.json#$X a=1": 2,
    "match -e $E 'budget > 5' $X.jsonl": 2,
    "match -e $E 'budget > 5' --at $X": 2,
    "match -e $E 'budget > 5' --now $X": 2,
    "match -e $E 'budget > 5' --timezone $X": 2,
    "match -e $E 'budget > 5' --delimiter $X": 2,
    "match -e $E 'budget > 5' --scope $X": 2,
    "match -e $E 'primary_contact.id = me.id' --me $X -H $F": 0,
    "match -e $E 'budget > 5' -o csv -f $X,id -n 1 $F": 0,
    "endpoints $X": 2,
    "$X": 2,
}


def test_arguments_of_any_bytes() -> None:
    script = " ".join([f"{command} ';'" for command in ANY_BYTES])
    status, _, errors = shell(f'{sys.executable} -c "$ONE_BY_ONE" {script}', X=BYTES, ONE_BY_ONE=ONE_BY_ONE)
    assert status == 0, errors
    found = re.findall(r"^status (\d)$", errors.decode(), re.MULTILINE)
    assert dict(zip(ANY_BYTES, map(int, found), strict=True)) == ANY_BYTES, errors


def test_files_of_any_name(tmp_path: Path) -> None:
    table = tmp_path / f"{BYTES}\n.md"
    records = tmp_path / f"{BYTES}.jsonl"
    try:
        table.write_text("Field | Type\n-|-\na | number")
        records.write_text('{"a": 1}\n')
    except OSError:
        pytest.skip("the file system has no names of any bytes")
    run = f"cd {tmp_path}; P={Path(__file__).parents[2]}; export PYTHONPATH=$P; $KF"
    status, output, errors = shell(f"{run} check -e *.md a=1")
    assert (status, output, errors) == (0, b"The filter is valid for \\udcff\\udcfe\\n\n", b"")
    assert shell(f"{run} match -q -H -e *.md a=1 *.jsonl") == (0, b'\xff\xfe.jsonl:{"a": 1}\n', b"")
    assert shell(f"{run} match -q -H -o csv -e *.md a=1 *.jsonl") == (0, b"file,a\n\xff\xfe.jsonl,1\n", b"")
    status, output, errors = shell(f"{run} match -q -H -o table -e *.md a=1 *.jsonl")
    assert (status, output) == (0, b"file                a\n\\udcff\\udcfe.jsonl  1\n"), errors


def test_output_is_utf8_whatever_the_locale() -> None:
    for locale in ({"LC_ALL": "C"}, {"PYTHONIOENCODING": "latin-1"}, {"PYTHONIOENCODING": "ascii"}):
        status, output, errors = shell("$KF convert \"title = 'ä€'\"", **locale)
        assert (status, output, errors) == (0, 'title = "ä€"\n'.encode(), b"")


def test_filters_with_a_byte_order_mark(tmp_path: Path) -> None:
    """As editors of other systems write them."""
    for text in (
        "title = 'x'",
        '[{"field": "title", "op": "eq", "value": "x"}]',
        "filter=title%20=%20'x'",
        "filter[field]=title\r\nfilter[op]=eq\r\nfilter[value]=x\r\n",
    ):
        (tmp_path / "f").write_bytes(b"\xef\xbb\xbf" + text.encode())
        assert shell(f"$KF convert --endpoint $E < {tmp_path / 'f'}") == (0, b'title = "x"\n', b"")
    (tmp_path / "f").write_bytes("title = 'x'".encode("utf-16"))
    status, _, errors = shell(f"$KF check < {tmp_path / 'f'}")
    assert status == 1
    assert errors == b"Found text in UTF-16, expected UTF-8; convert it, for example with iconv -f UTF-16 -t UTF-8\n"
