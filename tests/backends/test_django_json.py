"""Typed paths into JSON columns in the Django back end, over values of every sort, on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import connections
from hypothesis import HealthCheck, given, settings

import kanbert_filter as kf
from kanbert_filter.backends.django import verify, where
from tests import django_site as site
from tests.backends.json_values import EVERY, endpoint, records, rows
from tests.backends.test_predicate import CONTEXTS, filters

ITEMS = endpoint("custom_field")
HELD = rows(400)
RECORDS = records("custom_field", HELD)


@pytest.fixture(params=site.DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    for name in site.database(request.param):
        site.create_tables(name)
        made = [site.Project(id=number, custom_field=held) for number, held in enumerate(HELD, 1)]
        site.Project.objects.using(name).bulk_create(made)
        yield name


def compare(database: str, checked: kf.CheckedFilter, context: kf.Context) -> None:
    expected = [record["id"] for record in kf.compile_predicate(checked, context).select(RECORDS)]
    found = site.Project.objects.using(database).filter(where(checked, site.Project, context)).order_by("id")
    assert [*found.values_list("id", flat=True)] == expected, kf.to_dsl(checked)


def test_every_type_is_found_in_json() -> None:
    verify(ITEMS, site.Project)


@pytest.mark.parametrize("text", EVERY)
def test_a_value_of_another_type_is_null(database: str, text: str) -> None:
    for zone in ("UTC", "Europe/Vienna", "America/St_Johns"):
        compare(database, ITEMS.parse(text), kf.Context(timezone=zone, storage_timezone="America/Havana"))


@pytest.mark.parametrize(
    ("text", "indexed"),
    [
        ("extra.x = 'a'", True),
        ("extra.title in ['a', 'b']", True),
        ("extra.rank = 7", True),
        ("extra.done = true", True),
        ("extra.ref = '7'", True),
        ("extra.title in ['" + "', '".join("abcdefghijkl") + "']", False),
        ("extra.title != 'a'", False),
        ("extra.rank > 7", False),
    ],
)
def test_equality_in_json_is_what_an_index_on_jsonb_serves(indexed_database: str, text: str, indexed: bool) -> None:
    found = site.Project.objects.using(indexed_database).filter(where(ITEMS.parse(text), site.Project)).order_by()
    assert ("Bitmap Index Scan on extra_gin" in found.explain()) is indexed
    compare(indexed_database, ITEMS.parse(text), kf.Context())


@pytest.fixture
def indexed_database(database: str) -> Iterator[str]:
    if database != "postgresql":
        pytest.skip("only PostgreSQL has such indexes")
    with connections[database].cursor() as cursor:
        cursor.execute("CREATE INDEX extra_gin ON site_project USING gin (custom_field jsonb_path_ops)")
        cursor.execute("SET enable_seqscan = off")
        yield database
        cursor.execute("SET enable_seqscan = on")
        cursor.execute("DROP INDEX extra_gin")


def test_a_column_of_json_may_hold_the_value_itself(database: str) -> None:
    endpoint = kf.Endpoint("items", {"custom_field": "number", "due": kf.types.Date(source="custom_field")})
    held = [7, "2024-05-02", "7", None, [7], {"a": 7}, "2024-05-01T23:30:00-01:00"]
    ids = range(1001, 1001 + len(held))
    for number, value in zip(ids, held, strict=True):
        site.Project.objects.using(database).create(id=number, custom_field=value)
    try:
        projects = site.Project.objects.using(database).filter(pk__in=ids)
        for text, count in (
            ("custom_field = 7", 1),
            ("custom_field is null", 6),
            ("due = '2024-05-02'", 2),
            ("due = '2024-05-01'", 0),
        ):
            assert projects.filter(where(endpoint.parse(text), site.Project)).count() == count, text
    finally:
        site.Project.objects.using(database).filter(pk__in=ids).delete()


@pytest.mark.parametrize("field", ["price contains '5'", "due > '2024-05-01'", "made != '2024-05-01'", "ref = '7'"])
def test_json_is_found_as_deep_as_filters_go(database: str, field: str) -> None:
    refused = 0
    for groups in range(1, 40):
        text = f"extra.{field}"
        for number in range(groups):
            text = f"extra.x = 'a' {'or' if number % 2 else 'and'} ({text})"
        try:
            condition = where(ITEMS.parse(text, limits=kf.Limits.lifted()), site.Project)
        except kf.UnsupportedFilterError:
            refused += 1
        else:
            assert site.Project.objects.using(database).filter(condition).count() <= len(HELD)
    assert 12 <= refused <= 21


@pytest.mark.parametrize("many", [50, pytest.param(1000, marks=pytest.mark.heavy)])
def test_many_days_are_asked_of_one_value(database: str, many: int) -> None:
    days = ", ".join(f"'{1990 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}'" for n in range(many))
    text = f"extra.made in [{days}] or extra.due nin [{days}]"
    compare(database, ITEMS.parse(text), kf.Context(timezone="Europe/Vienna", storage_timezone="Europe/Vienna"))


CHECKED = filters(ITEMS, depth=0).map(ITEMS.check)
ANYHOW = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]


@settings(max_examples=20, suppress_health_check=ANYHOW)
@given(checked=CHECKED, context=CONTEXTS)
def test_typed_json_means_what_the_predicate_means(
    database: str, checked: kf.CheckedFilter, context: kf.Context
) -> None:
    compare(database, checked, context)


@pytest.mark.heavy
def test_typed_json_means_it_in_thousands_of_filters(database: str, pytestconfig: pytest.Config) -> None:
    @settings(max_examples=pytestconfig.getoption("filters"))
    @given(checked=CHECKED, context=CONTEXTS)
    def answer_alike(checked: kf.CheckedFilter, context: kf.Context) -> None:
        compare(database, checked, context)

    answer_alike()
