"""All that decides access in a lake, as lines of text: to compare a prediction with a metastore."""

from collections.abc import Iterator

from app.core.change.lookup import ChangedLookup
from app.core.rights.grant_rows import GrantRow

#: How the metastore knows nobody; who made a database by himself does not matter.
_NOBODY = (None, "")


def state_of(lookup: ChangedLookup) -> list[str]:
    """Databases and tables with their owners, grants with who gave them, roles and members.

    Sorted; what stands there twice is there twice.
    """
    return sorted((*_databases(lookup), *_tables(lookup), *_globals(lookup), *_roles(lookup)))


def _databases(lookup: ChangedLookup) -> Iterator[str]:
    for database in {*range(lookup.rows("databases").count), *lookup.databases}:
        if database in lookup.gone_databases:
            continue
        name = lookup.database_name(database)
        yield f"database {name} of {_owner(lookup.database_owner(database))}"
        yield from (_grant(f"database {name}", row) for row in lookup.database_rows(database))


def _tables(lookup: ChangedLookup) -> Iterator[str]:
    for table in {*range(lookup.rows("tables").count), *lookup.tables}:
        if table in lookup.gone_tables:
            continue
        name = lookup.table_name(table)
        kind = "view" if lookup.kind(table) == "VIRTUAL_VIEW" else "table"
        yield f"{kind} {name} of {_owner(lookup.owner(table))}"
        yield f"columns of {name}: {', '.join(lookup.columns(table))}"
        yield from (_grant(str(name), row) for row in lookup.own_rows(table))


def _globals(lookup: ChangedLookup) -> Iterator[str]:
    yield from (_grant("everything", row) for row in lookup.global_rows())


def _grant(on: str, row: GrantRow) -> str:
    option = " with option" if row.grant_option else ""
    column = f" ({row.column})" if row.column else ""
    return (
        f"{row.privilege}{column}{option} on {on} to {row.principal_type} {row.principal} "
        f"by {row.grantor_type} {row.grantor} for {row.authorizer}"
    )


def _owner(owner: tuple[str | None, str | None]) -> str:
    name, kind = owner
    return f"{kind or 'USER'} {name}"


def _roles(lookup: ChangedLookup) -> Iterator[str]:
    stored = lookup.rows("roles")
    names = {stored.value("name", row) for row in range(stored.count)} | lookup.made_roles
    yield from (f"role {name}" for name in names if lookup.has_role(name))
    rows = lookup.rows("role_members")
    known = {
        (rows.value("member_type", row), rows.value("member", row)) for row in range(rows.count)
    }
    for member in known | set(lookup.members):
        for edge in lookup.role_rows(member):
            option = " with option" if edge.admin_option else ""
            yield f"{' '.join(member)} has {' '.join(edge.of)}{option} by {edge.grantor}"
