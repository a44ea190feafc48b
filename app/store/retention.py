"""Which runs and snapshots may go. The last whole run of a lake never does.

Nor does the last one that judged all, where later ones could not: what was known before
a metastore broke must not go with it.

Kept is what is younger than `keep_days`, and the newest `keep_count` whatever their
age; with them the newest snapshot of the lake and every snapshot a kept run is about.
Call it under the lake's audit lease, so that no audit looks for what is being removed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from app.store.database import Session
from app.store.identifiers import utc_now
from app.store.paging import in_batches
from app.store.runs import RUNNING, WHOLE, Run, every_run
from app.store.snapshots import SnapshotRecord, every_snapshot, forget_snapshots
from app.store.tables import runs


@dataclass(frozen=True)
class Pruning:
    """What goes."""

    runs: tuple[Run, ...]
    snapshots: tuple[SnapshotRecord, ...]


@dataclass(frozen=True)
class FreePaths:
    """Folders and files that no record names any longer: theirs to delete, after commit."""

    results: tuple[str, ...]
    snapshots: tuple[str, ...]


def plan_pruning(
    session: Session,
    lake: str,
    *,
    keep_days: int,
    keep_count: int,
    now: datetime | None = None,
) -> Pruning:
    """What of a lake is neither young nor among the newest nor needed."""
    oldest = (now or utc_now()) - timedelta(days=keep_days)
    found = every_run(session, lake)
    kept = _kept_runs(found, oldest, keep_count)
    needed = {run.snapshot for run in found if run.id in kept}
    crawls = every_snapshot(session, lake)
    kept_crawls = _kept_snapshots(crawls, oldest, max(keep_count, 1), needed)
    return Pruning(
        tuple(run for run in found if run.id not in kept),
        tuple(crawl for crawl in crawls if crawl.id not in kept_crawls),
    )


def forget(session: Session, pruning: Pruning) -> FreePaths:
    """Remove the records. Delete the paths that come back once this is committed.

    A crash in between leaves files that nothing names, never a record without its files.
    """
    results: set[str] = set()
    for ids in in_batches([run.id for run in pruning.runs]):
        gone = delete(runs).where(runs.c.id.in_(ids), runs.c.state != RUNNING)
        results |= {path for path in session.scalars(gone.returning(runs.c.results_path)) if path}
    for paths in in_batches(sorted(results)):
        query = select(runs.c.results_path).where(runs.c.results_path.in_(paths))
        results -= set(session.scalars(query))
    folders = forget_snapshots(session, [crawl.id for crawl in pruning.snapshots])
    return FreePaths(tuple(sorted(results)), folders)


def _kept_runs(found: list[Run], oldest: datetime, keep_count: int) -> set[str]:
    """`found` is newest first. A failure later than the last whole run still matters."""
    whole = [run.id for run in found if run.state == WHOLE]
    judged_all = [run.id for run in found if run.state == WHOLE and run.exit_code in (0, 1)]
    newest = {*whole[: max(keep_count, 1)], *judged_all[:1]}
    last_whole = whole[0] if whole else ""

    def is_kept(run: Run) -> bool:
        recent = run.started_at >= oldest or run.id > last_whole
        return run.state == RUNNING or recent or run.id in newest

    return {run.id for run in found if is_kept(run)}


def _kept_snapshots(
    crawls: list[SnapshotRecord], oldest: datetime, keep_count: int, needed: set[str | None]
) -> set[str]:
    """`crawls` is newest first. Of a needed content the newest record stays."""
    kept = {crawl.id for crawl in crawls[:keep_count]}
    kept |= {crawl.id for crawl in crawls if crawl.taken_at >= oldest}
    newest_of = {crawl.content_hash: crawl.id for crawl in reversed(crawls)}
    return kept | {newest_of[content] for content in needed if content in newest_of}
