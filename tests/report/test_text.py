"""Plain text: it fits, it is safe to print, and it says what there is to say."""

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.run_report import RunReport
from app.report.findings import pick
from app.report.mend_phrases import in_lines
from app.report.phrases import counted, listed, opening_sentence, who_can
from app.report.registry import stream
from app.report.text_table import display_width, text_table, wrapped
from tests.report.reports_by_hand import (
    JUNE_OPENING,
    clean_report,
    empty_report,
    exposure,
    gaps_report,
    hostile_report,
    large_report,
    posture,
    report,
)

_REPORTS = [hostile_report, empty_report, clean_report, gaps_report, lambda: large_report(50)]


def _text(said: RunReport, *, colour: bool = False, width: int = 80) -> str:
    return b"".join(stream("text", said, colour=colour, width=width)).decode()


def _in_one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("width", [60, 80, 100, 140])
@pytest.mark.parametrize("made", _REPORTS)
def test_it_fits(made: Callable[[], RunReport], width: int) -> None:
    assert max(display_width(line) for line in _text(made(), width=width).splitlines()) <= width


@pytest.mark.parametrize("made", _REPORTS)
def test_nothing_in_it_commands_a_terminal(made: Callable[[], RunReport]) -> None:
    letters = set(_text(made())) - {"\n"}
    assert {letter for letter in letters if unicodedata.category(letter)[0] == "C"} == set()


@pytest.mark.parametrize("made", _REPORTS)
def test_colour_only_repeats_the_words(made: Callable[[], RunReport]) -> None:
    coloured = _text(made(), colour=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == _text(made())


def test_the_widest_opening_comes_first_and_in_words() -> None:
    text = _in_one_line(_text(hostile_report()))
    said = (
        "role people_analytics_convenience was granted to role public by marcus.oyelaran on "
        "2026-06-09 (ROLE_MAP 4711): everyone (3,350 people) can select 45,000 tables of "
        "employee-keystrokes, employee-messages and performance."
    )
    assert said in text
    assert text.index(said) < text.index("8 exposures on 5 tables")


def test_an_incomplete_report_says_so_at_both_ends() -> None:
    text = _text(gaps_report())
    assert "INCOMPLETE" in text.splitlines()[0]
    assert "This report is incomplete: 6 gaps" in _in_one_line(text)
    assert text.splitlines()[-1].startswith("Exit 2: 6 gaps put the report in doubt")


def test_an_empty_lake_is_not_called_clean() -> None:
    text = _text(empty_report())
    assert "No table was found in this lake, so nothing could be judged." in text
    assert "Exit 2" in text
    assert "Exit 0" not in text


def test_a_clean_lake_is_told_apart_from_one_half_read() -> None:
    assert "No exposure was found among 10 tables." in _text(clean_report())
    half = report(posture(complete=False, exit_code=2, reasons=["a gap"]), [])
    assert "No exposure was found in what could be read of 10 tables" in _text(half)


def test_changes_are_listed_and_the_rest_counted() -> None:
    rows = [exposure(number, f"db.t{number}", status="opened") for number in range(12)]
    text = _text(report(posture(exit_code=1, reasons=["open"]), rows))
    assert "opened 12" in text
    assert "and 7 opened more" in text
    assert "baseline" not in text.lower()


def test_rows_are_sorted_into_what_the_report_names() -> None:
    found = pick(hostile_report(), tables=2, others=5, changes=5)
    assert [row["id"][-1] for row in found.tables.rows] == ["1", "2"]
    assert found.tables.left_out == 3
    assert [row["id"][-1] for row in found.lake.rows] == ["6"]
    assert [row["id"][-1] for row in found.leavers.rows] == ["7"]
    assert [row["id"][-1] for row in found.unknown_names.rows] == ["8"]
    assert {status: each.count for status, each in found.changes.items() if each.count} == {
        "opened": 1
    }


def test_an_opening_of_one_table_is_singular() -> None:
    one = {**JUNE_OPENING, "everyone": False, "people": 1, "tables": 1, "granted_by": None}
    said = opening_sentence({**one, "since": None, "path_rows": [""]}, posture())
    assert said.startswith("role people_analytics_convenience was granted to role public: ")
    assert "1 person can select 1 table of" in said


def test_who_can_is_everyone_or_counted() -> None:
    counted_row = exposure(1, "db.t", people=1, services=2, opaque_groups=1, in_doubt=True)
    said = who_can(counted_row, posture())
    assert said == "1 person, 2 services and 1 group of unknown size, in doubt"
    most = exposure(1, "db.t", people=3_300, everyone=True)
    assert who_can(most, posture()) == "everyone (3,300 of 3,350 people)"
    assert who_can(exposure(1, "db.t"), posture()) == "nobody counted"


def test_of_a_few_those_against_policy_are_counted() -> None:
    few = {**JUNE_OPENING, "everyone": False, "form": "grants", "people": 45, "tables": 2}
    assert opening_sentence({**few, "wrong_people": 2}, posture()).endswith(
        "was granted rights directly: 2 people can select 2 tables of employee-keystrokes, "
        "employee-messages and performance, against policy"
    )
    assert ": 45 people can select 2 tables" in opening_sentence(few, posture())


def test_authorization_off_is_said() -> None:
    off = {**JUNE_OPENING, "opening": "mode", "form": "mode", "path": []}
    said = opening_sentence(off, posture())
    assert said.startswith("authorization is off, so Hive checks nothing: everyone")


def test_counts_and_lists_in_words() -> None:
    assert counted(1, "person") == "1 person"
    assert counted(1_234_567, "person") == "1,234,567 people"
    assert counted(0, "table") == "0 tables"
    assert listed(["a"]) == "a"
    assert listed(["a", "b", "c"]) == "a, b and c"
    assert listed(list("abcdef")) == "a, b, c, d, e and f"
    assert listed(list("abcdefg")) == "a, b, c, d, e and 2 more"


def test_a_table_of_rows() -> None:
    table = text_table(("right", "tables", "to all"), [("select", 45_000, True), ("own", None, 0)])
    assert table == (
        "right   tables  to all\n"
        "------  ------  ------\n"
        "select  45,000  yes\n"
        "own          -  0\n"
    )  # fmt: skip


def test_a_table_that_cannot_fit_becomes_records() -> None:
    table = text_table(("object", "principal", "privilege"), [("db.t", "role:x", "SELECT")], 20)
    assert table == "object: db.t\nprincipal: role:x\nprivilege: SELECT\n\n"


_CELLS = st.text(st.characters(codec="utf-8"), max_size=40)


@given(st.lists(st.tuples(_CELLS, _CELLS), max_size=5), st.integers(20, 120))
def test_any_table_fits(rows: list[tuple[str, str]], width: int) -> None:
    table = text_table(("one", "two"), rows, width)
    assert max(map(display_width, table.split("\n"))) <= width
    assert all(letter == "\n" or unicodedata.category(letter)[0] != "C" for letter in table)


@given(_CELLS, st.integers(2, 30))
def test_wrapping_loses_nothing(text: str, width: int) -> None:
    assert "".join(wrapped(text, width)).replace(" ", "") == text.replace(" ", "")


def test_a_statement_is_broken_between_words_and_never_in_a_name() -> None:
    sql = "REVOKE SELECT ON TABLE `a  b c`.t FROM ROLE `x``y z`, USER `very long name indeed`;"
    lines = in_lines(sql, 24)
    assert len(lines) > 3
    assert all(line.count("`") % 2 == 0 for line in lines)
    assert " ".join(line.removeprefix("  ") for line in lines) == sql
    assert in_lines(sql, 1_000) == [sql]


def test_what_closes_it_stands_under_the_widest_opening_ready_to_copy() -> None:
    lines = _text(hostile_report(), width=100).splitlines()
    at = lines.index("      REVOKE ROLE people_analytics_convenience FROM ROLE public;")
    assert lines[at - 1] == "      SET ROLE ADMIN;"
    assert at < lines.index("EXPOSURES")


def test_a_name_that_would_have_to_be_escaped_makes_no_statement() -> None:
    text = _text(hostile_report())
    assert "its names hold characters that are not shown" in text
    assert "REVOKE SELECT ON TABLE db.t" not in text


def test_a_mend_that_was_not_made_is_said_and_how_to_have_it() -> None:
    text = _in_one_line(_text(hostile_report()))
    assert "No mend was made here: making it broke off" in text
    assert "This run drafted no mend." in _in_one_line(_text(gaps_report()))
    unplaced = posture(openings=[JUNE_OPENING], mends=[])
    said = _in_one_line(_text(report(unplaced, [exposure(1, "db.t")])))
    assert "No incident that could be seen is this opening's own" in said


def test_a_command_carries_the_settings_it_needs_and_is_not_broken() -> None:
    for width in (60, 80, 140):
        pieces = stream("text", hostile_report(), width=width, settings=" --config 'a b/c.toml'")
        text = b"".join(pieces).decode()
        assert "lakewarden incidents plan 2bdd0f1cd0f1ad75 --config 'a b/c.toml'\n" in text
