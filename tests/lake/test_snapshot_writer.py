"""Snapshots on disk: whole or not there, the same for the same lake, reused."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.ipc
import pyarrow.parquet as pq
import pytest

from app.core.errors import SnapshotError, SourceError
from app.core.facts import Facts
from app.core.snapshots import LAYOUT
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_files import write_arrow
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import facts, tiny_lake

EARLY = Taken("hand", "csv", "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00+00:00")
LATE = Taken("other", "csv", "2026-02-01T00:00:00+00:00", "2026-02-01T00:00:00+00:00")


def contents(path: Path) -> dict[str, bytes]:
    """Every file of a snapshot but the time it was taken."""
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in path.rglob("*")
        if file.is_file() and file.name != "taken.json"
    }


def test_every_table_has_its_schema(tmp_path: Path) -> None:
    snapshot = write_snapshot(tiny_lake(), tmp_path, EARLY)
    for name, schema in LAYOUT.items():
        assert pq.read_table(snapshot.parquet(name)).schema.equals(schema), name
        assert snapshot.mapped(name).schema.equals(schema), name
        assert snapshot.mapped(name).num_rows == snapshot.rows(name)
    assert set(contents(snapshot.path)) == {
        "manifest.json",
        *(f"{name}.parquet" for name in LAYOUT),
        *(f"index/{name}.arrow" for name in LAYOUT),
        *(
            f"index/offsets/{name}.arrow"
            for name in (
                "table_grants",
                "column_grants",
                "partition_grants",
                "partition_column_grants",
                "database_grants",
                "columns",
                "table_properties",
            )
        ),
    }


def test_the_same_lake_gives_the_same_bytes_however_it_comes(tmp_path: Path) -> None:
    one = write_snapshot(tiny_lake(), tmp_path / "one", EARLY)
    backwards = [
        Facts(batch.kind, batch.batch.slice(row, 1))
        for batch in reversed(tiny_lake())
        for row in reversed(range(batch.batch.num_rows))
    ]
    other = write_snapshot(backwards, tmp_path / "other", LATE)
    marked = [*tiny_lake(), *(facts(kind, last=True) for kind in ("databases", "tables", "grants"))]
    third = write_snapshot(marked, tmp_path / "third", LATE)
    assert contents(one.path) == contents(other.path) == contents(third.path)
    assert one.path.name == one.content_hash[:16] == third.path.name


def test_a_different_lake_is_another_snapshot(tmp_path: Path) -> None:
    one = write_snapshot(tiny_lake(), tmp_path, EARLY)
    other = write_snapshot([*tiny_lake(), facts("users", {"name": "zoe"})], tmp_path, EARLY)
    assert one.path != other.path
    assert one.content_hash != other.content_hash


def test_an_unchanged_lake_is_the_snapshot_that_is_there(tmp_path: Path) -> None:
    one = write_snapshot(tiny_lake(), tmp_path, EARLY)
    before = {path: path.stat().st_mtime_ns for path in one.path.rglob("*.parquet")}
    again = write_snapshot(tiny_lake(), tmp_path, LATE)
    assert again.path == one.path
    assert {path: path.stat().st_mtime_ns for path in before} == before
    assert again.taken == {
        "source": "other",
        "directory": "csv",
        "taken_at": EARLY.taken_at,
        "seen_at": LATE.seen_at,
    }
    assert [path.name for path in tmp_path.iterdir()] == [one.path.name]


@pytest.mark.parametrize("file", ["manifest.json", "grants.parquet"])
def test_a_damaged_one_is_replaced(file: str, tmp_path: Path) -> None:
    one = write_snapshot(tiny_lake(), tmp_path, EARLY)
    before = contents(one.path)
    (one.path / file).write_bytes(b"damaged")
    again = write_snapshot(tiny_lake(), tmp_path, LATE)
    assert contents(again.path) == before
    assert again.taken["taken_at"] == LATE.taken_at


def broken_crawl() -> Iterator[Facts]:
    """A source that is lost in the middle, its grants already being written."""
    yield from tiny_lake()
    for kind in ("databases", "tables", "grants"):
        yield facts(kind, last=True)
    raise SourceError("lost")


def test_a_crawl_that_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lost"):
        write_snapshot(broken_crawl(), tmp_path, EARLY)
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_refuses_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SnapshotError, match=r"cannot be written under .*file"):
        write_snapshot(tiny_lake(), tmp_path / "file", EARLY)


DYING = """
import os, sys
from pathlib import Path
from app.lake.snapshot_files import write_arrow
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import tiny_lake
def facts():
    yield from tiny_lake()
    os.kill(os.getpid(), 9)
write_snapshot(facts(), Path(sys.argv[1]), Taken.now("hand"))
"""


def test_what_a_dead_writer_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", DYING, str(tmp_path)], check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(".writing-")
    snapshot = write_snapshot(tiny_lake(), tmp_path, EARLY)
    assert list(tmp_path.iterdir()) == [snapshot.path]


def test_another_writer_at_work_is_left_alone(tmp_path: Path) -> None:
    def busy() -> Iterator[Facts]:
        yield from tiny_lake()[:3]
        write_snapshot(tiny_lake(), tmp_path, EARLY)
        yield from tiny_lake()[3:]

    snapshot = write_snapshot(busy(), tmp_path, LATE)
    assert list(tmp_path.iterdir()) == [snapshot.path]
    snapshot.verify()


def test_the_manifest_says_nothing_of_time_or_place(tmp_path: Path) -> None:
    snapshot = write_snapshot(tiny_lake(), tmp_path, EARLY)
    manifest = json.loads((snapshot.path / "manifest.json").read_bytes())
    assert set(manifest) == {"format", "tables", "content_hash"}
    assert set(manifest["tables"]["grants"]) == {"rows", "bytes", "sha256"}
    assert os.fspath(tmp_path) not in str(manifest)
    StoredSnapshot(snapshot.path).verify()


def test_what_lies_under_nulls_does_not_show(tmp_path: Path) -> None:
    valid = pa.array([True, False, True]).buffers()[1]
    columns = [
        pa.Array.from_buffers(pa.int32(), 3, [valid, pa.array(numbers, pa.int32()).buffers()[1]])
        for numbers in ([1, 7, 3], [1, 9, 3])
    ]
    for name, column in zip("ab", columns, strict=True):
        write_arrow(tmp_path / name, pa.table({"x": column}))
    write_arrow(tmp_path / "c", pa.table({"x": pa.concat_arrays([columns[0]] * 2).slice(3)}))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "c").read_bytes()
    assert pa.ipc.open_file(tmp_path / "c").read_all()["x"].to_pylist() == [1, None, 3]
