"""Many incidents on the same tables: what changes for all of them at once is told once.

Somebody opens a table to everyone, or it gets one more class: then each incident that has
this table is graver, though nothing about its own cause changed. The one that did it tells,
or else the gravest; the others keep the event in their story.
"""

from collections.abc import Mapping

from app.core.incident_records import IncidentRecord, has_more
from app.core.incident_telling import Telling
from app.core.incidents import GROWN, OPENED, REGRESSED, RESOLVED, SHRUNK, STILL_OPEN
from app.core.verdicts import SEVERITIES

#: An event that others may tell → the events of theirs that tell it.
_TOLD_BY = {
    GROWN: (OPENED, GROWN, REGRESSED, STILL_OPEN),
    SHRUNK: (RESOLVED, SHRUNK),
}


def told_by_others(
    tellings: Mapping[str, Telling], before: Mapping[str, IncidentRecord]
) -> dict[str, frozenset[str]]:
    """Incident → the kinds of its events that another incident's notice tells already."""
    found: dict[str, frozenset[str]] = {}
    for kind, tellers in _TOLD_BY.items():
        shared = [telling for telling in tellings.values() if _is_shared(telling, before, kind)]
        own = {telling.record.key for telling in shared}
        told = {
            key: telling.record.found.severity
            for key, telling in tellings.items()
            if key not in own
            and not telling.record.waivers
            and any(event.kind in tellers for event in telling.events)
        }
        for telling in sorted(shared, key=_gravest_first):
            record = telling.record
            near = {*record.found.also_through, *before[record.key].found.also_through}
            if any(_as_grave(told[key], record.found.severity) for key in near if key in told):
                found[record.key] = found.get(record.key, frozenset()) | {kind}
            else:
                told[record.key] = record.found.severity
    return found


def _is_shared(telling: Telling, before: Mapping[str, IncidentRecord], kind: str) -> bool:
    """Whether it changed by what it shares with others alone."""
    record, known = telling.record, before.get(telling.record.key)
    if known is None or record.waivers or not any(e.kind == kind for e in telling.events):
        return False
    if kind == GROWN:
        return not has_more(known.found, record.found)
    return not has_more(record.found, known.found)


def _gravest_first(telling: Telling) -> tuple[str, int, str]:
    found = telling.record.found
    return found.severity, -found.tables, found.key


def _as_grave(severity: str, as_this: str) -> bool:
    return SEVERITIES.index(severity) <= SEVERITIES.index(as_this)
