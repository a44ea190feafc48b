"""POST /v1/checks: the same check as the command's, for pipelines without it."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.web.api import checks
from tests.commands.running import run
from tests.web.conftest import EMPTY, LAKE, Place
from tests.web.test_problems import problem_in

CHECKS = "/v1/checks"
OPENS = "GRANT SELECT ON TABLE hr.salaries TO ROLE public;\n"
_SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "check.json").read_text())


def body(*texts: str, **more: Any) -> dict[str, Any]:
    """A check of some files."""
    statements = [{"name": f"{n}.sql", "text": text} for n, text in enumerate(texts)]
    return {"lake": LAKE, "statements": statements, **more}


def test_it_says_what_the_command_says(place: Place, client: TestClient, tmp_path: Path) -> None:
    path = tmp_path / "a.sql"
    path.write_text(OPENS)
    asked = {"as": "root", "effects": True}
    statements = [{"name": str(path), "text": OPENS}]
    answer = client.post(CHECKS, json={"lake": LAKE, "statements": statements, **asked})
    assert answer.status_code == 200
    report = answer.json()
    assert list(Draft202012Validator(_SCHEMA).iter_errors(report)) == []
    config = place.folder / "lakewarden.toml"
    ran = run("check", path, "--as", "root", "--format", "json", "--lake", LAKE, config=config)
    assert report["exit_code"] == ran.code == 1
    for key in ("findings", "effects", "files", "snapshot", "lake", "runner"):
        assert report[key] == ran.json[key], key


@pytest.mark.parametrize(
    ("text", "code"), [("SHOW ROLES;", 0), (OPENS, 1), ("GRANT;", 2), (OPENS + "GRANT;", 2)]
)
def test_the_answer_is_200_and_the_exit_code_is_in_it(
    shared_client: TestClient, text: str, code: int
) -> None:
    answer = shared_client.post(CHECKS, json=body(text))
    assert (answer.status_code, answer.json()["exit_code"]) == (200, code)
    assert answer.json()["effects"] is None


def test_options(shared_client: TestClient) -> None:
    template = "GRANT SELECT ON TABLE {{ t }} TO ROLE public;"
    assert shared_client.post(CHECKS, json=body(template)).json()["exit_code"] == 2
    filled = shared_client.post(CHECKS, json=body(template, var={"t": "hr.salaries"}))
    assert filled.json()["exit_code"] == 1
    old = shared_client.post(CHECKS, json=body("SHOW ROLES;", max_age_hours=1)).json()
    assert old["exit_code"] == 0
    named = shared_client.post(CHECKS, json=body("SHOW ROLES;", run="nothing"))
    problem_in(named, 404, "not-found")
    trino = shared_client.post(CHECKS, json=body("SHOW ROLES;", dialect="oracle"))
    assert trino.status_code == 422


def test_files_are_applied_in_their_order(shared_client: TestClient) -> None:
    made = "CREATE ROLE r;"
    used = "GRANT SELECT ON TABLE hr.salaries TO ROLE r;"
    in_order = shared_client.post(CHECKS, json=body(made, used, **{"as": "root"})).json()
    turned = shared_client.post(CHECKS, json=body(used, made, **{"as": "root"})).json()
    assert [each["name"] for each in in_order["files"]] == ["0.sql", "1.sql"]
    assert in_order["findings"] != turned["findings"]


def test_a_check_changes_nothing(client: TestClient) -> None:
    ask = {"user": "person.001", "right": "select", "object": "hr.salaries"}
    before = client.get(f"/v1/lakes/{LAKE}/can", params=ask).json()
    client.post(CHECKS, json=body(OPENS))
    assert client.get(f"/v1/lakes/{LAKE}/can", params=ask).json() == before


def test_who_may_ask_about_which_lake(client_of: Callable[..., TestClient]) -> None:
    assert client_of("run", "admin").post(CHECKS, json=body(OPENS)).status_code == 403
    mine = client_of("read", lakes=[EMPTY])
    hidden = mine.post(CHECKS, json=body(OPENS))
    unknown = mine.post(CHECKS, json={**body(OPENS), "lake": "none"})
    for answer in (hidden, unknown):
        problem_in(answer, 404, "not-found")
    assert hidden.json()["detail"].replace(LAKE, "none") == unknown.json()["detail"]
    never = client_of("read").post(CHECKS, json={**body(OPENS), "lake": EMPTY})
    problem_in(never, 404, "no-whole-run")


def test_the_trail_knows_what_was_checked_and_not_its_text(client: TestClient) -> None:
    client.post(CHECKS, json=body(OPENS, **{"as": "root"}))
    asked = client.get("/v1/questions", params={"question": f"POST {CHECKS}"}).json()["items"][0]
    digest = hashlib.sha256(OPENS.encode()).hexdigest()
    assert asked["lake"] == LAKE
    assert asked["parameters"]["files"] == [{"name": "0.sql", "sha256": digest}]
    assert asked["parameters"]["as"] == "root"


def test_a_body_that_is_too_large_or_no_check(shared_client: TestClient) -> None:
    large = body("x" * (checks.LARGEST_BODY + 1))
    assert shared_client.post(CHECKS, json=large).status_code == 413
    many = body(*["" for _ in range(checks.MOST_FILES + 1)])
    assert shared_client.post(CHECKS, json=many).status_code == 422
    assert shared_client.post(CHECKS, json=body()).status_code == 422
    assert shared_client.post(CHECKS, json=body(OPENS, extra=1)).status_code == 422
    half = json.dumps(body("\ud800"))
    answer = shared_client.post(CHECKS, content=half, headers={"content-type": "application/json"})
    assert answer.status_code == 422


def test_what_is_described_is_what_the_schema_says() -> None:
    for model, part in (
        (checks.CheckBody, _SCHEMA),
        (checks.CheckFinding, _SCHEMA["$defs"]["finding"]),
        (checks.CheckPlace, _SCHEMA["$defs"]["place"]),
        (checks.EffectsGroup, _SCHEMA["$defs"]["effects"]),
    ):
        fields = {field.alias or name for name, field in model.model_fields.items()}
        assert fields == set(part["properties"])
