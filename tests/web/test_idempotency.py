"""Requests of the API that were sent twice."""

from datetime import UTC, datetime, timedelta

from fastapi.testclient import TestClient

from app.store.database import session_scope
from app.store.deliveries import add_delivery
from app.store.delivery_tables import deliveries
from app.store.leases import database_now
from tests.store.test_deliveries import new
from tests.web.conftest import Place
from tests.web.test_problems import problem_in

KEY = {"Idempotency-Key": "evening-1"}


def test_a_silence_is_made_once(client: TestClient) -> None:
    ends = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    wanted = {"matchers": {"severity": ["SEV4"]}, "ends_at": ends, "comment": "tonight"}
    first = client.post("/v1/silences", json=wanted, headers=KEY)
    assert first.status_code == 201
    assert client.post("/v1/silences", json=wanted, headers=KEY).json() == first.json()
    assert len(client.get("/v1/silences").json()["items"]) == 1
    other = client.post("/v1/silences", json={**wanted, "comment": "no"}, headers=KEY)
    problem_in(other, 409, "conflict")

    end = f"/v1/silences/{first.json()['id']}/end"
    ended = client.post(end, headers={"Idempotency-Key": "evening-2"})
    assert client.post(end, headers={"Idempotency-Key": "evening-2"}).json() == ended.json()
    problem_in(client.post(end), 409, "conflict")


def test_a_delivery_is_replayed_once(client: TestClient, place: Place) -> None:
    with session_scope(place.database) as session:
        made = add_delivery(session, new(), database_now(session))
        session.execute(deliveries.update().values(state="dead", finished_at=database_now(session)))
    again = f"/v1/deliveries/{made}/replay"
    first = client.post(again, headers=KEY).json()
    assert first["replay_of"] == made
    assert client.post(again, headers=KEY).json() == first
    assert client.post(again).json()["id"] != first["id"]


def test_a_token_is_made_once_and_shown_once(client: TestClient) -> None:
    wanted = {"name": "nightly", "scopes": ["read"]}
    made = client.post("/v1/tokens", json=wanted, headers=KEY).json()
    answer = client.post("/v1/tokens", json=wanted, headers=KEY)
    problem_in(answer, 409, "conflict")
    assert made["public_id"] in answer.text
    assert made["token"] not in answer.text
    items = client.get("/v1/tokens").json()["items"]
    assert [one["name"] for one in items].count("nightly") == 1
