"""Plans on random lakes: what was simulated is what a full audit of the changed lake finds."""

import tempfile
from collections import defaultdict
from collections.abc import Iterator
from itertools import combinations, islice
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.incidents import FoundIncident, MendStatement, Plan
from app.core.plans.mending import plan_mend, scope_of
from app.core.verdicts import Policies
from app.policy.compiled import compile_judge
from tests.core import naive_hive
from tests.core.causes.audited import Audited, audited, desk_of
from tests.core.plans.naive_execution import NaiveHive, RefusedError
from tests.core.plans.open_lakes import GONE, open_lakes
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import JUDGED, NaiveAudit, policies_in, policy_lines

#: At most so many plans of one lake are run and audited.
PLANS = 2

#: At most so many sets of statements are tried against one plan.
MOST_TRIED = 300

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
        policed = Policed(lake, run, policies, mode)
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
            assert plan.simulation.allowed_lost == policed.losses(hive.lake), plan


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


class Policed:
    """A lake's policies, asked by a loop about people and tables as statements leave them."""

    def __init__(self, before: RandomLake, run: Audited, policies: Policies, mode: str) -> None:
        self._before, self._mode = before, mode
        self._population = desk_of(run, policies, mode).view.reach.population
        self._judge = compile_judge(policies, self._population)
        self._was = NaiveAudit(before, mode, self._allowed)
        self.exposed = self.exposures(before)

    def _allowed(self, subject: str, data_class: str, right: str) -> bool:
        bit = self._population.bit(subject.removeprefix("user:"))
        return bit in self._judge.permitted(data_class, right)

    def exposures(self, lake: RandomLake) -> dict[tuple[str, str], set[str]]:
        """(table, right) → kinds."""
        users = [*self._population.users, naive_hive.ANYONE]
        return NaiveAudit(lake, self._mode, self._allowed).exposures(users)

    def losses(self, after: RandomLake) -> int:
        """(person, table) pairs that lose a right which nothing was said against."""
        becomes = NaiveAudit(after, self._mode, self._allowed)
        gone = {row["name"] for row in self._before.of("users") if not row["active"]}
        lost = set()
        for table in self._before.of("tables"):
            name = f"{('default', 'hr')[table['database_id']]}.{table['name']}"
            for right in JUDGED:
                for user in set(self._population.users) - gone:
                    had = reached_classes(self._was, user, right, table)
                    wrong = (name, right) in self.exposed and any(
                        not self._allowed(f"user:{user}", each, right) for each in had
                    )
                    if had and not wrong and not reached_classes(becomes, user, right, table):
                        lost.add((user, name))
        return len(lost)


def reached_classes(naive: NaiveAudit, user: str, right: str, table: dict[str, Any]) -> set[str]:
    """The classes whose data on a table a user reaches with a right."""
    classes = naive._classes(table["name"]) or {"unclassified": None}
    return {name for name, column in classes.items() if naive._reaches(user, right, table, column)}


def every_statement(lake: RandomLake, tables: set[str]) -> Iterator[MendStatement]:
    """Whatever single statement takes something from somebody on some tables, or a role."""
    names = {row["table_id"]: (row["database_id"], row["name"]) for row in lake.of("tables")}
    rows: dict[tuple[str, str, str], set[tuple[str, str]]] = defaultdict(set)
    for row in lake.of("grants"):
        if row["level"] == "table" and row["privilege"] == row["privilege"].upper():
            database, name = names[row["object_id"]]
            where = f"`{('default', 'hr')[database]}`.`{name}`"
            if where.replace("`", "") in tables:
                principal = f"{row['principal_type']} `{row['principal']}`"
                rows[where, principal, row["grantor"]].add((row["privilege"], row["grantor"]))
    for (where, principal, grantor), held in rows.items():
        if grantor == GONE:
            continue  # nobody can say anything as him
        privileges = sorted(privilege for privilege, _ in held)
        for count in range(1, len(privileges) + 1):
            for chosen in combinations(privileges, count):
                for option in ("", "GRANT OPTION FOR "):
                    sql = f"REVOKE {option}{', '.join(chosen)} ON TABLE {where} FROM {principal}"
                    yield MendStatement(sql, f"user:{grantor}", "")
    members: dict[str, list[str]] = defaultdict(list)
    for row in lake.of("role_members"):
        members[row["role"]].append(f"{row['member_type']} `{row['member']}`")
    for role, held_by in members.items():
        for count in range(1, len(held_by) + 1):
            for some in combinations(held_by, count):
                yield MendStatement(f"REVOKE ROLE `{role}` FROM {', '.join(some)}", "admin", "")


def closes(
    policed: Policed,
    lake: RandomLake,
    mode: str,
    plan: list[MendStatement],
    lost: int,
    wanted: set[tuple[str, str]],
) -> bool:
    """Whether Hive takes the statements, they close, lose no more, and open nothing."""
    hive = NaiveHive(lake, mode)
    try:
        for statement in plan:
            hive.run(statement)
    except RefusedError:
        return False
    left = policed.exposures(hive.lake)
    if wanted & left.keys() or left.keys() - policed.exposed.keys():
        return False
    return policed.losses(hive.lake) <= lost


@settings(max_examples=10, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(OPEN, policy_lines().filter(lambda lines: "role:" not in lines))
def test_no_smaller_plan_exists(lake: Lake, lines: str) -> None:
    # No policy speaks of roles here: what it allows does not move with memberships.
    mode, facts = lake
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        policies = policies_in(folder, lines)
        run = audited(facts, policies, mode, folder)
        policed, exposures = Policed(facts, run, policies, mode), run.exposures()
        for incident, plan in planned(run, policies, mode):
            found = plan.simulation
            if plan.kind != "mend" or not plan.exact or found is None or found.exposures_left:
                continue
            mine = [exposures[each] for each in run.exposures_of(incident.key)]
            wanted = {(row["object"], row["right"]) for row in mine if row["scope"] == "table"}
            if len(wanted) < len(mine) or plan.cannot or not 2 <= len(plan.statements) <= 3:
                continue
            universe = list(every_statement(facts, {table for table, _ in wanted}))
            for count in range(1, len(plan.statements)):
                for chosen in islice(combinations(universe, count), MOST_TRIED):
                    smaller = list(chosen)
                    lost = found.allowed_lost
                    assert not closes(policed, facts, mode, smaller, lost, wanted), (plan, smaller)


@settings(max_examples=10, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(OPEN, policy_lines(), st.randoms(use_true_random=False))
def test_a_plan_does_what_its_simulation_says(lake: Lake, lines: str, chance: Random) -> None:
    check_plans(*lake, lines, chance)


@settings(max_examples=4, deadline=None, phases=PHASES, suppress_health_check=list(HealthCheck))
@given(DAMAGED, policy_lines(), st.randoms(use_true_random=False))
def test_plans_for_damaged_lakes_hold_too(lake: Lake, lines: str, chance: Random) -> None:
    for number, row in enumerate(lake[1].of("grants")):
        row["source_row"] = number
    check_plans(*lake, lines, chance)
