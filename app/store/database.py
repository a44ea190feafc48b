"""The state database: opened once a process, used through sessions."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError

from app.core.errors import SettingsError
from app.store.json_text import to_json
from app.store.state_errors import state_errors

Session: TypeAlias = Connection
"""What every function of this room takes: one transaction that the edge owns."""

BUSY_SECONDS = 10.0
_EXAMPLES = "Write sqlite:///PATH or postgresql://user@host/database"


@dataclass(frozen=True)
class Database:
    """A state database, connected on demand. `label` names it without its password."""

    engine: Engine = field(repr=False)
    label: str

    @property
    def is_sqlite(self) -> bool:
        """Whether it is the embedded default."""
        return self.engine.dialect.name == "sqlite"

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def connect(url: str, *, busy_seconds: float = BUSY_SECONDS) -> Database:
    """The database behind a URL, not yet looked at (see `schema.open_database`)."""
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return Database(_sqlite_engine(address, busy_seconds), str(address.database))
    label = address.set(drivername="postgresql").set(query={}).render_as_string()
    return Database(_postgresql_engine(address), label.replace(":***@", "@"))


@contextmanager
def session_scope(database: Database, *, durable: bool = True) -> Iterator[Session]:
    """One writing transaction: committed at the end, rolled back on any error.

    `durable=False` is for rows whose loss at a power cut is bearable (the moment a
    token was last used): the commit does not wait for the disk.
    """
    options = {"lakewarden_begin": "durable" if durable else "quick"}
    with state_errors(database.label), database.engine.connect() as connection:
        connection = connection.execution_options(**options)
        with connection.begin():
            if not durable and not database.is_sqlite:
                connection.exec_driver_sql("SET LOCAL synchronous_commit = off")
            yield connection


@contextmanager
def reading_scope(database: Database) -> Iterator[Session]:
    """One reading transaction: a single view of the state, and no write gets through."""
    with state_errors(database.label), database.engine.connect() as connection:
        connection = connection.execution_options(
            lakewarden_begin="reading",
            **({} if database.is_sqlite else _POSTGRESQL_READING),
        )
        with connection.begin():
            yield connection


_POSTGRESQL_READING: dict[str, Any] = {
    "isolation_level": "REPEATABLE READ",
    "postgresql_readonly": True,
}
_SQLITE_BEGIN = {
    "durable": ("PRAGMA query_only = 0", "PRAGMA synchronous = FULL", "BEGIN IMMEDIATE"),
    "quick": ("PRAGMA query_only = 0", "PRAGMA synchronous = NORMAL", "BEGIN IMMEDIATE"),
    "reading": ("PRAGMA query_only = 1", "BEGIN"),
}


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except (ArgumentError, ValueError):
        raise SettingsError("the state database's URL cannot be read", mend=_EXAMPLES) from None
    backend = address.drivername.split("+")[0]
    if backend in ("postgresql", "postgres"):
        return address.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise SettingsError(f"no state can be kept in {backend}", mend=_EXAMPLES)
    if not address.database or address.database == ":memory:":
        raise SettingsError(
            "a state database in memory would be lost with the process", mend=_EXAMPLES
        )
    return address.set(drivername="sqlite+pysqlite")


def _sqlite_engine(address: URL, busy_seconds: float) -> Engine:
    engine = create_engine(
        address,
        connect_args={"isolation_level": None, "timeout": busy_seconds},
        json_serializer=to_json,
        hide_parameters=True,
        pool_size=10,
        max_overflow=30,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, record: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        kind = connection.get_execution_options().get("lakewarden_begin", "durable")
        for statement in _SQLITE_BEGIN[kind]:
            connection.exec_driver_sql(statement)

    return engine


def _postgresql_engine(address: URL) -> Engine:
    return create_engine(
        address,
        connect_args={"connect_timeout": 10, "application_name": "lakewarden"},
        json_serializer=to_json,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
    )


def sqlite_file(database: Database) -> Path | None:
    """The file of an embedded database."""
    return Path(str(database.engine.url.database)) if database.is_sqlite else None
