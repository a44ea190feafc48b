"""Plans on random lakes: what was simulated is what a full audit then finds."""

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.incidents import FoundIncident, Plan
from app.core.lake_view import LakeView
from app.core.lookup import Lookup
from app.core.plans.desk import PlanDesk
from app.core.plans.mending import plan_mend, scope_of
from app.core.rights import MODES
from app.core.verdicts import Policies
from app.lake.recorded_classes import RecordedClasses
from app.policy.compiled import compile_judge
from tests.core.causes.audited import Audited, audited
from tests.core.plans.naive_execution import NaiveHive
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import policies_in, policy_lines

#: At most so many plans of one lake are run and audited.
PLANS = 3


def desk_of(run: Audited, policies: Policies, mode: str) -> PlanDesk:
    """An audited lake opened for plans."""
    lookup = Lookup(run.snapshot)
    view = LakeView(
        lake="random",
        snapshot=run.snapshot,
        mode=MODES[mode],
        engine_groups="directory",
        everyone_at=0.9,
        classes_of=RecordedClasses(run.folder / "classes.parquet", policies.classification, lookup),
        decide_one=lambda user, classes, right: (False, ()),
        compile_judge=lambda reach: compile_judge(policies, reach.population),
    )
    return PlanDesk(view, policies.classification, policies.severity)


def planned(run: Audited, desk: PlanDesk) -> list[tuple[FoundIncident, Plan]]:
    """Every plan for every incident of a run."""
    exposures = run.exposures()
    found = []
    for key, incident in sorted(run.incidents().items()):
        scope = scope_of(exposures[each] for each in run.exposures_of(key))
        found += [(incident, plan) for plan in plan_mend(desk, incident, scope)]
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(lakes(), policy_lines(), st.sampled_from(["sql-standard", "legacy"]), st.randoms())
def test_a_plan_does_what_its_simulation_says(
    lake: RandomLake, lines: str, mode: str, chance: object
) -> None:
    for number, row in enumerate(lake.of("grants")):
        row["source_row"] = number
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        run = audited(lake, policies, mode, folder)
        every = planned(run, desk_of(run, policies, mode))
        for _, plan in every:
            assert plan.statements or plan.cannot or plan.kind == "containment"
        doable = [each for each in every if each[1].statements]
        chance.shuffle(doable)  # type: ignore[attr-defined]
        for place, (incident, plan) in enumerate(doable[:PLANS]):
            hive = NaiveHive(lake, mode)
            for statement in plan.statements:
                hive.run(statement)
            after = audited(hive.lake, policies, mode, folder, f"after{place}")
            compare(run, incident, plan, after)


def compare(run: Audited, incident: FoundIncident, plan: Plan, after: Audited) -> None:
    """The audit of the changed lake against the simulation."""
    assert plan.simulation is not None
    mine, left = run.exposures_of(incident.key), after.exposures()
    still = [each for each in mine if each in left]
    assert plan.simulation.exposures_left == len(still), plan
    assert plan.simulation.exposures_closed == len(mine) - len(still), plan
    if plan.simulation.closes_all:
        assert incident.key not in after.incidents(), plan
    new = {each for each, row in left.items() if row["scope"] == "table"} - run.exposures().keys()
    assert plan.simulation.opened == len(new), plan
