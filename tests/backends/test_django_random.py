"""The Django back end against the predicate: random checked filters over random records, on SQLite and PostgreSQL."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db.models import OuterRef, Q
from django.test import override_settings
from hypothesis import HealthCheck, given, settings, strategies as st

from kanbert_filter import types
from kanbert_filter.backends.django import prepare_sqlite, verify, where
from kanbert_filter.backends.predicate import compile_predicate
from kanbert_filter.builder import field
from kanbert_filter.checked import CheckedFilter
from kanbert_filter.context import Context
from kanbert_filter.endpoints.endpoint import Endpoint
from kanbert_filter.nodes import EVERYTHING
from tests import django_site as site
from tests.backends.test_predicate import CONTEXTS, DAYS, KINDS, TIMES, ZONES, filters
from tests.strategies import COMMON_TEXTS

STATUS = "enum: ACTIVE, DONE, x"
PROJECTS = Endpoint(
    "projects",
    {
        "title": "string",
        "code": types.String(case_sensitive=True),
        "status": STATUS,
        "rank": "number",
        "ranked": types.Id(source="rank"),
        "budget": "number",
        "price": "currency",
        "score": "number",
        "weighed": types.Currency(source="score"),
        "done": "boolean",
        "due": "date",
        "due_at": types.DateTime(source="due"),
        "created_at": "datetime",
        "created_on": types.Date(source="created_at"),
        "id": "id",
        "owner.id": types.Id(source="owner_id"),
        "key": "id",
        "client.id": "id",
        "client.name": "string",
        "client.vip": "boolean",
        "custom_field.*": "custom",
        "any_title": types.Custom(source="title"),
        "any_score": types.Custom(source="score"),
        "any_done": types.Custom(source="done"),
        "archived": types.Scope(
            {"with": EVERYTHING, "only": field("archived_at").is_not_null(), "without": field("archived_at").is_null()}
        ),
        "tasks": {
            "title": "string",
            "status": STATUS,
            "hours": "number",
            "due": "date",
            "project.title": "string",
            "members": {"name": "string", "tasks": {"title": "string"}},
        },
        "client.projects": {"title": "string", "budget": "number"},
        "active": {"title": "string", "members": {"name": "string"}},
    },
)
COLUMNS = {
    "active": site.Task.objects.filter(project=OuterRef("pk"), status="ACTIVE"),
    "active.members": site.Member.objects.exclude(name="a"),
    "client.projects": Q(done=True),
}
"""Some of the records: a relation that the models do not have, and limits of two that they have."""

TEXTS = [None, *COMMON_TEXTS, "[a]", "*"]

AMOUNTS = [None, *map(Decimal, ("0", "1", "-1", "7", "1000", "0.1", "-0.5", "0.3", "99.99", "1e-10", "1234567.891"))]
SCORES = [None, 0.0, 1.0, -0.5, 0.1, 0.3, 0.1 + 0.2, 7.0, 1e23, 5e-324, float(2**53)]
CUSTOM: list[Any] = [None, "a", "A", "7", "", "%", 7, 7.0, -0.5, 0.1, 0.1 + 0.2, True, False, 2**53 + 1, [], {}]
ODD = (
    *("2010-11-07T00:00:30", "2010-11-07T02:31:00Z", "2011-12-30T10:00:00Z", "2011-12-29T23:59:59.999999"),
    *("2024-04-07T01:45:00", "2024-04-06T15:00:00Z", "2024-10-06T02:15:00", "2024-11-03T00:30:00", "2024-03-10T05:00:00Z"),
    *("2022-03-21T20:30:00Z", "2022-03-22T00:30:00", "0001-01-01T00:00:00Z", "0001-01-03T12:00:00", "9999-12-31T23:59:59.999999Z"),
    "9999-12-29T12:00:00",
)  # fmt: skip
"""Where the clocks of St John's, Apia, Lord Howe, Havana and Tehran jump, and the ends of the calendar."""

ODD_DAYS = (
    "2010-11-06",
    "2010-11-07",
    "2011-12-29",
    "2024-04-07",
    "2024-11-03",
    "2022-03-22",
    "0001-01-01",
    "9999-12-31",
)
MOMENTS = [None, *[datetime.fromisoformat(text) for text in (*TIMES, *ODD)]]
DATES = [None, *map(date.fromisoformat, (*DAYS, *ODD_DAYS))]

prepare_sqlite()


def records() -> list[dict[str, Any]]:
    """Projects as the predicate sees them."""
    choose = random.Random(2024)
    clients: list[dict[str, Any]] = [
        {"id": number, "name": choose.choice(TEXTS), "vip": choose.choice([None, True, False])}
        for number in range(1, 6)
    ]
    members: list[dict[str, Any]] = [
        {"id": number, "name": choose.choice(TEXTS), "tasks": []} for number in range(1, 6)
    ]
    made = []
    for number in range(1, 61):
        project: dict[str, Any] = {
            "id": number,
            "title": choose.choice(TEXTS),
            "code": choose.choice(TEXTS),
            "status": choose.choice([None, "ACTIVE", "DONE"]),
            "rank": choose.choice([None, 0, 1, -1, 7, 1000]),
            "budget": choose.choice(AMOUNTS),
            "price": choose.choice(AMOUNTS),
            "score": choose.choice(SCORES),
            "done": choose.choice([None, True, False]),
            "due": choose.choice(DATES),
            "created_at": choose.choice(MOMENTS),
            "archived_at": choose.choice([None, datetime(2024, 1, 1, tzinfo=UTC)]),
            "owner_id": choose.choice([None, "7", "a", "u-1"]),
            "key": choose.choice([None, UUID(int=7)]),
            "client": choose.choice([None, *clients]),
            "custom_field": choose.choice([None, {}, *[{"x": value} for value in CUSTOM]]),
            "tasks": [],
        }
        project["active"] = []
        for _ in range(choose.choice([0, 0, 1, 2, 3])):
            task: dict[str, Any] = {
                "title": choose.choice(TEXTS),
                "status": choose.choice([None, "ACTIVE", "DONE"]),
                "hours": choose.choice(AMOUNTS),
                "due": choose.choice(DATES),
                "members": choose.sample(members, choose.choice([0, 0, 1, 2])),
                "project": project,
            }
            for member in task["members"]:
                member["tasks"].append(task)
            project["tasks"].append(task)
            if task["status"] == "ACTIVE":
                named = [member for member in task["members"] if member["name"] != "a"]
                project["active"].append(task | {"members": named})
        made.append(project)
    for client in clients:
        client["projects"] = [project for project in made if project["client"] is client and project["done"]]
    return made


RECORDS = records()


@pytest.fixture(params=site.DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    for name in site.database(request.param):
        site.create_tables(name)
        store(name)
        yield name


@pytest.fixture(scope="module")
def sqlite(database: str) -> str:
    """SQLite, which holds times as they are given; PostgreSQL holds instants, whatever Django is told."""
    return database if database == "default" else pytest.skip("PostgreSQL holds instants")


def store(name: str) -> None:
    people: dict[int, site.Member] = {}
    clients: dict[int, site.Client] = {}
    for record in RECORDS:
        plain = {key: value for key, value in record.items() if key not in ("client", "tasks", "active")}
        given = record["client"]
        if given and given["id"] not in clients:
            client = site.Client.objects.using(name).create(id=given["id"], name=given["name"], vip=given["vip"])
            clients[given["id"]] = client
        moments = {key: aware(plain[key]) for key in ("created_at", "archived_at")}
        project = site.Project(**plain | moments, client=given and clients[given["id"]])
        project.save(using=name)
        for task in record["tasks"]:
            plain = {key: task[key] for key in ("title", "status", "hours", "due")}
            stored = site.Task.objects.using(name).create(project=project, **plain)
            for member in task["members"]:
                if member["id"] not in people:
                    people[member["id"]] = site.Member.objects.using(name).create(id=member["id"], name=member["name"])
                stored.members.add(people[member["id"]])


def aware(moment: datetime | None) -> datetime | None:
    """An instant as the columns hold it: a time without offset is one of the storage's zone, here UTC."""
    return moment and (moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC))


def naive(moment: datetime | None) -> datetime | None:
    """What is held where `USE_TZ` is off."""
    instant = aware(moment)
    return instant and instant.replace(tzinfo=None)


def held(record: dict[str, Any], moment: Any) -> dict[str, Any]:
    return record | {key: moment(record[key]) for key in ("created_at", "archived_at")}


AWARE = [held(record, aware) for record in RECORDS]
NAIVE = [held(record, naive) for record in RECORDS]
VALUES = KINDS | {
    "date": KINDS["date"] | st.sampled_from(ODD_DAYS),
    "datetime": KINDS["datetime"] | st.sampled_from([*ODD_DAYS, *ODD]),
}
CHECKED = filters(PROJECTS, 2, VALUES).map(PROJECTS.check)
ZONED = st.builds(
    lambda context, **zones: Context(now=context.now, me="u-1", week_start=context.week_start, **zones),
    CONTEXTS,
    timezone=st.sampled_from([*ZONES, "Australia/Lord_Howe", "America/Havana", "Asia/Tehran"]),
    storage_timezone=st.sampled_from([*ZONES, "Australia/Lord_Howe", "America/Havana", "Asia/Tehran"]),
)
ANYHOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


def compare(database: str, checked: CheckedFilter, context: Context, seen: list[dict[str, Any]]) -> None:
    expected = [record["id"] for record in compile_predicate(checked, context).select(seen)]
    found = (
        site.Project.objects.using(database)
        .filter(where(checked, site.Project, context, columns=COLUMNS))
        .order_by("id")
    )
    assert [*found.values_list("id", flat=True)] == expected


def test_every_field_has_its_column() -> None:
    verify(PROJECTS, site.Project, columns=COLUMNS)


@settings(suppress_health_check=ANYHOW)
@given(checked=CHECKED, context=ZONED)
def test_the_orm_means_what_the_predicate_means(database: str, checked: CheckedFilter, context: Context) -> None:
    compare(database, checked, context, AWARE)


@settings(suppress_health_check=ANYHOW)
@given(checked=CHECKED, context=ZONED)
def test_times_without_offset_are_those_of_the_storage(sqlite: str, checked: CheckedFilter, context: Context) -> None:
    with override_settings(USE_TZ=False):
        compare(sqlite, checked, context, NAIVE)


@pytest.mark.heavy
def test_the_orm_means_it_in_thousands_of_filters(database: str, pytestconfig: pytest.Config) -> None:
    @settings(max_examples=pytestconfig.getoption("filters"))
    @given(checked=CHECKED, context=ZONED)
    def answer_alike(checked: CheckedFilter, context: Context) -> None:
        compare(database, checked, context, AWARE)

    answer_alike()
