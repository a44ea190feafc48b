"""What changed: exposures that opened, grew, shrank and closed between two runs."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from app.store.database import reading_scope
from app.store.runs import Run, last_whole_run
from app.web.callers import LakeCaller, LakeReader
from app.web.errors import NoWholeRunError
from app.web.models import Answer, PageOfRun
from app.web.parameters import CursorText, Limit, RunChoice, moment_in
from app.web.words import Kind, Right, Severity

router = APIRouter(tags=["questions"])

Change = Literal["opened", "grown", "unknown", "shrunk", "closed"]

Since = Annotated[
    str,
    Query(
        min_length=1,
        max_length=64,
        description="A whole run, or a moment: then the run that was the newest at that time.",
        examples=["2026-06-01"],
    ),
]


class ChangeBody(Answer):
    """One exposure that is not as it was."""

    change: Change = Field(
        description="`unknown`: a gap hides it, so it is not known to be closed."
    )
    id: str = Field(description="The exposure's id.")
    object: str = Field(description="What it is about.")
    scope: str = Field(description="table, principal or lake.")
    right: Right
    kind: Kind
    severity: Severity
    classes: list[str]
    people_before: int | None = Field(description="Null where there was no exposure.")
    people_after: int | None = Field(description="Null where there is none.")
    everyone_before: bool | None
    everyone_after: bool | None
    openings: list[str] = Field(description="The principals whose grants do or did it.")
    first_seen: str = Field(description="When a run first saw it.")


class ChangeCounts(Answer):
    """How many of each."""

    opened: int
    grown: int
    unknown: int
    shrunk: int
    closed: int


class ChangesBody(PageOfRun):
    """What changed from one run to another."""

    since_run: str = Field(description="The earlier run.")
    since: str = Field(description="When that run began.")
    counts: ChangeCounts
    items: list[ChangeBody] = Field(
        description="Opened, grown, unknown, shrunk, closed; within each the gravest first."
    )


@router.get("/v1/lakes/{lake}/changes", response_model=ChangesBody, summary="What changed?")
def ask_changes(
    caller: LakeReader,
    since: Since,
    run: RunChoice = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """Exposures that opened, grew, shrank or closed since a run or a moment."""
    place = caller.place(cursor)
    later = caller.open_run(run, place)
    earlier = _earlier(caller, since)
    found = caller.services.questions.changes(earlier, later.run, after=place.after, limit=limit)
    return {
        **later.head,
        "since_run": earlier.id,
        "since": earlier.started_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        **found.about,
        "items": list(found.rows),
        "next": caller.cursor(found.next, later.run.id),
    }


def _earlier(caller: LakeCaller, since: str) -> Run:
    moment: datetime | None = moment_in(since)
    if moment is None:
        return caller.desk.open_runs.named(caller.lake.name, since).run
    with reading_scope(caller.services.database) as session:
        found = last_whole_run(session, caller.lake.name, until=moment)
    if found is None:
        raise NoWholeRunError(
            f"{caller.lake.name} had no whole run by {since}",
            mend="Name a later moment, or a run: see its runs",
        )
    return found
