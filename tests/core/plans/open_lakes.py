"""Random lakes in which much is open: several grantors, nested roles, some who left."""

from typing import Any

from hypothesis import strategies as st

from tests.core.random_lakes import COLUMNS, RandomLake

ACTIVE = ("ann", "bob", "cy", "dee", "marc")
GONE = "gone"
ROLES = ("r1", "r2", "r3")


@st.composite
def open_lakes(draw: st.DrawFn, mode: str) -> RandomLake:
    """A lake of two to four tables; `marc` is an administrator."""
    count = draw(st.integers(2, 4))
    grants = draw(st.lists(_grant(count, mode), min_size=3, max_size=8))
    for number, row in enumerate(grants):
        row["source_row"] = number
    members = {("USER", "marc", "admin")}
    members |= draw(st.sets(_member(), min_size=2, max_size=7))
    return RandomLake(
        {
            "catalogs": [{"name": "hive", "location": None}],
            "databases": [_database(number, name) for number, name in enumerate(("default", "hr"))],
            "tables": [
                _table(number, draw(st.sampled_from(("keys", "keys", "pay", "plain"))))
                for number in range(count)
            ],
            "columns": [
                {
                    "table_id": number,
                    "name": name,
                    "type": "string",
                    "position": place,
                    "partition_key": False,
                }
                for number in range(count)
                for place, name in enumerate(COLUMNS)
            ],
            "roles": [{"name": name, "create_time": 0} for name in (*ROLES, "admin", "public")],
            "role_members": [_membership(*each) for each in sorted(members)],
            "grants": grants,
            "users": [
                {"name": name, "kind": "person", "active": name != GONE} for name in (*ACTIVE, GONE)
            ],
            "groups": [{"name": "staff"}],
            "group_members": [
                {"member_type": "user", "member": name, "group": "staff"}
                for name in draw(st.sets(st.sampled_from(ACTIVE), max_size=3))
            ],
        }
    )


def _grant(tables: int, mode: str) -> st.SearchStrategy[dict[str, Any]]:
    legacy = mode == "legacy"
    levels = ("table",) * 6 + (("column", "database", "global") if legacy else ("database",))
    privileges = ("SELECT",) * 6 + ("INSERT", "DELETE", "UPDATE", "select")
    return st.builds(
        _row,
        st.sampled_from(levels),
        st.integers(0, tables - 1),
        st.sampled_from((*ACTIVE, GONE)).map(lambda name: ("USER", name))
        | st.sampled_from((*ROLES, *ROLES, "public")).map(lambda name: ("ROLE", name)),
        st.sampled_from(privileges + (("ALL", "CREATE") if legacy else ())),
        st.sampled_from((False, False, False, True)),
        st.sampled_from(("ann", "bob", "marc", GONE)),
        st.sampled_from(COLUMNS),
    )


def _row(
    level: str,
    table: int,
    who: tuple[str, str],
    privilege: str,
    option: bool,
    grantor: str,
    column: str,
) -> dict[str, Any]:
    places = {"table": table, "column": table, "database": table % 2}
    return {
        "level": level,
        "object_id": places.get(level),
        "column": column if level == "column" else None,
        "partition": None,
        "connector": None,
        "principal_type": who[0],
        "principal": who[1],
        "privilege": privilege,
        "grant_option": option,
        "grantor": grantor,
        "grantor_type": "USER",
        "create_time": 1_700_000_000,
        "source_row": None,
        "authorizer": "SQL",
    }


def _member() -> st.SearchStrategy[tuple[str, str, str]]:
    users = st.tuples(
        st.just("USER"),
        st.sampled_from((*ACTIVE, GONE)),
        st.sampled_from((*ROLES, *ROLES, "admin")),
    )
    roles = st.tuples(
        st.just("ROLE"), st.sampled_from((*ROLES, "public")), st.sampled_from(ROLES)
    ).filter(lambda each: each[1] == "public" or each[1] > each[2])
    return users | users | roles


def _membership(kind: str, member: str, role: str) -> dict[str, Any]:
    return {
        "member_type": kind,
        "member": member,
        "role": role,
        "admin_option": False,
        "grantor": "marc",
        "grantor_type": "USER",
        "create_time": 1_700_000_000,
        "source_row": None,
    }


def _database(number: int, name: str) -> dict[str, Any]:
    return {
        "database_id": number,
        "catalog": "hive",
        "name": name,
        "owner": "marc",
        "owner_type": "USER",
        "location": None,
        "kind": "NATIVE",
    }


def _table(number: int, name: str) -> dict[str, Any]:
    return {
        "table_id": number,
        "database_id": number % 2,
        "name": f"{name}{number}",
        "kind": "MANAGED_TABLE",
        "owner": "marc",
        "owner_type": "USER",
        "location": None,
        "create_time": 1_700_000_000,
        "view_text": None,
        "view_original_text": None,
    }
