"""The words that describe a filter parameter."""

import pytest

import kanbert_filter as kf
from kanbert_filter.integrations.requests import description, example, examples


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ("string", 'x contains "Acme"'),
        ("string; eq, in", 'x = "Acme"'),
        ("number", "x >= 1000"),
        ("currency; ne", "x != 1000"),
        ("boolean", "x = true"),
        ("date", 'x >= "2024-01-31"'),
        ("datetime", 'x >= "2024-01-31"'),
        ("enum", 'x = "ACTIVE"'),
        ("enum: open, done", 'x = "open"'),
        ("id", 'x = "42"'),
        ("custom", 'x = "Acme"'),
        ("enum: with, only, without", 'x = "with"'),
        ({"status": "string"}, "x any"),
        (kf.types.Relation({"status": "string"}, operators=["count", "all"]), "x.count > 0"),
    ],
)
def test_every_kind_of_field_has_an_example_that_it_takes(row: object, shown: str) -> None:
    endpoint = kf.Endpoint("x", {"x": row})  # type: ignore[dict-item]
    condition = example(endpoint)
    assert condition is not None
    assert kf.to_dsl(condition) == shown
    assert endpoint.check(condition) == endpoint.parse(examples(endpoint)["JSON"])
    assert f"Example: `{shown}`" in description(endpoint)


@pytest.mark.parametrize("rows", [{}, {"x.*": "custom"}, {"x": "string; isnull"}, {"x": "Relation - a (id); all"}])
def test_without_a_field_to_show_there_is_no_example(rows: dict[str, str]) -> None:
    endpoint = kf.Endpoint("x", rows)
    assert example(endpoint) is None
    assert examples(endpoint) == {}
    assert "Example" not in description(endpoint)


@pytest.mark.parametrize("name", ["clients", "clients/full"])
def test_the_public_tables_are_described_and_read_back(name: str) -> None:
    endpoint = kf.kanbert_endpoints()[name]
    shown = example(endpoint)
    assert shown is not None
    endpoint.check(shown)
    assert kf.Endpoint.from_markdown(name, description(endpoint)).to_markdown() == endpoint.to_markdown()
