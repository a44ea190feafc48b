"""Hive's decisions as a loop a reader can check: one user, one object, one right.

Written from docs/semantics.md, apart from `app.core.rights` and `app.core.reach`, which it
is the oracle of. A user is a name; `ANYONE` is a name that nothing mentions.
"""

from collections.abc import Iterable
from typing import Any

from tests.core.random_lakes import RandomLake

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
    return right in held


def legacy(
    lake: RandomLake,
    user: str,
    right: str,
    table: dict[str, Any],
    groups: Iterable[str] = (),
    column: str | None = None,
) -> bool:
    """Legacy, for select (of the whole or of a column), insert, alter and delegate."""
    names = set(groups)
    roles = roles_of(lake, user, names)
    if BROKEN in roles or table["owner_type"] not in (None, "USER", "ROLE", "GROUP"):
        return False
    whole: set[str] = set()
    columns: dict[str, set[str]] = {}
    option = False
    known = ("SELECT", "UPDATE", "CREATE", "DROP", "ALL", "ALTER", "INDEX", "LOCK")
    for row in lake.of("grants"):
        kind, who, text = row["principal_type"], row["principal"], row["privilege"].upper()
        mine = (
            (kind == "USER" and who == user)
            or (kind == "ROLE" and who in roles and row["level"] != "global")
            or (kind == "GROUP" and who in names)
        )
        here = (
            row["level"] == "global"
            or (row["level"] == "database" and row["object_id"] == table["database_id"])
            or (row["level"] in ("table", "column") and row["object_id"] == table["table_id"])
        )
        if not mine or not here or text not in known:
            continue
        if row["grant_option"] is None:
            return False
        option = option or bool(row["grant_option"])
        if row["level"] == "column":
            columns.setdefault(row["column"], set()).add(text)
        else:
            whole.add(text)

    def has(texts: set[str], privilege: str) -> bool:
        return privilege in texts or "ALL" in texts

    if right == "delegate":
        return option
    if right in ("insert", "update", "delete"):
        return has(whole, "UPDATE") and has(whole, "CREATE")
    if right != "select":
        return has(whole, right.upper())
    if has(whole, "SELECT"):
        return True
    if table["kind"] == "VIRTUAL_VIEW":
        return False
    wanted = [column] if column else ["id", "keystroke", "note"]
    return all(has(columns.get(name, set()), "SELECT") for name in wanted)
