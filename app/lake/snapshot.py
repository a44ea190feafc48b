"""Opens a snapshot. Cheap: the manifest is read, and each table when it is asked for.

This stands on the cold path of every question, so the heavy imports wait until needed.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from app.core.errors import SnapshotError
from app.core.snapshots import FORMAT_VERSION, LAYOUT, OFFSETS
from app.lake.manifest import (
    INDEX,
    MANIFEST,
    OFFSETS_FOLDER,
    TAKEN,
    content_hash,
    sha256_of,
)

if TYPE_CHECKING:
    import pyarrow as pa

_CRAWL_AGAIN = "Crawl the lake again, or take another snapshot"


class StoredSnapshot:
    """A whole, immutable snapshot in a folder; implements core.snapshots.Snapshot."""

    def __init__(self, path: Path) -> None:
        """Open the snapshot in a folder.

        Raises SnapshotError when there is none, its manifest is damaged, a table is
        missing from it, or a newer Lakewarden wrote it.
        """
        self.path = path
        self.manifest: dict[str, Any] = _read_manifest(path)
        self.content_hash: str = self.manifest["content_hash"]
        self._mapped: dict[str, pa.Table] = {}
        self._offsets: dict[str, memoryview] = {}

    @property
    def taken(self) -> dict[str, Any]:
        """When (`taken_at`, `seen_at`, ISO 8601 UTC) and from what (`source`, `directory`).

        Not part of the content hash: the same lake seen twice is the same snapshot.
        """
        try:
            taken: dict[str, Any] = json.loads((self.path / TAKEN).read_bytes())
        except (OSError, ValueError) as error:
            raise SnapshotError(f"{self.path / TAKEN} cannot be read", mend=_CRAWL_AGAIN) from error
        return taken

    @property
    def seen_at(self) -> datetime:
        """When a crawl last found the lake just so."""
        return datetime.fromisoformat(self.taken["seen_at"]).astimezone(UTC)

    @property
    def is_limited(self) -> bool:
        """Was it exported without what only an audit needs?"""
        return "limited" in self.manifest

    def rows(self, name: str) -> int:
        """How many rows a table has."""
        return int(self.manifest["tables"][name]["rows"])

    def parquet(self, name: str) -> Path:
        """The Parquet file of one table of LAYOUT, for the engine."""
        return self.path / f"{name}.parquet"

    def mapped(self, name: str) -> "pa.Table":
        """The same rows, memory mapped. Raises SnapshotError when they cannot be."""
        if name not in self._mapped:
            self._mapped[name] = self._map(f"{name}.arrow", self.rows(name))
        return self._mapped[name]

    def offsets(self, name: str) -> memoryview:
        """The offsets called `name` in OFFSETS, as a memoryview of int64."""
        if name not in OFFSETS:
            raise KeyError(name)
        if name not in self._offsets:
            objects = "databases" if name == "database_grants" else "tables"
            table = self._map(f"{OFFSETS_FOLDER}/{name}.arrow", self.rows(objects) + 1)
            column = table["offset"].chunk(0)
            words = memoryview(column.buffers()[1]).cast("q")
            self._offsets[name] = words[column.offset : column.offset + len(column)]
        return self._offsets[name]

    def verify(self) -> None:
        """Read every Parquet file and compare its hash. Raises SnapshotError."""
        for name, entry in self.manifest["tables"].items():
            try:
                found = sha256_of(self.parquet(name))
            except OSError as error:
                raise self._damaged(f"{name}.parquet cannot be read") from error
            if found != entry["sha256"]:
                raise self._damaged(f"{name}.parquet is not what was written")

    def has_whole_files(self) -> bool:
        """Is every Parquet file there in its full length? (No hash is computed.)"""
        try:
            return all(
                self.parquet(name).stat().st_size == entry["bytes"]
                for name, entry in self.manifest["tables"].items()
            )
        except OSError:
            return False

    def _map(self, file: str, rows: int) -> "pa.Table":
        """Map a file of the index, which is built again when it is missing or damaged."""
        table = self._mapped_file(file)
        if table is None or table.num_rows != rows:
            self._rebuild_index(file)
            table = self._mapped_file(file)
        if table is None or table.num_rows != rows:
            raise self._damaged(f"{INDEX}/{file} cannot be built from its Parquet files")
        return table

    def _mapped_file(self, file: str) -> "pa.Table | None":
        import pyarrow as pa
        import pyarrow.ipc

        try:
            return pa.ipc.open_file(pa.memory_map(str(self.path / INDEX / file))).read_all()
        except (OSError, pa.ArrowException):
            return None

    def _rebuild_index(self, file: str) -> None:
        import pyarrow as pa

        from app.lake.question_index import rebuild_index

        try:
            rebuild_index(self.path)
        except (OSError, pa.ArrowException) as error:
            what = f"{INDEX}/{file} is not whole and cannot be built again"
            raise self._damaged(what) from error

    def _damaged(self, what: str) -> SnapshotError:
        return SnapshotError(f"The snapshot {self.path} is damaged: {what}", mend=_CRAWL_AGAIN)


def snapshots_folder(data: Path, lake: str) -> Path:
    """Where the snapshots of a lake live; any lake's name makes a safe folder name."""
    name = quote(lake, safe="")
    return data / "snapshots" / (name.replace(".", "%2E") if set(name) == {"."} else name)


def stored_snapshots(folder: Path) -> list[StoredSnapshot]:
    """The readable snapshots in a lake's folder, the one seen last at the end.

    Damaged ones are left out: they can be judged by opening them by path.
    """
    found = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        try:
            snapshot = StoredSnapshot(path)
            found.append((snapshot.seen_at, snapshot))
        except SnapshotError:
            continue
    return [snapshot for _, snapshot in sorted(found, key=lambda pair: (pair[0], pair[1].path))]


def _read_manifest(path: Path) -> dict[str, Any]:
    file = path / MANIFEST
    try:
        manifest = json.loads(file.read_bytes())
        written = manifest["format"]
        if isinstance(written, int) and written > FORMAT_VERSION:
            raise SnapshotError(
                f"The snapshot {path} has format {written}, this Lakewarden reads {FORMAT_VERSION}",
                mend="Read it with the version that wrote it, or a newer one",
            )
        whole = content_hash(manifest) == manifest["content_hash"]
        missing = sorted(LAYOUT.keys() - manifest["tables"].keys())
    except FileNotFoundError:
        raise SnapshotError(f"There is no snapshot in {path}", mend=_CRAWL_AGAIN) from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise SnapshotError(f"{file} is damaged", mend=_CRAWL_AGAIN) from error
    if not whole:
        raise SnapshotError(f"{file} does not have the content hash it names", mend=_CRAWL_AGAIN)
    if missing:
        raise SnapshotError(f"{file} names no {', '.join(missing)}", mend=_CRAWL_AGAIN)
    return dict(manifest)
