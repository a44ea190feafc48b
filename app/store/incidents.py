"""Incidents in the state database, read: one, all of a lake, a page, their events.

`lock_lake` before reading all of a lake's incidents to change them: it keeps a run that is
being recorded, and waivers that are being applied, apart.
"""

import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, or_, select, text

from app.core.errors import NotFoundError
from app.core.incident_records import IncidentEvent, IncidentRecord, Standing
from app.store.database import Session
from app.store.incident_documents import RECORD_COLUMNS, event_of, in_pieces, record_of
from app.store.incident_tables import incident_events, incidents
from app.store.paging import LARGEST_PAGE, Page, newest_first


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents: all that is given must hold; of several values of one, any."""

    states: Sequence[str] = ()
    severities: Sequence[str] = ()
    kinds: Sequence[str] = ()
    classes: Sequence[str] = ()
    waived: bool | None = None


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Some incidents, the gravest first; `next` is what `after` is for the following page."""

    items: tuple[IncidentRecord, ...]
    next: tuple[str, str] | None


def lock_lake(session: Session, lake: str) -> None:
    """Wait until nobody else changes the lake's incidents; held until the transaction ends.

    SQLite's writing transaction excludes every other writer anyway.
    """
    if session.dialect.name == "postgresql":
        digest = hashlib.sha256(f"incidents:{lake}".encode()).digest()
        key = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def standings_of_lake(session: Session, lake: str) -> dict[str, Standing]:
    """How every incident of a lake stands, by its key, locked until the transaction ends."""
    of = incidents.c
    query = select(of.key, of.state, of.waived, of.fingerprint).where(of.lake == lake)
    rows = session.execute(query.order_by(of.key).with_for_update())
    return {row.key: Standing(row.state, row.waived, row.fingerprint) for row in rows}


def incidents_of_lake(session: Session, lake: str) -> dict[str, IncidentRecord]:
    """Every incident of a lake by its key, locked until the transaction ends."""
    return _locked(session, incidents.c.lake == lake)


def incidents_named(session: Session, keys: Collection[str]) -> dict[str, IncidentRecord]:
    """The incidents of some keys, locked until the transaction ends."""
    found: dict[str, IncidentRecord] = {}
    for some in in_pieces(sorted(keys)):
        found |= _locked(session, incidents.c.key.in_(some))
    return found


def _locked(session: Session, which: ColumnElement[bool]) -> dict[str, IncidentRecord]:
    query = select(incidents.c.key, *RECORD_COLUMNS).where(which)
    rows = session.execute(query.order_by(incidents.c.key).with_for_update())
    return {row.key: record_of(row) for row in rows}


def incident(session: Session, key: str, *, lock: bool = False) -> IncidentRecord:
    """The incident of a key. Raises NotFoundError."""
    query = select(*RECORD_COLUMNS).where(incidents.c.key == key)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no incident {key!r}", mend="See the list of incidents")
    return record_of(row)


def list_incidents(
    session: Session,
    lake: str,
    wanted: IncidentFilter,
    *,
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> IncidentPage:
    """The incidents of a lake: the gravest first, then by key."""
    limit = max(1, min(limit, LARGEST_PAGE))
    query = _filtered(select(*RECORD_COLUMNS).where(incidents.c.lake == lake), wanted)
    if after is not None:
        severity, key = after
        query = query.where(
            or_(
                incidents.c.severity > severity,
                and_(incidents.c.severity == severity, incidents.c.key > key),
            )
        )
    order = (incidents.c.severity, incidents.c.key)
    rows = session.execute(query.order_by(*order).limit(limit + 1))
    found = [record_of(row) for row in rows]
    shown = tuple(found[:limit])
    more = len(found) > limit
    return IncidentPage(shown, (shown[-1].found.severity, shown[-1].key) if more else None)


def list_events(
    session: Session, key: str, *, before: int | None = None, limit: int = 50
) -> Page[IncidentEvent, int]:
    """The events of an incident, the newest first."""
    query = select(incident_events).where(incident_events.c.incident == key)
    return newest_first(session, query, incident_events.c.sequence, before, limit, event_of)


def every_event(session: Session, key: str) -> list[IncidentEvent]:
    """All events of an incident in their order."""
    query = select(incident_events).where(incident_events.c.incident == key)
    return [event_of(row) for row in session.execute(query.order_by(incident_events.c.sequence))]


def count_incidents(session: Session, lake: str) -> dict[tuple[str, str, bool], int]:
    """How many incidents of a lake there are, by severity, state and whether waived."""
    by = (incidents.c.severity, incidents.c.state, incidents.c.waived)
    query = select(*by, func.count()).where(incidents.c.lake == lake).group_by(*by)
    return {(row[0], row[1], bool(row[2])): row[3] for row in session.execute(query)}


def _filtered(query: Select[Any], wanted: IncidentFilter) -> Select[Any]:
    if wanted.states:
        query = query.where(incidents.c.state.in_(wanted.states))
    if wanted.severities:
        query = query.where(incidents.c.severity.in_(wanted.severities))
    if wanted.waived is not None:
        query = query.where(incidents.c.waived == wanted.waived)
    for column, values in (
        (incidents.c.kinds, wanted.kinds),
        (incidents.c.classes, wanted.classes),
    ):
        if values:
            # Lists are stored as one text of JSON, in which a word stands in its quotes.
            stored = cast(column, String)
            words = (json.dumps(value) for value in values)
            query = query.where(or_(*(stored.contains(word, autoescape=True) for word in words)))
    return query
