"""The API as one application: its rooms joined, its errors translated."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.core.errors import LakewardenError
from app.web import pages, problems
from app.web.api import (
    can,
    changes,
    checks,
    deliveries,
    explain,
    exposures,
    gaps,
    health,
    incidents,
    jobs,
    lakes,
    lineage,
    metrics,
    policies,
    questions,
    report,
    runs,
    silences,
    snapshots,
    tokens,
    waivers,
    what_can,
    who_can,
    widest,
)
from app.web.body_limit import BodyLimit
from app.web.desk import set_up_desk
from app.web.envelope import Envelope
from app.web.gate import Gate
from app.web.json_answer import json_answer
from app.web.openapi import Document
from app.web.services import Services

LARGEST_BODY = 64 * 1024

#: In the order they are tried: what is asked most comes first.
_ROUTERS = (
    who_can.router,
    explain.router,
    can.router,
    exposures.router,
    report.router,
    what_can.router,
    changes.router,
    widest.router,
    lineage.router,
    gaps.router,
    policies.router,
    checks.router,
    incidents.router,
    waivers.router,
    deliveries.router,
    silences.router,
    lakes.router,
    snapshots.router,
    runs.router,
    jobs.router,
    questions.router,
    tokens.router,
    health.router,
    metrics.router,
    pages.router,
)


def create_app(services: Services) -> FastAPI:
    """The API on these services. Its lifespan writes the trail and works on jobs."""
    desk = set_up_desk(services)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        desk.open()
        try:
            yield
        finally:
            await run_in_threadpool(desk.close)

    app = FastAPI(
        title="Lakewarden",
        version=services.version,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    document = Document(app)
    app.state.desk = desk
    app.state.document = document
    app.openapi = document  # type: ignore[method-assign]
    for router in _ROUTERS:
        app.router.routes.extend(router.routes)
    app.add_exception_handler(LakewardenError, problems.on_lakewarden_error)
    app.add_exception_handler(RequestValidationError, problems.on_invalid_request)
    app.add_exception_handler(HTTPException, problems.on_http_error)
    # The last one added is the outermost.
    limits = {can.BATCH: can.LARGEST_BODY, checks.CHECKS: checks.LARGEST_BODY}
    app.add_middleware(BodyLimit, default=LARGEST_BODY, limits=limits)
    app.add_middleware(Gate, desk=desk)
    app.add_middleware(Envelope, desk=desk)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_document() -> Response:
        return json_answer(document())

    return app
