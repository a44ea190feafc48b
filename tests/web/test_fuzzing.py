"""Schemathesis over the whole OpenAPI document, against the real application in process."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode

from app.main import create_app
from tests.web.conftest import LAKE, Place
from tests.web.routes import documented_operations

_QUICK = settings(
    max_examples=12,
    deadline=None,
    database=None,
    derandomize=True,
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def application(fuzzed_place: Place) -> Iterator[FastAPI]:
    """The application on a lake that only this module asks."""
    newest = fuzzed_place.newest_run()
    services = replace(fuzzed_place.services, audit=lambda lake, progress: newest)
    app = create_app(services)
    with TestClient(app):
        yield app


@pytest.fixture
def fuzzed(application: FastAPI, fuzzed_place: Place) -> tuple[Any, dict[str, str]]:
    """The schema bound to the application, and the headers that let one in.

    Each test brings a token of its own: what an earlier one revoked lets nobody in, and a
    fuzz that gets nothing but 401 finds nothing.
    """
    headers = {"Authorization": f"Bearer {fuzzed_place.token('read', 'run', 'admin')}"}
    schema = schemathesis.openapi.from_asgi("/openapi.json", application)
    schema.config.update(headers=headers)
    return schema, headers


#: What takes neither a parameter nor a body cannot be asked wrongly.
_ASKED = [
    (method, path, mode)
    for method, path, operation in documented_operations()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE
    or operation.get("parameters")
    or operation.get("requestBody")
]


@pytest.mark.parametrize(
    ("method", "path", "mode"), _ASKED, ids=lambda part: getattr(part, "value", part)
)
def test_no_request_breaks_the_document(
    method: str, path: str, mode: GenerationMode, fuzzed: tuple[Any, dict[str, str]]
) -> None:
    schema, headers = fuzzed
    operation = schema[path][method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @_QUICK
    def check(case: Any) -> None:
        if mode is GenerationMode.POSITIVE and "lake" in case.path_parameters:
            case.path_parameters["lake"] = LAKE
        case.call_and_validate(headers=headers)

    check()


def test_no_walk_from_answer_to_question_breaks_the_document(
    fuzzed: tuple[Any, dict[str, str]],
) -> None:
    schema, headers = fuzzed

    class Walk(schema.as_state_machine()):  # type: ignore[misc]
        """Follows ids from answers into further questions."""

        def get_call_kwargs(self, case: Any) -> dict[str, Any]:
            return {"headers": headers}

    Walk.run(settings=settings(_QUICK, max_examples=6, stateful_step_count=6))
