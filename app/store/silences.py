"""Silences: times in which matching notices are held back. Each has an end."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.core.errors import ConflictError, NotFoundError, SettingsError
from app.core.routes import LONGEST_SILENCE, MATCHERS, Silence
from app.store.database import Session
from app.store.delivery_tables import silences
from app.store.identifiers import new_id, utc_now

LONGEST_COMMENT = 1_000


def add_silence(
    session: Session,
    *,
    matchers: Mapping[str, Iterable[str]],
    ends_at: datetime,
    created_by: str,
    comment: str,
    starts_at: datetime | None = None,
    now: datetime | None = None,
) -> Silence:
    """Make a silence. Raises SettingsError where it would be endless, empty or unexplained."""
    now = now or utc_now()
    begins = starts_at or now
    wanted = {name: tuple(patterns) for name, patterns in matchers.items()}
    _check(wanted, begins, ends_at, comment, now)
    silence = Silence(new_id(now), wanted, begins, ends_at, created_by, comment.strip(), now)
    session.execute(
        insert(silences).values(
            id=silence.id,
            matchers={name: list(patterns) for name, patterns in wanted.items()},
            starts_at=begins,
            ends_at=ends_at,
            created_by=created_by,
            comment=silence.comment,
            created_at=now,
            matched=0,
        )
    )
    return silence


def end_silence(
    session: Session, identity: str, *, ended_by: str, now: datetime | None = None
) -> Silence:
    """End a silence now; what it held back is looked at again. NotFoundError, ConflictError."""
    now = now or utc_now()
    known = silence(session, identity)
    if known.ends_at <= now:
        raise ConflictError(
            f"the silence {identity} ended at {known.ends_at:%Y-%m-%d %H:%M:%S} UTC",
            mend="There is nothing to do",
        )
    row = silences.c.id == identity
    session.execute(update(silences).where(row).values(ends_at=now, ended_by=ended_by))
    return replace(known, ends_at=now)


def silence(session: Session, identity: str) -> Silence:
    """The silence with that id. Raises NotFoundError."""
    row = session.execute(select(silences).where(silences.c.id == identity)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no silence {identity!r}", mend="List them for their ids")
    return _silence(row)


def list_silences(
    session: Session, *, now: datetime | None = None, ended: bool = False
) -> tuple[Silence, ...]:
    """Silences that still come or hold (`ended`: all), the next to end first.

    `matched` 0 says that nothing was held back so far: it may match nothing.
    """
    query = select(silences).order_by(silences.c.ends_at, silences.c.id)
    if not ended:
        query = query.where(silences.c.ends_at > (now or utc_now()))
    return tuple(_silence(row) for row in session.execute(query))


def count_matches(session: Session, counts: Mapping[str, int]) -> None:
    """Note how many more notices each silence held back."""
    for identity, more in sorted(counts.items()):
        statement = update(silences).where(silences.c.id == identity)
        session.execute(statement.values(matched=silences.c.matched + more))


def _check(
    matchers: Mapping[str, tuple[str, ...]],
    starts_at: datetime,
    ends_at: datetime,
    comment: str,
    now: datetime,
) -> None:
    unknown = sorted(set(matchers) - set(MATCHERS))
    if unknown or not matchers or not all(matchers.values()):
        raise SettingsError(
            f"a silence matches by {', '.join(unknown)}"
            if unknown
            else "a silence without a matcher would silence everything",
            mend=f"Give at least one of {', '.join(MATCHERS)}",
        )
    if not all(pattern.strip() for patterns in matchers.values() for pattern in patterns):
        raise SettingsError("a silence has an empty matcher", mend="Give what it matches")
    if ends_at <= max(starts_at, now) or ends_at - max(starts_at, now) > LONGEST_SILENCE:
        raise SettingsError(
            f"a silence ends after it began, still to come and within {LONGEST_SILENCE.days} days",
            mend="Give another end; for longer, write a waiver",
        )
    if not comment.strip() or len(comment) > LONGEST_COMMENT:
        raise SettingsError(
            f"a silence says why, in 1 to {LONGEST_COMMENT} characters", mend="Give a comment"
        )


def _silence(row: Row[Any]) -> Silence:
    matchers = {name: tuple(patterns) for name, patterns in row.matchers.items()}
    return Silence(
        row.id,
        matchers,
        row.starts_at,
        row.ends_at,
        row.created_by,
        row.comment,
        row.created_at,
        row.matched,
    )
