"""Incidents: what one removable thing opened; its life, its plans, and people's acts on it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Header, Path, Query
from pydantic import Field

from app.core.errors import NotFoundError
from app.core.exposures import SCHEMA
from app.core.incident_records import IncidentEvent, IncidentRecord, cause_words
from app.core.names import show
from app.report.exposure_fields import exposure_page
from app.report.moments import iso_time
from app.store.database import reading_scope, session_scope
from app.store.incident_acts import LONGEST_NOTE, acknowledge_incident, claim_incident_mended
from app.store.incidents import IncidentFilter, incident, list_events, list_incidents
from app.web.api.exposures import Exposure
from app.web.bodies import Body
from app.web.callers import LakeCaller, LakeReader, LakeRunner
from app.web.models import Answer, Page, PageOfRun
from app.web.parameters import CursorText, Flag, IdempotencyKey, Limit, WholeText
from app.web.words import IncidentState, Kind, Severity

router = APIRouter(tags=["incidents"])

IncidentPath = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{16}$",
        description="An incident's key. It stays the same as long as its cause does.",
        examples=["2bdd0f1cd0f1ad75"],
    ),
]
IfMatch = Annotated[
    str,
    Header(
        pattern=r'^(W/)?"[0-9]{1,9}"$',
        description='The `version` that you saw, in quotes: `"7"`. If somebody changed it since, '
        "the answer is 412 and nothing is done.",
        examples=['"7"'],
    ),
]


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


@router.get(
    "/v1/lakes/{lake}/incidents", response_model=IncidentsBody, summary="List the incidents"
)
def list_every_incident(
    caller: LakeReader,
    state: Annotated[tuple[IncidentState, ...], Query(description="Any of these.")] = (),
    severity: Annotated[tuple[Severity, ...], Query(description="Any of these.")] = (),
    kind: Annotated[tuple[Kind, ...], Query(description="With such exposures.")] = (),
    data_class: Annotated[
        tuple[str, ...], Query(alias="class", max_length=50, description="Of such a class.")
    ] = (),
    waived: Annotated[Flag | None, Query(description="Only waived ones, or only others.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """What one removable thing each opened, the gravest first; resolved ones too."""
    after = caller.place(cursor).after
    wanted = IncidentFilter(state, severity, kind, data_class, waived)
    with reading_scope(caller.services.database) as session:
        page = list_incidents(
            session,
            caller.lake.name,
            wanted,
            after=None if after is None else (after[0], after[1]),
            limit=limit,
        )
    following = None if page.next is None else list(page.next)
    return {"items": [_shown(one) for one in page.items], "next": caller.cursor(following)}


@router.get(
    "/v1/lakes/{lake}/incidents/{key}", response_model=IncidentBody, summary="Show an incident"
)
def show_incident(caller: LakeReader, key: IncidentPath) -> dict[str, object]:
    """An incident in any state."""
    return _shown(_found(caller, key))


@router.get(
    "/v1/lakes/{lake}/incidents/{key}/events",
    response_model=EventsBody,
    summary="What happened to an incident?",
)
def show_events(
    caller: LakeReader, key: IncidentPath, limit: Limit = 50, cursor: CursorText = None
) -> dict[str, object]:
    """Its life: opened, grown, claimed, resolved …, the newest event first."""
    _found(caller, key)
    with reading_scope(caller.services.database) as session:
        page = list_events(session, key, before=caller.place(cursor).after, limit=limit)
    return {"items": [_event(one) for one in page.items], "next": caller.cursor(page.next)}


@router.get(
    "/v1/lakes/{lake}/incidents/{key}/exposures",
    response_model=ExposuresBody,
    summary="List an incident's exposures",
)
def show_exposures(
    caller: LakeReader, key: IncidentPath, limit: Limit = 50, cursor: CursorText = None
) -> dict[str, object]:
    """Its exposures in the newest run, or in the run that the cursor is pinned to."""
    _found(caller, key)
    place = caller.place(cursor)
    opened = caller.open_run(None, place)
    start = int(place.after or 0)
    rows = caller.services.incidents.exposures(opened.run, key, start + limit + 1)[start:]
    more = start + limit if len(rows) > limit else None
    items = exposure_page(pa.RecordBatch.from_pylist(list(rows[:limit]), SCHEMA))
    return {**opened.head, "items": items, "next": caller.cursor(more, opened.run.id)}


@router.get(
    "/v1/lakes/{lake}/incidents/{key}/plans", response_model=PlansBody, summary="What closes it?"
)
def show_plans(caller: LakeReader, key: IncidentPath) -> dict[str, object]:
    """The smallest mend, an alternative, containment: each simulated on the newest run."""
    _found(caller, key)
    run = caller.open_run().run
    plans = caller.services.incidents.plans(run, key)
    return {"run": run.id, "items": [asdict(plan) for plan in plans]}


@router.post(
    "/v1/lakes/{lake}/incidents/{key}/acknowledge",
    response_model=IncidentBody,
    summary="Take an incident on",
)
def acknowledge(
    caller: LakeRunner,
    key: IncidentPath,
    wanted: ActWanted | None = None,
    if_match: IfMatch = "",
    idempotency_key: IdempotencyKey = None,
) -> dict[str, object]:
    """Somebody looks after it; its alerts are not repeated."""
    return _act(caller, key, acknowledge_incident, wanted, if_match, idempotency_key)


@router.post(
    "/v1/lakes/{lake}/incidents/{key}/claim-mended",
    response_model=IncidentBody,
    summary="Say that an incident is mended",
)
def claim(
    caller: LakeRunner,
    key: IncidentPath,
    wanted: ActWanted | None = None,
    if_match: IfMatch = "",
    idempotency_key: IdempotencyKey = None,
) -> dict[str, object]:
    """The next complete crawl tells whether it is: resolved, or still open and by what."""
    return _act(caller, key, claim_incident_mended, wanted, if_match, idempotency_key)


def _act(
    caller: LakeCaller,
    key: str,
    act: Callable[..., IncidentRecord],
    wanted: ActWanted | None,
    if_match: str,
    idempotency_key: str | None,
) -> dict[str, object]:
    note = wanted.note if wanted else ""
    caller.asks({"note": note})
    _found(caller, key)
    expected = None if not if_match else int(if_match.removeprefix("W/").strip('"'))
    with session_scope(caller.services.database) as session:
        record = act(
            session,
            key,
            caller.token.public_id,
            note=note,
            expected=expected,
            idempotency_key=idempotency_key,
        )
    return _shown(record)


def _found(caller: LakeCaller, key: str) -> IncidentRecord:
    """The incident, if it is of the lake in the address."""
    with reading_scope(caller.services.database) as session:
        record = incident(session, key)
    if record.found.lake != caller.lake.name:
        raise NotFoundError(f"there is no incident {show(key)!r}", mend="See the list of incidents")
    return record


def _shown(record: IncidentRecord) -> dict[str, Any]:
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


def _event(event: IncidentEvent) -> dict[str, Any]:
    return {
        "sequence": event.sequence,
        "kind": event.kind,
        "at": event.at,
        "run": event.run,
        "actor": event.actor,
        **asdict(event.numbers),
        "note": event.note,
    }
