"""Who belongs to what: the `g` of the model, from the directory, the lake and by hand.

Every subject is a member of everyone. A name is a member of itself, as in Casbin, whose
role manager stops after ten levels; here, and in the role manager given to Casbin, the
depth is what the data has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from pyroaring import BitMap, FrozenBitMap

from app.policy.subjects import EVERYONE, Subjects

Row = tuple[str, ...]


class Memberships:
    """The graph of subjects of a population, extended by hand groupings."""

    def __init__(self, subjects: Subjects, by_hand: Iterable[Row]) -> None:
        self.subjects = subjects
        self._edges: Mapping[str, tuple[str, ...]] = subjects.population.edges
        self._by_hand: dict[str, list[str]] = {}
        for child, parent in by_hand:
            self._by_hand.setdefault(child, []).append(parent)
        self._made_up = {
            text: tuple(subjects.parents(bit)) for text, bit in subjects.made_up.items()
        }
        self._members: dict[str, FrozenBitMap] = {}

    def stated_parents(self, name: str) -> tuple[str, ...]:
        """What a name directly belongs to, without the implicit everyone."""
        return (
            *self._edges.get(name, ()),
            *self._by_hand.get(name, ()),
            *self._made_up.get(name, ()),
        )

    @cached_property
    def above_everyone(self) -> frozenset[str]:
        """Everyone, and what everyone belongs to."""
        return frozenset(closure(EVERYONE, self.stated_parents))

    @cached_property
    def names(self) -> frozenset[str]:
        """Every name of the graph."""
        found = {self.subjects.text(bit) for bit in self.subjects.bits()}
        for child in (*self._edges, *self._by_hand, *self._made_up):
            found.add(child)
            found.update(self.stated_parents(child))
        return frozenset(found)

    def parents(self, name: str) -> tuple[str, ...]:
        """What a name directly belongs to."""
        stated = self.stated_parents(name)
        if self.subjects.bit(name) is None and (
            name in self.above_everyone or name not in self.names
        ):
            return stated
        return (*stated, EVERYONE)

    def reaches(self, name: object, target: object) -> bool:
        """Casbin's `g(name, target)`."""
        if not isinstance(name, str) or not isinstance(target, str):
            return name == target
        return name == target or target in closure(str(name), self.parents)

    def rows(self, names: Iterable[str] | None = None) -> Iterator[tuple[str, str]]:
        """Every (child, parent) row, or those that begin above the given names."""
        chosen: set[str] = set()
        if names is None:
            chosen.update(self.names)
        else:
            for name in names:
                if name not in chosen:
                    chosen |= closure(name, self.parents, chosen)
        for name in sorted(chosen):
            for parent in self.parents(name):
                yield name, parent

    def members_of(self, target: str) -> FrozenBitMap:
        """The bits of everybody for whom `g(r.sub, target)` holds."""
        found = self._members.get(target)
        if found is None:
            found = self._members[target] = self._find_members(target)
        return found

    def _find_members(self, target: str) -> FrozenBitMap:
        below = closure(target, lambda name: self._children.get(name, ()))
        if EVERYONE in below:
            return self.subjects.population.everybody
        found = BitMap()
        for name in below:
            direct = self._direct.get(name)
            if direct is not None:
                found |= BitMap(direct)
            bit = self.subjects.bit(name)
            if bit is not None:
                found.add(bit)
        return FrozenBitMap(found)

    @cached_property
    def _direct(self) -> dict[str, list[int]]:
        """The bits that stand directly below each name."""
        direct: dict[str, list[int]] = {}
        edges = self._edges
        for bit, user in enumerate(self.subjects.population.users, start=1):
            for parent in edges.get(f"user:{user}", ()):
                direct.setdefault(parent, []).append(bit)
        for bit in self.subjects.made_up.values():
            for parent in self.subjects.parents(bit):
                direct.setdefault(parent, []).append(bit)
        return direct

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        """The names directly below each name; most users stand in `_direct` only."""
        children: dict[str, list[str]] = {}
        for child, parents in self._edges.items():
            if not child.startswith("user:"):
                for parent in parents:
                    children.setdefault(parent, []).append(child)
        for child, parents_by_hand in self._by_hand.items():
            for parent in parents_by_hand:
                children.setdefault(parent, []).append(child)
        for user in {*self._direct, *children, *self._by_hand}:
            if user.startswith("user:"):  # something may be below it
                for parent in self._edges.get(user, ()):
                    children.setdefault(parent, []).append(user)
        return children


def closure(
    start: str, neighbours: Callable[[str], Iterable[str]], known: set[str] | None = None
) -> set[str]:
    """Every name that can be reached from one, itself included.

    Names in `known` are taken as explored already and left out.
    """
    seen = {start}
    waiting = [start]
    while waiting:
        for name in neighbours(waiting.pop()):
            if name not in seen and (known is None or name not in known):
                seen.add(name)
                waiting.append(name)
    return seen
