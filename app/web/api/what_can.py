"""What a user can do: the objects on which he holds a right."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from app.web.callers import LakeReader
from app.web.models import Answer, PageOfRun
from app.web.parameters import CursorText, Flag, Limit, RunChoice, UserText
from app.web.words import Right, Word, YesNo

router = APIRouter(tags=["questions"])


class HeldObject(Answer):
    """One object on which the user holds the right."""

    object: str = Field(description="The object.", examples=["hr.salaries"])
    scope: str = Field(description="database or table.")
    right: Right
    answer: Word = Field(description="allowed, or unknown where nobody here knows enough.")
    permitted: YesNo = Field(description="Whether policy allows it, over all its classes.")
    classes: list[str] = Field(description="Its data classes.")
    columns: list[str] = Field(description="The columns he reaches, when not the whole table.")
    via: list[str] = Field(description="Principals of the grants that give it.")


class WhatCanBody(PageOfRun):
    """What a user can do."""

    user: str = Field(description="The user.")
    known: bool = Field(description="Whether the directory or the lake knows the name.")
    kind: str = Field(description="person, service or unknown.")
    active: bool = Field(description="False for a leaver.")
    can_make_themselves: str = Field(description="How he could give himself more, or empty.")
    items: list[HeldObject] = Field(description="In order of name.")


@router.get("/v1/lakes/{lake}/what-can", response_model=WhatCanBody, summary="What can a user do?")
def ask_what_can(
    caller: LakeReader,
    user: UserText,
    right: Annotated[Right, Query(description="The right.")] = "select",
    not_allowed: Annotated[
        Flag, Query(description="Only objects that policy does not allow him.")
    ] = False,
    run: RunChoice = None,
    limit: Limit = 50,
    cursor: CursorText = None,
) -> dict[str, object]:
    """Every object on which a user holds a right, whatever way he got it."""
    place = caller.place(cursor)
    opened = caller.open_run(run, place)
    found = caller.services.questions.what_can(
        opened.view, user, right, not_allowed=not_allowed, after=place.after, limit=limit
    )
    return {
        **opened.head,
        **found.about,
        "items": list(found.rows),
        "next": caller.cursor(found.next, opened.run.id),
    }
