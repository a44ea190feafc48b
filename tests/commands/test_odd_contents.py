"""Names, texts and secrets in a lake that nobody should have put there."""

import csv
from pathlib import Path

import pytest

from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run
from tests.commands.stored import everything_stored
from tests.commands.watched import Watched

SECRET = "hunter2-very-secret"

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

        assert "unknown name" in ask("who-can", "select", place).out
        explained = ask("explain", name, "select", f"{place}.{quoted}")
        assert explained.out.startswith("allowed: ")
        assert "is a member of role" in explained.out
        if name in ODD_NAMES[3:7]:
            assert ask("what-can", name).lines[2:]
            assert ask("lineage", place).out

    def test_csv_reports_hold_no_formula(self, odd_lake: HandLake) -> None:
        ran = run("audit", "--format", "csv", config=odd_lake.config)
        assert not [line for line in ran.lines if line.startswith(("=", '"='))]

    def test_a_batch_takes_them_all(self, odd_lake: HandLake, tmp_path: Path) -> None:
        questions = tmp_path / "questions.csv"
        with questions.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(("user", "right", "object"))
            for name in ODD_NAMES:
                quoted = "`" + name.replace("`", "``") + "`"
                writer.writerow((name, "select", f"{quoted}.{quoted}"))
                writer.writerow(("ann", "select", f"{quoted}.{quoted}"))
        ran = run("can", "--batch", questions, config=odd_lake.config)
        rows = list(csv.DictReader(ran.out.splitlines(keepends=True)))
        assert ran.code == 0
        answers = [(row["user"], row["answer"]) for row in rows]
        assert answers[::2] == [(name, "allowed") for name in ODD_NAMES]
        assert answers[1::2] == [("ann", "denied")] * len(ODD_NAMES)


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
