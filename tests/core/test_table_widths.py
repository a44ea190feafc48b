"""Sums over the grants of each table, in pieces of any size, against adding them up."""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core import table_widths
from app.core.causes import incident_rows
from app.core.facts import GRANT_LEVELS
from tests.snapshots_by_hand import HandSnapshot

TABLE = GRANT_LEVELS.index("table")
GRANTS = st.lists(st.lists(st.integers(0, 4), max_size=6), max_size=8)
PIECES = st.integers(1, 9)
WIDTHS = (0, 1, 5, 700, 2**40)

any_lake = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@any_lake
@given(GRANTS, st.integers(0, 3), PIECES)
def test_sums_by_table(
    monkeypatch: pytest.MonkeyPatch, rules_of: list[list[int]], others: int, piece: int
) -> None:
    monkeypatch.setattr(table_widths, "GRANTS_AT_ONCE", piece)
    found = table_widths.sums_by_table(
        _snapshot(rules_of, others), "table", pa.array(WIDTHS, pa.int64())
    )
    assert found.to_pylist() == [sum(WIDTHS[rule] for rule in rules) for rules in rules_of]


@any_lake
@given(GRANTS, st.integers(0, 3), PIECES)
def test_objects_of_roles(
    monkeypatch: pytest.MonkeyPatch, rules_of: list[list[int]], others: int, piece: int
) -> None:
    monkeypatch.setattr(incident_rows, "GRANTS_AT_ONCE", piece)
    role_of_rule = (0, 0, None, 1, 2)  # one principal's rules stand together
    ordered = [sorted(rules) for rules in rules_of]
    found = incident_rows.objects_of_roles(
        _snapshot(ordered, others), TABLE, pa.array(role_of_rule, pa.int32())
    )
    roles = [{role_of_rule[rule] for rule in rules} - {None} for rules in rules_of]
    expected = {role: sum(role in each for each in roles) for role in range(3)}
    assert dict(found) == {role: count for role, count in expected.items() if count}


@dataclass(kw_only=True)
class _Grants(HandSnapshot):
    """Grants alone, in memory, with where each table's begin."""

    rows: pa.Table
    edges: Sequence[int]

    def mapped(self, name: str) -> pa.Table:
        assert name == "grants"
        return self.rows

    def offsets(self, name: str) -> memoryview:
        assert name == "table_grants"
        return memoryview(array("q", self.edges))


def _snapshot(rules_of: Sequence[Sequence[int]], others: int) -> _Grants:
    """Tables with their grants' rules, after some grants on databases."""
    rows = [(GRANT_LEVELS.index("database"), 0, 0)] * others
    rows += [(TABLE, table, rule) for table, rules in enumerate(rules_of) for rule in rules]
    level, here, rule = zip(*rows, strict=True) if rows else ((), (), ())
    columns = {
        "level": pa.array(level, pa.int8()),
        "object": pa.array(here, pa.int32()),
        "rule": pa.array(rule, pa.int32()),
    }
    edges = [others, *(others + end for end in accumulate(map(len, rules_of)))]
    return _Grants(path=Path(), tables={}, rows=pa.table(columns), edges=edges)
