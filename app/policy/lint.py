"""`policy lint`: what is well-formed in a policies folder and still probably wrong.

Errors are what nobody can mean; warnings are what somebody should look at. A new check is
a function that yields findings and a line in CHECKS.
"""

from datetime import UTC, date, datetime

from app.core.population import Population
from app.core.verdicts import Policies
from app.policy import lint_classes, lint_lines
from app.policy.findings import Check, Finding, Linted

CHECKS: tuple[Check, ...] = (
    lint_lines.role_audiences,
    lint_lines.unknown_audiences,
    lint_lines.lines_that_never_match,
    lint_lines.shadowed_lines,
    lint_classes.classes_without_policy,
    lint_classes.classes_without_rule,
    lint_lines.restricted_to_everyone,
    lint_classes.contracts,
    lint_classes.wide_patterns,
    lint_classes.waivers,
    lint_lines.unread_groupings,
)


def lint(
    policies: Policies, population: Population | None = None, today: date | None = None
) -> tuple[Finding, ...]:
    """All findings, by file and line. With a population, audiences are looked up in it."""
    linted = Linted(policies, population, today or datetime.now(UTC).date())
    return tuple(sorted({finding for check in CHECKS for finding in check(linted)}))
