"""Ids found by position or by hash, with one answer."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.id_lookup import IdLookup

IDS = st.lists(st.integers(-5, 40) | st.integers(-(2**62), 2**62), unique=True)
ASKED = st.lists(st.none() | st.integers(-9, 60) | st.integers(-(2**62), 2**62))


@given(IDS, ASKED)
def test_every_id_is_found_where_it_stands(ids: list[int], asked: list[int | None]) -> None:
    lookup = IdLookup(pa.array(ids, pa.int64()))
    found = lookup.positions(pa.array([*asked, *ids], pa.int64()))
    assert found.type == pa.int32()
    expected = [ids.index(one) if one in ids else None for one in [*asked, *ids]]
    assert found.to_pylist() == expected


@pytest.mark.parametrize("ids", [[7, 3, 7], [10**15, 3, 10**15]])
def test_an_id_that_stands_twice_is_found_once(ids: list[int]) -> None:
    found = IdLookup(pa.array(ids, pa.int64())).positions(pa.array([ids[0], 3], pa.int64()))
    assert found[0].as_py() in (0, 2)
    assert found[1].as_py() == 1
