"""An incident as it lives on, and the events of its life."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.frozen import frozen
from app.core.incidents import REGRESSED, RESOLVED, FoundIncident, IncidentNumbers, Notice
from app.core.names import show
from app.core.verdicts import SEVERITIES

#: A state in which it is alive and nobody said anything; the others have their event's word.
OPEN = "open"

_COUNTS = ("exposures", "tables", "people", "services", "inactive", "unknown", "opaque_groups")
_SETS = ("kinds", "classes", "rights")
_TITLE_CLASSES = 4


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident in the state database. Times are UTC, ISO 8601, and for people only:
    what comes after what is told by `sequence` and by the ids of runs.
    """

    found: FoundIncident  # as the last run saw it that did
    state: str  # one of incidents.STATES
    first_seen: str  # when the first run began that saw it
    first_run: str
    opened_at: str  # when it opened, or last came back
    opened_run: str
    last_seen: str
    last_run: str
    widest: IncidentNumbers  # the most there ever were of each
    widest_at: str
    widest_run: str
    sequence: int = 0  # the number of its last event
    before_unknown: str = ""  # the state it had when a gap began to hide it
    waivers: tuple[str, ...] = ()  # those that keep it quiet; empty: it is not waived
    acknowledged_by: str = ""
    acknowledged_at: str = ""
    claimed_by: str = ""
    claimed_at: str = ""
    claimed_after: str = ""  # the newest run that had begun by then: only later ones tell
    resolved_at: str = ""
    resolved_run: str = ""
    regressions: int = 0
    told: int = 0  # how many of its events went out as notices

    @property
    def key(self) -> str:
        """What it is known by."""
        return self.found.key

    @property
    def alive(self) -> bool:
        """Whether it is not known to be closed."""
        return self.state != RESOLVED


@frozen
class Standing:
    """As little of a record as tells whether a run changes anything of it."""

    state: str
    waived: bool
    fingerprint: str  # of what the last run found that saw it


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One change of an incident. actor: who did it; empty: the audit saw it."""

    incident: str
    lake: str
    sequence: int
    kind: str  # one of incidents.EVENT_KINDS
    at: str
    run: str
    actor: str
    numbers: IncidentNumbers
    note: str = ""
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentChange:
    """What a step in an incident's life came to, to be written in one transaction."""

    record: IncidentRecord
    events: tuple[IncidentEvent, ...] = ()
    notices: tuple[Notice, ...] = ()


def numbers_of(found: FoundIncident) -> IncidentNumbers:
    """How bad it is as this run sees it."""
    return IncidentNumbers(found.severity, found.exposures, found.tables, found.people)


def gravest(first: str, second: str) -> str:
    """The graver of two severities."""
    return min(first, second, key=SEVERITIES.index)


def louder(severity: str) -> str:
    """One severity up, for what came back after it was closed."""
    return SEVERITIES[max(0, SEVERITIES.index(severity) - 1)]


def has_grown(before: FoundIncident, now: FoundIncident) -> bool:
    """Whether anything about it is worse: more of something, or something new."""
    return (
        SEVERITIES.index(now.severity) < SEVERITIES.index(before.severity)
        or (now.everyone and not before.everyone)
        or (before.in_doubt and not now.in_doubt)
        or any(getattr(now, name) > getattr(before, name) for name in _COUNTS)
        or any(set(getattr(now, name)) - set(getattr(before, name)) for name in _SETS)
    )


def has_newcomers(now: FoundIncident) -> bool:
    """Whether somebody gets something that he did not get before, whatever the counts."""
    return bool(now.newcomers or now.new_people or now.new_exposures)


def has_more(before: FoundIncident, now: FoundIncident) -> bool:
    """Whether it grew by itself: more people, or more tables, or others than before. What is
    worse beside that (a severity, a class) it shares with whatever opens the same tables.
    """
    return has_newcomers(now) or any(getattr(now, name) > getattr(before, name) for name in _COUNTS)


def not_less(before: FoundIncident, now: FoundIncident) -> FoundIncident:
    """What a run saw that could not see all: nothing of what was there before is taken away."""
    merged: dict[str, Any] = {
        name: max(getattr(before, name), getattr(now, name)) for name in _COUNTS
    }
    for name in _SETS:
        old, new = getattr(before, name), getattr(now, name)
        merged[name] = (*new, *(each for each in old if each not in new))
    return replace(
        now,
        severity=gravest(before.severity, now.severity),
        everyone=before.everyone or now.everyone,
        in_doubt=before.in_doubt and now.in_doubt,
        **merged,
    )


def widened(record: IncidentRecord, at: str, run: str) -> IncidentRecord:
    """The record with the most there ever were, and when that was first reached."""
    now, most = numbers_of(record.found), record.widest
    widest = IncidentNumbers(
        gravest(now.severity, most.severity),
        max(now.exposures, most.exposures),
        max(now.tables, most.tables),
        max(now.people, most.people),
    )
    if widest == most:
        return record
    return replace(record, widest=widest, widest_at=at, widest_run=run)


def cause_words(found: FoundIncident) -> str:
    """What did it, as a person says it; safe to print."""
    return show(raw_cause_words(found))


def raw_cause_words(found: FoundIncident) -> str:
    """What did it, its names exactly as the lake has them."""
    cause = found.cause
    return cause.words or " ".join((cause.kind, cause.subject, *cause.parts))


def reach_words(found: FoundIncident) -> str:
    """To whom and what: `everyone reaches 45,000 tables (keystrokes, payroll)`."""
    who = "everyone reaches" if found.everyone else _counted_people(found)
    what = f"{found.tables:,} {'table' if found.tables == 1 else 'tables'}"
    names = [show(name) for name in found.classes[:_TITLE_CLASSES]]
    if len(found.classes) > _TITLE_CLASSES:
        names.append(f"{len(found.classes) - _TITLE_CLASSES} more")
    doubt = ", in doubt" if found.in_doubt else ""
    return f"{who} {what}{' (' + ', '.join(names) + ')' if names else ''}{doubt}"


def _counted_people(found: FoundIncident) -> str:
    others = (
        (found.people, "person", "people"),
        (found.services, "service", "services"),
        (found.inactive, "leaver", "leavers"),
        (found.unknown, "unknown name", "unknown names"),
        (found.opaque_groups, "group of unknown size", "groups of unknown size"),
    )
    said = [f"{count:,} {one if count == 1 else many}" for count, one, many in others if count]
    single = sum(count for count, _, _ in others) == 1
    return f"{', '.join(said) or 'nobody known'} {'reaches' if single else 'reach'}"


def notice_of(event: IncidentEvent, found: FoundIncident, extra: Mapping[str, object]) -> Notice:
    """The notice of an event: thin, with what somebody needs to act."""
    severity = louder(found.severity) if event.kind == REGRESSED else found.severity
    return Notice(
        id=f"{event.incident}-{event.sequence}",
        kind=event.kind,
        lake=event.lake,
        incident=event.incident,
        sequence=event.sequence,
        at=event.at,
        run=event.run,
        actor=event.actor,
        severity=severity,
        classes=found.classes,
        kinds=found.kinds,
        title=f"{found.severity} {event.kind}: {cause_words(found)}: {reach_words(found)}",
        data={
            "note": event.note,
            "cause": {
                "kind": found.cause.kind,
                "subject": found.cause.subject,
                "parts": list(found.cause.parts),
                "words": cause_words(found),
            },
            "severity": found.severity,
            "everyone": found.everyone,
            **{name: getattr(found, name) for name in _COUNTS},
            "new_exposures": found.new_exposures,
            "new_people": found.new_people,
            "newcomers": list(found.newcomers),
            "rights": list(found.rights),
            "since": found.since,
            "grantors": list(found.grantors[:10]),
            "path": list(found.path[:10]),
            "sample": list(found.sample[:5]),
            "also_through": list(found.also_through[:10]),
            "owners_to_tell": list(found.owners_to_tell[:20]),
            "in_doubt": found.in_doubt,
            **extra,
        },
    )
