"""A Django site without files: its settings and its databases, made once for all tests."""

import django
from django.conf import settings
from django.db import connections

if not settings.configured:
    settings.configure(
        USE_TZ=True,
        TIME_ZONE="UTC",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["tests.site"],
        ALLOWED_HOSTS=["*"],
    )
django.setup()

from tests.site.models import Client, Member, Project, Status, Task  # noqa: E402

__all__ = ["Client", "Member", "Project", "Status", "Task", "create_tables"]


def create_tables(database: str = "default") -> None:
    """The tables of all models, in a database that has none of them."""
    with connections[database].schema_editor() as editor:
        for model in (Client, Member, Project, Task):
            editor.create_model(model)
