"""Plans on random lakes: what was simulated is what a full audit of the changed lake finds."""

import tempfile
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.incidents import FoundIncident, Plan
from app.core.plans.mending import plan_mend, scope_of
from app.core.verdicts import Policies
from app.policy.compiled import compile_judge
from tests.core import naive_hive
from tests.core.causes.audited import Audited, audited, desk_of
from tests.core.plans.naive_execution import NaiveHive
from tests.core.plans.open_lakes import open_lakes
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import JUDGED, NaiveAudit, policies_in, policy_lines

#: At most so many plans of one lake are run and audited.
PLANS = 2

#: Each example audits several lakes: nothing is made smaller when it fails.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
MODES = st.sampled_from(["sql-standard", "legacy"])

Lake = tuple[str, RandomLake]
OPEN = MODES.flatmap(lambda mode: st.tuples(st.just(mode), open_lakes(mode)))
DAMAGED = st.tuples(MODES, lakes())


def planned(run: Audited, policies: Policies, mode: str) -> list[tuple[FoundIncident, Plan]]:
    """Every plan for every incident of a run."""
    desk, exposures = desk_of(run, policies, mode), run.exposures()
    found = []
    for key, incident in sorted(run.incidents().items()):
        scope = scope_of(exposures[each] for each in run.exposures_of(key))
        found += [(incident, plan) for plan in plan_mend(desk, incident, scope)]
    return found


def check_plans(mode: str, lake: RandomLake, lines: str, chance: Random) -> None:
    """Run some of a lake's plans naively, audit the changed lake, compare."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        run = audited(lake, policies, mode, folder)
        every = planned(run, policies, mode)
        for _, plan in every:
            assert plan.statements or plan.cannot
        doable = [each for each in every if each[1].statements]
        for place, (incident, plan) in enumerate(chance.sample(doable, min(PLANS, len(doable)))):
            hive = NaiveHive(lake, mode)
            for statement in plan.statements:
                hive.run(statement)
            after = audited(hive.lake, policies, mode, folder, f"after{place}")
            compare(run, incident, plan, after)
            assert plan.simulation is not None
            lost = naive_losses(lake, hive.lake, run, policies, mode)
            assert plan.simulation.allowed_lost == lost, plan


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


def naive_losses(
    before: RandomLake, after: RandomLake, run: Audited, policies: Policies, mode: str
) -> int:
    """(person, table) pairs that lose a right which nothing was said against, by a loop."""
    population = desk_of(run, policies, mode).view.reach.population
    judge = compile_judge(policies, population)

    def allowed(subject: str, data_class: str, right: str) -> bool:
        return population.bit(subject.removeprefix("user:")) in judge.permitted(data_class, right)

    was, becomes = NaiveAudit(before, mode, allowed), NaiveAudit(after, mode, allowed)
    exposed = was.exposures([*population.users, naive_hive.ANYONE])
    gone = {row["name"] for row in before.of("users") if not row["active"]}
    lost = set()
    for table in before.of("tables"):
        name = f"{('default', 'hr')[table['database_id']]}.{table['name']}"
        for right in JUDGED:
            for user in set(population.users) - gone:
                had = reached_classes(was, user, right, table)
                has = reached_classes(becomes, user, right, table)
                wrong = (name, right) in exposed and any(
                    not allowed(f"user:{user}", data_class, right) for data_class in had
                )
                if had and not has and not wrong:
                    lost.add((user, name))
    return len(lost)


def reached_classes(naive: NaiveAudit, user: str, right: str, table: dict[str, Any]) -> set[str]:
    """The classes whose data on a table a user reaches with a right."""
    classes = naive._classes(table["name"]) or {"unclassified": None}
    return {name for name, column in classes.items() if naive._reaches(user, right, table, column)}


@settings(max_examples=25, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(OPEN, policy_lines(), st.randoms(use_true_random=False))
def test_a_plan_does_what_its_simulation_says(lake: Lake, lines: str, chance: Random) -> None:
    check_plans(*lake, lines, chance)


@settings(max_examples=6, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(DAMAGED, policy_lines(), st.randoms(use_true_random=False))
def test_plans_for_damaged_lakes_hold_too(lake: Lake, lines: str, chance: Random) -> None:
    for number, row in enumerate(lake[1].of("grants")):
        row["source_row"] = number
    check_plans(*lake, lines, chance)
