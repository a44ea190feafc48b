"""Exposures: who can, and should not. Lists, one by its id, and exports."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from typing import Annotated, Any

import pyarrow as pa
from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import StreamingResponse

from app.core.errors import NotFoundError
from app.core.exposures import SCHEMA
from app.core.openings import ways_of_everyone
from app.core.run_report import RunReport
from app.report.exposure_fields import exposure_page
from app.report.moments import iso_time
from app.report.registry import renderer
from app.report.rendering import Look
from app.web.callers import LakeReader
from app.web.exposure_filters import Export, ExposurePage
from app.web.models import Answer, PageOfRun
from app.web.parameters import RunChoice
from app.web.services import Condition, ExposureQuery
from app.web.words import ExportFormat, Kind, Right, Severity, Status, Tier

router = APIRouter(tags=["exposures"])

_HTML_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
_SAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

ExposurePath = Annotated[
    str,
    Path(
        pattern="^[0-9a-f]{16}$",
        description="An exposure's id. It stays the same from run to run.",
        examples=["9f86d081884c7d65"],
    ),
]


class GrantEvidence(Answer):
    """A recorded grant that opens it."""

    source: str = Field(description="Its place in the metastore.", examples=["TBL_PRIVS 17"])
    principal: str = Field(description="To whom.", examples=["role:people_analytics_convenience"])
    privilege: str = Field(description="What, as recorded.", examples=["SELECT"])
    grant_option: bool | None = Field(description="Whether it can be passed on.")
    grantor: str | None = Field(description="By whom.")
    granted_at: str | None = Field(description="When.")


class Exposure(Answer):
    """Access that people have and policy does not allow: one object, one right."""

    id: str = Field(description="Its stable identity.", examples=["9f86d081884c7d65"])
    scope: str = Field(description="What it is about: table, principal or lake.")
    object: str = Field(description="The object.", examples=["monitoring_keystrokes.events"])
    catalog: str | None = Field(description="The table's catalog.")
    database: str | None = Field(description="The table's database.")
    table: str | None = Field(description="The table's name.")
    right: Right = Field(description="What people can do.")
    kind: Kind = Field(description="The gravest kind that applies.")
    kinds: list[Kind] = Field(description="Every kind that applies, the gravest first.")
    severity: Severity = Field(description="SEV0 is the gravest.")
    tier: Tier = Field(description="The most protected tier of its classes.")
    classes: list[str] = Field(description="Its data classes.")
    class_evidence: list[str] = Field(description="The rules that said so, with their places.")
    people: int = Field(description="Active people who can.")
    services: int = Field(description="Service accounts that can.")
    inactive: int = Field(description="Inactive users who can.")
    unknown: int = Field(description="Names that can and that the directory does not know.")
    opaque_groups: int = Field(description="Groups of unknown size that can.")
    everyone: bool = Field(description="Whether everyone can.")
    not_permitted: int = Field(description="How many of them policy does not allow.")
    contract: int | None = Field(description="The most people its class is meant for.")
    in_doubt: bool = Field(description="Nobody surely; some possibly.")
    openings: list[str] = Field(description="The principals whose grants do it.")
    grants: list[GrantEvidence] = Field(description="Some of the recorded rows that do it.")
    grant_count: int = Field(description="How many there are.")
    policy_lines: list[str] = Field(description="The policy lines considered.")
    detail: str | None = Field(description="What else is to be said.")
    opened_at: str | None = Field(description="When the newest grant or membership was made.")
    status: Status = Field(description="Against the run before.")
    first_seen: str = Field(description="When a run first saw it.")
    first_run: str = Field(description="Which run that was.")


class Exposures(PageOfRun):
    """A page of exposures."""

    total: int | None = Field(
        default=None, description="How many meet the filters, where that was asked for."
    )
    items: list[Exposure] = Field(description="In the order asked for.")


class WayOfEveryone(Answer):
    """The memberships by which everyone is behind a principal."""

    opening: str = Field(description="The principal whose grants open it.", examples=["role:staff"])
    path: list[str] = Field(description="The memberships from `public` up to it, in words.")
    path_rows: list[str] = Field(description="Their places in the metastore.")
    granted_by: str | None = Field(description="Who made the first of them.")
    since: str | None = Field(description="When the newest was made.")


class ExposureBody(Exposure):
    """One exposure and the run it is from."""

    paths: list[WayOfEveryone] = Field(
        description="How everyone is let in, where memberships do it. For who else can, and by "
        "which way, ask who-can and explain."
    )

    lake: str = Field(description="The lake.")
    run: str = Field(description="The run.")


@router.get("/v1/lakes/{lake}/exposures", response_model=Exposures, summary="List exposures")
def list_exposures(
    caller: LakeReader, wanted: Annotated[ExposurePage, Query()]
) -> dict[str, object]:
    """Exposures of a run, the gravest and widest first, or as asked for."""
    place = caller.place(wanted.cursor)
    opened = caller.open_run(wanted.run, place)
    after = None if place.after is None else tuple(place.after)
    query = wanted.query(after, wanted.limit + 1)
    results = caller.services.results
    rows = pa.Table.from_batches(results.exposures(opened.run, query), SCHEMA)
    shown = rows.slice(0, wanted.limit)
    following = None
    if rows.num_rows > wanted.limit:
        following = _sorted_by(query, shown.slice(wanted.limit - 1).to_pylist()[0])
    answer = {
        **opened.head,
        "items": [row for batch in shown.to_batches() for row in exposure_page(batch)],
        "next": caller.cursor(following, opened.run.id),
    }
    if wanted.total:
        answer["total"] = results.count(opened.run, query.conditions)
    return answer


@router.get(
    "/v1/lakes/{lake}/exposures/export",
    summary="Export exposures",
    response_class=StreamingResponse,
    responses={
        200: {
            "description": "The whole report, streamed. `json` and `html` hold the posture too; "
            "`csv` is safe to open in a spreadsheet.",
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "text/csv": {"schema": {"type": "string"}},
                "application/vnd.apache.parquet": {
                    "schema": {"type": "string", "format": "binary"}
                },
                "application/json": {"schema": {"type": "object"}},
                "text/html": {"schema": {"type": "string"}},
            },
        }
    },
)
def export_exposures(caller: LakeReader, wanted: Annotated[Export, Query()]) -> StreamingResponse:
    """Every exposure that meets the filters, in one file."""
    opened, format = caller.open_run(wanted.run), wanted.format
    query = wanted.query()
    results = caller.services.results
    report = results.report(opened.run)
    if query != ExposureQuery():
        report = replace(report, exposures=lambda: results.exposures(opened.run, query))
    chosen = renderer(format)
    headers = {"Content-Disposition": f'attachment; filename="{_file_name(opened.run.id, format)}"'}
    if format == "html":
        headers["Content-Security-Policy"] = _HTML_POLICY
    return StreamingResponse(
        _begun(_pieces(format, report)), media_type=chosen.media_type, headers=headers
    )


@router.get(
    "/v1/lakes/{lake}/exposures/{exposure}",
    response_model=ExposureBody,
    summary="Show one exposure",
)
def show_exposure(
    caller: LakeReader, exposure: ExposurePath, run: RunChoice = None
) -> dict[str, object]:
    """One exposure with all its evidence."""
    opened = caller.open_run(run)
    query = ExposureQuery((Condition("id", "in", (exposure,)),), limit=1)
    for batch in caller.services.results.exposures(opened.run, query):
        for row in exposure_page(batch):
            openings = caller.services.results.openings(opened.run)
            ways = ways_of_everyone(openings, row["openings"])
            paths = [{**way, "since": iso_time(way["since"])} for way in ways]
            return {**row, "paths": paths, "lake": opened.run.lake, "run": opened.run.id}
    raise NotFoundError(
        f"run {opened.run.id} has no exposure {exposure}",
        mend="It may be closed: see changes, or name an earlier run",
    )


def _sorted_by(query: ExposureQuery, row: dict[str, Any]) -> list[str | int | bool]:
    """The last row's values in the order of the query, nulls as they sort."""
    return [_not_null(column, row[column]) for column, _ in query.sort]


def _not_null(column: str, value: Any) -> str | int | bool:
    if value is not None:
        found: str | int | bool = value
        return found
    return 0 if column == "opened_at" else ""


def _pieces(format: ExportFormat, report: RunReport) -> Iterator[bytes]:
    chosen = renderer(format)
    if chosen.rows is not None:
        return chosen.rows(report.exposures())
    return chosen.stream(report, Look())


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """The same pieces, the first one made already: what fails at once is a problem."""
    first = next(pieces, b"")
    return chain((first,), pieces)


def _file_name(run: str, format: str) -> str:
    return "exposures-" + "".join(letter for letter in run if letter in _SAFE) + f".{format}"
