"""An incident and its events as rows of the state database, and back."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from app.core.incident_records import IncidentEvent, IncidentRecord
from app.core.incidents import Cause, FoundIncident, IncidentNumbers, fingerprint
from app.store.incident_tables import incidents

#: What makes a record whole, for a SELECT.
RECORD_COLUMNS = (incidents.c.record, incidents.c.last_seen, incidents.c.last_run)


#: So many keys stand in one statement.
_KEYS = 500

_NAMES: Mapping[type[Any], tuple[str, ...]] = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (IncidentRecord, FoundIncident, Cause, IncidentNumbers, IncidentEvent)
}


def in_pieces(keys: Sequence[str]) -> Iterator[Sequence[str]]:
    """Keys in as many as one statement takes."""
    return (keys[start : start + _KEYS] for start in range(0, len(keys), _KEYS))


def utc_text(moment: datetime) -> str:
    """A moment as records and events say it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def instant_text(moment: datetime) -> str:
    """A moment to the microsecond: of what happens within one second, the order counts."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def record_row(record: IncidentRecord) -> dict[str, Any]:
    """The row of a record. When and by which run it was last seen stand in columns alone:
    of most incidents a run changes nothing else.
    """
    found = record.found
    document = _shallow(record)
    del document["last_seen"], document["last_run"]
    document["found"] = _shallow(found) | {"cause": _shallow(found.cause)}
    document["widest"] = _shallow(record.widest)
    return {
        "lake": found.lake,
        "state": record.state,
        "severity": found.severity,
        "waived": bool(record.waivers),
        "sequence": record.sequence,
        "kinds": list(found.kinds),
        "classes": list(found.classes),
        "record": document,
        **sight_row(record),
    }


def sight_row(record: IncidentRecord) -> dict[str, Any]:
    """What every run that sees an incident writes of it: its key, and columns of their own."""
    return {
        "key": record.key,
        "last_seen": record.last_seen,
        "last_run": record.last_run,
        "fingerprint": fingerprint(record.found),
    }


def record_of(row: Row[*tuple[Any, ...]]) -> IncidentRecord:
    """The record of a row of RECORD_COLUMNS."""
    values = dict(row.record)
    found = dict(values.pop("found"))
    cause = found.pop("cause")
    widest = values.pop("widest")
    values |= {"last_seen": row.last_seen, "last_run": row.last_run}
    return IncidentRecord(
        found=FoundIncident(
            cause=Cause(**_with_tuples(Cause, cause)), **_with_tuples(FoundIncident, found)
        ),
        widest=IncidentNumbers(**widest),
        **_with_tuples(IncidentRecord, values),
    )


def event_row(event: IncidentEvent) -> dict[str, Any]:
    """The row of an event."""
    values = _shallow(event) | _shallow(event.numbers)
    del values["numbers"]
    return values | {"at": datetime.fromisoformat(event.at)}


def event_of(row: Row[Any]) -> IncidentEvent:
    """The event of a row."""
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


def _shallow(value: Any) -> dict[str, Any]:
    return {name: getattr(value, name) for name in _NAMES[type(value)]}


def _with_tuples(kind: type[Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Lists as tuples again; what a later version added to the type is left out."""
    known = _NAMES[kind]
    return {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in values.items()
        if name in known
    }
