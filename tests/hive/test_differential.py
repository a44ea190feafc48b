"""A random lake in a real Hive, changed, and every answer of ours against Hive's own.

The long run is by hand: `python -m tests.hive.differential`.
"""

import random

import pytest

from tests.hive.differential import Differences, Shares, compare
from tests.hive.hive_server import HiveServer
from tests.hive.random_changes import random_changes
from tests.hive.random_lake import RandomLake
from tests.hive.record import build

pytestmark = pytest.mark.hive

_CHANGES = 40


def test_sql_standard_answers_are_hives(sql_standard_hive: HiveServer) -> None:
    found = _compared_after_changes(
        sql_standard_hive, 20_260, Shares(other_rights=0.03, databases=0.1)
    )
    assert found.questions >= 1_000


def test_legacy_answers_are_hives(legacy_hive: HiveServer) -> None:
    shares = Shares(tables=0.18, columns=0.05, other_rights=0.1, databases=0.1)
    found = _compared_after_changes(legacy_hive, 20_261, shares)
    assert found.questions >= 200


def _compared_after_changes(server: HiveServer, seed: int, shares: Shares) -> Differences:
    lake = RandomLake(server.mode, seed)
    chance = random.Random(f"quick {seed}")
    found = Differences()
    found.statements_refused += len(build(server, lake.steps()))
    found.statements_refused += len(build(server, random_changes(lake.drawn, chance, _CHANGES)))
    hives, wrong = compare(server, lake, shares, groups=False, chance=chance)
    found.note(hives, wrong)
    assert found.wrong == []
    # A lake nobody may read, or everybody, would prove nothing.
    assert 0.1 < found.allowed / found.questions < 0.9
    assert found.statements_refused < 60
    return found
