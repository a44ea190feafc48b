"""The gate: nobody gets to `/v1` or `/metrics` without a bearer token that holds."""

import ipaddress

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.errors import LakewardenError
from app.store.tokens import Token
from app.web.callers import TOKEN
from app.web.desk import Desk
from app.web.errors import TrailFullError
from app.web.problems import problem, problem_of

GUARDED = "/v1"
METRICS = "/metrics"
_LONGEST_TOKEN = 200
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")


class Gate:
    """Middleware that puts the token into the request's scope, or answers 401."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        header = _authorization(scope)
        if header is None and scope["path"] == METRICS and is_local(scope):
            await self._app(scope, receive, send)
            return
        try:
            scope[TOKEN] = await self._token(header)
        except LakewardenError as refused:
            await problem_of(refused)(scope, receive, send)
            return
        if scope[TOKEN] is None:
            await _token_required()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    async def _token(self, header: str | None) -> Token | None:
        scheme, _, text = (header or "").partition(" ")
        text = text.strip()
        if scheme.lower() != "bearer" or not text:
            return None
        if not self._desk.trail.has_room:
            raise TrailFullError(
                "questions cannot be recorded at the moment, so none is answered",
                mend="Try again; whoever runs the server finds the cause in its log",
            )
        text = text[:_LONGEST_TOKEN]
        authenticator = self._desk.authenticator
        return authenticator.recall(text) or await run_in_threadpool(authenticator.look_up, text)


def is_loopback(host: str) -> bool:
    """Whether an address or a host's name is this machine's own and nobody else's."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def is_local(scope: Scope) -> bool:
    """Whether a request comes from this machine, not through a proxy, not through a name
    that a web page elsewhere made point here."""
    client = scope.get("client")
    headers = Headers(scope=scope)
    host = headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return (
        client is not None
        and is_loopback(client[0])
        and is_loopback(name)
        and not any(header in headers for header in _FORWARDED)
    )


def is_guarded(path: str) -> bool:
    """Whether an address needs a token."""
    return path in (GUARDED, METRICS) or path.startswith(GUARDED + "/")


def _authorization(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            text: str = value.decode("latin-1")
            return text
    return None


def _token_required() -> ASGIApp:
    return problem(
        "token-required",
        401,
        "a bearer token is needed here",
        mend="Send: Authorization: Bearer lw_…; make one with: lakewarden token create",
        headers={"WWW-Authenticate": 'Bearer realm="lakewarden"'},
    )
