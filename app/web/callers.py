"""Who asks, checked: the token's scopes and lakes, and that a question has no stray part."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError

from app.core.errors import NotFoundError
from app.core.names import show
from app.store.tokens import Token
from app.web.cursors import BEGIN, Place
from app.web.desk import Desk
from app.web.errors import CursorExpiredError, ScopeMissingError
from app.web.open_runs import OpenRun
from app.web.parameters import LakePath
from app.web.services import LakeDescription, Services

TOKEN, NOTES = "lakewarden.token", "lakewarden.notes"
"""Keys of the request's scope: the token, and what the trail of questions is told."""

_OF_THE_PAGE = ("cursor", "limit")


@dataclass(slots=True)
class Notes:
    """What is not in a question's address: its lake, and what its body asked, entry by entry."""

    lake: str | None = None
    details: tuple[Mapping[str, Any], ...] = ({},)


def desk_of(request: Request) -> Desk:
    """The desk of the application."""
    desk: Desk = request.app.state.desk
    return desk


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody whose token allows the question."""

    request: Request
    token: Token
    desk: Desk

    @property
    def services(self) -> Services:
        """What the API is built on."""
        return self.desk.services

    def asks_about(self, lake: str) -> None:
        """Tell the trail of questions which lake this is about; NotFoundError if not his."""
        if not self.token.sees(lake):
            raise unknown_lake(lake)
        self._notes.lake = lake

    def asks(self, *details: Mapping[str, Any]) -> None:
        """Tell the trail of questions what the body asked; one entry each."""
        self._notes.details = details

    @property
    def _notes(self) -> "Notes":
        notes: Notes = self.request.scope[NOTES]
        return notes

    def place(self, cursor: str | None) -> Place:
        """Where the list goes on."""
        return BEGIN if cursor is None else self.desk.cursors.read(self._question(), cursor)

    def cursor(self, after: Any, run: str = "") -> str | None:
        """The cursor for the next page; None when there is none."""
        if after is None:
            return None
        return self.desk.cursors.write(self._question(), Place(run, after))

    def _question(self) -> str:
        asked = [
            pair for pair in self.request.query_params.multi_items() if pair[0] not in _OF_THE_PAGE
        ]
        return f"{self.request.url.path}?{urlencode(sorted(asked))}"


@dataclass(frozen=True, slots=True)
class LakeCaller(Caller):
    """Somebody who may ask about the lake in the address."""

    lake: LakeDescription

    def open_run(self, run: str | None = None, place: Place = BEGIN) -> OpenRun:
        """The run a cursor is pinned to, else the one named, else the newest."""
        runs = self.desk.open_runs
        if not place.run:
            return runs.newest(self.lake.name) if run is None else runs.named(self.lake.name, run)
        try:
            return runs.named(self.lake.name, place.run)
        except NotFoundError:
            raise CursorExpiredError(
                f"run {place.run}, which the cursor is pinned to, was pruned",
                mend="Start again without a cursor",
            ) from None


class Allowed:
    """Lets in whoever has one of the scopes."""

    def __init__(self, *scopes: str) -> None:
        self.scopes = scopes

    async def __call__(self, request: Request) -> Caller:
        """The caller. Raises ScopeMissingError, or RequestValidationError for stray parts."""
        return Caller(request, self.check(request), desk_of(request))

    def check(self, request: Request) -> Token:
        """The token, if it allows this and nothing in the question is unknown."""
        token: Token = request.scope[TOKEN]
        if not any(token.allows(scope) for scope in self.scopes):
            raise ScopeMissingError(
                f"this needs a token with the scope {' or '.join(self.scopes)}",
                mend="Ask for such a token; no scope includes another",
            )
        refuse_stray_parameters(request)
        return token


class AllowedAtLake(Allowed):
    """Lets in whoever has one of the scopes and sees the lake in the address."""

    async def __call__(self, request: Request, lake: LakePath) -> LakeCaller:  # type: ignore[override]
        """The caller. Raises NotFoundError for a lake that is not there or not his."""
        token = self.check(request)
        desk = desk_of(request)
        described = desk.services.lakes.get(lake)
        if described is None or not token.sees(lake):
            raise unknown_lake(lake)
        return LakeCaller(request, token, desk, described)


def unknown_lake(lake: str) -> NotFoundError:
    """The same words for a lake that does not exist and one the token is not for."""
    return NotFoundError(
        f"no lake that this token sees is called {show(lake)!r}", mend="See GET /v1/lakes"
    )


def refuse_stray_parameters(request: Request) -> None:
    """Refuse what the route does not know, and what is given twice where one counts."""
    given = request.query_params.multi_items()
    if not given:
        return
    known = request.app.state.document.parameters(request)
    seen = set()
    for name, _ in given:
        if name not in known:
            raise _stray(name, f"unknown; this route knows {', '.join(known) or 'no parameter'}")
        if name in seen and not known[name]:
            raise _stray(name, "given more than once")
        seen.add(name)


def _stray(name: str, detail: str) -> RequestValidationError:
    return RequestValidationError([{"type": "stray", "loc": ("query", show(name)), "msg": detail}])


Reader = Annotated[Caller, Depends(Allowed("read"))]
Runner = Annotated[Caller, Depends(Allowed("run"))]
ReaderOrRunner = Annotated[Caller, Depends(Allowed("read", "run"))]
Admin = Annotated[Caller, Depends(Allowed("admin"))]
LakeReader = Annotated[LakeCaller, Depends(AllowedAtLake("read"))]
LakeRunner = Annotated[LakeCaller, Depends(AllowedAtLake("run"))]
AdminAtLake = Annotated[LakeCaller, Depends(AllowedAtLake("admin"))]
