"""Snapshots: when a lake was crawled, and what was counted."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from app.store.database import reading_scope
from app.store.snapshots import SnapshotRecord, list_snapshots, snapshot_record
from app.web.callers import LakeReader
from app.web.models import Answer, Page
from app.web.open_runs import iso
from app.web.parameters import CursorText, Limit

router = APIRouter(tags=["snapshots"])

SnapshotPath = Annotated[
    str, Path(max_length=100, description="A snapshot's id, or the hash of its content.")
]


class SnapshotBody(Answer):
    """One crawl of a lake. Equal lakes have equal hashes."""

    id: str = Field(description="Its id.", examples=["20260612T081530123456-7kq2mx"])
    lake: str = Field(description="The lake.")
    content_hash: str = Field(description="SHA-256 over what was seen.")
    taken_at: str = Field(description="When the crawl began.", examples=["2026-06-12T08:15:30Z"])
    source: str = Field(description="What was crawled, without secrets.")
    counts: dict[str, int] = Field(description="How many of everything was seen.")


class Snapshots(Page):
    """A page of snapshots."""

    items: list[SnapshotBody] = Field(description="The newest first.")


@router.get("/v1/lakes/{lake}/snapshots", response_model=Snapshots, summary="List the snapshots")
def list_lake_snapshots(
    caller: LakeReader, limit: Limit = 50, cursor: CursorText = None
) -> dict[str, object]:
    """Every crawl on record, the newest first."""
    before = caller.place(cursor).after
    with reading_scope(caller.services.database) as session:
        page = list_snapshots(session, lake=caller.lake.name, before=before, limit=limit)
    return {"items": list(map(_shown, page.items)), "next": caller.cursor(page.next)}


@router.get(
    "/v1/lakes/{lake}/snapshots/{snapshot}",
    response_model=SnapshotBody,
    summary="Show one snapshot",
)
def show_snapshot(caller: LakeReader, snapshot: SnapshotPath) -> dict[str, object]:
    """A snapshot by its id, or the newest crawl with that content."""
    with reading_scope(caller.services.database) as session:
        return _shown(snapshot_record(session, snapshot, lake=caller.lake.name))


def _shown(record: SnapshotRecord) -> dict[str, object]:
    return {
        "id": record.id,
        "lake": record.lake,
        "content_hash": record.content_hash,
        "taken_at": iso(record.taken_at.timestamp()),
        "source": record.source,
        "counts": record.counts,
    }
