"""Views and copies of an object, and what it is made from."""

from fastapi import APIRouter
from pydantic import Field

from app.web.callers import LakeReader
from app.web.models import Answer, OfRun
from app.web.parameters import ObjectText, RunChoice

router = APIRouter(tags=["questions"])


class Relative(Answer):
    """An object that the one asked for is made from, or that is made from it."""

    object: str = Field(description="The object.", examples=["marts.salaries_by_team"])
    kind: str = Field(description="What it is, in the metastore's words.")
    relation: str = Field(description="view, copy or same-location.")
    distance: int = Field(description="1 is next to it.")
    classes: list[str] = Field(description="Its data classes.")
    people: int = Field(description="Active people who can read it.")
    everyone: bool = Field(description="Whether everyone can.")
    wider: bool = Field(
        description="Whether somebody can read it who cannot read the object asked for."
    )


class Unparsed(Answer):
    """A view whose text could not be read, so that it may be missing from the lists."""

    object: str
    reason: str


class LineageBody(OfRun):
    """What an object is made from, and what is made from it."""

    object: str = Field(description="The object, as found.")
    kind: str = Field(description="What it is, in the metastore's words.")
    upstream: list[Relative] = Field(description="What it is made from.")
    downstream: list[Relative] = Field(description="What is made from it.")
    unparsed: list[Unparsed] = Field(description="Views that could not be read.")


@router.get(
    "/v1/lakes/{lake}/lineage", response_model=LineageBody, summary="Which copies and views exist?"
)
def ask_lineage(caller: LakeReader, object: ObjectText, run: RunChoice = None) -> dict[str, object]:
    """Views and copies of an object, and whether they are as closed as it is."""
    opened = caller.open_run(run)
    return {**opened.head, **caller.services.questions.lineage(opened.view, object)}
