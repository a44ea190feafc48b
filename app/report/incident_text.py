"""An incident as a story, and its plans, for a person at a terminal."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from app.core.incident_records import IncidentEvent, IncidentRecord, cause_words, reach_words
from app.core.incidents import MendStatement, Plan, Simulation
from app.core.names import show

_SHOWN = 8

#: What each plan is for.
PLAN_TITLES = {
    "mend": "THE MEND",
    "alternative": "AN ALTERNATIVE THAT TAKES NOTHING THAT POLICY ALLOWS",
    "containment": "CONTAINMENT: CLOSES AT ONCE, AND CAN BE UNDONE",
}


def story_lines(record: IncidentRecord, events: Sequence[IncidentEvent], now: str) -> list[str]:
    """The incident from its first day to now."""
    return list(_story(record, events, now))


def _story(record: IncidentRecord, events: Sequence[IncidentEvent], now: str) -> Iterator[str]:
    found = record.found
    waived = f", waived by {show(', '.join(record.waivers))}" if record.waivers else ""
    yield f"{found.severity} incident {record.key} on {show(found.lake)}: {record.state}{waived}"
    yield f"  {cause_words(found)}"
    yield f"  {reach_words(found)}"
    yield ""
    yield f"Since        {_granted(found.since)}"
    yield f"First seen   {record.first_seen} by run {record.first_run}"
    if record.opened_run != record.first_run:
        yield f"Came back    {record.opened_at} by run {record.opened_run}"
    end = record.resolved_at or now
    yield f"For          {_lasting(record.opened_at, end)}{'' if record.resolved_at else ' so far'}"
    if record.resolved_at:
        yield f"Resolved     {record.resolved_at} by run {record.resolved_run}"
    widest = record.widest
    yield (
        f"At its widest {widest.exposures:,} exposures, {widest.tables:,} tables, "
        f"{widest.people:,} people, {widest.severity} (run {record.widest_run})"
    )
    yield from _listed("Through", found.path)
    yield from _listed("Rows", found.evidence)
    yield from _listed("By", found.grantors)
    yield from _listed("For example", found.sample)
    yield from _listed("Also through", found.also_through)
    yield from _listed("To be told", found.owners_to_tell)
    yield f"Alerts       {record.told:,} of its events went out"
    yield ""
    yield "WHAT HAPPENED"
    for event in events:
        who = f" by {show(event.actor)}" if event.actor else ""
        note = f": {show(event.note)}" if event.note else ""
        yield (
            f"  {event.sequence:>3}  {event.at}  {event.kind}{who}{note}"
            f"  [{event.numbers.severity}, {event.numbers.tables:,} tables, "
            f"{event.numbers.people:,} people]"
        )


def plan_lines(plans: Sequence[Plan]) -> list[str]:
    """Plans with who runs each statement, and what they were simulated to do."""
    lines: list[str] = []
    for plan in plans:
        lines += ["", PLAN_TITLES.get(plan.kind, plan.kind.upper())]
        if plan.cannot:
            lines.append(f"  {plan.cannot}")
        lines += [line for statement in plan.statements for line in _statement(statement)]
        if plan.undo:
            lines.append("  to undo it:")
            lines += [line for statement in plan.undo for line in _statement(statement)]
        if plan.simulation is not None:
            lines += _simulated(plan.simulation)
        if not plan.exact and plan.bound:
            lines.append(f"  {plan.bound}")
    return lines[1:]


def _statement(statement: MendStatement) -> Iterator[str]:
    who = statement.run_as or "nobody can"
    because = f" ({statement.because})" if statement.because else ""
    yield f"  -- run as {show(who)}{because}"
    if statement.set_role:
        yield f"  SET ROLE {statement.set_role};"
    yield f"  {statement.sql};"


def _simulated(done: Simulation) -> Iterator[str]:
    left = "nothing is left" if not done.exposures_left else f"{done.exposures_left:,} are left"
    yield (
        f"  simulated: closes {done.exposures_closed:,} exposures on {done.tables_closed:,} "
        f"tables for {done.people_closed:,} people; {left}"
    )
    if done.exposures_left:
        yield "    what is left is open by other ways too: see 'also through'"
    if done.opened:
        yield f"    opens {done.opened:,}"
    if done.allowed_lost:
        yield f"    allowed access lost: {done.allowed_lost:,}, for example"
        for user, right, name in done.allowed_lost_sample[:_SHOWN]:
            yield f"      {show(user)} {right} {show(name)}"
    else:
        yield "    allowed access lost: none"


def _listed(title: str, values: Sequence[str]) -> Iterator[str]:
    for place, value in enumerate(values[:_SHOWN]):
        yield f"{title if place == 0 else '':<13}{show(value)}"
    if len(values) > _SHOWN:
        yield f"{'':<13}… and {len(values) - _SHOWN:,} more"


def _granted(seconds: int | None) -> str:
    if not seconds:
        return "a time that the metastore does not say"
    try:
        moment = datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970, as the metastore says"
    return f"{moment:%Y-%m-%d %H:%M:%SZ}, by the newest grant that did it"


def _lasting(start: str, end: str) -> str:
    try:
        took = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    except ValueError:
        return "an unknown time"
    minutes = max(0, int(took.total_seconds()) // 60)
    if minutes < 120:
        return f"{minutes} minutes"
    hours = minutes // 60
    return f"{hours} hours" if hours < 48 else f"{hours // 24} days"
