"""JSON of a check, as docs/schemas/check.json describes it."""

import json
from dataclasses import asdict
from typing import Any

from app.core.findings import CheckReport, Finding
from app.report.check_phrases import fingerprints, whole_text

SCHEMA_NAME = "lakewarden/check/v1"


def check_json(report: CheckReport) -> str:
    """One document, ASCII, the same bytes for the same report."""
    return json.dumps(whole_text(check_document(report)), indent=1, allow_nan=False) + "\n"


def check_document(report: CheckReport) -> dict[str, Any]:
    """The same, not yet written."""
    return {
        "schema": SCHEMA_NAME,
        "exit_code": report.exit_code,
        "fail_on": report.fail_on,
        "lake": report.lake,
        "snapshot": report.snapshot,
        "snapshot_taken_at": report.snapshot_taken_at,
        "policies": report.policies,
        "runner": report.runner,
        "files": [{"name": each.name, "statements": each.statements} for each in report.files],
        "findings": _findings(report.findings),
        "suppressed": _findings(report.suppressed),
        "notes": list(report.notes),
        "effects": _effects(report),
    }


def _effects(report: CheckReport) -> dict[str, Any] | None:
    if report.effects is None:
        return None
    return {
        "given": report.effect_counts.get("given", 0),
        "taken": report.effect_counts.get("taken", 0),
        "unknown": report.effect_counts.get("unknown", 0),
        "groups": [asdict(group) for group in report.effects],
        "groups_left_out": report.effects_cut,
    }


def _findings(findings: tuple[Finding, ...]) -> list[dict[str, Any]]:
    marks = fingerprints(findings)
    return [
        {**_finding(each), "fingerprint": mark} for each, mark in zip(findings, marks, strict=True)
    ]


def _finding(finding: Finding) -> dict[str, Any]:
    said = asdict(finding)
    span = said.pop("span")
    return {**said, "place": {key: span[key] for key in _PLACE}}


_PLACE = ("line", "column", "end_line", "end_column")
