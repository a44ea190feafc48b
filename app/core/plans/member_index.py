"""The recorded memberships of roles, by role and by user, read once."""

from collections import defaultdict

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.memberships import Subject
from app.core.plans.change import Edge
from app.core.reach import BROKEN, PUBLIC, PopulationReach
from app.core.snapshots import Snapshot


class MemberIndex:
    """Who is a member of what by himself, and whom a membership alone carries."""

    def __init__(self, snapshot: Snapshot, reach: PopulationReach) -> None:
        self._reach = reach
        self._rows = snapshot.mapped("role_members")
        self._nested: dict[str, set[Subject]] = defaultdict(set)
        whole = pc.and_(pc.is_valid(self._rows["role"]), pc.is_valid(self._rows["admin_option"]))
        self._are_users = pc.fill_null(pc.equal(self._rows["member_type"], "USER"), False)
        others = self._rows.filter(pc.and_(whole, pc.invert(self._are_users)))
        columns = (others[name].to_pylist() for name in ("member_type", "member", "role"))
        for kind, member, role in zip(*columns, strict=True):
            if kind in ("ROLE", "GROUP"):
                self._nested[role].add((kind, member))
        self._users = self._users_of_roles(self._rows.filter(pc.and_(whole, self._are_users)))
        self._of_user: dict[str, set[Edge]] | None = None

    def _users_of_roles(self, rows: pa.Table) -> dict[str, list[int]]:
        """Role → the bits of its users: there are many, so they are looked up all at once."""
        names = pa.array(self._reach.population.users, pa.string())
        bits = pc.fill_null(pc.add(pc.index_in(rows["member"], value_set=names), 1), 0)
        coded = rows["role"].combine_chunks().dictionary_encode()
        found: list[list[int]] = [[] for _ in range(len(coded.dictionary))]
        for bit, role in zip(bits.to_pylist(), coded.indices.to_pylist(), strict=True):
            found[role].append(bit)
        return dict(zip(coded.dictionary.to_pylist(), found, strict=True))

    def users(self, role: str) -> BitMap:
        """The users who are members of a role by themselves."""
        return BitMap(self._users.get(role, ()))

    def nested(self, role: str) -> list[tuple[Subject, FrozenBitMap]]:
        """The roles and groups that are members by themselves, with whom they carry."""
        return [(each, self._behind(each)) for each in sorted(self._nested.get(role, ()))]

    def carried_twice(self, role: str) -> BitMap:
        """Who is in a role by more than one of its memberships."""
        carried, twice = BitMap(self.users(role)), BitMap()
        for _, behind in self.nested(role):
            twice |= carried & behind
            carried |= behind
        return twice

    def _behind(self, member: Subject) -> FrozenBitMap:
        if member == ("ROLE", PUBLIC):
            return self._reach.population.everybody
        return self._reach.before_roles(*member).possible

    def edges_from(self, user: str) -> list[Edge]:
        """The memberships of a leaver or an unknown name, sorted; a broken one leads to BROKEN."""
        if self._of_user is None:
            self._of_user = self._edges_of_users()
        return sorted(self._of_user.get(user, ()))

    def _edges_of_users(self) -> dict[str, set[Edge]]:
        """The memberships of those who should hold nothing: leavers, and unknown names."""
        population = self._reach.population
        suspects = population.inactive | population.unknown
        names = pa.array([population.users[bit - 1] for bit in suspects], pa.string())
        theirs = pc.is_in(self._rows["member"], value_set=names)
        rows = self._rows.filter(pc.and_(self._are_users, theirs))
        columns = (rows[name].to_pylist() for name in ("member", "role", "admin_option"))
        found: dict[str, set[Edge]] = defaultdict(set)
        for member, role, option in zip(*columns, strict=True):
            of = BROKEN if role is None or option is None else role
            found[member].add((("USER", member), ("ROLE", of)))
        return found

    def everywhere(self) -> frozenset[Subject]:
        """The roles that everybody has: `public`, and what it is a member of."""
        above: dict[str, set[str]] = defaultdict(set)
        for role, members in self._nested.items():
            for kind, member in members:
                if kind == "ROLE":
                    above[member].add(role)
        found, waiting = {PUBLIC}, [PUBLIC]
        while waiting:
            for role in above.get(waiting.pop(), ()):
                if role not in found:
                    found.add(role)
                    waiting.append(role)
        return frozenset(("ROLE", name) for name in found)
