"""The questions asked of Lakewarden, on their way to a SIEM: each once, in order."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from app.core.routes import AUDIT_TRAIL, Message
from app.store.database import Session
from app.store.deliveries import NewDelivery, add_delivery
from app.store.export_positions import move_position, position, questions_after

_BATCH = 100
#: A question whose transaction is still open may have a lower number than one that is not.
_SETTLED = timedelta(seconds=10)


def queue_trail(session: Session, channels: Iterable[str], now: datetime) -> int:
    """Make deliveries of the questions that a channel has not had; how many deliveries."""
    made = 0
    for channel in channels:
        after = position(session, channel)
        found = questions_after(session, after, before=now - _SETTLED, limit=_BATCH)
        if not found:
            continue
        last = found[-1].id
        rows = tuple(
            {
                "id": one.id,
                "asked_at": one.asked_at.isoformat(),
                "asked_by": one.asked_by,
                "question": one.question,
                "parameters": dict(one.parameters),
                "lake": one.lake,
                "status": one.status,
            }
            for one in found
        )
        message = Message(
            id=f"{AUDIT_TRAIL}-{found[0].id}-{last}",
            at=now.isoformat(),
            severity="",
            notices=(),
            trail=rows,
        )
        new = NewDelivery(
            route=f"{AUDIT_TRAIL}/{channel}",
            channel=channel,
            group=AUDIT_TRAIL,
            sequence=last,
            order_key=AUDIT_TRAIL,
            message=message,
            reason=f"the channel {channel} takes the audit trail",
        )
        made += add_delivery(session, new, now) is not None
        move_position(session, channel, last)
    return made
