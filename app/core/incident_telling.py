"""Telling an incident's life: its events, numbered on, and the notices that come of them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.core.first_mends import digest_mends
from app.core.incident_records import (
    IncidentChange,
    IncidentEvent,
    IncidentRecord,
    cause_words,
    notice_of,
    numbers_of,
)
from app.core.incidents import (
    GROWN,
    OPENED,
    REGRESSED,
    RESOLVED,
    SEEN_AGAIN,
    SHRUNK,
    STILL_OPEN,
    WAIVED,
    WAIVER_ENDED,
    IncidentNumbers,
    Notice,
)
from app.core.mend_words import MendOf, mend_missing, no_mend
from app.core.verdicts import SEVERITIES

_DIGEST_INCIDENTS = 20

#: Events after which somebody should mend it.
_ASKING = (OPENED, GROWN, SHRUNK, STILL_OPEN, REGRESSED, WAIVER_ENDED, SEEN_AGAIN)


@dataclass(frozen=True, slots=True)
class RunSight:
    """What of a run decides about incidents. Times are UTC, ISO 8601."""

    run: str
    lake: str
    began: str
    now: str
    complete: bool  # what it did not see is not there
    baseline: bool = False  # nothing was known of the lake's incidents before
    crawled: str = ""  # to the microsecond, when the crawl before it was that it judged
    instant: str = ""  # `now`, to the microsecond
    policies_changed: bool = False  # since the run before
    mend_of: MendOf = no_mend  # what closes an incident, as the run found it
    first_mends: Sequence[Mapping[str, Any]] = ()  # those that the run's posture carries

    def can_tell_of(self, claimed_after: str, claimed_at: str) -> bool:
        """Whether it looked after a claim was made. A run crawls after it began, so that is
        told by the order of runs; only of one that judged an older crawl, by the clock.
        """
        return self.run > claimed_after and (not self.crawled or self.crawled > claimed_at)


@dataclass
class Telling:
    """Gathers the events of one incident, numbered on."""

    record: IncidentRecord
    run: RunSight
    actor: str = ""
    events: list[IncidentEvent] = field(default_factory=list)

    def say(self, kind: str, note: str = "", idempotency_key: str | None = None) -> None:
        self.record = replace(self.record, sequence=self.record.sequence + 1)
        self.events.append(
            IncidentEvent(
                incident=self.record.key,
                lake=self.record.found.lake,
                sequence=self.record.sequence,
                kind=kind,
                at=self.run.now,
                run=self.run.run,
                actor=self.actor,
                numbers=numbers_of(self.record.found),
                note=note,
                idempotency_key=idempotency_key,
            )
        )

    def become(self, **values: object) -> None:
        self.record = replace(self.record, **values)  # type: ignore[arg-type]


def finished(
    telling: Telling,
    before: IncidentRecord | None,
    *,
    quiet: bool,
    retold: Collection[str] = (),
) -> IncidentChange:
    """Its events and notices. retold: kinds of events that another incident tells."""
    record, told = telling.record, before.told if before else 0
    extra = {
        "state": record.state,
        "first_seen": record.first_seen,
        "regressions": record.regressions,
        "widest": {"tables": record.widest.tables, "people": record.widest.people},
        "before": None if before is None else _said(numbers_of(before.found)),
        "waivers": list(record.waivers),
    }
    notices = []
    for event in telling.events:
        if (
            quiet
            or event.kind in retold
            or (record.waivers and not (event.kind == WAIVED and told))
        ):
            continue
        if event.kind == RESOLVED and before is not None and before.waivers:
            continue
        notices.append(notice_of(event, record.found, extra | _mend(telling, event)))
    record = replace(record, told=told + len(notices))
    return IncidentChange(record, tuple(telling.events), tuple(notices))


def _mend(telling: Telling, event: IncidentEvent) -> dict[str, object]:
    """The mend, where the event asks somebody for one."""
    if event.kind not in _ASKING:
        return {}
    found = telling.run.mend_of(event.incident)
    return {"mend": mend_missing(event.incident) if found is None else found}


def _said(numbers: IncidentNumbers) -> dict[str, object]:
    return {
        "severity": numbers.severity,
        "exposures": numbers.exposures,
        "tables": numbers.tables,
        "people": numbers.people,
    }


def digest(changes: Sequence[IncidentChange], run: RunSight) -> Notice:
    """One notice for all that a first run found."""
    records = [change.record for change in changes]
    loud = [record for record in records if not record.waivers]
    loud.sort(key=lambda each: (each.found.severity, -each.found.tables, each.key))
    counts = {
        severity: sum(1 for each in loud if each.found.severity == severity)
        for severity in SEVERITIES
    }
    worst = loud[0].found.severity if loud else SEVERITIES[-1]
    said = ", ".join(f"{count} {severity}" for severity, count in counts.items() if count)
    whole = "" if run.complete else "; not everything could be judged"
    return Notice(
        id=f"digest-{run.run}",
        kind="digest",
        lake=run.lake,
        incident="",
        sequence=0,
        at=run.now,
        run=run.run,
        actor="",
        severity=worst,
        classes=tuple(sorted({name for each in loud for name in each.found.classes})),
        kinds=tuple(sorted({name for each in loud for name in each.found.kinds})),
        title=f"First audit of {run.lake}: {said or 'no incident'}{whole}",
        data={
            "incidents": len(loud),
            "waived": len(records) - len(loud),
            "by_severity": {severity: count for severity, count in counts.items() if count},
            "complete": run.complete,
            "gravest": [
                {
                    "incident": each.key,
                    "severity": each.found.severity,
                    "cause": cause_words(each.found),
                    "tables": each.found.tables,
                    "people": each.found.people,
                    "everyone": each.found.everyone,
                }
                for each in loud[:_DIGEST_INCIDENTS]
            ],
            "mends": digest_mends(run.first_mends, [each.key for each in loud]),
        },
    )
