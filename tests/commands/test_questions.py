"""`who-can`, `what-can`, `explain` and `lineage` on a small lake: text and JSON."""

from collections.abc import Callable

import pytest

from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run

SALARIES = "hr_payroll.salaries"


Ask = Callable[..., Ran]


@pytest.fixture
def ask(audited: HandLake) -> Ask:
    """Runs a command on the audited lake."""
    return lambda *arguments: run(*arguments, config=audited.config)


class TestWhoCan:
    def test_in_text(self, ask: Ask) -> None:
        assert ask("who-can", "select", SALARIES).out == (
            "2 people can select hr_payroll.salaries\n"
            "Classes: payroll\n"
            "who       kind    active  policy allows  through\n"
            "--------  ------  ------  -------------  ------------\n"
            "user:ann  person  yes     yes            user:ann\n"
            "user:bob  person  yes     no             role:readers\n"
        )

    def test_with_paths(self, ask: Ask) -> None:
        lines = ask("who-can", "select", SALARIES, "--paths").lines
        assert lines[-3:] == [
            "user:bob:",
            "  user bob is a member of role readers (ROLE_MAP 1, by root on 2026-05-28 20:26:40Z)",
            "  SELECT to role readers (TBL_PRIVS 2, by etl on 2026-05-28 20:26:40Z)",
        ]

    def test_as_json(self, ask: Ask) -> None:
        found = ask("who-can", "select", SALARIES, "--paths", "--format", "json").json
        assert (found["people"], found["everyone"], found["next_bit"]) == (2, False, None)
        assert [holder["subject"] for holder in found["holders"]] == ["user:ann", "user:bob"]
        assert found["holders"][1]["path"]["grant"]["source_row"] == 2

    def test_everyone(self, ask: Ask) -> None:
        ran = ask("who-can", "select", "scratch.salaries_bak", "--limit", "2")
        assert ran.lines[0] == (
            "everyone can select scratch.salaries_bak "
            "(10 people, 1 service, 1 leaver, 1 unknown name)"
        )
        assert ran.lines[-1] == "… and more: give --limit or --all (shown: 2)"
        assert len(ask("who-can", "select", "scratch.salaries_bak", "--all").lines) == 4 + 14

    def test_delegate_and_nobody(self, ask: Ask) -> None:
        assert ask("who-can", "delegate", SALARIES).lines[0].startswith("1 person can delegate")
        assert ask("who-can", "insert", SALARIES).out == (
            "0 people can insert hr_payroll.salaries\nClasses: payroll\n"
        )

    def test_in_history(self, ask: Ask) -> None:
        ran = ask("who-can", "select", SALARIES, "--between", "2020-01-01", "2099-12-31")
        assert ran.code == 0
        assert ran.lines[0] == "2 people could select hr_payroll.salaries in 1 run of that time"
        asked = ("who-can", "select", SALARIES, "--between", "2020-01-01", "2099-12-31")
        found = ask(*asked, "--format", "json").json
        assert found["about"]["people"] == 2
        assert [row["subject"] for row in found["rows"]] == ["user:ann", "user:bob"]

    @pytest.mark.parametrize(
        ("between", "word"),
        [
            (("yesterday", "2026-01-01"), "'yesterday' is no date"),
            (("2026-02-01", "2026-01-01"), "Give FROM before TO"),
            (("2019-01-01", "2019-02-01"), "no whole run from then"),
        ],
    )
    def test_times_that_cannot_be(self, ask: Ask, between: tuple[str, str], word: str) -> None:
        ran = ask("who-can", "select", SALARIES, "--between", *between)
        assert (ran.code, word in ran.err) == (2, True)


class TestWhatCan:
    def test_in_text(self, ask: Ask) -> None:
        assert ask("what-can", "ann").out == (
            "object                answer   policy allows  classes  through\n"
            "--------------------  -------  -------------  -------  -----------\n"
            "hr_payroll.salaries   allowed  yes            payroll  user:ann\n"
            "scratch.salaries_bak  allowed  yes            payroll  role:public\n"
        )

    def test_only_what_policy_does_not_allow(self, ask: Ask) -> None:
        found = ask("what-can", "gone", "--not-allowed", "--format", "json").json
        assert [row["object"] for row in found["rows"]] == ["plain.weather", "scratch.salaries_bak"]
        assert ask("what-can", "ann", "--not-allowed").out == (
            "ann can select nothing that policy does not allow.\n"
        )

    def test_goes_on_where_it_stopped(self, ask: Ask) -> None:
        first = ask("what-can", "ann", "--limit", "1", "--format", "json").json
        rest = ask("what-can", "ann", "--after", first["next"], "--format", "json").json
        assert [row["object"] for row in (*first["rows"], *rest["rows"])] == [
            SALARIES,
            "scratch.salaries_bak",
        ]
        assert ask("what-can", "ann", "--after", "here").code == 2

    def test_a_name_nobody_knows(self, ask: Ask) -> None:
        ran = ask("what-can", "stranger")
        assert ran.code == 0
        assert ran.lines[0].startswith("Neither the directory nor the lake has the name stranger")


class TestExplain:
    def test_in_text(self, ask: Ask) -> None:
        ran = ask("explain", "bob", "select", SALARIES)
        assert ran.code == 0
        assert ran.lines[:2] == [
            "allowed: SELECT to role readers (TBL_PRIVS 2)",
            "Policy does not allow it: no line does.",
        ]
        assert ran.lines[-3:] == [
            "Paths:",
            "  1. user bob is a member of role readers "
            "(ROLE_MAP 1, by root on 2026-05-28 20:26:40Z)",
            "     SELECT to role readers (TBL_PRIVS 2, by etl on 2026-05-28 20:26:40Z)",
        ]

    def test_the_line_that_allows_is_named(self, ask: Ask) -> None:
        ran = ask("explain", "ann", "select", SALARIES)
        assert ran.lines[1] == "Policy allows it:"
        assert "policies/policy.csv:" in ran.lines[2]

    def test_as_json(self, ask: Ask) -> None:
        found = ask("explain", "bob", "select", f"{SALARIES}.month", "--format", "json").json
        assert found["answer"]["answer"] == "allowed"
        assert found["paths"][0]["edges"][0]["of"] == ["ROLE", "readers"]

    def test_what_is_not_there(self, ask: Ask) -> None:
        ran = ask("explain", "bob", "select", "hr_payroll.nothing")
        assert (ran.code, "not-found" in ran.err) == (2, True)


class TestLineage:
    def test_in_text(self, ask: Ask) -> None:
        ran = ask("lineage", SALARIES)
        assert ran.code == 0
        assert ran.lines[0] == "hr_payroll.salaries (managed_table; payroll): 2 people can read it"
        assert ran.lines[4].split()[:5] == ["reporting.v_salaries", "view", "1", "1", "yes"]
        assert ran.lines[5].split()[:5] == ["scratch.salaries_bak", "copy", "1", "everyone", "yes"]
        assert ran.lines[6] == ("2 can be read by somebody who cannot read hr_payroll.salaries.")

    def test_as_json(self, ask: Ask) -> None:
        found = ask("lineage", "reporting.v_salaries", "--format", "json").json
        assert (found["kind"], found["people"], found["unparsed"]) == ("VIRTUAL_VIEW", 1, [])
        assert [(row["object"], row["wider"]) for row in found["upstream"]] == [(SALARIES, True)]
        assert found["downstream"] == []

    def test_a_column_is_asked_as_its_table(self, ask: Ask) -> None:
        assert ask("lineage", f"{SALARIES}.month").out == ask("lineage", SALARIES).out

    def test_alone(self, ask: Ask) -> None:
        assert "No view, copy or table" in ask("lineage", "plain.weather").out

    def test_of_a_database(self, ask: Ask) -> None:
        ran = ask("lineage", "hr_payroll")
        assert (ran.code, "is a database" in ran.err) == (2, True)
