"""Endpoints as the command line names them."""

import json
from pathlib import Path

import pytest

import kanbert_filter as kf
from kanbert_filter.cli.endpoints import endpoint_at, endpoints_at

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
OPENAPI = str(EXAMPLES / "openapi.json")


def test_shipped_endpoints_go_by_name() -> None:
    assert endpoint_at("clients/full") == kf.kanbert_endpoints()["clients/full"]


def test_a_markdown_table_is_named_after_its_file(tmp_path: Path) -> None:
    assert endpoint_at(str(EXAMPLES / "projects.md")).name == "projects"
    (tmp_path / "a#b.MARKDOWN").write_text("\ufeffField | Type | Operators\n---|---|---\ntitle | string | eq\n")
    assert [*endpoint_at(str(tmp_path / "a#b.MARKDOWN"))] == ["title"]


def test_an_openapi_document_has_one_or_is_asked_for_one() -> None:
    assert [*endpoints_at(OPENAPI)] == ["GET /clients", "GET /users"]
    assert [*endpoint_at(f"{OPENAPI}#GET /users")] == ["first_name", "hired_on"]
    with pytest.raises(
        ValueError, match=r"describes 2 endpoints, expected one; choose from '.*openapi.json#GET /clients', "
    ):
        endpoint_at(OPENAPI)
    with pytest.raises(ValueError, match="has no endpoint 'GET /user'; it has 'GET /clients', 'GET /users'"):
        endpoint_at(f"{OPENAPI}#GET /user")


def test_a_description_is_its_own_file(tmp_path: Path) -> None:
    projects = kf.Endpoint("projects", {"title": "string", "tasks": {"status": "enum: A, B"}})
    (tmp_path / "projects.json").write_text(json.dumps(projects.to_dict()))
    assert endpoint_at(str(tmp_path / "projects.json")) == projects


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "", "expected a shipped endpoint \\(clients, clients/full\\) or a file ending in .md or .json"),
        ("a.yaml", "", "is YAML, expected JSON; convert it first"),
        ("a.md", "no table", "found no tables of fields"),
        ("a.md", "\xff", "is not UTF-8"),
        ("a.json", "{", "is not JSON: Expecting property name"),
        ("a.json", "[" * 100_000, "is nested too deeply"),
        ("a.json", "[]", "describes no endpoint, expected an OpenAPI document"),
        ("a.json", "{}", "describes no endpoint, expected an OpenAPI document"),
        ("a.json", '{"paths": {}}', "has no operation with a table of fields"),
        ("a.json", '{"name": 1, "fields": {}}', "expected a text as 'name'"),
        ("missing.md", None, "cannot be read: No such file"),
    ],
)
def test_what_names_no_endpoint(name: str, text: str | None, told: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=told):
        endpoint_at(str(tmp_path / name))
