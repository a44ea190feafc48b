"""Views, copies and aliases of one table, and what the engine holds of views."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.lineage import Lineage, lineage
from app.core.view_text import MemoryViewParses
from app.core.view_trace import trace_views
from app.lake.engine_duckdb import DuckDbEngine
from tests.snapshots_by_hand import HandDatabase, HandSnapshot, HandTable, write_lake


@pytest.fixture
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine(memory_limit="200MB") as opened:
        yield opened


@pytest.fixture
def snapshot(tmp_path: Path) -> HandSnapshot:
    wide = ["id", "name", "iban", "amount"]
    hr = [
        HandTable("salaries", wide, location="s3://lake/hr/salaries"),
        HandTable("direct", ["id"], view_text="SELECT id FROM hr.salaries"),
        HandTable("second", ["id"], view_text="SELECT id FROM direct"),
        HandTable("third", ["id"], view_text="SELECT a.id FROM second a JOIN salaries b"),
        HandTable("summary", ["n"], kind="MATERIALIZED_VIEW", sources=["hr.second"]),
        HandTable("broken", ["x"], view_text="SELECT ?? FROM hr.summary"),
        HandTable("apart", ["x"], view_text="SELECT x FROM hr.gone"),
    ]
    lab = [
        HandTable("salaries_copy", wide),
        HandTable("alias", ["z"], location="s3a://lake/hr/salaries/"),
    ]
    return write_lake(tmp_path / "lake", [HandDatabase("hr", hr), HandDatabase("lab", lab)])


def told(snapshot: HandSnapshot, found: Lineage) -> list[tuple[str, str, int, str | None]]:
    names = {ordinal: name for name, ordinal in snapshot.tables.items()}
    return [
        (names[row.table], row.relation, row.depth, names.get(row.through or -1))
        for row in found.rows
    ]


def test_all_that_shows_a_tables_data(engine: DuckDbEngine, snapshot: HandSnapshot) -> None:
    engine.open_snapshot(snapshot)
    found = lineage(engine, MemoryViewParses(), snapshot.tables["hr.salaries"])
    assert told(snapshot, found) == [
        ("hr.direct", "view", 1, None),
        ("hr.third", "view", 1, None),
        ("hr.second", "view", 2, "hr.direct"),
        ("hr.summary", "materialized view", 3, "hr.second"),
        ("hr.broken", "view", 4, "hr.summary"),
        ("lab.alias", "same location", 0, None),
        ("lab.salaries_copy", "copy", 0, None),
    ]
    assert found.unparsed_views == 1
    known = {row.known_by for row in found.rows}
    assert "its view text selects from it" in known
    assert "the lake records it as a source of this materialized view" in known


def test_what_a_view_reads(engine: DuckDbEngine, snapshot: HandSnapshot) -> None:
    engine.open_snapshot(snapshot)
    found = lineage(engine, MemoryViewParses(), snapshot.tables["hr.second"])
    assert told(snapshot, found) == [
        ("hr.summary", "materialized view", 1, None),
        ("hr.third", "view", 1, None),
        ("hr.broken", "view", 2, "hr.summary"),
        ("hr.direct", "reads", 1, None),
        ("hr.salaries", "reads", 2, "hr.direct"),
    ]


def test_the_edges_of_some_views_are_those_they_have_among_all(
    engine: DuckDbEngine, snapshot: HandSnapshot
) -> None:
    engine.open_snapshot(snapshot)
    parses = MemoryViewParses()
    everything = trace_views(engine, parses)
    query = "SELECT * FROM view_edges ORDER BY view, source"
    edges = engine.query(query).to_pylist()
    flows = engine.query("SELECT * FROM view_flows ORDER BY ALL").to_pylist()
    assert (everything.views, everything.parsed_now, everything.missing_sources) == (5, 5, 1)
    third = snapshot.tables["hr.third"]
    some = trace_views(engine, parses, [third])
    below = {snapshot.tables[f"hr.{name}"] for name in ("third", "second", "direct", "salaries")}
    assert some.reached == below
    assert engine.query(query).to_pylist() == [row for row in edges if row["view"] in below]
    assert engine.query("SELECT * FROM view_flows ORDER BY ALL").to_pylist() == [
        row for row in flows if row["view"] in below
    ]
    assert some.parsed_now == 0
