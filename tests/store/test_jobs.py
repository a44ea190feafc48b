"""Jobs: done once, by one worker, and failed when it dies."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from app.core.errors import BadNameError, ConflictError, NotFoundError
from app.store.database import Database, Session, session_scope
from app.store.holders import new_holder
from app.store.jobs import (
    ABANDONED,
    Job,
    claim_job,
    create_job,
    fail_abandoned_jobs,
    fail_job,
    finish_job,
    job,
    job_lease,
    list_jobs,
    report_progress,
)
from app.store.leases import acquire_lease, audit_lease, lease, release_lease
from app.store.runs import begin_run

WORKER = "otherhost/boot/1/4711/99/worker00"


def queue(session: Session, lake: str = "prod", **given: Any) -> Job:
    return create_job(session, lake=lake, requested_by="token1", **given)


def test_a_job_goes_its_way(database: Database) -> None:
    with session_scope(database) as session:
        queued = queue(session, parameters={"fail_on": "SEV2"})
        assert (queued.state, queued.started_at, queued.progress) == ("queued", None, None)
        claimed = claim_job(session, WORKER)
        assert claimed is not None
        assert (claimed.id, claimed.state, claimed.holder) == (queued.id, "running", WORKER)
        assert claimed.parameters == {"fail_on": "SEV2"}
        report_progress(session, claimed.id, WORKER, {"tables": 12})
        assert job(session, claimed.id).progress == {"tables": 12}
        acquire_lease(session, audit_lease("prod"), WORKER)
        run = begin_run(session, lake="prod", holder=WORKER)
        ended = finish_job(session, claimed.id, WORKER, run_id=run.id)
        assert (ended.state, ended.run_id) == ("whole", run.id)
        assert lease(session, job_lease(claimed.id)) is None
        assert claim_job(session, WORKER) is None


def test_the_oldest_waiting_job_is_claimed_first(database: Database) -> None:
    with session_scope(database) as session:
        first, second = queue(session), queue(session, "dev")
        claimed = [claim_job(session, WORKER), claim_job(session, new_holder())]
    assert [one.id for one in claimed if one] == [first.id, second.id]


def test_workers_at_once_claim_different_jobs(database: Database) -> None:
    with session_scope(database) as session:
        made = {queue(session).id for _ in range(12)}

    def claim_all(holder: str) -> list[str]:
        claimed: list[str] = []
        while True:
            with session_scope(database) as session:
                one = claim_job(session, holder)
            if one is None:
                return claimed
            claimed.append(one.id)

    with ThreadPoolExecutor(4) as pool:
        claimed = [
            job_id for ids in pool.map(claim_all, (new_holder() for _ in "1234")) for job_id in ids
        ]
    assert sorted(claimed) == sorted(made)


def test_a_job_fails_with_its_reason(database: Database) -> None:
    with session_scope(database) as session:
        made = queue(session)
        claim_job(session, WORKER)
        failed = fail_job(session, made.id, WORKER, "no way in")
    assert (failed.state, failed.error) == ("failed", "no way in")
    assert failed.finished_at is not None


def test_the_job_of_a_dead_worker_fails_and_is_done_no_more(database: Database) -> None:
    with session_scope(database) as session:
        waiting_after = [queue(session), queue(session)]
        claim_job(session, WORKER)
        assert fail_abandoned_jobs(session) == ()
        release_lease(session, job_lease(waiting_after[0].id), WORKER)
        (dead,) = fail_abandoned_jobs(session)
        assert (dead.id, dead.state, dead.error) == (waiting_after[0].id, "failed", ABANDONED)
        assert job(session, waiting_after[1].id).state == "queued"
    for change in (
        lambda s: report_progress(s, dead.id, WORKER, {}),
        lambda s: finish_job(s, dead.id, WORKER, run_id="x"),
    ):
        with pytest.raises(ConflictError, match="is failed"), session_scope(database) as session:
            change(session)


def test_another_worker_cannot_end_a_job(database: Database) -> None:
    with session_scope(database) as session:
        made = queue(session)
        claim_job(session, WORKER)
    with pytest.raises(ConflictError), session_scope(database) as session:
        fail_job(session, made.id, new_holder(), "not mine")


def test_the_same_key_gives_the_same_job(database: Database) -> None:
    with session_scope(database) as session:
        first = queue(session, idempotency_key="k1", parameters={"a": 1})
        assert queue(session, idempotency_key="k1", parameters={"a": 1}) == first
        other = create_job(session, lake="prod", requested_by="token2", idempotency_key="k1")
        assert other.id != first.id
        assert queue(session).id != queue(session).id  # without a key, each is its own
    with pytest.raises(ConflictError, match="another request"), session_scope(database) as session:
        queue(session, "dev", idempotency_key="k1", parameters={"a": 1})


@pytest.mark.parametrize("key", ["", "x" * 256, "line\nbreak"])
def test_a_key_that_is_none_is_refused(database: Database, key: str) -> None:
    with pytest.raises(BadNameError), session_scope(database) as session:
        queue(session, idempotency_key=key)


def test_the_list_is_paged_and_filtered(database: Database) -> None:
    with session_scope(database) as session:
        made = [queue(session).id for _ in range(3)] + [queue(session, "dev").id]
        claim_job(session, WORKER)
        first = list_jobs(session, limit=3)
        second = list_jobs(session, limit=3, before=first.next)
        assert [one.id for one in (*first.items, *second.items)] == made[::-1]
        assert [one.id for one in list_jobs(session, lake="dev").items] == [made[3]]
        assert [one.id for one in list_jobs(session, lakes=["dev"]).items] == [made[3]]
        assert [one.id for one in list_jobs(session, state="running").items] == [made[0]]


def test_an_unknown_job_is_said_to_be_unknown(database: Database) -> None:
    with pytest.raises(NotFoundError, match="no job 'none'"), session_scope(database) as session:
        job(session, "none")
