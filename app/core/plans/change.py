"""A change to a lake that nobody has made yet, and the snapshot as it would be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.core.memberships import Subject
from app.core.reach import BROKEN
from app.core.rights.grant_rows import GrantRow
from app.core.snapshots import Snapshot

Edge = tuple[Subject, Subject]

#: A role that nothing names. Rows taken away point there, so that everybody who is named by
#: such a row alone keeps his place in the population.
NOWHERE = "\0nowhere"


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant on a table that the plan makes."""

    table: int
    principal_type: str
    principal: str
    privilege: str


@dataclass(frozen=True)
class LakeChange:
    """What some statements do to the recorded facts.

    rows: grants that go. optionless: grants that lose their grant option only. cut, joined:
    memberships that go and come. owners: table → its new owner (a user).
    """

    rows: frozenset[int] = frozenset()
    optionless: frozenset[int] = frozenset()
    granted: tuple[NewGrant, ...] = ()
    cut: frozenset[Edge] = frozenset()
    joined: frozenset[Edge] = frozenset()
    owners: Mapping[int, str] = field(default_factory=dict)

    @property
    def memberships(self) -> tuple[frozenset[Edge], frozenset[Edge]]:
        """What it does to memberships."""
        return self.cut, self.joined


def granted_rows(change: LakeChange, table: int) -> list[GrantRow]:
    """The new grants on one table, as rows that stand nowhere yet."""
    return [
        GrantRow(
            row=-1 - place,
            level="table",
            column=None,
            partition=None,
            rule=-1 - place,
            principal_type=each.principal_type,
            principal=each.principal,
            privilege=each.privilege,
            grant_option=False,
            authorizer=None,
        )
        for place, each in enumerate(change.granted)
        if each.table == table
    ]


class ChangedMemberships:
    """A snapshot with other memberships; the rest is the snapshot's own."""

    def __init__(self, snapshot: Snapshot, cut: frozenset[Edge], joined: frozenset[Edge]) -> None:
        self._snapshot = snapshot
        self.path: Path = snapshot.path
        self.content_hash: str = snapshot.content_hash
        self.manifest: dict[str, Any] = snapshot.manifest
        self._members = _members(snapshot.mapped("role_members"), cut, joined)

    def parquet(self, name: str) -> Path:
        """The unchanged file: a changed one was never written."""
        return self._snapshot.parquet(name)

    def mapped(self, name: str) -> pa.Table:
        """The rows of a table, memberships as changed."""
        return self._members if name == "role_members" else self._snapshot.mapped(name)

    def offsets(self, name: str) -> memoryview:
        """The snapshot's."""
        return self._snapshot.offsets(name)


def _members(rows: pa.Table, cut: frozenset[Edge], joined: frozenset[Edge]) -> pa.Table:
    kinds, members = rows["member_type"].to_pylist(), rows["member"].to_pylist()
    roles, options = rows["role"].to_pylist(), rows["admin_option"].to_pylist()
    changed = False
    for place, (kind, member) in enumerate(zip(kinds, members, strict=True)):
        role = BROKEN if roles[place] is None or options[place] is None else roles[place]
        if ((kind, member), ("ROLE", role)) in cut:
            roles[place], options[place], changed = NOWHERE, False, True
    if changed:
        place = rows.schema.get_field_index("role")
        rows = rows.set_column(place, rows.schema.field("role"), pa.array(roles, pa.string()))
        place = rows.schema.get_field_index("admin_option")
        rows = rows.set_column(
            place, rows.schema.field("admin_option"), pa.array(options, pa.bool_())
        )
    new = [
        {"member_type": kind, "member": member, "role": role, "admin_option": False}
        for (kind, member), (_, role) in sorted(joined)
    ]
    return pa.concat_tables([rows, pa.Table.from_pylist(new, rows.schema)]) if new else rows
