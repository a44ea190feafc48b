"""What pruning of alerts takes, and what it may never take, on both databases."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app.delivering.pruning import prune_old_alerts
from app.settings import RetentionSettings
from app.store import alert_retention
from app.store.alert_retention import Pruned, prune_alerts
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.decisions import add_decision, change_decisions, decisions_of
from app.store.deliveries import Attempt, add_delivery, delivery, record_attempt
from app.store.delivery_log import attempts, list_deliveries, replay
from app.store.delivery_tables import alert_decisions, deliveries
from app.store.incident_tables import outbox
from app.store.outbox import add_notice, claim_notices, mark_done, waiting_notices
from app.store.silences import add_silence, list_silences
from tests.alert.notices import NOTICE, message
from tests.store.notices import notice
from tests.store.test_deliveries import new

OLD = datetime(2026, 1, 1, tzinfo=UTC)
LATER = OLD + timedelta(days=30)
EVERYTHING = datetime(2027, 1, 1, tzinfo=UTC)


def sent(session: Session, sequence: int, state: str, at: datetime = OLD, text: str = "") -> str:
    """A delivery that ended so."""
    said = replace(message(), id=text or f"message-{sequence}")
    made = add_delivery(session, new(sequence, message=said), at)
    assert made is not None
    if state != "waiting":
        tried = Attempt(1, at, 0.1, "delivered" if state == "delivered" else "refused", 200, "word")
        one = delivery(session, made)
        session.execute(deliveries.update().where(deliveries.c.id == made).values(holder="me"))
        assert record_attempt(session, one, tried, state=state, next_at=at, now=at, holder="me")
    return made


def prune(database: Database, before: datetime = EVERYTHING, keep: int = 0) -> Pruned:
    with session_scope(database) as session:
        return prune_alerts(session, before, keep)


def left(database: Database) -> set[str]:
    with reading_scope(database) as session:
        return {each.id for each in list_deliveries(session, limit=200).items}


def test_what_was_not_taken_stays_however_old(database: Database) -> None:
    with session_scope(database) as session:
        waiting = sent(session, 1, "waiting")
        dead = sent(session, 2, "dead")
        taken = sent(session, 3, "delivered")
    assert prune(database).deliveries == 1
    assert left(database) == {waiting, dead}
    with reading_scope(database) as session:
        assert attempts(session, taken) == ()
        assert len(attempts(session, dead)) == 1


def test_a_dead_letter_goes_when_it_was_delivered_later(database: Database) -> None:
    with session_scope(database) as session:
        dead = sent(session, 1, "dead", text="one")
        again = replay(session, dead, OLD)
    assert prune(database).total == 0
    with session_scope(database) as session:
        session.execute(deliveries.update().where(deliveries.c.id == again).values(holder="me"))
        tried = Attempt(1, OLD, 0.1, "delivered", 200, "taken")
        one = delivery(session, again)
        assert record_attempt(
            session, one, tried, state="delivered", next_at=OLD, now=OLD, holder="me"
        )
    assert prune(database).deliveries == 2
    assert left(database) == set()


def test_age_and_count_both_keep(database: Database) -> None:
    with session_scope(database) as session:
        old = [sent(session, number, "delivered") for number in range(1, 5)]
        young = sent(session, 9, "delivered", LATER)
    assert prune(database, LATER, keep=99).total == 0
    assert prune(database, LATER, keep=3).deliveries == 2
    assert left(database) == {*old[2:], young}
    assert prune(database, LATER, keep=0).deliveries == 2
    assert left(database) == {young}


def test_notices_and_decisions_that_wait_stay(database: Database) -> None:
    with session_scope(database) as session:
        for number in range(1, 4):
            add_notice(session, notice("a", number))
        (first,) = claim_notices(session, "me", 1)
        mark_done(session, [first.id], "me", now=OLD)
        for state in ("queued", "silenced", "nowhere", "superseded", "sent"):
            told = replace(NOTICE, id=state)
            assert add_decision(session, told, state=state, reason="", now=OLD, route="r")
        (one,) = decisions_of(session, "sent")
        waiting = sent(session, 1, "waiting")
        change_decisions(session, [one.number], state="sent", delivery=waiting)
        add_silence(
            session,
            matchers={"lake": ["prod"]},
            ends_at=OLD + timedelta(hours=1),
            created_by="me",
            comment="x",
            now=OLD,
        )
    gone = prune(database)
    assert (gone.notices, gone.decisions, gone.silences, gone.deliveries) == (1, 2, 1, 0)
    with reading_scope(database) as session:
        assert waiting_notices(session).count == 2
        states = set(session.scalars(select(alert_decisions.c.state)))
        assert states == {"queued", "silenced", "sent"}
        assert list_silences(session, ended=True) == ()


def test_all_goes_batch_after_batch(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_retention, "BATCH", 3)
    with session_scope(database) as session:
        for number in range(1, 12):
            sent(session, number, "delivered")
            add_notice(session, notice(f"n{number}", 1))
        found = claim_notices(session, "me", 50)
        mark_done(session, [each.id for each in found], "me", now=OLD)
    gone = prune_old_alerts(database, RetentionSettings(30, 10, 2))
    assert (gone.deliveries, gone.attempts, gone.notices) == (9, 9, 9)
    with reading_scope(database) as session:
        assert session.scalar(select(func.count()).select_from(outbox)) == 2
