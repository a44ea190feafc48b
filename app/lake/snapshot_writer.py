"""Writes a snapshot: into a folder of its own beside the others, then renamed, whole.

Who dies on the way leaves a folder `.writing-…` that the next writer clears. A snapshot
is called by its content: finding the same lake again finds the same folder.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from app.core.errors import SnapshotError
from app.core.facts import Facts
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_assembly import SnapshotAssembly
from app.lake.snapshot_files import (
    INDEX,
    MANIFEST,
    OFFSETS_FOLDER,
    TAKEN,
    canonical_json,
    manifest_bytes,
    sync,
    write_bytes,
)

_WRITING = ".writing-"
_LOCK = "lock"
_NAME_LENGTH = 16  # hex digits of the content hash in a folder's name


@dataclass(frozen=True, slots=True)
class Taken:
    """When and from what a snapshot was taken; kept beside it, not in its hash."""

    source: str  # the source's label
    directory: str = ""  # the directory's label, empty without one
    taken_at: str = ""  # ISO 8601, UTC; when it was first found so
    seen_at: str = ""  # when it was last found so

    @classmethod
    def now(cls, source: str, directory: str = "") -> "Taken":
        """Taken at this moment."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        return cls(source, directory, now, now)


def write_snapshot(facts: Iterable[Facts], folder: Path, taken: Taken) -> StoredSnapshot:
    """Gather the facts of a crawl and write them as a snapshot under a lake's folder.

    Returns the snapshot; an identical one that is there already is taken in its place
    and noted as seen again. Whatever the facts raise (SourceError, DirectoryError) passes
    through and leaves nothing behind. Raises SnapshotError when the disk refuses.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        with _writing_folder(folder) as writing:
            with ThreadPoolExecutor(2) as threads:
                assembly = SnapshotAssembly(writing, threads)
                for batch in facts:
                    assembly.add(batch)
                entries = assembly.finish()
            write_bytes(writing / MANIFEST, manifest_bytes(entries))
            return _put_in_place(writing, folder, taken)
    except OSError as error:
        raise SnapshotError(
            f"A snapshot cannot be written under {folder}: {error.strerror or error}",
            mend="Check the space and the rights of the data folder",
        ) from error


def _put_in_place(writing: Path, folder: Path, taken: Taken) -> StoredSnapshot:
    write_bytes(writing / TAKEN, canonical_json(asdict(taken)) + b"\n")
    for part in (writing / INDEX / OFFSETS_FOLDER, writing / INDEX, writing):
        sync(part)
    fresh = StoredSnapshot(writing)
    target = folder / fresh.content_hash[:_NAME_LENGTH]
    there = _whole_snapshot(target)
    if there is not None and there.content_hash == fresh.content_hash:
        _note_seen_again(there, taken)
        return there
    (writing / _LOCK).unlink()
    if target.exists():
        os.rename(target, Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder)) / "replaced")
    os.rename(writing, target)
    sync(folder)
    return StoredSnapshot(target)


def _whole_snapshot(path: Path) -> StoredSnapshot | None:
    try:
        snapshot = StoredSnapshot(path)
    except SnapshotError:
        return None
    return snapshot if snapshot.has_whole_files() else None


def _note_seen_again(snapshot: StoredSnapshot, taken: Taken) -> None:
    try:
        first = str(snapshot.taken["taken_at"])
    except (SnapshotError, KeyError):
        first = taken.taken_at
    noted = snapshot.path / f".{TAKEN}"
    write_bytes(noted, canonical_json(asdict(replace(taken, taken_at=first))) + b"\n")
    os.replace(noted, snapshot.path / TAKEN)


@contextmanager
def _writing_folder(folder: Path) -> Iterator[Path]:
    """A folder held by a lock as long as its writer lives; gone afterwards unless renamed."""
    writing = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
    writing.chmod(0o755)
    try:
        with (writing / _LOCK).open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield writing
    finally:
        shutil.rmtree(writing, ignore_errors=True)


def _clear_abandoned(folder: Path) -> None:
    for left in folder.glob(f"{_WRITING}*"):
        try:
            with (left / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:
            with suppress(OSError):
                if datetime.now(UTC).timestamp() - left.stat().st_mtime < 3600:
                    continue
        shutil.rmtree(left, ignore_errors=True)
