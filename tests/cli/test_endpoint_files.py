"""Endpoints as the command line names them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

import kanbert_filter as kf
from kanbert_filter.cli import commands
from kanbert_filter.cli.endpoint_files import endpoint_at, endpoints_at

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
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


FILTER = {"name": "filter", "in": "query", "description": "Field | Type | Operators\n-|-|-\na | string | eq"}
FAULTY = {
    "/a": {"get": {"parameters": [FILTER]}},
    "/b": {"get": {"parameters": [{"$ref": "#/nowhere"}]}, "post": {"parameters": [FILTER]}},
    "/c": 5,
}


def test_operations_with_faults_are_left_out_and_reported(tmp_path: Path) -> None:
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps({"paths": FAULTY}))
    nowhere = "the reference '#/nowhere' leads nowhere, expected a place in the document"
    run = CliRunner().invoke(commands.run, ["endpoints", str(file)])
    assert run.stdout == "Endpoint  Fields\nGET /a    a\nPOST /b   a\n"
    assert run.stderr == (
        f"Note: Left out 'GET /b': {nowhere}\nNote: Left out '/c': found no object, expected the path's operations\n"
    )
    assert [*endpoint_at(f"{file}#POST /b")] == ["a"]
    with pytest.raises(ValueError, match=f"GET /b: {nowhere}"):
        endpoint_at(f"{file}#GET /b")
    with pytest.raises(ValueError, match="/c: found no object"):
        endpoint_at(f"{file}#GET /c")
    checked = CliRunner().invoke(commands.run, ["check", "--endpoint", f"{file}#GET /b", "a = 'x'"])
    assert (checked.exit_code, checked.stdout) == (2, "")
    assert f"GET /b: {nowhere}" in " ".join(checked.stderr.split())


def test_ignored_columns_are_reported(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("Field | Type | Notes | Verbs\n-|-|-|-\na | string | x | eq, ne\n")
    run = CliRunner().invoke(commands.run, ["check", "--endpoint", str(tmp_path / "a.md"), "a = 'x'"])
    assert (run.exit_code, run.stdout) == (0, "The filter is valid for a\n")
    assert run.stderr == "Note: Ignored columns, which say nothing of fields, types or operators: 'Notes'\n"


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.txt", "", "expected a shipped endpoint \\(clients, clients/full\\) or a file ending in .md or .json"),
        ("a.yaml", "", "is YAML, expected JSON; convert it first"),
        ("a.md", "no table", "found no table of fields"),
        ("a.md", "\xff", "is not UTF-8"),
        ("a.json", "{", "is not JSON: expecting property name enclosed in double quotes at line 1, column 2"),
        ("a.json", "[" * 100_000, "is nested too deeply"),
        ("a.json", "[]", "describes no endpoint, expected an OpenAPI document"),
        ("a.json", "{}", "describes no endpoint, expected an OpenAPI document"),
        ("a.json", '{"paths": {}}', "has no operation with a table of fields"),
        ("a.json", '{"name": 1, "fields": {}}', "expected a text as 'name'"),
        ("a.json", '{"name": "a", "fields": {"x": {"type": "string"}, "x": {"type": "id"}}}', "found 'x' twice"),
        (
            "a.json",
            '{"name": "a", "fields": {"x": {"type": "string", "operators": [], "operators": ["eq"]}}}',
            "found 'op",
        ),
        ("missing.md", None, "cannot be read: No such file"),
    ],
)
def test_what_names_no_endpoint(name: str, text: str | None, told: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    with pytest.raises(ValueError, match=told):
        endpoint_at(str(tmp_path / name))
