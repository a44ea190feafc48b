"""Which records of alerts may go: old ones that were delivered, or need no delivery.

Never goes what still waits, what a silence holds back, and a dead letter, unless its message
was delivered to the same channel later. Kept are what is younger than a moment, and the
newest so many whatever their age. Each call removes a batch, so that nobody waits long.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, delete, exists, or_, select

from app.store.database import Session
from app.store.deliveries import DEAD, DELIVERED
from app.store.delivery_tables import alert_decisions, deliveries, delivery_attempts, silences
from app.store.idempotency import forget_requests
from app.store.incident_tables import outbox
from app.store.paging import in_batches

BATCH = 2_000
_DECIDED = ("nowhere", "superseded", "sent")


@dataclass(slots=True)
class Pruned:
    """How many records of each went."""

    deliveries: int = 0
    attempts: int = 0
    decisions: int = 0
    notices: int = 0
    silences: int = 0
    requests: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        records = self.deliveries + self.attempts + self.decisions + self.notices
        return records + self.silences + self.requests


def prune_alerts(session: Session, before: datetime, keep: int) -> Pruned:
    """Remove a batch of what was done before a moment; nothing left when `total` is 0.

    keep: the newest so many deliveries, decisions and notices stay whatever their age.
    """
    pruned = Pruned()
    going = _old_deliveries(session, before, keep)
    for ids in in_batches(going):
        gone = delete(delivery_attempts).where(delivery_attempts.c.delivery.in_(ids))
        pruned.attempts += session.execute(gone).rowcount
        gone = delete(deliveries).where(deliveries.c.id.in_(ids))
        pruned.deliveries += session.execute(gone).rowcount
    pruned.decisions = _forget(session, alert_decisions, _old_decisions(before), keep)
    pruned.notices = _forget(session, outbox, outbox.c.done_at < before, keep)
    over = delete(silences).where(silences.c.ends_at < before)
    pruned.silences = session.execute(over).rowcount
    pruned.requests = forget_requests(session, before)
    return pruned


def _old_deliveries(session: Session, before: datetime, keep: int) -> Sequence[str]:
    """Dead letters stand before what delivered them later: that must still be there to tell."""
    row, later = deliveries.c, deliveries.alias("later")
    delivered_later = exists(
        select(later.c.number).where(
            later.c.message_id == row.message_id,
            later.c.channel == row.channel,
            later.c.state == DELIVERED,
            later.c.number > row.number,
        )
    )
    done = or_(row.state == DELIVERED, and_(row.state == DEAD, delivered_later))
    query = select(row.id).where(done, row.finished_at < before)
    below = _newest_kept(session, row.number, keep)
    if below is not None:
        query = query.where(row.number < below)
    return session.scalars(query.order_by(row.number).limit(BATCH)).all()


def _old_decisions(before: datetime) -> ColumnElement[bool]:
    """A decision that was sent goes after its delivery."""
    row = alert_decisions.c
    undone = exists(select(deliveries.c.number).where(deliveries.c.id == row.delivery))
    return and_(row.state.in_(_DECIDED), row.decided_at < before, ~undone)


def _forget(session: Session, table: Table, old: ColumnElement[bool], keep: int) -> int:
    query = select(table.c.number).where(old)
    below = _newest_kept(session, table.c.number, keep)
    if below is not None:
        query = query.where(table.c.number < below)
    numbers = session.scalars(query.order_by(table.c.number).limit(BATCH)).all()
    gone = 0
    for batch in in_batches([str(number) for number in numbers]):
        wanted = [int(number) for number in batch]
        gone += session.execute(delete(table).where(table.c.number.in_(wanted))).rowcount
    return gone


def _newest_kept(session: Session, number: Column[Any], keep: int) -> int | None:
    """The number of the oldest record that stays whatever its age; None: none does."""
    if keep < 1:
        return None
    newest = select(number).order_by(number.desc()).offset(keep - 1).limit(1)
    found: int | None = session.scalar(newest)
    return 0 if found is None else found
