"""The texts of HiveServer2 read back, as a Hive 4.0.1 wrote them and as none does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.sources.hive_objects import HiveTable, partition_name
from app.sources.hive_text import (
    UnreadableTextError,
    described,
    hive_type,
    list_of,
    literal,
    map_of,
    quoted,
    struct_fields,
    tables_extended,
)

_EXTENDED = (
    "tableName:keys",
    "owner:r2",
    "location:file:/warehouse/hr.db/keys",
    "inputformat:org.apache.hadoop.mapred.TextInputFormat",
    "columns:struct columns { i32 a, list<struct<x:i64,y:string>> c, map<string,i16> d, "
    "decimal(10,2) e, byte f, bool g, timestamp with local time zone sp ace, list<i32> from}",
    "partitioned:true",
    "partitionColumns:struct partition_columns { string day, i32 my col}",
    "totalNumberFiles:0",
    "",
    "tableName:v",
    "owner:",
    "location:null",
    "columns:struct columns { string b}",
    "partitioned:false",
    "partitionColumns:",
    "",
)


def test_tables_of_a_database() -> None:
    keys, view = tables_extended("hr", _EXTENDED)
    assert keys == HiveTable(
        "hive",
        "hr",
        "keys",
        "",
        owner="r2",
        location="file:/warehouse/hr.db/keys",
        columns=(
            ("a", "int"),
            ("c", "array<struct<x:bigint,y:string>>"),
            ("d", "map<string,smallint>"),
            ("e", "decimal(10,2)"),
            ("f", "tinyint"),
            ("g", "boolean"),
            ("sp ace", "timestamp with local time zone"),
            ("from", "array<int>"),
        ),
        partition_keys=(("day", "string"), ("my col", "int")),
    )
    assert (view.owner, view.location, view.columns) == (None, None, (("b", "string"),))


_NAMES = st.text(
    st.characters(blacklist_characters=",:<>()`{}\n", blacklist_categories=["Cs", "Cc"]),
    min_size=1,
).filter(lambda name: name == name.strip())
_TYPES = st.recursive(
    st.sampled_from(["i32", "i64", "i16", "byte", "bool", "string", "decimal(10,2)", "date"]),
    lambda inner: (
        inner.map(lambda one: f"list<{one}>")
        | st.tuples(inner, inner).map(lambda two: f"map<{two[0]},{two[1]}>")
        | inner.map(lambda one: f"struct<i32:{one},b:{one}>")
    ),
    max_leaves=4,
)


@given(st.lists(st.tuples(_NAMES, _TYPES), max_size=6))
def test_every_list_of_columns_comes_back(columns: list[tuple[str, str]]) -> None:
    text = ", ".join(f"{kind} {name}" for name, kind in columns)
    found = struct_fields(f"struct columns {{ {text}}}")
    assert found == tuple((name, hive_type(kind)) for name, kind in columns)


@pytest.mark.parametrize("text", ["columns", "struct columns { i32}", "struct { i32 a}"])
def test_what_is_no_list_of_columns(text: str) -> None:
    with pytest.raises(UnreadableTextError):
        struct_fields(text)


def test_types_and_field_names_are_told_apart() -> None:
    assert hive_type("struct<i32:i32,list:list<bool>>") == "struct<i32:int,list:array<boolean>>"


def test_a_described_view_keeps_its_lines() -> None:
    rows = [
        ("a", "int", ""),
        ("", None, None),
        ("# Detailed Table Information", None, None),
        ("Database:           ", "hr                  ", None),
        ("OwnerType:          ", "ROLE                ", None),
        ("Owner:              ", "r2                  ", None),
        ("CreateTime:         ", "Tue Nov 24 00:16:29 UTC 2026", None),
        ("Table Type:         ", "VIRTUAL_VIEW        ", None),
        ("Table Parameters:", None, None),
        ("", "team                ", "a b                 "),
        ("", None, None),
        ("# View Information", None, None),
        ("Original Query:     ", "select a,           ", None),
        ("", "                    ", " from hr.keys       "),
        ("Expanded Query:     ", "select `keys`.`a`   ", None),
        ("", "                    ", " from `hr`.`keys`   "),
    ]
    found = described(HiveTable("hive", "hr", "v", "VIEW"), rows)
    assert found == HiveTable(
        "hive",
        "hr",
        "v",
        "VIRTUAL_VIEW",
        owner="r2",
        owner_type="ROLE",
        create_time=1795479389,
        view_text="select `keys`.`a`\n from `hr`.`keys`",
        view_original_text="select a,\n from hr.keys",
        columns=(("a", "int"),),
        properties={"team": "a b"},
    )
    with pytest.raises(UnreadableTextError):
        described(HiveTable("hive", "hr", "v", ""), rows[:2])


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("{a=b, team=x=y}", {"a": "b", "team": "x=y"}),
        ("{a=b, c}", {"a": "b, c"}),
        ("{}", {}),
        ("", {}),
    ],
)
def test_maps(text: str, found: dict[str, str]) -> None:
    assert map_of(text) == found


def test_lists_names_and_literals() -> None:
    assert list_of("[2024-01-01, a]") == ["2024-01-01", "a"]
    assert list_of("") == list_of(None) == []
    assert quoted("a`b") == "`a``b`"
    assert literal("o'dd\\") == "'o\\'dd\\\\'"


def test_partitions_are_named_as_hive_does() -> None:
    assert partition_name(["Day", "h"], ["2024-01-01 a/b", ""]) == (
        "day=2024-01-01 a%2Fb/h=__HIVE_DEFAULT_PARTITION__"
    )
