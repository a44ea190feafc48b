"""The topology of docker-compose.yml from packages, where no container runs.

    python -m tests.deploy.topology

Commands, environments, health checks and the order of starting are read from the compose
file; names of hosts, ports and paths inside the images are exchanged for places on this
machine. Passwords are made by `deploy/secrets.sh`, the databases by `deploy/postgres/
databases.sh`, Hive is started by `deploy/hive/start.sh`. What is not tried: the images'
builds, networks, users and the read-only root. PostgreSQL asks for no password here.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.hive.hive_jars import hive_jars, metastore_schema
from tests.postgres_cluster import (
    SUPERUSER,
    PostgresCluster,
    free_port,
    postgres_binaries,
    postgres_cluster,
)

ROOT = Path(__file__).parents[2]
COMPOSE = ROOT / "docker-compose.yml"
_PORTS = {"metastore": 9083, "hiveserver2": 10000, "api": 8080}
_START_SECONDS = 240


def compose() -> dict[str, Any]:
    """The compose file, its anchors resolved."""
    found: dict[str, Any] = yaml.safe_load(COMPOSE.read_text(encoding="utf-8"))
    return found


@dataclass
class Topology:
    """The services on this machine: `folder` holds all that they write."""

    folder: Path
    cluster: PostgresCluster
    ports: Mapping[str, int]
    services: Mapping[str, Any] = field(default_factory=lambda: compose()["services"])

    @property
    def deploy(self) -> Path:
        """A copy of deploy/ with secrets of its own."""
        return self.folder / "deploy"

    @property
    def data(self) -> Path:
        """What is /data in the image."""
        return self.folder / "data"

    def here(self, text: str) -> str:
        """A text of the compose file with places of this machine."""
        places = {
            "postgres:5432": f"127.0.0.1:{self.cluster.port}",
            "metastore:9083": f"127.0.0.1:{self.ports['metastore']}",
            "/run/secrets/": f"{self.deploy}/secrets/",
            "/etc/lakewarden/people": str(self.deploy / "lake" / "people"),
            "/etc/lakewarden/policies": str(ROOT / "policies"),
            "/lake/": f"{self.deploy}/lake/",
            "/warehouse": str(self.folder / "warehouse"),
            "/data": str(self.data),
            "0.0.0.0": "127.0.0.1",
        }
        places |= {str(port): str(self.ports[name]) for name, port in _PORTS.items()}
        # All at once: what was exchanged is not looked at again.
        known = "|".join(re.escape(there) for there in places)
        return re.sub(known, lambda found: places[found[0]], text)

    def command(self, name: str) -> list[str]:
        """What a service runs, as it stands in the compose file or its image."""
        service = self.services[name]
        image = ["sh", str(self.deploy / "hive" / "start.sh")]
        entry = service.get(
            "entrypoint", image if "hive" in str(service["image"]) else ["lakewarden"]
        )
        words = [self.here(each) for each in (*entry, *service["command"])]
        return ["127.0.0.1" if word == "hiveserver2" and name == "lake" else word for word in words]

    def environment(self, name: str) -> dict[str, str]:
        """Its environment, and what the images set."""
        said = {k: self.here(v) for k, v in self.services[name].get("environment", {}).items()}
        return {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "HIVE_JARS": str(hive_jars()),
            "HIVE_CONF": str(self.deploy / "hive"),
            "HADOOP_HOME": str(self.folder),
            **said,
        }

    def prepare(self) -> None:
        """Secrets, settings and databases."""
        shutil.copytree(ROOT / "deploy", self.deploy, ignore=shutil.ignore_patterns("secrets"))
        for made in (self.data, self.folder / "warehouse"):
            made.mkdir()
        _run(["sh", str(self.deploy / "secrets.sh")], dict(os.environ), self.folder)
        settings = self.here((self.deploy / "lakewarden.toml").read_text(encoding="utf-8"))
        (self.data / "lakewarden.toml").write_text(settings, encoding="utf-8")
        environment = {
            **os.environ,
            "PATH": f"{postgres_binaries()}:{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.cluster.port),
            "PGUSER": SUPERUSER,
            "SECRETS": str(self.deploy / "secrets"),
            "SCHEMA": str(metastore_schema()),
        }
        _run(["sh", str(self.deploy / "postgres" / "databases.sh")], environment, self.folder)

    def once(self, name: str) -> None:
        """Run a service that ends. Raises RuntimeError when it does not end well."""
        _run(self.command(name), self.environment(name), self.data)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Run a service until the end, once its health check has passed."""
        log = self.folder / f"{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                self.command(name),
                env=self.environment(name),
                cwd=self.data,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_healthy(name, process, log)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def _wait_until_healthy(self, name: str, process: "subprocess.Popen[bytes]", log: Path) -> None:
        test = [self.here(word) for word in self.services[name]["healthcheck"]["test"]][1:]
        until = time.monotonic() + _START_SECONDS
        environment = self.environment(name)
        while subprocess.run(
            test, env=environment, cwd=self.data, capture_output=True, check=False
        ).returncode:
            if process.poll() is not None or time.monotonic() > until:
                said = log.read_text(errors="replace")[-3000:]
                raise RuntimeError(f"{name} is not healthy: {said}")
            time.sleep(0.5)


def _run(command: list[str], environment: dict[str, str], folder: Path) -> str:
    done = subprocess.run(
        command, env=environment, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(
            f"{command}: {done.returncode}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        )
    return done.stdout


@contextmanager
def topology() -> Iterator[Topology]:
    """All services up, the lake loaded and Lakewarden prepared; stopped at the end."""
    ports = {name: free_port() for name in _PORTS}
    with (
        tempfile.TemporaryDirectory(prefix="lakewarden-topology-") as name,
        postgres_cluster() as cluster,
        ExitStack() as services,
    ):
        found = Topology(Path(name), cluster, ports)
        found.prepare()
        for part in ("metastore", "hiveserver2"):
            services.enter_context(found.running(part))
        found.once("lake")
        found.once("lake")  # a second `up` finds it there
        found.once("setup")
        services.enter_context(found.running("api"))
        yield found


def main() -> None:
    """Start all, audit, and ask the API. Raises when something is not as it should be."""
    began = time.monotonic()
    with topology() as found:
        print(f"all services are healthy after {time.monotonic() - began:.0f} s")
        audit = subprocess.run(
            ["lakewarden", "audit", "--format", "json"],
            env=found.environment("setup"),
            cwd=found.data,
            capture_output=True,
            text=True,
            check=False,
        )
        if not audit.stdout:
            raise RuntimeError(f"the audit said nothing: {audit.stderr}")
        exposures = json.loads(audit.stdout)
        print(f"audit: exit {audit.returncode}, {len(exposures)} exposures")
        token = (found.data / "token").read_text(encoding="utf-8").strip()
        address = f"http://127.0.0.1:{found.ports['api']}/v1/lakes/main/exposures"
        asked = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(asked, timeout=10) as answer:
            rows = json.load(answer)
        print(json.dumps(rows)[:400])
        text = json.dumps(rows)
        for table in ("keystroke_events_emea_20260503", "private_messages_emea_20260503"):
            if table not in text:
                raise RuntimeError(f"{table} is open to everyone, and is not among the exposures")
    print("the topology works")


if __name__ == "__main__":
    main()
