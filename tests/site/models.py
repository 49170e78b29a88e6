"""The models of a small Django site."""

# mypy: disable-error-code="var-annotated"

from django.db import models


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
