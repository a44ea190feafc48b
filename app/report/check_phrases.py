"""What the formats of a check share: order, levels, sentences about one finding."""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from app.core.findings import CANNOT_JUDGE, CheckReport, Finding
from app.core.names import show
from app.core.verdicts import SEVERITIES

NOTE = "note"

#: The gravest first; what could not be judged stands before all.
ORDER = (CANNOT_JUDGE, *SEVERITIES, NOTE)

#: How the forges call it: an error stops a merge, a warning and a notice do not.
LEVELS = {
    CANNOT_JUDGE: "error",
    "SEV0": "error",
    "SEV1": "error",
    "SEV2": "error",
    "SEV3": "warning",
    "SEV4": "notice",
    NOTE: "notice",
}

#: In a sentence, at most this many names are written out.
NAMED = 5


def rank(finding: Finding) -> int:
    """Where a severity stands in ORDER; an unknown one is as grave as the gravest."""
    return ORDER.index(finding.severity) if finding.severity in ORDER else 0


def gravest_first(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by severity, then by place and key."""
    return sorted(findings, key=lambda each: (rank(each), place_key(each)))


def place_key(finding: Finding) -> tuple[object, ...]:
    """File, place, severity and key: the order of a report."""
    return (
        finding.file,
        finding.statement,
        finding.span.line,
        finding.span.column,
        rank(finding),
        finding.rule,
        finding.principal,
        finding.object,
        finding.right,
        finding.message,
    )


def fails(finding: Finding, fail_on: str) -> bool:
    """Whether a finding makes the exit code 1 or 2."""
    if finding.severity == NOTE:
        return False
    return rank(finding) <= ORDER.index(fail_on)


def fingerprints(findings: Sequence[Finding]) -> list[str]:
    """One for each finding: of its file and key, numbered where several have the same.

    Lines and counts are not in it, so it stays when they move.
    """
    seen: dict[str, int] = {}
    found = []
    for each in findings:
        parts = (each.file, each.rule, each.principal, each.object, each.right)
        digest = hashlib.sha256("\x1f".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
        seen[digest] = seen.get(digest, 0) + 1
        found.append(f"{digest[:32]}:{seen[digest]}")
    return found


def sentence(finding: Finding) -> str:
    """The message, safe to print."""
    return show(finding.message)


def details(finding: Finding) -> list[tuple[str, str]]:
    """Who, what, through which path, which policy line, and the mend; what there is of it."""
    found = [
        ("who", _sample(finding.people_sample, finding.people)),
        ("what", _sample(finding.objects_sample, finding.objects)),
        ("classes", ", ".join(map(show, finding.classes))),
        ("through", " → ".join(map(show, finding.path))),
        ("policy", _policy(finding)),
        ("mend", show(finding.mend)),
        ("suppressed", show(finding.suppressed)),
    ]
    return [(name, text) for name, text in found if text]


def _policy(finding: Finding) -> str:
    if finding.policy:
        return _sample(finding.policy, len(finding.policy))
    judged = finding.statement and finding.severity != NOTE
    return "no line speaks of it" if judged and finding.classes and finding.right else ""


def _sample(names: Sequence[str], count: int) -> str:
    """`a, b and 43 more`; the number alone where no name is known."""
    if not names:
        return f"{count:,}" if count else ""
    count = max(count, len(names))
    shown = [show(name) for name in names[: NAMED + 1 if count == NAMED + 1 else NAMED]]
    if count > len(shown):
        return f"{', '.join(shown)} and {count - len(shown):,} more"
    return ", ".join(shown)


def tally(findings: Sequence[Finding]) -> str:
    """`3 findings (1 SEV0, 2 SEV3)`; `no finding`."""
    if not findings:
        return "no finding"
    counts = [
        f"{sum(each.severity == severity for each in findings):,} {severity}" for severity in ORDER
    ]
    listed = ", ".join(each for each in counts if not each.startswith("0 "))
    return f"{len(findings):,} finding{'s' if len(findings) > 1 else ''} ({listed})"


def verdict(report: CheckReport) -> str:
    """What the exit code says, in words."""
    if report.exit_code == 2:
        return "not everything could be judged"
    if report.exit_code == 1:
        return "the change does what it should not"
    return "clean" if not report.findings else "nothing that fails the check"


def about(report: CheckReport) -> list[str]:
    """Against what, by what, as whom, and how much was read."""
    statements = sum(each.statements for each in report.files)
    files = len(report.files)
    read = (
        f"{statements:,} statement{'' if statements == 1 else 's'} "
        f"in {files:,} file{'' if files == 1 else 's'}"
    )
    runner = f"run as {show(report.runner)}" if report.runner else "nobody said who runs them"
    counts = report.effect_counts
    effects = (
        f"{counts.get('given', 0):,} accesses given, {counts.get('taken', 0):,} taken, "
        f"{counts.get('unknown', 0):,} unknown"
    )
    lines = [
        f"{read}, {runner}",
        f"lake {show(report.lake)}, snapshot {report.snapshot[:16]} of {report.snapshot_taken_at}",
        f"policies {show(report.policies)}",
    ]
    return [*lines, effects] if counts else lines


def code_line(report: CheckReport, finding: Finding) -> str | None:
    """The line of the guilty word as written; None where the file holds none such."""
    for file in report.files:
        if file.name == finding.file:
            lines = file.text.split("\n")
            if 0 < finding.span.line <= len(lines):
                return lines[finding.span.line - 1].rstrip("\r")
    return None


def path_of(finding: Finding, report: CheckReport) -> str:
    """The file of a finding; never empty, since a result without a place is refused whole."""
    named = finding.file or (report.files[0].name if report.files else "")
    return "stdin" if named in ("", "-") else named


def whole_text(value: Any) -> Any:
    """A JSON-ready value without half characters, which strict readers of JSON refuse."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {key: whole_text(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [whole_text(each) for each in value]
    return value
