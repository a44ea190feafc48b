"""Every access that a change gives or takes: in groups first, row by row when asked for.

A group is a set of people, a set of objects, a right, and the words before and after as
`can` says them. Objects that are gone, or are not there yet, are denied to everybody.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from pyroaring import FrozenBitMap

from app.core.change.applying import Change
from app.core.change.shifts import Shifts, TableShifts, column_shifts, database_shifts
from app.core.findings import Effect
from app.core.frozen import frozen
from app.core.lookup import Place
from app.core.names import RIGHTS, ObjectName
from app.core.population import ANYONE

#: Stands for whoever has a name that nothing mentions.
WHOEVER = "*"


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
            yield from _if_any(str(name), database_shifts(change, was, is_))
            continue
        found = shifts.of(was, is_)
        yield from _if_any(str(name), found)
        if was != is_ or was in change.touched.written or shifts.has_parts(was):
            for column, of_column in column_shifts(change, was, is_, found):
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
