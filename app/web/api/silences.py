"""Silences: matching alerts held back for a while."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from app.core.errors import BadNameError, SettingsError
from app.core.routes import Silence
from app.store.database import reading_scope, session_scope
from app.store.idempotency import digest_of, once
from app.store.leases import database_now
from app.store.silences import LONGEST_COMMENT, add_silence, end_silence, list_silences, silence
from app.web.bodies import Body
from app.web.callers import Admin, Caller, Reader
from app.web.errors import ScopeMissingError
from app.web.models import Answer
from app.web.open_runs import iso
from app.web.parameters import Flag, IdempotencyKey, WholeText, moment_in

router = APIRouter(tags=["incidents"])

SilencePath = Annotated[
    str,
    Path(max_length=200, description="A silence's id.", examples=["20260612T081530123456-7kq2mx"]),
]


class SilenceWanted(Body):
    """What is held back, until when, and why."""

    matchers: dict[WholeText, list[WholeText]] = Field(
        min_length=1,
        max_length=5,
        description="severity, class, lake, kind, event; each a list of globs. All must match.",
        examples=[{"lake": ["main"], "severity": ["SEV3", "SEV4"]}],
    )
    ends_at: str = Field(
        max_length=40, description="At most 14 days ahead.", examples=["2026-06-12T20:00:00Z"]
    )
    comment: WholeText = Field(min_length=1, max_length=LONGEST_COMMENT)


class SilenceBody(Answer):
    """A silence."""

    id: str
    matchers: dict[str, list[str]]
    starts_at: str
    ends_at: str
    created_by: str
    created_at: str
    comment: str
    matched: int = Field(description="How many alerts it has held back so far.")
    matches_nothing: bool


class SilencesBody(Answer):
    """Silences."""

    items: list[SilenceBody] = Field(description="The next to end first.")


@router.get("/v1/silences", response_model=SilencesBody, summary="List silences")
def list_every_silence(
    caller: Reader,
    ended: Annotated[Flag, Query(description="Those that are over as well.")] = False,
) -> dict[str, object]:
    """Those that hold or are to come. One that has held nothing back may match nothing."""
    with reading_scope(caller.services.database) as session:
        found = list_silences(session, ended=ended, now=database_now(session))
    return {"items": [_shown(one) for one in found]}


@router.post(
    "/v1/silences",
    response_model=SilenceBody,
    status_code=201,
    summary="Hold matching alerts back",
)
def make_silence(
    caller: Admin, wanted: SilenceWanted, idempotency_key: IdempotencyKey = None
) -> dict[str, object]:
    """What is still so when it ends goes out then. Needs a token for all lakes."""
    _for_all_lakes(caller)
    caller.asks(wanted.model_dump())
    ends_at = moment_in(wanted.ends_at)
    if ends_at is None:
        raise BadNameError(
            f"ends_at: {wanted.ends_at!r} is no moment", mend="Write 2026-06-12T20:00:00Z"
        )
    try:
        with session_scope(caller.services.database) as session:

            def make() -> str:
                return add_silence(
                    session,
                    matchers=wanted.matchers,
                    ends_at=ends_at,
                    created_by=caller.token.public_id,
                    comment=wanted.comment,
                    now=database_now(session),
                ).id

            request = digest_of("make a silence", wanted.model_dump())
            identity = once(session, caller.token.public_id, idempotency_key, request, make)
            made = silence(session, identity)
    except SettingsError as refused:
        raise BadNameError(refused.message, mend=refused.mend) from None
    return _shown(made)


@router.post(
    "/v1/silences/{silence_id}/end", response_model=SilenceBody, summary="End a silence now"
)
def end_one(
    caller: Admin, silence_id: SilencePath, idempotency_key: IdempotencyKey = None
) -> dict[str, object]:
    """What it held back and is still so goes out. 409 when it is over already."""
    _for_all_lakes(caller)
    with session_scope(caller.services.database) as session:
        ended_by, now = caller.token.public_id, database_now(session)

        def end() -> str:
            return end_silence(session, silence_id, ended_by=ended_by, now=now).id

        request = digest_of("end a silence", silence_id)
        return _shown(silence(session, once(session, ended_by, idempotency_key, request, end)))


def _for_all_lakes(caller: Caller) -> None:
    """A silence may hold back any lake's alerts."""
    if caller.token.lakes is not None:
        raise ScopeMissingError(
            "a silence needs a token that is not limited to lakes", mend="Ask for such a token"
        )


def _shown(one: Silence) -> dict[str, Any]:
    return {
        "id": one.id,
        "matchers": {name: list(values) for name, values in one.matchers.items()},
        "starts_at": iso(one.starts_at.timestamp()),
        "ends_at": iso(one.ends_at.timestamp()),
        "created_by": one.created_by,
        "created_at": iso(one.created_at.timestamp()),
        "comment": one.comment,
        "matched": one.matched,
        "matches_nothing": one.matched == 0,
    }
