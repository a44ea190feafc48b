"""Walking from a user up to his groups and roles, and the shortest way to one of them."""

from collections import deque
from collections.abc import Iterable, Iterator

from app.core.frozen import frozen
from app.core.lookup import Lookup
from app.core.reach import BROKEN, PUBLIC, OneUserReach

_OF_MEMBERSHIPS = ("role", "admin_option", "grantor", "create_time", "source_row")

Subject = tuple[str, str]  # (USER | GROUP | ROLE, exact name)


@frozen
class MembershipEdge:
    """One step up: a member and what it is a member of, with the row that says so.

    `source` is `directory`, `everyone` (whoever has a name holds `public`) or the place
    of the metastore's row; the rest is empty where the source keeps none.
    """

    member: Subject
    of: Subject
    source: str
    admin_option: bool = False
    grantor: str | None = None
    create_time: int | None = None


class Memberships:
    """The memberships of one snapshot, looked up by member."""

    def __init__(self, lookup: Lookup, engine_groups: str | None, mode_uses_groups: bool) -> None:
        self._lookup = lookup
        self._groups_into_roles = mode_uses_groups and engine_groups != "none"
        self._groups_sure = engine_groups == "directory"
        self._known: dict[Subject, tuple[MembershipEdge, ...]] = {}
        self._kinds: dict[tuple[str, str], tuple[int, int]] = {}  # (table, kind) → its rows
        self._last: tuple[Subject, tuple[MembershipEdge, ...]] | None = None

    def parents(self, member: Subject, *, groups: bool = True) -> Iterable[MembershipEdge]:
        """The edges that lead up from one subject, in order of name."""
        found = self._edges(member)
        if groups or member[0] == "ROLE":
            return found
        return [edge for edge in found if edge.of[0] != "GROUP"]

    def _edges(self, member: Subject) -> tuple[MembershipEdge, ...]:
        """Roles and groups are few and come again in every closure: kept; users are many."""
        known = self._known.get(member)
        if known is not None:
            return known
        last = self._last
        if last is not None and last[0] == member:  # a question walks up more than once
            return last[1]
        found = tuple(self._parents(member))
        if member[0] == "USER":
            self._last = (member, found)
        else:
            self._known[member] = found
        return found

    def _parents(self, member: Subject) -> Iterator[MembershipEdge]:
        kind, name = member
        if kind in ("USER", "GROUP"):
            yield from self._directory_parents(kind.lower(), name)
        if kind != "GROUP" or self._groups_into_roles:
            yield from self._role_parents(kind, name)
        if kind == "USER":
            yield MembershipEdge(member, ("ROLE", PUBLIC), "everyone")

    def _directory_parents(self, kind: str, name: str) -> Iterator[MembershipEdge]:
        rows, member = self._lookup.rows("group_members"), (kind.upper(), name)
        for row in self._rows_of("group_members", kind, name):
            yield MembershipEdge(member, ("GROUP", rows.value("group", row)), "directory")

    def _role_parents(self, kind: str, name: str) -> Iterator[MembershipEdge]:
        rows, member = self._lookup.rows("role_members"), (kind, name)
        for row in self._rows_of("role_members", kind, name):
            role, option, grantor, time, source_row = rows.values(_OF_MEMBERSHIPS, row)
            yield MembershipEdge(
                member,
                ("ROLE", BROKEN if role is None or option is None else role),
                "ROLE_MAP" if source_row is None else f"ROLE_MAP {source_row}",
                bool(option),
                grantor,
                time,
            )

    def _rows_of(self, table: str, kind: str, name: str) -> Iterator[int]:
        """The rows of one member: those of his kind stand together, sorted by name."""
        rows = self._lookup.rows(table)
        span = self._kinds.get((table, kind))
        if span is None:
            first = rows.first(("member_type",), (kind,))
            # No text is between a name and the same with NUL behind it.
            span = self._kinds[table, kind] = (first, rows.first(("member_type",), (kind + "\0",)))
        row, stop = rows.first(("member",), (name,), *span), span[1]
        while row < stop and rows.value("member", row) == name:
            yield row
            row += 1

    def closure(self, user: str) -> dict[Subject, MembershipEdge | None]:
        """Everything the user stands for, each with the last edge of a shortest way to it."""
        start: Subject = ("USER", user)
        found: dict[Subject, MembershipEdge | None] = {start: None}
        waiting = deque([start])
        while waiting:
            for edge in self.parents(waiting.popleft()):
                if edge.of not in found:
                    found[edge.of] = edge
                    waiting.append(edge.of)
        return found

    def path(self, user: str, to: Subject) -> tuple[MembershipEdge, ...] | None:
        """A shortest way from the user to a group or role; empty for himself, None if none."""
        return path_in(self.closure(user), to)

    def one_user(self, user: str) -> OneUserReach:
        """The user's reach, without anybody else's."""
        if not self._groups_into_roles:
            return OneUserReach(frozenset(self._sure(user)), frozenset())
        found = set(self.closure(user))
        sure = found if self._groups_sure else self._sure(user)
        # Nobody is refused everything for a group that he might be in.
        opaque = self._opaque_principals() - {("ROLE", BROKEN)}
        return OneUserReach(frozenset(sure), frozenset((found - sure) | opaque))

    def _sure(self, user: str) -> set[Subject]:
        """What the user stands for when no group counts."""
        start: Subject = ("USER", user)
        found, waiting = {start}, [start]
        while waiting:
            for edge in self.parents(waiting.pop(), groups=False):
                if edge.of not in found:
                    found.add(edge.of)
                    waiting.append(edge.of)
        return found

    def _opaque_principals(self) -> set[Subject]:
        """Groups nobody can expand, and what they lead to: the user may be in them."""
        known = self._lookup.rows("groups")
        names = set(known.slice("name", 0, known.count))
        rules = self._lookup.rows("rules")
        found = {
            ("GROUP", name)
            for kind, name in zip(
                rules.slice("principal_type", 0, rules.count),
                rules.slice("principal", 0, rules.count),
                strict=True,
            )
            if kind == "GROUP" and name not in names
        }
        return self._above(found | self._opaque_members(names))

    def _opaque_members(self, known: set[str]) -> set[Subject]:
        found: set[Subject] = set()
        for table, column in (("role_members", "member"), ("group_members", "member")):
            rows = self._lookup.rows(table)
            kinds = rows.slice("member_type", 0, rows.count)
            members = rows.slice(column, 0, rows.count)
            found.update(
                ("GROUP", name)
                for kind, name in zip(kinds, members, strict=True)
                if kind in ("GROUP", "group") and name not in known
            )
        groups = self._lookup.rows("group_members")
        found.update(
            ("GROUP", name) for name in groups.slice("group", 0, groups.count) if name not in known
        )
        return found

    def _above(self, start: set[Subject]) -> set[Subject]:
        found, waiting = set(start), list(start)
        while waiting:
            for edge in self.parents(waiting.pop()):
                if edge.of not in found:
                    found.add(edge.of)
                    waiting.append(edge.of)
        return found


def path_in(
    closure: dict[Subject, MembershipEdge | None], to: Subject
) -> tuple[MembershipEdge, ...] | None:
    """Read a shortest path off a closure."""
    if to not in closure:
        return None
    path: list[MembershipEdge] = []
    edge = closure[to]
    while edge is not None:
        path.append(edge)
        edge = closure[edge.member]
    return tuple(reversed(path))
