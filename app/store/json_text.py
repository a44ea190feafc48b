"""JSON as it is stored: sorted, ASCII and finite, so that equal documents are equal text."""

import json
from typing import Any


def to_json(document: Any) -> str:
    """The one text of a document; a number that JSON does not know is refused."""
    return json.dumps(
        document, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":")
    )
