"""The two pages for a browser that strays here: a pointer, and the routes as a list.

They hold no style, no script and nothing from elsewhere.
"""

from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from app.web.callers import refuse_stray_parameters

router = APIRouter(include_in_schema=False)

_METHODS = ("get", "post", "put", "patch", "delete")
_PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body>
<h1>{title}</h1>
{body}
</body>
</html>
"""


@router.get("/", response_class=HTMLResponse)
async def pointer(request: Request) -> HTMLResponse:
    """Where to go from here."""
    refuse_stray_parameters(request)
    return _page(
        "Lakewarden",
        "<p>Who can read what they should not in a data lake.</p>\n<ul>\n"
        '<li><a href="/docs">The routes of the API</a></li>\n'
        '<li><a href="/openapi.json">The OpenAPI document</a></li>\n'
        "<li>Questions go to <code>/v1</code> with a bearer token: "
        "<code>lakewarden token create</code> makes one.</li>\n</ul>",
    )


@router.get("/docs", response_class=HTMLResponse)
async def routes(request: Request) -> HTMLResponse:
    """Every route with its summary and description."""
    refuse_stray_parameters(request)
    document: dict[str, Any] = request.app.openapi()
    parts = ['<p>The whole of it, with schemas: <a href="/openapi.json">openapi.json</a></p>']
    for path, operations in document["paths"].items():
        parts += [
            f"<h2><code>{method.upper()} {escape(path)}</code></h2>\n"
            f"<p><strong>{escape(operation['summary'])}</strong></p>\n"
            f"<p>{escape(operation.get('description', ''))}</p>"
            for method, operation in operations.items()
            if method in _METHODS
        ]
    return _page("The routes of Lakewarden", "\n".join(parts))


def _page(title: str, body: str) -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=escape(title), body=body))
