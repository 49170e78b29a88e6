"""What people see in terminals of several widths."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pty = pytest.importorskip("pty", reason="there are no pseudo-terminals")
termios = pytest.importorskip("termios", reason="there are no pseudo-terminals")

ROOT = Path(__file__).parents[2]
LONG = 'title = "Acme and other titles that are long" and budget == 5 and shortcode = "more that goes on and on"'


def screen(columns: int, *arguments: str) -> str:
    """What a terminal so wide gets to show from the command, without colours."""
    terminal, shown = pty.openpty()
    termios.tcsetwinsize(shown, (24, columns))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")}
    process = subprocess.Popen(
        [sys.executable, "-m", "kanbert_filter", *arguments],
        stdin=shown, stdout=shown, stderr=shown, cwd=ROOT, env=environment | {"TERM": "xterm"},
    )  # fmt: skip
    os.close(shown)
    text = b""
    while True:
        try:
            more = os.read(terminal, 1 << 16)
        except OSError:  # Linux says so that nobody writes any more
            break
        if not more:
            break
        text += more
    os.close(terminal)
    process.wait(timeout=60)
    return re.sub(r"\x1b\[[0-9;]*m", "", text.decode()).replace("\r\n", "\n")


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_carets_point_and_excerpts_use_the_whole_width(columns: int) -> None:
    message, line, carets = screen(columns, "check", LONG).splitlines()
    assert message == "Found '==', expected an operator; write '=' to compare"
    at = carets.index("^^")
    assert line[at : at + 2] == "=="
    assert ("…" in line) is (columns < len(LONG) + 2)
    assert len(line) == min(columns, len(LONG) + 2)


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_tables_fit(columns: int) -> None:
    for arguments in (["operators"], ["types"], ["endpoints"], ["endpoints", "clients/full"]):
        lines = screen(columns, *arguments).splitlines()
        fits = columns >= 80 or arguments in (["types"], ["endpoints"])  # four columns need more
        assert not fits or max(map(len, lines)) <= columns
        words = " ".join(lines).split()
        assert "…" not in words
        assert {"operators": ".count", "types": "relation", "endpoints": "shortcode,"}[arguments[0]][:9] in " ".join(
            words
        )


@pytest.mark.parametrize("columns", [40, 80, 120])
def test_help_is_readable(columns: int) -> None:
    text = screen(columns, "match", "--help")
    lines = text[text.index("Records leave") :].splitlines()
    assert max(map(len, lines)) <= max(columns, 79)
    usage, summary, examples, *_ = text.split("\n\n")
    assert usage.startswith("Usage: ")
    assert " ".join(summary.split()) == "Write the records of the FILEs that match FILTER."
    assert examples.startswith("  Examples:\n    kanbert-filter ")
