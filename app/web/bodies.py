"""Bodies of requests: exact, and of a known format."""

from typing import Annotated, Any

from fastapi import Request
from pydantic import BaseModel, BeforeValidator, ConfigDict


def _whole_number(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value


#: An integer as JSON has it: 7.0 is one, "7" is not.
WholeNumber = Annotated[int, BeforeValidator(_whole_number)]


class Body(BaseModel):
    """A body in which nothing unknown may stand."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def media_type(request: Request) -> str:
    """The body's format, without parameters; empty where none is named."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()
