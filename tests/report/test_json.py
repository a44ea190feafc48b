"""JSON and NDJSON: they hold to the published schema, and the schema to the code."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from app.core.exposures import GRANT_EVIDENCE, KINDS, SCHEMA, STATUSES
from app.core.openings import OPENING_SCHEMA
from app.core.run_report import RunReport
from app.report.exposure_fields import FIELDS, exposure_page
from app.report.posture_fields import ORDER, posture_fields
from app.report.registry import stream
from tests.report.reports_by_hand import (
    BIDI_NAME,
    clean_report,
    empty_report,
    gaps_report,
    hostile_report,
    large_report,
)

_SCHEMA = json.loads(
    (Path(__file__).parents[2] / "docs" / "schemas" / "audit.schema.json").read_text()
)
_REPORTS = [hostile_report, empty_report, clean_report, gaps_report, lambda: large_report(300)]


def _document(report: RunReport) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(b"".join(stream("json", report)))
    return found


def _problems(value: object, *definition: str) -> list[str]:
    wanted = {"$ref": "#/" + "/".join(definition), "$defs": _SCHEMA["$defs"]}
    validator = Draft202012Validator(wanted if definition else _SCHEMA)
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(_SCHEMA)


@pytest.mark.parametrize("report", _REPORTS)
def test_json_validates(report: Callable[[], RunReport]) -> None:
    assert _problems(_document(report())) == []


@pytest.mark.parametrize("report", _REPORTS)
def test_ndjson_lines_validate(report: Callable[[], RunReport]) -> None:
    lines = b"".join(stream("ndjson", report())).decode().splitlines()
    first, *rows = map(json.loads, lines)
    assert (first.pop("type"), first.pop("schema")) == ("posture", "lakewarden/audit/v1")
    assert _problems(first, "$defs", "posture") == []
    for row in rows:
        assert (row.pop("type") == "gone") == (row["status"] == "gone")
        assert _problems(row, "$defs", "exposure") == []


def test_an_unknown_key_is_shown_and_does_not_validate() -> None:
    report = clean_report()
    report.posture["surprise"] = 1
    problems = _problems(_document(report))
    assert len(problems) == 1
    assert "'surprise' was unexpected" in problems[0]


def test_the_schema_names_what_the_code_has() -> None:
    defined = _SCHEMA["$defs"]
    assert list(defined["exposure"]["properties"]) == list(FIELDS)
    assert set(FIELDS) == set(SCHEMA.names) - {"table_ordinal", "verdict"}
    assert list(defined["grant"]["properties"]) == [field.name for field in GRANT_EVIDENCE]
    assert list(defined["opening"]["properties"]) == OPENING_SCHEMA.names
    assert tuple(defined["posture"]["properties"]) == ORDER["posture"]
    assert tuple(defined["class"]["properties"]) == ORDER["classes"]
    assert tuple(defined["mend"]["properties"]) == ORDER["mends"]
    for name in ("alternative", "simulation"):
        assert tuple(defined[name]["properties"]) == ORDER[name]
    assert tuple(defined["statement"]["properties"]) == ORDER["statements"]
    kinds = {each["const"]: each["description"] for each in defined["kind"]["oneOf"]}
    assert kinds == KINDS
    assert tuple(each["const"] for each in defined["status"]["oneOf"]) == STATUSES


def test_every_field_is_described_and_nothing_else_allowed() -> None:
    for place, found in _objects(_SCHEMA, "$"):
        assert found["additionalProperties"] is False, place
        for name, field in found["properties"].items():
            assert "description" in field or "$ref" in field, f"{place}.{name}"


def _objects(found: object, place: str) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(found, list):
        return [each for item in found for each in _objects(item, place)]
    if not isinstance(found, dict):
        return []
    here = [(place, found)] if found.get("type") == "object" else []
    return here + [
        each for name, value in found.items() for each in _objects(value, f"{place}.{name}")
    ]


def test_names_are_exact_and_the_file_is_ascii() -> None:
    written = b"".join(stream("json", hostile_report()))
    assert written.isascii()
    assert json.loads(written)["exposures"][2]["object"] == BIDI_NAME


def test_keys_come_in_one_order_however_the_posture_was_made() -> None:
    report = gaps_report()
    report.posture["openings"] = [dict(reversed(row.items())) for row in report.posture["openings"]]
    turned = RunReport(dict(reversed(report.posture.items())), report.exposures, report.gone)
    assert b"".join(stream("json", turned)) == b"".join(stream("json", gaps_report()))


def test_a_published_posture_stays_as_it_is() -> None:
    published = posture_fields(hostile_report().posture)
    assert posture_fields(published) == published
    assert published["openings"][0]["since"] == "2026-06-09T09:41:00Z"


def test_rows_of_a_slice_are_the_rows_asked_for() -> None:
    batches = list(hostile_report().exposures())
    whole = [row for batch in batches for row in exposure_page(batch)]
    assert exposure_page(batches[1].slice(2, 3)) == whole[3:6]
    assert _document(hostile_report())["exposures"] == whole
