"""Generated lakes: their size, their determinism, and that every sink holds the same lake."""

import os
import sqlite3
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from app.core.facts import SCHEMAS, Source
from app.sources.registry import open_directory, open_source
from benchmarks.lakes import (
    GeneratedLake,
    LakeSize,
    lake_size,
    load_postgresql,
    write_directory,
    write_sqlite,
)
from benchmarks.lakes.__main__ import main
from benchmarks.lakes.vocabulary import Vocabulary
from tests.postgres_cluster import NoServerError, postgres_cluster

Lake = dict[str, pa.Table]


def _gather(*sources: Source) -> Lake:
    """All facts, a sorted table a kind; kinds without a row left out."""
    batches: dict[str, list[pa.RecordBatch]] = {}
    for source in sources:
        for facts in source.crawl():
            # Strings may come dictionary-encoded.
            batch = facts.batch.cast(SCHEMAS[facts.kind])
            if batch.num_rows:
                batches.setdefault(facts.kind, []).append(batch)
    return {kind: _sorted(pa.Table.from_batches(parts)) for kind, parts in batches.items()}


def _sorted(table: pa.Table) -> pa.Table:
    return table.sort_by([(name, "ascending") for name in table.column_names]).combine_chunks()


def _rows(table: pa.Table, *columns: str) -> list[tuple[Any, ...]]:
    return list(zip(*(table[column].to_pylist() for column in columns), strict=True))


@pytest.fixture(scope="module")
def size() -> LakeSize:
    """A thousandth of L."""
    return lake_size(0.001)


@pytest.fixture(scope="module")
def lake(size: LakeSize) -> Lake:
    """The facts of that lake."""
    return _gather(GeneratedLake(size))


def test_lake_l_is_as_promised() -> None:
    size = lake_size()
    assert (size.tables, size.grants, size.views) == (1_000_000, 10_000_000, 5_000)
    assert (size.people, size.groups, size.roles) == (100_000, 10_000, 5_000)


@pytest.mark.parametrize("scale", [0.0, -1.0])
def test_no_lake_without_a_scale(scale: float) -> None:
    with pytest.raises(ValueError, match="a scale is above 0"):
        lake_size(scale)


@pytest.mark.parametrize("scale", [0.00001, 0.001])
def test_counts(scale: float) -> None:
    size = lake_size(scale)
    lake = _gather(GeneratedLake(size))
    assert lake["tables"].num_rows == size.tables == max(10, round(1_000_000 * scale))
    assert lake["columns"].num_rows == 10 * size.tables
    table_grants = pa.compute.equal(lake["grants"]["level"], "table")
    assert pa.compute.sum(table_grants).as_py() == size.grants == 10 * size.tables
    kinds = lake["tables"]["kind"].value_counts().to_pylist()
    assert {"values": "VIRTUAL_VIEW", "counts": size.views} in kinds
    assert lake["roles"].num_rows == size.roles
    assert lake["groups"].num_rows == size.groups
    people = pa.compute.equal(lake["users"]["kind"], "person")
    active = pa.compute.and_(people, lake["users"]["active"])
    assert pa.compute.sum(active).as_py() == size.people


def test_everything_named_is_there(lake: Lake) -> None:
    def distinct(kind: str, column: str) -> set[object]:
        return set(lake[kind][column].to_pylist())

    tables, databases = distinct("tables", "table_id"), distinct("databases", "database_id")
    assert len(tables) == lake["tables"].num_rows
    assert distinct("tables", "database_id") <= databases
    assert distinct("columns", "table_id") == tables
    assert distinct("table_properties", "table_id") <= tables
    by_level: dict[str, set[object]] = {}
    for level, target in _rows(lake["grants"], "level", "object_id"):
        by_level.setdefault(level, set()).add(target)
    assert by_level["table"] <= tables
    assert by_level["database"] <= databases
    assert distinct("role_members", "role") <= distinct("roles", "name")
    assert distinct("group_members", "group") <= distinct("groups", "name")
    names = _rows(lake["tables"], "database_id", "name")
    assert len(set(names)) == len(names)


def test_same_seed_same_lake_with_any_number_of_threads(size: LakeSize, lake: Lake) -> None:
    assert _gather(GeneratedLake(size, threads=1)) == lake


def test_another_seed_another_lake(lake: Lake) -> None:
    other = _gather(GeneratedLake(lake_size(0.001, seed=1)))
    assert other["grants"].num_rows == lake["grants"].num_rows
    assert other["grants"] != lake["grants"]


def test_roles_nest_without_cycles(size: LakeSize, lake: Lake) -> None:
    edges = {
        (member, role)
        for kind, member, role in _rows(lake["role_members"], "member_type", "member", "role")
        if kind == "ROLE" and member != "public"
    }
    order = {name: number for number, name in enumerate(Vocabulary(size).roles)}
    assert edges
    assert all(order[member] > order[role] for member, role in edges)


def test_a_crawl_of_sqlite_finds_the_same_lake(size: LakeSize, lake: Lake, tmp_path: Path) -> None:
    generated = GeneratedLake(size)
    write_sqlite(generated, tmp_path / "metastore.sqlite")
    write_directory(generated, tmp_path / "directory")
    source = open_source(f"metastore+sqlite:///{tmp_path / 'metastore.sqlite'}")
    assert _gather(source, open_directory(f"csv:{tmp_path / 'directory'}")) == lake
    connection = sqlite3.connect(tmp_path / "metastore.sqlite")
    assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()


def test_a_crawl_of_postgresql_finds_the_same_lake(size: LakeSize, lake: Lake) -> None:
    directory = ("users", "groups", "group_members")
    try:
        with postgres_cluster() as cluster:
            url = cluster.url(cluster.create_database())
            load_postgresql(GeneratedLake(size), url)
            found = _gather(open_source(f"metastore+{url}"))
    except NoServerError as error:
        if os.environ.get("CI") == "true":
            raise
        pytest.skip(f"PostgreSQL was not tried: {error}")
    assert found == {kind: table for kind, table in lake.items() if kind not in directory}


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert "--scale" in capsys.readouterr().out
    main(["--scale", "0.00001", "--out", str(tmp_path)])
    assert "10 tables, 100 grants" in capsys.readouterr().out
    assert (tmp_path / "metastore.sqlite").is_file()
    assert (tmp_path / "directory" / "memberships.csv").is_file()
    with pytest.raises(SystemExit, match="a scale is above 0"):
        main(["--scale", "0", "--out", str(tmp_path)])
