"""Memberships after a change: those of the snapshot, and what the change wrote over them."""

from collections.abc import Iterator

from app.core.change.lookup import ChangedLookup
from app.core.memberships import MembershipEdge, Memberships, Subject


class ChangedMemberships(Memberships):
    """Made anew after every statement that changes a membership: it keeps what it read."""

    def __init__(
        self, lookup: ChangedLookup, engine_groups: str | None, mode_uses_groups: bool
    ) -> None:
        super().__init__(lookup, engine_groups, mode_uses_groups)
        self._changed = lookup

    def _role_parents(self, kind: str, name: str) -> Iterator[MembershipEdge]:
        yield from self._changed.role_rows((kind, name))

    def _opaque_members(self, known: set[str]) -> set[Subject]:
        found = super()._opaque_members(known)
        named = {member for member, edges in self._changed.members.items() if edges}
        named.update((row.principal_type, row.principal) for row in self._changed.written.values())
        return found | {each for each in named if each[0] == "GROUP" and each[1] not in known}
