"""What opened, closed, grew and shrank between two runs of a lake."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from app.core import exposure_rows
from app.core.engine import Engine
from app.core.sql_text import literal

#: In the order they are told.
CHANGES = ("opened", "grown", "unknown", "shrunk", "closed")


@dataclass(frozen=True)
class ChangeRows:
    """The changes in order, JSON-ready, and how many of each kind there are."""

    rows: tuple[Mapping[str, Any], ...]
    counts: Mapping[str, int]
    more: bool


def compare_runs(
    engine: Engine, earlier: Path, later: Path, *, skip: int = 0, limit: int = 200
) -> ChangeRows:
    """Compare the results folders of two whole runs, `skip` rows in.

    Grown and shrunk compare the people behind each exposure, not their number.
    """
    exposure_rows.open_earlier(engine, earlier)
    for name in ("exposures", "verdicts"):
        target = "found_exposures" if name == "exposures" else name
        path = literal(str(later / f"{name}.parquet"))
        engine.run(f"CREATE OR REPLACE TEMP VIEW {target} AS SELECT * FROM read_parquet({path})")
    population = literal(str(later / "population.parquet"))
    subjects = engine.query(f"SELECT bit, subject FROM read_parquet({population}) ORDER BY bit")
    engine.give("pair_statuses", exposure_rows.verdict_pairs(engine, subjects))
    engine.run(_CHANGED)
    counted = engine.query("SELECT change, count(*) AS n FROM changed GROUP BY 1")
    counts = dict(zip(counted["change"].to_pylist(), counted["n"].to_pylist(), strict=True))
    rows = engine.query(
        f"SELECT * EXCLUDE (rank) FROM changed ORDER BY rank, severity, everyone_after DESC, "
        f'object, "right", id LIMIT {limit + 1} OFFSET {skip}'
    )
    found = tuple(_json_ready(rows))
    return ChangeRows(
        found[:limit], {word: counts.get(word, 0) for word in CHANGES}, len(found) > limit
    )


_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed AS
WITH compared AS (
    SELECT coalesce(f.id, e.id) AS id, coalesce(f.object, e.object) AS object,
           coalesce(f.scope, e.scope) AS scope, coalesce(f."right", e."right") AS "right",
           coalesce(f.kind, e.kind) AS kind, coalesce(f.severity, e.severity) AS severity,
           coalesce(f.classes, e.classes) AS classes,
           e.people AS people_before, f.people AS people_after,
           e.everyone AS everyone_before, f.everyone AS everyone_after,
           coalesce(f.openings, e.openings) AS openings,
           coalesce(f.first_seen, e.first_seen) AS first_seen,
           CASE WHEN e.id IS NULL THEN 'opened' WHEN f.id IS NULL THEN 'closed'
                WHEN f.status = 'unknown' THEN 'unknown'
                ELSE coalesce(p.status, 'persisting') END AS change
    FROM found_exposures f FULL JOIN earlier_exposures e ON f.id = e.id
    LEFT JOIN pair_statuses p ON p.earlier = e.verdict AND p.verdict = f.verdict
)
SELECT change, id, object, scope, "right", kind, severity, classes, people_before,
       people_after, everyone_before, everyone_after, openings, first_seen,
       CASE change WHEN 'opened' THEN 0 WHEN 'grown' THEN 1 WHEN 'unknown' THEN 2
                   WHEN 'shrunk' THEN 3 ELSE 4 END AS rank
FROM compared WHERE change <> 'persisting'
"""


def _json_ready(rows: pa.Table) -> Iterator[Mapping[str, Any]]:
    yield from rows.to_pylist()
