"""How each channel fares: failing since, throttled until, disabled and why."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import Session
from app.store.delivery_tables import channel_states


@dataclass(frozen=True, slots=True)
class ChannelHealth:
    """A channel as its attempts left it."""

    channel: str
    delivered_at: datetime | None = None
    failed_at: datetime | None = None
    failing_since: datetime | None = None
    throttled_until: datetime | None = None
    disabled_at: datetime | None = None
    disabled_because: str | None = None


def channel_health(session: Session, channel: str) -> ChannelHealth:
    """How a channel fares; one that nothing was sent to fares well."""
    query = select(channel_states).where(channel_states.c.channel == channel)
    row = session.execute(query).one_or_none()
    return ChannelHealth(channel) if row is None else _health(row)


def all_channel_health(session: Session) -> tuple[ChannelHealth, ...]:
    """Every channel that anything was sent to."""
    query = select(channel_states).order_by(channel_states.c.channel)
    return tuple(_health(row) for row in session.execute(query))


def note_delivered(session: Session, channel: str, now: datetime) -> None:
    """It took something: it neither fails nor throttles."""
    _write(
        session,
        channel,
        delivered_at=now,
        failing_since=None,
        throttled_at=None,
        throttled_until=None,
    )


def note_failed(
    session: Session, channel: str, now: datetime, throttled_until: datetime | None = None
) -> None:
    """It failed; since when it fails without a success is kept."""
    since = channel_health(session, channel).failing_since
    # A first failure in the future was noted by a clock since set back.
    values: dict[str, Any] = {"failed_at": now, "failing_since": min(since or now, now)}
    if throttled_until is not None:
        values |= {"throttled_at": now, "throttled_until": throttled_until}
    _write(session, channel, **values)


def disable_channel(session: Session, channel: str, because: str, now: datetime) -> bool:
    """Send nothing more to it; its deliveries wait. False when it was disabled before."""
    if channel_health(session, channel).disabled_at is not None:
        return False
    _write(session, channel, disabled_at=now, disabled_because=because)
    return True


def enable_channel(session: Session, channel: str) -> bool:
    """Send to it again, what waited included. False when it was not disabled."""
    row = channel_states.c
    statement = (
        update(channel_states)
        .where(row.channel == channel, row.disabled_at.is_not(None))
        .values(
            disabled_at=None,
            disabled_because=None,
            failing_since=None,
            throttled_at=None,
            throttled_until=None,
        )
    )
    return session.execute(statement).rowcount == 1


def _write(session: Session, channel: str, **values: Any) -> None:
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(channel_states).values(channel=channel, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["channel"], set_=values))


def _health(row: Row[Any]) -> ChannelHealth:
    return ChannelHealth(
        row.channel,
        row.delivered_at,
        row.failed_at,
        row.failing_since,
        row.throttled_until,
        row.disabled_at,
        row.disabled_because,
    )
