"""Waivers: exceptions in force, who approved them, when they end; short ones made here."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import Field, WithJsonSchema

from app.core.errors import BadNameError, NotFoundError
from app.core.names import show
from app.core.waivers import MeasuredWaiver
from app.store.database import reading_scope, session_scope
from app.store.waivers import LONGEST_TEXT, StoredWaiver, create_waiver, end_waiver, waiver
from app.web.api.incidents import IfMatch
from app.web.bodies import Body, WholeNumber
from app.web.callers import AdminAtLake, LakeCaller, LakeReader
from app.web.models import Answer
from app.web.open_runs import iso
from app.web.parameters import IdempotencyKey, WholeText

router = APIRouter(tags=["incidents"])

WaiverPath = Annotated[
    str, Path(max_length=200, description="A waiver's id.", examples=["w-20260612T081530123456-7k"])
]


_MOST = 2**31 - 1
Bound = Annotated[
    WholeNumber,
    Field(ge=0, le=_MOST),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": _MOST}),
]


class WaiverWanted(Body):
    """What is waived, why, by whom, and until when."""

    scope: dict[WholeText, WholeText] = Field(
        min_length=1,
        max_length=12,
        description="All that is named must be so: incident, exposure, lake, catalog, database, "
        "table, class, tier, right, kind, principal.",
        examples=[{"incident": "2bdd0f1cd0f1ad75"}],
    )
    reason: WholeText = Field(min_length=1, max_length=LONGEST_TEXT)
    approver: WholeText = Field(min_length=1, max_length=LONGEST_TEXT)
    expires: str = Field(
        pattern=r"^\d{4}-\d{2}-\d{2}$",
        description="The last day, UTC; at most 7 days from today.",
        examples=["2026-06-15"],
    )
    max_tables: Bound | None = None
    max_people: Bound | None = None


class MadeWaiverBody(Answer):
    """A waiver that was made here."""

    id: str
    lake: str
    scope: dict[str, str]
    reason: str
    approver: str
    expires: str
    max_tables: int | None
    max_people: int | None
    created_by: str
    created_at: str
    ended_by: str | None
    ended_at: str | None
    version: int = Field(description="For If-Match.")


class WaiverBody(Answer):
    """A waiver, measured on the newest run."""

    id: str
    source: str = Field(description="file (policies/waivers.yaml, which wins) or api.")
    status: str = Field(description="in-force, expired, outgrown or not-approved.")
    why_not: str = Field(description="Why it does not hold, or empty.")
    matches_nothing: bool
    scope: dict[str, str]
    reason: str
    approver: str
    expires: str
    max_tables: int | None
    max_people: int | None
    exposures: int = Field(description="How many it covers.")
    tables: int
    people: int | None = Field(description="Null: a group of unknown size is among them.")


class WaiversBody(Answer):
    """The waivers of a lake."""

    items: list[WaiverBody]
    notes: list[str] = Field(description="What somebody who looks after them has to know.")


@router.get("/v1/lakes/{lake}/waivers", response_model=WaiversBody, summary="List the waivers")
def list_every_waiver(caller: LakeReader) -> dict[str, object]:
    """Those of the file and those made here, each measured on the newest run."""
    found = caller.services.incidents.waivers(caller.lake.name)
    return {"items": [_measured(each) for each in found.measured], "notes": list(found.notes)}


@router.post(
    "/v1/lakes/{lake}/waivers",
    response_model=MadeWaiverBody,
    status_code=201,
    summary="Waive something for some days",
    responses={
        201: {
            "description": "The waiver.",
            "headers": {
                "Location": {"description": "Where it is listed.", "schema": {"type": "string"}}
            },
        }
    },
)
def make_waiver(
    caller: AdminAtLake,
    wanted: WaiverWanted,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, object]:
    """For at most 7 days; a longer exception belongs into policies/waivers.yaml."""
    caller.asks(wanted.model_dump())
    with session_scope(caller.services.database) as session:
        made = create_waiver(
            session,
            lake=caller.lake.name,
            reason=wanted.reason,
            approver=wanted.approver,
            expires=_day(wanted.expires),
            scope=wanted.scope,
            created_by=caller.token.public_id,
            max_tables=wanted.max_tables,
            max_people=wanted.max_people,
            idempotency_key=idempotency_key,
        )
    caller.services.incidents.apply_waivers(caller.lake.name, caller.token.public_id)
    response.headers["Location"] = f"/v1/lakes/{caller.lake.name}/waivers"
    return _made(made)


@router.post(
    "/v1/lakes/{lake}/waivers/{waiver_id}/end",
    response_model=MadeWaiverBody,
    summary="Take a waiver back",
)
def take_back(
    caller: AdminAtLake, waiver_id: WaiverPath, if_match: IfMatch = ""
) -> dict[str, object]:
    """What it kept quiet is loud again at once."""
    _his(caller, waiver_id)
    expected = None if not if_match else int(if_match.removeprefix("W/").strip('"'))
    with session_scope(caller.services.database) as session:
        ended = end_waiver(session, waiver_id, caller.token.public_id, expected=expected)
    caller.services.incidents.apply_waivers(caller.lake.name, caller.token.public_id)
    return _made(ended)


def _his(caller: LakeCaller, waiver_id: str) -> None:
    with reading_scope(caller.services.database) as session:
        found = waiver(session, waiver_id)
    if found.lake != caller.lake.name:
        raise NotFoundError(f"there is no waiver {show(waiver_id)!r}", mend="See the list")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadNameError(f"expires: {text} is no day", mend="Write it as 2026-06-15") from None


def _made(one: StoredWaiver) -> dict[str, Any]:
    return {
        "id": one.id,
        "lake": one.lake,
        "scope": dict(one.scope),
        "reason": one.reason,
        "approver": one.approver,
        "expires": one.expires,
        "max_tables": one.max_tables,
        "max_people": one.max_people,
        "created_by": one.created_by,
        "created_at": iso(one.created_at.timestamp()),
        "ended_by": one.ended_by,
        "ended_at": iso(one.ended_at.timestamp()) if one.ended_at else None,
        "version": one.version,
    }


def _measured(each: MeasuredWaiver) -> dict[str, Any]:
    waived = each.waiver
    return {
        "id": waived.waiver,
        "source": each.source,
        "status": each.status,
        "why_not": each.why_not,
        "matches_nothing": each.matches_nothing,
        "scope": dict(waived.scope),
        "reason": waived.reason,
        "approver": waived.approver,
        "expires": waived.expires,
        "max_tables": waived.max_tables,
        "max_people": waived.max_people,
        "exposures": each.exposures,
        "tables": each.tables,
        "people": each.people,
    }
