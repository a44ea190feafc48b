"""Kills audits with SIGKILL at random moments and looks at what the next one finds.

Run by hand: `python -m tests.crash.kill_audit --times 50`. A lake is shown in two states in
turn, so that snapshots are new and known, exposures open and go. After each kill the last
whole run must stand; the next audit must be whole and right, and nothing may be doubled or
left over.
"""

import argparse
import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app import wiring
from app.settings import load_settings
from app.store.database import reading_scope
from app.store.runs import RUNNING, WHOLE, Run, every_run

ROOT = Path(__file__).parents[2]
LAKE = "demo"

#: What two audits of the same lake may differ in.
OF_THE_RUN = ["status", "first_seen", "first_run"]

Key = tuple[str, str, str]


class WrongError(Exception):
    """Something that must hold after a crash does not."""


@dataclass(frozen=True)
class Reference:
    """What an undisturbed audit of one state of the lake finds."""

    metastore: Path
    exposures: pa.Table
    exit_code: int
    seconds: float

    @property
    def keys(self) -> set[Key]:
        """Its exposures by scope, object and right."""
        names = ("scope", "object", "right")
        return set(zip(*(self.exposures[name].to_pylist() for name in names), strict=True))


@dataclass
class Tally:
    """What was seen."""

    kills: int = 0
    moments: Counter[str] = field(default_factory=Counter)
    left_by_kills: int = 0
    next_seconds: list[float] = field(default_factory=list)

    def __str__(self) -> str:
        moments = ", ".join(f"{count} {moment}" for moment, count in sorted(self.moments.items()))
        mean = sum(self.next_seconds) / len(self.next_seconds)
        return (
            f"{self.kills} kills ({moments}), {self.left_by_kills} unfinished folders left by "
            f"them and cleared by the next audit; every next audit whole and right, nothing "
            f"doubled; {mean:.1f} s each, {max(self.next_seconds):.1f} s at most"
        )


class Ground:
    """A data folder whose lake can be put into several states."""

    def __init__(self, config: Path, states: Sequence[Path], seed: int) -> None:
        """config: settings of a lake called LAKE whose metastore is LAKE.sqlite beside it."""
        self.config = config
        self.settings = load_settings(config, {})
        self.live = config.parent / f"{LAKE}.sqlite"
        self.chance = random.Random(seed)
        self.references = [self._reference(state) for state in states]
        self.shown = self.references[0]
        self.tally = Tally()

    def _reference(self, state: Path) -> Reference:
        """Audit a state in a data folder of its own."""
        shutil.copyfile(state, self.live)
        apart = self.config.parent / "apart.toml"
        text = self.config.read_text("utf-8")
        with tempfile.TemporaryDirectory(dir=self.config.parent) as data:
            apart.write_text(text.replace('data = "data"', f'data = "{data}"'), encoding="utf-8")
            started = time.monotonic()
            code = self._audit(apart).wait()
            took = time.monotonic() - started
            folder = next((Path(data) / "results" / LAKE).iterdir())
            rows = pq.read_table(folder / "exposures.parquet").drop_columns(OF_THE_RUN)
            return Reference(state, rows, code, took)

    def _audit(self, config: Path) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-c", "from app.cli import main; main()", "audit"]
        return subprocess.Popen(
            [*command, "--config", str(config)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def kill_one(self) -> None:
        """Show a state, kill an audit of it, run the next one and check everything."""
        before = self._runs()
        previous = self.shown
        self.shown = self.chance.choice(self.references)
        shutil.copyfile(self.shown.metastore, self.live)
        audit = self._audit(self.config)
        time.sleep(self.chance.uniform(0, 1.05) * self.shown.seconds)
        audit.send_signal(signal.SIGKILL)
        audit.wait()
        self.tally.kills += 1
        after = self._runs()
        has_finished = len(self._whole(after)) > len(self._whole(before))
        self.tally.moments[self._moment(before, after)] += 1
        self.tally.left_by_kills += len(self._unfinished())
        self._check_last_whole(after, self.shown if has_finished else previous)
        started = time.monotonic()
        code = self._audit(self.config).wait()
        self.tally.next_seconds.append(time.monotonic() - started)
        self._check(code == self.shown.exit_code, f"the next audit ended with {code}")
        self._check_next(after, self.shown if has_finished else previous)

    def _moment(self, before: list[Run], after: list[Run]) -> str:
        if len(after) == len(before):
            return "before the run began"
        return {RUNNING: "while it ran", WHOLE: "after it was recorded"}[after[0].state]

    def _check_last_whole(self, runs: list[Run], expected: Reference) -> None:
        whole = self._whole(runs)
        if whole:
            self._check_exposures(whole[0], expected)

    def _check_next(self, before: list[Run], previous: Reference) -> None:
        """The run after a kill: one more, whole and right; nothing of the killed one is left."""
        runs = self._runs()
        whole = self._whole(runs)
        self._check(len(whole) == len(self._whole(before)) + 1, "not one whole run more")
        self._check(all(run.state != RUNNING for run in runs), "a run is still running")
        self._check_exposures(whole[0], self.shown)
        folder = Path(str(whole[0].results_path))
        statuses = Counter(pq.read_table(folder / "exposures.parquet")["status"].to_pylist())
        gone = pq.read_table(folder / "gone.parquet").num_rows
        if len(whole) == 1:
            self._check(set(statuses) == {"baseline"}, f"a first run with {statuses}")
        else:
            opened = len(self.shown.keys - previous.keys)
            self._check(statuses["opened"] == opened, f"{statuses['opened']} opened, not {opened}")
            lost = len(previous.keys - self.shown.keys)
            self._check(gone == lost, f"{gone} gone, not {lost}")
        results = {path.name for path in self._folder("results").iterdir()}
        self._check(results == {run.id for run in whole}, "results without a run, or the reverse")
        snapshots = {path.name for path in self._folder("snapshots").iterdir()}
        wanted = {str(run.snapshot)[:16] for run in whole}
        self._check(wanted <= snapshots, "a run without its snapshot")
        self._check(len(snapshots) <= len(self.references), f"snapshots doubled: {snapshots}")
        self._check(not self._unfinished(), f"left over: {self._unfinished()}")
        connection = sqlite3.connect(self.settings.data / "state.db")
        leases = connection.execute("SELECT count(*) FROM leases").fetchone()[0]
        integrity = connection.execute("PRAGMA integrity_check").fetchone()[0]
        connection.close()
        self._check((leases, integrity) == (0, "ok"), f"{leases} leases left, {integrity}")

    def _check_exposures(self, run: Run, expected: Reference) -> None:
        folder = Path(str(run.results_path))
        rows = pq.read_table(folder / "exposures.parquet").drop_columns(OF_THE_RUN)
        self._check(rows.equals(expected.exposures), f"run {run.id} has other exposures")

    def _runs(self) -> list[Run]:
        with (
            wiring.opened_state(self.settings) as database,
            reading_scope(database) as session,
        ):
            return every_run(session, LAKE)

    @staticmethod
    def _whole(runs: list[Run]) -> list[Run]:
        return [run for run in runs if run.state == WHOLE]

    def _folder(self, name: str) -> Path:
        folder = self.settings.data / name / LAKE
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _unfinished(self) -> list[Path]:
        """Half-written folders and files, wherever in the data folder."""
        data = self.settings.data
        left = [*data.rglob(".writing-*"), *data.rglob("*.unfinished"), *data.rglob(".*.parquet.*")]
        return sorted(set(left))

    def _check(self, holds: bool, what: str) -> None:
        if not holds:
            raise WrongError(f"kill {self.tally.kills}: {what}")


def demonstration_ground(folder: Path, seed: int) -> Ground:
    """The demonstration lake, with its misconfiguration and without."""
    written = wiring.prepare_demonstration(folder / "built", 2026, 0)
    opened = folder / "built" / "lake" / "metastore.sqlite"
    closed = folder / "closed.sqlite"
    shutil.copyfile(opened, closed)
    connection = sqlite3.connect(closed)
    with connection:
        connection.execute(
            "DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'public' AND ROLE_ID = (SELECT ROLE_ID "
            "FROM ROLES WHERE ROLE_NAME = 'people_analytics_convenience')"
        )
    connection.close()
    directory = (written.parent / "lake" / "directory").resolve()
    return Ground(settings_for(folder, f"csv:{directory}"), [opened, closed], seed)


def settings_for(folder: Path, directory: str) -> Path:
    """Settings whose lake's metastore is LAKE.sqlite in the same folder."""
    config = folder / "lakewarden.toml"
    config.write_text(
        f'data = "data"\npolicies = "{wiring.starter_policies()}"\n[lakes.{LAKE}]\n'
        f'source = "metastore+sqlite:///{LAKE}.sqlite"\ndirectory = "{directory}"\n'
        'mode = "sql-standard"\ngroups = "none"\n',
        encoding="utf-8",
    )
    return config


def main() -> None:
    """Kill as often as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description="Kill audits and look at what is left.")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lakewarden-crash-") as name:
        ground = demonstration_ground(Path(name), seed)
        for reference in ground.references:
            rows = reference.exposures.num_rows
            print(f"undisturbed: {rows:,} exposures in {reference.seconds:.1f} s", flush=True)
        for number in range(options.times):
            ground.kill_one()
            if number % 10 == 9:
                print(f"{number + 1} kills", flush=True)
        print(ground.tally)


if __name__ == "__main__":
    main()
