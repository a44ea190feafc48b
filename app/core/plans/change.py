"""A change to a lake that nobody has made yet, and the snapshot as it would be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

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
    if cut:
        rows = _without(rows, cut)
    new = [
        {"member_type": kind, "member": member, "role": role, "admin_option": False}
        for (kind, member), (_, role) in sorted(joined)
    ]
    return pa.concat_tables([rows, pa.Table.from_pylist(new, rows.schema)]) if new else rows


def _without(rows: pa.Table, cut: frozenset[Edge]) -> pa.Table:
    """The rows of memberships that go lead nowhere instead."""
    names = pa.array(sorted({member for (_, member), _ in cut}), pa.string())
    near = pc.indices_nonzero(pc.is_in(rows["member"], value_set=names))
    picked = rows.select(["member_type", "member", "role", "admin_option"]).take(near)
    going = []
    columns = (picked[name].to_pylist() for name in picked.column_names)
    for place, kind, member, role, option in zip(near.to_pylist(), *columns, strict=True):
        of = BROKEN if role is None or option is None else role
        if ((kind, member), ("ROLE", of)) in cut:
            going.append(place)
    if not going:
        return rows
    mask = pc.is_in(
        pa.array(range(rows.num_rows), pa.int64()), value_set=pa.array(going, pa.int64())
    )
    for name, value in (("role", NOWHERE), ("admin_option", False)):
        place = rows.schema.get_field_index(name)
        changed = pc.if_else(mask, pa.scalar(value, rows.schema.field(name).type), rows[name])
        rows = rows.set_column(place, rows.schema.field(name), changed)
    return rows
