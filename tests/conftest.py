"""What all tests share: how hypothesis searches."""

import os

import pytest
from hypothesis import HealthCheck, Phase, settings

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
