"""What facts become: ordinals, dictionaries, orders, and what is left out."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.facts import GRANT_LEVELS, Facts
from app.core.snapshots import OFFSETS
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import facts, grant, in_batches, tiny_lake

Rows = list[dict[str, Any]]


@pytest.fixture
def snapshot(tmp_path: Path) -> StoredSnapshot:
    """The tiny lake."""
    return write_snapshot(tiny_lake(), tmp_path, Taken.now("hand"))


def rows(snapshot: StoredSnapshot, name: str) -> Rows:
    found: Rows = snapshot.mapped(name).to_pylist()
    return found


def test_databases_and_tables_are_numbered_in_order(snapshot: StoredSnapshot) -> None:
    assert [row["name"] for row in rows(snapshot, "databases")] == ["crm", "hr"]
    tables = [(row["database"], row["name"]) for row in rows(snapshot, "tables")]
    assert tables == [(0, "pay"), (1, "ask"), (1, "pay")]
    assert rows(snapshot, "database_properties") == [
        {"database": 1, "key": "team", "value": "people"}
    ]
    assert rows(snapshot, "view_sources") == [{"table": 1, "source": 2}]


def test_view_texts_are_kept_once(snapshot: StoredSnapshot) -> None:
    assert rows(snapshot, "view_texts") == [{"text": "SELECT 1", "original": None}]
    assert [row["view_text"] for row in rows(snapshot, "tables")] == [0, 0, None]


def test_columns_stand_in_order_with_their_dictionaries(snapshot: StoredSnapshot) -> None:
    names = [row["name"] for row in rows(snapshot, "column_names")]
    types = [row["type"] for row in rows(snapshot, "column_types")]
    columns = [
        (row["table"], names[row["name"]], types[row["type"]], row["partition_key"])
        for row in rows(snapshot, "columns")
    ]
    assert columns == [
        (0, "who", "text", True),
        (2, "who", "int", False),
        (2, "sum", "int", False),
    ]


def test_grants_stand_by_level_and_object_and_repeats_are_marked(
    snapshot: StoredSnapshot,
) -> None:
    grants = [
        (GRANT_LEVELS[row["level"]], row["object"], row["source_row"], row["repeated"])
        for row in rows(snapshot, "grants")
    ]
    assert grants == [
        ("global", None, 1, False),
        ("database", 1, 1, False),
        ("table", 0, 4, False),
        ("table", 2, 2, False),
        ("table", 2, 1, True),
        ("table", 2, 3, True),
        ("column", 1, 1, False),
    ]
    assert [row["principal"] for row in rows(snapshot, "rules")] == ["ann", "bob"]
    assert [row["grantor"] for row in rows(snapshot, "grantors")] == ["root", "sam"]


def test_grants_on_what_is_gone_are_counted(snapshot: StoredSnapshot) -> None:
    assert rows(snapshot, "lake_settings") == [
        {"key": "dangling_grants.table", "value": "1"},
        {"key": "source", "value": "hand"},
    ]


def test_sets_hold_each_row_once(snapshot: StoredSnapshot) -> None:
    assert rows(snapshot, "groups") == [{"name": "g"}]


def test_a_table_without_its_database_is_a_gap(tmp_path: Path) -> None:
    lake = [*tiny_lake(), facts("tables", {"table_id": 1, "database_id": 404, "name": "a`b"})]
    snapshot = write_snapshot(lake, tmp_path, Taken.now("hand"))
    assert snapshot.rows("tables") == 3
    gap = rows(snapshot, "gaps")[0]
    assert (gap["scope"], gap["object"]) == ("table", "`?`.`a``b`")


def test_offsets_find_the_rows_of_each_object(snapshot: StoredSnapshot) -> None:
    assert list(snapshot.offsets("table_grants")) == [2, 3, 3, 6]
    assert list(snapshot.offsets("database_grants")) == [1, 1, 2]
    assert list(snapshot.offsets("column_grants")) == [6, 6, 7, 7]
    assert list(snapshot.offsets("partition_grants")) == [7, 7, 7, 7]
    assert list(snapshot.offsets("columns")) == [0, 1, 1, 3]
    assert list(snapshot.offsets("table_properties")) == [0, 0, 0, 1]


def test_an_empty_lake(tmp_path: Path) -> None:
    snapshot = write_snapshot([], tmp_path, Taken.now("hand"))
    assert snapshot.rows("grants") == 0
    assert all(list(snapshot.offsets(name)) == [0] for name in OFFSETS)


@pytest.mark.parametrize(
    "wrong",
    [
        facts("grants", grant("planet", 1)),
        Facts("users", facts("groups", {"name": "x"}).batch),
    ],
)
def test_facts_that_are_none_are_a_mistake_of_the_source(wrong: Facts, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"planet|schema"):
        write_snapshot([wrong], tmp_path, Taken.now("hand"))


def test_more_after_the_last_is_a_mistake_of_the_source(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="more users came"):
        write_snapshot([facts("users", last=True), facts("users")], tmp_path, Taken.now("hand"))


NAMES = st.text("abé\U00010000", max_size=2)
IDS = st.integers(0, 6)
GRANTS = st.lists(
    st.builds(
        grant,
        st.sampled_from(GRANT_LEVELS),
        st.none() | IDS,
        NAMES,
        privilege=NAMES,
        grant_option=st.none() | st.booleans(),
        grantor=st.none() | NAMES,
        create_time=st.none() | st.integers(0, 3),
        authorizer=st.none() | st.just("SQL"),
        source_row=st.none() | st.integers(0, 3) | st.just(2**60),
        column=st.none() | NAMES,
        partition=st.none() | NAMES,
        connector=st.none() | NAMES,
    )
)
TABLES = st.dictionaries(IDS, st.tuples(IDS, NAMES))
DATABASES = st.dictionaries(IDS, NAMES)


def nulls_first(values: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple((v is not None, v.encode() if isinstance(v, str) else v) for v in values)


@given(DATABASES, TABLES, GRANTS, st.integers(1, 9))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
def test_random_grants_against_a_plain_reading(
    tmp_path: Path,
    databases: dict[int, str],
    tables: dict[int, tuple[int, str]],
    grants: Rows,
    size: int,
) -> None:
    lake = [
        *in_batches("grants", grants, size),
        *in_batches(
            "tables",
            [{"table_id": i, "database_id": d, "name": n} for i, (d, n) in tables.items()],
            size,
        ),
        facts("databases", *({"database_id": i, "name": n} for i, n in databases.items())),
    ]
    snapshot = write_snapshot(lake, tmp_path, Taken.now("hand"))
    database_order = sorted(databases, key=lambda i: (databases[i].encode(), i))
    known = {i: place for i, place in tables.items() if place[0] in databases}
    table_order = sorted(
        known, key=lambda i: (database_order.index(known[i][0]), known[i][1].encode(), i)
    )
    rules, grantors = rows(snapshot, "rules"), rows(snapshot, "grantors")
    found = [
        (
            GRANT_LEVELS[row["level"]],
            row["object"],
            *(row[name] for name in ("column", "partition", "connector")),
            tuple(rules[row["rule"]].values()),
            tuple(grantors[row["grantor"]].values()),
            row["create_time"],
            row["source_row"],
        )
        for row in rows(snapshot, "grants")
    ]

    def expected(row: dict[str, Any]) -> tuple[Any, ...] | None:
        level, place = row["level"], None
        if level not in ("global", "connector"):
            among = database_order if level == "database" else table_order
            if row["object_id"] not in among:
                return None
            place = among.index(row["object_id"])
        rule = ("principal_type", "principal", "privilege", "grant_option", "authorizer")
        return (
            level,
            place,
            *(row[name] for name in ("column", "partition", "connector")),
            tuple(row[name] for name in rule),
            (row["grantor"], row["grantor_type"]),
            row["create_time"],
            row["source_row"],
        )

    def place_of(row: tuple[Any, ...]) -> tuple[Any, ...]:
        level, *middle, rule, grantor, time, source_row = row
        return (
            GRANT_LEVELS.index(level),
            nulls_first(tuple(middle)),
            nulls_first(rule),
            nulls_first(grantor),
            nulls_first((time, source_row)),
        )

    wanted = sorted(filter(None, map(expected, grants)), key=place_of)
    assert found == wanted
    repeated = [row["repeated"] for row in rows(snapshot, "grants")]
    assert repeated == [n > 0 and wanted[n - 1][:6] == row[:6] for n, row in enumerate(wanted)]
    for name, level in (("table_grants", "table"), ("database_grants", "database")):
        offsets = list(snapshot.offsets(name))
        for ordinal in range(len(offsets) - 1):
            theirs = found[offsets[ordinal] : offsets[ordinal + 1]]
            assert theirs == [row for row in found if row[:2] == (level, ordinal)]
