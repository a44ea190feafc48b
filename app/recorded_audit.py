"""A whole audit of a lake: held, crawled, judged, recorded. One at a time per lake.

Killed at any moment, the last whole run stands: results are made under another name and
renamed, the store learns of them in one transaction, and the next audit removes what no
whole run owns. In the same transaction the lake's incidents live through the run, with
their events and the notices that will leave through the outbox.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.audit import AuditParts, AuditResult, AuditRun, audit_snapshot
from app.core.facts import Progress, no_progress
from app.core.first_mends import FirstPlan, PlanFirst, told_already
from app.core.incident_life import live_through, seen_as_before
from app.core.incident_telling import RunSight
from app.core.incidents import FoundIncident, Plan
from app.core.lake_view import LakeView
from app.core.run_report import Posture
from app.core.waivers import WaiverVerdicts
from app.first_plans import first_plans
from app.incident_plans import draft_mends
from app.lake.recorded_incidents import INCIDENTS
from app.lake.results import sweep_results
from app.lake.snapshot import StoredSnapshot
from app.recorded_waivers import (
    MOST_TRIES,
    all_waivers,
    is_of,
    measured_on,
    now_text,
    restless,
    results_of,
)
from app.store import incident_writing, incidents, outbox, runs, snapshots
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.incident_documents import instant_text, utc_text
from app.store.lease_keeping import KeptLease, kept_lease
from app.store.leases import audit_lease
from app.store.runs import Run
from app.telling_mends import Draft, MendsAskedError, ToldMends


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run that is whole, and where its results stand. notes: what its waivers ask for."""

    run: Run
    folder: Path
    posture: Posture
    notes: tuple[str, ...] = ()


def audit_lake(
    parts: AuditParts,
    database: Database,
    take_snapshot: Callable[[Progress], StoredSnapshot],
    source: str,
    progress: Progress = no_progress,
) -> RecordedRun:
    """Crawl (or open) a snapshot, judge it and record the run.

    Raises ConflictError when another process audits the lake; any other error is on
    record as the failed run's, and the last whole run stands.
    """
    with kept_lease(database, audit_lease(parts.lake)) as lease:
        _sweep(parts, database)
        with session_scope(database) as session:
            begun = runs.begin_run(
                session, lake=parts.lake, holder=lease.holder, mode=parts.mode.name
            )
        try:
            snapshot = take_snapshot(progress)
            result = audit_snapshot(
                parts, snapshot, _audit_run(begun, database), progress, _plan_first(parts)
            )
            return _record(parts, database, lease, begun, snapshot, result, source)
        except BaseException as problem:
            with session_scope(database) as session:
                runs.fail_run(session, begun.id, _why(problem))
            raise


def _why(problem: BaseException) -> str:
    if isinstance(problem, KeyboardInterrupt):
        return "it was stopped by hand"
    return str(problem) or type(problem).__name__


def _sweep(parts: AuditParts, database: Database) -> None:
    with reading_scope(database) as session:
        whole = {each.id for each in runs.every_run(session, parts.lake) if each.state == "whole"}
    sweep_results(parts.data, parts.lake, whole)


def _audit_run(begun: Run, database: Database) -> AuditRun:
    earlier: Path | None = None
    if begun.previous_run is not None:
        with reading_scope(database) as session:
            previous = runs.run(session, begun.previous_run)
        if previous.results_path is not None and Path(previous.results_path).is_dir():
            earlier = Path(previous.results_path)
    return AuditRun(begun.id, utc_text(begun.started_at), now_text, earlier, begun.baseline)


def _record(
    parts: AuditParts,
    database: Database,
    lease: KeptLease,
    begun: Run,
    snapshot: StoredSnapshot,
    result: AuditResult,
    source: str,
) -> RecordedRun:
    """Everything that the run concluded, in one transaction."""
    of_file = parts.policies.waivers
    mends = ToldMends(_draft(parts, result), told_already(result.posture["mends"]))
    for _ in range(MOST_TRIES):
        with reading_scope(database) as session:
            wanted = all_waivers(session, parts.lake, of_file)
        waived = measured_on(result.folder, parts.lake, wanted, parts.new_engine)
        lease.confirm()
        try:
            with session_scope(database) as session:
                incidents.lock_lake(session, parts.lake)
                if not is_of(waived, all_waivers(session, parts.lake, of_file)):
                    continue
                _live_through(session, parts, begun, snapshot, result, waived, mends)
                mends.require()
                finished = _finish(session, parts, begun, snapshot, result, source)
                return RecordedRun(finished, result.folder, result.posture, waived.notes)
        except MendsAskedError:
            mends.make()
    raise restless(parts.lake)


def _plan_first(parts: AuditParts) -> PlanFirst:
    """Makes the mends that the run's own report carries."""

    def planned(
        view: LakeView, folder: Path, wanted: Sequence[FoundIncident]
    ) -> Mapping[str, FirstPlan]:
        return first_plans(view, parts.policies, folder, wanted)

    return planned


def _draft(parts: AuditParts, result: AuditResult) -> Draft:
    """Makes mends of the run that was just judged."""

    def made(keys: Collection[str]) -> Mapping[str, Plan]:
        wanted = [each for each in result.incidents if each.key in set(keys)]
        return draft_mends(result.view, parts.policies, result.folder, wanted)

    return made


def _live_through(
    session: Session,
    parts: AuditParts,
    begun: Run,
    snapshot: StoredSnapshot,
    result: AuditResult,
    waived: WaiverVerdicts,
    mends: ToldMends,
) -> None:
    known = incidents.standings_of_lake(session, parts.lake)
    same = seen_as_before(known, result.incidents, waived)
    before = incidents.incidents_named(session, known.keys() - same)
    previous = runs.run(session, begun.previous_run) if begun.previous_run else None
    sight = RunSight(
        run=begun.id,
        lake=parts.lake,
        began=utc_text(begun.started_at),
        now=now_text(),
        complete=_sees_absence(result.posture["gaps"], snapshot),
        baseline=begun.baseline or (not known and not _knew_incidents(previous)),
        crawled=instant_text(snapshot.seen_at) if snapshot.seen_at < begun.started_at else "",
        policies_changed=previous is not None and previous.policies_digest != parts.policies.digest,
        mend_of=mends,
        first_mends=result.posture["mends"],
    )
    changes, notices = live_through(before, result.incidents, sight, waived, same)
    incident_writing.write_changes(session, changes, before)
    incident_writing.see_again(session, sorted(same), sight.began, sight.run)
    for notice in notices:
        outbox.add_notice(session, notice)


def _sees_absence(gaps: Sequence[Mapping[str, Any]], snapshot: StoredSnapshot) -> bool:
    """Whether what the run did not see is not there: the crawl was complete.

    A group or a user that the directory cannot tell of hides nothing: it counts as its worst
    case. Nor does missing evidence, nor a view whose text cannot be parsed: what was seen of
    such a view before is shadowed by its gap.
    """
    names = ("scope", "object", "reason", "doubt")
    unread = {tuple(row[name] for name in names) for row in snapshot.mapped("gaps").to_pylist()}
    return all(
        gap["scope"] == "evidence"
        or (gap["scope"] == "directory" and gap["object"])
        or (gap["scope"] == "table" and tuple(gap[name] for name in names) not in unread)
        for gap in gaps
    )


def _knew_incidents(run: Run | None) -> bool:
    """Whether a run's results tell of incidents; those of an older version do not."""
    folder = results_of(run)
    return folder is not None and (folder / INCIDENTS).is_file()


def _finish(
    session: Session,
    parts: AuditParts,
    begun: Run,
    snapshot: StoredSnapshot,
    result: AuditResult,
    source: str,
) -> Run:
    snapshots.record_snapshot(
        session,
        lake=parts.lake,
        content_hash=snapshot.content_hash,
        path=str(snapshot.path),
        taken_at=snapshot.seen_at,
        counts=result.posture["objects"],
        source=source,
    )
    return runs.finish_run(
        session,
        begun.id,
        exit_code=result.posture["exit_code"],
        snapshot=snapshot.content_hash,
        mode=parts.mode.name,
        policies_digest=parts.policies.digest,
        summary=result.posture["exposures"],
        results_path=str(result.folder.resolve()),
    )
