"""What each distinct rule of a lake gives in a mode, and how wide it is.

A rule is (principal, privilege, option, authorizer); grants refer to it. Judged once, it is
joined to the grants of every table.
"""

from collections.abc import Iterable, Mapping

import pyarrow as pa

from app.core.engine import Engine
from app.core.facts import GRANT_LEVELS
from app.core.reach import PopulationReach
from app.core.rights.mode import AuthorizationMode, Meaning

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
