"""The trail of questions: each one once, whatever happens to the database or the server."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import StateError
from app.main import create_app
from app.store.database import reading_scope
from app.store.identifiers import utc_now
from app.store.questions import list_questions
from app.web import trail as trail_module
from app.web.trail import Asked, Trail
from tests.web.conftest import EMPTY, LAKE, Place
from tests.web.test_problems import problem_in

HERE = f"/v1/lakes/{LAKE}"
Lister = Callable[..., list[dict[str, Any]]]


def asked_of(client: TestClient, **filters: Any) -> list[dict[str, Any]]:
    """What the trail says, the oldest first."""
    found: list[dict[str, Any]] = client.get("/v1/questions", params=filters).json()["items"]
    return found[::-1]


def test_every_question_is_there_with_who_what_and_how(
    client: TestClient, client_of: Callable[..., TestClient]
) -> None:
    reader = client_of("read")
    public_id = reader.headers["Authorization"].split("_")[1]
    ask = {"right": "select", "object": "hr.salaries"}
    reader.get(f"{HERE}/who-can", params=ask)
    reader.get(f"{HERE}/who-can", params={**ask, "object": "hr.nothing"})
    reader.get(f"{HERE}/exposures", params={"severity": ["SEV0", "SEV1"], "stray": "x"})
    reader.get("/v1/lakes/none/report")
    reader.post(f"{HERE}/runs")
    reader.get("/v1/nowhere")
    reader.get(f"{HERE}/can", headers={"Authorization": "Bearer nobody"})
    client_of("admin").get("/v1/questions", params={"limit": 1})
    reader_asked = asked_of(client_of("admin"), asked_by=public_id)
    assert [(one["question"], one["status"]) for one in reader_asked] == [
        ("GET /v1/lakes/{lake}/who-can", 200),
        ("GET /v1/lakes/{lake}/who-can", 404),
        ("GET /v1/lakes/{lake}/exposures", 422),
        ("GET /v1/lakes/{lake}/report", 404),
        ("POST /v1/lakes/{lake}/runs", 403),
        ("GET (no route)", 404),
    ]
    assert reader_asked[0]["parameters"] == ask
    assert reader_asked[0]["lake"] == LAKE
    assert reader_asked[2]["parameters"] == {"severity": ["SEV0", "SEV1"], "stray": "x"}
    assert reader_asked[5]["parameters"] == {"path": "/v1/nowhere"}


def test_every_question_of_a_batch_is_there(client: TestClient) -> None:
    asked = [["person.001", "select", f"hr.t{number}"] for number in range(250)]
    questions = [dict(zip(("user", "right", "object"), one, strict=True)) for one in asked]
    assert client.post(f"{HERE}/can", json={"questions": questions}).status_code == 200
    rows = asked_of(client, question="POST /v1/lakes/{lake}/can")
    assert [one for row in rows for one in row["parameters"]["questions"]] == asked


def test_a_token_is_never_written_down(client: TestClient, place: Place) -> None:
    made = client.post("/v1/tokens", json={"name": "x", "scopes": ["read"]}).json()["token"]
    assert asked_of(client, question="POST /v1/tokens")[0]["parameters"]["name"] == "x"
    for file in (place.folder / "data").glob("state.db*"):
        assert made.encode() not in file.read_bytes()


def test_filters_and_pages(client: TestClient) -> None:
    for status_path in (HERE, f"{HERE}/gaps", "/v1/lakes/none"):
        client.get(status_path)
    assert [one["status"] for one in asked_of(client, status=404)] == [404]
    assert asked_of(client, since="2099-01-01") == []
    assert asked_of(client, until="2001-01-01") == []
    assert [one["question"] for one in asked_of(client, lake=LAKE)] == [
        "GET /v1/lakes/{lake}",
        "GET /v1/lakes/{lake}/gaps",
    ][: len(asked_of(client, lake=LAKE))]
    first = client.get("/v1/questions", params={"limit": 2, "until": "2098-01-01"}).json()
    asked = {"limit": 2, "until": "2098-01-01", "cursor": first["next"]}
    second = client.get("/v1/questions", params=asked).json()
    ids = [one["id"] for one in first["items"] + second["items"]]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 4


def test_a_limited_admin_sees_the_questions_of_his_lakes(
    client_of: Callable[..., TestClient],
) -> None:
    reader = client_of("read")
    reader.get(HERE)
    reader.get(f"/v1/lakes/{EMPTY}")
    reader.get("/v1/lakes")
    limited = client_of("admin", lakes=[EMPTY])
    assert {one["lake"] for one in asked_of(limited)} == {EMPTY}
    assert limited.get("/v1/questions", params={"lake": LAKE}).status_code == 404


def test_nothing_is_lost_when_the_server_ends(place: Place) -> None:
    token = place.token("read")
    with TestClient(create_app(place.services)) as client:
        for _ in range(300):
            client.get("/v1/lakes", headers={"Authorization": f"Bearer {token}"})
    with reading_scope(place.database) as session:
        page = list_questions(session, asked_by=token.split("_")[1], limit=200)
        rest = list_questions(session, asked_by=token.split("_")[1], before=page.next, limit=200)
    assert len(page.items) + len(rest.items) == 300


def _asked(number: int) -> Asked:
    return Asked(utc_now(), "t", f"question {number}", {}, None, 200)


def test_what_cannot_be_written_waits_and_is_written_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "GATHER_SECONDS", 0.01)
    trail = Trail(place.database)
    failures = iter([StateError("locked"), RuntimeError("odd")])
    write = Trail._write

    def sometimes(self: Trail, *given: Any) -> None:
        problem = next(failures, None)
        if problem is not None:
            raise problem
        write(self, *given)

    monkeypatch.setattr(Trail, "_write", sometimes)
    trail.start()

    def ask(part: int) -> None:
        for number in range(200):
            trail.add(_asked(part * 1000 + number))

    threads = [threading.Thread(target=ask, args=(part,)) for part in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert trail.flush(10)
    trail.stop()
    assert trail.waiting == 0
    found: list[str] = []
    before = None
    while True:
        with reading_scope(place.database) as session:
            page = list_questions(session, asked_by="t", before=before, limit=200)
        found += [one.question for one in page.items]
        before = page.next
        if before is None:
            break
    assert len(found) == len(set(found)) == 800


def test_when_too_much_waits_nobody_is_answered(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trail_module, "MOST_WAITING", 2)
    client = TestClient(create_app(place.services))  # nobody writes before its lifespan begins
    headers = {"Authorization": f"Bearer {place.token('read')}"}
    assert client.get("/v1/lakes", headers=headers).status_code == 200
    assert client.get("/v1/lakes", headers=headers).status_code == 200
    refused = client.get("/v1/lakes", headers=headers)
    problem_in(refused, 503, "trail-unavailable")
    assert refused.headers["retry-after"]
    assert client.get("/readyz").status_code == 503


def test_what_can_never_be_written_is_at_least_in_the_log(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(trail_module, "GATHER_SECONDS", 0.01)
    monkeypatch.setattr(trail_module, "LAST_TRY_SECONDS", 0.1)

    def never(self: Trail, *given: Any) -> None:
        raise StateError("the disk is gone")

    monkeypatch.setattr(Trail, "_write", never)
    trail = Trail(place.database)
    trail.start()
    trail.add(_asked(7))
    trail.stop()
    assert any(
        "question 7" in record.message
        for record in caplog.records
        if record.levelname == "CRITICAL"
    )


def test_the_use_of_a_token_is_noted(client: TestClient) -> None:
    client.get("/v1/lakes")
    client.app.state.desk.trail.flush()  # type: ignore[attr-defined]
    assert all(one["last_used_at"] for one in client.get("/v1/tokens").json()["items"])
