"""Snapshots outside an audit: put on record, and removed when they are old.

Everything here holds the lake's audit lease, so no audit looks for what is being removed.
"""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from app.core.errors import SnapshotError
from app.core.facts import Progress, no_progress
from app.lake.results import results_folder
from app.lake.retention import prune_snapshots
from app.lake.snapshot import StoredSnapshot, snapshots_folder
from app.lake.snapshot_folder import remove_snapshot
from app.store import runs, snapshots
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.lease_keeping import kept_lease
from app.store.leases import audit_lease
from app.store.retention import forget, plan_pruning


def recorded_snapshot(
    database: Database, lake: str, take: Callable[[], StoredSnapshot], source: str
) -> StoredSnapshot:
    """Take a snapshot (a crawl, an import) and put it on record.

    Raises ConflictError while the lake is audited; whatever taking it raises passes through.
    """
    with kept_lease(database, audit_lease(lake)) as lease:
        snapshot = take()
        lease.confirm()
        with session_scope(database) as session:
            snapshots.record_snapshot(
                session,
                lake=lake,
                content_hash=snapshot.content_hash,
                path=str(snapshot.path),
                taken_at=snapshot.seen_at,
                counts=_counts(snapshot),
                source=source,
            )
    return snapshot


def _counts(snapshot: StoredSnapshot) -> dict[str, int]:
    """How many of everything, by the names that an audit counts them under."""
    names = ("databases", "tables", "columns", "grants", "roles", "role_members")
    counts = {name: snapshot.rows(name) for name in names}
    views = snapshot.mapped("tables")["kind"].to_pylist().count("VIRTUAL_VIEW")
    return {**counts, "tables": counts["tables"] - views, "views": views}


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went of a lake, or would go, and what is left of it."""

    lake: str
    runs: tuple[str, ...]
    snapshots: tuple[str, ...]  # content hashes
    bytes: int
    runs_kept: int
    snapshots_kept: int


def prune_lake(
    database: Database,
    data: Path,
    lake: str,
    *,
    keep_days: int,
    keep_count: int,
    dry_run: bool = False,
    progress: Progress = no_progress,
) -> Pruned:
    """Remove a lake's old runs, their results and the snapshots that nothing needs.

    Kept are what is younger than `keep_days`, the newest `keep_count`, the last whole run
    and what it is about. Killed on the way, it leaves folders that nothing names; the next
    one removes them. Raises ConflictError while the lake is audited.
    """
    folder = snapshots_folder(data, lake)
    with kept_lease(database, audit_lease(lake)) as lease:
        with reading_scope(database) as session:
            plan = plan_pruning(session, lake, keep_days=keep_days, keep_count=keep_count)
            needed = _needed(session, lake, {record.id for record in plan.snapshots})
        gone = {record.content_hash for record in plan.snapshots} - needed
        doomed = [run.results_path for run in plan.runs if run.results_path]
        paths = [
            *doomed,
            *(record.path for record in plan.snapshots if record.content_hash in gone),
        ]
        size = sum(_size(Path(path)) for path in dict.fromkeys(paths))
        if not dry_run:
            lease.confirm()
            with session_scope(database) as session:
                free = forget(session, plan)
            _remove(free.results, results_folder(data, lake), shutil.rmtree, progress)
            _remove(free.snapshots, folder, remove_snapshot, progress)
            # What a crawl left that nobody recorded is as old as it says itself.
            unnamed = prune_snapshots(
                folder, keep_days=keep_days, keep_count=keep_count, keep=needed, now=utc_now()
            )
            gone |= {snapshot.content_hash for snapshot in unnamed}
        with reading_scope(database) as session:
            left = {run.id for run in runs.every_run(session, lake)}
            crawled = {each.content_hash for each in snapshots.every_snapshot(session, lake)}
    going = tuple(run.id for run in plan.runs)
    return Pruned(
        lake,
        going,
        tuple(sorted(gone)),
        size,
        len(left - set(going)),
        len(crawled - gone),
    )


def _needed(session: Session, lake: str, going: set[str]) -> set[str]:
    """The contents that records which stay name."""
    return {
        record.content_hash
        for record in snapshots.every_snapshot(session, lake)
        if record.id not in going
    }


def _remove(
    paths: Iterable[str], within: Path, remove: Callable[[Path], None], progress: Progress
) -> None:
    """Remove folders, and nothing that stands elsewhere, whatever the record says."""
    listed = [Path(path) for path in paths]
    for number, path in enumerate(listed):
        progress("removing", number, len(listed))
        if path.parent.resolve() != within.resolve():
            raise SnapshotError(
                f"{path} is not in {within}, so it was not removed",
                mend="Remove it by hand; the data folder was moved since",
            )
        if not path.is_dir():
            continue
        try:
            remove(path)
        except OSError as error:
            raise SnapshotError(
                f"{path} cannot be removed: {error.strerror}",
                mend="Check the rights of the data folder, and prune again",
            ) from error


def _size(path: Path) -> int:
    if not path.is_dir():
        return 0
    return sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
