"""GitHub: workflow commands that become annotations, and the summary of the step.

GitHub shows ten annotations of each level for a step and drops the rest without a word:
the gravest are printed first, and how many are not shown is said.
"""

from collections.abc import Sequence

from app.core.findings import CheckReport, Finding
from app.core.names import show
from app.report.check_phrases import (
    LEVELS,
    about,
    details,
    gravest_first,
    path_of,
    sentence,
    tally,
    verdict,
)

PER_LEVEL = 10
_LEVELS = ("error", "warning", "notice")
#: GitHub refuses a summary over 1 MiB.
_LARGEST_SUMMARY = 1_000_000
_SUMMARY_ROWS = 200
#: What Markdown could take for more than a letter, the backslash first.
_MARKUP = "\\&`*_[]<>|~!$@"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}


def check_github(report: CheckReport) -> str:
    """Annotations, the gravest ten of each level, and a line that counts the rest."""
    lines: list[str] = []
    hidden: list[str] = []
    for level in _LEVELS:
        found = [each for each in gravest_first(report.findings) if _level(each) == level]
        lines += [_annotation(report, each) for each in found[:PER_LEVEL]]
        if len(found) > PER_LEVEL:
            hidden.append(f"{len(found) - PER_LEVEL:,} more of level {level}")
    if hidden:
        lines.append(f"Not annotated: {', '.join(hidden)}. The step's summary lists them.")
    lines.append(f"Lakewarden: {tally(report.findings)}: {verdict(report)}")
    return "\n".join(lines) + "\n"


def _level(finding: Finding) -> str:
    return LEVELS.get(finding.severity, "error")


def _annotation(report: CheckReport, finding: Finding) -> str:
    span = finding.span
    line = max(span.line, 1)
    properties: dict[str, object] = {
        "file": show(path_of(finding, report)),
        "line": line,
        "endLine": max(span.end_line, line),
    }
    if span.end_line <= line:  # GitHub takes columns only within one line
        column = max(span.column, 1)
        properties |= {"col": column, "endColumn": max(span.end_column, column)}
    properties["title"] = f"{finding.severity} {finding.rule}"
    said = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items())
    text = "\n".join([sentence(finding), *(f"{key}: {line}" for key, line in details(finding))])
    return f"::{_level(finding)} {said}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def check_summary(report: CheckReport) -> str:
    """Markdown for the step's summary: the verdict, the findings, what was suppressed."""
    lines = [f"## Lakewarden: {verdict(report)}", "", f"{_cell(tally(report.findings))}.", ""]
    findings = gravest_first(report.findings)
    if findings:
        lines += _table(report, findings[:_SUMMARY_ROWS])
        if len(findings) > _SUMMARY_ROWS:
            lines += ["", f"And {len(findings) - _SUMMARY_ROWS:,} milder findings."]
        lines += ["", *_mends(findings)]
    if report.suppressed:
        lines += ["", "### Suppressed", ""]
        lines += [
            f"- {each.severity} {each.rule} at {_code(_place(report, each))}: "
            f"{_cell(each.suppressed)}"
            for each in report.suppressed[:_SUMMARY_ROWS]
        ]
    if report.notes:
        lines += ["", "### Notes", ""]
        lines += [f"- {_cell(note)}" for note in report.notes[:_SUMMARY_ROWS]]
    lines += ["", "### Checked", "", *(f"- {_cell(line)}" for line in about(report))]
    text = "\n".join(lines) + "\n"
    if len(text.encode("utf-8", "backslashreplace")) > _LARGEST_SUMMARY:
        text = text[: _LARGEST_SUMMARY // 4] + "\n\nCut: the whole is in the job's log.\n"
    return text


def _table(report: CheckReport, findings: Sequence[Finding]) -> list[str]:
    rows = [
        f"| {each.severity} | {each.rule} | {_code(_place(report, each))} "
        f"| {_cell(sentence(each))} |"
        for each in findings
    ]
    return ["| Severity | Rule | Place | What |", "|---|---|---|---|", *rows]


def _mends(findings: Sequence[Finding]) -> list[str]:
    mends = list(dict.fromkeys(each.mend for each in findings if each.mend))
    if not mends:
        return []
    return ["### What would pass", "", *(f"- {_cell(mend)}" for mend in mends[:_SUMMARY_ROWS])]


def _place(report: CheckReport, finding: Finding) -> str:
    return f"{path_of(finding, report)}:{finding.span.line}"


def _cell(text: str) -> str:
    """A text in which nothing is markup: a name is anybody's choice."""
    escaped = show(text)
    for letter in _MARKUP:
        escaped = escaped.replace(letter, _ENTITIES.get(letter, f"\\{letter}"))
    return escaped


def _code(text: str) -> str:
    return "`" + show(text).replace("`", "'").replace("|", "\\|") + "`"
