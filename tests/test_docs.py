"""Everything a reader can try is tried: README, pages and docstrings are executed, and the pages leave nothing out."""

import doctest
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from sybil import Document, Example, Region
from sybil.document import PythonDocStringDocument
from sybil.evaluators.doctest import DocTestEvaluator
from sybil.evaluators.python import PythonEvaluator
from sybil.parsers.abstract.doctest import DocTestStringParser
from sybil.parsers.doctest import DocTestParser
from sybil.parsers.markdown.lexers import FencedCodeBlockLexer

import kanbert_filter as kf
from kanbert_filter.endpoints.field_table import TYPES
from kanbert_filter.errors import CODES
from kanbert_filter.operators import OPERATORS, Group, of_groups

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [*sorted(DOCS.glob("*.md")), *sorted(DOCS.glob("howto/*.md"))]
MODULES = [*ROOT.glob("kanbert_filter/**/*.py")]

COMMAND = re.compile(r"^\$ ((?:.*\\\n)*.*)\n((?:(?!\$ ).*\n)*)", re.MULTILINE)


def run_console(example: Example) -> str | None:
    """Run each `$ command` and compare what a terminal would show.

    All commands of a page run in one folder, where the examples are found as in a checkout. What they write stays there.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    if not COMMAND.match(example.parsed):
        return "a console block begins with `$ ` and a command"
    status = 0
    for command, expected in COMMAND.findall(example.parsed):
        run = subprocess.run(
            f"(exit {status}); {command}",
            shell=True,
            cwd=example.namespace["folder"],
            env=os.environ | {"PATH": path, "COLUMNS": "80"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
            check=False,
        )
        status = run.returncode
        checker = doctest.OutputChecker()
        want, got = (text.rstrip() + "\n" for text in (expected, run.stdout))
        if not checker.check_output(want, got, doctest.ELLIPSIS):
            return f"$ {command}\n" + checker.output_difference(doctest.Example("", want), got, doctest.ELLIPSIS)
    return None


def read_json(example: Example) -> None:
    json.loads(example.parsed)


def read_dsl(example: Example) -> None:
    """Each line is a filter, and writing loses nothing of it."""
    for line in example.parsed.splitlines():
        read = kf.parse_dsl(line)
        assert kf.parse_dsl(kf.to_dsl(read)) == read


def leave(example: Example) -> None:
    """What only a person reads."""


def leave_to_the_gate(example: Example) -> str | None:
    return None if Path(example.path).name == "README.md" else "only the README's sh blocks are run by the gate"


def run_javascript(example: Example) -> str | None:
    """Run a module where Node.js is, and compare what it prints with its lines that begin with `//> `.

    The tutorial's own has a test of its own, which starts the service that it asks.
    """
    node = shutil.which("node")
    if node is None or Path(example.path).name == "tutorial.md":
        return None
    command = [node, "--input-type=module", "-e", example.parsed]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    want = "".join(f"{line}\n" for line in re.findall(r"^//> (.*)$", example.parsed, re.MULTILINE))
    if run.returncode or not want or run.stdout != want:
        return f"Expected:\n{want}\nGot:\n{run.stdout}{run.stderr}"
    return None


LANGUAGES: dict[str, Callable[[Example], str | None]] = {
    "console": run_console,
    "dsl": read_dsl,
    "javascript": run_javascript,
    "json": read_json,
    "lark": leave,
    "python": PythonEvaluator(),
    "sh": leave_to_the_gate,
    "sql": leave,
    "text": leave,
    **dict.fromkeys(
        ("{grammar-diagrams}", "{literalinclude}", "{operators}", "{playground}", "{toctree}", "{eval-rst}"), leave
    ),
}
"""What a fenced block may be, and what is done with it."""


def refuse(example: Example) -> str:
    return "a block in a language that is not executed"


def fences(document: Document) -> Iterable[Region]:
    """Every fenced block of a page; a session of `>>>` prompts as one example per prompt."""
    sessions = DocTestStringParser(DocTestEvaluator(doctest.ELLIPSIS))
    for region in FencedCodeBlockLexer(r"[^\n]*")(document):
        language = region.lexemes["language"].partition(" ")[0]
        source = region.lexemes["source"]
        if language == "python" and source.startswith(">>>"):
            for session in sessions(source, document.path):
                session.adjust(region, source)
                yield session
        else:
            region.parsed = source
            region.evaluator = LANGUAGES.get(language, refuse)
            yield region


def examples_of(page: Path, folder: Path) -> Document:
    """The examples of a page, whose commands are run in this folder."""
    (folder / "docs").symlink_to(DOCS)
    document = Document.parse(str(page), fences)
    document.namespace["folder"] = folder
    document.namespace["__name__"] = "__main__"  # frameworks look up the module of a function
    return document


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *PAGES], ids=lambda page: str(page.relative_to(ROOT)).removeprefix("docs/")
)
def test_page(page: Path, subtests: pytest.Subtests, tmp_path: Path) -> None:
    for example in examples_of(page, tmp_path):
        with subtests.test(line=example.line):
            example.evaluate()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.relative_to(ROOT)))
def test_docstrings(module: Path, subtests: pytest.Subtests) -> None:
    for example in PythonDocStringDocument.parse(str(module), DocTestParser(doctest.ELLIPSIS)):
        with subtests.test(line=example.line):
            example.evaluate()


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        ("```perl\nprint 1\n```", "not executed"),
        ("```\nno language\n```", "not executed"),
        ("```python\n>>> 1 + 1\n3\n```", "Expected"),
        ("```console\n$ echo one\ntwo\n```", "Expected"),
        ("```console\n$ false\n$ echo $?\n0\n```", "Expected"),
        ("```console\nkanbert-filter\n```", "begins with"),
        ("```sh\ntrue\n```", "gate"),
        ("```json\n{\n```", "Expecting property name"),
        pytest.param(
            "```javascript\nconsole.log(1);\n//> 2\n```",
            "Expected",
            marks=pytest.mark.skipif(not shutil.which("node"), reason="Node.js is not installed"),
        ),
        ("```dsl\ntitle = 1\ntitle ==\n```", "="),
    ],
)
def test_a_wrong_block_is_noticed(block: str, fault: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"{block}\n")
    [example] = examples_of(page, tmp_path)
    with pytest.raises((AssertionError, ValueError), match=fault):
        example.evaluate()


def test_the_readme_shows_a_mistake_on_its_first_screen() -> None:
    screen = "\n".join((ROOT / "README.md").read_text().split("\n")[:40])
    assert re.search(r"^kanbert_filter.*Did you mean.*\n  .*\n  \^+$", screen, re.MULTILINE)
    for shown in ("parse(", "compile_predicate(", "to_dsl(", "to_json_text(", "to_form("):
        assert shown in screen


def test_the_api_pages_document_the_public_names() -> None:
    listed: set[str] = set()
    module = ""
    for line in ((DOCS / "api.md").read_text() + (DOCS / "api-integrations.md").read_text()).splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = found[1] + "."
        elif found := re.match(r"(?:\.\. (?:auto|py:)\w+:: |             )(\w[\w.]*)", line):
            listed.add(found[1] if found[1].startswith("kanbert_filter.") else module + found[1])
    public = {f"kanbert_filter.{name}" for name in kf.__all__ if name != "types"}
    public |= {f"kanbert_filter.types.{name}" for name in kf.types.__all__}
    for path in (*ROOT.glob("kanbert_filter/backends/*/__init__.py"), *ROOT.glob("kanbert_filter/integrations/*.py")):
        if names := re.search(r"^__all__ = \[([^]]*)\]", path.read_text(), re.MULTILINE):
            path = path.parent if path.name == "__init__.py" else path.with_suffix("")
            public |= {".".join([*path.relative_to(ROOT).parts, name]) for name in re.findall(r'"(\w+)"', names[1])}
    assert public - listed == set()
    known = {"kanbert_filter.endpoints.openapi.OpenApiEndpoints", "kanbert_filter.errors.CODES"}
    known |= {f"kanbert_filter.errors.{name}Location" for name in ("Text", "Json", "Form")}
    assert listed - public == known


def test_every_code_is_shown_by_an_example() -> None:
    """The section of a code has an example that prints it; that the example is right, `test_page` knows."""
    sections = re.split(r"^### `(\w+)`$", (DOCS / "errors.md").read_text(), flags=re.MULTILINE)
    examples = dict(zip(sections[1::2], sections[2::2], strict=True))
    assert [*examples] == [*CODES]
    assert not [code for code, text in examples.items() if not re.search(rf"^(\w+, )*{code}$", text, re.MULTILINE)]


def table(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table whose first heading this is, by their first cell; code marks left out."""
    [_, text] = (DOCS / page).read_text().split(f"\n| {heading} |")
    lines = text.split("\n\n")[0].split("\n")[2:]
    rows = [[cell.strip() for cell in line.strip("|").replace("`", "").split("|")] for line in lines]
    return {name: cells for name, *cells in rows}


def test_limits_are_as_documented() -> None:
    limits = kf.Limits()
    shown = {name: default for name, (default, *_) in table("language.md", "limit").items()}
    assert shown == {name: str(getattr(limits, name)) for name in shown}
    assert shown.keys() == {*kf.Limits.__slots__}
    told = " ".join(text for text in CODES.values() if text.startswith("Limit"))
    assert {*re.findall(r"`(\w+)`", told)} == shown.keys()


def test_types_are_as_documented() -> None:
    families: dict[str, Group] = {row.group: row.group for row in OPERATORS.values()}
    shown = {name: frozenset(words.split(", ")) for name, (_, words) in table("language.md", "type").items()}
    for name, words in shown.items():
        groups = [families[word] for word in words & families.keys()]
        assert of_groups(*groups) | (words - families.keys()) == TYPES[name].possible_operators(), name
    assert shown.keys() == TYPES.keys()


def test_families_are_as_documented() -> None:
    listed = {
        name: words.partition(", as ")[0].split(", ") for name, (words,) in table("language.md", "family").items()
    }
    groups = {name: [row.name for row in OPERATORS.values() if row.group == name] for name in listed}
    assert listed == groups
    assert [name for names in groups.values() for name in names] == [*OPERATORS]


def test_every_page_is_in_the_contents_once() -> None:
    pages = sorted(str(page.relative_to(DOCS).with_suffix("")) for page in PAGES)
    listed = ["index"]
    for page in (DOCS / "index.md", *DOCS.glob("*/index.md")):
        trees = re.findall(r"^```\{toctree\}\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
        names = re.findall(r"^([\w/-]+)$", "\n".join(trees), re.MULTILINE)
        listed += [str((page.parent / name).relative_to(DOCS)) for name in names]
    assert sorted(listed) == pages


def test_what_the_readme_links_exists() -> None:
    linked = re.findall(r"\]\((?!https?:)([^)#]+)", (ROOT / "README.md").read_text())
    assert linked
    assert not [path for path in linked if not (ROOT / path).exists()]


def test_every_extra_for_users_is_in_the_readme() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"].keys()
    listed = table("../README.md", "extra")
    assert {name for names in listed for name in names.split(", ")} == extras - {
        "test",
        "heavy",
        "docs",
        "bench",
        "dev",
    }


def test_the_recipes_name_files_that_exist() -> None:
    named = re.findall(r"`((?:kanbert_filter|tests|docs|grammar)/[\w./]*)`", (DOCS / "contributing.md").read_text())
    new = {path for path in named if re.search("yaml|mongodb|cudf", path)}
    assert new
    assert not [path for path in named if path not in new and not (ROOT / path).exists()]
