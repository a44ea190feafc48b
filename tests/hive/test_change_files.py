"""Odd files of changes on a real Hive: it refuses what we say, and its metastore is as we say.

Not only its answers are compared but every row: owners, grants with who gave them, roles.
"""

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.core.change.applying import Change, apply
from app.core.change.lookup import ChangedLookup
from app.core.change.notes import Kind
from app.core.statements.reading import read_statements
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from app.sources.registry import open_source
from tests.core.change.tried import Tried, as_admin, tried
from tests.core.lake_views import bare_view
from tests.hive.change_files import change_file, lake_statements
from tests.hive.hive_server import ADMIN, HiveServer
from tests.hive.metastore_state import state_of
from tests.hive.oracle import run

pytestmark = pytest.mark.hive

REFUSALS = (Kind.REFUSED, Kind.MISSING, Kind.DOUBLE, Kind.UNKNOWN)
FILES, STATEMENTS = 10, 14
RUNNERS = (ADMIN, ADMIN, ADMIN, "bob", "ann", "Ann")


def test_sql_standard(sql_standard_hive: HiveServer, tmp_path: Path) -> None:
    _try_files(sql_standard_hive, tmp_path)


def test_legacy(legacy_hive: HiveServer, tmp_path: Path) -> None:
    _try_files(legacy_hive, tmp_path)


def test_what_was_tried_in_sql_standard(sql_standard_hive: HiveServer) -> None:
    for one in tried("sql-standard"):
        _try(sql_standard_hive, one)


def test_what_was_tried_in_legacy(legacy_hive: HiveServer) -> None:
    for one in tried("legacy"):
        _try(legacy_hive, one)


def _try(server: HiveServer, one: Tried) -> None:
    run(server, ADMIN, (as_admin(server.mode),))  # in legacy mode he may have it already
    begun = ("SET ROLE ADMIN",) if server.mode == "sql-standard" else ()
    assert run(server, ADMIN, (*begun, *one.lake)) == [], one.says
    first = ("SET ROLE ADMIN",) if one.runner == ADMIN and server.mode == "sql-standard" else ()
    failed = tuple(each for each, _ in run(server, one.runner, (*first, *one.change)))
    assert failed == one.refused, one.says


def _try_files(server: HiveServer, folder: Path) -> None:
    chance = random.Random(f"change files {server.mode}")
    assert run(server, ADMIN, tuple(lake_statements(server.mode))) == []
    refused = 0
    for number in range(FILES):
        runner = chance.choice(RUNNERS)
        before = _snapshot(server, folder / f"before-{number}")
        statements = change_file(chance, server.mode, runner, STATEMENTS)
        failed = [statement for statement, _ in run(server, runner, statements)]
        after = _snapshot(server, folder / f"after-{number}")
        change = _predicted(before, server.mode, statements, runner)
        assert _said(change) == failed, statements
        assert state_of(change.after.lookup) == state_of(ChangedLookup(after)), statements
        refused += len(failed)
    assert 0 < refused < FILES * STATEMENTS


def _snapshot(server: HiveServer, folder: Path) -> StoredSnapshot:
    source = open_source(f"metastore+{server.metastore_url}")
    return write_snapshot(source.crawl(), folder, Taken.now(source.label, ""))


def _predicted(before: StoredSnapshot, mode: str, statements: Sequence[str], runner: str) -> Change:
    text = "".join(f"{statement};\n" for statement in statements)
    read = read_statements(text, file="change.sql", dialect="hive")
    return apply(bare_view(before, mode), read, runner)


def _said(change: Change) -> list[str]:
    return [
        each.text
        for each in change.statements
        if any(note.kind in REFUSALS for note in change.notes_of(each))
    ]
