"""Jobs: runs asked for through the API, and how far each is."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse

from app.core.errors import LakewardenError, NotFoundError
from app.core.names import show
from app.store.database import reading_scope
from app.store.jobs import FAILED, WHOLE, Job, list_jobs
from app.store.jobs import job as stored_job
from app.web.callers import Caller, ReaderOrRunner
from app.web.json_answer import to_json
from app.web.models import Answer, Page
from app.web.open_runs import iso
from app.web.parameters import CursorText, Limit
from app.web.words import JobState

router = APIRouter(tags=["runs"])

LOOK_SECONDS = 0.25
SIGN_OF_LIFE_SECONDS = 15.0

JobPath = Annotated[
    str, Path(max_length=100, description="A job's id.", examples=["20260612T081530123456-7kq2mx"])
]


class Progress(Answer):
    """How far a job is."""

    step: str = Field(description="What is being done.", examples=["crawl"])
    done: int = Field(description="How much of it is done.")
    total: int | None = Field(description="Of how much; null where nobody knows.")


class JobBody(Answer):
    """A run that was asked for."""

    id: str = Field(description="Its id.", examples=["20260612T081530123456-7kq2mx"])
    lake: str = Field(description="The lake.")
    kind: str = Field(description="What was asked for.", examples=["audit"])
    state: JobState = Field(description="`whole` and `failed` are ends.")
    progress: Progress | None = Field(description="How far it is; null before it begins.")
    requested_by: str = Field(description="Public id of the token that asked.")
    run: str | None = Field(description="The run that came of it.")
    error: str | None = Field(description="Why it failed.")
    created_at: str = Field(description="When it was asked for.", examples=["2026-06-12T08:15:30Z"])
    started_at: str | None = Field(description="When it began.")
    finished_at: str | None = Field(description="When it ended.")


class Jobs(Page):
    """A page of jobs."""

    items: list[JobBody] = Field(description="The newest first.")


@router.get("/v1/jobs", response_model=Jobs, summary="List the jobs")
def list_every_job(
    caller: ReaderOrRunner,
    lake: Annotated[
        str | None, Query(max_length=200, description="Only jobs of this lake.")
    ] = None,
    state: Annotated[JobState | None, Query(description="Only jobs in this state.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """Every job of the lakes that the token sees, the newest first."""
    if lake is not None:
        caller.asks_about(lake)
    before = caller.place(cursor).after
    with reading_scope(caller.services.database) as session:
        page = list_jobs(
            session,
            lake=lake,
            lakes=caller.token.lakes,
            state=state,
            before=before,
            limit=limit,
        )
    return {"items": list(map(shown_job, page.items)), "next": caller.cursor(page.next)}


@router.get("/v1/jobs/{job}", response_model=JobBody, summary="Show one job")
def show_job(caller: ReaderOrRunner, job: JobPath) -> dict[str, object]:
    """How far a job is, and what came of it."""
    return shown_job(_look(caller, job))


@router.get(
    "/v1/jobs/{job}/events",
    summary="Follow one job",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "Server-sent events: `progress` each time the job has moved, with the "
            "job as data, and `end` once, after which the stream ends.",
            "content": {
                "text/event-stream": {
                    "schema": {
                        "type": "object",
                        "description": "One event.",
                        "properties": {
                            "event": {"type": "string", "enum": ["progress", "end"]},
                            "data": {"type": "string", "contentMediaType": "application/json"},
                        },
                    },
                }
            },
        }
    },
)
async def follow_job(caller: ReaderOrRunner, job: JobPath) -> StreamingResponse:
    """The job as server-sent events, until it ends, the token does, or the server."""
    first = await run_in_threadpool(_look, caller, job)
    return StreamingResponse(
        _events(caller, first), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"}
    )


async def _events(caller: Caller, job: Job) -> AsyncIterator[bytes]:
    said: dict[str, object] = {}
    spoke = time.monotonic()
    while not caller.desk.stopping.is_set():
        now = shown_job(job)
        ended = job.state in (WHOLE, FAILED)
        if now != said or ended:
            said, spoke = now, time.monotonic()
            yield _event("end" if ended else "progress", now)
        elif time.monotonic() - spoke > SIGN_OF_LIFE_SECONDS:
            spoke = time.monotonic()
            yield b": still here\n\n"
        if ended:
            return
        await asyncio.sleep(LOOK_SECONDS)
        try:
            job = await run_in_threadpool(_look_again, caller, job.id)
        except LakewardenError:
            return


def _event(name: str, data: Any) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + to_json(data) + b"\n\n"


def _look_again(caller: Caller, job_id: str) -> Job:
    """Whoever lost his token hears no more."""
    authenticator = caller.desk.authenticator
    text = caller.request.headers["authorization"].partition(" ")[2].strip()
    if authenticator.recall(text) is None:
        authenticator.look_up(text)
    return _look(caller, job_id)


def _look(caller: Caller, job_id: str) -> Job:
    with reading_scope(caller.services.database) as session:
        found = stored_job(session, job_id)
    if not caller.token.sees(found.lake):
        raise NotFoundError(f"there is no job {show(job_id)!r}", mend="See the list of jobs")
    caller.asks_about(found.lake)
    if found.state == WHOLE:
        caller.desk.open_runs.forget_newest(found.lake)
    return found


def shown_job(job: Job) -> dict[str, object]:
    """A job as the API shows it."""
    return {
        "id": job.id,
        "lake": job.lake,
        "kind": job.kind,
        "state": job.state,
        "progress": job.progress,
        "requested_by": job.requested_by,
        "run": job.run_id,
        "error": job.error,
        "created_at": iso(job.created_at.timestamp()),
        "started_at": iso(job.started_at.timestamp()) if job.started_at else None,
        "finished_at": iso(job.finished_at.timestamp()) if job.finished_at else None,
    }
