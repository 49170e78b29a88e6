"""Typed paths into JSON in the Django back end: indexes, and columns that hold the value itself; the rest is in `test_typed_json`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connections

import kanbert_filter as kf
from kanbert_filter.backends.django import verify, where
from tests import django_site as site
from tests.backends.json_values import HELD, ITEMS, RECORDS


@contextmanager
def filled(name: str) -> Iterator[str]:
    """A database whose projects hold the values in JSON."""
    for database in site.database(name):
        site.create_tables(database)
        made = [site.Project(id=number, custom_field=held) for number, held in enumerate(HELD, 1)]
        site.Project.objects.using(database).bulk_create(made)
        yield database


@pytest.fixture(params=site.DATABASES, scope="module")
def database(request: pytest.FixtureRequest) -> Iterator[str]:
    with filled(request.param) as database:
        yield database


def found(database: str, checked: kf.CheckedFilter, context: kf.Context) -> list[int]:
    projects = site.Project.objects.using(database).filter(where(checked, site.Project, context))
    return [*projects.order_by("id").values_list("id", flat=True)]


def test_every_type_is_found_in_json() -> None:
    verify(ITEMS, site.Project)


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
    checked = ITEMS.parse(text)
    projects = site.Project.objects.using(indexed_database).filter(where(checked, site.Project)).order_by()
    assert ("Bitmap Index Scan on extra_gin" in projects.explain()) is indexed
    matching = [record["id"] for record in kf.compile_predicate(checked).select(RECORDS)]
    assert found(indexed_database, checked, kf.Context()) == matching


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
