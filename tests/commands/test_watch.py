"""`audit --watch` and `crawl --watch`: what is noticed, recorded and said, until stopped."""

import json
import shutil
import signal
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from app import wiring
from app.core.watching import Pace
from app.settings import load_settings
from app.watch import Judging, LakeWatch, Round, exit_code
from tests.commands.hand_lake import HandLake, payroll_lake
from tests.commands.running import run
from tests.commands.test_process import started
from tests.conftest import FreshDatabase
from tests.sources.small_lake import into_postgresql

_OPEN_TO_ALL = """INSERT INTO "TBL_PRIVS" ("TBL_GRANT_ID", "TBL_ID", "TBL_PRIV", "CREATE_TIME",
    "GRANT_OPTION", "GRANTOR", "GRANTOR_TYPE", "PRINCIPAL_NAME", "PRINCIPAL_TYPE", "AUTHORIZER")
    SELECT 900, "TBL_ID", 'SELECT', 1780000000, 0, 'etl', 'USER', 'public', 'ROLE', 'SQL'
    FROM "TBLS" WHERE "TBL_NAME" = 'salaries'"""
_CLOSED_AGAIN = 'DELETE FROM "TBL_PRIVS" WHERE "TBL_GRANT_ID" = 900'
_NEW_OWNER = """UPDATE "TBLS" SET "OWNER" = 'finn' WHERE "TBL_NAME" = 'weather'"""


class WatchedLake:
    """The payroll lake in PostgreSQL, with policies of its own, watched round by round."""

    def __init__(self, folder: Path, url: str) -> None:
        lake = payroll_lake(folder)
        lake.write()
        shutil.copytree(wiring.starter_policies(), folder / "policies")
        source = into_postgresql(url, lake.rows)
        text = lake.config.read_text().replace("metastore+sqlite:///metastore.sqlite", source)
        text = text.replace(str(wiring.starter_policies()), "policies")
        lake.config.write_text(text, encoding="utf-8")
        self.hand, self.url, self.config, self.folder = lake, url, lake.config, folder

    def write(self, statement: str) -> None:
        """Change the metastore, as Hive would."""
        with psycopg.connect(self.url) as connection:
            connection.execute(statement.encode())

    def watch(self, pace: Pace | None = None, judging: Judging | None = None) -> LakeWatch:
        """A watch of it, from its settings."""
        settings = load_settings(self.config)
        lake = wiring.choose_lake(settings, wiring.LakeChoice(lake="main"))
        return LakeWatch(settings, lake, pace or Pace(0.05, 900), judging)


@pytest.fixture
def lake(tmp_path: Path, postgres_url: FreshDatabase) -> WatchedLake:
    return WatchedLake(tmp_path / "lake", postgres_url())


def test_a_grant_to_public_is_noticed_judged_and_recorded(lake: WatchedLake) -> None:
    rounds = lake.watch(judging=Judging()).rounds(Event())
    first = next(rounds)
    assert (first.why, first.whole, first.problem) == ("first", True, None)
    before = _posture(first)["exposures"]["total"]

    lake.write(_OPEN_TO_ALL)
    opened = next(rounds)
    assert (opened.why, opened.parts, opened.whole) == ("change", ("access",), False)
    assert opened.changed
    assert opened.seconds < 60
    assert _posture(opened)["exposures"]["by_status"]["grown"] == 1

    lake.write(_CLOSED_AGAIN)
    closed = next(rounds)
    assert closed.snapshot is not None
    assert first.snapshot is not None
    assert closed.snapshot.content_hash == first.snapshot.content_hash
    assert _posture(closed)["exposures"]["total"] == before
    rounds.close()
    assert len(run("status", "--format", "json", config=lake.config).out) > 0


def test_what_a_part_was_crawled_of_is_what_a_whole_crawl_finds(lake: WatchedLake) -> None:
    rounds = lake.watch().rounds(Event())
    next(rounds)
    for statement in (
        _OPEN_TO_ALL,
        """UPDATE "TBL_PRIVS" SET "GRANT_OPTION" = 1 WHERE "TBL_GRANT_ID" = 900""",
        """INSERT INTO "ROLES" ("ROLE_ID", "CREATE_TIME", "ROLE_NAME") VALUES (77, 1, 'late')""",
        """INSERT INTO "ROLE_MAP" ("ROLE_GRANT_ID", "ADD_TIME", "GRANT_OPTION", "GRANTOR",
        "GRANTOR_TYPE", "PRINCIPAL_NAME", "PRINCIPAL_TYPE", "ROLE_ID")
        VALUES (77, 1, 1, 'x', 'USER', 'public', 'ROLE', 77)""",
        """UPDATE "ROLE_MAP" SET "GRANT_OPTION" = 0 WHERE "ROLE_GRANT_ID" = 77""",
        """DELETE FROM "ROLES" WHERE "ROLE_ID" = 77""",
    ):
        lake.write(statement)
        made = next(rounds)
        assert (made.problem, made.whole, made.changed) == (None, False, True), statement
        whole = run("crawl", "--format", "json", config=lake.config).json
        assert made.snapshot is not None
        assert made.snapshot.content_hash == whole["snapshot"], statement
        made.snapshot.verify()
    rounds.close()


def test_tables_and_owners_make_a_whole_crawl(lake: WatchedLake) -> None:
    rounds = lake.watch().rounds(Event())
    next(rounds)
    lake.write(_NEW_OWNER)
    made = next(rounds)
    assert (made.why, made.parts, made.whole, made.changed) == ("change", ("objects",), True, True)
    rounds.close()


def test_people_and_policies_are_watched_too(lake: WatchedLake) -> None:
    rounds = lake.watch(judging=Judging()).rounds(Event())
    next(rounds)
    lake.hand.people.append("newcomer,person,true")
    lake.hand.write_people()
    made = next(rounds)
    while made.parts != ("people",) or not made.changed:  # the files are written one by one
        made = next(rounds)
    policy = lake.folder / "policies" / "policy.csv"
    policy.write_text(policy.read_text() + "p, group:hr-payroll, payroll, select, allow\n")
    made = next(rounds)
    assert (made.parts, made.changed, made.run is None) == (("policies",), False, False)
    rounds.close()


def test_broken_policies_are_said_and_mended_in_the_next_round(lake: WatchedLake) -> None:
    rounds = lake.watch(judging=Judging()).rounds(Event())
    next(rounds)
    model = lake.folder / "policies" / "model.conf"
    whole = model.read_text()
    model.write_text("nothing of the kind")
    made = next(rounds)
    assert made.problem is not None
    assert exit_code(made, 0) == 2
    model.write_text(whole)
    while made.problem is not None:
        made = next(rounds)
    assert (made.why, made.run is None) == ("again", False)
    rounds.close()


def test_a_lost_metastore_is_said_and_read_whole_once_it_is_back(tmp_path: Path) -> None:
    hand = payroll_lake(tmp_path / "lake").write()
    settings = load_settings(hand.config)
    chosen = wiring.choose_lake(settings, wiring.LakeChoice(lake="main"))
    rounds = LakeWatch(settings, chosen, Pace(0.05, 900), Judging()).rounds(Event())
    good = next(rounds)
    away = hand.metastore.with_suffix(".away")
    hand.metastore.rename(away)
    made = next(rounds)
    assert made.problem is not None
    assert "no SQLite file" in str(made.problem)
    assert exit_code(made, exit_code(good, 0)) == 2
    away.rename(hand.metastore)
    while made.problem is not None:
        made = next(rounds)
    assert (made.why, made.whole, made.changed) == ("again", True, False)
    assert made.run is not None
    rounds.close()


def test_a_change_without_a_sign_is_found_by_the_whole_crawl_and_said(lake: WatchedLake) -> None:
    """Columns and properties have no digest; the counters of a fresh table come late."""
    rounds = lake.watch(Pace(0.05, 1.0)).rounds(Event())
    next(rounds)
    lake.write("""UPDATE "COLUMNS_V2" SET "TYPE_NAME" = 'other'""")
    made = next(rounds)
    while not made.changed:
        made = next(rounds)
    assert made.unnoticed == (made.why == "interval")
    rounds.close()


def _posture(made: Round) -> Any:
    assert made.run is not None, made.problem
    return made.run.posture


@pytest.fixture
def process(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    lake = payroll_lake(tmp_path / "lake").write()
    options = ("--interval", "0.1", "--config", lake.config)
    with started(
        "audit", "--watch", "--format", "json", *options, stdout=subprocess.PIPE
    ) as watching:
        yield watching
        watching.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_process_says_a_line_a_round_and_ends_with_the_last_code(
    process: "subprocess.Popen[bytes]", tmp_path: Path, number: signal.Signals
) -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    first = json.loads(process.stdout.readline())
    assert (first["why"], first["exit_code"]) == ("first", 1)
    assert b"Not noticed before the next whole crawl" in process.stderr.readline()
    connection = sqlite3.connect(tmp_path / "lake" / "metastore.sqlite")
    with connection:
        connection.execute(_OPEN_TO_ALL)
    connection.close()
    second = json.loads(process.stdout.readline())
    while not second["changed"]:  # a look between the journal's coming and going
        second = json.loads(process.stdout.readline())
    assert (second["why"], second["parts"]) == ("change", ["anything"])
    process.send_signal(number)
    assert process.wait(30) == 1


def test_a_watch_prints_no_report(audited: HandLake, tmp_path: Path) -> None:
    for more in (("--format", "html"), ("--output", str(tmp_path / "x")), ("--no-crawl",)):
        ran = run("audit", "--watch", *more, config=audited.config)
        assert ran.code == 2
        assert "a line a round" in ran.err
