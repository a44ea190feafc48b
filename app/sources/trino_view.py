"""Views that Trino stored: their SQL is base64 JSON inside a comment.

Source: Trino's ViewReaderUtil. VIEW_EXPANDED_TEXT is only a marker; VIEW_ORIGINAL_TEXT is
`/* Presto View: <base64> */` (or `Presto Materialized View`) around JSON whose
`originalSql` is the query. Unqualified names in it belong to its `schema`.
"""

import base64
import binascii
import json
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import Facts
from app.sources.arrow_batches import fact_rows

#: The property under which Hive-like views name the database of unqualified names.
NAMESPACE_PROPERTY = "view.default.database"

_STARTS = ("/* Presto View: ", "/* Presto Materialized View: ")
_END = "*/"


@dataclass(frozen=True, slots=True)
class TrinoView:
    """The query of a view, and the schema of its unqualified names if it has one."""

    query: str
    schema: str


def decode_trino_view(text: str) -> TrinoView | None:
    """The query inside a stored Trino view; None when this is none or cannot be read."""
    start = next((start for start in _STARTS if text.startswith(start)), None)
    if start is None or not text.rstrip().endswith(_END):
        return None
    body = text[len(start) :].rstrip().removesuffix(_END).strip()
    try:
        view = json.loads(base64.b64decode(body, validate=True))
        query, schema = view["originalSql"], view.get("schema")
    except (binascii.Error, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not isinstance(query, str):
        return None
    return TrinoView(query, schema if isinstance(schema, str) else "")


def decode_views(columns: dict[str, pa.Array]) -> Facts | None:
    """Put the queries of Trino's views into the view texts of a batch of tables.

    Returns table properties that say the database of their unqualified names, if any.
    """
    original = columns["view_original_text"]
    trino = pc.fill_null(pc.starts_with(original, "/* Presto "), False)
    if not pc.any(trino).as_py():
        return None
    texts = original.filter(trino).to_pylist()
    views = [decode_trino_view(text) for text in texts]
    queries = pa.array(
        [view.query if view else text for view, text in zip(views, texts, strict=True)],
        pa.string(),
    )
    for name in ("view_text", "view_original_text"):
        columns[name] = pc.replace_with_mask(columns[name], trino, queries)
    table_ids = columns["table_id"].filter(trino).to_pylist()
    return fact_rows(
        "table_properties",
        [
            (table_id, NAMESPACE_PROPERTY, view.schema)
            for table_id, view in zip(table_ids, views, strict=True)
            if view and view.schema
        ],
    )
