"""Why somebody can, or cannot: every path, the rows that refuse, classes and policy lines."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from app.core.lake_view import ClassOnTable
from app.core.memberships import MembershipEdge
from app.core.questions import GrantPath, explain
from app.core.rights.grant_rows import GrantRow
from app.report.moments import iso_time
from app.web.api.can import AnswerBody
from app.web.callers import LakeReader
from app.web.json_answer import json_answer
from app.web.models import Answer, GrantRecord, OfRun
from app.web.parameters import ObjectText, RunChoice, UserText
from app.web.words import Right

router = APIRouter(tags=["questions"])


class Membership(Answer):
    """One step on the way from the user to the principal of a grant."""

    member: str = Field(description="Who is a member.", examples=["user:dana.kim"])
    of: str = Field(description="Of what.", examples=["role:analyst"])
    source: str = Field(description="Where it stands: ROLE_MAP 7, directory, or everyone.")
    admin_option: bool = Field(description="Whether the member may make others members.")
    grantor: str | None = Field(description="By whom.")
    created_at: str | None = Field(description="When.")


class GrantPathBody(Answer):
    """A way from the user to a grant."""

    edges: list[Membership] = Field(description="Empty where the grant is to the user himself.")
    grant: GrantRecord


class InertPath(GrantPathBody):
    """A way to a grant that does nothing."""

    because: str = Field(description="Why it does nothing.")


class ClassBody(Answer):
    """A data class that the object carries."""

    data_class: str = Field(alias="class", description="Its name.", examples=["payroll"])
    rule: str = Field(description="The rule that said so, with its place.")
    column: str = Field(description="The column it is on; empty for the whole table.")
    inherited_from: str = Field(description="The table that a view has it from, or empty.")


class ExplainBody(OfRun, AnswerBody):
    """Everything there is to say about one access."""

    paths: list[GrantPathBody] = Field(
        description="Every grant that gives it, each by a shortest way."
    )
    refusals: list[GrantPathBody] = Field(description="Rows that make the engine refuse the user.")
    inert: list[InertPath] = Field(description="Rows that reach the user and do nothing.")
    classes: list[ClassBody] = Field(description="The object's data classes.")
    policy_lines: list[str] = Field(description="The policy lines that decided.")
    can_make_themselves: str = Field(
        description="How the user could give himself the right, or empty."
    )


@router.get(
    "/v1/lakes/{lake}/explain",
    response_model=ExplainBody,
    summary="Why can somebody, or why not?",
)
def ask_explain(
    caller: LakeReader,
    user: UserText,
    right: Annotated[Right, Query(description="The right.")],
    object: ObjectText,
    run: RunChoice = None,
) -> Response:
    """Every path by which a user holds a right on an object, and what policy says of it."""
    opened = caller.open_run(run)
    found = explain(opened.view, user, right, object)
    answer = found.answer
    return json_answer(
        {
            **opened.head,
            "user": answer.user,
            "right": answer.right,
            "object": answer.object,
            "answer": answer.answer,
            "permitted": answer.permitted,
            "because": answer.because,
            "paths": [_path(way) for way in found.paths],
            "refusals": [_path(way) for way in found.refusals],
            "inert": [{**_path(way), "because": why} for way, why in found.inert],
            "classes": [_class(one) for one in found.classes],
            "policy_lines": [str(line) for line in found.policy_lines],
            "can_make_themselves": found.can_make_themselves,
        }
    )


def _path(way: GrantPath) -> dict[str, Any]:
    return {"edges": [_edge(edge) for edge in way.edges], "grant": _grant(way.grant)}


def _edge(edge: MembershipEdge) -> dict[str, Any]:
    return {
        "member": f"{edge.member[0].lower()}:{edge.member[1]}",
        "of": f"{edge.of[0].lower()}:{edge.of[1]}",
        "source": edge.source,
        "admin_option": edge.admin_option,
        "grantor": edge.grantor,
        "created_at": iso_time(edge.create_time),
    }


def _grant(grant: GrantRow) -> dict[str, Any]:
    return {
        "source": grant.source,
        "level": grant.level,
        "column": grant.column,
        "partition": grant.partition,
        "principal": f"{grant.principal_type.lower()}:{grant.principal}",
        "privilege": grant.privilege,
        "grant_option": grant.grant_option,
        "grantor": grant.grantor,
        "granted_at": iso_time(grant.create_time),
    }


def _class(one: ClassOnTable) -> dict[str, Any]:
    return {
        "class": one.data_class,
        "rule": one.rule,
        "column": one.column,
        "inherited_from": one.inherited_from,
    }
