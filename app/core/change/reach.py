"""Who stands behind each principal after a change, on the bits that they had before it.

Only roles that a changed membership can reach are closed again. Names that nothing in the
snapshot mentions get bits too, before the change and after it, so both can be compared.
"""

from collections import ChainMap, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core import compute as pc
from app.core.change.lookup import ChangedLookup
from app.core.closure import close
from app.core.memberships import MembershipEdge, Memberships, Subject
from app.core.population import ANYONE
from app.core.reach import BROKEN, EMPTY, PUBLIC, PopulationReach


class _Mapped(Mapping[str, FrozenBitMap]):
    """Sets seen through a function, each when it is asked for."""

    def __init__(
        self,
        sets: Mapping[str, FrozenBitMap],
        seen: Callable[[FrozenBitMap], FrozenBitMap],
        more: Mapping[str, FrozenBitMap],
    ) -> None:
        self._sets = sets
        self._seen = seen
        self._more = more
        self._known: dict[str, FrozenBitMap] = {}

    def __getitem__(self, name: str) -> FrozenBitMap:
        if name in self._more:
            return self._more[name]
        if name not in self._known:
            self._known[name] = self._seen(self._sets[name])
        return self._known[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._sets
        yield from (name for name in self._more if name not in self._sets)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class ClosedAgain(PopulationReach):
    """A reach after a change, which knows the roles that it closed again."""

    closed_again: frozenset[str] = frozenset()


def with_names(
    reach: PopulationReach, users: Collection[str], groups: Collection[str]
) -> PopulationReach:
    """The same people with more names among them: users and groups nobody has heard of.

    Their bits come after those of the users, and of the opaque groups, that were there.
    """
    old = reach.population
    more = sorted({name for name in users if name and old.bit(name) == ANYONE})
    opaque = sorted({name for name in groups if name and name not in old.groups})
    if not more and not opaque:
        return reach
    first = 1 + len(old.users)
    added = FrozenBitMap(range(first, first + len(more)))
    last = first + len(more) + len(old.opaque)
    everyone_else = added | FrozenBitMap(range(last, last + len(opaque)))

    def seen(bits: FrozenBitMap) -> FrozenBitMap:
        if more and bits and bits.max() >= first:
            moved = [bit if bit < first else bit + len(more) for bit in bits]
            bits = FrozenBitMap(moved)
        return bits | everyone_else if ANYONE in bits else bits

    named = {name: FrozenBitMap([last + place]) for place, name in enumerate(opaque)}
    population = replace(
        old,
        users=(*old.users, *more),
        opaque=(*old.opaque, *opaque),
        unknown=old.unknown | added,
        groups=_Mapped(old.groups, seen, named),
        roles=_Mapped(old.roles, seen, {}),
        _ordinals=ChainMap(
            {name: first + place for place, name in enumerate(more)},
            old._ordinals,  # type: ignore[arg-type]
        ),
    )
    return PopulationReach(
        population,
        _Mapped(reach.sure_roles, seen, {}),
        reach.engine_groups,
        seen(reach.broken),
        seen(reach.surely_broken),
    )


def changed_reach(
    before: PopulationReach, lookup: ChangedLookup, old: Memberships, new: Memberships
) -> PopulationReach:
    """The reach after the change; `before` itself where no membership is another."""
    changed = [member for member in lookup.members if _edges(old, member) != _edges(new, member)]
    if not changed and not lookup.gone_roles:
        return before
    affected = _above(changed, lookup.gone_roles, old, new)
    direct, nested, from_groups = _members_of(affected, lookup)
    population = before.population
    groups_count = before.engine_groups != "none"
    everybody = population.everybody

    def closed(sets: Mapping[str, FrozenBitMap], with_groups: bool) -> dict[str, FrozenBitMap]:
        start: dict[str, FrozenBitMap] = {}
        for role in affected:
            bits = BitMap(population.bit(name) for name in direct.get(role, ()))
            bits.discard(ANYONE)
            for name in from_groups.get(role, ()) if with_groups else ():
                bits |= population.groups.get(name, EMPTY)
            for name in nested.get(role, ()):
                if name not in affected:
                    bits |= sets.get(name, EMPTY)
            start[role] = FrozenBitMap(bits)
        if PUBLIC in start:
            start[PUBLIC] = everybody
        inside = {
            role: [name for name in names if name in affected] for role, names in nested.items()
        }
        return close(start, inside)

    roles = closed(population.roles, groups_count)
    sure = closed(before.sure_roles, before.engine_groups == "directory")
    broken = roles.pop(BROKEN, before.broken if BROKEN not in affected else EMPTY)
    surely_broken = sure.pop(BROKEN, before.surely_broken if BROKEN not in affected else EMPTY)
    after = replace(
        population,
        roles=ChainMap(roles, population.roles),  # type: ignore[arg-type]
        edges=_Edges(population.edges, lookup, new),
        nested=None if population.nested is None else _Edges(population.nested, lookup, new, True),
        _ordinals=population._ordinals,
    )
    reach = ClosedAgain(
        after,
        ChainMap(sure, before.sure_roles),  # type: ignore[arg-type]
        before.engine_groups,
        broken,
        surely_broken,
    )
    reach.closed_again = frozenset(affected)
    return reach


def _edges(memberships: Memberships, member: Subject) -> set[tuple[Subject, Subject]]:
    return {(edge.member, edge.of) for edge in memberships.parents(member) if edge.of[0] == "ROLE"}


def _above(
    changed: Iterable[Subject], gone: Iterable[str], old: Memberships, new: Memberships
) -> set[str]:
    """The roles whose holders may be others: above what changed, before or after."""
    found: set[str] = set(gone)
    waiting: list[Subject] = [("ROLE", name) for name in gone]
    for member in changed:
        roles = _edges(old, member) ^ _edges(new, member)
        waiting += [of for _, of in roles]
        found.update(of[1] for _, of in roles)
    while waiting:
        member = waiting.pop()
        if member[1] == BROKEN:
            continue
        for _, of in _edges(old, member) | _edges(new, member):
            if of[1] not in found:
                found.add(of[1])
                waiting.append(of)
    return found


_Members = dict[str, list[str]]


def _members_of(roles: set[str], lookup: ChangedLookup) -> tuple[_Members, _Members, _Members]:
    """The direct members of some roles: users, roles and groups."""
    found: dict[str, _Members] = {kind: defaultdict(list) for kind in ("USER", "ROLE", "GROUP")}
    for kind, member, role in _snapshot_members(roles, lookup):
        subject = (kind, member)
        gone = role in lookup.gone_roles or (kind == "ROLE" and member in lookup.gone_roles)
        if kind in found and subject not in lookup.members and not gone:
            found[kind][role].append(member)
    for (kind, member), edges in lookup.members.items():
        for edge in edges:
            if edge.of[1] in roles and kind in found:
                found[kind][edge.of[1]].append(member)
    return found["USER"], found["ROLE"], found["GROUP"]


def _snapshot_members(roles: set[str], lookup: ChangedLookup) -> Iterator[tuple[str, str, str]]:
    rows = lookup.snapshot.mapped("role_members")
    role, option = rows["role"], rows["admin_option"]
    wanted = pc.is_in(role, value_set=pa.array(sorted(roles - {BROKEN}), pa.string()))
    unread = (
        pc.or_(pc.is_null(role), pc.is_null(option))
        if role.null_count or option.null_count
        else None
    )
    if unread is not None:
        wanted = pc.and_not(wanted, unread)
        if BROKEN in roles:
            wanted = pc.or_(wanted, unread)
    kept = rows.select(["member_type", "member", "role", "admin_option"]).filter(wanted)
    for row in kept.to_pylist():
        bad = row["role"] is None or row["admin_option"] is None
        yield row["member_type"], row["member"], BROKEN if bad else row["role"]


class _Edges(Mapping[str, tuple[str, ...]]):
    """Edges of a population, those of changed members replaced."""

    def __init__(
        self,
        before: Mapping[str, tuple[str, ...]],
        lookup: ChangedLookup,
        memberships: Memberships,
        nested_only: bool = False,
    ) -> None:
        self._before = before
        gone = {("ROLE", name) for name in lookup.gone_roles}
        self._changed = {
            f"{kind.lower()}:{name}": _parents(memberships, (kind, name))
            for kind, name in {*lookup.members, *gone}
            if kind != "USER" or not nested_only
        }
        self._gone = {f"role:{name}" for name in lookup.gone_roles - lookup.made_roles}

    def __contains__(self, subject: object) -> bool:
        return bool(self._changed[subject]) if subject in self._changed else subject in self._before

    def __getitem__(self, subject: str) -> tuple[str, ...]:
        if subject in self._changed:
            if not self._changed[subject]:
                raise KeyError(subject)
            return self._changed[subject]
        found = self._before[subject]
        return tuple(name for name in found if name not in self._gone) if self._gone else found

    def __iter__(self) -> Iterator[str]:
        yield from (name for name in self._before if name in self)
        yield from (
            name for name in self._changed if self._changed[name] and name not in self._before
        )

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _parents(memberships: Memberships, member: Subject) -> tuple[str, ...]:
    found: list[MembershipEdge] = list(memberships.parents(member))
    return tuple(
        sorted(
            f"{edge.of[0].lower()}:{edge.of[1]}"
            for edge in found
            if edge.source != "everyone" and edge.of[1] != BROKEN
        )
    )
