"""Plans for causes that are no grant and no membership: a mode, an owner, a principal."""

from app.core.causes import attribution as said
from app.core.incidents import FoundIncident, MendStatement, Plan
from app.core.plans import hiveql
from app.core.plans.actors import ADMIN_ROLE, ADMIN_WORDS, ANYONE_AT_ALL, Actors
from app.core.plans.change import LakeChange
from app.core.plans.desk import PlanDesk
from app.core.plans.pieces import Piece, PieceMaker, joined
from app.core.plans.placed import placed_rows
from app.core.plans.removable import wrong_members
from app.core.plans.simulating import Scope, edges_from, simulate
from app.core.reach import BROKEN

_OFF = (
    "no statement switches authorization on. Way round: set "
    "hive.security.authorization.enabled=true and an authorization manager in hive-site.xml"
)
_LEGACY = (
    "legacy authorization checks nobody who grants. Way round: SQL-standard authorization, "
    "or an authorizer in the metastore"
)
_UNCHECKED = (
    "the mode does not check this at all. Way round: another authorization mode; for rights on "
    "partitions, PARTITION_LEVEL_PRIVILEGE=FALSE on the table"
)


def plan_for_mode(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker, actors: Actors
) -> tuple[Plan, ...]:
    """What the mode opens: administrators can be fewer, the rest is a setting."""
    part = incident.cause.parts[1]
    if part == said.OFF:
        return (_cannot(_OFF),)
    if part == said.UNCHECKED:
        return (_cannot(_UNCHECKED),)
    if not actors.guarded:
        return (_cannot(_LEGACY),)
    return (_fewer_administrators(desk, incident, scope, maker, actors),)


def _fewer_administrators(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker, actors: Actors
) -> Plan:
    who = desk.view.mode.can_make_themselves(desk.view.reach).possible
    allowed = who
    for name in incident.classes:
        allowed &= desk.now.tables.permitted((name,), "select")
    edges = wrong_members(desk, ADMIN_ROLE, who - allowed)
    piece = maker.memberships(ADMIN_ROLE, edges)
    if piece.cannot or not edges:
        return _cannot(piece.cannot or "a role in another case than admin carries them")
    after = desk.world(piece.change).reach.principal("ROLE", ADMIN_ROLE).sure
    bit = desk.view.reach.population.bit
    staying = [name for name in actors.administrators() if bit(name) in after]
    simulation = simulate(desk, incident, scope, piece.change)
    if not staying:
        return _cannot(
            "everybody in admin is somebody whom policy does not allow all of it, and somebody "
            "must administer. Way round: say in policy.csv who may, and take the others out: "
            + hiveql.revoke_role(ADMIN_ROLE, [edge[0] for edge in edges])
        )
    return Plan("mend", piece.statements, piece.undo, simulation)


def plan_for_owner(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, actors: Actors
) -> tuple[Plan, ...]:
    """The tables get an owner whom policy allows it: the database's, or the first by name."""
    if actors.guarded and not actors.administrators():
        return (_cannot("nobody active holds the role admin, and only the owner could"),)
    owners: dict[int, str] = {}
    statements, undo, failed = list[MendStatement](), list[MendStatement](), list[str]()
    who = (ADMIN_ROLE, ADMIN_WORDS) if actors.guarded else (ANYONE_AT_ALL, "")
    for table, rights in scope.tables.items():
        name = desk.view.lookup.table_name(table)
        heir = _heir(desk, table, rights, actors)
        if not heir or hiveql.cannot_name(name):
            failed.append(hiveql.cannot_name(name) or f"policy allows nobody to own {name}")
            continue
        owners[table] = heir
        sql = hiveql.set_owner(name, heir)
        statements.append(MendStatement(sql, who[0], "policy allows the new owner", who[1]))
        old = incident.cause.subject.partition(":")
        if old[0] == "user":
            back = hiveql.set_owner(name, old[2])
            undo.append(MendStatement(back, who[0], "as it was", who[1]))
    if not statements:
        return (_cannot("; ".join(dict.fromkeys(failed)) + ". Way round: allow somebody it"),)
    simulation = simulate(desk, incident, scope, LakeChange(owners=owners))
    return (
        Plan(
            "mend",
            tuple(statements),
            tuple(undo),
            simulation,
            cannot="; ".join(dict.fromkeys(failed)),
        ),
    )


def _heir(desk: PlanDesk, table: int, rights: frozenset[str], actors: Actors) -> str:
    population = desk.view.reach.population
    allowed = population.active_people | population.active_services
    for right in rights:
        allowed = allowed & desk.now.tables.permitted(desk.classes(table).all, right)
    grants = desk.grants(table)
    owner = grants.database_owner
    if owner and population.bit(owner) in allowed and actors.present(owner):
        return owner
    return next((population.users[bit - 1] for bit in allowed if bit), "")


def plan_for_principal(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker
) -> tuple[Plan, ...]:
    """A leaver, or a name that nobody knows, loses all that it holds."""
    subject = said.subject_named(incident.cause.subject)
    pieces: list[Piece] = _memberships(desk, subject, maker) + maker.grants(
        placed_rows(desk, subject)
    )
    doable = [piece for piece in pieces if not piece.cannot]
    failed = list(dict.fromkeys(piece.cannot for piece in pieces if piece.cannot))
    words = "" if not failed else "; ".join(failed[:5]) + ". Way round: remove the rows by hand"
    if not doable:
        return (_cannot(words or "nothing recorded is held"),)
    simulation = simulate(desk, incident, scope, joined(doable))
    return (
        Plan(
            "mend",
            tuple(each for piece in doable for each in piece.statements),
            tuple(each for piece in reversed(doable) for each in piece.undo),
            simulation,
            cannot=words,
        ),
    )


def _memberships(desk: PlanDesk, subject: tuple[str, str], maker: PieceMaker) -> list[Piece]:
    found = []
    for edge in sorted(edges_from(desk, subject)):
        role = edge[1][1]
        if role == BROKEN:
            why = "a membership of a role that is gone, which no statement names"
            found.append(Piece(LakeChange(), (), cannot=why))
        else:
            found.append(maker.memberships(role, (edge,)))
    return found


def _cannot(why: str) -> Plan:
    return Plan("mend", (), cannot=why)
