"""A real browser on pages of this machine: Debian's Chromium, driven by Playwright, and the documentation for it."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import mkdtemp
from threading import Thread
from typing import Any

import pytest

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""Chromium's options for a machine without a network; as root it has no sandbox."""


@contextmanager
def chromium() -> Iterator[Any]:
    """The browser, or the test is skipped where there is none."""
    driver = pytest.importorskip("playwright.sync_api", reason="browsers are driven by playwright")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("Chromium is not installed")
    with driver.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=[*QUIET])
        try:
            yield browser
        finally:
            browser.close()


@cache
def documentation() -> Path:
    """The documentation, built once for this run of the tests; it is gone when the run ends."""
    folder = Path(mkdtemp())
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build_documentation(folder)


def build_documentation(folder: Path, **environment: str) -> Path:
    """Where in this folder the documentation is built."""
    pytest.importorskip("sphinx", reason="the documentation is built by Sphinx")
    sources = Path(__file__).parents[1] / "docs"
    site = folder / "site"
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-d", str(folder / "doctrees"), str(sources), str(site)]
    subprocess.run(command, env=os.environ | environment, check=True, timeout=300)
    return site


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address at which the files of this folder are served."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder))) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
