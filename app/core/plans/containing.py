"""Containment: closes at once and can be undone, while somebody finds out what was meant."""

from app.core.causes import attribution as said
from app.core.incidents import FoundIncident, Plan
from app.core.plans.desk import PlanDesk
from app.core.plans.pieces import PieceMaker, joined
from app.core.plans.removable import grant_pieces, wrong_members, wrong_people
from app.core.plans.simulating import Scope, simulate
from app.core.reach import PUBLIC

CONTAINMENT = "containment"


def containment(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker
) -> tuple[Plan, ...]:
    """The wrong people leave the role in one statement; else the grants go. None: nobody can.

    Taking memberships back touches no table's grants, so one statement undoes it.
    """
    cause = incident.cause
    if cause.kind == said.MEMBERSHIP:
        edge = said.edge_of(cause)
        pieces = [maker.memberships(edge[1][1], (edge,))]
    else:
        subject = said.subject_named(cause.subject)
        pieces = []
        if subject[0] == "ROLE" and subject[1] != PUBLIC:
            edges = wrong_members(desk, subject[1], wrong_people(desk, scope))
            pieces = [maker.memberships(subject[1], edges)] if edges else []
        if not pieces or pieces[0].cannot:
            pieces = grant_pieces(desk, scope, subject, maker)
    doable = [piece for piece in pieces if not piece.cannot]
    if not doable:
        return ()
    plan = Plan(
        kind=CONTAINMENT,
        statements=tuple(each for piece in doable for each in piece.statements),
        undo=tuple(each for piece in reversed(doable) for each in piece.undo),
        simulation=simulate(desk, incident, scope, joined(doable)),
        exact=False,
        bound="made to be undone, not to be small",
    )
    return (plan,)
