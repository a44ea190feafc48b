"""Runs: each audit of a lake, from its begin to its whole or failed end.

A run is whole when `finish_run` is committed, in one transaction with everything that
is recorded with it. A crash before that leaves the last whole run standing; the next
run of the lake gives the dead one up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.core.errors import ConflictError, NotFoundError
from app.store.database import Session
from app.store.identifiers import new_id, utc_now
from app.store.leases import audit_lease, live_holders
from app.store.paging import Page, newest_first
from app.store.tables import runs

RUNNING, WHOLE, FAILED = "running", "whole", "failed"
COULD_NOT_JUDGE = 2
ABANDONED = "its process ended before the run did"


@dataclass(frozen=True)
class Run:
    """One audit of a lake. `exit_code` is 0 clean, 1 exposures, 2 could not judge all."""

    id: str
    lake: str
    kind: str
    state: str
    holder: str
    started_at: datetime
    finished_at: datetime | None
    mode: str | None
    snapshot: str | None
    policies_digest: str | None
    baseline: bool
    previous_run: str | None
    exit_code: int | None
    summary: Mapping[str, Any] | None
    results_path: str | None
    error: str | None


def begin_run(
    session: Session,
    *,
    lake: str,
    holder: str,
    kind: str = "audit",
    mode: str | None = None,
    now: datetime | None = None,
) -> Run:
    """Begin a run of a lake whose audit lease `holder` has.

    Runs of the lake that a dead process left are failed on the way. Without a whole
    run before it, the run is a baseline.
    """
    if live_holders(session).get(audit_lease(lake)) != holder:
        raise ConflictError(
            f"the audit lease of {lake} is not held", mend="Acquire it before the run"
        )
    now = now or utc_now()
    fail_abandoned_runs(session, lake=lake, now=now)
    previous = last_whole_run(session, lake)
    values = {
        "id": new_id(now, after=_newest_id(session, lake)),
        "lake": lake,
        "kind": kind,
        "state": RUNNING,
        "holder": holder,
        "started_at": now,
        "mode": mode,
        "baseline": previous is None,
        "previous_run": previous.id if previous else None,
    }
    return _run(session.execute(insert(runs).values(values).returning(runs)).one())


def finish_run(
    session: Session,
    run_id: str,
    *,
    exit_code: int,
    snapshot: str,
    mode: str | None,
    policies_digest: str,
    summary: Mapping[str, Any],
    results_path: str | None,
    now: datetime | None = None,
) -> Run:
    """Make the run whole. ConflictError when it was given up meanwhile."""
    statement = (
        update(runs)
        .where(runs.c.id == run_id, runs.c.state == RUNNING)
        .values(
            state=WHOLE,
            finished_at=now or utc_now(),
            exit_code=exit_code,
            snapshot=snapshot,
            mode=mode,
            policies_digest=policies_digest,
            summary=dict(summary),
            results_path=results_path,
        )
        .returning(runs)
    )
    row = session.execute(statement).one_or_none()
    if row is None:
        found = run(session, run_id)
        raise ConflictError(
            f"run {run_id} is {found.state} already", mend="Run the audit of the lake again"
        )
    return _run(row)


def fail_run(session: Session, run_id: str, error: str, *, now: datetime | None = None) -> Run:
    """End a running run without a result; one that has ended stays as it is."""
    _fail(session, [run_id], error, now or utc_now())
    return run(session, run_id)


def fail_abandoned_runs(
    session: Session, *, lake: str | None = None, now: datetime | None = None
) -> tuple[Run, ...]:
    """Fail the running runs whose holder no longer has the lease of the lake."""
    query = select(runs).where(runs.c.state == RUNNING)
    if lake is not None:
        query = query.where(runs.c.lake == lake)
    found = [_run(row) for row in session.execute(query)]
    if not found:
        return ()
    holders = live_holders(session)
    dead = [one.id for one in found if holders.get(audit_lease(one.lake)) != one.holder]
    _fail(session, dead, ABANDONED, now or utc_now())
    return tuple(run(session, run_id) for run_id in dead)


def run(session: Session, run_id: str) -> Run:
    """The run of that id."""
    row = session.execute(select(runs).where(runs.c.id == run_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no run {run_id!r}", mend="See the list of runs")
    return _run(row)


def last_whole_run(session: Session, lake: str, *, until: datetime | None = None) -> Run | None:
    """The newest whole run of a lake, or the newest that was whole at a moment."""
    query = select(runs).where(runs.c.lake == lake, runs.c.state == WHOLE)
    if until is not None:
        query = query.where(runs.c.finished_at <= until)
    row = session.execute(query.order_by(runs.c.id.desc()).limit(1)).one_or_none()
    return _run(row) if row else None


def list_runs(
    session: Session,
    *,
    lake: str | None = None,
    lakes: Sequence[str] | None = None,
    state: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Run, str]:
    """Runs, newest first. `lakes` is what a token is limited to."""
    query = select(runs)
    if lake is not None:
        query = query.where(runs.c.lake == lake)
    if lakes is not None:
        query = query.where(runs.c.lake.in_(lakes))
    if state is not None:
        query = query.where(runs.c.state == state)
    if since is not None:
        query = query.where(runs.c.started_at >= since)
    if until is not None:
        query = query.where(runs.c.started_at <= until)
    return newest_first(session, query, runs.c.id, before, limit, _run)


def every_run(session: Session, lake: str) -> list[Run]:
    """All runs of a lake, newest first."""
    query = select(runs).where(runs.c.lake == lake).order_by(runs.c.id.desc())
    return [_run(row) for row in session.execute(query)]


def _newest_id(session: Session, lake: str) -> str | None:
    query = select(runs.c.id).where(runs.c.lake == lake)
    return session.scalar(query.order_by(runs.c.id.desc()).limit(1))


def _fail(session: Session, run_ids: Sequence[str], error: str, now: datetime) -> None:
    session.execute(
        update(runs)
        .where(runs.c.id.in_(run_ids), runs.c.state == RUNNING)
        .values(state=FAILED, finished_at=now, exit_code=COULD_NOT_JUDGE, error=error)
    )


def _run(row: Row[Any]) -> Run:
    return Run(**row._mapping)
