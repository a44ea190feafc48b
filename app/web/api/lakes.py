"""The lakes that are audited, and how each stands."""

from fastapi import APIRouter
from pydantic import Field

from app.store.database import Session, reading_scope
from app.store.runs import last_whole_run
from app.store.snapshots import newest_snapshot
from app.web.callers import LakeReader, Reader
from app.web.models import Answer
from app.web.open_runs import iso
from app.web.services import LakeDescription

router = APIRouter(tags=["lakes"])


class NewestRun(Answer):
    """The newest whole run of a lake, in short."""

    id: str = Field(description="Its id.", examples=["20260612T081530123456-7kq2mx"])
    finished_at: str | None = Field(description="When it ended.")
    exit_code: int | None = Field(description="0 clean, 1 exposures, 2 could not judge all.")


class Lake(Answer):
    """A lake of the settings."""

    name: str = Field(description="Its name.", examples=["main"])
    source: str = Field(
        description="What is crawled, without secrets.",
        examples=["metastore+postgresql://auditor@db.example/metastore"],
    )
    directory: str | None = Field(description="Where people and groups are known from.")
    mode: str = Field(description="The authorization mode set for it.", examples=["sql-standard"])
    groups: str | None = Field(
        description="Whether the lake's engine sees groups: `directory`, `none`, null for unknown."
    )
    everyone_at: float = Field(
        description="The share of the active people that counts as everyone.", examples=[0.9]
    )
    schedule: str | None = Field(description="When it is audited, in cron's words.")
    snapshot_taken_at: str | None = Field(description="When it was last crawled.")
    newest_run: NewestRun | None = Field(description="Its newest whole run; null before the first.")


class Lakes(Answer):
    """The lakes that the token sees."""

    items: list[Lake] = Field(description="In the order of the settings.")


@router.get("/v1/lakes", response_model=Lakes, summary="List the lakes")
def list_lakes(caller: Reader) -> dict[str, object]:
    """Every lake that the token sees, with its newest whole run."""
    seen = [lake for lake in caller.services.lakes.values() if caller.token.sees(lake.name)]
    with reading_scope(caller.services.database) as session:
        return {"items": [_described(session, lake) for lake in seen]}


@router.get("/v1/lakes/{lake}", response_model=Lake, summary="Show one lake")
def show_lake(caller: LakeReader) -> dict[str, object]:
    """How the lake is set up, and its newest whole run."""
    with reading_scope(caller.services.database) as session:
        return _described(session, caller.lake)


def _described(session: Session, lake: LakeDescription) -> dict[str, object]:
    crawl, run = newest_snapshot(session, lake.name), last_whole_run(session, lake.name)
    newest = None
    if run is not None:
        ended = iso(run.finished_at.timestamp()) if run.finished_at else None
        newest = {"id": run.id, "finished_at": ended, "exit_code": run.exit_code}
    return {
        "name": lake.name,
        "source": lake.source,
        "directory": lake.directory,
        "mode": lake.mode,
        "groups": lake.groups,
        "everyone_at": lake.everyone_at,
        "schedule": lake.schedule,
        "snapshot_taken_at": iso(crawl.taken_at.timestamp()) if crawl else None,
        "newest_run": newest,
    }
