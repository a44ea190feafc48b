"""Every access that a change gives or takes: in groups first, row by row when asked for.

A group is a set of people, a set of objects, a right, and the words before and after as
`can` says them. Objects that are gone, or are not there yet, are denied to everybody.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from pyroaring import FrozenBitMap

from app.core import compute as pc
from app.core.change.applying import Change
from app.core.findings import Effect
from app.core.frozen import frozen
from app.core.lake_view import LakeView
from app.core.lookup import Place
from app.core.names import RIGHTS, ObjectName
from app.core.population import ANYONE
from app.core.questions import ALLOWED, DENIED, UNKNOWN
from app.core.reach import NOBODY, PrincipalSet
from app.core.rights.grant_rows import TableGrants

#: Stands for whoever has a name that nothing mentions.
WHOEVER = "*"

#: From more tables on, those that are open alike are looked at once.
FEW = 8

#: (before, after) and who goes from one to the other.
Shift = tuple[str, str, FrozenBitMap]
Shifts = tuple[tuple[str, str, str, FrozenBitMap], ...]  # right, before, after, people


@frozen
class EffectGroup:
    """People who get or lose one right on some objects alike. `objects` are sorted names."""

    right: str
    before: str
    after: str
    people: FrozenBitMap
    objects: tuple[str, ...]

    @property
    def accesses(self) -> int:
        """How many rows it stands for."""
        return len(self.people) * len(self.objects)


def effect_groups(change: Change) -> list[EffectGroup]:
    """What a change gives and takes, people and objects with equal shifts together."""
    objects: dict[tuple[str, str, str, bytes], list[str]] = defaultdict(list)
    people: dict[bytes, FrozenBitMap] = {}
    for name, shifts in _by_object(change):
        for right, before, after, bits in shifts:
            key = _key(bits)
            people[key] = bits
            objects[right, before, after, key].append(name)
    return sorted(
        (
            EffectGroup(right, before, after, people[key], tuple(names))
            for (right, before, after, key), names in objects.items()
        ),
        key=lambda group: (
            RIGHTS.index(group.right),
            group.before,
            group.after,
            group.objects[0].encode(),
            -group.accesses,
        ),
    )


def effects(change: Change) -> Iterator[Effect]:
    """Every access that is another after the change, by object, user and right.

    A column has rows of its own only where its access shifts otherwise than its table's.
    A group that nobody can expand is one row, `group:NAME`, in place of whoever is in it: what
    one of its members gets by joining it with a grant of his own is told by `can` alone.
    """
    population = change.after.reach.population
    for name, shifts in _by_object(change):
        rows = [
            (_user(population.subject(bit), bit), RIGHTS.index(right), before, after)
            for right, before, after, bits in shifts
            for bit in bits
        ]
        rows.sort(key=lambda row: (row[0].encode(), row[1]))
        for user, right_number, before, after in rows:
            yield Effect(user, RIGHTS[right_number], name, before, after)


def _user(subject: str, bit: int) -> str:
    if bit == ANYONE:
        return WHOEVER
    return subject.removeprefix("user:")


@lru_cache(maxsize=65_536)
def _key(bits: FrozenBitMap) -> bytes:
    found: bytes = bits.serialize()
    return found


def _by_object(change: Change) -> Iterator[tuple[str, Shifts]]:
    """The shifts on each object that has any, by name: what has it before, what after."""
    sides = {**_named(change, databases=True), **_named(change, databases=False)}
    shifts = TableShifts(change)
    for name in sorted(sides, key=_order):
        was, is_ = sides[name]
        if not name.table:
            yield from _if_any(str(name), _database_shifts(change, was, is_))
            continue
        found = shifts.of(was, is_)
        yield from _if_any(str(name), found)
        if was != is_ or was in change.touched.written or shifts.has_parts(was):
            for column, of_column in _column_shifts(change, was, is_, found):
                yield str(replace(name, column=column)), of_column


_Sides = tuple[int | None, int | None]  # ordinals before and after; None: there is none


def _named(change: Change, *, databases: bool) -> dict[ObjectName, _Sides]:
    """The touched objects by name, with what bears it before the change and after it."""
    old, new = change.before.lookup, change.after.lookup
    touched = change.touched.databases if databases else change.touched.tables
    gone = new.gone_databases if databases else new.gone_tables
    found: dict[ObjectName, _Sides] = {}
    for ordinal in touched:
        is_new = new.is_new_database(ordinal) if databases else new.is_new_table(ordinal)
        before = after = None
        if not is_new:
            before = old.database_name(ordinal) if databases else old.table_name(ordinal)
        if ordinal not in gone:
            after = new.database_name(ordinal) if databases else new.table_name(ordinal)
        if before == after and before is not None:
            found[before] = (ordinal, ordinal)
            continue
        if before is not None:
            found[before] = (ordinal, _ordinal(new.find(before)))
        if after is not None:
            found[after] = (_ordinal(old.find(after)), ordinal)
    return found


def _ordinal(place: Place | None) -> int | None:
    if place is None:
        return None
    return place.database if place.table is None else place.table


def _order(name: ObjectName) -> tuple[bytes, ...]:
    return (name.catalog.encode(), name.database.encode(), name.table.encode())


def _if_any(name: str, shifts: Shifts) -> Iterator[tuple[str, Shifts]]:
    if shifts:
        yield name, shifts


def _database_shifts(change: Change, was: int | None, is_: int | None) -> Shifts:
    mode = change.after.mode
    old = None if was is None else change.before.lookup.database_grants(was)
    new = None if is_ is None else change.after.lookup.database_grants(is_)
    return tuple(
        (right, *shift)
        for right in RIGHTS
        for shift in shifts_between(
            change,
            NOBODY if old is None else mode.on_database(right, old, change.before.reach),
            NOBODY if new is None else mode.on_database(right, new, change.after.reach),
        )
    )


class TableShifts:
    """The shifts on tables; of those that nobody wrote to and that say the same, once."""

    def __init__(self, change: Change) -> None:
        self._change = change
        self._known: dict[tuple[Any, ...], Shifts] = {}
        self._signatures = Signatures(change) if len(change.touched.tables) > FEW else None

    def has_parts(self, table: int | None) -> bool:
        """Whether grants on its columns or partitions may open parts of it."""
        if table is None or not self._change.after.mode.has_parts:
            return False
        return self._signatures is None or self._signatures.has_parts(table)

    def of(self, was: int | None, is_: int | None) -> Shifts:
        """Right, words before and after, and who."""
        if self._signatures is None or was is None or was != is_:
            return self._find(was, is_)
        key = self._signatures.of(was)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = self._find(was, is_)
        return found

    def _find(self, was: int | None, is_: int | None) -> Shifts:
        change = self._change
        old, new = grants_before(change, was), grants_after(change, is_)
        mode = change.after.mode
        return tuple(
            (right, *shift)
            for right in RIGHTS
            for shift in shifts_between(
                change,
                NOBODY if old is None else mode.on_table(right, old, change.before.reach),
                NOBODY if new is None else mode.on_table(right, new, change.after.reach),
            )
        )


class Signatures:
    """What decides access to a table, as a key: tables with one key are open alike.

    A table that the change wrote to, or that has grants on parts, is its own key.
    """

    def __init__(self, change: Change) -> None:
        self._lookup = change.after.lookup
        self._has_parts = change.after.mode.has_parts
        snapshot = change.after.snapshot
        self._rules: Any = memoryview(b"").cast("i")
        rules = snapshot.mapped("grants")["rule"]
        if rules.num_chunks:
            whole = rules.combine_chunks() if rules.num_chunks > 1 else rules.chunk(0)
            self._rules = memoryview(whole.buffers()[1]).cast("i")[whole.offset :]
        self._grants = snapshot.offsets("table_grants")
        self._parts = [
            snapshot.offsets(f"{level}_grants")
            for level in ("column", "partition", "partition_column")
        ]
        self._parted = _with_partition_rights(change.after) if self._has_parts else frozenset()

    def of(self, table: int) -> tuple[Any, ...]:
        """The key of a table."""
        if table in self._lookup.tables or self.has_parts(table):
            return (table,)
        rules = bytes(self._rules[self._grants[table] : self._grants[table + 1]])
        rows = self._lookup.rows("tables")
        database = rows.value("database", table) if self._has_parts else None
        is_view = rows.value("kind", table) == "VIRTUAL_VIEW"
        return (
            rules,
            rows.value("owner", table),
            rows.value("owner_type", table),
            database,
            is_view,
        )

    def has_parts(self, table: int) -> bool:
        """Whether grants on its columns or partitions may open parts of it."""
        if not self._has_parts:
            return False
        if table >= len(self._grants) - 1 or table in self._parted:
            return True
        return any(offsets[table] != offsets[table + 1] for offsets in self._parts)


def _with_partition_rights(view: LakeView) -> frozenset[int]:
    rows = view.snapshot.mapped("table_properties")
    found = rows.filter(pc.equal(rows["key"], "PARTITION_LEVEL_PRIVILEGE"))
    return frozenset(found["table"].to_pylist())


def grants_before(change: Change, table: int | None) -> TableGrants | None:
    """What decided access to a table before; None where it was not there."""
    if table is None or change.after.lookup.is_new_table(table):
        return None
    return change.before.lookup.table_grants(table, change.before.mode.inherited_levels)


def grants_after(change: Change, table: int | None) -> TableGrants | None:
    """What decides access to a table after; None where it is gone."""
    if table is None or table in change.after.lookup.gone_tables:
        return None
    return change.after.lookup.table_grants(table, change.after.mode.inherited_levels)


def _column_shifts(
    change: Change, was: int | None, is_: int | None, of_table: Shifts
) -> Iterator[tuple[str, Shifts]]:
    """Shifts of reading single columns, less those that are the table's own."""
    mode = change.after.mode
    if not mode.has_parts:
        return
    old, new = grants_before(change, was), grants_after(change, is_)
    same = {(before, after): bits for right, before, after, bits in of_table if right == "select"}
    names = {
        name
        for each in (old, new)
        if each is not None
        for name in (*each.columns, *each.partition_keys)
    }
    for name in sorted(names, key=str.encode):
        shifts = []
        for before, after, bits in shifts_between(
            change,
            _on_column(mode, old, name, change.before.reach),
            _on_column(mode, new, name, change.after.reach),
        ):
            left = bits - same.get((before, after), FrozenBitMap())
            if left:
                shifts.append(("select", before, after, left))
        if shifts:
            yield name, tuple(shifts)


def _on_column(mode: Any, grants: TableGrants | None, name: str, reach: Any) -> PrincipalSet:
    if grants is None or name not in (*grants.columns, *grants.partition_keys):
        return NOBODY
    found: PrincipalSet = mode.on_column("select", grants, name, reach)
    return found


def shifts_between(change: Change, was: PrincipalSet, is_: PrincipalSet) -> Sequence[Shift]:
    """Who goes from which word to which other."""
    if was == is_:
        return ()
    denied = UNKNOWN if change.before.unread_grants else DENIED
    words: Mapping[str, tuple[FrozenBitMap, FrozenBitMap]] = {
        ALLOWED: (was.sure, is_.sure),
        UNKNOWN: (was.possible - was.sure, is_.possible - is_.sure),
    }
    found: list[Shift] = []
    for word, (old, _) in words.items():
        for other, (_, new) in words.items():
            if word != other and old & new:
                found.append((word, other, old & new))
        if word != denied and old - is_.possible:
            found.append((word, denied, old - is_.possible))
    for word, (_, new) in words.items():
        if word != denied and new - was.possible:
            found.append((denied, word, new - was.possible))
    return found
