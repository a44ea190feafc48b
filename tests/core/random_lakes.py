"""Random small lakes: facts with everything that makes Hive's decisions surprising."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from app.core.facts import SCHEMAS, Facts

USERS = ("ann", "Ann", "bob", "cy", "svc_etl", "ghost", "public")
GROUPS = ("staff", "team", "nested", "mystery")
ROLES = ("r1", "r2", "Sales", "admin", "public", "PUBLIC")
PRIVILEGES = ("SELECT", "select", "INSERT", "UPDATE", "DELETE", "ALL", "Create", "DROP", "odd")
AUTHORIZERS = ("SQL", None, "v1", "RangerHivePolicyProvider")
PRINCIPAL_TYPES = ("USER", "USER", "ROLE", "ROLE", "ROLE", "GROUP", "role")
COLUMNS = ("id", "keystroke", "note")


@dataclass
class RandomLake:
    """Rows by kind of fact, as dicts; ids are positions."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def of(self, kind: str) -> list[dict[str, Any]]:
        """The rows of one kind."""
        return self.rows.get(kind, [])

    def facts(self) -> Iterator[Facts]:
        """The lake as a source would yield it."""
        for kind, rows in self.rows.items():
            if rows:
                yield Facts(kind, pa.RecordBatch.from_pylist(rows, SCHEMAS[kind]))


def _principals() -> st.SearchStrategy[tuple[str, str]]:
    def named(kind: str) -> st.SearchStrategy[tuple[str, str]]:
        names = {"USER": USERS, "ROLE": ROLES, "GROUP": GROUPS}.get(kind, ROLES)
        return st.tuples(st.just(kind), st.sampled_from(names))

    return st.sampled_from(PRINCIPAL_TYPES).flatmap(named)


def _grants(tables: int) -> st.SearchStrategy[dict[str, Any]]:
    level = st.sampled_from(("table",) * 6 + ("column", "column", "database", "global"))

    def row(chosen: str) -> st.SearchStrategy[dict[str, Any]]:
        objects = {"table": tables, "column": tables, "database": 2}.get(chosen)
        return st.fixed_dictionaries(
            {
                "level": st.just(chosen),
                "object_id": st.none() if objects is None else st.integers(0, objects - 1),
                "column": st.sampled_from(COLUMNS) if chosen == "column" else st.none(),
                "partition": st.none(),
                "connector": st.none(),
                "who": _principals(),
                "privilege": st.sampled_from(PRIVILEGES),
                "grant_option": st.sampled_from((False, False, True, None)),
                "grantor": st.sampled_from(("root", "ann")),
                "authorizer": st.sampled_from(AUTHORIZERS),
            }
        )

    return level.flatmap(row).map(_spread)


def _spread(row: dict[str, Any]) -> dict[str, Any]:
    kind, name = row.pop("who")
    return {
        **row,
        "principal_type": kind,
        "principal": name,
        "grantor_type": "USER",
        "create_time": 1_700_000_000,
        "source_row": None,
    }


def _members() -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {
            "who": _principals(),
            "role": st.sampled_from((*[role for role in ROLES if role != "public"] * 5, None)),
            "admin_option": st.sampled_from((False,) * 20 + (True, None)),
        }
    ).map(_spread_member)


def _spread_member(row: dict[str, Any]) -> dict[str, Any]:
    kind, name = row.pop("who")
    return {
        **row,
        "member_type": kind,
        "member": name,
        "grantor": "root",
        "grantor_type": "USER",
        "create_time": 1_700_000_000,
        "source_row": None,
    }


def _group_members() -> st.SearchStrategy[dict[str, Any]]:
    member = st.one_of(
        st.tuples(st.just("user"), st.sampled_from(USERS[:5])),
        st.tuples(st.just("group"), st.sampled_from(GROUPS)),
    )
    return st.tuples(member, st.sampled_from(GROUPS[:3])).map(
        lambda both: {"member_type": both[0][0], "member": both[0][1], "group": both[1]}
    )


@st.composite
def lakes(draw: st.DrawFn) -> RandomLake:
    """A lake of 1 to 4 tables in two databases."""
    count = draw(st.integers(1, 4))
    tables = [
        {
            "table_id": number,
            "database_id": draw(st.integers(0, 1)),
            "name": draw(st.sampled_from(("keys", "pay", "plain"))) + str(number),
            "kind": draw(st.sampled_from(("MANAGED_TABLE", "MANAGED_TABLE", "VIRTUAL_VIEW"))),
            "owner": draw(st.sampled_from((*USERS, None))),
            "owner_type": draw(st.sampled_from(("USER", "ROLE", None, "USER", "bad"))),
            "location": None,
            "create_time": 1_700_000_000,
            "view_text": None,
            "view_original_text": None,
        }
        for number in range(count)
    ]
    columns = [
        {
            "table_id": number,
            "name": name,
            "type": "string",
            "position": place,
            "partition_key": False,
        }
        for number in range(count)
        for place, name in enumerate(COLUMNS)
    ]
    users = [
        {"name": name, "kind": "service" if name.startswith("svc") else "person", "active": active}
        for name, active in zip(
            USERS[:5], draw(st.tuples(*[st.booleans() for _ in range(5)])), strict=True
        )
    ]
    return RandomLake(
        {
            "catalogs": [{"name": "hive", "location": None}],
            "databases": [
                {
                    "database_id": number,
                    "catalog": "hive",
                    "name": name,
                    "owner": draw(st.sampled_from((*USERS, "r1", None))),
                    "owner_type": draw(st.sampled_from(("USER", "ROLE", None))),
                    "location": None,
                    "kind": "NATIVE",
                }
                for number, name in enumerate(("default", "hr"))
            ],
            "tables": tables,
            "columns": columns,
            "roles": [{"name": name, "create_time": 0} for name in ROLES],
            "role_members": draw(st.lists(_members(), max_size=8)),
            "grants": draw(st.lists(_grants(count), max_size=10)),
            "users": users if draw(st.integers(0, 4)) else [],
            "groups": [{"name": name} for name in GROUPS[:3]],
            "group_members": draw(st.lists(_group_members(), max_size=6)),
        }
    )
