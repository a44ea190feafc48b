"""Runs: the audits of a lake, and asking for one."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from app.core.errors import NotFoundError
from app.core.names import show
from app.store.database import reading_scope, session_scope
from app.store.jobs import QUEUED, create_job, list_jobs
from app.store.runs import Run, list_runs
from app.store.runs import run as stored_run
from app.web.api.jobs import JobBody, shown_job
from app.web.callers import LakeReader, LakeRunner
from app.web.errors import TooManyJobsError
from app.web.models import Answer, Page
from app.web.open_runs import iso
from app.web.parameters import CursorText, IdempotencyKey, Limit, Moment
from app.web.words import RunState

router = APIRouter(tags=["runs"])

#: Another run of the lake, queued behind so many, would find what they find.
MOST_QUEUED = 10

RunPath = Annotated[
    str, Path(max_length=100, description="A run's id.", examples=["20260612T081530123456-7kq2mx"])
]


class RunBody(Answer):
    """One audit of a lake."""

    id: str = Field(description="Its id.", examples=["20260612T081530123456-7kq2mx"])
    lake: str = Field(description="The lake.")
    kind: str = Field(description="What kind of run.", examples=["audit"])
    state: RunState = Field(description="Only a whole run has results.")
    started_at: str = Field(description="When it began.", examples=["2026-06-12T08:15:30Z"])
    finished_at: str | None = Field(description="When it ended.")
    mode: str | None = Field(description="The authorization mode it judged under.")
    snapshot: str | None = Field(description="Content hash of the snapshot.")
    policies_digest: str | None = Field(description="SHA-256 over the policies that decided.")
    baseline: bool = Field(description="Whether no whole run of the lake was before it.")
    previous_run: str | None = Field(description="The whole run it was compared with.")
    exit_code: int | None = Field(description="0 clean, 1 exposures, 2 could not judge all.")
    error: str | None = Field(description="Why it failed.")
    summary: dict[str, Any] | None = Field(description="Its main numbers.")


class Runs(Page):
    """A page of runs."""

    items: list[RunBody] = Field(description="The newest first.")


@router.get("/v1/lakes/{lake}/runs", response_model=Runs, summary="List the runs")
def list_lake_runs(
    caller: LakeReader,
    state: Annotated[RunState | None, Query(description="Only runs in this state.")] = None,
    since: Annotated[Moment | None, Query(description="Begun at or after this moment.")] = None,
    until: Annotated[Moment | None, Query(description="Begun at or before this moment.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """Every run on record, the newest first."""
    before = caller.place(cursor).after
    with reading_scope(caller.services.database) as session:
        page = list_runs(
            session,
            lake=caller.lake.name,
            state=state,
            since=since,
            until=until,
            before=before,
            limit=limit,
        )
    return {"items": list(map(_shown, page.items)), "next": caller.cursor(page.next)}


@router.get(
    "/v1/lakes/{lake}/runs/newest", response_model=RunBody, summary="Show the newest whole run"
)
def show_newest(caller: LakeReader) -> dict[str, object]:
    """The run that answers come from when none is named."""
    return _shown(caller.open_run().run)


@router.get("/v1/lakes/{lake}/runs/{run}", response_model=RunBody, summary="Show one run")
def show_run(caller: LakeReader, run: RunPath) -> dict[str, object]:
    """A run in any state."""
    with reading_scope(caller.services.database) as session:
        found = stored_run(session, run)
    if found.lake != caller.lake.name:
        raise NotFoundError(f"there is no run {show(run)!r}", mend="See the list of runs")
    return _shown(found)


@router.post(
    "/v1/lakes/{lake}/runs",
    response_model=JobBody,
    status_code=202,
    summary="Ask for a run",
    responses={
        202: {
            "description": "The job was taken.",
            "headers": {
                "Location": {"description": "The job's address.", "schema": {"type": "string"}}
            },
        }
    },
)
def ask_for_run(
    caller: LakeRunner, response: Response, idempotency_key: IdempotencyKey = None
) -> dict[str, object]:
    """Queue an audit of the lake. Follow it at `/v1/jobs/{job}` or its `/events`."""
    lake = caller.lake.name
    with session_scope(caller.services.database) as session:
        job = create_job(
            session,
            lake=lake,
            requested_by=caller.token.public_id,
            idempotency_key=idempotency_key,
        )
        waiting = list_jobs(session, lake=lake, state=QUEUED, limit=MOST_QUEUED + 1)
        if len(waiting.items) > MOST_QUEUED and job.id == waiting.items[0].id:
            raise TooManyJobsError(
                f"{MOST_QUEUED} runs of {lake} wait already", mend="Wait until one has begun"
            )
    caller.desk.jobs.wake()
    response.headers["Location"] = f"/v1/jobs/{job.id}"
    return shown_job(job)


def _shown(run: Run) -> dict[str, object]:
    return {
        "id": run.id,
        "lake": run.lake,
        "kind": run.kind,
        "state": run.state,
        "started_at": iso(run.started_at.timestamp()),
        "finished_at": iso(run.finished_at.timestamp()) if run.finished_at else None,
        "mode": run.mode,
        "snapshot": run.snapshot,
        "policies_digest": run.policies_digest,
        "baseline": run.baseline,
        "previous_run": run.previous_run,
        "exit_code": run.exit_code,
        "error": run.error,
        "summary": run.summary,
    }
