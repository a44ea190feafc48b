"""Kills the worker and the API with SIGKILL at random moments, while receivers misbehave.

Run by hand: `python -m tests.crash.chaos --times 200`. A lake is opened and closed again in
many places, people acknowledge and claim through the API, receivers fail, hang, redirect,
throttle, send a gigabyte and say that they are gone. Afterwards: nothing lost, nothing
invented, no resolved incident that a crawl had not seen closed, one act for each key, one
content for each id, the order of each incident kept.
"""

import argparse
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select

from app.core.incidents import OPENED, REGRESSED
from app.settings import load_settings
from app.store.channel_health import all_channel_health, enable_channel
from app.store.database import Database, reading_scope, session_scope
from app.store.delivery_log import backlog
from app.store.identifiers import utc_now
from app.store.incident_tables import incident_events
from app.store.outbox import waiting_notices
from app.store.runs import last_whole_run
from app.store.schema import open_database
from tests.crash import chaos_worker
from tests.crash.chaos_checks import WrongError, check_all
from tests.crash.chaos_lake import LAKE, OPEN_TABLES, ChangingLake
from tests.crash.chaos_receivers import WAYS, Misbehaviour
from tests.scenario.stage import Stage, environment, lakewarden_command, stage

ROUTES = """\
routes:
  - {name: hook, channel: hook, second: pager, group_wait: 0s, group_interval: 0s}
  - {name: pager, channel: pager, second: hook, group_wait: 0s, group_interval: 0s}
"""
ACTS = ("acknowledge", "claim-mended")
DONE_WITHIN = 400.0
#: From so many kills on, every way to answer must have been met.
ALL_MET_FROM = 100


@dataclass
class Chaos:
    """One lake, one worker, one API, killed again and again."""

    scene: Stage
    database: Database
    chance: random.Random
    receivers: Misbehaviour
    token: str
    lake: ChangingLake
    begun: float = field(default_factory=time.time)
    kills: Counter[str] = field(default_factory=Counter)
    acts: dict[str, str] = field(default_factory=dict)  # idempotency key → incident
    disabled: int = 0
    worker: subprocess.Popen[bytes] | None = None
    api: subprocess.Popen[bytes] | None = None
    port: int = 0

    def kill_one(self) -> None:
        """Let them work for a while, change something, kill one of them or both."""
        self._start()
        if self.chance.random() < 0.7:
            self.scene.change(*self.lake.statements())
        until = time.monotonic() + self.chance.uniform(0.3, 7.0)
        while time.monotonic() < until:
            if self.chance.random() < 0.5:
                self._act()
            self._enable()
            time.sleep(min(0.7, max(0.0, until - time.monotonic())))
        for name in self.chance.choice((("worker",), ("api",), ("api",), ("worker", "api"))):
            self._kill(name)

    def _start(self) -> None:
        log = (self.scene.folder / "worker.log").open("ab")
        with log:
            if self.worker is None:
                command = [sys.executable, "-m", chaos_worker.__name__]
                arguments = [str(self.scene.config), str(self.begun)]
                self.worker = self._popen([*command, *arguments], log)
            if self.api is None:
                self.port = self.chance.randrange(20_000, 60_000)
                command = [*lakewarden_command(), "serve", "--port", str(self.port)]
                self.api = self._popen([*command, "--config", str(self.scene.config)], log)

    def _popen(self, command: list[str], log: BinaryIO) -> subprocess.Popen[bytes]:
        made = subprocess.Popen(command, env=environment(), stdout=log, stderr=log)
        self.scene.workers.append(made)
        return made

    def _kill(self, name: str) -> None:
        process: subprocess.Popen[bytes] | None = getattr(self, name)
        if process is None:
            return
        if process.poll() not in (None, 2) or (name == "worker" and process.poll() is not None):
            raise WrongError(f"the {name} ended by itself with {process.poll()}")
        process.kill()
        process.wait()
        self.scene.workers.remove(process)
        setattr(self, name, None)
        self.kills[name] += 1

    def _act(self) -> None:
        """Through the API, which may be away; what it took must be there exactly once."""
        with reading_scope(self.database) as session:
            query = select(incident_events.c.incident).where(
                incident_events.c.kind.in_((OPENED, REGRESSED))
            )
            keys = sorted(set(session.scalars(query)))
        if not keys:
            return
        key, once = self.chance.choice(keys), f"key-{self.chance.getrandbits(64):016x}"
        act = self.chance.choice(ACTS)
        for _ in range(2):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/lakes/{LAKE}/incidents/{key}/{act}",
                data=b"{}",
                headers={
                    "Authorization": f"Bearer {self.token}",
                    "Content-Type": "application/json",
                    "Idempotency-Key": once,
                },
            )
            try:
                with urllib.request.urlopen(request, timeout=2) as answer:
                    if answer.status == 200:
                        self.acts[once] = key
            except (urllib.error.URLError, OSError):
                continue

    def _enable(self) -> None:
        """An operator enables what said that it is gone."""
        with session_scope(self.database) as session:
            for health in all_channel_health(session):
                if health.disabled_at is not None:
                    self.disabled += enable_channel(session, health.channel)

    def finish(self, times: int) -> dict[str, int]:
        """Everybody calm down; then look at what is left. Raises WrongError."""
        unmet = WAYS.keys() - self.receivers.answered.keys()
        if times >= ALL_MET_FROM and unmet:
            raise WrongError(f"never met: {sorted(unmet)}")
        self.receivers.calm = True
        self._settle()
        self.scene.change(*self.lake.statements())
        self._settle()
        for name in ("worker", "api"):
            self._kill(name)
        return {
            "kills of the worker": self.kills["worker"],
            "kills of the API": self.kills["api"],
            "changes of the lake": self.lake.changes,
            "channels enabled again after 410": self.disabled,
            "most bytes read of a gigabyte": self.receivers.most_read,
            **check_all(self.scene, self.database, self.lake, self.acts),
        }

    def _settle(self) -> None:
        """Until the lake was audited as it is now, and nothing waits."""
        since, until = utc_now(), time.monotonic() + DONE_WITHIN
        while not self._is_done(since):
            if time.monotonic() > until:
                raise WrongError("deliveries still wait")
            self._start()
            self._enable()
            time.sleep(0.2)

    def _is_done(self, since: datetime) -> bool:
        with reading_scope(self.database) as session:
            last = last_whole_run(session, LAKE)
            if last is None or last.started_at < since:
                return False
            states = backlog(session).counts
            return waiting_notices(session).count == 0 and not states.get("waiting")


def chaos(folder: Path, times: int, seed: int) -> dict[str, int]:
    """Kill so many times, and look."""
    chance = random.Random(seed)
    receivers = Misbehaviour(random.Random(seed + 1))
    with stage(folder, answer=receivers, routes=ROUTES, open_tables=OPEN_TABLES) as scene:
        made = scene.run(
            "token", "create", "chaos", "--scope", "run", "--scope", "read", "--expires", "1d"
        )
        token = next(word for word in made.split() if word.startswith("lw_"))
        url = load_settings(scene.config, {}).database.reveal()
        with closing(open_database(url)) as database:
            lake = ChangingLake(random.Random(seed + 2))
            running = Chaos(scene, database, chance, receivers, token, lake)
            for number in range(times):
                running.kill_one()
                if number % 20 == 19:
                    print(f"{number + 1} kills", flush=True)
            return {
                **running.finish(times),
                **{f"answered {way}": count for way, count in sorted(receivers.answered.items())},
            }


def main() -> None:
    """Kill as often as the command line says, and print the figures."""
    parser = argparse.ArgumentParser(description="Kill worker and API; look at what is lost.")
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--seed", type=int, default=None)
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if options.seed is None else options.seed
    print(f"seed {seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="lakewarden-chaos-") as name:
        for word, count in chaos(Path(name), options.times, seed).items():
            print(f"{count:12,} {word}")


if __name__ == "__main__":
    main()
