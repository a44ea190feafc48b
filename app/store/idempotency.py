"""Requests that were done under a key of their sender: sent again, they do nothing again."""

import hashlib
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import delete, insert, select, text

from app.core.errors import BadNameError, ConflictError
from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.incident_tables import requests_done
from app.store.json_text import to_json

LONGEST_KEY = 255


def digest_of(what: str, contents: object) -> str:
    """What a request was: two with one digest are the same request."""
    return hashlib.sha256(f"{what}\n{to_json(contents)}".encode()).hexdigest()


def once(
    session: Session, actor: str, key: str | None, request: str, make: Callable[[], str]
) -> str:
    """The id of what a request makes; under a key, of what it made the first time.

    request: `digest_of`. Raises ConflictError where the key was used for another request,
    BadNameError.
    """
    if key is None:
        return make()
    known = _answer(session, actor, key, request)
    if known is not None:
        return known
    made = make()
    values = {"actor": actor, "idempotency_key": key, "request": request, "answer": made}
    session.execute(insert(requests_done).values(**values, at=utc_now()))
    return made


def forget_requests(session: Session, before: datetime) -> int:
    """Forget what was done before a moment; how many requests."""
    return session.execute(delete(requests_done).where(requests_done.c.at < before)).rowcount


def _answer(session: Session, actor: str, key: str, request: str) -> str | None:
    """Until the transaction ends nobody else does it under this key."""
    if not (0 < len(key) <= LONGEST_KEY and key.isprintable()):
        raise BadNameError(
            f"an idempotency key has 1 to {LONGEST_KEY} printable characters", mend="Send a UUID"
        )
    _take_turn(session, actor, key)
    row = session.execute(
        select(requests_done.c.request, requests_done.c.answer).where(
            requests_done.c.actor == actor, requests_done.c.idempotency_key == key
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request != request:
        raise ConflictError(
            "the idempotency key was used for another request",
            mend="Send a new key with a new request",
        )
    answer: str = row.answer
    return answer


def _take_turn(session: Session, actor: str, key: str) -> None:
    """SQLite's writers take turns anyway."""
    if session.dialect.name == "postgresql":
        digest = hashlib.sha256(f"request:{actor}\n{key}".encode()).digest()
        number = int.from_bytes(digest[:8], "big", signed=True)
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": number})
