"""The schema: made, upgraded, compared, and refused with a clear word."""

import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Column, MetaData, Table, insert, inspect, text

import migrations
from app.core.errors import StateError
from app.core.incident_life import live_through
from app.store.all_tables import metadata
from app.store.column_types import Text
from app.store.database import (
    Database,
    connect,
    reading_scope,
    session_scope,
    sqlite_file,
)
from app.store.incident_documents import record_row
from app.store.incident_tables import incidents
from app.store.incidents import incidents_of_lake
from app.store.schema import (
    check,
    known_revisions,
    open_database,
    run_revisions,
    schema_state,
    upgrade,
)
from tests.core.found_incidents import LAKE, found, sight
from tests.postgres_cluster import PostgresCluster, free_port


@pytest.fixture
def bare(bare_url: str) -> Iterator[Database]:
    database = connect(bare_url)
    yield database
    database.close()


def test_the_migrations_build_what_the_tables_say(database: Database) -> None:
    with reading_scope(database) as session:
        context = MigrationContext.configure(session, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_the_migrations_build_every_check(database: Database) -> None:
    with reading_scope(database) as session:
        seen = inspect(session)
        for table in metadata.tables.values():
            checks = {found["name"] for found in seen.get_check_constraints(table.name)}
            declared = {str(rule.name) for rule in table.constraints if rule.name}
            assert {name for name in declared if name.startswith("ck_")} == checks


def test_text_sorts_by_bytes_on_postgresql(database: Database, kind: str) -> None:
    if kind == "sqlite":
        return  # it compares bytes whatever one says
    named = "SELECT table_name, column_name, collation_name FROM information_schema.columns"
    with reading_scope(database) as session:
        found = {(row[0], row[1]): row[2] for row in session.execute(text(named))}
    for table in metadata.tables.values():
        for column in table.columns:
            if isinstance(column.type, Text):
                assert found[table.name, column.name] == "C", f"{table.name}.{column.name}"


def test_the_known_revisions_are_those_of_alembic() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    walked = tuple(sorted(found.revision for found in script.walk_revisions()))
    assert known_revisions() == walked
    assert script.get_heads() == [known_revisions()[-1]]


def test_an_upgrade_prepares_a_bare_database_and_then_changes_nothing(bare_url: str) -> None:
    assert upgrade(bare_url).current is None
    assert upgrade(bare_url).current == known_revisions()[-1]
    assert check(bare_url).is_ready
    open_database(bare_url).close()


def test_sightings_move_out_of_the_records_that_held_them(bare: Database) -> None:
    leak = found()
    change = live_through({}, [leak], sight(1))[0][0]
    row = record_row(change.record)
    seen = {name: row.pop(name) for name in ("last_seen", "last_run")}
    del row["fingerprint"]
    older = {**row, "record": row["record"] | seen}
    if (file := sqlite_file(bare)) is not None:
        file.parent.mkdir()
        file.touch()
    with session_scope(bare) as session:
        run_revisions(session, "0004")
        columns = [column for column in incidents.columns if column.name not in seen]
        table = Table(
            "incidents", MetaData(), *(Column(column.name, column.type) for column in columns)
        )
        session.execute(insert(table), [older])
        run_revisions(session)
        assert incidents_of_lake(session, LAKE) == {leak.key: change.record}


def test_checking_a_bare_database_says_how_to_prepare_it(bare_url: str) -> None:
    with pytest.raises(StateError, match=r"not prepared yet.*Run: lakewarden db upgrade"):
        check(bare_url)


def test_checking_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(StateError):
        check(f"sqlite:///{tmp_path / 'none.db'}")
    assert list(tmp_path.iterdir()) == []


def test_first_use_prepares_the_embedded_default_only(bare_url: str, kind: str) -> None:
    if kind == "postgresql":
        with pytest.raises(StateError, match="lakewarden db upgrade"):
            open_database(bare_url)
        return
    database = open_database(bare_url)
    assert schema_state(database).is_ready
    file = Path(database.label)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    database.close()


def test_a_database_of_a_newer_version_is_left_alone(own_database: Database, bare_url: str) -> None:
    with session_scope(own_database) as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for use in (check, open_database, upgrade):
        with pytest.raises(StateError, match=r"schema 9999.*Use the newer Lakewarden"):
            use(bare_url)


def test_a_failed_upgrade_leaves_nothing_behind(bare: Database, bare_url: str) -> None:
    if bare.is_sqlite:
        Path(bare.label).parent.mkdir()
        Path(bare.label).touch()
    with session_scope(bare) as session:
        # What the revision makes last is there already, so it fails at its end.
        session.execute(text("CREATE TABLE leases (name VARCHAR)"))
    with pytest.raises(Exception, match=r"leases|something else"):
        upgrade(bare_url)
    with reading_scope(bare) as session:
        assert inspect(session).get_table_names() == ["leases"]


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection:
        connection.execute("CREATE TABLE orders (id INTEGER)")
    with pytest.raises(StateError, match="holds tables of something else"):
        open_database(f"sqlite:///{tmp_path / 'shop.db'}")


def test_a_file_that_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database at all, and long enough to tell" * 9)
    with pytest.raises(StateError, match=r"notes\.db is not a SQLite database"):
        open_database(f"sqlite:///{tmp_path / 'notes.db'}")


def test_a_damaged_file_is_said_to_be_damaged(tmp_path: Path, prepared_file: Path) -> None:
    file = tmp_path / "state.db"
    content = bytearray(prepared_file.read_bytes())
    content[5000:] = b"\xff" * (len(content) - 5000)
    file.write_bytes(content)
    with pytest.raises(StateError, match=r"state\.db is damaged.*backup"):
        open_database(f"sqlite:///{file}")


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file where the folder should be")
    with pytest.raises(StateError, match="cannot be made"):
        open_database(f"sqlite:///{tmp_path / 'data' / 'state.db'}")


def test_a_file_locked_by_another_process_is_said_to_be(
    tmp_path: Path, prepared_file: Path
) -> None:
    file = tmp_path / "state.db"
    shutil.copy(prepared_file, file)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        database = open_database(f"sqlite:///{file}", busy_seconds=0.1)
        with (
            pytest.raises(StateError, match=r"state\.db is locked by another process"),
            session_scope(database),
        ):
            pass
        with reading_scope(database) as session:  # readers go on
            assert session.execute(text("SELECT count(*) FROM runs")).scalar() == 0
        database.close()


def test_an_unreachable_server_is_said_without_the_password() -> None:
    url = f"postgresql://auditor:hunter2@127.0.0.1:{free_port()}/state"
    with pytest.raises(StateError, match=r"cannot be reached") as caught:
        check(url)
    assert "hunter2" not in str(caught.value)
    assert "auditor@127.0.0.1" in str(caught.value)


def test_a_missing_database_is_said(postgres: PostgresCluster) -> None:
    with pytest.raises(StateError, match='"nowhere" does not exist'):
        check(postgres.url("nowhere", password="hunter2"))


def test_a_table_that_vanished_is_said(own_database: Database) -> None:
    with session_scope(own_database) as session:
        session.execute(text("DROP TABLE tokens"))
    with (
        pytest.raises(StateError, match=r"lacks .*lakewarden db upgrade"),
        reading_scope(own_database) as session,
    ):
        session.execute(text("SELECT * FROM tokens"))


def test_a_user_without_rights_is_told_so(state_url: str, kind: str) -> None:
    if kind == "sqlite":
        return  # rights are the file's
    with psycopg.connect(state_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS stranger")
        connection.execute("CREATE ROLE stranger LOGIN")
    with pytest.raises(StateError, match="Grant the user its rights"):
        check(state_url.replace("postgres@", "stranger@"))


_FIRST_USE = """
import sys
from app.store.schema import open_database, upgrade
upgrade(sys.argv[1])
database = open_database(sys.argv[1])
"""


def test_many_processes_may_use_a_bare_database_at_once(bare_url: str) -> None:
    command = [sys.executable, "-c", _FIRST_USE, bare_url]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], errors
    assert check(bare_url).is_ready
