"""Finding the incidents of a run: its exposures gathered by their causes."""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from app.core.assessment import Assessment
from app.core.causes import attribution as said
from app.core.causes import incident_rows
from app.core.causes.assembling import NOTHING_EARLIER, EarlierIncidents, IncidentsFound
from app.core.causes.attribution import Attribution
from app.core.causes.newcomers import find_newcomers, new_exposures
from app.core.causes.openers import Opener, VerdictGrants, openers_of, over_contract
from app.core.causes.removal import RemovalChoice
from app.core.causes.role_graph import RoleGraph
from app.core.classes import Classification
from app.core.engine import Engine
from app.core.exposures import (
    AUTHORIZATION_OFF,
    CAN_MAKE_THEMSELVES,
    KINDS,
    SETTING_KINDS,
)
from app.core.incidents import Cause, FoundIncident, incident_key
from app.core.lookup import Lookup
from app.core.memberships import Memberships, Subject
from app.core.reach import PopulationReach
from app.core.rights.mode import AuthorizationMode


def find_causes(
    engine: Engine,
    lake: str,
    lookup: Lookup,
    mode: AuthorizationMode,
    reach: PopulationReach,
    memberships: Memberships,
    engine_groups: str | None,
    assessment: Assessment,
    classification: Classification,
    earlier: EarlierIncidents = NOTHING_EARLIER,
    earlier_pairs: pa.Table | None = None,
) -> tuple[list[FoundIncident], pa.Table]:
    """The incidents, the gravest first, and (exposure, incident) for every exposure.

    Call when the engine holds `exposures` compared with the run before. earlier, and
    earlier_pairs (incident_rows.PAIR_SCHEMA): what that run found; an incident keeps its
    cause while that still closes the same, and what a gap hides keeps its incident.
    """
    graph = RoleGraph(lookup, memberships, reach, mode, engine_groups)
    found = _attributed(engine, lookup, mode, reach, graph, assessment, earlier)
    keys = {cause: incident_key(lake, cause) for cause in found.found}
    others = _other_exposures(engine, lake, mode, keys)
    incident_rows.give_pairs(
        engine,
        [(v, keys[cause]) for cause, each in found.found.items() for v in each.wrong],
        others,
        earlier_pairs,
    )
    _place_the_rest(engine, lake, mode, keys)
    made = IncidentsFound(
        engine, lake, reach, graph, found, keys, classification, assessment.verdicts
    )
    if earlier_pairs is not None:
        subjects = reach.population.subject_table
        made.compare(find_newcomers(engine, assessment.verdicts, subjects), new_exposures(engine))
    return made.all(earlier), incident_rows.all_pairs(engine)


def _attributed(
    engine: Engine,
    lookup: Lookup,
    mode: AuthorizationMode,
    reach: PopulationReach,
    graph: RoleGraph,
    assessment: Assessment,
    earlier: EarlierIncidents,
) -> Attribution:
    groups = engine.query('SELECT "group", representative FROM signature_groups ORDER BY "group"')
    grants = VerdictGrants(lookup, mode, reach, assessment, groups["representative"].to_pylist())
    openers, nobody_wrong = openers_of(assessment, reach)
    too_many = over_contract(assessment, reach, grants)
    removed = _choice(engine, lookup, graph, grants, openers, earlier).choose()
    found = Attribution(assessment, reach, mode.name)
    found.by_grants(openers, removed, graph)
    found.by_contract(too_many)
    found.unexplained((each for each in nobody_wrong if each not in too_many), grants)
    return found


def _choice(
    engine: Engine,
    lookup: Lookup,
    graph: RoleGraph,
    grants: VerdictGrants,
    openers: Mapping[Subject, Opener],
    earlier: EarlierIncidents,
) -> RemovalChoice:
    roles = [name for kind, name in openers if kind == "ROLE"]
    wider = sorted({above for name in roles for above in graph.above(name)})
    total = incident_rows.tables_of_roles(engine, lookup.snapshot, wider) if wider else {}
    opened = {name: openers["ROLE", name].tables for name in roles}
    causes = earlier.causes()
    choice = RemovalChoice(
        graph,
        grants,
        openers,
        {name: max(0, count - opened.get(name, 0)) for name, count in total.items()},
        frozenset(said.edge_of(cause) for cause in causes if cause.kind == said.MEMBERSHIP),
        frozenset(
            said.subject_named(cause.subject) for cause in causes if cause.kind == said.GRANTS
        ),
    )
    graph.prepare(choice.plausible())
    return choice


def _other_exposures(
    engine: Engine, lake: str, mode: AuthorizationMode, keys: dict[Cause, str]
) -> list[tuple[str, str]]:
    """Exposures of principals and of the lake; their causes are added to `keys`."""
    rows = engine.query(
        "SELECT id, scope, object, kind FROM exposures WHERE scope <> 'table' "
        "AND status <> 'unknown' ORDER BY id"
    )
    pairs = []
    for row in rows.to_pylist():
        cause = _cause_of_row(row, mode)
        pairs.append((row["id"], keys.setdefault(cause, incident_key(lake, cause))))
    return pairs


def _cause_of_row(row: Mapping[str, Any], mode: AuthorizationMode) -> Cause:
    if row["kind"] == AUTHORIZATION_OFF:
        return said.off_cause()
    if row["kind"] == CAN_MAKE_THEMSELVES:
        return said.mode_cause(mode.name, said.SELF_SERVICE, mode.self_service)
    if row["kind"] in SETTING_KINDS:
        return said.mode_cause(mode.name, row["kind"], KINDS[row["kind"]])
    if row["scope"] == "principal":
        return said.principal_cause(row["object"])
    openings = row.get("openings") or ()
    if openings:
        return said.grants_cause(said.subject_named(openings[0]))
    return said.mode_cause(mode.name, said.UNCHECKED, f"{mode.name} does not check it")


def _place_the_rest(
    engine: Engine, lake: str, mode: AuthorizationMode, keys: dict[Cause, str]
) -> None:
    """Exposures hidden by a gap, of an earlier run that knew no incidents."""
    pairs = []
    for row in incident_rows.unplaced(engine):
        cause = _cause_of_row(row, mode)
        pairs.append((row["id"], keys.setdefault(cause, incident_key(lake, cause))))
    if pairs:
        incident_rows.add_pairs(engine, pairs)
