"""Closed sets: a table that forgets a member cannot be made."""

from typing import Literal, get_args

import pytest

from kanbert_filter import types
from kanbert_filter.endpoints.field_table import TYPES
from kanbert_filter.kinds import FieldKind, exhaustive
from kanbert_filter.nodes import And, Comparison, Everything, Filter, Membership, NullCheck, Or, RelationTest
from kanbert_filter.types import Count

NODES = {And, Or, Comparison, Membership, NullCheck, RelationTest, Everything}


def test_a_complete_table_stays_as_it_is() -> None:
    assert exhaustive(Literal["a", "b"], {"a": 1, "b": 2}) == {"a": 1, "b": 2}
    assert exhaustive(Filter, dict.fromkeys(NODES)).keys() == NODES
    assert exhaustive(Filter | int, dict.fromkeys(NODES | {int})).keys() == NODES | {int}


@pytest.mark.parametrize(
    ("keys", "table", "message"),
    [
        (Literal["a", "b"], {"a": 1}, "the table lacks 'b'"),
        (Literal["a", "b"], {}, "the table lacks 'a', 'b'"),
        (Literal["a"], {"a": 1, "A": 2}, "the table has 'A', which is none of the keys"),
        (Filter, dict.fromkeys(NODES - {Everything}), "the table lacks Everything"),
    ],
)
def test_a_table_with_other_keys_is_refused(keys: object, table: dict[object, object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        exhaustive(keys, table)
    assert str(caught.value) == message


def test_every_kind_has_a_type_with_a_public_name() -> None:
    assert {*TYPES, Count.kind} == {*get_args(FieldKind)}
    assert {made.__name__ for made in (*TYPES.values(), Count)} <= {*types.__all__}
