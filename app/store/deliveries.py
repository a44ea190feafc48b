"""Deliveries: one request to a channel each, over all its attempts, until it is taken or dead.

A worker claims what is due under a lease, sends it outside any transaction, and records the
attempt. A lease that ends hands the delivery out again: at least once, with its one id. Of
one incident (or group, for people's channels) a route's deliveries go out in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, case, exists, func, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import NotFoundError
from app.core.routes import LOUD, Message
from app.store.alert_rows import message_document, message_of
from app.store.database import Session
from app.store.delivery_tables import channel_states, deliveries, delivery_attempts
from app.store.holders import is_gone
from app.store.identifiers import new_id

WAITING, DELIVERED, DEAD = "waiting", "delivered", "dead"
STATES = (WAITING, DELIVERED, DEAD)
CLOCK_SLACK = timedelta(minutes=1)
_HOLDER_PARTS = 6
LONGEST_DETAIL = 500


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A message on its way to a channel by a route; unique by (route, group, sequence)."""

    route: str
    channel: str
    group: str
    sequence: int
    order_key: str
    message: Message
    reason: str
    second: str = ""
    via: tuple[str, ...] = ()
    replay_of: str | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands."""

    number: int
    id: str
    route: str
    channel: str
    group: str
    sequence: int
    order_key: str
    message: Message
    reason: str
    severity: str
    state: str
    attempts: int
    created_at: datetime
    next_at: datetime
    finished_at: datetime | None
    second: str
    second_at: datetime | None
    via: tuple[str, ...]
    replay_of: str | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: when, how long, and what came of it."""

    number: int
    at: datetime
    seconds: float
    result: str
    status: int | None
    detail: str


def add_delivery(session: Session, new: NewDelivery, now: datetime) -> str | None:
    """Put a delivery in; its id, or None when this (route, group, sequence) is there already."""
    values = {
        "id": new_id(now),
        "route": new.route,
        "channel": new.channel,
        "alert_group": new.group,
        "sequence": new.sequence,
        "order_key": new.order_key,
        "message_id": new.message.id,
        "message": message_document(new.message),
        "reason": new.reason,
        "severity": new.message.severity,
        "state": WAITING,
        "attempts": 0,
        "created_at": now,
        "planned_at": now,
        "next_at": now,
        "second": new.second,
        "via": list(new.via),
        "replay_of": new.replay_of,
    }
    kind = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = (
        kind(deliveries)
        .values(values)
        .on_conflict_do_nothing(index_elements=["route", "alert_group", "sequence"])
    )
    made: str | None = session.scalar(statement.returning(deliveries.c.id))
    return made


def claim_due(
    session: Session,
    holder: str,
    channel: str,
    *,
    limit: int,
    now: datetime,
    lease_seconds: float = 60.0,
) -> tuple[Delivery, ...]:
    """Take at most `limit` due deliveries of a channel, the gravest and oldest first.

    None while the channel is disabled or throttled. Commit before sending them.
    """
    if limit < 1 or _is_held(session, channel, now):
        return ()
    row = deliveries.c
    loud_first = case((row.severity.in_(LOUD), row.severity), else_="x")
    candidates = (
        select(row.number)
        .where(
            row.state == WAITING,
            row.channel == channel,
            or_(row.next_at <= now, row.planned_at > now + CLOCK_SLACK),
            _is_free(session, now),
            ~_has_earlier(),
        )
        .order_by(loud_first, row.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    numbers = list(session.scalars(candidates))
    if not numbers:
        return ()
    taken = (
        update(deliveries)
        .where(row.number.in_(numbers))
        .values(holder=holder, until=now + timedelta(seconds=lease_seconds))
        .returning(deliveries)
    )
    found = {one.number: delivery_of(one) for one in session.execute(taken)}
    return tuple(found[number] for number in numbers if number in found)


def record_attempt(
    session: Session,
    delivery: Delivery,
    attempt: Attempt,
    *,
    state: str,
    next_at: datetime,
    now: datetime,
    holder: str,
) -> bool:
    """Record what came of an attempt; False when another worker has the delivery by now.

    The attempt stands in the log all the same, and one that was taken counts in any case.
    """
    row = deliveries.c
    made = session.scalar(
        select(func.max(delivery_attempts.c.number)).where(
            delivery_attempts.c.delivery == delivery.id
        )
    )
    session.execute(
        insert(delivery_attempts).values(
            delivery=delivery.id,
            number=(made or 0) + 1,
            at=attempt.at,
            seconds=round(attempt.seconds, 3),
            result=attempt.result,
            status=attempt.status,
            detail=attempt.detail[:LONGEST_DETAIL],
        )
    )
    mine = row.state == WAITING if state == DELIVERED else (row.holder == holder)
    statement = (
        update(deliveries)
        .where(row.id == delivery.id, row.state != DELIVERED, mine)
        .values(
            state=state,
            attempts=delivery.attempts + 1,
            next_at=next_at,
            planned_at=now,
            finished_at=None if state == WAITING else now,
            holder=None,
            until=None,
        )
    )
    return session.execute(statement).rowcount == 1


def delivery(session: Session, identity: str) -> Delivery:
    """The delivery with that id. Raises NotFoundError."""
    query = select(deliveries).where(deliveries.c.id == identity)
    row = session.execute(query).one_or_none()
    if row is None:
        raise NotFoundError(
            f"there is no delivery {identity!r}", mend="See: lakewarden deliveries list"
        )
    return delivery_of(row)


def _is_held(session: Session, channel: str, now: datetime) -> bool:
    row = channel_states.c
    held = or_(
        row.disabled_at.is_not(None),
        # A throttle that a clock set in the future does not outlive the clock.
        (row.throttled_until > now) & (row.throttled_at <= now + CLOCK_SLACK),
    )
    query = select(row.channel).where(row.channel == channel, held)
    return session.execute(query).first() is not None


def _is_free(session: Session, now: datetime) -> ColumnElement[bool]:
    row = deliveries.c
    held = select(row.holder).where(row.state == WAITING, row.until > now).distinct()
    gone = [name for name in session.scalars(held) if _has_died(name)]
    free = or_(row.until.is_(None), row.until <= now)
    return or_(free, row.holder.in_(gone)) if gone else free


def _has_died(holder: str | None) -> bool:
    return holder is not None and holder.count("/") == _HOLDER_PARTS - 1 and is_gone(holder)


def _has_earlier() -> ColumnElement[bool]:
    """Whether the same route still has an earlier one of the same incident or group."""
    earlier = deliveries.alias("earlier")
    return exists(
        select(earlier.c.number).where(
            earlier.c.route == deliveries.c.route,
            earlier.c.order_key == deliveries.c.order_key,
            earlier.c.state == WAITING,
            earlier.c.number < deliveries.c.number,
        )
    )


def delivery_of(row: Row[Any]) -> Delivery:
    """The delivery of a row."""
    via: Sequence[str] = row.via
    return Delivery(
        number=row.number,
        id=row.id,
        route=row.route,
        channel=row.channel,
        group=row.alert_group,
        sequence=row.sequence,
        order_key=row.order_key,
        message=message_of(row.message),
        reason=row.reason,
        severity=row.severity,
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_at=row.next_at,
        finished_at=row.finished_at,
        second=row.second,
        second_at=row.second_at,
        via=tuple(via),
        replay_of=row.replay_of,
    )
