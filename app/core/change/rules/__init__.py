"""The rules of a check: what is wrong with a change, one finding for what one line does."""

from app.core.change.applying import Change
from app.core.change.rules.catalogue import NEW_EXPOSURE, RULES
from app.core.change.rules.judged import JudgedChange
from app.core.change.rules.openings import find_openings
from app.core.change.rules.revokes import find_revokes
from app.core.change.rules.statements import (
    find_owners,
    find_redundant,
    find_unjudged,
    find_unknown_principals,
)
from app.core.findings import Finding
from app.core.lake_view import LakeView
from app.core.verdicts import Policies

__all__ = ["RULES", "find"]


def find(change: Change, before: LakeView, policies: Policies) -> list[Finding]:
    """What is wrong with a change, by file and statement, the gravest first.

    before: the lake as it is; the change carries it with its own names added, and that is
    what is compared. Several rules that say the same of one statement are one finding.
    """
    judged = JudgedChange(change, policies)
    unknown = list(find_unknown_principals(judged))
    named = {(each.file, each.statement, each.principal) for each in unknown}
    opened = [
        each
        for each in find_openings(judged)
        if each.rule != NEW_EXPOSURE or (each.file, each.statement, each.principal) not in named
    ]
    found = [
        *find_unjudged(judged),
        *unknown,
        *opened,
        *find_owners(judged),
        *find_revokes(judged),
        *find_redundant(judged),
    ]
    return sorted(found, key=_order)


def _order(each: Finding) -> tuple[object, ...]:
    return (
        each.file,
        each.statement,
        each.severity,
        each.span.start,
        each.rule,
        each.principal,
        each.object,
    )
