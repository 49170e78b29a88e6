"""Completion in real shells: a key is pressed, and the line or the list of choices shows what it did."""

import os
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.shell_completion import ShellComplete, get_completion_class
from click.testing import CliRunner

from kanbert_filter.cli import commands
from kanbert_filter.cli.completion import prepare_completion

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")
termios = pytest.importorskip("termios", reason="there are no pseudo-terminals")

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
ROOT = Path(__file__).parents[2]

START = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SET_UP = {
    "bash": 'PS1="> "; bind "set enable-bracketed-paste off"; bind "set bell-style none"; eval "$(kanbert-filter completion bash)"',
    "zsh": 'PS1="> "; autoload -U compinit; compinit -D; eval "$(kanbert-filter completion zsh)"',
    "fish": "function fish_prompt; echo '> '; end; kanbert-filter completion fish | source",
}


@pytest.fixture(params=START)
def shell(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name}")
    if name == "bash":
        version = subprocess.run(
            ["bash", "-c", "echo $BASH_VERSION"], capture_output=True, text=True, check=True
        ).stdout
        if tuple(map(int, version.split(".")[:2])) < (4, 4):
            pytest.skip("Click completes in bash from 4.4 on")
    return name


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A directory with the command and with files to complete."""
    command = tmp_path / "bin" / "kanbert-filter"
    command.parent.mkdir()
    command.write_text(f"#!{sys.executable}\nfrom kanbert_filter.cli import main\nmain()\n")
    command.chmod(0o755)
    shutil.copy(EXAMPLES / "openapi.json", tmp_path / "openapi.json")
    (tmp_path / "my table.md").write_text("")
    (tmp_path / "projects.csv").write_text("")
    (tmp_path / "tables").mkdir()
    return tmp_path


CLEAR_LINE = "\x15"

ON_A_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); os.execvp(sys.argv[1], sys.argv[1:])"
)


class Session:
    """A shell that a terminal controls."""

    def __init__(self, shell: str, home: Path) -> None:
        self.terminal, inside = pty.openpty()
        termios.tcsetwinsize(inside, (24, 200))
        path = f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}"
        environment = {"PATH": path, "HOME": str(home), "PYTHONPATH": str(ROOT), "TERM": "dumb", "LANG": "C.UTF-8"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", ON_A_TERMINAL, *START[shell]],
            stdin=inside, stdout=inside, stderr=inside, cwd=home, env=environment, start_new_session=True,
        )  # fmt: skip
        os.close(inside)

    def type(self, keys: str, awaited: str) -> None:
        """Press keys, and wait until a text is shown."""
        os.write(self.terminal, keys.encode())
        shown, end = "", time.monotonic() + 20
        while not re.search(awaited, shown):
            assert time.monotonic() < end, shown
            if select.select([self.terminal], [], [], 0.5)[0]:
                read = os.read(self.terminal, 1 << 16).decode(errors="replace")
                shown += re.sub(r"\x1b[\[(][0-9;?]*[A-Za-z]|\x1b[=>]|[\r\x08\x07]", "", read)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self.terminal)


KEYS = [
    ("kanbert-filter oper\t", r"kanbert-filter operators "),
    ("kanbert-filter match -e clients/\t", r"clients/full"),
    ("kanbert-filter check --endpoint my\t", r"my\\ table\.md"),
    ("kanbert-filter match -e tab\t", r"tables/"),
    ("kanbert-filter match -e openapi.json#GET\\ /u\t", r"#GET\\ /users"),
    ("kanbert-filter convert --to j\t", r"--to json "),
    ("kanbert-filter match -e clients 'name is null' proj\t", r"projects\.csv"),
    ("kanbert-filter endpoints clients/\t", r"clients/full"),
    ("kanbert-filter match --timezone Europe/Vie\t", r"Europe/Vienna"),
]


@pytest.mark.heavy
def test_words_are_completed_in_a_shell(shell: str, home: Path) -> None:
    """Half a minute: each key starts the command."""
    session = Session(shell, home)
    try:
        session.type(f"{SET_UP[shell]}; echo re''ady\n", "ready")
        for keys, awaited in KEYS:
            session.type(f"{CLEAR_LINE}{keys}", awaited)
    finally:
        session.close()


@pytest.mark.parametrize("shell_name", START)
def test_the_script_of_each_shell(shell_name: str) -> None:
    result = CliRunner().invoke(commands.run, ["completion", shell_name])
    assert result.exit_code == 0
    assert f"_KANBERT_FILTER_COMPLETE={shell_name}_complete" in result.output


@pytest.mark.parametrize(
    ("line", "proposals"),
    [
        ("mat", ["match"]),
        ("match -e cli", ["clients", "clients/full"]),
        ("match -e ./o", ["./openapi.json"]),
        ("check -e tab", ["tables/"]),
        ("check -e openapi.json#", ["openapi.json#GET /clients", "openapi.json#GET /users"]),
        ("check -e openapi.json#GET\\ /c", ["openapi.json#GET /clients"]),
        ("check -e missing.json#", []),
        ("check -e nowhere/", []),
        ("check -e .h", [".hidden.md"]),
        ("endpoints ", ["show", "infer", "clients", "clients/full", "my table.md", "openapi.json", "bin/", "tables/"]),
        ("endpoints inf", ["infer"]),
        ("match --timezone Europe/Vien", ["Europe/Vienna"]),
        ("match -e clients x pro", ["pro"]),
        ("check --file a", ["a"]),
        ("completion ", ["bash", "zsh", "fish"]),
    ],
)
def test_proposals(line: str, proposals: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(home)
    (home / ".hidden.md").write_text("")
    *words, incomplete = shlex.split(f"kanbert-filter {line}" + ("''" if line.endswith(" ") else ""))
    completing = ShellComplete(commands.run, {}, "kanbert-filter", "_KANBERT_FILTER_COMPLETE")
    assert sorted(item.value for item in completing.get_completions(words[1:], incomplete)) == sorted(proposals)


@pytest.mark.parametrize(("word", "written"), [("my", r"plain,my\\ table.md"), ("'my", "plain,my table.md")])
def test_bash_gets_words_as_it_writes_them(
    word: str, written: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    monkeypatch.setenv("COMP_WORDS", f"kanbert-filter\ncheck\n-e\n{word}")
    monkeypatch.setenv("COMP_CWORD", "3")
    prepare_completion()
    made = get_completion_class("bash")
    assert made is not None
    assert made(commands.run, {}, "kanbert-filter", "_KANBERT_FILTER_COMPLETE").complete() == written
