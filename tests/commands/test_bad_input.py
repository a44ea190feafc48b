"""Whatever is wrong with a lake, its people or its policies: said, exit 2, nothing resolved."""

import shutil
import sqlite3
from pathlib import Path

import pytest

from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run
from tests.commands.stored import everything_stored
from tests.conftest import FreshDatabase

SECRET = "hunter2-very-secret"


class Watched:
    """A lake that was audited once, so that there is something to lose."""

    def __init__(self, lake: HandLake) -> None:
        self.lake = lake
        self.policies = lake.folder / "policies"
        ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
        shutil.copytree(starter_policies(), self.policies, ignore=ignore)
        settings = self.lake.config.read_text("utf-8")
        settings = settings.replace(str(starter_policies()), "policies")
        self.lake.config.write_text(settings, encoding="utf-8")
        self.exposures = self._exposures()
        self.snapshots = self._snapshots()
        assert len(self.exposures) == 5

    def write(self) -> None:
        """Write the metastore and the directory again, with what was added."""
        self.lake.write_metastore()
        self.lake.write_people()

    def run(self, *arguments: str) -> Ran:
        """Run a command with the lake's settings."""
        return run(*arguments, config=self.lake.config)

    def audit(self) -> Ran:
        """Audit the lake."""
        return self.run("audit")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a policy file."""
        path = self.policies / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def assert_refused(self, ran: Ran, *words: str) -> None:
        """Nothing came of it: said with a mend, exit 2, and what was known stands."""
        assert ran.code == 2
        assert ran.out == ""
        assert ran.err.startswith("lakewarden: ")
        for word in words:
            assert word in ran.err
        assert self._exposures() == self.exposures
        assert self._snapshots() == self.snapshots
        assert "failed since" not in self.run("status").err

    def assert_incomplete(self, ran: Ran, *words: str) -> None:
        """It was judged as far as it could be, and nothing is clean or gone."""
        assert ran.code == 2
        for word in words:
            assert word in ran.out
        found = self.run("exposures", "--format", "json").json["exposures"]
        assert {row["id"] for row in found} >= set(self.exposures)
        assert self.run("exposures", "--status", "gone", "--format", "json").json["total"] == 0

    def _exposures(self) -> dict[str, str]:
        found = self.run("exposures", "--format", "json").json["exposures"]
        return {row["id"]: row["status"] for row in found}

    def _snapshots(self) -> list[str]:
        return sorted(path.name for path in (self.lake.data / "snapshots" / "main").iterdir())


@pytest.fixture
def watched(own: HandLake) -> Watched:
    return Watched(own)


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


ODD_NAMES = (
    "it's",
    'say "hi"',
    "a.b",
    "back`tick",
    "tab\tbell\x07esc\x1b[31m",
    "<script>alert(1)</script>",
    "\u202eright-to-left",
    "zero\u200bwidth",
    "new\nline",
    "=cmd|'/c calc'!a1",
    "日本語🔑",
    " pad ",
)


@pytest.fixture(scope="module")
def odd_lake(tmp_path_factory: pytest.TempPathFactory) -> HandLake:
    """Every odd name as database, table, column, user, role, owner, property."""
    lake = HandLake(tmp_path_factory.mktemp("odd") / "lake")
    lake.table("hr_payroll", "salaries", ODD_NAMES)
    for name in ODD_NAMES:
        lake.table(name, name, (name, "net_salary"), OWNER=name, properties={name: name})
        lake.role(name)
        lake.member("USER", name, name)
        lake.grant("SELECT", "ROLE", name, f"{name}.{name}", GRANTOR=name)
        lake.grant("SELECT", "USER", name, "hr_payroll.salaries", GRANTOR=name)
    lake.grant("SELECT", "ROLE", "public", "hr_payroll.salaries")
    lake.write()
    assert run("audit", config=lake.config).code == 1
    return lake


class TestNames:
    @pytest.mark.parametrize("output", ["text", "json", "ndjson", "csv", "html"])
    def test_no_report_is_broken_by_one(self, odd_lake: HandLake, output: str) -> None:
        ran = run("audit", "--format", output, config=odd_lake.config)
        assert ran.code == 1
        assert "<script>alert" not in ran.out or output != "html"
        if output in ("text", "html"):
            for letter in "\x07\x1b\u202e\u200b":
                assert letter not in ran.out

    @pytest.mark.parametrize("name", ODD_NAMES)
    def test_every_question_takes_them(self, odd_lake: HandLake, name: str) -> None:
        quoted = "`" + name.replace("`", "``") + "`"
        place = f"{quoted}.{quoted}"

        def ask(*question: str) -> Ran:
            ran = run(*question, config=odd_lake.config)
            assert ran.code == 0
            for letter in "\x07\x1b\u202e\u200b":
                assert letter not in ran.out
            return ran

        assert ask("can", name, "select", place).out.startswith("allowed: ")
        assert ask("can", name, "select", f"{place}.{quoted}").out.startswith("allowed: ")
        assert ask("can", "ann", "select", place).out.startswith("denied: ")
        assert (
            "2 " in ask("who-can", "select", place).out
            or "0 people" in ask("who-can", "select", place).out
        )
        assert ask("what-can", name).lines[2:]
        assert "is a member of role" in ask("explain", name, "select", place).out
        assert ask("lineage", place).out

    def test_csv_reports_hold_no_formula(self, odd_lake: HandLake) -> None:
        ran = run("audit", "--format", "csv", config=odd_lake.config)
        assert not [line for line in ran.lines if line.startswith(("=", '"='))]

    def test_a_batch_takes_them_all(self, odd_lake: HandLake, tmp_path: Path) -> None:
        import csv

        questions = tmp_path / "questions.csv"
        with questions.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("user", "right", "object"))
            for name in ODD_NAMES:
                quoted = "`" + name.replace("`", "``") + "`"
                writer.writerow((name, "select", f"{quoted}.{quoted}"))
        ran = run("can", "--batch", questions, config=odd_lake.config)
        rows = list(csv.DictReader(ran.out.splitlines(keepends=True)))
        assert ran.code == 0
        assert [(row["user"], row["answer"]) for row in rows] == [
            (name, "allowed") for name in ODD_NAMES
        ]


class TestContents:
    def test_two_who_differ_in_case(self, watched: Watched) -> None:
        watched.lake.people += ["Ann,person,true", "ANN,person,true"]
        watched.lake.grant("SELECT", "USER", "Ann", "plain.weather")
        watched.write()
        assert watched.audit().code == 1
        answers = {
            name: watched.run("can", name, "select", "plain.weather").out.partition(":")[0]
            for name in ("ann", "Ann", "ANN")
        }
        assert answers == {"ann": "denied", "Ann": "allowed", "ANN": "denied"}

    def test_a_comment_of_a_megabyte_is_not_kept(self, watched: Watched) -> None:
        for row in watched.lake.rows["COLUMNS_V2"]:
            row["COMMENT"] = "c" * 1_000_000
        watched.lake.table("plain", "long", properties={"comment": "d" * 1_000_000})
        watched.write()
        assert watched.audit().code == 1
        stored = everything_stored(watched.lake.data)
        assert "c" * 100 not in stored
        assert "d" * 10_000 not in stored

    def test_a_password_in_a_location_or_property_is_never_stored(self, watched: Watched) -> None:
        watched.lake.table(
            "ext",
            "jdbc",
            location=f"s3a://key:{SECRET}@bucket/path",
            properties={
                "hive.sql.dbcp.password": SECRET,
                "hive.sql.jdbc.url": f"jdbc:mysql://h/d?user=u&password={SECRET}",
                "url": f"https://h/x?X-Amz-Signature={SECRET}",
                "fs.s3a.secret.key": SECRET,
            },
        )
        watched.lake.database("ext2", DB_LOCATION_URI=f"abfs://u:{SECRET}@host/db")
        watched.write()
        assert watched.audit().code == 1
        for output in ("json", "html"):
            assert SECRET not in watched.run("audit", "--format", output).out
        assert SECRET not in everything_stored(watched.lake.data)

    @pytest.mark.parametrize(
        "text",
        [
            "SELECT * FROM (" * 3000 + "SELECT net_salary FROM hr_payroll.salaries" + ")" * 3000,
            "SELECT " + "(" * 20_000 + "1" + ")" * 20_000 + " FROM hr_payroll.salaries",
            "SELECT " + "net_salary + " * 20_000 + "1 FROM hr_payroll.salaries",
            "SELECT CASE WHEN 1 THEN " * 5000 + "1 FROM hr_payroll.salaries",
            "this is no SQL, and names hr_payroll.salaries",
            "SELECT 'open FROM hr_payroll.salaries",
            "\x00\x01",
            "",
        ],
        ids=["subqueries", "brackets", "sum", "cases", "no-sql", "open", "control", "empty"],
    )
    def test_view_texts_nobody_should_write(self, watched: Watched, text: str) -> None:
        watched.lake.view("reporting", "v_odd", text, ("net_salary",))
        watched.write()
        ran = watched.audit()
        assert ran.code in (1, 2)
        assert "reporting.v_odd" in ran.out or ran.code == 1
        assert watched.run("lineage", "hr_payroll.salaries").code == 0
