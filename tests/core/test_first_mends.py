"""Which mends a run says at once, and what it says where none was made."""

from typing import Any

from app.core.first_mends import (
    MOST_FIRST,
    FirstPlan,
    choose_first,
    digest_mends,
    first_mends,
    incident_of_opening,
    told_already,
)
from app.core.incidents import Cause, FoundIncident, MendStatement, Plan, Simulation
from app.core.mend_words import mend_said
from tests.core.found_incidents import found

REVOKE = MendStatement("REVOKE ROLE leak FROM ROLE public", "admin", "it takes ADMIN", "ADMIN")
CLOSES = Simulation(True, 3, 0, 3, 7, 0)
MEND = Plan("mend", (REVOKE,), simulation=CLOSES)


def _opening(name: str, form: str = "nesting", *path: str) -> dict[str, Any]:
    return {"opening": name, "form": form, "path": list(path)}


def _by_grants(name: str) -> FoundIncident:
    return found(name, cause=Cause("grants", name, (), f"grants to {name}"), key=f"grants-{name}")


def test_the_widest_openings_own_incident_leads_and_the_gravest_follow() -> None:
    incidents = [found(name) for name in ("a", "b", "c", "leak")]
    chosen = choose_first(incidents, _opening("role:leak"))
    assert [each.cause.parts[1] for each in chosen] == ["role:leak", "role:a", "role:b"]
    assert len(chosen) == MOST_FIRST
    assert choose_first(incidents, None) == incidents[:MOST_FIRST]
    assert choose_first([], _opening("role:leak")) == []


def test_what_a_gap_hides_is_not_chosen() -> None:
    hidden = found("leak", shadowed=True)
    assert choose_first([hidden], _opening("role:leak")) == []


def test_an_opening_by_grants_belongs_to_the_grants_or_to_the_membership_that_carries_them() -> (
    None
):
    grants, other = _by_grants("role:readers"), found("other")
    opening = _opening("role:readers", "grants")
    assert incident_of_opening([other, grants], opening) is grants
    carried = found("above", path=("role x is a member of role above", "grants to role:readers"))
    assert incident_of_opening([other, carried], opening) is carried
    assert incident_of_opening([other], opening) is None


def test_of_several_memberships_the_one_on_the_path_is_meant() -> None:
    first, second = found("leak", key="a"), found("leak", key="b")
    second = found("leak", key="b", cause=Cause("membership", "x", second.cause.parts, "the way"))
    assert (
        incident_of_opening([first, second], _opening("role:leak", "nesting", "the way")) is second
    )


def test_a_mode_that_checks_nothing_is_the_modes_own_incident() -> None:
    off = found("off", cause=Cause("mode", "lake", ("off", "authorization-off"), "off"))
    admin = found("admin", cause=Cause("mode", "lake", ("sql-standard", "can-make-themselves")))
    assert incident_of_opening([admin, off], _opening("mode", "mode")) is off


def test_a_mend_that_was_made_is_said_as_alerts_say_it() -> None:
    leak = found("leak")
    (said,) = first_mends([leak], _opening("role:leak"), {leak.key: FirstPlan(MEND)})
    assert (said["incident"], said["widest"], said["made"]) == (leak.key, True, True)
    assert said["statements"][0]["sql"] == REVOKE.sql
    assert said["command"] == f"lakewarden incidents plan {leak.key}"
    assert told_already([said]) == {leak.key: mend_said(leak.key, MEND)}


def test_a_mend_that_nobody_can_run_has_no_simulation_and_says_why() -> None:
    leak = found("leak")
    plan = Plan("mend", (), cannot="nobody active holds the role admin")
    (said,) = first_mends([leak], None, {leak.key: FirstPlan(plan)})
    assert (said["made"], said["statements"], said["simulation"]) == (True, [], None)
    assert said["cannot"] == "nobody active holds the role admin"
    assert told_already([said]) == {leak.key: mend_said(leak.key, plan)}


def test_a_mend_that_was_not_made_holds_no_statement_and_is_asked_for_again() -> None:
    leak, other = found("leak"), found("other")
    plans = {leak.key: FirstPlan(why_not="making it broke off")}
    said = first_mends([leak, other], None, plans)  # of the other nothing came at all
    assert [each["made"] for each in said] == [False, False]
    assert [each["why_not"] for each in said] == ["making it broke off", ""]
    assert all(each["statements"] == [] and each["simulation"] is None for each in said)
    assert said[0]["words"] == f"ask for it: lakewarden incidents plan {leak.key}"
    assert told_already(said) == {}


def test_an_alternative_stands_beside_its_mend() -> None:
    leak = found("leak")
    gentle = Plan("alternative", (REVOKE, REVOKE), simulation=CLOSES)
    (said,) = first_mends([leak], None, {leak.key: FirstPlan(MEND, gentle)})
    assert said["alternative"]["statement_count"] == 2


def test_a_digest_carries_one_statement_of_each_and_none_of_what_is_waived() -> None:
    leak, waived = found("leak"), found("waived")
    plan = Plan("mend", (REVOKE, REVOKE), simulation=CLOSES)
    plans = {each.key: FirstPlan(plan) for each in (leak, waived)}
    said = digest_mends(first_mends([leak, waived], None, plans), [leak.key])
    assert [each["incident"] for each in said] == [leak.key]
    assert len(said[0]["statements"]) == 1  # type: ignore[arg-type]
    assert said[0]["statement_count"] == 2
