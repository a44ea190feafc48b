"""The OpenAPI document, and the lists of words it is made of."""

from pathlib import Path
from typing import Any, get_args

import pytest

from app.core.classes import TIERS, UNCLASSIFIED
from app.core.errors import LakewardenError
from app.core.exposures import KINDS, SCHEMA, SCOPES, STATUSES
from app.core.names import RIGHTS
from app.core.openings import OPENING_SCHEMA
from app.core.verdicts import SEVERITIES
from app.report.exposure_fields import FIELDS
from app.report.posture_fields import ORDER
from app.report.registry import RENDERERS
from app.store.jobs import FAILED, QUEUED, RUNNING, WHOLE
from app.store.tokens import SCOPES as TOKEN_SCOPES
from app.web import words
from app.web.api.exposures import Exposure, GrantEvidence
from app.web.api.report import ClassPosture, ExposureCounts, Objects, People, Report
from app.web.exposure_filters import SORTS
from app.web.models import Gap, Opening
from app.web.problems import TITLES
from tests.web.routes import bare_app, documented_operations

DOCUMENT: dict[str, Any] = bare_app().openapi()
OPERATIONS = [
    (f"{method.upper()} {path}", operation)
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]


@pytest.mark.parametrize(
    ("word", "known"),
    [
        (words.Right, RIGHTS),
        (words.Severity, SEVERITIES),
        (words.Kind, KINDS),
        (words.ExposureScope, SCOPES),
        (words.Status, [status for status in STATUSES if status != "gone"]),
        (words.Tier, (*TIERS, UNCLASSIFIED)),
        (words.RunState, (RUNNING, WHOLE, FAILED)),
        (words.JobState, (QUEUED, RUNNING, WHOLE, FAILED)),
        (words.TokenScope, TOKEN_SCOPES),
        (words.ExportFormat, [name for name in RENDERERS if name != "text"]),
    ],
)
def test_the_words_are_those_of_the_rooms_they_come_from(word: Any, known: Any) -> None:
    assert set(get_args(word)) == set(known)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Exposure, FIELDS),
        (GrantEvidence, [field.name for field in SCHEMA.field("grants").type.value_type]),
        (Opening, OPENING_SCHEMA.names),
        (Report, ORDER["posture"]),
        (Objects, ORDER["objects"]),
        (People, ORDER["people"]),
        (ExposureCounts, ORDER["exposures"]),
        (ClassPosture, ORDER["classes"]),
        (Gap, ORDER["gaps"]),
    ],
)
def test_what_is_published_is_what_is_described(model: Any, fields: Any) -> None:
    described = [field.alias or name for name, field in model.model_fields.items()]
    assert sorted(described) == sorted(fields)


def test_what_sorts_is_a_column() -> None:
    assert {column for column, _ in SORTS.values()} <= set(SCHEMA.names)


@pytest.mark.parametrize(("name", "operation"), OPERATIONS, ids=[name for name, _ in OPERATIONS])
def test_every_operation_is_described(name: str, operation: dict[str, Any]) -> None:
    assert operation["summary"]
    assert len(operation["description"]) > 20
    assert operation["tags"]
    for parameter in operation.get("parameters", ()):
        assert parameter.get("description") or parameter["schema"].get("description"), parameter
    problems = {
        status
        for status, response in operation["responses"].items()
        if "application/problem+json" in response.get("content", {})
    }
    assert {"422", "500", "503"} <= problems
    if "/v1" in name:
        assert {"401", "403", "404"} <= problems
        assert operation["security"] == [{"token": []}]
        assert "Scope: `" in operation["description"]
    for status, response in operation["responses"].items():
        assert response["description"] != "Successful Response" or status.startswith("2")


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [operation["operationId"] for _, operation in OPERATIONS]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere() -> None:
    def references(part: Any) -> set[str]:
        if isinstance(part, dict):
            own = {part["$ref"]} if isinstance(part.get("$ref"), str) else set()
            return own.union(*map(references, part.values()))
        if isinstance(part, list):
            return set().union(*map(references, part))
        return set()

    named = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert references(DOCUMENT) <= named
    assert "#/components/schemas/Problem" in references(DOCUMENT)
    assert not {name for name in DOCUMENT["components"]["schemas"] if "HTTPValidation" in name}


def test_the_guide_names_every_route_and_every_problem() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "api.md").read_text("utf-8")
    assert [name for name, _ in OPERATIONS if f"`{name}`" not in guide] == []
    codes = set(TITLES) | {error.code for error in _subclasses(LakewardenError)}
    inner = {"error", "server-stopped"}
    assert [code for code in sorted(codes - inner) if f"| `{code}` |" not in guide] == []


def _subclasses(kind: type[LakewardenError]) -> set[type[LakewardenError]]:
    return {kind}.union(*(_subclasses(one) for one in kind.__subclasses__()))


def test_whatever_takes_an_idempotency_key_may_answer_that_it_was_used() -> None:
    taking = {
        f"{method} {path}": "409" in operation["responses"]
        for method, path, operation in documented_operations()
        if any(each["name"] == "idempotency-key" for each in operation.get("parameters", ()))
    }
    assert len(taking) >= 8
    assert all(taking.values()), taking
