"""Whose access a change may have altered: found from what it wrote, never by trying all."""

from array import array
from collections.abc import Collection, Iterable, Sequence

import pyarrow as pa

from app.core import compute as pc
from app.core.change.causes import Cause
from app.core.change.lookup import ChangedLookup
from app.core.change.reach import ClosedAgain
from app.core.change.view import ChangedView
from app.core.facts import GRANT_LEVELS
from app.core.frozen import frozen
from app.core.lake_view import LakeView

_DATABASE = GRANT_LEVELS.index("database")


@frozen(slots=False)
class Touched:
    """Ordinals of tables and databases, sorted, and the roles whose holders are others.

    written: the tables and databases whose own rows, owner or description are others.
    """

    tables: Sequence[int]
    databases: Sequence[int]
    written: frozenset[int]
    roles: frozenset[str]


def find_touched(before: LakeView, after: ChangedView, causes: Collection[Cause]) -> Touched:
    """What may be open to others after a change than before it."""
    lookup = after.lookup
    written = frozenset(lookup.tables)
    tables, databases = set(written), set(lookup.databases)
    roles = _changed_roles(before, after) | lookup.gone_roles
    by_memberships = bool(lookup.members or lookup.gone_roles)
    if by_memberships and before.reach.broken != after.reach.broken:
        tables.update(range(lookup.rows("tables").count))
        databases.update(range(lookup.rows("databases").count))
    elif roles:
        _add_granted(lookup, roles, tables, databases)
        _add_owned(lookup, roles, databases)
    inherited = before.mode.inherited_levels
    if (
        "global" in inherited
        and any(each.row is not None and each.row.level == "global" for each in causes)
    ) or ("global" in inherited and _globals_name(lookup, roles)):
        tables.update(range(lookup.rows("tables").count))
        databases.update(range(lookup.rows("databases").count))
    if "database" in inherited:
        for database in tuple(databases):
            tables.update(lookup.tables_in(database))
    return Touched(
        array("i", sorted(tables)), array("i", sorted(databases)), written, frozenset(roles)
    )


def _changed_roles(before: LakeView, after: ChangedView) -> set[str]:
    """The roles whose sets are not those of before."""
    if not after.lookup.members:
        return set()
    new, old = after.reach, before.reach
    if not isinstance(new, ClosedAgain):
        return set()
    return {
        name
        for name in new.closed_again
        if new.population.roles.get(name) != old.population.roles.get(name)
        or new.sure_roles.get(name) != old.sure_roles.get(name)
    }


def _globals_name(lookup: ChangedLookup, roles: Collection[str]) -> bool:
    return any(
        row.principal_type == "ROLE" and row.principal in roles
        for row in lookup._plain._global_grants()
    )


def _add_granted(
    lookup: ChangedLookup, roles: Collection[str], tables: set[int], databases: set[int]
) -> None:
    """The objects of the snapshot that grants to some roles are on."""
    rules = lookup.snapshot.mapped("rules")
    of_roles = pc.and_(
        pc.fill_null(pc.equal(rules["principal_type"], "ROLE"), False),
        pc.is_in(rules["principal"], value_set=pa.array(sorted(roles), pa.string())),
    )
    numbers = pc.indices_nonzero(of_roles).cast(pa.int32())
    if not len(numbers):
        return
    grants = lookup.snapshot.mapped("grants")
    found = grants.select(["level", "object"]).filter(pc.is_in(grants["rule"], value_set=numbers))
    on_database = pc.equal(found["level"], _DATABASE)
    databases.update(_whole(found["object"].filter(on_database)))
    tables.update(_whole(found["object"].filter(pc.invert(on_database))))


def _whole(column: pa.ChunkedArray) -> Iterable[int]:
    numbers: list[int] = pc.unique(column.drop_null()).to_pylist()
    return numbers


def _add_owned(lookup: ChangedLookup, roles: Collection[str], databases: set[int]) -> None:
    rows = lookup.snapshot.mapped("databases")
    owned = pc.and_(
        pc.fill_null(pc.equal(rows["owner_type"], "ROLE"), False),
        pc.is_in(rows["owner"], value_set=pa.array(sorted(roles), pa.string())),
    )
    databases.update(pc.indices_nonzero(owned).to_pylist())


def tables_granted(lookup: ChangedLookup, role: str) -> list[int]:
    """The tables that a role has grants on after the change, sorted."""
    tables: set[int] = set()
    _add_granted(lookup, (role,), tables, set())
    tables.update(
        row_table
        for row_table, table in lookup.tables.items()
        if any((row.principal_type, row.principal) == ("ROLE", role) for row in table.grants)
    )
    return sorted(tables - lookup.gone_tables)
