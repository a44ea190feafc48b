"""The lint's checks of classes.yaml and waivers.yaml."""

from collections.abc import Iterator
from datetime import date

from app.core.classes import UNCLASSIFIED, DataClass, NamePattern
from app.core.names import RIGHTS
from app.policy.findings import ERROR, WARNING, Finding, Linted
from app.policy.ordinary_names import ORDINARY_NAMES
from app.policy.patterns import matching

_ORDINARY_ENOUGH = 3
_PROBES = ("a", "zq_17x", "x y-0", "\u00fcml\u00e4ut")
_NAME_FIELDS = ("catalogs", "databases", "tables", "columns", "owners", "locations", "tags")


def _of(known: DataClass, rule: str, severity: str, message: str, mend: str) -> Finding:
    return Finding(known.file, known.line, rule, severity, message, mend)


def classes_without_policy(linted: Linted) -> Iterator[Finding]:
    """A class that no line allows to anybody: every access to it is an exposure."""
    if linted.model.effect.startswith("!"):
        return
    allowed = {
        data_class
        for line, pairs in linted.covered.items()
        if linted.effect(line) == "allow"
        for data_class, _ in pairs
    }
    for known in linted.policies.classification.classes:
        if known.name not in allowed:
            yield _of(
                known,
                "class-without-policy",
                WARNING,
                f"no line of policy.csv allows {known.name} to anybody",
                f"Add `p, group:…, {known.name}, select, allow`",
            )


def classes_without_rule(linted: Linted) -> Iterator[Finding]:
    """A class that nothing is ever given."""
    assigned = {rule.data_class for rule in linted.policies.classification.rules}
    for known in linted.policies.classification.classes:
        if known.name not in assigned:
            yield _of(
                known,
                "class-without-rule",
                WARNING,
                f"no rule gives any table the class {known.name}",
                "Add rules to it, or drop it",
            )


def contracts(linted: Linted) -> Iterator[Finding]:
    """Contracts that are missing where they matter, or tell nobody."""
    for known in linted.policies.classification.classes:
        if known.max_people is not None and not known.notify:
            yield _of(
                known,
                "contract-without-notify",
                WARNING,
                f"the contract of {known.name} tells nobody when it is broken",
                "Add `notify` to it",
            )
        if known.tier == "restricted" and known.max_people is None:
            yield _of(
                known,
                "restricted-without-contract",
                WARNING,
                f"{known.name} is restricted and says no number of people",
                "Add `contract` with `max_people`",
            )


def wide_patterns(linted: Linted) -> Iterator[Finding]:
    """Patterns that match everything, or names that every lake is full of."""
    for rule in linted.policies.classification.rules:
        for field in _NAME_FIELDS:
            patterns: tuple[NamePattern, ...] = getattr(rule, field)
            for pattern in patterns:
                found = _too_wide(pattern, field)
                if found:
                    severity, message = found
                    yield Finding(
                        rule.file,
                        rule.line,
                        "pattern-too-wide",
                        severity,
                        f"the pattern {pattern.written} of {field} in {rule.rule} {message}",
                        "Make it sharper, or drop the field if it should not be asked about",
                    )


def _too_wide(pattern: NamePattern, field: str) -> tuple[str, str] | None:
    if len(matching(pattern, _PROBES)) == len(_PROBES):
        return ERROR, "matches everything"
    ordinary = matching(pattern, ORDINARY_NAMES.get(field, ()))
    if len(ordinary) >= _ORDINARY_ENOUGH:
        return WARNING, f"matches ordinary names such as {', '.join(ordinary[:3])}"
    return None


def waivers(linted: Linted) -> Iterator[Finding]:
    """Waivers that hold no longer, that nobody approved, or that name nothing."""
    known = {data_class.name for data_class in linted.policies.classification.classes}
    for waiver in linted.policies.waivers:

        def found(rule: str, severity: str, message: str, mend: str) -> Finding:
            return Finding(waiver.file, waiver.line, rule, severity, message, mend)  # noqa: B023

        name = f"the waiver {waiver.waiver}"
        if date.fromisoformat(waiver.expires) < linted.today:
            mend = "Drop it, or have it approved again with a later date"
            yield found(
                "waiver-expired",
                WARNING,
                f"{name} ended on {waiver.expires}: it waives nothing",
                mend,
            )
        if not waiver.approver:
            yield found(
                "waiver-without-approver", ERROR, f"{name} has no approver", "Add `approver`"
            )
        if waiver.scope.get("class", UNCLASSIFIED) not in {*known, UNCLASSIFIED}:
            mend = "Mend the name of the class"
            yield found(
                "waiver-unknown-class", ERROR, f"{name} is for a class that does not exist", mend
            )
        if waiver.scope.get("right", RIGHTS[0]) not in RIGHTS:
            mend = f"Rights: {', '.join(RIGHTS)}"
            yield found(
                "waiver-unknown-right", ERROR, f"{name} is for a right that does not exist", mend
            )
