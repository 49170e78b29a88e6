"""A Django Ninja site in one file that lists its projects: `python docs/examples/ninja_projects.py`."""

from __future__ import annotations

from typing import Any

import django
from django.conf import settings

settings.configure(ALLOWED_HOSTS=["*"], INSTALLED_APPS=["ninja"], ROOT_URLCONF="__main__")
django.setup()

from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI  # noqa: E402

import kanbert_filter as kf  # noqa: E402
from kanbert_filter.integrations.django import answer_filter_error, read_filter  # noqa: E402

PROJECTS = kf.Endpoint("projects", {"title": "string", "budget": "number"})
ROWS = [{"title": "Shop for Acme", "budget": 1200}, {"title": "Acme's intranet", "budget": 80}]

api = NinjaAPI()


def refuse(request: HttpRequest, error: Exception | type[Exception]) -> HttpResponse:
    """Answer what is wrong with the request's own filter; anything else stays a 500."""
    assert isinstance(error, kf.FilterError)
    answer = answer_filter_error(request, error)
    if answer is None:
        raise error
    return answer


api.add_exception_handler(kf.FilterError, refuse)


@api.api_operation(["GET", "POST"], "/projects")
def projects(request: HttpRequest) -> Any:
    checked = read_filter(request, PROJECTS)
    return [row["title"] for row in kf.compile_predicate(checked).select(ROWS)]


urlpatterns = [path("api/", api.urls)]

client = Client()
budget = {"filter": "budget < 1000"}
for answer in (
    client.get("/api/projects", {"filter": "budget >= 1000"}),
    client.post("/api/projects", budget, content_type="application/json"),
    client.post("/api/projects?filter=budget+>=+1000", budget, content_type="application/json"),
    client.get("/api/projects", {"filter": "titel = 'a'"}),
):
    found: Any = answer.json()
    print(answer.status_code, found if answer.status_code == 200 else found["errors"])
