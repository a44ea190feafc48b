"""Deliveries, channels, silences and decisions on both databases."""

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from app.core.errors import ConflictError, NotFoundError, SettingsError
from app.core.routes import GroupState, Told
from app.store.channel_health import (
    all_channel_health,
    channel_health,
    disable_channel,
    enable_channel,
    note_delivered,
    note_failed,
)
from app.store.database import Database, Session, session_scope
from app.store.decisions import (
    add_decision,
    due_groups,
    groups,
    groups_to_remind,
    queued,
    save_group,
    waiting_elsewhere,
)
from app.store.deliveries import (
    Attempt,
    Delivery,
    NewDelivery,
    add_delivery,
    claim_due,
    delivery,
    record_attempt,
)
from app.store.delivery_log import attempts, list_deliveries, replay
from app.store.second_routes import undelivered_loud
from app.store.silences import add_silence, count_matches, end_silence, list_silences
from tests.alert.notices import HOSTILE, NOTICE, message, named

NOW = datetime(2026, 6, 12, 9, 0, tzinfo=UTC)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with session_scope(database) as opened:
        yield opened


def new(sequence: int = 1, **more: object) -> NewDelivery:
    made = NewDelivery("all", "hook", "lake=prod", sequence, "incident/a", message(), "because")
    return replace(made, **more)  # type: ignore[arg-type]


def put(session: Session, *made: NewDelivery) -> list[str]:
    return [str(add_delivery(session, one, NOW)) for one in made]


def claim(
    session: Session, seconds: float = 0, holder: str = "w", limit: int = 9
) -> list[Delivery]:
    moment = NOW + timedelta(seconds=seconds)
    return list(claim_due(session, holder, "hook", limit=limit, now=moment, lease_seconds=60))


def record(session: Session, one: Delivery, state: str, seconds: float, holder: str = "w") -> bool:
    moment = NOW + timedelta(seconds=seconds)
    attempt = Attempt(1, moment, 0.1, "failed", 500, "answered 500")
    return record_attempt(
        session, one, attempt, state=state, next_at=moment, now=moment, holder=holder
    )


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_a_message_comes_out_as_it_went_in(session: Session, hostile: str) -> None:
    held = message(named(hostile))
    (made,) = put(session, new(message=held))
    assert delivery(session, made).message == held


def test_route_group_and_sequence_are_taken_once(session: Session) -> None:
    assert add_delivery(session, new(), NOW)
    assert add_delivery(session, new(reason="again"), NOW) is None
    assert add_delivery(session, new(2), NOW)
    assert add_delivery(session, new(route="other"), NOW)


def test_one_incidents_deliveries_go_out_one_after_the_other(session: Session) -> None:
    put(session, new(1), new(2), new(3, order_key="incident/b"))
    first = claim(session)
    assert [one.sequence for one in first] == [1, 3]
    assert claim(session, 59) == []
    assert record(session, first[0], "delivered", 1)
    assert [one.sequence for one in claim(session, 2)] == [2]


def test_the_gravest_come_first(session: Session) -> None:
    severities = ("SEV3", "SEV1", "SEV0", "SEV2")
    put(
        session,
        *(
            new(n, order_key=str(n), message=message(replace(NOTICE, severity=severity)))
            for n, severity in enumerate(severities)
        ),
    )
    assert [one.severity for one in claim(session, limit=3)] == ["SEV0", "SEV1", "SEV3"]


def test_a_lease_that_ends_hands_it_out_again_and_a_late_success_counts(session: Session) -> None:
    put(session, new())
    (mine,) = claim(session, holder="first")
    assert claim(session, 59, "second") == []
    (theirs,) = claim(session, 61, "second")
    assert not record(session, mine, "waiting", 62, "first")  # it is no longer his to plan
    assert delivery(session, mine.id).attempts == 0
    assert record(session, mine, "delivered", 63, "first")  # but what was taken was taken
    assert not record(session, theirs, "dead", 64, "second")
    assert delivery(session, mine.id).state == "delivered"
    assert [one.number for one in attempts(session, mine.id)] == [1, 2, 3]


def test_a_disabled_and_a_throttled_channel_get_nothing(session: Session) -> None:
    put(session, new())
    assert disable_channel(session, "hook", "gone", NOW)
    assert not disable_channel(session, "hook", "again", NOW)
    assert claim(session, 10) == []
    assert enable_channel(session, "hook")
    assert not enable_channel(session, "hook")
    note_failed(session, "hook", NOW, NOW + timedelta(seconds=30))
    assert claim(session, 29) == []
    note_failed(session, "hook", NOW + timedelta(days=900), NOW + timedelta(days=901))
    assert len(claim(session, 31)) == 1  # a clock that was ahead holds nothing up


def test_how_a_channel_fares(session: Session) -> None:
    assert channel_health(session, "hook").failing_since is None
    for hours in (1, 2, 3):
        note_failed(session, "hook", NOW + timedelta(hours=hours))
    assert channel_health(session, "hook").failing_since == NOW + timedelta(hours=1)
    note_delivered(session, "hook", NOW + timedelta(hours=4))
    (health,) = all_channel_health(session)
    assert (health.failing_since, health.delivered_at) == (None, NOW + timedelta(hours=4))


def test_loud_ones_without_an_answer_are_found_once_they_are_late(session: Session) -> None:
    quiet = message(replace(NOTICE, severity="SEV2"))
    put(session, new(1, second="b"), new(2, second="b", message=quiet), new(3))
    minute = timedelta(seconds=60)
    assert undelivered_loud(session, NOW + timedelta(seconds=59), minute) == ()
    (late,) = undelivered_loud(session, NOW + minute, minute)
    assert late.sequence == 1
    disable_channel(session, "hook", "gone", NOW)
    assert len(undelivered_loud(session, NOW, minute)) == 1  # at once


def test_what_is_on_its_way_is_not_replayed_and_a_replay_keeps_the_messages_id(
    session: Session,
) -> None:
    (made,) = put(session, new())
    with pytest.raises(ConflictError, match="still on its way"):
        replay(session, made, NOW)
    with pytest.raises(NotFoundError):
        replay(session, "nothing", NOW)
    (one,) = claim(session)
    record(session, one, "dead", 1)
    again = [replay(session, made, NOW) for _ in range(2)]
    found = [delivery(session, identity) for identity in again]
    assert {one.message.id for one in found} == {NOTICE.id}
    assert {one.replay_of for one in found} == {made}
    page = list_deliveries(session, limit=2)
    assert [one.id for one in page.items] == [again[1], again[0]]
    rest = list_deliveries(session, limit=2, before=page.next)
    assert [one.id for one in rest.items] == [made]


def test_workers_at_once_get_each_delivery_once(database: Database) -> None:
    with session_scope(database) as session:
        put(session, *(new(n, order_key=str(n)) for n in range(60)))
    got: list[str] = []
    lock = threading.Lock()

    def work(name: str) -> None:
        while True:
            with session_scope(database) as session:
                mine = claim(session, holder=name, limit=3)
            if not mine:
                return
            with lock:
                got.extend(one.id for one in mine)

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == len(set(got)) == 60


def test_decisions_wait_for_their_group_and_are_made_once(session: Session) -> None:
    made = {
        "state": "queued", "reason": "r", "now": NOW, "route": "a", "channel": "c", "group": "g",
        "due_at": NOW + timedelta(seconds=30),
    }  # fmt: skip
    assert add_decision(session, NOTICE, **made)  # type: ignore[arg-type]
    assert not add_decision(session, NOTICE, **made)  # type: ignore[arg-type]
    assert due_groups(session, NOW + timedelta(seconds=29)) == ()
    assert due_groups(session, NOW + timedelta(seconds=30)) == (("a", "g"),)
    assert due_groups(session, NOW - timedelta(days=1)) == (("a", "g"),)  # a clock set back
    assert [one.notice for one in queued(session, "a", "g")] == [NOTICE]
    assert len(waiting_elsewhere(session, ["b"])) == 1
    assert waiting_elsewhere(session, ["a", "b"]) == ()


def test_a_group_is_kept_as_it_was(session: Session) -> None:
    state = GroupState("a", "g", 3, NOW, {"i": Told(NOTICE, True, NOW)})
    save_group(session, state, NOW + timedelta(hours=4))
    assert groups(session, [("a", "g"), ("a", "none")]) == {("a", "g"): state}
    assert groups_to_remind(session, NOW + timedelta(hours=3)) == ()
    assert groups_to_remind(session, NOW + timedelta(hours=4)) == (state,)
    save_group(session, replace(state, told={}), None)
    assert groups_to_remind(session, NOW + timedelta(hours=4)) == ()


@pytest.mark.parametrize(
    ("matchers", "hours", "comment"),
    [
        ({}, 1, "why"),
        ({"lake": ()}, 1, "why"),
        ({"lake": ("",)}, 1, "why"),
        ({"colour": ("red",)}, 1, "why"),
        ({"lake": ("prod",)}, 0, "why"),
        ({"lake": ("prod",)}, -1, "why"),
        ({"lake": ("prod",)}, 24 * 14 + 1, "why"),
        ({"lake": ("prod",)}, 1, " "),
        ({"lake": ("prod",)}, 1, "x" * 1_001),
    ],
)
def test_a_silence_without_bounds_is_refused(
    session: Session, matchers: dict[str, tuple[str, ...]], hours: int, comment: str
) -> None:
    ends = NOW + timedelta(hours=hours)
    with pytest.raises(SettingsError):
        add_silence(
            session, matchers=matchers, ends_at=ends, created_by="ann", comment=comment, now=NOW
        )


def test_a_silence_ends_once(session: Session) -> None:
    made = add_silence(
        session, matchers={"class": ["payroll"]}, ends_at=NOW + timedelta(hours=1),
        created_by="ann", comment="why", now=NOW,
    )  # fmt: skip
    assert list_silences(session, now=NOW) == (made,)
    count_matches(session, {made.id: 2})
    assert list_silences(session, now=NOW)[0].matched == 2
    assert end_silence(session, made.id, ended_by="bob", now=NOW).ends_at == NOW
    with pytest.raises(ConflictError):
        end_silence(session, made.id, ended_by="bob", now=NOW)
    with pytest.raises(NotFoundError):
        end_silence(session, "none", ended_by="bob", now=NOW)
    assert list_silences(session, now=NOW) == ()
