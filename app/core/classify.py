"""Classify: which data classes each table carries, as a whole or on a column, and why.

`classify` leaves the temp table `table_classes` in the engine, of distinct rows:

    table_ordinal INTEGER, class SMALLINT, rule SMALLINT, column_name INTEGER,
    inherited_from INTEGER

`class` and `rule` are indexes into the classification's `classes` and `rules`;
`column_name` is a row of `column_names`, null for the whole table; `inherited_from` is
the table from which a view has the class, null where a rule matched the table itself.
"""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import pyarrow as pa

from app.core.class_marks import Extent
from app.core.class_rules import match_rules
from app.core.classes import Classification
from app.core.engine import Engine
from app.core.frozen import frozen
from app.core.inheritance import inherit_classes
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.core.sql_text import among
from app.core.view_text import ViewParses
from app.core.view_trace import ViewTrace, trace_views


@frozen
class ClassifyResult:
    """What came of classifying, beside `table_classes`."""

    gaps: tuple[dict[str, Any], ...]  # rows of the schema of gaps: what is in doubt
    rows: int  # of table_classes
    views: int
    views_parsed_now: int  # distinct texts that no earlier run had parsed
    sources_missing: int  # names in views that no table of the snapshot has


def classify(
    engine: Engine,
    classification: Classification,
    view_parses: ViewParses,
    only_tables: Sequence[int] | None = None,
) -> ClassifyResult:
    """Classify all tables, or some: the same rows, and no others, much faster.

    Raises PolicyError for a rule that names no class or holds no readable pattern.
    """
    traced = trace_views(engine, view_parses, only_tables)
    extent = Extent()
    if only_tables is not None:
        extent = _narrowed(engine, sorted(traced.reached))
    match_rules(engine, classification, extent)
    inherit_classes(engine)
    if only_tables is not None and traced.reached != set(only_tables):
        engine.run(
            "DELETE FROM table_classes WHERE NOT " + among("table_ordinal", sorted(only_tables))
        )
    counted = engine.query("SELECT count(*) AS n FROM table_classes")
    return ClassifyResult(
        gaps=_gaps(engine, traced),
        rows=counted["n"][0].as_py(),
        views=traced.views,
        views_parsed_now=traced.parsed_now,
        sources_missing=traced.missing_sources,
    )


def _narrowed(engine: Engine, tables: list[int]) -> Extent:
    """The rows of some tables and of their databases."""
    extent = Extent(*(f"asked_{each.name}" for each in fields(Extent)))
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE {extent.tables} AS "
        "SELECT ordinal, database, name, owner, location FROM tables "
        f"WHERE {among('ordinal', tables)}"
    )
    wanted = among('"table"', tables)
    for name in ("columns", "table_properties"):
        engine.run(
            f"CREATE OR REPLACE TEMP TABLE asked_{name} AS SELECT * FROM {name} WHERE {wanted}"
        )
    for name, key in (("databases", "ordinal"), ("database_properties", "database")):
        engine.run(
            f"CREATE OR REPLACE TEMP TABLE asked_{name} AS "
            f"SELECT * FROM {name} WHERE {key} IN (SELECT database FROM {extent.tables})"
        )
    return extent


def _gaps(engine: Engine, traced: ViewTrace) -> tuple[dict[str, Any], ...]:
    if not traced.unparsed:
        return ()
    views, reasons = zip(*traced.unparsed, strict=True)
    unparsed = pa.table({"view": pa.array(views, pa.int32()), "reason": pa.array(reasons)})
    engine.give("views_unparsed", unparsed)
    named = engine.query(
        "SELECT d.catalog, d.name AS database, t.name, u.reason FROM views_unparsed AS u "
        "JOIN tables AS t ON t.ordinal = u.view JOIN databases AS d ON d.ordinal = t.database "
        "ORDER BY t.ordinal"
    ).to_pylist()
    return tuple(
        {
            "scope": "table",
            "object": str(
                ObjectName(row["catalog"] or DEFAULT_CATALOG, row["database"], row["name"])
            ),
            "reason": f"its view text cannot be parsed: {row['reason']}",
            "doubt": "The classes of this view: as a whole it was given those of every table "
            "whose name stands in its text",
        }
        for row in named
    )
