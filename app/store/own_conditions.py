"""What holds of Lakewarden itself, kept so that each is said once, by whatever worker."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, text
from sqlalchemy.dialects import postgresql, sqlite

from app.core.own_conditions import Condition, Sight, Standing, Turns, turns
from app.store.database import Session
from app.store.delivery_tables import own_conditions
from app.store.outbox import add_notice

_TURN = 0x6C776F63  # what workers that look at themselves wait for on PostgreSQL


def note_conditions(session: Session, sight: Sight, now: datetime) -> Turns:
    """Keep what holds now, with a notice of each beginning and each end."""
    if session.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _TURN})
    turned = turns(conditions(session), sight, now)
    for one in turned.standing:
        _write(session, one)
    for notice in turned.notices:
        add_notice(session, notice)
    return turned


def conditions(session: Session) -> Mapping[str, Standing]:
    """Every condition that ever began, by its key."""
    return {row.key: _standing(row) for row in session.execute(select(own_conditions))}


def _write(session: Session, one: Standing) -> None:
    values = {
        "condition": asdict(one.condition),
        "sequence": one.sequence,
        "since": one.since,
        "is_open": one.is_open,
    }
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(own_conditions).values(key=one.condition.key, **values)
    session.execute(statement.on_conflict_do_update(index_elements=["key"], set_=values))


def _standing(row: Row[Any]) -> Standing:
    return Standing(Condition(**row.condition), row.sequence, row.since, row.is_open)
