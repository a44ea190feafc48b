"""Plans for an incident: the smallest mend, the alternative that breaks nothing, containment.

`plan_mend` is computed when somebody asks. What can be removed are the grants that the
incident's cause names, an object at a time, and the memberships that carry the wrong people.
Up to EXACT_PIECES such pieces, every combination is simulated and the best is taken: what
loses no allowed access before what does, then fewer statements. Above that, the memberships
together and the grants together are compared, and the plan says how near that is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from app.core.causes import attribution as said
from app.core.incidents import FoundIncident, Plan, Simulation
from app.core.plans.actors import Actors
from app.core.plans.containing import containment
from app.core.plans.desk import PlanDesk
from app.core.plans.giving_back import MendToChange, given_back
from app.core.plans.other_causes import plan_for_mode, plan_for_owner, plan_for_principal
from app.core.plans.pieces import Piece, PieceMaker, joined, together
from app.core.plans.removable import grant_pieces, membership_pieces
from app.core.plans.simulating import Scope, simulate

#: Up to so many pieces, every combination of them is tried.
EXACT_PIECES = 7

#: At most so many reasons are named beside a plan that nobody can run whole.
NAMED_REASONS = 3

MEND = "mend"


def scope_of(rows: Iterable[Mapping[str, Any]]) -> Scope:
    """The scope of an incident from its exposures' rows (core.exposures.SCHEMA).

    Rows without a table's ordinal, which a gap hides in this run, are left out.
    """
    tables: dict[int, set[str]] = {}
    holders, lake = list[str](), False
    for row in rows:
        if row["scope"] == "principal":
            holders.append(row["object"])
        elif row["scope"] == "lake":
            lake = True
        elif row["table_ordinal"] is not None:
            tables.setdefault(row["table_ordinal"], set()).add(row["right"])
    return Scope(
        {table: frozenset(rights) for table, rights in sorted(tables.items())},
        tuple(sorted(holders)),
        lake,
    )


def plan_mend(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, *, contain: bool = True
) -> tuple[Plan, ...]:
    """The plans for one incident: first the mend, then an alternative, then containment.

    contain: whether containment is wanted too.
    A plan without statements says in `cannot` why nobody can run any. Every other one is
    simulated.
    """
    actors = desk.actors
    maker = PieceMaker(desk.view.lookup, actors)
    kind = incident.cause.kind
    if kind == said.MODE:
        return plan_for_mode(desk, incident, scope, maker, actors)
    if kind == said.OWNER:
        return plan_for_owner(desk, incident, scope, actors)
    if kind == said.PRINCIPAL:
        return plan_for_principal(desk, incident, scope, maker)
    return _removal(desk, incident, scope, maker, actors, contain)


def _removal(
    desk: PlanDesk,
    incident: FoundIncident,
    scope: Scope,
    maker: PieceMaker,
    actors: Actors,
    contain: bool,
) -> tuple[Plan, ...]:
    first = _named_pieces(desk, incident, scope, maker)
    single = _single(desk, incident, scope, first)
    if single is not None:
        return (single.plan, *(containment(desk, incident, scope, maker) if contain else ()))
    second = _other_way(desk, incident, scope, maker)
    possible = [piece for piece in (*first, *second) if not piece.cannot]
    cannot = [piece.cannot for piece in first if piece.cannot]
    best: MendToChange | None
    if len(possible) <= EXACT_PIECES:
        best = _best_of_all(desk, incident, scope, possible)
    else:
        best = _better_of_two(desk, incident, scope, first, second)
    contained = containment(desk, incident, scope, maker) if contain else ()
    if best is None:
        return (_partly(desk, incident, scope, first, cannot), *contained)
    alternative = given_back(desk, incident, scope, best, actors)
    return (best.plan, *alternative, *contained)


def _named_pieces(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker
) -> list[Piece]:
    """The pieces that the cause names."""
    cause = incident.cause
    if cause.kind == said.MEMBERSHIP:
        edge = said.edge_of(cause)
        return [maker.memberships(edge[1][1], (edge,))]
    return grant_pieces(desk, scope, said.subject_named(cause.subject), maker)


def _other_way(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, maker: PieceMaker
) -> list[Piece]:
    """The other way to close the same: memberships in place of grants."""
    subject = said.subject_named(incident.cause.subject)
    if incident.cause.kind != said.GRANTS or subject[0] != "ROLE":
        return []
    return membership_pieces(desk, scope, subject[1], maker)


def _single(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, pieces: Sequence[Piece]
) -> MendToChange | None:
    """One statement that closes, breaks nothing and opens nothing: none can be better."""
    if len(pieces) != 1 or pieces[0].cost != 1:
        return None
    found = simulate(desk, incident, scope, joined(pieces))
    if not found.closes_all or found.allowed_lost or found.opened:
        return None
    return MendToChange(_plan(pieces, found), joined(pieces))


def _best_of_all(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, pieces: Sequence[Piece]
) -> MendToChange | None:
    """The best of all combinations: it closes, loses least, opens nothing, says least."""
    best: tuple[tuple[int, int, int], tuple[Piece, ...], Simulation] | None = None
    for count in range(1, len(pieces) + 1):
        for chosen in combinations(pieces, count):
            cost = sum(piece.cost for piece in together(chosen))
            if best is not None and best[0][:2] == (0, 0) and cost >= best[0][2]:
                continue
            found = simulate(desk, incident, scope, joined(chosen))
            rank = (found.opened, found.allowed_lost, cost)
            if found.closes_all and (best is None or rank < best[0]):
                best = (rank, chosen, found)
    if best is None:
        return None
    return MendToChange(_plan(best[1], best[2]), joined(best[1]))


def _plan(chosen: Sequence[Piece], simulation: Simulation) -> Plan:
    pieces = together(chosen)
    return Plan(
        kind=MEND,
        statements=tuple(each for piece in pieces for each in piece.statements),
        undo=tuple(each for piece in reversed(pieces) for each in piece.undo),
        simulation=simulation,
    )


def _better_of_two(
    desk: PlanDesk,
    incident: FoundIncident,
    scope: Scope,
    first: Sequence[Piece],
    second: Sequence[Piece],
) -> MendToChange | None:
    """Many pieces: what the cause names, or the other way, whichever is better."""
    ranked = []
    for place, pieces in enumerate((first, second)):
        doable = [piece for piece in pieces if not piece.cannot]
        if not doable:
            continue
        found = simulate(desk, incident, scope, joined(doable))
        doable = list(together(doable))
        cost = sum(piece.cost for piece in doable)
        rank = (not found.closes_all, found.opened, found.allowed_lost, cost, place)
        ranked.append((rank, doable, found))
    if not ranked:
        return None
    rank, doable, found = min(ranked, key=lambda each: each[0])
    plan = _plan(doable, found)
    failed = [piece.cannot for piece in first if piece.cannot]
    least = min(piece.cost for piece in doable)
    if found.closes_all and not found.allowed_lost and rank[3] == 1:
        return MendToChange(plan, joined(doable))
    bound = f"{rank[3]} statements; {least} at least are needed"
    said_plan = replace(
        plan,
        exact=False,
        bound=bound,
        cannot="" if found.closes_all else worded(incident, failed),
    )
    return MendToChange(said_plan, joined(doable))


def _partly(
    desk: PlanDesk,
    incident: FoundIncident,
    scope: Scope,
    pieces: Sequence[Piece],
    cannot: Sequence[str],
) -> Plan:
    """What can be done of a mend that nobody can run whole, and why not the rest."""
    doable = [piece for piece in pieces if not piece.cannot]
    words = worded(incident, cannot)
    if not doable:
        return Plan(kind=MEND, statements=(), cannot=words)
    found = simulate(desk, incident, scope, joined(doable))
    return replace(_plan(doable, found), exact=False, bound="not the whole", cannot=words)


def worded(incident: FoundIncident, why: Sequence[str]) -> str:
    """Why it cannot be closed by statements, and the way round."""
    named = list(dict.fromkeys(why)) or ["what is left is not named by any statement"]
    more = f" and {len(named) - NAMED_REASONS} more" if len(named) > NAMED_REASONS else ""
    reasons = "; ".join(named[:NAMED_REASONS]) + more
    kind, _, name = incident.cause.subject.partition(":")
    if kind == "role" and name not in ("public", "admin"):
        way = f"revoke memberships of {name}, or drop the role and make it anew with what is right"
    else:
        way = "copy the data into a new table, with the grants it should have, and drop the old one"
    return f"{reasons}. Way round: {way}"
