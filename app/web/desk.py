"""What the answers need while the server runs, in one place."""

import threading
from dataclasses import dataclass, field

from app.web.authenticator import Authenticator
from app.web.cursors import Cursors
from app.web.job_thread import JobThread
from app.web.measures import Measures
from app.web.open_runs import OpenRuns
from app.web.services import Services
from app.web.trail import Trail


@dataclass(frozen=True)
class Desk:
    """Where questions are brought. Made once for an application."""

    services: Services
    trail: Trail
    authenticator: Authenticator
    open_runs: OpenRuns
    cursors: Cursors
    measures: Measures
    jobs: JobThread
    stopping: threading.Event = field(default_factory=threading.Event)

    def open(self) -> None:
        """Begin to record questions and to work on jobs."""
        self.trail.start()
        self.jobs.start()

    def close(self) -> None:
        """End the job under way and write what is to be recorded."""
        self.stopping.set()
        self.jobs.stop()
        self.trail.stop()


def set_up_desk(services: Services) -> Desk:
    """The desk of a server on these services."""
    trail = Trail(services.database)
    open_runs = OpenRuns(services)
    return Desk(
        services=services,
        trail=trail,
        authenticator=Authenticator(services.database, services.pepper, trail.note_use),
        open_runs=open_runs,
        cursors=Cursors(services.pepper),
        measures=Measures(services, open_runs),
        jobs=JobThread(services, open_runs.forget_newest),
    )
