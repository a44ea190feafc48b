"""Who goes from which answer to which other by a change, one object at a time."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pyroaring import FrozenBitMap

from app.core.change.applying import Change
from app.core.change.signatures import Signatures
from app.core.names import RIGHTS
from app.core.reach import NOBODY, PrincipalSet
from app.core.reasons import ALLOWED, DENIED, UNKNOWN
from app.core.rights.grant_rows import TableGrants

#: From more tables on, those that are open alike are looked at once.
FEW = 8

#: (before, after) and who goes from one to the other.
Shift = tuple[str, str, FrozenBitMap]
Shifts = tuple[tuple[str, str, str, FrozenBitMap], ...]  # right, before, after, people


def database_shifts(change: Change, was: int | None, is_: int | None) -> Shifts:
    """The shifts on a database, by its ordinals before and after; None: it is not there."""
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


def column_shifts(
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
