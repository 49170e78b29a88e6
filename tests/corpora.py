"""Corpora: plain files, one case a line, its parts separated by ` | `; a line that begins with # says what follows."""

from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parent / "corpus"


def cases(name: str) -> list[Any]:
    """The cases of a corpus file, for `pytest.mark.parametrize`."""
    return [
        pytest.param(*map(str.strip, line.split(" | ")), id=f"line {number}")
        for number, line in enumerate((CORPUS / name).read_text(encoding="utf-8").split("\n"), 1)
        if line and not line.startswith("#")
    ]
