"""Plans for incidents of a run: their exposures, the lake as the run judged it, the mends."""

from collections.abc import Callable, Sequence
from pathlib import Path

from app.core.engine import Engine
from app.core.errors import NotFoundError
from app.core.incidents import FoundIncident, Plan
from app.core.lake_view import LakeView
from app.core.plans.desk import PlanDesk
from app.core.plans.drafting import Drafting
from app.core.plans.mending import plan_mend, scope_of
from app.core.verdicts import Policies
from app.lake.recorded_incidents import RecordedIncidents, exposures_of
from app.lake.recorded_scopes import RecordedScopes
from app.lake.results import RunResults

_BATCH = 2_000


def incident_of_run(folder: Path, key: str) -> FoundIncident:
    """An incident as a run saw it. Raises NotFoundError where the run saw none of that key."""
    found = RecordedIncidents(folder).incident(key)
    if found is not None:
        return found
    raise NotFoundError(
        f"the run does not see incident {key}: there is nothing to mend",
        mend="See lakewarden incidents for those that are open",
    )


def incident_exposures(
    folder: Path, key: str, new_engine: Callable[[], Engine], limit: int | None = None
) -> list[dict[str, object]]:
    """The exposures of an incident in a run, as rows (exposures.SCHEMA), the gravest first."""
    ids = exposures_of(folder, key)
    results, rows = RunResults(folder), list[dict[str, object]]()
    for start in range(0, len(ids), _BATCH):
        wanted = ids[start : start + _BATCH]
        found, _ = results.select_exposures(
            new_engine, {"id": wanted}, name_part=None, people=None, limit=len(wanted)
        )
        rows += found
        if limit is not None and len(rows) >= limit:
            break
    rows.sort(key=lambda row: (str(row["severity"]), str(row["object"]), str(row["right"])))
    return rows if limit is None else rows[:limit]


def plans_of(
    view: LakeView,
    policies: Policies,
    folder: Path,
    key: str,
    new_engine: Callable[[], Engine],
) -> Sequence[Plan]:
    """What closes an incident, simulated: the mend, an alternative, containment.

    view: the snapshot that the run judged. Raises NotFoundError where the run does not see
    the incident.
    """
    found = incident_of_run(folder, key)
    desk = PlanDesk(view, policies.classification, policies.severity)
    scope = scope_of(incident_exposures(folder, key, new_engine))
    return plan_mend(desk, found, scope)


def draft_mends(
    view: LakeView,
    policies: Policies,
    folder: Path,
    incidents: Sequence[FoundIncident],
    *,
    known: Sequence[FoundIncident] = (),
) -> dict[str, Plan]:
    """The mend of many incidents of a run at once, simulated; undo is made with the others.

    What cannot be told by rows alone is planned one by one, so many at most, what differs
    from `known` first: incidents without a mend here have one when `plans_of` is asked.
    """
    recorded = RecordedScopes(folder)
    desk = PlanDesk(view, policies.classification, policies.severity)
    scopes, verdicts = recorded.of([each.key for each in incidents]), recorded.verdicts()
    if not view.mode.has_parts:
        desk.know_classes(verdicts.whole_classes())
    drafts = Drafting(desk, verdicts).draft(incidents, scopes, known)
    return {draft.key: draft.plan for draft in drafts if draft.plan is not None}
