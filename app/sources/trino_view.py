"""Views that Trino stored: their SQL is base64 JSON inside a comment.

Source: Trino's ViewReaderUtil. VIEW_EXPANDED_TEXT is only a marker; VIEW_ORIGINAL_TEXT is
`/* Presto View: <base64> */` (or `Presto Materialized View`) around JSON whose
`originalSql` is the query. Names in it are relative to its `catalog` and `schema`.
"""

import base64
import binascii
import json

import pyarrow as pa
import pyarrow.compute as pc

_STARTS = ("/* Presto View: ", "/* Presto Materialized View: ")
_END = " */"


def decode_trino_view(text: str) -> str | None:
    """The query inside a stored Trino view; None when this is none or cannot be read."""
    start = next((start for start in _STARTS if text.startswith(start)), None)
    if start is None or not text.rstrip().endswith(_END.strip()):
        return None
    body = text[len(start) :].rstrip().removesuffix("*/").strip()
    try:
        query = json.loads(base64.b64decode(body, validate=True))["originalSql"]
    except (binascii.Error, ValueError, KeyError, TypeError, RecursionError):
        return None
    return query if isinstance(query, str) else None


def decode_views(expanded: pa.Array, original: pa.Array) -> tuple[pa.Array, pa.Array]:
    """View texts with those of Trino replaced by their queries, in both columns."""
    trino = pc.fill_null(pc.starts_with(original, "/* Presto "), False)
    if not pc.any(trino).as_py():
        return expanded, original
    texts = original.filter(trino).to_pylist()
    queries = pa.array([decode_trino_view(text) or text for text in texts], pa.string())
    return pc.replace_with_mask(expanded, trino, queries), pc.replace_with_mask(
        original, trino, queries
    )
