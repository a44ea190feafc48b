"""The posture report, and that it is sent once."""

from fastapi.testclient import TestClient

from app.web.api.report import Report
from tests.web.conftest import LAKE, Place
from tests.web.monitored_lake import CONVENIENCE, OPEN_TABLES

REPORT = f"/v1/lakes/{LAKE}/report"


def test_the_report_says_what_is_open_and_by_what(shared_client: TestClient) -> None:
    answer = shared_client.get(REPORT)
    document = Report.model_validate_json(answer.content)
    keystrokes = next(one for one in document.classes if one.data_class == "employee-keystrokes")
    assert keystrokes.everyone
    assert keystrokes.exposed_tables >= OPEN_TABLES
    assert document.openings[0].opening == f"role:{CONVENIENCE}"
    assert document.exposures.by_severity["SEV0"] == OPEN_TABLES
    assert answer.json()["openings"][0]["since"] == "2026-06-09T07:41:00Z"


def test_a_report_that_is_known_is_not_sent_again(place: Place, client: TestClient) -> None:
    first = client.get(REPORT)
    tag = first.headers["etag"]
    assert tag.startswith('W/"')
    for known in (tag, f'"other", {tag}', tag.removeprefix("W/"), "*"):
        again = client.get(REPORT, headers={"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    assert client.get(REPORT, headers={"If-None-Match": '"other"'}).status_code == 200
    place.audit()
    client.app.state.desk.open_runs.forget_newest(LAKE)  # type: ignore[attr-defined]
    changed = client.get(REPORT, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != tag
    old = {"run": first.json()["run"]}
    assert client.get(REPORT, params=old, headers={"If-None-Match": tag}).status_code == 304
