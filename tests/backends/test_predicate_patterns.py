"""Patterns of `like`: what they match, against a naive evaluator, and what they cost."""

from __future__ import annotations

import gc
import time
import tracemalloc

import pytest
from hypothesis import example, given, settings, strategies as st

from kanbert_filter.backends.predicate import patterns
from kanbert_filter.backends.predicate.patterns import like
from tests import reference_meaning


@settings(max_examples=1000)
@given(
    st.text("ab%_\\\n.", max_size=9).filter(lambda p: (len(p) - len(p.rstrip("\\"))) % 2 == 0),
    st.text("ab%_\\\n.", max_size=12),
)
def test_like_means_what_its_naive_form_means(pattern: str, text: str) -> None:
    assert like(pattern)(text) is reference_meaning.like(pattern, text)


@pytest.mark.parametrize(
    "pattern", ["%a" * 40 + "%b", "%a_" * 40 + "%b", "%_" * 60 + "b", "%" * 1000 + "b", "%a%a_%" * 30 + "\\%"]
)
def test_like_takes_no_time_with_hostile_patterns(pattern: str) -> None:
    assert like(pattern)("a" * 100_000) is False


@settings(max_examples=300)
@given(
    st.text("ab_", min_size=15, max_size=60), st.text("ab", max_size=80), st.sampled_from(["{}", "%{}", "{}%", "%{}%"])
)
@example("a_b_" * 10, "aab" * 20, "%{}%")
def test_pieces_with_many_gaps_mean_what_their_naive_form_means(piece: str, text: str, form: str) -> None:
    pattern = form.format(piece)
    fitting = piece.replace("_", "b")
    for whole in (text, fitting, text + fitting, f"{fitting}{text}", f"{text}{fitting}{text}"):
        assert like(pattern)(whole) is reference_meaning.like(pattern, whole)


LONG = {
    "a%": "a%" * 2048,
    "%": "%" * 4096,
    "漢%": "漢%" * 2048,
    "a_": "a_" * 2048,
    "_%": "_%" * 2048,
    "ab_%": "ab_%" * 1024,
}


@pytest.mark.parametrize("pattern", LONG.values(), ids=LONG)
def test_long_patterns_are_made_fast(pattern: str) -> None:
    """All the text of one filter, 60 KB of patterns, took half a second as regular expressions."""
    gc.disable()  # it would look at everything other tests have left
    try:
        start = time.thread_time()
        for number in range(15):
            like(f"{number}{pattern}")
        assert time.thread_time() - start < 0.2
    finally:
        gc.enable()


@pytest.mark.parametrize("pattern", LONG.values(), ids=LONG)
def test_what_is_remembered_of_patterns_is_bounded_by_their_length(pattern: str) -> None:
    """36 of the longest patterns are more than are kept; all of them would take 9 MiB."""
    tracemalloc.start()
    try:
        for number in range(36):
            like(f"{number}{pattern}")
        remembered = tracemalloc.get_traced_memory()[0]
        patterns._KEPT.clear()
        assert remembered - tracemalloc.get_traced_memory()[0] < 8 * 2**20
    finally:
        tracemalloc.stop()


def test_patterns_that_come_again_are_remembered() -> None:
    assert like("a%_b") is like("a%_b")


@pytest.mark.parametrize("pattern", ["%" + "a_" * 1000 + "b%", "%a_a_a_a_b%", "%" + "_a" * 20 + "b%"])
def test_gaps_take_time_linear_in_the_text(pattern: str) -> None:
    fits = like(pattern)
    times = []
    for length in (5_000, 40_000):
        start = time.thread_time()
        assert fits("a" * length) is False
        times.append(time.thread_time() - start)
    assert times[1] < 30 * times[0]
