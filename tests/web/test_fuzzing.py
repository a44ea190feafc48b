"""Schemathesis over the whole OpenAPI document, against the real application in process."""

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, settings

from app.main import create_app
from tests.web.conftest import Place


@pytest.fixture(scope="session")
def fuzzed_app(shared_place: Place) -> Iterator[FastAPI]:
    app = create_app(shared_place.services)
    with TestClient(app):
        yield app


@pytest.fixture(scope="session")
def fuzzing_token(shared_place: Place) -> str:
    return shared_place.token("read", "run", "admin")


@pytest.fixture(scope="session")
def api_schema(fuzzed_app: FastAPI) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", fuzzed_app)


schema = schemathesis.pytest.from_fixture("api_schema")


@schema.parametrize()
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_breaks_the_document(case: Any, fuzzing_token: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {fuzzing_token}"})
