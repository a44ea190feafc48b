"""The OpenAPI document: what FastAPI finds, and what holds for every route alike."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from app.web.api.can import Questions
from app.web.callers import Allowed
from app.web.gate import METRICS, is_guarded
from app.web.problems import MEDIA_TYPE, Problem

_WHEN: dict[int, str] = {
    400: "The body cannot be read.",
    401: "No bearer token, or one that is refused.",
    403: "The token lacks the scope.",
    404: "There is no such lake, run or object, or the token is not for that lake.",
    409: "It contradicts what is there: another request had the key, or files are damaged.",
    410: "The run that the cursor is pinned to was pruned: start again without it.",
    413: "The body is larger than this route reads.",
    415: "The body is in a format this route does not read.",
    422: "A parameter, a header, a name or the body is not what this route needs.",
    429: "So many runs of the lake wait already.",
    500: "The server failed; the reference is in its log.",
    502: "A lake or a directory could not be read.",
    503: "The state database cannot be used at the moment, or the server is not ready.",
}
_DESCRIPTION = """
Lakewarden answers who can read what they should not in a data lake, since when, through
which grant, and what single change closes it.

**Tokens.** Every question under `/v1` needs `Authorization: Bearer lw_…`. A token has some
of the scopes `read`, `run` and `admin` (none includes another), ends, and may be for some
lakes only: every other lake is then not there (404).

**Lists** give `next`, an opaque cursor for the following page, which is good for the same
question only and pinned to the run of the first page where the list is of a run.

**Problems** are RFC 9457 documents with a stable `type` and, where one can be named, a mend.

**Unknown is never clean.** `complete: false` says that something could not be read or
judged; see the gaps.

Parameters that a route does not know are refused. Times are UTC, in ISO 8601.
"""
_TAGS = [
    {"name": "lakes", "description": "The lakes that are audited."},
    {"name": "snapshots", "description": "When they were crawled."},
    {"name": "runs", "description": "The audits, and asking for one."},
    {"name": "exposures", "description": "Who can, and should not."},
    {"name": "report", "description": "The posture in numbers."},
    {"name": "questions", "description": "Questions about single people and objects."},
    {"name": "policies", "description": "What should be."},
    {"name": "operations", "description": "Tokens, the trail of questions, health, measures."},
]


class Document:
    """Builds the document once, and knows by it which parameters each route takes."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self._document: dict[str, Any] = {}
        self._known: dict[tuple[str, str], dict[str, bool]] = {}

    def __call__(self) -> dict[str, Any]:
        """The document."""
        if not self._document:
            document = _built(self._app)
            self._known = dict(_parameters(document))
            self._document = document
        return self._document

    def parameters(self, request: Request) -> dict[str, bool]:
        """The query parameters of a request's route; true: may be given several times."""
        self()
        return self._known.get((request.method, request.scope["route"].path), {})

    def methods(self, path: str) -> list[str]:
        """The methods that an address knows, by its template."""
        self()
        return sorted(method for method, known in self._known if known == path)


def _built(app: FastAPI) -> dict[str, Any]:
    routes = [route for route in app.routes if isinstance(route, APIRoute)]
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=_DESCRIPTION.strip(),
        routes=app.routes,
        tags=_TAGS,
    )
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for model in (Problem, Questions):
        made = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "description": "A token as `lakewarden token create` or POST /v1/tokens shows it.",
        }
    }
    for route in routes:
        for method in route.methods or ():
            operation = document["paths"].get(route.path, {}).get(method.lower())
            if operation is not None:
                _complete(operation, route)
    return document


def _complete(operation: dict[str, Any], route: APIRoute) -> None:
    operation["operationId"] = route.name
    scopes = _scopes(route)
    guarded = is_guarded(route.path)
    operation["security"] = [{"token": []}] if guarded else []
    if route.path == METRICS:
        operation["security"].append({})
    if scopes:
        said = " or ".join(f"`{scope}`" for scope in scopes)
        operation["description"] = f"{operation.get('description', '')}\n\nScope: {said}."
    statuses = {422, 500, 503}
    if guarded:
        statuses |= {401, 403}
    if guarded and route.path != METRICS:
        statuses |= {404}
    if "{lake}" in route.path:
        statuses |= {409, 410, 502}
    if any(each["name"] == "idempotency-key" for each in operation.get("parameters", ())):
        statuses |= {409}
    if operation.get("requestBody"):
        statuses |= {400, 413, 415}
    if "POST" in (route.methods or ()) and route.path.endswith("/runs"):
        statuses |= {429}
    responses = operation["responses"]
    for status in sorted(statuses):
        responses[str(status)] = {
            "description": _WHEN[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    operation["responses"] = dict(sorted(responses.items()))


def _scopes(route: APIRoute) -> tuple[str, ...]:
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Allowed):
            return dependency.call.scopes
    return ()


def _parameters(document: dict[str, Any]) -> Any:
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield (
                (method.upper(), path),
                {
                    parameter["name"]: _is_list(parameter["schema"])
                    for parameter in operation.get("parameters", ())
                    if parameter["in"] == "query"
                },
            )


def _is_list(schema: dict[str, Any]) -> bool:
    return schema.get("type") == "array"
