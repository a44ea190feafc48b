"""The mends of the posture report, as they are answered."""

from pydantic import Field

from app.web.models import Answer
from app.web.words import Severity


class StatementOfMend(Answer):
    """One statement, who must run it, and why that one."""

    sql: str = Field(description="Without a semicolon; empty where it is left out.")
    run_as: str = Field(description="user:NAME, admin (after SET ROLE ADMIN), or anyone.")
    set_role: str = Field(description="A SET ROLE to say first, or empty.")
    because: str
    left_out: str = Field(
        default="", description="Only where it is: its length, and the command that shows it."
    )


class EffectOfMend(Answer):
    """What a plan does, found by judging the lake as it would be."""

    closes_all: bool = Field(description="What is left is left by other incidents.")
    exposures_closed: int
    exposures_left: int
    tables_closed: int
    people_closed: int
    allowed_lost: int = Field(description="Accesses that policy allows and the plan takes.")
    allowed_lost_sample: list[tuple[str, str, str]] = Field(description="Who, right, object.")
    opened: int


class PlanOfMend(Answer):
    """Statements, and what they were simulated to do."""

    words: str = Field(description="The first statement and who runs it, in one line.")
    effect: str = Field(description="What it does, in one line; empty: nothing was simulated.")
    statements: list[StatementOfMend] = Field(description="The first three, none of them cut.")
    statement_count: int
    exact: bool = Field(description="No smaller plan exists.")
    bound: str = Field(description="Else how near it is.")
    cannot: str = Field(description="Why nobody can run it, or not all, and the way round.")
    simulation: EffectOfMend | None


class FirstMend(PlanOfMend):
    """What closes one incident, as far as the audit drafted it."""

    incident: str = Field(description="Its key.", examples=["2bdd0f1cd0f1ad75"])
    severity: Severity
    cause: str = Field(description="What did it, in words.")
    widest: bool = Field(description="Whether it is the widest opening's own incident.")
    everyone: bool
    tables: int
    people: int
    in_doubt: bool
    made: bool = Field(description="Whether a mend was made; where not, nothing is known of one.")
    why_not: str = Field(description="Why none was made, or empty.")
    alternative: PlanOfMend | None = Field(
        description="A plan that takes less of what policy allows, where one was looked for."
    )
    command: str = Field(description="What shows the whole plan, and what undoes it.")
