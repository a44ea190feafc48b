"""How far the audit trail went out to each channel that takes it."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from app.store.database import Session
from app.store.delivery_tables import export_positions
from app.store.questions import Question
from app.store.tables import questions


def position(session: Session, channel: str) -> int:
    """The id of the last question that went out to the channel; 0 where none did."""
    row = export_positions.c
    found = session.scalar(select(row.position).where(row.channel == channel))
    return int(found or 0)


def questions_after(
    session: Session, after: int, *, before: datetime, limit: int
) -> tuple[Question, ...]:
    """Questions behind an id that were asked before a moment, in order."""
    row = questions.c
    query = select(questions).where(row.id > after, row.asked_at <= before)
    rows = session.execute(query.order_by(row.id).limit(limit))
    return tuple(Question(**one._mapping) for one in rows)


def move_position(session: Session, channel: str, last: int) -> None:
    """Note that questions up to this id are on their way."""
    insert = sqlite.insert if session.dialect.name == "sqlite" else postgresql.insert
    statement = insert(export_positions).values(channel=channel, position=last)
    session.execute(
        statement.on_conflict_do_update(index_elements=["channel"], set_={"position": last})
    )
