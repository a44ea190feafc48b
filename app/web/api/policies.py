"""The policies of a lake as they are loaded now, and what the lint says of them."""

from typing import Literal

from fastapi import APIRouter
from pydantic import Field

from app.core.classes import DataClass
from app.core.verdicts import Policies
from app.web.callers import LakeReader
from app.web.models import Answer

router = APIRouter(tags=["policies"])


class ClassDeclared(Answer):
    """A data class and its contract."""

    data_class: str = Field(alias="class", description="Its name.", examples=["payroll"])
    tier: str
    description: str
    max_people: int | None = Field(description="The most people it is meant for.")
    notify: list[str] = Field(description="Whom to tell.")
    place: str = Field(description="Where it is declared.", examples=["policies/classes.yaml:12"])
    rules: list[str] = Field(description="The rules that assign it, each with its place.")


class LineDeclared(Answer):
    """A line of policy.csv."""

    values: list[str] = Field(
        description="Audience, data class, right, effect, and what the model adds.",
        examples=[["group:payroll", "payroll", "select", "allow"]],
    )
    place: str = Field(description="Where it stands.", examples=["policies/policy.csv:3"])


class SeverityDeclared(Answer):
    """One cell of severity.yaml."""

    tier: str
    reach: str = Field(description="everyone, over-contract, many or few.")
    right: str
    severity: str | None = Field(description="Null: not an exposure.")


class WaiverDeclared(Answer):
    """An exception in waivers.yaml."""

    waiver: str
    reason: str
    approver: str
    expires: str = Field(description="The last day it holds.")
    scope: dict[str, str]
    max_tables: int | None
    max_people: int | None
    place: str


class LintFinding(Answer):
    """Something well-formed and still probably wrong."""

    level: Literal["error", "warning"]
    rule: str
    place: str
    message: str
    mend: str


class PoliciesBody(Answer):
    """Everything in a lake's policies folder."""

    lake: str
    digest: str = Field(description="SHA-256 over the files that decide.")
    model: str = Field(description="The Casbin model.")
    classes: list[ClassDeclared]
    lines: list[LineDeclared]
    groupings: dict[str, list[list[str]]] = Field(description="Memberships added by hand.")
    severity: list[SeverityDeclared]
    many_people: int = Field(description="From so many people on, a reach is `many`.")
    waivers: list[WaiverDeclared]
    findings: list[LintFinding] = Field(description="What the lint says.")


@router.get(
    "/v1/lakes/{lake}/policies", response_model=PoliciesBody, summary="Show the policies as loaded"
)
def show_policies(caller: LakeReader) -> dict[str, object]:
    """Classes, lines, severities, waivers and lint, as their files stand now."""
    loaded = caller.services.policies(caller.lake.name)
    policies = loaded.policies
    return {
        "lake": caller.lake.name,
        "digest": policies.digest,
        "model": policies.model_text,
        "classes": [_class(policies, one) for one in policies.classification.classes],
        "lines": [
            {"values": list(line.values), "place": f"{line.file}:{line.line}"}
            for line in policies.lines
        ],
        "groupings": {
            key: [list(row) for row in rows] for key, rows in policies.hand_groupings.items()
        },
        "severity": [
            {"tier": tier, "reach": reach, "right": right, "severity": severity}
            for (tier, reach, right), severity in sorted(policies.severity.cells.items())
        ],
        "many_people": policies.severity.many_people,
        "waivers": [
            {
                "waiver": one.waiver,
                "reason": one.reason,
                "approver": one.approver,
                "expires": one.expires,
                "scope": dict(one.scope),
                "max_tables": one.max_tables,
                "max_people": one.max_people,
                "place": f"{one.file}:{one.line}",
            }
            for one in policies.waivers
        ],
        "findings": list(loaded.findings),
    }


def _class(policies: Policies, one: DataClass) -> dict[str, object]:
    return {
        "class": one.name,
        "tier": one.tier,
        "description": one.description,
        "max_people": one.max_people,
        "notify": list(one.notify),
        "place": f"{one.file}:{one.line}",
        "rules": [
            f"{rule.rule} ({rule.file}:{rule.line})"
            for rule in policies.classification.rules
            if rule.data_class == one.name
        ],
    }
