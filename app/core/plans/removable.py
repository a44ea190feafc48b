"""What could be removed for an incident: grants object by object, memberships one by one."""

import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.memberships import Subject
from app.core.plans.change import Edge
from app.core.plans.desk import PlanDesk
from app.core.plans.pieces import Piece, PieceMaker, PlacedRow
from app.core.plans.simulating import Scope
from app.core.reach import PUBLIC
from app.core.rights.grant_rows import GrantRow
from app.core.rights.mode import Meaning

#: Above so many direct members that are wrong, memberships are no way to close anything.
MOST_MEMBERS = 500


def grant_pieces(desk: PlanDesk, scope: Scope, subject: Subject, maker: PieceMaker) -> list[Piece]:
    """The grants to one principal that give it the scope's rights, a piece for each object.

    Where only passing on is wrong, only the grant option goes.
    """
    rows: dict[int, PlacedRow] = {}
    kept: set[int] = set()
    lookup = desk.view.lookup
    for table, rights in scope.tables.items():
        grants = desk.grants(table, evidence=True).grants
        held = [row for row in grants if (row.principal_type, row.principal) == subject]
        for row in _with_the_same(desk, held, rights):
            gives = meaning_of(desk, row).gives
            if row.level in ("global", "database"):
                in_database = lookup.rows("tables").value("database", table)
                placed = PlacedRow(row, database=in_database if row.level == "database" else None)
            else:
                placed = PlacedRow(row, table=table)
            rows[row.row] = placed
            # Where a row gives nothing but passing on, the whole of it may go.
            alone = sum(_place(each) == _place(row) for each in held) == 1
            if gives & rights != {"delegate"} or gives == {"delegate"} or not alone:
                kept.add(row.row)
    options_only = frozenset(rows.keys() - kept)
    return maker.grants([rows[number] for number in sorted(rows)], options_only=options_only)


def _with_the_same(desk: PlanDesk, held: list[GrantRow], rights: frozenset[str]) -> list[GrantRow]:
    """The rows that give one of the rights, and those that say the same beside them.

    A REVOKE takes the first row with its privilege, so they can only go together.
    """
    wanted = {_place(row) for row in held if meaning_of(desk, row).gives & rights}
    return [row for row in held if _place(row) in wanted]


def _place(row: GrantRow) -> tuple[str | None, ...]:
    return row.level, row.column, row.partition, row.privilege


def meaning_of(desk: PlanDesk, row: GrantRow) -> Meaning:
    """What a grant does in the lake's mode."""
    return desk.view.mode.meaning(
        row.level,
        row.principal_type,
        row.principal,
        row.privilege,
        row.grant_option,
        row.authorizer,
    )


def membership_pieces(desk: PlanDesk, scope: Scope, role: str, maker: PieceMaker) -> list[Piece]:
    """The memberships of a role that carry wrong people, a piece for each member."""
    if role == PUBLIC:
        return []
    edges = wrong_members(desk, role, wrong_people(desk, scope))
    if len(edges) > MOST_MEMBERS:
        return []
    return [maker.memberships(role, (edge,)) for edge in edges]


def wrong_people(desk: PlanDesk, scope: Scope) -> FrozenBitMap:
    """Everybody who gets something of the scope wrongly; all who get it, where all are too many."""
    found = BitMap()
    for table, rights in scope.tables.items():
        decided = desk.decided(table)
        for right in rights:
            found |= decided.wrong(right) or decided.reached.get(right, FrozenBitMap())
    return FrozenBitMap(found)


def wrong_members(desk: PlanDesk, role: str, wrong: FrozenBitMap) -> list[Edge]:
    """The direct members of a role behind whom some of the wrong people stand, sorted."""
    rows = desk.view.snapshot.mapped("role_members")
    rows = rows.filter(pc.fill_null(pc.equal(rows["role"], role), False))
    reach = desk.view.reach
    found = set()
    for kind, member, of, option in zip(
        *(rows[name].to_pylist() for name in ("member_type", "member", "role", "admin_option")),
        strict=True,
    ):
        if of != role or option is None or kind not in ("USER", "ROLE", "GROUP"):
            continue
        behind = (
            reach.population.everybody
            if (kind, member) == ("ROLE", PUBLIC)
            else reach.before_roles(kind, member).possible
        )
        if behind & wrong:
            found.add(((kind, member), ("ROLE", role)))
    return sorted(found)
