"""The trail of questions: who asked what of Lakewarden itself."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from app.store.database import reading_scope
from app.store.questions import Question, list_questions
from app.web.callers import Admin
from app.web.models import Answer, Page
from app.web.open_runs import iso
from app.web.parameters import CursorText, Limit, Moment

router = APIRouter(tags=["operations"])


class QuestionBody(Answer):
    """One question, and how it was answered."""

    id: int
    asked_at: str = Field(examples=["2026-06-12T08:15:30Z"])
    asked_by: str = Field(description="A token's public id, or cli:USER.")
    question: str = Field(
        description="The route or the command.", examples=["GET /v1/lakes/{lake}/who-can"]
    )
    parameters: dict[str, Any] = Field(description="What was asked for.")
    lake: str | None = Field(description="Of which lake.")
    status: int = Field(description="HTTP status, or the command's exit code.")


class QuestionsBody(Page):
    """A page of the trail."""

    items: list[QuestionBody] = Field(description="The newest first.")


@router.get("/v1/questions", response_model=QuestionsBody, summary="List what was asked")
def list_asked(
    caller: Admin,
    asked_by: Annotated[str | None, Query(max_length=200, description="Only by this one.")] = None,
    question: Annotated[
        str | None, Query(max_length=200, description="Only this route or command.")
    ] = None,
    lake: Annotated[str | None, Query(max_length=200, description="Only of this lake.")] = None,
    status: Annotated[
        int | None, Query(ge=0, le=599, description="Only those answered like this.")
    ] = None,
    since: Annotated[Moment | None, Query(description="Asked then or later.")] = None,
    until: Annotated[Moment | None, Query(description="Asked then or before.")] = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """Every question asked through the API with a token, with its answer's status."""
    if lake is not None:
        caller.asks_about(lake)
    before = caller.place(cursor).after
    if before is None:
        caller.desk.trail.flush()
    with reading_scope(caller.services.database) as session:
        page = list_questions(
            session,
            asked_by=asked_by,
            question=question,
            lake=lake,
            lakes=caller.token.lakes,
            status=status,
            since=since,
            until=until,
            before=before,
            limit=limit,
        )
    return {"items": list(map(_shown, page.items)), "next": caller.cursor(page.next)}


def _shown(one: Question) -> dict[str, object]:
    return {
        "id": one.id,
        "asked_at": iso(one.asked_at.timestamp()),
        "asked_by": one.asked_by,
        "question": one.question,
        "parameters": dict(one.parameters),
        "lake": one.lake,
        "status": one.status,
    }
