"""Endpoints: their rows, what callers may see of them, their scopes, and how checked filters compose."""

import enum as python_enum
import pickle
from collections.abc import Callable, Mapping
from typing import Any

import pytest

import kanbert_filter as kf
from kanbert_filter.endpoints.field_table import FieldTable
from kanbert_filter.nodes import Comparison, Filter, NullCheck, RelationTest
from kanbert_filter.types import Count

ONLY = kf.field("archived_at").is_not_null()
WITHOUT = kf.field("archived_at").is_null()
ARCHIVED: dict[str, Filter | kf.CheckedFilter] = {"with": kf.EVERYTHING, "only": ONLY, "without": WITHOUT}


@pytest.fixture
def projects() -> kf.Endpoint:
    return kf.Endpoint(
        "projects",
        {
            "title": "string",
            "budget": "number; eq, gte",
            "archived": kf.types.Scope(ARCHIVED),
            "custom_field.*": "custom",
            "tasks": {
                "status": "enum: ACTIVE, DONE",
                "assignee.id": "id<UserData>",
                "comments": {"text": "string", "hidden": "enum: with, only, without"},
            },
        },
    )


def refusal(endpoint: kf.Endpoint, filter: Filter) -> list[str]:
    with pytest.raises(kf.FilterCheckError) as error:
        endpoint.check(filter)
    return [str(problem) for problem in error.value.problems]


def test_an_endpoint_is_a_table(projects: kf.Endpoint) -> None:
    assert projects.name == "projects"
    assert list(projects) == ["title", "budget", "archived", "custom_field.*", "tasks"]
    assert projects["budget"] == kf.types.Number(operators=["eq", "gte"])
    assert "tasks" in projects
    assert "tasks.count" not in projects
    assert isinstance(projects.field_type("tasks.count"), Count)
    assert repr(projects) == "<Endpoint 'projects': title, budget, archived, custom_field.*, tasks>"
    assert repr(projects["tasks"]).startswith("<Relation 'Relation - status (enum: ACTIVE, DONE) - assignee.id")
    tasks = projects["tasks"]
    assert isinstance(tasks, kf.types.Relation)
    assert tasks.related.name == "related records"


def test_a_plain_condition_of_a_scope_compares_no_scope() -> None:
    """A plain condition is over the endpoint's own columns; the scope would be taken for one of them."""
    seen = kf.types.Scope({"yes": kf.field("seen_at").is_not_null()})
    view = kf.types.Scope({"own": (kf.field("seen") == "yes") | (kf.field("title") == "x")})
    with pytest.raises(ValueError, match="a scope's condition compares the scope 'seen'; write its condition instead"):
        kf.Endpoint("news", {"title": "string", "seen": seen, "view": view})
    news = kf.Endpoint("news", {"title": "string", "seen": seen})
    checked = kf.types.Scope({"own": news.parse("seen = 'yes' or title = 'x'")})
    view_of_news = kf.Endpoint("news", {"view": checked}).parse("view = 'own'")
    assert kf.compile_predicate(view_of_news).select([{"title": "x"}, {"seen_at": "now"}, {}]) == [
        {"title": "x"},
        {"seen_at": "now"},
    ]


def test_an_endpoint_is_a_mapping_of_its_rows(projects: kf.Endpoint) -> None:
    assert isinstance(projects, Mapping)
    assert dict(projects) == dict(projects.items())
    assert [*projects.keys()] == [*projects]
    assert [*projects.values()] == [projects[name] for name in projects]
    assert len(projects) == 5
    assert projects.get("budget") is projects["budget"]
    assert projects.get("tasks.count") is None
    assert {**projects} == dict(projects)
    assert kf.Endpoint("projects", dict(projects)) == projects
    assert projects != dict(projects)
    with pytest.raises(KeyError):
        projects["nope"]


def test_an_endpoint_is_the_table_of_a_relation() -> None:
    tasks = kf.Endpoint("tasks", {"status": "string", "x.*": "custom", "x.secret": "string"}).without("x.secret")
    projects = kf.Endpoint("projects", {"tasks": tasks})
    projects.parse("tasks any (status = 'a' and x.y = 1)")
    with pytest.raises(kf.FilterCheckError, match=r"Unknown field 'tasks\.x\.secret'"):
        projects.parse("tasks any (x.secret = 'a')")


@pytest.mark.parametrize("path", ["__class__", "client.__class__", "_a.__b", "x.__"])
def test_names_that_belong_to_python_are_no_fields(path: str) -> None:
    for rows in ({path: "string"}, {"x": kf.types.String(source=path)}, {"x": {path: "string"}}):
        with pytest.raises(ValueError, match="expected no segment that begins with '__'"):
            kf.Endpoint("e", rows)
    kf.Endpoint("e", {"_a.b__": "string", "x__y": "string"})


@pytest.mark.parametrize("text", ["\ud800", "a\udfff"])
def test_choices_are_unicode(text: str) -> None:
    Members = python_enum.Enum("Members", {"A": text})
    for make in (
        lambda: kf.types.Enum("open", text),
        lambda: kf.types.Enum(Members),
        lambda: kf.types.Scope(["open", text]),
        lambda: kf.types.Scope({text: kf.EVERYTHING}),
        lambda: kf.Endpoint.from_dict({"name": "e", "fields": {"x": {"type": "enum", "choices": [text]}}}),
    ):
        with pytest.raises(ValueError, match="half of a surrogate pair, expected Unicode text") as caught:
            make()
        assert not isinstance(caught.value, kf.FilterError)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        *[("strng", "string"), ("Number", "number"), ("text", "string"), ("integer", "number"), ("INT", "number")],
        *[("bool", "boolean"), ("timestamp", "datetime"), ("uuid", "id"), ("money", "currency"), ("any", "custom")],
        *[("dat", "date"), ("choice", "enum"), ("array", "relation"), ("boolaen", "boolean"), ("blob", None)],
    ],
)
def test_an_unknown_type_is_told_the_one_that_is_meant(written: str, meant: str | None) -> None:
    with pytest.raises(ValueError, match="found type") as caught:
        kf.Endpoint.from_dict({"name": "e", "fields": {"x": {"type": written}}})
    end = f"; did you mean '{meant}'?" if meant else "custom, relation, scope"
    assert str(caught.value).endswith(end)


def test_endpoints_are_values(projects: kf.Endpoint) -> None:
    twin = pickle.loads(pickle.dumps(projects))
    assert twin == projects
    assert hash(twin) == hash(projects)
    assert twin.without("title") != projects
    assert kf.Endpoint("projects", projects) == projects
    assert kf.Endpoint("projects", projects, suggestions=False) != projects
    assert pickle.loads(pickle.dumps(projects.only("tasks"))) == projects.only("tasks")


def test_the_order_of_rows_is_no_difference() -> None:
    one = kf.Endpoint("e", {"a.*": "string", "c.*": "number", "a.b.*": "date", "a.*.c": "id"})
    other = kf.Endpoint("e", dict(reversed([*one.items()])))
    assert one == other
    assert hash(one) == hash(other)
    for endpoint in (one, other):
        row = endpoint.field_type("a.b.c")
        assert row is not None
        assert row.kind == "date"


@pytest.mark.parametrize(
    ("fields", "error", "message"),
    [
        ({"title": "strng"}, ValueError, "field 'title': found type 'strng', expected one of string, number"),
        ({"title": "enum<"}, ValueError, "field 'title': found 'enum<', expected a type such as string"),
        (
            {"title": 5},
            TypeError,
            "field 'title': found an object of class int, expected a type, its text, or a mapping",
        ),
        ({5: "string"}, TypeError, "expected a field name, not int"),
        (None, TypeError, "expected a mapping of names to field types, not NoneType"),
        ({"tasks": kf.types.Relation}, TypeError, "field 'tasks': found an object of class "),
        ({"1title": "string"}, kf.FilterSyntaxError, "'1title' is not a field name"),
        ({"*": "string"}, kf.FilterSyntaxError, "is not a field name"),
        ({"tasks": {"status": "nil"}}, ValueError, "field 'status': found type 'nil'"),
        ({"a.*": kf.types.Custom(source="*.*")}, ValueError, "expected no more wildcards than in its name"),
    ],
)
def test_wrong_endpoints_cannot_be_made(fields: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        kf.Endpoint("e", fields)


def nested(levels: int, wrap: Callable[[dict[str, Any]], Any] = dict) -> dict[str, Any]:
    """Tables with rows inside each other, so many in all."""
    rows: dict[str, Any] = {"a": "string"}
    for _ in range(levels - 1):
        rows = {"a": wrap(rows)}
    return rows


@pytest.mark.parametrize("wrap", [dict, kf.types.Relation])
def test_tables_are_no_deeper_than_trees(wrap: Callable[[dict[str, Any]], Any]) -> None:
    deepest = kf.Endpoint("e", nested(100, wrap))
    assert deepest == kf.Endpoint("e", nested(100)) == pickle.loads(pickle.dumps(deepest))
    assert kf.Endpoint.from_dict(deepest.to_dict()) == deepest
    assert kf.Endpoint.from_markdown("e", deepest.to_markdown()) == deepest
    for levels in (101, 150) if wrap is kf.types.Relation else (101, 150, 100_000):
        with pytest.raises(ValueError, match="nested more than 100 levels"):
            kf.Endpoint("e", nested(levels, wrap))
    with pytest.raises(ValueError, match="nested more than 100 levels"):
        kf.Endpoint("e", {"x": {"y": kf.types.Relation(nested(99))}})
    endless: dict[str, Any] = {}
    endless |= {"a": endless, "b": endless}
    with pytest.raises(ValueError, match="nested more than 100 levels"):
        kf.Endpoint("e", endless)


def test_notations_say_all_of_a_type() -> None:
    endpoint = kf.Endpoint("e", {"title": "string; case-sensitive; eq, LIKE", "tasks": "Relation - id (id); any"})
    assert endpoint["title"] == kf.types.String(case_sensitive=True, operators=["eq", "like"])
    assert endpoint["tasks"] == kf.types.Relation({"id": "id"}, operators=["any"])
    assert kf.types.from_text("date", operators=["eq"]) == kf.types.Date(operators=["eq"])
    with pytest.raises(ValueError, match="expected them in one place"):
        kf.types.from_text("date; eq", operators=["eq"])


# sources and wildcards


def test_sources() -> None:
    endpoint = kf.Endpoint(
        "e",
        {
            "title": "string",
            "contact.id": kf.types.Id("UserData", source="contact_id"),
            "custom_field.*": kf.types.Custom(source="custom.values.*"),
            "custom_field.name": kf.types.String(source="name"),
            "plain.*": "custom",
            "tasks": kf.types.Relation({"id": kf.types.Id(source="task.id")}, source="todo.items"),
            "steps.*": kf.types.Relation({}, source="step_lists.*"),
        },
    )
    sources = {
        "title": "title",
        "contact.id": "contact_id",
        "custom_field.color": "custom.values.color",
        "custom_field.name": "name",
        "plain.x": "plain.x",
        "tasks": "todo.items",
        "tasks.count": "todo.items",
        "steps.a": "step_lists.a",
        "steps.a.count": "step_lists.a",
        "unknown.field": "unknown.field",
    }
    assert {path: ".".join(endpoint.source_of(path)) for path in sources} == sources
    assert endpoint.wild_segments("custom_field.color") == (False, False, True)
    assert endpoint.wild_segments("custom_field.name") == (False,)
    assert endpoint.wild_segments("steps.a.count") == (False, True)


def test_wildcards() -> None:
    endpoint = kf.Endpoint("e", {"f.*": "number", "f.name": "string", "g.*.x.*": "boolean", "h.*": {}})
    kinds = {
        path: row.kind
        for path in ("f.a", "f.name", "g.a.x.b", "h.a", "h.a.count")
        if (row := endpoint.field_type(path))
    }
    assert kinds == {"f.a": "number", "f.name": "string", "g.a.x.b": "boolean", "h.a": "relation", "h.a.count": "count"}
    assert not any(map(endpoint.field_type, ["f", "f.a.b", "g.a.y.b", "f.a.count", "h.a.b.count"]))
    endpoint.check((kf.field("f.budget-2") > 1) & (kf.field("h.a").count() > 1))


def test_an_exact_row_beats_a_count() -> None:
    endpoint = kf.Endpoint("e", {"tasks": {}, "tasks.count": "string", "tasks.*": "boolean"})
    endpoint.check(kf.field("tasks.count") == "many")
    kf.Endpoint("e", {"tasks": {}, "tasks.*": "boolean"}).check(kf.field("tasks.count") == 1)


def test_a_count_beats_what_a_wildcard_admits() -> None:
    rows: dict[str, Any] = {
        "g.*": {"x": "string"},
        "g.*.*": "custom",
        "g.c": "Relation; any",
        "g.d": "string",
        "n.*": {},
        "n.*.count": "string",
    }
    endpoint = kf.Endpoint("e", rows)
    paths = ["g.a.count", "g.a.size", "g.c.count", "g.d.count", "n.a.count"]
    kinds = [row.kind for path in paths if (row := endpoint.field_type(path))]
    assert kinds == ["count", "custom", "custom", "custom", "string"]
    assert endpoint.source_of("g.a.count") == ("g", "a")
    matches = kf.compile_predicate(endpoint.parse("g.a.count = 1"))
    assert matches({"g": {"a": [{"x": "y"}]}})
    hidden = kf.Endpoint("e", rows | {"g.a": {}}).without("g.a").field_type("g.a.count")
    assert hidden == kf.types.Custom()


def test_a_count_must_be_allowed() -> None:
    endpoint = kf.Endpoint("e", {"tasks": kf.types.Relation({}, operators=["any"]), "h.*": "Relation; any"})
    [problem] = refusal(endpoint, kf.field("tasks").count() > 1)
    assert problem.splitlines()[0] == "Operator 'count' is not allowed for field 'tasks.count'"
    assert refusal(endpoint, kf.field("h.a").count() > 1)


# what a caller may see


def test_only(projects: kf.Endpoint) -> None:
    seen = projects.only("tasks.status", "title", "tasks.comments.text")
    assert list(seen) == ["title", "tasks"]
    tasks = seen["tasks"]
    assert isinstance(tasks, kf.types.Relation)
    assert list(tasks.related) == ["status", "comments"]
    assert projects.only("tasks", "tasks.status")["tasks"] == projects["tasks"]
    assert type(seen) is kf.Endpoint
    assert seen.name == "projects"


def test_without(projects: kf.Endpoint) -> None:
    seen = projects.without("title", "tasks.status", "tasks.comments.text")
    assert list(seen) == ["budget", "archived", "custom_field.*", "tasks"]
    tasks = seen["tasks"]
    assert isinstance(tasks, kf.types.Relation)
    assert list(tasks.related) == ["assignee.id", "comments"]
    assert list(projects.without("tasks.status", "tasks")) == list(projects.without("tasks"))


def test_the_longest_relation_is_meant() -> None:
    endpoint = kf.Endpoint("e", {"a": {"x": "string"}, "a.b": {"c": "string", "d": "string"}})
    assert endpoint.only("a.b.c") == kf.Endpoint("e", {"a.b": {"c": "string"}})


@pytest.mark.parametrize("name", ["titel", "tasks.state", "tasks.comments.texts", "title.x", "custom_field.a"])
def test_only_what_is_there_can_be_hidden(projects: kf.Endpoint, name: str) -> None:
    with pytest.raises(ValueError, match="has no field"):
        projects.without(name)
    with pytest.raises(ValueError, match="has no field"):
        projects.only(name)


@pytest.mark.parametrize(
    ("hidden", "filter", "stranger"),
    [
        ("title", kf.field("title") == "x", kf.field("zzzzz") == "x"),
        ("tasks", kf.field("tasks").any(), kf.field("zzzzz").any()),
        ("tasks", kf.field("tasks").count() > 1, kf.field("zzzzz").count() > 1),
        (
            "tasks.status",
            kf.field("tasks").any(kf.field("status") == "x"),
            kf.field("tasks").any(kf.field("zzzzz") == "x"),
        ),
        ("archived", kf.field("archived") == "only", kf.field("zzzzz") == "only"),
        ("custom_field.*", kf.field("custom_field.a") == 1, kf.field("zzzzz.a") == 1),
    ],
)
def test_what_is_hidden_does_not_exist(projects: kf.Endpoint, hidden: str, filter: Filter, stranger: Filter) -> None:
    projects_seen = projects.without(hidden)
    name = hidden.rpartition(".")[2] if hidden.startswith("tasks.") else hidden.removesuffix(".*")
    assert refusal(projects_seen, filter) == [text.replace("zzzzz", name) for text in refusal(projects_seen, stranger)]


# scopes


def test_a_scope_stands_for_checked_conditions(projects: kf.Endpoint) -> None:
    archived = projects["archived"]
    assert isinstance(archived, kf.types.Scope)
    assert archived.conditions is not None
    conditions = {choice: getattr(c, "filter", None) for choice, c in archived.conditions.items()}
    assert conditions == ARCHIVED
    projects.check(kf.field("archived") == "only")
    assert refusal(projects, kf.field("archived") == "both")
    assert refusal(projects, ONLY), "the condition's own field stays unknown to users"


def test_imported_scopes_are_bound(projects: kf.Endpoint) -> None:
    unbound = kf.Endpoint.from_dict(projects.to_dict())
    archived = unbound["archived"]
    assert isinstance(archived, kf.types.Scope)
    assert archived.conditions is None
    assert unbound.bind(archived=dict(reversed(ARCHIVED.items()))) == projects
    assert unbound.bind(archived=ARCHIVED).bind(archived=ARCHIVED) == projects


def test_scopes_of_related_records() -> None:
    bound = kf.Endpoint("e", {"tasks": {"due": "date", "archived": kf.types.Scope(ARCHIVED)}})
    unbound = kf.Endpoint("e", {"tasks": {"due": "date", "archived": "enum: with, only, without"}})
    assert unbound.bind(**{"tasks.archived": ARCHIVED}) == bound
    tasks = bound["tasks"]
    assert isinstance(tasks, kf.types.Relation)
    archived = tasks.related["archived"]
    assert isinstance(archived, kf.types.Scope)
    assert archived.conditions is not None
    assert all(isinstance(condition, kf.CheckedFilter) for condition in archived.conditions.values())


def test_an_owner_is_free_of_the_users_restrictions() -> None:
    hot = kf.field("tasks").any(kf.field("status") != "DONE") & (
        (kf.field("status") > 5) | (kf.field("tasks").count() > 1)
    )
    rows: dict[str, Any] = {
        "status": "number; eq",
        "tasks": "Relation - status (string; eq); any",
        "temperature": kf.types.Scope({"hot": hot, "cold": kf.field("x.y").is_null()}),
    }
    endpoint = kf.Endpoint("e", rows)
    assert refusal(endpoint, hot)
    endpoint.check(kf.field("temperature") == "cold")


def test_a_condition_may_be_checked_elsewhere(projects: kf.Endpoint) -> None:
    internal = kf.Endpoint("internal", {"archived_at": "datetime"})
    scope = kf.types.Scope({"only": internal.check(ONLY)})
    endpoint = kf.Endpoint("e", {"archived": scope})
    assert endpoint["archived"] == scope


@pytest.mark.parametrize(
    ("scopes", "error", "message"),
    [
        ({"title": ARCHIVED}, ValueError, "field 'title' of 'projects' is of type 'string', expected a scope"),
        ({"nothing": ARCHIVED}, ValueError, "'projects' has no field 'nothing'"),
        ({"archived": {"only": ONLY}}, ValueError, "the choices are with, only, without; got conditions for only"),
        ({"archived": {**ARCHIVED, "only": "archived_at is null"}}, TypeError, "'only' is a str, expected a filter"),
        ({"tasks.comments.text": ARCHIVED}, ValueError, "of type 'string', expected a scope"),
        ({"archived": {**ARCHIVED, "only": kf.field("budget") == "x"}}, kf.FilterCheckError, "expected a number"),
    ],
)
def test_wrong_bindings(projects: kf.Endpoint, scopes: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        projects.bind(**scopes)


def test_a_scope_stands_for_filters_only() -> None:
    with pytest.raises(TypeError, match="scope choice 'only' is a str, expected a filter"):
        kf.types.Scope({"only": "x"})
    assert kf.types.Scope(["a", "b", "a"]).choices == ("a", "b")


# composition


def test_checked_filters_compose(projects: kf.Endpoint) -> None:
    server = kf.Endpoint("server", {"tenant": "id"}).check(kf.field("tenant") == 7)
    user = projects.check((kf.field("title") == "x") | (kf.field("budget") == 1))
    both = server & user
    assert [part.table.name for part in both.parts] == ["server", "projects"]
    assert repr(both) == "<CheckedFilter of server & projects>"
    with pytest.raises(kf.UnsupportedFilterError):
        both.filter  # noqa: B018
    assert (user & user).filter == user.filter & user.filter
    assert (user & server) != both
    assert pickle.loads(pickle.dumps(both)) == both


def test_parts_of_one_endpoint_are_one_tree(projects: kf.Endpoint) -> None:
    server = kf.Endpoint("server", {"tenant": "id"}).check(kf.field("tenant") == 7)
    either, one, two = map(projects.parse, ("title = 'x' or budget = 1", "title = 'y'", "budget = 2 and title is null"))
    both = either & one
    assert kf.to_dsl(both) == '(title = "x" or budget = 1) and title = "y"'
    assert projects.parse(kf.to_dsl(both)) == both
    apart = either & server & one & two
    assert [part.table.name for part in apart.parts] == ["projects", "server"]
    assert apart.parts[0].filter == (both & two).filter
    assert len((either & projects.without("budget").parse("title = 'y'")).parts) == 2
    other = kf.Endpoint("projects", {"title": kf.types.String(source="other.title")})
    assert len((one & other.parse("title = 'y'")).parts) == 2, "the same name may have its data elsewhere"


def test_a_composition_is_no_deeper_than_a_tree(projects: kf.Endpoint) -> None:
    tree: Filter = kf.field("title") == "x"
    for level in range(99):
        tree = (kf.And if level % 2 else kf.Or)([tree, kf.field("title") == "y"])
    deep = projects.check(tree, limits=kf.Limits.lifted())
    assert tree.depth == 100
    with pytest.raises(kf.FilterSyntaxError, match="more than 100 levels"):
        deep & projects.parse("title = 'z'")
    server = kf.Endpoint("server", {"tenant": "id"}).parse("tenant = 7")
    assert len((deep & server).parts) == 2


def test_everything_is_neutral_in_a_composition(projects: kf.Endpoint) -> None:
    all_projects = projects.check(kf.EVERYTHING)
    user = projects.check(kf.field("title") == "x")
    assert all_projects & user == user == user & all_projects
    assert (all_projects & all_projects).filter is kf.EVERYTHING


def test_only_checked_filters_compose(projects: kf.Endpoint) -> None:
    user = projects.check(kf.field("title") == "x")
    for other in (kf.field("title") == "y", None, "title = 'y'"):
        with pytest.raises(TypeError):
            user & other  # type: ignore[operator]
        with pytest.raises(TypeError):
            other & user  # type: ignore[operator]
    with pytest.raises(TypeError, match="no truth value"):
        bool(user)


def test_reading_and_checking_in_one(projects: kf.Endpoint) -> None:
    data = [{"field": "title", "op": "eq", "value": "x"}]
    assert projects.parse(data) == projects.check(Comparison("title", "eq", "x"))
    assert projects.parse_query("filter[0][field]=budget&filter[0][op]=eq&filter[0][value]=5") == projects.check(
        Comparison("budget", "eq", 5)
    )
    assert projects.parse_query("f=title%20is%20null", name="f") == projects.check(NullCheck("title", "isnull"))
    with pytest.raises(kf.FilterSyntaxError):
        projects.parse('title = "abc"', limits=kf.Limits(max_string_length=2))


def test_relations_in_relations(projects: kf.Endpoint) -> None:
    nested = kf.field("tasks").all(
        kf.field("comments").any(kf.field("text").like("a%")) | (kf.field("comments").count() > 2)
    )
    assert projects.check(nested).filter == nested
    by_number = kf.field("tasks").any(kf.field("assignee.id") == 5)
    by_text = RelationTest("tasks", "any", Comparison("assignee.id", "eq", "5"))
    assert projects.check(by_number).filter == by_text


def test_fields_without_an_endpoint() -> None:
    fields = FieldTable({"a": "string"})
    assert fields == FieldTable({"a": kf.types.String()})
    assert repr(pickle.loads(pickle.dumps(fields))) == repr(fields)


def test_a_wildcard_does_not_bring_a_hidden_field_back() -> None:
    rows = {"title": "string", "custom_field.*": "custom", "custom_field.secret": "string"}
    endpoint = kf.Endpoint("projects", rows | {"tasks": rows})
    endpoint.parse("custom_field.secret = 'x' and tasks any (custom_field.secret = 'x')")
    for seen in (
        endpoint.without("custom_field.secret", "tasks.custom_field.secret"),
        endpoint.only("title", "custom_field.*", "tasks.custom_field.*"),
        pickle.loads(pickle.dumps(endpoint.without("custom_field.secret", "tasks.custom_field.secret"))),
        endpoint.without("custom_field.secret", "tasks.custom_field.secret").without("title"),
    ):
        seen.parse("custom_field.open = 'x' and tasks any (custom_field.open = 'x')")
        for path in ("custom_field.secret", "tasks any (custom_field.secret"):
            with pytest.raises(kf.FilterCheckError, match="Unknown field"):
                seen.parse(f"{path} = 'x'{')' * path.count('(')}")
        assert "secret" not in str(seen.to_dict())
    assert endpoint.without("custom_field.secret") != kf.Endpoint("projects", rows | {"tasks": rows}).without("title")
    bound = kf.Endpoint("p", rows | {"archived": kf.types.Scope(["yes"])}).without("custom_field.secret")
    with pytest.raises(kf.FilterCheckError, match="Unknown field"):
        bound.bind(archived={"yes": kf.EVERYTHING}).parse("custom_field.secret = 'x'")


def test_what_is_hidden_under_a_wildcard_is_part_of_an_endpoint() -> None:
    hiding = kf.Endpoint("e", {"a.*": "custom", "a.b": "number"}).without("a.b")
    showing = kf.Endpoint("e", {"a.*": "custom"})
    assert hiding != showing
    assert hiding == kf.Endpoint("e", {"a.*": "custom", "a.b": "string"}).without("a.b")
    assert hash(hiding) == hash(pickle.loads(pickle.dumps(hiding)))
    both = hiding.parse("a.c = 1") & showing.parse("a.b = 1")
    assert len(both.parts) == 2, "a filter of one is no filter of the other"
    assert kf.Endpoint.from_dict(hiding.to_dict()) == showing
