"""The filter backend of Django REST framework, in real views, beside other backends and paginators."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.test import Client, override_settings

import kanbert_filter as kf
from tests import django_site

from django_filters.rest_framework import DjangoFilterBackend  # isort: skip  # after the site's settings
from drf_spectacular.generators import SchemaGenerator  # isort: skip
from drf_spectacular.settings import patched_settings  # isort: skip
from rest_framework import filters, generics, pagination, routers, serializers, viewsets  # isort: skip
from rest_framework.decorators import action  # isort: skip
from rest_framework.request import Request  # isort: skip
from rest_framework.response import Response  # isort: skip

from kanbert_filter.integrations.drf import KanbertFilterBackend

Project = django_site.Project

PROJECTS = kf.Endpoint.from_model(
    "projects",
    Project,
    ["title", "budget", "status", "created_at", "client.name", "tasks.title"],
    also={"owner": kf.types.Id(source="owner_id"), "code": "string"},
)


class ProjectSerializer(serializers.ModelSerializer[Any]):
    class Meta:
        model = Project
        fields = ("id", "title", "budget")


class Pages(pagination.CursorPagination):
    page_size = 2
    ordering = "title"


class Named(KanbertFilterBackend):
    name = "where"
    limits = kf.Limits(max_conditions=2)
    help_url = "https://example.com/how to?a=1"


class ProjectViews(viewsets.ModelViewSet[Any]):
    """What most services have."""

    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    authentication_classes = ()
    permission_classes = ()
    pagination_class = Pages
    filter_backends = (KanbertFilterBackend, DjangoFilterBackend, filters.SearchFilter)
    filterset_fields = ("status",)
    search_fields = ("title",)
    filter_endpoint = PROJECTS
    filter_columns = {"code": "title"}  # noqa: RUF012

    def get_filter_endpoint(self) -> kf.Endpoint:
        return PROJECTS.without("budget") if self.request.headers.get("role") == "guest" else PROJECTS

    def get_filter_context(self) -> kf.Context:
        return kf.Context(me=self.request.headers.get("user"))

    @action(methods=["post"], detail=False)
    def search(self, request: Request) -> Response:
        return self.list(request)


class Ordered(generics.ListAPIView[Any]):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    authentication_classes = ()
    permission_classes = ()
    filter_backends = (Named, filters.OrderingFilter)
    ordering_fields = ("title", "budget")
    filter_endpoint = PROJECTS


class Unfinished(Ordered):
    filter_endpoint = None  # type: ignore[assignment]


class AtFault(Ordered):
    def get_filter_endpoint(self) -> kf.Endpoint:
        PROJECTS.parse("secret = 'x'")
        return PROJECTS


router = routers.SimpleRouter()
router.register("projects", ProjectViews)
from django.urls import path  # noqa: E402

urlpatterns = [
    *router.urls,
    path("ordered/", Ordered.as_view()),
    path("unfinished/", Unfinished.as_view()),
    path("at-fault/", AtFault.as_view()),
]

HANDLER = "kanbert_filter.integrations.drf.answer_filter_error"
HOOKS = ["kanbert_filter.integrations.drf.describe_refusals"]
TITLES = {"Archive": 100, "Booth": 200, "Campaign": 300, "Depot": 400, "Expo": None}


def rest(handler: str = HANDLER) -> Any:
    framework = {"UNAUTHENTICATED_USER": None, "EXCEPTION_HANDLER": handler}
    framework |= {"DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema"}
    return override_settings(ROOT_URLCONF=__name__, REST_FRAMEWORK=framework, DEBUG_PROPAGATE_EXCEPTIONS=False)


@pytest.fixture(scope="module")
def rows() -> Iterator[None]:
    django_site.create_tables()
    client = django_site.Client.objects.create(name="Acme")
    for title, budget in TITLES.items():
        status = "ACTIVE" if title < "D" else "DONE"
        made: Any = Project.objects.create(
            title=title, budget=budget, status=status, owner_id=title[0], client=client if title < "C" else None
        )
        made.tasks.create(title=f"Plan {title}")
        made.tasks.create(title="Ship")
    yield
    django_site.forget("default")


@pytest.fixture
def client(rows: None) -> Iterator[Client]:
    with rest():
        yield Client(raise_request_exception=False)


def titles(client: Client, url: str, **parameters: str) -> list[str]:
    """The titles of all pages, from link to link."""
    found: list[str] = []
    link: str | None = f"{url}?{urlencode(parameters)}"
    while link:
        answered: Any = client.get(link)
        assert answered.status_code == 200, answered.content
        page = answered.json()
        rows = page if isinstance(page, list) else page["results"]
        found += [row["title"] for row in rows]
        link = None if isinstance(page, list) else page["next"]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [*TITLES]),
        ("budget >= 200", ["Booth", "Campaign", "Depot"]),
        ("budget is null or client.name = 'Acme'", ["Archive", "Booth", "Expo"]),
        ("tasks any (title startsWith 'Plan D')", ["Depot"]),
        ("code contains 'o'", ["Booth", "Depot", "Expo"]),  # filter_columns
        ("title contains '&filter=+%20'", []),
    ],
)
def test_links_of_pages_keep_the_filter(client: Client, text: str, expected: list[str]) -> None:
    assert titles(client, "/projects/", filter=text) == expected
    form = {"filter[or][0][field]": "budget", "filter[or][0][op]": "gte", "filter[or][0][value]": "200"}
    assert titles(client, "/projects/", **form) == ["Booth", "Campaign", "Depot"]


def test_other_backends_filter_too(client: Client) -> None:
    text = "budget >= 200"
    assert titles(client, "/projects/", filter=text, status="DONE") == ["Depot"]
    assert titles(client, "/projects/", filter=text, search="oo") == ["Booth"]
    assert titles(client, "/ordered/", where=text, ordering="-budget") == ["Depot", "Campaign", "Booth"]
    assert titles(client, "/ordered/", where=text, ordering="title") == ["Booth", "Campaign", "Depot"]


def test_what_a_view_says_of_the_caller(client: Client) -> None:
    assert client.get("/projects/", {"filter": "owner = me.id"}, headers={"user": "B"}).json()["results"][0][
        "title"
    ] == ("Booth")
    hidden, unknown = (
        client.get("/projects/", {"filter": f"{name} = 1"}, headers={"role": "guest"}) for name in ("budget", "xudget")
    )
    assert hidden.status_code == unknown.status_code == 400
    assert hidden.json() == json.loads(unknown.content.replace(b"xudget", b"budget"))
    assert client.get("/projects/", {"filter": "owner = me.id"}).status_code == 500  # the view gave no user


def test_every_problem_of_a_wrong_filter(client: Client) -> None:
    answered = client.get("/projects/", {"filter": "titel = 'a' or budget contains 'x'"})
    assert answered.status_code == 400
    assert answered.json() == {
        "message": "Invalid filter",
        "errors": [
            {"field": "titel", "issue": "Unknown field 'titel'. Did you mean 'title'?"},
            {"field": "budget", "issue": "Operator 'contains' is not allowed for type 'number'"},
        ],
    }
    assert client.get("/ordered/", {"where": "budget = 1 or budget = 2 or budget = 3"}).status_code == 400
    assert client.get("/ordered/", {"Where": "budget = 1"}).status_code == 400
    with rest(HANDLER.replace("answer_filter_error", "answer_with_details")):
        detailed = client.get("/projects/", {"filter": "titel = 'a'"}).json()["errors"]
    assert detailed[0]["suggestions"] == ["title"]


def test_a_search_by_a_body(client: Client) -> None:
    for sent in ({"filter": "budget >= 300"}, {"filter": [{"field": "budget", "op": "gte", "value": 300}]}):
        found = client.post("/projects/search/", sent, content_type="application/json").json()["results"]
        assert [row["title"] for row in found] == ["Campaign", "Depot"]
    assert client.post("/projects/search/", {"filter": "budget >= 400"}).json()["results"][0]["title"] == "Depot"
    for sent, query in (({"filtr": ""}, ""), ({"filter": "budget >= 300"}, "?filter=budget+%3C+300")):
        answered = client.post(f"/projects/search/{query}", sent, content_type="application/json")
        assert answered.status_code == 400


def test_a_body_that_is_a_record_is_no_filter(client: Client) -> None:
    key = Project.objects.get(title="Expo").pk
    changed = {"title": "Expo", "budget": "7"}
    assert client.put(f"/projects/{key}/", changed, content_type="application/json").json()["budget"] == "7.0000000000"
    assert client.patch(f"/projects/{key}/", {"budget": None}, content_type="application/json").status_code == 200
    assert client.get(f"/projects/{key}/?filter=budget+is+null").status_code == 200
    assert client.get(f"/projects/{key}/?filter=budget+>+5").status_code == 404
    assert client.get(f"/projects/{key}/?filter=titel+>+5").status_code == 400
    made = client.post("/projects/", {"title": "Zoo"}, content_type="application/json")
    assert made.status_code == 201
    assert client.delete(f"/projects/{made.json()['id']}/").status_code == 204


def test_other_errors_are_answered_as_ever(client: Client) -> None:
    assert client.get("/projects/0/").status_code == 404
    fault: Any = client.get("/at-fault/")
    assert (fault.status_code, b"secret" in fault.content) == (500, False)
    with pytest.raises(ImproperlyConfigured, match="Unfinished filters with Named, so it needs a filter_endpoint"):
        Client().get("/unfinished/")


def test_a_refused_filter_rolls_a_transaction_back(client: Client) -> None:
    connection.settings_dict["ATOMIC_REQUESTS"] = True
    try:
        assert client.get("/projects/", {"filter": "titel is null"}).status_code == 400
        assert client.get("/projects/").status_code == 200
    finally:
        connection.settings_dict["ATOMIC_REQUESTS"] = False


# the schema


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_the_schema_of_drf_spectacular(version: str) -> None:
    with rest(), patched_settings({"POSTPROCESSING_HOOKS": HOOKS, "OAS_VERSION": version}):
        document: Any = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    listed = document["paths"]["/projects/"]["get"]
    parameters = {parameter["name"]: parameter for parameter in listed["parameters"]}
    assert parameters.keys() == {"cursor", "filter", "search", "status"}
    assert "| budget | number |" in parameters["filter"]["description"]
    assert "`gte` is `>=`" in parameters["filter"]["description"]
    for example in parameters["filter"]["examples"].values():
        PROJECTS.parse(example["value"])
    assert kf.endpoints_from_openapi(document)["GET /projects/"].to_markdown() == PROJECTS.to_markdown()
    refused = listed["responses"]["400"]["content"]["application/json"]["schema"]
    assert refused == {"$ref": "#/components/schemas/InvalidFilter"}
    assert "400" not in document["paths"]["/projects/"]["post"]["responses"]
    schemas = document["components"]["schemas"]
    assert schemas["InvalidFilter"]["required"] == ["message", "errors"]
    assert schemas["FilterFault"]["properties"]["field"] in (
        [{"type": "string", "nullable": True}] if version < "3.1" else [{"type": ["string", "null"]}]
    )
    ordered = document["paths"]["/ordered/"]["get"]["parameters"]
    [where] = [parameter for parameter in ordered if parameter["name"] == "where"]
    assert "[How to write filters](<https://example.com/how%20to?a=1>)" in where["description"]
    assert "x-kanbert" not in json.dumps(document)
    assert not [p for p in document["paths"]["/unfinished/"]["get"]["parameters"] if p["name"] == "where"]
