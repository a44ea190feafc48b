"""Kills the worker and the API with SIGKILL at random moments, while receivers misbehave.

Run by hand: `python -m tests.crash.chaos --times 200`. A lake is opened and closed again,
people acknowledge through the API, receivers fail, hang, redirect, throttle and say that
they are gone. Afterwards: nothing lost, nothing invented, no resolved incident that a crawl
had not seen closed, one act for each key, the order of each incident kept.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from sqlalchemy import func, select

from app.core.incidents import OPENED, REGRESSED, RESOLVED, Cause, incident_key
from app.settings import load_settings
from app.store.channel_health import all_channel_health, enable_channel
from app.store.database import Database, reading_scope, session_scope
from app.store.delivery_log import backlog
from app.store.delivery_tables import delivery_attempts
from app.store.identifiers import utc_now
from app.store.incident_tables import incident_events, outbox
from app.store.incidents import incidents_of_lake
from app.store.outbox import waiting_notices
from app.store.runs import WHOLE, every_run, last_whole_run
from tests.alert.receivers import Handler, Received
from tests.crash import chaos_worker
from tests.scenario.stage import (
    CONVENIENCE_ID,
    Stage,
    environment,
    lakewarden_command,
    stage,
    verified,
)
from tests.web.monitored_lake import CONVENIENCE

LAKE = "demo"
ROUTES = """\
routes:
  - {name: hook, channel: hook, second: pager, group_wait: 0s, group_interval: 0s}
  - {name: pager, channel: pager, second: hook, group_wait: 0s, group_interval: 0s}
"""
MISGRANT = (
    "INSERT INTO ROLE_MAP (ROLE_GRANT_ID, ADD_TIME, GRANT_OPTION, GRANTOR, GRANTOR_TYPE, "
    "PRINCIPAL_NAME, PRINCIPAL_TYPE, ROLE_ID) "
    f"VALUES (77, 1780990860, 0, 'marcus', 'USER', 'public', 'ROLE', {CONVENIENCE_ID})"
)
MEND = "DELETE FROM ROLE_MAP WHERE ROLE_GRANT_ID = 77"
DONE_WITHIN = 240.0


class WrongError(Exception):
    """Something that must hold does not."""


@dataclass
class Misbehaviour:
    """How receivers answer: mostly well."""

    chance: random.Random
    answered: Counter[str] = field(default_factory=Counter)
    calm: bool = False

    def __call__(self, handler: Handler, _: Received) -> None:
        """Answer one request."""
        ways = ("500", "429", "302", "410", "slow", "hang up", "taken")
        weights = (4, 4, 4, 1, 4, 4, 40)
        way = "taken" if self.calm else self.chance.choices(ways, weights)[0]
        self.answered[way] += 1
        if way == "hang up":
            handler.close_connection = True
        elif way == "slow":
            time.sleep(self.chance.uniform(0.2, 0.8))
            handler.reply(200)
        elif way == "429":
            handler.reply(429, {"retry-after": "1"})
        elif way == "302":
            handler.reply(302, {"location": "/elsewhere"})
        else:
            handler.reply(200 if way == "taken" else int(way))


@dataclass
class Chaos:
    """One lake, one worker, one API, killed again and again."""

    scene: Stage
    database: Database
    chance: random.Random
    receivers: Misbehaviour
    token: str
    begun: float = field(default_factory=time.time)
    kills: Counter[str] = field(default_factory=Counter)
    acknowledged: dict[str, str] = field(default_factory=dict)  # idempotency key → incident
    changes: int = 0
    is_open: bool = False
    worker: subprocess.Popen[bytes] | None = None
    api: subprocess.Popen[bytes] | None = None
    port: int = 0

    def kill_one(self) -> None:
        """Let them work for a while, change something, kill one of them or both."""
        self._start()
        if self.chance.random() < 0.5:
            self._change()
        until = time.monotonic() + self.chance.uniform(0.3, 4.0)
        if self.chance.random() < 0.4:
            self._acknowledge()
        time.sleep(max(0.0, until - time.monotonic()))
        self._enable()
        for name in self.chance.choice((("worker",), ("worker",), ("api",), ("worker", "api"))):
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

    def _acknowledge(self) -> None:
        """Through the API, which may be away; what it took must be there exactly once."""
        with reading_scope(self.database) as session:
            query = select(incident_events.c.incident).where(
                incident_events.c.kind.in_((OPENED, REGRESSED))
            )
            keys = sorted(set(session.scalars(query)))
        if not keys:
            return
        key, once = self.chance.choice(keys), f"key-{self.chance.getrandbits(64):016x}"
        for _ in range(2):
            request = urllib.request.Request(
                f"http://127.0.0.1:{self.port}/v1/lakes/{LAKE}/incidents/{key}/acknowledge",
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
                        self.acknowledged[once] = key
            except (urllib.error.URLError, OSError):
                continue

    def _enable(self) -> None:
        """An operator enables what said that it is gone."""
        with session_scope(self.database) as session:
            for health in all_channel_health(session):
                if health.disabled_at is not None:
                    enable_channel(session, health.channel)

    def finish(self) -> dict[str, int]:
        """Everybody calm down; then look at what is left. Raises WrongError."""
        self.receivers.calm = True
        self._settle()
        self._change()
        self._settle()
        for name in ("worker", "api"):
            self._kill(name)
        return {
            "kills of the worker": self.kills["worker"],
            "kills of the API": self.kills["api"],
            "changes of the lake": self.changes,
            **self._checked(),
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

    def _change(self) -> None:
        """Open the lake, or close it again."""
        self.scene.change(MEND if self.is_open else MISGRANT)
        self.is_open = not self.is_open
        self.changes += 1

    def _is_done(self, since: datetime) -> bool:
        with reading_scope(self.database) as session:
            last = last_whole_run(session, LAKE)
            if last is None or last.started_at < since:
                return False
            states = backlog(session).counts
            return waiting_notices(session).count == 0 and not states.get("waiting")

    def _checked(self) -> dict[str, int]:
        received = [*self.scene.hook.requests]
        bodies = [verified_late(one) for one in received]
        paged = [json.loads(one.body) for one in self.scene.pager.requests]
        with reading_scope(self.database) as session:
            ids = list(session.scalars(select(outbox.c.id)))
            dead = backlog(session).counts.get("dead", 0)
            attempts = session.scalar(select(func.count()).select_from(delivery_attempts))
            events = session.execute(select(incident_events)).all()
            runs = {run.id: run.snapshot for run in every_run(session, LAKE) if run.state == WHOLE}
        seen = [body["data"]["id"] for body in bodies]
        expected = {f"{event.incident}-{event.sequence}" for event in events}
        second = {event.get("payload", {}).get("custom_details", {}).get("id") for event in paged}
        lost = set(ids) - set(seen) - second
        if lost or dead:
            raise WrongError(f"lost {sorted(lost)}, {dead} dead")
        if not {one for one in seen if "-" in one and one[:16].isalnum()} & expected:
            raise WrongError("nothing of an incident arrived")
        if set(seen) - set(ids):
            raise WrongError(f"never noticed, yet sent: {set(seen) - set(ids)}")
        self._check_order(bodies)
        wrong = self._wrongly_said(events, runs)
        if wrong:
            raise WrongError(f"said although a crawl saw otherwise: {wrong}")
        made = Counter(event.idempotency_key for event in events if event.idempotency_key)
        for once in self.acknowledged:
            if made[once] > 1:
                raise WrongError(f"the act {once} stands {made[once]} times")
        return {
            "whole runs": len(runs),
            "events of incidents": len(events),
            "notices": len(ids),
            "lost": len(lost),
            "wrongly resolved": len(wrong),
            "requests received": len(received) + len(paged),
            "attempts on record": int(attempts or 0),
            "received more than once": len(seen) - len(set(seen)),
            "acts through the API": len(self.acknowledged),
        }

    def _check_order(self, bodies: Sequence[dict[str, Any]]) -> None:
        """Of each incident, each notice was first heard after the ones before it."""
        last: dict[str, int] = {}
        first: set[str] = set()
        for body in bodies:
            data = body["data"]
            if data["id"] in first or not data["incident"] or data.get("reminder"):
                continue
            first.add(data["id"])
            if data["sequence"] < last.get(data["incident"], 0):
                raise WrongError(f"{data['id']} came after {last[data['incident']]}")
            last[data["incident"]] = data["sequence"]

    def _wrongly_said(self, events: Sequence[Any], runs: Mapping[str, str | None]) -> list[str]:
        """Resolved by a run that saw it open, or what never closed resolved at all."""
        opened, resolved, wrong = set(), set(), []
        for event in events:
            if event.incident != self._misgrant and event.kind == RESOLVED:
                wrong.append(f"{event.incident}-{event.sequence}")
            if event.incident == self._misgrant and event.kind in (OPENED, REGRESSED):
                opened.add(runs.get(event.run))
            if event.incident == self._misgrant and event.kind == RESOLVED:
                resolved.add(runs.get(event.run))
        wrong += [f"snapshot {each}" for each in opened & resolved]
        with session_scope(self.database) as session:
            known = incidents_of_lake(session, LAKE).get(self._misgrant)
        if known is not None and known.alive != self.is_open:
            wrong.append(f"at the end {known.state}, though the lake is open: {self.is_open}")
        return wrong

    @property
    def _misgrant(self) -> str:
        """The incident that comes and goes; every other one stays."""
        parts = ("role:public", f"role:{CONVENIENCE}")
        return incident_key(LAKE, Cause("membership", "role:public", parts))


def verified_late(received: Received) -> dict[str, Any]:
    """A webhook's body, its signature checked as of when it was signed."""
    return verified(received, at_any_time=True)


def chaos(folder: Path, times: int, seed: int) -> dict[str, int]:
    """Kill so many times, and look."""
    chance = random.Random(seed)
    receivers = Misbehaviour(random.Random(seed + 1))
    with stage(folder, answer=receivers, routes=ROUTES, open_tables=8) as scene:
        made = scene.run(
            "token", "create", "chaos", "--scope", "run", "--scope", "read", "--expires", "1d"
        )
        token = next(word for word in made.split() if word.startswith("lw_"))
        with closing(_opened(scene)) as database:
            running = Chaos(scene, database, chance, receivers, token)
            for number in range(times):
                running.kill_one()
                if number % 20 == 19:
                    print(f"{number + 1} kills", flush=True)
            return {
                **running.finish(),
                **{f"answered {k}": v for k, v in receivers.answered.items()},
            }


def _opened(scene: Stage) -> Database:
    from app.store.schema import open_database

    return open_database(load_settings(scene.config, {}).database.reveal())


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
            print(f"{count:8,} {word}")


if __name__ == "__main__":
    main()
