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

from tests.hive import odd_lake
from tests.hive.asking import Answer, Asked, answers
from tests.hive.damage import Damage
from tests.hive.hive_server import ADMIN, HiveServer, Mode, acid_settings, hive_server
from tests.hive.lake_tables import lake_databases, lake_tables
from tests.hive.oracle import Oracle, oracle, run
from tests.hive.postgres_server import postgres_server
from tests.hive.random_lake import GROUPS, USERS, RandomLake, Step
from tests.hive.sqlite_export import metastore_as_sql


def main(arguments: list[str] | None = None) -> None:
    """Record one lake as the command line says."""
    parser = argparse.ArgumentParser(description="Record a real Hive's answers.")
    parser.add_argument("--mode", choices=("sql-standard", "legacy"), required=True)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--damage", action="store_true", help="edit the metastore by hand first")
    parser.add_argument("--acid", action="store_true", help="transactional tables: UPDATE, DELETE")
    parser.add_argument("--groups", action="store_true", help="Hive knows the users' groups")
    parser.add_argument("--odd", action="store_true", help="the lake of oddities, made by hand")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    if options.odd:
        record_oddities(options.mode, options.out)
        return
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}")
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
        for refused in build(server, lake.steps()):
            print(f"refused {refused}", file=sys.stderr)
        if damage:
            with psycopg.connect(server.metastore_url) as connection:
                Damage(connection, lake.mode, lake.seed).do()
        warehouse = str(server.log.parent)
        text = metastore_as_sql(server.metastore_url, {warehouse: "/lake"})
        with oracle(server) as asked:
            said = list(_answers(asked, server, lake))
    _write_recording(folder, text, lake.mode, groups, said)
    write_directory(folder / "directory", lake)


def record_oddities(mode: Mode, folder: Path) -> None:
    """Build the lake of `odd_lake.py` in a real Hive, ask it, and write the recording."""
    with (
        postgres_server() as postgres,
        hive_server(postgres, mode, groups={user: [] for user in odd_lake.USERS}) as server,
    ):
        if mode == "legacy":
            run(server, ADMIN, (f"GRANT ALL TO USER {ADMIN}",))
        refused = run(server, ADMIN, odd_lake.statements(mode))
        assert not refused, refused
        with psycopg.connect(server.metastore_url) as connection:
            odd_lake.OddRows(connection).write()
        text = metastore_as_sql(server.metastore_url, {str(server.log.parent): "/lake"})
        what = Asked(
            mode=mode,
            users=odd_lake.USERS,
            tables=tuple(lake_tables(server.metastore_url)),
            databases=tuple(lake_databases(server.metastore_url)),
            share_of_columns=0.5,
        )
        with oracle(server) as asked:
            said = list(answers(asked, what, random.Random("oddities")))
    _write_recording(folder, text, mode, False, said)
    people = [(user, "person", "true") for user in odd_lake.USERS if user != "stranger"]
    _write_people(folder / "directory", people, ["data eng"], [("user", "ann", "data eng")])


def _write_recording(folder: Path, text: str, mode: Mode, groups: bool, said: list[Answer]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "lake.sql").write_text(text, encoding="utf-8")
    (folder / "mode.txt").write_text(f"{mode}\n", encoding="utf-8")
    (folder / "groups.txt").write_text(f"{'directory' if groups else 'none'}\n", encoding="utf-8")
    _write(folder / "questions.csv", ("user", "right", "object", "answer"), said)
    allowed = sum(answer == "allowed" for *_, answer in said)
    print(f"{folder.name}: {len(said)} questions, {allowed} allowed, {len(text)} bytes of lake")


def build(server: HiveServer, steps: Iterable[Step]) -> list[str]:
    """Run the steps; return what was refused, each with who asked and why."""
    return [
        f"{step.user}: {statement}: {message[-160:]}"
        for step in steps
        for statement, message in run(server, step.user, step.statements)
    ]


def _answers(asked: Oracle, server: HiveServer, lake: RandomLake) -> Iterator[Answer]:
    what = Asked(
        mode=lake.mode,
        users=USERS,
        tables=tuple(lake_tables(server.metastore_url)),
        databases=tuple(lake_databases(server.metastore_url)),
        acid=lake.acid,
    )
    return answers(asked, what, random.Random(f"questions {lake.seed}"))


def write_directory(folder: Path, lake: RandomLake) -> None:
    """The lake's people, their groups among them, as CSV files."""
    kinds = random.Random(f"people {lake.seed}")
    people = [
        (user, kinds.choice(("person", "person", "service")), kinds.choice(("true", "false")))
        for user in USERS
        if user != "stranger"
    ]
    members = [("user", user, group) for user, names in lake.memberships.items() for group in names]
    _write_people(folder, people, GROUPS, members)


def _write_people(
    folder: Path,
    people: Iterable[tuple[str, ...]],
    groups: Iterable[str],
    members: Iterable[tuple[str, ...]],
) -> None:
    folder.mkdir(exist_ok=True)
    _write(folder / "users.csv", ("user", "kind", "active"), people)
    _write(folder / "groups.csv", ("group",), [(group,) for group in groups])
    _write(folder / "memberships.csv", ("member_type", "member", "group"), members)


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
