"""Finding the incidents of a run: its exposures gathered by their causes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

import pyarrow as pa
from pyroaring import FrozenBitMap

from app.core.assessment import Assessment
from app.core.causes import attribution as said
from app.core.causes import incident_rows
from app.core.causes.attribution import Attributed, Attribution
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
    Verdict,
)
from app.core.incidents import Cause, FoundIncident, incident_key
from app.core.lookup import Lookup
from app.core.memberships import Memberships, Subject
from app.core.openings import describe_edge
from app.core.reach import PopulationReach
from app.core.rights.mode import AuthorizationMode

#: At most so many recorded rows and grantors are named beside one incident.
NAMED_ROWS = 5

#: From so many on, no further incidents are named that share exposures with one.
ALSO_NAMED = 20


class EarlierIncidents(Protocol):
    """What the run before found: thousands, of which a run asks for few."""

    def causes(self) -> Sequence[Cause]:
        """The causes of all of them."""
        ...

    def incident(self, key: str) -> FoundIncident | None:
        """The one of a key."""
        ...


class _NothingEarlier:
    def causes(self) -> Sequence[Cause]:
        return ()

    def incident(self, key: str) -> FoundIncident | None:
        return None


NOTHING_EARLIER: EarlierIncidents = _NothingEarlier()


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
    made = _Incidents(engine, lake, reach, graph, found, keys, classification, assessment.verdicts)
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


class _Incidents:
    """Puts each incident together from its cause and its exposures' numbers."""

    def __init__(
        self,
        engine: Engine,
        lake: str,
        reach: PopulationReach,
        graph: RoleGraph,
        found: Attribution,
        keys: Mapping[Cause, str],
        classification: Classification,
        verdicts: Sequence[Verdict],
    ) -> None:
        self._lake = lake
        self._reach = reach
        self._graph = graph
        self._found = found.found
        self._causes = {key: cause for cause, key in keys.items()}
        self._also = _also_through(found, keys, verdicts)
        self._tell = {each.name: each.notify for each in classification.classes}
        self._totals = incident_rows.totals(engine)
        self._grants = incident_rows.opening_grants(engine)

    def all(self, earlier: EarlierIncidents) -> list[FoundIncident]:
        """Every incident, the gravest and widest first."""
        made = [self._one(key, row, earlier) for key, row in self._totals.items()]
        return sorted(made, key=lambda each: (each.severity, -each.exposures, each.key))

    def _one(self, key: str, row: Mapping[str, Any], earlier: EarlierIncidents) -> FoundIncident:
        hidden = bool(row["shadowed"])
        cause = self._causes.get(key)
        if hidden or cause is None:
            before = earlier.incident(key)
            if hidden and before is not None:
                return _as_before(before, row)
            cause = cause or (before.cause if before else None)
        assert cause is not None  # a pair comes from a cause of this run or of the one before
        each = self._found.get(cause) or Attributed(cause)
        wrong = each.people()
        counted = self._counts(wrong) if each.wrong else row
        since, grantors, path, evidence = self._story(each, row)
        tell = dict.fromkeys(name for cls in row["classes"] for name in self._tell.get(cls, ()))
        return FoundIncident(
            key=key,
            lake=self._lake,
            cause=cause,
            severity=row["severity"],
            kinds=tuple(row["kinds"]),
            classes=tuple(row["classes"]),
            rights=tuple(row["rights"]),
            everyone=row["everyone"],
            exposures=row["exposures"],
            tables=row["tables"],
            people=counted["people"],
            services=counted["services"],
            inactive=counted["inactive"],
            unknown=counted["unknown"],
            opaque_groups=counted["opaque_groups"],
            sample=tuple(row["sample"]),
            since=since,
            grantors=grantors,
            path=path,
            evidence=evidence,
            also_through=tuple(sorted(self._also.get(key, ()))),
            owners_to_tell=tuple(tell),
            in_doubt=row["in_doubt"],
            shadowed=hidden,
        )

    def _counts(self, wrong: FrozenBitMap) -> dict[str, int]:
        count = self._reach.population.head_count(wrong)
        return {
            "people": count.people,
            "services": count.services,
            "inactive": count.inactive,
            "unknown": count.unknown,
            "opaque_groups": count.opaque_groups,
        }

    def _story(
        self, each: Attributed, row: Mapping[str, Any]
    ) -> tuple[int | None, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Since when, by whom, how in words, and the rows that say so."""
        grants = [
            self._grants[verdict, opener]
            for verdict in sorted(each.wrong)
            for opener in sorted(each.openers)
            if (verdict, opener) in self._grants
        ]
        opened = [f"grants to {opener}" for opener in sorted(each.openers)[:NAMED_ROWS]]
        sources = dict.fromkeys(grant["source"] for grant in grants)
        if each.cause.kind == said.MEMBERSHIP:
            rows = self._graph.rows(said.edge_of(each.cause))
            times = [edge.create_time for edge in rows if edge.create_time]
            by = dict.fromkeys(edge.grantor for edge in rows if edge.grantor)
            words = dict.fromkeys(describe_edge(edge) for edge in rows)
            evidence = (*(edge.source for edge in rows), *list(sources)[:NAMED_ROWS])
            return max(times, default=None), tuple(by), (*words, *opened), evidence
        newest = [grant["newest"] for grant in grants if grant["newest"]]
        by = dict.fromkeys(name for grant in grants for name in grant["grantors"] or () if name)
        since = max(newest, default=row["opened_at"])
        path = tuple(opened) or (each.cause.words,)
        return since, tuple(by), path, tuple(sources)[:NAMED_ROWS]


def _also_through(
    found: Attribution, keys: Mapping[Cause, str], verdicts: Sequence[Verdict]
) -> dict[str, set[str]]:
    """Incident → others that some exposure of it needs mended as well, the gravest first.

    At most some ALSO_NAMED of them; which exposures they share stands in the pairs.
    """
    together: dict[tuple[str, ...], str] = {}
    for number, causes in found.causes_of_verdicts().items():
        if len(causes) > 1:
            named = tuple(sorted(keys[cause] for cause in causes))
            together[named] = min(verdicts[number].severity, together.get(named, "z"))
    also: dict[str, set[str]] = defaultdict(set)
    for named in sorted(together, key=lambda each: (together[each], each)):
        for key in named:
            if len(also[key]) < ALSO_NAMED:
                also[key].update(named[: ALSO_NAMED + 1])
                also[key].discard(key)
    return also


def _as_before(before: FoundIncident, row: Mapping[str, Any]) -> FoundIncident:
    """An incident that a gap hides: as it was last seen."""
    return replace(before, shadowed=True, exposures=row["exposures"], tables=row["tables"])
