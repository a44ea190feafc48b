"""Problem documents (RFC 9457): what every answer that is not a success looks like."""

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core.errors import BadNameError, LakewardenError
from app.web.json_answer import to_json

MEDIA_TYPE = "application/problem+json"
URN = "urn:lakewarden:problem:"

#: Errors whose message is for whoever operates the server: paths, addresses, settings.
_OPERATORS_OWN = frozenset(
    {"state-unusable", "bad-settings", "bad-snapshot", "source-unreadable", "directory-unreadable"}
)
TITLES = {
    "state-unusable": "The state database cannot be used at the moment",
    "bad-settings": "The server's settings are unusable",
    "bad-snapshot": "A snapshot is damaged or missing",
    "source-unreadable": "The lake could not be read",
    "directory-unreadable": "The directory of people could not be read",
    "internal-error": "The server failed",
    "invalid-request": "The request does not say what this route needs",
    "no-such-route": "There is nothing at this address",
    "method-not-allowed": "This address does not know that method",
    "body-too-large": "The body is larger than this route reads",
    "unreadable-body": "The body cannot be read",
    "token-required": "A bearer token is needed",
    "token-refused": "The bearer token is refused",
    "scope-missing": "The token has not the scope for this",
    "not-found": "It is not there",
    "no-whole-run": "The lake has no whole run yet",
}
_HTTP_CODES = {
    400: "unreadable-body",
    404: "no-such-route",
    405: "method-not-allowed",
    413: "body-too-large",
}
_HTTP_MENDS = {
    "no-such-route": "See /openapi.json for every address",
    "method-not-allowed": "The Allow header names the methods",
    "body-too-large": "Send less at once",
    "unreadable-body": "Send JSON in UTF-8 as the OpenAPI document describes it",
}

_log = logging.getLogger("lakewarden.api")


class Fault(BaseModel):
    """One thing wrong with the request, and where."""

    detail: str = Field(description="What is wrong.", examples=["Input should be less than 201"])
    pointer: str | None = Field(
        default=None,
        description="JSON pointer into the body (RFC 6901, as a URI fragment).",
        examples=["#/questions/0/user"],
    )
    parameter: str | None = Field(
        default=None, description="Name of the path or query parameter.", examples=["limit"]
    )
    header: str | None = Field(
        default=None, description="Name of the header.", examples=["Idempotency-Key"]
    )


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(
        description="Stable name of the kind of problem.",
        examples=["urn:lakewarden:problem:bad-name"],
    )
    title: str = Field(description="The kind of problem in words.", examples=["Bad name"])
    status: int = Field(description="The HTTP status.", examples=[422])
    detail: str = Field(
        description="What went wrong this time.", examples=["'payroll..x' is not an object's name"]
    )
    mend: str | None = Field(
        default=None,
        description="What to do about it.",
        examples=["Write db, db.table or db.table.column"],
    )
    errors: list[Fault] | None = Field(
        default=None, description="Each thing wrong with the request, where there are several."
    )
    reference: str | None = Field(
        default=None, description="What to look for in the server's log.", examples=["5f0c1e9a77b2"]
    )


def problem(
    code: str,
    status: int,
    detail: str,
    *,
    mend: str = "",
    errors: Sequence[Mapping[str, str]] = (),
    reference: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The answer for one problem."""
    body: dict[str, Any] = {
        "type": URN + code,
        "title": TITLES.get(code) or code.replace("-", " ").capitalize(),
        "status": status,
        "detail": detail,
    }
    if mend:
        body["mend"] = mend
    if errors:
        body["errors"] = list(errors)
    if reference:
        body["reference"] = reference
    return Response(to_json(body), status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


def problem_of(error: LakewardenError) -> Response:
    """The answer for an error. What only the operator may read goes to the log instead."""
    if error.code in _OPERATORS_OWN:
        reference = secrets.token_hex(6)
        _log.error("%s (%s): %s", error.code, reference, error)
        status = 503 if error.status < 500 else error.status
        return problem(
            error.code,
            status,
            TITLES[error.code],
            mend="Ask whoever runs the server; its log has the reference",
            reference=reference,
            headers=_headers(status, error.code),
        )
    # A name that cannot be read is refused as a parameter; what is left is one that this
    # lake does not know, such as that of a catalog.
    status = 404 if isinstance(error, BadNameError) else error.status
    return problem(
        error.code, status, error.message, mend=error.mend, headers=_headers(status, error.code)
    )


def failure(reference: str) -> Response:
    """The answer for a fault of the program: no word of where or why."""
    return problem(
        "internal-error",
        500,
        "The server failed to answer; the fault is its own",
        mend="Report the reference: the server's log has the cause",
        reference=reference,
    )


async def on_lakewarden_error(_: Request, error: Exception) -> Response:
    """Whatever the user can mend."""
    assert isinstance(error, LakewardenError)
    return problem_of(error)


async def on_http_error(request: Request, error: Exception) -> Response:
    """What routing and the reading of bodies refuse."""
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "http-error")
    detail = TITLES.get(code) or HTTPStatus(error.status_code).phrase
    headers = dict(error.headers or {})
    if error.status_code == 405 and "route" in request.scope:
        # Routing names the methods of one route; an address may have several.
        known = request.app.state.document.methods(request.scope["route"].path)
        headers |= {"Allow": ", ".join(known)} if known else {}
    return problem(code, error.status_code, detail, mend=_HTTP_MENDS.get(code, ""), headers=headers)


async def on_invalid_request(_: Request, error: Exception) -> Response:
    """Parameters, headers and bodies that the schema refuses."""
    assert isinstance(error, RequestValidationError)
    return invalid(map(_fault, error.errors()))


def invalid(errors: Iterable[Mapping[str, str]]) -> Response:
    """The answer for a request with faults in it, each with its place."""
    faults = list(errors)
    first = faults[0] if faults else {"detail": "the request is invalid"}
    place = next((first[key] for key in ("parameter", "pointer", "header") if key in first), "")
    detail = f"{place}: {first['detail']}" if place else first["detail"]
    if len(faults) > 1:
        detail += f" (and {len(faults) - 1} more)"
    return problem(
        "invalid-request", 422, detail, mend="See /openapi.json for this route", errors=faults
    )


def body_fault(location: Iterable[str | int], detail: str) -> dict[str, str]:
    """A fault of the body by its JSON pointer."""
    return {"detail": detail, "pointer": "#" + "".join(f"/{_escaped(part)}" for part in location)}


def _fault(error: Mapping[str, Any]) -> dict[str, str]:
    where, *location = error["loc"]
    detail = str(error["msg"]).removeprefix("Value error, ")
    if where == "body":
        if error["type"] == "json_invalid":
            return body_fault((), f"{detail} at character {location[0] if location else 0}")
        return body_fault(location, detail)
    name = str(location[0]) if location else ""
    return {"detail": detail, "header" if where == "header" else "parameter": name}


def _escaped(part: str | int) -> str:
    return str(part).replace("~", "~0").replace("/", "~1")


def _headers(status: int, code: str) -> dict[str, str]:
    if status == 401:
        return {"WWW-Authenticate": 'Bearer realm="lakewarden", error="invalid_token"'}
    return {"Retry-After": "60" if code == "too-many-jobs" else "2"} if status in (429, 503) else {}
