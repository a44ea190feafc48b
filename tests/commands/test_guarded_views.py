"""Views marked `Authorized=false`: Hive 4 asks for what is under them as well.

What is expected here is what a Hive 4.0.1 answered on the same views, users and grants: the
mark counts under SQL-standard authorization, and not under legacy.
"""

from pathlib import Path

import pytest

from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run

TEXTS = {
    "v_plain": "SELECT `base`.`id` FROM `hr_payroll`.`base`",
    "v_marked": "SELECT `base`.`id` FROM `hr_payroll`.`base`",
    "v_upper": "SELECT `base`.`id` FROM `hr_payroll`.`base`",
    "v_true": "SELECT `base`.`id` FROM `hr_payroll`.`base`",
    "v_over_marked": "SELECT `v_marked`.`id` FROM `hr_payroll`.`v_marked`",
    "v_marked_over_plain": "SELECT `v_plain`.`id` FROM `hr_payroll`.`v_plain`",
    "v_both": "SELECT `a`.`id` FROM `hr_payroll`.`v_marked` `a` "
    "JOIN `hr_payroll`.`v_plain` `b` ON `a`.`id`=`b`.`id`",
    "v_broken": "SELECT FROM WHERE `hr_payroll`.`base`",
}
MARKS = {
    "v_marked": "false",
    "v_upper": "FALSE",
    "v_true": "true",
    "v_marked_over_plain": "false",
    "v_broken": "false",
}
#: user → what is granted to him
GRANTED = {
    "views": tuple(TEXTS),
    "over": ("v_over_marked", "v_marked_over_plain"),
    "overbase": ("v_over_marked", "v_marked_over_plain", "base"),
    "overplain": ("v_over_marked", "v_marked_over_plain", "v_plain"),
    "base": ("base",),
}
#: user → the views which Hive lets him read under SQL-standard
READS = {
    "views": {"v_plain", "v_true", "v_marked_over_plain"},
    "over": set(),
    "overbase": {"v_over_marked"},
    "overplain": {"v_plain", "v_marked_over_plain"},
    "base": set(),
}


@pytest.fixture
def lake(tmp_path: Path) -> HandLake:
    lake = HandLake(tmp_path / "lake")
    lake.people = [f"{user},person,true" for user in GRANTED]
    lake.table("hr_payroll", "base", ("id",))
    for name, text in TEXTS.items():
        lake.view("hr_payroll", name, text)
    numbers = {row["TBL_NAME"]: row["TBL_ID"] for row in lake.rows["TBLS"]}
    lake.rows["TABLE_PARAMS"] += [
        {"TBL_ID": numbers[name], "PARAM_KEY": "Authorized", "PARAM_VALUE": value}
        for name, value in MARKS.items()
    ]
    for user, tables in GRANTED.items():
        for table in tables:
            lake.grant("SELECT", "USER", user, f"hr_payroll.{table}")
    return lake.write()


def ask(lake: HandLake, mode: str, *question: str) -> Ran:
    """Ask the lake itself, crawled for the question."""
    where = ("--source", lake.source, "--mode", mode, "--directory", lake.directory)
    return run(*question, *where, "--policies", str(starter_policies()))


@pytest.mark.parametrize("mode", ["sql-standard", "legacy"])
@pytest.mark.parametrize("user", GRANTED)
def test_can_answers_as_hive(lake: HandLake, user: str, mode: str) -> None:
    for name in TEXTS:
        answer = ask(lake, mode, "can", user, "select", f"hr_payroll.{name}").out
        if mode == "legacy":
            expected = "allowed" if name in GRANTED[user] else "denied"
        elif name == "v_broken":
            expected = "unknown" if user == "views" else "denied"
        else:
            expected = "allowed" if name in READS[user] else "denied"
        assert answer.partition(":")[0] == expected, (name, answer)


def test_the_reason_names_what_is_lacking(lake: HandLake) -> None:
    said = ask(lake, "sql-standard", "can", "over", "select", "hr_payroll.v_over_marked").out
    assert said.startswith("denied: Hive asks for what is under the view too (Authorized=false)")
    assert "he may not surely read hr_payroll.base" in said
    said = ask(lake, "sql-standard", "can", "views", "select", "hr_payroll.v_broken").out
    assert "its text does not tell all of that" in said


def test_every_question_and_the_audit_agree(lake: HandLake) -> None:
    mode = "sql-standard"
    for user, names in READS.items():
        held = ask(lake, mode, "what-can", user, "--format", "json").json
        views = {row["object"] for row in held["rows"] if row["answer"] == "allowed"}
        expected = {f"hr_payroll.{name}" for name in names}
        assert views - {"hr_payroll.base"} == expected, user
    who = ask(lake, mode, "who-can", "select", "hr_payroll.v_over_marked", "--format", "json").json
    assert [holder["subject"] for holder in who["holders"]] == ["user:overbase"]
    assert run("audit", config=lake.config).code == 2  # v_broken's text cannot be read
    found = run("exposures", "--kind", "not-allowed", "--format", "json", config=lake.config).json
    people = {row["table"]: row["people"] for row in found["exposures"] if row["table"] != "base"}
    readers = {name: sum(name in names for names in READS.values()) for name in TEXTS}
    assert people == {name: count for name, count in (readers | {"v_broken": 1}).items() if count}
