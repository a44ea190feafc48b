"""Findings that a waiver in the policies of the base answers for, with its approver."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date

from app.core.exposures import (
    CAN_DELEGATE,
    EVERYONE,
    NOT_ALLOWED,
    OVER_HEAD_COUNT,
    UNCLASSIFIED_OPEN,
    exposure_id,
)
from app.core.findings import CANNOT_JUDGE, Finding
from app.core.names import DEFAULT_CATALOG, fold, parse_object, show
from app.core.suppressions import Answered, day_of
from app.core.verdicts import Waiver

#: Rules and the kind of exposure that a waiver names for them.
KIND_OF_RULE = {
    "new-exposure": NOT_ALLOWED,
    "exposure-to-everyone": EVERYONE,
    "head-count-over-contract": OVER_HEAD_COUNT,
    "unclassified-opened-wide": UNCLASSIFIED_OPEN,
    "grant-option-on-sensitive": CAN_DELEGATE,
}


def answer_by_waivers(
    findings: Iterable[Finding],
    waivers: Sequence[Waiver],
    lake: str,
    tiers: Mapping[str, str],
    today: date,
) -> Answered:
    """Take out what a waiver of the base answers for. tiers: of each data class."""
    left: list[Finding] = []
    answered: list[Finding] = []
    notes: list[str] = []
    for finding in findings:
        why = ""
        for waiver in waivers:
            if not _covers(waiver, finding, lake, tiers):
                continue
            refused = _waiver_refusal(waiver, finding, today)
            if refused:
                notes.append(f"{waiver.file}:{waiver.line}: {refused}")
                continue
            why = f"waived by {waiver.waiver} ({waiver.approver}, until {waiver.expires}): "
            why += waiver.reason
            break
        if why:
            answered.append(replace(finding, suppressed=why))
        else:
            left.append(finding)
    return Answered(tuple(left), tuple(answered), tuple(dict.fromkeys(notes)))


def _waiver_refusal(waiver: Waiver, finding: Finding, today: date) -> str:
    named = f"the waiver {show(waiver.waiver)}"
    if not waiver.approver:
        return f"{named} has no approver, so it waives nothing"
    until = day_of(waiver.expires)
    if until is None or until < today:
        return f"{named} expired on {waiver.expires}"
    tables = max(finding.objects, 1)
    if waiver.max_tables is not None and tables > waiver.max_tables:
        return f"{named} is for {waiver.max_tables} tables at most, here are {tables:,}"
    if waiver.max_people is not None and finding.people > waiver.max_people:
        return f"{named} is for {waiver.max_people} people at most, here are {finding.people:,}"
    return ""


def _covers(waiver: Waiver, finding: Finding, lake: str, tiers: Mapping[str, str]) -> bool:
    """Whether everything that the finding is about lies within the waiver's scope."""
    if finding.severity in (CANNOT_JUDGE, "note"):
        return False
    return all(
        _within(key, value, finding, lake, tiers) for key, value in sorted(waiver.scope.items())
    )


def _within(key: str, value: str, finding: Finding, lake: str, tiers: Mapping[str, str]) -> bool:
    if key == "lake":
        return value == lake
    if key == "right":
        return bool(finding.right) and set(finding.right.split(", ")) == {value.lower()}
    if key == "principal":
        return value == finding.principal
    if key == "kind":
        return KIND_OF_RULE.get(finding.rule) == value
    if key == "class":
        return bool(finding.classes) and set(finding.classes) == {value}
    if key == "tier":
        return bool(finding.classes) and {tiers.get(name) for name in finding.classes} == {value}
    return _within_objects(key, value, finding, lake)


def _within_objects(key: str, value: str, finding: Finding, lake: str) -> bool:
    """Catalog, database, table or exposure: every object must be named to be covered."""
    named = finding.objects_sample or ((finding.object,) if finding.object else ())
    if not named or finding.objects > len(named):
        return False
    for text in named:
        name = parse_object(text)
        own = {
            "catalog": name.catalog or DEFAULT_CATALOG,
            "database": name.database,
            "table": name.table,
            "exposure": exposure_id(
                lake, "table", (name.catalog, name.database, name.table), finding.right
            ),
        }[key]
        wanted = value if key == "exposure" else fold(value)
        if own != wanted and not (key == "table" and wanted == f"{name.database}.{name.table}"):
            return False
    return True
