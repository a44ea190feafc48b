"""What the worker sees to beside lakes and deliveries: waivers that end, and itself."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from threading import Event

from app import wiring
from app.core.errors import LakewardenError, PolicyError
from app.core.names import show
from app.core.own_conditions import Condition, Sight
from app.core.verdicts import Policies, Waiver
from app.delivering.pruning import prune_old_alerts
from app.recorded_waivers import apply_lake_waivers
from app.settings import LakeSettings, Settings
from app.store.channel_health import all_channel_health
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.leases import database_now
from app.store.own_conditions import note_conditions
from app.store.snapshots import newest_snapshot
from app.store.waivers import waivers_of_lake
from app.worker.schedule import Schedule

_LOG = logging.getLogger(__name__)
_PRUNE_EVERY = 3_600.0

#: A channel that took nothing for so long is said to fail.
FAILING_AFTER = timedelta(minutes=5)
#: So long before its last day a waiver is about to end.
FILE_WAIVER_DAYS, API_WAIVER_DAYS = 3, 1


@dataclass
class Care:
    """Looks at waivers and at Lakewarden itself, again and again."""

    settings: Settings
    schedules: Mapping[str, Schedule]
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    pause: float = 10.0
    _applied: dict[str, tuple[object, ...]] = field(default_factory=dict)
    _prune_at: float = 0.0

    def go_on(self, stop: Event) -> None:
        """Until told to stop."""
        while not stop.is_set():
            try:
                with wiring.opened_state(self.settings) as database:
                    while not stop.is_set():
                        self.look(database)
                        stop.wait(self.pause)
            except LakewardenError as problem:
                _LOG.error("%s", problem)
                stop.wait(self.pause)
            except Exception:  # noqa: BLE001  # a look that broke off is taken again
                _LOG.exception("the look at waivers and at the worker itself broke off")
                stop.wait(self.pause)

    def look(self, database: Database) -> None:
        """Once: let waivers end that have ended, and say what holds of Lakewarden itself."""
        policies: dict[str, Policies | PolicyError] = {}
        for name in self.schedules:
            try:
                policies[name] = wiring.load_policies(self.settings.lake(name))
            except PolicyError as problem:
                policies[name] = problem
        for name, read in policies.items():
            if not isinstance(read, PolicyError):
                self._waivers(database, self.settings.lake(name), read)
        with session_scope(database) as session:
            now = database_now(session)
            turned = note_conditions(session, self._sight(session, policies, now), now)
        for notice in turned.notices:
            _LOG.warning("%s", notice.title)
        self._prune(database)

    def _prune(self, database: Database) -> None:
        """Every hour: forget what was delivered long ago."""
        if time.monotonic() < self._prune_at:
            return
        self._prune_at = time.monotonic() + _PRUNE_EVERY
        gone = prune_old_alerts(database, self.settings.retention)
        if gone.total:
            _LOG.info(
                "%d old deliveries and %d records in all are forgotten", gone.deliveries, gone.total
            )

    def _waivers(self, database: Database, lake: LakeSettings, read: Policies) -> None:
        """Between runs: those that were made, or ended, since they were last applied."""
        with reading_scope(database) as session:
            today = database_now(session).date().isoformat()
            made = waivers_of_lake(session, lake.name)
        wanted = (*read.waivers, *(each.waiver for each in made))
        # What a waiver says counts, and whether its last day has passed.
        state = tuple((repr(each), each.expires < today) for each in wanted)
        if self._applied.get(lake.name) == state:
            return
        apply_lake_waivers(
            database,
            lake.name,
            read.waivers,
            wiring.new_engine,
            draft=wiring.mends_of(self.settings, lake),
        )
        self._applied[lake.name] = state

    def _sight(
        self,
        session: Session,
        policies: Mapping[str, "Policies | PolicyError"],
        now: datetime,
    ) -> Sight:
        found: list[Condition] = [*self._late_lakes(session, now), *self._channels(session, now)]
        unseen: list[str] = []
        for name, read in policies.items():
            if isinstance(read, PolicyError):
                unseen.append(f"waiver/{name}/")
                found.append(_unreadable(name, read))
                continue
            found += [_ending(name, one, FILE_WAIVER_DAYS, now) for one in read.waivers]
            made = waivers_of_lake(session, name)
            found += [_ending(name, one.waiver, API_WAIVER_DAYS, now) for one in made]
        return Sight(tuple(one for one in found if one.key), tuple(unseen))

    def _late_lakes(self, session: Session, now: datetime) -> list[Condition]:
        found = []
        for name, schedule in self.schedules.items():
            newest = newest_snapshot(session, name)
            seen = newest.taken_at if newest else self.began
            if seen >= schedule.late_since(now):
                continue
            last = f"the last crawl was at {_said(seen)}" if newest else "it never was"
            found.append(
                Condition(
                    f"lake/{name}",
                    f"{show(name)} is not crawled any more: {last}, its schedule is {schedule}",
                    "SEV2",
                    f"{show(name)} is crawled again",
                    lake=name,
                )
            )
        return found

    def _channels(self, session: Session, now: datetime) -> list[Condition]:
        found = []
        for health in all_channel_health(session):
            if health.channel not in self.settings.alerts.channels:
                continue
            since, name = health.failing_since, health.channel
            if health.disabled_at is None and (since is None or now - since < FAILING_AFTER):
                continue
            title = f"The channel {name} fails since {_said(since or now)}; its deliveries wait"
            over = f"The channel {name} takes deliveries again"
            # That it was disabled is said by whoever disabled it.
            found.append(
                Condition(f"channel/{name}", title, "SEV1", over, told=health.disabled_at is None)
            )
        return found


def _unreadable(lake: str, problem: PolicyError) -> Condition:
    return Condition(
        f"policies/{lake}",
        f"The policies of {show(lake)} cannot be read: {problem.message}",
        "SEV2",
        f"The policies of {show(lake)} can be read again",
        lake=lake,
    )


_NONE = Condition("", "", "", "")


def _ending(lake: str, waiver: Waiver, days: int, now: datetime) -> Condition:
    """That a waiver is about to end; the one without a key where it is not."""
    try:
        left = (date.fromisoformat(waiver.expires) - now.date()).days
    except ValueError:
        return _NONE
    if not 0 <= left <= days:
        return _NONE
    return Condition(
        f"waiver/{lake}/{waiver.waiver}/{waiver.expires}",
        f"Waiver {show(waiver.waiver)} of {show(lake)} ends on {waiver.expires}: "
        f"{show(waiver.reason)} (approved by {show(waiver.approver)})",
        "SEV3",
        f"Waiver {show(waiver.waiver)} of {show(lake)} is no longer about to end: it was "
        "prolonged, taken back or has ended",
        lake=lake,
    )


def _said(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
