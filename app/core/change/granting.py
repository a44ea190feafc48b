"""GRANT and REVOKE of privileges, as Hive 4.0.1 carries them out (docs/semantics.md)."""

from app.core.change.causes import Taking, Wrote
from app.core.change.lookup import metastore_order
from app.core.change.notes import Kind, Refused
from app.core.change.session import Session
from app.core.frozen import frozen
from app.core.names import fold
from app.core.rights.grant_rows import GrantRow
from app.core.statements.types import (
    Grant,
    ObjectRef,
    PrincipalRef,
    PrivilegeRef,
    Revoke,
    Span,
)

_SQL_STANDARD = ("SELECT", "INSERT", "UPDATE", "DELETE")
_LEGACY = ("ALL", "ALTER", "UPDATE", "CREATE", "DROP", "INDEX", "LOCK", "SELECT", "SHOW_DATABASE")
_ALL = ("ALL", "ALL PRIVILEGES")


@frozen
class _On:
    """Where privileges are granted."""

    level: str
    rows: list[GrantRow]
    name: str
    table: int | None = None
    database: int | None = None


@frozen
class _Privilege:
    name: str
    column: str | None
    span: Span


def grant(session: Session, said: Grant) -> None:
    """Write the rows of a GRANT. Raises Refused; a legacy GRANT keeps what came before."""
    on = _on(session, said.object, said, writing=True)
    wanted = _privileges(session, said.privileges, on)
    if not session.is_sql_standard:
        # One row for each time that it is said. Source: Hive 4.0.1, tried.
        refs = said.privileges
        wanted = tuple(each for ref in refs for each in _privileges(session, (ref,), on))
        _check_said_once(on, wanted)
    if session.is_sql_standard:
        _check_grantor(session, said, on, wanted)
        if on.level == "database":
            _check_named_once(session, said.principals)
        for principal in said.principals:
            _check_new(session, on, principal, wanted)
    for principal in said.principals:
        if not session.is_sql_standard:
            _check_new(session, on, principal, wanted)
        for privilege in wanted:
            row = session.lookup.new_row(
                level="column" if privilege.column else on.level,
                column=privilege.column,
                principal_type=principal.kind,
                principal=session.principal_name(principal),
                privilege=privilege.name,
                grant_option=said.with_grant_option,
                grantor=session.user,
                grantor_type="USER",
                authorizer="SQL" if session.is_sql_standard else "v1",
            )
            on.rows.append(row)
            session.wrote(
                said, Wrote.GRANT, principal.span, table=on.table, database=on.database, row=row
            )
    _say_inert(session, said, on)


def _check_said_once(on: _On, wanted: tuple[_Privilege, ...]) -> None:
    """The metastore's own index refuses the same row twice, but for tables. Source: as above."""
    for place, each in enumerate(wanted):
        if on.level != "table" and each.name in {before.name for before in wanted[:place]}:
            raise Refused(f"{each.name} on {on.name} is said twice", each.span, Kind.DOUBLE)


def _check_named_once(session: Session, principals: tuple[PrincipalRef, ...]) -> None:
    """SQL-standard writes all rows of a statement at once. Source: Hive 4.0.1, tried."""
    seen = set[tuple[str, str]]()
    for ref in principals:
        who = (ref.kind, session.principal_name(ref))
        if who in seen:
            raise Refused(f"{ref.kind.lower()} {who[1]} is named twice", ref.span, Kind.DOUBLE)
        seen.add(who)


def revoke(session: Session, said: Revoke) -> None:
    """Take the rows that a REVOKE takes. Raises Refused."""
    on = _on(session, said.object, said, writing=True)
    wanted = _privileges(session, said.privileges, on)
    for principal in said.principals:
        _check_principal(session, principal)
    principals = said.principals
    if session.is_sql_standard:
        if said.grant_option_only:
            _check_named_once(session, principals)
        # Rows are found for all before the first goes: nobody misses his twice.
        principals = tuple(
            {(each.kind, session.principal_name(each)): each for each in principals}.values()
        )
    if session.is_sql_standard and session.user is not None:
        for principal in principals:
            _check_own(session, said, on, principal, wanted)
    for principal in principals:
        _take(session, said, on, principal, wanted)
    _say_inert(session, said, on)


def _on(session: Session, ref: ObjectRef | None, said: Grant | Revoke, *, writing: bool) -> _On:
    lookup = session.lookup
    if ref is None:
        if session.is_sql_standard:
            raise Refused("SQL-standard authorization has no grants on no object", said.span)
        return _On("global", lookup.touch_globals(), "everything")
    if ref.kind == "catalog":
        raise Refused("Hive has no grants on catalogs", ref.span, Kind.UNKNOWN)
    if not ref.name:
        database = session.database(ref, said.dialect)
        rows = lookup.touch_database(database).grants
        return _On("database", rows, str(lookup.database_name(database)), database=database)
    table = session.table(ref, said.dialect)
    return _On("table", lookup.touch_table(table).grants, str(lookup.table_name(table)), table)


def _privileges(
    session: Session, refs: tuple[PrivilegeRef, ...], on: _On
) -> tuple[_Privilege, ...]:
    found: dict[tuple[str, str | None], _Privilege] = {}
    for ref in refs:
        name = ref.name.upper()
        if ref.columns and (session.is_sql_standard or on.level != "table"):
            what = "SQL-standard authorization" if session.is_sql_standard else on.level
            raise Refused(f"{what} has no grants on columns", ref.span)
        if session.is_sql_standard:
            if name not in (*_ALL, *_SQL_STANDARD):
                raise Refused(f"SQL-standard authorization has no privilege {name}", ref.span)
            names = _SQL_STANDARD if name in _ALL else (name,)
        else:
            name = "ALL" if name in _ALL else name
            if name not in _LEGACY:
                raise Refused(f"legacy authorization has no privilege {name}", ref.span)
            if ref.columns and name != "SELECT":
                raise Refused(f"legacy authorization has no {name} on columns", ref.span)
            names = (name,)
        for one in names:
            for column in ref.columns or (None,):
                key = (one, None if column is None else fold(column))
                found.setdefault(key, _Privilege(*key, ref.span))
    return tuple(found.values())


def _check_principal(session: Session, principal: PrincipalRef) -> str:
    if principal.kind not in ("USER", "ROLE", "GROUP"):
        raise Refused(
            f"whether {principal.name} is a user, a group or a role is not said",
            principal.span,
            Kind.UNKNOWN,
        )
    if principal.kind == "GROUP" and session.is_sql_standard:
        raise Refused("SQL-standard authorization knows users and roles only", principal.span)
    return session.role(principal) if principal.kind == "ROLE" else principal.name


def _check_grantor(session: Session, said: Grant, on: _On, wanted: tuple[_Privilege, ...]) -> None:
    if session.runner.is_admin:
        return
    held = session.runner.held([row for row in on.rows if row.level == on.level])
    missing = [each for each in wanted if each.name not in held]
    if missing:
        names = ", ".join(each.name for each in missing)
        raise Refused(
            f"{session.user} may not: he lacks {names} with grant option on {on.name}",
            missing[0].span,
        )


def _check_new(
    session: Session, on: _On, principal: PrincipalRef, wanted: tuple[_Privilege, ...]
) -> None:
    """Hive refuses to write what the same grantor granted already. Source: Hive 4.0.1, tried."""
    name = _check_principal(session, principal)
    for privilege in wanted:
        for row in _rows_of(on, principal.kind, name, privilege):
            if row.grantor == session.user:
                by = session.user or "the same runner"
                raise Refused(
                    f"{privilege.name} on {on.name} is already granted to "
                    f"{principal.kind.lower()} {name} by {by}",
                    principal.span,
                    Kind.DOUBLE,
                )


def _rows_of(on: _On, kind: str, name: str, privilege: _Privilege) -> list[GrantRow]:
    """The rows that say just that, in the metastore's order."""
    level = "column" if privilege.column else on.level
    found = [
        row
        for row in on.rows
        if row.principal == name
        and row.principal_type == kind
        and row.privilege == privilege.name
        and row.level == level
        and row.column == privilege.column
    ]
    return sorted(found, key=metastore_order)


def _check_own(
    session: Session,
    said: Revoke,
    on: _On,
    principal: PrincipalRef,
    wanted: tuple[_Privilege, ...],
) -> None:
    """SQL-standard finds only rows whose grantor runs the REVOKE, for every privilege."""
    name = session.principal_name(principal)
    for privilege in wanted:
        rows = _rows_of(on, principal.kind, name, privilege)
        if any(row.grantor == session.user for row in rows):
            continue
        others = sorted({row.grantor or "whoever ran the grant" for row in rows})
        why = (
            f"{privilege.name} on {on.name} was granted to {principal.kind.lower()} {name} by "
            f"{' and '.join(others)}, and {session.user} takes back his own grants only"
            if others
            else f"{principal.kind.lower()} {name} has no {privilege.name} on {on.name} "
            f"granted by {session.user}"
        )
        for each in said.principals:
            _tried(session, said, on, each, wanted, refused=why)
        raise Refused(why, principal.span)


def _take(
    session: Session,
    said: Revoke,
    on: _On,
    principal: PrincipalRef,
    wanted: tuple[_Privilege, ...],
) -> None:
    """Take one row for each privilege: the first the metastore finds, whoever granted it."""
    name = session.principal_name(principal)
    taken: list[GrantRow] = []
    for privilege in wanted:
        rows = _rows_of(on, principal.kind, name, privilege)
        why = ""
        if not rows:
            why = f"{principal.kind.lower()} {name} has no {privilege.name} on {on.name}"
        elif said.grant_option_only and not rows[0].grant_option:
            why = f"{privilege.name} on {on.name} has no grant option there"
        if why:
            _tried(session, said, on, principal, wanted, refused=why)
            raise Refused(why, principal.span)
        taken.append(rows[0])
    for row in taken:
        at = on.rows.index(row)
        if said.grant_option_only:
            on.rows[at] = session.lookup.without_option(row)
        else:
            del on.rows[at]
        session.wrote(
            said, Wrote.TOOK, principal.span, table=on.table, database=on.database, row=row
        )
    _tried(session, said, on, principal, wanted, rows=tuple(taken))
    by = sorted({row.grantor for row in taken if row.grantor})
    if session.is_sql_standard and session.user is None and by:
        session.note(
            said,
            Kind.ONLY_BY,
            f"takes back the grant of {' and '.join(by)}, and only where {by[0]} runs it",
            principal.span,
            by=by[0],
        )


def _tried(
    session: Session,
    said: Revoke,
    on: _On,
    principal: PrincipalRef,
    wanted: tuple[_Privilege, ...],
    *,
    refused: str = "",
    rows: tuple[GrantRow, ...] = (),
) -> None:
    session.takings.append(
        Taking(
            statement=said,
            span=principal.span,
            principal=(principal.kind, session.principal_name(principal)),
            table=on.table,
            database=on.database,
            privileges=tuple(each.name for each in wanted),
            option_only=said.grant_option_only,
            refused=refused,
            rows=rows,
        )
    )


def _say_inert(session: Session, said: Grant | Revoke, on: _On) -> None:
    if session.is_sql_standard and on.level == "database":
        session.note(
            said,
            Kind.NO_EFFECT,
            "SQL-standard authorization stores grants on databases and never reads them",
            said.object.span if said.object else None,
        )
