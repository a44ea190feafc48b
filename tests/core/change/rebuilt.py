"""A changed lake written down as facts again: what the overlay says, without the overlay."""

from typing import Any

from app.core.change.applying import Change
from app.core.change.tables import VIEW
from app.core.reach import BROKEN
from tests.core.random_lakes import RandomLake


def rebuilt(lake: RandomLake, change: Change) -> RandomLake:
    """The lake after a change, as a source would yield it."""
    lookup = change.after.lookup
    databases = [
        each
        for each in range(lookup.rows("databases").count + len(lookup.databases))
        if (each in lookup.databases or not lookup.is_new_database(each))
        and each not in lookup.gone_databases
    ]
    tables = [each for database in databases for each in lookup.tables_in(database)]
    rows: dict[str, list[dict[str, Any]]] = {
        kind: lake.of(kind) for kind in ("catalogs", "users", "groups", "group_members")
    }
    rows["databases"] = [_database(lookup, each) for each in databases]
    rows["tables"] = [_table(lookup, each, _text(change, each)) for each in tables]
    rows["columns"] = [
        {"table_id": each, "name": name, "type": "string", "position": at, "partition_key": is_key}
        for each in tables
        for at, (name, is_key) in enumerate(lookup._columns(each))
    ]
    rows["roles"] = [
        {"name": name, "create_time": 0}
        for name in sorted({row["name"] for row in lake.of("roles")} | lookup.made_roles)
        if lookup.has_role(name)
    ]
    rows["grants"] = [
        *[_grant(row, None) for row in lookup.global_rows()],
        *[_grant(row, each) for each in databases for row in lookup.database_rows(each)],
        *[_grant(row, each) for each in tables for row in lookup.own_rows(each)],
    ]
    members = {(row["member_type"], row["member"]) for row in lake.of("role_members")}
    rows["role_members"] = [
        _member(edge)
        for member in sorted(members | set(lookup.members))
        for edge in lookup.role_rows(member)
    ]
    return RandomLake(rows)


def _database(lookup: Any, database: int) -> dict[str, Any]:
    owner, kind = lookup.database_owner(database)
    return {
        "database_id": database,
        "catalog": "hive",
        "name": lookup.database_name(database).database,
        "owner": owner,
        "owner_type": kind,
        "location": None,
        "kind": "NATIVE",
    }


def _text(change: Change, table: int) -> str | None:
    """What a view of the change was made by; one that was there before has no text here."""
    if change.after.lookup.kind(table) != VIEW:
        return None
    held = change.holdings.get(table, ())
    return next((each.statement.query for each in held if hasattr(each.statement, "query")), None)


def _table(lookup: Any, table: int, text: str | None) -> dict[str, Any]:
    owner, kind = lookup.owner(table)
    return {
        "table_id": table,
        "database_id": lookup.database_of(table),
        "name": lookup.table_name(table).table,
        "kind": lookup.kind(table),
        "owner": owner,
        "owner_type": kind,
        "location": None,
        "create_time": 0,
        "view_text": text,
        "view_original_text": None,
    }


def _grant(row: Any, object_id: int | None) -> dict[str, Any]:
    names = ("level", "column", "partition", "principal_type", "principal", "privilege")
    more = ("grant_option", "grantor", "authorizer", "source_row")
    return {
        **{name: getattr(row, name) for name in (*names, *more)},
        "object_id": object_id,
        "connector": None,
        "grantor_type": "USER",
        "create_time": 0,
    }


def _member(edge: Any) -> dict[str, Any]:
    broken = edge.of[1] == BROKEN
    return {
        "member_type": edge.member[0],
        "member": edge.member[1],
        "role": None if broken else edge.of[1],
        "admin_option": edge.admin_option,
        "grantor": edge.grantor,
        "grantor_type": "USER",
        "create_time": 0,
        "source_row": None,
    }
