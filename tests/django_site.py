"""A Django site without files: its settings and its databases, made once for all tests."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import django
import pytest
from django.conf import settings
from django.db import connections

from tests.backends.databases import fresh_database

if not settings.configured:
    settings.configure(
        USE_TZ=True,
        TIME_ZONE="UTC",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        INSTALLED_APPS=["django.contrib.contenttypes", "tests.site"],
        ALLOWED_HOSTS=["*"],
    )
django.setup()

from django.contrib.contenttypes.models import ContentType  # noqa: E402

from tests.site.models import (  # noqa: E402
    Bill,
    Client,
    Device,
    Keyed,
    Label,
    Labelling,
    Mark,
    Member,
    Note,
    Part,
    Project,
    Remark,
    Shelf,
    ShelfWord,
    Status,
    Task,
)

__all__ = [
    "Bill",
    "Client",
    "ContentType",
    "DATABASES",
    "Device",
    "Keyed",
    "Label",
    "Labelling",
    "Mark",
    "Member",
    "Note",
    "Part",
    "Project",
    "Remark",
    "Shelf",
    "ShelfWord",
    "Status",
    "Task",
    "create_tables",
    "database",
]


DATABASES = ("default", "postgresql", pytest.param("mariadb", marks=pytest.mark.heavy))
"""As parameters of tests."""


def database(name: str) -> Iterator[str]:
    """The name of a database of its own, for as long as it is needed: `default` is SQLite; `postgresql` and `mariadb` are real."""
    if name != "default":
        url = fresh_database(name)
        options: dict[str, Any] = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": url.database,
            "USER": url.username,
        }
        if name == "mariadb":
            import_module("pymysql").install_as_MySQLdb()
            options |= {"ENGINE": "django.db.backends.mysql", "HOST": url.query["unix_socket"]}
        else:
            options["HOST"] = url.query["host"]
        connections.settings[name] = connections.configure_settings({"default": {}, name: options})[name]
    yield name
    forget(name)


def forget(name: str) -> None:
    """Close the connection and leave none: Django keeps one to a database in memory open, and the settings of the others."""
    if connections[name].connection is not None:
        connections[name].connection.close()
    del connections[name]


def create_tables(database: str = "default") -> None:
    """The tables of all models, in a database that has none of them."""
    with connections[database].schema_editor() as editor:
        for model in (
            Client,
            Member,
            Project,
            Task,
            Note,
            ContentType,
            Mark,
            Remark,
            Device,
            Part,
            Label,
            Labelling,
            Bill,
        ):
            editor.create_model(model)
