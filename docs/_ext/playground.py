"""Builds the playground: a page of the documentation on which the library itself runs, in the reader's browser.

Its sources are in `docs/playground/`. npm brings the editor and Pyodide when the documentation is built, and nothing of them is kept
in the repository. All that the page loads is in one folder of the site, whose name changes with its contents, so that no browser
mixes two versions. Without npm the page says that it was built without.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any, get_args
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

import kanbert_filter as kf
from kanbert_filter.context import WeekDay
from kanbert_filter.notations.dsl_tokens import grammar
from kanbert_filter.operators import OPERATORS
from kanbert_filter.values import SPECIALS

DOCS = Path(__file__).parents[1]
SOURCES = DOCS / "playground"
EXAMPLES = DOCS / "examples"

PACKAGES = ("kanbert_filter", "lark", "tzdata")
OWN = ("worker.js", "playground.css")
PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")
COUNTED = ("pyodide.asm.wasm", "python_stdlib.zip", "library.zip")
"""What the worker fetches, and counts on the way."""

PLACE = "<!-- the playground -->"
NOTE = '<div class="admonition note"><p class="admonition-title">Note</p><p>{}</p></div>'
WITHOUT_NPM = "This documentation was built without npm, which the playground needs, so there is none on this page."
FAILED = "The playground could not be built, so there is none on this page."


class PlaygroundPlace(SphinxDirective):
    """Where on its page the playground is."""

    def run(self) -> list[nodes.Node]:
        return [nodes.raw(text=PLACE, format="html")]


class Playground:
    """The playground of one build of the documentation."""

    def __init__(self) -> None:
        self.built: Path | None = None
        self.note = WITHOUT_NPM

    def build(self, app: Sphinx) -> None:
        """Build it beside the doctrees; `copy` takes it to the site when that is there."""
        if app.builder.format != "html" or not (shutil.which("npm") and shutil.which("node")):
            return
        try:
            self.built = built_in(Path(app.doctreedir) / "playground")
        except (OSError, subprocess.SubprocessError) as error:
            self.note = FAILED
            logging.getLogger(__name__).warning(
                "The playground could not be built: %s", getattr(error, "stderr", None) or error
            )

    def outdated(self, app: Sphinx, *_: object) -> list[str]:
        """The page is always written again: what it is about may have changed."""
        return ["playground"]

    def place(self, app: Sphinx, page: str, template: str, context: dict[str, Any], doctree: object) -> None:
        if PLACE in context.get("body", ""):
            shown = NOTE.format(self.note)
            if self.built is not None:
                folder = context["pathto"](f"_static/{self.built.name}", resource=True)
                shown = (SOURCES / "page.html").read_text().replace("{folder}", folder)
            context["body"] = context["body"].replace(PLACE, shown)

    def copy(self, app: Sphinx, exception: Exception | None) -> None:
        if exception is None and app.builder.format == "html":
            static = Path(app.outdir) / "_static"
            for old in static.glob("playground-*"):
                shutil.rmtree(old)
            if self.built is not None:
                shutil.copytree(self.built, static / self.built.name)


def built_in(work: Path) -> Path:
    """The folder with all that the page loads. It is named after what it is made of, and made once."""
    work.mkdir(parents=True, exist_ok=True)
    write_library(work / "library.zip")
    known = {
        "keywords": keywords(),
        "constants": sorted({*SPECIALS, "true", "false", "null"}),
        "days": get_args(WeekDay),
        "examples": examples(),
    }
    (work / "data.json").write_text(json.dumps(known))
    sources = [Path(__file__), *sorted(SOURCES.iterdir()), work / "library.zip", work / "data.json"]
    digest = sha256(b"".join(path.read_bytes() for path in sources if path.is_file())).hexdigest()
    named = work / f"playground-{digest[:12]}"
    if not named.exists():
        for old in work.glob("playground-*"):
            shutil.rmtree(old)
        fill(work, known).rename(named)
    return named


def fill(work: Path, known: dict[str, Any]) -> Path:
    modules = installed_in(work / "npm")
    built = work / "built"
    shutil.rmtree(built, ignore_errors=True)
    built.mkdir()
    for file in [*(modules / "pyodide" / name for name in PYODIDE), *(SOURCES / name for name in OWN)]:
        shutil.copy(file, built)
    lock = json.loads((modules / "pyodide" / "pyodide-lock.json").read_text())
    lock["packages"] = {}  # none that Pyodide could fetch from elsewhere
    (built / "pyodide-lock.json").write_text(json.dumps(lock))
    shutil.copy(work / "library.zip", built)
    run(["node", SOURCES / "compile.mjs", built, work / "data.json"])
    data = work / "sized.json"
    data.write_text(json.dumps(known | {"size": sum((built / name).stat().st_size for name in COUNTED)}))
    bundling = ["--bundle", "--minify", "--format=iife", "--target=es2022", "--log-level=warning"]
    places = [f"--alias:data={data}", f"--outfile={built / 'main.js'}"]
    run([modules / ".bin" / "esbuild", SOURCES / "main.js", *bundling, *places], NODE_PATH=str(modules))
    (built / "licenses.txt").write_text("\n\n".join(licenses(modules)))
    return built


def installed_in(folder: Path) -> Path:
    """The packages of `package-lock.json`, installed unless an earlier build has."""
    modules, lock = folder / "node_modules", SOURCES / "package-lock.json"
    if not modules.exists() or (folder / lock.name).read_bytes() != lock.read_bytes():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", lock.name):
            shutil.copy(SOURCES / name, folder)
        run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0", "--prefix", folder])
    return modules


def run(command: Sequence[str | Path], **environment: str) -> None:
    subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, timeout=100, check=True)


def write_library(path: Path) -> None:
    """The packages that Python needs in the browser, as they are installed here, and the module that answers the page."""
    with ZipFile(path, "w", ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in library():
            archive.writestr(
                ZipInfo(name), content, ZIP_DEFLATED
            )  # of no date, so that the same sources give the same bytes


def library() -> Iterator[tuple[str, bytes]]:
    for package in PACKAGES:
        spec = find_spec(package)
        assert spec is not None
        assert spec.origin is not None
        folder = Path(spec.origin).parent
        for file in sorted(folder.rglob("*")):
            if file.is_file() and file.suffix not in (".pyc", ".pyi"):
                yield file.relative_to(folder.parent).as_posix(), file.read_bytes()
    yield "kanbert_filter/filter.lark", grammar().encode()
    yield "answers.py", (SOURCES / "answers.py").read_bytes()


def keywords() -> list[str]:
    """The words that the editor highlights, in lower case."""
    spellings = [word for row in OPERATORS.values() for word in (row.name, *row.aliases, *row.dsl.split())]
    return sorted({word.lower() for word in ("and", "or", *spellings) if word.isalpha()})


def examples() -> dict[str, dict[str, str]]:
    """The endpoints to begin with, each with a filter, records and a context."""
    projects = {
        "filter": 'title contains "acme" and budget >= 10000\n  or tasks any (status = "ACTIVE" and due_on < today)',
        "endpoint": (EXAMPLES / "projects.md").read_text(),
        "records": (EXAMPLES / "projects.jsonl").read_text(),
        "timezone": "Europe/Vienna",
        "me": "usr_02",
    }
    clients = (EXAMPLES / "clients.json").read_text()
    scopes = "archived.with=\narchived.only=archived_at is not null\narchived.without=archived_at is null"
    own = {
        "clients": {"filter": 'name startsWith "Acme" or primary_contact.id = me.id', "scopes": ""},
        "clients/full": {"filter": 'archived = "without" and segment in ["ENTERPRISE"]', "scopes": scopes},
    }
    shipped = {
        name: {"endpoint": endpoint.to_markdown(), "records": clients, "me": "usr_02", **own[name]}
        for name, endpoint in kf.kanbert_endpoints().items()
    }
    return {"projects": projects, **shipped}


def licenses(modules: Path) -> Iterator[str]:
    """The licenses of what the page loads."""
    for described in sorted(modules.glob("**/package.json")):
        package = json.loads(described.read_text())
        for file in described.parent.glob("LICENSE*"):
            yield f"{package['name']} {package['version']}\n\n{file.read_text()}"
    yield "pyodide\n\nMozilla Public License 2.0; its source is the repository pyodide/pyodide on GitHub"
    for name in ("lark", "tzdata"):
        for path in metadata.files(name) or ():
            if "LICENSE" in path.name:
                yield f"{name}\n\n{path.read_text()}"


def setup(app: Sphinx) -> ExtensionMetadata:
    playground = Playground()
    app.add_directive("playground", PlaygroundPlace)
    app.connect("builder-inited", playground.build)
    app.connect("env-get-outdated", playground.outdated)
    app.connect("html-page-context", playground.place)
    app.connect("build-finished", playground.copy)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
