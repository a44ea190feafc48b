"""The trail of every question asked of Lakewarden. Rows are added, and that is all."""

import os
import pwd
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select

from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.json_text import to_json
from app.store.paging import Page, newest_first
from app.store.tables import questions

LONGEST_PARAMETERS = 16_000
LONGEST_TEXT = 500
_MAY_HOLD_A_SECRET = frozenset("@=:")


@dataclass(frozen=True)
class Question:
    """Who asked what, of which lake, and how it was answered (HTTP status or exit code)."""

    id: int
    asked_at: datetime
    asked_by: str
    question: str
    parameters: Mapping[str, Any]
    lake: str | None
    status: int


def cli_asker() -> str:
    """Who asks at the command line: the user of the process, whatever the environment says."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"


def record_question(
    session: Session,
    *,
    asked_by: str,
    question: str,
    parameters: Mapping[str, Any],
    status: int,
    lake: str | None = None,
    now: datetime | None = None,
) -> None:
    """Add to the trail. `asked_by` is a token's public id or `cli_asker()`."""
    values = {
        "asked_at": now or utc_now(),
        "asked_by": asked_by[:LONGEST_TEXT],
        "question": question[:LONGEST_TEXT],
        "parameters": _storable(parameters),
        "lake": None if lake is None else lake[:LONGEST_TEXT],
        "status": status,
    }
    session.execute(insert(questions).values(values))


def list_questions(
    session: Session,
    *,
    asked_by: str | None = None,
    question: str | None = None,
    lake: str | None = None,
    lakes: Sequence[str] | None = None,
    status: int | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before: int | None = None,
    limit: int = 50,
) -> Page[Question, int]:
    """The trail, newest first. `lakes` is what a token is limited to."""
    equal = {"asked_by": asked_by, "question": question, "lake": lake, "status": status}
    query = select(questions).where(
        *(questions.c[name] == value for name, value in equal.items() if value is not None)
    )
    if lakes is not None:
        query = query.where(questions.c.lake.in_(lakes))
    if since is not None:
        query = query.where(questions.c.asked_at >= since)
    if until is not None:
        query = query.where(questions.c.asked_at <= until)
    return newest_first(session, query, questions.c.id, before, limit, _question)


def _storable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Without passwords, and cut where somebody asks with a novel."""
    masked: dict[str, Any] = {name: _masked(value) for name, value in parameters.items()}
    text = to_json(masked)
    if len(text) <= LONGEST_PARAMETERS:
        return masked
    return {"cut_at": LONGEST_PARAMETERS, "length": len(text), "text": text[:LONGEST_PARAMETERS]}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _without_secrets(value)
    if isinstance(value, Mapping):
        return {str(name): _masked(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def _without_secrets(text: str) -> str:
    """The import is not cheap, and hardly any parameter needs it."""
    if _MAY_HOLD_A_SECRET.isdisjoint(text):
        return text
    from app.core.redaction import redact_text

    return redact_text(text)


def _question(row: Row[Any]) -> Question:
    return Question(**row._mapping)
