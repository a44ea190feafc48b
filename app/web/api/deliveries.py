"""Deliveries: what alerts went where, every attempt, and sending them again."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from app.core.errors import NotFoundError
from app.core.names import show
from app.store.database import reading_scope, session_scope
from app.store.deliveries import Delivery, delivery
from app.store.delivery_log import attempts, list_deliveries, replay
from app.store.idempotency import digest_of, once
from app.store.leases import database_now
from app.web.callers import Admin, Caller, Reader
from app.web.models import Answer, Page
from app.web.open_runs import iso
from app.web.parameters import CursorText, IdempotencyKey, Limit, Moment

router = APIRouter(tags=["incidents"])

DeliveryPath = Annotated[
    str,
    Path(
        max_length=200,
        description="A delivery's id.",
        examples=["20260612T081530123456-7kq2mx"],
    ),
]


class DeliveryBody(Answer):
    """One message to one channel."""

    id: str
    message: str = Field(description="The message's id, the same over every attempt and replay.")
    channel: str
    route: str
    severity: str
    state: str = Field(description="waiting, delivered or dead.")
    reason: str = Field(description="Why it was sent there.")
    attempts: int
    titles: list[str] = Field(description="What it tells.")
    created_at: str
    next_at: str | None = Field(description="When it is tried next.")
    finished_at: str | None
    replay_of: str | None


class AttemptBody(Answer):
    """One attempt; no secret stands in it."""

    number: int
    at: str
    seconds: float
    result: str
    status: int | None = Field(description="The HTTP status, where there was one.")
    detail: str


class DeliveryWithAttempts(DeliveryBody):
    """A delivery and what became of each attempt."""

    tries: list[AttemptBody]


class DeliveriesBody(Page):
    """A page of deliveries."""

    items: list[DeliveryBody] = Field(description="The newest first.")


@router.get("/v1/deliveries", response_model=DeliveriesBody, summary="List deliveries")
def list_every_delivery(
    caller: Reader,
    state: Annotated[
        str | None, Query(pattern="^(waiting|delivered|dead)$", description="In this state.")
    ] = None,
    channel: Annotated[str | None, Query(max_length=64, description="To this channel.")] = None,
    message: Annotated[str | None, Query(max_length=300, description="Of this message.")] = None,
    since: Annotated[Moment | None, Query(description="Made then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Made before then.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """What went where. A page may hold fewer than its limit: a token limited to lakes sees
    what is of these lakes alone.
    """
    with reading_scope(caller.services.database) as session:
        page = list_deliveries(
            session,
            state=state,
            channel=channel,
            message_id=message,
            since=since,
            until=until,
            before=caller.place(cursor).after,
            limit=limit,
        )
    items = [_shown(one) for one in page.items if _his(caller, one)]
    return {"items": items, "next": caller.cursor(page.next)}


@router.get(
    "/v1/deliveries/{delivery_id}",
    response_model=DeliveryWithAttempts,
    summary="Show a delivery with its attempts",
)
def show_delivery(caller: Reader, delivery_id: DeliveryPath) -> dict[str, object]:
    """What became of each attempt."""
    with reading_scope(caller.services.database) as session:
        one = _found(caller, delivery(session, delivery_id))
        tries = attempts(session, one.id)
    return {
        **_shown(one),
        "tries": [
            {
                "number": each.number,
                "at": iso(each.at.timestamp()),
                "seconds": round(each.seconds, 3),
                "result": each.result,
                "status": each.status,
                "detail": each.detail,
            }
            for each in tries
        ],
    }


@router.post(
    "/v1/deliveries/{delivery_id}/replay",
    response_model=DeliveryBody,
    summary="Send a delivery's message again",
)
def replay_one(
    caller: Admin, delivery_id: DeliveryPath, idempotency_key: IdempotencyKey = None
) -> dict[str, object]:
    """Under its own message id; 409 while it is on its way."""
    with session_scope(caller.services.database) as session:
        _found(caller, delivery(session, delivery_id))
        made = once(
            session,
            caller.token.public_id,
            idempotency_key,
            digest_of("replay a delivery", delivery_id),
            lambda: replay(session, delivery_id, database_now(session)),
        )
        return _shown(delivery(session, made))


def _found(caller: Caller, one: Delivery) -> Delivery:
    if not _his(caller, one):
        raise NotFoundError(f"there is no delivery {show(one.id)!r}", mend="See the list")
    return one


def _his(caller: Caller, one: Delivery) -> bool:
    """Whether all that it tells is of lakes that the token sees."""
    if caller.token.lakes is None:
        return True
    lakes = {notice.lake for notice in one.message.notices}
    return bool(lakes) and all(lake and caller.token.sees(lake) for lake in lakes)


def _shown(one: Delivery) -> dict[str, Any]:
    return {
        "id": one.id,
        "message": one.message.id,
        "channel": one.channel,
        "route": one.route,
        "severity": one.severity,
        "state": one.state,
        "reason": one.reason,
        "attempts": one.attempts,
        "titles": [notice.title for notice in one.message.notices],
        "created_at": iso(one.created_at.timestamp()),
        "next_at": iso(one.next_at.timestamp()) if one.state == "waiting" else None,
        "finished_at": iso(one.finished_at.timestamp()) if one.finished_at else None,
        "replay_of": one.replay_of,
    }
