"""Leases: one holder at a time for a name, across processes and hosts.

A lease ends when it is released, when it is not renewed in time, or when its holder's
process is seen to be gone. Moments are the database's own on PostgreSQL, so hosts
whose clocks differ agree.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast

from sqlalchemy import ColumnElement, Row, delete, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import ConflictError
from app.store.database import Session
from app.store.holders import is_gone, said
from app.store.identifiers import utc_now
from app.store.tables import leases

LEASE_SECONDS = 60.0


@dataclass(frozen=True)
class Lease:
    """A name held until a moment."""

    name: str
    holder: str
    acquired_at: datetime
    until: datetime

    def is_live(self, now: datetime) -> bool:
        """Whether it still keeps others out."""
        return self.until > now and not is_gone(self.holder)


def audit_lease(lake: str) -> str:
    """The lease that keeps a lake to one audit at a time."""
    return f"audit:{lake}"


def acquire_lease(
    session: Session,
    name: str,
    holder: str,
    *,
    seconds: float = LEASE_SECONDS,
    now: datetime | None = None,
) -> Lease:
    """Take the lease, or say who has it (ConflictError). Its holder may take it again."""
    now = now or database_now(session)
    present = lease(session, name)
    if present and present.holder != holder and present.is_live(now):
        raise _held(present)
    taken = Lease(name, holder, now, now + timedelta(seconds=seconds))
    free = or_(leases.c.until <= now, leases.c.holder == holder)
    if present:
        free = or_(free, leases.c.holder == present.holder)
    if not _write(session, taken, free):
        raise _held(lease(session, name))
    return taken


def renew_leases(
    session: Session,
    holder: str,
    *,
    seconds: float = LEASE_SECONDS,
    now: datetime | None = None,
) -> tuple[str, ...]:
    """Prolong every lease of the holder; the names it still has come back."""
    until = (now or database_now(session)) + timedelta(seconds=seconds)
    statement = update(leases).where(leases.c.holder == holder).values(until=until)
    return tuple(sorted(session.scalars(statement.returning(leases.c.name))))


def release_lease(session: Session, name: str, holder: str) -> bool:
    """Give the lease back; False when it was no longer the holder's."""
    statement = delete(leases).where(leases.c.name == name, leases.c.holder == holder)
    return session.execute(statement).rowcount == 1


def lease(session: Session, name: str) -> Lease | None:
    """The lease as it stands, expired or not."""
    row = session.execute(select(leases).where(leases.c.name == name)).one_or_none()
    return _lease(row) if row else None


def live_holders(session: Session, now: datetime | None = None) -> dict[str, str]:
    """The holder of each lease that is in force, by name."""
    now = now or database_now(session)
    rows = map(_lease, session.execute(select(leases)))
    return {found.name: found.holder for found in rows if found.is_live(now)}


def database_now(session: Session) -> datetime:
    """The moment by the database's clock; SQLite has only this machine's."""
    if session.dialect.name == "sqlite":
        return utc_now()
    moment = session.scalar(select(func.clock_timestamp()))
    return cast(datetime, moment).astimezone(UTC)


def _write(session: Session, taken: Lease, free: ColumnElement[bool]) -> bool:
    """One statement, so that of two who try at once exactly one succeeds."""
    values = {
        "holder": taken.holder,
        "acquired_at": taken.acquired_at,
        "until": taken.until,
    }
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(leases).values(name=taken.name, **values)
    upsert = statement.on_conflict_do_update(
        index_elements=[leases.c.name], set_=values, where=free
    )
    return session.execute(upsert.returning(leases.c.name)).one_or_none() is not None


def _held(present: Lease | None) -> ConflictError:
    if present is None:
        return ConflictError("the lease was taken meanwhile", mend="Try again")
    kind, _, what = present.name.partition(":")
    return ConflictError(
        f"another {kind} of {what} is running ({said(present.holder)}, "
        f"since {present.acquired_at:%Y-%m-%d %H:%M:%S} UTC)",
        mend=f"Wait for it to end; it holds at most until {present.until:%H:%M:%S} UTC "
        "without a sign of life",
    )


def _lease(row: Row[tuple[object, ...]]) -> Lease:
    return Lease(row.name, row.holder, row.acquired_at, row.until)
