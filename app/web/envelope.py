"""What goes around every answer: its headers, its measure, its place in the trail.

Nothing that goes wrong within gets out as anything but a problem document.
"""

import logging
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.store.identifiers import utc_now
from app.store.tokens import Token
from app.web.callers import NOTES, TOKEN, Notes
from app.web.desk import Desk
from app.web.problems import failure
from app.web.trail import Asked

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)
_NO_ROUTE = "(no route)"

_log = logging.getLogger("lakewarden.api")


class Envelope:
    """The outermost middleware."""

    def __init__(self, app: ASGIApp, desk: Desk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        scope[NOTES] = notes = Notes()
        status = 0

        async def send_out(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = message["headers"]
                present = {name for name, _ in headers}
                message["headers"] = [
                    *headers,
                    *(header for header in _HEADERS if header[0] not in present),
                ]
                self._record(scope, notes, status)
            await send(message)

        try:
            await self._app(scope, receive, send_out)
        except Exception:
            reference = secrets.token_hex(6)
            _log.exception("%s failed (%s)", _question(scope), reference)
            if status:
                raise
            await failure(reference)(scope, receive, send_out)
        finally:
            self._desk.measures.answered(
                scope["method"], _route(scope), status or 499, time.perf_counter() - began
            )

    def _record(self, scope: Scope, notes: Notes, status: int) -> None:
        token: Token | None = scope.get(TOKEN)
        if token is None:
            return
        path = dict(scope.get("path_params") or ())
        lake = path.pop("lake", None) or notes.lake
        asked: dict[str, Any] = path if "route" in scope else {"path": scope["path"]}
        for name, value in parse_qsl(scope["query_string"].decode("latin-1"), True):
            asked[name] = [*_listed(asked[name]), value] if name in asked else value
        moment, question = utc_now(), _question(scope)
        for details in notes.details or ({},):
            self._desk.trail.add(
                Asked(moment, token.public_id, question, {**asked, **details}, lake, status)
            )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _question(scope: Scope) -> str:
    return f"{scope['method']} {_route(scope)}"


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return _NO_ROUTE if route is None else str(route.path)
