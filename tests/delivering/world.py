"""A worker with a clock of its own, real receivers and a real database."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from app.alert.channels import Channels
from app.alert.dispatching import Dispatcher
from app.core.incidents import Notice
from app.core.routes import Routing
from app.delivering.rounds import Round, deliver_once
from app.policy.load_routes import read_routes
from app.settings import ChannelSettings, SecretText
from app.store.database import Database, session_scope
from app.store.deliveries import Delivery
from app.store.holders import new_holder
from app.store.outbox import add_notice
from tests.alert.notices import NOTICE
from tests.alert.receivers import loopback_sender

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
START = datetime(2026, 6, 12, 8, 0, tzinfo=UTC)


def channel(name: str, url: str, kind: str = "webhook", **more: object) -> ChannelSettings:
    """Settings of a channel."""
    key = {"webhook": (SECRET,), "pagerduty": ("k" * 32,)}.get(kind, ())
    return ChannelSettings(
        name,
        kind,
        SecretText(url, is_all_secret=True),
        tuple(SecretText(one, is_all_secret=True) for one in key),
        **more,  # type: ignore[arg-type]
    )


@dataclass
class World:
    """One worker over a database; `now` moves by hand."""

    database: Database
    routing: Routing
    channels: Channels
    dispatcher: Dispatcher[Delivery] = field(default_factory=Dispatcher)
    holder: str = field(default_factory=new_holder)
    now: datetime = START

    def put(self, *notices: Notice) -> None:
        """Put notices into the outbox."""
        with session_scope(self.database) as session:
            for notice in notices:
                assert add_notice(session, notice)

    def round(self, *, after: float = 0, drain: float = 5.0) -> Round:
        """A round so many seconds later."""
        self.now += timedelta(seconds=after)
        return deliver_once(
            self.database,
            self.channels,
            self.routing,
            self.dispatcher,
            holder=self.holder,
            clock=lambda _: self.now,
            drain_seconds=drain,
        )


@contextmanager
def world(
    database: Database, routes: str, *channels: ChannelSettings, seconds: float = 2.0
) -> Iterator[World]:
    """A worker with these routes and channels."""
    made = World(
        database,
        read_routes(routes, "policies/routes.yaml"),
        Channels(
            {one.name: one for one in channels}, loopback_sender(seconds), "https://lw.example.com"
        ),
    )
    try:
        yield made
    finally:
        made.dispatcher.close()


def event(kind: str, sequence: int, incident: str = NOTICE.incident, **more: object) -> Notice:
    """A notice of an incident's life."""
    changed = replace(NOTICE, kind=kind, sequence=sequence, incident=incident, **more)  # type: ignore[arg-type]
    return replace(changed, id=f"{incident}-{sequence}", title=f"{changed.severity} {kind}")
