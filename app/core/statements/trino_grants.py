"""GRANT, REVOKE, DENY and roles in Trino."""

from app.core.statements.cursor import Cursor, word_set
from app.core.statements.object_names import column_name, database_name, table_name
from app.core.statements.trino_names import principal, role_name
from app.core.statements.types import (
    CreateRole,
    Deny,
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

PRIVILEGES = word_set("CREATE DELETE INSERT SELECT UPDATE")


def grant(c: Cursor) -> Statement:
    """GRANT privileges ON [TABLE | SCHEMA] name TO … | GRANT roles TO … [IN catalog]"""
    c.expect("GRANT")
    if not _has_privileges(c):
        return _grant_roles(c)
    privileges, target = _privileges(c), _target(c)
    c.expect("TO")
    to = principal(c)
    option = c.accept("WITH", "GRANT", "OPTION")
    c.end()
    return c.make(
        Grant, privileges=privileges, object=target, principals=(to,), with_grant_option=option
    )


def revoke(c: Cursor) -> Statement:
    """REVOKE [GRANT OPTION FOR] privileges … | REVOKE [ADMIN OPTION FOR] roles FROM …"""
    c.expect("REVOKE")
    only_grant = c.accept("GRANT", "OPTION", "FOR")
    if not only_grant and not _has_privileges(c):
        return _revoke_roles(c)
    privileges, target = _privileges(c), _target(c)
    c.expect("FROM")
    of = principal(c)
    c.end()
    return c.make(
        Revoke,
        privileges=privileges,
        object=target,
        principals=(of,),
        grant_option_only=only_grant,
    )


def deny(c: Cursor) -> Statement:
    """DENY privileges ON [TABLE | SCHEMA] name TO principal"""
    c.expect("DENY")
    privileges, target = _privileges(c), _target(c)
    c.expect("TO")
    to = principal(c)
    c.end()
    return c.make(Deny, privileges=privileges, object=target, principals=(to,))


def create_role(c: Cursor) -> Statement:
    """CREATE ROLE name [WITH ADMIN principal] [IN catalog]"""
    c.expect("CREATE", "ROLE")
    role = role_name(c)
    if c.accept("WITH", "ADMIN"):
        _grantor(c)
    catalog = _catalog(c)
    c.end()
    return c.make(CreateRole, role=role, catalog=catalog)


def drop_role(c: Cursor) -> Statement:
    """DROP ROLE [IF EXISTS] name [IN catalog]"""
    c.expect("DROP", "ROLE")
    if_exists = c.accept("IF", "EXISTS")
    role = role_name(c)
    catalog = _catalog(c)
    c.end()
    return c.make(DropRole, role=role, if_exists=if_exists, catalog=catalog)


def set_role(c: Cursor) -> Statement:
    """SET ROLE name | ALL | NONE [IN catalog]"""
    c.expect("SET", "ROLE")
    role = c.name("the name of a role").text.lower()
    catalog = _catalog(c)
    c.end()
    return c.make(SetRole, role=role, catalog=catalog)


def _has_privileges(c: Cursor) -> bool:
    """Whether privileges come next: a role may be called ALL or SHOW, so what follows counts."""
    if c.sees("ALL", "PRIVILEGES"):
        return True
    follows = c.peek(1).key
    if c.sees_one_of(PRIVILEGES) and follows in ("ON", ",", "("):
        return follows != "," or _says_on(c)
    return c.sees("EXECUTE") or c.sees("CREATE", "BRANCH")


def _says_on(c: Cursor) -> bool:
    return any(word.key == "ON" for word in c.words(c.at, c.count()))


def _grant_roles(c: Cursor) -> Statement:
    roles = tuple(c.listed(lambda: role_name(c)))
    c.expect("TO")
    principals = tuple(c.listed(lambda: principal(c)))
    # Its pages write GRANTED BY first, its grammar last.
    granted = _granted_by(c)
    option = c.accept("WITH", "ADMIN", "OPTION")
    if not granted:
        _granted_by(c)
    catalog = _catalog(c)
    c.end()
    return c.make(
        GrantRole, roles=roles, principals=principals, with_admin_option=option, catalog=catalog
    )


def _revoke_roles(c: Cursor) -> Statement:
    only_admin = c.accept("ADMIN", "OPTION", "FOR")
    roles = tuple(c.listed(lambda: role_name(c)))
    c.expect("FROM")
    principals = tuple(c.listed(lambda: principal(c)))
    _granted_by(c)
    catalog = _catalog(c)
    c.end()
    return c.make(
        RevokeRole,
        roles=roles,
        principals=principals,
        admin_option_only=only_admin,
        catalog=catalog,
    )


def _granted_by(c: Cursor) -> bool:
    if not c.accept("GRANTED", "BY"):
        return False
    _grantor(c)
    return True


def _grantor(c: Cursor) -> PrincipalRef | None:
    if c.accept("CURRENT_USER") or c.accept("CURRENT_ROLE"):
        return None
    return principal(c)


def _catalog(c: Cursor) -> str:
    return column_name(c) if c.accept("IN") else ""


def _privileges(c: Cursor) -> tuple[PrivilegeRef, ...]:
    if c.accept("ALL", "PRIVILEGES"):
        return (PrivilegeRef("ALL", (), c.span_of(c.peek(-2), c.last())),)
    return tuple(c.listed(lambda: _privilege(c)))


def _privilege(c: Cursor) -> PrivilegeRef:
    if not c.sees_one_of(PRIVILEGES):
        c.refuse("expected a privilege")
    word = c.take()
    return PrivilegeRef(word.key, (), c.span_of(word))


def _target(c: Cursor) -> ObjectRef:
    c.expect("ON")
    after = c.peek(1)
    if c.sees("SCHEMA") and after.key not in ("TO", "FROM", "."):
        c.take()
        return database_name(c)
    kind = "table" if c.accept("TABLE") else ""
    return table_name(c, kind)
