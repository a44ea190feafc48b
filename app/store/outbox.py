"""The outbox: notices written in one transaction with the change that they tell of.

Whoever sends alerts claims some under a lease, does what he does with them, and marks them
done in the same transaction as his own records. One that is not marked is handed out again
when the lease ends or its holder's process is seen to be gone: each is handed out at least
once, with its one id. Of one incident no notice is handed out before the earlier ones are
done, however many workers there are.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from app.core.errors import ConflictError
from app.core.incidents import Notice
from app.store.database import Session
from app.store.holders import is_gone
from app.store.incident_tables import outbox
from app.store.leases import LEASE_SECONDS, database_now
from app.store.paging import in_batches

_HOLDER_PARTS = 6


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many notices nobody is done with, and since when the oldest waits."""

    count: int
    oldest: datetime | None


def add_notice(session: Session, notice: Notice) -> bool:
    """Put a notice in; False when one of this id was put in before."""
    values = {
        "id": notice.id,
        "lake": notice.lake,
        "incident": notice.incident,
        "sequence": notice.sequence,
        "notice": asdict(notice),
        "created_at": database_now(session),
        "attempts": 0,
    }
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(outbox).values(values).on_conflict_do_nothing(index_elements=["id"])
    return session.execute(statement.returning(outbox.c.number)).one_or_none() is not None


def claim_notices(
    session: Session,
    holder: str,
    limit: int = 50,
    lease_seconds: float = LEASE_SECONDS,
    *,
    now: datetime | None = None,
) -> tuple[Notice, ...]:
    """Take at most `limit` notices that nobody holds, the oldest first.

    holder: `holders.new_holder()`, so that a dead process holds nothing up. Commit before
    working on them.
    """
    now = now or database_now(session)
    candidates = (
        select(outbox.c.number)
        .where(outbox.c.done_at.is_(None), _is_free(session, now), ~_has_earlier())
        .order_by(outbox.c.number)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    numbers = list(session.scalars(candidates))
    if not numbers:
        return ()
    taken = (
        update(outbox)
        .where(outbox.c.number.in_(numbers))
        .values(
            holder=holder,
            until=now + timedelta(seconds=lease_seconds),
            attempts=outbox.c.attempts + 1,
        )
        .returning(outbox.c.number, outbox.c.notice)
    )
    rows = sorted(session.execute(taken).all(), key=lambda row: row.number)
    return tuple(_notice(row.notice) for row in rows)


def mark_done(
    session: Session, notice_ids: Sequence[str], holder: str, *, now: datetime | None = None
) -> None:
    """Note that the holder is done with some notices.

    Raises ConflictError when one of them is no longer his: then another will do it, and
    what was made of it in this transaction must be rolled back.
    """
    wanted = tuple(dict.fromkeys(notice_ids))
    values = {"done_at": now or database_now(session), "holder": None, "until": None}
    done = 0
    for ids in in_batches(wanted):
        mine = (outbox.c.id.in_(ids), outbox.c.holder == holder, outbox.c.done_at.is_(None))
        done += session.execute(update(outbox).where(*mine).values(values)).rowcount
    if done != len(wanted):
        raise ConflictError(
            f"{len(wanted) - done} notices are held by another worker by now",
            mend="Roll back; whoever holds them sends them",
        )


def release_notices(session: Session, notice_ids: Sequence[str], holder: str) -> None:
    """Give some notices back undone, for whoever comes next."""
    for ids in in_batches(tuple(notice_ids)):
        mine = (outbox.c.id.in_(ids), outbox.c.holder == holder, outbox.c.done_at.is_(None))
        session.execute(update(outbox).where(*mine).values(holder=None, until=None))


def waiting_notices(session: Session) -> Waiting:
    """What nobody is done with yet."""
    query = select(func.count(), func.min(outbox.c.created_at)).where(outbox.c.done_at.is_(None))
    count, oldest = session.execute(query).one()
    return Waiting(count, oldest)


def newest_notices(session: Session, limit: int) -> tuple[Notice, ...]:
    """The last notices that were put in, done or not, in order."""
    query = select(outbox.c.notice).order_by(outbox.c.number.desc()).limit(limit)
    return tuple(_notice(document) for document in reversed(session.scalars(query).all()))


def prune_outbox(session: Session, before: datetime) -> int:
    """Remove the notices that were done before a moment; how many there were."""
    return session.execute(delete(outbox).where(outbox.c.done_at < before)).rowcount


def _is_free(session: Session, now: datetime) -> ColumnElement[bool]:
    held = select(outbox.c.holder).where(outbox.c.done_at.is_(None), outbox.c.until > now)
    gone = [holder for holder in session.scalars(held.distinct()) if _has_died(holder)]
    free = or_(outbox.c.until.is_(None), outbox.c.until <= now)
    return or_(free, outbox.c.holder.in_(gone)) if gone else free


def _has_died(holder: str | None) -> bool:
    return holder is not None and holder.count("/") == _HOLDER_PARTS - 1 and is_gone(holder)


def _has_earlier() -> ColumnElement[bool]:
    """Whether an earlier notice of the same incident is not done."""
    earlier = outbox.alias("earlier")
    return exists(
        select(earlier.c.number).where(
            earlier.c.incident == outbox.c.incident,
            earlier.c.incident != "",
            earlier.c.done_at.is_(None),
            earlier.c.sequence < outbox.c.sequence,
        )
    )


def _notice(document: dict[str, Any]) -> Notice:
    lists = {name: tuple(document[name]) for name in ("classes", "kinds")}
    return Notice(**{**document, **lists})
