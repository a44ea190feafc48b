"""GRANT, REVOKE and DENY in Databricks, with the privileges of Unity Catalog and of before."""

from app.core.statements.cursor import Cursor
from app.core.statements.databricks_names import principal, securable
from app.core.statements.types import Deny, Grant, PrivilegeRef, Revoke, Statement

_NAMES = """
ALL PRIVILEGES, ACCESS, APPLY TAG, BROWSE, CREATE CATALOG, CREATE CLEAN ROOM, CREATE CONNECTION,
CREATE EXTERNAL LOCATION, CREATE EXTERNAL TABLE, CREATE EXTERNAL VOLUME, CREATE FOREIGN CATALOG,
CREATE FOREIGN SECURABLE, CREATE FUNCTION, CREATE MANAGED STORAGE, CREATE MATERIALIZED VIEW,
CREATE MODEL, CREATE MODEL VERSION, CREATE PROVIDER, CREATE RECIPIENT, CREATE SCHEMA,
CREATE SERVICE CREDENTIAL, CREATE SHARE, CREATE STORAGE CREDENTIAL, CREATE TABLE, CREATE VIEW,
CREATE VOLUME, CREATE, CREATE_NAMED_FUNCTION, EXECUTE, EXECUTE CLEAN ROOM TASK,
EXTERNAL USE LOCATION, EXTERNAL USE SCHEMA, INSERT, MANAGE, MANAGE ALLOWLIST, MODIFY,
MODIFY CLEAN ROOM, MODIFY_CLASSPATH, READ FILES, READ VOLUME, READ_METADATA, REFRESH, SELECT,
SET SHARE PERMISSION, USAGE, USE CATALOG, USE CONNECTION, USE MARKETPLACE ASSETS, USE PROVIDER,
USE RECIPIENT, USE SCHEMA, USE SHARE, WRITE FILES, WRITE VOLUME
"""
#: The words of each privilege, the longer ones first.
PRIVILEGES = sorted((tuple(name.split()) for name in _NAMES.split(",")), key=len, reverse=True)


def grant(c: Cursor) -> Statement:
    """GRANT privileges ON securable TO principal"""
    c.expect("GRANT")
    privileges = _privileges(c)
    c.expect("ON")
    target = securable(c, name_needed=False)
    c.expect("TO")
    to = principal(c)
    c.end()
    return c.make(Grant, privileges=privileges, object=target, principals=(to,))


def revoke(c: Cursor) -> Statement:
    """REVOKE privileges ON securable FROM principal"""
    c.expect("REVOKE")
    privileges = _privileges(c)
    c.expect("ON")
    target = securable(c, name_needed=False)
    c.expect("FROM")
    of = principal(c)
    c.end()
    return c.make(Revoke, privileges=privileges, object=target, principals=(of,))


def deny(c: Cursor) -> Statement:
    """DENY privileges ON securable TO principal"""
    c.expect("DENY")
    privileges = _privileges(c)
    c.expect("ON")
    target = securable(c, name_needed=False)
    c.expect("TO")
    to = principal(c)
    c.end()
    return c.make(Deny, privileges=privileges, object=target, principals=(to,))


def _privileges(c: Cursor) -> tuple[PrivilegeRef, ...]:
    return tuple(c.listed(lambda: _privilege(c)))


def _privilege(c: Cursor) -> PrivilegeRef:
    first = c.peek()
    words = next((words for words in PRIVILEGES if c.accept(*words)), None)
    if words is None:
        c.refuse("expected a privilege")
    name = "ALL" if words[0] == "ALL" else " ".join(words)
    return PrivilegeRef(name, (), c.span_of(first, c.last()))
