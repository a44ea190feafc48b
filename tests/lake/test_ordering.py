"""Orders by packed keys against Python's own sort."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.lake.ordering import (
    Key,
    column_key,
    distinct,
    number_key,
    order,
    pack,
    ranked,
    same_as_before,
    sort_rows,
    take_rows,
    without_unused,
)

TEXTS = st.none() | st.text(max_size=3) | st.sampled_from(["a", "B", "é", "\U00010000", "\uffff"])
NUMBERS = st.none() | st.integers(-2, 2) | st.integers(-(2**63), 2**63 - 1)
ROWS = st.lists(st.tuples(TEXTS, NUMBERS, st.none() | st.booleans()))
TYPES = {"text": pa.string(), "number": pa.int64(), "flag": pa.bool_()}


def table_of(rows: list[tuple[Any, ...]], split: int) -> pa.Table:
    """A table of two chunks."""
    schema = pa.schema(list(TYPES.items()))
    parts = [
        pa.table(list(map(list, zip(*part, strict=True))) or [[]] * 3, schema=schema)
        for part in (rows[:split], rows[split:])
    ]
    return pa.concat_tables(parts)


def as_sorted(row: tuple[Any, ...]) -> tuple[Any, ...]:
    """What Python must compare to have nulls first and texts bytewise."""
    return tuple(
        (value is not None, value.encode() if isinstance(value, str) else value) for value in row
    )


def rows_of(table: pa.Table) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in table.to_pylist()]


@given(ROWS, st.integers(0, 5))
def test_sorting_is_bytewise_with_nulls_first(rows: list[tuple[Any, ...]], split: int) -> None:
    table = table_of(rows, split)
    assert rows_of(sort_rows(table)) == sorted(rows, key=as_sorted)
    assert rows_of(sort_rows(table, unique=True)) == sorted(set(rows), key=as_sorted)


@given(ROWS, st.integers(0, 5))
def test_distinct_rows_are_numbered_in_order(rows: list[tuple[Any, ...]], split: int) -> None:
    table = table_of(rows, split)
    numbers, places = distinct([column_key(column) for column in table.columns])
    expected = sorted(set(rows), key=as_sorted)
    assert [rows[place] for place in places.to_pylist()] == expected
    assert numbers.to_pylist() == [expected.index(row) for row in rows]


@given(ROWS)
def test_a_row_equal_to_the_one_before_is_seen(rows: list[tuple[Any, ...]]) -> None:
    keys = [column_key(column) for column in table_of(rows, 0).columns]
    expected = [number > 0 and rows[number - 1] == row for number, row in enumerate(rows)]
    assert same_as_before(keys).to_pylist() == expected


@given(st.lists(TEXTS), st.lists(st.booleans(), min_size=40, max_size=40))
def test_values_that_no_row_has_are_dropped(texts: list[str | None], mask: list[bool]) -> None:
    column = ranked(pa.array(texts, pa.string()))
    kept = pa.array(mask[: len(texts)] + [True] * (len(texts) - len(mask)), pa.bool_())
    column = without_unused(type(column)(column.ranks.filter(kept), column.values))
    left = [text for text, keep in zip(texts, kept.to_pylist(), strict=True) if keep]
    values = column.values.to_pylist()
    assert values == sorted({text for text in left if text is not None}, key=str.encode)
    assert [None if rank is None else values[rank] for rank in column.ranks.to_pylist()] == left


def test_few_small_keys_are_one_word_and_large_ones_more() -> None:
    small = Key(pa.array([1, 0], pa.int64()), 2)
    large = number_key(pa.array([2**61, 0], pa.int64()))
    assert len(pack([small] * 20)) == 1
    assert len(pack([small, large, large])) == 3
    rows = order([small, large, large])
    assert rows is not None
    assert rows.to_pylist() == [1, 0]


def test_keys_too_large_to_share_a_word_are_numbered_together() -> None:
    large = number_key(pa.array([2**61 - 2, 0, 2**61 - 2], pa.int64()))
    numbers, rows = distinct([large, large, large])
    assert numbers.to_pylist() == [1, 0, 1]
    assert len(rows) == 2


@pytest.mark.parametrize("numbers", [[-(2**63)], [2**63 - 1, None], [-(2**63), 0, 2**63 - 1], []])
def test_numbers_at_the_ends_of_their_range(numbers: list[int | None]) -> None:
    key = number_key(pa.array(numbers, pa.int64()))
    found = key.values.to_pylist()
    assert [numbers[place] for place in sorted(range(len(found)), key=found.__getitem__)] == sorted(
        numbers, key=lambda number: (number is not None, number)
    )
    assert all(0 <= value < key.size for value in found)


def test_rows_in_order_are_left_alone() -> None:
    table = pa.table({"a": [1, 2, 3]})
    assert order([column_key(table["a"])]) is None
    assert take_rows(table, None) is table


def test_dictionaries_of_several_chunks_are_one() -> None:
    chunks = [pa.array(["b", "a"]).dictionary_encode(), pa.array(["c", None]).dictionary_encode()]
    column = ranked(pa.chunked_array(chunks))
    assert column.values.to_pylist() == ["a", "b", "c"]
    assert column.ranks.to_pylist() == [1, 0, 2, None]
