"""JSON as the API writes it: UTF-8, straight from plain Python objects."""

from typing import Any

from pydantic_core import PydanticSerializationError
from pydantic_core import to_json as _to_json
from starlette.responses import Response

MEDIA_TYPE = "application/json"


def to_json(document: Any) -> bytes:
    """The document as JSON. Half a surrogate pair, which UTF-8 has not, becomes U+FFFD."""
    try:
        return _to_json(document)
    except PydanticSerializationError:
        return _to_json(_mended(document))


def json_answer(
    document: Any, status: int = 200, headers: dict[str, str] | None = None
) -> Response:
    """An answer made without validating it again: for what is asked often."""
    return Response(to_json(document), status, headers=headers, media_type=MEDIA_TYPE)


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, dict):
        return {_mended(name): _mended(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mended(inner) for inner in value]
    return value
