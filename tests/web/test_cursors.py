"""Lists by pages: whole, in order, each row once, and of one run."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.store.database import session_scope
from app.store.retention import forget, plan_pruning
from tests.web.conftest import LAKE, Place
from tests.web.monitored_lake import OPEN_TABLES, write_metastore
from tests.web.test_problems import problem_in

HERE = f"/v1/lakes/{LAKE}"


def walk(client: TestClient, path: str, **asked: Any) -> list[dict[str, Any]]:
    """Every row of a list, page after page."""
    rows: list[dict[str, Any]] = []
    cursor = None
    while True:
        given = {**asked, **({"cursor": cursor} if cursor else {})}
        answer = client.get(path, params=given)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        assert len(page["items"]) <= asked.get("limit", 50)
        rows += page["items"]
        cursor = page["next"]
        if cursor is None:
            return rows


@pytest.mark.parametrize(
    "sort",
    [
        "-severity,-everyone,-scope,object,right",
        "object",
        "-object",
        "-people,database",
        "database,-opened_at",
        "-first_seen,kind,-right",
        "severity",
    ],
)
def test_pages_of_any_order_hold_each_exposure_once(shared_client: TestClient, sort: str) -> None:
    whole = walk(shared_client, f"{HERE}/exposures", limit=200, sort=sort)
    pages = walk(shared_client, f"{HERE}/exposures", limit=7, sort=sort)
    assert pages == whole
    assert len({row["id"] for row in whole}) == len(whole) > OPEN_TABLES


@pytest.mark.parametrize(
    ("path", "asked", "key"),
    [
        ("who-can", {"right": "select", "object": "hr.salaries"}, "subject"),
        ("who-can", {"right": "select", "object": "monitoring_keystrokes.events_0000"}, "subject"),
        ("what-can", {"user": "person.010"}, "object"),
        ("widest", {}, "opening"),
        ("runs", {}, "id"),
        ("snapshots", {}, "id"),
    ],
)
def test_every_list_goes_on_where_it_stopped(
    shared_client: TestClient, path: str, asked: dict[str, str], key: str
) -> None:
    whole = walk(shared_client, f"{HERE}/{path}", limit=200, **asked)
    limit = 50 if len(whole) > 100 else 3
    assert walk(shared_client, f"{HERE}/{path}", limit=limit, **asked) == whole
    assert len({row[key] for row in whole}) == len(whole) > 0


def test_a_walk_stays_in_its_run_when_a_newer_one_appears(place: Place, client: TestClient) -> None:
    first = client.get(f"{HERE}/exposures", params={"limit": 100, "sort": "object"}).json()
    who = client.get(
        f"{HERE}/who-can",
        params={"right": "select", "object": "hr.salaries", "limit": 20},
    ).json()
    write_metastore(place.folder / "metastore.sqlite", open_tables=3)
    newest = place.audit()
    place_of = {"limit": 100, "sort": "object", "cursor": first["next"]}
    second = client.get(f"{HERE}/exposures", params=place_of).json()
    assert second["run"] == first["run"] != newest
    assert len(first["items"]) + len(second["items"]) > OPEN_TABLES
    rest = client.get(
        f"{HERE}/who-can",
        params={
            "right": "select",
            "object": "hr.salaries",
            "limit": 20,
            "cursor": who["next"],
        },
    ).json()
    assert rest["run"] == first["run"]
    client.app.state.desk.open_runs.forget_newest(LAKE)  # type: ignore[attr-defined]
    assert client.get(f"{HERE}/exposures").json()["run"] == newest
    older = client.get(f"{HERE}/exposures", params={"run": first["run"], "limit": 1}).json()
    assert older["run"] == first["run"]


def test_a_cursor_is_good_for_its_question_only(shared_client: TestClient) -> None:
    asked: dict[str, Any] = {"limit": 5, "severity": "SEV0"}
    cursor = shared_client.get(f"{HERE}/exposures", params=asked).json()["next"]
    good = {**asked, "cursor": cursor}
    assert shared_client.get(f"{HERE}/exposures", params=good).status_code == 200
    assert shared_client.get(f"{HERE}/exposures", params={**good, "limit": 9}).status_code == 200
    for wrong in (
        {**good, "severity": "SEV1"},
        {**good, "cursor": cursor[:-1] + ("0" if cursor[-1] != "0" else "1")},
        {**good, "cursor": "A" + cursor},
        {**good, "cursor": f"e30.{'0' * 24}"},
    ):
        answer = shared_client.get(f"{HERE}/exposures", params=wrong)
        problem_in(answer, 404, "bad-cursor")
    answer = shared_client.get(f"{HERE}/widest", params={"cursor": cursor})
    problem_in(answer, 404, "bad-cursor")
    answer = shared_client.get(f"{HERE}/exposures", params={"cursor": "nonsense"})
    problem_in(answer, 422, "invalid-request")


def test_a_cursor_into_a_run_that_was_pruned_says_so(place: Place, client: TestClient) -> None:
    page = client.get(f"{HERE}/exposures", params={"limit": 5}).json()
    place.audit()
    with session_scope(place.database) as session:
        forget(session, plan_pruning(session, LAKE, keep_days=0, keep_count=1))
    desk = client.app.state.desk  # type: ignore[attr-defined]
    desk.open_runs._opened.clear()
    answer = client.get(f"{HERE}/exposures", params={"limit": 5, "cursor": page["next"]})
    problem_in(answer, 410, "cursor-expired")
    problem_in(client.get(f"{HERE}/report", params={"run": page["run"]}), 404, "not-found")
