"""Probable copies, and tables over the same files."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.copies import copies_of, normal_location, same_places, shapes, stem
from app.lake.engine_duckdb import DuckDbEngine
from tests.snapshots_by_hand import HandDatabase, HandSnapshot, HandTable, write_lake

COLUMNS = ["id", "name", "iban", "amount", "day"]


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine(memory_limit="200MB") as opened:
        yield opened


@pytest.fixture
def snapshot(tmp_path: Path) -> HandSnapshot:
    hr = [
        HandTable(
            "salaries", COLUMNS, location="hdfs://nn:8020/wh/hr.db/salaries", create_time=100
        ),
        HandTable("salaries_v", COLUMNS, view_text="SELECT * FROM hr.salaries"),
        HandTable("small", ["id", "name"]),
        HandTable("same_small", ["id", "name"]),
        HandTable("other", ["id", "name", "x", "y", "z"], location="hdfs://nn/wh/hr.db/salaries2"),
    ]
    lab = [
        HandTable("numbers", [*COLUMNS[::-1]], owner="eve", create_time=50),
        HandTable("salaries_bak", COLUMNS, owner="eve", create_time=200),
        HandTable("tmp_salaries_2024_01_02", [*COLUMNS, "note"], create_time=300),
        HandTable("wide", [*COLUMNS, "a", "b"]),
        HandTable("alias", ["q"], location="HDFS://NN/wh//hr.db/salaries/"),
        HandTable("part", ["q"], location="hdfs://nn/wh/hr.db/salaries/day=1"),
        HandTable("root", ["q"], location="hdfs://nn/wh/"),
        HandTable("elsewhere", ["q"], location="s3://wh/hr.db/salaries"),
    ]
    return write_lake(tmp_path / "lake", [HandDatabase("hr", hr), HandDatabase("lab", lab)])


def test_tables_of_the_same_columns_are_copies_those_named_alike_first(
    engine: DuckDbEngine, snapshot: HandSnapshot
) -> None:
    engine.open_snapshot(snapshot)
    names = {ordinal: name for name, ordinal in snapshot.tables.items()}
    found = copies_of(engine, snapshot.tables["hr.salaries"])
    assert [(names[one.table], one.named_alike, one.known_by) for one in found] == [
        (
            "lab.salaries_bak",
            True,
            "the same 5 column names, a name alike, made later, another owner, another database",
        ),
        (
            "lab.tmp_salaries_2024_01_02",
            True,
            "5 common column names, a name alike, made later, another database",
        ),
        ("lab.numbers", False, "the same 5 column names, another owner, another database"),
    ]
    assert [one.table for one in copies_of(engine, snapshot.tables["hr.salaries"], limit=1)] == [
        snapshot.tables["lab.salaries_bak"]
    ]


def test_a_few_columns_say_nothing(engine: DuckDbEngine, snapshot: HandSnapshot) -> None:
    engine.open_snapshot(snapshot)
    assert copies_of(engine, snapshot.tables["hr.small"]) == []
    assert copies_of(engine, snapshot.tables["hr.other"]) == []


def test_shapes_are_equal_where_the_column_names_are(
    engine: DuckDbEngine, snapshot: HandSnapshot
) -> None:
    engine.open_snapshot(snapshot)
    shapes(engine)
    rows = engine.query("SELECT * FROM table_shapes").to_pylist()
    by_table = {row["table_ordinal"]: (row["columns"], row["high"], row["low"]) for row in rows}
    shape = {name: by_table[ordinal] for name, ordinal in snapshot.tables.items()}
    assert shape["hr.salaries"] == shape["lab.numbers"] == shape["lab.salaries_bak"]
    assert shape["hr.small"] == shape["hr.same_small"] != shape["lab.part"] == shape["lab.root"]
    assert len(set(shape.values())) == 6


def test_tables_over_the_same_files(engine: DuckDbEngine, snapshot: HandSnapshot) -> None:
    engine.open_snapshot(snapshot)
    names = {ordinal: name for name, ordinal in snapshot.tables.items()}
    found = same_places(engine, snapshot.tables["hr.salaries"])
    assert [(names[one.table], one.relation) for one in found] == [
        ("lab.alias", "same location"),
        ("lab.part", "inside its location"),
        ("lab.root", "around its location"),
    ]
    assert same_places(engine, snapshot.tables["hr.salaries_v"]) == []


@pytest.mark.parametrize(
    ("location", "normal"),
    [
        ("hdfs://NN:8020/a//b/", "hdfs://nn/a/b"),
        ("s3a://B/a", "s3://b/a"),
        ("file:/a/b", "/a/b"),
        ("file:///a/b/", "/a/b"),
        ("/a/b", "/a/b"),
        ("", ""),
    ],
)
def test_one_directory_is_written_in_many_ways(location: str, normal: str) -> None:
    assert normal_location(location) == normal


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("salaries_bak", "salaries"),
        ("tmp_salaries", "salaries"),
        ("copy_of_salaries_v2", "salaries"),
        ("salaries_20240101", "salaries"),
        ("salaries_2024_01_02_old", "salaries"),
        ("salaries2", "salaries"),
        ("salaries", "salaries"),
        ("backup", "backup"),
        ("2024", "2024"),
    ],
)
def test_the_stem_of_a_name(name: str, expected: str) -> None:
    assert stem(name) == expected
