"""Exposures that are about a principal or about the lake, not about one table."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core.classes import UNCLASSIFIED, Classification
from app.core.engine import Engine
from app.core.exposure_rows import EVIDENCE_ROWS, grant_evidence
from app.core.exposures import (
    AUTHORIZATION_OFF,
    CAN_MAKE_THEMSELVES,
    LEAVER,
    UNKNOWN_PRINCIPAL,
    exposure_id,
)
from app.core.judging import TableJudge
from app.core.population import HeadCount
from app.core.reach import PopulationReach
from app.core.rights.mode import AuthorizationMode
from app.core.snapshots import Snapshot
from app.core.verdicts import SEVERITIES, SeverityTable

MILDEST = SEVERITIES[-1]


def one_lower(severity: str) -> str:
    """The next milder severity."""
    return SEVERITIES[min(SEVERITIES.index(severity) + 1, len(SEVERITIES) - 1)]


def principal_findings(
    engine: Engine,
    snapshot: Snapshot,
    lake: str,
    reach: PopulationReach,
    classification: Classification,
    severity: SeverityTable,
) -> list[dict[str, object]]:
    """Leavers and unknown names that still hold grants or roles. Needs `rule_facts`.

    Without a directory nobody can be told from a leaver, so there are none (a gap says it).
    """
    population = reach.population
    if not population.directory_known:
        return []
    engine.give("suspects", _suspects(reach))
    _give_suspect_grants(engine, snapshot)
    evidence = grant_evidence("g", "r", "w")
    held = engine.query(
        f"""
        WITH rows AS (
            SELECT n.subject, g.level, g.object, g.ordinal, g.create_time, {evidence} AS evidence
            FROM suspect_grants n JOIN suspect_rows g ON g.ordinal = n.ordinal
            JOIN rules r ON r.ordinal = g.rule
            LEFT JOIN grantors w ON w.ordinal = g.grantor
        ), roles_of AS (
            SELECT s.subject, count(*) AS memberships, max(m.create_time) AS newest,
                   list({{role: m.role, source_row: m.source_row}}
                        ORDER BY m.role, m.source_row)[1:{EVIDENCE_ROWS}] AS roles
            FROM role_members m JOIN suspects s
            ON m.member_type = s.principal_type AND m.member = s.name GROUP BY 1
        ), tables_of AS (
            SELECT r.subject, count(DISTINCT CASE WHEN r.level BETWEEN 2 AND 5 THEN r.object END)
                       AS tables, count(r.ordinal) AS grants, max(r.create_time) AS newest,
                   list(r.evidence ORDER BY r.ordinal)[1:{EVIDENCE_ROWS}] AS evidence
            FROM rows r GROUP BY r.subject
        ), classes_of AS (
            SELECT r.subject, list_sort(list_distinct(flatten(list(s.classes)))) AS classes
            FROM rows r JOIN table_classsets c ON c.table_ordinal = r.object
                 AND r.level BETWEEN 2 AND 5
            JOIN classsets s USING (classset) GROUP BY r.subject
        )
        SELECT s.subject, s.kind, coalesce(m.memberships, 0) AS memberships,
               coalesce(t.tables, 0) AS tables,
               coalesce(t.grants, 0) AS grants, greatest(t.newest, m.newest) AS newest,
               coalesce(t.evidence, []) AS evidence, coalesce(m.roles, []) AS roles,
               coalesce(c.classes, []) AS classes
        FROM suspects s LEFT JOIN tables_of t USING (subject)
        LEFT JOIN classes_of c USING (subject) LEFT JOIN roles_of m USING (subject)
        WHERE coalesce(t.grants, 0) > 0 OR coalesce(m.memberships, 0) > 0
        ORDER BY s.subject
        """
    )
    names = [each.name for each in classification.classes]
    return [
        _principal_row(
            lake, row, sorted(names[n] for n in row["classes"]), classification, severity
        )
        for row in held.to_pylist()
    ]


def _give_suspect_grants(engine: Engine, snapshot: Snapshot) -> None:
    """Leave `suspect_grants(subject, ordinal)` and give those grants as `suspect_rows`."""
    engine.run(
        """
        CREATE OR REPLACE TEMP TABLE suspect_grants AS
        SELECT n.subject, g.ordinal FROM grants g JOIN (
            SELECT s.subject, r.ordinal AS rule FROM suspects s
            JOIN rules r ON r.principal_type = s.principal_type AND r.principal = s.name
        ) n ON g.rule = n.rule
        """
    )
    rows = engine.query("SELECT DISTINCT ordinal::BIGINT AS ordinal FROM suspect_grants ORDER BY 1")
    picked = rows["ordinal"].combine_chunks()
    found = snapshot.mapped("grants").take(picked).append_column("ordinal", picked)
    engine.give("suspect_rows", found)


def _suspects(reach: PopulationReach) -> pa.Table:
    """Users who are inactive or unknown, and opaque groups the engine would ask about."""
    population = reach.population
    rows = []
    for bits, kind in ((population.inactive, LEAVER), (population.unknown, UNKNOWN_PRINCIPAL)):
        rows += [("USER", population.users[bit - 1], kind) for bit in bits]
    for name in population.opaque:
        if reach.principal("GROUP", name).possible:
            rows.append(("GROUP", name, UNKNOWN_PRINCIPAL))
    return pa.table(
        {
            "subject": pa.array([f"{kind.lower()}:{name}" for kind, name, _ in rows], pa.string()),
            "principal_type": pa.array([kind for kind, _, _ in rows], pa.string()),
            "name": pa.array([name for _, name, _ in rows], pa.string()),
            "kind": pa.array([kind for _, _, kind in rows], pa.string()),
        }
    )


def _principal_row(
    lake: str,
    row: Mapping[str, Any],
    classes: Sequence[str],
    classification: Classification,
    severity: SeverityTable,
) -> dict[str, object]:
    subject, kind = str(row["subject"]), str(row["kind"])
    tier = worst_tier(classes, classification)
    found = severity.severity(tier, "few", "select") or MILDEST
    return {
        **_empty_row(lake, "principal", subject, "select"),
        "kind": kind,
        "kinds": [kind],
        "severity": found,
        "tier": tier,
        "classes": list(classes),
        "inactive": int(kind == LEAVER),
        "unknown": int(kind == UNKNOWN_PRINCIPAL and subject.startswith("user:")),
        "opaque_groups": int(subject.startswith("group:")),
        "not_permitted": 1,
        "openings": [subject],
        "grants": row["evidence"],
        "grant_count": row["grants"],
        "opened_at": row["newest"],
        "detail": _held(row),
    }


def _held(row: Mapping[str, Any]) -> str:
    """What a principal holds: grants by number, roles by name with their rows."""
    grants = f"{counted(row['grants'], 'grant')} on {counted(row['tables'], 'table')}"
    memberships = counted(row["memberships"], "role membership")
    named = [_role(each) for each in row["roles"]]
    if row["memberships"] > len(named):
        named.append(f"and {row['memberships'] - len(named):,} more")
    return f"{grants}, {memberships}" + (f": {', '.join(named)}" if named else "")


def _role(membership: Mapping[str, Any]) -> str:
    name = "a role that is gone" if membership["role"] is None else membership["role"]
    row = membership["source_row"]
    return f"{name} (ROLE_MAP {row})" if row is not None else str(name)


def counted(count: object, word: str) -> str:
    """A number of things in words: `1 grant`, `2,000 grants`."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def worst_tier(classes: Sequence[str], classification: Classification) -> str:
    """The most protected tier among some classes; `unclassified` for none."""
    tiers = {classification.tier_of(name) for name in classes}
    for tier in ("restricted", "confidential", "internal", "public"):
        if tier in tiers:
            return tier
    return UNCLASSIFIED


def lake_findings(
    lake: str,
    mode: AuthorizationMode,
    reach: PopulationReach,
    table_judge: TableJudge,
    classification: Classification,
    severity: SeverityTable,
    tables_of_class: Mapping[str, int],
) -> list[dict[str, object]]:
    """Authorization off, and people who can make themselves able to do anything."""
    present = tuple(sorted(name for name, tables in tables_of_class.items() if tables))
    if not mode.inherited_levels:
        everybody = reach.whoever().possible
        tier = worst_tier(present, classification)
        gravest = severity.severity(tier, "everyone", "select") or MILDEST
        detail = "hive.security.authorization.enabled is false: everybody can do everything"
        return [
            lake_row(
                lake, AUTHORIZATION_OFF, reach, everybody, everybody, present, tier, gravest, detail
            )
        ]
    who = mode.can_make_themselves(reach).possible
    unallowed = {name: who - table_judge.permitted((name,), "select") for name in present}
    classes = tuple(name for name, bits in unallowed.items() if bits)
    if not classes:
        return []
    violators = BitMap()
    for name in classes:
        violators |= unallowed[name]
    tier = worst_tier(classes, classification)
    width = "everyone" if reach.population.head_count(who).everyone else "few"
    gravest = one_lower(severity.severity(tier, width, "select") or MILDEST)
    frozen = FrozenBitMap(violators)
    return [
        lake_row(
            lake, CAN_MAKE_THEMSELVES, reach, who, frozen, classes, tier, gravest, mode.self_service
        )
    ]


def lake_row(
    lake: str,
    kind: str,
    reach: PopulationReach,
    who: FrozenBitMap,
    violators: FrozenBitMap,
    classes: Sequence[str],
    tier: str,
    severity: str,
    detail: str,
    openings: Sequence[str] | None = None,
) -> dict[str, object]:
    """One exposure of scope `lake`; openings: the principals it is laid to, if not the usual."""
    count = reach.population.head_count(who)
    if openings is None:
        openings = () if count.everyone else ("role:admin",)
    return {
        **_empty_row(lake, "lake", kind, "select"),
        **_counts(count),
        "object": lake,
        "kind": kind,
        "kinds": [kind],
        "severity": severity,
        "tier": tier,
        "classes": list(classes),
        "not_permitted": len(violators) - (0 in violators),
        "openings": list(openings),
        "detail": detail,
    }


def _counts(count: HeadCount) -> dict[str, object]:
    return {
        "people": count.people,
        "services": count.services,
        "inactive": count.inactive,
        "unknown": count.unknown,
        "opaque_groups": count.opaque_groups,
        "everyone": count.everyone,
    }


def _empty_row(lake: str, scope: str, name: str, right: str) -> dict[str, object]:
    return {
        "id": exposure_id(lake, scope, (name,), right),
        "scope": scope,
        "object": name,
        "right": right,
        "class_evidence": [],
        "people": 0,
        "services": 0,
        "inactive": 0,
        "unknown": 0,
        "opaque_groups": 0,
        "everyone": False,
        "in_doubt": False,
        "policy_lines": [],
        "grants": [],
        "grant_count": 0,
    }
