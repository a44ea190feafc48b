"""Every rule of the check: those of statements, and those about the check itself."""

from collections.abc import Mapping

from app.core.findings import CANNOT_JUDGE, Finding, Rule
from app.core.policy_change import POLICY_RULES
from app.core.statements.types import Span

STALE_SNAPSHOT, PARTIAL_SNAPSHOT = "stale-snapshot", "partial-snapshot"
POLICY_UNREADABLE = "policy-unreadable"
UNPARSED_STATEMENT = "unparsed-statement"

#: Where a finding about a whole file stands: its first character.
BEGINNING = Span(1, 1, 1, 2, 0, 1)

_OWN = (
    Rule(
        STALE_SNAPSHOT,
        "The snapshot is older than the check allows",
        "The lake may have changed since: what the change does to it cannot be judged.",
    ),
    Rule(
        PARTIAL_SNAPSHOT,
        "Grants of the lake were not read",
        "The snapshot has gaps where grants stand, so nobody knows who holds what already.",
    ),
    Rule(
        POLICY_UNREADABLE,
        "The policies of the change cannot be read",
        "What they would allow or flag cannot be judged.",
    ),
)


def every_rule() -> Mapping[str, Rule]:
    """Rules by id, sorted."""
    from app.core.change.rules import RULES

    found = {rule.id: rule for rule in (*RULES.values(), *_OWN, *POLICY_RULES)}
    return dict(sorted(found.items()))


def cannot_judge(rule: str, message: str, file: str, mend: str, span: Span = BEGINNING) -> Finding:
    """A finding that makes the exit code 2."""
    return Finding(
        rule=rule,
        severity=CANNOT_JUDGE,
        message=message,
        file=file,
        statement=0,
        span=span,
        mend=mend,
    )
