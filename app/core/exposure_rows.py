"""From verdicts to the rows of a run: identities, evidence, and what changed since.

The rows of table exposures are made in the engine, one per table and right; those of
principals and of the lake come from Python, being few.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from pyroaring import BitMap

from app.core.classes import Classification
from app.core.engine import Engine
from app.core.exposures import ID_SQL, SCHEMA
from app.core.facts import GRANT_LEVELS, SOURCE_TABLES
from app.core.snapshots import Snapshot
from app.core.sql_text import literal
from app.core.table_widths import grants_of_tables

#: At most this many grant rows stand as evidence beside one exposure.
EVIDENCE_ROWS = 5

_PLAIN = "(CASE WHEN {0} LIKE '%.%' OR {0} LIKE '%`%' THEN '`' || replace({0}, '`', '``') || '`' ELSE {0} END)"  # noqa: E501


def load_table_exposures(
    engine: Engine, snapshot: Snapshot, lake: str, classification: Classification
) -> None:
    """Leave `table_exposures`: every column of exposures.SCHEMA but those of the diff."""
    _load_class_evidence(engine, classification)
    _load_grant_evidence(engine, snapshot)
    database, table = _PLAIN.format("d.name"), _PLAIN.format("t.name")
    catalog = f"(CASE WHEN d.catalog = 'hive' THEN '' ELSE {_PLAIN.format('d.catalog')} || '.' END)"
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE table_exposures AS
        SELECT {ID_SQL.format(lake=literal(lake))} AS id, 'table' AS scope,
               {catalog} || {database} || '.' || {table} AS object,
               d.catalog AS catalog, d.name AS database, t.name AS "table",
               g.table_ordinal, v."right", v.kinds[1] AS kind, v.kinds, v.severity, v.tier,
               v.classes, coalesce(c.evidence, []) AS class_evidence,
               v.people, v.services, v.inactive, v.unknown, v.opaque_groups, v.everyone,
               v.not_permitted, v.contract, v.in_doubt, v.openings,
               coalesce(r.grants, []) AS grants, coalesce(r.grant_count, 0) AS grant_count,
               v.policy_lines, v.detail,
               greatest(r.granted_at, o.opened_at) AS opened_at, v.verdict
        FROM grouped g
        JOIN group_verdicts gv ON gv."group" = g."group"
        JOIN verdicts v ON v.verdict = gv.verdict
        JOIN tables t ON t.ordinal = g.table_ordinal
        JOIN databases d ON d.ordinal = t.database
        LEFT JOIN class_evidence c ON c.table_ordinal = g.table_ordinal
        LEFT JOIN grant_evidence r
          ON r.table_ordinal = g.table_ordinal AND r.verdict = v.verdict
        LEFT JOIN opening_times o ON o.verdict = v.verdict
        """
    )


def _load_class_evidence(engine: Engine, classification: Classification) -> None:
    """Why each exposed table carries its classes."""
    engine.give(
        "class_rule_names",
        pa.table(
            {
                "rule": pa.array(range(len(classification.rules)), pa.int32()),
                "said": pa.array(
                    [
                        f"{rule.data_class} by {rule.rule} ({rule.file}:{rule.line})"
                        for rule in classification.rules
                    ],
                    pa.string(),
                ),
            }
        ),
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE class_evidence AS
        SELECT c.table_ordinal, list(DISTINCT r.said
                 || coalesce(' on column ' || n.name, '')
                 || coalesce(' from ' || d.name || '.' || b.name, '')) AS evidence
        FROM table_classes c
        SEMI JOIN (SELECT g.table_ordinal FROM grouped g
                   SEMI JOIN group_verdicts v ON v."group" = g."group") e
          ON e.table_ordinal = c.table_ordinal
        JOIN class_rule_names r ON r.rule = c.rule
        LEFT JOIN column_names n ON n.ordinal = c.column_name
        LEFT JOIN tables b ON b.ordinal = c.inherited_from
        LEFT JOIN databases d ON d.ordinal = b.database
        GROUP BY c.table_ordinal
        """
    )
    engine.run("UPDATE class_evidence SET evidence = list_sort(evidence)")


def _load_grant_evidence(engine: Engine, snapshot: Snapshot) -> None:
    """The recorded rows that open each exposure: some of them, how many, the newest time."""
    above = f"{GRANT_LEVELS.index('database')}"
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE verdict_rules AS
        SELECT verdict, unnest(opening_rules)::INTEGER AS rule FROM verdicts
        """
    )
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE exposed AS
        SELECT g.table_ordinal, v.verdict, t.database FROM grouped g
        JOIN group_verdicts v ON v."group" = g."group"
        JOIN tables t ON t.ordinal = g.table_ordinal
        """
    )
    _give_grants_of_exposed(engine, snapshot)
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE grant_evidence AS
        WITH opening AS (
            SELECT e.table_ordinal, e.verdict, g.*
            FROM exposed e JOIN exposed_grants g ON g.object = e.table_ordinal
            JOIN verdict_rules r ON r.verdict = e.verdict AND r.rule = g.rule
            UNION ALL
            SELECT e.table_ordinal, e.verdict, g.*
            FROM exposed e JOIN grants g ON g.object = e.database AND g.level = {above}
            JOIN verdict_rules r ON r.verdict = e.verdict AND r.rule = g.rule
            UNION ALL
            SELECT e.table_ordinal, e.verdict, g.*
            FROM exposed e
            JOIN verdict_rules r ON r.verdict = e.verdict
            JOIN (SELECT * FROM grants WHERE level = 0) g ON r.rule = g.rule
        ), said AS (
            SELECT o.table_ordinal, o.verdict, o.ordinal, o.create_time,
                   {grant_evidence("o", "r", "w")} AS evidence
            FROM opening o JOIN rules r ON r.ordinal = o.rule
            LEFT JOIN grantors w ON w.ordinal = o.grantor
        )
        SELECT table_ordinal, verdict,
               list(evidence ORDER BY ordinal)[1:{EVIDENCE_ROWS}] AS grants,
               count(*) AS grant_count, max(create_time) AS granted_at
        FROM said GROUP BY table_ordinal, verdict
        """
    )


def _give_grants_of_exposed(engine: Engine, snapshot: Snapshot) -> None:
    """Give `exposed_grants`: the grants on the exposed tables and their parts.

    Their rows stand together in the sorted table, so they are picked, not looked for.
    """
    rows = engine.query("SELECT DISTINCT table_ordinal FROM exposed ORDER BY 1")
    picked = grants_of_tables(snapshot, rows["table_ordinal"])
    grants = snapshot.mapped("grants")
    found = grants.take(picked).append_column("ordinal", picked)
    engine.give("exposed_grants", found)


def grant_evidence(grant: str, rule: str, grantor: str) -> str:
    """SQL of one grant as exposures.GRANT_EVIDENCE, from the aliases of its three tables."""
    places = " ".join(
        f"WHEN {number} THEN '{SOURCE_TABLES[level]}'" for number, level in enumerate(GRANT_LEVELS)
    )
    return (
        f"{{'source': concat_ws(' ', CASE {grant}.level {places} END, {grant}.source_row),"
        f" 'principal': lower({rule}.principal_type) || ':' || {rule}.principal,"
        f" 'privilege': {rule}.privilege, 'grant_option': {rule}.grant_option,"
        f" 'grantor': {grantor}.grantor, 'granted_at': {grant}.create_time}}"
    )


def give_opening_times(engine: Engine, times: Mapping[int, int]) -> None:
    """Give the newest membership time that each verdict's opening went through."""
    engine.give(
        "opening_times",
        pa.table(
            {
                "verdict": pa.array(list(times), pa.int32()),
                "opened_at": pa.array(list(times.values()), pa.int64()),
            }
        ),
    )


def load_all_exposures(engine: Engine, others: Sequence[Mapping[str, object]]) -> None:
    """Leave `found_exposures`: table exposures and the given rows of the other scopes."""
    names = [name for name in SCHEMA.names if name not in _DIFF_COLUMNS]
    schema = pa.schema([SCHEMA.field(name) for name in names])
    engine.give("other_exposures", pa.Table.from_pylist([dict(row) for row in others], schema))
    columns = ", ".join(f'"{name}"' for name in names)
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE found_exposures AS SELECT {columns} FROM table_exposures "
        f"UNION ALL SELECT {columns} FROM other_exposures"
    )


_DIFF_COLUMNS = ("status", "first_seen", "first_run")


def load_first(engine: Engine, run: str, now: str, *, baseline: bool) -> None:
    """Leave `exposures` for a run that has nothing before it."""
    status = "baseline" if baseline else "opened"
    engine.run(
        f"CREATE OR REPLACE TEMP TABLE exposures AS SELECT *, '{status}' AS status, "
        f"{literal(now)} AS first_seen, {literal(run)} AS first_run FROM found_exposures"
    )
    engine.run("CREATE OR REPLACE TEMP TABLE gone AS SELECT * FROM exposures LIMIT 0")


def load_changed(
    engine: Engine, run: str, now: str, pair_statuses: pa.Table, *, shadowed: str
) -> None:
    """Leave `exposures` and `gone`, compared with an earlier run's rows.

    pair_statuses: (earlier verdict, verdict, status), from `verdict_pairs`. shadowed: SQL
    that says of a row whether a gap of this run hides its object: such a row is unknown,
    never gone, and stays.
    """
    engine.give("pair_statuses", pair_statuses)
    names = ", ".join(f'"{name}"' for name in SCHEMA.names)
    engine.run(
        f"""
        CREATE OR REPLACE TEMP TABLE exposures AS
        SELECT {names} FROM (
            SELECT f.*,
                   CASE WHEN e.id IS NULL THEN 'opened'
                        ELSE coalesce(p.status, 'persisting') END AS status,
                   coalesce(e.first_seen, {literal(now)}) AS first_seen,
                   coalesce(e.first_run, {literal(run)}) AS first_run
            FROM found_exposures f LEFT JOIN earlier_exposures e USING (id)
            LEFT JOIN pair_statuses p ON p.earlier = e.verdict AND p.verdict = f.verdict)
        """
    )
    lost = "FROM earlier_exposures e ANTI JOIN found_exposures f USING (id)"
    kept = ", ".join(
        "'{}' AS status".format("unknown") if name == "status" else _kept_column(name)
        for name in SCHEMA.names
    )
    engine.run(f"INSERT INTO exposures SELECT {kept} {lost} WHERE {shadowed}")
    gone = ", ".join(
        "'gone' AS status" if name == "status" else f'"{name}"' for name in SCHEMA.names
    )
    engine.run(f"CREATE OR REPLACE TEMP TABLE gone AS SELECT {gone} {lost} WHERE NOT ({shadowed})")


def _kept_column(name: str) -> str:
    # Ordinals and verdicts of an earlier run mean nothing in this one.
    if name in ("table_ordinal", "verdict"):
        return f'NULL::INTEGER AS "{name}"'
    return f'"{name}"'


def open_earlier(engine: Engine, earlier: Path) -> None:
    """Make an earlier run's exposures readable as `earlier_exposures`."""
    engine.run(
        "CREATE OR REPLACE TEMP VIEW earlier_exposures AS SELECT * FROM "
        f"read_parquet({literal(str(earlier / 'exposures.parquet'))})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW earlier_verdicts AS SELECT * FROM "
        f"read_parquet({literal(str(earlier / 'verdicts.parquet'))})"
    )
    engine.run(
        "CREATE OR REPLACE TEMP VIEW earlier_population AS SELECT * FROM "
        f"read_parquet({literal(str(earlier / 'population.parquet'))})"
    )


def verdict_pairs(engine: Engine, subjects: pa.Table) -> pa.Table:
    """Compare the reach behind every pair of verdicts that an exposure went through.

    subjects: this run's population (bit, subject). Returns (earlier, verdict, status):
    grown when somebody new can, shrunk when somebody lost it and nobody is new.
    """
    pairs = engine.query(
        """
        SELECT DISTINCT e.verdict AS earlier, f.verdict FROM found_exposures f
        JOIN earlier_exposures e USING (id)
        WHERE e.verdict IS NOT NULL AND f.verdict IS NOT NULL ORDER BY ALL
        """
    )
    moved = moved_bits(engine, subjects)
    before = _reaches(engine, "earlier_verdicts")
    now = _reaches(engine, "verdicts")
    statuses = []
    for old, new in zip(pairs["earlier"].to_pylist(), pairs["verdict"].to_pylist(), strict=True):
        statuses.append(_compared(move_bits(before[old], moved), now[new]))
    return pairs.append_column("status", pa.array(statuses, pa.string()))


def _compared(before: BitMap, now: BitMap) -> str:
    if now - before:
        return "grown"
    return "shrunk" if before - now else "persisting"


def _reaches(engine: Engine, verdicts: str) -> dict[int, BitMap]:
    rows = engine.query(f"SELECT verdict, reach FROM {verdicts}")
    return {
        number: BitMap.deserialize(reach)
        for number, reach in zip(
            rows["verdict"].to_pylist(), rows["reach"].to_pylist(), strict=True
        )
    }


def moved_bits(engine: Engine, subjects: pa.Table) -> dict[int, int] | None:
    """Earlier bit → this run's bit, or None when the populations are the same.

    Somebody no longer named gets a bit above all: he is not new, and he is lost.
    """
    engine.give("subjects", subjects)
    same = engine.query(
        "SELECT (SELECT count(*) FROM earlier_population) = (SELECT count(*) FROM subjects) AND "
        "(SELECT count(*) FROM earlier_population JOIN subjects USING (bit, subject)) "
        "= (SELECT count(*) FROM subjects) AS same"
    )
    if same["same"][0].as_py():
        return None
    rows = engine.query(
        "SELECT e.bit AS earlier, coalesce(s.bit, 1000000000 + e.bit) AS now "
        "FROM earlier_population e LEFT JOIN subjects s USING (subject)"
    )
    return dict(zip(rows["earlier"].to_pylist(), rows["now"].to_pylist(), strict=True))


def move_bits(bits: BitMap, moved: Mapping[int, int] | None) -> BitMap:
    """An earlier run's set in this run's bits."""
    return bits if moved is None else BitMap(moved[bit] for bit in bits)
