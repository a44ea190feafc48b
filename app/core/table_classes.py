"""The classes of a few tables, for questions: the same rules as an audit, on those only."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from app.core.classes import Classification
from app.core.classify import classify
from app.core.engine import Engine
from app.core.lake_view import ClassOnTable
from app.core.names import fold
from app.core.view_text import ViewParses


def classes_of_tables(
    engine: Engine,
    classification: Classification,
    view_parses: ViewParses,
    tables: Sequence[int],
) -> Mapping[int, tuple[ClassOnTable, ...]]:
    """The classes of each table, each with the rule that said so, sorted."""
    classify(engine, classification, view_parses, only_tables=tables)
    wanted = ", ".join(str(table) for table in tables) or "-1"
    rows = engine.query(
        f"""
        SELECT c.table_ordinal, c.class, c.rule, n.name AS column_name,
               d.name || '.' || b.name AS base
        FROM table_classes c LEFT JOIN column_names n ON n.ordinal = c.column_name
        LEFT JOIN tables b ON b.ordinal = c.inherited_from
        LEFT JOIN databases d ON d.ordinal = b.database
        WHERE c.table_ordinal IN ({wanted}) ORDER BY ALL
        """
    )
    found: dict[int, list[ClassOnTable]] = defaultdict(list)
    for row in rows.to_pylist():
        rule = classification.rules[row["rule"]]
        found[row["table_ordinal"]].append(
            ClassOnTable(
                data_class=classification.classes[row["class"]].name,
                rule=f"{rule.rule} ({rule.file}:{rule.line})",
                column=fold(row["column_name"] or ""),
                inherited_from=row["base"] or "",
            )
        )
    return {table: tuple(found[table]) for table in tables}
