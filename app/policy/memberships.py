"""Who belongs to what: the `g` of the model, from the directory, the lake and by hand.

Every subject is a member of everyone. A name is a member of itself, as in Casbin, whose
role manager stops after ten levels; here, and in the role manager given to Casbin, the
depth is what the data has.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property

from pyroaring import BitMap, FrozenBitMap

from app.core.population import ANYONE
from app.policy.subjects import EVERYONE, Subjects

Row = tuple[str, ...]
NOBODY = FrozenBitMap()


class Memberships:
    """The graph of subjects of a population, extended by hand groupings.

    Where the population holds its groups and roles as whole sets, members are found from
    those, and the edges of the users are never built.
    """

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

    def rows_of_outsider(self, subject: str) -> Iterator[tuple[str, str]]:
        """The rows above a user whom the population does not hold; he too is in everyone."""
        yield subject, EVERYONE
        yield from self.rows((subject, EVERYONE))

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
            found |= self._known_members(name)
            bit = self.subjects.bit(name)
            if bit is not None:
                found.add(bit)
        return FrozenBitMap(found)

    def _known_members(self, name: str) -> FrozenBitMap:
        """The members of a group or role as the population holds them, if it does."""
        population = self.subjects.population
        if population.nested is None:
            return NOBODY
        kind, _, plain = name.partition(":")
        sets = {"group": population.groups, "role": population.roles}.get(kind, {})
        return sets.get(plain, NOBODY)

    @cached_property
    def _children(self) -> dict[str, list[str]]:
        """The names below each name, as far as the population's sets leave any to be found."""
        children: dict[str, list[str]] = {}
        for child, parents in self._upwards():
            for parent in parents:
                children.setdefault(parent, []).append(child)
        return children

    def _upwards(self) -> Iterator[tuple[str, Iterable[str]]]:
        """Names and what they belong to."""
        nested = self.subjects.population.nested
        yield from self._by_hand.items()
        if nested is None:
            yield from self._edges.items()
            yield from self._made_up.items()
        elif self._by_hand:
            yield from nested.items()
            yield from ((user, self._sets_with(user)) for user in self._users_above_some)

    @property
    def _users_above_some(self) -> set[str]:
        """The users to whom others belong by hand."""
        above = {parent for parents in self._by_hand.values() for parent in parents}
        return {name for name in above if name.startswith("user:")}

    def _sets_with(self, user: str) -> Iterator[str]:
        """The groups and roles that a user is in, at whatever depth."""
        population = self.subjects.population
        bit = population.bit(user.removeprefix("user:"))
        for kind, sets in (("group", population.groups), ("role", population.roles)):
            if bit != ANYONE:
                yield from (f"{kind}:{name}" for name, members in sets.items() if bit in members)


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
