"""Random lakes audited whole: their exposures and incidents, and the lake opened again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from app.audit import AuditParts, AuditRun, audit_snapshot
from app.core.facts import Facts
from app.core.incidents import FoundIncident
from app.core.lake_view import LakeView
from app.core.lookup import Lookup
from app.core.plans.desk import PlanDesk
from app.core.rights import MODES
from app.core.verdicts import Policies
from app.core.view_text import MemoryViewParses
from app.lake.engine_duckdb import DuckDbEngine
from app.lake.recorded_classes import RecordedClasses
from app.lake.recorded_incidents import exposures_of, incidents_of, read_incidents
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from app.policy.compiled import compile_judge
from tests.core.random_lakes import RandomLake

NOW = "2026-06-09T00:00:00Z"


@dataclass(frozen=True)
class Audited:
    """One audit's files."""

    folder: Path
    snapshot: StoredSnapshot

    def exposures(self) -> dict[str, dict[str, Any]]:
        """Exposure id → its row."""
        rows = pq.read_table(self.folder / "exposures.parquet").to_pylist()
        return {row["id"]: row for row in rows}

    def incidents(self) -> dict[str, FoundIncident]:
        """Key → incident."""
        return {incident.key: incident for incident in read_incidents(self.folder)}

    def exposures_of(self, key: str) -> tuple[str, ...]:
        """The exposures of an incident."""
        return exposures_of(self.folder, key)

    def incidents_of(self, exposures: list[str]) -> dict[str, tuple[str, ...]]:
        """The incidents of exposures."""
        return incidents_of(self.folder, exposures)


def audited(
    lake: RandomLake,
    policies: Policies,
    mode: str,
    folder: Path,
    run: str = "run",
    earlier: Path | None = None,
) -> Audited:
    """Audit a random lake into a folder."""
    return audited_facts(lake.facts(), policies, mode, folder, run, earlier)


def audited_facts(
    facts: Iterator[Facts],
    policies: Policies,
    mode: str,
    folder: Path,
    run: str = "run",
    earlier: Path | None = None,
) -> Audited:
    """Audit what a source says into a folder."""
    snapshot = write_snapshot(facts, folder / f"snapshots-{run}", Taken.now("random", ""))
    parts = AuditParts(
        lake="random",
        data=folder,
        mode=MODES[mode],
        engine_groups="directory",
        everyone_at=0.9,
        policies=policies,
        compile_judge=compile_judge,
        new_engine=lambda: DuckDbEngine(threads=1),
        view_parses=MemoryViewParses(),
    )
    result = audit_snapshot(
        parts, snapshot, AuditRun(run, NOW, lambda: NOW, earlier, earlier is None)
    )
    return Audited(result.folder, snapshot)


def desk_of(run: Audited, policies: Policies, mode: str) -> PlanDesk:
    """An audited lake opened for plans."""
    lookup = Lookup(run.snapshot)
    view = LakeView(
        lake="random",
        snapshot=run.snapshot,
        mode=MODES[mode],
        engine_groups="directory",
        everyone_at=0.9,
        classes_of=RecordedClasses(run.folder / "classes.parquet", policies.classification, lookup),
        decide_one=lambda user, classes, right: (False, ()),
        compile_judge=lambda reach: compile_judge(policies, reach.population),
    )
    return PlanDesk(view, policies.classification, policies.severity)
