"""What goes wrong is told as a problem document, whatever it is."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from app.core.errors import PolicyError, SnapshotError, SourceError, StateError
from app.main import create_app
from app.web.problems import Problem
from tests.web.conftest import LAKE, Place

HERE = f"/v1/lakes/{LAKE}"


def problem_in(answer: Any, status: int, code: str) -> Problem:
    """The document of an answer that must be this problem."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document = Problem.model_validate_json(answer.content, strict=True)
    assert (document.type, document.status) == (f"urn:lakewarden:problem:{code}", status)
    return document


def test_an_address_that_is_none(shared_client: TestClient) -> None:
    problem_in(shared_client.get("/v1/nope"), 404, "no-such-route")
    problem_in(shared_client.get("/nope"), 404, "no-such-route")


def test_a_method_that_is_none_names_those_that_are(shared_client: TestClient) -> None:
    answer = shared_client.delete(f"{HERE}/can")
    problem_in(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    ("path", "parameter"),
    [
        ("/exposures?limit=201", "limit"),
        ("/exposures?limit=0", "limit"),
        ("/exposures?limit=5&limit=6", "limit"),
        ("/exposures?severity=SEV9", "severity"),
        ("/exposures?severty=SEV0", "severty"),
        ("/exposures?everyone=yes", "everyone"),
        ("/exposures?first_seen_gte=yesterday", "first_seen_gte"),
        ("/exposures?first_seen_gte=2026-02-30", "first_seen_gte"),
        ("/exposures?sort=shape", "sort"),
        ("/exposures/export?format=docx", "format"),
        ("/who-can?object=hr.salaries", "right"),
        ("/who-can?right=peek&object=hr.salaries", "right"),
        ("/who-can?right=select&object=hr..salaries", "object"),
        ("/who-can?right=select&object=%60hr", "object"),
        ("/who-can?right=select&object=hr.salaries&between=june", "between"),
        ("/runs?state=happy", "state"),
        ("/report?verbose=1", "verbose"),
        ("/exposures/nothex", "exposure"),
    ],
)
def test_a_parameter_that_means_nothing_is_named(
    shared_client: TestClient, path: str, parameter: str
) -> None:
    document = problem_in(shared_client.get(HERE + path), 422, "invalid-request")
    assert document.errors
    assert document.errors[0].parameter == parameter
    assert parameter in document.detail


def test_a_body_that_means_nothing_is_pointed_into(client: TestClient) -> None:
    body = {
        "questions": [
            {"user": "a", "right": "select", "object": "x"},
            {"user": 7, "right": "peek", "object": "", "why": "because"},
        ]
    }
    document = problem_in(client.post(f"{HERE}/can", json=body), 422, "invalid-request")
    pointers = {fault.pointer for fault in document.errors or ()}
    assert pointers == {f"#/questions/1/{name}" for name in ("user", "right", "object", "why")}
    document = problem_in(
        client.post("/v1/tokens", json={"name": "", "a/b~": 1}), 422, "invalid-request"
    )
    assert {fault.pointer for fault in document.errors or ()} == {
        "#/name",
        "#/scopes",
        "#/a~1b~0",
    }


def test_half_a_character_is_no_name(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    body = b'{"questions": [{"user": "\\ud800", "right": "select", "object": "x"}]}'
    answer = client.post(f"{HERE}/can", content=body, headers=headers)
    problem_in(answer, 422, "invalid-request")
    body = b'{"name": "a", "scopes": ["read"], "lakes": ["\\ud800"]}'
    answer = client.post("/v1/tokens", content=body, headers=headers)
    problem_in(answer, 422, "invalid-request")


def test_a_body_that_is_no_json(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    for content in (b"{", b"\xff\xfe", b"[" * 50_000):
        answer = client.post("/v1/tokens", content=content, headers=headers)
        assert answer.status_code in (400, 422)
        assert answer.json()["type"].startswith("urn:lakewarden:problem:")
        answer = client.post(f"{HERE}/can", content=content, headers=headers)
        problem_in(answer, 422, "invalid-request")


def test_a_body_of_another_format(client: TestClient) -> None:
    headers = {"Content-Type": "application/xml"}
    answer = client.post(f"{HERE}/can", content=b"<a/>", headers=headers)
    problem_in(answer, 415, "unsupported-media-type")


@pytest.mark.parametrize(("path", "size"), [("/v1/tokens", 65 * 1024), (f"{HERE}/can", 5 * 2**20)])
def test_a_body_too_large_is_not_read(client: TestClient, path: str, size: int) -> None:
    answer = client.post(path, content=b"x" * size, headers={"Content-Type": "text/csv"})
    problem_in(answer, 413, "body-too-large")
    # Without a length said before, it is counted as it comes.
    pieces = (b"x" * 1024 for _ in range(size // 1024 + 1))
    answer = client.post(path, content=pieces, headers={"Content-Type": "text/csv"})
    problem_in(answer, 413, "body-too-large")


def test_a_lake_never_audited_says_what_to_do(client: TestClient) -> None:
    document = problem_in(client.get("/v1/lakes/empty/report"), 404, "no-whole-run")
    assert "POST /v1/lakes/empty/runs" in (document.mend or "")


def test_an_object_that_is_not_there(shared_client: TestClient) -> None:
    ask = {"right": "select", "object": "hr.nothing"}
    problem_in(shared_client.get(f"{HERE}/who-can", params=ask), 404, "not-found")
    ask["object"] = "moon.hr.salaries.net_salary"
    problem_in(shared_client.get(f"{HERE}/who-can", params=ask), 404, "bad-name")


def test_a_fault_of_the_program_shows_nothing_of_it(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Any) -> Any:
        raise RuntimeError("the secret cause")

    app = create_app(replace(place.services, open_view=fail))
    client = TestClient(app, headers={"Authorization": f"Bearer {place.token('read')}"})
    answer = client.get(f"{HERE}/who-can", params={"right": "select", "object": "hr.salaries"})
    document = problem_in(answer, 500, "internal-error")
    assert "secret" not in answer.text
    assert document.reference
    assert document.reference in caplog.text
    assert "the secret cause" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (StateError("the state database /srv/secret/state.db is locked"), 503),
        (SnapshotError("the snapshot /srv/secret/x is damaged"), 503),
        (SourceError("postgresql://auditor@secret.example cannot be reached"), 502),
    ],
)
def test_what_only_the_operator_may_read_is_in_the_log(
    place: Place, caplog: pytest.LogCaptureFixture, error: Exception, status: int
) -> None:
    def fail(_: Any) -> Any:
        raise error

    app = create_app(replace(place.services, policies=fail))
    client = TestClient(app, headers={"Authorization": f"Bearer {place.token('read')}"})
    answer = client.get(f"{HERE}/policies")
    document = problem_in(answer, status, error.code)  # type: ignore[attr-defined]
    assert "secret" not in answer.text
    assert (document.reference or "none") in caplog.text
    assert str(error) in caplog.text


def test_a_broken_policy_is_told_with_its_place(place: Place) -> None:
    def fail(_: Any) -> Any:
        raise PolicyError("policies/policy.csv:7: a field is missing", mend="Give all four")

    app = create_app(replace(place.services, policies=fail))
    client = TestClient(app, headers={"Authorization": f"Bearer {place.token('read')}"})
    document = problem_in(client.get(f"{HERE}/policies"), 422, "bad-policy")
    assert document.detail == "policies/policy.csv:7: a field is missing"
    assert document.mend == "Give all four"


def test_every_answer_has_the_headers_that_keep_it_safe(shared_client: TestClient) -> None:
    for path in ("/", "/docs", "/livez", "/openapi.json", "/v1/lakes", "/v1/nope", f"{HERE}/can"):
        answer = shared_client.get(path)
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "http://" not in answer.text.replace("http://127", "")
        assert "https://" not in answer.text.replace("https://casbin.org", "")
