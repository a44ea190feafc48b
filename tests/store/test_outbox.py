"""The outbox: nothing lost, each incident's notices in order, whoever dies in between."""

import random
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import ConflictError
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.holders import new_holder
from app.store.identifiers import utc_now
from app.store.outbox import (
    add_notice,
    claim_notices,
    mark_done,
    prune_outbox,
    release_notices,
    waiting_notices,
)
from tests.store import notices
from tests.store.notices import notice

NOW = utc_now()


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with session_scope(database) as opened:
        yield opened


def claimed(session: Session, holder: str, seconds: float = 0, limit: int = 50) -> list[str]:
    """The ids that a holder gets, so many seconds after the start."""
    moment = NOW + timedelta(seconds=seconds)
    return [each.id for each in claim_notices(session, holder, limit, 60.0, now=moment)]


def test_a_notice_comes_out_as_it_went_in(session: Session) -> None:
    given = notice("a", 1)
    assert add_notice(session, given)
    assert claim_notices(session, "w") == (given,)


def test_one_id_is_taken_once(session: Session) -> None:
    assert add_notice(session, notice("a", 1))
    assert not add_notice(session, notice("a", 1))
    assert waiting_notices(session).count == 1


def test_of_an_incident_the_next_waits_until_the_one_before_is_done(session: Session) -> None:
    for incident, sequence in (("a", 1), ("a", 2), ("b", 1), ("a", 3)):
        add_notice(session, notice(incident, sequence))
    assert claimed(session, "w") == ["a-1", "b-1"]
    assert claimed(session, "v") == []
    mark_done(session, ["a-1"], "w")
    assert claimed(session, "v") == ["a-2"]
    release_notices(session, ["a-2"], "v")
    assert claimed(session, "w") == ["a-2"]


def test_what_is_of_no_incident_waits_for_nothing(session: Session) -> None:
    for number in (1, 2):
        add_notice(session, notice("", number))
    assert claimed(session, "w") == ["-1", "-2"]


def test_a_lease_that_ends_hands_it_out_again(session: Session) -> None:
    add_notice(session, notice("a", 1))
    assert claimed(session, "w") == ["a-1"]
    assert claimed(session, "v", 59) == []
    assert claimed(session, "v", 61) == ["a-1"]
    with pytest.raises(ConflictError, match="held by another worker"):
        mark_done(session, ["a-1"], "w")
    mark_done(session, ["a-1"], "v")
    with pytest.raises(ConflictError):
        mark_done(session, ["a-1"], "v")
    assert waiting_notices(session) == type(waiting_notices(session))(0, None)


def test_what_is_done_is_pruned_and_what_waits_is_not(session: Session) -> None:
    for incident in "ab":
        add_notice(session, notice(incident, 1))
    claimed(session, "w", limit=1)
    mark_done(session, ["a-1"], "w", now=NOW)
    assert prune_outbox(session, NOW) == 0
    assert prune_outbox(session, NOW + timedelta(seconds=1)) == 1
    waiting = waiting_notices(session)
    assert (waiting.count, waiting.oldest is not None) == (1, True)


def test_what_was_rolled_back_was_never_in(database: Database) -> None:
    with database.engine.connect() as session, session.begin() as transaction:
        add_notice(session, notice("a", 1))
        transaction.rollback()
    with reading_scope(database) as session:
        assert waiting_notices(session).count == 0


def test_two_at_once_never_get_the_same(database: Database, kind: str) -> None:
    with session_scope(database) as session:
        for number in range(4):
            add_notice(session, notice(f"i{number}", 1))
    if kind == "sqlite":
        return  # it has one writer at a time
    with session_scope(database) as first, session_scope(database) as second:
        assert claimed(first, "w", limit=2) == ["i0-1", "i1-1"]
        assert claimed(second, "v", limit=2) == ["i2-1", "i3-1"]


class _Model:
    """What the outbox should do, the naive way."""

    def __init__(self) -> None:
        self.rows: list[dict[str, object]] = []

    def claim(self, holder: str, moment: float, limit: int) -> list[str]:
        found: list[str] = []
        for row in list(self.rows):
            earlier = [
                each
                for each in self.rows
                if each["incident"] == row["incident"] != "" and each["number"] < row["number"]  # type: ignore[operator]
            ]
            if row["until"] <= moment and not earlier and len(found) < limit:  # type: ignore[operator]
                found.append(str(row["id"]))
        for row in self.rows:
            if row["id"] in found:
                row.update(holder=holder, until=moment + 60)
        return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.sampled_from(["a", "b", ""])),
        st.tuples(st.just("claim"), st.sampled_from(["w", "v"]), st.integers(1, 3)),
        st.tuples(st.just("done"), st.sampled_from(["w", "v"]), st.integers(0, 5)),
        st.tuples(st.just("wait"), st.integers(1, 90)),
    ),
    max_size=25,
)


@settings(max_examples=60)
@given(steps=STEPS)
def test_it_does_what_a_naive_outbox_does(
    prepared_database: Database, steps: list[tuple[object, ...]]
) -> None:
    model, moment, numbers = _Model(), 0.0, Counter[str]()
    with prepared_database.engine.connect() as session, session.begin() as transaction:
        for step in steps:
            if step[0] == "add":
                incident = str(step[1])
                numbers[incident] += 1
                add_notice(session, notice(incident, numbers[incident]))
                model.rows.append(
                    {
                        "id": f"{incident}-{numbers[incident]}",
                        "incident": incident,
                        "number": numbers[incident],
                        "holder": "",
                        "until": 0.0,
                    }
                )
            elif step[0] == "claim":
                wanted = model.claim(str(step[1]), moment, int(str(step[2])))
                assert claimed(session, str(step[1]), moment, int(str(step[2]))) == wanted
            elif step[0] == "wait":
                moment += int(str(step[1]))
            else:
                mine = [row for row in model.rows if row["holder"] == step[1]]
                for row in mine[int(str(step[2])) :][:1]:
                    mark_done(session, [str(row["id"])], str(step[1]))
                    model.rows.remove(row)
        assert waiting_notices(session).count == len(model.rows)
        transaction.rollback()


def test_a_dead_process_holds_nothing_up(database: Database) -> None:
    died = subprocess.run(
        [sys.executable, "-c", "from app.store.holders import new_holder; print(new_holder())"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    with session_scope(database) as session:
        add_notice(session, notice("a", 1))
        assert claimed(session, died) == ["a-1"]
        assert claimed(session, new_holder(), 1) == ["a-1"]


def test_workers_killed_again_and_again_lose_nothing_and_keep_the_order(
    database: Database, state_url: str, tmp_path: Path
) -> None:
    each, incidents, log = 8, 12, tmp_path / "log"
    with session_scope(database) as session:
        for sequence in range(1, each + 1):
            for number in range(incidents):
                add_notice(session, notice(f"i{number}", sequence))
    chance = random.Random(1)
    log.touch()
    for _ in range(3):
        before = len(log.read_bytes())
        pair = [_worker(state_url, log) for _ in range(2)]
        while len(log.read_bytes()) == before:
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        for process in pair:
            process.kill()
            process.wait()
    last = [_worker(state_url, log) for _ in range(2)]
    assert [process.wait(60) for process in last] == [0, 0]
    with reading_scope(database) as session:
        assert waiting_notices(session).count == 0
    _check(log, {f"i{number}-{place + 1}" for number in range(incidents) for place in range(each)})


def _worker(url: str, log: Path) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, str(notices.__file__), url, str(log)])


def _check(log: Path, wanted: set[str]) -> None:
    """Each was worked on; none began after a later one of its incident had."""
    begun: dict[str, list[int]] = defaultdict(list)
    processes = set()
    for line in log.read_text().splitlines():
        process, word, name = line.split()
        processes.add(process)
        incident, _, sequence = name.partition("-")
        if word == "began":
            begun[incident].append(int(sequence))
    assert {f"{name}-{place}" for name, places in begun.items() for place in places} == wanted
    for places in begun.values():
        assert places == sorted(places)
    assert len(processes) > 2  # some of those that were killed had begun
