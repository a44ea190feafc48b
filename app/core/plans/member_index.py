"""The recorded memberships of roles, by role and by user, read once."""

from collections import defaultdict

from pyroaring import BitMap, FrozenBitMap

from app.core.memberships import Subject
from app.core.plans.change import Edge
from app.core.reach import BROKEN, PUBLIC, PopulationReach
from app.core.snapshots import Snapshot


class MemberIndex:
    """Who is a member of what by himself, and whom a membership alone carries."""

    def __init__(self, snapshot: Snapshot, reach: PopulationReach) -> None:
        self._reach = reach
        self._users: dict[str, BitMap] = defaultdict(BitMap)
        self._nested: dict[str, set[Subject]] = defaultdict(set)
        self._of_user: dict[str, set[Edge]] = defaultdict(set)
        rows, bit = snapshot.mapped("role_members"), reach.population.bit
        names = ("member_type", "member", "role", "admin_option")
        columns = (rows[name].to_pylist() for name in names)
        for kind, member, role, option in zip(*columns, strict=True):
            is_broken = role is None or option is None
            if kind == "USER":
                edge = ((kind, member), ("ROLE", BROKEN if is_broken else role))
                self._of_user[member].add(edge)
            if is_broken:
                continue
            if kind == "USER":
                self._users[role].add(bit(member))
            elif kind in ("ROLE", "GROUP"):
                self._nested[role].add((kind, member))

    def users(self, role: str) -> BitMap:
        """The users who are members of a role by themselves."""
        return self._users.get(role, BitMap())

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
        """The memberships of a user, sorted; a broken one leads to BROKEN."""
        return sorted(self._of_user.get(user, ()))

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
