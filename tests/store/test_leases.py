"""Leases: one holder at a time, whatever the holders do or however they end."""

import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.errors import ConflictError
from app.store.database import Database, session_scope
from app.store.holders import is_gone, new_holder, said
from app.store.identifiers import utc_now
from app.store.lease_keeping import kept_lease
from app.store.leases import (
    acquire_lease,
    audit_lease,
    database_now,
    lease,
    live_holders,
    release_lease,
    renew_leases,
)

PROD = audit_lease("prod")
ELSEWHERE = "otherhost/boot/1/4711/99/chance00"


def test_a_free_lease_is_taken(database: Database) -> None:
    holder = new_holder()
    with session_scope(database) as session:
        taken = acquire_lease(session, PROD, holder, seconds=30)
        assert lease(session, PROD) == taken
        assert live_holders(session) == {PROD: holder}
    assert timedelta(seconds=29) < taken.until - taken.acquired_at <= timedelta(seconds=30)


def test_a_held_lease_is_refused_and_its_holder_named(database: Database) -> None:
    with session_scope(database) as session:
        acquire_lease(session, PROD, ELSEWHERE)
    wanted = r"another audit of prod is running \(process 4711 on otherhost, since .* UTC\)"
    with pytest.raises(ConflictError, match=wanted), session_scope(database) as session:
        acquire_lease(session, PROD, new_holder())


def test_its_holder_may_take_it_again(database: Database) -> None:
    with session_scope(database) as session:
        acquire_lease(session, PROD, ELSEWHERE)
        acquire_lease(session, PROD, ELSEWHERE)


def test_another_lease_is_free(database: Database) -> None:
    with session_scope(database) as session:
        acquire_lease(session, PROD, ELSEWHERE)
        acquire_lease(session, audit_lease("dev"), new_holder())


def test_a_lease_that_was_not_renewed_is_free(database: Database) -> None:
    with session_scope(database) as session:
        past = database_now(session) - timedelta(minutes=2)
        acquire_lease(session, PROD, ELSEWHERE, seconds=60, now=past)
        assert live_holders(session) == {}
        taken = acquire_lease(session, PROD, new_holder())
        assert lease(session, PROD) == taken
        assert renew_leases(session, ELSEWHERE) == ()
        assert not release_lease(session, PROD, ELSEWHERE)


def test_renewal_prolongs_every_lease_of_the_holder(database: Database) -> None:
    with session_scope(database) as session:
        now = database_now(session)
        for name in ("job:1", PROD):
            acquire_lease(session, name, ELSEWHERE, seconds=1, now=now)
        assert renew_leases(session, ELSEWHERE, seconds=100, now=now) == (PROD, "job:1")
        assert live_holders(session, now + timedelta(seconds=99)).keys() == {"job:1", PROD}


def test_a_released_lease_is_free(database: Database) -> None:
    with session_scope(database) as session:
        acquire_lease(session, PROD, ELSEWHERE)
        assert release_lease(session, PROD, ELSEWHERE)
        acquire_lease(session, PROD, new_holder())


def test_the_clock_is_the_databases(database: Database) -> None:
    with session_scope(database) as session:
        assert abs(database_now(session) - utc_now()) < timedelta(seconds=5)


def test_this_process_is_not_gone() -> None:
    assert not is_gone(new_holder())
    assert new_holder() != new_holder()
    assert "process" in said(new_holder())


def test_nothing_is_known_of_another_hosts_process() -> None:
    assert not is_gone(ELSEWHERE)


_HOLD = """
import sys, time
from app.store.database import connect, session_scope
from app.store.holders import new_holder
from app.store.leases import acquire_lease
database = connect(sys.argv[1])
holder = new_holder()
with session_scope(database) as session:
    acquire_lease(session, sys.argv[2], holder, seconds=600)
print(holder, flush=True)
time.sleep(600)
"""


def test_the_lease_of_a_killed_process_is_free_at_once(database: Database, state_url: str) -> None:
    command = [sys.executable, "-c", _HOLD, state_url, PROD]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        holder = process.stdout.readline().strip()
        assert not is_gone(holder)
        with pytest.raises(ConflictError), session_scope(database) as session:
            acquire_lease(session, PROD, new_holder())
        process.kill()
        _wait_until_gone(holder)
        with session_scope(database) as session:
            assert live_holders(session) == {}
            acquire_lease(session, PROD, new_holder())


def _wait_until_gone(holder: str) -> None:
    deadline = time.monotonic() + 10
    while not is_gone(holder):
        assert time.monotonic() < deadline
        time.sleep(0.01)


_COUNT = """
import sys, time
from pathlib import Path
from app.core.errors import ConflictError
from app.store.database import connect
from app.store.lease_keeping import kept_lease
database, inside, done = connect(sys.argv[1]), Path(sys.argv[2]), 0
while done < 10:
    try:
        with kept_lease(database, "audit:prod", seconds=30):
            inside.touch(exist_ok=False)  # fails when another process is inside too
            time.sleep(0.002)
            inside.unlink()
            done += 1
    except ConflictError:
        time.sleep(0.001)
"""


def test_of_several_processes_only_one_is_inside(
    database: Database, state_url: str, tmp_path: Path
) -> None:
    command = [sys.executable, "-c", _COUNT, state_url, str(tmp_path / "inside")]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], errors
    with session_scope(database) as session:
        assert lease(session, PROD) is None


def test_a_kept_lease_is_renewed_and_given_back(database: Database) -> None:
    with kept_lease(database, PROD, seconds=0.4) as kept:
        time.sleep(0.7)
        kept.confirm()
        with session_scope(database) as session:
            assert live_holders(session) == {PROD: kept.holder}
    with session_scope(database) as session:
        assert lease(session, PROD) is None


def test_a_kept_lease_is_given_back_when_the_work_fails(database: Database) -> None:
    with pytest.raises(ZeroDivisionError), kept_lease(database, PROD):
        _ = 1 / 0
    with session_scope(database) as session:
        assert lease(session, PROD) is None


def test_a_kept_lease_tells_that_it_was_lost(database: Database) -> None:
    with kept_lease(database, PROD, seconds=0.1) as kept:
        with session_scope(database) as session:
            release_lease(session, PROD, kept.holder)
            acquire_lease(session, PROD, ELSEWHERE)
        assert kept.lost.wait(5)
        with pytest.raises(ConflictError, match="was lost"):
            kept.confirm()
    with session_scope(database) as session:
        assert live_holders(session) == {PROD: ELSEWHERE}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["acquire", "renew", "release", "wait"]),
        st.sampled_from(["a", "b"]),
        st.integers(1, 40),
    ),
    max_size=25,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_any_sequence_keeps_to_one_holder(
    database: Database, steps: list[tuple[str, str, int]]
) -> None:
    """Against a model in memory: who has it, and until when."""
    now, name = utc_now(), f"audit:{new_holder()}"
    holders = {who: f"otherhost/boot/1/1/1/{who}" for who in "ab"}
    owner, until = None, now
    with session_scope(database) as session:
        for step, who, seconds in steps:
            ends = now + timedelta(seconds=seconds)
            if step == "wait":
                now = ends
            elif step == "release":
                assert release_lease(session, name, holders[who]) == (owner == who)
                owner = None if owner == who else owner
            elif step == "renew":
                renewed = renew_leases(session, holders[who], seconds=seconds, now=now)
                assert (name in renewed) == (owner == who)
                until = ends if owner == who else until
            elif owner in (None, who) or until <= now:
                acquire_lease(session, name, holders[who], seconds=seconds, now=now)
                owner, until = who, ends
            else:
                with pytest.raises(ConflictError):
                    acquire_lease(session, name, holders[who], seconds=seconds, now=now)
