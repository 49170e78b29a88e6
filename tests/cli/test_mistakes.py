"""What people at a shell get wrong, and what the command says then: `mistakes.txt`, and no word of Python in any answer."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from kanbert_filter.cli import commands

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "docs" / "examples"

FILES = {
    "filters.txt": b"title is null\n",
    "openapi.yaml": b"paths: {}\n",
    "other.csv": b"a,b\n1,2\n",
    "comma.csv": b'title;budget\nA;"1,5"\n',
    "ragged.csv": b"title,budget\nA,5,6\n",
    "mac.csv": b"title,budget\rA,5\r",
    "utf16.csv": "title\nA\n".encode("utf-16"),
    "latin1.csv": b"title\nM\xfcller\n",
    "empty.csv": b"",
    "narrow.csv": b"title\nA\n",
    "wrapped.json": b'{"data": [{"title": "x"}]}',
    "python.json": b"[{'title': 'x'}]",
    "nan.jsonl": b'{"budget": NaN}\n',
    "words.jsonl": b'{"budget": "12"}\n',
    "data.yaml": b"title: x\n",
    "data.xml": b"<?xml version='1.0'?>",
    "data.xlsx": b"PK\x03\x04",
    "notes.txt": b"notes\n",
}

OF_PYTHON = re.compile(
    r"Traceback|<class|Decimal\(|datetime\(|NoneType|\b(?:str|int|float|dict|tuple)\b|\b\w+(?:Error|Exception)\b|universal"
)
"""Class names and reprs that mean nothing at a shell."""


def mistakes() -> list[tuple[str, int, str]]:
    """The arguments of each mistake, the exit status, and what is said."""
    lines = [line for line in (HERE / "mistakes.txt").read_text().splitlines() if line and not line.startswith("#")]
    pairs = zip(lines[::2], lines[1::2], strict=True)
    return [(arguments.removeprefix("$ "), int(said[0]), said[2:]) for arguments, said in pairs]


@pytest.fixture(autouse=True)
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("projects.md", "projects.csv", "projects.jsonl", "clients.json", "openapi.json"):
        shutil.copy(EXAMPLES / name, name)
    for name, data in FILES.items():
        Path(name).write_bytes(data)
    Path("directory").mkdir()


def test_there_are_more_than_forty() -> None:
    assert len(mistakes()) > 40


@pytest.mark.parametrize(("arguments", "status", "said"), mistakes(), ids=[text for text, _, _ in mistakes()])
def test_mistake(arguments: str, status: int, said: str) -> None:
    result = CliRunner().invoke(commands.run, shlex.split(arguments), prog_name="kanbert-filter")
    assert result.exit_code == status
    shown = " ".join(result.stderr.split())
    assert " ".join(said.split()) in shown
    assert status == 0 or result.stdout == ""
    assert not OF_PYTHON.search(shown)
