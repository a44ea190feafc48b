"""The demonstration's June: one incident, mended by one statement, simulated."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from app import wiring
from app.core.incidents import FoundIncident
from app.core.plans.desk import PlanDesk
from app.core.plans.mending import plan_mend, scope_of
from app.lake.recorded_classes import RecordedClasses
from app.lake.recorded_incidents import exposures_of, incidents_of, read_incidents
from app.lake.results import RunResults
from app.settings import load_settings

JUNE = ("role:public", "role:people_analytics_convenience")


def test_june_is_one_incident_and_its_mend_one_statement(tmp_path: Path) -> None:
    settings = load_settings(wiring.prepare_demonstration(tmp_path, 2026, 8400), {})
    lake = settings.lake("demo")
    wiring.run_audit(settings, lake)
    results = wiring.newest_results(settings, lake)
    incidents = read_incidents(results.folder)
    june = _one(incidents, "membership", JUNE)
    assert (june.severity, june.exposures, june.tables) == ("SEV0", 45_000, 45_000)
    assert june.everyone
    assert june.grantors == ("marcus.oyelaran",)
    assert june.people == 3_200 - 18
    nested = ("role:internal_tools_user", "role:compensation_survey_reader")
    assert _one(incidents, "membership", nested).tables == 1
    rows = _rows(results, exposures_of(results.folder, june.key))
    keys = incidents_of(results.folder, [row["id"] for row in rows])
    shared = {key for each in keys.values() for key in each} - {june.key}
    assert shared == set(june.also_through)
    assert [len(each) for each in keys.values()].count(2) == 8  # a service reads eight of them

    policies = wiring.load_policies(lake)
    view = wiring.lake_view(lake, wiring.newest_snapshot(lake, settings.data), policies, None)
    classes = RecordedClasses(results.parquet("classes"), policies.classification, view.lookup)
    view = replace(view, classes_of=classes)
    desk = PlanDesk(view, policies.classification, policies.severity)
    mend, containment = plan_mend(desk, june, scope_of(rows))
    (statement,) = mend.statements
    assert statement.sql == "REVOKE ROLE people_analytics_convenience FROM ROLE public"
    assert (statement.run_as, statement.set_role) == ("admin", "ADMIN")
    simulated = mend.simulation
    assert simulated is not None
    assert simulated.closes_all
    assert mend.exact
    assert (simulated.exposures_closed, simulated.exposures_left) == (44_992, 8)
    assert (simulated.people_closed, simulated.allowed_lost) == (3_182, 0)
    assert [each.sql for each in containment.undo] == [
        "GRANT ROLE people_analytics_convenience TO ROLE public"
    ]


def _one(incidents: list[FoundIncident], kind: str, parts: tuple[str, ...]) -> FoundIncident:
    (found,) = [each for each in incidents if each.cause.kind == kind and each.cause.parts == parts]
    return found


def _rows(results: RunResults, ids: tuple[str, ...]) -> list[dict[str, Any]]:
    wanted = set(ids)
    rows = (row for batch in results.batches("exposures") for row in batch.to_pylist())
    return [row for row in rows if row["id"] in wanted]
