"""`policy test`: small lakes and expected verdicts."""

from pathlib import Path

import pytest

from app.core.errors import PolicyError
from app.policy import testing
from app.policy.testing import Outcome, run_tests
from tests.policy.folders import POLICY, load, write

LAKE = """\
people: [ann, bob]
services: [etl]
leavers: [zoe]
groups:
  hr: [ann, group:pay-team, group:vendor]
  pay-team: [etl]
opaque_groups: [vendor]
roles:
  reader: [group:hr, everyone]
"""


def run(folder: Path, text: str, policy: str = POLICY) -> list[Outcome]:
    root = write(folder, {"policy.csv": policy})
    (root / "tests").mkdir()
    (root / "tests" / "hr.yaml").write_text(text, encoding="utf-8")
    return list(run_tests(load(folder, policy_csv=policy)))


def test_what_was_expected_comes(tmp_path: Path) -> None:
    outcomes = run(
        tmp_path,
        LAKE
        + "allow:\n- {user: [ann, etl, 'group:vendor'], class: payroll, right: select}\n"
        + "deny:\n- {user: [bob, zoe, anyone], class: payroll, right: [select, insert]}\n"
        + "- {user: ann, class: [payroll, health], right: select}\n",
    )
    assert all(outcome.passed for outcome in outcomes)
    assert len(outcomes) == 3 + 6 + 1
    assert str(outcomes[0]) == (
        "policies/tests/hr.yaml:11: user:ann select payroll: allow, as expected"
    )


def test_what_was_not_expected_is_said(tmp_path: Path) -> None:
    policy = POLICY + "p, role:reader, health, select, allow\np, user:ann, health, *, deny\n"
    outcomes = run(
        tmp_path,
        LAKE
        + "deny:\n- {user: [ann, bob], class: [payroll], right: select}\n"
        + "allow:\n- {user: [ann, bob], class: [health, payroll], right: select}\n",
        policy,
    )
    assert [str(outcome) for outcome in outcomes if not outcome.passed] == [
        "policies/tests/hr.yaml:13: user:ann select health + payroll: expected allow, got deny "
        "(policies/policy.csv:3: p, user:ann, health, *, deny)",
        "policies/tests/hr.yaml:13: user:bob select health + payroll: expected allow, got deny "
        "(no line decides)",
        "policies/tests/hr.yaml:11: user:ann select payroll: expected deny, got allow "
        "(policies/policy.csv:1: p, group:hr, payroll, select, allow)",
    ]


def test_a_disagreement_fails_whatever_was_expected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(testing, "reference_enforce", lambda *_: lambda *_: False)
    (outcome,) = run(tmp_path, LAKE + "allow:\n- {user: ann, class: payroll, right: select}\n")
    assert not outcome.passed
    assert outcome.got == "disagreement"
    assert "disagree" in str(outcome)


EXPECTED = "allow:\n- {user: ann, class: payroll, right: select}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAKE, "hr.yaml:1: the test expects nothing. Add an `allow:` or a `deny:` list"),
        (
            LAKE + EXPECTED.replace("ann", "anne"),
            "11: `anne` is no user of this lake. Did you mean",
        ),
        (LAKE + EXPECTED.replace("payroll", "pay"), "11: `pay` is no data class"),
        (LAKE + EXPECTED.replace("select", "read"), "11: `read` is no right"),
        (LAKE + EXPECTED.replace("right", "rights"), "11: an expectation has no key `rights`"),
        (LAKE + EXPECTED.replace("class: payroll, ", ""), "11: an expectation has no class"),
        (LAKE + "allow: {user: ann}\n", "10: `allow` must be a list"),
        (LAKE.replace("services: [etl]", "services: []") + EXPECTED, "6: `etl` is nobody of this"),
        (LAKE.replace("zoe", "ann") + EXPECTED, "`ann` is listed twice"),
        (
            LAKE.replace("reader: [group:hr", "reader: [group:hx") + EXPECTED,
            "`group:hx` is nobody of",
        ),
        (LAKE + "tables: {}\n" + EXPECTED, "10: a policy test has no key `tables`"),
    ],
)
def test_broken_tests_are_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(PolicyError) as refused:
        run(tmp_path, text)
    assert message in str(refused.value)
    assert str(refused.value).startswith("policies/tests/hr.yaml:")


def test_no_tests_are_no_outcomes(tmp_path: Path) -> None:
    assert run_tests(load(tmp_path)) == ()
