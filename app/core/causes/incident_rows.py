"""Incidents in the engine: which exposure belongs to which, and what they add up to."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.core.engine import Engine
from app.core.facts import GRANT_LEVELS, SOURCE_TABLES
from app.core.snapshots import Snapshot
from app.core.table_widths import GRANTS_AT_ONCE

#: Which exposure belongs to which incident; one that needs several mends stands in several.
PAIR_SCHEMA = pa.schema([("exposure", pa.string()), ("incident", pa.string())])

#: At most this many objects and rows stand as a sample beside one incident.
SAMPLE = 5


def give_pairs(
    engine: Engine,
    verdict_incidents: Iterable[tuple[int, str]],
    others: Iterable[tuple[str, str]],
    earlier: pa.Table | None,
) -> None:
    """Leave `incident_exposures(exposure, incident)` for exposures seen, and those shadowed.

    verdict_incidents: (verdict, key). others: (exposure id, key) of principals and the lake.
    earlier: an earlier run's pairs; exposures that are unknown now keep theirs.
    """
    rows = list(verdict_incidents)
    engine.give(
        "verdict_incidents",
        pa.table(
            {
                "verdict": pa.array([verdict for verdict, _ in rows], pa.int32()),
                "incident": pa.array([key for _, key in rows], pa.string()),
            }
        ),
    )
    pairs = list(others)
    engine.give("other_incidents", pair_table(pairs))
    engine.give("earlier_incidents", pair_table(()) if earlier is None else earlier)
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE incident_exposures AS
        SELECT e.id AS exposure, v.incident FROM exposures e
        JOIN verdict_incidents v ON v.verdict = e.verdict
        WHERE e.scope = 'table' AND e.status <> 'unknown'
        UNION ALL
        SELECT o.exposure, o.incident FROM other_incidents o
        UNION ALL
        SELECT p.exposure, p.incident FROM earlier_incidents p
        SEMI JOIN (SELECT id FROM exposures WHERE status = 'unknown') e ON e.id = p.exposure
        """
    )


def pair_table(pairs: Iterable[tuple[str, str]]) -> pa.Table:
    """Pairs as PAIR_SCHEMA."""
    found = list(pairs)
    return pa.table(
        {
            "exposure": pa.array([exposure for exposure, _ in found], pa.string()),
            "incident": pa.array([key for _, key in found], pa.string()),
        }
    )


def unplaced(engine: Engine) -> list[dict[str, Any]]:
    """Exposures that belong to no incident yet: shadowed ones that no earlier run placed."""
    rows: list[dict[str, Any]] = engine.query(
        """
        SELECT e.id, e.scope, e.object, e.kind, e.openings FROM exposures e
        ANTI JOIN incident_exposures p ON p.exposure = e.id ORDER BY e.id
        """
    ).to_pylist()
    return rows


def add_pairs(engine: Engine, pairs: Sequence[tuple[str, str]]) -> None:
    """Add pairs to `incident_exposures`."""
    engine.give("more_incidents", pair_table(pairs))
    engine.run("INSERT INTO incident_exposures SELECT * FROM more_incidents")


def all_pairs(engine: Engine) -> pa.Table:
    """Every pair, sorted (PAIR_SCHEMA)."""
    return engine.query("SELECT exposure, incident FROM incident_exposures ORDER BY ALL").cast(
        PAIR_SCHEMA
    )


def totals(engine: Engine) -> dict[str, dict[str, Any]]:
    """Incident → what its exposures add up to."""
    rows = engine.query(
        f"""
        WITH said AS (
            SELECT p.incident, e.* FROM incident_exposures p JOIN exposures e ON e.id = p.exposure
        ), ranked AS (
            SELECT incident, object, min((severity, NOT everyone)) AS worst FROM said
            GROUP BY incident, object
        ), samples AS (
            SELECT incident, list(object ORDER BY worst, object) AS sample FROM (
                SELECT *, row_number() OVER (PARTITION BY incident ORDER BY worst, object) AS n
                FROM ranked) WHERE n <= {SAMPLE} GROUP BY incident
        )
        SELECT s.incident, min(s.severity) AS severity, count(*) AS exposures,
               count(DISTINCT CASE WHEN s.scope = 'table' THEN s.object END) AS tables,
               bool_or(s.everyone) AS everyone, bool_and(s.in_doubt) AS in_doubt,
               bool_and(s.status = 'unknown') AS shadowed,
               list_sort(list_distinct(flatten(list(DISTINCT s.kinds)))) AS kinds,
               list_sort(list_distinct(flatten(list(DISTINCT s.classes)))) AS classes,
               list_sort(list(DISTINCT s."right")) AS rights,
               max(s.opened_at) AS opened_at, max(s.people) AS people,
               max(s.services) AS services, max(s.inactive) AS inactive,
               max(s."unknown") AS "unknown", max(s.opaque_groups) AS opaque_groups,
               any_value(m.sample) AS sample
        FROM said s JOIN samples m USING (incident) GROUP BY s.incident ORDER BY s.incident
        """
    )
    return {row["incident"]: row for row in rows.to_pylist()}


def opening_grants(engine: Engine) -> dict[tuple[int, str], dict[str, Any]]:
    """(verdict, principal) → the recorded rows that open it: how many, the newest, by whom.

    Needs what `exposure_rows.load_table_exposures` leaves.
    """
    places = " ".join(
        f"WHEN {number} THEN '{SOURCE_TABLES[level]}'" for number, level in enumerate(GRANT_LEVELS)
    )
    above = GRANT_LEVELS.index("database")
    columns = "verdict, rule, level, create_time, source_row, grantor"
    picked = ", ".join(f"g.{name}" for name in columns.split(", ") if name != "verdict")
    rows = engine.query(
        f"""
        WITH opening AS (
            SELECT e.verdict, {picked.replace("g.rule", "r.rule")} FROM exposed e
            JOIN exposed_grants g ON g.object = e.table_ordinal
            JOIN verdict_rules r ON r.verdict = e.verdict AND r.rule = g.rule
            UNION ALL
            SELECT r.verdict, {picked} FROM verdict_rules r
            JOIN (SELECT * FROM grants WHERE level = 0) g ON g.rule = r.rule
            UNION ALL
            SELECT e.verdict, {picked} FROM (SELECT DISTINCT verdict, database FROM exposed) e
            JOIN (SELECT * FROM grants WHERE level = {above}) g ON g.object = e.database
            JOIN verdict_rules r ON r.verdict = e.verdict AND r.rule = g.rule
        )
        SELECT o.verdict, lower(r.principal_type) || ':' || r.principal AS subject,
               count(*) AS rows, max(o.create_time) AS newest,
               list_sort(list(DISTINCT w.grantor)) AS grantors,
               arg_max(concat_ws(' ', CASE o.level {places} END, o.source_row),
                       (coalesce(o.create_time, 0), o.source_row)) AS source
        FROM opening o JOIN rules r ON r.ordinal = o.rule
        LEFT JOIN grantors w ON w.ordinal = o.grantor
        GROUP BY ALL ORDER BY ALL
        """
    )
    return {(row["verdict"], row["subject"]): row for row in rows.to_pylist()}


def tables_of_roles(engine: Engine, snapshot: Snapshot, roles: Sequence[str]) -> Mapping[str, int]:
    """Role → on how many tables (or databases) some grant to it opens something.

    One principal's grants on an object stand together in the sorted table, so they are
    counted where another begins.
    """
    engine.give("asked_roles", pa.table({"name": pa.array(roles, pa.string())}))
    rows = engine.query(
        """
        SELECT r.ordinal::BIGINT AS rule, f.level::BIGINT AS level, r.principal FROM rules r
        SEMI JOIN asked_roles a ON a.name = r.principal
        JOIN rule_facts f ON f.rule = r.ordinal AND f.mask <> 0
        WHERE r.principal_type = 'ROLE' ORDER BY level, rule
        """
    )
    number = {name: place for place, name in enumerate(roles)}
    counts = dict.fromkeys(roles, 0)
    rule_count = snapshot.mapped("rules").num_rows
    levels: dict[int, dict[int, int]] = {}
    for rule, level, name in zip(*(rows[c].to_pylist() for c in rows.column_names), strict=True):
        levels.setdefault(level, {})[rule] = number[name]
    for level, role_of in levels.items():
        wanted = pa.array([role_of.get(rule) for rule in range(rule_count)], pa.int32())
        for place, count in objects_of_roles(snapshot, level, wanted):
            counts[roles[place]] += count
    return counts


def objects_of_roles(
    snapshot: Snapshot, level: int, role_of_rule: pa.Array
) -> Iterator[tuple[int, int]]:
    """(role's number, how many objects it has grants on) among the grants of one level."""
    start, stop = _rows_of_level(snapshot, level)
    if start == stop:
        return
    grants = snapshot.mapped("grants")
    found = []
    for place in range(start, stop, GRANTS_AT_ONCE):
        # With the row before it, which tells whether the first one begins anything.
        begun = max(place - 1, start)
        rows = grants.slice(begun, min(place + GRANTS_AT_ONCE, stop) - begun)
        role = pc.take(role_of_rule, rows["rule"].combine_chunks())
        known = pc.fill_null(role, -1)
        here = pc.fill_null(rows["object"].combine_chunks(), -1)
        differs = pc.or_(
            pc.not_equal(known.slice(1), known.slice(0, len(known) - 1)),
            pc.not_equal(here.slice(1), here.slice(0, len(here) - 1)),
        )
        first = pa.concat_arrays([pa.array([place == start]), differs])
        found.append(role.filter(first).drop_null())
    counted = pc.value_counts(pa.chunked_array(found))
    yield from zip(
        counted.field("values").to_pylist(), counted.field("counts").to_pylist(), strict=True
    )


def _rows_of_level(snapshot: Snapshot, level: int) -> tuple[int, int]:
    levels = snapshot.mapped("grants")["level"]
    low, high = 0, len(levels)
    start = bisect_left(range(high), level, low, high, key=lambda row: levels[row].as_py())
    stop = bisect_left(range(high), level + 1, low, high, key=lambda row: levels[row].as_py())
    return start, stop
