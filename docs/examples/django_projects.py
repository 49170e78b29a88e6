"""A Django site in one file that filters its projects: `python docs/examples/django_projects.py`."""

# mypy: disable-error-code="var-annotated"

from __future__ import annotations

import django
from django.conf import settings

settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["__main__"],
    USE_TZ=True,
)
django.setup()

from django.db import connection, models  # noqa: E402

import kanbert_filter as kf  # noqa: E402
from kanbert_filter.backends.django import prepare_sqlite, verify, where  # noqa: E402


class Client(models.Model):
    name = models.CharField(max_length=200)


class Project(models.Model):
    title = models.CharField(max_length=200)
    budget = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    client = models.ForeignKey(Client, models.PROTECT, null=True)


class Task(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="tasks")
    title = models.CharField(max_length=200)
    done = models.BooleanField(default=False)


PROJECTS = kf.Endpoint.from_model(
    "projects", Project, ["title", "budget", "created_at", "client.name", "tasks.title", "tasks.done"]
)

prepare_sqlite()
verify(PROJECTS, Project)

with connection.schema_editor() as editor:
    for model in (Client, Project, Task):
        editor.create_model(model)

acme = Client.objects.create(name="ACME Corp")
shop = Project.objects.create(title="Shop", budget=1200, created_at="2024-05-01T08:00:00Z", client=acme)
intranet = Project.objects.create(title="Intranet", budget=80, created_at="2023-05-01T08:00:00Z")
Task.objects.create(project=shop, title="Build", done=True)
Task.objects.create(project=shop, title="Ship", done=False)

for text in (
    "client.name contains 'acme' and budget >= 1000",
    "client.name is null and created_at < '2024-01-01'",
    "tasks any (title = 'Ship' and done = false)",
    "tasks all (done = true)",
    "tasks.count = 2",
):
    found = Project.objects.filter(where(PROJECTS.parse(text), Project)).order_by("id")
    print(f"{text}: {', '.join(project.title for project in found)}")
