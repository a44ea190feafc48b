"""Measures for Prometheus."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.store.tokens import Token
from app.web.callers import TOKEN, Allowed, desk_of, refuse_stray_parameters
from app.web.measures import MEDIA_TYPE

router = APIRouter(tags=["operations"])

_READ = Allowed("read")


@router.get(
    "/metrics",
    summary="Measures for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Prometheus' text format.",
            "content": {
                "text/plain": {
                    "schema": {"type": "string"},
                    "example": 'lakewarden_exposures{lake="main",severity="SEV0"} 45000.0\n',
                }
            },
        }
    },
)
def metrics(request: Request) -> Response:
    """Snapshot age, runs, jobs and exposures of the lakes that the token sees, and requests.

    Needs a token with the scope read; from the server's own machine, asked for by its own
    name and not through a proxy, none.
    """
    desk = desk_of(request)
    lakes = set(desk.services.lakes)
    if TOKEN in request.scope:
        token: Token = _READ.check(request)
        lakes = {lake for lake in lakes if token.sees(lake)}
    else:
        refuse_stray_parameters(request)
    return Response(desk.measures.text(lakes, desk.trail.waiting), media_type=MEDIA_TYPE)
