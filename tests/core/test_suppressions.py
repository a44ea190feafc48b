"""Comments, waivers and the baseline: what answers for a finding, and what does not."""

import json
from datetime import date
from typing import Any

import pytest

from app.core.baseline import (
    Baseline,
    answer_by_baseline,
    finding_key,
    read_baseline,
    write_baseline,
)
from app.core.errors import CheckInputError
from app.core.exposures import exposure_id
from app.core.findings import CANNOT_JUDGE, Finding
from app.core.statements.types import NoEffect, Span, Statement
from app.core.suppressions import (
    Suppression,
    answer_by_comments,
    suppressions_in,
)
from app.core.verdicts import Waiver
from app.core.waived_findings import answer_by_waivers

RULES = {"new-exposure": None, "redundant-grant": None, "exposure-to-everyone": None}
TODAY = date(2026, 6, 15)
GOOD = 'lakewarden: allow new-exposure until=2026-06-15 reason="until the cut-over"'


def statements(text: str) -> list[Statement]:
    """Statements `S1;`, `S2;` … of a text, with the spans that a parser gives them."""
    found: list[Statement] = []
    start = text.find("S")
    while start >= 0:
        end = text.index(";", start)
        place = Span(1, 1, 1, 2, start, end)
        number = len(found) + 1
        found.append(NoEffect("f.sql", number, "hive", place, text[start:end], "nothing"))
        start = text.find("S", end)
    return found


def read(text: str) -> list[Suppression]:
    """The suppressions of a text."""
    return suppressions_in(text, statements(text), "f.sql", RULES)


def finding(**more: Any) -> Finding:
    """A finding about the first statement."""
    given: dict[str, Any] = {
        "rule": "new-exposure",
        "severity": "SEV2",
        "message": "it opens something",
        "file": "f.sql",
        "statement": 1,
        "span": Span(1, 1, 1, 2),
        "principal": "role:readers",
        "object": "hr.salaries",
        "right": "select",
        "people": 4,
        "objects": 1,
        "classes": ("payroll",),
    }
    return Finding(**{**given, **more})


# Comments


@pytest.mark.parametrize(
    "text",
    [
        f"-- {GOOD}\nS1;",
        f"--{GOOD}\r\n\r\n-- something else\r\nS1;\r\n",
        f"/* {GOOD} */ S1;",
        f"\ufeff/*\n {GOOD}\n*/\nS1;",
        f"-- {GOOD.upper().replace('ALLOW NEW-EXPOSURE', 'allow new-exposure').replace('UNTIL=', 'until=').replace('REASON=', 'reason=')}\nS1;",  # noqa: E501
    ],
)
def test_a_comment_above_a_statement_is_read(text: str) -> None:
    (found,) = read(text)
    assert (found.statement, found.rule, found.until) == (1, "new-exposure", "2026-06-15")
    assert found.reason.lower() == "until the cut-over"
    assert not found.problem


def test_each_comment_belongs_to_the_statement_below_it() -> None:
    text = f"-- {GOOD}\n-- {GOOD.replace('new-exposure', 'redundant-grant')}\nS1;\n\n-- {GOOD}\nS2;"
    found = read(text)
    assert [(each.statement, each.rule, each.line) for each in found] == [
        (1, "new-exposure", 1),
        (1, "redundant-grant", 2),
        (2, "new-exposure", 5),
    ]


@pytest.mark.parametrize(
    ("comment", "problem"),
    [
        ("lakewarden: allow new-exposure until=2026-06-15", "no reason="),
        ('lakewarden: allow new-exposure reason="x"', "no until="),
        ('lakewarden: allow new-exposure until=2026-06-15 reason=""', "no reason="),
        ('lakewarden: allow new-exposure until=2026-06-31 reason="x"', "is no day"),
        ('lakewarden: allow new-exposure until=20260615 reason="x"', "is no day"),
        ('lakewarden: allow every-thing until=2026-06-15 reason="x"', "is no rule"),
        ('lakewarden: ignore new-exposure until=2026-06-15 reason="x"', "cannot be read"),
        ('lakewarden: allow new-exposure x until=2026-06-15 reason="x"', "cannot be read"),
        ('lakewarden: allow new-exposure who=me until=2026-06-15 reason="x"', "cannot be read"),
        ("lakewarden:", "cannot be read"),
    ],
)
def test_a_malformed_comment_says_what_is_wrong_and_answers_for_nothing(
    comment: str, problem: str
) -> None:
    (found,) = read(f"-- {comment}\nS1;")
    assert problem in found.problem
    answered = answer_by_comments([finding()], [found], TODAY)
    assert [each.rule for each in answered.findings] == ["new-exposure"]
    assert problem in answered.notes[0]


def test_other_comments_and_words_in_strings_are_nobodys_business() -> None:
    assert read("-- the lakewarden: allow new-exposure is a tool\nS1;") == []
    assert read(f"S1 '-- {GOOD}';") == []
    assert read(f"S1 -- {GOOD}\n;") == []


def test_a_comment_below_the_last_statement_is_said() -> None:
    (found,) = read(f"S1;\n-- {GOOD}\n")
    assert (found.statement, found.problem) == (0, "no statement stands below it")


def test_a_comment_holds_through_its_last_day_and_not_after() -> None:
    comments = read(f"-- {GOOD}\nS1;")
    held = answer_by_comments([finding()], comments, TODAY)
    assert (held.findings, held.notes) == ((), ())
    assert "line 1 until 2026-06-15: until the cut-over" in held.suppressed[0].suppressed
    over = answer_by_comments([finding()], comments, date(2026, 6, 16))
    assert over.suppressed == ()
    assert "expired on 2026-06-15" in over.findings[0].message
    assert "expired on 2026-06-15" in over.notes[0]


@pytest.mark.parametrize(
    ("severity", "words"),
    [
        ("SEV0", "needs a waiver"),
        ("SEV1", "needs a waiver"),
        (CANNOT_JUDGE, "cannot be judged"),
    ],
)
def test_what_is_grave_or_unknown_takes_no_comment(severity: str, words: str) -> None:
    answered = answer_by_comments([finding(severity=severity)], read(f"-- {GOOD}\nS1;"), TODAY)
    assert answered.suppressed == ()
    assert words in answered.findings[0].message
    assert words in answered.notes[0]


def test_a_comment_answers_for_its_own_statement_rule_and_file_only() -> None:
    comments = read(f"-- {GOOD}\nS1;\nS2;")
    others = [finding(statement=2), finding(rule="redundant-grant"), finding(file="g.sql")]
    answered = answer_by_comments(others, comments, TODAY)
    assert list(answered.findings) == others
    assert "answers for no finding any more" in answered.notes[0]


# Waivers


def waiver(**more: Any) -> Waiver:
    """A waiver that holds for payroll's database."""
    given: dict[str, Any] = {
        "waiver": "2026-07-migration",
        "reason": "until the cut-over",
        "approver": "ciso@example.com",
        "expires": "2026-06-15",
        "scope": {"database": "hr"},
        "file": "policies/waivers.yaml",
        "line": 3,
    }
    return Waiver(**{**given, **more})


def waived(one: Finding, by: Waiver) -> tuple[bool, tuple[str, ...]]:
    """Whether a waiver answers for a finding, and what is said."""
    answered = answer_by_waivers([one], [by], "main", {"payroll": "restricted"}, TODAY)
    assert len(answered.findings) + len(answered.suppressed) == 1
    return bool(answered.suppressed), answered.notes


def test_a_waiver_answers_for_what_a_comment_cannot() -> None:
    answered = answer_by_waivers([finding(severity="SEV0")], [waiver()], "main", {}, TODAY)
    said = answered.suppressed[0].suppressed
    assert "2026-07-migration (ciso@example.com, until 2026-06-15)" in said


@pytest.mark.parametrize(
    ("scope", "holds"),
    [
        ({"lake": "main"}, True),
        ({"lake": "other"}, False),
        ({"catalog": "hive", "database": "HR"}, True),
        ({"catalog": "spark"}, False),
        ({"database": "hr", "table": "salaries"}, True),
        ({"table": "hr.salaries"}, True),
        ({"table": "bonuses"}, False),
        ({"class": "payroll"}, True),
        ({"class": "health"}, False),
        ({"tier": "restricted"}, True),
        ({"tier": "internal"}, False),
        ({"right": "select"}, True),
        ({"right": "insert"}, False),
        ({"kind": "not-allowed"}, True),
        ({"kind": "everyone"}, False),
        ({"principal": "role:readers"}, True),
        ({"principal": "role:writers"}, False),
        (
            {"exposure": exposure_id("main", "table", ("hive", "hr", "salaries"), "select")},
            True,
        ),
        ({"exposure": "0" * 16}, False),
        ({"database": "hr", "right": "insert"}, False),
    ],
)
def test_a_waivers_scope(scope: dict[str, str], holds: bool) -> None:
    assert waived(finding(), waiver(scope=scope))[0] is holds


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"approver": ""}, "has no approver"),
        ({"expires": "2026-06-14"}, "expired on 2026-06-14"),
        ({"max_people": 3}, "3 people at most, here are 4"),
        ({"max_tables": 1}, "1 tables at most, here are 2"),
    ],
)
def test_a_waiver_that_does_not_hold_is_said(more: dict[str, Any], words: str) -> None:
    two = finding(objects=2, object="", objects_sample=("hr.a", "hr.b"))
    holds, notes = waived(two, waiver(**more))
    assert not holds
    assert words in notes[0]


def test_a_waiver_must_cover_every_object_of_a_finding() -> None:
    some = finding(object="", objects=2, objects_sample=("hr.a", "crm.b"))
    assert not waived(some, waiver())[0]
    not_all_named = finding(object="", objects=9, objects_sample=("hr.a", "hr.b"))
    assert not waived(not_all_named, waiver())[0]
    mixed = finding(classes=("payroll", "health"))
    assert not waived(mixed, waiver(scope={"class": "payroll"}))[0]


def test_no_waiver_answers_for_what_cannot_be_judged() -> None:
    assert not waived(finding(severity=CANNOT_JUDGE), waiver(scope={"lake": "main"}))[0]


# The baseline


def test_a_baseline_covers_what_it_was_written_from_wherever_it_moves() -> None:
    text = write_baseline([finding(), finding(rule="redundant-grant")])
    baseline = read_baseline(text, "b.json")
    moved = finding(statement=7, span=Span(9, 9, 9, 12), people=900, message="other")
    answered = answer_by_baseline([moved], baseline)
    assert answered.findings == ()
    assert answered.suppressed[0].suppressed == "in the baseline b.json"
    assert len(answered.notes) == 1
    assert "redundant-grant, role:readers, hr.salaries, select" in answered.notes[0]


@pytest.mark.parametrize("field", ["rule", "principal", "object", "right"])
def test_a_baseline_covers_nothing_else(field: str) -> None:
    baseline = Baseline("b.json", frozenset({finding_key(finding())}))
    other = finding(**{field: "other"})
    assert answer_by_baseline([other], baseline).findings == (other,)


def test_what_cannot_be_judged_is_in_no_baseline() -> None:
    unknown = finding(severity=CANNOT_JUDGE)
    assert json.loads(write_baseline([unknown]))["findings"] == []
    baseline = Baseline("b.json", frozenset({finding_key(unknown)}))
    assert answer_by_baseline([unknown], baseline).findings == (unknown,)


def test_a_baseline_is_the_same_for_the_same_findings() -> None:
    some = [finding(object=f"hr.t{number}") for number in range(5)]
    assert write_baseline(some) == write_baseline([*reversed(some), some[0]])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "no baseline of this version"),
        ('{"schema": "lakewarden/check-baseline/v2"}', "no baseline of this version"),
        ('{"schema": "lakewarden/check-baseline/v1"}', "no list"),
        ('{"schema": "lakewarden/check-baseline/v1", "findings": [{}]}', "entry 0"),
        (
            '{"schema": "lakewarden/check-baseline/v1", "findings": [{"rule": "", '
            '"principal": "", "object": "", "right": ""}]}',
            "entry 0",
        ),
    ],
)
def test_a_broken_baseline_is_refused(text: str, words: str) -> None:
    with pytest.raises(CheckInputError, match=words):
        read_baseline(text, "b.json")
