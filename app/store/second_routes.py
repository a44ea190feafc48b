"""Loud deliveries without an answer in time, and whether their second route was taken."""

from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from app.core.routes import LOUD
from app.store.database import Session
from app.store.deliveries import CLOCK_SLACK, DEAD, DELIVERED, Delivery, delivery_of
from app.store.delivery_tables import channel_states, deliveries


def undelivered_loud(session: Session, now: datetime, after: timedelta) -> tuple[Delivery, ...]:
    """SEV0 and SEV1 deliveries without an answer for so long, whose second route waits.

    At once where they are dead or their channel is disabled.
    """
    row, states = deliveries.c, channel_states.c
    disabled = select(states.channel).where(states.disabled_at.is_not(None))
    query = (
        select(deliveries)
        .where(
            row.state != DELIVERED,
            row.severity.in_(LOUD),
            row.second != "",
            row.second_at.is_(None),
            or_(
                row.created_at <= now - after,
                row.created_at > now + CLOCK_SLACK,
                row.state == DEAD,
                row.channel.in_(disabled),
            ),
        )
        .order_by(row.number)
    )
    return tuple(delivery_of(one) for one in session.execute(query))


def note_second(session: Session, delivery: str, now: datetime) -> None:
    """Note that a delivery went to its second route as well."""
    statement = update(deliveries).where(deliveries.c.id == delivery)
    session.execute(statement.values(second_at=now))
