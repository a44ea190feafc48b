"""What a view text says of its sources and columns, in three dialects."""

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core import sql
from app.core.view_text import (
    LEFT_OUT,
    PARSE_SCHEMA,
    VIEW,
    MemoryViewParses,
    ViewParse,
    WholeSource,
    parse_key,
    parse_rows,
    parse_view,
    scan_names,
)


def sources(parse: ViewParse) -> list[str]:
    return [
        ".".join(part for part in (one.catalog, one.database, one.table) if part)
        for one in parse.sources
    ]


def outputs(parse: ViewParse) -> list[tuple[str, list[str]]]:
    names = sources(parse)
    return [
        (one.name, sorted(f"{names[source]}.{column}" for source, column in one.columns))
        for one in parse.outputs
    ]


def others(parse: ViewParse) -> list[str]:
    names = sources(parse)
    return sorted(f"{names[source]}.{column}" for source, column in parse.other_columns)


Outputs = Sequence[tuple[str, Sequence[str]]]

FOLLOWED: list[tuple[str, str, list[str], Outputs]] = [
    (
        "hive",
        "SELECT `s`.`ID` AS `Who`, `s`.`amount` FROM `HR`.`Salaries` `s`",
        ["hr.salaries"],
        [("who", ["hr.salaries.id"]), ("amount", ["hr.salaries.amount"])],
    ),
    (
        "hive",  # as Hive expands a view with a column list
        "SELECT `id` AS `a`, `_c1` AS `b` FROM (SELECT `t`.`id`, upper(`t`.`ssn`) AS `_c1` "
        "FROM `hr`.`t`) `hr.v`",
        ["hr.t"],
        [("a", ["hr.t.id"]), ("b", ["hr.t.ssn"])],
    ),
    (
        "hive",
        "SELECT a, concat(b, c) AS bc, count(*) AS n FROM t GROUP BY a",
        ["t"],
        [("a", ["t.a"]), ("bc", ["t.b", "t.c"]), ("n", [])],
    ),
    (
        "hive",  # nobody says whose column it is
        "SELECT a FROM t JOIN u ON t.i = u.i",
        ["t", "u"],
        [("a", ["t.a", "u.a"])],
    ),
    (
        "hive",
        "SELECT a FROM t UNION ALL SELECT b FROM u UNION SELECT c FROM w",
        ["t", "u", "w"],
        [("a", ["t.a", "u.b", "w.c"])],
    ),
    (
        "hive",
        "WITH q AS (SELECT id AS c FROM hr.people), r AS (SELECT c AS d FROM q) "
        "SELECT r.d, s.x FROM r JOIN hr.sal s ON r.d = s.id",
        ["hr.people", "hr.sal"],
        [("d", ["hr.people.id"]), ("x", ["hr.sal.x"])],
    ),
    (
        "hive",  # inside its own CTE the name is the table
        "WITH t AS (SELECT a FROM t) SELECT a FROM t",
        ["t"],
        [("a", ["t.a"])],
    ),
    (
        "hive",
        "SELECT x.a, x.k FROM (SELECT * FROM hr.t) x",
        ["hr.t"],
        [("a", ["hr.t.a"]), ("k", ["hr.t.k"])],
    ),
    (
        "hive",
        "SELECT item, p.k FROM t LATERAL VIEW explode(t.items) e AS item "
        "LATERAL VIEW OUTER posexplode(t.pairs) p AS k, v",
        ["t"],
        [("item", ["t.items"]), ("k", ["t.pairs"])],
    ),
    (
        "hive",
        "SELECT (SELECT max(u.pay) FROM u WHERE u.i = t.i) AS top, t.a FROM t",
        ["t", "u"],
        [("top", ["u.pay"]), ("a", ["t.a"])],
    ),
    (
        "hive",
        "SELECT sum(pay) OVER (PARTITION BY team ORDER BY day) AS running FROM t",
        ["t"],
        [("running", ["t.day", "t.pay", "t.team"])],
    ),
    (
        "hive",
        "SELECT TRANSFORM (a, b) USING 'python x.py' AS (c, d) FROM t",
        ["t"],
        [("c", ["t.a", "t.b"]), ("d", ["t.a", "t.b"])],
    ),
    (
        "hive",  # a field of a struct, behind an alias and without one
        "SELECT t.address.city, address.street FROM t",
        ["t"],
        [("city", ["t.address"]), ("street", ["t.address", "t.street"])],
    ),
    (
        "hive",
        "SELECT t.a, u.b FROM (x.t JOIN x.u ON t.i = u.i)",
        ["x.t", "x.u"],
        [("a", ["x.t.a"]), ("b", ["x.u.b"])],
    ),
    (
        "spark",
        "SELECT a AS b, b + 1 AS c FROM spark_catalog.hr.t",
        ["spark_catalog.hr.t"],
        [
            ("b", ["spark_catalog.hr.t.a"]),
            ("c", ["spark_catalog.hr.t.a", "spark_catalog.hr.t.b"]),
        ],
    ),
    (
        "spark",
        "SELECT explode(m) AS (k, v), transform(xs, x -> x + a) AS ys FROM t",
        ["t"],
        [("k", ["t.m"]), ("v", ["t.m"]), ("ys", ["t.a", "t.xs"])],
    ),
    (
        "spark",
        "SELECT a, b FROM VALUES (1, 2) AS v (a, b)",
        [],
        [("a", []), ("b", [])],
    ),
    (
        "trino",
        'SELECT "s"."amount" AS "pay", n FROM lake."hr"."salaries" AS "s" '
        "CROSS JOIN UNNEST(s.notes, s.tags) AS u (n, t)",
        ["lake.hr.salaries"],
        [("pay", ["lake.hr.salaries.amount"]), ("n", ["lake.hr.salaries.notes"])],
    ),
    (
        "trino",
        "WITH RECURSIVE q (n, m) AS (SELECT a, b FROM t UNION ALL SELECT m, n FROM q) "
        "SELECT n FROM q",
        ["t"],
        [("n", ["t.a", "t.b"])],
    ),
    ("hive", "CREATE VIEW v AS SELECT a FROM t", ["t"], [("a", ["t.a"])]),
]


@pytest.mark.parametrize(("dialect", "text", "read", "made"), FOLLOWED)
def test_columns_are_followed_to_their_tables(
    dialect: str, text: str, read: list[str], made: Outputs
) -> None:
    parse = parse_view(text, dialect)
    assert parse.error == ""
    assert sources(parse) == read
    assert outputs(parse) == made
    assert parse.positional
    assert parse.reads_all_of == ()


def test_a_star_brings_every_column() -> None:
    parse = parse_view("SELECT s.*, upper(p.name) AS big FROM hr.sal s JOIN hr.people p")
    assert sources(parse) == ["hr.sal", "hr.people"]
    assert parse.reads_all_of == (WholeSource(0),)
    assert outputs(parse) == [("big", ["hr.people.name"])]
    assert not parse.positional


def test_a_star_through_a_derived_table_is_a_star() -> None:
    parse = parse_view("SELECT * FROM (SELECT * FROM a JOIN b) x")
    assert [sources(parse)[one.source] for one in parse.reads_all_of] == ["a", "b"]


def test_a_star_over_named_columns_is_those_columns() -> None:
    parse = parse_view("SELECT * FROM (SELECT a, b AS c FROM t) x")
    assert outputs(parse) == [("a", ["t.a"]), ("c", ["t.b"])]
    assert parse.positional


def test_columns_left_out_of_a_star_are_told() -> None:
    parse = parse_view("SELECT * EXCEPT (ssn, iban) FROM hr.people", "spark")
    assert parse.reads_all_of == (WholeSource(0, ("iban", "ssn")),)
    both = parse_view(
        "SELECT * EXCEPT (ssn, iban) FROM hr.people UNION ALL SELECT * EXCEPT (ssn) FROM hr.people",
        "spark",
    )
    assert both.reads_all_of == (WholeSource(0, ("ssn",)),)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT inline(xs), struct(t.*) FROM t",
        "SELECT * FROM t PIVOT (sum(pay) FOR year IN (2020, 2021))",
        "SELECT explode(m) FROM t",
    ],
)
def test_what_cannot_be_placed_belongs_to_the_whole_view(text: str) -> None:
    parse = parse_view(text, "spark")
    assert parse.error == ""
    assert sources(parse) == ["t"]
    assert [one.columns for one in parse.outputs if not one.name]
    assert not parse.positional


def test_a_table_given_to_a_function_is_read() -> None:
    parse = parse_view("SELECT * FROM TABLE(exclude(input => TABLE(hr.t)))", "trino")
    assert sources(parse) == ["hr.t"]
    assert outputs(parse) == [("", ["hr.t.*"])]


def test_columns_that_only_filter_join_or_sort_are_told_apart() -> None:
    parse = parse_view(
        "SELECT t.a FROM t JOIN u ON t.i = u.i WHERE t.ssn LIKE '1%' "
        "AND EXISTS (SELECT 1 FROM w WHERE w.k = t.k) GROUP BY t.a, t.g "
        "HAVING max(t.h) > 1 ORDER BY t.o"
    )
    assert outputs(parse) == [("a", ["t.a"])]
    assert others(parse) == ["t.g", "t.h", "t.i", "t.k", "t.o", "t.ssn", "u.i", "w.k"]


def test_the_views_own_dialect_comes_first_and_the_others_after() -> None:
    quoted = 'SELECT "ssn" FROM "hr"."people"'
    assert outputs(parse_view(quoted, "trino")) == [("ssn", ["hr.people.ssn"])]
    only_trino = 'SELECT t."a b" FROM "hr"."t" AS t CROSS JOIN UNNEST(ARRAY[1]) AS u (x)'
    assert sources(parse_view(only_trino, "hive")) == ["hr.t"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("SELECT a FROM", "line 1, column 13"),
        ("SELECT 'never closed FROM hr.people", ""),
        ("", "0 statements"),
        ("DROP TABLE hr.people", "no query"),
        ("SELECT 1; SELECT 2", "2 statements"),
        ("SELECT a FROM hr.people WHERE \x00 ~~ ((", ""),
        ("/* Presto View */", "0 statements"),
    ],
)
def test_a_broken_text_is_an_error_and_no_exception(text: str, said: str) -> None:
    parse = parse_view(text)
    assert parse.error
    assert said in parse.error
    assert parse.outputs == ()


TOKENS = [token for _, text, _, _ in FOLLOWED for token in text.split()]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from(TOKENS), max_size=12),
    st.sampled_from([text for _, text, _, _ in FOLLOWED]),
    st.integers(0, 200),
    st.sampled_from(["hive", "spark", "trino"]),
)
def test_no_text_is_an_exception(soup: list[str], text: str, cut: int, dialect: str) -> None:
    for mixed in (" ".join(soup), text[:cut] + " ".join(soup) + text[cut:], text[cut:]):
        parse = parse_view(mixed, dialect)
        assert parse_rows({"key": parse}).num_rows >= 1
        assert not (parse.error and parse.outputs)


def test_a_text_is_never_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert parse_view("CREATE VIEW v SELECT 'secret' FROM t ON").error
    assert "secret" not in caplog.text


def test_an_unreadable_text_still_names_tables() -> None:
    parse = parse_view('SELECT !! FROM `HR`.`pay roll` x, hr . people, lake."hr"."b"')
    assert parse.error
    assert {"hr.pay roll", "hr.people", "lake.hr.b"} <= set(sources(parse))
    assert [one.table for one in scan_names("FROM `a``b`")][-1] == "a`b"


DEEP = 3_000


@pytest.mark.parametrize("dialect", ["hive", "spark", "trino"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "(" * DEEP + "1" + ")" * DEEP,
        "SELECT " + "(" * DEEP,
        "SELECT " + "f(" * DEEP + "a" + ")" * DEEP + " FROM t",
        "SELECT * FROM " + "(SELECT * FROM " * DEEP + "t" + ") x" * DEEP,
        "SELECT " + "CASE WHEN a THEN " * DEEP + "1" + " END" * DEEP,
        "SELECT " + "NOT " * DEEP + "a",
        "SELECT " + "- " * DEEP + "a",
        "SELECT a" + "[1]" * DEEP + " FROM t",
        "SELECT CAST(a AS " + "ARRAY<" * DEEP + "INT" + ">" * DEEP + ")",
        "SELECT " + "x" * 1_000_000,
        "SELECT '" + "x" * 1_000_000 + "' FROM t",
        "SELECT " + ", ".join(f"c{number}" for number in range(200_000)),
    ],
)
def test_monstrous_texts_are_given_up_soon(text: str, dialect: str) -> None:
    began = time.monotonic()
    parse = parse_view(text, dialect)
    assert parse.error
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("dialect", ["hive", "spark", "trino"])
@pytest.mark.parametrize(
    "text",
    [
        "SELECT " + "CAST(a AS " + "ARRAY<" * 99 + "INT" + ">" * 99 + ") FROM t",
        "SELECT " + "f(" * 80 + "a" + ")" * 80 + " FROM t",
        "SELECT a FROM t" + " UNION ALL SELECT a FROM t" * 3_000,
        "SELECT " + "a + " * 10_000 + "1 FROM t",
        "SELECT " + ", ".join(f"c{number}" for number in range(5_000)) + " FROM t",
    ],
)
def test_large_texts_are_read(text: str, dialect: str) -> None:
    parse = parse_view(text, dialect)
    assert parse.error == ""
    assert sources(parse) == ["t"]


def test_ctes_that_double_one_another_are_given_up() -> None:
    doubling = "".join(
        f", q{n} AS (SELECT x.*, y.* FROM q{n - 1} x, q{n - 1} y)" for n in range(1, 60)
    )
    parse = parse_view(f"WITH q0 AS (SELECT a, b FROM t){doubling} SELECT * FROM q59")
    assert "tangled" in parse.error


def test_names_that_could_be_of_any_of_a_thousand_tables_are_given_up() -> None:
    tables = ", ".join(f"t{number}" for number in range(5_000))
    columns = ", ".join(f"c{number}" for number in range(5_000))
    assert "tangled" in parse_view(f"SELECT {columns} FROM {tables}").error


def test_the_steps_of_the_parser_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql, "STEPS_PER_TOKEN", -1_000)
    with pytest.raises(sql.SqlTextError, match="steps"):
        sql.parse_query("SELECT a, b, c FROM t", "hive")


def test_parses_are_kept_as_rows() -> None:
    texts = ["SELECT * EXCEPT (a) FROM hr.t", "SELECT a, b FROM hr.t", "SELECT FROM"]
    parses = {parse_key(text, "spark"): parse_view(text, "spark") for text in texts}
    rows = parse_rows(parses)
    assert rows.schema == PARSE_SCHEMA
    views = [row for row in rows.to_pylist() if row["fact"] == VIEW]
    assert [(row["output"], bool(row["name"])) for row in views] == [
        (-1, False),
        (2, False),
        (-1, True),
    ]
    assert [row["column"] for row in rows.to_pylist() if row["fact"] == LEFT_OUT] == ["a"]
    assert parse_rows({}).num_rows == 0
    memory = MemoryViewParses()
    memory.keep(rows)
    memory.keep(parse_rows({}))
    assert memory.known().equals(rows)


def test_a_key_is_of_a_text_in_a_dialect() -> None:
    keys = {parse_key(text, dialect) for text in ("a", "b", "\ud800") for dialect in ("hive", "x")}
    assert len(keys) == 6
