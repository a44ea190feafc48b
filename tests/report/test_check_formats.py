"""Every format of a check: byte for byte, and valid for the format's own validators."""

import json
import re
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from junitparser import Error, Failure, JUnitXml, Skipped
from sarif_pydantic import Sarif  # type: ignore[import-untyped]

from app.core.errors import SettingsError
from app.core.findings import CheckReport, Finding
from app.report.check_github import check_summary
from app.report.check_phrases import details, fails, fingerprints
from app.report.check_registry import CheckLook, render_check
from app.report.check_sarif import MOST_RESULTS
from tests.report.check_golden_files import GOLDEN, golden_files
from tests.report.check_reports_by_hand import (
    clean_report,
    hostile_report,
    june_finding,
    june_report,
    large_report,
    span,
)

_NOW = golden_files()
_REPORTS = [june_report, clean_report, hostile_report, large_report]
_SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "check.json").read_text())

#: What GitLab documents of its code quality report.
_GITLAB = {
    "type": "array",
    "items": {
        "type": "object",
        "required": ["description", "check_name", "fingerprint", "severity", "location"],
        "properties": {
            "description": {"type": "string", "minLength": 1},
            "check_name": {"type": "string", "minLength": 1},
            "fingerprint": {"type": "string", "minLength": 1},
            "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
            "location": {
                "type": "object",
                "required": ["path", "lines"],
                "properties": {
                    "path": {"type": "string", "pattern": r"^(?!\./).+"},
                    "lines": {
                        "type": "object",
                        "required": ["begin"],
                        "properties": {"begin": {"type": "integer", "minimum": 1}},
                    },
                },
            },
        },
    },
}


def rendered(name: str, report: CheckReport) -> str:
    """A report in a format, of version 1.2.3."""
    return render_check(name, report, CheckLook("1.2.3"))


@pytest.mark.parametrize("file", sorted(_NOW))
def test_golden_file(file: str) -> None:
    assert _NOW[file].decode() == (GOLDEN / file).read_bytes().decode()


def test_no_golden_file_is_left_over() -> None:
    assert {path.name for path in GOLDEN.iterdir()} == set(_NOW)


def test_there_is_no_other_format() -> None:
    with pytest.raises(SettingsError, match="no format of a check"):
        rendered("html", clean_report())


# JSON


def test_the_schema_is_one_and_describes_every_field() -> None:
    Draft202012Validator.check_schema(_SCHEMA)
    described = set(_SCHEMA["$defs"]["finding"]["properties"]) - {"place", "fingerprint"}
    assert described == {field.name for field in fields(Finding)} - {"span"}


@pytest.mark.parametrize("report", _REPORTS)
def test_json_holds_to_its_schema(report: Callable[[], CheckReport]) -> None:
    validator = Draft202012Validator(_SCHEMA)
    text = rendered("json", report())
    assert text.isascii()
    assert not re.search(r"\\ud[89a-f]", text.replace("\\\\", "")), "half a character"
    assert [error.message for error in validator.iter_errors(json.loads(text))] == []


def test_the_schema_refuses_what_it_should() -> None:
    document = json.loads(rendered("json", june_report()))
    document["findings"][0]["severity"] = "bad"
    document["findings"][0].pop("mend")
    document["extra"] = 1
    assert len(list(Draft202012Validator(_SCHEMA).iter_errors(document))) == 3


# SARIF


def _results(report: CheckReport) -> list[dict[str, Any]]:
    log = json.loads(rendered("sarif", report))
    found: list[dict[str, Any]] = log["runs"][0]["results"]
    return found


@pytest.mark.parametrize("report", _REPORTS)
def test_sarif_is_valid_and_every_result_has_one_place(
    report: Callable[[], CheckReport],
) -> None:
    text = rendered("sarif", report())
    log = Sarif.model_validate_json(text)
    assert log.version == "2.1.0"
    run = json.loads(text)["runs"][0]
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert len(set(ids)) == len(ids)
    for result in run["results"]:
        assert ids[result["ruleIndex"]] == result["ruleId"]
        (location,) = result["locations"]
        region = location["physicalLocation"]["region"]
        assert min(value for value in region.values() if isinstance(value, int)) >= 1
        assert (region["startLine"], region["startColumn"]) < (
            region["endLine"],
            region["endColumn"],
        )
        assert re.fullmatch(r"[!-~]+", location["physicalLocation"]["artifactLocation"]["uri"]), (
            "a URI"
        )
    for rule in run["tool"]["driver"]["rules"]:
        assert len(rule["fullDescription"]["text"]) <= 1024


def test_sarif_severity_stands_on_the_rule() -> None:
    log = json.loads(rendered("sarif", june_report()))
    rules = {each["id"]: each for each in log["runs"][0]["tool"]["driver"]["rules"]}
    assert rules["exposure-to-everyone/sev0"]["properties"]["security-severity"] == "9.5"
    assert "security-severity" not in rules["redundant-grant/note"]["properties"]
    assert log["runs"][0]["automationDetails"]["id"] == "lakewarden-check/demo/"


def test_sarif_leaves_out_what_is_suppressed_and_what_is_too_much() -> None:
    assert [each["ruleId"] for each in _results(june_report())] == [
        "exposure-to-everyone/sev0",
        "redundant-grant/note",
    ]
    many = replace(june_report(), findings=(june_finding(),) * (MOST_RESULTS + 2))
    log = json.loads(rendered("sarif", many))
    assert len(log["runs"][0]["results"]) == MOST_RESULTS
    said = json.dumps(log["runs"][0]["invocations"])
    assert "2 milder findings are not in this file" in said


def test_sarif_is_no_larger_than_github_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.report.check_sarif.MOST_BYTES", 2_000)
    log = json.loads(rendered("sarif", large_report(200)))
    results = log["runs"][0]["results"]
    assert 1 < len(results) < 200
    assert {each["properties"]["severity"] for each in results} == {"SEV0"}
    said = f"{200 - len(results)} milder findings are not in this file"
    assert said in json.dumps(log["runs"][0]["invocations"])


def test_fingerprints_do_not_move_with_lines_and_are_each_their_own() -> None:
    first = june_finding()
    moved = replace(first, span=span(90, 2, 6), statement=40, people=1, objects=2, message="x")
    assert fingerprints([first]) == fingerprints([moved])
    assert len(set(fingerprints([first, moved, first]))) == 3
    assert fingerprints([first]) != fingerprints([replace(first, right="insert")])


# GitHub


def test_annotations_are_ten_a_level_and_the_rest_is_counted() -> None:
    lines = rendered("github", large_report(60)).splitlines()
    for level in ("error", "warning", "notice"):
        assert sum(line.startswith(f"::{level} ") for line in lines) == 10
    assert "10 more of level error, 10 more of level warning, 10 more of level notice" in lines[-2]


@pytest.mark.parametrize("report", _REPORTS)
def test_no_name_is_a_workflow_command(report: Callable[[], CheckReport]) -> None:
    text = rendered("github", report())
    annotation = re.compile(
        r"::(?:error|warning|notice) file=[^,\n]+(?:,(?:line|endLine|col|endColumn)=[1-9]\d*)+"
        r",title=[^,:\n]+::[^\n]*"
    )
    for line in text.splitlines():
        assert annotation.fullmatch(line) or not line.startswith("::"), line
    assert text.isprintable() or "\x1b" not in text


def test_the_summary_is_no_larger_than_github_takes() -> None:
    huge = replace(june_finding(), message="m" * 20_000)
    summary = check_summary(replace(june_report(), findings=(huge,) * 300))
    assert len(summary.encode()) < 1024 * 1024
    assert summary.endswith("Cut: the whole is in the job's log.\n")


# GitLab and JUnit


@pytest.mark.parametrize("report", _REPORTS)
def test_code_quality_is_valid_and_fingerprints_are_unique(
    report: Callable[[], CheckReport],
) -> None:
    issues = json.loads(rendered("gitlab", report()))
    assert list(Draft202012Validator(_GITLAB).iter_errors(issues)) == []
    marks = [issue["fingerprint"] for issue in issues]
    assert len(set(marks)) == len(marks) == len(report().findings)


@pytest.mark.parametrize("report", _REPORTS)
def test_junit_is_read_by_a_junit_parser(report: Callable[[], CheckReport]) -> None:
    text = rendered("junit", report())
    parsed = JUnitXml.fromstring(text.encode())
    before = (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    parsed.update_statistics()  # type: ignore[no-untyped-call]
    assert before == (parsed.tests, parsed.failures, parsed.errors, parsed.skipped)
    root = ElementTree.fromstring(text)
    cases = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    assert len(set(cases)) == len(cases)


def test_junit_has_a_case_for_each_statement_and_rule() -> None:
    parsed = JUnitXml.fromstring(rendered("junit", june_report()).encode())
    outcome = {
        case.name: [type(each) for each in case.result] for suite in parsed for case in suite
    }
    assert len(outcome) == 2 * 4
    assert outcome["statement 2: exposure-to-everyone"] == [Failure]
    assert outcome["statement 1: revoke-does-not-close"] == [Skipped]
    assert outcome["statement 1: redundant-grant"] == []
    hostile = JUnitXml.fromstring(rendered("junit", hostile_report()).encode())
    assert [Error] in [[type(each) for each in case.result] for suite in hostile for case in suite]


def test_junit_and_exit_codes_agree_on_what_fails() -> None:
    milder = replace(june_report(), fail_on="SEV0")
    assert fails(june_finding(), "SEV0")
    assert not fails(replace(june_finding(), severity="SEV1"), "SEV0")
    assert not fails(replace(june_finding(), severity="note"), "SEV4")
    assert fails(replace(june_finding(), severity="cannot-judge"), "SEV0")
    assert 'failures="1"' in rendered("junit", milder)


# Text


def test_the_caret_stands_under_the_guilty_word() -> None:
    lines = rendered("text", june_report()).splitlines()
    at = next(number for number, line in enumerate(lines) if "TO ROLE public" in line)
    start = lines[at + 1].index("^")
    assert lines[at][start : start + lines[at + 1].count("^")] == "public"


def test_a_long_line_is_cut_around_the_guilty_word() -> None:
    lines = rendered("text", hostile_report()).splitlines()
    at = next(number for number, line in enumerate(lines) if "GRANT z" in line)
    start = lines[at + 1].index("^")
    assert lines[at][start : start + 5] == "GRANT"
    assert len(lines[at]) <= 100


def test_text_prints_nothing_that_moves_a_terminal() -> None:
    assert rendered("text", hostile_report()).replace("\n", "").isprintable()


def test_details_count_what_is_not_named() -> None:
    said = dict(details(june_finding()))
    assert said["who"] == "aaron.abel, ada.bauer, ada.cole and 3,197 more"
    assert said["what"].endswith(" and 44,999 more")
