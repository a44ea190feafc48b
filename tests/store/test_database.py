"""Sessions: whole or not at all, and the same values back on both databases."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import insert, select

from app.core.errors import ConflictError, SettingsError, StateError
from app.store.database import Database, connect, reading_scope, session_scope
from app.store.tables import leases, questions

NOON = datetime(2026, 6, 9, 12, 0, 0, 123456, UTC)


def lease_row(name: str, until: datetime = NOON) -> dict[str, object]:
    return {"name": name, "holder": "h", "acquired_at": NOON, "until": until}


def names(database: Database) -> list[str]:
    with reading_scope(database) as session:
        return list(session.scalars(select(leases.c.name).order_by(leases.c.name)))


@pytest.mark.parametrize("durable", [True, False])
def test_a_session_is_committed_at_its_end(database: Database, durable: bool) -> None:
    with session_scope(database, durable=durable) as session:
        session.execute(insert(leases).values(lease_row("kept")))
    assert names(database) == ["kept"]


def test_an_error_rolls_everything_back(database: Database) -> None:
    with suppress(ZeroDivisionError), session_scope(database) as session:
        session.execute(insert(leases).values(lease_row("gone")))
        _ = 1 / 0
    assert names(database) == []


def test_a_reading_session_cannot_write(database: Database) -> None:
    with pytest.raises(StateError), reading_scope(database) as session:
        session.execute(insert(leases).values(lease_row("gone")))
    with session_scope(database) as session:  # the connection is not left read-only
        session.execute(insert(leases).values(lease_row("kept")))
    assert names(database) == ["kept"]


def test_a_reading_session_has_one_view(database: Database) -> None:
    count = select(leases.c.name)
    with reading_scope(database) as reader:
        before = len(reader.execute(count).all())
        with session_scope(database) as session:
            session.execute(insert(leases).values(lease_row("later")))
        assert len(reader.execute(count).all()) == before
    assert names(database) == ["later"]


def test_the_same_row_twice_is_a_conflict(database: Database) -> None:
    with session_scope(database) as session:
        session.execute(insert(leases).values(lease_row("one")))
    with pytest.raises(ConflictError), session_scope(database) as session:
        session.execute(insert(leases).values(lease_row("one")))


def test_moments_come_back_in_utc(database: Database) -> None:
    there = NOON.astimezone(timezone(timedelta(hours=5, minutes=30)))
    with session_scope(database) as session:
        session.execute(insert(leases).values(lease_row("moment", there)))
        until = session.scalar(select(leases.c.until))
    assert until == NOON
    assert until is not None
    assert until.tzinfo is UTC


def test_a_moment_without_a_zone_is_refused(database: Database) -> None:
    naive = NOON.replace(tzinfo=None)
    with pytest.raises(Exception, match="time zone"), session_scope(database) as session:
        session.execute(insert(leases).values(lease_row("naive", naive)))


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("nul\x00byte", "nul\ufffdbyte"),
        ("half\ud83d", "half\ufffd"),
        ("\u202etfel ot thgir", "\u202etfel ot thgir"),
        ("quote'\"`;--\\", "quote'\"`;--\\"),
    ],
)
def test_any_text_can_be_written(database: Database, given: str, kept: str) -> None:
    with session_scope(database) as session:
        session.execute(insert(leases).values(lease_row(given)))
    assert names(database) == [kept]


def test_text_sorts_by_its_bytes(database: Database) -> None:
    with session_scope(database) as session:
        for name in ("b", "A", "a", "_", "ä", "B"):
            session.execute(insert(leases).values(lease_row(name)))
    assert names(database) == sorted(["b", "A", "a", "_", "ä", "B"])


def test_documents_come_back_as_they_were(database: Database) -> None:
    document = {"nul": "\x00", "half": "\ud83d", "deep": [{"n": 1.5, "none": None}], "big": 2**53}
    row = {
        "asked_at": NOON,
        "asked_by": "x",
        "question": "q",
        "parameters": document,
        "status": 0,
    }
    with session_scope(database) as session:
        session.execute(insert(questions).values(row))
        assert session.scalar(select(questions.c.parameters)) == document


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://root@localhost/state", "no state can be kept in mysql"),
        ("nonsense", "cannot be read"),
        ("postgresql://me:hunter2@db:port/state", "cannot be read"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
    ],
)
def test_other_addresses_are_refused(url: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        connect(url)
    assert "hunter2" not in str(caught.value)


def test_an_option_the_server_does_not_know_is_said() -> None:
    database = connect("postgresql://me@127.0.0.1/state?hurry=yes")
    with pytest.raises(StateError, match="hurry"), session_scope(database):
        pass


def test_the_label_shows_no_password() -> None:
    database = connect("postgres://me:hunter2@db/lake?password=hunter2")
    assert database.label == "postgresql://me@db/lake"
    assert "hunter2" not in repr(database)
    database.close()
