"""The plans that an audit makes before it reports: of its gravest few incidents.

An audit must not wait long for them, so what they may cost is bounded by sizes, which are
the same on every machine: a clock would make two audits of one lake differ. What is not made
says why, and so does what broke off: a report without its mend is late help, no report is none.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path

from app.core.causes import attribution as said
from app.core.exposures import Verdict
from app.core.first_mends import FirstPlan
from app.core.incidents import FoundIncident, Plan
from app.core.lake_view import LakeView
from app.core.plans.desk import PlanDesk
from app.core.plans.drafting import Drafting
from app.core.plans.mending import plan_mend
from app.core.plans.simulating import Scope
from app.core.verdicts import Policies
from app.lake.recorded_scopes import RecordedScopes, RecordedVerdicts

#: Of a lake with more grants only the first incident is planned: one costs about two seconds of
#: CPU time on ten million grants.
MOST_GRANTS = 2_000_000

#: An incident that is no membership is planned table by table: of so many exposures at most.
MOST_BY_TABLE = 1_000

#: With so many exposures at most an alternative is looked for: it judges whole tables, often.
MOST_FOR_ALTERNATIVE = 200

_LOG = logging.getLogger(__name__)


def first_plans(
    view: LakeView, policies: Policies, folder: Path, incidents: Sequence[FoundIncident]
) -> Mapping[str, FirstPlan]:
    """Incident → what came of planning it, in the order of their weight.

    view: what the run judged. folder: its results, their posture not yet written.
    """
    if not incidents:
        return {}
    try:
        planner = _Planner(view, policies, folder, incidents)
    except Exception as problem:  # noqa: BLE001  # see above
        return {each.key: _broke_off(each, problem) for each in incidents}
    large = view.snapshot.manifest["tables"]["grants"]["rows"] > MOST_GRANTS
    found = {incidents[0].key: planner.plan(incidents[0])}
    for each in incidents[1:]:
        found[each.key] = _too_large() if large else planner.plan(each)
    return found


class _Planner:
    def __init__(
        self,
        view: LakeView,
        policies: Policies,
        folder: Path,
        incidents: Sequence[FoundIncident],
    ) -> None:
        recorded = RecordedScopes(folder)
        self._desk = PlanDesk(view, policies.classification, policies.severity)
        self._scopes = recorded.of([each.key for each in incidents])
        if not view.mode.has_parts:
            tables = {table for scope in self._scopes.values() for table in scope.tables}
            self._desk.know_classes(recorded.whole_classes(tables))
        self._drafting = Drafting(self._desk, _read_late(recorded.verdicts))

    def plan(self, incident: FoundIncident) -> FirstPlan:
        try:
            return self._plan(incident)
        except Exception as problem:  # noqa: BLE001  # the others may go well
            return _broke_off(incident, problem)

    def _plan(self, incident: FoundIncident) -> FirstPlan:
        scope = self._scopes.get(incident.key)
        if scope is None or not scope.exposures:
            return FirstPlan(why_not="none of its exposures could be seen in this run")
        if incident.cause.kind != said.MEMBERSHIP and scope.exposures > MOST_BY_TABLE:
            return FirstPlan(
                why_not=f"its {scope.exposures:,} exposures are planned table by table, and an "
                f"audit does that for {MOST_BY_TABLE:,} at most"
            )
        mend = self._drafted(incident, scope)
        if mend is None:
            return FirstPlan(why_not="it is planned when somebody asks")
        lost = mend.simulation is not None and mend.simulation.allowed_lost
        if not lost or scope.exposures > MOST_FOR_ALTERNATIVE:
            return FirstPlan(mend)
        return self._with_alternative(incident, scope)

    def _drafted(self, incident: FoundIncident, scope: Scope) -> Plan | None:
        for draft in self._drafting.draft([incident], {incident.key: scope}):
            return draft.plan
        return None

    def _with_alternative(self, incident: FoundIncident, scope: Scope) -> FirstPlan:
        """Both as `incidents plan` shows them: an alternative is one to its own mend."""
        mend, *others = plan_mend(self._desk, incident, scope, contain=False)
        return FirstPlan(mend, next(iter(others), None))


def _read_late(read: Callable[[], RecordedVerdicts]) -> Callable[[int], Mapping[str, Verdict]]:
    """Verdicts that are read when a plan first asks: those by memberships never do."""
    verdicts = cache(read)
    return lambda table: verdicts()(table)


def _too_large() -> FirstPlan:
    return FirstPlan(
        why_not=f"of a lake with more than {MOST_GRANTS:,} grants an audit plans the first only"
    )


def _broke_off(incident: FoundIncident, problem: Exception) -> FirstPlan:
    _LOG.error("the mend of incident %s broke off", incident.key, exc_info=problem)
    return FirstPlan(why_not=f"making it broke off ({type(problem).__name__}: see the log)")
