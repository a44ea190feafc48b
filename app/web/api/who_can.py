"""Who can do something on an object: now, or between two times."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.core.questions import Holder, who_can
from app.store.database import reading_scope
from app.store.runs import WHOLE, Run, last_whole_run, list_runs
from app.web.callers import LakeCaller, LakeReader
from app.web.cursors import Place
from app.web.errors import InvalidRequestError, NoWholeRunError
from app.web.json_answer import json_answer
from app.web.models import Answer, PageOfRun
from app.web.parameters import INTERVAL, CursorText, Limit, ObjectText, RunChoice, interval
from app.web.words import Right

router = APIRouter(tags=["questions"])

#: More whole runs than this between two times are not put together in one answer.
MOST_RUNS = 400

Between = Annotated[
    str | None,
    Query(
        max_length=100,
        pattern=INTERVAL,
        description="Who could at any time between two moments, by every whole run of that time "
        "and the one in force when it began: START/END in ISO 8601. With `run`, no later one.",
        examples=["2026-06-01/2026-06-12T08:00:00Z"],
    ),
]


class HolderBody(Answer):
    """One who holds the right."""

    subject: str = Field(
        description="user:NAME, group:NAME (of unknown size), or anyone: whoever else has a name.",
        examples=["user:dana.kim"],
    )
    kind: str = Field(description="person, service, unknown, group or anyone.")
    active: bool = Field(description="False for a leaver.")
    sure: bool = Field(description="False when it depends on what nobody here knows.")
    permitted: bool = Field(description="Whether policy allows it.")
    via: list[str] = Field(
        description="Principals of the grants that give it. Explain shows the way to each.",
        examples=[["role:people_analytics_convenience"]],
    )
    first_run: str | None = Field(default=None, description="With between: the first run.")
    last_run: str | None = Field(default=None, description="With between: the last run.")
    first_seen: str | None = Field(default=None, description="With between: when that began.")
    last_seen: str | None = Field(default=None, description="With between: when that began.")
    runs: int | None = Field(default=None, description="With between: how many runs saw it.")


class WhoCanBody(PageOfRun):
    """Who can, counted over all and listed by pages."""

    object: str = Field(description="The object, as found.", examples=["hr.salaries"])
    right: Right
    people: int = Field(description="Active people who can.")
    services: int = Field(description="Active service accounts that can.")
    inactive: int = Field(description="Inactive users who can.")
    unknown: int = Field(description="Names that can and that the directory does not know.")
    opaque_groups: int = Field(description="Groups of unknown size that can.")
    everyone: bool = Field(description="Whether that is everyone.")
    classes: list[str] = Field(description="The object's data classes.")
    can_make_themselves: int = Field(description="How many others could give it to themselves.")
    self_service: str = Field(description="How they could.")
    items: list[HolderBody] = Field(description="In order of name.")
    missing_in: list[str] | None = Field(
        default=None,
        description="With between: runs that had no such object, or whose snapshot is gone.",
    )


@router.get(
    "/v1/lakes/{lake}/who-can",
    response_model=WhoCanBody,
    response_model_exclude_unset=True,
    summary="Who can?",
)
def ask_who_can(
    caller: LakeReader,
    right: Annotated[Right, Query(description="`delegate`: may pass any right on.")],
    object: ObjectText,
    between: Between = None,
    run: RunChoice = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> Response:
    """Everybody who holds a right on an object, and through which grants."""
    place = caller.place(cursor)
    if between is not None:
        return _between(caller, interval(between), right, object, limit, place, run)
    opened = caller.open_run(run, place)
    found = who_can(opened.view, right, object, first_bit=place.after or 0, limit=limit)
    body = {
        **opened.head,
        "object": found.object,
        "right": found.right,
        "people": found.people,
        "services": found.services,
        "inactive": found.inactive,
        "unknown": found.unknown,
        "opaque_groups": found.opaque_groups,
        "everyone": found.everyone,
        "classes": found.classes,
        "can_make_themselves": found.can_make_themselves,
        "self_service": found.self_service,
        "items": [_shown(holder) for holder in found.holders],
        "next": caller.cursor(found.next_bit, opened.run.id),
    }
    return json_answer(body)


def _shown(holder: Holder) -> dict[str, Any]:
    return {
        "subject": holder.subject,
        "kind": holder.kind,
        "active": holder.active,
        "sure": holder.sure,
        "permitted": holder.permitted,
        "via": holder.via,
    }


def _between(
    caller: LakeCaller,
    times: tuple[datetime, datetime],
    right: Right,
    object_text: str,
    limit: int,
    place: Place,
    last: str | None,
) -> Response:
    runs = _runs_between(caller, *times, place.run or last or "")
    found = caller.services.questions.who_could(
        runs, right, object_text, after=place.after, limit=limit
    )
    head = caller.open_run(runs[-1].id).head
    return json_answer(
        {
            **head,
            **found.about,
            "items": found.rows,
            "next": caller.cursor(found.next, runs[-1].id),
        }
    )


def _runs_between(caller: LakeCaller, start: datetime, end: datetime, last: str) -> list[Run]:
    """Oldest first; none later than the run named, where one is."""
    lake = caller.lake.name
    found: list[Run] = []
    before: str | None = None
    with reading_scope(caller.services.database) as session:
        while True:
            page = list_runs(
                session, lake=lake, state=WHOLE, since=start, until=end, before=before, limit=200
            )
            found += page.items
            before = page.next
            if before is None or len(found) > MOST_RUNS:
                break
        in_force = last_whole_run(session, lake, until=start)
    if in_force is not None:
        found.append(in_force)
    runs = sorted({run.id: run for run in found if not last or run.id <= last}.items())
    if not runs:
        raise NoWholeRunError(f"{lake} has no whole run from that time", mend="See its runs")
    if len(runs) > MOST_RUNS:
        raise InvalidRequestError(
            f"between: more than {MOST_RUNS} whole runs are of that time", mend="Ask for less time"
        )
    return [run for _, run in runs]
