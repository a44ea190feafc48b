"""The posture of a lake: the report of a run, in numbers."""

from typing import Annotated

from fastapi import APIRouter, Header
from pydantic import Field
from starlette.responses import Response

from app.report.posture_fields import posture_fields
from app.web.api.report_mends import FirstMend
from app.web.callers import LakeReader
from app.web.json_answer import json_answer
from app.web.models import Answer, Gap, Opening
from app.web.parameters import RunChoice

router = APIRouter(tags=["report"])

#: Goes up when the shape of the report changes, so that what was kept is asked for again.
SHAPE = 2


class Objects(Answer):
    """How much there is in the lake."""

    databases: int
    tables: int
    views: int
    columns: int
    grants: int
    roles: int
    role_members: int


class People(Answer):
    """Who there is."""

    directory_known: bool = Field(description="Whether there is a directory of people at all.")
    active_people: int
    services: int
    inactive: int
    unknown: int = Field(description="Names in the lake that the directory does not know.")
    opaque_groups: int = Field(description="Groups of unknown size.")


class ExposureCounts(Answer):
    """Exposures, counted."""

    total: int
    tables: int = Field(description="How many tables have at least one.")
    by_severity: dict[str, int]
    by_kind: dict[str, int] = Field(description="One may be of several kinds.")
    by_status: dict[str, int]


class ClassPosture(Answer):
    """One data class: how much there is, who can read it, who should."""

    data_class: str = Field(alias="class", description="Its name.", examples=["keystrokes"])
    tier: str
    description: str
    tables: int = Field(description="Tables that carry it.")
    exposed_tables: int
    people_can: int = Field(description="Active people who can read it somewhere.")
    people_should: int = Field(description="Active people whom policy allows to.")
    everyone: bool = Field(description="Whether everyone can.")
    contract: int | None = Field(description="The most people it is meant for.")
    notify: list[str] = Field(description="Whom to tell.")


class Report(Answer):
    """What a run concluded of a lake. Published as docs/schemas/audit.schema.json, too."""

    lake: str
    run: str
    snapshot: str = Field(description="Content hash of the snapshot.")
    policies: str = Field(description="Digest of the policies that decided.")
    mode: str
    started_at: str
    finished_at: str
    baseline: bool = Field(description="The first run of the lake: everything listed, none new.")
    complete: bool = Field(description="Whether everything was read and judged.")
    exit_code: int = Field(description="0 clean, 1 exposures, 2 could not judge all.")
    reasons: list[str] = Field(description="Why it is not 0, the gravest first.")
    objects: Objects
    people: People
    exposures: ExposureCounts
    classes: list[ClassPosture] = Field(description="The most protected first.")
    openings: list[Opening] = Field(description="The widest, at most 50: see also widest.")
    mends: list[FirstMend] | None = Field(
        description="What closes the gravest few incidents, the widest opening's first; null: "
        "a run of an older version, which drafted none."
    )
    gaps: list[Gap] = Field(description="What could not be read or judged.")
    slow_because: str = Field(description="Why the exact slow path was taken, or empty.")
    skipped: str = Field(description="What could not be looked for, or empty.")


@router.get(
    "/v1/lakes/{lake}/report",
    response_model=Report,
    summary="Show the posture report",
    responses={
        200: {
            "headers": {
                "ETag": {
                    "description": "Weak: changes with the run and the report's shape.",
                    "schema": {"type": "string"},
                }
            }
        },
        304: {"description": "The report is the one whose ETag was given."},
    },
)
def show_report(
    caller: LakeReader,
    run: RunChoice = None,
    if_none_match: Annotated[
        str | None, Header(max_length=8_000, description="ETags of reports you have.")
    ] = None,
) -> Response:
    """How many people can read each class and how many should, what opens it, what is unknown."""
    opened = caller.open_run(run)
    tag = f'W/"{opened.run.id}.{SHAPE}"'
    if if_none_match is not None and _has(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag})
    return json_answer(posture_fields(opened.posture), headers={"ETag": tag})


def _has(given: str, tag: str) -> bool:
    """Weak comparison: `W/` does not count."""
    opaque = tag.removeprefix("W/")
    tags = [one.strip().removeprefix("W/") for one in given.split(",")]
    return "*" in tags or opaque in tags
