"""What people do to an incident: they take it on, or say that it is mended.

Each act locks its one incident, so neither it nor a run's changes are lost.
"""

from collections.abc import Callable
from datetime import datetime

from sqlalchemy import select

from app.core.errors import BadNameError, ConflictError, StaleEditError
from app.core.incident_acts import acknowledge, claim_mended
from app.core.incident_records import IncidentChange, IncidentRecord
from app.core.incident_telling import RunSight
from app.core.incidents import ACKNOWLEDGED, CLAIMED
from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.incident_documents import instant_text, utc_text
from app.store.incident_tables import incident_events
from app.store.incident_writing import write_changes
from app.store.incidents import incident
from app.store.runs import list_runs

LONGEST_NOTE = 2_000
LONGEST_KEY = 255

Act = Callable[[IncidentRecord, str, RunSight, str, str | None], IncidentChange]


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
    instant = now or utc_now()
    moment = utc_text(instant)
    run = newest[0].id if newest else ""
    sight = RunSight(
        run=run,
        lake=record.found.lake,
        began=moment,
        now=moment,
        complete=False,
        instant=instant_text(instant),
    )
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
