"""Hive's decisions as a loop a reader can check: one user, one object, one right.

Written from docs/semantics.md, apart from `app.core.rights` and `app.core.reach`, which it
is the oracle of. A user is a name; `ANYONE` is a name that nothing mentions.
"""

from collections.abc import Iterable
from typing import Any

from tests.core.random_lakes import COLUMNS, RandomLake

ANYONE = "\0nobody mentioned"
BROKEN = object()


def groups_of(lake: RandomLake, user: str) -> set[str]:
    """The directory's groups that a user is in, by a fixpoint."""
    found: set[str] = set()
    while True:
        more = {
            row["group"]
            for row in lake.of("group_members")
            if (row["member_type"] == "user" and row["member"] == user)
            or (row["member_type"] == "group" and row["member"] in found)
        } - found
        if not more:
            return found
        found |= more


def roles_of(lake: RandomLake, user: str, groups: Iterable[str] = ()) -> set[Any]:
    """The roles a user holds, `public` among them; BROKEN where Hive would fail."""
    names = set(groups)
    found: set[Any] = {"public"}
    while True:
        more = set()
        for row in lake.of("role_members"):
            holds = (
                (row["member_type"] == "USER" and row["member"] == user)
                or (row["member_type"] == "ROLE" and row["member"] in found)
                or (row["member_type"] == "GROUP" and row["member"] in names)
            )
            if holds:
                bad = row["role"] is None or row["admin_option"] is None
                more.add(BROKEN if bad else row["role"])
        if more <= found:
            return found
        found |= more


def sql_standard(lake: RandomLake, user: str, right: str, table: dict[str, Any]) -> bool:
    """SQL-standard, for select, insert, update, delete, delegate, alter, drop and own."""
    roles = roles_of(lake, user)
    if BROKEN in roles or table["owner_type"] not in (None, "USER", "ROLE", "GROUP"):
        return False
    current = {role for role in roles if role.lower() != "admin"}
    held = set()
    for row in lake.of("grants"):
        if row["level"] != "table" or row["object_id"] != table["table_id"]:
            continue
        mine = (row["principal_type"] == "USER" and row["principal"] == user) or (
            row["principal_type"] == "ROLE" and row["principal"] in current
        )
        if mine:
            known = row["privilege"].upper() in ("SELECT", "INSERT", "UPDATE", "DELETE")
            if not known or row["grant_option"] is None:
                return False
            held.add(row["privilege"].lower())
            if row["grant_option"]:
                held.add("delegate")
    if right in ("alter", "drop", "own"):
        return bool(table["owner"] == user)
    if right == "update":
        # hive.split.update, on by default in Hive 4: a deletion and an insertion.
        return {"select", "insert", "delete"} <= held
    if right == "delete":
        return {"select", "delete"} <= held
    return right in held


def legacy(
    lake: RandomLake,
    user: str,
    right: str,
    table: dict[str, Any],
    groups: Iterable[str] = (),
    column: str | None = None,
) -> bool:
    """Legacy: select of a column or, like all other rights but own and drop, of the whole."""
    if right in ("update", "delete"):
        read = [legacy(lake, user, "select", table, groups, name) for name in COLUMNS]
        enough = any(read) if right == "delete" else read.count(False) <= 1
        return enough and legacy(lake, user, "insert", table, groups)
    names = set(groups)
    roles = roles_of(lake, user, names)
    if table["owner_type"] not in (None, "USER", "ROLE", "GROUP"):
        return False
    rows = [row for row in lake.of("grants") if _reaches(row, user, roles, names, table)]
    if right == "delegate":
        failed = BROKEN in roles or any(row["grant_option"] is None for row in rows)
        return not failed and any(row["grant_option"] for row in rows)
    wanted = {
        "select": ["SELECT"],
        "insert": ["UPDATE", "CREATE"],
        "alter": ["ALTER"],
    }[right]
    held: set[str] = set()
    for level in ("global", "database", "table"):
        if level == "database" and BROKEN in roles:
            return False
        here = [row for row in rows if row["level"] == level]
        if any(row["grant_option"] is None for row in here):
            return False
        held |= {row["privilege"].upper() for row in here}
        if all(name in held or "ALL" in held for name in wanted):
            return True
    if right != "select" or table["kind"] == "VIRTUAL_VIEW":
        return False
    for name in [column] if column else COLUMNS:
        here = [row for row in rows if row["level"] == "column" and row["column"] == name]
        if any(row["grant_option"] is None for row in here):
            return False
        if not {row["privilege"].upper() for row in here} & {"SELECT", "ALL"}:
            return False
    return True


def _reaches(
    row: dict[str, Any], user: str, roles: set[Any], groups: set[str], table: dict[str, Any]
) -> bool:
    """Whether Hive would load a row that it understands for the user and the table."""
    kind, who = row["principal_type"], row["principal"]
    mine = (
        (kind == "USER" and who == user)
        or (kind == "ROLE" and who in roles and row["level"] != "global")
        or (kind == "GROUP" and who in groups)
    )
    place = {"global": None, "database": table["database_id"]}.get(row["level"], table["table_id"])
    known = ("SELECT", "UPDATE", "CREATE", "DROP", "ALL", "ALTER", "INDEX", "LOCK")
    return mine and row["object_id"] == place and row["privilege"].upper() in known
