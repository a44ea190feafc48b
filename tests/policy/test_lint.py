"""What `policy lint` finds, and where."""

from datetime import date
from pathlib import Path

import pytest

from app.policy.findings import Finding
from app.policy.lint import lint
from tests.policy.folders import CLASSES, MODEL, POLICY, load
from tests.policy.worlds import population

GOOD = POLICY + "p, group:hr, health, select, allow\n"
TODAY = date(2026, 7, 1)
PRIORITY = MODEL.replace("p = sub", "p = priority, sub").replace(
    "e = some(where (p.eft == allow)) && !some(where (p.eft == deny))",
    "e = priority(p.eft) || deny",
)


def found(folder: Path, **files: str) -> list[str]:
    """The findings of a folder with these files, as place and rule."""
    policies = load(folder, **{"policy_csv": GOOD, **files})
    return [
        f"{one.file}:{one.line} {one.severity} {one.rule}" for one in lint(policies, None, TODAY)
    ]


def test_nothing_to_find(tmp_path: Path) -> None:
    assert found(tmp_path) == []


def test_a_finding_in_words(tmp_path: Path) -> None:
    (finding,) = lint(load(tmp_path, policy_csv=GOOD + "p, role:hr_reader, payroll, select, allow"))
    assert isinstance(finding, Finding)
    assert str(finding) == (
        "policies/policy.csv:3: warning: role:hr_reader is a role of the lake: whoever is granted "
        "it is allowed (role-audience). Name the group of the directory that should have it"
    )


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        ("p, group:hr, payroll, select, allow\n", ["3 warning duplicate-line"]),
        ("p, group:x, *, *, allow\np, group:x, health, *, allow\n", ["4 warning shadowed-line"]),
        ("p, group:x, health, *, allow\np, group:x, *, *, allow\n", ["3 warning shadowed-line"]),
        ("p, group:x, *, *, deny\np, group:x, health, *, allow\n", []),
        (
            "p, everyone, health, select, allow\n",
            ["2 warning shadowed-line"],
        ),
        ("p, everyone, payroll, select, deny\n", []),
        ("p, everyone, pay*, insert, allow\n", ["3 error restricted-to-everyone"]),
        ("p, everyone, *, select, deny\np, everyone, unclassified, select, allow\n", []),
    ],
)
def test_lines(tmp_path: Path, lines: str, findings: list[str]) -> None:
    assert found(tmp_path, policy_csv=GOOD + lines) == [
        f"policies/policy.csv:{finding}" for finding in findings
    ]


def test_priority_lines_that_come_too_late(tmp_path: Path) -> None:
    lines = (
        "p, 20, group:hr, payroll, select, deny\n"
        "p, 10, group:hr, *, *, allow\n"
        "p, 20, group:x, payroll, select, deny\n"
    )
    assert found(tmp_path, model_conf=PRIORITY, policy_csv=lines) == [
        "policies/policy.csv:1 warning shadowed-line"
    ]


def test_a_line_that_never_matches(tmp_path: Path) -> None:
    model = MODEL.replace("m = ", 'm = r.act != "insert" && ')
    lines = GOOD + "p, group:x, payroll, insert, allow\n"
    assert found(tmp_path, model_conf=model, policy_csv=lines) == [
        "policies/policy.csv:3 warning never-matches"
    ]


def test_audiences_that_nobody_knows(tmp_path: Path) -> None:
    lines = GOOD + "".join(
        f"p, {audience}, payroll, insert, allow\n"
        for audience in (
            "group:hr",
            "group:made-here",
            "group:nowhere",
            "user:ann",
            "user:x",
            "role:r",
        )
    )
    policies = load(tmp_path, policy_csv=lines + "g, user:ann, group:made-here\n")
    people = population(people=["ann"], opaque=["hr"])
    assert [
        finding.line for finding in lint(policies, people) if finding.rule == "unknown-audience"
    ] == [5, 7, 8]


def test_classes(tmp_path: Path) -> None:
    text = CLASSES.replace("    contract: {max_people: 5, notify: [a@example.com]}\n", "")
    assert found(tmp_path, classes_yaml=text) == [
        "policies/classes.yaml:2 warning restricted-without-contract"
    ]
    text = CLASSES.replace(", notify: [a@example.com]", "")
    assert found(tmp_path, classes_yaml=text) == [
        "policies/classes.yaml:2 warning contract-without-notify"
    ]
    text = CLASSES + "  spare:\n    tier: internal\n"
    assert found(tmp_path, classes_yaml=text) == [
        "policies/classes.yaml:11 warning class-without-policy",
        "policies/classes.yaml:11 warning class-without-rule",
    ]


@pytest.mark.parametrize(
    ("pattern", "findings"),
    [
        ("columns: ['*name*']", ["warning"]),
        ("columns: ['*']", ["error"]),
        ("tables: ['re:.*']", ["error"]),
        ("tables: ['re:.+']", ["error"]),
        ("databases: ['?*']", ["error"]),
        ("columns: ['re:(first|last)_name']", []),
        ("properties: {class: '*'}", []),
        ("tables: ['*s']", ["warning"]),
    ],
)
def test_patterns(tmp_path: Path, pattern: str, findings: list[str]) -> None:
    text = CLASSES.replace("databases: [hr_*]", pattern)
    assert found(tmp_path, classes_yaml=text) == [
        f"policies/classes.yaml:6 {severity} pattern-too-wide" for severity in findings
    ]


def test_waivers(tmp_path: Path) -> None:
    one = "  - {id: %s, reason: r, approver: %s, expires: %s, scope: {%s}}\n"
    text = "waivers:\n" + "".join(
        one % values
        for values in (
            ("a", "ciso", "2026-07-01", "class: payroll"),
            ("b", "ciso", "2026-06-30", "class: payroll"),
            ("c", "''", "2027-01-01", "database: hr"),
            ("d", "ciso", "2027-01-01", "class: payrol"),
            ("e", "ciso", "2027-01-01", "right: read"),
        )
    )
    assert found(tmp_path, waivers_yaml=text) == [
        "policies/waivers.yaml:3 warning waiver-expired",
        "policies/waivers.yaml:4 error waiver-without-approver",
        "policies/waivers.yaml:5 error waiver-unknown-class",
        "policies/waivers.yaml:6 error waiver-unknown-right",
    ]


def test_groupings_that_nobody_reads(tmp_path: Path) -> None:
    model = MODEL.replace("g = _, _", "g = _, _\ng2 = _, _")
    lines = GOOD + "g2, payroll, pay\n"
    assert found(tmp_path, model_conf=model, policy_csv=lines) == [
        "policies/policy.csv:0 warning grouping-not-read"
    ]
