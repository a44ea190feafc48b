"""Pruning: by age and by count, and never the last whole run or what it needs."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from app.store.database import Database, Session, session_scope
from app.store.identifiers import new_id, utc_now
from app.store.retention import forget, plan_pruning
from app.store.runs import Run, last_whole_run, list_runs
from app.store.snapshots import list_snapshots, newest_snapshot, record_snapshot
from app.store.tables import runs

NOW = utc_now()


def run_row(
    age: float, state: str = "whole", lake: str = "prod", exit_code: int | None = None
) -> dict[str, Any]:
    """A run that many days old."""
    moment = NOW - timedelta(days=age)
    return {
        "id": new_id(moment),
        "lake": lake,
        "kind": "audit",
        "state": state,
        "holder": "h",
        "started_at": moment,
        "finished_at": None if state == "running" else moment,
        "baseline": False,
        "exit_code": exit_code,
        "snapshot": f"hash{age}" if state == "whole" else None,
        "results_path": f"results{age}" if state == "whole" else None,
    }


def put_run(
    session: Session,
    age: float,
    state: str = "whole",
    lake: str = "prod",
    exit_code: int | None = None,
) -> str:
    """The run with the snapshot of its day."""
    row = run_row(age, state, lake, exit_code)
    session.execute(insert(runs).values(row))
    put_crawl(session, f"hash{age}", row["started_at"], lake)
    return str(row["id"])


def put_crawl(session: Session, content: str, moment: datetime, lake: str = "prod") -> None:
    record_snapshot(
        session,
        lake=lake,
        content_hash=content,
        path=f"{lake}/{content}",
        taken_at=moment,
        counts={},
        source="s",
    )


def prune(session: Session, keep_days: int, keep_count: int) -> tuple[list[str], tuple[str, ...]]:
    pruning = plan_pruning(session, "prod", keep_days=keep_days, keep_count=keep_count, now=NOW)
    free = forget(session, pruning)
    return [run.id for run in pruning.runs], (*free.results, *free.snapshots)


def left(session: Session) -> list[str]:
    return [run.id for run in list_runs(session, lake="prod", limit=200).items]


@pytest.mark.parametrize(
    ("keep_days", "keep_count", "kept"),
    [(90, 0, 3), (0, 2, 2), (50, 4, 4), (0, 0, 1), (9999, 0, 5), (0, 99, 5)],
)
def test_the_young_and_the_newest_stay(
    database: Database, keep_days: int, keep_count: int, kept: int
) -> None:
    with session_scope(database) as session:
        made = [put_run(session, age) for age in (1, 40, 80, 120, 160)]
        gone, free = prune(session, keep_days, keep_count)
        assert left(session) == made[:kept]
        assert gone == made[kept:]
        assert {path for path in free if path.startswith("results")} == {
            f"results{age}" for age in (1, 40, 80, 120, 160)[kept:]
        }
        assert len(list_snapshots(session).items) == kept


def test_the_last_whole_run_stays_however_old(database: Database) -> None:
    with session_scope(database) as session:
        last = put_run(session, 900)
        failed = [put_run(session, age, "failed") for age in (500, 1)]
        older = put_run(session, 901, "failed")
        gone, _ = prune(session, 0, 0)
        assert gone == [older]
        assert left(session) == [failed[1], failed[0], last]
        assert "hash900" in {record.content_hash for record in list_snapshots(session).items}


def test_the_last_run_that_judged_all_stays_behind_those_that_could_not(
    database: Database,
) -> None:
    with session_scope(database) as session:
        ages = ((900, 0), (800, 1), (700, 2), (600, 2), (500, 2))
        made = [put_run(session, age, exit_code=code) for age, code in ages]
        gone, _ = prune(session, 0, 1)
        assert sorted(gone) == sorted((made[0], made[2], made[3]))
        assert left(session) == [made[4], made[1]]
        kept = {record.content_hash for record in list_snapshots(session).items}
        assert kept == {"hash500", "hash800"}


def test_a_run_under_way_stays(database: Database) -> None:
    with session_scope(database) as session:
        running = put_run(session, 500, "running")
        put_run(session, 1)
        assert running not in prune(session, 0, 0)[0]
        assert running in left(session)


def test_other_lakes_stay(database: Database) -> None:
    with session_scope(database) as session:
        for lake in ("prod", "dev"):
            for age in (1, 500):
                put_run(session, age, lake=lake)
        prune(session, 0, 1)
        assert len(list_runs(session, lake="dev").items) == 2
        assert len(list_snapshots(session, lake="dev").items) == 2


def test_crawls_without_a_run_are_pruned_too(database: Database) -> None:
    with session_scope(database) as session:
        for age in (1, 2, 300, 400):
            put_crawl(session, f"c{age}", NOW - timedelta(days=age))
        _, free = prune(session, 90, 0)
        assert free == ("prod/c300", "prod/c400")


def test_equal_content_keeps_its_folder(database: Database) -> None:
    with session_scope(database) as session:
        for age in (1, 300):
            put_crawl(session, "same", NOW - timedelta(days=age))
        assert prune(session, 90, 0)[1] == ()
        assert len(list_snapshots(session).items) == 1


def test_more_rows_than_one_statement_can_name(database: Database) -> None:
    rows = [run_row(100 + age) for age in range(2500)]
    with session_scope(database) as session:
        session.execute(insert(runs), rows)
        gone, free = prune(session, 0, 1)
        assert len(gone) == len(free) == 2499
        assert left(session) == [rows[0]["id"]]


AGES = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from(["whole", "failed"])),
    min_size=1,
    max_size=8,
    unique_by=lambda run: run[0],
)


class _Undo(Exception):  # noqa: N818
    """Takes back what an example did."""


@settings(max_examples=40, deadline=None)
@given(made=AGES, keep_days=st.integers(0, 400), keep_count=st.integers(0, 5))
def test_whatever_is_pruned_the_last_whole_run_has_its_snapshot(
    prepared_database: Database,
    made: list[tuple[int, str]],
    keep_days: int,
    keep_count: int,
) -> None:
    try:
        with session_scope(prepared_database) as session:
            for age, state in made:
                put_run(session, age, state)
            last, newest = last_whole_run(session, "prod"), newest_snapshot(session, "prod")
            prune(session, keep_days, keep_count)
            assert last_whole_run(session, "prod") == last
            assert newest_snapshot(session, "prod") == newest
            crawled = {record.content_hash for record in list_snapshots(session).items}
            kept: tuple[Run, ...] = list_runs(session).items
            assert {run.snapshot for run in kept if run.snapshot} <= crawled
            wanted = {age for age, state in made if state == "whole" and age < keep_days}
            assert wanted <= {(NOW - run.started_at).days for run in kept}
            assert prune(session, keep_days, keep_count) == ([], ())
            raise _Undo
    except _Undo:
        return
