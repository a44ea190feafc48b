"""From a GRANT typed into a real Hive to a signed webhook on loopback.

A real `lakewarden worker` watches the metastore's database and delivers; each webhook is
verified by the standard's own verifier.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.demo.build import Demonstration
from app.wiring import starter_policies
from benchmarks.process import LAKEWARDEN
from tests.alert.receivers import Receiver, receiver
from tests.hive.hive_server import ADMIN, HiveServer
from tests.scenario.stage import SECRET, verified

_ROUTES = """\
routes:
  - {name: hook, channel: hook, group_wait: 0s, group_interval: 0s}
"""
_OPENED = ("incident.opened", "incident.grown", "incident.regressed")
_PATIENCE = 120.0


def measure_alerts(
    hive: HiveServer, built: Demonstration, table: str, folder: Path, rounds: int
) -> list[float]:
    """Seconds of each round, from before the GRANT was sent to the webhook received."""
    folder.mkdir()
    with receiver() as hook, _working(hive, built, hook, folder):
        heard = _Heard(hook)
        heard.next(("digest",), since=0)
        time.sleep(5)  # what follows the first run is not what is timed
        return [_round(hive, heard, table) for _ in range(rounds)]


def _round(hive: HiveServer, heard: "_Heard", table: str) -> float:
    with hive.connect(ADMIN) as connection:
        cursor = connection.cursor()
        cursor.execute("SET ROLE ADMIN")
        typed = time.monotonic()
        cursor.execute(f"GRANT SELECT ON TABLE {table} TO ROLE public")
        received = heard.next(_OPENED, since=typed)
        cursor.execute(f"REVOKE SELECT ON TABLE {table} FROM ROLE public")
        heard.next((), since=time.monotonic())
    time.sleep(3)  # the next grant is not to meet the end of this round
    return received - typed


class _Heard:
    """What was received, in its order."""

    def __init__(self, hook: Receiver) -> None:
        self._hook = hook
        self._read = 0

    def next(self, events: tuple[str, ...], since: float) -> float:
        """When the next webhook of some events came, of any where none is named."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            while self._read < len(self._hook.requests):
                received = self._hook.requests[self._read]
                self._read += 1
                body = verified(received)
                if received.at >= since and (not events or body["type"] in events):
                    return received.at
            time.sleep(0.01)
        raise RuntimeError(f"no webhook of {events} in {_PATIENCE:.0f} s")


@contextmanager
def _working(
    hive: HiveServer, built: Demonstration, hook: Receiver, folder: Path
) -> Iterator[None]:
    """A worker that watches and delivers."""
    policies = folder / "policies"
    shutil.copytree(starter_policies(), policies)
    (policies / "routes.yaml").write_text(_ROUTES, "utf-8")
    settings: dict[str, Any] = {
        "source": f"metastore+{hive.metastore_url}",
        "mode": built.mode,
        "directory": built.directory_url,
        "groups": built.groups,
        "schedule": "watch",
    }
    lines = [f'{name} = "{value}"' for name, value in settings.items()]
    (folder / "lakewarden.toml").write_text(
        f'data = "data"\npolicies = "{policies}"\n[lakes.demo]\n' + "\n".join(lines) + "\n"
        '[alerts]\nallow = ["127.0.0.0/8"]\nurl = "https://lakewarden.example.com"\n'
        f'[channels.hook]\nkind = "webhook"\nurl = "{hook.url}"\nsecret = "{SECRET}"\n',
        "utf-8",
    )
    command: list[str | Path] = [LAKEWARDEN, "worker", "--config", folder / "lakewarden.toml"]
    with (folder / "said").open("wb") as said:
        worker = subprocess.Popen(command, cwd=folder, stdout=said, stderr=said, env=os.environ)
        try:
            yield
        finally:
            worker.terminate()
            worker.wait(60)
