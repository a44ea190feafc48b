"""Runs: one at a time for a lake, whole or failed, and the last whole one stands."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import ConflictError, NotFoundError
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.holders import new_holder
from app.store.leases import acquire_lease, audit_lease, release_lease
from app.store.runs import (
    ABANDONED,
    Run,
    begin_run,
    fail_abandoned_runs,
    fail_run,
    finish_run,
    last_whole_run,
    list_runs,
    run,
)

ENDING: dict[str, Any] = {
    "exit_code": 1,
    "snapshot": "ab12",
    "mode": "sql-standard",
    "policies_digest": "cd34",
    "summary": {"exposures": 45_000, "by_severity": {"SEV1": 3}},
    "results_path": "lakes/prod/results/1",
}


def begin(session: Session, lake: str = "prod") -> Run:
    holder = new_holder()
    acquire_lease(session, audit_lease(lake), holder)
    return begin_run(session, lake=lake, holder=holder)


def end_whole(session: Session, lake: str = "prod") -> Run:
    begun = begin(session, lake)
    ended = finish_run(session, begun.id, **ENDING)
    release_lease(session, audit_lease(lake), begun.holder)
    return ended


def crash(session: Session, lake: str = "prod") -> Run:
    """What a killed process leaves: a run under way, and no live lease."""
    begun = begin(session, lake)
    release_lease(session, audit_lease(lake), begun.holder)
    return begun


def test_the_first_run_is_a_baseline(database: Database) -> None:
    with session_scope(database) as session:
        begun = begin(session)
    assert (begun.state, begun.baseline, begun.previous_run) == ("running", True, None)
    assert begun.finished_at is None


def test_a_whole_run_carries_what_it_concluded(database: Database) -> None:
    with session_scope(database) as session:
        begun = begin(session)
    with session_scope(database) as session:
        ended = finish_run(session, begun.id, **ENDING)
    with reading_scope(database) as session:
        assert run(session, begun.id) == ended == last_whole_run(session, "prod")
    assert (ended.state, ended.exit_code, ended.summary) == ("whole", 1, ENDING["summary"])
    assert ended.finished_at is not None
    assert ended.finished_at >= ended.started_at


def test_the_next_run_follows_the_last_whole_one(database: Database) -> None:
    with session_scope(database) as session:
        whole = end_whole(session)
        failed = crash(session)
        following = begin(session)
    assert (following.baseline, following.previous_run) == (False, whole.id)
    with reading_scope(database) as session:
        dead = run(session, failed.id)
    assert (dead.state, dead.exit_code, dead.error) == ("failed", 2, ABANDONED)


def test_a_run_needs_the_lease_of_its_lake(database: Database) -> None:
    with (
        pytest.raises(ConflictError, match="lease of prod is not held"),
        session_scope(database) as session,
    ):
        begin_run(session, lake="prod", holder=new_holder())


def test_lakes_do_not_disturb_each_other(database: Database) -> None:
    with session_scope(database) as session:
        prod = begin(session, "prod")
        dev = end_whole(session, "dev")
        assert dev.baseline
        assert run(session, prod.id).state == "running"
        assert last_whole_run(session, "prod") is None


def test_a_run_given_up_cannot_be_made_whole(database: Database) -> None:
    with session_scope(database) as session:
        slow = crash(session)
        quick = end_whole(session)
    with (
        pytest.raises(ConflictError, match="is failed already"),
        session_scope(database) as session,
    ):
        finish_run(session, slow.id, **ENDING)
    with reading_scope(database) as session:
        last = last_whole_run(session, "prod")
    assert last is not None
    assert last.id == quick.id


def test_a_run_ends_once(database: Database) -> None:
    with session_scope(database) as session:
        ended = end_whole(session)
        assert fail_run(session, ended.id, "too late") == ended
    with pytest.raises(ConflictError, match="is whole already"), session_scope(database) as session:
        finish_run(session, ended.id, **ENDING)


def test_a_failed_run_says_why(database: Database) -> None:
    with session_scope(database) as session:
        failed = fail_run(session, begin(session).id, "the metastore went away")
    assert (failed.state, failed.exit_code) == ("failed", 2)
    assert failed.error == "the metastore went away"


def test_at_a_start_only_dead_runs_are_given_up(database: Database) -> None:
    with session_scope(database) as session:
        alive, dead = begin(session, "prod"), crash(session, "dev")
        given_up = fail_abandoned_runs(session)
        assert [one.id for one in given_up] == [dead.id]
        assert run(session, alive.id).state == "running"
        assert fail_abandoned_runs(session) == ()


def test_the_last_whole_run_of_a_moment(database: Database) -> None:
    with session_scope(database) as session:
        first, second = end_whole(session), end_whole(session)
        assert first.finished_at is not None
        assert last_whole_run(session, "prod", until=first.finished_at) == first
        assert last_whole_run(session, "prod") == second
        before = first.finished_at - timedelta(seconds=1)
        assert last_whole_run(session, "prod", until=before) is None


def test_a_clock_set_back_does_not_bring_an_older_run_to_the_front(database: Database) -> None:
    with session_scope(database) as session:
        first = end_whole(session)
        holder = new_holder()
        acquire_lease(session, audit_lease("prod"), holder)
        past = first.started_at - timedelta(hours=1)
        second = begin_run(session, lake="prod", holder=holder, now=past)
        finish_run(session, second.id, **ENDING)
        last = last_whole_run(session, "prod")
    assert last is not None
    assert (last.id, last.started_at) == (second.id, past)


def test_the_list_is_paged_by_key_newest_first(database: Database) -> None:
    with session_scope(database) as session:
        made = [end_whole(session).id for _ in range(7)]
        end_whole(session, "dev")
        first = list_runs(session, lake="prod", limit=3)
        between = end_whole(session)  # a new one moves no page
        second = list_runs(session, lake="prod", limit=3, before=first.next)
        third = list_runs(session, lake="prod", limit=3, before=second.next)
        assert list_runs(session, limit=1).items[0].id == between.id
    seen = [one.id for page in (first, second, third) for one in page.items]
    assert seen == made[::-1]
    assert third.next is None


def test_the_list_is_filtered(database: Database) -> None:
    with session_scope(database) as session:
        prod, dev = end_whole(session, "prod"), end_whole(session, "dev")
        failed = fail_run(session, begin(session, "prod").id, "no")

        def found(**filters: Any) -> list[str]:
            return [one.id for one in list_runs(session, **filters).items]

        assert found(lakes=["dev", "other"]) == [dev.id]
        assert found(lakes=[]) == []
        assert found(state="failed") == [failed.id]
        assert found(since=dev.started_at) == [failed.id, dev.id]
        assert found(until=prod.started_at) == [prod.id]


def test_an_unknown_run_is_said_to_be_unknown(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no run 'none'"), reading_scope(database) as session:
        run(session, "none")
