"""Who stands behind a principal: users, groups and roles as sets, per engine's eyes.

The directory's groups and the lake's roles are closed separately: roles follow the
metastore's memberships, groups the directory's. Whether the engine lets groups into
roles and grants is a setting of the lake (`groups`), so every principal has two sets:
`possible` (worst case) and `sure`.
"""

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import partial
from itertools import pairwise
from typing import Protocol

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core import compute as pc
from app.core.closure import close
from app.core.frozen import frozen
from app.core.population import ANYONE, Population
from app.core.snapshots import Snapshot

PUBLIC = "public"

#: Stands for a role that is gone, or a membership with an option that is neither 0 nor 1:
#: HiveServer2 fails on whoever's roles lead there. Source: Hive 4.0.1, tried.
BROKEN = "\0broken"
EMPTY = FrozenBitMap()

_Row = tuple[str, str, str]  # kind of the member, member, what it is a member of


@frozen
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

    def before_roles(self, principal_type: str, name: str) -> PrincipalSet:
        """The same as `principal`, where the engine has not looked up roles yet.

        A membership that it cannot read refuses nobody then.
        """
        ...

    def everybody(self) -> PrincipalSet:
        """Whoever has a name."""
        ...

    def whoever(self) -> PrincipalSet:
        """Everybody, those too whom a broken membership makes Hive refuse."""
        ...

    def role_in_any_case(self, name: str) -> PrincipalSet:
        """The holders of every role whose name differs from `name` in case at most."""
        ...

    def user_bit(self, name: str) -> int:
        """The bit of a user."""
        ...


class PopulationReach:
    """Reach over the whole population of a snapshot.

    broken: whom a membership that Hive cannot read may make it refuse everything;
    surely_broken: whom it does so whatever groups count for. Those stand behind no principal,
    the others behind none surely.
    """

    def __init__(
        self,
        population: Population,
        sure_roles: Mapping[str, FrozenBitMap],
        engine_groups: str | None,
        broken: FrozenBitMap = EMPTY,
        surely_broken: FrozenBitMap = EMPTY,
    ) -> None:
        self.population = population
        self.broken = broken
        self.surely_broken = surely_broken
        self.sure_roles = sure_roles  # the broken ones among them
        self.engine_groups = engine_groups
        self._roles = _less(population.roles, surely_broken)
        self._sure_roles = _less(sure_roles, broken)
        self._groups = _less(population.groups, surely_broken)
        self._engine_groups = engine_groups
        self._everybody = self._unbroken(population.everybody)
        self._users: dict[str, PrincipalSet] = {}
        self._role_sets: dict[str, PrincipalSet] = {}
        self._folded_roles: dict[str, PrincipalSet] = {}

    def principal(self, principal_type: str, name: str) -> PrincipalSet:
        if principal_type == "USER":
            return self._user(name)
        if principal_type == "ROLE":
            known = self._role_sets.get(name)
            if known is None:
                possible = self._roles.get(name, EMPTY)
                known = PrincipalSet(possible, self._sure_roles.get(name, EMPTY))
                self._role_sets[name] = known
            return known
        if principal_type == "GROUP" and self._engine_groups != "none":
            members = self._groups.get(name, EMPTY)
            return PrincipalSet(members, members - self.broken if self._engine_groups else EMPTY)
        return NOBODY

    def _unbroken(self, bits: FrozenBitMap) -> PrincipalSet:
        """A set less those whom Hive refuses everything, surely or perhaps."""
        if not self.broken:
            return PrincipalSet(bits, bits)
        return PrincipalSet(bits - self.surely_broken, bits - self.broken)

    def before_roles(self, principal_type: str, name: str) -> PrincipalSet:
        who = self.principal(principal_type, name)
        if not self.broken:
            return who
        population, possible = self.population, EMPTY
        if principal_type == "USER" and population.bit(name) != ANYONE:
            possible = FrozenBitMap([population.bit(name)])
        elif principal_type == "ROLE":
            possible = population.roles.get(name, EMPTY)
        elif principal_type == "GROUP" and self._engine_groups != "none":
            possible = population.groups.get(name, EMPTY)
        return PrincipalSet(possible, who.sure | (possible & self.broken))

    def _user(self, name: str) -> PrincipalSet:
        known = self._users.get(name)
        if known is None:
            named = self.population.bit(name)
            bit = FrozenBitMap([named] if named != ANYONE else [])
            known = self._users[name] = self._unbroken(bit)
        return known

    def everybody(self) -> PrincipalSet:
        return self._everybody

    def whoever(self) -> PrincipalSet:
        bits = self.population.everybody
        return PrincipalSet(bits, bits)

    def role_in_any_case(self, name: str) -> PrincipalSet:
        found = self._folded_roles.get(name)
        if found is None:
            possible, sure = BitMap(), BitMap()
            for role in self._roles:  # names only: the sets may be read lazily
                if role.lower() == name:
                    possible |= self._roles[role]
                    sure |= self._sure_roles.get(role, EMPTY)
            found = PrincipalSet(FrozenBitMap(possible), FrozenBitMap(sure))
            self._folded_roles[name] = found
        return found

    def user_bit(self, name: str) -> int:
        return self.population.bit(name)


def _less(sets: Mapping[str, FrozenBitMap], broken: FrozenBitMap) -> Mapping[str, FrozenBitMap]:
    if not broken:
        return sets
    return {name: members - broken for name, members in sets.items()}


class LazyEdges(Mapping[str, tuple[str, ...]]):
    """Subject edges, built when somebody first asks: a compiled judge seldom does.

    Users who stand in none of them are known beforehand.
    """

    def __init__(
        self, build: Callable[[], dict[str, tuple[str, ...]]], users: Container[str]
    ) -> None:
        self._build = build
        self._users = users
        self._edges: dict[str, tuple[str, ...]] | None = None

    def _built(self) -> dict[str, tuple[str, ...]]:
        if self._edges is None:
            self._edges = self._build()
        return self._edges

    def __contains__(self, subject: object) -> bool:
        if not isinstance(subject, str):
            return False
        if subject.startswith("user:") and subject.removeprefix("user:") not in self._users:
            return False
        return subject in self._built()

    def __getitem__(self, subject: str) -> tuple[str, ...]:
        return self._built()[subject]

    def __iter__(self) -> Iterator[str]:
        return iter(self._built())

    def __len__(self) -> int:
        return len(self._built())


def _edges(
    group_rows: Iterable[_Row], role_rows: Iterable[_Row], groups_count: bool
) -> dict[str, tuple[str, ...]]:
    """The parents of each subject, as rows of memberships say."""
    parents: dict[str, set[str]] = defaultdict(set)
    for kind, member, group in group_rows:
        parents[f"{kind}:{member}"].add(f"group:{group}")
    for kind, member, role in role_rows:
        if role == BROKEN:
            continue
        if kind in ("USER", "ROLE") or (kind == "GROUP" and groups_count):
            parents[f"{kind.lower()}:{member}"].add(f"role:{role}")
    parents["everyone"].add(f"role:{PUBLIC}")
    return {child: tuple(sorted(found)) for child, found in parents.items()}


def all_edges(snapshot: Snapshot, groups_count: bool) -> dict[str, tuple[str, ...]]:
    """The edges of everybody, read anew."""
    groups, roles = _group_members(snapshot), _role_members(snapshot)
    return _edges(groups.rows(), roles.rows(), groups_count)


def nested_edges(snapshot: Snapshot, groups_count: bool) -> dict[str, tuple[str, ...]]:
    """The edges that begin at no user, read anew."""
    groups, roles = _group_members(snapshot), _role_members(snapshot)
    return _edges(groups.others, roles.others, groups_count)


def build_reach(
    snapshot: Snapshot, *, engine_groups: str | None, everyone_at: float
) -> PopulationReach:
    """Build the population of a snapshot and the sets behind its principals.

    engine_groups: `directory`, `none`, or None where nobody said: then who is reached
    through a GROUP is possible, not sure. everyone_at: share of the active people that
    counts as everyone.
    """
    groups_count = engine_groups != "none"
    listed = snapshot.mapped("users")
    in_groups, in_roles = _group_members(snapshot), _role_members(snapshot)
    users, (listed_bits, group_bits, role_bits, *_) = _numbered(
        [_whole(listed["name"]), in_groups.users, in_roles.users, *_other_users(snapshot)]
    )
    ordinals = dict(zip(users, range(1, 1 + len(users)), strict=True))
    direct = dict.fromkeys(snapshot.mapped("groups")["name"].to_pylist(), EMPTY)
    opaque = tuple(sorted(_groups_named(snapshot, in_groups, in_roles) - direct.keys()))
    direct |= _gathered(in_groups.of_users, group_bits)
    for bit, name in enumerate(opaque, start=1 + len(users)):
        direct[name] = direct.get(name, EMPTY) | FrozenBitMap([bit])
    groups = close(direct, _nested(in_groups, "group"))
    roles = _Roles(snapshot, in_roles, role_bits, range(1 + len(users) + len(opaque)), groups)
    possible = sure = roles.close(groups_count)
    if engine_groups is None and roles.from_groups:
        sure = roles.close(False)
    broken = possible.pop(BROKEN, EMPTY)
    surely_broken = broken if sure is possible else sure.pop(BROKEN, EMPTY)
    population = Population(
        users=users,
        opaque=opaque,
        **_kinds(listed, listed_bits),
        unknown=FrozenBitMap(range(1, 1 + len(users))) - _bitmap(listed_bits),
        directory_known=listed.num_rows > 0,
        groups=groups,
        roles=possible,
        edges=LazyEdges(partial(all_edges, snapshot, groups_count), ordinals),
        nested=LazyEdges(partial(_edges, in_groups.others, in_roles.others, groups_count), ()),
        everyone_at=everyone_at,
        _ordinals=ordinals,
    )
    return PopulationReach(population, sure, engine_groups, broken, surely_broken)


@frozen
class _Members:
    """Memberships: those of users, which are many, as columns, and the others as rows."""

    kind: str  # of the users
    users: pa.Array
    of_users: pa.Array
    others: list[_Row]

    def rows(self) -> Iterator[_Row]:
        """All of them as rows."""
        users = zip(self.users.to_pylist(), self.of_users.to_pylist(), strict=True)
        yield from ((self.kind, member, of) for member, of in users)
        yield from self.others


def _group_members(snapshot: Snapshot) -> _Members:
    rows = snapshot.mapped("group_members")
    return _parted("user", rows["member_type"], rows["member"], rows["group"])


def _role_members(snapshot: Snapshot) -> _Members:
    """Memberships of roles; those that Hive cannot read are memberships of BROKEN."""
    rows = snapshot.mapped("role_members")
    role, option = rows["role"], rows["admin_option"]
    if role.null_count or option.null_count:
        role = pc.if_else(pc.or_(pc.is_null(role), pc.is_null(option)), BROKEN, role)
    return _parted("USER", rows["member_type"], rows["member"], role)


def _parted(
    kind: str, kinds: pa.ChunkedArray, members: pa.ChunkedArray, of: pa.ChunkedArray
) -> _Members:
    users = pc.fill_null(pc.equal(kinds, kind), False)
    rest = pc.invert(users)
    others = [column.filter(rest).to_pylist() for column in (kinds, members, of)]
    return _Members(
        kind,
        _whole(members.filter(users)),
        _whole(of.filter(users)),
        list(zip(*others, strict=True)),
    )


def _other_users(snapshot: Snapshot) -> Iterator[pa.Array]:
    """The users named by a grant or an owner, each once."""
    yield _holders(snapshot, "USER")
    databases = snapshot.mapped("databases")
    kind = pc.fill_null(databases["owner_type"], "USER")
    yield pc.unique(databases["owner"].filter(pc.equal(kind, "USER")))
    # SQL-standard compares a table's owner with user names, whatever its type.
    yield pc.unique(snapshot.mapped("tables")["owner"])


def _holders(snapshot: Snapshot, kind: str) -> pa.Array:
    """The principals of one kind that rules name, each once."""
    rules = snapshot.mapped("rules")
    return pc.unique(rules["principal"].filter(pc.equal(rules["principal_type"], kind)))


def _numbered(columns: list[pa.Array]) -> tuple[tuple[str, ...], list[pa.Array]]:
    """The distinct names of some columns, sorted, and each column as the names' bits.

    Arrow sorts bytewise. No name and an empty one have no bit.
    """
    nobody = pa.array([""])
    filled = [column for column in columns if len(column)]
    coded = pa.chunked_array([nobody, *filled]).dictionary_encode().chunks
    names = coded[0].dictionary
    order = pc.array_sort_indices(names)
    place = pc.inverse_permutation(order.cast(pa.int32()))  # the empty name comes first: 0
    bits = pc.if_else(pc.equal(place, 0), None, place).cast(pa.uint32())
    numbers = (bits.take(chunk.indices) for chunk in coded[1:])
    return (
        tuple(names.take(order.slice(1)).to_pylist()),
        [next(numbers) if len(column) else bits.slice(0, 0) for column in columns],
    )


def _gathered(names: pa.Array, bits: pa.Array) -> dict[str, FrozenBitMap]:
    """The bits that stand beside each name."""
    rows = pa.table({"name": names, "bit": bits}).drop_null()
    found = rows.group_by("name", use_threads=False).aggregate([("bit", "list")])
    lists = _whole(found["bit_list"])
    numbers = _numbers(lists.values)
    return {
        name: FrozenBitMap(numbers[start:stop])
        for name, (start, stop) in zip(
            found["name"].to_pylist(), pairwise(lists.offsets.to_pylist()), strict=True
        )
    }


def _bitmap(bits: pa.Array) -> FrozenBitMap:
    return FrozenBitMap(_numbers(bits.drop_null()))


def _numbers(bits: pa.Array) -> memoryview:
    """An array without nulls as it lies in memory."""
    if not len(bits):
        return memoryview(b"").cast("I")
    return memoryview(bits.buffers()[1]).cast("I")[bits.offset : bits.offset + len(bits)]


def _whole(column: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; only one of several pieces is copied."""
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _groups_named(snapshot: Snapshot, in_groups: _Members, in_roles: _Members) -> set[str]:
    named = set(pc.unique(in_groups.of_users).to_pylist())
    for kind, member, group in in_groups.others:
        named.add(group)
        if kind == "group":
            named.add(member)
    named.update(member for kind, member, _ in in_roles.others if kind == "GROUP")
    named.update(_holders(snapshot, "GROUP").to_pylist())
    return named - {"", None}


def _nested(rows: _Members, kind: str) -> dict[str, list[str]]:
    """The members of one kind of each name."""
    nested: dict[str, list[str]] = defaultdict(list)
    for kind_of_member, member, of in rows.others:
        if kind_of_member == kind:
            nested[of].append(member)
    return nested


class _Roles:
    """The holders of roles. Everybody holds `public`, and with it whatever it holds."""

    def __init__(
        self,
        snapshot: Snapshot,
        rows: _Members,
        bits: pa.Array,
        everybody: range,
        groups: Mapping[str, FrozenBitMap],
    ) -> None:
        self.from_groups = _nested(rows, "GROUP")
        self._nested = _nested(rows, "ROLE")
        self._groups = groups
        self._direct = dict.fromkeys(snapshot.mapped("roles")["name"].to_pylist(), EMPTY)
        self._direct |= _gathered(rows.of_users, bits)
        self._everybody = FrozenBitMap(everybody)

    def close(self, groups_count: bool) -> dict[str, FrozenBitMap]:
        """The holders of each role, with those whom groups bring or without."""
        direct = dict(self._direct)
        for role, names in self.from_groups.items() if groups_count else ():
            members = (self._groups.get(name, EMPTY) for name in names)
            direct[role] = FrozenBitMap.union(direct.get(role, EMPTY), *members)
        direct[PUBLIC] = self._everybody
        return close(direct, self._nested)


def _kinds(listed: pa.Table, bits: pa.Array) -> dict[str, FrozenBitMap]:
    """The users of the directory by kind, as the fields of a population."""
    service = pc.fill_null(pc.equal(_whole(listed["kind"]), "service"), False)
    active = pc.fill_null(_whole(listed["active"]), False)
    masks = {
        "services": service,
        "active_services": pc.and_(service, active),
        "active_people": pc.and_not(active, service),
        "inactive": pc.invert(active),
    }
    return {name: _bitmap(bits.filter(mask)) for name, mask in masks.items()}


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
        self.broken = ("ROLE", BROKEN) in principals
        self.perhaps_broken = ("ROLE", BROKEN) in doubtful

    @property
    def principals(self) -> frozenset[tuple[str, str]]:
        """Every principal that stands, or may stand, for the user."""
        return self._principals | self._doubtful

    def principal(self, principal_type: str, name: str) -> PrincipalSet:
        found = self.before_roles(principal_type, name)
        return self._unbroken if found.sure else NOBODY if self.broken else found

    def before_roles(self, principal_type: str, name: str) -> PrincipalSet:
        key = (principal_type, name)
        if key in self._principals:
            return self._sure
        return self._doubt if key in self._doubtful else NOBODY

    @property
    def _unbroken(self) -> PrincipalSet:
        """The user, unless Hive refuses him everything, surely or perhaps."""
        return NOBODY if self.broken else self._doubt if self.perhaps_broken else self._sure

    def everybody(self) -> PrincipalSet:
        return self._unbroken

    def whoever(self) -> PrincipalSet:
        return self._sure

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
