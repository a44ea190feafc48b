"""Opening snapshots: cheap when whole, clear when not."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from app.core.errors import SnapshotError
from app.lake.manifest import content_hash
from app.lake.snapshot import StoredSnapshot, snapshots_folder, stored_snapshots
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import facts, tiny_lake


@pytest.fixture
def snapshot(tmp_path: Path) -> StoredSnapshot:
    """The tiny lake."""
    return write_snapshot(tiny_lake(), tmp_path, Taken.now("hand"))


def rewrite_manifest(snapshot: StoredSnapshot, **changes: object) -> None:
    """Change a manifest and make its hash right again."""
    manifest = {**snapshot.manifest, **changes}
    manifest["content_hash"] = content_hash(manifest)
    (snapshot.path / "manifest.json").write_text(json.dumps(manifest))


def test_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match=r"There is no snapshot in .*\. Crawl the lake again"):
        StoredSnapshot(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b"\xff", b'{"format": 1}', b"null"])
def test_a_damaged_manifest(content: bytes, snapshot: StoredSnapshot) -> None:
    (snapshot.path / "manifest.json").write_bytes(content)
    with pytest.raises(SnapshotError, match=r"manifest\.json"):
        StoredSnapshot(snapshot.path)


def test_a_manifest_that_was_changed(snapshot: StoredSnapshot) -> None:
    text = (snapshot.path / "manifest.json").read_text().replace('"rows": 3', '"rows": 4')
    (snapshot.path / "manifest.json").write_text(text)
    with pytest.raises(SnapshotError, match="does not have the content hash"):
        StoredSnapshot(snapshot.path)


def test_a_newer_format(snapshot: StoredSnapshot) -> None:
    rewrite_manifest(snapshot, format=99)
    with pytest.raises(SnapshotError, match="has format 99, this Lakewarden reads 1"):
        StoredSnapshot(snapshot.path)


def test_a_table_is_missing(snapshot: StoredSnapshot) -> None:
    tables = {k: v for k, v in snapshot.manifest["tables"].items() if k != "grants"}
    rewrite_manifest(snapshot, tables=tables)
    with pytest.raises(SnapshotError, match="names no grants"):
        StoredSnapshot(snapshot.path)


@pytest.mark.parametrize("damage", ["change", "cut", "delete"])
def test_verify_finds_a_damaged_file(damage: str, snapshot: StoredSnapshot) -> None:
    snapshot.verify()
    file = snapshot.parquet("rules")
    content = file.read_bytes()
    if damage == "change":
        file.write_bytes(content[:50] + bytes([content[50] ^ 1]) + content[51:])
    elif damage == "cut":
        file.write_bytes(content[:-1])
    else:
        file.unlink()
    with pytest.raises(SnapshotError, match=r"rules\.parquet"):
        snapshot.verify()
    assert snapshot.has_whole_files() is (damage == "change")


@pytest.mark.parametrize("damage", ["all", "bytes", "another lake's", "offsets"])
def test_an_index_that_is_not_whole_is_made_again(
    damage: str, snapshot: StoredSnapshot, tmp_path: Path
) -> None:
    index = snapshot.path / "index"
    before = {file.name: file.read_bytes() for file in index.rglob("*.arrow")}
    if damage == "all":
        shutil.rmtree(index)
    elif damage == "bytes":
        (index / "tables.arrow").write_bytes(b"damaged")
    elif damage == "another lake's":
        other = write_snapshot([], tmp_path / "other", Taken.now("hand")).path
        shutil.copytree(other / "index", index, dirs_exist_ok=True)
    else:
        (index / "offsets" / "columns.arrow").write_bytes(b"")
    again = StoredSnapshot(snapshot.path)
    assert again.mapped("tables").num_rows == 3
    assert list(again.offsets("columns")) == [0, 1, 1, 3]
    assert {file.name: file.read_bytes() for file in index.rglob("*.arrow")} == before


def test_an_index_that_cannot_be_made_again_is_said(snapshot: StoredSnapshot) -> None:
    (snapshot.path / "index" / "tables.arrow").unlink()
    snapshot.parquet("tables").write_bytes(b"damaged")
    with pytest.raises(SnapshotError, match=r"damaged: index/tables\.arrow is not whole"):
        StoredSnapshot(snapshot.path).mapped("tables")


def test_snapshots_of_a_lake_the_last_seen_last(tmp_path: Path) -> None:
    folder = snapshots_folder(tmp_path, "lake")
    assert stored_snapshots(folder) == []
    times = {"a": "2026-03-01T00:00:00+00:00", "b": "2026-01-01T00:00:00+00:00"}
    for name, time in times.items():
        write_snapshot([facts("users", {"name": name})], folder, Taken("hand", "", time, time))
    (folder / ".writing-x").mkdir()
    (folder / "damaged").mkdir()
    assert [one.taken["seen_at"] for one in stored_snapshots(folder)] == sorted(times.values())


@pytest.mark.parametrize("lake", ["..", ".", "a/b", "prod lake", "é", "a\0b", "..."])
def test_any_lakes_name_makes_one_safe_folder(lake: str, tmp_path: Path) -> None:
    folder = snapshots_folder(tmp_path, lake)
    assert folder.parent == tmp_path / "snapshots"
    folder.mkdir(parents=True)
    assert folder.resolve().parent == (tmp_path / "snapshots").resolve()


def test_opening_imports_neither_the_engine_nor_arrow() -> None:
    code = "import sys, app.lake.snapshot; print([m for m in sys.modules if m in {'duckdb'}])"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"
