"""The shape of the state database: looked at, and brought up to date by Alembic."""

import os
import re
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import inspect, text
from sqlalchemy.exc import DatabaseError

from app.core.errors import StateError
from app.store.database import (
    BUSY_SECONDS,
    Database,
    Session,
    connect,
    reading_scope,
    session_scope,
    sqlite_file,
)
from app.store.state_errors import UPGRADE, state_errors

_LOCK_KEY = 0x6C616B65  # what upgrades of one PostgreSQL database wait for


@dataclass(frozen=True)
class SchemaState:
    """The revision a database is at, and the one this version needs."""

    current: str | None
    needed: str
    has_other_tables: bool = False

    @property
    def is_newer(self) -> bool:
        """Written by a later version of Lakewarden."""
        return self.current is not None and self.current not in known_revisions()

    @property
    def is_ready(self) -> bool:
        """As this version needs it."""
        return self.current == self.needed


def open_database(
    url: str, *, upgrade_embedded: bool = True, busy_seconds: float = BUSY_SECONDS
) -> Database:
    """The state database, ready for use.

    The embedded SQLite default is made and upgraded on the way. PostgreSQL is not:
    whoever operates it decides when (`lakewarden db upgrade`).
    """
    database = connect(url, busy_seconds=busy_seconds)
    try:
        if database.is_sqlite and upgrade_embedded:
            _make_file(database)
        state = schema_state(database)
        if not state.is_ready and database.is_sqlite and upgrade_embedded:
            _upgrade(database, busy_seconds)
            state = schema_state(database)
        _refuse_unready(database, state)
    except BaseException:
        database.close()
        raise
    return database


def check(url: str) -> SchemaState:
    """Say whether the database can be used as it is; StateError with the mend if not."""
    database = connect(url)
    try:
        state = schema_state(database)
        _refuse_unready(database, state)
    finally:
        database.close()
    return state


def upgrade(url: str, *, busy_seconds: float = BUSY_SECONDS) -> SchemaState:
    """Bring the database to this version's schema, whole or not at all.

    Returns what it was before.
    """
    database = connect(url, busy_seconds=busy_seconds)
    try:
        if database.is_sqlite:
            _make_file(database)
        before = schema_state(database)
        if not before.is_ready:
            _upgrade(database, busy_seconds)
    finally:
        database.close()
    return before


def schema_state(database: Database) -> SchemaState:
    """What revision the database is at."""
    file = sqlite_file(database)
    if file is not None and not file.exists():
        return SchemaState(None, known_revisions()[-1])
    with reading_scope(database) as session:
        return _state(session)


def known_revisions() -> tuple[str, ...]:
    """The revisions this version knows, in order; read without importing Alembic."""
    names = (_versions() / name for name in os.listdir(_versions()))
    found = (re.fullmatch(r"v(\d{4})_\w+\.py", path.name) for path in names)
    return tuple(sorted(match[1] for match in found if match))


def _state(session: Session) -> SchemaState:
    needed = known_revisions()[-1]
    tables = set(inspect(session).get_table_names())
    if "alembic_version" not in tables:
        return SchemaState(None, needed, has_other_tables=bool(tables))
    current = session.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return SchemaState(current, needed)


def _refuse_unready(database: Database, state: SchemaState) -> None:
    if state.is_ready:
        return
    if state.is_newer:
        raise StateError(
            f"the state database {database.label} is at schema {state.current}, "
            f"which this version (schema {state.needed}) does not know",
            mend="Use the newer Lakewarden that wrote it",
        )
    at = f"at schema {state.current}" if state.current else "not prepared yet"
    raise StateError(
        f"the state database {database.label} is {at}; this version needs {state.needed}",
        mend=UPGRADE,
    )


def _upgrade(database: Database, busy_seconds: float) -> None:
    if database.is_sqlite:
        _write_ahead(database, busy_seconds)
    with session_scope(database) as session:
        _wait_for_other_upgrades(session)
        state = _state(session)
        if state.is_newer:
            _refuse_unready(database, state)
        if database.is_sqlite and state.has_other_tables:
            raise StateError(
                f"{database.label} holds tables of something else",
                mend="Name a file of its own for Lakewarden's state",
            )
        if not state.is_ready:
            run_revisions(session)


def run_revisions(session: Session, until: str = "head") -> None:
    """Bring the database of a session to a revision, within its transaction."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_versions().parent).replace("%", "%%"))
    config.attributes["connection"] = session
    command.upgrade(config, until)


def _wait_for_other_upgrades(session: Session) -> None:
    """SQLite's writing transaction excludes other writers; PostgreSQL's needs a lock."""
    if session.dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK_KEY})


def _make_file(database: Database) -> None:
    file = sqlite_file(database)
    if file is None or file.exists():
        return
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(file, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise StateError(
            f"the state database {database.label} cannot be made: {error.strerror}",
            mend="Check that the folder may be written by this user",
        ) from None


def _write_ahead(database: Database, busy_seconds: float) -> None:
    """Readers and a writer at once. SQLite does not wait for a lock here, so we do."""
    deadline = time.monotonic() + busy_seconds
    with (
        state_errors(database.label),
        closing(sqlite3.connect(database.label, timeout=busy_seconds)) as connection,
    ):
        while True:
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.DatabaseError as error:
                busy = error.sqlite_errorname.startswith("SQLITE_BUSY")
                if not busy or time.monotonic() > deadline:
                    raise DatabaseError("PRAGMA journal_mode", None, error) from error
                time.sleep(0.02)


def _versions() -> Path:
    """Beside `app`, in the source as in an installed wheel."""
    return Path(__file__).parents[2] / "migrations" / "versions"
