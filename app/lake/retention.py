"""Removes old snapshots of a lake."""

from collections.abc import Collection
from datetime import datetime, timedelta
from pathlib import Path

from app.core.errors import SnapshotError
from app.lake.snapshot import StoredSnapshot, stored_snapshots
from app.lake.snapshot_folder import remove_snapshot


def prune_snapshots(
    folder: Path, *, keep_days: int, keep_count: int, keep: Collection[str], now: datetime
) -> list[StoredSnapshot]:
    """Remove the snapshots of one lake that nothing keeps; returns them, oldest first.

    Kept are: those seen within `keep_days` days before `now` (with its time zone), the
    `keep_count` seen last whatever their age, always the last one with whole files, and
    every one whose content hash is in `keep` (what runs still refer to). Raises
    SnapshotError when the disk refuses.
    """
    snapshots = stored_snapshots(folder)
    kept = {one.content_hash for one in snapshots[len(snapshots) - keep_count :] if keep_count}
    kept.update(keep)
    kept.update(
        one.content_hash for one in snapshots if now - one.seen_at <= timedelta(days=keep_days)
    )
    kept.update(one.content_hash for one in _last_whole(snapshots))
    removed = [one for one in snapshots if one.content_hash not in kept]
    for snapshot in removed:
        try:
            remove_snapshot(snapshot.path)
        except OSError as error:
            raise SnapshotError(
                f"The snapshot {snapshot.path} cannot be removed: {error.strerror}",
                mend="Check the rights of the data folder",
            ) from error
    return removed


def _last_whole(snapshots: list[StoredSnapshot]) -> list[StoredSnapshot]:
    return next(([one] for one in reversed(snapshots) if one.has_whole_files()), [])
