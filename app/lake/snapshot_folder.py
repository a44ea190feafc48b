"""Puts a snapshot among the others of its lake: whole, or not at all.

It is written in a folder of its own beside them and renamed. Who dies on the way leaves a
folder `.writing-…` that the next writer clears. A snapshot is called by its content:
finding the same lake again finds the same folder.
"""

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

from app.core.errors import SnapshotError
from app.lake.manifest import TAKEN, canonical_json
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_files import sync_all

_WRITING = ".writing-"
_LOCK = "lock"
_NAME_LENGTH = 16  # hex digits of the content hash in a folder's name
_NEW_SECONDS = 3600  # a folder without a lock may be that young and yet at work


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
        now = datetime.now(UTC).isoformat(timespec="microseconds")
        return cls(source, directory, now, now)

    @classmethod
    def from_json(cls, content: bytes) -> "Taken":
        """What `to_json` wrote. Raises ValueError."""
        said = json.loads(content)
        if not isinstance(said, dict) or not all(isinstance(v, str) for v in said.values()):
            raise ValueError("not an object of texts")
        taken = cls(**{field.name: said[field.name] for field in fields(cls) if field.name in said})
        datetime.fromisoformat(taken.seen_at)
        return taken

    def to_json(self) -> bytes:
        """As it stands in taken.json."""
        return canonical_json(asdict(self)) + b"\n"


@contextmanager
def writing_folder(folder: Path) -> Iterator[Path]:
    """A new folder among a lake's snapshots, hidden and held by a lock while its writer lives.

    It is gone afterwards unless `put_in_place` renamed it. What dead writers left is
    cleared. Raises SnapshotError when the disk refuses, then or while it is held.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _clear_abandoned(folder)
        writing = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
        try:
            writing.chmod(0o755)
            with (writing / _LOCK).open("wb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield writing
        finally:
            shutil.rmtree(writing, ignore_errors=True)
    except OSError as error:
        raise SnapshotError(
            f"A snapshot cannot be written under {folder}: {error.strerror or error}",
            mend="Check the space and the rights of the data folder",
        ) from error


def put_in_place(writing: Path, folder: Path, taken: Taken) -> StoredSnapshot:
    """Give a written snapshot its name, and return it from there.

    An identical one that is there already is returned in its place and noted as seen
    again; a damaged one of that name is replaced. Raises OSError, SnapshotError.
    """
    target = folder / StoredSnapshot(writing).content_hash[:_NAME_LENGTH]
    there = _same_snapshot(writing, target)
    if there is not None:
        _note_seen_again(there, taken)
        return there
    (writing / TAKEN).write_bytes(taken.to_json())
    (writing / _LOCK).unlink()
    # The index is not waited for: what a power cut leaves damaged of it is built again.
    sync_all([*writing.glob("*.*"), writing])
    if target.exists():
        replaced = Path(tempfile.mkdtemp(prefix=_WRITING, dir=folder))
        os.rename(target, replaced / target.name)
        shutil.rmtree(replaced, ignore_errors=True)
    try:
        os.rename(writing, target)
    except OSError:  # unless another writer was first
        there = _same_snapshot(writing, target)
        if there is None:
            raise
        return there
    sync_all([folder])
    return StoredSnapshot(target)


def remove_snapshot(path: Path) -> None:
    """Remove a snapshot's folder; nobody finds half of it meanwhile. Raises OSError."""
    hidden = Path(tempfile.mkdtemp(prefix=_WRITING, dir=path.parent))
    os.rename(path, hidden / path.name)
    shutil.rmtree(hidden)


def _same_snapshot(writing: Path, target: Path) -> StoredSnapshot | None:
    """The whole snapshot at `target`, if it is what was written."""
    try:
        there = StoredSnapshot(target)
    except SnapshotError:
        return None
    same = there.content_hash == StoredSnapshot(writing).content_hash
    return there if same and there.has_whole_files() else None


def _note_seen_again(snapshot: StoredSnapshot, taken: Taken) -> None:
    """Note the new time and labels; the first time stays, and no older one is noted."""
    with suppress(SnapshotError, KeyError):
        before = snapshot.taken
        if before["seen_at"] > taken.seen_at:
            return
        taken = Taken(taken.source, taken.directory, before["taken_at"], taken.seen_at)
    noted = snapshot.path / f".{TAKEN}"
    noted.write_bytes(taken.to_json())
    sync_all([noted])
    os.replace(noted, snapshot.path / TAKEN)


def _clear_abandoned(folder: Path) -> None:
    for left in folder.glob(f"{_WRITING}*"):
        try:
            with (left / _LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        except FileNotFoundError:
            with suppress(OSError):
                if datetime.now(UTC).timestamp() - left.stat().st_mtime < _NEW_SECONDS:
                    continue
        shutil.rmtree(left, ignore_errors=True)
