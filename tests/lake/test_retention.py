"""Which snapshots stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from app.lake.retention import prune_snapshots
from app.lake.snapshot import StoredSnapshot, stored_snapshots
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import facts

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@pytest.fixture
def snapshots(tmp_path: Path) -> list[StoredSnapshot]:
    """Five snapshots, seen 40, 30, 20, 10 and 0 days ago."""
    found = []
    for days in (40, 30, 20, 10, 0):
        time = (NOW - timedelta(days=days)).isoformat()
        lake = [facts("users", {"name": f"user {days}"})]
        found.append(write_snapshot(lake, tmp_path, Taken("hand", "", time, time)))
    return found


def left(folder: Path, **rules: object) -> list[int]:
    """Prune and return how many days ago what is left was seen."""
    settings = {"keep_days": 0, "keep_count": 0, "keep": (), "now": NOW, **rules}
    prune_snapshots(folder, **settings)  # type: ignore[arg-type]
    return [(NOW - one.seen_at).days for one in stored_snapshots(folder)]


def test_young_ones_stay(snapshots: list[StoredSnapshot], tmp_path: Path) -> None:
    assert left(tmp_path, keep_days=20) == [20, 10, 0]


def test_the_newest_stay_whatever_their_age(
    snapshots: list[StoredSnapshot], tmp_path: Path
) -> None:
    later = NOW + timedelta(days=999)
    prune_snapshots(tmp_path, keep_days=1, keep_count=2, keep=(), now=later)
    assert [(NOW - one.seen_at).days for one in stored_snapshots(tmp_path)] == [10, 0]
    assert left(tmp_path, keep_count=99) == [10, 0]


def test_what_a_run_refers_to_stays(snapshots: list[StoredSnapshot], tmp_path: Path) -> None:
    assert left(tmp_path, keep={snapshots[1].content_hash}) == [30, 0]


def test_the_last_whole_one_stays(snapshots: list[StoredSnapshot], tmp_path: Path) -> None:
    snapshots[-1].parquet("users").unlink()
    later = NOW + timedelta(days=999)
    removed = prune_snapshots(tmp_path, keep_days=0, keep_count=0, keep=(), now=later)
    assert len(removed) == 4
    assert [one.path for one in stored_snapshots(tmp_path)] == [snapshots[3].path]
    assert [path.name for path in tmp_path.iterdir()] == [snapshots[3].path.name]


def test_one_that_was_seen_again_is_young(snapshots: list[StoredSnapshot], tmp_path: Path) -> None:
    write_snapshot(
        [facts("users", {"name": "user 40"})],
        tmp_path,
        Taken("hand", "", NOW.isoformat(), NOW.isoformat()),
    )
    assert left(tmp_path, keep_days=5) == [0, 0]


def test_no_snapshots(tmp_path: Path) -> None:
    assert prune_snapshots(tmp_path / "none", keep_days=0, keep_count=0, keep=(), now=NOW) == []
