"""The tutorial's blocks, put together as it says, are a service that answers over HTTP, also to the tutorial's own JavaScript."""

from __future__ import annotations

import json
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

BLOCKS = re.findall(
    r"^```(\w+)\n(.*?)^```", (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(), re.MULTILINE | re.DOTALL
)


def blocks(language: str) -> str:
    return "\n\n".join(text for name, text in BLOCKS if name == language and not text.startswith(">>>"))


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the service answers that a reader has at the end."""
    folder = tmp_path_factory.mktemp("tutorial")
    (folder / "service.py").write_text(blocks("python"))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        command = [sys.executable, "-m", "uvicorn", "service:app", "--fd", str(listening.fileno())]
        process = subprocess.Popen(command, cwd=folder, pass_fds=[listening.fileno()])
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(20)


def test_the_request_of_the_last_step(address: str) -> None:
    asked = {"filter": 'title contains "acme" and tasks.count > 0'}
    answer = httpx.get(f"{address}/projects", params=asked, headers={"X-Tenant": "t-1"}, timeout=20)
    assert [row["title"] for row in answer.json()["data"]] == ["Shop for Acme"]
    other = httpx.get(f"{address}/projects", params=asked, headers={"X-Tenant": "t-2"}, timeout=20)
    assert other.json()["data"] == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({}, ["Shop for Acme", "Acme's intranet"]),
        ({"text": "INTRANET"}, ["Acme's intranet"]),
        ({"overdue": True}, ["Shop for Acme"]),
        ({"text": "intranet", "overdue": True}, []),
        ({"text": '"\\%&+é🚀'}, []),
    ],
)
def test_the_client_in_javascript(address: str, wanted: dict[str, object], found: list[str], tmp_path: Path) -> None:
    node = shutil.which("node")
    if node is None:
        pytest.skip("the client runs in Node.js, which is not installed")
    (tmp_path / "client.mjs").write_text(blocks("javascript"))
    script = "const {findProjects} = await import('./client.mjs'); const [base, wanted] = process.argv.slice(1);"
    script += "console.log(JSON.stringify(await findProjects(base, 't-1', JSON.parse(wanted))))"
    command = [node, "--input-type=module", "-e", script, "--", address, json.dumps(wanted)]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(run.stdout) == found
