"""A throw-away Hive 4.0.1: a HiveServer2 in one authorization mode, or a metastore on its own."""

import atexit
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from xml.sax.saxutils import escape

from pyhive import hive

from tests.hive.hive_jars import hive_jars
from tests.hive.postgres_server import SUPERUSER, PostgresServer
from tests.postgres_cluster import free_port

Mode = Literal["sql-standard", "legacy"]

ADMIN = "lakeadmin"
"""The user who holds Hive's role ``admin`` (in SQL-standard mode he still says SET ROLE ADMIN)."""

START_SECONDS = 180

_WAREHOUSES = ("warehouse", "external")

_PLUGIN = "org.apache.hadoop.hive.ql.security.authorization"
_AUTHENTICATOR = "org.apache.hadoop.hive.ql.security.SessionStateUserAuthenticator"
_MANAGERS: Mapping[Mode, str] = {
    "sql-standard": f"{_PLUGIN}.plugin.sqlstd.SQLStdHiveAuthorizerFactory",
    "legacy": f"{_PLUGIN}.DefaultHiveAuthorizationProvider",
}
_OPENED_PACKAGES = (
    *("java.lang", "java.lang.reflect", "java.util", "java.util.concurrent"),
    *("java.util.concurrent.atomic", "java.util.regex", "java.net", "java.nio", "java.io"),
    *("java.text", "java.time", "sun.nio.ch"),
)
# Runs a command until it ends, or until whoever holds our input is gone, however he went.
_UNTIL_ORPHANED = """
exec 3<&0
"$@" </dev/null 3<&- & server=$!
{ cat >/dev/null; kill -9 $server; } <&3 &
exec 3<&-
wait $server
"""
_LOG_SETTINGS = """\
status = ERROR
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{ISO8601} %p %c: %m%n
rootLogger.level = WARN
rootLogger.appenderRef.console.ref = console
"""


@dataclass(frozen=True)
class HiveServer:
    """A running HiveServer2; anybody connects under the name he claims."""

    mode: Mode
    port: int
    postgres: PostgresServer
    database: str
    log: Path
    process_group: int = 0

    @property
    def url(self) -> str:
        """What Lakewarden reads it with, as the user who may become admin."""
        return f"hive://{ADMIN}@127.0.0.1:{self.port}/?auth=NONE"

    def kill(self) -> None:
        """End it at once, as a crash of its machine would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process_group, signal.SIGKILL)

    def connect(self, user: str) -> Any:
        """A PyHive connection of this user, in the database ``default``."""
        return hive.connect(host="127.0.0.1", port=self.port, username=user, auth="NONE")

    @property
    def warehouses(self) -> tuple[Path, ...]:
        """Where databases and tables have their folders, if nobody said otherwise."""
        return tuple(self.log.parent / name for name in _WAREHOUSES)

    @property
    def metastore_url(self) -> str:
        """What psycopg reads, or damages, the metastore with."""
        return self.postgres.url(self.database)


@dataclass(frozen=True)
class MetastoreServer:
    """A running metastore that speaks Thrift; anybody connects."""

    port: int
    log: Path

    @property
    def url(self) -> str:
        """What Lakewarden reads it with."""
        return f"thrift://127.0.0.1:{self.port}"


@contextmanager
def hive_server(
    postgres: PostgresServer,
    mode: Mode,
    *,
    settings: Mapping[str, str] | None = None,
    groups: Mapping[str, Collection[str]] | None = None,
    database: str | None = None,
    port: int | None = None,
) -> Iterator[HiveServer]:
    """Start a HiveServer2 on a metastore database of `postgres`; stop it at the end.

    `settings` adds to hive-site.xml, or overrides what stands there. `groups` tells which
    groups the server finds for which user; of anybody else it knows what this host knows.
    `database` is one made before, else a new one; `port` one used before, else a free one.
    """
    name = database or postgres.create_metastore()
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-hive-"))
    port = port or free_port()
    site = _site(folder, port, postgres.jdbc_url(name), mode) | dict(settings or {})
    site["hadoop.user.group.static.mapping.overrides"] = _group_mapping(groups or {})
    with _running(folder, site, "org.apache.hive.service.server.HiveServer2") as process:
        server = HiveServer(mode, port, postgres, name, folder / "log", process.pid)
        _wait_for_port(port, process, server.log)
        if site["hive.server2.authentication"] == "NONE" and _speaks_binary(site):
            server.connect(ADMIN).close()
        yield server


def _speaks_binary(site: Mapping[str, str]) -> bool:
    return site.get("hive.server2.transport.mode", "binary") == "binary"


@contextmanager
def metastore_server(
    postgres: PostgresServer,
    mode: Mode,
    database: str,
    *,
    settings: Mapping[str, str] | None = None,
    jars: Path | None = None,
) -> Iterator[MetastoreServer]:
    """Start a metastore, of Hive 4 or of these jars, on a database made before; stop it at last."""
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-metastore-"))
    port = free_port()
    site = _site(folder, 0, postgres.jdbc_url(database), mode) | dict(settings or {})
    metastore = "org.apache.hadoop.hive.metastore.HiveMetaStore"
    with _running(folder, site, metastore, "-p", str(port), jars=jars) as process:
        _wait_for_port(port, process, folder / "log")
        yield MetastoreServer(port, folder / "log")


@contextmanager
def _running(
    folder: Path, site: Mapping[str, str], *command: str, jars: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A Java program of Hive in a folder of its own, which goes with it."""
    process = _start(folder, site, command, jars or hive_jars())

    def stop() -> None:
        _stop_group(process)
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(stop)
    try:
        yield process
    finally:
        atexit.unregister(stop)
        stop()


def acid_settings() -> dict[str, str]:
    """Settings under which tables can be transactional: UPDATE and DELETE need that."""
    return {
        "hive.support.concurrency": "true",
        "hive.txn.manager": "org.apache.hadoop.hive.ql.lockmgr.DbTxnManager",
    }


def _start(
    folder: Path, site: Mapping[str, str], program: tuple[str, ...], jars: Path
) -> subprocess.Popen[bytes]:
    conf = folder / "conf"
    conf.mkdir()
    for made in (*_WAREHOUSES, "home"):
        (folder / made).mkdir()
    properties = "\n".join(
        f"<property><name>{escape(key)}</name><value>{escape(value)}</value></property>"
        for key, value in site.items()
    )
    document = f"<configuration>\n{properties}\n</configuration>\n"
    # The part of Hadoop that finds a user's groups reads core-site.xml only.
    for name in ("hive-site.xml", "core-site.xml"):
        (conf / name).write_text(document, encoding="utf-8")
    (conf / "log4j2.properties").write_text(_LOG_SETTINGS, encoding="utf-8")
    command = [
        *("sh", "-c", _UNTIL_ORPHANED, "sh"),
        _java(),
        "-Xmx1g",
        "-XX:TieredStopAtLevel=1",
        *(f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in _OPENED_PACKAGES),
        "-Dlog4j2.contextSelector="
        "org.apache.logging.log4j.core.selector.ClassLoaderContextSelector",
        f"-Dlog4j2.configurationFile={conf / 'log4j2.properties'}",
        f"-Djava.io.tmpdir={folder}",
        *("-cp", f"{conf}:{jars}/*"),
        *program,
    ]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={**os.environ, "HADOOP_HOME": str(folder / "home")},
            start_new_session=True,
        )


def _site(folder: Path, port: int, jdbc_url: str, mode: Mode) -> dict[str, str]:
    return {
        "javax.jdo.option.ConnectionURL": jdbc_url,
        "javax.jdo.option.ConnectionDriverName": "org.postgresql.Driver",
        "javax.jdo.option.ConnectionUserName": SUPERUSER,
        "javax.jdo.option.ConnectionPassword": "",
        "datanucleus.schema.autoCreateAll": "false",
        "datanucleus.connectionPool.maxPoolSize": "4",
        "hive.metastore.schema.verification": "false",
        "hive.metastore.warehouse.dir": str(folder / _WAREHOUSES[0]),
        "hive.metastore.warehouse.external.dir": str(folder / _WAREHOUSES[1]),
        "hive.exec.scratchdir": str(folder / "scratch"),
        "hive.exec.local.scratchdir": str(folder / "local-scratch"),
        "hive.downloaded.resources.dir": str(folder / "resources"),
        "hive.server2.logging.operation.enabled": "false",
        "hive.server2.thrift.bind.host": "127.0.0.1",
        "hive.server2.thrift.port": str(port),
        "hive.server2.webui.port": "0",
        "hive.server2.authentication": "NONE",
        "hive.server2.enable.doAs": "false",
        "hive.server2.tez.initialize.default.sessions": "false",
        "hive.execution.engine": "mr",
        "mapreduce.framework.name": "local",
        "hive.support.concurrency": "false",
        "hive.txn.manager": "org.apache.hadoop.hive.ql.lockmgr.DummyTxnManager",
        "hive.stats.autogather": "false",
        "metastore.create.as.acid": "false",
        "hive.create.as.acid": "false",
        "hive.notification.event.poll.interval": "0s",
        "fs.defaultFS": "file:///",
        "hive.security.authorization.enabled": "true",
        "hive.security.authorization.manager": _MANAGERS[mode],
        "hive.security.authenticator.manager": _AUTHENTICATOR,
        "hive.users.in.admin.role": ADMIN,
    }


def _group_mapping(groups: Mapping[str, Collection[str]]) -> str:
    users = {"dr.who": (), **groups}
    return ";".join(f"{user}={','.join(sorted(names))}" for user, names in users.items())


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                text = log.read_text(errors="replace")[-6000:]
                raise RuntimeError(f"Hive did not start:\n{text}") from error
            time.sleep(0.2)
        else:
            return


def _stop_group(process: subprocess.Popen[bytes]) -> None:
    """End the server and everything it started (they share a process group of their own)."""
    deadline = time.monotonic() + 10
    if process.stdin:
        process.stdin.close()
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            time.sleep(0.05)


def _java() -> str:
    home = os.environ.get("JAVA_HOME")
    if home and (Path(home) / "bin" / "java").is_file():
        return str(Path(home) / "bin" / "java")
    found = shutil.which("java")
    if found is None:
        raise RuntimeError("a Java 17 runtime is needed to start Hive and is not installed")
    return found
