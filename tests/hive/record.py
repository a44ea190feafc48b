"""Records what a real Hive answers about a random lake: a data set for the tests.

Run by hand, about a minute each:
    python -m tests.hive.record --mode legacy --seed 7 --out tests/hive/recordings/legacy-7

The folder gets `lake.sql` (the metastore, as SQL text for SQLite), `directory/` (the
people), `mode.txt`, `groups.txt` (`directory` when Hive knew those groups, else `none`) and
`questions.csv` (what was asked, and what Hive said).
"""

import argparse
import csv
import random
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import psycopg

from tests.hive.damage import Damage
from tests.hive.hive_server import HiveServer, acid_settings, hive_server
from tests.hive.lake_tables import LakeTable, lake_databases, lake_tables
from tests.hive.oracle import Oracle, oracle, run
from tests.hive.postgres_server import postgres_server
from tests.hive.random_lake import GROUPS, USERS, RandomLake
from tests.hive.sqlite_export import metastore_as_sql

Answer = tuple[str, str, str, str]
"""User, right, object, and `allowed` or `denied`."""

_SHARE_OF_COLUMNS = 0.25
_SHARE_OF_OTHER_RIGHTS = 0.2


def main(arguments: list[str] | None = None) -> None:
    """Record one lake as the command line says."""
    parser = argparse.ArgumentParser(description="Record a real Hive's answers.")
    parser.add_argument("--mode", choices=("sql-standard", "legacy"), required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--damage", action="store_true", help="edit the metastore by hand first")
    parser.add_argument("--acid", action="store_true", help="transactional tables: UPDATE, DELETE")
    parser.add_argument("--groups", action="store_true", help="Hive knows the users' groups")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    lake = RandomLake(options.mode, seed, acid=options.acid)
    record(lake, options.out, damage=options.damage, groups=options.groups)


def record(lake: RandomLake, folder: Path, *, damage: bool, groups: bool) -> None:
    """Build the lake in a real Hive, ask it, and write the recording."""
    known_groups = lake.memberships if groups else {user: [] for user in USERS}
    settings = acid_settings() if lake.acid else {}
    with (
        postgres_server() as postgres,
        hive_server(postgres, lake.mode, settings=settings, groups=known_groups) as server,
    ):
        _build(server, lake)
        if damage:
            with psycopg.connect(server.metastore_url) as connection:
                Damage(connection, lake.mode, lake.seed).do()
        warehouse = str(server.log.parent)
        text = metastore_as_sql(server.metastore_url, {warehouse: "/lake"})
        with oracle(server) as asked:
            answers = list(_answers(asked, server, lake))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lake.sql").write_text(text, encoding="utf-8")
    (folder / "mode.txt").write_text(f"{lake.mode}\n", encoding="utf-8")
    (folder / "groups.txt").write_text(f"{'directory' if groups else 'none'}\n", encoding="utf-8")
    _write(folder / "questions.csv", ("user", "right", "object", "answer"), answers)
    _write_directory(folder / "directory", lake)
    allowed = sum(answer == "allowed" for *_, answer in answers)
    print(f"{folder.name}: {len(answers)} questions, {allowed} allowed, {len(text)} bytes of lake")


def _build(server: HiveServer, lake: RandomLake) -> None:
    for step in lake.steps():
        failed = run(server, step.user, step.statements)
        for statement, message in failed:
            print(f"refused {step.user}: {statement}: {message[-160:]}", file=sys.stderr)


def _answers(asked: Oracle, server: HiveServer, lake: RandomLake) -> Iterator[Answer]:
    chance = random.Random(f"questions {lake.seed}")
    tables = lake_tables(server.metastore_url)
    databases = lake_databases(server.metastore_url)
    for user in USERS:
        yield from _on_tables(user, "select", tables, asked.selectable(user, tables))
        targets = [table for table in tables if table.takes_inserts]
        yield from _on_tables(user, "insert", targets, asked.insertable(user, targets))
        for database in databases:
            yield user, "create", database, _word(asked.may_create(user, database))
        for table in tables:
            if chance.random() < _SHARE_OF_OTHER_RIGHTS:
                yield from _other_rights(asked, lake, user, table)
            if lake.mode == "legacy" and chance.random() < _SHARE_OF_COLUMNS:
                readable = asked.readable_columns(user, table)
                for column in (*table.columns, *table.partition_keys):
                    name = f"{table.full_name}.{column}"
                    yield user, "select", name, _word(column in readable)


def _on_tables(
    user: str, right: str, tables: list[LakeTable], allowed: frozenset[LakeTable]
) -> Iterator[Answer]:
    for table in tables:
        yield user, right, table.full_name, _word(table in allowed)


def _other_rights(asked: Oracle, lake: RandomLake, user: str, table: LakeTable) -> Iterator[Answer]:
    if table.kind != "MATERIALIZED_VIEW":
        yield user, "alter", table.full_name, _word(asked.may_alter(user, table))
    yield user, "drop", table.full_name, _word(asked.may_drop(user, table))
    if lake.acid and table.takes_inserts:
        yield user, "update", table.full_name, _word(asked.may_update(user, table))
        yield user, "delete", table.full_name, _word(asked.may_delete(user, table))


def _word(allowed: bool) -> str:
    return "allowed" if allowed else "denied"


def _write_directory(folder: Path, lake: RandomLake) -> None:
    folder.mkdir(exist_ok=True)
    kinds = random.Random(f"people {lake.seed}")
    people = [
        (user, kinds.choice(("person", "person", "service")), kinds.choice(("true", "false")))
        for user in USERS
        if user != "stranger"
    ]
    members = [("user", user, group) for user, names in lake.memberships.items() for group in names]
    _write(folder / "users.csv", ("user", "kind", "active"), people)
    _write(folder / "groups.csv", ("group",), [(group,) for group in GROUPS])
    _write(folder / "memberships.csv", ("member_type", "member", "group"), members)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
