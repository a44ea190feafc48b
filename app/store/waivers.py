"""Waivers made through the API and the command line: short, and never over the file's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update

from app.core.errors import BadNameError, ConflictError, NotFoundError, StaleEditError
from app.core.verdicts import Waiver
from app.core.waivers import SCOPE_KEYS
from app.store.database import Session
from app.store.identifiers import new_id, utc_now
from app.store.incident_tables import waivers

LONGEST_DAYS = 7
LONGEST_TEXT = 1_000


@dataclass(frozen=True)
class StoredWaiver:
    """A waiver that somebody made; `version` is what edits are checked against."""

    id: str
    lake: str
    reason: str
    approver: str
    expires: str  # ISO date, inclusive, UTC
    scope: Mapping[str, str]
    max_tables: int | None
    max_people: int | None
    created_by: str
    created_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    version: int
    idempotency_key: str | None

    @property
    def waiver(self) -> Waiver:
        """As the policies know waivers."""
        return Waiver(
            waiver=self.id,
            reason=self.reason,
            approver=self.approver,
            expires=self.expires,
            scope=dict(self.scope),
            max_tables=self.max_tables,
            max_people=self.max_people,
        )


def create_waiver(
    session: Session,
    *,
    lake: str,
    reason: str,
    approver: str,
    expires: date,
    scope: Mapping[str, str],
    created_by: str,
    max_tables: int | None = None,
    max_people: int | None = None,
    idempotency_key: str | None = None,
    now: datetime | None = None,
) -> StoredWaiver:
    """Make a waiver of at most 7 days; the same key of the same maker gives the one there is.

    Raises BadNameError for what no waiver may say, ConflictError for a key used otherwise.
    """
    now = now or utc_now()
    wanted = {
        "lake": lake,
        "reason": reason.strip(),
        "approver": approver.strip(),
        "expires": expires.isoformat(),
        "scope": dict(scope),
        "max_tables": max_tables,
        "max_people": max_people,
    }
    if idempotency_key is not None:
        known = _made_with(session, created_by, idempotency_key)
        if known is not None:
            return _same(known, wanted)
    _check(wanted, expires, now)
    values = {
        **wanted,
        "id": "w-" + new_id(now),
        "created_by": created_by,
        "created_at": now,
        "version": 1,
        "idempotency_key": idempotency_key,
    }
    return _waiver(session.execute(insert(waivers).values(values).returning(waivers)).one())


def end_waiver(
    session: Session,
    waiver_id: str,
    ended_by: str,
    *,
    expected: int | None = None,
    now: datetime | None = None,
) -> StoredWaiver:
    """Take a waiver back; the first time it was taken back stays.

    expected: the version that was seen; StaleEditError when it changed since.
    """
    found = waiver(session, waiver_id, lock=True)
    if expected is not None and expected != found.version:
        raise StaleEditError(
            f"{waiver_id} is at version {found.version}, not {expected}", mend="Look at it again"
        )
    if found.ended_at is not None:
        return found
    values = {
        "ended_by": ended_by,
        "ended_at": now or utc_now(),
        "version": found.version + 1,
    }
    statement = update(waivers).where(waivers.c.id == waiver_id).values(values)
    return _waiver(session.execute(statement.returning(waivers)).one())


def waiver(session: Session, waiver_id: str, *, lock: bool = False) -> StoredWaiver:
    """The waiver of an id. Raises NotFoundError."""
    query = select(waivers).where(waivers.c.id == waiver_id)
    row = session.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFoundError(f"there is no waiver {waiver_id!r}", mend="See the list of waivers")
    return _waiver(row)


def waivers_of_lake(session: Session, lake: str) -> tuple[StoredWaiver, ...]:
    """The waivers of a lake that nobody took back, in order of making, expired ones too."""
    query = select(waivers).where(waivers.c.lake == lake, waivers.c.ended_at.is_(None))
    return tuple(_waiver(row) for row in session.execute(query.order_by(waivers.c.id)))


def _made_with(session: Session, created_by: str, idempotency_key: str) -> StoredWaiver | None:
    query = select(waivers).where(
        waivers.c.created_by == created_by, waivers.c.idempotency_key == idempotency_key
    )
    row = session.execute(query).one_or_none()
    return None if row is None else _waiver(row)


def _same(known: StoredWaiver, wanted: Mapping[str, Any]) -> StoredWaiver:
    if all(getattr(known, name) == value for name, value in wanted.items()):
        return known
    raise ConflictError(
        f"the idempotency key was used for another request (waiver {known.id})",
        mend="Send a new key with a new request",
    )


def _check(wanted: Mapping[str, Any], expires: date, now: datetime) -> None:
    for name in ("reason", "approver"):
        if not 0 < len(wanted[name]) <= LONGEST_TEXT:
            raise BadNameError(
                f"the {name} has 1 to {LONGEST_TEXT} characters", mend="Say it in a sentence"
            )
    today = now.date()
    if not today <= expires <= today + timedelta(days=LONGEST_DAYS):
        raise BadNameError(
            f"a waiver made here ends within {LONGEST_DAYS} days, by "
            f"{today + timedelta(days=LONGEST_DAYS)}",
            mend="A longer one belongs into waivers.yaml, where it is reviewed",
        )
    scope = wanted["scope"]
    if not scope or not set(scope) <= set(SCOPE_KEYS) or not all(scope.values()):
        raise BadNameError(
            "a scope names at least one of what a waiver can be for",
            mend=f"Choose from {', '.join(SCOPE_KEYS)}",
        )
    for name in ("max_tables", "max_people"):
        if wanted[name] is not None and wanted[name] < 0:
            raise BadNameError(f"{name} is a number from 0", mend="Leave it out for no bound")


def _waiver(row: Row[Any]) -> StoredWaiver:
    return StoredWaiver(**row._mapping)
