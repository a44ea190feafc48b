"""A whole audit of a lake: held, crawled, judged, recorded. One at a time per lake.

Killed at any moment, the last whole run stands: results are made under another name and
renamed, the store learns of them in one transaction, and the next audit removes what no
whole run owns.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from app.audit import AuditParts, AuditResult, AuditRun, audit_snapshot
from app.core.facts import Progress, no_progress
from app.core.run_report import Posture
from app.lake.results import sweep_results
from app.lake.snapshot import StoredSnapshot
from app.store import runs, snapshots
from app.store.database import Database, reading_scope, session_scope
from app.store.lease_keeping import KeptLease, kept_lease
from app.store.leases import audit_lease
from app.store.runs import Run


@dataclass(frozen=True, slots=True)
class RecordedRun:
    """A run that is whole, and where its results stand."""

    run: Run
    folder: Path
    posture: Posture


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
            result = audit_snapshot(parts, snapshot, _audit_run(begun, database), progress)
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
    return AuditRun(begun.id, _utc(begun.started_at), _now, earlier, begun.baseline)


def _now() -> str:
    return _utc(datetime.now(UTC))


def _utc(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _record(
    parts: AuditParts,
    database: Database,
    lease: KeptLease,
    begun: Run,
    snapshot: StoredSnapshot,
    result: AuditResult,
    source: str,
) -> RecordedRun:
    lease.confirm()
    with session_scope(database) as session:
        snapshots.record_snapshot(
            session,
            lake=parts.lake,
            content_hash=snapshot.content_hash,
            path=str(snapshot.path),
            taken_at=snapshot.seen_at,
            counts=result.posture["objects"],
            source=source,
        )
        finished = runs.finish_run(
            session,
            begun.id,
            exit_code=result.posture["exit_code"],
            snapshot=snapshot.content_hash,
            mode=parts.mode.name,
            policies_digest=parts.policies.digest,
            summary=result.posture["exposures"],
            results_path=str(result.folder.resolve()),
        )
    return RecordedRun(finished, result.folder, result.posture)
