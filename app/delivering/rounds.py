"""A worker's round: decide in one transaction, send outside any, record each attempt."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from app.alert.channels import Channels
from app.alert.dispatching import Dispatcher, Finished
from app.alert.retrying import DELIVERED, Outcome, next_step
from app.core.errors import ConflictError, StateError
from app.core.incidents import Notice
from app.core.routes import WATCHER, Routing, is_loud
from app.delivering.trail import queue_trail
from app.delivering.turning import Turn, Turned
from app.store.channel_health import (
    channel_health,
    disable_channel,
    note_delivered,
    note_failed,
)
from app.store.database import Database, Session, session_scope
from app.store.deliveries import Attempt, Delivery, claim_due, record_attempt
from app.store.leases import database_now
from app.store.outbox import add_notice

LEASE_SECONDS = 90.0  # longer than the longest attempt
_LINGER, _LONGEST = 0.25, 1.0
_TRIES = 3
_LOG = logging.getLogger(__name__)

Clock = Callable[[Session], datetime]
Sending = Dispatcher[Delivery]


@dataclass(slots=True)
class Round:
    """What a round came to."""

    notices: int = 0  # taken from the outbox and decided on
    made: int = 0  # deliveries made of them
    second: int = 0  # deliveries that also went to their second route
    delivered: int = 0
    failed: int = 0  # attempts that were not taken and will be tried again
    dead: int = 0
    running: int = 0  # attempts still under way
    problems: list[str] = field(default_factory=list)


def deliver_once(
    database: Database,
    channels: Channels,
    routing: Routing,
    dispatcher: Sending,
    *,
    holder: str,
    clock: Clock = database_now,
    drain_seconds: float = 0.0,
) -> Round:
    """One round. Call it again and again, with the same dispatcher and holder.

    holder: `store.holders.new_holder()`. It returns soon, whatever the receivers do: an
    attempt under way is recorded by a later round, or handed out again when its lease
    ends. `drain_seconds`: wait so long for attempts under way (tests, a last round).
    """
    done = Round()
    _record_all(database, dispatcher, dispatcher.finished(), done, holder, clock)
    turned = Turned()
    with session_scope(database) as session:
        now = clock(session)
        Turn(session, routing, channels.kinds, now, holder, turned).take()
        queue_trail(session, channels.for_trail, now)
    done.notices, done.made, done.second = turned.notices, turned.made, turned.second
    done.problems += turned.problems
    until = time.monotonic() + drain_seconds
    while True:
        begun = _begin(database, channels, dispatcher, holder, clock)
        linger = max(_LINGER if begun else 0.0, min(1.0, until - time.monotonic()))
        finished = dispatcher.finished(linger)
        _record_all(database, dispatcher, finished, done, holder, clock)
        idle = not finished and (not dispatcher.running or time.monotonic() >= until)
        # However much there is to send, new notices are decided on soon.
        if idle or time.monotonic() >= until + _LONGEST:
            break
    done.running = dispatcher.running
    for problem in done.problems:
        _LOG.warning("%s", problem)
    return done


def _begin(
    database: Database,
    channels: Channels,
    dispatcher: Sending,
    holder: str,
    clock: Clock,
) -> int:
    """Claim what is due and begin to send it; how many attempts were begun."""
    claimed: list[Delivery] = []
    with session_scope(database) as session:
        now = clock(session)
        for name in sorted(channels.settings):
            claimed += claim_due(
                session,
                holder,
                name,
                limit=dispatcher.free(name),
                now=now,
                lease_seconds=LEASE_SECONDS,
            )
    for delivery in claimed:
        dispatcher.submit(delivery.channel, delivery, _attempt(channels, delivery))
    return len(claimed)


def _attempt(channels: Channels, delivery: Delivery) -> Callable[[], Outcome]:
    return lambda: channels.send(delivery.channel, delivery.message)


def _record_all(
    database: Database,
    dispatcher: Sending,
    finished: Sequence[Finished[Delivery]],
    done: Round,
    holder: str,
    clock: Clock,
) -> None:
    for place, one in enumerate(finished):
        try:
            state = _recorded(database, one, done, holder, clock)
        except StateError:
            dispatcher.hand_back(finished[place:])
            raise
        if state == "delivered":
            done.delivered += 1
        elif state == "dead":
            done.dead += 1
        else:
            done.failed += 1


def _recorded(
    database: Database, one: Finished[Delivery], done: Round, holder: str, clock: Clock
) -> str:
    """Record an attempt; again, where another worker recorded his of it at that moment."""
    for tries in range(1, _TRIES + 1):
        try:
            with session_scope(database) as session:
                return _record(session, one, done, holder, clock(session))
        except ConflictError:
            if tries == _TRIES:
                raise
    raise AssertionError("unreachable")


def _record(
    session: Session, one: Finished[Delivery], done: Round, holder: str, now: datetime
) -> str:
    delivery, outcome = one.job, one.outcome
    health = channel_health(session, delivery.channel)
    step = next_step(outcome, delivery.attempts + 1, delivery.id, now, health.failing_since)
    attempt = Attempt(
        number=delivery.attempts + 1,
        at=now - timedelta(seconds=one.seconds),
        seconds=one.seconds,
        result=outcome.result,
        status=outcome.status,
        detail=outcome.detail,
    )
    record_attempt(
        session,
        delivery,
        attempt,
        state=step.state,
        next_at=step.next_at,
        now=now,
        holder=holder,
    )
    if outcome.result == DELIVERED:
        note_delivered(session, delivery.channel, now)
        return step.state
    note_failed(session, delivery.channel, now, step.throttled_until)
    said = f"{delivery.channel}: {delivery.message.id}: {outcome.detail}"
    if step.disable and disable_channel(session, delivery.channel, step.disable, now):
        done.problems.append(f"the channel {delivery.channel} is disabled: {step.disable}")
        add_notice(session, _disabled(delivery.channel, step.disable, now))
    if step.state == "dead":
        done.problems.append(f"{said}; it is a dead letter")
        if is_loud(delivery.severity) and not _is_watchers(delivery):
            add_notice(session, _dead(delivery, outcome.detail, now))
    return step.state


def _is_watchers(delivery: Delivery) -> bool:
    """A word about a lost word about a lost word would have no end."""
    return all(notice.kind == WATCHER for notice in delivery.message.notices)


def _disabled(channel: str, because: str, now: datetime) -> Notice:
    return _watcher(
        identity=f"channel-disabled-{channel}-{now:%Y%m%dT%H%M%S%f}",
        key=f"channel/{channel}",
        title=f"The channel {channel} is disabled: {because}. Its deliveries wait",
        now=now,
    )


def _dead(delivery: Delivery, because: str, now: datetime) -> Notice:
    return _watcher(
        identity=f"dead-letter-{delivery.id}",
        key=f"dead-letter/{delivery.id}",
        title=f"{delivery.severity} {delivery.message.id} could not be delivered to "
        f"{delivery.channel}: {because}",
        now=now,
    )


def _watcher(identity: str, key: str, title: str, now: datetime) -> Notice:
    """Loud: a way by which on-call is woken does not work."""
    return Notice(
        id=identity,
        kind=WATCHER,
        lake="",
        incident="",
        sequence=0,
        at=now.isoformat(timespec="seconds").replace("+00:00", "Z"),
        run="",
        actor="",
        severity="SEV1",
        classes=(),
        kinds=("delivery",),
        title=title,
        data={"key": key},
    )
