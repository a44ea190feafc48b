"""GitLab's code quality report: an array of issues, each with a fingerprint of its own."""

import json

from app.core.findings import CANNOT_JUDGE, CheckReport
from app.report.check_phrases import (
    NOTE,
    fingerprints,
    gravest_first,
    path_of,
    sentence,
    whole_text,
)

_SEVERITIES = {
    CANNOT_JUDGE: "blocker",
    "SEV0": "blocker",
    "SEV1": "critical",
    "SEV2": "major",
    "SEV3": "minor",
    "SEV4": "info",
    NOTE: "info",
}


def check_gitlab(report: CheckReport) -> str:
    """The report as GitLab reads it from `artifacts: reports: codequality`."""
    findings = gravest_first(report.findings)
    issues = [
        {
            "description": f"{sentence(each)}{_mend(each.mend)}",
            "check_name": each.rule,
            "fingerprint": mark,
            "severity": _SEVERITIES.get(each.severity, "blocker"),
            "location": {
                "path": path_of(each, report).removeprefix("./"),
                "lines": {"begin": max(each.span.line, 1)},
            },
        }
        for each, mark in zip(findings, fingerprints(findings), strict=True)
    ]
    return json.dumps(whole_text(issues), indent=1, allow_nan=False) + "\n"


def _mend(mend: str) -> str:
    from app.core.names import show

    return f" {show(mend)}" if mend else ""
