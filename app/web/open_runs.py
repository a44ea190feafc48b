"""The newest whole run of each lake, and runs opened for questions, kept in memory."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from app.core.errors import NotFoundError
from app.core.lake_view import LakeView
from app.core.run_report import Posture
from app.store.database import reading_scope
from app.store.runs import WHOLE, Run, last_whole_run
from app.store.runs import run as stored_run
from app.web.errors import NoWholeRunError
from app.web.services import Services

#: A newer run is seen within this time; at once where this process ran it.
NEWEST_SECONDS = 1.0
_KEPT_BESIDE_NEWEST = 2


@dataclass(frozen=True)
class OpenRun:
    """A whole run and what was read of it so far."""

    run: Run
    services: Services

    @cached_property
    def view(self) -> LakeView:
        """The run's snapshot, opened for questions."""
        return self.services.open_view(self.run)

    @cached_property
    def posture(self) -> Posture:
        """What the run concluded."""
        return self.services.results.report(self.run).posture

    @cached_property
    def head(self) -> dict[str, Any]:
        """What every answer about a lake begins with: of what, as of when, and how sure."""
        return {
            "lake": self.run.lake,
            "run": self.run.id,
            "as_of": iso(self.run.started_at.timestamp()),
            "complete": bool(self.posture["complete"]),
        }


def iso(moment: float) -> str:
    """Epoch seconds as ISO 8601 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment))


class OpenRuns:
    """Gives the newest run of a lake or a named one; opened once, used by all threads."""

    def __init__(self, services: Services, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._services = services
        self._clock = clock
        self._newest: dict[str, tuple[float, OpenRun]] = {}
        self._opened: OrderedDict[str, OpenRun] = OrderedDict()
        self._lock = threading.Lock()

    def recall_newest(self, lake: str) -> OpenRun | None:
        """The newest run of a lake if that was looked up just now."""
        found = self._newest.get(lake)
        return found[1] if found and found[0] > self._clock() else None

    def newest(self, lake: str) -> OpenRun:
        """The newest whole run of a lake. Raises NoWholeRunError."""
        found = self.recall_newest(lake)
        if found is not None:
            return found
        began = self._clock()
        with reading_scope(self._services.database) as session:
            run = last_whole_run(session, lake)
        if run is None:
            raise NoWholeRunError(
                f"{lake} was never audited to the end",
                mend=f"Ask for a run: POST /v1/lakes/{lake}/runs",
            )
        opened = self._open(run)
        self._newest[lake] = (began + NEWEST_SECONDS, opened)
        return opened

    def named(self, lake: str, run_id: str) -> OpenRun:
        """A whole run of a lake by its id. Raises NotFoundError."""
        opened = self._opened.get(run_id)
        if opened is not None and opened.run.lake == lake:
            return opened
        with reading_scope(self._services.database) as session:
            run = stored_run(session, run_id)
        if run.lake != lake:
            raise NotFoundError(f"there is no run {run_id!r}", mend="See the list of runs")
        if run.state != WHOLE:
            raise NotFoundError(
                f"run {run_id} is {run.state}: only a whole run has results",
                mend="Wait for it to end, or name another",
            )
        return self._open(run)

    def forget_newest(self, lake: str) -> None:
        """Look for the newest run again: one ended just now."""
        self._newest.pop(lake, None)

    def _open(self, run: Run) -> OpenRun:
        with self._lock:
            opened = self._opened.setdefault(run.id, OpenRun(run, self._services))
            self._opened.move_to_end(run.id)
            while len(self._opened) > len(self._services.lakes) + _KEPT_BESIDE_NEWEST:
                self._opened.popitem(last=False)
        return opened
