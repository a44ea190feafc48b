"""What could not be seen or judged, and what is in doubt for it."""

from fastapi import APIRouter
from pydantic import Field

from app.web.callers import LakeReader
from app.web.models import Gap, PageOfRun
from app.web.parameters import CursorText, Limit, RunChoice

router = APIRouter(tags=["questions"])


class GapsBody(PageOfRun):
    """Gaps of a run."""

    items: list[Gap] = Field(description="None: everything was read and judged.")


@router.get("/v1/lakes/{lake}/gaps", response_model=GapsBody, summary="What could we not see?")
def ask_gaps(
    caller: LakeReader, run: RunChoice = None, limit: Limit = 50, cursor: CursorText = None
) -> dict[str, object]:
    """Everything that the run could not read or judge. What is unknown is never clean."""
    place = caller.place(cursor)
    opened = caller.open_run(run, place)
    start: int = place.after or 0
    gaps = opened.posture["gaps"]
    more = start + limit < len(gaps)
    return {
        **opened.head,
        "items": gaps[start : start + limit],
        "next": caller.cursor(start + limit if more else None, opened.run.id),
    }
