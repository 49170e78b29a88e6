"""What a hostile filter, or a careless developer, finds in the Django back end."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from django.db.models import Case, CharField, Count, F, JSONField, Max, OuterRef, Q, Subquery, Value, When, Window
from django.db.models.functions import Cast, Concat, Lower, Upper

import kanbert_filter as kf
from kanbert_filter.backends.django import ColumnError, verify, where
from kanbert_filter.backends.django.dialects import IsNotTrue, JsonKind
from tests import django_site as site

PROJECTS = kf.Endpoint.from_model(
    "projects",
    site.Project,
    [
        *("id", "key", "title", "status", "rank", "budget", "score", "done", "due", "created_at", "client_id"),
        *("client.id", "client.name", "client.projects.title", "tasks.title", "tasks.members.name"),
    ],
    also={"custom_field.*": "custom", "price": "currency", "code": kf.types.String(case_sensitive=True)},
)
CONTEXT = kf.Context(me="1")


@pytest.fixture(params=site.DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    for name in site.database(request.param):
        site.create_tables(name)
        project = site.Project.objects.using(name).create(
            id=1,
            title="Acme",
            code="P-1",
            rank=3,
            budget=5,
            price="10.50",
            score=0.5,
            done=True,
            due="2024-05-02",
            created_at="2024-05-01T22:00:00Z",
            key="00000000-0000-0000-0000-000000000007",
            custom_field={"a-b": "x", "7": 7, 'q"': 1, "__class__": "x", "big": 2**53 + 1},
        )
        site.Task.objects.using(name).create(project=project, title="Dig")
        yield name


def matches(database: str, text: str) -> bool:
    condition = where(PROJECTS.parse(text), site.Project, CONTEXT)
    return site.Project.objects.using(database).filter(condition).exists()


LEGAL = [
    ("rank = 99999999999999999999", False),
    ("rank != 99999999999999999999", True),
    ("rank < 99999999999999999999", True),
    ("rank >= -99999999999999999999", True),
    ("rank = 3.5", False),
    ("rank < 3.5 and rank > 2.5", True),
    ("rank in [3, 99999999999999999999]", True),
    ("rank nin [99999999999999999999, 3.5]", True),
    ("id = '99999999999999999999'", False),
    ("id = 'abc'", False),
    ("id != 'abc'", True),
    ("id = '01'", False),
    ("id = '١'", False),
    ("id = me.id", True),
    ("key = 'abc'", False),
    ("key = '00000000-0000-0000-0000-000000000007'", True),
    ("key = '{00000000-0000-0000-0000-000000000007}'", False),
    ("key in ['abc', '00000000000000000000000000000007']", False),
    ("budget = 5.00000000001", False),
    ("budget < 5.00000000001", True),
    ("budget <= 1e60", True),
    ("budget > 1e60", False),
    ("budget != 1e60", True),
    ("score < 1e60 and score > -1e60", True),
    ("title = 'a\\u0000b'", False),
    ("title != 'a\\u0000b'", True),
    ("title contains '\\u0000'", False),
    ("title like '%\\u0000%'", False),
    ("custom_field.a-b = '\\u0000'", False),
    ("custom_field.a-b != '\\u0000'", True),
    ("custom_field.a-b < 'x\\u0000' and custom_field.a-b >= 'w\\u0000'", True),
    ("custom_field.a-b >= 'x\\u0000'", False),
    ("custom_field.7 = 7", True),
    ("custom_field.__class__ is null", True),
    ("custom_field.__class__ = 'x' or custom_field.__class__ != 'y' or custom_field.__class__ contains 'x'", False),
    ("custom_field.big = 9007199254740993 and custom_field.big in [1.5, 9007199254740993]", True),
    ("custom_field.big != 9007199254740993 or custom_field.big > 9007199254740993", False),
    ("custom_field.big = 9007199254740992 or custom_field.big < 9007199254740993", False),
    ("custom_field.pk is null", True),
    ("custom_field.a-b__regex is null", True),
    ("custom_field.9 in [1, 'a', true]", False),
    ("custom_field.7 < 99999999999999999999 and custom_field.7 > 0.1", True),
    ("due > '0001-01-01' and due < '9999-12-31'", True),
    ("created_at > '0001-01-01' and created_at < '9999-12-31'", True),
    ("created_at = '9999-12-31' or created_at = '0001-01-01'", False),
    ("created_at > '9999-12-31T23:59:59.999999Z'", False),
    ("tasks.count < 99999999999999999999", True),
    ("tasks.count = 99999999999999999999", False),
    ("tasks any (title like '%')", True),
    ("tasks all (title like '%\\u0000%')", False),
    ("tasks none (title = '\\u0000')", True),
    ("client.projects.count = 0 and client.name is null", True),
    ("price contains '10.5' and price endsWith '.5'", True),
    ("code like 'P-_' and code contains '-'", True),
    ("code startsWith 'p'", False),
    ("title startsWith '[A]' or title contains '*' or title contains '?'", False),
    ("title = 'x\\' OR 1=1 --'", False),
    ("title contains '%s' or title contains '%(a)s' or title contains '%%'", False),
]


@pytest.mark.parametrize(("text", "expected"), LEGAL)
def test_legal_filters_are_no_database_errors(database: str, text: str, expected: bool) -> None:
    assert matches(database, text) is expected


@pytest.mark.parametrize(
    "text",
    [
        " or ".join(f"(rank = {n} and title = 'x{n}')" for n in range(240)),
        "created_at in ["
        + ", ".join(f"'{2000 + n // 365}-{n % 12 + 1:02}-{n % 28 + 1:02}'" for n in range(1000))
        + "]",
        "rank in ["
        + ", ".join(map(str, range(1000)))
        + "] or title in ["
        + ", ".join(f"'{n}'" for n in range(999))
        + "]",
        " or ".join(f"title contains '{n}'" for n in range(500)),
        "(title = 'a' or (rank = 1 and " * 9 + "done = true" + "))" * 9,
        "tasks any (title = 'a' or members all (name = 'b' and tasks none (title = 'c' or members any (name = 'd'))))",
    ],
    ids=len,
)
def test_filters_as_long_as_anyone_may_send(database: str, text: str) -> None:
    endpoint = kf.Endpoint("projects", dict(PROJECTS.items()) | {"tasks": NESTED})
    condition = where(endpoint.parse(text), site.Project, CONTEXT)
    assert site.Project.objects.using(database).filter(condition).count() in (0, 1)


NESTED: dict[str, Any] = {"title": "string"}
NESTED["members"] = {"name": "string", "tasks": {"title": "string", "members": {"name": "string"}}}


def test_digits_are_names_and_no_places_in_lists(database: str) -> None:
    project = site.Project.objects.using(database).create(id=2, title="List", rank=1, custom_field=["x"])
    try:
        found = site.Project.objects.using(database).filter(id=2)
        for text, expected in (("custom_field.0 = 'x'", False), ("custom_field.0 is null", True)):
            assert found.filter(where(PROJECTS.parse(text), site.Project)).exists() is expected
    finally:
        project.delete()


def test_user_text_never_stands_in_the_query() -> None:
    text = "custom_field.evil-key = 'evil text' and title contains 'evil' and tasks any (title = 'evil')"
    sql, params = site.Project.objects.filter(where(PROJECTS.parse(text), site.Project)).query.sql_with_params()
    assert "evil" not in sql
    assert sum("evil" in str(param) for param in params) >= 4


def test_a_condition_stands_among_others(database: str) -> None:
    condition = where(PROJECTS.parse("tasks any (title = 'Dig') and client.name is null"), site.Project)
    projects = site.Project.objects.using(database)
    assert projects.filter(condition, title="Acme").order_by("title").count() == 1
    assert projects.filter(condition | Q(title="Zebra")).count() == 1
    assert projects.filter(where(PROJECTS.parse("title in []"), site.Project)).count() == 0
    assert projects.filter(where(PROJECTS.parse(""), site.Project)).count() == 1


def test_a_path_leaves_no_row_out_where_it_is_no_condition_of_the_query(database: str) -> None:
    """Its join is an inner one where the whole condition needs the row at its end, and only there."""
    projects = site.Project.objects.using(database)
    client = site.Client.objects.using(database).create(name="Corp", vip=True)
    other = projects.create(id=2, title="Other", client=client)
    names = (
        "client.name = 'Corp'",
        "client.name = 'Corp' or client.vip = false",
        "client.name != 'x' and client.vip = true",
    )
    endpoint = kf.Endpoint("projects", {"title": "string", "client.name": "string", "client.vip": "boolean"})
    for text in names:
        condition = where(endpoint.parse(text), site.Project)
        found = projects.filter(condition)
        assert [*found.values_list("title", flat=True)] == ["Other"]
        assert "INNER JOIN" in str(found.query), found.query
        assert projects.filter(condition | Q(title="Acme")).count() == 2
        assert projects.filter(condition).filter(Q(client=None) | Q(title="Other")).count() == 1
        hits = projects.annotate(hit=Case(When(condition, then=1), default=0)).order_by("title")
        assert [*hits.values_list("title", "hit")] == [("Acme", 0), ("Other", 1)]
        assert projects.aggregate(all=Count("pk"), some=Count("pk", filter=condition)) == {"all": 2, "some": 1}
    for text in (
        "client.name is null",
        "client.name = 'x' or title = 'Acme'",
        "client.name = 'x' or client.vip is null",
    ):
        found = projects.filter(where(endpoint.parse(text), site.Project))
        assert [*found.values_list("title", flat=True)] == ["Acme"]
        assert "INNER JOIN" not in str(found.query), found.query
    other.delete()
    client.delete()


def test_columns_may_be_given(database: str) -> None:
    endpoint = kf.Endpoint(
        "projects",
        {
            "name": "string",
            "customer": "string",
            "both": "string",
            "labels.*": "string",
            "todos": {"name": "string"},
            "place": "number",
        },
    )
    columns = {
        "name": "title",
        "customer": "client__name",
        "both": Concat("title", Value("/"), "code", output_field=CharField()),
        "labels.*": lambda name: {"short": "code", "long": "title"}.get(name, Value("", output_field=CharField())),
        "todos": "tasks",
        "todos.name": "title",
        "place": "rank",
    }
    verify(endpoint, site.Project, columns=columns)
    for text in (
        "name = 'Acme' and customer is null and place = 3",
        "both = 'Acme/P-1' and both contains 'acme/p'",
        "labels.short = 'P-1' and labels.long = 'Acme' and labels.other = ''",
        "todos any (name = 'Dig') and todos.count = 1",
    ):
        condition = where(endpoint.parse(text), site.Project, columns=columns)
        assert site.Project.objects.using(database).filter(condition).exists(), text


@pytest.mark.parametrize(
    "given",
    [
        Count("tasks"),
        Lower(Max("tasks__title"), output_field=CharField()),
        Lower("tasks__title", output_field=CharField()),
        Lower(Concat("title", "client__projects__code"), output_field=CharField()),
        Case(When(tasks__title="Dig", then=Value("a")), default=Value("b"), output_field=CharField()),
        Window(Count("id"), output_field=CharField()),
    ],
    ids=str,
)
def test_an_expression_of_more_rows_than_one_is_refused(given: Any) -> None:
    endpoint = kf.Endpoint("projects", {"x": "string", "n": "number"})
    columns = dict.fromkeys(("x", "n"), given)
    with pytest.raises(ColumnError) as caught:
        verify(endpoint, site.Project, columns=columns)
    assert all(fault.endswith("give a Subquery") for fault in caught.value.fields.values())
    with pytest.raises(ColumnError):
        where(endpoint.parse("x = 'a'"), site.Project, columns=columns)


def test_an_expression_of_one_row_is_taken(database: str) -> None:
    tasks = site.Task.objects.filter(project=OuterRef("pk")).values("title")[:1]
    expressions = [
        Lower(Concat("title", "client__name"), output_field=CharField()),
        Case(When(client__vip=True, then=F("title")), default=F("code"), output_field=CharField()),
        Subquery(tasks),
        Lower("shouted", output_field=CharField()),
    ]
    endpoint = kf.Endpoint("projects", {"x": "string"})
    projects = site.Project.objects.using(database).annotate(shouted=Upper("title"))
    for expression in expressions:
        verify(endpoint, site.Project, columns={"x": expression})
        condition = where(endpoint.parse("x is null or x != 'nope'"), site.Project, columns={"x": expression})
        assert projects.filter(condition).count() == 1


def test_a_field_without_a_column_is_found_at_start_up() -> None:
    endpoint = kf.Endpoint(
        "projects",
        {
            "title": "string",
            "colour": "string",
            "tasks.title": "string",
            "title.length": "number",
            "client": "id",
            "due": "boolean",
            "owner": kf.types.Id(source="owner_id"),
            "x.*": "custom",
            "archived": kf.types.Scope(["with", "without"]),
            "todos": {"title": "string"},
            "client.projects": {"budget": "string", "title": "string"},
            "client.name": {"title": "string"},
            "client_id": {"title": "string"},
            "tasks": "id",
            "bad": "string",
            "json": "number",
        },
    )
    with pytest.raises(ColumnError) as caught:
        verify(endpoint, site.Project, columns={"bad": 5, "json": Cast("title", JSONField())})
    assert caught.value.fields == {
        "colour": "Project has no field 'colour'; give a column, as in columns={'colour': …}",
        "tasks.title": "'tasks' relates to many records; make it a relation of the endpoint",
        "title.length": "'title' is a TextField, and no way further; give a column, as in columns={'title.length': …}",
        "due": "its DateField holds no values of type 'boolean'; give an expression that does in columns",
        "x.*": "Project has no field 'x'; give a column, as in columns={'x.*': …}",
        "todos": "Project has no field 'todos'; give a queryset of the records with an OuterRef, as in columns={'todos': …}",
        "client.projects.budget": "its DecimalField holds no values of type 'string'; give an expression that does in columns",
        "client.name": "Client.name is no relation to many records; give a queryset of the records with an OuterRef,"
        " as in columns={'client.name': …}",
        "client_id": "Project.client_id is no relation to many records; give a queryset of the records with an OuterRef,"
        " as in columns={'client_id': …}",
        "tasks": "'tasks' relates to many records; make it a relation of the endpoint",
        "bad": "found 5 in columns, expected a path, or an expression with an output_field",
        "json": "found an expression of JSON in columns, expected the path to the value in it",
    }
    assert "Field 'colour': Project has no field" in str(caught.value)
    with pytest.raises(ColumnError, match="colour"):
        where(endpoint.parse("colour = 'red'"), site.Project)


def test_names_of_the_orm_are_no_names_here() -> None:
    endpoint = kf.Endpoint("projects", {"title__contains": "string", "client.pk": "id", "title.*": "custom"})
    with pytest.raises(ColumnError) as caught:
        verify(endpoint, site.Project)
    assert {*caught.value.fields} == {"title__contains", "client.pk", "title.*"}


def test_what_was_not_checked_is_refused() -> None:
    with pytest.raises(TypeError, match="expected a checked filter"):
        where(kf.field("title") == "a", site.Project)  # type: ignore[arg-type]
    with pytest.raises(kf.ContextError, match=r"me\.id"):
        where(PROJECTS.parse("id = me.id"), site.Project)


@pytest.mark.parametrize("model", [site.Project.objects, site.Project.objects.none(), site.Project(), "site.Project"])
def test_what_is_no_model_is_refused(model: Any) -> None:
    for ask in (partial(verify, PROJECTS), partial(where, PROJECTS.parse("title = 'a'"))):
        with pytest.raises(TypeError, match="expected a model, not "):
            ask(model)


def test_custom_fields_on_columns_of_one_kind(database: str) -> None:
    names = {"any_title": "title", "any_rank": "rank", "any_done": "done", "any_key": "key"}
    endpoint = kf.Endpoint("projects", {name: kf.types.Custom(source=source) for name, source in names.items()})
    for text, expected in (
        ("any_title = 'Acme' and any_title contains 'cm' and any_title < 'B' and any_title >= 'Acme'", True),
        ("any_title = 5 or any_title in [5, true] or any_title > 5", False),
        ("any_title != 5 and any_title nin [5, true]", True),
        ("any_rank = 3 and any_rank < 3.5 and any_rank != 'x' and any_rank != true", True),
        ("any_rank = true or any_rank contains '3' or any_rank > 'a'", False),
        ("any_done = true and any_done != 1", True),
        ("any_key = '00000000-0000-0000-0000-000000000007' or any_key is null", False),
        ("any_key != 'x' and any_key is not null", True),
    ):
        found = site.Project.objects.using(database).filter(where(endpoint.parse(text), site.Project))
        assert found.exists() is expected, text


def test_oracle_has_no_booleans() -> None:
    compiler = site.Project.objects.filter(title="a").query.get_compiler("default")
    untrue = IsNotTrue(Q(title="a")).resolve_expression(compiler.query)
    sql, params = untrue.as_oracle(compiler, compiler.connection)
    assert (sql.startswith("CASE WHEN"), sql.endswith(" END = 1"), params) == (True, True, ["a", False, True])


def test_json_is_not_for_every_engine() -> None:
    with pytest.raises(kf.UnsupportedFilterError, match="cannot be filtered on oracle"):
        JsonKind(Value("x"), ("a",)).as_sql(None, type("Connection", (), {"vendor": "oracle"}))


@pytest.mark.parametrize("operator", ["any", "none", "all"])
@pytest.mark.parametrize("relations", range(5))
def test_groups_and_relations_inside_each_other(database: str, operator: str, relations: int) -> None:
    refused = 0
    for groups in range(1, 49):
        text = "title like '%x' or custom_field.x != 'a'" if not relations else "name like '%x' or name != 'a'"
        for number in range(groups):
            text = f"{'name' if relations else 'title'} = 'a' {'or' if number % 2 else 'and'} ({text})"
        for name in reversed(WAY[:relations]):
            text = f"{name} {operator} ({text})"
        try:
            condition = where(DEEP[relations].parse(text, limits=kf.Limits.lifted()), site.Project)
        except kf.UnsupportedFilterError:
            refused += 1
        else:
            assert site.Project.objects.using(database).filter(condition).count() in (0, 1)
    assert 25 <= refused <= 45


def deep(relations: int) -> dict[str, Any]:
    """The fields of a table that this many relations lead on from."""
    way = WAY[:relations]
    rows: dict[str, Any] = {"name": kf.types.String(source="title" if way[-1] == "tasks" else "name")}
    for name in reversed(way):
        rows = {name: rows}
    return rows


WAY = ["tasks", "members"] * 2
DEEP = [PROJECTS, *[kf.Endpoint("projects", deep(relations)) for relations in range(1, 5)]]
