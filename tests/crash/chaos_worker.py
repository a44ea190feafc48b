"""A worker to be killed: the real one, over deliveries whose clock runs faster."""

import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

from app.core.watching import Pace
from app.log import set_up_logging
from app.settings import load_settings
from app.worker.working import Worker

PATIENCE = 3.0
FASTER = 60.0  # retries come after 0.1 s, 5 s, 30 s …; a second route after a second


def work(config: Path, begun: float) -> None:
    """Go on until killed."""
    worker = Worker.built(load_settings(config), pace=Pace(0.1, 5.0))
    # A receiver that never answers holds an attempt for 3 s in place of 20.
    sender = replace(worker.channels.sender, total_seconds=PATIENCE, read_seconds=PATIENCE)
    worker.channels = replace(worker.channels, sender=sender)
    worker.clock = lambda _: (
        datetime.fromtimestamp(begun, UTC) + timedelta(seconds=FASTER * (time.time() - begun))
    )
    set_up_logging()
    worker.run(Event())


if __name__ == "__main__":
    work(Path(sys.argv[1]), float(sys.argv[2]))
