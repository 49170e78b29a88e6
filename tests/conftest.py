"""What all tests share: how hypothesis searches, and what the garbage collector leaves alone."""

import gc
import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, Phase, given, settings, strategies as st

# Machines are noisy: no example is judged by its time. The gate tells a failure at once, as found; people have it made small.
settings.register_profile(
    "kanbert",
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
    phases=[Phase.explicit, Phase.generate] if "CI" in os.environ else list(Phase),
)
settings.load_profile("kanbert")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--filters 100000` is for a night."""
    parser.addoption("--filters", type=int, default=2000, help="random filters for each engine in heavy tests (2000)")


@settings(max_examples=1, database=None)
@given(st.none())
def _draw_once(nothing: None) -> None:
    """Hypothesis makes its source of chance for the first example, and warns if the collector does not see who holds it."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the garbage collector from what it need not search: it took a sixth of the time.

    A million objects are made while tests are collected, and live to the end. Tests leave almost as many more.
    """
    gc.disable()
    result = yield
    gc.enable()
    _draw_once()
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)  # by default 700, 10, 10
    return result
