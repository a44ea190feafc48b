"""Kills HiveServer2 with SIGKILL in the middle of audits and looks at what they conclude.

Run by hand: `python -m tests.crash.kill_hive --times 20`. An audit whose server goes must end
with 2, never with 0 or 1, and the last whole run must stand as it was; with the server back,
the next audit finds what an undisturbed one finds.
"""

import argparse
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq

from app import wiring
from app.settings import load_settings
from app.store.database import reading_scope
from app.store.runs import RUNNING, WHOLE, Run, every_run
from benchmarks.doors import LAKE_STATEMENTS, copy_table
from tests.crash.kill_audit import OF_THE_RUN, ROOT, WrongError
from tests.hive.hive_server import ADMIN, HiveServer, hive_server
from tests.hive.oracle import run
from tests.hive.postgres_server import PostgresServer, postgres_server

LAKE = "live"
TABLES = 60


class Ground:
    """A lake behind a HiveServer2 that can be killed and started again on the same port."""

    def __init__(self, folder: Path, postgres: PostgresServer, seed: int) -> None:
        self.moments: Counter[str] = Counter()
        self._postgres = postgres
        self._chance = random.Random(seed)
        self._servers = ExitStack()
        self._server = self._servers.enter_context(hive_server(postgres, "sql-standard"))
        refused = run(self._server, ADMIN, LAKE_STATEMENTS)
        self._check(not refused, f"the lake was not made: {refused}")
        with psycopg.connect(self._server.metastore_url) as connection:
            copy_table(connection, TABLES, 3)
        self._config = _settings(folder, self._server)
        self._settings = load_settings(self._config, {})
        began = time.monotonic()
        self._check(self._audit().wait() == 2, "an undisturbed audit has gaps: exit 2")
        self._seconds = time.monotonic() - began
        self._expected = self._exposures(self._runs()[0])
        self._check(self._expected.num_rows > 0, "a lake without exposures would prove nothing")

    def close(self) -> None:
        """Stop the server."""
        self._servers.close()

    def kill_one(self) -> None:
        """Kill the server during an audit and check everything."""
        before = self._runs()
        audit = self._audit()
        time.sleep(self._chance.uniform(0.1, 1.0) * self._seconds)
        self._server.kill()
        code = audit.wait()
        after = self._runs()
        self._check(code == 2, f"an audit whose server was killed ended with {code}")
        self._check(all(each.state != RUNNING for each in after), "a run is still running")
        whole = len(_whole(after)) - len(_whole(before))
        self.moments["after the crawl" if whole else "in the crawl"] += 1
        self._check(self._exposures(_whole(after)[0]).equals(self._expected), "another last run")

    def restart(self) -> None:
        """Start the server again; an audit then finds what an undisturbed one found."""
        port, database = self._server.port, self._server.database
        self._servers.close()
        again = hive_server(self._postgres, "sql-standard", database=database, port=port)
        self._server = self._servers.enter_context(again)

    def check_next(self) -> None:
        """The next audit is whole and right."""
        whole = len(_whole(self._runs()))
        self._check(self._audit().wait() == 2, "the next audit did not end with 2 for its gaps")
        after = _whole(self._runs())
        self._check(len(after) == whole + 1, "the next audit is not whole")
        self._check(self._exposures(after[0]).equals(self._expected), "the next audit is wrong")

    def _audit(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from app.cli import main; main()", "audit"]
        return subprocess.Popen(
            [*command, "--config", str(self._config)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def _runs(self) -> list[Run]:
        with (
            wiring.opened_state(self._settings) as database,
            reading_scope(database) as session,
        ):
            return every_run(session, LAKE)

    def _exposures(self, of: Run) -> pa.Table:
        folder = Path(str(of.results_path))
        return pq.read_table(folder / "exposures.parquet").drop_columns(OF_THE_RUN)

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise WrongError(f"kill {self.moments.total()}: {what}")


def _whole(runs: list[Run]) -> list[Run]:
    return [each for each in runs if each.state == WHOLE]


def _settings(folder: Path, server: HiveServer) -> Path:
    people = folder / "people"
    people.mkdir()
    (people / "users.csv").write_text("user,kind,active\nbob,person,true\n", "utf-8")
    (people / "groups.csv").write_text("group\n", "utf-8")
    (people / "memberships.csv").write_text("member_type,member,group\n", "utf-8")
    config = folder / "lakewarden.toml"
    config.write_text(
        f'data = "data"\npolicies = "{wiring.starter_policies()}"\n[lakes.{LAKE}]\n'
        f'source = "{server.url}"\ndirectory = "csv:{people}"\nmode = "sql-standard"\n'
        'groups = "none"\n',
        "utf-8",
    )
    return config


def main() -> None:
    """Kill as often as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description="Kill HiveServer2 in mid-audit.")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with (
        tempfile.TemporaryDirectory(prefix="lakewarden-crash-") as name,
        postgres_server() as postgres,
    ):
        ground = Ground(Path(name), postgres, seed)
        try:
            for number in range(options.times):
                ground.kill_one()
                ground.restart()
                print(f"{number + 1} kills: {dict(ground.moments)}", flush=True)
            ground.check_next()
        finally:
            ground.close()
    print("no audit ended with 0 or 1, no earlier run was lost, the next audit is right")


if __name__ == "__main__":
    main()
