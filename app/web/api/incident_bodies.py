"""What the API says of incidents: bodies of answers, and of what is asked."""

from dataclasses import asdict
from typing import Any

from pydantic import Field

from app.core.incident_records import IncidentEvent, IncidentRecord, cause_words
from app.report.moments import iso_time
from app.store.incident_acts import LONGEST_NOTE
from app.web.api.exposures import Exposure
from app.web.bodies import Body
from app.web.models import Answer, Page, PageOfRun
from app.web.parameters import WholeText
from app.web.words import IncidentState, Kind, Severity


class CauseBody(Answer):
    """The removable thing."""

    kind: str = Field(description="membership, grants, owner, mode or principal.")
    subject: str = Field(examples=["role:people_analytics_convenience"])
    parts: list[str] = Field(description="What else names it.")
    words: str = Field(description="In words.")


class WidestBody(Answer):
    """The most there ever was."""

    severity: Severity
    exposures: int
    tables: int
    people: int
    at: str
    run: str


class IncidentBody(Answer):
    """An incident as it stands."""

    key: str = Field(examples=["2bdd0f1cd0f1ad75"])
    lake: str
    state: IncidentState
    severity: Severity = Field(description="That of its worst exposure.")
    version: int = Field(description="Grows with every event; for If-Match.")
    cause: CauseBody
    kinds: list[Kind]
    classes: list[str]
    rights: list[str]
    everyone: bool = Field(description="Whether everyone reaches something by it.")
    exposures: int
    tables: int
    people: int = Field(description="Active people who can and should not.")
    services: int
    inactive: int
    unknown: int
    opaque_groups: int
    in_doubt: bool
    since: str | None = Field(description="The newest grant or membership that did it.")
    first_seen: str
    first_run: str
    opened_at: str = Field(description="When it opened, or last came back.")
    last_seen: str
    last_run: str
    widest: WidestBody
    regressions: int = Field(description="How often it came back.")
    waivers: list[str] = Field(description="Those that keep it quiet.")
    acknowledged_by: str
    claimed_by: str
    resolved_at: str
    path: list[str] = Field(description="How it is open, in words.")
    evidence: list[str] = Field(description="Rows of the source.")
    grantors: list[str]
    sample: list[str] = Field(description="Some of its objects.")
    also_through: list[str] = Field(description="Other incidents that its mend needs as well.")
    owners_to_tell: list[str]


class IncidentsBody(Page):
    """A page of incidents."""

    items: list[IncidentBody] = Field(description="The gravest first.")


class EventBody(Answer):
    """One change in an incident's life."""

    sequence: int
    kind: str
    at: str
    run: str
    actor: str = Field(description="Who did it; empty: the audit saw it.")
    severity: Severity
    exposures: int
    tables: int
    people: int
    note: str


class EventsBody(Page):
    """A page of events."""

    items: list[EventBody] = Field(description="The newest first.")


class ExposuresBody(PageOfRun):
    """A page of an incident's exposures."""

    items: list[Exposure]


class StatementBody(Answer):
    """One statement of a plan."""

    sql: str
    run_as: str = Field(description="user:NAME, admin, anyone; empty where nobody can.")
    because: str
    set_role: str = Field(description="A SET ROLE to say first, or empty.")


class SimulationBody(Answer):
    """What a plan does, found by judging the lake as it would be."""

    closes_all: bool
    exposures_closed: int
    exposures_left: int
    tables_closed: int
    people_closed: int
    opened: int
    allowed_lost: int = Field(description="Accesses that policy allows and the plan takes.")
    allowed_lost_sample: list[tuple[str, str, str]]


class PlanBody(Answer):
    """A way to close the incident."""

    kind: str = Field(description="mend, alternative or containment.")
    statements: list[StatementBody]
    undo: list[StatementBody]
    simulation: SimulationBody | None
    exact: bool = Field(description="No smaller plan exists.")
    bound: str = Field(description="Else how near it is.")
    cannot: str = Field(description="Why no statement of anybody still there closes it.")


class PlansBody(Answer):
    """Plans of an incident, simulated on the newest run."""

    run: str
    items: list[PlanBody]


class ActWanted(Body):
    """What the others should know."""

    note: WholeText = Field(default="", max_length=LONGEST_NOTE)


def incident_body(record: IncidentRecord) -> dict[str, Any]:
    """A record as IncidentBody."""
    found = asdict(record.found)
    widest = asdict(record.widest)
    return {
        **found,
        "cause": {**found["cause"], "words": cause_words(record.found)},
        "since": iso_time(record.found.since),
        "state": record.state,
        "version": record.sequence,
        "first_seen": record.first_seen,
        "first_run": record.first_run,
        "opened_at": record.opened_at,
        "last_seen": record.last_seen,
        "last_run": record.last_run,
        "widest": {**widest, "at": record.widest_at, "run": record.widest_run},
        "regressions": record.regressions,
        "waivers": record.waivers,
        "acknowledged_by": record.acknowledged_by,
        "claimed_by": record.claimed_by,
        "resolved_at": record.resolved_at,
    }


def event_body(event: IncidentEvent) -> dict[str, Any]:
    """An event as EventBody."""
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "at": event.at,
        "run": event.run,
        "actor": event.actor,
        **asdict(event.numbers),
        "note": event.note,
    }
