"""The check: every problem, in source order, at its place, and no more than the limit."""

import pickle
import time
from typing import Any

import pytest

import kanbert_filter as kf
from kanbert_filter.errors import Location
from kanbert_filter.nodes import And, Filter, comparison, membership

ENDPOINT = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "budget": "number",
        "status": "enum: ACTIVE, DONE",
        "owner.id": "id",
        "tasks": {"status": "enum: ACTIVE, DONE", "hours": "number", "members": {"first_name": "string"}},
        "members": {"first_name": "string", "last_name": "string"},
    },
)


def problems(filter: object, **options: bool) -> tuple[kf.Problem, ...]:
    with pytest.raises(kf.FilterCheckError) as error:
        kf.Endpoint("projects", ENDPOINT, **options).parse(filter)
    return error.value.problems


def test_every_problem_is_told_in_source_order() -> None:
    data = [
        {"field": "titel", "op": "eq", "value": "x"},
        {"or": [{"field": "budget", "op": "contains", "value": "x"}, {"field": "title", "op": "eq", "value": 1}]},
        {
            "field": "tasks",
            "op": "any",
            "value": [{"field": "status", "op": "in", "value": ["ACTIVE", "no", "DONE", "nor"]}],
        },
        {
            "field": "tasks",
            "op": "all",
            "value": {"field": "members", "op": "none", "value": {"field": "name", "op": "isnull"}},
        },
        {"field": "tasks", "op": "eq", "value": 1},
        {"field": "title", "op": "any"},
        {"field": "budget", "op": "isnull"},
        {"field": "tasks.count", "op": "gt", "value": 0.5},
    ]
    found = problems(data)
    assert [(problem.code, problem.field) for problem in found] == [
        ("unknown_field", "titel"),
        ("operator_not_allowed", "budget"),
        ("invalid_value", "title"),
        ("invalid_choice", "tasks.status"),
        ("invalid_choice", "tasks.status"),
        ("unknown_field", "tasks.members.name"),
        ("operator_not_allowed", "tasks"),
        ("operator_not_allowed", "title"),
        ("invalid_value", "tasks.count"),
    ]
    places = [place.excerpt() for problem in found if (place := problem.location)]
    assert [place.split(": ")[0].split()[-1] for place in places] == [
        "/0/field",
        "/1/or/0/op",
        "/1/or/1/value",
        "/2/value/0/value/1",
        "/2/value/0/value/3",
        "/3/value/value/field",
        "/4/op",
        "/5/op",
        "/7/value",
    ]


def test_the_documented_body() -> None:
    with pytest.raises(kf.FilterError) as error:
        ENDPOINT.parse([{"field": "budget", "op": "contains", "value": "x"}])
    assert error.value.response_body() == {
        "message": "Invalid filter",
        "errors": [{"field": "budget", "issue": "Operator 'contains' is not allowed for type 'number'"}],
    }


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("tasks > 3", "; write tasks.count > 3"),
        ("tasks any (steps != 0)", "; write steps.count != 0"),
        ("tasks is null", "; write tasks none"),
        ("tasks is not null", "; write tasks any"),
        ("tasks = 'a'", "; write tasks any (…)"),
        ("tasks > 1.5", "; write tasks any (…)"),
        ("tasks in [1]", "; write tasks any (…)"),
        ("notes > 3", "; write notes any (…)"),
        ("notes is null", ""),
        ("files = 5", "; write files.count = 5"),
        ("files is null", ""),
        ("files contains 'a'", ""),
    ],
)
def test_a_relation_says_what_to_write_in_place_of_a_comparison(text: str, remedy: str) -> None:
    rows: dict[str, Any] = {
        "tasks": {"name": "string", "steps": {"name": "string"}},
        "notes": kf.types.Relation({"name": "string"}, operators=["any"]),
        "files": kf.types.Relation({"name": "string"}, operators=["count"]),
    }
    with pytest.raises(kf.FilterCheckError) as caught:
        kf.Endpoint("projects", rows).parse(text)
    [problem] = caught.value.problems
    assert problem.message.partition("type 'relation'")[2] == remedy


def test_a_forbidden_operator_on_a_relation_hides_no_problem_inside() -> None:
    endpoint = kf.Endpoint("e", {"tasks": kf.types.Relation({"s": "string", "n": "number"}, operators=["any"])})
    with pytest.raises(kf.FilterCheckError) as error:
        endpoint.parse("tasks all (nope = 1 and s = 5 and n = 7) and tasks none and n = 1")
    assert [(problem.code, problem.field) for problem in error.value.problems] == [
        ("operator_not_allowed", "tasks"),
        ("unknown_field", "tasks.nope"),
        ("invalid_value", "tasks.s"),
        ("operator_not_allowed", "tasks"),
        ("unknown_field", "n"),
    ]


@pytest.mark.parametrize(
    ("name", "suggestions", "message"),
    [
        ("titel", ["title"], "Unknown field 'titel'. Did you mean 'title'?"),
        ("task.count", ["tasks.count"], "Unknown field 'task.count'. Did you mean 'tasks.count'?"),
        ("TITLE", ["title"], "Unknown field 'TITLE'. Did you mean 'title'?"),
        ("OWNER.ID", ["owner.id"], "Unknown field 'OWNER.ID'. Did you mean 'owner.id'?"),
        ("own", ["owner.id"], "Unknown field 'own'. Did you mean 'owner.id'?"),
        ("owner", ["owner.id"], "Unknown field 'owner'. Did you mean 'owner.id'?"),
        ("id", ["owner.id"], "Unknown field 'id'. Did you mean 'owner.id'?"),
        ("zzz", [], "Unknown field 'zzz'"),
        ("budget.count", [], "Unknown field 'budget.count'"),
        ("members.first_name", [], "'members' is a relation: write members any (first_name …)"),
        ("members.first_nam", [], "'members' is a relation: write members any (first_name …)"),
        ("members.zzz", [], "'members' is a relation: write members any (…)"),
    ],
)
def test_suggestions(name: str, suggestions: list[str], message: str) -> None:
    [problem] = problems([{"field": name, "op": "eq", "value": "x"}])
    assert list(problem.suggestions) == suggestions
    assert problem.message.endswith(message)
    [silent] = problems([{"field": name, "op": "eq", "value": "x"}], suggestions=False)
    assert silent.message == f"Unknown field '{name}'"
    assert silent.suggestions == ()


CODES = [f"S-{number:04}" for number in range(300)]


@pytest.mark.parametrize(
    ("choices", "found", "end"),
    [
        (["ACTIVE", "DONE"], "active", "expected one of 'ACTIVE', 'DONE'; did you mean 'ACTIVE'?"),
        (["ACTIVE", "DONE"], "ACTVE", "expected one of 'ACTIVE', 'DONE'; did you mean 'ACTIVE'?"),
        (["ACTIVE", "DONE"], "late", "expected one of 'ACTIVE', 'DONE'"),
        (["open-now", "open-late"], "open", "did you mean 'open-now' or 'open-late'?"),
        (CODES, "s-0299", "'S-0019', …; did you mean 'S-0299'?"),
        ([*CODES, "X-5000000"], "X-500000", "'S-0019', …; did you mean 'X-5000000'?"),
    ],
)
def test_the_nearest_choice_is_suggested(choices: list[str], found: str, end: str) -> None:
    for scope in (kf.types.Enum(*choices), kf.types.Scope(choices)):
        with pytest.raises(kf.FilterCheckError) as error:
            kf.Endpoint("e", {"status": scope}).check(kf.field("status") == found)
        [problem] = error.value.problems
        assert problem.message.endswith(end)
        assert problem.suggestions[0] in problem.message
        assert {*choices[:20]} <= {*problem.suggestions}


REPETITIVE = ["ab" * 60 + f"{number:08}" for number in range(100)]
ALIKE = [f"field_{number:04}" for number in range(100)]


@pytest.mark.parametrize(
    ("names", "unknown"),
    [
        (REPETITIVE, ["ba" * 60 + f"{number:08}" for number in range(0, 1000, 50)]),
        (ALIKE, [f"feild_{number:04}" for number in range(0, 1000, 50)]),
        (CODES * 40, [f"T-{number:04}" for number in range(20)]),
    ],
)
def test_suggestions_cost_little_whatever_is_unknown(names: list[str], unknown: list[str]) -> None:
    fields = kf.Endpoint(
        "e", dict.fromkeys(names, "string") if names[0].isidentifier() else {"x": kf.types.Enum(*names)}
    )
    conditions = [kf.field(name if name.isidentifier() else "x") == name for name in unknown]

    def seconds(endpoint: kf.Endpoint) -> float:
        start = time.process_time()
        with pytest.raises(kf.FilterCheckError):
            endpoint.check(kf.And(conditions))
        return time.process_time() - start

    silent = kf.Endpoint("e", fields, suggestions=False)
    assert min(seconds(fields) for _ in range(5)) < 0.04 + min(
        seconds(silent) for _ in range(5)
    )  # twice the aim of 20 ms


def test_suggestions_inside_a_relation_are_full_paths() -> None:
    [problem] = problems({"field": "tasks", "op": "any", "value": {"field": "hour", "op": "eq", "value": 1}})
    assert problem.message == "Unknown field 'tasks.hour'. Did you mean 'tasks.hours'?"
    assert problem.suggestions == ("tasks.hours",)


def test_problems_are_capped() -> None:
    many: list[Filter] = [kf.field("zzz") == i for i in range(50)]
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(And(many))
    assert [problem.code for problem in error.value.problems] == ["unknown_field"] * 20 + ["truncated"]
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(And(many), limits=kf.Limits(max_problems=50))
    assert len(error.value.problems) == 50
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(kf.field("status").in_(map(str, range(50))))
    assert len(error.value.problems) == 21


class Searched:
    """An origin that counts how often it is asked."""

    def __init__(self) -> None:
        self.times = 0

    def locate(self, index: int, part: str, item: int | None = None) -> Location | None:
        self.times += 1
        return None


@pytest.mark.parametrize("shape", ["list", "conditions"])
@pytest.mark.parametrize(("wrong", "asked"), [(20, 20), (21, 21), (400, 21)])
def test_no_place_is_worked_out_that_is_not_told(shape: str, wrong: int, asked: int) -> None:
    origin = Searched()
    tree: Filter = membership("budget", "in", ("x",) * wrong, origin, 0)
    if shape == "conditions":
        tree = And([comparison("budget", "eq", "x", origin, number) for number in range(wrong)])
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(tree & (kf.field("title") == 5))
    told = [problem.code for problem in error.value.problems]
    assert told == ["invalid_value"] * 20 + ["truncated"]
    assert origin.times == asked


def test_what_is_sound_stays_the_same_tree() -> None:
    sound = (kf.field("title") == "x") & (
        (kf.field("budget") > 1) | kf.field("tasks").any(kf.field("hours").in_([1, 2]))
    )
    assert ENDPOINT.check(sound).filter is sound
    bare = kf.field("members").none()
    assert ENDPOINT.check(bare).filter is bare
    assert ENDPOINT.check(kf.EVERYTHING).filter is kf.EVERYTHING


def test_what_changes_keeps_its_place() -> None:
    checked = ENDPOINT.parse(
        [{"field": "title", "op": "eq", "value": "x"}, {"field": "owner.id", "op": "in", "value": [7, "8"]}]
    )
    changed = [*kf.walk(checked.filter)][-1]
    assert changed == kf.field("owner.id").in_(["7", "8"])
    assert isinstance(changed, kf.Membership)
    assert changed.location is not None


def test_trees_built_in_python_have_no_place() -> None:
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(kf.field("titel") == "x")
    assert error.value.problems[0].location is None
    assert str(error.value) == "Unknown field 'titel'. Did you mean 'title'?"


def nested(filter: Filter, *, levels: int) -> Filter:
    for level in range(levels):
        filter = (kf.And if level % 2 else kf.Or)([filter, kf.field("budget").is_null()])
    return filter


BUDGET = kf.field("budget") == 1


@pytest.mark.parametrize(
    ("sound", "more", "problem"),
    [
        (kf.Or([BUDGET] * 500), BUDGET, ("too_many_conditions", None)),
        (kf.field("budget").in_(range(1000)), kf.field("budget").in_(range(1001)), ("list_too_long", "budget")),
        (
            kf.And([kf.field("budget").in_(range(1000))] * 2) & kf.field("title").is_null(),
            BUDGET,
            ("too_many_values", None),
        ),
        (nested(BUDGET, levels=18), nested(BUDGET, levels=20), ("too_deep", None)),
    ],
)
def test_limits_bound_trees_that_python_built(sound: Filter, more: Filter, problem: tuple[str, str | None]) -> None:
    ENDPOINT.check(sound)
    with pytest.raises(kf.FilterCheckError) as error:
        ENDPOINT.check(sound & more)
    assert problem in [(found.code, found.field) for found in error.value.problems]
    ENDPOINT.check(sound & more, limits=kf.Limits.lifted())


def test_relations_inside_each_other_are_bounded() -> None:
    fields: dict[str, Any] = {"n": "number"}
    for _ in range(6):
        fields = {"n": "number", "t": fields}
    endpoint = kf.Endpoint("e", fields)
    limits = kf.Limits(max_relation_depth=2)
    within = kf.field("t").any(kf.field("t").any(kf.field("n") == 1) & kf.field("t").none())
    endpoint.check(within & within, limits=limits)
    with pytest.raises(kf.FilterCheckError) as error:
        endpoint.check(kf.field("t").any(kf.field("t").any(kf.field("t").any())) & (kf.field("x") == 1), limits=limits)
    assert [(problem.code, problem.field) for problem in error.value.problems] == [
        ("relations_too_deep", "t.t.t"),
        ("unknown_field", "x"),
    ]


TASKS = kf.field("tasks")
SEEN = kf.Endpoint(
    "projects",
    {
        "title": "string",
        "tasks": {"n": "number", "members": {"name": "string"}},
        "seen": kf.types.Scope({"all": kf.EVERYTHING, "some": TASKS.any() | (TASKS.count() > 5)}),
    },
)
VIEW = {"all": SEEN.parse("seen = 'all'"), "some": SEEN.parse("seen = 'some' and tasks none")}
TESTED = kf.Endpoint(
    "projects", {**dict(SEEN.items()), "view": kf.types.Scope(VIEW), "kept": kf.types.Scope(["unbound"])}
)


@pytest.mark.parametrize(
    ("filter", "tests"),
    [
        ("title = 'a'", 0),
        ("tasks any", 1),
        ("tasks any or tasks none (n = 1) or tasks all (n = 2)", 3),
        ("tasks.count = 1 and tasks.count != 2", 2),
        ("tasks any (members all (name = 'a') or members.count > 1)", 3),
        ("seen = 'all'", 0),
        ("seen = 'some'", 2),
        ("seen = 'some' or title = 'a' and seen = 'some'", 4),
        ("view = 'all'", 0),
        ("view = 'some'", 3),
        ("kept = 'unbound' or tasks any", 1),
    ],
)
def test_relation_tests_are_bounded(filter: str, tests: int) -> None:
    TESTED.parse(filter, limits=kf.Limits(max_relation_tests=max(tests, 1)))
    if tests > 1:
        with pytest.raises(kf.FilterCheckError) as error:
            TESTED.parse(filter, limits=kf.Limits(max_relation_tests=tests - 1))
        [problem] = error.value.problems
        assert (problem.code, problem.field) == ("too_many_relation_tests", None)
        assert problem.message.startswith(f"Found more than {tests - 1} test")


def test_fifty_relation_tests_are_admitted_unless_told_otherwise() -> None:
    TESTED.check(kf.Or([TASKS.any()] * 50))
    for tree in (kf.Or([TASKS.count() > 1] * 51), kf.Or([kf.field("seen") == "some"] * 26)):
        with pytest.raises(kf.FilterCheckError, match="expected at most 50"):
            TESTED.check(tree)
        TESTED.check(tree, limits=kf.Limits.lifted())


def test_relation_tests_in_scopes_are_counted_wherever_the_endpoint_comes_from() -> None:
    twins = [TESTED, TESTED.without("title"), pickle.loads(pickle.dumps(TESTED)), kf.Endpoint("again", TESTED)]
    bound = kf.Endpoint("bound", {"tasks": {"n": "number"}, "seen": kf.types.Scope(["some"])})
    twins.append(bound.bind(seen={"some": TASKS.any() & TASKS.any(kf.field("n") == 1)}))
    for endpoint in twins:
        with pytest.raises(kf.FilterCheckError, match="Found more than 1 test of related records"):
            endpoint.parse("seen = 'some'", limits=kf.Limits(max_relation_tests=1))


@pytest.mark.parametrize("other", ["title is null", None, ENDPOINT.check(kf.EVERYTHING), [kf.EVERYTHING]])
def test_only_filters_are_checked(other: Any) -> None:
    with pytest.raises(TypeError, match="expected a filter, not"):
        ENDPOINT.check(other)
