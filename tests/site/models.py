"""The models of a small Django site."""

# mypy: disable-error-code="var-annotated, type-arg"

from decimal import Decimal
from typing import Any

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.contrib.postgres.fields import ArrayField, HStoreField
from django.db import models
from django.db.models.functions import Length


class Status(models.TextChoices):
    """A task's or a project's."""

    ACTIVE = "ACTIVE", "at work"
    PENDING = "PENDING", "waiting"
    DONE = "DONE", "finished"


class Client(models.Model):
    name = models.CharField(max_length=200, null=True)
    vip = models.BooleanField(null=True)


class Member(models.Model):
    name = models.CharField(max_length=200, null=True)


class Project(models.Model):
    title = models.TextField(null=True)
    code = models.CharField(max_length=200, null=True)
    status = models.CharField(max_length=20, null=True, choices=Status)
    rank = models.SmallIntegerField(null=True)
    budget = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    price = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    score = models.FloatField(null=True)
    done = models.BooleanField(null=True)
    due = models.DateField(null=True)
    created_at = models.DateTimeField(null=True)
    archived_at = models.DateTimeField(null=True)
    owner_id = models.CharField(max_length=50, null=True)
    key = models.UUIDField(null=True)
    custom_field = models.JSONField(null=True)
    client = models.ForeignKey(Client, models.PROTECT, null=True, related_name="projects")

    class Meta:
        ordering = ("title",)


class Task(models.Model):
    project = models.ForeignKey(Project, models.CASCADE, related_name="tasks")
    title = models.TextField(null=True)
    status = models.CharField(max_length=20, null=True, choices=Status)
    hours = models.DecimalField(max_digits=30, decimal_places=10, null=True)
    due = models.DateField(null=True)
    members = models.ManyToManyField(Member, related_name="tasks")


class LiveNotes(models.Manager[Any]):
    """Notes that nobody has deleted."""

    def get_queryset(self) -> Any:
        return super().get_queryset().filter(deleted=False)


class Note(models.Model):
    """Soft-deleted, and of several tenants."""

    task = models.ForeignKey(Task, models.CASCADE, related_name="notes")
    text = models.TextField(null=True)
    tenant = models.IntegerField(default=1)
    deleted = models.BooleanField(default=False)

    objects = LiveNotes()
    everything = models.Manager()


class Mark(models.Model):
    """A mark on a record of any model."""

    name = models.TextField(null=True)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.BigIntegerField()
    marked = GenericForeignKey()


class Remark(models.Model):
    """A remark on a record of any model, whose id is held as text."""

    text = models.TextField(null=True)
    kind = models.ForeignKey(ContentType, models.CASCADE)
    key = models.CharField(max_length=50)
    about = GenericForeignKey("kind", "key")


class Device(models.Model):
    """Fields of the rarer types."""

    name = models.TextField(null=True)
    address = models.GenericIPAddressField(null=True)
    manual = models.FileField(null=True)
    length = models.GeneratedField(expression=Length("name"), output_field=models.IntegerField(), db_persist=True)
    took = models.DurationField(null=True)
    opens = models.TimeField(null=True)
    marks = GenericRelation(Mark)
    remarks = GenericRelation(Remark, "key", "kind")
    users = models.ManyToManyField(Member, related_name="+")


class Keyed(models.Model):
    """A record with a UUID for its id, which no generic relation of this site holds."""

    id = models.UUIDField(primary_key=True)
    marks = GenericRelation(Mark)
    remarks = GenericRelation(Remark, "key", "kind")


class Shelf(models.Model):
    """Fields that PostgreSQL alone has."""

    name = models.TextField(null=True)
    words = ArrayField(models.TextField())
    facts = HStoreField(null=True)


class ShelfWord(models.Model):
    """A row of a view, which has one for each word of a shelf."""

    shelf = models.OneToOneField(Shelf, models.DO_NOTHING, primary_key=True, related_name="+")
    value = models.TextField(null=True)

    class Meta:
        managed = False


class Part(models.Model):
    """A record with a key of several columns."""

    pk = models.CompositePrimaryKey("shelf", "number")
    shelf = models.IntegerField()
    number = models.IntegerField()
    device = models.ForeignKey(Device, models.CASCADE, related_name="parts")


class Label(models.Model):
    """A record that the table in between knows by another field than the primary key."""

    slug = models.CharField(max_length=50, unique=True)
    devices = models.ManyToManyField(Device, through="Labelling")


class Labelling(models.Model):
    """That table."""

    label = models.ForeignKey(Label, models.CASCADE, to_field="slug")
    device = models.ForeignKey(Device, models.CASCADE)


class Cents(models.IntegerField):
    """Money, kept as a whole number of cents."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else int(value * 100)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return None if value is None else Decimal(value) / 100


class Flag(models.CharField):
    """A boolean, kept as a letter."""

    def get_prep_value(self, value: Any) -> Any:
        return "Y" if value else "N"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        return value == "Y"


class Epoch(models.IntegerField):
    """An instant, kept as a number of seconds."""

    def get_prep_value(self, value: Any) -> Any:
        return int(value.timestamp())


class Folded(models.CharField):
    """Text in capitals."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else value.upper()


class Bill(models.Model):
    """Fields that convert their values by code of their own."""

    total = Cents(null=True)
    paid = Flag(max_length=1)
    at = Epoch()
    code = Folded(max_length=20, null=True)
