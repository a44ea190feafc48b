"""Texts that mean harm or are broken: a clear answer, never a traceback, never a pass."""

import random
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from app.core.statements.reading import MAX_STATEMENT_BYTES, read_statements
from app.core.statements.types import DIALECTS, NoEffect, Statement, Unparsed
from tests.core.statements.corpus_files import corpus

NESTED: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "SELECT " + "(" * n + "1" + ")" * n,
    "open brackets": lambda n: "SELECT " + "(" * n,
    "queries": lambda n: "SELECT * FROM (" * n + "t" + ") a" * n,
    "cases": lambda n: "SELECT " + "CASE WHEN " * n + "1" + " END" * n,
    "functions": lambda n: "SELECT " + "f(" * n + ")" * n,
    "subscripts": lambda n: "SELECT a" + "[0]" * n,
    "minuses": lambda n: "SELECT " + "- " * n + "1",
    "nots": lambda n: "SELECT " + "NOT " * n + "TRUE",
    "unions": lambda n: "SELECT 1" + " UNION ALL SELECT 1" * n,
    "ands": lambda n: "SELECT 1 WHERE 1" + " AND 1" * n,
    "a view": lambda n: "CREATE VIEW v AS SELECT " + "(" * n + "1" + ")" * n,
    "a copy": lambda n: "INSERT INTO t SELECT " + "(" * n + "1" + ")" * n,
    "a condition": lambda n: "DELETE FROM t WHERE " + "(" * n + "a" + ")" * n,
    "an explanation": lambda n: "EXPLAIN " * n + "SELECT 1",
    "array types": lambda n: "CREATE TABLE t (a " + "array<" * n + "int" + ">" * n + ")",
    "array types of Trino": lambda n: "CREATE TABLE t (a " + "array(" * n + "int" + ")" * n + ")",
    "struct types": lambda n: "CREATE TABLE t (a " + "struct<b:" * n + "int" + ">" * n + ")",
    "comments": lambda n: "/*" * n + "*/" * n + " GRANT SELECT ON t TO",
    "templates": lambda n: "GRANT SELECT ON " + "{{" * n + "x" + "}}" * n + " TO USER u",
    "a long name": lambda n: "GRANT SELECT ON " + "a." * n + "b TO USER u",
    "a long list": lambda n: "GRANT SELECT ON t TO " + "USER a, " * n + "b c",
    "hints": lambda n: "/*+ a */" * n + "GRANT SELECT ON t TO USER u",
}
#: What a text may hold a thousand times: it is long, not deep.
FLAT = ("minuses", "unions", "ands", "hints")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("shape", NESTED)
def test_a_thousand_levels_get_an_answer(dialect: str, shape: str) -> None:
    read = read_statements(NESTED[shape](1_000), file="x", dialect=dialect)

    assert len(read) == 1
    if shape not in FLAT:
        assert_not_passed(read)


@pytest.mark.parametrize(
    ("dialect", "shape"),
    [
        ("hive", "brackets"),
        ("hive", "comments"),
        ("hive", "a long name"),
        ("trino", "an explanation"),
        ("trino", "minuses"),
        ("databricks", "array types"),
    ],
)
def test_a_hundred_thousand_levels_get_an_answer(dialect: str, shape: str) -> None:
    read = read_statements(NESTED[shape](100_000), file="x", dialect=dialect)

    assert len(read) == 1
    assert_not_passed(read)


def assert_not_passed(read: list[Statement]) -> None:
    assert all(isinstance(each, Unparsed) for each in read)
    assert all(each.reason and each.guilty.end > 0 for each in read if isinstance(each, Unparsed))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    [
        "GRANT SELECT ON t TO USER `u",
        "SELECT 'a",
        'SELECT "a',
        "/* GRANT SELECT ON t TO USER u",
        "SELECT 1 /*",
        "GRANT SELECT ON t TO USER u /* never",
        "\x00",
        "GRANT SELECT\x00ON t TO USER u",
        "GRANT SELECT ON t\x00 TO USER u",
        "GRANT SELECT ON t TO USER u\x00",
        "GRANT SELECT ON t TO USER \ud800",
        "GRANT SELECT ON \udfff TO USER u",
        "GRANT\u00a0SELECT ON t TO USER u",
        "GRANT SELECT ON t TO USER u\u2028",
        "GRANT SELECT ON t TO USER u\u202e",
        "GRANT SELECT ON t TO USER u\ufeff",
        "GRANT SELECT ON t TO USER \uff35ser",
        "GRANT SELECT \u037e ON t TO USER u",
        ")",
        "(",
        ",",
        ".",
        "'a'",
        "`a`",
        '"a"',
        "1",
        "$",
        "{",
        "}",
        "{{",
        "{%",
        "{#",
        "${",
        "${}",
        "\\",
        "@",
        "--\nx",
    ],
)
def test_what_is_broken_is_said(dialect: str, text: str) -> None:
    read = read_statements(text, file="x", dialect=dialect)
    assert read
    assert_not_passed(read)


@pytest.mark.parametrize(("dialect", "ends"), [("hive", 0), ("databricks", 0), ("trino", 1)])
def test_a_backslash_keeps_a_string_open_where_the_engine_says_so(dialect: str, ends: int) -> None:
    text = "SELECT 'a\\'; GRANT SELECT ON t TO x; SELECT '\\'"
    read = read_statements(text, file="x", dialect=dialect)
    assert sum(type(each).__name__ == "Grant" for each in read) == ends


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "text",
    ["", " ", "\n\r\n\t", ";", ";;; ;", "-- x", "-- x;", "/* a */", "/* a */;-- b\n;", "\ufeff"],
)
def test_what_is_empty_holds_no_statement(dialect: str, text: str) -> None:
    assert read_statements(text, file="x", dialect=dialect) == []


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_after_what_is_broken_is_lost(dialect: str) -> None:
    text = "SELECT 1;\nSELECT 'a;\nGRANT SELECT ON t TO x;\n"
    first, broken = read_statements(text, file="x", dialect=dialect)

    assert isinstance(first, NoEffect)
    assert isinstance(broken, Unparsed)
    assert broken.text == "SELECT 'a;\nGRANT SELECT ON t TO x;"
    assert (broken.guilty.line, broken.guilty.column) == (2, 8)


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize("letter", ["a", "é", "\ud800"])
def test_a_statement_over_the_limit_is_not_read(dialect: str, letter: str) -> None:
    size = len(letter.encode("utf-8", "surrogatepass"))
    long = "SELECT '" + letter * (MAX_STATEMENT_BYTES // size) + "'"
    found = read_statements(f"SELECT 1;\n{long};\nSELECT 2", file="x", dialect=dialect)

    assert [type(each) for each in found] == [NoEffect, Unparsed, NoEffect]
    assert found[1].text == long
    assert "1,000,000 bytes" in getattr(found[1], "reason", "")


def test_a_grant_just_under_the_limit_is_read() -> None:
    head, tail = "GRANT SELECT ON t TO ", "USER last"
    many = "USER u1234567, " * ((MAX_STATEMENT_BYTES - len(head) - len(tail)) // 15)
    (found,) = read_statements(head + many + tail, file="x", dialect="hive")
    assert type(found).__name__ == "Grant"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_texts_torn_anywhere_get_an_answer(dialect: str) -> None:
    chance = random.Random(f"torn {dialect}")
    signs = "'\"`;()[]{}<>,.*/-+\\\n\r\t\x00\u00a0\ud800#$%@!=:?| aé0"
    for entry in corpus(dialect):
        for _ in range(6):
            text = entry.text
            for _ in range(chance.randint(1, 3)):
                at = chance.randrange(len(text) + 1)
                match chance.randrange(3):
                    case 0:
                        text = text[:at]
                    case 1:
                        text = text[:at] + chance.choice(signs) + text[at:]
                    case _:
                        text = text[:at] + text[at + chance.randint(1, 5) :]
            read = read_statements(text, file="x", dialect=dialect)
            assert all(each.text == text[each.span.start : each.span.end] for each in read)
            if text.strip() and not read:
                assert_only_comments(text)


def assert_only_comments(text: str) -> None:
    left = text.strip("; \n\r\t\ufeff")
    assert not left or left.startswith(("--", "/*"))


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(
    "piece",
    [
        "GRANT SELECT ON t TO u;\n",
        "SELECT 1;\n",
        "-- a comment\n",
        ";",
        "{{ x }} ",
        "SELECT '${x}';\n",
        "/* a */",
        "CREATE TABLE t (a int);\r\n",
        "garbage;",
        "é;",
    ],
)
def test_work_grows_with_the_text_and_no_faster(dialect: str, piece: str) -> None:
    def calls(times: int) -> int:
        return _calls(lambda: read_statements(piece * times, file="x", dialect=dialect))

    calls(10)  # what is made once is made
    small, large = calls(200), calls(400)
    assert large <= 2.2 * small + 200


def _calls(work: Callable[[], Any]) -> int:
    """How many calls of Python and C functions a piece of work takes."""
    count = 0

    def note(_frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(before)
    return count
