"""The delivery log: what went where, every attempt, dead letters, and sending them again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from app.core.errors import ConflictError
from app.store.database import Session
from app.store.deliveries import (
    DEAD,
    WAITING,
    Attempt,
    Delivery,
    NewDelivery,
    add_delivery,
    delivery,
    delivery_of,
)
from app.store.delivery_tables import deliveries, delivery_attempts
from app.store.paging import Page, newest_first


def attempts(session: Session, identity: str) -> tuple[Attempt, ...]:
    """The attempts of a delivery, in order."""
    row = delivery_attempts.c
    query = select(delivery_attempts).where(row.delivery == identity).order_by(row.number)
    return tuple(
        Attempt(one.number, one.at, one.seconds, one.result, one.status, one.detail)
        for one in session.execute(query)
    )


def list_deliveries(
    session: Session,
    *,
    state: str | None = None,
    channel: str | None = None,
    route: str | None = None,
    message_id: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[Delivery, int]:
    """Deliveries, newest first; `state="dead"` are the dead letters."""
    row = deliveries.c
    given = {row.state: state, row.channel: channel, row.route: route, row.message_id: message_id}
    wanted = [column == value for column, value in given.items() if value is not None]
    if since is not None:
        wanted.append(row.created_at >= since)
    if until is not None:
        wanted.append(row.created_at < until)
    query = select(deliveries).where(*wanted)
    return newest_first(session, query, row.number, before, limit, delivery_of)


def replay(session: Session, identity: str, now: datetime) -> str:
    """Send a delivery's message again, under its own message id; the new delivery's id.

    Raises NotFoundError, and ConflictError while it is still on its way.
    """
    old = delivery(session, identity)
    if old.state == WAITING:
        raise ConflictError(
            f"the delivery {identity} is still on its way",
            mend="Wait, or look at its attempts: lakewarden deliveries show",
        )
    group = f"replay/{old.id}"
    row = deliveries.c
    count = select(func.count()).where(row.route == old.route, row.alert_group == group)
    sequence = (session.scalar(count) or 0) + 1
    new = NewDelivery(
        route=old.route,
        channel=old.channel,
        group=group,
        sequence=sequence,
        order_key=old.order_key,
        message=old.message,
        reason=f"replay of {old.id}",
        second=old.second,
        via=old.via,
        replay_of=old.id,
    )
    made = add_delivery(session, new, now)
    if made is None:
        raise ConflictError(f"{identity} is being replayed by somebody else", mend="Look again")
    return made


def replay_between(
    session: Session,
    since: datetime,
    until: datetime,
    now: datetime,
    *,
    channel: str | None = None,
    dead_only: bool = True,
) -> tuple[str, ...]:
    """Replay what was made in a time, oldest first; the new deliveries' ids."""
    row = deliveries.c
    wanted = [row.created_at >= since, row.created_at < until, row.replay_of.is_(None)]
    wanted.append(row.state == DEAD if dead_only else row.state != WAITING)
    if channel is not None:
        wanted.append(row.channel == channel)
    ids = list(session.scalars(select(row.id).where(*wanted).order_by(row.number)))
    return tuple(replay(session, identity, now) for identity in ids)


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many deliveries are in each state, and since when the oldest waits."""

    counts: Mapping[str, int]
    oldest_waiting: datetime | None


def backlog(session: Session) -> Backlog:
    """For metrics and the watcher."""
    row = deliveries.c
    counted = session.execute(select(row.state, func.count()).group_by(row.state))
    oldest = session.scalar(select(func.min(row.created_at)).where(row.state == WAITING))
    return Backlog({found[0]: found[1] for found in counted}, oldest)
