"""Variables of templates take values, or the statement is said not to be understood."""

from typing import Any

import pytest

from app.core.statements.reading import read_statements
from app.core.statements.types import Grant, NoEffect, Statement, Unparsed

VALUES = {"who": "Ann", "table": "crm.accounts", "empty": "", "all": "USER a, ROLE b"}


def _read(text: str, dialect: str = "hive", **more: str) -> list[Statement]:
    return read_statements(text, file="x", dialect=dialect, variables=VALUES | more)


def _grant(text: str, **more: str) -> Grant:
    (found,) = _read(text, **more)
    assert isinstance(found, Grant), getattr(found, "reason", found)
    return found


def _refused(text: str, **more: str) -> Unparsed:
    (found,) = _read(text, **more)
    assert isinstance(found, Unparsed)
    return found


@pytest.mark.parametrize(
    "written", ["{{ who }}", "{{who}}", "${who}", "${hivevar:who}", "${hiveconf:who}"]
)
def test_a_variable_takes_its_value(written: str) -> None:
    text = f"GRANT SELECT ON t TO USER {written}, USER Bob"
    found = _grant(text)

    assert [each.name for each in found.principals] == ["Ann", "Bob"]
    ann, bob = (each.span for each in found.principals)
    assert text[ann.start : ann.end] == written
    assert text[bob.start : bob.end] == "Bob"
    assert found.text == text
    assert bob.column == bob.start + 1


def test_places_after_several_variables_are_those_of_the_file() -> None:
    text = "-- {{ nobody }}\nGRANT SELECT ON {{ table }}{{ empty }}\nTO {{ all }}, USER ${who}x;"
    found = _grant(text)

    assert found.object is not None
    assert (found.object.database, found.object.name) == ("crm", "accounts")
    assert text[found.object.span.start : found.object.span.end] == "{{ table }}"
    assert [(each.kind, each.name) for each in found.principals] == [
        ("USER", "a"),
        ("ROLE", "b"),
        ("USER", "Annx"),
    ]
    assert text[found.principals[0].span.start :].startswith("{{ all }}")
    last = found.principals[2].span
    assert (last.line, text[last.start : last.end]) == (3, "${who}x")


@pytest.mark.parametrize(
    ("text", "guilty", "why"),
    [
        ("GRANT SELECT ON t TO USER {{ nobody }}", "{{ nobody }}", "give --var nobody=…"),
        ("GRANT SELECT ON t TO USER ${nobody}", "${nobody}", "give --var nobody=…"),
        ("GRANT SELECT ON t TO USER ${hivevar:nobody}", "${hivevar:nobody}", "--var nobody=…"),
        ("GRANT SELECT ON t TO USER ${env:HOME}", "${env:HOME}", "the server only"),
        ("GRANT SELECT ON t TO USER ${system:user.name}", "${system:user.name}", "server only"),
        ("GRANT SELECT ON t TO USER {{ who | upper }}", "{{ who | upper }}", "an expression"),
        ("GRANT SELECT ON t TO USER {{ who", "{{", "does not end on its line"),
        ("{% if x %} GRANT SELECT ON t TO USER u", "{%", "a block of a Jinja template"),
        ("GRANT SELECT ON t TO USER u {# x #}", "{#", "a comment of a Jinja template"),
        ("GRANT SELECT ON t TO USER {{ inner }}", "{{ inner }}", "holds a template itself"),
        ("GRANT SELECT ON t TO USER ${inner}", "${inner}", "holds a variable itself"),
    ],
)
def test_what_has_no_certain_value_is_said(text: str, guilty: str, why: str) -> None:
    inner = {"inner": "{{ who }}" if "{{" in guilty else "${who}"}
    found = _refused(text, **inner)

    assert why in found.reason
    assert text[found.guilty.start : found.guilty.end] == guilty


@pytest.mark.parametrize("written", ["{{ evil }}", "${evil}"])
def test_a_value_cannot_hide_a_second_statement(written: str) -> None:
    read = _read(f"GRANT SELECT ON t TO USER {written}", evil="u; GRANT ALL ON t TO USER mallory")
    if written == "${evil}":  # Hive fills it in after the file was split: one broken statement
        assert [type(each) for each in read] == [Unparsed]
    else:
        assert [type(each) for each in read] == [Grant, Grant]


@pytest.mark.parametrize("written", ["{{ evil }}", "${evil}"])
def test_a_value_cannot_swallow_the_rest(written: str) -> None:
    read = _read(f"GRANT SELECT ON {written} TO USER u;\nSELECT 1", evil="t /*")
    assert any(isinstance(each, Unparsed) for each in read)


def test_a_block_is_never_passed_even_in_a_comment() -> None:
    read = _read("-- {% if prod %}\nSELECT 1;\n-- {% endif %}\nSELECT 2")
    assert [type(each) for each in read] == [Unparsed, Unparsed]


def test_only_comments_with_a_block_are_still_said() -> None:
    assert [type(each) for each in _read("SELECT 1;\n-- {% include 'x.sql' %}\n")] == [
        NoEffect,
        Unparsed,
    ]


def test_what_the_file_sets_wins_over_what_is_given() -> None:
    _, found = _read("SET hivevar:who=Zed;\nGRANT SELECT ON t TO USER ${who}")
    assert isinstance(found, Grant)
    assert found.principals[0].name == "Zed"


@pytest.mark.parametrize("dialect", ["trino", "databricks"])
def test_other_dialects_fill_in_too(dialect: str) -> None:
    for text in ("GRANT SELECT ON {{ table }} TO x", "GRANT SELECT ON ${table} TO x"):
        (found,) = _read(text, dialect)
        assert isinstance(found, Grant)
        assert found.object is not None
        assert found.object.name == "accounts"


def test_a_string_keeps_what_hive_leaves_as_it_is() -> None:
    text: Any = "SELECT '${a b}', '$ {x}', '$x'"
    assert [type(each) for each in _read(text)] == [NoEffect]
