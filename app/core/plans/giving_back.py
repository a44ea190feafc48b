"""The alternative to a mend that breaks allowed access: narrower grants first, then the mend."""

from collections import defaultdict
from dataclasses import dataclass

from pyroaring import BitMap, FrozenBitMap

from app.core.incidents import FoundIncident, MendStatement, Plan
from app.core.memberships import Subject
from app.core.plans import hiveql
from app.core.plans.actors import ADMIN_ROLE, ADMIN_WORDS, ANYONE_AT_ALL, Actors
from app.core.plans.change import LakeChange, NewGrant
from app.core.plans.desk import PlanDesk
from app.core.plans.simulating import Scope, losses, simulate
from app.core.reach import PUBLIC

#: A mend that would have to be given back on more tables has no alternative written out.
MOST_TABLES = 200

#: The privileges that give a right back on a table, by mode.
_GIVES = {
    "sql-standard": {
        "select": ("SELECT",),
        "insert": ("INSERT",),
        "delete": ("SELECT", "DELETE"),
        "update": ("SELECT", "INSERT", "DELETE"),
    },
    "legacy": {
        "select": ("SELECT",),
        "insert": ("UPDATE", "CREATE"),
        "update": ("UPDATE", "CREATE", "SELECT"),
        "delete": ("UPDATE", "CREATE", "SELECT"),
        "alter": ("ALTER",),
        "index": ("INDEX",),
    },
}


@dataclass(frozen=True, slots=True)
class MendToChange:
    """A mend together with what it changes."""

    plan: Plan
    change: LakeChange


def given_back(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, mend: MendToChange, actors: Actors
) -> tuple[Plan, ...]:
    """The alternative, where the mend loses allowed access and grants can keep it."""
    simulation = mend.plan.simulation
    if simulation is None or not simulation.allowed_lost or not mend.plan.statements:
        return ()
    who = (ADMIN_ROLE, ADMIN_WORDS) if actors.guarded else (ANYONE_AT_ALL, "")
    if actors.guarded and not actors.administrators():
        return ()
    lost = losses(desk, scope, mend.change)
    if len({table for loss in lost for table in loss.tables}) > MOST_TABLES:
        return ()
    gives = _GIVES.get(desk.view.mode.name, {})
    wanted: dict[tuple[int, str], BitMap] = defaultdict(BitMap)
    for loss in lost:
        for privilege in gives.get(loss.right, ()):
            for table in loss.tables:
                wanted[table, privilege] |= loss.people
    new, statements = list[NewGrant](), list[MendStatement]()
    for (table, privilege), people in sorted(wanted.items()):
        name = desk.view.lookup.table_name(table)
        if hiveql.cannot_name(name):
            continue
        to = _narrowly(desk, table, privilege, FrozenBitMap(people), gives)
        new += [NewGrant(table, *subject, privilege) for subject in to]
        sql = hiveql.grant((privilege,), hiveql.on_object(name), to)
        statements.append(
            MendStatement(sql, who[0], "keeps what policy allows; first, so nobody waits", who[1])
        )
    if not new:
        return ()
    change = LakeChange(
        rows=mend.change.rows,
        optionless=mend.change.optionless,
        granted=(*mend.change.granted, *new),
        cut=mend.change.cut,
        joined=mend.change.joined,
        owners=mend.change.owners,
    )
    after = simulate(desk, incident, scope, change)
    if after.allowed_lost >= simulation.allowed_lost or not after.closes_all:
        return ()
    plan = Plan(
        kind="alternative",
        statements=(*statements, *mend.plan.statements),
        undo=mend.plan.undo,
        simulation=after,
        exact=False,
        bound="grants first, then the mend",
    )
    return (plan,)


def _narrowly(
    desk: PlanDesk,
    table: int,
    privilege: str,
    people: FrozenBitMap,
    gives: dict[str, tuple[str, ...]],
) -> list[Subject]:
    """Roles whose members all may have it, as far as they go, then single users."""
    decided, population = desk.decided(table), desk.view.reach.population
    rights = [right for right, needs in gives.items() if privilege in needs]
    allowed = BitMap(population.everybody)
    for right in rights:
        if right in decided.reached:
            allowed &= desk.now.tables.permitted(desk.classes(table).all, right)
    left, to = BitMap(people), list[Subject]()
    roles = {
        name: members
        for name, members in population.roles.items()
        if name == name.lower() and name not in (PUBLIC, ADMIN_ROLE) and members
        if members.issubset(allowed) and len(members & people) > 1
    }
    while roles:
        name = max(sorted(roles), key=lambda each: len(roles[each] & left))
        if len(roles[name] & left) < 2:
            break
        to.append(("ROLE", name))
        left -= roles.pop(name)
    users = population.users
    return [*to, *(("USER", users[bit - 1]) for bit in left if 0 < bit <= len(users))]
