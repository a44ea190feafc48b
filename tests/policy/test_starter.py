"""The policies that ship are sound by their own lint and tests."""

from pathlib import Path

import pytest

from app.core.verdicts import Policies
from app.policy.lint import lint
from app.policy.loading import load_policies
from app.policy.ordinary_names import ORDINARY_NAMES
from app.policy.patterns import matching
from app.policy.testing import run_tests

STARTER = Path(__file__).parents[2] / "policies"
MONITORING = {
    "employee-keystrokes",
    "employee-messages",
    "employee-screen-transcripts",
    "employee-audio-transcripts",
    "employee-ai-prompts",
    "employee-performance",
}


@pytest.fixture(scope="module")
def starter() -> Policies:
    return load_policies(STARTER)


def test_the_starter_has_the_classes_of_the_incident(starter: Policies) -> None:
    classes = {known.name: known for known in starter.classification.classes}
    assert set(classes) >= {*MONITORING, "payroll", "health", "credentials", "customer-pii"}
    assert {classes[name].tier for name in MONITORING} == {"restricted"}
    assert all(known.max_people and known.notify for known in classes.values())


def test_the_starter_is_clean_by_its_own_lint(starter: Policies) -> None:
    assert lint(starter) == ()


def test_the_starter_passes_its_own_tests(starter: Policies) -> None:
    outcomes = run_tests(starter)
    assert [str(outcome) for outcome in outcomes if not outcome.passed] == []
    assert len(outcomes) >= 40


def test_no_rule_of_the_starter_takes_an_ordinary_name(starter: Policies) -> None:
    """A rule on one field alone gives no class to what every lake is full of."""
    taken = []
    for rule in starter.classification.rules:
        asked = {
            field: patterns
            for field in ("databases", "tables", "columns")
            if (patterns := getattr(rule, field))
        }
        if len(asked) == 1:
            ((field, patterns),) = asked.items()
            names = ORDINARY_NAMES[field]
            taken += [(rule.rule, name) for one in patterns for name in matching(one, names)]
    assert taken == []


@pytest.mark.parametrize(
    ("tier", "reach", "right", "severity"),
    [
        ("restricted", "everyone", "select", "SEV0"),
        ("confidential", "everyone", "select", "SEV1"),
        ("restricted", "over-contract", "select", "SEV1"),
        ("restricted", "many", "select", "SEV1"),
        ("restricted", "few", "select", "SEV2"),
        ("restricted", "everyone", "insert", "SEV1"),
        ("restricted", "few", "delegate", "SEV3"),
        ("unclassified", "everyone", "select", "SEV3"),
        ("unclassified", "few", "select", None),
        ("public", "everyone", "select", None),
        ("restricted", "everyone", "alter", None),
    ],
)
def test_severities(
    starter: Policies, tier: str, reach: str, right: str, severity: str | None
) -> None:
    assert starter.severity.severity(tier, reach, right) == severity


def test_only_rights_to_data_are_judged(starter: Policies) -> None:
    judged = starter.severity.judged_rights
    assert judged == ("delegate", "delete", "insert", "select", "update")
