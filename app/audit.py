"""The audit, as the flow's sentence.

`crawl → snapshot → rights → reach → classify → judge → diff → record → report`: each step
lives in its own room; here they are only put in order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.core import exposure_rows, posture
from app.core.assessment import Assessment, assess
from app.core.causes.assembling import NOTHING_EARLIER
from app.core.causes.finding import find_causes
from app.core.classify import classify
from app.core.engine import Engine
from app.core.facts import Progress, no_progress
from app.core.first_mends import PlanFirst, mends_of_run
from app.core.gaps import judged_gaps, recorded_gaps, shadow_condition
from app.core.incidents import FoundIncident
from app.core.judging import TableJudge
from app.core.lake_view import LakeView
from app.core.lookup import Lookup
from app.core.memberships import Memberships
from app.core.openings import gather_openings, opening_times, public_ways
from app.core.other_findings import lake_findings, principal_findings
from app.core.population import Population
from app.core.reach import PopulationReach, build_reach
from app.core.rights.asked import mode_gaps
from app.core.rights.mode import AuthorizationMode, groups_seen
from app.core.run_report import Posture
from app.core.setting_findings import setting_findings
from app.core.snapshots import Snapshot, lake_settings
from app.core.verdicts import Judge, Policies
from app.core.view_text import ViewParses
from app.lake.recorded_classes import RecordedClasses
from app.lake.recorded_incidents import RecordedIncidents, read_pairs, write_incidents
from app.lake.results import CLASSES, begin_results, finish_results, write_results


@dataclass(frozen=True)
class AuditParts:
    """What an audit is made from, built by `wiring`.

    earlier: the results folder of the last whole run, or None. fail_on: the mildest
    severity that makes the exit code 1.
    """

    lake: str
    data: Path
    mode: AuthorizationMode
    engine_groups: str | None
    everyone_at: float
    policies: Policies
    compile_judge: Callable[[Policies, Population], Judge]
    new_engine: Callable[[], Engine]
    view_parses: ViewParses
    fail_on: str = "SEV4"


@dataclass(frozen=True, slots=True)
class AuditRun:
    """A run's identity and times, given by the store.

    started_at: UTC, ISO 8601; what the run finds new is first seen then.
    """

    run: str
    started_at: str
    clock: Callable[[], str]  # the time now, in the same form
    earlier: Path | None
    baseline: bool


@dataclass(frozen=True, slots=True)
class AuditResult:
    """What a run came to."""

    folder: Path
    posture: Posture
    incidents: Sequence[FoundIncident]
    view: LakeView  # what was judged, opened for plans


def audit_snapshot(
    parts: AuditParts,
    snapshot: Snapshot,
    run: AuditRun,
    progress: Progress = no_progress,
    plan_first: PlanFirst | None = None,
) -> AuditResult:
    """Judge a snapshot and write the run's results. Nothing is recorded in the store yet.

    plan_first: makes the mends that the posture carries; without it, it carries none.
    """
    engine = parts.new_engine()
    try:
        engine.open_snapshot(snapshot)
        progress("people", 0, None)
        reach = build_reach(
            snapshot,
            engine_groups=groups_seen(parts.mode, parts.engine_groups),
            everyone_at=parts.everyone_at,
        )
        judge = parts.compile_judge(parts.policies, reach.population)
        table_judge = TableJudge(
            parts.mode, reach, judge, parts.policies.classification, parts.policies.severity
        )
        progress("classes", 0, None)
        classified = classify(engine, parts.policies.classification, parts.view_parses)
        progress("access", 0, None)
        lookup = Lookup(snapshot)
        assessment = assess(
            engine,
            lookup,
            parts.mode,
            reach,
            table_judge,
            parts.policies.classification,
            parts.policies.severity,
        )
        gaps = [
            *recorded_gaps(engine),
            *classified.gaps,
            *judged_gaps(engine, parts.mode, reach.population, parts.engine_groups),
            *mode_gaps(lake_settings(snapshot), parts.mode.name),
        ]
        memberships = Memberships(lookup, parts.engine_groups, parts.mode.uses_groups)
        progress("exposures", 0, None)
        _load_rows(engine, parts, snapshot, reach, table_judge, assessment, memberships)
        _compare(engine, run, reach.population, gaps)
        openings = gather_openings(assessment, reach, memberships)
        progress("causes", 0, None)
        incidents, incident_pairs = find_causes(
            engine,
            parts.lake,
            lookup,
            parts.mode,
            reach,
            memberships,
            parts.engine_groups,
            assessment,
            parts.policies.classification,
            RecordedIncidents(run.earlier) if run.earlier else NOTHING_EARLIER,
            read_pairs(run.earlier) if run.earlier else None,
        )
        said = _posture(
            engine, parts, snapshot, run, reach, table_judge, assessment, openings, gaps, judge
        )
        progress("results", 0, None)
        folder = begin_results(parts.data, parts.lake, run.run)
        write_results(engine, folder, openings, reach.population.subject_table)
        write_incidents(folder, incidents, incident_pairs)
        if plan_first is not None:
            progress("mends", 0, None)
            view = _view(parts, snapshot, reach, judge, lookup, folder)
            said["mends"] = mends_of_run(view, folder, incidents, said["openings"], plan_first)
            said["finished_at"] = run.clock()
        folder = finish_results(folder, said)
        view = _view(parts, snapshot, reach, judge, lookup, folder)
        return AuditResult(folder, said, incidents, view)
    finally:
        engine.close()


def _view(
    parts: AuditParts,
    snapshot: Snapshot,
    reach: PopulationReach,
    judge: Judge,
    lookup: Lookup,
    folder: Path,
) -> LakeView:
    """What was judged, opened again: nobody's reach is built and nothing classified anew."""

    @cache
    def classes() -> RecordedClasses:  # they are many, and few plans ask for them
        return RecordedClasses(folder / CLASSES, parts.policies.classification, lookup)

    def compiled(other: PopulationReach) -> Judge:
        return judge if other is reach else parts.compile_judge(parts.policies, other.population)

    return LakeView(
        lake=parts.lake,
        snapshot=snapshot,
        mode=parts.mode,
        engine_groups=parts.engine_groups,
        everyone_at=parts.everyone_at,
        classes_of=lambda tables: classes()(tables),
        decide_one=lambda user, data_classes, right: (False, ()),
        compile_judge=compiled,
        reach_of=lambda *_, **__: reach,
    )


def _load_rows(
    engine: Engine,
    parts: AuditParts,
    snapshot: Snapshot,
    reach: PopulationReach,
    table_judge: TableJudge,
    assessment: Assessment,
    memberships: Memberships,
) -> None:
    policies = parts.policies
    times = opening_times(assessment.verdicts, public_ways(memberships))
    exposure_rows.give_opening_times(engine, times)
    exposure_rows.load_table_exposures(engine, snapshot, parts.lake, policies.classification)
    tables = posture.tables_of_classes(engine, policies.classification)
    others = [
        *lake_findings(
            parts.lake,
            parts.mode,
            reach,
            table_judge,
            policies.classification,
            policies.severity,
            tables,
        ),
        *setting_findings(
            lake_settings(snapshot),
            parts.lake,
            reach,
            table_judge,
            policies.classification,
            policies.severity,
            tables,
        ),
        *principal_findings(
            engine,
            snapshot,
            parts.lake,
            reach,
            policies.classification,
            policies.severity,
        ),
    ]
    exposure_rows.load_all_exposures(engine, others)


def _compare(
    engine: Engine, run: AuditRun, population: Population, gaps: list[dict[str, Any]]
) -> None:
    if run.earlier is None:
        exposure_rows.load_first(engine, run.run, run.started_at, baseline=run.baseline)
        return
    exposure_rows.open_earlier(engine, run.earlier)
    pairs = exposure_rows.verdict_pairs(engine, population.subject_table)
    exposure_rows.load_changed(
        engine, run.run, run.started_at, pairs, shadowed=shadow_condition(gaps)
    )


def _posture(
    engine: Engine,
    parts: AuditParts,
    snapshot: Snapshot,
    run: AuditRun,
    reach: PopulationReach,
    table_judge: TableJudge,
    assessment: Assessment,
    openings: pa.Table,
    gaps: list[dict[str, Any]],
    judge: Judge,
) -> Posture:
    classification = parts.policies.classification
    exposures = posture.count_exposures(engine)
    doubts = engine.query("SELECT count(*) AS n FROM exposures WHERE in_doubt")["n"][0].as_py()
    code, reasons = posture.exit_code(exposures, gaps, doubts, parts.fail_on)
    return {
        "lake": parts.lake,
        "run": run.run,
        "snapshot": snapshot.content_hash,
        "policies": parts.policies.digest,
        "mode": parts.mode.name,
        "started_at": run.started_at,
        "finished_at": run.clock(),
        "baseline": run.baseline,
        "complete": code != 2,
        "exit_code": code,
        "reasons": reasons,
        "objects": posture.count_objects(engine, snapshot),
        "people": posture.count_people(reach.population),
        "exposures": exposures,
        "classes": posture.describe_classes(
            engine,
            classification,
            reach.population,
            table_judge,
            assessment.class_readers,
            posture.tables_of_classes(engine, classification),
        ),
        "openings": posture.first_openings(openings),
        "gaps": gaps,
        "slow_because": judge.slow_because,
        "skipped": "" if reach.population.directory_known else "leavers and unknown principals",
    }
