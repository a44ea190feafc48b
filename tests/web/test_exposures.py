"""Exposures: filters that mean what they say, one by its id, and exports."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq
import pytest
from fastapi.testclient import TestClient

from tests.web.conftest import LAKE
from tests.web.monitored_lake import CONVENIENCE, EVIL, OPEN_TABLES
from tests.web.test_cursors import walk

HERE = f"/v1/lakes/{LAKE}"
Row = dict[str, Any]


@pytest.fixture(scope="module")
def every(shared_client: TestClient) -> list[Row]:
    """Every exposure of the lake."""
    return walk(shared_client, f"{HERE}/exposures", limit=200)


FILTERS: list[tuple[dict[str, Any], Callable[[Row], bool]]] = [
    ({"severity": "SEV0"}, lambda row: row["severity"] == "SEV0"),
    ({"severity": ["SEV1", "SEV2"]}, lambda row: row["severity"] in ("SEV1", "SEV2")),
    ({"kind": "over-head-count"}, lambda row: "over-head-count" in row["kinds"]),
    ({"kind": ["leaver", "unknown-principal"]}, lambda row: row["scope"] == "principal"),
    ({"class": "payroll"}, lambda row: "payroll" in row["classes"]),
    ({"tier": "restricted"}, lambda row: row["tier"] == "restricted"),
    ({"right": "delegate"}, lambda row: row["right"] == "delegate"),
    ({"status": "baseline"}, lambda row: row["status"] == "baseline"),
    ({"status": "opened"}, lambda row: row["status"] == "opened"),
    ({"scope": "lake"}, lambda row: row["scope"] == "lake"),
    ({"database": "hr"}, lambda row: row["database"] == "hr"),
    ({"catalog": "hive"}, lambda row: row["catalog"] == "hive"),
    ({"object": "hr.salaries"}, lambda row: row["object"] == "hr.salaries"),
    ({"opening": f"role:{CONVENIENCE}"}, lambda row: f"role:{CONVENIENCE}" in row["openings"]),
    ({"people": "service"}, lambda row: row["services"] > 0),
    ({"people": ["service", "inactive"]}, lambda row: row["services"] > 0 < row["inactive"]),
    ({"min_people": 30}, lambda row: row["people"] >= 30),
    ({"everyone": "true"}, lambda row: row["everyone"]),
    (
        {"everyone": "false", "scope": "table"},
        lambda row: row["scope"] == "table" and not row["everyone"],
    ),
    ({"in_doubt": "true"}, lambda row: row["in_doubt"]),
    ({"first_seen_gte": "2020-01-01"}, lambda row: True),
    ({"first_seen_lte": "2020-01-01"}, lambda row: False),
    ({"opened_gte": "2026-06-01"}, lambda row: (row["opened_at"] or "") >= "2026-06-01"),
    (
        {"opened_lte": "2026-06-01T00:00:00Z"},
        lambda row: "" < (row["opened_at"] or "") <= "2026-06-01",
    ),
    ({"database": "' OR 1=1 --"}, lambda row: False),
]


@pytest.mark.parametrize(
    ("asked", "wanted"), FILTERS, ids=[str(asked)[:60] for asked, _ in FILTERS]
)
def test_a_filter_gives_what_it_says(
    shared_client: TestClient, every: list[Row], asked: Row, wanted: Callable[[Row], bool]
) -> None:
    found = walk(shared_client, f"{HERE}/exposures", limit=200, **asked)
    assert found == [row for row in every if wanted(row)]
    page = shared_client.get(f"{HERE}/exposures", params={**asked, "limit": 1, "total": "true"})
    assert page.json()["total"] == len(found)


def test_the_gravest_and_widest_come_first(every: list[Row]) -> None:
    assert [row["severity"] for row in every] == sorted(row["severity"] for row in every)
    assert len([row for row in every if row["everyone"]]) >= OPEN_TABLES
    first = every[0]
    assert first["severity"] == "SEV0"
    assert first["everyone"]
    assert first["openings"] == [f"role:{CONVENIENCE}"]
    assert first["grants"][0]["source"].startswith("TBL_PRIVS ")
    assert first["opened_at"] == "2026-06-09T07:41:00Z"


def test_sorting_down_is_sorting_up_backwards(shared_client: TestClient) -> None:
    for field in ("people", "object", "severity", "first_seen"):
        up = walk(shared_client, f"{HERE}/exposures", limit=200, sort=field)
        values = [row[field] for row in up]
        down = walk(shared_client, f"{HERE}/exposures", limit=200, sort=f"-{field}")
        assert [row[field] for row in down] == values[::-1]


def test_one_exposure_by_its_id(shared_client: TestClient, every: list[Row]) -> None:
    for row in (every[0], every[-1]):
        found = shared_client.get(f"{HERE}/exposures/{row['id']}").json()
        assert row.items() <= found.items()
        assert found["lake"] == LAKE
    assert shared_client.get(f"{HERE}/exposures/{'0' * 16}").status_code == 404
    wide = next(row for row in every if row["openings"] == [f"role:{CONVENIENCE}"])
    (way,) = shared_client.get(f"{HERE}/exposures/{wide['id']}").json()["paths"]
    assert way["opening"] == f"role:{CONVENIENCE}"
    assert way["path"] == [f"role public is a member of role {CONVENIENCE}"]
    assert way["path_rows"] == ["ROLE_MAP 2"]


def test_an_export_holds_every_row(shared_client: TestClient, every: list[Row]) -> None:
    ids = [row["id"] for row in every]

    def export(format: str, **asked: Any) -> bytes:
        answer = shared_client.get(f"{HERE}/exposures/export", params={"format": format, **asked})
        assert answer.status_code == 200
        assert "attachment" in answer.headers["content-disposition"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.content

    lines = export("ndjson").decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ids
    rows = list(csv.DictReader(io.StringIO(export("csv").decode("utf-8"))))
    assert [row["id"] for row in rows] == ids
    assert pq.read_table(io.BytesIO(export("parquet")))["id"].to_pylist() == ids
    document = json.loads(export("json"))
    assert [row["id"] for row in document["exposures"]] == ids
    assert document["posture"]["lake"] == LAKE
    assert b"<html" in export("html")
    filtered = export("ndjson", **{"class": "payroll", "sort": "object"}).decode().splitlines()
    assert [json.loads(line)["id"] for line in filtered] == [
        row["id"]
        for row in sorted(every, key=lambda row: (row["object"], row["id"]))
        if "payroll" in row["classes"]
    ]


def test_a_hostile_name_is_harmless_everywhere(shared_client: TestClient) -> None:
    asked = {"opening": f"user:{EVIL}"}
    found = walk(shared_client, f"{HERE}/exposures", **asked)
    assert any(EVIL.lower() in row["object"] for row in found)
    raw = shared_client.get(f"{HERE}/exposures", params=asked)
    assert raw.headers["content-type"] == "application/json"
    page = shared_client.get(f"{HERE}/exposures/export", params={"format": "html", **asked})
    assert "<script>" not in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    text = shared_client.get(f"{HERE}/exposures/export", params={"format": "csv", **asked}).text
    for row in csv.reader(io.StringIO(text)):
        assert not any(cell.startswith(("=", "+", "-", "@")) for cell in row)
