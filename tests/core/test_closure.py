"""Transitive members, against adding members until nothing changes."""

from collections.abc import Iterable, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import FrozenBitMap

from app.core.closure import close, components

NAMES = tuple("abcdefgh")
MANY = settings(max_examples=500, deadline=None)
BITS = st.frozensets(st.integers(0, 200_000), max_size=5)
DIRECT = st.dictionaries(st.sampled_from(NAMES[:6]), BITS)
NESTED = st.dictionaries(
    st.sampled_from(NAMES[2:]), st.lists(st.sampled_from(NAMES), max_size=4), max_size=6
)


def naive(
    direct: Mapping[str, Iterable[int]], nested: Mapping[str, Iterable[str]]
) -> dict[str, set[int]]:
    """Every name's members, by a fixpoint."""
    found = {name: set(bits) for name, bits in direct.items()}
    for name, children in nested.items():
        for each in (name, *children):
            found.setdefault(each, set())
    while True:
        before = {name: len(bits) for name, bits in found.items()}
        for name, children in nested.items():
            for child in children:
                found[name] |= found[child]
        if before == {name: len(bits) for name, bits in found.items()}:
            return found


def closed(
    direct: Mapping[str, Iterable[int]], nested: Mapping[str, Iterable[str]]
) -> dict[str, set[int]]:
    bitmaps = {name: FrozenBitMap(bits) for name, bits in direct.items()}
    return {name: set(bits) for name, bits in close(bitmaps, nested).items()}


@MANY
@given(DIRECT, NESTED)
def test_close_is_the_fixpoint(
    direct: dict[str, frozenset[int]], nested: dict[str, list[str]]
) -> None:
    assert closed(direct, nested) == naive(direct, nested)


@MANY
@given(NESTED)
def test_components_are_who_reaches_each_other_children_first(nested: dict[str, list[str]]) -> None:
    """Names are in one component exactly when each reaches the other."""
    reached = naive({name: [place] for place, name in enumerate(NAMES)}, nested)
    found = list(components(NAMES, nested))
    assert sorted(name for component in found for name in component) == sorted(NAMES)
    done: set[str] = set()
    for component in found:
        place = NAMES.index(component[0])
        mutual = {
            other
            for number, other in enumerate(NAMES)
            if number in reached[component[0]] and place in reached[other]
        }
        assert set(component) == mutual
        done |= mutual
        assert all(set(nested.get(name, ())) <= done for name in component)


def test_a_cycle_shares_its_members() -> None:
    found = closed({"a": [1], "b": [2], "c": [3]}, {"a": ["b"], "b": ["c"], "c": ["a"]})
    assert found == {"a": {1, 2, 3}, "b": {1, 2, 3}, "c": {1, 2, 3}}


def test_what_stands_above_and_below_a_cycle_stays_apart() -> None:
    nested = {"top": ["a"], "a": ["b"], "b": ["a", "low"]}
    found = closed({"top": [1], "a": [2], "b": [3], "low": [4]}, nested)
    assert found == {"top": {1, 2, 3, 4}, "a": {2, 3, 4}, "b": {2, 3, 4}, "low": {4}}


def test_a_member_of_itself() -> None:
    assert closed({"a": [1]}, {"a": ["a"], "b": ["b"]}) == {"a": {1}, "b": set()}


def test_names_that_only_nesting_knows() -> None:
    assert closed({}, {"a": ["b"], "c": []}) == {"a": set(), "b": set(), "c": set()}
    assert closed({"c": [1]}, {"a": ["b"], "b": ["c"]}) == {"a": {1}, "b": {1}, "c": {1}}


def test_nothing_at_all() -> None:
    assert closed({}, {}) == {}


def test_deep_nesting_needs_no_recursion() -> None:
    nested = {str(level): [str(level + 1)] for level in range(5000)}
    found = closed({"5000": [7]}, nested)
    assert len(found) == 5001
    assert all(members == {7} for members in found.values())
