"""Drafted mends: the same as those planned one by one, by unions of bitmaps alone."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from random import Random
from unittest.mock import patch

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.exposures import Verdict
from app.core.incidents import FoundIncident, Plan
from app.core.plans import drafting
from app.core.plans.desk import PlanDesk
from app.core.plans.drafting import Drafting
from app.core.plans.mending import plan_mend, scope_of
from app.core.plans.simulating import Scope
from app.core.verdicts import Policies
from app.incident_plans import draft_mends
from tests.core.causes.audited import Audited, audited, desk_of
from tests.core.plans.naive_execution import NaiveHive
from tests.core.plans.open_lakes import open_lakes
from tests.core.plans.test_mending import compare
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import policies_in, policy_lines

MODE = "sql-standard"
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
PLANS = 2


def scopes_of(run: Audited) -> dict[str, tuple[FoundIncident, Scope]]:
    exposures = run.exposures()
    return {
        key: (incident, scope_of(exposures[each] for each in run.exposures_of(key)))
        for key, incident in sorted(run.incidents().items())
    }


def quick_drafts(
    desk: PlanDesk, scopes: Mapping[str, tuple[FoundIncident, Scope]]
) -> dict[str, Plan]:
    """What is drafted without judging tables one by one."""

    def verdicts_of(table: int) -> Mapping[str, Verdict]:
        return desk.decided(table).verdicts

    with patch.object(drafting, "MOST_SINGLY", 0):
        made = Drafting(desk, verdicts_of).draft(
            [incident for incident, _ in scopes.values()],
            {key: scope for key, (_, scope) in scopes.items()},
        )
    return {each.key: each.plan for each in made if each.plan is not None}


def rank(plan: Plan) -> tuple[int, int, int]:
    assert plan.simulation is not None
    return plan.simulation.opened, plan.simulation.allowed_lost, len(plan.statements)


def check_drafts(lake: RandomLake, lines: str, chance: Random) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        run = audited(lake, policies, MODE, folder)
        desk, scopes = desk_of(run, policies, MODE), scopes_of(run)
        drafts = quick_drafts(desk, scopes)
        for key, draft in drafts.items():
            incident, scope = scopes[key]
            check_against(draft, plan_mend(desk, incident, scope, contain=False)[0])
        with patch.object(drafting, "MOST_SINGLY", 0):
            found = [incident for incident, _ in scopes.values()]
            assert draft_mends(desk.view, policies, run.folder, found) == drafts
        doable = sorted(key for key, draft in drafts.items() if draft.statements)
        for place, key in enumerate(chance.sample(doable, min(PLANS, len(doable)))):
            check_run(lake, policies, run, folder, f"after{place}", scopes[key][0], drafts[key])


def check_against(draft: Plan, alone: Plan) -> None:
    """The same statements do the same; what is called the smallest is."""
    assert draft.statements or draft.cannot
    if sorted(each.sql for each in draft.statements) == sorted(e.sql for e in alone.statements):
        assert draft.simulation == alone.simulation
        assert bool(draft.cannot) == bool(alone.cannot)
    if draft.exact and alone.exact and draft.simulation and alone.simulation:
        assert rank(draft) == rank(alone), (draft, alone)
    if draft.exact and draft.simulation:
        assert draft.simulation.closes_all


def check_run(
    lake: RandomLake,
    policies: Policies,
    run: Audited,
    folder: Path,
    after: str,
    incident: FoundIncident,
    draft: Plan,
) -> None:
    hive = NaiveHive(lake, MODE)
    for statement in draft.statements:
        hive.run(statement)
    compare(run, incident, draft, audited(hive.lake, policies, MODE, folder, after))


@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(open_lakes(MODE), policy_lines(), st.randoms(use_true_random=False))
def test_a_draft_is_what_is_planned_alone(lake: RandomLake, lines: str, chance: Random) -> None:
    check_drafts(lake, lines, chance)


@settings(max_examples=10, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(lakes(), policy_lines(), st.randoms(use_true_random=False))
def test_drafts_for_damaged_lakes_hold_too(lake: RandomLake, lines: str, chance: Random) -> None:
    for number, row in enumerate(lake.of("grants")):
        row["source_row"] = number
    check_drafts(lake, lines, chance)
