"""Bodies of requests: exact, and of a known format."""

from fastapi import Request
from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """A body in which nothing unknown may stand."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def media_type(request: Request) -> str:
    """The body's format, without parameters; empty where none is named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
