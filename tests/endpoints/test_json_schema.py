"""An endpoint's JSON Schema against the check: what validates is accepted, and what is written validates."""

from __future__ import annotations

import json
import random
import shutil
import subprocess
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given

import kanbert_filter as kf
from kanbert_filter.endpoints.endpoint import Endpoint
from tests.test_laws import EVERY_TYPE, filters

PROJECTS = Endpoint(
    "projects",
    {
        "title": "string",
        "status": "enum: PLANNED, ACTIVE, DONE",
        "colour": "enum",
        "budget": "number; eq, gt, in",
        "price": "currency",
        "created_at": "datetime",
        "due_on": "date",
        "done": "boolean",
        "owner.id": "id",
        "archived": "enum: with, only, without",
        "custom_field.*": "custom",
        "custom_field.code": "string; eq",
        "tasks": {
            "status": "enum: TODO, DONE",
            "hours": "number",
            "steps": kf.types.Relation({"at": "date"}, operators=["any"]),
        },
        "groups.*": kf.types.Relation({"name": "string"}, operators=["all", "count"]),
    },
)
VALIDATOR = jsonschema.Draft202012Validator(PROJECTS.to_json_schema())


def accepted(data: Any, endpoint: Endpoint = PROJECTS) -> bool:
    try:
        endpoint.parse(data)
    except kf.FilterError:
        return False
    return True


def condition(field: str, op: str, *value: Any) -> list[Any]:
    return [{"field": field, "op": op, **({"value": value[0]} if value else {})}]


SOUND = [
    [],
    condition("title", "eq", "today"),
    condition("title", "like", "50\\%"),
    condition("title", "isnull"),
    condition("status", "in", ["ACTIVE", "DONE"]),
    condition("status", "nin", []),
    condition("colour", "eq", "any text"),
    condition("budget", "gt", 1.5),
    condition("price", "endswith", ".5"),
    condition("price", "eq", 5),
    condition("created_at", "lt", "today-7d"),
    condition("created_at", "eq", "2024-02-29T12:00:00.5+02:00"),
    condition("due_on", "in", ["2024-01-31", "eom"]),
    condition("done", "eq", True),
    condition("owner.id", "eq", "me.id"),
    condition("owner.id", "eq", 7),
    condition("archived", "eq", "only"),
    condition("custom_field.any-name", "eq", True),
    condition("custom_field.any-name", "gt", "a"),
    condition("custom_field.code", "eq", "x"),
    condition("tasks", "any"),
    condition("tasks", "none", {"field": "status", "op": "eq", "value": "DONE"}),
    condition(
        "tasks", "all", {"or": condition("hours", "gt", 5) + condition("steps", "any", condition("at", "eq", "now")[0])}
    ),
    condition("tasks.count", "gte", 3),
    condition("groups.one", "all", {"field": "name", "op": "eq", "value": "a"}),
    condition("groups.one.count", "eq", 0),
    [{"and": condition("done", "eq", True)}, {"or": condition("done", "eq", False) + condition("title", "eq", "a")}],
]
UNSOUND = [
    {},
    condition("titel", "eq", "a"),
    condition("title", "EQ"),
    condition("title", "gt", "a"),
    condition("title", "eq", 5),
    condition("title", "like", "50\\"),
    condition("title", "isnull", "x"),
    condition("status", "in", "ACTIVE"),
    condition("status", "eq", "OPEN"),
    condition("budget", "lt", 1),
    condition("budget", "eq", "1"),
    condition("budget", "eq", True),
    condition("created_at", "lt", "today-07d"),
    condition("created_at", "lt", "me.id"),
    condition("created_at", "lt", "2024-01-01\n"),
    condition("due_on", "eq", "2024-01-01T00:00:00Z"),
    condition("due_on", "eq", "2024-13-01"),
    condition("done", "eq", "true"),
    condition("archived", "eq", "all"),
    condition("custom_field.any-name", "gt", True),
    condition("custom_field.code", "ne", "x"),
    condition("custom_field", "eq", "x"),
    condition("custom_field.a.b", "eq", "x"),
    condition("tasks", "all"),
    condition("tasks", "any", {"field": "title", "op": "eq", "value": "a"}),
    condition("tasks.count", "gte", -1),
    condition("tasks.count", "gte", 1.5),
    condition("tasks.count", "in", [1]),
    condition("groups.one", "any"),
    condition("steps", "any"),
    [{"and": []}],
    [{"and": condition("done", "eq", True), "or": condition("done", "eq", True)}],
    [{"field": "done", "op": "eq", "value": True, "extra": 1}],
]


@pytest.mark.parametrize("data", SOUND, ids=json.dumps)
def test_what_is_sound_validates(data: Any) -> None:
    assert accepted(data)
    VALIDATOR.validate(data)


@pytest.mark.parametrize("data", UNSOUND, ids=json.dumps)
def test_what_is_not_sound_does_not_validate(data: Any) -> None:
    assert not accepted(data)
    assert not VALIDATOR.is_valid(data)


def test_the_schema_is_a_schema() -> None:
    for endpoint in [PROJECTS, Endpoint("empty", {}), *kf.kanbert_endpoints().values()]:
        jsonschema.Draft202012Validator.check_schema(endpoint.to_json_schema())


def test_an_endpoint_without_fields_admits_no_filter_alone() -> None:
    validator = jsonschema.Draft202012Validator(Endpoint("empty", {}).to_json_schema())
    assert validator.is_valid([])
    assert not validator.is_valid(condition("a", "eq", 1))


def test_hidden_fields_are_absent() -> None:
    text = json.dumps(PROJECTS.without("budget", "tasks.hours", "custom_field.code").to_json_schema())
    assert "title" in text
    assert not [name for name in ("budget", "hours", "code") if name in text]


def test_names_are_components() -> None:
    names = [*PROJECTS.to_json_schema()["$defs"]]
    assert names[:4] == ["Condition", "AndGroup", "OrGroup", "Filter"]
    assert "TasksStepsFilter" in names
    assert "GroupsCondition" in names


def test_of_several_wildcards_the_one_that_is_exact_first_has_the_field() -> None:
    endpoint = Endpoint(
        "projects",
        {
            "a.*": kf.types.Relation({"name": "string"}, operators=["any", "count"]),
            "a.*.*": "boolean",
            "a.*.c": "string",
            "a.b.*": "datetime",
            "b.*.*": "boolean",
            "b.*.c": "string",
            "b.*": "id",
            "a.*.d.*": "string",
            "a.*.*.*": "boolean",
            "c.*": {"name": "string"},
            "c.x": {"name": "string"},
            "c.c": kf.types.Relation({}, operators=["any"]),
            "c.*.count": "string",
            "c.b.*": "id",
            "d.b": "number",
            "d.*": {"name": "string"},
            "d.*.*": "string",
            "e.*.*": {"name": "string"},
            "e.b.*": "number",
        },
    )
    validates = jsonschema.Draft202012Validator(endpoint.to_json_schema()).is_valid
    names = [
        *(f"a.{rest}" for rest in ("b", "b.c", "x.c", "x.d", "b.count", "x.count", "b.d.x", "c.b.b")),
        *(f"b.{rest}" for rest in ("b", "b.c", "x.d", "x.count")),
        *(f"c.{rest}" for rest in ("b", "b.d", "b.count", "c.count", "d.count", "x", "x.count")),
        *(f"d.{rest}" for rest in ("b.c", "b.count", "c.d", "c.count")),
        *(f"e.{rest}" for rest in ("b.x", "c.x", "b.x.count", "x.b.count")),
    ]
    found = 0
    for name, value in product(names, ("x", 7, True, "today")):
        data = condition(name, "eq", value)
        assert validates(data) == accepted(data, endpoint), data
        found += validates(data)
    assert found > len(names)


def test_wildcards_that_share_no_name_exclude_none() -> None:
    endpoint = Endpoint("projects", {"a.*": "string", "b.*": {"name": "string"}, "c.*.*": "number", "d": "number"})
    assert '"not"' not in json.dumps(endpoint.to_json_schema())


def test_relations_that_would_be_called_alike_have_components_of_their_own() -> None:
    alike = Endpoint(
        "x", {name: {f"of_{number}": "string"} for number, name in enumerate(["a_b", "a.b", "a.B", "AB2"])}
    )
    schema = alike.to_json_schema()
    assert [name for name in schema["$defs"] if name.endswith("Filter")] == [
        *("Filter", "ABFilter", "AB2Filter", "AB3Filter", "AB22Filter"),
    ]
    validator = jsonschema.Draft202012Validator(schema)
    for number, name in enumerate(alike):
        for of in range(len(alike)):
            data = condition(name, "all", *condition(f"of_{of}", "eq", "x"))
            assert validator.is_valid(data) == accepted(data, alike) == (of == number)


EVERY_TYPE_VALIDATOR = jsonschema.Draft202012Validator(EVERY_TYPE.to_json_schema())


@given(filters)
def test_what_to_json_writes_validates(tree: kf.Filter) -> None:
    checked = EVERY_TYPE.check(tree, limits=kf.Limits.lifted())
    try:
        data = kf.to_json(checked)
    except kf.UnsupportedFilterError:  # a number that only text holds exactly
        return
    EVERY_TYPE_VALIDATOR.validate(data)


# random inputs


VALUES: list[Any] = [
    *(
        "A",
        "ACTIVE",
        "TODO",
        "today+5d",
        "now",
        "me.id",
        "2024-01-01",
        "2024-02-30T10:00",
        "2024-01-01T10:00:00Z",
        "only",
        "%",
        "\\",
    ),
    *(5, 0, -1, 1.5, 2.0, True, False, None, ["ACTIVE"], ["TODO", 5], [1, 2], [], {}, {"and": []}),
]
FIELDS = [*PROJECTS.known, "custom_field.x", "groups.g", "groups.g.count", "status.x", "hours", "name", "at", "titel"]
WORDS = [
    "eq",
    "ne",
    "lt",
    "lte",
    "gt",
    "gte",
    "contains",
    "like",
    "in",
    "nin",
    "isnull",
    "isnotnull",
    "any",
    "none",
    "all",
    "EQ",
    "neq",
]


def random_filter(choose: random.Random, depth: int = 0) -> Any:
    if depth < 3 and choose.random() < 0.25:
        return {choose.choice(["and", "or"]): [random_filter(choose, depth + 1) for _ in range(choose.randint(0, 3))]}
    field = choose.choice(FIELDS)
    made: dict[str, Any] = {"field": field, "op": choose.choice(WORDS)}
    if choose.random() < 0.8:
        nested = depth < 3 and (field in ("tasks", "steps", "groups.g") or choose.random() < 0.05)
        made["value"] = random_filter(choose, depth + 1) if nested else choose.choice(VALUES)
    if choose.random() < 0.02:
        made[choose.choice(["value", "extra"])] = choose.choice(VALUES)
    return made


def canonical(data: Any) -> bool:
    """Whether an accepted input is written as the canonical writing has it, so that it should validate."""
    return bool(kf.to_json(PROJECTS.parse(data)) == data)


def any_of(validator: Any, schemas: list[Any], instance: Any, schema: Any) -> Iterator[jsonschema.ValidationError]:
    """The keyword, without the reasons: jsonschema collects those of every alternative, which takes five times as long."""
    if not any(next(validator.descend(instance, each), None) is None for each in schemas):
        yield jsonschema.ValidationError("no alternative fits")


QuickValidator: Any = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"anyOf": any_of})  # type: ignore[no-untyped-call]
QUICK_VALIDATOR = QuickValidator(PROJECTS.to_json_schema())


def check_random(seeds: range) -> list[tuple[Any, bool]]:
    """The inputs, and whether each validates; each that does is accepted, and each that is accepted and canonical does."""
    judged = []
    for seed in seeds:
        choose = random.Random(seed)
        data = [random_filter(choose) for _ in range(choose.randint(1, 2))]
        valid = QUICK_VALIDATOR.is_valid(data)
        if valid and not accepted(data):
            assert "2024-02-30" in json.dumps(data), data  # the calendar has no such day
        if accepted(data) and canonical(data):
            assert valid, data
        judged.append((data, valid))
    return judged


def test_random_inputs_validate_where_the_check_accepts_them() -> None:
    judged = check_random(range(1000))
    assert sum(valid for _, valid in judged) > 15
    assert [VALIDATOR.is_valid(data) for data, _ in judged[:200]] == [valid for _, valid in judged[:200]]


@pytest.fixture(scope="module")
def thousands(pytestconfig: pytest.Config) -> list[tuple[Any, bool]]:
    return check_random(range(10 * pytestconfig.getoption("filters")))


@pytest.mark.heavy
def test_thousands_of_random_inputs(thousands: list[tuple[Any, bool]]) -> None:
    assert sum(valid for _, valid in thousands) > 0.015 * len(thousands)


@pytest.mark.heavy
@pytest.mark.skipif(shutil.which("npm") is None, reason="ajv needs Node and npm")
def test_ajv_agrees(thousands: list[tuple[Any, bool]], tmp_path: Path) -> None:
    install = ["npm", "install", "--silent", "--prefix", str(tmp_path), "ajv@8"]
    if subprocess.run(install, capture_output=True, timeout=300, check=False).returncode:
        pytest.skip("npm reaches no registry")
    judged = [*thousands, *[(data, True) for data in SOUND], *[(data, False) for data in UNSOUND]]
    script = """
        const Ajv = require("ajv/dist/2020").default;
        const [schema, inputs] = JSON.parse(require("fs").readFileSync(0, "utf8"));
        const validate = new Ajv({strict: false}).compile(schema);
        console.log(JSON.stringify(inputs.map(input => validate(input))));
    """
    run = subprocess.run(
        ["node", "-e", script],
        input=json.dumps([PROJECTS.to_json_schema(), [data for data, _ in judged]]),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=120,
        check=True,
    )
    differing = [data for (data, valid), answer in zip(judged, json.loads(run.stdout), strict=True) if answer != valid]
    assert not differing, differing[:5]
