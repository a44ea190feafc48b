"""GRANT, REVOKE and roles in HiveQL."""

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.hive_names import principal, role_name
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.types import (
    CreateRole,
    DropRole,
    Grant,
    GrantRole,
    ObjectRef,
    PrincipalRef,
    PrivilegeRef,
    Revoke,
    RevokeRole,
    SetRole,
    Statement,
)

PRIVILEGES = word_set("ALL ALTER CREATE DELETE DROP INSERT LOCK SELECT SHOW_DATABASE UPDATE")


def grant(c: Cursor) -> Statement:
    """GRANT privileges [ON object] TO … | GRANT [ROLE] roles TO …"""
    c.expect("GRANT")
    if not c.sees_one_of(PRIVILEGES):
        roles = _roles(c, "TO")
        principals = _principals(c, "TO")
        with_admin = c.accept("WITH", "ADMIN", "OPTION")
        c.end()
        return c.make(GrantRole, roles=roles, principals=principals, with_admin_option=with_admin)
    privileges, target = _privileges(c), _target(c, "TO")
    principals = _principals(c, "TO")
    with_grant = c.accept("WITH", "GRANT", "OPTION")
    c.end()
    return c.make(
        Grant,
        privileges=privileges,
        object=target,
        principals=principals,
        with_grant_option=with_grant,
    )


def revoke(c: Cursor) -> Statement:
    """REVOKE [GRANT OPTION FOR] privileges … | REVOKE [ADMIN OPTION FOR] [ROLE] roles FROM …"""
    c.expect("REVOKE")
    only_grant = c.accept("GRANT", "OPTION", "FOR")
    if not only_grant and not c.sees_one_of(PRIVILEGES):
        only_admin = c.accept("ADMIN", "OPTION", "FOR")
        roles = _roles(c, "FROM")
        principals = _principals(c, "FROM")
        c.end()
        return c.make(RevokeRole, roles=roles, principals=principals, admin_option_only=only_admin)
    privileges, target = _privileges(c), _target(c, "FROM")
    principals = _principals(c, "FROM")
    c.end()
    return c.make(
        Revoke,
        privileges=privileges,
        object=target,
        principals=principals,
        grant_option_only=only_grant,
    )


def create_role(c: Cursor) -> Statement:
    """CREATE ROLE name"""
    c.expect("CREATE", "ROLE")
    role = role_name(c)
    c.end()
    return c.make(CreateRole, role=role)


def drop_role(c: Cursor) -> Statement:
    """DROP ROLE name"""
    c.expect("DROP", "ROLE")
    role = role_name(c)
    c.end()
    return c.make(DropRole, role=role)


def set_role(c: Cursor) -> Statement:
    """SET ROLE name | ALL | NONE. Only SQL-standard mode knows it, and folds the name."""
    c.expect("SET", "ROLE")
    word = c.take() if c.sees_one_of({"ALL", "NONE"}) else c.name("the name of a role")
    c.end()
    return c.make(SetRole, role=word.text.lower())


def _roles(c: Cursor, stop: str) -> tuple[PrincipalRef, ...]:
    if c.sees("ROLE") and c.peek(1).key not in (stop, ","):
        c.take()
    return tuple(c.listed(lambda: role_name(c)))


def _principals(c: Cursor, before: str) -> tuple[PrincipalRef, ...]:
    c.expect(before)
    return tuple(c.listed(lambda: principal(c)))


def _privileges(c: Cursor) -> tuple[PrivilegeRef, ...]:
    return tuple(c.listed(lambda: _privilege(c)))


def _privilege(c: Cursor) -> PrivilegeRef:
    if not c.sees_one_of(PRIVILEGES):
        c.refuse("expected a privilege")
    word = c.take()
    columns = c.in_brackets(lambda: column_name(c)) if c.sees("(") else []
    return PrivilegeRef(word.key, tuple(columns), c.span_of(word))


def _target(c: Cursor, stop: str) -> ObjectRef | None:
    """What stands after ON; None without it, which means the whole lake."""
    if not c.accept("ON"):
        return None
    after = c.peek(1).key
    if c.sees_one_of({"DATABASE", "SCHEMA"}) and after not in (stop, ".", "PARTITION"):
        c.take()
        return database_name(c)
    if c.sees_one_of({"URI", "SERVER"}) and after not in (stop, ".", "PARTITION"):
        c.refuse_at(f"Hive grants nothing on a {c.peek().key}", c.peek())
    c.accept("TABLE")
    target = table_name(c, "table" if c.last().key == "TABLE" else "")
    if c.sees("PARTITION"):
        reason = "what a grant on a partition opens depends on the mode: name the table"
        c.refuse_at(reason, c.peek())
    return target
