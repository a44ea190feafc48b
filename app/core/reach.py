"""Who stands behind a principal: users, groups and roles as sets, per engine's eyes.

The directory's groups and the lake's roles are closed separately: roles follow the
metastore's memberships, groups the directory's. Whether the engine lets groups into
roles and grants is a setting of the lake (`groups`), so every principal has two sets:
`possible` (worst case) and `sure`.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.closure import close
from app.core.population import ANYONE, Population
from app.core.snapshots import Snapshot

PUBLIC = "public"

#: Stands for a role that is gone, or a membership with an option that is neither 0 nor 1:
#: HiveServer2 fails on whoever's roles lead there. Source: Hive 4.0.1, tried.
BROKEN = "\0broken"
EMPTY = FrozenBitMap()


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The bits behind a principal. Who is in `possible` only is in doubt."""

    possible: FrozenBitMap
    sure: FrozenBitMap


NOBODY = PrincipalSet(EMPTY, EMPTY)


class Reach(Protocol):
    """Answers who a principal of a grant stands for."""

    def principal(self, principal_type: str, name: str) -> PrincipalSet:
        """The set of a USER, ROLE or GROUP by exact name; NOBODY for what is no principal."""
        ...

    def everybody(self) -> PrincipalSet:
        """Whoever has a name."""
        ...

    def role_in_any_case(self, name: str) -> PrincipalSet:
        """The holders of every role whose name differs from `name` in case at most."""
        ...

    def user_bit(self, name: str) -> int:
        """The bit of a user."""
        ...


class PopulationReach:
    """Reach over the whole population of a snapshot.

    broken: whom a membership that Hive cannot read makes it refuse everything. They stand
    behind no principal.
    """

    def __init__(
        self,
        population: Population,
        sure_roles: Mapping[str, FrozenBitMap],
        engine_groups: str | None,
        broken: FrozenBitMap = EMPTY,
    ) -> None:
        self.population = population
        self.broken = broken
        self._roles = _less(population.roles, broken)
        self._sure_roles = _less(sure_roles, broken)
        self._groups = _less(population.groups, broken)
        self._engine_groups = engine_groups
        everybody = population.everybody - broken
        self._everybody = PrincipalSet(everybody, everybody)
        self._users: dict[str, PrincipalSet] = {}

    def principal(self, principal_type: str, name: str) -> PrincipalSet:
        if principal_type == "USER":
            return self._user(name)
        if principal_type == "ROLE":
            possible = self._roles.get(name, EMPTY)
            return PrincipalSet(possible, self._sure_roles.get(name, EMPTY))
        if principal_type == "GROUP" and self._engine_groups != "none":
            members = self._groups.get(name, EMPTY)
            return PrincipalSet(members, members if self._engine_groups else EMPTY)
        return NOBODY

    def _user(self, name: str) -> PrincipalSet:
        known = self._users.get(name)
        if known is None:
            named = self.population.bit(name)
            bit = FrozenBitMap([named] if named != ANYONE else []) - self.broken
            known = self._users[name] = PrincipalSet(bit, bit)
        return known

    def everybody(self) -> PrincipalSet:
        return self._everybody

    def role_in_any_case(self, name: str) -> PrincipalSet:
        possible, sure = BitMap(), BitMap()
        for role, members in self._roles.items():
            if role.lower() == name:
                possible |= members
                sure |= self._sure_roles.get(role, EMPTY)
        return PrincipalSet(FrozenBitMap(possible), FrozenBitMap(sure))

    def user_bit(self, name: str) -> int:
        return self.population.bit(name)


def _less(sets: Mapping[str, FrozenBitMap], broken: FrozenBitMap) -> Mapping[str, FrozenBitMap]:
    if not broken:
        return sets
    return {name: members - broken for name, members in sets.items()}


class _LazyEdges(Mapping[str, tuple[str, ...]]):
    """Subject edges, built when somebody first asks: a compiled judge seldom does."""

    def __init__(self, snapshot: Snapshot, groups_count: bool) -> None:
        self._snapshot = snapshot
        self._groups_count = groups_count
        self._edges: dict[str, tuple[str, ...]] | None = None

    def _built(self) -> dict[str, tuple[str, ...]]:
        if self._edges is None:
            parents: dict[str, set[str]] = defaultdict(set)
            for kind, member, group in _group_rows(self._snapshot):
                parents[f"{kind}:{member}"].add(f"group:{group}")
            for kind, member, role in _role_rows(self._snapshot):
                if role == BROKEN:
                    continue
                if kind in ("USER", "ROLE") or (kind == "GROUP" and self._groups_count):
                    child = f"{kind.lower()}:{member}"
                    parents[child].add(f"role:{role}")
            parents["everyone"].add(f"role:{PUBLIC}")
            self._edges = {child: tuple(sorted(found)) for child, found in parents.items()}
        return self._edges

    def __getitem__(self, subject: str) -> tuple[str, ...]:
        return self._built()[subject]

    def __iter__(self) -> Iterator[str]:
        return iter(self._built())

    def __len__(self) -> int:
        return len(self._built())


def build_reach(
    snapshot: Snapshot, *, engine_groups: str | None, everyone_at: float
) -> PopulationReach:
    """Build the population of a snapshot and the sets behind its principals.

    engine_groups: `directory`, `none`, or None where nobody said: then who is reached
    through a GROUP is possible, not sure. everyone_at: share of the active people that
    counts as everyone.
    """
    users = _user_names(snapshot)
    listed = snapshot.mapped("users")
    known_groups = frozenset(snapshot.mapped("groups").column("name").to_pylist())
    opaque = tuple(sorted(_groups_named(snapshot) - known_groups))
    ordinals = {name: bit for bit, name in enumerate(users, start=1)}
    opaque_bits = {name: len(users) + 1 + place for place, name in enumerate(opaque)}
    groups = _close_groups(snapshot, ordinals, known_groups, opaque_bits)
    everybody = BitMap(range(1 + len(users) + len(opaque)))
    possible = _close_roles(snapshot, ordinals, groups, everybody, engine_groups != "none")
    sure = possible
    if engine_groups is None and _has_group_members(snapshot):
        sure = _close_roles(snapshot, ordinals, groups, everybody, False)
    kinds = _kinds(listed, ordinals)
    population = Population(
        users=users,
        opaque=opaque,
        active_people=kinds["active_people"],
        services=kinds["services"],
        active_services=kinds["active_services"],
        inactive=kinds["inactive"],
        unknown=FrozenBitMap(BitMap(range(1, len(users) + 1)) - kinds["listed"]),
        directory_known=listed.num_rows > 0,
        groups=groups,
        roles=possible,
        edges=_LazyEdges(snapshot, engine_groups != "none"),
        everyone_at=everyone_at,
        _ordinals=ordinals,
    )
    broken = possible.get(BROKEN, EMPTY)
    return PopulationReach(population, sure, engine_groups, broken)


def _user_names(snapshot: Snapshot) -> tuple[str, ...]:
    """Every user named by the directory, a membership, a grant or an owner; sorted."""
    group_members = snapshot.mapped("group_members")
    role_members = snapshot.mapped("role_members")
    rules = snapshot.mapped("rules")
    chunks = [
        snapshot.mapped("users").column("name"),
        group_members.filter(pc.equal(group_members["member_type"], "user")).column("member"),
        role_members.filter(pc.equal(role_members["member_type"], "USER")).column("member"),
        rules.filter(pc.equal(rules["principal_type"], "USER")).column("principal"),
        _user_owners(snapshot.mapped("databases")),
        # SQL-standard compares a table's owner with user names, whatever its type.
        pa.chunked_array([pc.unique(snapshot.mapped("tables")["owner"])]),
    ]
    arrays = [chunk for column in chunks for chunk in column.chunks]
    unique = pc.unique(pa.chunked_array(arrays, pa.string())).drop_null()
    return tuple(sorted(name for name in unique.to_pylist() if name))


def _user_owners(objects: pa.Table) -> pa.ChunkedArray:
    kind = pc.fill_null(objects["owner_type"], "USER")
    return pa.chunked_array([pc.unique(objects.filter(pc.equal(kind, "USER"))["owner"])])


def _group_rows(snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    rows = snapshot.mapped("group_members")
    return zip(
        rows["member_type"].to_pylist(),
        rows["member"].to_pylist(),
        rows["group"].to_pylist(),
        strict=True,
    )


def _role_rows(snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """Memberships of roles; those that Hive cannot read are memberships of BROKEN."""
    rows = snapshot.mapped("role_members")
    broken = pc.or_(pc.is_null(rows["role"]), pc.is_null(rows["admin_option"]))
    return zip(
        rows["member_type"].to_pylist(),
        rows["member"].to_pylist(),
        pc.if_else(broken, BROKEN, rows["role"]).to_pylist(),
        strict=True,
    )


def _groups_named(snapshot: Snapshot) -> set[str]:
    named: set[str] = set()
    for kind, member, group in _group_rows(snapshot):
        named.add(group)
        if kind == "group":
            named.add(member)
    named.update(member for kind, member, _ in _role_rows(snapshot) if kind == "GROUP")
    rules = snapshot.mapped("rules")
    holders = rules.filter(pc.equal(rules["principal_type"], "GROUP"))["principal"]
    named.update(name for name in pc.unique(holders).to_pylist() if name)
    named.discard("")
    return named


def _has_group_members(snapshot: Snapshot) -> bool:
    kinds = snapshot.mapped("role_members")["member_type"]
    return bool(pc.any(pc.equal(kinds, "GROUP")).as_py())


def _close_groups(
    snapshot: Snapshot,
    ordinals: Mapping[str, int],
    known: frozenset[str],
    opaque_bits: Mapping[str, int],
) -> dict[str, FrozenBitMap]:
    members: dict[str, list[int]] = {name: [] for name in known}
    nested: dict[str, list[str]] = defaultdict(list)
    for name, bit in opaque_bits.items():
        members[name] = [bit]
    for kind, member, group in _group_rows(snapshot):
        if kind == "user":
            members.setdefault(group, []).append(ordinals[member])
        else:
            nested[group].append(member)
    return close({name: BitMap(bits) for name, bits in members.items()}, nested)


def _close_roles(
    snapshot: Snapshot,
    ordinals: Mapping[str, int],
    groups: Mapping[str, FrozenBitMap],
    everybody: BitMap,
    groups_count: bool,
) -> dict[str, FrozenBitMap]:
    """Holders of each role. Everybody holds `public`, and with it whatever it holds."""
    members: dict[str, list[int]] = defaultdict(list)
    from_groups: dict[str, BitMap] = defaultdict(BitMap)
    nested: dict[str, list[str]] = defaultdict(list)
    for kind, member, role in _role_rows(snapshot):
        if kind == "USER":
            members[role].append(ordinals[member])
        elif kind == "ROLE":
            nested[role].append(member)
        elif kind == "GROUP" and groups_count:
            from_groups[role] |= groups.get(member, EMPTY)
    direct = {name: BitMap(bits) for name, bits in members.items()}
    for name, bits in from_groups.items():
        direct[name] = direct.get(name, BitMap()) | bits
    for name in snapshot.mapped("roles")["name"].to_pylist():
        direct.setdefault(name, BitMap())
    direct[PUBLIC] = everybody
    return close(direct, nested)


def _kinds(listed: pa.Table, ordinals: Mapping[str, int]) -> dict[str, FrozenBitMap]:
    bits: dict[str, list[int]] = defaultdict(list)
    columns: list[list[Any]] = [listed[name].to_pylist() for name in ("name", "kind", "active")]
    for name, kind, active in zip(*columns, strict=True):
        bit = ordinals[name]
        bits["listed"].append(bit)
        if kind == "service":
            bits["services"].append(bit)
        if not active:
            bits["inactive"].append(bit)
        elif kind == "service":
            bits["active_services"].append(bit)
        else:
            bits["active_people"].append(bit)
    names = ("listed", "services", "inactive", "active_services", "active_people")
    return {name: FrozenBitMap(bits[name]) for name in names}


class OneUserReach:
    """Reach of a single user, for one question without building the population.

    Bit 1 is the user; every set holds it or is empty. An opaque group that may hold the
    user is a possible member that is not sure.
    """

    def __init__(
        self, principals: frozenset[tuple[str, str]], doubtful: frozenset[tuple[str, str]]
    ) -> None:
        self._sure = PrincipalSet(FrozenBitMap([1]), FrozenBitMap([1]))
        self._doubt = PrincipalSet(FrozenBitMap([1]), EMPTY)
        self._principals = principals
        self._doubtful = doubtful
        self._names = {name for kind, name in principals if kind == "USER"}
        self._broken = ("ROLE", BROKEN) in principals

    @property
    def principals(self) -> frozenset[tuple[str, str]]:
        """Every principal that stands, or may stand, for the user."""
        return self._principals | self._doubtful

    def principal(self, principal_type: str, name: str) -> PrincipalSet:
        key = (principal_type, name)
        if self._broken:
            return NOBODY
        if key in self._principals:
            return self._sure
        return self._doubt if key in self._doubtful else NOBODY

    def everybody(self) -> PrincipalSet:
        return NOBODY if self._broken else self._sure

    def role_in_any_case(self, name: str) -> PrincipalSet:
        kinds = [
            self.principal(kind, role)
            for kind, role in self._principals | self._doubtful
            if kind == "ROLE" and role.lower() == name
        ]
        sure = any(each.sure for each in kinds)
        return self.everybody() if sure else kinds[0] if kinds else NOBODY

    def user_bit(self, name: str) -> int:
        return 1 if name in self._names else ANYONE
