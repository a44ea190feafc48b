"""SARIF 2.1.0, within what GitHub's code scanning takes.

Its limits: 25,000 results, 10 MB compressed, exactly one place for each result (one
without a place has the whole file refused), descriptions of 1,024 characters. The
`security-severity` stands on a rule, so a rule has an id for each severity it is found
with. What was suppressed stays out: GitHub would show it as open.
"""

import json
import zlib
from typing import Any
from urllib.parse import quote

from app.core.findings import CheckReport, Finding, Rule
from app.report.check_phrases import (
    LEVELS,
    code_line,
    details,
    fingerprints,
    gravest_first,
    path_of,
    sentence,
    whole_text,
)

MOST_RESULTS = 25_000
MOST_BYTES = 9_500_000  # of 10 MB, compressed
_LONGEST = 1_024
_LONGEST_MESSAGE = 4_000
_SECURITY = {"SEV0": "9.5", "SEV1": "8.0", "SEV2": "5.5", "SEV3": "3.0", "SEV4": "0.5"}
_SARIF_LEVELS = {"error": "error", "warning": "warning", "notice": "note"}
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def check_sarif(report: CheckReport, version: str) -> str:
    """The SARIF log of a check. version: Lakewarden's own.

    Where it is more than GitHub takes, the mildest results are left out, and how many.
    """
    findings = gravest_first(report.findings)[:MOST_RESULTS]
    text = _log(report, findings, version)
    while len(findings) > 1 and _compressed(text) > MOST_BYTES:
        findings = findings[: len(findings) // 2]
        text = _log(report, findings, version)
    return text


def _compressed(text: str) -> int:
    # Nothing of so few bytes can be too large, and most reports are small.
    return 0 if len(text) <= MOST_BYTES else len(zlib.compress(text.encode(), 6))


def _log(report: CheckReport, findings: list[Finding], version: str) -> str:
    marks = fingerprints(findings)
    rules = _rules(report, findings)
    numbers = {rule["id"]: number for number, rule in enumerate(rules)}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Lakewarden",
                        "version": version,
                        "rules": rules,
                    }
                },
                "automationDetails": {"id": f"lakewarden-check/{quote(report.lake, safe='')}/"},
                "columnKind": "unicodeCodePoints",
                "invocations": [_invocation(report, len(findings))],
                "results": [
                    _result(report, each, mark, numbers)
                    for each, mark in zip(findings, marks, strict=True)
                ],
            }
        ],
    }
    return json.dumps(whole_text(log), indent=1, allow_nan=False) + "\n"


def _rule_id(finding: Finding) -> str:
    return f"{finding.rule}/{finding.severity.lower()}"


def _rules(report: CheckReport, findings: list[Finding]) -> list[dict[str, Any]]:
    known = {rule.id: rule for rule in report.rules}
    found = {_rule_id(each): each for each in findings}
    return [
        _rule(name, finding, known.get(finding.rule) or Rule(finding.rule, finding.rule, ""))
        for name, finding in sorted(found.items())
    ]


def _rule(name: str, finding: Finding, rule: Rule) -> dict[str, Any]:
    help_text = rule.help or rule.title
    properties: dict[str, Any] = {"tags": ["security", "access"]}
    if finding.severity in _SECURITY:
        properties["security-severity"] = _SECURITY[finding.severity]
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in rule.id.split("-")),
        "shortDescription": {"text": f"{rule.title} ({finding.severity})"[:_LONGEST]},
        "fullDescription": {"text": help_text[:_LONGEST]},
        "help": {"text": f"{help_text}\nSee docs/rules/{rule.id}.md"},
        "defaultConfiguration": {"level": _level(finding)},
        "properties": properties,
    }


def _level(finding: Finding) -> str:
    return _SARIF_LEVELS[LEVELS.get(finding.severity, "error")]


def _result(
    report: CheckReport, finding: Finding, mark: str, numbers: dict[str, int]
) -> dict[str, Any]:
    name = _rule_id(finding)
    lines = [sentence(finding), *(f"{key}: {text}" for key, text in details(finding))]
    return {
        "ruleId": name,
        "ruleIndex": numbers[name],
        "level": _level(finding),
        "message": {"text": "\n".join(lines)[:_LONGEST_MESSAGE]},
        "locations": [_location(report, finding)],
        "partialFingerprints": {"primaryLocationLineHash": mark},
        "properties": {
            "severity": finding.severity,
            "statement": finding.statement,
            "principal": finding.principal,
            "object": finding.object,
            "right": finding.right,
            "people": finding.people,
            "objects": finding.objects,
            "mend": finding.mend,
        },
    }


def _location(report: CheckReport, finding: Finding) -> dict[str, Any]:
    span = finding.span
    line, column = max(span.line, 1), max(span.column, 1)
    end_line = max(span.end_line, line)
    end = max(span.end_column, column + 1 if end_line == line else 1)
    region: dict[str, Any] = {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end,
    }
    code = code_line(report, finding)
    if code is not None and end_line == line and len(code) <= _LONGEST:
        region["snippet"] = {"text": code}
    place = {"artifactLocation": {"uri": _uri(path_of(finding, report))}, "region": region}
    return {"physicalLocation": place}


def _uri(path: str) -> str:
    """A path as a relative reference, an absolute one as a file URI."""
    encoded = quote(path.encode("utf-8", "surrogateescape"), safe="/~!$&'()*+,;=@")
    if path.startswith("/"):
        return f"file://{encoded}"
    return encoded.removeprefix("./")


def _invocation(report: CheckReport, shown: int) -> dict[str, Any]:
    notes = list(report.notes)
    if shown < len(report.findings):
        notes.append(f"{len(report.findings) - shown:,} milder findings are not in this file")
    if report.suppressed:
        notes.append(f"{len(report.suppressed):,} suppressed findings are not in this file")
    return {
        "executionSuccessful": report.exit_code != 2,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": [
            {"level": "note", "message": {"text": note[:_LONGEST_MESSAGE]}} for note in notes
        ],
    }
