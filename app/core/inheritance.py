"""Classes that views inherit from what they select, through views on views to any depth.

A class of a whole table makes the whole view carry it. A class of a column goes to the
view's columns that are made from it; where these cannot be told, to the whole view. Each
(view, rule, column) is given once, from the nearest table whose own rule said so (of
several as near, the first), so cycles end and lineage of thousands of tables stays small.
"""

from app.core.engine import Engine

_NEXT = """
    CREATE OR REPLACE TEMP TABLE class_next AS
    SELECT found.view, found.rule, found.column_name, min(found.base) AS base FROM (
        SELECT e.view, d.rule, NULL::INTEGER AS column_name, d.base
        FROM class_delta AS d JOIN view_edges AS e ON e.source = d.table_ordinal
        WHERE d.column_name IS NULL OR e.known_by <> 'text'
        UNION ALL
        SELECT f.view, d.rule, f.view_column, d.base
        FROM class_delta AS d JOIN view_flows AS f
          ON f.source = d.table_ordinal AND f.source_column = d.column_name
        UNION ALL
        SELECT f.view, d.rule, f.view_column, d.base
        FROM class_delta AS d JOIN view_flows AS f
          ON f.source = d.table_ordinal AND f.source_column IS NULL
        WHERE d.column_name IS NOT NULL
        UNION ALL
        SELECT w.view, d.rule, c.name, d.base
        FROM class_delta AS d JOIN view_wholes AS w ON w.source = d.table_ordinal
        LEFT JOIN view_left_out AS o
          ON o.view = w.view AND o.source = w.source AND o."column" = d.column_name
        LEFT JOIN view_columns AS c ON c.view = w.view AND c.name = d.column_name
        WHERE d.column_name IS NOT NULL AND o.view IS NULL
    ) AS found
    LEFT JOIN class_inherited AS known
      ON known.table_ordinal = found.view AND known.rule = found.rule
     AND coalesce(known.column_name, -1) = coalesce(found.column_name, -1)
    WHERE known.rule IS NULL
    GROUP BY found.view, found.rule, found.column_name
"""


def inherit_classes(engine: Engine) -> None:
    """Add to `table_classes` what views inherit.

    Needs the tables of `core.view_trace`, and `class_of_rule(rule, class)`.
    """
    if not _count(engine, "view_edges"):
        return
    engine.run(
        "CREATE OR REPLACE TEMP TABLE class_delta AS "
        "SELECT table_ordinal, rule, column_name, table_ordinal AS base FROM table_classes "
        "WHERE table_ordinal IN (SELECT source FROM view_edges)"
    )
    engine.run(
        "CREATE OR REPLACE TEMP TABLE class_inherited "
        "(table_ordinal INTEGER, rule SMALLINT, column_name INTEGER, base INTEGER)"
    )
    engine.run(_NEXT)
    while _count(engine, "class_next"):
        engine.run(
            "INSERT INTO class_inherited SELECT view, rule, column_name, base FROM class_next"
        )
        engine.run(
            "CREATE OR REPLACE TEMP TABLE class_delta AS "
            "SELECT view AS table_ordinal, rule, column_name, base FROM class_next"
        )
        engine.run(_NEXT)
    engine.run(
        "INSERT INTO table_classes "
        "SELECT i.table_ordinal, r.class, i.rule, i.column_name, i.base "
        "FROM class_inherited AS i JOIN class_of_rule AS r ON r.rule = i.rule"
    )


def _count(engine: Engine, table: str) -> int:
    return int(engine.query(f"SELECT count(*) AS n FROM {table}")["n"][0].as_py())
