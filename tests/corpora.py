"""Corpora: plain files, one case a line, its parts separated by ` | `; a line that begins with # says what follows."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parent / "corpus"


def data(name: str) -> Any:
    """What a file of data holds. Numbers are exact."""
    return json.loads((CORPUS / name).read_text(encoding="utf-8"), parse_float=Decimal)


def lines(name: str) -> list[str]:
    """The lines of a corpus file that are cases."""
    text = (CORPUS / name).read_text(encoding="utf-8")
    return [line for line in text.split("\n") if line and not line.startswith("#")]


def blocks(name: str) -> list[list[str]]:
    """The cases of a file in which each takes several lines, as lists of these lines."""
    return [block.splitlines() for block in (CORPUS / name).read_text(encoding="utf-8").split("\n\n")[1:]]


def rows(name: str) -> list[list[str]]:
    """The cases of a corpus file, each as a list of its parts."""
    return [[part.strip() for part in line.split(" | ")] for line in lines(name)]


def cases(name: str) -> list[Any]:
    """The cases of a corpus file, for `pytest.mark.parametrize`."""
    return [
        pytest.param(*map(str.strip, line.split(" | ")), id=f"line {number}")
        for number, line in enumerate((CORPUS / name).read_text(encoding="utf-8").split("\n"), 1)
        if line and not line.startswith("#")
    ]
