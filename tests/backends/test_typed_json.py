"""Typed paths into JSON columns, over values of every sort: SQLAlchemy and Django answer as the predicate on each database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial

import pytest
from hypothesis import HealthCheck, given, settings

import kanbert_filter as kf
from tests.backends import test_django_json as in_django, test_sqlalchemy_json as in_sqlalchemy
from tests.backends.json_values import EVERY, ITEMS, RECORDS
from tests.backends.test_predicate import CONTEXTS, filters

Found = Callable[[kf.CheckedFilter, kf.Context], list[int]]
"""The rows that a back end finds."""


@contextmanager
def opened(name: str) -> Iterator[Found]:
    package, _, database = name.partition(" on ")
    if package == "Django":
        with in_django.filled(database) as filled:
            yield partial(in_django.found, filled)
    else:
        with in_sqlalchemy.filled(database) as stored:
            yield partial(in_sqlalchemy.found, stored)


STORES = [
    *("Django on default", "Django on postgresql"),
    *("SQLAlchemy on sqlite", "SQLAlchemy on postgresql json", "SQLAlchemy on postgresql jsonb"),
]
HEAVY_STORES = ["Django on mariadb", "SQLAlchemy on mariadb"]


@pytest.fixture(
    params=[*STORES, *[pytest.param(name, marks=pytest.mark.heavy) for name in HEAVY_STORES]], scope="module"
)
def found(request: pytest.FixtureRequest) -> Iterator[Found]:
    with opened(request.param) as found:
        yield found


def matching(checked: kf.CheckedFilter, context: kf.Context) -> list[int]:
    return [record["id"] for record in kf.compile_predicate(checked, context).select(RECORDS)]


@pytest.mark.parametrize("text", EVERY)
def test_a_value_of_another_type_is_null(found: Found, text: str) -> None:
    checked = ITEMS.parse(text)
    for zone in ("UTC", "Europe/Vienna", "America/St_Johns"):
        context = kf.Context(timezone=zone, storage_timezone="America/Havana")
        assert found(checked, context) == matching(checked, context)


@pytest.mark.parametrize("many", [50, pytest.param(1000, marks=pytest.mark.heavy)])
def test_many_days_are_asked_of_one_value(found: Found, many: int) -> None:
    days = ", ".join(f"'{1990 + n // 336}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}'" for n in range(many))
    checked = ITEMS.parse(f"extra.made in [{days}] or extra.due nin [{days}]")
    context = kf.Context(timezone="Europe/Vienna", storage_timezone="Europe/Vienna")
    assert found(checked, context) == matching(checked, context)


@pytest.mark.parametrize("field", ["price contains '5'", "due > '2024-05-01'", "made != '2024-05-01'", "ref = '7'"])
def test_json_is_found_as_deep_as_filters_go(found: Found, field: str) -> None:
    """The deepest that is not refused, the database still takes."""
    for groups in range(28, 0, -1):
        text = f"extra.{field}"
        for number in range(groups):
            text = f"extra.x = 'a' {'or' if number % 2 else 'and'} ({text})"
        checked = ITEMS.parse(text, limits=kf.Limits.lifted())
        with suppress(kf.UnsupportedFilterError):
            assert found(checked, kf.Context()) == matching(checked, kf.Context())
            break
    assert 18 <= groups < 28


CHECKED = filters(ITEMS, depth=0).map(ITEMS.check)


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(checked=CHECKED, context=CONTEXTS)
def test_typed_json_means_what_the_predicate_means(
    found: Found, checked: kf.CheckedFilter, context: kf.Context
) -> None:
    assert found(checked, context) == matching(checked, context), kf.to_dsl(checked)


@pytest.mark.heavy
def test_typed_json_means_it_in_thousands_of_filters(pytestconfig: pytest.Config) -> None:
    with ExitStack() as stack:
        stores = {}
        for name in (*STORES, *HEAVY_STORES):
            with suppress(pytest.skip.Exception):  # the tests of the database say why it is left out
                stores[name] = stack.enter_context(opened(name))

        @settings(max_examples=pytestconfig.getoption("filters"))
        @given(checked=CHECKED, context=CONTEXTS)
        def answer_alike(checked: kf.CheckedFilter, context: kf.Context) -> None:
            expected = matching(checked, context)
            for name, found in stores.items():
                assert found(checked, context) == expected, (name, kf.to_dsl(checked))

        answer_alike()
