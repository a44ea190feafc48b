"""JUnit: one test case for each statement and rule.

A finding that fails the check is a failure, what could not be judged an error, what was
suppressed is skipped with its reason; milder findings and notes are a case's output.
"""

from collections import defaultdict
from xml.etree import ElementTree

from app.core.findings import CANNOT_JUDGE, CheckReport, Finding
from app.core.names import show
from app.report.check_phrases import details, fails, path_of, sentence

#: From so many cases on, only rules that found something are listed for a statement.
MOST_CASES = 100_000

Cases = dict[tuple[int, str], list[Finding]]


def check_junit(report: CheckReport) -> str:
    """The XML of a check: a suite for each file."""
    found: dict[str, Cases] = defaultdict(lambda: defaultdict(list))
    for finding in (*report.findings, *report.suppressed):
        found[path_of(finding, report)][finding.statement, finding.rule].append(finding)
    statements = {_named(each.name): each.statements for each in report.files}
    rules = [rule.id for rule in report.rules]
    every = sum(statements.values()) * len(rules) <= MOST_CASES
    root = ElementTree.Element("testsuites", name="lakewarden check")
    totals = [0, 0, 0, 0]
    for file in sorted({*statements, *found}):
        cases = found[file]
        wanted = set(cases)
        if every:
            wanted |= {(n, rule) for n in range(1, statements.get(file, 0) + 1) for rule in rules}
        suite = ElementTree.SubElement(root, "testsuite", name=_xml(file))
        counts = [0, 0, 0, 0]
        for number, rule in sorted(wanted):
            outcome = _case(suite, report, file, number, rule, cases.get((number, rule), []))
            counts[0] += 1
            if outcome:
                counts[outcome] += 1
        _count(suite, counts)
        totals = [total + count for total, count in zip(totals, counts, strict=True)]
    _count(root, totals)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _named(name: str) -> str:
    return "stdin" if name in ("", "-") else name


def _count(element: ElementTree.Element, counts: list[int]) -> None:
    for name, count in zip(("tests", "failures", "errors", "skipped"), counts, strict=True):
        element.set(name, str(count))


def _case(
    suite: ElementTree.Element,
    report: CheckReport,
    file: str,
    number: int,
    rule: str,
    findings: list[Finding],
) -> int:
    """Add a case; 0 passed, 1 failed, 2 could not be judged, 3 skipped."""
    what = f"statement {number}" if number else "the whole change"
    case = ElementTree.SubElement(
        suite, "testcase", classname=_xml(file), name=f"{what}: {rule}", time="0"
    )
    open_findings = [each for each in findings if not each.suppressed]
    judged = [each for each in open_findings if fails(each, report.fail_on)]
    unjudged = [each for each in judged if each.severity == CANNOT_JUDGE]
    if unjudged or judged:
        first = (unjudged or judged)[0]
        kind = "error" if unjudged else "failure"
        told = ElementTree.SubElement(case, kind, type=first.severity, message=_xml(first.message))
        told.text = _xml("\n\n".join(_told(each) for each in judged))
        return 2 if unjudged else 1
    if open_findings:
        output = ElementTree.SubElement(case, "system-out")
        output.text = _xml("\n\n".join(_told(each) for each in open_findings))
        return 0
    if findings:
        ElementTree.SubElement(case, "skipped", message=_xml(findings[0].suppressed))
        return 3
    return 0


def _told(finding: Finding) -> str:
    place = f"{finding.file}:{finding.span.line}:{finding.span.column}"
    lines = [f"{place}: {finding.severity} {sentence(finding)}"]
    return "\n".join([*lines, *(f"{key}: {text}" for key, text in details(finding))])


def _xml(text: str) -> str:
    """A text in which every character is one that XML has."""
    return "\n".join(show(line) for line in text.split("\n"))
