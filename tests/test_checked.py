"""Checked filters: made by a check, and by nothing else."""

import pickle
from typing import Any

import pytest

import kanbert_filter as kf
from kanbert_filter.checked import Part

ENDPOINT = kf.Endpoint("projects", {"title": "string"})
TREE = kf.field("title") == "Acme"
CHECKED = ENDPOINT.check(TREE)


@pytest.mark.parametrize(
    "parts",
    [(), [], TREE, (TREE,), [CHECKED.parts[0]], (CHECKED,), ((TREE, ENDPOINT),)],
    ids=lambda parts: repr(parts)[:40],
)
def test_a_checked_filter_is_made_of_what_a_check_gave(parts: Any) -> None:
    with pytest.raises(TypeError, match=r"a checked filter is made by Endpoint.check, Endpoint.parse and &"):
        kf.CheckedFilter(parts)


@pytest.mark.parametrize(
    ("filter", "table"), [("title = 'Acme'", ENDPOINT), (None, ENDPOINT), (TREE, {}), (CHECKED, ENDPOINT)]
)
def test_a_part_is_a_tree_and_its_table(filter: Any, table: Any) -> None:
    with pytest.raises(TypeError, match="expected a filter and its table, not"):
        Part(filter, table)


def test_no_part_of_anything_else_comes_in_through_a_pickle() -> None:
    assert pickle.loads(pickle.dumps(CHECKED)) == CHECKED
    written = pickle.dumps(CHECKED, protocol=0)
    forged = written.replace(b"kanbert_filter.nodes\nComparison", b"builtins\nprint")  # which returns None
    assert forged != written
    with pytest.raises(TypeError, match="expected a filter and its table, not NoneType"):
        pickle.loads(forged)
