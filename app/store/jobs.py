"""Jobs: runs asked for through the API, waiting, under way or done.

A job under way is held by a lease of its own (`job_lease`), renewed with the other
leases of its worker. One whose worker died is failed, and nothing is done twice.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.core.errors import BadNameError, ConflictError, NotFoundError
from app.store.database import Session
from app.store.identifiers import new_id, utc_now
from app.store.leases import LEASE_SECONDS, acquire_lease, live_holders, release_lease
from app.store.paging import Page, newest_first
from app.store.tables import jobs

QUEUED, RUNNING, WHOLE, FAILED = "queued", "running", "whole", "failed"
LONGEST_KEY = 255
ABANDONED = "its worker ended before the job did"


@dataclass(frozen=True)
class Job:
    """Something asked for that takes a while."""

    id: str
    lake: str
    kind: str
    state: str
    parameters: Mapping[str, Any]
    progress: Mapping[str, Any] | None
    requested_by: str
    idempotency_key: str | None
    holder: str | None
    run_id: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


def job_lease(job_id: str) -> str:
    """The lease that keeps a job to one worker."""
    return f"job:{job_id}"


def create_job(
    session: Session,
    *,
    lake: str,
    requested_by: str,
    kind: str = "audit",
    parameters: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> Job:
    """Queue a job; the same key from the same requester gives the job there is."""
    wanted = dict(parameters or {})
    if idempotency_key is not None:
        _check_key(idempotency_key)
        query = select(jobs).where(
            jobs.c.requested_by == requested_by, jobs.c.idempotency_key == idempotency_key
        )
        row = session.execute(query).one_or_none()
        if row is not None:
            return _same(_job(row), lake, kind, wanted)
    now = now or utc_now()
    values = {
        "id": new_id(now),
        "lake": lake,
        "kind": kind,
        "state": QUEUED,
        "parameters": wanted,
        "requested_by": requested_by,
        "idempotency_key": idempotency_key,
        "created_at": now,
    }
    return _job(session.execute(insert(jobs).values(values).returning(jobs)).one())


def claim_job(
    session: Session,
    holder: str,
    *,
    seconds: float = LEASE_SECONDS,
    now: datetime | None = None,
) -> Job | None:
    """Take the oldest job that waits, with its lease; None when there is none."""
    query = select(jobs.c.id).where(jobs.c.state == QUEUED).order_by(jobs.c.id).limit(1)
    job_id = session.scalar(query.with_for_update(skip_locked=True))
    if job_id is None:
        return None
    acquire_lease(session, job_lease(job_id), holder, seconds=seconds)
    values = {"state": RUNNING, "holder": holder, "started_at": now or utc_now()}
    statement = update(jobs).where(jobs.c.id == job_id).values(values)
    return _job(session.execute(statement.returning(jobs)).one())


def report_progress(
    session: Session, job_id: str, holder: str, progress: Mapping[str, Any]
) -> None:
    """Say how far the job is. ConflictError when it was given up meanwhile."""
    _change(session, job_id, holder, {"progress": dict(progress)})


def finish_job(
    session: Session, job_id: str, holder: str, *, run_id: str, now: datetime | None = None
) -> Job:
    """The job is done and its run whole."""
    values = {"state": WHOLE, "run_id": run_id, "finished_at": now or utc_now()}
    return _end(session, job_id, holder, values)


def fail_job(
    session: Session,
    job_id: str,
    holder: str,
    error: str,
    *,
    run_id: str | None = None,
    now: datetime | None = None,
) -> Job:
    """The job came to nothing."""
    values = {"state": FAILED, "error": error, "run_id": run_id, "finished_at": now or utc_now()}
    return _end(session, job_id, holder, values)


def fail_abandoned_jobs(session: Session, *, now: datetime | None = None) -> tuple[Job, ...]:
    """Fail the jobs under way whose worker no longer has their lease."""
    found = [_job(row) for row in session.execute(select(jobs).where(jobs.c.state == RUNNING))]
    if not found:
        return ()
    holders = live_holders(session)
    dead = [one for one in found if holders.get(job_lease(one.id)) != one.holder]
    return tuple(fail_job(session, one.id, str(one.holder), ABANDONED, now=now) for one in dead)


def job(session: Session, job_id: str) -> Job:
    """The job of that id."""
    row = session.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no job {job_id!r}", mend="See the list of jobs")
    return _job(row)


def list_jobs(
    session: Session,
    *,
    lake: str | None = None,
    lakes: Sequence[str] | None = None,
    state: str | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[Job, str]:
    """Jobs, newest first. `lakes` is what a token is limited to."""
    query = select(jobs)
    if lake is not None:
        query = query.where(jobs.c.lake == lake)
    if lakes is not None:
        query = query.where(jobs.c.lake.in_(lakes))
    if state is not None:
        query = query.where(jobs.c.state == state)
    return newest_first(session, query, jobs.c.id, before, limit, _job)


def _check_key(key: str) -> None:
    if not 0 < len(key) <= LONGEST_KEY or not key.isprintable():
        raise BadNameError(
            f"an idempotency key has 1 to {LONGEST_KEY} printable characters",
            mend="Send a UUID",
        )


def _same(there: Job, lake: str, kind: str, parameters: dict[str, Any]) -> Job:
    if (there.lake, there.kind, there.parameters) == (lake, kind, parameters):
        return there
    raise ConflictError(
        f"the idempotency key was used for another request (job {there.id})",
        mend="Send a new key with a new request",
    )


def _end(session: Session, job_id: str, holder: str, values: dict[str, Any]) -> Job:
    ended = _change(session, job_id, holder, values)
    release_lease(session, job_lease(job_id), holder)
    return ended


def _change(session: Session, job_id: str, holder: str, values: dict[str, Any]) -> Job:
    mine = (jobs.c.id == job_id, jobs.c.state == RUNNING, jobs.c.holder == holder)
    statement = update(jobs).where(*mine).values(values).returning(jobs)
    row = session.execute(statement).one_or_none()
    if row is None:
        found = job(session, job_id)
        raise ConflictError(
            f"job {job_id} is {found.state} and not this worker's", mend="Claim another job"
        )
    return _job(row)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
