"""The life of incidents: what a run says, joined to what was known before.

Pure: records before × what the run found × whether it saw all × waivers → records, events
and notices. Nothing here looks at a clock to tell what came first: events are numbered,
and whether a run can tell that a claim was wrong is told by the ids of runs, which grow
even when a clock is set back.

An incident is resolved only by a complete run that does not see it. What a gap shadows
becomes unknown; what an incomplete run did not see stays as it was, and so does what it
saw less of.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence

from app.core.incident_records import (
    OPEN,
    IncidentChange,
    IncidentRecord,
    Standing,
    cause_words,
    has_grown,
    has_newcomers,
    not_less,
    numbers_of,
    widened,
)
from app.core.incident_retelling import told_by_others
from app.core.incident_telling import RunSight, Telling, digest, finished
from app.core.incidents import (
    ACKNOWLEDGED,
    CLAIMED,
    GROWN,
    OPENED,
    REGRESSED,
    RESOLVED,
    SEEN_AGAIN,
    SHRUNK,
    STILL_OPEN,
    UNKNOWN,
    WAIVED,
    WAIVER_ENDED,
    FoundIncident,
    IncidentNumbers,
    Notice,
    fingerprint,
)
from app.core.names import show
from app.core.waivers import NOTHING_WAIVED, WaiverVerdicts


def live_through(
    before: Mapping[str, IncidentRecord],
    found: Sequence[FoundIncident],
    run: RunSight,
    waived: WaiverVerdicts = NOTHING_WAIVED,
    as_before: Collection[str] = (),
) -> tuple[list[IncidentChange], list[Notice]]:
    """One run's step in the life of all incidents of its lake, and the run's own notices.

    before: the lake's records by key, but for those of `as_before` (`seen_as_before`), of
    which nothing comes back. Changes come in order of key; a record that nothing happened
    to is among them where it was seen. The notices beside those of the changes are the
    digest of a baseline.
    """
    seen = {each.key: each for each in found}
    tellings: dict[str, Telling] = {}
    for key in sorted({*before, *seen}.difference(as_before)):
        telling = _lived(before.get(key), seen.get(key), run, seen)
        if telling is None:
            continue
        _apply_waivers(telling, waived, still_counted=_is_seen(seen.get(key)))
        tellings[key] = telling
    retold = {} if run.baseline else told_by_others(tellings, before)
    changes = [
        finished(telling, before.get(key), quiet=run.baseline, retold=retold.get(key, frozenset()))
        for key, telling in tellings.items()
    ]
    return changes, [digest(changes, run)] if run.baseline else []


def seen_as_before(
    known: Mapping[str, Standing], found: Sequence[FoundIncident], waived: WaiverVerdicts
) -> frozenset[str]:
    """The incidents of which a run says again what the last one said, and nothing is due.

    Nobody claimed that they are mended, no waiver keeps or kept them quiet, and no gap
    hid them: to have been seen again is all that happens to them.
    """
    return frozenset(
        each.key
        for each in found
        if not each.shadowed
        and each.key not in waived.holding
        and (before := known.get(each.key)) is not None
        and before.state in (OPEN, ACKNOWLEDGED)
        and not before.waived
        and before.fingerprint == fingerprint(each)
    )


def apply_waivers(
    before: Iterable[IncidentRecord], run: RunSight, waived: WaiverVerdicts, actor: str = ""
) -> list[IncidentChange]:
    """What the waivers of now change, while the last run's findings stand.

    Only incidents to which something happened come back.
    """
    changes = []
    for record in sorted(before, key=lambda each: each.key):
        telling = Telling(record, run, actor)
        _apply_waivers(telling, waived, still_counted=True)
        if telling.events:
            changes.append(finished(telling, record, quiet=False))
    return changes


def _is_seen(found: FoundIncident | None) -> bool:
    return found is not None and not found.shadowed


def _lived(
    record: IncidentRecord | None,
    found: FoundIncident | None,
    run: RunSight,
    seen: Mapping[str, FoundIncident],
) -> Telling | None:
    """What the run says of one incident; None when it says nothing of it."""
    if record is None:
        return None if found is None else _first_seen(found, run)
    telling = Telling(record, run)
    if found is None:
        return _absent(telling, seen)
    if found.shadowed:
        return _hidden(telling)
    return _seen(telling, found)


def _first_seen(found: FoundIncident, run: RunSight) -> Telling:
    numbers = numbers_of(found)
    record = IncidentRecord(
        found=found,
        state=UNKNOWN if found.shadowed else OPEN,
        first_seen=run.began,
        first_run=run.run,
        opened_at=run.began,
        opened_run=run.run,
        last_seen=run.began,
        last_run=run.run,
        widest=numbers,
        widest_at=run.began,
        widest_run=run.run,
        before_unknown=OPEN if found.shadowed else "",
    )
    telling = Telling(record, run)
    telling.say(UNKNOWN if found.shadowed else OPENED, "baseline" if run.baseline else "")
    return telling


def _absent(telling: Telling, seen: Mapping[str, FoundIncident]) -> Telling | None:
    record, run = telling.record, telling.run
    if not record.alive or not run.complete:
        return telling if record.alive else None
    notes = []
    if record.state == CLAIMED:
        notes.append(f"as {record.claimed_by} said")
    others = [seen[key] for key in record.found.also_through if key in seen]
    if others:
        through = "; ".join(f"{cause_words(each)} ({each.key})" for each in others[:5])
        notes.append(f"what it opened may still be open through {through}")
    if run.policies_changed:
        notes.append("the policies changed since the run before")
    telling.become(
        state=RESOLVED,
        before_unknown="",
        resolved_at=run.now,
        resolved_run=run.run,
        waivers=(),
    )
    telling.say(RESOLVED, "; ".join(notes))
    return telling


def _hidden(telling: Telling) -> Telling | None:
    record = telling.record
    if not record.alive:
        return None
    if record.state != UNKNOWN:
        telling.become(state=UNKNOWN, before_unknown=record.state)
        telling.say(UNKNOWN, "a gap hides it: see the gaps of the run")
    return telling


def _seen(telling: Telling, found: FoundIncident) -> Telling:
    before, run = telling.record, telling.run
    if before.state == RESOLVED:
        return _came_back(telling, found)
    if not run.complete:
        found = not_less(before.found, found)
    grown = has_grown(before.found, found) or has_newcomers(found)
    shrunk = has_grown(found, before.found)
    telling.become(found=found, last_seen=run.began, last_run=run.run)
    telling.record = widened(telling.record, run.began, run.run)
    if telling.record.state == UNKNOWN:
        telling.become(state=before.before_unknown or OPEN, before_unknown="")
        telling.say(SEEN_AGAIN)
    tells = run.can_tell_of(before.claimed_after, before.claimed_at)
    if telling.record.state == CLAIMED and tells:
        back = ACKNOWLEDGED if before.acknowledged_by else OPEN
        telling.become(state=back, claimed_by="", claimed_at="", claimed_after="")
        telling.say(STILL_OPEN, _still_open_words(before, found))
    if grown:
        telling.say(GROWN, _growth(before.found, found))
    elif shrunk:
        telling.say(SHRUNK, _difference(numbers_of(before.found), numbers_of(found)))
    return telling


def _came_back(telling: Telling, found: FoundIncident) -> Telling:
    before, run = telling.record, telling.run
    telling.become(
        found=found,
        state=OPEN,
        opened_at=run.began,
        opened_run=run.run,
        last_seen=run.began,
        last_run=run.run,
        acknowledged_by="",
        acknowledged_at="",
        claimed_by="",
        claimed_at="",
        claimed_after="",
        resolved_at="",
        resolved_run="",
        regressions=before.regressions + 1,
    )
    telling.record = widened(telling.record, run.began, run.run)
    since = f"resolved {before.resolved_at} by run {before.resolved_run}"
    telling.say(REGRESSED, f"came back, time {before.regressions + 1}; it was {since}")
    return telling


def _still_open_words(before: IncidentRecord, found: FoundIncident) -> str:
    said = f"{before.claimed_by} said it was mended"
    path = " > ".join(found.path) or cause_words(found)
    other = "by another path now" if found.path != before.found.path else "by"
    return f"{said}; still open {other}: {path}"


def _growth(before: FoundIncident, now: FoundIncident) -> str:
    """What is more, and who is new where the numbers alone do not say it."""
    said = _difference(numbers_of(before), numbers_of(now))
    if now.newcomers:
        more = now.new_people - len(now.newcomers)
        names = ", ".join(map(show, now.newcomers))
        return f"{said}; newly: {names}{f' and {more:,} more people' if more > 0 else ''}"
    if now.new_exposures and numbers_of(before) == numbers_of(now):
        return f"{now.new_exposures:,} other exposures than before"
    return said


def _difference(before: IncidentNumbers, now: IncidentNumbers) -> str:
    said = [
        f"{name} {old:,} → {new:,}" if isinstance(old, int) else f"{name} {old} → {new}"
        for name, old, new in (
            ("severity", before.severity, now.severity),
            ("exposures", before.exposures, now.exposures),
            ("tables", before.tables, now.tables),
            ("people", before.people, now.people),
        )
        if old != new
    ]
    return ", ".join(said) or "in kind, not in number"


def _apply_waivers(telling: Telling, waived: WaiverVerdicts, *, still_counted: bool) -> None:
    """still_counted: its exposures were among those that the waivers were measured by."""
    record = telling.record
    if not record.alive:
        return
    if still_counted and record.state != UNKNOWN:
        holding = waived.holding.get(record.key, ())
    else:
        holding = record.waivers if waived.all_in_force(record.waivers) else ()
    if holding == record.waivers:
        return
    telling.become(waivers=holding)
    if not record.waivers:
        telling.say(WAIVED, waived.words(holding))
    elif not holding:
        telling.say(WAIVER_ENDED, waived.why_not(record.waivers))
