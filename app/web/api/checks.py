"""The check of a change, for pipelines without the command line."""

import hashlib
from datetime import timedelta
from typing import Literal

from fastapi import APIRouter
from pydantic import Field
from starlette.responses import Response

from app.web.bodies import Body, WholeNumber
from app.web.callers import Reader, unknown_lake
from app.web.json_answer import json_answer
from app.web.models import Answer
from app.web.parameters import WholeText
from app.web.services import CheckQuestion
from app.web.words import Severity, Word

router = APIRouter(tags=["questions"])

CHECKS = "/v1/checks"
LARGEST_BODY = 4 * 1024 * 1024
MOST_FILES = 500
_LONGEST_NAME = 1_000


class StatementsBody(Body):
    """A file of statements."""

    name: WholeText = Field(
        min_length=1,
        max_length=_LONGEST_NAME,
        description="What findings call it, such as its path in the repository.",
        examples=["grants/2026-06-09.sql"],
    )
    text: WholeText = Field(
        max_length=LARGEST_BODY,
        description="The statements, with semicolons between.",
        examples=["GRANT SELECT ON TABLE hr.salaries TO ROLE readers;"],
    )


class CheckWanted(Body):
    """A change to be checked."""

    lake: WholeText = Field(
        min_length=1, max_length=200, description="The lake's name.", examples=["main"]
    )
    statements: list[StatementsBody] = Field(
        min_length=1,
        max_length=MOST_FILES,
        description="The files of the change, in the order they will be run.",
    )
    dialect: Literal["hive", "trino", "databricks"] = Field(
        default="hive", description="In what they are written."
    )
    runner: WholeText | None = Field(
        default=None,
        min_length=1,
        max_length=1_000,
        alias="as",
        description="Who will run them; nobody says, if left out.",
        examples=["svc_deploy"],
    )
    var: dict[str, WholeText] = Field(
        default_factory=dict,
        max_length=100,
        description="Values of templates' variables.",
        examples=[{"env": "prod"}],
    )
    fail_on: Severity = Field(
        default="SEV4", description="The mildest severity that makes `exit_code` 1."
    )
    max_age_hours: WholeNumber = Field(
        default=72,
        ge=1,
        le=100_000,
        description="How old the run may be; an older one cannot be judged on: `exit_code` 2.",
    )
    effects: bool = Field(
        default=False, description="Whether the accesses given and taken are worked out and listed."
    )
    suppressions: bool = Field(default=True, description="Whether comments and waivers are heeded.")
    run: WholeText | None = Field(
        default=None,
        max_length=64,
        description="A whole run of the lake, whose snapshot is checked on; the newest if none.",
    )


class CheckPlace(Answer):
    """Where the guilty word stands: lines and columns from 1, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int


class CheckFinding(Answer):
    """One thing wrong with the change."""

    rule: str = Field(description="The rule.", examples=["exposure-to-everyone"])
    severity: Severity | Literal["cannot-judge", "note"] = Field(
        description="`cannot-judge` makes `exit_code` 2; `note` fails nothing."
    )
    message: str = Field(description="What, who and through what, in one sentence.")
    file: str = Field(description="The file's name.")
    statement: int = Field(description="Its number in the file, from 1; 0: the whole of it.")
    place: CheckPlace
    principal: str = Field(description="`role:NAME` …; empty where it is about none.")
    object: str = Field(description="`db.table` …; empty where it is about none or many.")
    right: str = Field(description="The right; empty where it is about none or several.")
    people: int = Field(description="How many people it is about.")
    people_sample: list[str]
    objects: int = Field(description="How many objects it is about.")
    objects_sample: list[str]
    classes: list[str] = Field(description="Their data classes.")
    path: list[str] = Field(description="How, in words, in order.")
    policy: list[str] = Field(description="The policy lines considered; none allows it.")
    mend: str = Field(description="The smallest change that would pass.")
    suppressed: str = Field(description="Why it does not count; empty: it counts.")
    fingerprint: str = Field(description="Stays the same when lines and counts move.")


class CheckedFileBody(Answer):
    """A file that was read."""

    name: str
    statements: int


class EffectsGroup(Answer):
    """Accesses that change alike: each of the people, on each of the objects."""

    right: str
    before: Word
    after: Word
    people: int
    people_sample: list[str]
    objects: int
    objects_sample: list[str]


class CheckEffects(Answer):
    """What the change gives and takes."""

    given: int = Field(description="Accesses (user, right, object) given.")
    taken: int = Field(description="Accesses taken.")
    unknown: int = Field(description="Accesses that are or become unknown.")
    groups: list[EffectsGroup] = Field(description="The same, grouped.")
    groups_left_out: int = Field(description="Groups that are not listed.")


class CheckBody(Answer):
    """The report of a check, as `lakewarden check --format json` writes it."""

    schema_name: str = Field(alias="schema", examples=["lakewarden/check/v1"])
    exit_code: Literal[0, 1, 2] = Field(
        description="0 clean, 1 findings, 2 not everything could be judged: never a pass."
    )
    fail_on: Severity
    lake: str
    snapshot: str = Field(description="The content hash of the snapshot checked on.")
    snapshot_taken_at: str = Field(description="When a crawl last found the lake so.")
    policies: str = Field(description="The digest of the policies that judged.")
    runner: str = Field(description="Who will run the statements; empty: nobody said.")
    files: list[CheckedFileBody]
    findings: list[CheckFinding] = Field(description="What counts, in order of place.")
    suppressed: list[CheckFinding] = Field(description="What somebody answered for.")
    notes: list[str] = Field(description="Stale suppressions, files without statements.")
    effects: CheckEffects | None = Field(
        description="What the change gives and takes; null unless asked for."
    )


@router.post(CHECKS, response_model=CheckBody, summary="Check a change before it is run")
def check_statements(caller: Reader, wanted: CheckWanted) -> Response:
    """What statements would do to who can really do what, judged by the server's own policies.

    They are applied in order to a copy of the newest run's snapshot; nothing is changed. The
    answer is 200 whatever is found: `exit_code` says whether a pipeline should stop.
    """
    caller.asks(
        {
            "files": [
                {"name": each.name, "sha256": hashlib.sha256(each.text.encode()).hexdigest()}
                for each in wanted.statements
            ],
            "dialect": wanted.dialect,
            "as": wanted.runner,
        }
    )
    if wanted.lake not in caller.services.lakes or not caller.token.sees(wanted.lake):
        raise unknown_lake(wanted.lake)
    caller.asks_about(wanted.lake)
    runs = caller.desk.open_runs
    opened = runs.newest(wanted.lake) if wanted.run is None else runs.named(wanted.lake, wanted.run)
    question = CheckQuestion(
        files=tuple((each.name, each.text) for each in wanted.statements),
        dialect=wanted.dialect,
        runner=wanted.runner,
        variables=wanted.var,
        fail_on=wanted.fail_on,
        max_age=timedelta(hours=wanted.max_age_hours),
        effects=wanted.effects,
        suppressions=wanted.suppressions,
    )
    return json_answer(caller.services.check(opened.run, question))
