"""Incidents in the state database: what lives on, and each change with its event.

`lock_lake` before reading all of a lake's incidents to change them: it keeps a run that is
being recorded, and waivers that are being applied, apart. People's acts lock their one
incident, so neither they nor the run's changes are lost.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, String, and_, cast, func, insert, or_, select, text, update

from app.core.errors import BadNameError, ConflictError, NotFoundError, StaleEditError
from app.core.incident_acts import acknowledge, claim_mended
from app.core.incident_records import IncidentChange, IncidentEvent, IncidentRecord
from app.core.incident_telling import RunSight
from app.core.incidents import ACKNOWLEDGED, CLAIMED, Cause, FoundIncident, IncidentNumbers
from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.incident_tables import incident_events, incidents
from app.store.json_text import to_json
from app.store.outbox import add_notice
from app.store.paging import LARGEST_PAGE, Page, newest_first
from app.store.runs import list_runs

LONGEST_NOTE = 2_000
LONGEST_KEY = 255

Act = Callable[[IncidentRecord, str, RunSight, str, str | None], IncidentChange]


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


def incidents_of_lake(session: Session, lake: str) -> dict[str, IncidentRecord]:
    """Every incident of a lake by its key, locked until the transaction ends."""
    query = select(incidents.c.record).where(incidents.c.lake == lake)
    rows = session.scalars(query.order_by(incidents.c.key).with_for_update())
    return {record.key: record for record in map(_record, rows)}


def write_changes(
    session: Session, changes: Iterable[IncidentChange], before: Mapping[str, IncidentRecord]
) -> None:
    """Write what changed, with its events and notices."""
    for change in changes:
        record = change.record
        if before.get(record.key) != record:
            _write_record(session, record, is_new=record.key not in before)
        if change.events:
            session.execute(insert(incident_events), [_event_row(one) for one in change.events])
        for notice in change.notices:
            add_notice(session, notice)


def incident(session: Session, key: str, *, lock: bool = False) -> IncidentRecord:
    """The incident of a key. Raises NotFoundError."""
    query = select(incidents.c.record).where(incidents.c.key == key)
    document = session.scalar(query.with_for_update() if lock else query)
    if document is None:
        raise NotFoundError(f"there is no incident {key!r}", mend="See the list of incidents")
    return _record(document)


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
    query = _filtered(select(incidents.c.record).where(incidents.c.lake == lake), wanted)
    if after is not None:
        severity, key = after
        query = query.where(
            or_(
                incidents.c.severity > severity,
                and_(incidents.c.severity == severity, incidents.c.key > key),
            )
        )
    order = (incidents.c.severity, incidents.c.key)
    found = [_record(each) for each in session.scalars(query.order_by(*order).limit(limit + 1))]
    shown = tuple(found[:limit])
    more = len(found) > limit
    return IncidentPage(shown, (shown[-1].found.severity, shown[-1].key) if more else None)


def list_events(
    session: Session, key: str, *, before: int | None = None, limit: int = 50
) -> Page[IncidentEvent, int]:
    """The events of an incident, the newest first."""
    query = select(incident_events).where(incident_events.c.incident == key)
    return newest_first(session, query, incident_events.c.sequence, before, limit, _event)


def every_event(session: Session, key: str) -> list[IncidentEvent]:
    """All events of an incident in their order."""
    query = select(incident_events).where(incident_events.c.incident == key)
    return [_event(row) for row in session.execute(query.order_by(incident_events.c.sequence))]


def count_incidents(session: Session, lake: str) -> dict[tuple[str, str, bool], int]:
    """How many incidents of a lake there are, by severity, state and whether waived."""
    by = (incidents.c.severity, incidents.c.state, incidents.c.waived)
    query = select(*by, func.count()).where(incidents.c.lake == lake).group_by(*by)
    return {(row[0], row[1], bool(row[2])): row[3] for row in session.execute(query)}


def acknowledge_incident(
    session: Session,
    key: str,
    actor: str,
    *,
    note: str = "",
    expected: int | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> IncidentRecord:
    """Somebody takes an incident on.

    expected: the `sequence` that he saw; StaleEditError when it changed since. The same
    idempotency key of the same actor changes nothing again. Raises NotFoundError, and
    ConflictError where there is nothing to acknowledge.
    """
    made = (note, expected, idempotency_key, now)
    return _acted(session, key, actor, ACKNOWLEDGED, acknowledge, *made)


def claim_incident_mended(
    session: Session,
    key: str,
    actor: str,
    *,
    note: str = "",
    expected: int | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> IncidentRecord:
    """Somebody says that it is closed; the same parameters and errors as to acknowledge."""
    made = (note, expected, idempotency_key, now)
    return _acted(session, key, actor, CLAIMED, claim_mended, *made)


def utc_text(moment: datetime) -> str:
    """A moment as records and events say it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _acted(
    session: Session,
    key: str,
    actor: str,
    kind: str,
    act: Act,
    note: str,
    expected: int | None,
    idempotency_key: str | None,
    now: datetime | None,
) -> IncidentRecord:
    _check_words(note, idempotency_key)
    record = incident(session, key, lock=True)
    if idempotency_key is not None and _was_done(session, record.key, actor, kind, idempotency_key):
        return record
    if expected is not None and expected != record.sequence:
        raise StaleEditError(
            f"{key} is at version {record.sequence}, not {expected}: somebody changed it",
            mend="Look at it again",
        )
    newest = list_runs(session, lake=record.found.lake, limit=1).items
    moment = utc_text(now or utc_now())
    run = newest[0].id if newest else ""
    sight = RunSight(run=run, lake=record.found.lake, began=moment, now=moment, complete=False)
    change = act(record, actor, sight, note, idempotency_key)
    write_changes(session, [change], {record.key: record})
    return change.record


def _was_done(session: Session, key: str, actor: str, kind: str, idempotency_key: str) -> bool:
    query = select(incident_events.c.incident, incident_events.c.kind).where(
        incident_events.c.actor == actor, incident_events.c.idempotency_key == idempotency_key
    )
    row = session.execute(query).one_or_none()
    if row is None:
        return False
    if (row.incident, row.kind) == (key, kind):
        return True
    raise ConflictError(
        f"the idempotency key was used for another request (event {row.kind} of {row.incident})",
        mend="Send a new key with a new request",
    )


def _check_words(note: str, idempotency_key: str | None) -> None:
    if len(note) > LONGEST_NOTE:
        raise BadNameError(f"a note has at most {LONGEST_NOTE} characters", mend="Shorten it")
    if idempotency_key is not None and not (
        0 < len(idempotency_key) <= LONGEST_KEY and idempotency_key.isprintable()
    ):
        raise BadNameError(
            f"an idempotency key has 1 to {LONGEST_KEY} printable characters", mend="Send a UUID"
        )


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


def _write_record(session: Session, record: IncidentRecord, *, is_new: bool) -> None:
    found = record.found
    values = {
        "lake": found.lake,
        "state": record.state,
        "severity": found.severity,
        "waived": bool(record.waivers),
        "sequence": record.sequence,
        "kinds": list(found.kinds),
        "classes": list(found.classes),
        "record": json.loads(to_json(asdict(record))),
    }
    if is_new:
        session.execute(insert(incidents).values(key=record.key, **values))
    else:
        session.execute(update(incidents).where(incidents.c.key == record.key).values(values))


def _record(document: Mapping[str, Any]) -> IncidentRecord:
    values = dict(document)
    found = dict(values.pop("found"))
    cause = found.pop("cause")
    return IncidentRecord(
        found=FoundIncident(
            cause=Cause(**_with_tuples(Cause, cause)), **_with_tuples(FoundIncident, found)
        ),
        widest=IncidentNumbers(**values.pop("widest")),
        **_with_tuples(IncidentRecord, values),
    )


def _with_tuples(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples again; what a later version added to the type is left out."""
    known = {field.name for field in fields(kind)}
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in known
    }


def _event_row(event: IncidentEvent) -> dict[str, Any]:
    values = {**asdict(event), **asdict(event.numbers)}
    del values["numbers"]
    return {**values, "at": datetime.fromisoformat(event.at)}


def _event(row: Row[Any]) -> IncidentEvent:
    numbers = IncidentNumbers(row.severity, row.exposures, row.tables, row.people)
    return IncidentEvent(
        incident=row.incident,
        lake=row.lake,
        sequence=row.sequence,
        kind=row.kind,
        at=utc_text(row.at),
        run=row.run,
        actor=row.actor,
        numbers=numbers,
        note=row.note,
        idempotency_key=row.idempotency_key,
    )
