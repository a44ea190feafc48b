"""The thread that works on the runs asked for through the API, one after another."""

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from app.core.errors import LakewardenError
from app.store.database import reading_scope, session_scope
from app.store.holders import new_holder
from app.store.jobs import (
    QUEUED,
    RUNNING,
    Job,
    claim_job,
    fail_abandoned_jobs,
    fail_job,
    finish_job,
    job_lease,
    list_jobs,
    report_progress,
)
from app.store.lease_keeping import kept_lease
from app.store.runs import fail_abandoned_runs
from app.web.errors import StoppedError
from app.web.services import Services

#: How often the thread looks for jobs that another process queued.
LOOK_SECONDS = 5.0
#: How long a server that ends waits for the audit under way to notice.
STOP_SECONDS = 20.0
_REPORT_SECONDS = 0.5

_log = logging.getLogger("lakewarden.jobs")


class JobThread:
    """Claims queued jobs and audits their lakes."""

    def __init__(self, services: Services, ended: Callable[[str], None]) -> None:
        self._services = services
        self._ended = ended
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Whether somebody works."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Begin to work."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._work_on, name="jobs", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """A job was queued."""
        self._wake.set()

    def stop(self) -> None:
        """Give up the audit under way, which fails its run and its job, and end."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join(STOP_SECONDS)
            if self._thread.is_alive():
                _log.warning("an audit is still under way; the next run of its lake clears it up")
            self._thread = None

    def _work_on(self) -> None:
        while not self._stopping.is_set():
            try:
                while not self._stopping.is_set() and self._work_on_one():
                    pass
            except LakewardenError as problem:
                _log.warning("jobs wait: %s", problem)
            except Exception:  # noqa: BLE001 - the thread must outlive whatever goes wrong
                _log.exception("jobs wait")
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()

    def _work_on_one(self) -> bool:
        """Claim one job and do it; False when none waits."""
        if not self._something_is_open():
            return False
        holder = new_holder()
        with session_scope(self._services.database) as session:
            fail_abandoned_runs(session)
            fail_abandoned_jobs(session)
            job = claim_job(session, holder)
        if job is None:
            return False
        with kept_lease(self._services.database, job_lease(job.id), holder=holder):
            self._do(job, holder)
        self._ended(job.lake)
        return True

    def _something_is_open(self) -> bool:
        """Looked for without keeping others from writing."""
        with reading_scope(self._services.database) as session:
            return any(
                list_jobs(session, state=state, limit=1).items for state in (QUEUED, RUNNING)
            )

    def _do(self, job: Job, holder: str) -> None:
        database = self._services.database
        progress = _Progress(self._services, job, holder, self._stopping)
        try:
            run_id = self._services.audit(job.lake, progress)
        except LakewardenError as problem:
            said = str(problem)
        except Exception:  # noqa: BLE001 - whatever an audit raises fails its job
            _log.exception("job %s failed", job.id)
            said = "the audit failed by a fault of its own; the server's log has the cause"
        else:
            with session_scope(database) as session:
                finish_job(session, job.id, holder, run_id=run_id)
            return
        with session_scope(database) as session:
            fail_job(session, job.id, holder, said)


class _Progress:
    """Writes how far an audit is into its job, now and then, and ends it when told to."""

    def __init__(
        self, services: Services, job: Job, holder: str, stopping: threading.Event
    ) -> None:
        self._services = services
        self._job = job
        self._holder = holder
        self._stopping = stopping
        self._last: tuple[str, float] = ("", 0.0)

    def __call__(self, step: str, done: int, total: int | None) -> None:
        if self._stopping.is_set():
            raise StoppedError(
                "the server ended while the audit was under way", mend="Ask for the run again"
            )
        now = time.monotonic()
        if step == self._last[0] and now - self._last[1] < _REPORT_SECONDS:
            return
        self._last = (step, now)
        said: dict[str, Any] = {"step": step, "done": done, "total": total}
        with session_scope(self._services.database, durable=False) as session:
            report_progress(session, self._job.id, self._holder, said)
