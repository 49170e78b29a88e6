"""The tables of `sql_rows` as models of Django."""

# mypy: disable-error-code="var-annotated"

from typing import Any, Final

from django.db import models
from django.db.models.fields.json import KeyTextTransform

from tests import django_site

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
