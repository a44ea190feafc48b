"""Every answer of ours against a real Hive's own, on random lakes and after every change.

Run by hand, some minutes a mode:
    python -m tests.hive.differential --mode sql-standard --questions 10000 --seed 1

Each lake is built in a real Hive by statements; Hive is asked with EXPLAIN; the metastore is
crawled and `core.questions.can_all` is asked the same. Then the lake is changed, and both
are asked again. It prints the seed, how many questions were asked and every wrong answer;
it exits 1 when there is one.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from app import wiring
from app.core.questions import can_all
from app.settings import load_settings
from tests.hive.asking import Answer, Asked, answers
from tests.hive.hive_server import HiveServer, acid_settings, hive_server
from tests.hive.lake_tables import lake_databases, lake_tables
from tests.hive.oracle import Oracle, oracle
from tests.hive.postgres_server import PostgresServer, postgres_server
from tests.hive.random_changes import random_changes
from tests.hive.random_lake import DATABASES, NAMESAKES, USERS, RandomLake
from tests.hive.record import build, write_directory
from tests.hive.sqlite_export import metastore_as_sql

Wrong = tuple[str, str, str, str, str]
"""User, right, object, Hive's answer, ours."""

POLICIES = Path(__file__).parents[2] / "policies"
_CHANGES_AT_ONCE = 40
_ROUNDS = 3


@dataclass
class Differences:
    """What a run came to; questions Hive allowed are counted apart, so that none is idle."""

    questions: int = 0
    allowed: int = 0
    statements_refused: int = 0
    wrong: list[Wrong] = field(default_factory=list)

    def note(self, hives: list[Answer], wrong: list[Wrong]) -> None:
        """Add a round."""
        self.questions += len(hives)
        self.allowed += sum(answer == "allowed" for *_, answer in hives)
        self.wrong += wrong


@dataclass(frozen=True)
class Shares:
    """Which part of all questions to ask (see `asking.Asked`)."""

    tables: float = 1.0
    columns: float = 0.2
    other_rights: float = 0.15
    databases: float = 1.0


#: In legacy a question of a column takes several statements, and tables teach as much.
_SHARES = {"sql-standard": Shares(), "legacy": Shares(columns=0.08, other_rights=0.15)}


def compare(
    server: HiveServer,
    lake: RandomLake,
    shares: Shares,
    *,
    groups: bool,
    chance: random.Random,
    sessions: int = 1,
) -> tuple[list[Answer], list[Wrong]]:
    """Ask Hive, over so many sessions at once, and ourselves about the lake as it stands now."""
    with oracle(server) as asked:
        what = _what_to_ask(server, lake, shares, asked)
        hives = list(answers(asked, what, chance, sessions=sessions))
    with tempfile.TemporaryDirectory(prefix="lakewarden-differential-") as folder:
        ours = our_answers(server, lake, hives, Path(folder), groups=groups)
    wrong = [
        (*question, our) for question, our in zip(hives, ours, strict=True) if question[3] != our
    ]
    return hives, wrong


def _what_to_ask(server: HiveServer, lake: RandomLake, shares: Shares, asked: Oracle) -> Asked:
    """What the lake made (others may have made more on the same server), broken views apart."""
    made = {"default", *DATABASES}
    tables = [table for table in lake_tables(server.metastore_url) if table.database in made]
    return Asked(
        mode=lake.mode,
        users=(*USERS, *NAMESAKES),
        tables=tuple(table for table in tables if not table.is_view or asked.can_be_asked(table)),
        databases=tuple(name for name in lake_databases(server.metastore_url) if name in made),
        acid=lake.acid,
        share_of_tables=shares.tables,
        share_of_columns=shares.columns,
        share_of_other_rights=shares.other_rights,
        share_of_databases=shares.databases,
    )


def our_answers(
    server: HiveServer, lake: RandomLake, questions: Iterable[Answer], folder: Path, *, groups: bool
) -> list[str]:
    """What `can` says to the same questions, over a crawl of the metastore's database."""
    write_directory(folder / "directory", lake)
    choice = wiring.LakeChoice(
        source=f"metastore+{server.metastore_url}",
        mode=lake.mode,
        directory=f"csv:{folder / 'directory'}",
        groups="directory" if groups else "none",
        policies=POLICIES,
    )
    settings = load_settings(None, {"LAKEWARDEN_DATA": str(folder / "data")})
    chosen = wiring.choose_lake(settings, choice)
    policies = wiring.load_policies(chosen)
    with wiring.snapshot_for(settings, choice, chosen) as snapshot:
        view = wiring.lake_view(chosen, snapshot, policies, None)
        asked = [(user, right, name) for user, right, name, _ in questions]
        return [answer.answer for answer in can_all(view, asked)]


def compare_through_changes(
    server: HiveServer,
    lake: RandomLake,
    shares: Shares,
    found: Differences,
    *,
    rounds: int,
    groups: bool,
    sessions: int,
    keep: Path | None = None,
) -> None:
    """Build the lake, compare; change it and compare again, `rounds` times in all.

    keep: a folder for the metastores (as SQL text for SQLite) of rounds with wrong answers.
    """
    chance = random.Random(f"differential {lake.mode} {lake.seed}")
    found.statements_refused += len(build(server, lake.steps()))
    for number in range(rounds):
        if number:
            steps = random_changes(lake.drawn, chance, _CHANGES_AT_ONCE)
            found.statements_refused += len(build(server, steps))
        hives, wrong = compare(
            server, lake, shares, groups=groups, chance=chance, sessions=sessions
        )
        found.note(hives, wrong)
        for user, right, name, hives_answer, our_answer in wrong:
            print(
                f"wrong: lake {lake.seed}, round {number}, {user} {right} {name}: "
                f"Hive says {hives_answer}, we say {our_answer}",
                flush=True,
            )
        if wrong and keep is not None:
            text = metastore_as_sql(server.metastore_url)
            (keep / f"{lake.mode}-{lake.seed}-{number}.sql").write_text(text, encoding="utf-8")


@contextmanager
def _server_for(postgres: PostgresServer, lake: RandomLake, groups: bool) -> Iterator[HiveServer]:
    known = lake.memberships if groups else {}
    known = {user: known.get(user, []) for user in (*USERS, *NAMESAKES)}
    settings = acid_settings() if lake.acid else {}
    settings["datanucleus.connectionPool.maxPoolSize"] = "10"
    settings["hive.driver.parallel.compilation"] = "true"  # or all sessions wait for one
    with hive_server(postgres, lake.mode, settings=settings, groups=known) as server:
        yield server


def main(arguments: list[str] | None = None) -> int:
    """Ask as many questions as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(description="Compare every answer with a real Hive's.")
    parser.add_argument("--mode", choices=("sql-standard", "legacy"), required=True)
    parser.add_argument("--questions", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--sessions", type=int, default=4, help="users asked at once")
    parser.add_argument("--keep", type=Path, help="a folder for lakes with wrong answers")
    options = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    found, started, lakes = Differences(), time.monotonic(), 0
    with postgres_server() as postgres:
        while found.questions < options.questions:
            lake = RandomLake(options.mode, seed * 1000 + lakes, acid=lakes % 3 == 2)
            groups = options.mode == "legacy" and lakes % 2 == 0
            with _server_for(postgres, lake, groups) as server:
                compare_through_changes(
                    server,
                    lake,
                    _SHARES[options.mode],
                    found,
                    rounds=_ROUNDS,
                    groups=groups,
                    sessions=options.sessions,
                    keep=options.keep,
                )
            lakes += 1
            print(_said(options.mode, seed, lakes, found, started), flush=True)
    return 1 if found.wrong else 0


def _said(mode: str, seed: int, lakes: int, found: Differences, started: float) -> str:
    return (
        f"{mode} seed {seed}: {lakes} lakes, {found.questions:,} questions, "
        f"{found.allowed:,} allowed, {len(found.wrong)} wrong, "
        f"{found.statements_refused} statements refused, {time.monotonic() - started:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
