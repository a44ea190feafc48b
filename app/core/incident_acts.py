"""What people do to incidents: acknowledge them, claim them mended."""

from app.core.errors import ConflictError
from app.core.incident_records import OPEN, IncidentChange, IncidentRecord
from app.core.incident_telling import RunSight, Telling, finished
from app.core.incidents import ACKNOWLEDGED, CLAIMED, UNKNOWN


def acknowledge(
    record: IncidentRecord, actor: str, run: RunSight, note: str, idempotency_key: str | None
) -> IncidentChange:
    """Somebody takes it on. Raises ConflictError where that says nothing."""
    state = record.before_unknown if record.state == UNKNOWN else record.state
    if state == ACKNOWLEDGED:
        raise ConflictError(
            f"{record.key} was acknowledged by {record.acknowledged_by} already",
            mend="Look at it again",
        )
    if state != OPEN:
        raise _not_open(record)
    telling = Telling(record, run, actor)
    _move(telling, ACKNOWLEDGED)
    telling.become(acknowledged_by=actor, acknowledged_at=run.now)
    telling.say(ACKNOWLEDGED, note, idempotency_key)
    return finished(telling, record, quiet=False)


def claim_mended(
    record: IncidentRecord, actor: str, run: RunSight, note: str, idempotency_key: str | None
) -> IncidentChange:
    """Somebody says that it is closed; the next complete crawl tells. Raises ConflictError.

    run: `run.run` is the newest run that has begun by now, however it ends: only a later one
    can have looked after the mend.
    """
    state = record.before_unknown if record.state == UNKNOWN else record.state
    if state not in (OPEN, ACKNOWLEDGED):
        raise _not_open(record)
    telling = Telling(record, run, actor)
    _move(telling, CLAIMED)
    telling.become(claimed_by=actor, claimed_at=run.instant or run.now, claimed_after=run.run)
    telling.say(CLAIMED, note, idempotency_key)
    return finished(telling, record, quiet=False)


def _not_open(record: IncidentRecord) -> ConflictError:
    return ConflictError(f"{record.key} is {record.state}, not open", mend="Look at it again")


def _move(telling: Telling, state: str) -> None:
    """Into a state; behind a gap it is the state that it will have when the gap is gone."""
    if telling.record.state == UNKNOWN:
        telling.become(before_unknown=state)
    else:
        telling.become(state=state)
