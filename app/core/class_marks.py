"""Marks: which databases and tables a rule's properties and tags speak of."""

from collections.abc import Iterable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from app.core.class_patterns import matching, one_array, rule_values, whole
from app.core.classes import ClassRule
from app.core.engine import Engine
from app.core.frozen import frozen
from app.core.names import fold
from app.core.sql_text import literal


@frozen
class Extent:
    """The relations to classify: those of the snapshot, or smaller ones of their form."""

    databases: str = "databases"
    database_properties: str = "database_properties"
    tables: str = "tables"
    columns: str = "columns"
    table_properties: str = "table_properties"


def mark_tables(
    engine: Engine,
    rules: Mapping[int, ClassRule],
    extent: Extent,
    tag_properties: Iterable[str],
) -> None:
    """`class_marks`: (rule, field, database or table) that a property or tag marks."""
    engine.run(
        "CREATE OR REPLACE TEMP TABLE class_marks "
        '(rule SMALLINT, field VARCHAR, "table" INTEGER, database INTEGER)'
    )
    if not any(rule.properties or rule.tags for rule in rules.values()):
        return
    for level, relation in (
        ("table", extent.table_properties),
        ("database", extent.database_properties),
    ):
        keys = one_array(engine.query(f"SELECT DISTINCT key FROM {relation}")["key"])
        _property_marks(engine, rules, level, relation, keys)
        _tag_marks(engine, rules, level, relation, keys, tag_properties)


def _property_marks(
    engine: Engine, rules: Mapping[int, ClassRule], level: str, relation: str, keys: pa.Array
) -> None:
    for number, rule in rules.items():
        conditions = []
        for key_pattern, value_pattern in rule.properties:
            names = keys.filter(pc.match_substring_regex(keys, whole([key_pattern])))
            if len(names):
                conditions.append(
                    f"(key IN ({_texts(names)}) AND regexp_matches("
                    f"coalesce(value, ''), {literal(whole([value_pattern]))}))"
                )
        if conditions:
            engine.run(
                f'INSERT INTO class_marks (rule, field, "{level}") '
                f"SELECT DISTINCT {number}, 'properties', \"{level}\" FROM {relation} "
                f"WHERE {' OR '.join(conditions)}"
            )


def _tag_marks(
    engine: Engine,
    rules: Mapping[int, ClassRule],
    level: str,
    relation: str,
    keys: pa.Array,
    tag_properties: Iterable[str],
) -> None:
    wanted = {number: rule.tags for number, rule in rules.items() if rule.tags}
    tagged = {fold(name) for name in tag_properties}
    tagging = pa.array([key for key in keys.to_pylist() if fold(key) in tagged], pa.string())
    if not wanted or not len(tagging):
        return
    where = f"key IN ({_texts(tagging)})"
    found = engine.query(
        f"SELECT DISTINCT value FROM {relation} WHERE {where} AND value IS NOT NULL"
    )
    values = found["value"].to_pylist()
    tags = [[tag.strip() for tag in value.split(",")] for value in values]
    distinct = sorted({tag for some in tags for tag in some if tag})
    hits = matching(pa.array(distinct, pa.string()), wanted)
    marked: dict[int, list[int]] = {}
    for number, positions in hits.items():
        chosen = {distinct[position] for position in positions}
        marked[number] = [row for row, some in enumerate(tags) if not chosen.isdisjoint(some)]
    engine.give("class_tags", rule_values(marked, values, "value"))
    engine.run(
        f'INSERT INTO class_marks (rule, field, "{level}") '
        f"SELECT DISTINCT t.rule, 'tags', p.\"{level}\" FROM {relation} AS p "
        f"JOIN class_tags AS t ON t.value = p.value WHERE p.{where}"
    )


def _texts(values: pa.Array) -> str:
    return ", ".join(literal(value) for value in values.to_pylist())
