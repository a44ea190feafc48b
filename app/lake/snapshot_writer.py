"""Writes the facts of a crawl as a snapshot."""

from collections.abc import Iterable
from pathlib import Path

from app.core.facts import Facts
from app.lake.manifest import MANIFEST, manifest_bytes
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_assembly import SnapshotAssembly
from app.lake.snapshot_folder import Taken, put_in_place, writing_folder

__all__ = ["Taken", "write_snapshot"]


def write_snapshot(facts: Iterable[Facts], folder: Path, taken: Taken) -> StoredSnapshot:
    """Gather the facts of a crawl and write them as a snapshot under a lake's folder.

    Returns the snapshot; an identical one that is there already is taken in its place
    and noted as seen again. Whatever the facts raise (SourceError, DirectoryError) passes
    through and leaves nothing behind. Raises SnapshotError when the disk refuses.
    """
    with writing_folder(folder) as writing:
        with SnapshotAssembly(writing) as assembly:
            for batch in facts:
                assembly.add(batch)
            entries = assembly.finish()
        (writing / MANIFEST).write_bytes(manifest_bytes(entries))
        return put_in_place(writing, folder, taken)
