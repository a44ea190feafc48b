"""Rules tried on a few tables by themselves say what the engine says of a whole lake."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from app.core.change.classes import described
from app.core.change.classing import classes_by_rules
from app.core.classes import ClassRule
from app.core.lake_view import ClassOnTable
from app.core.lookup import Lookup
from app.core.snapshots import OFFSETS
from app.core.table_classes import classes_of_tables
from app.core.view_text import MemoryViewParses
from app.lake.engine_duckdb import DuckDbEngine
from app.lake.row_offsets import offsets_into
from tests.core.test_classify import Plans, classification, lakes, rules_of
from tests.snapshots_by_hand import HandDatabase, HandSnapshot, write_lake

FOLDERS = count()


class Indexed(HandSnapshot):
    """A snapshot by hand with its offsets worked out."""

    def offsets(self, name: str) -> memoryview:
        of_table = OFFSETS[name][0]
        counts = {each: self.mapped(each).num_rows for each in ("databases", "tables")}
        found = offsets_into(of_table, self.mapped(of_table), **counts)[name]
        whole = pa.chunked_array([found]).combine_chunks().cast(pa.int64())
        words = memoryview(whole.buffers()[1]).cast("q")
        return words[whole.offset : whole.offset + len(whole)]


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine(memory_limit="300MB", threads=1) as opened:
        yield opened


@settings(
    max_examples=25,
    derandomize=True,
    phases=(Phase.generate,),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
@given(drawn=lakes(), rules=st.lists(rules_of(), min_size=1, max_size=8))
def test_both_ways_of_trying_rules_agree(
    engine: DuckDbEngine,
    tmp_path: Path,
    drawn: tuple[list[HandDatabase], Plans],
    rules: list[ClassRule],
) -> None:
    made = write_lake(tmp_path / str(next(FOLDERS)), drawn[0])
    snapshot = Indexed(made.path, made.tables)
    rules = [replace(each, rule=f"r{place}") for place, each in enumerate(rules)]
    said = classification(*rules)
    plain = [ordinal for name, ordinal in sorted(made.tables.items()) if name not in drawn[1]]
    engine.open_snapshot(snapshot)
    expected = classes_of_tables(engine, said, MemoryViewParses(), plain)
    lookup = Lookup(snapshot)
    found = classes_by_rules([described(lookup, table) for table in plain], said)
    for table, classes in zip(plain, found, strict=True):
        assert _distinct(classes) == _distinct(expected[table]), lookup.table_name(table)


def _distinct(classes: tuple[ClassOnTable, ...]) -> set[ClassOnTable]:
    assert len(set(classes)) == len(classes)
    return set(classes)
