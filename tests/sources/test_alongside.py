"""Two streams as one."""

import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.alongside import alongside


@given(st.lists(st.integers()), st.lists(st.integers()))
def test_each_stream_keeps_its_order(first: list[int], second: list[int]) -> None:
    found = list(alongside((("a", n) for n in first), (("b", n) for n in second)))
    assert [n for which, n in found if which == "a"] == first
    assert [n for which, n in found if which == "b"] == second


def failing(count: int) -> Iterator[int]:
    """A few numbers, then an error."""
    yield from range(count)
    raise OSError("lost")


@pytest.mark.parametrize("count", [0, 1, 20])
def test_what_either_raises_is_raised(count: int) -> None:
    with pytest.raises(OSError, match="lost"):
        list(alongside(iter(range(9)), failing(count)))
    with pytest.raises(OSError, match="lost"):
        list(alongside(failing(count), iter(range(9))))


def test_a_caller_who_stops_early_leaves_no_thread() -> None:
    before = threading.active_count()
    both = alongside(iter(range(5)), iter(range(10**9)))
    next(both)
    both.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
