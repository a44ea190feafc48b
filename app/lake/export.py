"""Takes a snapshot out as one signed file, and in again.

The file is a plain tar: `export.json`, which names every other file with its length and
sha256; `signature.json`, over the bytes of `export.json`; then `manifest.json`,
`taken.json` and the Parquet files (compressed in themselves). Nothing in it depends on
when or by whom it was packed. The index is not in it: it is built where it is needed.
"""

import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from app.core.errors import SnapshotError
from app.core.snapshots import LAYOUT
from app.lake.export_limits import ExportLimits
from app.lake.manifest import MANIFEST, TAKEN, canonical_json, manifest_bytes, sha256_of
from app.lake.question_index import rebuild_index
from app.lake.signing import sign, verify
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_files import sync_all, write_parquet
from app.lake.snapshot_folder import Taken, put_in_place, writing_folder

EXPORT, SIGNATURE = "export.json", "signature.json"
_FORMAT = 1
_CARRIED = (MANIFEST, TAKEN, *(f"{name}.parquet" for name in LAYOUT))
_SMALL = 1 << 20  # the longest a JSON file of an export may be, in bytes
_GET_ANOTHER = "Export the snapshot again, or get the file anew"


def export_snapshot(
    snapshot: StoredSnapshot, target: Path, private_key: Path, limits: ExportLimits | None = None
) -> str:
    """Write a snapshot as one signed file; returns the id of the key.

    With limits it is written without what they leave out, as a snapshot of its own
    content hash that says `limited` in its manifest. The snapshot is verified first.
    Raises SnapshotError.
    """
    snapshot.verify()
    with writing_folder(target.parent) as writing:
        source = snapshot.path
        if limits is not None:
            _write_limited(snapshot, writing, limits)
            (writing / TAKEN).write_bytes((snapshot.path / TAKEN).read_bytes())
            source = writing
        files: dict[str, dict[str, Any]] = {
            name: {"bytes": (source / name).stat().st_size, "sha256": sha256_of(source / name)}
            for name in _CARRIED
        }
        content = canonical_json({"format": _FORMAT, "files": files})
        signature = sign(content, private_key)
        packed = writing / "export.tar"
        with tarfile.open(packed, "w", format=tarfile.USTAR_FORMAT) as tar:
            _add(tar, EXPORT, content)
            _add(tar, SIGNATURE, canonical_json(signature))
            for name in _CARRIED:
                with (source / name).open("rb") as file:
                    tar.addfile(_member(name, files[name]["bytes"]), file)
        sync_all([packed])
        packed.replace(target)
    return signature["key"]


def import_snapshot(file: Path, folder: Path, public_keys: Iterable[Path]) -> StoredSnapshot:
    """Check an exported file and put its snapshot among those of a lake.

    Nothing is written before the signature is checked, nothing is believed that it does
    not cover, and no name in the file decides where anything goes. Raises SnapshotError.
    """
    try:
        with tarfile.open(file, "r:") as tar, writing_folder(folder) as writing:
            files = _checked_files(tar, public_keys)
            for name in _CARRIED:
                _extract(tar, name, files[name], writing)
            taken = Taken.from_json((writing / TAKEN).read_bytes())
            snapshot = StoredSnapshot(writing)
            snapshot.verify()
            rebuild_index(writing)
            return put_in_place(writing, folder, taken)
    except OSError as error:
        raise SnapshotError(
            f"The export {file} cannot be read: {error.strerror or error}", mend=_GET_ANOTHER
        ) from error
    except (tarfile.TarError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise SnapshotError(f"{file} is no export, or cut short", mend=_GET_ANOTHER) from error


def _write_limited(snapshot: StoredSnapshot, writing: Path, limits: ExportLimits) -> None:
    entries = {}
    for name, schema in LAYOUT.items():
        table = limits.apply(name, pq.read_table(snapshot.parquet(name), schema=schema))
        entries[name] = write_parquet(writing / f"{name}.parquet", table)
    limited = {"limited": {"of": snapshot.content_hash}}
    (writing / MANIFEST).write_bytes(manifest_bytes(dict(sorted(entries.items())), **limited))


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    tar.addfile(_member(name, len(content)), io.BytesIO(content))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o644
    return member


def _checked_files(tar: tarfile.TarFile, public_keys: Iterable[Path]) -> dict[str, Any]:
    """The files that a valid signature names. Raises SnapshotError, ValueError."""
    content = _read_small(tar, EXPORT)
    verify(content, json.loads(_read_small(tar, SIGNATURE)), public_keys)
    export = json.loads(content)
    if export["format"] > _FORMAT:
        raise SnapshotError(
            f"The export has format {export['format']}, this Lakewarden reads {_FORMAT}",
            mend="Read it with the version that wrote it, or a newer one",
        )
    if set(export["files"]) != set(_CARRIED):
        raise SnapshotError("The export names other files than a snapshot has", mend=_GET_ANOTHER)
    return dict(export["files"])


def _next_member(tar: tarfile.TarFile, name: str) -> tarfile.TarInfo:
    """The next member, which must be the regular file of that name."""
    member = tar.next()
    if member is None or member.name != name or not member.isreg():
        found = "nothing" if member is None else repr(member.name[:80])
        raise SnapshotError(f"The export holds {found} where {name} should be", mend=_GET_ANOTHER)
    return member


def _read_small(tar: tarfile.TarFile, name: str) -> bytes:
    member = _next_member(tar, name)
    file = tar.extractfile(member)
    if file is None or member.size > _SMALL:
        raise SnapshotError(f"{name} of the export is too long", mend=_GET_ANOTHER)
    return file.read()


def _extract(tar: tarfile.TarFile, name: str, entry: dict[str, Any], writing: Path) -> None:
    """Write one file of the export into the folder, if it is what was signed."""
    member = _next_member(tar, name)
    file = tar.extractfile(member)
    target = writing / name
    if file is not None and member.size == entry["bytes"]:
        with target.open("wb") as written:
            while block := file.read(_SMALL):
                written.write(block)
        if sha256_of(target) == entry["sha256"]:
            return
    raise SnapshotError(f"{name} of the export is not what was signed", mend=_GET_ANOTHER)
