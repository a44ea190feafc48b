"""What a step in the life of incidents came to, written in few statements."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sqlalchemy import bindparam, insert, update

from app.core.incident_records import IncidentChange, IncidentRecord
from app.store.database import Session
from app.store.incident_documents import event_row, in_pieces, record_row, sight_row
from app.store.incident_tables import incident_events, incidents
from app.store.outbox import add_notice


def write_changes(
    session: Session, changes: Iterable[IncidentChange], before: Mapping[str, IncidentRecord]
) -> None:
    """Write what changed, with its events and notices.

    Of a record that was only seen again the columns beside it are written: also what tells
    the next run that it is the same, which an older version may have told otherwise.
    """
    changes = list(changes)
    new, changed, seen = [], [], []
    for record in (change.record for change in changes):
        old = before.get(record.key)
        if old is None:
            new.append(record_row(record))
        elif replace(old, last_seen=record.last_seen, last_run=record.last_run) != record:
            changed.append(record_row(record))
        elif old != record:
            seen.append(sight_row(record))
    if new:
        session.execute(insert(incidents), new)
    if changed:
        _rewrite(session, changed)
    if seen:
        _rewrite(session, seen)
    events = [event_row(event) for change in changes for event in change.events]
    if events:
        session.execute(insert(incident_events), events)
    for notice in (notice for change in changes for notice in change.notices):
        add_notice(session, notice)


def _rewrite(session: Session, rows: list[dict[str, object]]) -> None:
    names = [name for name in rows[0] if name != "key"]
    statement = update(incidents).where(incidents.c.key == bindparam("its_key"))
    values: dict[str, object] = {name: bindparam(f"its_{name}") for name in names}
    session.execute(
        statement.values(values),
        [{f"its_{name}": value for name, value in row.items()} for row in rows],
    )


def see_again(session: Session, keys: Sequence[str], last_seen: str, last_run: str) -> None:
    """Note of some incidents that a run saw them, and nothing else of them."""
    for some in in_pieces(keys):
        statement = update(incidents).where(incidents.c.key.in_(some))
        session.execute(statement.values(last_seen=last_seen, last_run=last_run))
