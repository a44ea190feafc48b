"""A database that another process locks, while alerts are on their way."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.core.errors import StateError
from app.store.database import Database, reading_scope
from app.store.delivery_log import backlog
from app.store.outbox import waiting_notices
from app.store.schema import open_database
from tests.alert.receivers import Handler, Received, receiver
from tests.delivering.test_rounds import ONE
from tests.delivering.world import channel, event, world


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Database]:
    with closing(open_database(f"sqlite:///{tmp_path / 'state.db'}", busy_seconds=0.2)) as opened:
        yield opened


def lock(tmp_path: Path) -> sqlite3.Connection:
    """What a backup, or another worker that hangs, does."""
    holder = sqlite3.connect(tmp_path / "state.db", check_same_thread=False, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    return holder


def test_a_locked_database_is_said_and_nothing_is_lost(impatient: Database, tmp_path: Path) -> None:
    with receiver() as target, world(impatient, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1), event("grown", 2))
        with closing(lock(tmp_path)), pytest.raises(StateError, match="locked by another process"):
            it.round()
        assert target.requests == []
        assert it.round().delivered == 2
    with reading_scope(impatient) as session:
        assert waiting_notices(session).count == 0


def test_an_answer_that_could_not_be_recorded_is_recorded_later_and_not_sent_again(
    impatient: Database, tmp_path: Path
) -> None:
    held: list[sqlite3.Connection] = []

    def answer(handler: Handler, _: Received) -> None:
        if not held:
            held.append(lock(tmp_path))
        handler.reply(200)

    with receiver(answer) as target, world(impatient, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1))
        with pytest.raises(StateError, match="locked by another process"):
            it.round()
        with pytest.raises(StateError):
            it.round()
        held[0].close()
        done = it.round(after=120)  # its lease is over by now, and its second route was due
        assert (done.delivered, len(target.requests)) == (1, 1)
    with reading_scope(impatient) as session:
        assert backlog(session).counts == {"delivered": 1}
