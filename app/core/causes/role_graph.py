"""Memberships seen from above: who the direct members of a role are, and by which row."""

from collections import defaultdict
from collections.abc import Collection, Iterable

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.lookup import Lookup
from app.core.memberships import MembershipEdge, Memberships, Subject
from app.core.reach import EMPTY, PUBLIC, PopulationReach
from app.core.rights.mode import AuthorizationMode

Edge = tuple[Subject, Subject]  # member, what it is a member of (a role)


class RoleGraph:
    """The memberships of a lake's roles, by role."""

    def __init__(
        self,
        lookup: Lookup,
        memberships: Memberships,
        reach: PopulationReach,
        mode: AuthorizationMode,
        engine_groups: str | None,
    ) -> None:
        self._lookup = lookup
        self._memberships = memberships
        self._reach = reach
        self._groups_count = mode.uses_groups and engine_groups != "none"
        self._nested: dict[str, list[Subject]] = defaultdict(list)
        self._above: dict[str, set[str]] = defaultdict(set)
        self._users: dict[str, BitMap] = {}
        self._read_nested()

    def _read_nested(self) -> None:
        rows = self._lookup.snapshot.mapped("role_members")
        others = pc.invert(pc.fill_null(pc.equal(rows["member_type"], "USER"), False))
        kept = rows.filter(others).select(["member_type", "member", "role", "admin_option"])
        for row in kept.to_pylist():
            kind, role = row["member_type"], row["role"]
            if role is None or row["admin_option"] is None:
                continue  # Hive fails on it: it carries nobody anywhere
            if kind == "ROLE" or (kind == "GROUP" and self._groups_count):
                member = (kind, row["member"])
                if member not in self._nested[role]:
                    self._nested[role].append(member)
                if kind == "ROLE":
                    self._above[row["member"]].add(role)

    def prepare(self, roles: Collection[str]) -> None:
        """Read the users that are direct members of some roles and of roles below them."""
        wanted = set(roles)
        waiting = list(wanted)
        while waiting:
            for kind, name in self._nested.get(waiting.pop(), ()):
                if kind == "ROLE" and name not in wanted:
                    wanted.add(name)
                    waiting.append(name)
        wanted -= self._users.keys()
        if not wanted:
            return
        for role in wanted:
            self._users[role] = BitMap()
        rows = self._lookup.snapshot.mapped("role_members")
        mask = pc.and_(
            pc.fill_null(pc.equal(rows["member_type"], "USER"), False),
            pc.is_in(rows["role"], value_set=pa.array(sorted(wanted), pa.string())),
        )
        kept = rows.select(["member", "role", "admin_option"]).filter(mask)
        bit = self._reach.population.bit
        for member, role, option in zip(
            *(kept[name].to_pylist() for name in kept.column_names), strict=True
        ):
            if option is not None and bit(member):
                self._users[role].add(bit(member))

    def users_in(self, role: str) -> BitMap:
        """The users who are members by themselves (after `prepare`)."""
        return self._users.get(role, BitMap())

    def nested_in(self, role: str) -> Iterable[Subject]:
        """The roles and groups that are members by themselves, sorted."""
        return sorted(self._nested.get(role, ()))

    def behind(self, subject: Subject) -> FrozenBitMap:
        """Everybody behind a user, role or group."""
        if subject == ("ROLE", PUBLIC):
            return self._reach.population.everybody
        return self._reach.before_roles(*subject).possible or EMPTY

    def above(self, role: str) -> set[str]:
        """The role and every role that its members hold by it."""
        found, waiting = {role}, [role]
        while waiting:
            for parent in self._above.get(waiting.pop(), ()):
                if parent not in found:
                    found.add(parent)
                    waiting.append(parent)
        return found

    def rows(self, edge: Edge) -> list[MembershipEdge]:
        """The recorded rows that say an edge: one for each grantor, most often one."""
        return [
            row
            for row in self._memberships.parents(edge[0], groups=False)
            if row.of == edge[1] and row.source not in ("directory", "everyone")
        ]

    def user_name(self, bit: int) -> str:
        """The user of a bit."""
        return self._reach.population.users[bit - 1]
