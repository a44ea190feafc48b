"""The questions people bring, asked through the API."""

from dataclasses import asdict
from typing import Any

import pytest
from fastapi.testclient import TestClient
from pydantic import BaseModel

from app.core.questions import can_all
from app.web.api.can import CanBatchBody, CanBody
from app.web.api.explain import ExplainBody
from app.web.api.who_can import WhoCanBody
from tests.web.conftest import LAKE, Place
from tests.web.monitored_lake import (
    CONVENIENCE,
    EVIL,
    LEAVER,
    PAYROLL_READERS,
    PEOPLE,
    write_metastore,
)
from tests.web.test_cursors import walk
from tests.web.test_problems import problem_in

HERE = f"/v1/lakes/{LAKE}"
OPEN = "monitoring_keystrokes.events_0000"


def exactly(model: type[BaseModel], answer: Any) -> dict[str, Any]:
    """The body, when it is what the document says, no more and no less."""
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    document = model.model_validate(body)
    assert document.model_dump(mode="json", by_alias=True, exclude_unset=True) == body
    required = {
        field.alias or name for name, field in model.model_fields.items() if field.is_required()
    }
    assert required <= set(body)
    return body


def test_who_can(shared_client: TestClient) -> None:
    asked: dict[str, Any] = {"right": "select", "object": "hr.salaries", "limit": 200}
    body = exactly(WhoCanBody, shared_client.get(f"{HERE}/who-can", params=asked))
    assert body["people"] == PAYROLL_READERS + 1
    assert (body["services"], body["inactive"], body["everyone"]) == (1, 1, False)
    assert body["classes"] == ["payroll"]
    by_name = {row["subject"]: row for row in body["items"]}
    assert by_name["user:person.050"]["via"] == ["role:readers"]
    assert by_name["user:person.001"]["permitted"]
    assert not by_name["user:person.029"]["permitted"]
    assert not by_name[f"user:{LEAVER}"]["active"]
    assert body["complete"] is True


def test_who_can_when_everyone_can(shared_client: TestClient) -> None:
    asked = {"right": "select", "object": OPEN}
    body = exactly(WhoCanBody, shared_client.get(f"{HERE}/who-can", params=asked))
    assert body["everyone"]
    assert body["people"] == len(PEOPLE)
    assert body["items"][0]["subject"] == "anyone"
    assert len(body["items"]) == 50


def test_who_may_pass_it_on(shared_client: TestClient) -> None:
    rows = walk(shared_client, f"{HERE}/who-can", right="delegate", object="hr.salaries")
    assert "user:svc_report" in {row["subject"] for row in rows}


def test_who_could_between_two_times(place: Place, client: TestClient) -> None:
    first = client.get(f"{HERE}/runs/newest").json()
    write_metastore(place.folder / "metastore.sqlite", open_tables=0)
    second = place.audit()
    asked = {"right": "select", "object": OPEN, "between": "2026-01-01/2099-12-31"}
    body = exactly(WhoCanBody, client.get(f"{HERE}/who-can", params=asked))
    assert body["everyone"]
    assert body["missing_in"] == [second]
    assert body["items"][0]["last_run"] == first["id"]
    whole = walk(client, f"{HERE}/who-can", limit=200, **asked)
    assert walk(client, f"{HERE}/who-can", limit=30, **asked) == whole
    asked["between"] = "2001-01-01/2001-01-02"
    problem_in(client.get(f"{HERE}/who-can", params=asked), 404, "no-whole-run")
    asked["between"] = "2026-02-01/2026-01-01"
    problem_in(client.get(f"{HERE}/who-can", params=asked), 404, "no-whole-run")
    asked["between"] = "2026-01-01/2099-12-31"
    only_first = client.get(f"{HERE}/who-can", params={**asked, "run": first["id"]}).json()
    assert only_first["missing_in"] == []


def test_explain_shows_every_path(shared_client: TestClient) -> None:
    asked = {"user": "person.080", "right": "select", "object": OPEN}
    body = exactly(ExplainBody, shared_client.get(f"{HERE}/explain", params=asked))
    assert (body["answer"], body["permitted"]) == ("allowed", "no")
    (path,) = body["paths"]
    assert [(edge["member"], edge["of"]) for edge in path["edges"]] == [
        ("user:person.080", "role:public"),
        ("role:public", f"role:{CONVENIENCE}"),
    ]
    assert path["edges"][1]["created_at"] == "2026-06-09T07:41:00Z"
    assert path["grant"]["principal"] == f"role:{CONVENIENCE}"
    assert path["grant"]["source"].startswith("TBL_PRIVS ")
    assert body["classes"][0]["class"] == "employee-keystrokes"


def test_explain_says_why_not(shared_client: TestClient) -> None:
    asked = {"user": "root", "right": "select", "object": "hr.salaries"}
    body = exactly(ExplainBody, shared_client.get(f"{HERE}/explain", params=asked))
    assert body["answer"] == "denied"
    assert body["paths"] == []
    assert "SET ROLE ADMIN" in body["can_make_themselves"]


@pytest.mark.parametrize(
    ("user", "answer", "permitted"),
    [
        ("person.001", "allowed", "yes"),
        ("person.029", "allowed", "no"),
        ("Person.029", "denied", "no"),
        ("nobody at all", "denied", "no"),
        (EVIL, "denied", "no"),
    ],
)
def test_can(shared_client: TestClient, user: str, answer: str, permitted: str) -> None:
    asked = {"user": user, "right": "select", "object": "hr.salaries"}
    body = exactly(CanBody, shared_client.get(f"{HERE}/can", params=asked))
    assert (body["user"], body["answer"], body["permitted"]) == (user, answer, permitted)


def test_many_at_once_in_json_and_in_csv(shared_client: TestClient, shared_place: Place) -> None:
    asked = [
        ("person.001", "select", "hr.salaries"),
        (EVIL, "select", "hr.nowhere"),
        ("person.080", "select", OPEN),
        ("x", "select", "not..a name"),
    ]
    run = shared_client.app.state.desk.open_runs.newest(LAKE)  # type: ignore[attr-defined]
    wanted = [asdict(one) for one in can_all(run.view, asked)]
    questions = [dict(zip(("user", "right", "object"), one, strict=True)) for one in asked]
    answer = shared_client.post(f"{HERE}/can", json={"questions": questions})
    body = exactly(CanBatchBody, answer)
    assert body["items"] == wanted
    assert [one["answer"] for one in wanted] == ["allowed", "unknown", "allowed", "unknown"]
    import csv
    import io

    from app.report.csv_format import as_read, defused

    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("user", "right", "object"))
    writer.writerows([defused(cell) for cell in one] for one in asked)
    answer = shared_client.post(
        f"{HERE}/can", content=text.getvalue().encode(), headers={"Content-Type": "text/csv"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [{key: as_read(cell) for key, cell in row.items()} for row in rows] == wanted
    assert not any(cell.startswith("=") for row in rows for cell in row.values())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("who,right,object\n", "line 1"),
        ("user,right,object\na,peek,b\n", "line 2"),
        ("user,right,object\na,select\n", "line 2 has 2 fields"),
        ('user,right,object\n"a,select,b\n', "cannot be read"),
        ("", "line 1"),
        ("user,right,object\n" + "a,select,b\n" * 10_001, "more than 10000"),
    ],
)
def test_csv_that_cannot_be_read_is_told_by_its_line(
    shared_client: TestClient, text: str, said: str
) -> None:
    answer = shared_client.post(
        f"{HERE}/can", content=text.encode(), headers={"Content-Type": "text/csv"}
    )
    assert said in problem_in(answer, 422, "invalid-request").detail
    latin = "user,right,object\né,select,b\n".encode("latin-1")
    answer = shared_client.post(f"{HERE}/can", content=latin, headers={"Content-Type": "text/csv"})
    problem_in(answer, 422, "invalid-request")


def test_what_can(shared_client: TestClient) -> None:
    asked = {"user": "person.001", "limit": 200}
    everything = walk(shared_client, f"{HERE}/what-can", **asked)
    not_allowed = walk(shared_client, f"{HERE}/what-can", not_allowed="true", **asked)
    assert "hr.salaries" in {row["object"] for row in everything}
    assert "hr.salaries" not in {row["object"] for row in not_allowed}
    assert OPEN in {row["object"] for row in not_allowed}
    assert {row["permitted"] for row in not_allowed} == {"no"}
    body = shared_client.get(f"{HERE}/what-can", params={"user": LEAVER}).json()
    assert (body["known"], body["active"]) == (True, False)


def test_what_changed(place: Place, client: TestClient) -> None:
    first = client.get(f"{HERE}/runs/newest").json()["id"]
    write_metastore(place.folder / "metastore.sqlite", open_tables=5)
    second = place.audit()
    client.app.state.desk.open_runs.forget_newest(LAKE)  # type: ignore[attr-defined]
    body = client.get(f"{HERE}/changes", params={"since": first}).json()
    assert (body["since_run"], body["run"]) == (first, second)
    assert body["counts"]["closed"] == 115
    rows = walk(client, f"{HERE}/changes", since=first, limit=40)
    assert [row["change"] for row in rows] == ["closed"] * 115
    later = {"since": "2099-01-01"}
    assert client.get(f"{HERE}/changes", params=later).json()["counts"]["closed"] == 0
    early = client.get(f"{HERE}/changes", params={"since": "2001-01-01"})
    problem_in(early, 404, "no-whole-run")
    problem_in(client.get(f"{HERE}/changes", params={"since": "whenever"}), 404, "not-found")


def test_what_opens_the_most(shared_client: TestClient) -> None:
    first = shared_client.get(f"{HERE}/widest", params={"limit": 1}).json()["items"][0]
    assert first["opening"] == f"role:{CONVENIENCE}"
    assert first["path"] == [f"role public is a member of role {CONVENIENCE}"]
    assert first["granted_by"] == "marcus"


def test_lineage(shared_client: TestClient) -> None:
    body = shared_client.get(f"{HERE}/lineage", params={"object": "hr.salaries"}).json()
    (view,) = [row for row in body["downstream"] if row["relation"] == "view"]
    assert view["object"] == "hr.salaries_by_team"
    assert view["wider"]
    assert body["upstream"] == []


def test_gaps(shared_client: TestClient) -> None:
    body = shared_client.get(f"{HERE}/gaps").json()
    assert (body["items"], body["complete"]) == ([], True)


def test_policies_as_loaded(shared_client: TestClient) -> None:
    body = shared_client.get(f"{HERE}/policies").json()
    keystrokes = next(one for one in body["classes"] if one["class"] == "employee-keystrokes")
    assert keystrokes["tier"] == "restricted"
    assert keystrokes["max_people"] == 25
    assert any("keystrokes-database" in rule for rule in keystrokes["rules"])
    assert {line["place"].rpartition(":")[0] for line in body["lines"]} == {"policies/policy.csv"}
    assert {one["severity"] for one in body["severity"]} >= {"SEV0", "SEV4"}
