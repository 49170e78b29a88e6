"""A REST framework site in one file that lists its projects: `python docs/examples/rest_projects.py`."""

# mypy: disable-error-code="var-annotated"

from __future__ import annotations

from typing import Any

import django
from django.conf import settings

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["__main__"],
    REST_FRAMEWORK={
        "EXCEPTION_HANDLER": "kanbert_filter.integrations.drf.answer_filter_error",
        "UNAUTHENTICATED_USER": None,
    },
    ROOT_URLCONF="__main__",
    USE_TZ=True,
)
django.setup()

from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from rest_framework import filters, pagination, routers, serializers, viewsets  # noqa: E402

import kanbert_filter as kf  # noqa: E402
from kanbert_filter.backends.django import prepare_sqlite, verify  # noqa: E402
from kanbert_filter.integrations.drf import KanbertFilterBackend  # noqa: E402


class Project(models.Model):
    title = models.CharField(max_length=200)
    budget = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    owner_id = models.IntegerField()


PROJECTS = kf.Endpoint.from_model("projects", Project, ["title", "budget"], also={"owner_id": "id"})

prepare_sqlite()
verify(PROJECTS, Project)


class ProjectSerializer(serializers.ModelSerializer[Project]):
    class Meta:
        model = Project
        fields = ("title", "budget")


class Pages(pagination.CursorPagination):
    page_size = 1
    ordering = "id"


class Projects(viewsets.ReadOnlyModelViewSet[Project]):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    authentication_classes = ()
    pagination_class = Pages
    filter_backends = (KanbertFilterBackend, filters.SearchFilter)
    search_fields = ("title",)
    filter_endpoint = PROJECTS

    def get_filter_endpoint(self) -> kf.Endpoint:
        return PROJECTS if "X-User" in self.request.headers else PROJECTS.without("budget")

    def get_filter_context(self) -> kf.Context:
        return kf.Context(me=self.request.headers.get("X-User"))


router = routers.SimpleRouter()
router.register("projects", Projects)
urlpatterns = router.urls

with connection.schema_editor() as editor:
    editor.create_model(Project)
for title, budget, owner in (("Shop", 1200, 1), ("Intranet", 80, 2), ("Booth", 500, 1)):
    Project.objects.create(title=title, budget=budget, owner_id=owner)


def ask(url: str, parameters: dict[str, str] | None = None, **headers: str) -> Any:
    """Ask the site, print what it answers, and give the link to the next page."""
    answer: Any = Client(headers={"X-User": headers["user"]} if headers else None).get(url, parameters)
    data = answer.json()
    print(
        answer.status_code, [row["title"] for row in data["results"]] if answer.status_code == 200 else data["errors"]
    )
    return data.get("next")


link = ask("/projects/", {"filter": "budget >= 500"}, user="2")
ask(link, user="2")
ask("/projects/", {"filter": "owner_id = me.id", "search": "intra"}, user="2")
ask("/projects/", {"filter": "budget >= 500"})
