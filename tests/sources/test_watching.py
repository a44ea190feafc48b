"""Signs of change: every kind of change is seen, nothing else is, and at what cost."""

import sqlite3
from collections.abc import Callable, Hashable, Mapping
from pathlib import Path

import psycopg
import pytest

from app.core.change_signs import ACCESS, ANYTHING, OBJECTS, ChangeSign, SignReader, changed_parts
from app.sources.database_signs import MOST_DIGESTED, SETTLING_SECONDS, DatabaseSigns
from app.sources.file_signs import FileSigns
from app.sources.metastore_mysql import open_mysql
from app.sources.metastore_postgresql import open_postgresql
from app.sources.metastore_sqlite import open_sqlite
from app.sources.thrift_signs import ThriftSigns
from tests.conftest import FreshDatabase
from tests.mariadb_server import MariadbServer
from tests.sources.small_lake import into_mariadb, into_postgresql, into_sqlite, small_lake

# What people do in Hive, as it ends in the metastore: (statement, part).
CHANGES = {
    "a grant": (
        """INSERT INTO "TBL_PRIVS" ("TBL_GRANT_ID", "TBL_ID", "TBL_PRIV", "CREATE_TIME",
        "GRANT_OPTION", "GRANTOR", "GRANTOR_TYPE", "PRINCIPAL_NAME", "PRINCIPAL_TYPE")
        SELECT 900000, min("TBL_ID"), 'SELECT', 1, 1, 'x', 'USER', 'public', 'ROLE' FROM "TBLS" """,
        ACCESS,
    ),
    "REVOKE GRANT OPTION FOR": (
        """UPDATE "TBL_PRIVS" SET "GRANT_OPTION" = 0 WHERE "TBL_GRANT_ID" = 900000""",
        ACCESS,
    ),
    "another grantor": (
        """UPDATE "TBL_PRIVS" SET "GRANTOR" = 'y' WHERE "TBL_GRANT_ID" = 900000""",
        ACCESS,
    ),
    "a revoke": ("""DELETE FROM "TBL_PRIVS" WHERE "TBL_GRANT_ID" = 900000""", ACCESS),
    "a role": (
        """INSERT INTO "ROLES" ("ROLE_ID", "CREATE_TIME", "ROLE_NAME") VALUES (900, 1, 'new')""",
        ACCESS,
    ),
    "a membership": (
        """INSERT INTO "ROLE_MAP" ("ROLE_GRANT_ID", "ADD_TIME", "GRANT_OPTION", "PRINCIPAL_NAME",
        "PRINCIPAL_TYPE", "ROLE_ID") VALUES (900, 1, 1, 'public', 'ROLE', 900)""",
        ACCESS,
    ),
    "REVOKE ADMIN OPTION FOR": (
        """UPDATE "ROLE_MAP" SET "GRANT_OPTION" = 0 WHERE "ROLE_GRANT_ID" = 900""",
        ACCESS,
    ),
    "a membership less": ("""DELETE FROM "ROLE_MAP" WHERE "ROLE_GRANT_ID" = 900""", ACCESS),
    "another owner": ("""UPDATE "TBLS" SET "OWNER" = 'somebody'""", OBJECTS),
    "a database's owner": ("""UPDATE "DBS" SET "OWNER_NAME" = 'somebody'""", OBJECTS),
    "a table renamed": (
        """UPDATE "TBLS" SET "TBL_NAME" = 'renamed' WHERE "TBL_ID" = 1""",
        OBJECTS,
    ),
}


class Clock:
    """A clock that stands still until told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def _every_change_is_noticed(
    reader: SignReader,
    write: Callable[[str], None],
    clock_on: Callable[[], None],
    *,
    once: bool = True,
) -> None:
    """And, where `once`, not a second time. Otherwise it may be, a look later."""
    before = reader.sign()
    for what, (statement, part) in CHANGES.items():
        clock_on()
        assert changed_parts(before, reader.sign()) == set(), f"before {what}"
        write(statement)
        clock_on()
        now = reader.sign()
        assert part in changed_parts(before, now), what
        clock_on()
        before = reader.sign()
        if once:
            assert changed_parts(now, before) == set(), f"twice for {what}"


def _patient(reader: SignReader) -> tuple[SignReader, Callable[[], None]]:
    """The same look on a clock of ours, which is put on so far that no budget holds it."""
    clock = Clock()
    assert isinstance(reader, DatabaseSigns)

    def put_on() -> None:
        clock.now += 60

    return DatabaseSigns(reader._look, clock=clock), put_on


def test_every_change_in_postgresql_is_noticed(postgres_url: FreshDatabase) -> None:
    url = postgres_url()
    source = open_postgresql(into_postgresql(url, small_lake()))
    with source.signs() as opened, psycopg.connect(url, autocommit=True) as connection:
        reader, put_on = _patient(opened)
        _every_change_is_noticed(reader, lambda text: _execute(connection, text), put_on)


def test_a_transaction_open_at_the_look_is_noticed_when_it_commits(
    postgres_url: FreshDatabase,
) -> None:
    url = postgres_url()
    source = open_postgresql(into_postgresql(url, small_lake()))
    with source.signs() as opened, psycopg.connect(url) as connection:
        reader, put_on = _patient(opened)
        connection.execute("""UPDATE "ROLE_MAP" SET "GRANT_OPTION" = 1 - "GRANT_OPTION" """)
        before = reader.sign()
        put_on()
        assert changed_parts(before, reader.sign()) == set()
        connection.commit()
        put_on()
        assert changed_parts(before, reader.sign()) == {ACCESS}


def test_every_change_in_mysql_is_noticed(mariadb: MariadbServer) -> None:
    database = mariadb.create_database()
    source = open_mysql(into_mariadb(mariadb, database, small_lake()))
    with source.signs() as opened, mariadb.connect(database) as connection:
        reader, put_on = _patient(opened)

        def write(statement: str) -> None:
            with connection.cursor() as cursor:
                cursor.execute("SET SESSION sql_mode = 'ANSI_QUOTES'")
                cursor.execute(statement)
            connection.commit()

        # Its times are to the second: what is new is looked at twice.
        _every_change_is_noticed(reader, write, put_on, once=False)


def test_every_change_of_a_sqlite_file_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "lake.db"
    source = open_sqlite(into_sqlite(file, small_lake()))
    with source.signs() as reader:
        before = reader.sign()
        for what, (statement, _) in CHANGES.items():
            assert changed_parts(before, reader.sign()) == set()
            connection = sqlite3.connect(file)
            with connection:
                connection.execute(statement)
            connection.close()
            now = reader.sign()
            assert changed_parts(before, now) == {ANYTHING}, what
            before = now


def test_a_sqlite_file_in_write_ahead_logging_is_noticed(tmp_path: Path) -> None:
    file = tmp_path / "lake.db"
    source = open_sqlite(into_sqlite(file, small_lake()))
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA wal_autocheckpoint=0")
    connection.execute("""UPDATE "TBLS" SET "OWNER" = 'one'""")
    with source.signs() as reader:
        before = reader.sign()
        connection.execute("""UPDATE "TBLS" SET "OWNER" = 'two'""")
        assert changed_parts(before, reader.sign()) == {ANYTHING}
    connection.close()


def test_a_file_put_in_place_of_another_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "users.csv").write_text("user\n")
    reader = FileSigns("people", lambda: [tmp_path])
    before = reader.sign()
    (tmp_path / "new").write_text("user\n")
    (tmp_path / "new").replace(tmp_path / "users.csv")
    assert changed_parts(before, reader.sign()) == {"people"}


def test_every_database_door_offers_a_sign() -> None:
    assert isinstance(open_postgresql("metastore+postgresql://h/d"), ChangeSign)
    assert isinstance(open_mysql("metastore+mysql://h/d"), ChangeSign)
    assert isinstance(open_sqlite("metastore+sqlite:///x"), ChangeSign)


class LookByHand:
    """A database by hand, that counts what it is asked. It stands for no server's behaviour."""

    def __init__(self, rows: int = 10) -> None:
        self.tables: tuple[str, ...] = ("TBL_PRIVS",)
        self.state: dict[str, Hashable] = {"gate": 0, "height": 0, "counter": 0, "digest": 0}
        self.asked = {"gate": 0, "heights": 0, "digest": 0}
        self._rows = rows

    def gate(self) -> Hashable | None:
        self.asked["gate"] += 1
        return self.state["gate"]

    def heights(self) -> Mapping[str, Hashable]:
        self.asked["heights"] += 1
        return {"TBL_PRIVS": self.state["height"]}

    def counters(self) -> Mapping[str, Hashable]:
        return {"TBL_PRIVS": self.state["counter"]}

    def rows(self) -> Mapping[str, int]:
        return {"TBL_PRIVS": self._rows}

    def digest(self, table: str) -> Hashable:
        self.asked["digest"] += 1
        return self.state["digest"]


def test_nothing_but_the_gate_is_asked_while_nobody_writes() -> None:
    look, clock = LookByHand(), Clock()
    reader = DatabaseSigns(look, clock=clock)
    reader.sign()
    clock.now += SETTLING_SECONDS + 1
    deep = dict(look.asked)
    for _ in range(100):
        clock.now += 0.5
        reader.sign()
    assert look.asked == {**deep, "gate": deep["gate"] + 100}


def test_writes_elsewhere_cost_digests_within_the_budget_only() -> None:
    """A digest of one second, a write in another database each second, for an hour."""
    look, clock = LookByHand(), Clock()
    reader = DatabaseSigns(look, clock=clock)
    digest = look.digest

    def slow(table: str) -> Hashable:
        clock.now += 1
        return digest(table)

    look.digest = slow  # type: ignore[method-assign]
    before = reader.sign()
    for second in range(3600):
        look.state["gate"] = second
        clock.now += 1
        assert changed_parts(before, reader.sign()) == set()
    assert 100 < look.asked["digest"] < 0.12 * clock.now


def test_a_new_row_is_seen_at_once_and_once() -> None:
    look, clock = LookByHand(), Clock()
    reader = DatabaseSigns(look, clock=clock)
    before = reader.sign()
    look.state |= {"gate": 1, "height": 1, "digest": 1}
    digests = look.asked["digest"]
    now = reader.sign()
    assert changed_parts(before, now) == {ACCESS}
    assert look.asked["digest"] == digests
    clock.now += 100
    assert changed_parts(now, reader.sign()) == set()
    assert look.asked["digest"] == digests + 1


def test_a_change_in_place_after_a_new_row_is_seen_too() -> None:
    look, clock = LookByHand(), Clock()
    reader = DatabaseSigns(look, clock=clock)
    reader.sign()
    look.state |= {"gate": 1, "height": 1, "digest": 1}
    now = reader.sign()
    look.state |= {"gate": 2, "digest": 2}
    clock.now += 100
    assert changed_parts(now, reader.sign()) == {ACCESS}


@pytest.mark.parametrize("what", ["height", "counter"])
def test_a_table_too_large_to_digest_is_judged_by_heights_and_counters(what: str) -> None:
    look, clock = LookByHand(rows=MOST_DIGESTED + 1), Clock()
    reader = DatabaseSigns(look, clock=clock)
    before = reader.sign()
    look.state |= {"gate": 1}
    reader.sign()
    clock.now += SETTLING_SECONDS - 1  # the counters come late, and the gate has come to rest
    look.state[what] = 1
    assert changed_parts(before, reader.sign()) == {ACCESS}
    assert look.asked["digest"] == 0


class MetastoreByHand:
    """A metastore's Thrift by hand."""

    event: Hashable = 1
    grants = b"none"
    reads = 0

    def newest_event(self) -> Hashable:
        return self.event

    def access(self) -> bytes:
        self.reads += 1
        return self.grants


def test_thrift_tells_tables_by_events_and_grants_by_reading_them_again() -> None:
    look, clock = MetastoreByHand(), Clock()
    reader = ThriftSigns(look, clock=clock)
    before = reader.sign()
    look.event = 2
    assert changed_parts(before, reader.sign()) == {OBJECTS}
    look.event, look.grants = 1, b"one"
    clock.now += 10
    assert changed_parts(before, reader.sign()) == {ACCESS}


def _execute(connection: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    connection.execute(statement.encode())
