"""A worker's rounds against real receivers, on both databases, with a clock moved by hand."""

import json
import threading
from dataclasses import replace
from datetime import timedelta
from itertools import chain, repeat

import pytest

from app.alert.retrying import SCHEDULE
from app.core.routes import Silence
from app.store.channel_health import channel_health, enable_channel
from app.store.database import Database, reading_scope, session_scope
from app.store.decisions import decisions_of, list_decisions
from app.store.delivery_log import attempts, backlog, list_deliveries, replay, replay_between
from app.store.questions import record_question
from app.store.silences import add_silence, end_silence, list_silences
from tests.alert.notices import NOTICE
from tests.alert.receivers import Handler, Received, receiver
from tests.delivering.world import START, World, channel, event, world

ONE = "routes:\n  - name: all\n    channel: hook\n    group_wait: 0s\n    group_interval: 0s\n"


def bodies(requests: list[Received]) -> list[tuple[str, str]]:
    """(webhook-id, event) of each request."""
    return [(one.headers["webhook-id"], json.loads(one.body)["data"]["event"]) for one in requests]


def test_an_incidents_life_arrives_in_order_each_event_with_its_one_id(database: Database) -> None:
    life = ["opened", "grown", "mended", "still-open", "resolved", "regressed", "waived"]
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(*(event(kind, number) for number, kind in enumerate(life, 1)))
        done = it.round()
        assert (done.notices, done.made, done.delivered, done.problems) == (7, 7, 7, [])
        expected = [(f"{NOTICE.incident}-{number}", kind) for number, kind in enumerate(life, 1)]
        assert bodies(target.requests) == expected
        again = it.round(after=60)
        assert (again.notices, again.made, again.delivered) == (0, 0, 0)
    with reading_scope(database) as session:
        for decision in list_decisions(session).items:
            assert (decision.state, decision.route) == ("sent", "all")
            assert decision.reason == "the route all takes everything"
        assert backlog(session).counts == {"delivered": 7}


def test_a_receiver_that_fails_is_tried_by_the_schedule_until_it_takes(database: Database) -> None:
    statuses = chain([500, 500, 302], repeat(200))

    def answer(handler: Handler, _: Received) -> None:
        handler.reply(next(statuses), {"location": "/"})

    with receiver(answer) as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1), event("grown", 2))
        assert it.round().failed == 1
        assert it.round(after=3).failed == 0  # 5 s less a fifth
        assert it.round(after=3).failed == 1
        assert it.round(after=239).failed == 0
        assert it.round(after=122).failed == 1
        # The later one has waited all the time: order holds.
        assert it.round(after=1_800 * 1.2 + 1).delivered == 2
        assert [name for _, name in bodies(target.requests)] == ["opened"] * 4 + ["grown"]
        assert len({one.headers["webhook-id"] for one in target.requests}) == 2
    with reading_scope(database) as session:
        newest, oldest = list_deliveries(session).items
        assert [one.status for one in attempts(session, oldest.id)] == [500, 500, 302, 200]
        assert newest.state == oldest.state == "delivered"


@pytest.mark.parametrize("severity", ["SEV3", "SEV0"])
def test_after_ten_attempts_it_is_a_dead_letter_that_can_be_replayed(
    database: Database, severity: str
) -> None:
    status = 500

    def answer(handler: Handler, _: Received) -> None:
        handler.reply(status)

    with receiver(answer) as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1, severity=severity))
        it.routing = replace(
            it.routing, routes=(replace(it.routing.routes[0], repeat_interval=0.0),)
        )
        dead = sum(it.round(after=seconds * 1.2 + 1).dead for seconds in SCHEDULE)
        assert (len(target.requests), dead) == (10, 1)
        status = 200
        done = it.round(after=20)
        # That a SEV0 is a dead letter is said by the watcher.
        assert done.delivered == (1 if severity == "SEV0" else 0)
        with session_scope(database) as session:
            (first,) = list_deliveries(session, state="dead").items
            assert len(attempts(session, first.id)) == 10
            replay(session, first.id, it.now)
        it.round(after=1)
        with session_scope(database) as session:
            (again,) = replay_between(session, START, it.now, it.now)
            assert list_deliveries(session, message_id=first.message.id).items[0].id == again
        it.round(after=1)
        ids = [one.headers["webhook-id"] for one in target.requests]
        assert ids.count(first.message.id) == 12


def test_a_channel_that_took_nothing_for_120_hours_is_disabled_and_its_deliveries_wait(
    database: Database,
) -> None:
    status = 500

    def answer(handler: Handler, _: Received) -> None:
        handler.reply(status)

    with receiver(answer) as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1, severity="SEV3"))
        problems = [one for _ in range(8) for one in it.round(after=86_400 * 1.2 + 1).problems]
        assert any("took nothing for 120 hours" in problem for problem in problems)
        tried = len(target.requests)
        assert it.round(after=86_400 * 1.2 + 1).failed == 0
        assert len(target.requests) == tried
        status = 200
        with session_scope(database) as session:
            assert enable_channel(session, "hook")
            assert channel_health(session, "hook").failing_since is None
        it.round(after=1)
        assert f"{NOTICE.incident}-1" in {one for one, _ in bodies(target.requests[tried:])}


def test_429_holds_the_whole_channel_and_retry_after_counts_up_to_twice_the_step(
    database: Database,
) -> None:
    status = 429

    def answer(handler: Handler, _: Received) -> None:
        handler.reply(status, {"retry-after": "3600"})

    with receiver(answer) as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1, "a" * 16))
        it.round()
        it.put(event("opened", 1, "b" * 16))
        assert it.round(after=9).delivered == 0
        assert len(target.requests) == 1  # the other incident waits as well
        status = 200
        assert it.round(after=2).delivered == 2


def test_410_disables_and_is_announced_and_nothing_is_lost(database: Database) -> None:
    routes = """
routes:
  - name: page
    channel: hook
    severity: [SEV0, SEV1]
    second: mail
    group_wait: 0s
  - {name: mail, channel: other, second: page}
"""

    def gone(handler: Handler, _: Received) -> None:
        handler.reply(410)

    with (
        receiver(gone) as target,
        receiver() as other,
        world(database, routes, channel("hook", target.url), channel("other", other.url)) as it,
    ):
        it.put(event("opened", 1))
        done = it.round()
        assert any("disabled" in problem for problem in done.problems)
        it.round(after=1)
        it.round(after=1)
        seen = bodies(other.requests)
        assert (NOTICE.incident + "-1", "opened") in seen  # at once, by the second route
        assert "watcher" in {name for _, name in seen}  # and that the first is disabled
        assert len(target.requests) == 1
        target.answer = None
        with session_scope(database) as session:
            enable_channel(session, "hook")
        it.round(after=1)
        assert (NOTICE.incident + "-1", "opened") in bodies(target.requests[1:])


def test_without_an_answer_a_sev0_takes_its_second_route_after_a_minute(database: Database) -> None:
    routes = """
routes:
  - {name: page, channel: hook, severity: [SEV0, SEV1], second: mail, group_wait: 0s}
  - {name: mail, channel: other, second: page}
"""

    def never(handler: Handler, _: Received) -> None:
        handler.receiver.stopping.wait(5)

    with (
        receiver(never) as target,
        receiver() as other,
        world(
            database, routes, channel("hook", target.url), channel("other", other.url), seconds=0.3
        ) as it,
    ):
        it.put(event("opened", 1), event("opened", 1, "f" * 16, severity="SEV2"))
        it.round(drain=1)
        assert it.round(after=59, drain=1).second == 0
        assert it.round(after=2, drain=1).second == 1
        assert (NOTICE.incident + "-1", "opened") in bodies(other.requests)
        assert it.round(after=300, drain=1).second == 0  # once
        ids = [identity for identity, _ in bodies(other.requests)]
        assert len(ids) == len(set(ids))


def test_a_slow_channel_holds_up_no_other(database: Database) -> None:
    routes = """
routes:
  - {name: slow, channel: slow, continue: true, group_wait: 0s, repeat_interval: never}
  - {name: quick, channel: quick, group_wait: 0s, repeat_interval: never}
"""

    def never(handler: Handler, _: Received) -> None:
        handler.receiver.stopping.wait(5)

    with (
        receiver(never) as slow,
        receiver() as quick,
        world(
            database, routes, channel("slow", slow.url), channel("quick", quick.url), seconds=1.0
        ) as it,
    ):
        it.put(*(event("opened", 1, f"{number:016x}") for number in range(30)))
        done = it.round(drain=0)
        for _ in range(20):
            if len(quick.requests) == 30:
                break
            done = it.round(drain=0)
        assert len(quick.requests) == 30
        assert done.running > 0  # the slow ones are still under way
        slow.stopping.set()


def test_what_waits_for_its_group_goes_out_together_and_loud_ones_wait_ten_seconds(
    database: Database,
) -> None:
    routes = "routes:\n  - {name: people, channel: chat}\n"
    with (
        receiver() as target,
        world(database, routes, channel("chat", target.url, "slack")) as it,
    ):
        it.put(event("opened", 1, "a" * 16, severity="SEV3"))
        assert it.round().made == 0
        it.put(event("opened", 1, "b" * 16, severity="SEV2"))
        assert it.round(after=29).made == 0
        assert it.round(after=1).made == 1
        assert "2 events of prod" in json.loads(target.requests[0].body)["text"]
        it.put(event("grown", 2, "a" * 16, severity="SEV3"))
        assert it.round(after=60).made == 0  # group_interval
        it.put(event("opened", 1, "c" * 16, severity="SEV1"))
        assert it.round(after=9).made == 0
        assert it.round(after=10).made == 1  # the loud one takes the quiet one along


def test_what_stays_open_is_said_again_until_acknowledged(database: Database) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1))
        it.round()
        assert it.round(after=14_399).made == 0
        assert it.round(after=2).made == 1
        assert json.loads(target.requests[-1].body)["data"]["reminder"] is True
        assert it.round(after=14_401).made == 1
        it.put(event("acknowledged", 2))
        assert it.round(after=10).made == 1
        assert it.round(after=50_000).made == 0
        ids = [one.headers["webhook-id"] for one in target.requests]
        assert len(ids) == len(set(ids)) == 4


def test_a_route_that_was_told_hears_the_end_though_the_severity_fell(database: Database) -> None:
    routes = """
routes:
  - {name: page, channel: hook, severity: [SEV0, SEV1], group_wait: 0s}
  - {name: rest, channel: other, group_wait: 0s}
"""
    with (
        receiver() as page,
        receiver() as rest,
        world(database, routes, channel("hook", page.url), channel("other", rest.url)) as it,
    ):
        it.put(event("opened", 1), event("resolved", 2, severity="SEV3"))
        it.round()
        it.round(after=600)
        assert [name for _, name in bodies(page.requests)] == ["opened", "resolved"]
        assert [name for _, name in bodies(rest.requests)] == ["resolved"]
    with reading_scope(database) as session:
        reasons = {one.route: one.reason for one in decisions_of(session, f"{NOTICE.incident}-2")}
    assert reasons["page"] == "the route page was told of this incident before"


def silenced(it: World, hours: int = 1, **matchers: tuple[str, ...]) -> Silence:
    with session_scope(it.database) as session:
        return add_silence(
            session,
            matchers=matchers,
            ends_at=it.now + timedelta(hours=hours),
            created_by="ann",
            comment="a planned migration",
            now=it.now,
        )


def test_a_silence_holds_back_and_lets_go_of_the_last_word_only(database: Database) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        silence = silenced(it, lake=("prod",))
        idle = silenced(it, lake=("other",))
        it.put(event("opened", 1), event("grown", 2))
        it.put(event("opened", 1, "b" * 16), event("resolved", 2, "b" * 16))
        assert it.round().made == 0
        assert it.round(after=3_000).made == 0
        assert it.round(after=700).made == 1
        assert bodies(target.requests) == [(f"{NOTICE.incident}-2", "grown")]
        with reading_scope(database) as session:
            known = {one.id: one.matched for one in list_silences(session, now=START, ended=True)}
            states = {
                one.notice.id: (one.state, one.reason) for one in list_decisions(session).items
            }
        assert known == {silence.id: 4, idle.id: 0}  # 0: it matches nothing
        assert states["b" * 16 + "-2"][1] == "it opened and ended while it was silenced"
        assert silence.id in states[f"{NOTICE.incident}-2"][1]


def test_a_silence_ended_early_lets_go_at_once_and_an_end_passes_through(
    database: Database,
) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1, "b" * 16))
        it.round()
        silence = silenced(it, severity=("SEV*",))
        it.put(event("resolved", 2, "b" * 16), event("opened", 1))
        it.round(after=400)
        assert [name for _, name in bodies(target.requests)] == ["opened", "resolved"]
        with session_scope(database) as session:
            end_silence(session, silence.id, ended_by="ann", now=it.now)
        it.round(after=1)
        assert bodies(target.requests)[-1] == (f"{NOTICE.incident}-1", "opened")


def test_a_loud_notice_that_no_route_takes_is_said_aloud(database: Database) -> None:
    routes = "routes:\n  - {name: other, channel: hook, lake: staging}\n"
    with receiver() as target, world(database, routes, channel("hook", target.url)) as it:
        it.put(event("opened", 1))
        done = it.round()
        assert "no route takes it: other wants another lake" in done.problems[0]
        assert target.requests == []
    with reading_scope(database) as session:
        (decision,) = list_decisions(session).items
        assert decision.state == "nowhere"


def test_a_route_that_was_taken_away_leaves_nothing_behind(database: Database) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        it.routing = replace(
            it.routing, routes=(replace(it.routing.routes[0], name="old", group_wait=10.0),)
        )
        it.put(event("opened", 1))
        assert it.round().made == 0
        it.routing = replace(it.routing, routes=(replace(it.routing.routes[0], name="new"),))
        it.round(after=1)
        assert it.round(after=11).delivered == 1
    with reading_scope(database) as session:
        states = {one.route: one.state for one in list_decisions(session).items}
    assert states == {"old": "superseded", "new": "sent"}


def test_a_clock_that_was_ahead_and_is_set_back_holds_nothing_up(database: Database) -> None:
    routes = "routes:\n  - {name: all, channel: hook, group_wait: 30s}\n"
    with receiver() as target, world(database, routes, channel("hook", target.url)) as it:
        it.now += timedelta(days=365)
        it.put(event("opened", 1, severity="SEV3"))
        it.round()
        it.now -= timedelta(days=365)
        assert it.round().delivered == 1
        assert len(target.requests) == 1


def test_a_failing_delivery_of_a_clock_ahead_is_tried_when_it_is_set_back(
    database: Database,
) -> None:
    status = 429

    def answer(handler: Handler, _: Received) -> None:
        handler.reply(status)

    with receiver(answer) as target, world(database, ONE, channel("hook", target.url)) as it:
        it.now += timedelta(days=365)
        it.put(event("opened", 1))
        assert it.round().failed == 1
        it.now -= timedelta(days=365)
        status = 200
        assert it.round().delivered == 1


def test_two_incidents_with_the_same_words_stay_two(database: Database) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url, "pagerduty")) as it:
        it.put(event("opened", 1, "a" * 16), event("opened", 1, "b" * 16))
        assert it.round().delivered == 2
        keys = {json.loads(one.body)["dedup_key"] for one in target.requests}
        assert len(keys) == 2


def test_several_workers_send_each_once(database: Database) -> None:
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as first:
        others = [
            World(database, first.routing, first.channels, holder=f"worker {number}")
            for number in range(3)
        ]
        first.put(
            *(
                event(kind, number, f"{incident:016x}")
                for incident in range(15)
                for number, kind in enumerate(("opened", "grown", "resolved"), 1)
            )
        )
        failed: list[BaseException] = []

        def work(it: World) -> None:
            try:
                for _ in range(12):
                    it.round(after=1, drain=0.3)
            except BaseException as error:  # noqa: BLE001
                failed.append(error)

        threads = [threading.Thread(target=work, args=(it,)) for it in (first, *others)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for it in others:
            it.dispatcher.close()
        assert failed == []
        seen = bodies(target.requests)
        assert len(seen) == len(set(seen)) == 45
        for incident in range(15):
            mine = [name for one, name in seen if one.startswith(f"{incident:016x}")]
            assert mine == ["opened", "grown", "resolved"]


def test_the_trail_goes_out_once_and_in_order(database: Database, tmp_path: object) -> None:
    file = f"{tmp_path}/ocsf.ndjson"
    siem = channel("siem", f"file://{file}", "ocsf", trail=True)
    with world(database, "routes: []\n", siem) as it:
        with session_scope(database) as session:
            for number in range(150):
                record_question(
                    session,
                    asked_by="cli:ann",
                    question=f"who-can {number}",
                    parameters={"object": "=1+1"},
                    status=0,
                    lake="prod",
                    now=START - timedelta(minutes=1),
                )
        for _ in range(4):
            it.round(after=1)
        with open(file) as lines:
            asked = [json.loads(line)["api"]["operation"] for line in lines]
    assert asked == [f"who-can {number}" for number in range(150)]


@pytest.mark.parametrize("gap", ["claimed", "sent"])
def test_a_worker_that_died_loses_nothing(database: Database, gap: str) -> None:
    """Between claiming and recording: the lease ends and another worker sends the same id."""
    with receiver() as target, world(database, ONE, channel("hook", target.url)) as it:
        it.put(event("opened", 1))
        dead = World(database, it.routing, it.channels, holder="dead worker")
        dead.round(drain=0) if gap == "sent" else dead.round(drain=5)
        dead.dispatcher.close()
        it.round(after=1)
        it.round(after=91)
        ids = {one.headers["webhook-id"] for one in target.requests}
        assert ids == {f"{NOTICE.incident}-1"}
        with reading_scope(database) as session:
            assert backlog(session).counts == {"delivered": 1}
