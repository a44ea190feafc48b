"""Whether the server lives, and whether it can answer. No token needed."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from app.core.errors import LakewardenError
from app.store.database import Database
from app.store.schema import schema_state
from app.web.callers import desk_of, refuse_stray_parameters
from app.web.desk import Desk
from app.web.json_answer import json_answer
from app.web.models import Answer
from app.web.problems import problem

router = APIRouter(tags=["operations"])


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"]


class Check(Answer):
    """One thing that must work."""

    name: str = Field(examples=["state database"])
    ready: bool


class Ready(Answer):
    """The server can answer."""

    status: Literal["ready"]
    checks: list[Check] | None = Field(default=None, description="With verbose: what was tried.")


@router.get("/livez", response_model=Alive, summary="Does the server live?")
async def livez(request: Request) -> Response:
    """Answers as long as the process does."""
    refuse_stray_parameters(request)
    return json_answer({"status": "alive"})


@router.get(
    "/readyz",
    response_model=Ready,
    response_model_exclude_unset=True,
    summary="Can the server answer?",
)
def readyz(
    request: Request,
    verbose: Annotated[
        Literal["", "true"] | None,
        Query(description="Say what was tried.", openapi_examples={"plain": {"value": ""}}),
    ] = None,
) -> Response:
    """Whether the state database is usable, questions are recorded and jobs worked on."""
    refuse_stray_parameters(request)
    checks = _checks(desk_of(request))
    broken = [name for name, ready in checks.items() if not ready]
    if broken:
        return problem(
            "not-ready",
            503,
            f"not ready: {', '.join(broken)}",
            mend="The server's log has the cause",
            headers={"Retry-After": "2"},
        )
    said: dict[str, object] = {"status": "ready"}
    if verbose is not None:
        said["checks"] = [{"name": name, "ready": ready} for name, ready in checks.items()]
    return json_answer(said)


def _checks(desk: Desk) -> dict[str, bool]:
    return {
        "state database": _is_usable(desk.services.database),
        "trail of questions": desk.trail.is_running and desk.trail.has_room,
        "jobs": desk.jobs.is_running,
    }


def _is_usable(database: Database) -> bool:
    try:
        return schema_state(database).is_ready
    except LakewardenError:
        return False
