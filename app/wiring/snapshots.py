"""Snapshots of a lake: crawled now, or the newest that is kept."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import NotFoundError
from app.core.facts import Progress, no_progress
from app.settings import LakeSettings, Settings
from app.wiring.lakes import LakeChoice
from app.wiring.state import opened_state

if TYPE_CHECKING:
    from app.lake.snapshot import StoredSnapshot


def crawl(lake: LakeSettings, data: Path, progress: Progress = no_progress) -> "StoredSnapshot":
    """Read a lake and its directory into a snapshot. Raises SourceError, DirectoryError."""
    from app.lake.snapshot import snapshots_folder
    from app.lake.snapshot_writer import Taken, write_snapshot
    from app.sources.registry import open_directory, open_source

    data.mkdir(parents=True, exist_ok=True, mode=0o700)  # who can read what is sensitive
    source = open_source(lake.source.reveal())
    facts = source.crawl(progress)
    label = ""
    if lake.directory is not None:
        directory = open_directory(lake.directory.reveal())
        facts, label = chain(facts, directory.crawl(progress)), directory.label
    return write_snapshot(facts, snapshots_folder(data, lake.name), Taken.now(source.label, label))


def recorded_crawl(
    settings: Settings, lake: LakeSettings, progress: Progress = no_progress
) -> "StoredSnapshot":
    """Crawl a lake and put the snapshot on record, while no audit of it runs."""
    from app.recorded_snapshots import recorded_snapshot

    with opened_state(settings) as database:
        return recorded_snapshot(
            database, lake.name, lambda: crawl(lake, settings.data, progress), str(lake.source)
        )


def newest_snapshot(lake: LakeSettings, data: Path) -> "StoredSnapshot":
    """The snapshot last seen of a lake. Raises NotFoundError when there is none."""
    from app.lake.snapshot import snapshots_folder, stored_snapshots

    stored = stored_snapshots(snapshots_folder(data, lake.name))
    if not stored:
        raise NotFoundError(
            f"There is no snapshot of {lake.name} in {data}",
            mend="Run lakewarden crawl or lakewarden audit first, or give --source",
        )
    return stored[-1]


@contextmanager
def snapshot_for(
    settings: Settings, choice: LakeChoice, lake: LakeSettings, progress: Progress = no_progress
) -> Iterator["StoredSnapshot"]:
    """The snapshot a question is about: the newest one, or a crawl of --source kept nowhere."""
    if not choice.source:
        yield newest_snapshot(lake, settings.data)
        return
    with tempfile.TemporaryDirectory(prefix="lakewarden-") as folder:
        yield crawl(lake, Path(folder), progress)
