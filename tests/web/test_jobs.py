"""Runs asked for through the API: taken once, followed, ended well or badly."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import SourceError
from app.main import create_app
from app.web.api.runs import MOST_QUEUED
from tests.web.conftest import LAKE, Place
from tests.web.test_problems import problem_in

RUNS = f"/v1/lakes/{LAKE}/runs"
Progress = Callable[[str, int, int | None], None]


@contextmanager
def client_with(place: Place, audit: Callable[[str, Progress], str]) -> Iterator[TestClient]:
    """A client of an application whose audits are these."""
    app = create_app(replace(place.services, audit=audit))
    token = place.token("read", "run", "admin")
    with TestClient(app, headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def ended(client: TestClient, job: str) -> dict[str, Any]:
    """The job, when it has ended."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        found: dict[str, Any] = client.get(f"/v1/jobs/{job}").json()
        if found["state"] in ("whole", "failed"):
            return found
        time.sleep(0.02)
    pytest.fail("the job did not end")


def events(client: TestClient, job: str) -> list[tuple[str, dict[str, Any]]]:
    """Every event of a job, until the stream ends."""
    found = []
    with client.stream("GET", f"/v1/jobs/{job}/events") as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        name = ""
        for line in stream.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


def test_a_run_is_taken_followed_and_seen(client: TestClient) -> None:
    before = client.get(f"{RUNS}/newest").json()["id"]
    answer = client.post(RUNS)
    assert answer.status_code == 202
    job = answer.json()
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert job["state"] == "queued"
    said = events(client, job["id"])
    assert [name for name, _ in said[:-1]] == ["progress"] * (len(said) - 1)
    name, last = said[-1]
    assert (name, last["state"], last["error"]) == ("end", "whole", None)
    assert client.get(f"/v1/jobs/{job['id']}").json() == last
    newest = client.get(f"{RUNS}/newest").json()
    assert newest["id"] == last["run"] != before
    assert newest["previous_run"] == before
    assert client.get(f"{RUNS}/{newest['id']}").json() == newest
    assert [run["id"] for run in client.get(RUNS).json()["items"]] == [newest["id"], before]


def test_the_same_key_gives_the_same_job(place: Place) -> None:
    gate = threading.Event()

    def audit(lake: str, progress: Progress) -> str:
        gate.wait(20)
        return place.newest_run(lake)

    with client_with(place, audit) as client:
        key = {"Idempotency-Key": "nightly-1"}
        first, again = client.post(RUNS, headers=key), client.post(RUNS, headers=key)
        assert first.status_code == again.status_code == 202
        assert first.json()["id"] == again.json()["id"]
        assert client.post(RUNS).json()["id"] != first.json()["id"]
        other = client.post("/v1/lakes/empty/runs", headers=key)
        problem_in(other, 409, "conflict")
        problem_in(
            client.post(RUNS, headers={"Idempotency-Key": "two words"}), 422, "invalid-request"
        )
        gate.set()
        ended(client, first.json()["id"])
        assert client.post(RUNS, headers=key).json()["state"] == "whole"


def test_no_more_runs_wait_than_say_something_new(place: Place) -> None:
    gate = threading.Event()

    def audit(lake: str, progress: Progress) -> str:
        gate.wait(20)
        return place.newest_run(lake)

    with client_with(place, audit) as client:
        statuses = [client.post(RUNS).status_code for _ in range(MOST_QUEUED + 3)]
        assert set(statuses[:MOST_QUEUED]) == {202}
        refused = client.post(RUNS)
        problem_in(refused, 429, "too-many-jobs")
        assert refused.headers["retry-after"]
        gate.set()


def test_how_far_it_is_can_be_followed(place: Place) -> None:
    steps = threading.Semaphore(0)

    def audit(lake: str, progress: Progress) -> str:
        for number, step in enumerate(("crawl", "judge", "record")):
            progress(step, number, 3 if number else None)
            steps.acquire(timeout=20)
        return place.newest_run(lake)

    with client_with(place, audit) as client:
        job = client.post(RUNS).json()["id"]
        seen: list[Any] = []
        while len(seen) < 3:
            progress = client.get(f"/v1/jobs/{job}").json()["progress"]
            if progress is not None and progress not in seen:
                seen.append(progress)
                steps.release()
        assert [one["step"] for one in seen] == ["crawl", "judge", "record"]
        assert [one["total"] for one in seen] == [None, 3, 3]
        assert ended(client, job)["state"] == "whole"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (SourceError("the metastore cannot be reached", mend="Start it"), "cannot be reached"),
        (RuntimeError("an inner secret"), "a fault of its own"),
    ],
)
def test_a_run_that_fails_says_why(place: Place, error: Exception, said: str) -> None:
    def audit(lake: str, progress: Progress) -> str:
        raise error

    with client_with(place, audit) as client:
        job = client.post(RUNS).json()["id"]
        last = ended(client, job)
        assert last["state"] == "failed"
        assert said in last["error"]
        assert "secret" not in last["error"]
        assert events(client, job)[-1][0] == "end"


def test_a_server_that_stops_gives_up_the_audit_under_way(place: Place) -> None:
    began = threading.Event()
    stopped: list[BaseException] = []

    def audit(lake: str, progress: Progress) -> str:
        try:
            for number in range(10_000):
                progress("crawl", number, None)
                began.set()
                time.sleep(0.01)
        except BaseException as error:
            stopped.append(error)
            raise
        return "never"

    with client_with(place, audit) as client:
        job = client.post(RUNS).json()["id"]
        waiting = client.post(RUNS).json()["id"]
        assert began.wait(20)
    assert len(stopped) == 1
    with client_with(place, lambda lake, progress: place.newest_run(lake)) as client:
        last = ended(client, job)
        assert last["state"] == "failed"
        assert "the server ended" in last["error"]
        assert ended(client, waiting)["state"] == "whole"


def test_a_stream_ends_with_its_token_and_with_the_server(place: Place) -> None:
    gate = threading.Event()

    def audit(lake: str, progress: Progress) -> str:
        gate.wait(20)
        return place.newest_run(lake)

    with client_with(place, audit) as client:
        job = client.post(RUNS).json()["id"]
        guest = place.token("read")
        public_id = guest.split("_")[1]
        revoking = threading.Timer(0.5, client.post, [f"/v1/tokens/{public_id}/revoke"])
        revoking.start()
        answer = client.get(f"/v1/jobs/{job}/events", headers={"Authorization": f"Bearer {guest}"})
        assert "event: end" not in answer.text
        revoking.join()
        stopping = threading.Timer(0.5, client.app.state.desk.stopping.set)  # type: ignore[attr-defined]
        stopping.start()
        assert "event: end" not in client.get(f"/v1/jobs/{job}/events").text
        stopping.join()
        gate.set()


def test_jobs_are_listed(place: Place) -> None:
    with client_with(place, lambda lake, progress: place.newest_run(lake)) as client:
        made = [client.post(RUNS).json()["id"] for _ in range(4)]
        for job in made:
            ended(client, job)
        first = client.get("/v1/jobs", params={"limit": 3}).json()
        rest = client.get("/v1/jobs", params={"limit": 3, "cursor": first["next"]}).json()
        assert [job["id"] for job in first["items"] + rest["items"]] == made[::-1]
        assert rest["next"] is None
        whole = client.get("/v1/jobs", params={"state": "whole", "lake": LAKE}).json()["items"]
        assert len(whole) == 4
        problem_in(client.get("/v1/jobs/none"), 404, "not-found")
