"""A throw-away MariaDB from the system's binaries."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from signal import SIGKILL
from typing import Any

import pymysql

from tests.postgres_cluster import (
    NoServerError,
    child_server,
    free_port,
    unprivileged_account,
    wait_for_port,
)

_SERVERS = ("mariadbd", "mysqld")


@dataclass(frozen=True)
class MariadbServer:
    """A running server on loopback; its user `lakewarden` may do everything."""

    port: int

    def url(self, database: str) -> str:
        """`mysql://lakewarden@127.0.0.1:port/database`."""
        return f"mysql://lakewarden@127.0.0.1:{self.port}/{database}"

    def connect(self, database: str | None = None, user: str = "lakewarden") -> Any:
        """A plain connection of PyMySQL."""
        return pymysql.connect(
            host="127.0.0.1", port=self.port, user=user, database=database, charset="utf8mb4"
        )

    def create_database(self, prefix: str = "fresh") -> str:
        """Make an empty database and return its name."""
        connection = self.connect()
        with connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES")
            taken = {row[0] for row in cursor.fetchall()}
            name = next(
                name for name in (f"{prefix}_{number}" for number in count()) if name not in taken
            )
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET latin1 COLLATE latin1_bin")
        return name


@contextmanager
def mariadb_server() -> Iterator[MariadbServer]:
    """Start a server in a temporary folder; stop it and remove the folder afterwards.

    Raises NoServerError where it is not installed.
    """
    server, install = _binary(*_SERVERS), _binary("mariadb-install-db")
    account = unprivileged_account("mysql")
    folder = Path(tempfile.mkdtemp(prefix="lakewarden-mariadb-"))
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)
    data, port = folder / "data", free_port()
    common = ["--no-defaults", f"--datadir={data}"]
    start = folder / "start.sql"
    start.write_text(
        "CREATE USER lakewarden@'%';\nGRANT ALL ON *.* TO lakewarden@'%' WITH GRANT OPTION;\n"
    )
    start.chmod(0o644)
    try:
        subprocess.run(
            [install, *common, "--skip-test-db", "--auth-root-authentication-method=normal"],
            check=True,
            capture_output=True,
            cwd="/",
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
        )
        command: list[str | Path] = [
            server,
            *common,
            f"--port={port}",
            "--bind-address=127.0.0.1",
            f"--socket={folder / 'socket'}",
            f"--init-file={start}",
            "--skip-name-resolve",
            "--innodb-flush-log-at-trx-commit=0",
        ]
        with (folder / "log").open("wb") as log, child_server(command, account, log, SIGKILL):
            wait_for_port(port)
            yield MariadbServer(port)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binary(*names: str) -> str:
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
        if found:
            return found
    raise NoServerError(f"no MariaDB: {names[0]} is not installed")
