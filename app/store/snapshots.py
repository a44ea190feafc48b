"""Snapshots: when each lake was crawled, and where what was seen is kept.

A crawl that finds nothing changed has the content hash and the folder of the one
before; it is a record of its own, because it says that nothing had changed by then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select

from app.core.errors import NotFoundError
from app.store.database import Session
from app.store.identifiers import new_id
from app.store.paging import Page, in_batches, newest_first
from app.store.tables import snapshots


@dataclass(frozen=True)
class SnapshotRecord:
    """One crawl of a lake. `source` is shown to people: no password in it."""

    id: str
    lake: str
    content_hash: str
    path: str
    taken_at: datetime
    counts: Mapping[str, int]
    source: str


def record_snapshot(
    session: Session,
    *,
    lake: str,
    content_hash: str,
    path: str,
    taken_at: datetime,
    counts: Mapping[str, int],
    source: str,
) -> SnapshotRecord:
    """Record a crawl; recording the same one again gives the record there is."""
    there = select(snapshots).where(
        snapshots.c.lake == lake,
        snapshots.c.content_hash == content_hash,
        snapshots.c.taken_at == taken_at,
    )
    row = session.execute(there).one_or_none()
    if row is None:
        values = {
            "id": new_id(taken_at),
            "lake": lake,
            "content_hash": content_hash,
            "path": path,
            "taken_at": taken_at,
            "counts": dict(counts),
            "source": source,
        }
        row = session.execute(insert(snapshots).values(values).returning(snapshots)).one()
    return _record(row)


def newest_snapshot(
    session: Session, lake: str, *, until: datetime | None = None
) -> SnapshotRecord | None:
    """The newest crawl of a lake, or the newest at a moment."""
    query = select(snapshots).where(snapshots.c.lake == lake)
    if until is not None:
        query = query.where(snapshots.c.taken_at <= until)
    order = (snapshots.c.taken_at.desc(), snapshots.c.id.desc())
    row = session.execute(query.order_by(*order).limit(1)).one_or_none()
    return _record(row) if row else None


def snapshot_record(session: Session, name: str, *, lake: str | None = None) -> SnapshotRecord:
    """The newest record with that id or content hash."""
    query = select(snapshots).where((snapshots.c.id == name) | (snapshots.c.content_hash == name))
    if lake is not None:
        query = query.where(snapshots.c.lake == lake)
    row = session.execute(query.order_by(snapshots.c.id.desc()).limit(1)).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no snapshot {name!r}", mend="See the list of snapshots")
    return _record(row)


def list_snapshots(
    session: Session,
    *,
    lake: str | None = None,
    lakes: Sequence[str] | None = None,
    before: str | None = None,
    limit: int = 50,
) -> Page[SnapshotRecord, str]:
    """Crawls, newest first. `lakes` is what a token is limited to."""
    query = select(snapshots)
    if lake is not None:
        query = query.where(snapshots.c.lake == lake)
    if lakes is not None:
        query = query.where(snapshots.c.lake.in_(lakes))
    return newest_first(session, query, snapshots.c.id, before, limit, _record)


def every_snapshot(session: Session, lake: str) -> list[SnapshotRecord]:
    """All crawls of a lake, newest first."""
    order = (snapshots.c.taken_at.desc(), snapshots.c.id.desc())
    query = select(snapshots).where(snapshots.c.lake == lake).order_by(*order)
    return [_record(row) for row in session.execute(query)]


def lakes_seen(session: Session) -> tuple[str, ...]:
    """The lakes that were ever crawled and not forgotten."""
    return tuple(session.scalars(select(snapshots.c.lake).distinct().order_by(snapshots.c.lake)))


def forget_snapshots(session: Session, ids: Sequence[str]) -> tuple[str, ...]:
    """Remove records; the folders that no record names any longer come back."""
    paths: set[str] = set()
    for batch in in_batches(ids):
        gone = delete(snapshots).where(snapshots.c.id.in_(batch))
        paths |= set(session.scalars(gone.returning(snapshots.c.path)))
    for batch in in_batches(sorted(paths)):
        query = select(snapshots.c.path).where(snapshots.c.path.in_(batch))
        paths -= set(session.scalars(query))
    return tuple(sorted(paths))


def _record(row: Row[Any]) -> SnapshotRecord:
    return SnapshotRecord(**row._mapping)
