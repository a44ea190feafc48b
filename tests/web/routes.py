"""The routes of the API, without a lake behind them."""

from typing import Any, cast

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.main import create_app
from app.store.database import connect
from app.store.pepper import Pepper
from app.web.services import Services


def bare_app() -> FastAPI:
    """The application on nothing: it knows its routes and can answer none."""
    nothing = cast(Any, None)
    return create_app(
        Services(
            version="0",
            database=connect("sqlite:////nowhere/state.db"),
            pepper=Pepper(b"no pepper at all"),
            lakes={},
            open_view=nothing,
            results=nothing,
            questions=nothing,
            policies=nothing,
            audit=nothing,
            check=nothing,
            incidents=nothing,
        )
    )


def every_route() -> list[tuple[str, str]]:
    """(method, path template) of every route, pages included."""
    return [
        (method, route.path)
        for route in bare_app().routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def documented_operations() -> list[tuple[str, str, dict[str, Any]]]:
    """(method, path template, operation) of the whole OpenAPI document."""
    return [
        (method.upper(), path, operation)
        for path, operations in bare_app().openapi()["paths"].items()
        for method, operation in operations.items()
    ]
