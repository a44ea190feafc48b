"""What changed between two runs, against their rows and people compared one by one."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from hypothesis import HealthCheck, given, settings
from pyroaring import BitMap

from app.audit import AuditParts, AuditRun, audit_snapshot
from app.core.changes import CHANGES, compare_runs
from app.core.rights import MODES
from app.core.view_text import MemoryViewParses
from app.lake.engine_duckdb import DuckDbEngine
from app.lake.snapshot_writer import write_snapshot
from app.policy.compiled import compile_judge
from tests.core.random_lakes import RandomLake, lakes
from tests.test_audit import policies_in, policy_lines

Key = tuple[str, str]


def engine() -> DuckDbEngine:
    """A small one."""
    return DuckDbEngine(threads=1)


def judged(lake: RandomLake, lines: str, folder: Path, run: str) -> Path:
    """A run's results, as if it were the first."""
    from app.lake.snapshot_folder import Taken

    where = folder / run
    where.mkdir()
    parts = AuditParts(
        lake="random",
        data=where,
        mode=MODES["sql-standard"],
        engine_groups="none",
        everyone_at=0.9,
        policies=policies_in(where, lines),
        compile_judge=compile_judge,
        new_engine=engine,
        view_parses=MemoryViewParses(),
    )
    snapshot = write_snapshot(lake.facts(), where / "snapshots", Taken.now("random", ""))
    now = "2026-06-09T00:00:00Z"
    return audit_snapshot(parts, snapshot, AuditRun(run, now, lambda: now, None, True)).folder


def people_of(folder: Path) -> Mapping[Key, tuple[str, frozenset[str] | None]]:
    """(object, right) → id, and the subjects behind its verdict (None: it has none)."""
    population = pq.read_table(folder / "population.parquet")
    subjects = dict(
        zip(population["bit"].to_pylist(), population["subject"].to_pylist(), strict=True)
    )
    verdicts = pq.read_table(folder / "verdicts.parquet").to_pylist()
    reach = {
        row["verdict"]: frozenset(subjects[bit] for bit in BitMap.deserialize(row["reach"]))
        for row in verdicts
    }
    rows = pq.read_table(folder / "exposures.parquet").to_pylist()
    return {(row["object"], row["right"]): (row["id"], reach.get(row["verdict"])) for row in rows}


def change(before: Any, after: Any) -> str:
    """What became of one exposure."""
    if before is None:
        return "opened"
    if after is None:
        return "closed"
    if before[1] is None or after[1] is None or before[1] == after[1]:
        return ""
    return "grown" if after[1] - before[1] else "shrunk"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(lakes(), lakes(), policy_lines())
def test_changes_are_those_of_rows_and_people(
    first: RandomLake, second: RandomLake, lines: str
) -> None:
    with tempfile.TemporaryDirectory() as name:
        earlier = judged(first, lines, Path(name), "earlier")
        later = judged(second, lines, Path(name), "later")
        before, after = people_of(earlier), people_of(later)
        expected = {key: change(before.get(key), after.get(key)) for key in {*before, *after}}
        with engine() as opened:
            found = compare_runs(opened, earlier, later)
            pages = [compare_runs(opened, earlier, later, skip=at, limit=1) for at in range(3)]
    rows = [(row["object"], row["right"]) for row in found.rows]
    assert {key: row["change"] for key, row in zip(rows, found.rows, strict=True)} == {
        key: word for key, word in expected.items() if word
    }
    words = [row["change"] for row in found.rows]
    assert words == sorted(words, key=CHANGES.index)
    assert found.counts == {word: words.count(word) for word in CHANGES}
    assert not found.more
    for at, page in enumerate(pages):
        assert page.rows == found.rows[at : at + 1]
        assert page.more == (at + 1 < len(rows))
