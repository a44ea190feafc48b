"""Finding the tables that may be exposures, over the whole lake, in a few SQL statements.

Never user × table: a grant's rule is judged once per set of classes, tables are kept
only when one of their rules could matter, and what is left is grouped by its access
signature (a 128-bit hash of its distinct rules, summed as two halves). The groups are
then decided exactly, one representative table each, in `core.judging`.

Everything here may only err on the side of keeping a table.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa

from app.core.engine import Engine
from app.core.facts import GRANT_LEVELS
from app.core.guarded_views import GuardedViews
from app.core.rights.mode import AuthorizationMode
from app.core.rule_facts import PART_LEVELS, RIGHT_BITS, mask_of


@dataclass(frozen=True, slots=True)
class RuleInClasses:
    """A distinct (set of classes, rule, level) that occurs on some classified table."""

    classset: int
    rule: int
    level: str
    mask: int
    principal_type: str
    principal: str
    only_special: bool  # only on tables whose reach is not the union of their rules


@dataclass(frozen=True, slots=True)
class Group:
    """Tables with the same access signature, owner where it counts, and classes."""

    group: int
    classset: int  # -1: no class
    representative: int  # table ordinal
    tables: int
    mask: int  # the rights that one of its rules gives somebody who is not permitted
    special: bool  # its reach is not the union of its rules


def load_class_sets(engine: Engine) -> list[tuple[int, ...]]:
    """Leave `table_classsets(table_ordinal, classset)`; return the sets by their number."""
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE class_lists AS
        SELECT table_ordinal, list_sort(list_distinct(list(class))) AS classes
        FROM table_classes GROUP BY table_ordinal
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE classsets AS
        SELECT (row_number() OVER (ORDER BY classes) - 1)::INTEGER AS classset, classes
        FROM (SELECT DISTINCT classes FROM class_lists)
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE table_classsets AS
        SELECT l.table_ordinal, s.classset FROM class_lists l JOIN classsets s USING (classes)
        """
    )
    rows = engine.query("SELECT classes FROM classsets ORDER BY classset")
    return [tuple(classes) for classes in rows["classes"].to_pylist()]


def rules_in_classes(engine: Engine) -> Iterator[RuleInClasses]:
    """Every distinct rule on classified tables, per set of classes, in a stable order."""
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE class_rules AS
        SELECT c.classset, g.rule, g.level, bool_and(c.special) AS only_special
        FROM wanted_grants g JOIN classified_access c USING (table_ordinal)
        GROUP BY ALL
        """
    )
    rows = engine.query(
        """
        SELECT c.classset, c.rule, c.level, c.only_special, f.mask,
               r.principal_type, r.principal
        FROM class_rules c
        JOIN rule_facts f ON c.rule = f.rule AND c.level = f.level
        JOIN rules r ON r.ordinal = c.rule
        WHERE f.mask <> 0 ORDER BY 1, 2, 3
        """
    )
    for batch in rows.to_batches():
        columns = {name: batch.column(name).to_pylist() for name in batch.schema.names}
        for place in range(batch.num_rows):
            yield RuleInClasses(
                columns["classset"][place],
                columns["rule"][place],
                GRANT_LEVELS[columns["level"][place]],
                columns["mask"][place],
                columns["principal_type"][place] or "",
                columns["principal"][place] or "",
                columns["only_special"][place],
            )


VIOLATIONS_SCHEMA = pa.schema(
    [("classset", pa.int32()), ("rule", pa.int32()), ("level", pa.int8()), ("mask", pa.int32())]
)


def load_candidates(
    engine: Engine,
    mode: AuthorizationMode,
    violations: pa.Table,
    contracts: Mapping[int, int],
) -> None:
    """Leave `candidates(table_ordinal, classset)`: the tables that must be decided exactly.

    violations: rules whose principal holds somebody not permitted (VIOLATIONS_SCHEMA).
    contracts: classset → the smallest head count that one of its classes allows.
    """
    engine.give("violations", violations)
    engine.give(
        "contracts",
        pa.table(
            {
                "classset": pa.array(list(contracts), pa.int32()),
                "max_people": pa.array(list(contracts.values()), pa.int64()),
            }
        ),
    )
    if not mode.inherited_levels:
        engine.run(
            "CREATE OR REPLACE TEMP TABLE candidates AS SELECT t.ordinal AS table_ordinal, "
            "coalesce(c.classset, -1) AS classset FROM tables t LEFT JOIN table_classsets c "
            "ON c.table_ordinal = t.ordinal"
        )
        return
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE candidates AS
        SELECT DISTINCT c.table_ordinal, c.classset
        FROM wanted_grants g
        JOIN table_classsets c USING (table_ordinal)
        JOIN violations v ON v.classset = c.classset AND v.rule = g.rule AND v.level = g.level
        UNION
        SELECT a.table_ordinal, a.classset FROM classified_access a
        JOIN contracts k USING (classset) WHERE a.people > k.max_people
        UNION
        SELECT table_ordinal, -1 FROM wide_tables
        UNION
        SELECT table_ordinal, classset FROM classified_access WHERE special
        UNION
        SELECT p.table_ordinal, -1 FROM parted_tables p ANTI JOIN table_classsets c
            USING (table_ordinal)
        """
    )


def load_parted_tables(engine: Engine, mode: AuthorizationMode, guarded: GuardedViews) -> None:
    """Leave `parted_tables`: tables that are decided on their own, not by their rules alone.

    Those with rights on parts, those whose owner type Hive cannot read, and views beside
    which other tables are asked.
    """
    views = pa.array(guarded.affected() if mode.asks_under_views else (), pa.int32())
    engine.give("guarded_views", pa.table({"table_ordinal": views}))
    parts = ""
    if mode.has_parts:
        levels = ", ".join(str(GRANT_LEVELS.index(level)) for level in PART_LEVELS)
        parts = f"""
        UNION SELECT DISTINCT object FROM grants WHERE level IN ({levels})
        UNION SELECT DISTINCT "table" FROM table_properties
        WHERE key = 'PARTITION_LEVEL_PRIVILEGE' AND upper(value) = 'TRUE'
        """
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE parted_tables AS
        SELECT ordinal AS table_ordinal FROM tables
        WHERE owner_type NOT IN ('USER', 'ROLE', 'GROUP')
        UNION SELECT table_ordinal FROM guarded_views {parts}
        """
    )


def load_groups(engine: Engine) -> Iterator[Group]:
    """Group the candidates by access signature and classes; leave `grouped(table, group)`."""
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE signatures AS
        WITH summed AS (
            SELECT g.table_ordinal, sum(r.low_hash) AS low, sum(r.high_hash) AS high
            FROM (SELECT e.* FROM wanted_grants e
                  SEMI JOIN candidates USING (table_ordinal)) g
            JOIN rule_facts r ON g.rule = r.rule AND g.level = r.level
            GROUP BY g.table_ordinal
        )
        SELECT c.table_ordinal, c.classset,
               coalesce(s.low, 0) AS low, coalesce(s.high, 0) AS high,
               -- a table with rights on parts is compared with itself only
               CASE WHEN p.table_ordinal IS NULL THEN -1 ELSE c.table_ordinal END AS alone
        FROM candidates c LEFT JOIN summed s USING (table_ordinal)
        LEFT JOIN parted_tables p USING (table_ordinal)
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE signature_groups AS
        SELECT (row_number() OVER (ORDER BY min(table_ordinal)) - 1)::INTEGER AS "group",
               classset, low, high, alone,
               min(table_ordinal) AS representative, count(*) AS tables
        FROM signatures GROUP BY classset, low, high, alone
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE grouped AS
        SELECT s.table_ordinal, g."group", s.classset
        FROM signatures s JOIN signature_groups g USING (classset, low, high, alone)
        """
    )
    every_right = mask_of(RIGHT_BITS)
    rows = engine.query(
        f"""
        WITH masks AS (
            SELECT s."group", bit_or(v.mask) AS mask FROM signature_groups s
            JOIN wanted_grants w ON w.table_ordinal = s.representative
            JOIN violations v
              ON v.classset = s.classset AND v.rule = w.rule AND v.level = w.level
            GROUP BY 1
        )
        SELECT s."group", s.classset, s.representative, s.tables,
               CASE WHEN s.classset < 0 OR s.alone >= 0 THEN {every_right}
                    ELSE coalesce(m.mask, 0) END::INTEGER AS mask,
               coalesce(a.special, true) AS special
        FROM signature_groups s LEFT JOIN masks m ON m."group" = s."group"
        LEFT JOIN classified_access a ON a.table_ordinal = s.representative ORDER BY 1
        """
    )
    columns = [rows[name].to_pylist() for name in rows.schema.names]
    for values in zip(*columns, strict=True):
        yield Group(*values)


def posture_rules(engine: Engine) -> pa.Table:
    """Distinct (class, rule, level) of the classified tables that are not special."""
    return engine.query(
        f"""
        SELECT DISTINCT unnest(s.classes) AS class, c.rule, c.level
        FROM class_rules c JOIN classsets s USING (classset)
        JOIN rule_facts f ON c.rule = f.rule AND c.level = f.level
        WHERE NOT c.only_special AND f.mask & {RIGHT_BITS["select"]} <> 0
        ORDER BY ALL
        """
    )
