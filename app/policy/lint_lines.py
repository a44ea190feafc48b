"""The lint's checks of policy.csv."""

from collections.abc import Iterator

from app.core.verdicts import PolicyLine
from app.policy.enforcing import in_casbin_order, needs_population
from app.policy.findings import ERROR, WARNING, Finding, Linted
from app.policy.subjects import EVERYONE


def _at(line: PolicyLine, rule: str, severity: str, message: str, mend: str) -> Finding:
    return Finding(line.file, line.line, rule, severity, message, mend)


def role_audiences(linted: Linted) -> Iterator[Finding]:
    """A role in the lake is what is audited, not who should."""
    for line in linted.lines:
        if linted.audience(line).startswith("role:"):
            yield _at(
                line,
                "role-audience",
                WARNING,
                f"{linted.audience(line)} is a role of the lake: whoever is granted it is allowed",
                "Name the group of the directory that should have it",
            )


def unknown_audiences(linted: Linted) -> Iterator[Finding]:
    """An audience that the directory and the lake do not know allows nobody."""
    people = linted.population
    if people is None:
        return
    known = {"user": set(people.users), "group": set(people.groups), "role": set(people.roles)}
    known["group"] |= {*people.opaque}
    by_hand = {name for row in linted.policies.hand_groupings.get("g", ()) for name in row}
    for line in linted.lines:
        kind, _, name = linted.audience(line).partition(":")
        if kind in known and name not in known[kind] and linted.audience(line) not in by_hand:
            yield _at(
                line,
                "unknown-audience",
                WARNING,
                f"the lake and its directory know no {kind} {name}",
                "Mend the name, or drop the line",
            )


def lines_that_never_match(linted: Linted) -> Iterator[Finding]:
    """A line that speaks of no class and right."""
    for line, pairs in linted.covered.items():
        if not pairs:
            yield _at(
                line,
                "never-matches",
                WARNING,
                "the line matches no class and right of any request",
                "Mend its values, or drop it",
            )


def shadowed_lines(linted: Linted) -> Iterator[Finding]:
    """A line that says what another one says already."""
    if needs_population(linted.policies):
        return
    ordered = in_casbin_order(linted.model, linted.lines, tuple)
    first_wins = linted.model.effect.startswith("priority")
    for position, line in enumerate(ordered):
        others = ordered[:position] if first_wins else ordered
        for other in others:
            if other is not line and _shadows(linted, other, line, first_wins):
                twice = other.values == line.values
                yield _at(
                    line,
                    "duplicate-line" if twice else "shadowed-line",
                    WARNING,
                    f"line {other.line} says this already"
                    if twice or not first_wins
                    else f"line {other.line} decides before this line can",
                    "Drop one of them",
                )
                break


def _shadows(linted: Linted, other: PolicyLine, line: PolicyLine, first_wins: bool) -> bool:
    fields = linted.model.fields
    if not {"sub", "cls", "act", "eft", "priority"} >= set(fields):
        return False
    if linted.audience(other) not in (linted.audience(line), EVERYONE):
        return False
    if not first_wins and linted.effect(other) != linted.effect(line):
        return False
    mine, its = linted.covered[line], linted.covered[other]
    same = mine == its and linted.audience(other) == linted.audience(line)
    if same and not first_wins and other.line > line.line:
        return False
    return bool(mine) and mine <= its


def restricted_to_everyone(linted: Linted) -> Iterator[Finding]:
    """Restricted data that policy itself opens to everyone."""
    restricted = {
        known.name for known in linted.policies.classification.classes if known.tier == "restricted"
    }
    for line, pairs in linted.covered.items():
        opened = sorted({name for name, _ in pairs} & restricted)
        if opened and linted.audience(line) == EVERYONE and linted.effect(line) == "allow":
            yield _at(
                line,
                "restricted-to-everyone",
                ERROR,
                f"the line allows restricted data to everyone: {', '.join(opened)}",
                "Name a group, or lower the class's tier",
            )


def unread_groupings(linted: Linted) -> Iterator[Finding]:
    """Groupings by hand that the matcher never asks about."""
    policies = linted.policies
    for key, rows in policies.hand_groupings.items():
        if rows and f"{key}(" not in linted.model.matcher.replace(" ", ""):
            file = policies.lines[0].file
            yield Finding(
                file,
                0,
                "grouping-not-read",
                WARNING,
                f"the matcher never calls {key}: its {len(rows)} lines mean nothing",
                f"Write {key}(…) in the matcher, or drop the lines",
            )
