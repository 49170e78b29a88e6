"""Clients that generators make from the example server's OpenAPI document: they compile, and their types are right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine

from tests.test_example_server import example

pytestmark = pytest.mark.heavy  # they install packages of npm, generate code and check its types


SOUND: list[Any] = [
    "title contains 'acme' and budget >= 1000",
    [],
    [{"field": "title", "op": "contains", "value": "acme"}, {"field": "budget", "op": "gte", "value": 1000.5}],
    [{"field": "status", "op": "in", "value": ["ACTIVE", "DONE"]}],
    [{"or": [{"field": "client.name", "op": "isnull"}, {"and": [{"field": "id", "op": "eq", "value": 7}]}]}],
    [{"field": "tasks", "op": "any", "value": {"field": "due_on", "op": "lt", "value": "today+7d"}}],
    [{"field": "members", "op": "none"}, {"field": "tasks.count", "op": "gt", "value": 3}],
]
UNSOUND: list[Any] = [
    5,
    None,
    {"field": "title", "op": "eq", "value": "a"},
    [{"field": "titel", "op": "eq", "value": "a"}],
    [{"field": "title", "op": "gt", "value": "a"}],
    [{"field": "title", "op": "eq", "value": 5}],
    [{"field": "title", "op": "in", "value": "a"}],
    [{"field": "budget", "op": "gte", "value": "a"}],
    [{"field": "status", "op": "eq", "value": "OPEN"}],
    [{"field": "tasks", "op": "all"}],
    [{"field": "tasks", "op": "any", "value": {"field": "title", "op": "gt", "value": "a"}}],
    [{"and": [{"field": "title", "op": "eq"}]}],
]


@pytest.fixture(scope="module")
def server() -> Any:
    return example.application(create_engine("sqlite://"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the document, as a process writes it in which no other endpoint has the name of the server's."""
    folder = tmp_path_factory.mktemp("clients")
    script = "import json, sqlalchemy; from tests.test_example_server import example; server = example.application("
    script += "sqlalchemy.create_engine('sqlite://')); print(json.dumps(server.openapi()))"
    made = run(sys.executable, "-c", script, cwd=Path(__file__).parents[2])
    assert made.returncode == 0, made.stderr
    (folder / "openapi.json").write_text(made.stdout)
    return folder


def run(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a command that finds this environment's programs, also where the environment is not activated."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=os.environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_filters_are_what_the_server_takes() -> None:
    for filter in SOUND:
        example.PROJECTS.parse(filter)


@pytest.mark.skipif(shutil.which("npm") is None, reason="openapi-typescript needs Node.js and npm")
def test_openapi_typescript(folder: Path) -> None:
    installed = run("npm", "install", "--silent", "--no-save", "openapi-typescript@7", "typescript@5", cwd=folder)
    if installed.returncode:
        pytest.skip("npm reaches no registry")
    tools = folder / "node_modules" / ".bin"
    made = run(tools / "openapi-typescript", "openapi.json", "-o", "schema.ts", cwd=folder)
    assert made.returncode == 0, made.stderr
    lines = [
        'import type { components, paths } from "./schema";',
        'type Post = paths["/projects/search"]["post"];',
        'type Body = NonNullable<Post["requestBody"]>["content"]["application/json"];',
        'type Refused = Post["responses"][400]["content"]["application/json"];',
        'const same: Body = {} as components["schemas"]["ProjectsFilterBody"];',
        'export const issues = (refused: Refused): string[] => refused.errors.map((e) => (e.field ?? "") + e.issue);',
        'export const query: paths["/projects"]["get"]["parameters"]["query"] = { filter: "title is null" };',
        *[f"export const sound{n}: Body = {json.dumps({'filter': f})};" for n, f in enumerate(SOUND)],
    ]
    for number, filter in enumerate(UNSOUND):
        lines += ["// @ts-expect-error", f"export const unsound{number}: Body = {json.dumps({'filter': filter})};"]
    lines += ["// @ts-expect-error", "export const empty: Body = {};", "export default same;"]
    (folder / "use.ts").write_text("\n".join(lines))
    checked = run(tools / "tsc", "--strict", "--noEmit", "use.ts", cwd=folder)
    assert checked.returncode == 0, checked.stdout


USE = """
from client.models import *
from client.models import (
    ProjectsAndGroup, ProjectsBudgetEq, ProjectsBudgetEqOp, ProjectsClientNameIsnull, ProjectsClientNameIsnullOp,
    ProjectsFilterBody, ProjectsOrGroup, ProjectsStatusIn, ProjectsStatusInOp, ProjectsStatusInValueItem,
    ProjectsTasksAny, ProjectsTasksAnyOp, ProjectsTasksDueOnEq, ProjectsTasksDueOnEqOp, ProjectsTitleEq, ProjectsTitleEqOp,
)

costly = ProjectsBudgetEq(field="budget", op=ProjectsBudgetEqOp.GTE, value=1000)
alone = ProjectsClientNameIsnull(field="client.name", op=ProjectsClientNameIsnullOp.ISNULL)
named = ProjectsTitleEq(field="title", op=ProjectsTitleEqOp.CONTAINS, value="shop")
soon = ProjectsTasksDueOnEq(field="due_on", op=ProjectsTasksDueOnEqOp.LT, value="today+7d")
busy = ProjectsTasksAny(field="tasks", op=ProjectsTasksAnyOp.ANY, value=soon)
open_ = ProjectsStatusIn(
    field="status", op=ProjectsStatusInOp.IN, value=[ProjectsStatusInValueItem.ACTIVE, ProjectsStatusInValueItem.DONE]
)
body = ProjectsFilterBody(filter_=[ProjectsOrGroup(or_=[costly, ProjectsAndGroup(and_=[alone, named])]), busy, open_])
text = ProjectsFilterBody(filter_="title contains 'shop'")
"""
MISUSE = {
    'ProjectsTitleEq(field="titel", op=ProjectsTitleEqOp.EQ, value="a")': "arg-type",
    'ProjectsTitleEq(field="title", op=ProjectsBudgetEqOp.GTE, value="a")': "arg-type",
    'ProjectsTitleEq(field="title", op=ProjectsTitleEqOp.EQ, value=5)': "arg-type",
    "ProjectsTitleEqOp.GT": "attr-defined",
    "ProjectsFilterBody(filter_=5)": "arg-type",
    "ProjectsFilterBody(filter_=[soon])": "list-item",
    "ProjectsFilterBody()": "call-arg",
}
"""What the types refuse, with mypy's code for it."""

SEND = """
import asyncio, json, sys
import httpx
from client import Client
from client.api.default import projects_projects_get, projects_projects_search_post as search
from client.models import InvalidFilter
from use import body, text
from tests.test_example_server import example
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
example.prepare_sqlite(engine)
example.fill(engine, 50)
app = example.application(engine)

async def main():
    client = Client(base_url="http://x")
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as sender:
        client.set_async_httpx_client(sender)
        for sent in (body, text):
            assert (await search.asyncio(client=client, body=sent)).to_dict()["total"] > 0
        assert (await projects_projects_get.asyncio(client=client, filter_="title is null")).to_dict()["total"] == 0
        refused = await projects_projects_get.asyncio(client=client, filter_="titel is null")
        assert isinstance(refused, InvalidFilter) and refused.errors[0].field == "titel", refused

asyncio.run(main())
"""


def test_openapi_python_client(folder: Path) -> None:
    generator = Path(sys.executable).with_name("openapi-python-client")
    options = ("--path", "openapi.json", "--output-path", "client", "--meta", "none")
    made = run(generator, "generate", *options, cwd=folder)
    assert (made.returncode, made.stdout.split(), made.stderr) == (0, ["Generating", "client"], "")
    (folder / "use.py").write_text(USE)
    lines = [f"{line}  # type: ignore[{code}]" for line, code in MISUSE.items()]
    (folder / "misuse.py").write_text("from use import *\n" + "\n".join(lines) + "\n")
    (folder / "send.py").write_text(SEND)
    # The generator's own client.py, which knows nothing of the document, is not of mypy's liking.
    mypy = (sys.executable, "-m", "mypy", "--cache-dir=.mypy", "--follow-imports=silent", "--warn-unused-ignores")
    checked = run(*mypy, "use.py", "misuse.py", "client/models", "client/api", cwd=folder)
    assert checked.returncode == 0, checked.stdout
    root = Path(__file__).parents[2]
    sent = subprocess.run(
        [sys.executable, "send.py"],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": f"{root}:{folder}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr
