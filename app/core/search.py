"""Finding the tables that may be exposures, over the whole lake, in a few SQL statements.

Never user × table: a grant's rule is judged once per set of classes, tables are kept
only when one of their rules could matter, and what is left is grouped by its access
signature (a 128-bit hash of its distinct rules, summed as two halves). The groups are
then decided exactly, one representative table each, in `core.judging`.

Everything here may only err on the side of keeping a table.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from app.core.engine import Engine
from app.core.facts import GRANT_LEVELS
from app.core.guarded_views import GuardedViews
from app.core.reach import PopulationReach
from app.core.rights.mode import AuthorizationMode, Meaning
from app.core.snapshots import Snapshot
from app.core.table_widths import sums_by_database, sums_by_table

RIGHT_BITS = {
    "select": 1,
    "insert": 2,
    "update": 4,
    "delete": 8,
    "delegate": 16,
    "alter": 32,
    "drop": 64,
    "create": 128,
    "index": 256,
    "lock": 512,
    "own": 1024,
}

#: Levels whose grants open parts of a table only.
PART_LEVELS = ("column", "partition", "partition_column")


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


def mask_of(rights: Iterable[str]) -> int:
    """Rights as bits."""
    return sum(RIGHT_BITS[right] for right in rights)


def load_rule_facts(engine: Engine, mode: AuthorizationMode, reach: PopulationReach) -> None:
    """Leave `rule_facts` in the engine: what each rule does at each level, and how widely.

    Columns: rule, level, mask (RIGHT_BITS), refuses, people (active people behind the
    principal, at most), wide (it may be everyone by itself), and the halves of its hash.
    """
    engine.give("meanings", _meanings(engine, mode))
    engine.give("principal_widths", _widths(engine, reach))
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE rule_facts AS
        WITH hashed AS (
            SELECT r.*, m.level, m.mask, m.refuses,
                   md5_number(concat(r.ordinal, '/', m.level)) AS hash
            FROM rules r JOIN meanings m
              ON r.principal_type IS NOT DISTINCT FROM m.principal_type
             AND r.privilege IS NOT DISTINCT FROM m.privilege
             AND r.grant_option IS NOT DISTINCT FROM m.grant_option
             AND r.authorizer IS NOT DISTINCT FROM m.authorizer
             AND {_special_principal("r")} = m.special_principal
            WHERE m.mask <> 0 OR m.refuses
        )
        SELECT h.ordinal AS rule, h.level, h.mask, h.refuses,
               coalesce(w.people, 1)::INTEGER AS people, coalesce(w.wide, false) AS wide,
               (h.hash & 18446744073709551615)::UBIGINT AS low_hash,
               (h.hash >> 64)::UBIGINT AS high_hash
        FROM hashed h LEFT JOIN principal_widths w
          ON h.principal_type = w.principal_type AND h.principal = w.principal
        ORDER BY 1, 2
        """
    )


def _special_principal(alias: str) -> str:
    # One role, admin, means something else than its rows say; all others are alike.
    return f"(CASE WHEN lower({alias}.principal) = 'admin' THEN {alias}.principal ELSE '' END)"


def _meanings(engine: Engine, mode: AuthorizationMode) -> pa.Table:
    distinct = engine.query(
        f"""
        SELECT DISTINCT principal_type, privilege, grant_option, authorizer,
               {_special_principal("r")} AS special_principal
        FROM rules r ORDER BY ALL
        """
    )
    rows = []
    for said in distinct.to_pylist():
        for level in GRANT_LEVELS:
            meaning = _meaning(mode, level, said)
            rows.append(
                {
                    **said,
                    "level": GRANT_LEVELS.index(level),
                    "mask": mask_of(meaning.gives),
                    "refuses": meaning.refuses,
                }
            )
    schema = pa.schema(
        [*distinct.schema, ("level", pa.int8()), ("mask", pa.int32()), ("refuses", pa.bool_())]
    )
    return pa.Table.from_pylist(rows, schema)


def _meaning(mode: AuthorizationMode, level: str, said: Mapping[str, object]) -> Meaning:
    return mode.meaning(
        level,
        str(said["principal_type"] or ""),
        str(said["special_principal"]),
        str(said["privilege"] or ""),
        None if said["grant_option"] is None else bool(said["grant_option"]),
        None if said["authorizer"] is None else str(said["authorizer"]),
    )


def _widths(engine: Engine, reach: PopulationReach) -> pa.Table:
    """How many people stand behind each role and group that some rule names."""
    named = engine.query(
        "SELECT DISTINCT principal_type, principal FROM rules "
        "WHERE principal_type IN ('ROLE', 'GROUP') ORDER BY ALL"
    )
    people, wide = [], []
    for kind, name in zip(
        named["principal_type"].to_pylist(), named["principal"].to_pylist(), strict=True
    ):
        count = reach.population.head_count(reach.before_roles(kind, name).possible)
        people.append(count.people)
        wide.append(count.everyone)
    return named.append_column("people", pa.array(people, pa.int32())).append_column(
        "wide", pa.array(wide, pa.bool_())
    )


def load_effective_grants(engine: Engine, mode: AuthorizationMode) -> None:
    """Leave the view `effective_grants(table_ordinal, rule, level)`: what reaches each table."""
    parts = PART_LEVELS if mode.has_parts else ()
    levels = [GRANT_LEVELS.index(level) for level in ("table", *parts)]
    branches = [
        "SELECT object AS table_ordinal, rule, level FROM grants "
        f"WHERE level BETWEEN {min(levels)} AND {max(levels)} AND NOT repeated"
    ]
    if "database" in mode.inherited_levels:
        branches.append(
            "SELECT t.ordinal, g.rule, g.level FROM tables t JOIN grants g ON g.object = "
            f"t.database WHERE g.level = {GRANT_LEVELS.index('database')} AND NOT g.repeated"
        )
    if "global" in mode.inherited_levels:
        branches.append(
            "SELECT t.ordinal, g.rule, g.level FROM tables t CROSS JOIN "
            "(SELECT rule, level FROM grants WHERE level = 0 AND NOT repeated) g"
        )
    if not mode.inherited_levels:
        branches = ["SELECT object AS table_ordinal, rule, level FROM grants WHERE false"]
    engine.run(f"CREATE OR REPLACE TEMP VIEW effective_grants AS {' UNION ALL '.join(branches)}")


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
