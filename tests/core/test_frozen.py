"""Frozen types are dataclasses in all that somebody may ask of them."""

import copy
import pickle
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from functools import cached_property

import pytest

from app.core.frozen import frozen


@frozen
class Ours:
    """Of every kind of field."""

    name: str
    numbers: tuple[int, ...] = (1, 2)
    found: dict[str, int] = field(default_factory=dict, compare=False)
    hidden: str = field(default="x", repr=False)


@frozen
class Wider(Ours):
    """With one field more."""

    last: int = 0


@frozen(slots=False)
class Keeping:
    """Keeps what it found."""

    number: int

    def __post_init__(self) -> None:
        if self.number < 0:
            raise ValueError("too small")

    @cached_property
    def twice(self) -> int:
        """Found once."""
        return 2 * self.number


@dataclass(frozen=True, slots=True)
class Theirs:
    """What Python's own makes of the same."""

    name: str
    numbers: tuple[int, ...] = (1, 2)
    found: dict[str, int] = field(default_factory=dict, compare=False)
    hidden: str = field(default="x", repr=False)


def test_made_shown_and_compared_as_pythons_own() -> None:
    ours, theirs = Ours("a", numbers=(3,)), Theirs("a", numbers=(3,))
    assert repr(ours) == repr(theirs).replace("Theirs", "Ours")
    assert asdict(ours) == asdict(theirs)
    assert hash(ours) == hash(theirs)
    assert [each.name for each in fields(ours)] == [each.name for each in fields(theirs)]
    assert Ours.__match_args__ == Theirs.__match_args__
    assert ours == Ours("a", (3,), {"other": 1})
    assert ours != Ours("b", (3,))
    assert ours.__eq__(theirs) is NotImplemented
    assert Ours("a").found is not Ours("a").found


def test_replaced_copied_and_pickled() -> None:
    wider = Wider("a", last=3)
    assert replace(wider, name="b") == Wider("b", last=3)
    assert copy.deepcopy(wider) == wider
    assert pickle.loads(pickle.dumps(wider)) == wider
    assert wider != Ours("a")


def test_nothing_is_assigned() -> None:
    for each in (Ours("a"), Wider("a")):
        with pytest.raises(FrozenInstanceError):
            each.name = "b"  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError):
            del each.name
        assert not hasattr(each, "__dict__")


def test_without_slots_it_keeps_what_it_found_and_looks_at_what_it_got() -> None:
    assert Keeping(4).twice == 8
    with pytest.raises(FrozenInstanceError):
        Keeping(4).number = 5  # type: ignore[misc]
    with pytest.raises(ValueError, match="too small"):
        Keeping(-1)


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(TypeError):
        Ours()  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Ours("a", nothing=1)  # type: ignore[call-arg]
