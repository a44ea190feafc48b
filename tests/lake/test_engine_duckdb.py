"""The embedded engine over a snapshot."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.core.engine import ORDINAL_TABLES
from app.core.errors import SnapshotError
from app.core.snapshots import LAYOUT
from app.lake.engine_duckdb import DuckDbEngine
from tests.snapshots_by_hand import HandDatabase, HandSnapshot, HandTable, write_lake


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine(memory_limit="200MB") as opened:
        yield opened


@pytest.fixture
def snapshot(tmp_path: Path) -> HandSnapshot:
    tables = [HandTable(name, ["id", "amount"]) for name in ("b", "a", "c'\"d")]
    return write_lake(tmp_path / "it's a snapshot", [HandDatabase("x", tables)])


def test_every_table_is_there_with_ordinals_where_the_contract_says(
    engine: DuckDbEngine, snapshot: HandSnapshot
) -> None:
    engine.open_snapshot(snapshot)
    for name, schema in LAYOUT.items():
        found = engine.query(f'SELECT * FROM "{name}"').schema
        expected = list(schema)
        if name in ORDINAL_TABLES:
            expected.append(pa.field("ordinal", pa.int32()))
        assert list(found) == expected, name
    rows = engine.query("SELECT ordinal, name FROM tables ORDER BY ordinal").to_pylist()
    assert rows == [
        {"ordinal": 0, "name": "a"},
        {"ordinal": 1, "name": "b"},
        {"ordinal": 2, "name": "c'\"d"},
    ]


def test_a_second_snapshot_takes_the_place_of_the_first(
    engine: DuckDbEngine, snapshot: HandSnapshot, tmp_path: Path
) -> None:
    engine.open_snapshot(snapshot)
    engine.give("columns", pa.table({"a": [1]}))
    engine.run("CREATE TEMP TABLE grants AS SELECT 1 AS a")
    other = write_lake(tmp_path / "other", [HandDatabase("y", [HandTable("z")])])
    engine.open_snapshot(other)
    assert engine.query("SELECT name FROM tables").to_pydict() == {"name": ["z"]}
    for name in ("columns", "grants"):
        found = engine.query(f"SELECT * FROM {name}").schema.names
        assert found[: len(LAYOUT[name])] == LAYOUT[name].names


def test_given_rows_replace_what_had_their_name(engine: DuckDbEngine) -> None:
    engine.give("one", pa.table({"a": [1]}))
    engine.give("one", pa.table({"a": [2, 3]}))
    assert engine.query("SELECT sum(a)::INTEGER AS s FROM one").to_pydict() == {"s": [5]}
    engine.run("CREATE TEMP TABLE two AS SELECT 1 AS a")
    engine.give("two", pa.table({"a": [9]}))
    assert engine.query("SELECT a FROM two").to_pydict() == {"a": [9]}


def test_the_same_rows_give_the_same_bytes(engine: DuckDbEngine, tmp_path: Path) -> None:
    engine.run(
        "CREATE TEMP TABLE numbers AS "
        "SELECT i AS a, 'n' || (i % 1000) AS b FROM range(300000) AS r(i)"
    )
    written = []
    for name in ("first", "second"):
        path = tmp_path / f"it's {name}.parquet"
        rows = engine.write_parquet("SELECT a, b FROM numbers ORDER BY b, a", path)
        assert rows == 300_000
        written.append(path.read_bytes())
    assert written[0] == written[1]
    found = pq.ParquetFile(tmp_path / "it's first.parquet").metadata
    assert found.row_group(0).num_rows == 122_880
    assert found.row_group(0).column(0).compression == "ZSTD"


def test_nothing_to_write_is_a_file_of_no_rows(engine: DuckDbEngine, tmp_path: Path) -> None:
    path = tmp_path / "none.parquet"
    assert engine.write_parquet("SELECT 1 AS a WHERE false", path) == 0
    assert pq.read_table(path).num_rows == 0


def test_more_than_the_memory_spills_and_close_leaves_nothing(tmp_path: Path) -> None:
    engine = DuckDbEngine(memory_limit="60MB", threads=1, spill=tmp_path / "spill")
    engine.run("CREATE TEMP TABLE big AS SELECT md5(i::VARCHAR) AS a FROM range(2000000) AS r(i)")
    assert engine.query("SELECT count(*) AS n FROM big").to_pydict() == {"n": [2_000_000]}
    engine.close()
    assert not list((tmp_path / "spill").glob("*"))


def test_a_missing_or_broken_file_is_named(engine: DuckDbEngine, snapshot: HandSnapshot) -> None:
    snapshot.parquet("grants").unlink()
    with pytest.raises(SnapshotError, match=r"grants\.parquet"):
        engine.open_snapshot(snapshot)
    snapshot.parquet("grants").write_bytes(b"this is no parquet file")
    with pytest.raises(SnapshotError, match=r"grants\.parquet"):
        engine.open_snapshot(snapshot)


def test_damage_inside_a_file_is_told_from_a_bad_statement(
    engine: DuckDbEngine, snapshot: HandSnapshot
) -> None:
    engine.open_snapshot(snapshot)
    path = snapshot.parquet("tables")
    content = bytearray(path.read_bytes())
    content[4:80] = bytes(76)
    path.write_bytes(bytes(content))
    with pytest.raises(SnapshotError, match="cannot be read"):
        engine.query("SELECT * FROM tables")
    with pytest.raises(duckdb.InvalidInputException):
        engine.query("SELECT regexp_matches('a', '(')")


def test_a_python_variable_is_no_table(engine: DuckDbEngine) -> None:
    secret = pa.table({"a": [1]})
    assert secret.num_rows == 1
    with pytest.raises(duckdb.CatalogException):
        engine.query("SELECT * FROM secret")
