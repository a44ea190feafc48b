"""Can somebody do something: one question, or ten thousand at once."""

import csv
import io
from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.core.names import RIGHTS
from app.core.questions import Answer as Answered
from app.core.questions import can, can_all
from app.report.csv_format import as_read, defused
from app.web.bodies import Body, media_type
from app.web.callers import LakeCaller, LakeReader
from app.web.errors import InvalidRequestError, UnsupportedBodyError
from app.web.json_answer import json_answer
from app.web.models import Answer, OfRun
from app.web.parameters import ObjectText, RunChoice, UserText, WholeText
from app.web.problems import body_fault, invalid
from app.web.words import Right, Word, YesNo

router = APIRouter(tags=["questions"])

BATCH = "/v1/lakes/{lake}/can"
MOST_QUESTIONS = 10_000
LARGEST_BODY = 4 * 1024 * 1024
_COLUMNS = ("user", "right", "object")
_ANSWERS = (*_COLUMNS, "answer", "permitted", "because")
_IN_ONE_RECORD = 100
_CELL = r"[^\x00-\x1f\x7f\",]{1,200}"
_CSV = rf"^user,right,object(?:\r?\n{_CELL},(?:{'|'.join(RIGHTS)}),{_CELL})*(?:\r?\n)?$"


class AnswerBody(Answer):
    """The engine's answer, the policy's, and why in one line."""

    user: str = Field(description="The user.", examples=["dana.kim"])
    right: Right
    object: str = Field(description="The object, as asked.", examples=["hr.salaries"])
    answer: Word = Field(description="What the lake's engine would say, as things stand.")
    permitted: YesNo | str = Field(
        description="Whether policy allows it, over all the object's classes; empty for an object "
        "nobody knows. Allowed and not permitted is an exposure."
    )
    because: str = Field(description="Why, in one line.")


class CanBody(OfRun, AnswerBody):
    """The answer to one question."""


class CanBatchBody(OfRun):
    """The answers to many questions."""

    items: list[AnswerBody] = Field(description="In the order of the questions.")


class Question(Body):
    """One question."""

    user: WholeText = Field(min_length=1, max_length=1_000, examples=["dana.kim"])
    right: Right = Field(examples=["select"])
    object: WholeText = Field(min_length=1, max_length=2_000, examples=["hr.salaries"])


class Questions(Body):
    """Many questions."""

    questions: list[Question] = Field(max_length=MOST_QUESTIONS)


_BATCH_IN = {
    "required": True,
    "content": {
        "application/json": {"schema": {"$ref": "#/components/schemas/Questions"}},
        "text/csv": {
            "schema": {"type": "string", "pattern": _CSV},
            "example": "user,right,object\ndana.kim,select,hr.salaries\n",
        },
    },
}


@router.get(BATCH, response_model=CanBody, summary="Can somebody?")
def ask_can(
    caller: LakeReader,
    user: UserText,
    right: Annotated[Right, Query(description="The right.")],
    object: ObjectText,
    run: RunChoice = None,
) -> Response:
    """The engine's own answer for that exact name, and whether policy permits it."""
    opened = caller.open_run(run)
    return json_answer({**opened.head, **asdict(can(opened.view, user, right, object))})


@router.post(
    BATCH,
    response_model=CanBatchBody,
    summary="Can they? Many questions at once",
    openapi_extra={"requestBody": _BATCH_IN},
    responses={
        200: {
            "description": "JSON for JSON; CSV for CSV, with the columns answer, permitted and "
            "because added and made safe to open in a spreadsheet.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        }
    },
)
async def ask_can_batch(request: Request, caller: LakeReader, run: RunChoice = None) -> Response:
    """At most 10,000 questions in JSON, or in CSV with the columns user, right, object."""
    given = media_type(request)
    body = await request.body()
    return await run_in_threadpool(_answer_batch, caller, given, body, run)


def _answer_batch(caller: LakeCaller, given: str, body: bytes, run: str | None) -> Response:
    if given == "text/csv":
        asked = list(_read_csv(body))
    elif given == "application/json":
        try:
            asked = [
                (one.user, one.right, one.object)
                for one in Questions.model_validate_json(body).questions
            ]
        except ValidationError as refused:
            return invalid(body_fault(one["loc"], one["msg"]) for one in refused.errors()[:100])
    else:
        raise UnsupportedBodyError(
            f"questions are read as application/json or text/csv, not as {given or 'nothing'}",
            mend="Name the format in Content-Type",
        )
    caller.asks(
        *(
            {"questions": [list(one) for one in asked[start : start + _IN_ONE_RECORD]]}
            for start in range(0, len(asked), _IN_ONE_RECORD)
        )
    )
    opened = caller.open_run(run)
    answers = can_all(opened.view, asked)
    if given == "text/csv":
        return Response(_write_csv(answers), media_type="text/csv; charset=utf-8; header=present")
    return json_answer({**opened.head, "items": [asdict(one) for one in answers]})


def _read_csv(body: bytes) -> Iterator[tuple[str, Right, str]]:
    try:
        lines = csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True)
        header = tuple(next(lines, ()))
        if header[:3] != _COLUMNS:
            raise InvalidRequestError(
                "line 1: the columns are not user,right,object",
                mend="Begin with the line: user,right,object",
            )
        count = 0
        for row in lines:
            if not row:
                continue
            count += 1
            if count > MOST_QUESTIONS:
                raise InvalidRequestError(
                    f"there are more than {MOST_QUESTIONS} questions", mend="Send them in parts"
                )
            yield _question(row, lines.line_num)
    except (UnicodeDecodeError, csv.Error) as refused:
        raise InvalidRequestError(
            f"the CSV cannot be read: {refused}", mend="Send CSV in UTF-8"
        ) from None


def _question(row: list[str], line: int) -> tuple[str, Right, str]:
    try:
        user, right, object_text = (as_read(cell) for cell in row[:3])
        found = Question(user=user, right=right.strip().lower(), object=object_text)  # type: ignore[arg-type]
    except ValidationError as refused:
        first = refused.errors()[0]
        raise InvalidRequestError(
            f"line {line}: {first['loc'][0]}: {first['msg']}", mend="Mend the line"
        ) from None
    except ValueError:
        raise InvalidRequestError(
            f"line {line} has {len(row)} fields", mend="Give user,right,object"
        ) from None
    return found.user, found.right, found.object


def _write_csv(answers: list[Answered]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_ANSWERS)
    writer.writerows([defused(cell) for cell in asdict(one).values()] for one in answers)
    return text.getvalue()
