"""One lake minded by one worker at a time, across processes and hosts."""

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from threading import Event, Lock

from app import wiring
from app.core.errors import ConflictError, LakewardenError
from app.recorded_audit import RecordedRun
from app.settings import LakeSettings, Settings
from app.store import runs
from app.store.database import Database, reading_scope
from app.store.lease_keeping import kept_lease
from app.watch import Judging, LakeWatch, Round
from app.worker.schedule import Schedule

_LOG = logging.getLogger(__name__)
_LOOK_AGAIN, _OTHER_MINDS_IT = 1.0, 5.0
_FIRST_RETRY, _LAST_RETRY = 30.0, 900.0

#: Scheduled audits of one worker take turns: each may need most of the memory.
_ONE_AT_A_TIME = Lock()


class _Until(Event):
    """Set when any of several events is."""

    def __init__(self, *events: Event) -> None:
        super().__init__()
        self._events = events

    def is_set(self) -> bool:
        return any(event.is_set() for event in self._events)

    def wait(self, timeout: float | None = None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while not self.is_set():
            left = _LOOK_AGAIN if end is None else end - time.monotonic()
            if left <= 0:
                return False
            self._events[0].wait(min(left, _LOOK_AGAIN))
        return True


class LakeMinder:
    """Crawls and audits one lake whenever that is due. For one thread."""

    def __init__(self, settings: Settings, lake: LakeSettings, schedule: Schedule) -> None:
        self.settings = settings
        self.lake = lake
        self.schedule = schedule
        self._not_before = 0.0
        self._retry = _FIRST_RETRY

    def mind(self, stop: Event) -> None:
        """Until told to stop, while no other worker minds the lake."""
        while not stop.is_set():
            try:
                with (
                    wiring.opened_state(self.settings) as database,
                    kept_lease(database, f"worker:{self.lake.name}") as lease,
                ):
                    until = _Until(stop, lease.lost)
                    if self.schedule.is_watch:
                        self._watch(until)
                    else:
                        self._audit_in_time(database, until)
            except ConflictError:
                stop.wait(_OTHER_MINDS_IT)
            except LakewardenError as problem:
                self._say(problem)
                stop.wait(_OTHER_MINDS_IT)
            except Exception:  # noqa: BLE001  # the other lakes and the deliveries go on, whatever it is
                _LOG.exception("%s: the round broke off", self.lake.name)
                stop.wait(_FIRST_RETRY)

    def once(self, database: Database, now: datetime) -> bool:
        """An audit if one is due, whatever the schedule; False when it failed."""
        if not self.schedule.is_watch and not self._is_due(database, now):
            return True
        try:
            self._told(wiring.run_audit(self.settings, self.lake))
        except ConflictError as problem:
            _LOG.info("%s: %s", self.lake.name, problem)
        except LakewardenError as problem:
            self._say(problem)
            return False
        return True

    def _watch(self, until: Event) -> None:
        watched = LakeWatch(self.settings, self.lake, self.schedule.pace, Judging())
        rounds = watched.rounds(until)
        try:
            for number, made in enumerate(rounds):
                self._told_round(made)
                if number == 0:
                    for missed in watched.misses:
                        _LOG.info(
                            "%s: seen at the next whole crawl only: %s", self.lake.name, missed
                        )
        finally:
            rounds.close()

    def _audit_in_time(self, database: Database, until: Event) -> None:
        while not until.is_set():
            if time.monotonic() >= self._not_before and self._is_due(database, datetime.now(UTC)):
                self._audit()
            until.wait(_LOOK_AGAIN)

    def _audit(self) -> None:
        try:
            with _ONE_AT_A_TIME:
                self._told(wiring.run_audit(self.settings, self.lake))
            self._retry, self._not_before = _FIRST_RETRY, 0.0
        except LakewardenError as problem:
            self._say(problem)
            self._not_before = time.monotonic() + self._retry
            self._retry = min(2 * self._retry, _LAST_RETRY)

    def _is_due(self, database: Database, now: datetime) -> bool:
        """Whether no whole run began since the schedule last said so."""
        with reading_scope(database) as session:
            last = runs.last_whole_run(session, self.lake.name)
        return last is None or last.started_at < self.schedule.last(now) - timedelta(seconds=1)

    def _say(self, problem: LakewardenError) -> None:
        _LOG.error("%s: could not be read or judged: %s", self.lake.name, problem)

    def _told_round(self, made: Round) -> None:
        if made.problem is not None:
            self._say(made.problem)
        elif made.run is not None:
            self._told(made.run)

    def _told(self, run: RecordedRun) -> None:
        posture = run.posture
        _LOG.info(
            "%s: run %s, %d exposures, exit %d",
            self.lake.name,
            posture["run"],
            posture["exposures"]["total"],
            posture["exit_code"],
        )


def minders(
    settings: Settings, schedules: dict[str, Schedule], only: tuple[str, ...] = ()
) -> Iterator[LakeMinder]:
    """One for each lake, or each of some."""
    for name, schedule in schedules.items():
        if not only or name in only:
            yield LakeMinder(settings, settings.lake(name), schedule)
