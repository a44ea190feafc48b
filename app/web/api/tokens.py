"""Tokens: made, listed and revoked by whoever administers Lakewarden."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from app.core.errors import ConflictError, NotFoundError, SettingsError
from app.core.names import show
from app.store.database import reading_scope, session_scope
from app.store.idempotency import digest_of, once
from app.store.identifiers import utc_now
from app.store.tokens import (
    LONGEST_LIFE,
    LONGEST_NAME,
    NewToken,
    Token,
    create_token,
    list_tokens,
)
from app.store.tokens import revoke_token as revoke
from app.store.tokens import token as stored_token
from app.web.bodies import Body, WholeNumber
from app.web.callers import Admin, Caller, unknown_lake
from app.web.errors import InvalidRequestError
from app.web.models import Answer
from app.web.open_runs import iso
from app.web.parameters import IdempotencyKey, WholeText
from app.web.words import TokenScope

router = APIRouter(tags=["operations"])

_LETTERS = r"!-~\u00c0-\u024f"

TokenPath = Annotated[
    str, Path(max_length=100, description="A token's public id.", examples=["7kq2mx3vbn0a"])
]


class TokenWanted(Body):
    """What a new token is for."""

    name: WholeText = Field(
        min_length=1,
        max_length=LONGEST_NAME,
        pattern=rf"^[ {_LETTERS}]*[{_LETTERS}][ {_LETTERS}]*$",
        description="Who uses it, and for what: printable ASCII and Latin letters.",
        examples=["nightly report"],
    )
    scopes: list[TokenScope] = Field(
        min_length=1,
        max_length=3,
        description="read: ask; run: start audits; admin: tokens and the trail of questions. "
        "None includes another.",
        examples=[["read"]],
    )
    lakes: list[WholeText] | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        description="The only lakes it is for; every lake, also later ones, if left out.",
    )
    days: WholeNumber = Field(
        default=90, ge=1, le=LONGEST_LIFE.days, description="How many days it lasts."
    )


class TokenBody(Answer):
    """A token without its secret."""

    public_id: str = Field(description="What it is called in the trail.", examples=["7kq2mx3vbn0a"])
    name: str
    scopes: list[TokenScope]
    lakes: list[str] | None = Field(description="The only lakes it is for; null: every lake.")
    created_at: str
    expires_at: str
    last_used_at: str | None = Field(description="To the minute.")
    revoked_at: str | None


class NewTokenBody(TokenBody):
    """A token just made."""

    token: str = Field(description="The token itself. It is shown this once and never again.")


class Tokens(Answer):
    """Every token."""

    items: list[TokenBody] = Field(description="The newest first, ended ones too.")


@router.post(
    "/v1/tokens",
    response_model=NewTokenBody,
    status_code=201,
    summary="Make a token",
    responses={
        201: {
            "description": "The token, shown this once.",
            "headers": {
                "Location": {"description": "The token's address.", "schema": {"type": "string"}}
            },
        }
    },
)
def make_token(
    caller: Admin,
    wanted: TokenWanted,
    response: Response,
    idempotency_key: IdempotencyKey = None,
) -> dict[str, object]:
    """A token that is limited to lakes makes only tokens limited to those. The same key again
    makes no second token; its secret was shown once, so the answer is 409 with its id.
    """
    caller.asks(wanted.model_dump())
    lakes = _lakes(caller, wanted.lakes)
    new: list[NewToken] = []
    try:
        with session_scope(caller.services.database) as session:

            def make() -> str:
                new.append(
                    create_token(
                        session,
                        name=wanted.name,
                        scopes=wanted.scopes,
                        lakes=lakes,
                        expires_at=utc_now() + timedelta(days=wanted.days) - timedelta(seconds=1),
                        pepper=caller.services.pepper,
                    )
                )
                return new[0].token.public_id

            request = digest_of("make a token", wanted.model_dump())
            known = once(session, caller.token.public_id, idempotency_key, request, make)
    except SettingsError as refused:
        raise InvalidRequestError(refused.message, mend=refused.mend) from None
    if not new:
        raise ConflictError(
            f"the token {known} was made by this request before, and its secret was shown then",
            mend="If it did not arrive, revoke that token and send a new key",
        )
    (made,) = new
    response.headers["Location"] = f"/v1/tokens/{made.token.public_id}"
    return {**_shown(made.token), "token": made.plaintext}


@router.get("/v1/tokens", response_model=Tokens, summary="List the tokens")
def list_every_token(caller: Admin) -> dict[str, object]:
    """Every token that may be revoked with this one, without its secret."""
    with reading_scope(caller.services.database) as session:
        return {"items": [_shown(one) for one in list_tokens(session) if _his(caller, one)]}


@router.get("/v1/tokens/{public_id}", response_model=TokenBody, summary="Show one token")
def show_token(caller: Admin, public_id: TokenPath) -> dict[str, object]:
    """A token without its secret."""
    with reading_scope(caller.services.database) as session:
        return _shown(_found(caller, stored_token(session, public_id)))


@router.post("/v1/tokens/{public_id}/revoke", response_model=TokenBody, summary="Revoke a token")
def revoke_token(caller: Admin, public_id: TokenPath) -> dict[str, object]:
    """End a token for good, at once here and within two seconds in every other process.

    It stays on the list, for what it asked stands in the trail of questions.
    """
    with session_scope(caller.services.database) as session:
        _found(caller, stored_token(session, public_id))
        revoked = revoke(session, public_id)
    caller.desk.authenticator.forget()
    return _shown(revoked)


def _lakes(caller: Caller, wanted: list[str] | None) -> list[str] | None:
    """The lakes of a new token: known, and no more than the caller's own."""
    if wanted is None:
        return None if caller.token.lakes is None else list(caller.token.lakes)
    for lake in wanted:
        if lake not in caller.services.lakes or not caller.token.sees(lake):
            raise unknown_lake(lake)
    return wanted


def _found(caller: Caller, one: Token) -> Token:
    if not _his(caller, one):
        raise NotFoundError(
            f"there is no token {show(one.public_id)!r}", mend="See the list of tokens"
        )
    return one


def _his(caller: Caller, one: Token) -> bool:
    """Whether the token reaches no further than the caller's."""
    mine = caller.token.lakes
    return mine is None or (one.lakes is not None and set(one.lakes) <= set(mine))


def _shown(one: Token) -> dict[str, object]:
    return {
        "public_id": one.public_id,
        "name": one.name,
        "scopes": sorted(one.scopes),
        "lakes": None if one.lakes is None else list(one.lakes),
        "created_at": iso(one.created_at.timestamp()),
        "expires_at": iso(one.expires_at.timestamp()),
        "last_used_at": iso(one.last_used_at.timestamp()) if one.last_used_at else None,
        "revoked_at": iso(one.revoked_at.timestamp()) if one.revoked_at else None,
    }
