"""The tables of `sql_rows` as models of Django."""

# mypy: disable-error-code="var-annotated"

from functools import cache
from itertools import count
from typing import Any, Final

from django.db import connections, models
from django.db.models.expressions import Star
from django.db.models.fields.json import KeyTextTransform
from django.db.utils import load_backend
from sqlalchemy import TextClause, text

from kanbert_filter.backends.django import where
from tests import django_site
from tests.benchmarks.sql_rows import PROJECTS

assert django_site  # which sets Django up


def table(name: str) -> Any:
    """Which table a model is of; the site has other models with such names."""
    return type("Meta", (), {"app_label": "site", "managed": False, "db_table": name})


class IndexedCountry(models.Model):
    code = models.TextField()
    Meta = table("countries")


class IndexedClient(models.Model):
    name = models.TextField()
    vip = models.BooleanField()
    country = models.ForeignKey(IndexedCountry, models.CASCADE, null=True)
    Meta = table("clients")


class IndexedPerson(models.Model):
    name = models.TextField()
    Meta = table("people")


class IndexedTag(models.Model):
    name = models.TextField()
    Meta = table("tags")


class IndexedProject(models.Model):
    code = models.TextField()
    title = models.TextField()
    status = models.TextField(null=True)
    budget = models.IntegerField(null=True)
    price = models.DecimalField(max_digits=20, decimal_places=2, null=True)
    created_at = models.DateTimeField()
    due = models.DateField(null=True)
    client = models.ForeignKey(IndexedClient, models.CASCADE, null=True)
    owner = models.ForeignKey(IndexedPerson, models.CASCADE)
    custom = models.JSONField(null=True)
    plain = models.JSONField(null=True)
    tags = models.ManyToManyField(IndexedTag, through="IndexedProjectTag")
    Meta = table("projects")


class IndexedProjectTag(models.Model):
    pk = models.CompositePrimaryKey("project_id", "tag_id")
    project = models.ForeignKey(IndexedProject, models.CASCADE)
    tag = models.ForeignKey(IndexedTag, models.CASCADE)
    Meta = table("project_tags")


class IndexedTask(models.Model):
    project = models.ForeignKey(IndexedProject, models.CASCADE, related_name="tasks")
    title = models.TextField()
    status = models.TextField(null=True)
    hours = models.IntegerField(null=True)
    due = models.DateField(null=True)
    assignee = models.ForeignKey(IndexedPerson, models.CASCADE, null=True)
    Meta = table("tasks")


COLUMNS: Final[dict[str, Any]] = {
    "indexed_field.size": "custom.size",
    "indexed_field.*": lambda name: KeyTextTransform(name, "custom", output_field=models.TextField()),
}


COUNT: Final = models.Func(Star(), function="COUNT", output_field=models.IntegerField())
"""An aggregate that Django does not group by."""


def number_of(filter: str, dialect: str) -> TextClause:
    """Django's query for the number of the projects that match, to be asked on a connection of SQLAlchemy's."""
    return _query(matching(filter).values(number=COUNT), dialect)


def page_of(filter: str, dialect: str, size: int | None = None) -> TextClause:
    """Django's query for the ids of the first projects that match, or of all."""
    return _query(matching(filter).order_by("id").values("id")[:size], dialect)


def matching(filter: str) -> Any:
    return IndexedProject.objects.filter(where(PROJECTS.parse(filter), IndexedProject, columns=COLUMNS))


def _query(found: Any, dialect: str) -> TextClause:
    sql, params = found.query.get_compiler(connection=_engine(dialect)).as_sql()
    numbers = count()
    named = "%".join(_numbered(part, numbers) for part in sql.replace(":", "\\:").split("%%"))
    return text(named).bindparams(**{f"p{number}": value for number, value in enumerate(params)})


def _numbered(sql: str, numbers: Any) -> str:
    first, *others = sql.split("%s")
    return first + "".join([f":p{next(numbers)}{other}" for other in others])


@cache
def _engine(dialect: str) -> Any:
    """What knows the words of an engine; it connects to none."""
    name = f"django.db.backends.{'sqlite3' if dialect == 'sqlite' else dialect}"
    settings = connections.configure_settings({"default": {"ENGINE": name, "NAME": "none"}})
    return load_backend(name).DatabaseWrapper(settings["default"])
