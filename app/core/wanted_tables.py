"""The tables that may matter, and what their rules add up to: never fewer than do.

Classified tables, those decided on their own, and those whose rules reach everyone.
"""

import pyarrow as pa
import pyarrow.compute as pc

from app.core.engine import Engine
from app.core.facts import GRANT_LEVELS
from app.core.rights.mode import AuthorizationMode
from app.core.rule_facts import PART_LEVELS, RIGHT_BITS
from app.core.snapshots import Snapshot
from app.core.table_widths import sums_by_database, sums_by_table


def load_wanted_grants(
    engine: Engine,
    snapshot: Snapshot,
    mode: AuthorizationMode,
    judged_mask: int,
    everyone_people: int,
) -> None:
    """Leave `wanted_grants(table_ordinal, rule, level)`: the rules of tables that may matter.

    Those are the classified tables, those decided on their own, and those whose rules add
    up to everyone. What follows reads these in place of all grants. judged_mask: the
    rights that the policies judge. everyone_people: from how many active people on a
    reach counts as everyone.
    """
    people = _people_behind(engine, snapshot, mode, judged_mask, everyone_people)
    wide = pc.indices_nonzero(pc.greater_equal(people, everyone_people))
    engine.give("open_wide", pa.table({"table_ordinal": wide.cast(pa.int32())}))
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE wanted_tables AS
        SELECT table_ordinal FROM table_classsets
        UNION SELECT table_ordinal FROM parted_tables
        UNION SELECT table_ordinal FROM open_wide
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE wanted_grants AS
        SELECT DISTINCT g.table_ordinal, g.rule, g.level FROM effective_grants g
        SEMI JOIN wanted_tables w ON g.table_ordinal = w.table_ordinal
        """
    )


def _people_behind(
    engine: Engine,
    snapshot: Snapshot,
    mode: AuthorizationMode,
    judged_mask: int,
    everyone_people: int,
) -> pa.Array:
    """For each table, at most how many people its rules reach; wide ones count as everyone."""
    tables = snapshot.mapped("tables")
    total = pa.repeat(pa.scalar(0, pa.int64()), tables.num_rows)
    if not mode.inherited_levels:
        return total

    def widths(level: str) -> pa.Array:
        rows = engine.query(
            f"""
            SELECT coalesce(CASE WHEN f.mask & {judged_mask} = 0 THEN 0
                                 WHEN f.wide THEN {everyone_people} ELSE f.people END, 0)::BIGINT
                   AS width
            FROM rules r LEFT JOIN rule_facts f
              ON f.rule = r.ordinal AND f.level = {GRANT_LEVELS.index(level)}
            ORDER BY r.ordinal
            """
        )
        return rows["width"].combine_chunks()

    for level in ("table", *(PART_LEVELS if mode.has_parts else ())):
        total = pc.add(total, sums_by_table(snapshot, level, widths(level)))
    if "database" in mode.inherited_levels:
        by_database = sums_by_database(snapshot, widths("database"))
        total = pc.add(total, pc.take(by_database, tables["database"]).combine_chunks())
    if "global" in mode.inherited_levels:
        everywhere = engine.query(
            f"SELECT coalesce(sum(CASE WHEN f.wide THEN {everyone_people} ELSE f.people END), 0)"
            f"::BIGINT AS n FROM grants g JOIN rule_facts f ON f.rule = g.rule AND f.level = 0 "
            f"WHERE g.level = 0 AND f.mask & {judged_mask} <> 0"
        )
        total = pc.add(total, everywhere["n"][0])
    return total


def load_table_widths(engine: Engine, judged_mask: int, everyone_people: int) -> None:
    """Leave what the rules of the wanted tables add up to.

    `classified_access(table_ordinal, classset, people, special)` for every classified
    table (special: a row that makes the engine refuse, or rights on parts: the union of
    its rules is not its reach); `wide_tables(table_ordinal)` for unclassified ones that
    may be open to everyone.
    """
    select = RIGHT_BITS["select"]
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE table_widths AS
        SELECT g.table_ordinal, bool_or(r.wide AND r.mask & {judged_mask} <> 0) AS wide,
               sum(CASE WHEN r.mask & {judged_mask} <> 0 THEN r.people ELSE 0 END)::BIGINT
                   AS judged_people,
               sum(CASE WHEN r.mask & {select} <> 0 THEN r.people ELSE 0 END)::BIGINT AS people,
               bool_or(r.refuses) AS refused
        FROM wanted_grants g JOIN rule_facts r ON g.rule = r.rule AND g.level = r.level
        GROUP BY g.table_ordinal
        """
    )
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE wide_tables AS
        SELECT w.table_ordinal FROM table_widths w ANTI JOIN table_classsets c
            USING (table_ordinal)
        WHERE w.wide OR w.judged_people >= {everyone_people}
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE classified_access AS
        SELECT c.table_ordinal, c.classset, coalesce(w.people, 0) AS people,
               coalesce(w.refused, false) OR p.table_ordinal IS NOT NULL AS special
        FROM table_classsets c LEFT JOIN table_widths w USING (table_ordinal)
        LEFT JOIN parted_tables p USING (table_ordinal)
        """
    )
