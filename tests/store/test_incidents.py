"""Incidents and waivers in the state database, on both kinds."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import exc, text, update

from app.core.errors import BadNameError, ConflictError, NotFoundError, StaleEditError
from app.core.incident_life import live_through
from app.core.incidents import FoundIncident
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.holders import new_holder
from app.store.identifiers import utc_now
from app.store.incident_acts import LONGEST_NOTE, acknowledge_incident, claim_incident_mended
from app.store.incident_tables import incidents
from app.store.incident_writing import write_changes
from app.store.incidents import (
    IncidentFilter,
    count_incidents,
    every_event,
    incident,
    incidents_of_lake,
    list_events,
    list_incidents,
    lock_lake,
    standings_of_lake,
)
from app.store.leases import acquire_lease, audit_lease
from app.store.outbox import claim_notices, waiting_notices
from app.store.runs import begin_run
from app.store.waivers import create_waiver, end_waiver, waiver, waivers_of_lake
from tests.core.found_incidents import LAKE, found, sight

LEAK = found()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with session_scope(database) as opened:
        yield opened


def record_run(session: Session, number: int, *seen: FoundIncident, **more: bool) -> None:
    """A run's step, as the audit takes it."""
    lock_lake(session, LAKE)
    before = incidents_of_lake(session, LAKE)
    changes, _ = live_through(before, seen, sight(number, **more))
    write_changes(session, changes, before)


def kinds(session: Session, key: str = LEAK.key) -> list[str]:
    return [event.kind for event in every_event(session, key)]


def test_a_record_comes_back_as_it_was_written(session: Session) -> None:
    odd = found(
        "o'brien \U0001f5dd \u202e\n\x00",
        sample=("a\x00b", "\udfff"),
        also_through=("x",),
        since=None,
    )
    changes, _ = live_through({}, [odd, LEAK], sight(1))
    write_changes(session, changes, {})
    assert incidents_of_lake(session, LAKE) == {each.record.key: each.record for each in changes}
    assert incident(session, LEAK.key).found == LEAK
    assert every_event(session, LEAK.key) == list(
        next(each.events for each in changes if each.record.key == LEAK.key)
    )


def test_a_run_that_sees_an_incident_again_says_by_what_to_know_it(session: Session) -> None:
    record_run(session, 1, LEAK)
    expected = standings_of_lake(session, LAKE)
    session.execute(update(incidents).values(fingerprint="of an older version"))
    record_run(session, 2, LEAK)
    assert standings_of_lake(session, LAKE) == expected


def test_changes_events_and_notices_are_written_together(database: Database) -> None:
    with database.engine.connect() as session, session.begin() as transaction:
        record_run(session, 1, LEAK)
        transaction.rollback()
    with reading_scope(database) as session:
        assert list_incidents(session, LAKE, IncidentFilter()).items == ()
        assert waiting_notices(session).count == 0
    with session_scope(database) as session:
        record_run(session, 1, LEAK)
    with session_scope(database) as session:
        assert kinds(session) == ["opened"]
        assert [each.id for each in claim_notices(session, "w")] == [f"{LEAK.key}-1"]


def test_what_is_only_seen_again_keeps_its_record(session: Session) -> None:
    others = [found(f"r{number}") for number in range(3)]
    record_run(session, 1, LEAK, *others)
    grown = replace(LEAK, people=LEAK.people + 1)
    record_run(session, 2, grown, *others)
    after = incidents_of_lake(session, LAKE)
    assert {record.last_run for record in after.values()} == {sight(2).run}
    assert {record.last_seen for record in after.values()} == {sight(2).began}
    assert {record.first_run for record in after.values()} == {sight(1).run}
    assert kinds(session) == ["opened", "grown"]
    assert [kinds(session, each.key) for each in others] == [["opened"]] * 3
    assert [after[each.key].found for each in (grown, *others)] == [grown, *others]


def test_events_are_never_changed(database: Database, kind: str) -> None:
    with session_scope(database) as session:
        record_run(session, 1, LEAK)
    statements = ["UPDATE incident_events SET note = 'x'", "DELETE FROM incident_events"]
    for statement in statements:
        with (
            pytest.raises(exc.DBAPIError, match="append-only"),
            database.engine.connect() as connection,
            connection.begin(),
        ):
            connection.execute(text(statement))


def test_people_act_and_the_run_goes_on(session: Session) -> None:
    record_run(session, 1, LEAK)
    acknowledged = acknowledge_incident(session, LEAK.key, "dana", note="mine")
    assert (acknowledged.state, acknowledged.sequence) == ("acknowledged", 2)
    claim_incident_mended(session, LEAK.key, "dana")
    record_run(session, 2, LEAK)
    record_run(session, 3)
    assert kinds(session) == ["opened", "acknowledged", "mended", "still-open", "resolved"]
    page = list_events(session, LEAK.key, limit=2)
    assert ([event.sequence for event in page.items], page.next) == ([5, 4], 4)
    assert every_event(session, LEAK.key)[1].note == "mine"


def test_a_claim_is_told_by_a_run_that_began_after_it(session: Session) -> None:
    holder = new_holder()
    acquire_lease(session, audit_lease(LAKE), holder)
    underway = begin_run(session, lake=LAKE, holder=holder)
    record_run(session, 1, LEAK)
    assert claim_incident_mended(session, LEAK.key, "dana").claimed_after == underway.id


def test_an_edit_of_an_old_version_is_refused(session: Session) -> None:
    record_run(session, 1, LEAK)
    with pytest.raises(StaleEditError, match="is at version 1, not 7"):
        acknowledge_incident(session, LEAK.key, "dana", expected=7)
    assert acknowledge_incident(session, LEAK.key, "dana", expected=1).sequence == 2
    with pytest.raises(StaleEditError):
        claim_incident_mended(session, LEAK.key, "dana", expected=1)


def test_the_same_key_does_nothing_again(session: Session) -> None:
    other = found("other")
    record_run(session, 1, LEAK, other)
    for _ in range(2):
        made = acknowledge_incident(session, LEAK.key, "dana", idempotency_key="k", expected=1)
        assert made.sequence == 2
    with pytest.raises(ConflictError, match="used for another request"):
        acknowledge_incident(session, other.key, "dana", idempotency_key="k")
    with pytest.raises(ConflictError, match="used for another request"):
        claim_incident_mended(session, LEAK.key, "dana", idempotency_key="k")
    assert acknowledge_incident(session, other.key, "bob", idempotency_key="k").sequence == 2


def test_what_cannot_be_done_is_said(session: Session) -> None:
    with pytest.raises(NotFoundError, match="there is no incident"):
        acknowledge_incident(session, "0" * 16, "dana")
    record_run(session, 1, LEAK)
    with pytest.raises(BadNameError, match="a note has at most"):
        acknowledge_incident(session, LEAK.key, "dana", note="x" * (LONGEST_NOTE + 1))
    with pytest.raises(BadNameError, match="idempotency key"):
        acknowledge_incident(session, LEAK.key, "dana", idempotency_key="")


def test_lists_by_severity_with_filters_and_pages(session: Session) -> None:
    made = [
        found(
            f"r{number}",
            severity=f"SEV{number % 3}",
            classes=('odd "class"%_',) if number % 2 else ("payroll",),
            kinds=("everyone",) if number % 5 else ("leaver",),
        )
        for number in range(11)
    ]
    record_run(session, 1, *made)
    record_run(session, 2, *made[1:])
    acknowledge_incident(session, made[4].key, "dana")
    order = sorted(made, key=lambda each: (each.severity, each.key))

    def listed(**wanted: object) -> list[str]:
        page = list_incidents(session, LAKE, IncidentFilter(**wanted))  # type: ignore[arg-type]
        return [record.key for record in page.items]

    def those(*chosen: FoundIncident) -> list[str]:
        return [each.key for each in order if each in chosen]

    assert listed() == those(*made)
    assert listed(states=["resolved", "acknowledged"]) == those(made[0], made[4])
    assert listed(severities=["SEV1"]) == those(*made[1::3])
    assert listed(classes=['odd "class"%_']) == those(*made[1::2])
    assert listed(classes=["odd"], severities=["SEV0"]) == []
    assert listed(kinds=["leaver"]) == those(*made[::5])
    assert listed(waived=True) == []
    assert listed(waived=False) == listed()
    walked: list[str] = []
    after: tuple[str, str] | None = None
    while not walked or after is not None:
        page = list_incidents(session, LAKE, IncidentFilter(), after=after, limit=3)
        walked += [record.key for record in page.items]
        after = page.next
    assert walked == those(*made)
    assert list_incidents(session, "another", IncidentFilter()).items == ()
    counts = count_incidents(session, LAKE)
    assert sum(counts.values()) == len(made)
    assert counts["SEV0", "resolved", False] == 1


def test_an_act_during_a_runs_record_loses_neither(database: Database) -> None:
    with session_scope(database) as session:
        record_run(session, 1, LEAK)
    read, done = threading.Event(), threading.Event()

    def act() -> None:
        read.wait(10)
        with session_scope(database) as session:
            acknowledge_incident(session, LEAK.key, "dana")
        done.set()

    thread = threading.Thread(target=act)
    thread.start()
    with session_scope(database) as session:
        lock_lake(session, LAKE)
        before = incidents_of_lake(session, LAKE)
        read.set()
        assert not done.wait(0.2)  # it waits for the run's transaction
        changes, _ = live_through(before, [replace(LEAK, tables=9)], sight(2))
        write_changes(session, changes, before)
    thread.join(10)
    with reading_scope(database) as session:
        record = incident(session, LEAK.key)
        assert kinds(session) == ["opened", "grown", "acknowledged"]
    assert (record.state, record.found.tables, record.sequence) == ("acknowledged", 9, 3)


def test_many_acts_at_once_leave_one(database: Database) -> None:
    with session_scope(database) as session:
        record_run(session, 1, LEAK)
    refused: list[str] = []

    def act(who: str) -> None:
        try:
            with session_scope(database) as session:
                acknowledge_incident(session, LEAK.key, who)
        except ConflictError as error:
            refused.append(str(error))

    threads = [threading.Thread(target=act, args=(f"p{number}",)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(refused) == 4
    with reading_scope(database) as session:
        assert kinds(session) == ["opened", "acknowledged"]


class TestWaivers:
    TODAY = utc_now().date()

    def make(self, session: Session, **more: object) -> str:
        values: dict[str, object] = {
            "lake": LAKE,
            "reason": "the cut-over",
            "approver": "ciso",
            "expires": self.TODAY + timedelta(days=7),
            "scope": {"class": "payroll"},
            "created_by": "dana",
        }
        return create_waiver(session, **{**values, **more}).id  # type: ignore[arg-type]

    def test_made_and_ended(self, session: Session) -> None:
        name = self.make(session, max_tables=3)
        (there,) = waivers_of_lake(session, LAKE)
        assert (there.waiver.waiver, there.waiver.max_tables) == (name, 3)
        assert waivers_of_lake(session, "another") == ()
        with pytest.raises(StaleEditError):
            end_waiver(session, name, "bob", expected=2)
        ended = end_waiver(session, name, "bob", expected=1)
        assert (ended.ended_by, ended.version) == ("bob", 2)
        assert end_waiver(session, name, "carl") == ended
        assert waivers_of_lake(session, LAKE) == ()
        assert waiver(session, name) == ended

    @pytest.mark.parametrize(
        "wrong",
        [
            {"expires": TODAY + timedelta(days=8)},
            {"expires": TODAY - timedelta(days=1)},
            {"expires": date(9999, 12, 31)},
            {"reason": " "},
            {"approver": ""},
            {"reason": "x" * 1001},
            {"scope": {}},
            {"scope": {"colour": "blue"}},
            {"scope": {"class": ""}},
            {"max_people": -1},
        ],
        ids=lambda wrong: next(iter(wrong)),
    )
    def test_what_no_waiver_may_say(self, session: Session, wrong: dict[str, object]) -> None:
        with pytest.raises(BadNameError):
            self.make(session, **wrong)
        assert waivers_of_lake(session, LAKE) == ()

    def test_the_same_key_gives_the_one_there_is(self, session: Session) -> None:
        name = self.make(session, idempotency_key="k")
        assert self.make(session, idempotency_key="k") == name
        with pytest.raises(ConflictError, match="used for another request"):
            self.make(session, idempotency_key="k", reason="another")
        assert self.make(session, idempotency_key="k", created_by="bob") != name
