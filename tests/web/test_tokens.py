"""Tokens made, listed and revoked through the API."""

from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from tests.web.conftest import EMPTY, LAKE, Place
from tests.web.test_problems import problem_in

WANTED = {"name": "nightly report", "scopes": ["read"]}


def test_a_token_is_shown_once_and_works(client: TestClient) -> None:
    answer = client.post("/v1/tokens", json={**WANTED, "lakes": [LAKE], "days": 7})
    assert answer.status_code == 201
    made = answer.json()
    assert answer.headers["location"] == f"/v1/tokens/{made['public_id']}"
    shown = client.get(answer.headers["location"]).json()
    assert shown == {key: value for key, value in made.items() if key != "token"}
    assert shown in client.get("/v1/tokens").json()["items"]
    headers = {"Authorization": f"bearer {made['token']}"}
    assert client.get(f"/v1/lakes/{LAKE}", headers=headers).status_code == 200
    assert client.get(f"/v1/lakes/{EMPTY}", headers=headers).status_code == 404
    assert client.get("/v1/tokens", headers=headers).status_code == 403
    revoked = client.post(answer.headers["location"] + "/revoke").json()
    assert revoked["revoked_at"]
    assert client.get(f"/v1/lakes/{LAKE}", headers=headers).status_code == 401
    assert client.post(answer.headers["location"] + "/revoke").json() == revoked


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": []},
        {"scopes": ["write"]},
        {"days": 0},
        {"days": 400},
        {"days": "7"},
        {"lakes": []},
        {"name": " "},
        {"name": "a\u2028b"},
        {"name": "x" * 101},
        {"admin": True},
    ],
)
def test_a_token_that_makes_no_sense(client: TestClient, change: dict[str, Any]) -> None:
    problem_in(client.post("/v1/tokens", json={**WANTED, **change}), 422, "invalid-request")


def test_a_token_for_a_lake_that_is_none(client: TestClient) -> None:
    answer = client.post("/v1/tokens", json={**WANTED, "lakes": ["none"]})
    problem_in(answer, 404, "not-found")


def test_a_limited_admin_gives_no_more_than_he_has(
    client_of: Callable[..., TestClient],
) -> None:
    whole, limited = client_of("admin"), client_of("admin", lakes=[EMPTY])
    made = limited.post("/v1/tokens", json=WANTED).json()
    assert made["lakes"] == [EMPTY]
    problem_in(limited.post("/v1/tokens", json={**WANTED, "lakes": [LAKE]}), 404, "not-found")
    other = whole.post("/v1/tokens", json=WANTED).json()["public_id"]
    assert other not in {one["public_id"] for one in limited.get("/v1/tokens").json()["items"]}
    problem_in(limited.get(f"/v1/tokens/{other}"), 404, "not-found")
    problem_in(limited.post(f"/v1/tokens/{other}/revoke"), 404, "not-found")
    assert whole.get(f"/v1/tokens/{other}").json()["revoked_at"] is None
    assert limited.post(f"/v1/tokens/{made['public_id']}/revoke").status_code == 200


def test_a_token_of_another_pepper_is_refused(place: Place) -> None:
    from dataclasses import replace

    from app.store.pepper import Pepper

    token = place.token("read")
    app = create_app(replace(place.services, pepper=Pepper(b"quite another pepper")))
    answer = TestClient(app).get("/v1/lakes", headers={"Authorization": f"Bearer {token}"})
    problem_in(answer, 401, "token-refused")
