"""The Django back end on the dataset that all back ends share, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest

import kanbert_filter as kf
from kanbert_filter.backends.django import prepare_sqlite, where
from tests import django_site as site
from tests.matches import PROJECTS, Case, cases, dataset

BINARY = {"budget = 99999999999999999998", "budget > 99999999999999999998"}
"""What SQLite, whose numbers are binary, cannot tell apart."""

prepare_sqlite()


@pytest.fixture(params=site.DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The name of a database with the shared dataset in it."""
    for name in site.database(request.param):
        site.create_tables(name)
        for record in dataset():
            load(record, name)
        yield name


def load(record: dict[str, Any], name: str) -> None:
    """Store a record of the dataset."""
    client = record["client"] and site.Client.objects.using(name).create(**record["client"])
    plain = {key: record[key] for key in ("id", "title", "code", "status", "done", "owner_id")}
    project = site.Project.objects.using(name).create(
        **plain,
        budget=exact(record["budget"]),
        price=exact(record["price"]),
        due=record["due"] and date.fromisoformat(record["due"]),
        created_at=instant(record["created_at"]),
        archived_at=instant(record["archived_at"]),
        custom_field=floats(record["custom_field"]),
        client=client,
    )
    for task in record["tasks"] or []:
        stored = site.Task.objects.using(name).create(
            project=project,
            title=task["title"],
            status=task["status"],
            hours=exact(task["hours"]),
            due=task["due"] and date.fromisoformat(task["due"]),
        )
        for member in task["members"] or []:
            stored.members.add(site.Member.objects.using(name).create(**member))


def exact(number: Any) -> Decimal | None:
    return None if number is None else Decimal(number)


def instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def floats(values: dict[str, Any] | None) -> dict[str, Any] | None:
    return values and {key: float(value) if isinstance(value, Decimal) else value for key, value in values.items()}


@pytest.mark.parametrize("case", cases(), ids=str)
def test_the_dataset(database: str, case: Case) -> None:
    for text, ids in ((case.filter, case.ids), (case.lookalike, case.lookalike_ids)):
        if database == "default" and text in BINARY:
            continue
        condition = where(PROJECTS.parse(text), site.Project, case.context)
        found = site.Project.objects.using(database).filter(condition).order_by("id")
        assert tuple(found.values_list("id", flat=True)) == ids, text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tasks.count > 3", "WHERE (EXISTS({tasks} LIMIT 1 OFFSET 3))"),
        ("tasks.count >= 3", "WHERE (EXISTS({tasks} LIMIT 1 OFFSET 2))"),
        ("tasks.count < 3", "WHERE NOT (EXISTS({tasks} LIMIT 1 OFFSET 2))"),
        ("tasks.count <= 3", "WHERE NOT (EXISTS({tasks} LIMIT 1 OFFSET 3))"),
        ("tasks.count > 0", "WHERE EXISTS({tasks} LIMIT 1)"),
        ("tasks.count = 0", "WHERE NOT (EXISTS({tasks} LIMIT 1))"),
        ("tasks all (title = 'a' or title = 'b c')", "(((U0.title IN (a, b c))) IS NOT TRUE)) LIMIT 1))"),
        ("tasks all (title != 'a')", "((NOT (U0.title = a)) IS NOT TRUE)) LIMIT 1))"),  # IS binds closer than NOT
        ("custom_field.size is null", "WHERE COALESCE(json_type(site_project.custom_field, $.size), null) = null"),
        ("client.id = '7'", "WHERE site_project.client_id = 7"),
        ("client.id is null", "WHERE site_project.client_id IS NULL"),
        ("client.name is null", "WHERE (site_project.client_id IS NULL OR site_client.name IS NULL)"),
    ],
)
def test_the_words_of_a_condition(text: str, words: str) -> None:
    """An engine stops counting where that is enough, sees through a group of what is not true, and reads a value in JSON once."""
    rows: dict[str, Any] = {
        "tasks": {"title": "string"},
        "custom_field.*": "custom",
        "client.id": "id",
        "client.name": "string",
    }
    condition = where(kf.Endpoint("projects", rows).parse(text), site.Project)
    said = str(site.Project.objects.filter(condition).order_by().query).replace('"', "")
    tasks = "SELECT 1 AS a FROM site_task U0 WHERE U0.project_id = (site_project.id)"
    assert said.endswith(words.format(tasks=tasks)), said
