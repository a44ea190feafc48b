"""The worker as a sentence: mind every lake, let waivers end, deliver, say how it goes."""

import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Thread

from app import wiring
from app.alert.channels import Channels
from app.alert.dispatching import Dispatcher
from app.core.errors import ConflictError, LakewardenError, StateError
from app.core.routes import Routing
from app.core.watching import Pace
from app.delivering.building import build_channels, build_routing
from app.delivering.rounds import Clock, deliver_once
from app.settings import Settings
from app.store.database import Database
from app.store.deliveries import Delivery
from app.store.holders import new_holder
from app.store.leases import database_now
from app.worker.care import Care
from app.worker.lakes import minders
from app.worker.schedule import Schedule, schedule_of

_LOG = logging.getLogger(__name__)
_PAUSE = 0.25
_AFTER_FAILURE = 2.0
_LAST_ROUND_SECONDS = 5.0


@dataclass
class Worker:
    """One process that works until it is told to stop. Several may, side by side."""

    settings: Settings
    channels: Channels
    routing: Routing
    schedules: dict[str, Schedule]
    clock: Clock = database_now
    _holder: str = field(default_factory=new_holder)
    _dispatcher: Dispatcher[Delivery] = field(default_factory=Dispatcher)
    _routes_seen: tuple[int, int] = (0, 0)

    @classmethod
    def built(
        cls, settings: Settings, lakes: tuple[str, ...] = (), pace: Pace | None = None
    ) -> "Worker":
        """Everything is checked before any work. Raises SettingsError, PolicyError, SourceError.

        lakes: to mind these only; none: all.
        """
        wanted = lakes or tuple(settings.lakes)
        schedules = {name: schedule_of(settings.lake(name), pace or Pace()) for name in wanted}
        for name in wanted:
            wiring.load_policies(settings.lake(name))
        worker = cls(settings, build_channels(settings.alerts), build_routing(settings), schedules)
        worker._routes_seen = worker._routes_file()
        return worker

    def run(self, stop: Event) -> None:
        """Work until told to stop; audits under way are finished, attempts are recorded."""
        care = Care(self.settings, self.schedules)
        tasks = [Thread(target=care.go_on, args=(stop,), name="care")]
        tasks += [
            Thread(target=minder.mind, args=(stop,), name=f"lake {minder.lake.name}")
            for minder in minders(self.settings, self.schedules)
        ]
        for task in tasks:
            task.daemon = True  # a second signal ends the process at once
            task.start()
        with self._dispatcher:
            while not stop.is_set() or any(task.is_alive() for task in tasks):
                self._deliver_while(stop, tasks)
            self.deliver_all()

    def once(self) -> bool:
        """One round of everything; whether all of it went well."""
        well = True
        with wiring.opened_state(self.settings) as database, self._dispatcher:
            for minder in minders(self.settings, self.schedules):
                well &= minder.once(database, datetime.now(UTC))
            Care(self.settings, self.schedules).look(database)
            done = deliver_once(
                database,
                self.channels,
                self.routing,
                self._dispatcher,
                holder=self._holder,
                clock=self.clock,
                drain_seconds=_LAST_ROUND_SECONDS,
            )
        _LOG.info(
            "%d notices, %d deliveries made, %d delivered, %d to be tried again, %d dead",
            done.notices,
            done.made,
            done.delivered,
            done.failed,
            done.dead,
        )
        return well and not done.problems and not done.failed

    def _deliver_while(self, stop: Event, tasks: list[Thread]) -> None:
        """Rounds on one open database, until it fails or the work is over."""
        try:
            with wiring.opened_state(self.settings) as database:
                while not stop.is_set() or any(task.is_alive() for task in tasks):
                    self._deliver(database)
                    if not stop.wait(_PAUSE):
                        continue
                    for task in tasks:
                        task.join(_PAUSE)
        except LakewardenError as problem:
            _LOG.error("deliveries wait: %s", problem)
            stop.wait(_AFTER_FAILURE)

    def _deliver(self, database: Database) -> None:
        self._read_routes()
        try:
            deliver_once(
                database,
                self.channels,
                self.routing,
                self._dispatcher,
                holder=self._holder,
                clock=self.clock,
            )
        except (ConflictError, StateError) as problem:
            # Another worker or the database was in the way: nothing is lost, only later.
            _LOG.warning("a round of deliveries is made again: %s", problem)

    def deliver_all(self) -> None:
        """A last round: what is under way is recorded, or handed out again."""
        try:
            with wiring.opened_state(self.settings) as database:
                deliver_once(
                    database,
                    self.channels,
                    self.routing,
                    self._dispatcher,
                    holder=self._holder,
                    clock=self.clock,
                    drain_seconds=_LAST_ROUND_SECONDS,
                )
        except LakewardenError as problem:
            _LOG.warning("the last round of deliveries: %s", problem)

    def _read_routes(self) -> None:
        """routes.yaml when it was changed; one that cannot be read leaves those there are."""
        seen = self._routes_file()
        if seen == self._routes_seen:
            return
        self._routes_seen = seen
        try:
            self.routing = build_routing(self.settings)
            _LOG.info("routes are read again")
        except LakewardenError as problem:
            _LOG.error("the routes stay as they were: %s", problem)

    def _routes_file(self) -> tuple[int, int]:
        path = Path(self.settings.policies) / "routes.yaml"
        try:
            found = path.stat()
        except OSError:
            return (0, 0)
        return (found.st_mtime_ns, found.st_size)
