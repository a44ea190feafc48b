"""Whatever is wrong with a lake, its people or its policies: said, exit 2, nothing resolved."""

import shutil
import sqlite3

import pytest

from tests.commands.stored import everything_stored
from tests.commands.watched import Watched
from tests.conftest import FreshDatabase

SECRET = "hunter2-very-secret"


class TestTheMetastore:
    def test_no_schema(self, watched: Watched) -> None:
        watched.lake.metastore.unlink()
        sqlite3.connect(watched.lake.metastore).close()
        watched.assert_refused(watched.audit(), "source-unreadable", "no Hive metastore", "Point")

    @pytest.mark.parametrize("table", ["DBS", "TBLS", "TBL_PRIVS", "ROLES", "ROLE_MAP"])
    def test_half_a_schema_that_nothing_can_be_judged_by(
        self, watched: Watched, table: str
    ) -> None:
        watched.lake.damage(f'DROP TABLE "{table}"')
        watched.assert_refused(watched.audit(), "source-unreadable", table)

    @pytest.mark.parametrize(
        "table", ["SDS", "COLUMNS_V2", "TABLE_PARAMS", "DB_PRIVS", "GLOBAL_PRIVS", "VERSION"]
    )
    def test_half_a_schema_that_something_can_be_judged_by(
        self, watched: Watched, table: str
    ) -> None:
        watched.lake.damage(f'DROP TABLE "{table}"')
        watched.assert_incomplete(watched.audit(), "NOT SEEN, AND IN DOUBT", table)

    @pytest.mark.parametrize("version", ["0.13.0", "9.9", "", "no number"])
    def test_the_schema_of_another_version(self, watched: Watched, version: str) -> None:
        watched.lake.damage(f"UPDATE VERSION SET SCHEMA_VERSION = '{version}'")
        ran = watched.audit()
        assert (ran.code, "5 exposures" in ran.out) == (1, True)

    def test_a_column_is_missing(self, watched: Watched) -> None:
        watched.lake.damage('ALTER TABLE "TBL_PRIVS" DROP COLUMN "PRINCIPAL_NAME"')
        watched.assert_refused(watched.audit(), "TBL_PRIVS", "PRINCIPAL_NAME")

    def test_no_file(self, watched: Watched) -> None:
        watched.lake.metastore.unlink()
        watched.assert_refused(watched.audit(), "metastore.sqlite", "no SQLite file")

    def test_a_file_of_something_else(self, watched: Watched) -> None:
        watched.lake.metastore.write_text("hello " * 1000)
        watched.assert_refused(watched.audit(), "metastore.sqlite")

    def test_a_folder(self, watched: Watched) -> None:
        watched.lake.metastore.unlink()
        watched.lake.metastore.mkdir()
        watched.assert_refused(watched.audit(), "metastore.sqlite")

    def test_a_file_damaged_in_the_middle(self, watched: Watched) -> None:
        content = bytearray(watched.lake.metastore.read_bytes())
        content[4096:] = b"\xaa" * (len(content) - 4096)
        watched.lake.metastore.write_bytes(content)
        watched.assert_refused(watched.audit(), "metastore.sqlite")

    def test_no_tables(self, watched: Watched) -> None:
        watched.lake.damage("DELETE FROM TBLS")
        watched.assert_incomplete(watched.audit(), "no tables")

    def test_no_grants_is_no_gap(self, watched: Watched) -> None:
        watched.lake.damage("DELETE FROM TBL_PRIVS", "DELETE FROM ROLE_MAP")
        assert watched.audit().code == 0

    @pytest.mark.parametrize(
        ("table", "columns"),
        [
            ("TBL_PRIVS", "PRINCIPAL_NAME PRINCIPAL_TYPE TBL_PRIV GRANT_OPTION"),
            ("TBL_PRIVS", "TBL_ID CREATE_TIME GRANTOR GRANTOR_TYPE AUTHORIZER"),
            ("TBLS", "OWNER TBL_TYPE DB_ID TBL_NAME"),
            ("DBS", "NAME OWNER_NAME OWNER_TYPE"),
            ("ROLE_MAP", "PRINCIPAL_NAME PRINCIPAL_TYPE ROLE_ID GRANT_OPTION"),
            ("ROLES", "ROLE_NAME CREATE_TIME"),
            ("COLUMNS_V2", "COLUMN_NAME INTEGER_IDX TYPE_NAME"),
            ("SDS", "LOCATION CD_ID"),
        ],
    )
    def test_nothing_where_something_is_expected(
        self, watched: Watched, table: str, columns: str
    ) -> None:
        for name in ("dan", "eve", "finn"):
            watched.lake.member("USER", name, "readers")
            watched.lake.role(f"role of {name}")
        watched.write()
        for row, column in enumerate(columns.split(), start=1):
            watched.lake.damage(f'UPDATE "{table}" SET "{column}" = NULL WHERE rowid = {row}')
        assert watched.audit().code in (1, 2)
        for question in (
            ("can", "ann", "select", "hr_payroll.salaries"),
            ("what-can", "bob"),
            ("who-can", "select", "hr_payroll.salaries", "--paths"),
            ("lineage", "hr_payroll.salaries"),
        ):
            assert watched.run(*question).code in (0, 2)


class TestTheSource:
    @pytest.mark.parametrize(
        ("source", "word"),
        [
            ("metastor+sqlite:///x.db", "Known are metastore+postgresql:"),
            ("x.db", "names no known source"),
            ("metastore+sqlite:", "metastore+sqlite"),
            ("metastore+sqlite:///", "metastore+sqlite"),
            ("metastore+postgresql://h:port/db", "cannot be read"),
            (f"metastore+postgresql://u:{SECRET}@h/db?nope={SECRET}", "unknown option nope"),
            (f"metastore+mysql://u:{SECRET}@[::1/db", "cannot be read"),
        ],
    )
    def test_typos(self, source: str, word: str, watched: Watched) -> None:
        ran = watched.run("can", "a", "select", "b.c", "--source", source, "--mode", "off")
        watched.assert_refused(ran, word)
        assert SECRET not in ran.err

    def test_a_server_that_is_not_there(self, watched: Watched) -> None:
        source = f"metastore+postgresql://u:{SECRET}@127.0.0.1:1/db"
        ran = watched.run("audit", "--source", source, "--mode", "legacy")
        watched.assert_refused(ran, "127.0.0.1")
        assert SECRET not in ran.err + everything_stored(watched.lake.data)

    def test_a_wrong_password(self, watched: Watched, postgres_url: FreshDatabase) -> None:
        server, _, database = postgres_url().rpartition("/")
        host = server.rpartition("@")[2]
        source = f"metastore+postgresql://nobody:{SECRET}@{host.rpartition('/')[2]}/{database}"
        ran = watched.run("audit", "--source", source, "--mode", "legacy")
        watched.assert_refused(ran, "source-unreadable")
        assert SECRET not in ran.err + everything_stored(watched.lake.data)

    def test_a_lake_nobody_knows(self, watched: Watched) -> None:
        watched.assert_refused(watched.run("audit", "--lake", "nope"), "'nope'", "known: main")

    def test_a_lake_and_a_source(self, watched: Watched) -> None:
        ran = watched.run("audit", "--lake", "main", "--source", watched.lake.source)
        watched.assert_refused(ran, "Give one of them")

    @pytest.mark.parametrize("command", ["audit", "can", "who-can", "what-can", "lineage"])
    @pytest.mark.parametrize(
        ("mode", "words"), [("ranger", "Ranger decides"), ("auto", "Give --mode")]
    )
    def test_modes_that_cannot_be_judged(
        self, watched: Watched, command: str, mode: str, words: str
    ) -> None:
        asked = {
            "audit": [],
            "can": ["ann", "select", "hr_payroll.salaries"],
            "who-can": ["select", "hr_payroll.salaries"],
            "what-can": ["ann"],
            "lineage": ["hr_payroll.salaries"],
        }[command]
        ran = watched.run(command, *asked, "--mode", mode)
        watched.assert_refused(ran, "mode-unknown", words)
        crawled = watched.run(command, *asked, "--source", watched.lake.source, "--mode", mode)
        watched.assert_refused(crawled, "mode-unknown", words)


class TestThePolicies:
    @pytest.mark.parametrize(
        ("file", "old", "new", "words"),
        [
            ("policy.csv", "\np, ", "\np, user:x, payroll\np, ", ("policy.csv:",)),
            ("policy.csv", "\np, ", "\np, user:x, payrol, select, allow\np, ", ("payrol",)),
            ("policy.csv", "\np, ", "\np, user:x, payroll, selekt, allow\np, ", ("selekt",)),
            ("policy.csv", "\np, ", "\np, nobody, payroll, select, allow\np, ", ("nobody",)),
            ("model.conf", "m = ", "m = ) ", ("model.conf",)),
            ("model.conf", "[matchers]", "[matters]", ("model.conf",)),
            ("classes.yaml", "classes:", "classes: [", ("classes.yaml",)),
            ("classes.yaml", "tier: restricted", "tier: secret", ("classes.yaml", "secret")),
            ("severity.yaml", "SEV0", "SEV9", ("severity.yaml", "SEV9")),
        ],
    )
    def test_broken(
        self, watched: Watched, file: str, old: str, new: str, words: tuple[str, ...]
    ) -> None:
        watched.edit(file, old, new)
        ran = watched.audit()
        watched.edit(file, new, old)
        assert ran.err.startswith("lakewarden: bad-policy: ")
        assert f"policies/{file}" in ran.err
        watched.assert_refused(ran, *words)

    def test_no_policies(self, watched: Watched) -> None:
        (watched.policies / "policy.csv").write_text("# none yet\n", encoding="utf-8")
        ran = watched.audit()
        assert ran.code == 2
        assert "policy.csv" in ran.err

    @pytest.mark.parametrize("file", ["policy.csv", "model.conf", "classes.yaml", "severity.yaml"])
    def test_a_file_is_missing(self, watched: Watched, file: str) -> None:
        (watched.policies / file).rename(watched.policies / "away")
        ran = watched.audit()
        assert (ran.code, file in ran.err) == (2, True)
        (watched.policies / "away").rename(watched.policies / file)
        watched.assert_refused(ran, "bad-policy")

    def test_no_folder(self, watched: Watched) -> None:
        ran = watched.run("audit", "--policies", "/nowhere/policies")
        watched.assert_refused(ran, "bad-policy", "/nowhere/policies")


class TestTheDirectory:
    @pytest.mark.parametrize(
        ("row", "words"),
        [
            ("zoe,person", ("line 2", "2 fields")),
            ("zoe,robot,true", ("line 2", "robot")),
            ("zoe,person,maybe", ("line 2", "maybe")),
            (",person,true", ("line 2", "empty")),
            ('"zoe,person,true', ("users.csv",)),
        ],
    )
    def test_a_bad_row(self, watched: Watched, row: str, words: tuple[str, ...]) -> None:
        watched.lake.people.insert(0, row)
        watched.lake.write_people()
        watched.assert_refused(watched.audit(), "directory-unreadable", "users.csv", *words)

    def test_bytes_that_are_no_text(self, watched: Watched) -> None:
        users = watched.lake.folder / "people" / "users.csv"
        users.write_bytes(users.read_bytes() + b"\xff\xfe,person,true\n")
        watched.assert_refused(watched.audit(), "directory-unreadable", "line 14", "UTF-8")

    def test_no_folder(self, watched: Watched) -> None:
        shutil.rmtree(watched.lake.folder / "people")
        watched.assert_refused(watched.audit(), "directory-unreadable", "people")

    def test_nobody_in_it(self, watched: Watched) -> None:
        watched.lake.people.clear()
        watched.lake.write_people()
        watched.assert_incomplete(watched.audit(), "NOT SEEN, AND IN DOUBT")

    def test_no_directory_at_all(self, watched: Watched) -> None:
        text = watched.lake.config.read_text("utf-8").replace("directory = ", "# directory = ")
        watched.lake.config.write_text(text, encoding="utf-8")
        watched.assert_incomplete(watched.audit(), "no directory of people")
