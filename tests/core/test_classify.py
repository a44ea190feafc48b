"""Which classes tables, columns and views carry, and by which rule."""

import random
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.classes import Classification, ClassRule, DataClass, NamePattern
from app.core.classify import ClassifyResult, classify
from app.core.errors import PolicyError
from app.core.view_text import MemoryViewParses
from app.lake.engine_duckdb import DuckDbEngine
from tests.snapshots_by_hand import HandDatabase, HandSnapshot, HandTable, write_lake

CLASSES = (
    DataClass("keystrokes", "restricted"),
    DataClass("payroll", "restricted"),
    DataClass("pii", "confidential"),
)


def glob(written: str) -> NamePattern:
    escaped = "".join(f"[{one}]" if one.isalnum() or one == "_" else f"\\{one}" for one in written)
    return NamePattern(written, "(?s:" + escaped.replace("\\*", ".*").replace("\\?", ".") + ")")


def globs(*written: str) -> tuple[NamePattern, ...]:
    return tuple(glob(one) for one in written)


def rule(name: str, data_class: str, **fields: Any) -> ClassRule:
    return ClassRule(name, data_class, "classes.yaml", 7, **fields)


def classification(*rules: ClassRule) -> Classification:
    return Classification(CLASSES, rules)


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckDbEngine]:
    with DuckDbEngine(memory_limit="300MB", threads=1) as opened:
        yield opened


Found = set[tuple[str, str, str, str | None, str | None]]


class Lake:
    """A hand-made lake on an engine, asked for its classes by name."""

    def __init__(self, engine: DuckDbEngine, folder: Path, databases: list[HandDatabase]) -> None:
        self.engine = engine
        self.snapshot: HandSnapshot = write_lake(folder, databases)
        self.parses = MemoryViewParses()
        self.names = {ordinal: name for name, ordinal in self.snapshot.tables.items()}
        engine.open_snapshot(self.snapshot)

    def classify(self, rules: Sequence[ClassRule], only: list[str] | None = None) -> ClassifyResult:
        tables = None if only is None else [self.snapshot.tables[name] for name in only]
        return classify(self.engine, classification(*rules), self.parses, tables)

    def found(self) -> Found:
        """(table, class, rule, column, inherited from), and that no row stands twice."""
        rows = self.engine.query(
            "SELECT c.*, n.name FROM table_classes AS c "
            "LEFT JOIN column_names AS n ON n.ordinal = c.column_name"
        ).to_pylist()
        self.rules: dict[int, str] = {}
        found = [
            (
                self.names[row["table_ordinal"]],
                CLASSES[row["class"]].name,
                str(row["rule"]),
                row["name"],
                self.names.get(row["inherited_from"]),
            )
            for row in rows
        ]
        assert len(set(found)) == len(found)
        return set(found)

    def ask(self, *rules: ClassRule, only: list[str] | None = None) -> Found:
        self.classify(rules, only)
        return self.found()


@pytest.fixture
def lake(engine: DuckDbEngine, tmp_path: Path) -> Lake:
    hr = [
        HandTable("salaries", ["id", "AMOUNT"], owner="Payroll_Team", location="s3://Lake/HR/sal"),
        HandTable("people", ["id", "email", "ssn"], ["dt"], properties={"Tags": "PII, gdpr"}),
        HandTable("people_masked", ["id", "email"], properties={"class": "x"}),
    ]
    raw = [
        HandTable("keys_2024", ["user_id", "Keystroke"], owner=None),
        HandTable("clicks", ["user_id", "url"], location="s3://lake/raw/clicks"),
    ]
    return Lake(
        engine,
        tmp_path / "lake",
        [
            HandDatabase("hr", hr, properties={"data_class": "Payroll-Data"}),
            HandDatabase("raw", raw),
            HandDatabase("raw", [HandTable("keys_2024", ["ts"])], catalog="spark"),
        ],
    )


def test_a_rule_on_names_matches_whole_names_in_any_case(lake: Lake) -> None:
    assert lake.ask(rule("k", "keystrokes", tables=globs("KEYS_*"))) == {
        ("raw.keys_2024", "keystrokes", "0", None, None),
        ("spark.raw.keys_2024", "keystrokes", "0", None, None),
    }
    assert lake.ask(rule("k", "keystrokes", tables=globs("keys"))) == set()


def test_every_given_field_must_match_and_within_a_field_any_pattern(lake: Lake) -> None:
    wanted = rule(
        "k",
        "keystrokes",
        catalogs=globs("hive"),
        databases=globs("other", "RAW"),
        tables=globs("nothing", "keys_????"),
    )
    assert lake.ask(wanted) == {("raw.keys_2024", "keystrokes", "0", None, None)}


def test_a_rule_with_columns_marks_the_columns(lake: Lake) -> None:
    found = lake.ask(
        rule("a", "pii", columns=globs("email", "SSN", "dt")),
        rule("b", "payroll", columns=globs("amount"), databases=globs("hr")),
        rule("c", "payroll", columns=globs("amount"), databases=globs("raw")),
        rule(
            "d",
            "pii",
            columns=globs("id"),
            tables=globs("people*"),
            except_tables=globs("*_masked"),
        ),
        rule("e", "pii", columns=globs("email"), except_tables=globs("*_masked")),
    )
    assert found == {
        ("hr.people", "pii", "0", "email", None),
        ("hr.people", "pii", "0", "ssn", None),
        ("hr.people", "pii", "0", "dt", None),
        ("hr.people_masked", "pii", "0", "email", None),
        ("hr.salaries", "payroll", "1", "AMOUNT", None),
        ("hr.people", "pii", "3", "id", None),
        ("hr.people", "pii", "4", "email", None),
    }


def test_owners_and_locations_in_any_case(lake: Lake) -> None:
    found = lake.ask(
        rule("a", "payroll", owners=globs("payroll_*")),
        rule("b", "payroll", locations=globs("s3://lake/hr/*")),
        rule("c", "payroll", owners=globs("*"), databases=globs("raw")),
    )
    assert found == {
        ("hr.salaries", "payroll", "0", None, None),
        ("hr.salaries", "payroll", "1", None, None),
        ("raw.clicks", "payroll", "2", None, None),
        ("spark.raw.keys_2024", "payroll", "2", None, None),
    }


def test_properties_of_the_table_or_its_database(lake: Lake) -> None:
    found = lake.ask(
        rule("a", "payroll", properties=((glob("DATA_CLASS"), glob("payroll*")),)),
        rule("b", "pii", properties=((glob("nothing"), glob("*")), (glob("class"), glob("?")))),
        rule("c", "pii", properties=((glob("class"), glob("y")),)),
        rule("d", "pii", properties=((glob("class"), glob("pii*")),)),
    )
    assert found == {
        ("hr.salaries", "payroll", "0", None, None),
        ("hr.people", "payroll", "0", None, None),
        ("hr.people_masked", "payroll", "0", None, None),
        ("hr.people_masked", "pii", "1", None, None),
    }


def test_tags_are_the_parts_of_tag_properties(lake: Lake) -> None:
    found = lake.ask(
        rule("a", "pii", tags=globs("pii")),
        rule("b", "pii", tags=globs("gdpr"), columns=globs("ssn")),
        rule("c", "pii", tags=globs("pii, gdpr")),
        rule("d", "pii", tags=globs("gdpr"), properties=((glob("tags"), glob("*x*")),)),
    )
    assert found == {
        ("hr.people", "pii", "0", None, None),
        ("hr.people", "pii", "1", "ssn", None),
    }


def test_exceptions_leave_out_databases_and_tables(lake: Lake) -> None:
    found = lake.ask(
        rule("a", "pii", except_databases=globs("raw"), except_tables=globs("*_masked")),
        rule("b", "pii", columns=globs("*id"), except_databases=globs("hr")),
    )
    assert found == {
        ("hr.salaries", "pii", "0", None, None),
        ("hr.people", "pii", "0", None, None),
        ("raw.keys_2024", "pii", "1", "user_id", None),
        ("raw.clicks", "pii", "1", "user_id", None),
    }


def test_a_rule_that_asks_nothing_matches_everything(lake: Lake) -> None:
    assert len(lake.ask(rule("a", "pii"))) == len(lake.snapshot.tables)


def test_no_rules_leave_an_empty_table(lake: Lake) -> None:
    assert lake.ask() == set()


def test_a_regex_is_given_as_it_stands(lake: Lake) -> None:
    spelled = NamePattern("re:k[a-z]+_\\d{4}|x", "(?is:k[a-z]+_\\d{4}|x)")
    assert len(lake.ask(rule("a", "pii", tables=(spelled,)))) == 2


def test_a_broken_pattern_or_class_names_its_place(lake: Lake) -> None:
    with pytest.raises(PolicyError, match=r"classes\.yaml:7: rule 'a'.*re:\("):
        lake.ask(rule("a", "pii", tables=(NamePattern("re:(", "("),)))
    with pytest.raises(PolicyError, match=r"classes\.yaml:7: rule 'a'.*'none'"):
        lake.ask(rule("a", "none"))


# Views


def viewed(engine: DuckDbEngine, folder: Path, *views: HandTable) -> Lake:
    return Lake(
        engine,
        folder,
        [
            HandDatabase(
                "hr",
                [
                    HandTable("salaries", ["id", "amount", "note"]),
                    HandTable("people", ["id", "ssn", "email"]),
                    *(one for one in views if "." not in one.name),
                ],
            ),
            HandDatabase("mart"),
        ],
    )


WHOLE = rule("w", "payroll", tables=globs("salaries"))
ON_COLUMN = rule("c", "pii", columns=globs("ssn"), tables=globs("people"))


def of_views(found: Found) -> Found:
    return {row for row in found if row[4] is not None}


def test_views_inherit_tables_and_columns_at_any_depth(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable(
            "v1",
            ["who", "pay"],
            view_text="SELECT `p`.`ssn` AS `who`, `s`.`amount` AS `pay` "
            "FROM `hr`.`people` `p` JOIN `hr`.`salaries` `s` ON p.id = s.id",
        ),
        HandTable("v2", ["person", "n"], view_text="SELECT who AS person, 1 AS n FROM v1"),
        HandTable("v3", ["n"], view_text="SELECT n FROM v2"),
        HandTable("v4", ["id", "email"], view_text="SELECT id, email FROM people WHERE ssn > 1"),
    )
    assert of_views(lake.ask(WHOLE, ON_COLUMN)) == {
        ("hr.v1", "payroll", "0", None, "hr.salaries"),
        ("hr.v1", "pii", "1", "who", "hr.people"),
        ("hr.v2", "payroll", "0", None, "hr.salaries"),
        ("hr.v2", "pii", "1", "person", "hr.people"),
        ("hr.v3", "payroll", "0", None, "hr.salaries"),
    }


def test_a_star_hands_columns_on_by_name(engine: DuckDbEngine, tmp_path: Path) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("all_people", ["id", "ssn", "email"], view_text="SELECT * FROM hr.people"),
        HandTable("renamed", ["a", "b", "c"], view_text="SELECT * FROM hr.people"),
        HandTable(
            "safe",
            ["id", "email"],
            view_text="SELECT * EXCEPT (ssn) FROM hr.people",
            properties={"spark.sql.create.version": "3.5.1"},
        ),
    )
    assert of_views(lake.ask(ON_COLUMN)) == {
        ("hr.all_people", "pii", "0", "ssn", "hr.people"),
        ("hr.renamed", "pii", "0", None, "hr.people"),
    }


def test_outputs_of_other_names_are_told_by_place_or_mark_the_whole_view(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("placed", ["x", "y"], view_text="SELECT id, upper(ssn) FROM hr.people"),
        HandTable("odd", ["x", "y", "z"], view_text="SELECT id, upper(ssn) FROM hr.people"),
        HandTable("packed", ["s"], view_text="SELECT struct(p.*) AS s FROM hr.people p"),
    )
    assert of_views(lake.ask(ON_COLUMN)) == {
        ("hr.placed", "pii", "0", "y", "hr.people"),
        ("hr.odd", "pii", "0", None, "hr.people"),
        ("hr.packed", "pii", "0", "s", "hr.people"),
    }


def test_a_view_has_the_nearest_base_and_its_own_rules(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("a_view", ["ssn"], view_text="SELECT ssn FROM hr.people"),
        HandTable("b_view", ["ssn"], view_text="SELECT ssn FROM hr.a_view"),
    )
    found = lake.ask(rule("c", "pii", columns=globs("ssn"), tables=globs("people", "a_view")))
    assert found == {
        ("hr.people", "pii", "0", "ssn", None),
        ("hr.a_view", "pii", "0", "ssn", None),
        ("hr.a_view", "pii", "0", "ssn", "hr.people"),
        ("hr.b_view", "pii", "0", "ssn", "hr.a_view"),
    }


def test_cycles_end(engine: DuckDbEngine, tmp_path: Path) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("x", ["a"], view_text="SELECT a FROM y"),
        HandTable("y", ["a"], view_text="SELECT x.a FROM x JOIN salaries s ON x.a = s.id"),
        HandTable("z", ["a"], view_text="SELECT a FROM z"),
    )
    assert of_views(lake.ask(WHOLE)) == {
        ("hr.x", "payroll", "0", None, "hr.salaries"),
        ("hr.y", "payroll", "0", None, "hr.salaries"),
    }


def test_an_unreadable_view_has_all_classes_of_what_it_names_and_is_a_gap(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("broken", ["q"], view_text="SELECT ?? FROM `hr`.`people` !, salaries"),
        HandTable("on_it", ["q"], view_text="SELECT q FROM broken"),
    )
    result = lake.classify([WHOLE, ON_COLUMN])
    assert of_views(lake.found()) == {
        ("hr.broken", "payroll", "0", None, "hr.salaries"),
        ("hr.broken", "pii", "1", None, "hr.people"),
        ("hr.on_it", "payroll", "0", None, "hr.salaries"),
        ("hr.on_it", "pii", "1", None, "hr.people"),
    }
    assert [(gap["scope"], gap["object"]) for gap in result.gaps] == [("table", "hr.broken")]
    assert "cannot be parsed" in result.gaps[0]["reason"]
    assert "classes" in result.gaps[0]["doubt"]


def test_a_view_on_nothing_known_is_no_gap(engine: DuckDbEngine, tmp_path: Path) -> None:
    lake = viewed(engine, tmp_path, HandTable("v", ["a"], view_text="SELECT a FROM gone.away"))
    result = lake.classify([WHOLE])
    assert (result.gaps, result.sources_missing, result.views) == ((), 1, 1)


def test_names_are_found_from_the_view(engine: DuckDbEngine, tmp_path: Path) -> None:
    trino = {"presto_view": "true"}
    spark = {"spark.sql.create.version": "3.5.0", "view.catalogAndNamespace.part.1": "hr"}
    lake = Lake(
        engine,
        tmp_path,
        [
            HandDatabase("hr", [HandTable("salaries", ["id", "amount"])]),
            HandDatabase(
                "mart",
                [
                    HandTable(
                        "a",
                        ["id"],
                        view_text='SELECT "id" FROM lake.hr."salaries"',
                        properties=trino,
                    ),
                    HandTable("b", ["id"], view_text="SELECT id FROM salaries", properties=spark),
                    HandTable("c", ["id"], view_text="SELECT id FROM salaries"),
                    HandTable("d", ["id"], view_text="SELECT id FROM hr.salaries.snapshots"),
                ],
            ),
            HandDatabase(
                "mart",
                [HandTable("e", ["id"], view_text="SELECT id FROM hr.salaries")],
                catalog="spark",
            ),
        ],
    )
    assert {row[0] for row in of_views(lake.ask(WHOLE))} == {
        "mart.a",
        "mart.b",
        "mart.d",
        "spark.mart.e",
    }


def test_materialized_views_inherit_from_recorded_sources(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("m1", ["x"], kind="MATERIALIZED_VIEW", sources=["hr.people"]),
        HandTable(
            "m2",
            ["email"],
            kind="MATERIALIZED_VIEW",
            sources=["hr.people"],
            view_text="SELECT email FROM hr.people",
        ),
    )
    assert of_views(lake.ask(ON_COLUMN)) == {("hr.m1", "pii", "0", None, "hr.people")}


def test_texts_are_parsed_once(engine: DuckDbEngine, tmp_path: Path) -> None:
    same = [HandTable(f"v{n}", ["id"], view_text="SELECT id FROM hr.people") for n in range(3)]
    lake = viewed(engine, tmp_path, *same)
    assert lake.classify([WHOLE]).views_parsed_now == 1
    assert lake.classify([WHOLE]).views_parsed_now == 0


def test_some_tables_are_classified_with_what_they_read_and_nothing_else(
    engine: DuckDbEngine, tmp_path: Path
) -> None:
    lake = viewed(
        engine,
        tmp_path,
        HandTable("v1", ["ssn"], view_text="SELECT ssn FROM hr.people"),
        HandTable("v2", ["ssn"], view_text="SELECT ssn FROM hr.v1"),
    )
    assert lake.ask(WHOLE, ON_COLUMN, only=["hr.v2"]) == {("hr.v2", "pii", "1", "ssn", "hr.people")}
    assert lake.ask(WHOLE, ON_COLUMN, only=[]) == set()
    assert lake.ask(WHOLE, ON_COLUMN, only=["hr.salaries", "hr.v1"]) == {
        ("hr.salaries", "payroll", "0", None, None),
        ("hr.v1", "pii", "1", "ssn", "hr.people"),
    }


# Against a classifier that asks every rule about every table and column


def says(patterns: Sequence[NamePattern], value: str | None) -> bool:
    if value is None:
        return False
    return any(
        pc.match_substring_regex(pa.array([value.lower()]), f"^(?i:{one.regex})$")[0].as_py()
        for one in patterns
    )


def matches(one: ClassRule, database: HandDatabase, table: HandTable) -> bool:
    pairs = [*database.properties.items(), *table.properties.items()]
    tags = [
        tag.strip()
        for key, value in pairs
        if key.lower() in ("tags", "tag", "data_tags")
        for tag in value.split(",")
    ]
    return (
        (not one.catalogs or says(one.catalogs, database.catalog))
        and (not one.databases or says(one.databases, database.name))
        and (not one.tables or says(one.tables, table.name))
        and (not one.owners or says(one.owners, table.owner))
        and (not one.locations or says(one.locations, table.location))
        and (
            not one.properties
            or any(
                says([key], name) and says([value], text)
                for key, value in one.properties
                for name, text in pairs
            )
        )
        and (not one.tags or any(says(one.tags, tag) for tag in tags if tag))
        and not says(one.except_databases, database.name)
        and not says(one.except_tables, table.name)
    )


Fact = tuple[str, str | None]  # rule, column


def direct(rules: Sequence[ClassRule], database: HandDatabase, table: HandTable) -> set[Fact]:
    facts: set[Fact] = set()
    for number, one in enumerate(rules):
        if not matches(one, database, table):
            continue
        if one.columns:
            names = [*table.columns, *table.partition_keys]
            facts |= {(str(number), name) for name in names if says(one.columns, name)}
        else:
            facts.add((str(number), None))
    return facts


def naive(rules: Sequence[ClassRule], databases: Sequence[HandDatabase], plans: "Plans") -> Found:
    named = {
        f"{database.name}.{table.name}": (database, table)
        for database in databases
        for table in database.tables
    }
    own = {name: direct(rules, *pair) for name, pair in named.items()}
    inherited: dict[str, dict[Fact, str]] = {name: {} for name in named}
    news = {name: dict.fromkeys(facts, name) for name, facts in own.items()}
    while any(news.values()):
        coming: dict[str, dict[Fact, list[str]]] = {name: {} for name in named}
        for view, flows in plans.items():
            for source, renamed in flows:
                for (number, column), base in news.get(source, {}).items():
                    columns: list[str | None] = [None]
                    if column is not None:
                        columns = renamed.get(column, [])
                    for target in columns:
                        coming[view].setdefault((number, target), []).append(base)
        news = {}
        order = {name: place for place, name in enumerate(sorted(named, key=_by_place))}
        for view, facts in coming.items():
            fresh = {
                fact: min(bases, key=lambda name: order[name])
                for fact, bases in facts.items()
                if fact not in inherited[view]
            }
            inherited[view].update(fresh)
            news[view] = fresh
    found: Found = set()
    for name in named:
        rows: list[tuple[Fact, str | None]] = [(fact, None) for fact in own[name]]
        rows += list(inherited[name].items())
        for (number, column), origin in rows:
            found.add((name, rules[int(number)].data_class, number, column, origin))
    return found


def _by_place(name: str) -> tuple[str, ...]:
    return tuple(name.split("."))


#: view → [(source, {source's column: the view's columns made from it})]
Plans = dict[str, list[tuple[str, dict[str, list[str | None]]]]]

WORDS = ["id", "ssn", "pay", "key", "url"]
DATABASES = ["hr", "raw"]
TABLES = ["pay", "keys", "people", "pay_bak"]
PATTERNS = globs("*", "pay*", "*s", "hr", "?d", "s*n", "raw", "KEY*", "x")


FOLDERS = count()


@st.composite
def rules_of(draw: st.DrawFn) -> ClassRule:
    fields: dict[str, Any] = {}
    some = st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple)
    names = ["catalogs", "databases", "tables", "owners", "locations", "tags", "properties"]
    names += ["except_databases", "except_tables"]
    asked = draw(st.lists(st.sampled_from(names), max_size=2, unique=True))
    for name in [*asked, *(["columns"] if draw(st.booleans()) else [])]:
        fields[name] = draw(some)
        if name == "properties":
            fields[name] = tuple((one, draw(st.sampled_from(PATTERNS))) for one in fields[name])
    return rule("r", draw(st.sampled_from(CLASSES)).name, **fields)


@st.composite
def lakes(draw: st.DrawFn) -> tuple[list[HandDatabase], Plans]:
    properties = st.dictionaries(
        st.sampled_from(["tags", "Tag", "key"]), st.sampled_from(["pay", "x, keys", "raw,,", ""])
    )
    word = st.sampled_from([None, "hr", "PAY", "s3://raw/pay"])
    kept: dict[str, list[HandTable]] = {name: [] for name in DATABASES}
    plans: Plans = {}
    columns: dict[str, list[str]] = {}
    for database in DATABASES:
        for name in draw(st.lists(st.sampled_from(TABLES), max_size=3, unique=True)):
            own = draw(st.lists(st.sampled_from(WORDS), min_size=2, max_size=4, unique=True))
            columns[f"{database}.{name}"] = own
            kept[database].append(
                HandTable(
                    name,
                    own,
                    owner=draw(word),
                    location=draw(word),
                    properties=draw(properties),
                )
            )
    views = [
        f"{draw(st.sampled_from(DATABASES))}.v{number}" for number in range(draw(st.integers(1, 4)))
    ]
    for view in views:
        columns[view] = [f"c{place}" for place in range(3)]
    for view in views:
        database, name = view.split(".")
        pair = draw(st.lists(st.sampled_from(sorted(columns)), min_size=2, max_size=2))
        plans[view] = []
        selected = []
        for place in range(3):
            source = pair[place % 2]
            column = draw(st.sampled_from(columns[source]))
            selected.append(f"t{place % 2}.{column} AS c{place}")
            if source != view:
                plans[view].append((source, {column: [f"c{place}"]}))
        text = f"SELECT {', '.join(selected)} FROM {pair[0]} t0 CROSS JOIN {pair[1]} t1"
        plans[view] += [(source, {}) for source in pair if source != view]
        kept[database].append(HandTable(name, columns[view], view_text=text, owner=None))
    return [
        HandDatabase(name, tables, properties=draw(properties)) for name, tables in kept.items()
    ], plans


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lakes(), st.lists(rules_of(), min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_classes_are_those_of_a_naive_classifier(
    engine: DuckDbEngine,
    tmp_path: Path,
    drawn: tuple[list[HandDatabase], Plans],
    rules: list[ClassRule],
    chance: random.Random,
) -> None:
    databases, plans = drawn
    lake = Lake(engine, tmp_path / str(next(FOLDERS)), databases)
    expected = naive(rules, databases, plans)
    assert lake.ask(*rules) == expected
    names = sorted(lake.snapshot.tables)
    some = chance.sample(names, min(len(names), 2))
    assert lake.ask(*rules, only=some) == {row for row in expected if row[0] in some}
