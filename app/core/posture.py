"""The posture of a lake after a run: what run_report.Posture holds, counted in the engine."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
from pyroaring import FrozenBitMap

from app.core.classes import Classification
from app.core.engine import Engine
from app.core.judging import TableJudge
from app.core.population import Population
from app.core.snapshots import Snapshot
from app.core.verdicts import SEVERITIES

#: At most this many openings stand in the posture; all are in the run's results.
OPENINGS_SHOWN = 50

_TIER_ORDER = {"restricted": 0, "confidential": 1, "internal": 2, "public": 3}


def count_objects(engine: Engine, snapshot: Snapshot) -> dict[str, int]:
    """How many of everything the snapshot holds."""
    rows = {name: int(said["rows"]) for name, said in snapshot.manifest["tables"].items()}
    kinds = engine.query(
        "SELECT count(*) FILTER (WHERE kind = 'VIRTUAL_VIEW') AS views FROM tables"
    )
    views = kinds["views"][0].as_py()
    return {
        "databases": rows["databases"],
        "tables": rows["tables"] - views,
        "views": views,
        "columns": rows["columns"],
        "grants": rows["grants"],
        "roles": rows["roles"],
        "role_members": rows["role_members"],
    }


def count_people(population: Population) -> dict[str, Any]:
    """Who there is."""
    return {
        "directory_known": population.directory_known,
        "active_people": len(population.active_people),
        "services": len(population.active_services),
        "inactive": len(population.inactive),
        "unknown": len(population.unknown),
        "opaque_groups": len(population.opaque),
    }


def count_exposures(engine: Engine) -> dict[str, Any]:
    """Exposures of this run by severity, kind and status; needs `exposures` and `gone`."""
    totals = engine.query(
        "SELECT count(*) AS total, count(DISTINCT object) FILTER (WHERE scope = 'table') AS tables "
        "FROM exposures"
    ).to_pylist()[0]
    by_status = _counted(engine, "SELECT status AS word, count(*) AS n FROM exposures GROUP BY 1")
    gone = engine.query("SELECT count(*) AS n FROM gone")["n"][0].as_py()
    if gone:
        by_status["gone"] = gone
    return {
        "total": totals["total"],
        "tables": totals["tables"],
        "by_severity": _counted(
            engine, "SELECT severity AS word, count(*) AS n FROM exposures GROUP BY 1"
        ),
        "by_kind": _counted(
            engine,
            "SELECT word, count(*) AS n FROM (SELECT unnest(kinds) AS word FROM exposures) "
            "GROUP BY 1",
        ),
        "by_status": by_status,
    }


def _counted(engine: Engine, query: str) -> dict[str, int]:
    rows = engine.query(f"{query} ORDER BY 1")
    return dict(zip(rows["word"].to_pylist(), rows["n"].to_pylist(), strict=True))


def tables_of_classes(engine: Engine, classification: Classification) -> dict[str, int]:
    """How many tables carry each class. Needs `table_classes`."""
    rows = engine.query(
        "SELECT class, count(DISTINCT table_ordinal) AS n FROM table_classes GROUP BY 1"
    )
    counted = dict(zip(rows["class"].to_pylist(), rows["n"].to_pylist(), strict=True))
    return {each.name: counted.get(number, 0) for number, each in enumerate(classification.classes)}


def describe_classes(
    engine: Engine,
    classification: Classification,
    population: Population,
    table_judge: TableJudge,
    readers: Mapping[str, FrozenBitMap],
    tables: Mapping[str, int],
) -> list[dict[str, Any]]:
    """Each class: how much there is of it, who can read it and who should."""
    exposed = _counted(
        engine,
        "SELECT word, count(DISTINCT object) AS n FROM (SELECT unnest(classes) AS word, object "
        "FROM exposures WHERE scope = 'table') GROUP BY 1",
    )
    found = []
    for each in classification.classes:
        can = population.head_count(readers[each.name])
        should = population.head_count(table_judge.permitted((each.name,), "select"))
        found.append(
            {
                "class": each.name,
                "tier": each.tier,
                "description": each.description,
                "tables": tables[each.name],
                "exposed_tables": exposed.get(each.name, 0),
                "people_can": can.people,
                "people_should": should.people,
                "everyone": can.everyone,
                "contract": each.max_people,
                "notify": list(each.notify),
            }
        )
    return sorted(found, key=lambda said: (_TIER_ORDER.get(said["tier"], 9), said["class"]))


def exit_code(
    exposures: Mapping[str, Any], gaps: Sequence[Mapping[str, Any]], doubts: int, fail_on: str
) -> tuple[int, list[str]]:
    """0 clean, 1 exposures of `fail_on` or graver, 2 something could not be judged (2 wins)."""
    reasons = []
    if gaps:
        reasons.append(f"{len(gaps)} gaps: something could not be read or judged")
    if doubts:
        reasons.append(f"{doubts} exposures are possible, not sure")
    grave = SEVERITIES[: SEVERITIES.index(fail_on) + 1]
    count = sum(n for word, n in exposures["by_severity"].items() if word in grave)
    code = 2 if reasons else 1 if count else 0
    if count:
        reasons.append(f"{count} exposures of {fail_on} or graver")
    return code, reasons


def first_openings(openings: pa.Table) -> list[dict[str, Any]]:
    """The gravest openings, JSON-ready."""
    rows: list[dict[str, Any]] = openings.slice(0, OPENINGS_SHOWN).to_pylist()
    return rows
