"""Incidents and waivers through the API: seen, acted on, planned, waived."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import EMPTY, LAKE

BASE = f"/v1/lakes/{LAKE}/incidents"
WAIVERS = f"/v1/lakes/{LAKE}/waivers"

ClientOf = Callable[..., TestClient]


def gravest(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get(BASE, params={"limit": 1}).json()["items"][0]
    return found


def in_days(days: int) -> str:
    return (datetime.now(UTC).date() + timedelta(days=days)).isoformat()


class TestSeeing:
    def test_every_incident_by_pages_the_gravest_first(self, shared_client: TestClient) -> None:
        whole = shared_client.get(BASE, params={"limit": 200}).json()
        assert whole["next"] is None
        assert len(whole["items"]) > 2
        severities = [one["severity"] for one in whole["items"]]
        assert severities == sorted(severities)
        paged: list[str] = []
        cursor = None
        while True:
            asked = {"limit": 1} | ({"cursor": cursor} if cursor else {})
            page = shared_client.get(BASE, params=asked).json()
            paged += [one["key"] for one in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert paged == [one["key"] for one in whole["items"]]

    def test_filters_keep_what_they_say(self, shared_client: TestClient) -> None:
        everything = shared_client.get(BASE, params={"limit": 200}).json()["items"]
        for name, value in (
            ("severity", everything[0]["severity"]),
            ("state", "open"),
            ("kind", everything[0]["kinds"][0]),
            ("class", everything[0]["classes"][0]),
        ):
            held = {"kind": "kinds", "class": "classes"}.get(name, name)
            found = shared_client.get(BASE, params={name: value, "limit": 200}).json()["items"]
            assert found == [
                one for one in everything if value == one[held] or value in one[held]
            ], name
        assert shared_client.get(BASE, params={"state": "resolved"}).json()["items"] == []
        assert shared_client.get(BASE, params={"waived": "true"}).json()["items"] == []

    def test_one_with_its_events_and_exposures(self, shared_client: TestClient) -> None:
        one = gravest(shared_client)
        assert shared_client.get(f"{BASE}/{one['key']}").json() == one
        events = shared_client.get(f"{BASE}/{one['key']}/events").json()["items"]
        assert [event["kind"] for event in events] == ["opened"]
        exposures: list[str] = []
        cursor = None
        while True:
            asked = {"limit": 2} | ({"cursor": cursor} if cursor else {})
            page = shared_client.get(f"{BASE}/{one['key']}/exposures", params=asked).json()
            exposures += [row["id"] for row in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        assert len(exposures) == len(set(exposures)) == one["exposures"]

    def test_not_of_another_lake(self, shared_client: TestClient) -> None:
        key = gravest(shared_client)["key"]
        for part in ("", "/events", "/exposures", "/plans"):
            answer = shared_client.get(f"/v1/lakes/{EMPTY}/incidents/{key}{part}")
            assert answer.status_code == 404
        assert shared_client.get(f"{BASE}/{'0' * 16}").status_code == 404

    def test_its_plans_are_simulated(self, shared_client: TestClient) -> None:
        plans = shared_client.get(f"{BASE}/{gravest(shared_client)['key']}/plans").json()
        mend = plans["items"][0]
        assert mend["kind"] == "mend"
        assert mend["statements"] or mend["cannot"]
        for plan in plans["items"]:
            if plan["statements"]:
                assert plan["simulation"]["exposures_closed"] > 0


class TestActs:
    def test_acknowledge_once(self, client: TestClient) -> None:
        one = gravest(client)
        address = f"{BASE}/{one['key']}/acknowledge"
        taken = client.post(
            address, json={"note": "on it"}, headers={"If-Match": f'"{one["version"]}"'}
        ).json()
        assert (taken["state"], taken["version"]) == ("acknowledged", one["version"] + 1)
        late = client.post(address, headers={"If-Match": f'"{one["version"]}"'})
        assert (late.status_code, late.json()["type"].endswith("precondition-failed")) == (
            412,
            True,
        )
        assert client.post(address).status_code == 409
        newest = client.get(f"{BASE}/{one['key']}/events").json()["items"][0]
        assert (newest["kind"], newest["note"], bool(newest["actor"])) == (
            "acknowledged",
            "on it",
            True,
        )

    def test_the_same_key_does_nothing_again(self, client: TestClient) -> None:
        one = gravest(client)
        address = f"{BASE}/{one['key']}/claim-mended"
        headers = {"Idempotency-Key": "mine-1"}
        first = client.post(address, json={}, headers=headers).json()
        assert client.post(address, json={}, headers=headers).json() == first
        assert first["state"] == "mended"
        other = client.post(f"{BASE}/{one['key']}/acknowledge", json={}, headers=headers)
        assert other.status_code == 409


class TestWaivers:
    def test_waived_and_taken_back(self, client: TestClient) -> None:
        key = gravest(client)["key"]
        wanted = {
            "scope": {"incident": key},
            "reason": "until the cut-over",
            "approver": "ciso@example.com",
            "expires": in_days(2),
        }
        headers = {"Idempotency-Key": "w-1"}
        made = client.post(WAIVERS, json=wanted, headers=headers)
        assert made.status_code == 201
        assert client.post(WAIVERS, json=wanted, headers=headers).json() == made.json()
        assert client.get(f"{BASE}/{key}").json()["waivers"] == [made.json()["id"]]
        assert gravest(client)["key"] == key
        quiet = client.get(BASE, params={"waived": "true"}).json()["items"]
        assert [one["key"] for one in quiet] == [key]
        listed = client.get(WAIVERS).json()["items"]
        assert [(one["id"], one["status"], one["matches_nothing"]) for one in listed] == [
            (made.json()["id"], "in-force", False)
        ]
        end = f"{WAIVERS}/{made.json()['id']}/end"
        assert client.post(end, headers={"If-Match": '"7"'}).status_code == 412
        assert client.post(end, headers={"If-Match": '"1"'}).json()["ended_by"]
        assert client.get(f"{BASE}/{key}").json()["waivers"] == []
        kinds = [e["kind"] for e in client.get(f"{BASE}/{key}/events").json()["items"]]
        assert kinds == ["waiver-ended", "waived", "opened"]

    @pytest.mark.parametrize(
        "wrong",
        [
            {"expires": in_days(8)},
            {"expires": in_days(-1)},
            {"expires": "2026-02-30"},
            {"scope": {"colour": "blue"}},
            {"scope": {}},
            {"reason": "  "},
            {"max_tables": -1},
        ],
        ids=str,
    )
    def test_what_no_waiver_may_say(self, client: TestClient, wrong: dict[str, object]) -> None:
        wanted = {
            "scope": {"class": "payroll"},
            "reason": "r",
            "approver": "a",
            "expires": in_days(1),
        }
        answer = client.post(WAIVERS, json=wanted | wrong)
        assert answer.status_code in (400, 404, 422)
        assert answer.headers["content-type"] == "application/problem+json"
        assert client.get(WAIVERS).json()["items"] == []

    def test_of_its_lake_only(self, client_of: ClientOf) -> None:
        admin = client_of("admin", "read")
        wanted = {"scope": {"class": "payroll"}, "reason": "r", "approver": "a"}
        made = admin.post(WAIVERS, json={**wanted, "expires": in_days(1)}).json()
        other = admin.post(f"/v1/lakes/{EMPTY}/waivers/{made['id']}/end")
        assert other.status_code == 404
