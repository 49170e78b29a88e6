"""Close words: how far two words are apart, and what comparing them may cost."""

import pytest
from hypothesis import given, strategies as st

from kanbert_filter.suggestions import Suggestions, distance

words = st.text("abc", max_size=8)


def table_distance(a: str, b: str) -> int:
    """The distance by its usual table."""
    rows = [[i or j for j in range(len(b) + 1)] if not i else [i] + [0] * len(b) for i in range(len(a) + 1)]
    for i in range(1, len(a) + 1):
        for j in range(1, len(b) + 1):
            rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]))
            if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
    return rows[-1][-1]


@given(words, words)
def test_the_distance_is_that_of_the_usual_table(a: str, b: str) -> None:
    assert distance(a, b) == distance(b, a) == table_distance(a, b)


@pytest.mark.parametrize(
    ("word", "known", "close"),
    [
        ("titel", ["title", "subtitle"], ["title"]),
        ("Straße", ["STRASSE", "strase"], ["STRASSE"]),
        ("due", ["dude", "due_on", "duedate"], ["due_on", "dude", "duedate"]),
        (
            "name",
            ["client.name", "rename", "owner.name", "names", "manager.name"],
            ["client.name", "owner.name", "manager.name"],
        ),
        ("titla", ["title", "total"], ["title"]),
        ("a", ["b", "ab", "a.b"], []),
        ("", ["a"], []),
    ],
)
def test_close_words(word: str, known: list[str], close: list[str]) -> None:
    assert Suggestions().to(word, known) == close


def test_a_spent_budget_suggests_nothing_more() -> None:
    near = Suggestions(budget=30)
    assert near.to("titel", ["title"]) == ["title"]
    assert near.to("titel", ["x"] * 30) == []
    assert near.to("titel", ["title"]) == []
