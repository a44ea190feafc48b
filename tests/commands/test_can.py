"""`lakewarden can`: one question and files of them."""

import csv
import io
import shutil
from pathlib import Path
from time import perf_counter

import pytest

from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run

HEADER = "user,right,object\n"


def test_one_question(audited: HandLake) -> None:
    ran = run("can", "ann", "select", "hr_payroll.salaries", config=audited.config)
    assert (ran.code, ran.out) == (
        0,
        "allowed: SELECT to user ann (TBL_PRIVS 1); policy allows it\n",
    )
    ran = run("can", "bob", "SELECT", "HR_Payroll.Salaries", config=audited.config)
    assert ran.out == ("allowed: SELECT to role readers (TBL_PRIVS 2); policy does not allow it\n")
    ran = run("can", "dan", "select", "hr_payroll.salaries", config=audited.config)
    assert ran.out == "denied: no grant reaches the user; policy does not allow it\n"


def test_as_json(audited: HandLake) -> None:
    asked = ("can", "ann", "select", "hr_payroll.salaries.net_salary", "--format", "json")
    assert run(*asked, config=audited.config).json == {
        "user": "ann",
        "right": "select",
        "object": "hr_payroll.salaries.net_salary",
        "answer": "allowed",
        "permitted": "yes",
        "because": "SELECT to user ann (TBL_PRIVS 1)",
    }


def test_what_is_not_there_is_unknown(audited: HandLake) -> None:
    ran = run("can", "ann", "select", "hr_payroll.bonus", config=audited.config)
    assert ran.code == 2
    assert ran.out.startswith("unknown: hr_payroll.bonus is not in the snapshot of main.")


@pytest.mark.parametrize(
    ("asked", "word"),
    [
        ((), "Give USER RIGHT OBJECT"),
        (("ann",), "Give USER RIGHT OBJECT"),
        (("ann", "select"), "Give USER RIGHT OBJECT"),
        (("", "select", "a.b"), "name is empty"),
        (("ann", "read", "a.b"), "read is not a right"),
        (("ann", "select", "a.b", "c"), "extra argument"),
        (("ann", "select", "a.b", "--format", "xml"), "xml"),
        (("ann", "--batch", "q.csv"), "not both"),
        (("--batch", "nowhere.csv"), "nowhere.csv"),
    ],
)
def test_misuse(audited: HandLake, asked: tuple[str, ...], word: str) -> None:
    ran = run("can", *asked, config=audited.config)
    assert (ran.code, ran.out) == (2, "")
    assert word in ran.err


@pytest.mark.parametrize("name", ["a..b", "`open.b", "", ".", "a.b.c.d", "a.b.c.d.e"])
def test_what_is_no_name_is_unknown(audited: HandLake, name: str) -> None:
    ran = run("can", "ann", "select", name, config=audited.config)
    assert (ran.code, ran.out.partition(":")[0]) == (2, "unknown")


@pytest.fixture(scope="module")
def two_catalogs(tmp_path_factory: pytest.TempPathFactory) -> HandLake:
    """The same name in two catalogs, and a database called like a catalog."""
    lake = HandLake(tmp_path_factory.mktemp("catalogs") / "lake")
    lake.table("hr_payroll", "salaries")
    lake.grant("SELECT", "USER", "ann", "hr_payroll.salaries")
    lake.table("hr_payroll", "salaries", catalog="spark")
    lake.grant("SELECT", "USER", "bob", "hr_payroll.salaries")
    lake.write()
    assert run("crawl", config=lake.config).code == 0
    return lake


@pytest.mark.parametrize(
    ("user", "name", "answer"),
    [
        ("ann", "hr_payroll.salaries", "allowed"),
        ("ann", "hive.hr_payroll.salaries.id", "allowed"),
        ("ann", "spark.hr_payroll.salaries", "denied"),
        ("bob", "spark.hr_payroll.salaries", "allowed"),
        ("bob", "SPARK.`HR_PAYROLL`.salaries.note", "allowed"),
        ("bob", "hr_payroll.salaries", "denied"),
        ("bob", "trino.hr_payroll.salaries", "unknown"),
    ],
)
def test_other_catalogs(two_catalogs: HandLake, user: str, name: str, answer: str) -> None:
    ran = run("can", user, "select", name, config=two_catalogs.config)
    assert ran.out.partition(":")[0] == answer


def batch(lake: HandLake, content: bytes, *more: str) -> Ran:
    """Ask through standard input."""
    return run("can", "--batch", "-", *more, config=lake.config, stdin=content)


class TestABatch:
    def test_gives_the_columns_and_three_more(self, audited: HandLake, tmp_path: Path) -> None:
        questions = tmp_path / "q.csv"
        questions.write_text(
            HEADER + "ann,select,hr_payroll.salaries\nbob,SELECT,Scratch.salaries_bak\n"
            "cleo,insert,plain.weather\nann,own,plain\nann,select,nowhere.x\n",
            encoding="utf-8",
        )
        ran = run("can", "--batch", questions, config=audited.config)
        assert ran.code == 2
        assert ran.out == (
            "user,right,object,answer,permitted,because\n"
            "ann,select,hr_payroll.salaries,allowed,yes,SELECT to user ann (TBL_PRIVS 1)\n"
            "bob,SELECT,Scratch.salaries_bak,allowed,no,SELECT to role public (TBL_PRIVS 3)\n"
            "cleo,insert,plain.weather,denied,no,no grant reaches the user\n"
            "ann,own,plain,denied,no,no grant reaches the user\n"
            'ann,select,nowhere.x,unknown,,"nowhere.x is not in the snapshot of main. '
            'Check the name, or crawl again if it is new"\n'
        )

    def test_as_json_is_a_list(self, audited: HandLake) -> None:
        ran = batch(audited, (HEADER + "ann,select,plain\n").encode(), "--format", "json")
        assert [row["user"] for row in ran.json] == ["ann"]

    @pytest.mark.parametrize(
        "content",
        [
            b"\xef\xbb\xbfuser,right,object\r\nann,select,hr_payroll.salaries\r\n",
            b"user,right,object\rann,select,hr_payroll.salaries",
            b"User, Right ,OBJECT,answer\n\nann, select ,hr_payroll.salaries,denied\n\n",
            b'"user","right","object"\n"ann","select","`hr_payroll`.`salaries`"\n',
        ],
        ids=["bom-crlf", "cr", "spaces-more-columns", "quoted"],
    )
    def test_however_it_was_saved(self, audited: HandLake, content: bytes) -> None:
        ran = batch(audited, content)
        assert (ran.code, ran.lines[1].split(",")[3]) == (0, "allowed")

    @pytest.mark.parametrize(
        ("content", "word"),
        [
            (b"", "standard input:1: the columns are missing"),
            (b"\n\n", "standard input:1: the columns are missing"),
            (b"user,object,right\n", ":1: the columns are user,object,right"),
            (b"ann,select,a.b\n", "The first line must be user,right,object"),
            (b"user;right;object\nann;select;a.b\n", "The first line must be"),
            (b"user,right,object\n", "asks nothing"),
            (b"user,right,object\nann,select\n", ":2: 2 fields"),
            (b"user,right,object\nann,select,a.b\n\nann,read,a.b\n", ":4: read is not a right"),
            (b"user,right,object\n,select,a.b\n", ":2: the user is empty"),
            (b'user,right,object\nann,select,"a.b\n', "no CSV"),
            (b'user,right,object\nann,select,"a".b\n', ":2: this is no CSV"),
            (b"user,right,object\nann,select,\xff\xfe\n", ":2: a byte that is not UTF-8"),
            ("user,right,object\nann,select,a.b\n".encode("utf-16"), ":1: a byte"),
            (b"user,right,object\nann,select," + b"x" * 200_000 + b"\n", "field larger"),
        ],
    )
    def test_a_broken_file_names_its_line(
        self, audited: HandLake, content: bytes, word: str
    ) -> None:
        ran = batch(audited, content)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("lakewarden: bad-name: ")
        assert word in ran.err

    def test_names_with_line_breaks_come_back_whole(self, audited: HandLake) -> None:
        names = ["a\nb", "a\r\nb", "a\u2028b", "a\x0bb", 'a"b', "a,b", "\u202ea"]
        text = io.StringIO(newline="")
        writer = csv.writer(text)
        writer.writerows(
            [("user", "right", "object"), *((name, "lock", "plain") for name in names)]
        )
        ran = batch(audited, text.getvalue().encode())
        rows = list(csv.DictReader(io.StringIO(ran.out, newline="")))
        assert ran.code == 0
        assert [(row["user"], row["answer"]) for row in rows] == [
            (name, "allowed") for name in names
        ]

    def test_whom_only_policy_names_is_himself_among_many_others(
        self, audited: HandLake, tmp_path: Path
    ) -> None:
        """The first questions are asked of Casbin one by one, the others of the compiled judge."""
        policies = tmp_path / "policies"
        shutil.copytree(starter_policies(), policies)
        with (policies / "policy.csv").open("a", encoding="utf-8") as file:
            file.write("p, user:joiner, payroll, *, allow\ng, user:starter, group:hr-payroll\n")
        right = ("select", "insert", "update", "delete", "alter", "drop", "index", "lock")
        others = [(user, each) for user in ("ann", "bob", "cleo", "dan") for each in right]
        asked = [("joiner", "insert"), *others, ("joiner", "select"), ("starter", "select")]
        asked += [("starter", "insert"), ("nobody", "select")]
        lines = "".join(f"{user},{each},hr_payroll.salaries\n" for user, each in asked)
        ran = batch(audited, (HEADER + lines).encode(), "--policies", str(policies))
        said = [(row["user"], row["permitted"]) for row in csv.DictReader(io.StringIO(ran.out))]
        assert said[0] == ("joiner", "yes")
        assert said[-4:] == [
            ("joiner", "yes"),
            ("starter", "yes"),
            ("starter", "no"),
            ("nobody", "no"),
        ]

    def test_ten_thousand_questions_are_answered_at_once(self, audited: HandLake) -> None:
        objects = ("hr_payroll.salaries", "plain.weather", "scratch.salaries_bak", "plain")
        lines = [
            f"user.{number % 500},{right},{objects[number % 4]}\n"
            for number, right in zip(range(10_000), ["select", "insert"] * 5000, strict=True)
        ]
        started = perf_counter()
        ran = batch(audited, (HEADER + "".join(lines)).encode())
        assert (ran.code, len(ran.lines)) == (0, 10_001)
        assert perf_counter() - started < 60


class TestWithoutPolicies:
    def test_the_engine_answers_and_the_rest_is_unknown(
        self, audited: HandLake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("LAKEWARDEN_CONFIG", raising=False)
        asked = ("can", "ann", "select", "hr_payroll.salaries")
        ran = run(*asked, "--source", audited.source, "--mode", "sql-standard")
        assert ran.code == 2
        assert ran.out == "allowed: SELECT to user ann (TBL_PRIVS 1)\n"
        assert "no folder of policies" in ran.err
        assert list(tmp_path.iterdir()) == []


class TestASourceInPlaceOfALake:
    def test_is_crawled_and_kept_nowhere(self, audited: HandLake, tmp_path: Path) -> None:
        settings = tmp_path / "lakewarden.toml"
        policies = audited.config.read_text("utf-8").splitlines()[1]
        settings.write_text(policies + "\n", encoding="utf-8")
        ran = run(
            *("can", "ann", "select", "hr_payroll.salaries", "--source", audited.source),
            *("--mode", "legacy", "--directory", audited.directory, "--groups", "directory"),
            config=settings,
        )
        assert (ran.code, ran.out.partition(":")[0]) == (0, "allowed")
        assert [path.name for path in tmp_path.iterdir()] == ["lakewarden.toml"]


def test_questions_are_in_the_trail(own: HandLake) -> None:
    trail = own.data / "questions.log"
    trail.unlink(missing_ok=True)
    assert run("can", "ann", "select", "plain.weather", config=own.config).code == 0
    assert '"question": "can"' in trail.read_text("utf-8")
    assert trail.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("groups", "answer", "code"),
    [("directory", "allowed", 0), ("none", "denied", 0), (None, "unknown", 2)],
)
def test_groups_count_when_the_engine_sees_them(
    groups: str | None, answer: str, code: int, tmp_path: Path
) -> None:
    lake = HandLake(tmp_path)
    lake.groups += ["staff"]
    lake.memberships += ["user,ann,staff"]
    lake.table("hr_payroll", "salaries")
    lake.grant("SELECT", "GROUP", "staff", "hr_payroll.salaries", AUTHORIZER="v1")
    lake.write(mode="legacy", groups=groups)
    asked = ("can", "ann", "select", "hr_payroll.salaries")
    assert run("crawl", config=lake.config).code == 0
    ran = run(*asked, config=lake.config)
    assert (ran.code, ran.out.partition(":")[0]) == (code, answer)


@pytest.mark.parametrize(
    ("mode", "dropped", "answers"),
    [
        ("legacy", "DB_PRIVS", ["allowed", "unknown"]),
        ("legacy", "TBL_COL_PRIVS", ["allowed", "unknown"]),
        ("legacy", "DC_PRIVS", ["allowed", "denied"]),
        ("sql-standard", "DB_PRIVS", ["allowed", "denied"]),
        ("sql-standard", "TBL_COL_PRIVS", ["allowed", "denied"]),
    ],
)
def test_a_denial_is_unknown_where_grants_that_count_were_not_read(
    own: HandLake, mode: str, dropped: str, answers: list[str]
) -> None:
    own.damage(f"DROP TABLE {dropped}")
    text = HEADER + "ann,select,hr_payroll.salaries\ndan,select,hr_payroll.salaries\n"
    given = ("--source", own.source, "--mode", mode, "--groups", "none")
    ran = run("can", "--batch", "-", *given, config=own.config, stdin=text.encode())
    assert [line.split(",")[3] for line in ran.lines[1:]] == answers
    assert ran.code == (2 if "unknown" in answers else 0)
    assert f"there is no table {dropped}" in ran.err


def test_without_a_directory_that_is_said(audited: HandLake) -> None:
    """Policy's groups are known to nobody then: its `no` may be for want of them."""
    where = ("--source", audited.source, "--mode", "sql-standard")
    asked = ("can", "ann", "select", "hr_payroll.salaries", *where)
    policies = ("--policies", str(starter_policies()))
    ran = run(*asked, *policies)
    assert "policy does not allow it" in ran.out
    assert "Not seen: directory: there is no directory of people" in ran.err
    assert "directory" not in run(*asked, *policies, "--directory", audited.directory).err


def test_a_membership_that_hive_cannot_read_is_the_reason(own: HandLake) -> None:
    own.damage("DELETE FROM ROLES WHERE ROLE_NAME = 'readers'")
    where = ("--source", own.source, "--mode", "sql-standard", "--directory", own.directory)
    asked = ("can", "bob", "select", "scratch.salaries_bak")
    ran = run(*asked, *where, "--policies", str(starter_policies()))
    assert ran.out.startswith("denied: a role membership that Hive cannot read makes it refuse;")


@pytest.mark.parametrize(
    ("groups", "answer"),
    [
        ((), "unknown: Hive cannot read a role membership of a group of his"),
        (("--groups", "none"), "allowed: SELECT to user ann"),
        (("--groups", "directory"), "denied: a role membership that Hive cannot read"),
    ],
)
def test_a_broken_membership_of_a_group_counts_as_far_as_groups_do(
    own: HandLake, groups: tuple[str, ...], answer: str
) -> None:
    own.member("GROUP", "hr-payroll", "readers")
    own.write()
    own.damage("DELETE FROM ROLES WHERE ROLE_NAME = 'readers'")
    where = ("--source", own.source, "--mode", "legacy", "--directory", own.directory, *groups)
    asked = ("can", "ann", "select", "hr_payroll.salaries")
    assert run(*asked, *where, "--policies", str(starter_policies())).out.startswith(answer)
