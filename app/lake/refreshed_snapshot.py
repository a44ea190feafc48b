"""Writes a snapshot of which a crawl brought a part, and an earlier snapshot has the rest.

What names databases and tables by their ordinals can be taken over as it is, as long as
databases and tables are the same: then the snapshot is, byte for byte, the one a whole
crawl would have made had nothing else changed.
"""

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from app.core.facts import Facts
from app.core.snapshots import OFFSETS
from app.lake.manifest import INDEX, MANIFEST, OFFSETS_FOLDER, manifest_bytes
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_assembly import SnapshotAssembly
from app.lake.snapshot_folder import Taken, put_in_place, writing_folder

#: The tables that are taken over from the earlier snapshot.
KEPT = (
    *("columns", "column_names", "column_types"),
    *("table_properties", "partitions", "view_sources"),
)
_SAME = ("databases", "tables", "view_texts")


def write_refreshed(
    facts: Iterable[Facts], earlier: StoredSnapshot, folder: Path, taken: Taken
) -> StoredSnapshot | None:
    """Gather facts without those of KEPT and write them with what `earlier` kept.

    None, and nothing is written, when databases or tables are no longer the same or a file
    of the earlier snapshot is gone: then a whole crawl is needed. Raises what the facts
    raise, and SnapshotError when the disk refuses.
    """
    with writing_folder(folder) as writing:
        with SnapshotAssembly(writing) as assembly:
            for batch in facts:
                assembly.add(batch)
            entries = assembly.finish()
        before = earlier.manifest["tables"]
        if any(entries[name] != before.get(name) for name in _SAME):
            return None
        if not all(_take_over(earlier.path / file, writing / file) for file in _kept_files()):
            return None
        entries |= {name: before[name] for name in KEPT}
        (writing / MANIFEST).write_bytes(manifest_bytes(entries))
        return put_in_place(writing, folder, taken)


def _kept_files() -> Iterator[Path]:
    for name in KEPT:
        yield Path(f"{name}.parquet")
        yield Path(INDEX, f"{name}.arrow")
    for offsets, (target, _) in OFFSETS.items():
        if target in KEPT:
            yield Path(INDEX, OFFSETS_FOLDER, f"{offsets}.arrow")


def _take_over(source: Path, target: Path) -> bool:
    """Have an immutable file under a second name; copied where links are not possible."""
    with suppress(FileNotFoundError):
        target.unlink(missing_ok=True)
        try:
            os.link(source, target)
        except FileNotFoundError:
            raise
        except OSError:
            shutil.copyfile(source, target)
        return True
    return False
