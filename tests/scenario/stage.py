"""A lake that somebody changes, a real worker over it, and real receivers on loopback."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook

from app import wiring
from tests.alert.receivers import Handler, Received, Receiver, receiver
from tests.web.monitored_lake import write_directory, write_metastore

ROOT = Path(__file__).parents[2]
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqr"
ROUTES = """\
routes:
  - {name: hook, channel: hook, second: pager, group_wait: 0s, group_interval: 0s, continue: true}
  - {name: pager, channel: pager, second: hook, group_wait: 0s, group_interval: 0s, continue: true}
  - {name: chat, channel: chat, second: hook, group_wait: 0s, group_interval: 0s}
"""
PATIENCE = 40.0
CONVENIENCE_ID, READERS_ID = 3, 4  # roles of the monitored lake

Answer = Callable[[Handler, Received], None]


@dataclass
class Stage:
    """A folder with settings, a metastore that can be changed, and what was received."""

    folder: Path
    hook: Receiver
    pager: Receiver
    chat: Receiver
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    _read: int = 0

    @property
    def config(self) -> Path:
        """The settings file."""
        return self.folder / "lakewarden.toml"

    @property
    def policies(self) -> Path:
        """The policies, which may be changed."""
        return self.folder / "policies"

    def change(self, *statements: str) -> None:
        """Change the metastore, as a misgrant does."""
        with closing(sqlite3.connect(self.folder / "metastore.sqlite")) as connection, connection:
            for statement in statements:
                connection.execute(statement)

    def run(self, *arguments: str, expect: Sequence[int] = (0,)) -> str:
        """Run a command of lakewarden; what it printed."""
        done = subprocess.run(
            [*_COMMAND, *arguments, "--config", str(self.config)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode in expect, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start_worker(self, *options: str) -> subprocess.Popen[bytes]:
        """Begin to work, until told to stop."""
        log = (self.folder / "worker.log").open("ab")
        with log:
            worker = subprocess.Popen(
                [*_COMMAND, "worker", "--config", str(self.config), *options],
                env=environment(),
                stdout=log,
                stderr=log,
            )
        self.workers.append(worker)
        return worker

    def stop_worker(self, worker: subprocess.Popen[bytes]) -> int:
        """Ask it to end, as an operator does; its exit code."""
        worker.send_signal(signal.SIGTERM)
        code = worker.wait(60)
        self.workers.remove(worker)
        return code

    def alert(self, event: str, of: str = "", seconds: float = PATIENCE) -> dict[str, Any]:
        """The next webhook of an event (of an incident) not looked at yet; those before are passed.

        Each is verified over the bytes that came, by the standard's own verifier.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            while self._read < len(self.hook.requests):
                received = self.hook.requests[self._read]
                self._read += 1
                body = verified(received)
                if body["type"] == event and of in body["data"].get("incident", ""):
                    return body
            time.sleep(0.02)
        seen = [json.loads(one.body)["type"] for one in self.hook.requests]
        log = (self.folder / "worker.log").read_text("utf-8", "replace")
        raise AssertionError(f"no {event} in {seconds} s, only {seen}\n{log[-3000:]}")


def verified(received: Received, *, at_any_time: bool = False) -> dict[str, Any]:
    """The body of a webhook whose signature holds. Raises WebhookVerificationError.

    at_any_time: looked at long after it came, so its age says nothing.
    """
    headers = received.headers
    if at_any_time:
        moment = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
        signed = Webhook(SECRET).sign(headers["webhook-id"], moment, received.body.decode())
        assert signed in headers["webhook-signature"].split(" ")
        return dict(json.loads(received.body))
    document: dict[str, Any] = Webhook(SECRET).verify(received.body, headers)
    return document


def lakewarden_command() -> tuple[str, ...]:
    """What runs `lakewarden` of this tree."""
    return _COMMAND


_COMMAND = (sys.executable, "-c", "from app.cli import main; main()")


def environment() -> Mapping[str, str]:
    """Of processes that import this tree."""
    return {**os.environ, "PYTHONPATH": str(ROOT)}


@contextmanager
def stage(
    folder: Path,
    *,
    open_tables: int = 20,
    answer: Answer | None = None,
    database: str = "",
    routes: str = ROUTES,
) -> Iterator[Stage]:
    """A small lake in which nothing is open to everyone yet; its workers end with the block."""
    write_metastore(folder / "metastore.sqlite", open_tables=open_tables)
    directory = write_directory(folder / "people")
    shutil.copytree(wiring.starter_policies(), folder / "policies")
    (folder / "policies" / "routes.yaml").write_text(routes, encoding="utf-8")
    with receiver(answer) as hook, receiver(answer) as pager, receiver(answer) as chat:
        made = Stage(folder, hook, pager, chat)
        made.config.write_text(
            f"""\
data = "data"
policies = "policies"
{f'database = "{database}"' if database else ""}
[lakes.demo]
source = "metastore+sqlite:///metastore.sqlite"
directory = "{directory}"
mode = "sql-standard"
groups = "none"
schedule = "watch"
[alerts]
allow = ["127.0.0.0/8"]
url = "https://lakewarden.example.com"
[channels.hook]
kind = "webhook"
url = "{hook.url}"
secret = "{SECRET}"
[channels.pager]
kind = "pagerduty"
url = "{pager.url}"
secret = "{"k" * 32}"
[channels.chat]
kind = "slack"
url = "{chat.url}"
""",
            encoding="utf-8",
        )
        made.change(
            f"DELETE FROM ROLE_MAP WHERE PRINCIPAL_NAME = 'public' AND ROLE_ID = {CONVENIENCE_ID}"
        )
        try:
            yield made
        finally:
            for worker in made.workers:
                worker.kill()
                worker.wait()
