"""Which grants, roles and nestings open the most."""

from fastapi import APIRouter
from pydantic import Field

from app.report.moments import iso_time
from app.web.callers import LakeReader
from app.web.models import Opening, PageOfRun
from app.web.parameters import CursorText, Limit, RunChoice

router = APIRouter(tags=["questions"])


class WidestBody(PageOfRun):
    """Openings of a run."""

    items: list[Opening] = Field(description="The gravest and widest first.")


@router.get("/v1/lakes/{lake}/widest", response_model=WidestBody, summary="What opens the most?")
def ask_widest(
    caller: LakeReader, run: RunChoice = None, limit: Limit = 50, cursor: CursorText = None
) -> dict[str, object]:
    """Exposures gathered by the principal that opens them: one to mend, many closed."""
    place = caller.place(cursor)
    opened = caller.open_run(run, place)
    start: int = place.after or 0
    openings = caller.services.results.openings(opened.run)
    rows = openings.slice(start, limit).to_pylist()
    more = start + limit < openings.num_rows
    return {
        **opened.head,
        "items": [{**row, "since": iso_time(row["since"])} for row in rows],
        "next": caller.cursor(start + limit if more else None, opened.run.id),
    }
