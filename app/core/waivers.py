"""Waivers: which exposures each covers, which of them hold, and which incidents they quiet.

A waiver covers an exposure when everything that it names is so of the whole exposure: of
several classes, or several principals whose grants do it, all must be the named one, else
it would hide what nobody waived. An incident is quiet when every one of its exposures is
covered by a waiver that holds. A waiver holds until the end of its last day, while it has
an approver, and while all that it covers stays within its bounds. Where a waiver of the
file covers an exposure, those made through the API do not count for it: the file wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from app.core.names import show
from app.core.verdicts import Waiver

FILE, API = "file", "api"

IN_FORCE, EXPIRED, OUTGROWN, NOT_APPROVED = "in-force", "expired", "outgrown", "not-approved"
WAIVER_STATUSES = (IN_FORCE, EXPIRED, OUTGROWN, NOT_APPROVED)

#: What a scope may name; `incident` only where the API or the command line made it.
SCOPE_KEYS = (
    "lake",
    "catalog",
    "database",
    "table",
    "class",
    "tier",
    "right",
    "kind",
    "principal",
    "exposure",
    "incident",
)


@dataclass(frozen=True, slots=True)
class SourcedWaiver:
    """A waiver and where it is from: file or api."""

    waiver: Waiver
    source: str


@dataclass(frozen=True, slots=True)
class MeasuredWaiver:
    """A waiver, whether it holds, and how much it covers in the newest run."""

    waiver: Waiver
    source: str
    status: str  # one of WAIVER_STATUSES
    exposures: int
    tables: int
    people: int | None  # who can and should not; None: a group of unknown size is among them

    @property
    def matches_nothing(self) -> bool:
        """Whether there is nothing that it could waive."""
        return self.exposures == 0

    @property
    def why_not(self) -> str:
        """Why it does not hold, in words; empty where it does."""
        waiver, name = self.waiver, f"waiver {show(self.waiver.waiver)}"
        if self.status == EXPIRED:
            return f"{name} ended on {waiver.expires}"
        if self.status == NOT_APPROVED:
            return f"{name} has no approver"
        if self.status == OUTGROWN:
            people = "an unknown number of people" if self.people is None else self.people
            return (
                f"{name} is outgrown: {self.tables:,} tables and {people} people, of at most "
                f"{_bound(waiver.max_tables)} and {_bound(waiver.max_people)}"
            )
        return ""


@dataclass(frozen=True)
class WaiverVerdicts:
    """What the waivers of a lake come to on one run.

    holding: incident → the waivers that keep it quiet; only incidents that are quiet.
    """

    measured: tuple[MeasuredWaiver, ...] = ()
    holding: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def all_in_force(self, ids: Sequence[str]) -> bool:
        """Whether all of these waivers still hold."""
        holding = {each.waiver.waiver for each in self.measured if each.status == IN_FORCE}
        return bool(ids) and set(ids) <= holding

    def words(self, ids: Sequence[str]) -> str:
        """Waivers as a person reads them: id, reason, approver, last day."""
        return "; ".join(
            f"{show(each.waiver.waiver)} until {each.waiver.expires}: "
            f"{show(each.waiver.reason)} (approved by {show(each.waiver.approver)})"
            for each in self.measured
            if each.waiver.waiver in ids
        )

    def why_not(self, ids: Sequence[str]) -> str:
        """Why these waivers keep an incident quiet no longer."""
        known = {each.waiver.waiver: each for each in self.measured}
        said = []
        for name in ids:
            measured = known.get(name)
            if measured is None:
                said.append(f"waiver {show(name)} was taken back")
            elif measured.why_not:
                said.append(measured.why_not)
        return "; ".join(said) or f"waiver {show(', '.join(ids))} no longer covers all of it"

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody who looks after the waivers has to know."""
        said = [each.why_not for each in self.measured if each.why_not]
        said += [
            f"waiver {show(each.waiver.waiver)} matches nothing: {_place(each)}"
            for each in self.measured
            if each.matches_nothing
        ]
        return tuple(said)


NOTHING_WAIVED = WaiverVerdicts()


def _bound(bound: int | None) -> str:
    return "any" if bound is None else f"{bound:,}"


def _place(each: MeasuredWaiver) -> str:
    if each.source == FILE:
        return f"{each.waiver.file}:{each.waiver.line}"
    return "made through the API"
