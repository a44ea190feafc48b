"""Incidents: what one removable thing opened; its life, its plans, and people's acts on it."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated

import pyarrow as pa
from fastapi import APIRouter, Header, Path, Query

from app.core.errors import NotFoundError
from app.core.exposures import SCHEMA
from app.core.incident_records import IncidentRecord
from app.core.names import show
from app.report.exposure_fields import exposure_page
from app.store.database import reading_scope, session_scope
from app.store.incident_acts import acknowledge_incident, claim_incident_mended
from app.store.incidents import IncidentFilter, incident, list_events, list_incidents
from app.web.api.incident_bodies import (
    ActWanted,
    EventsBody,
    ExposuresBody,
    IncidentBody,
    IncidentsBody,
    PlansBody,
    event_body,
    incident_body,
)
from app.web.callers import LakeCaller, LakeReader, LakeRunner
from app.web.parameters import CursorText, Flag, IdempotencyKey, Limit
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
    return {"items": [incident_body(one) for one in page.items], "next": caller.cursor(following)}


@router.get(
    "/v1/lakes/{lake}/incidents/{key}", response_model=IncidentBody, summary="Show an incident"
)
def show_incident(caller: LakeReader, key: IncidentPath) -> dict[str, object]:
    """An incident in any state."""
    return incident_body(_found(caller, key))


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
    return {"items": [event_body(one) for one in page.items], "next": caller.cursor(page.next)}


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
    return incident_body(record)


def _found(caller: LakeCaller, key: str) -> IncidentRecord:
    """The incident, if it is of the lake in the address."""
    with reading_scope(caller.services.database) as session:
        record = incident(session, key)
    if record.found.lake != caller.lake.name:
        raise NotFoundError(f"there is no incident {show(key)!r}", mend="See the list of incidents")
    return record
