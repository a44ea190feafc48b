"""A built reach as one sorted table, and the reach read back from it piece by piece.

Who asks about three people and two roles of a lake of fifty thousand decodes just those.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, overload

import pyarrow as pa
from pyroaring import FrozenBitMap

from app.core.mapped_rows import MappedRows
from app.core.population import Population
from app.core.reach import EMPTY, LazyEdges, PopulationReach, all_edges, nested_edges
from app.core.snapshots import Snapshot

#: Rows are sorted by kind and name (bytewise). Users and opaque groups have no bits of
#: their own: their place among their kind is their bit.
SCHEMA = pa.schema(
    [
        pa.field("kind", pa.int8(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("bits", pa.large_binary()),
    ]
)
_USER, _OPAQUE, _GROUP, _ROLE, _SURE, _FIXED = range(6)
_FIELDS = ("active_people", "active_services", "inactive", "services", "unknown")
_BROKEN, _SURELY_BROKEN = "broken", "surely broken"

#: Said in the schema where the sure holders of roles are not simply all of them.
_OWN_SURE = b"sure"

#: So many single look-ups of names, and a dictionary of all of them is made.
_MANY = 2_000


def reach_as_table(reach: PopulationReach) -> pa.Table:
    """Everything that the memberships of a snapshot do not say by themselves."""
    population = reach.population
    fixed = {name: getattr(population, name) for name in _FIELDS}
    fixed |= {_BROKEN: reach.broken, _SURELY_BROKEN: reach.surely_broken}
    own_sure = reach.sure_roles is not population.roles
    kinds: list[int] = []
    names: list[str] = []
    bits: list[bytes | None] = []
    for kind, listed in ((_USER, population.users), (_OPAQUE, population.opaque)):
        kinds += [kind] * len(listed)
        names += listed
        bits += [None] * len(listed)
    for kind, sets in (
        (_GROUP, population.groups),
        (_ROLE, population.roles),
        (_SURE, reach.sure_roles if own_sure else {}),
        (_FIXED, fixed),
    ):
        for name in sorted(sets, key=str.encode):
            kinds.append(kind)
            names.append(name)
            bits.append(sets[name].serialize())
    schema = SCHEMA.with_metadata({_OWN_SURE: b"1"}) if own_sure else SCHEMA
    return pa.table({"kind": kinds, "name": names, "bits": bits}, schema=schema)


def reach_of_table(
    table: pa.Table, snapshot: Snapshot, *, engine_groups: str | None, everyone_at: float
) -> PopulationReach:
    """The reach that `reach_as_table` wrote of the same snapshot and `engine_groups`."""
    rows = MappedRows(table)
    fixed = _Sets(rows, _FIXED)
    users, roles = _Names(rows, _USER), _Sets(rows, _ROLE)
    ordinals = _Ordinals(users)
    groups_count = engine_groups != "none"
    population = Population(
        users=users,
        opaque=tuple(_Names(rows, _OPAQUE)),
        **{name: fixed[name] for name in _FIELDS},
        directory_known=snapshot.mapped("users").num_rows > 0,
        groups=_Sets(rows, _GROUP),
        roles=roles,
        edges=LazyEdges(partial(all_edges, snapshot, groups_count), ordinals),
        nested=LazyEdges(partial(nested_edges, snapshot, groups_count), ()),
        everyone_at=everyone_at,
        _ordinals=ordinals,
    )
    own_sure = _OWN_SURE in (table.schema.metadata or {})
    sure = _Sets(rows, _SURE) if own_sure else roles
    broken, surely = fixed.get(_BROKEN, EMPTY), fixed.get(_SURELY_BROKEN, EMPTY)
    return PopulationReach(population, sure, engine_groups, broken, surely)


class _Sets(Mapping[str, FrozenBitMap]):
    """The sets of one kind by name, each decoded when it is first asked for."""

    def __init__(self, rows: MappedRows, kind: int) -> None:
        self._rows = rows
        self._kind = kind
        self._known: dict[str, FrozenBitMap] = {}

    def __getitem__(self, name: str) -> FrozenBitMap:
        known = self._known.get(name)
        if known is None:
            row = self._rows.first(("kind", "name"), (self._kind, name))
            if row >= self._rows.count or self._rows.key(("kind", "name"), row) != (
                self._kind,
                name.encode(),
            ):
                raise KeyError(name)
            known = FrozenBitMap.deserialize(self._rows.value("bits", row))
            self._known[name] = known
        return known

    def __iter__(self) -> Iterator[str]:
        return iter(_Names(self._rows, self._kind))

    def __len__(self) -> int:
        return len(_Names(self._rows, self._kind))


class _Names(Sequence[str]):
    """The names of one kind, sorted bytewise."""

    def __init__(self, rows: MappedRows, kind: int) -> None:
        self._rows = rows
        self.kind = kind
        self._start = rows.first(("kind",), (kind,))
        self._stop = rows.first(("kind",), (kind + 1,))

    @overload
    def __getitem__(self, place: int) -> str: ...

    @overload
    def __getitem__(self, place: slice) -> tuple[str, ...]: ...

    def __getitem__(self, place: int | slice) -> str | tuple[str, ...]:
        if isinstance(place, slice):
            return tuple(self)[place]
        at = place if place >= 0 else len(self) + place
        if not 0 <= at < len(self):
            raise IndexError(place)
        return str(self._rows.value("name", self._start + at))

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows.slice("name", self._start, self._stop))

    def __len__(self) -> int:
        return self._stop - self._start

    def place(self, name: str) -> int | None:
        """Where a name stands among them, or None."""
        row = self._rows.first(("kind", "name"), (self.kind, name))
        if row < self._stop and self._rows.value("name", row) == name:
            return row - self._start
        return None

    def __eq__(self, other: object) -> Any:
        return tuple(self) == tuple(other) if isinstance(other, Sequence) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.kind, len(self)))


class _Ordinals(Mapping[str, int]):
    """The bit of each user: searched for a few, from a dictionary for many."""

    def __init__(self, users: _Names) -> None:
        self._users = users
        self._searched = 0
        self._known: dict[str, int] = {}

    def __getitem__(self, name: str) -> int:
        known = self._known.get(name)
        if known is not None:
            return known
        if self._searched > _MANY:
            raise KeyError(name)  # all of them are known
        self._searched += 1
        if self._searched > _MANY:
            self._known = {user: bit for bit, user in enumerate(self._users, start=1)}
            return self._known[name]
        place = self._users.place(name)
        if place is None:
            raise KeyError(name)
        self._known[name] = place + 1
        return place + 1

    def __iter__(self) -> Iterator[str]:
        return iter(self._users)

    def __len__(self) -> int:
        return len(self._users)
