"""A worker to be killed: rounds over a database until its parent ends it."""

import sys
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from app.alert.channels import Channels
from app.alert.dispatching import Dispatcher
from app.core.errors import ConflictError, StateError
from app.delivering.rounds import deliver_once
from app.policy.load_routes import read_routes
from app.store.database import connect
from app.store.deliveries import Delivery
from app.store.holders import new_holder
from tests.alert.receivers import loopback_sender
from tests.delivering.world import channel

ROUTES = """
routes:
  - {name: all, channel: hook, second: spare, group_wait: 0s, group_interval: 0s}
  - {name: spare, channel: spare, second: all}
"""
FASTER = 600.0  # the first retry at once, the second after half a second


def work(url: str, hook: str, spare: str, begun: float) -> None:
    """Go on and on, by a clock that runs faster."""
    database = connect(url)
    channels = Channels(
        {"hook": channel("hook", hook), "spare": channel("spare", spare)}, loopback_sender(0.5)
    )
    holder, dispatcher = new_holder(), Dispatcher[Delivery]()
    routing = read_routes(ROUTES, "routes.yaml")

    def clock(_: object) -> datetime:
        return datetime(2026, 6, 12, tzinfo=UTC) + timedelta(seconds=FASTER * (time.time() - begun))

    while True:
        with suppress(ConflictError, StateError):  # the other worker was in the way
            deliver_once(database, channels, routing, dispatcher, holder=holder, clock=clock)
        time.sleep(0.05)


if __name__ == "__main__":
    work(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4]))
