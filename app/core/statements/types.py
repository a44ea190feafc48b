"""What a statement of a change says, with the place of every word that may be guilty.

One frozen type a kind of statement. Names are as the dialect's engine would take them:
identifiers folded by `core.names`, principals as PrincipalRef says. Where
an object's database is left out, `ObjectRef.database` is empty and the current database
(`USE`, `default` at the start) is meant.
"""

from collections.abc import Mapping
from dataclasses import field

from app.core.frozen import frozen

#: Dialects in which a change may be written.
DIALECTS = ("hive", "trino", "databricks")


@frozen
class Span:
    """Where a text stands in its file: lines and columns from 1, the end exclusive."""

    line: int
    column: int
    end_line: int
    end_column: int
    start: int = 0  # offsets in characters from 0
    end: int = 0


@frozen
class ObjectRef:
    """A named object. `kind`: table, view, database, catalog, or `` where it is not said.

    Databricks has more kinds, in lower case: `function`, `any file`, `external location` …
    """

    catalog: str
    database: str
    name: str  # of the table or view; empty for a database or catalog
    kind: str
    span: Span


@frozen
class PrincipalRef:
    """USER, ROLE or GROUP, and its name as written.

    Hive's SQL-standard mode lower-cases the name of a role, but not after SET OWNER; legacy
    mode takes it as it is. Both take users and groups as they are.
    """

    kind: str
    name: str
    span: Span


@frozen
class PrivilegeRef:
    """A privilege as the dialect names it, upper case (`ALL`, `SELECT` …), and its columns."""

    name: str
    columns: tuple[str, ...]
    span: Span


@frozen
class Statement:
    """One statement of a file. `text` is as written, without its semicolon."""

    file: str
    number: int  # from 1
    dialect: str
    span: Span
    text: str


@frozen
class Grant(Statement):
    """GRANT privileges ON object TO principals. No object: global (legacy)."""

    privileges: tuple[PrivilegeRef, ...]
    object: ObjectRef | None
    principals: tuple[PrincipalRef, ...]
    with_grant_option: bool = False


@frozen
class Revoke(Statement):
    """REVOKE privileges ON object FROM principals, or only their grant option."""

    privileges: tuple[PrivilegeRef, ...]
    object: ObjectRef | None
    principals: tuple[PrincipalRef, ...]
    grant_option_only: bool = False


@frozen
class Deny(Statement):
    """DENY privileges ON object TO principals (Databricks, Trino)."""

    privileges: tuple[PrivilegeRef, ...]
    object: ObjectRef | None
    principals: tuple[PrincipalRef, ...]


@frozen
class GrantRole(Statement):
    """GRANT roles TO principals."""

    roles: tuple[PrincipalRef, ...]
    principals: tuple[PrincipalRef, ...]
    with_admin_option: bool = False
    catalog: str = ""  # Trino's IN catalog: whose role it is


@frozen
class RevokeRole(Statement):
    """REVOKE roles FROM principals, or only their admin option."""

    roles: tuple[PrincipalRef, ...]
    principals: tuple[PrincipalRef, ...]
    admin_option_only: bool = False
    catalog: str = ""


@frozen
class CreateRole(Statement):
    """CREATE ROLE."""

    role: PrincipalRef
    catalog: str = ""


@frozen
class DropRole(Statement):
    """DROP ROLE."""

    role: PrincipalRef
    if_exists: bool = False
    catalog: str = ""


@frozen
class SetRole(Statement):
    """SET ROLE name, ALL, NONE or ADMIN (`role` is the name, folded as Hive folds it)."""

    role: str
    catalog: str = ""


@frozen
class SetOwner(Statement):
    """ALTER TABLE | VIEW | DATABASE … SET OWNER."""

    object: ObjectRef
    owner: PrincipalRef


@frozen
class Rename(Statement):
    """ALTER TABLE | VIEW | DATABASE … RENAME TO."""

    object: ObjectRef
    to: ObjectRef


@frozen
class SetProperties(Statement):
    """ALTER … SET TBLPROPERTIES | DBPROPERTIES, or UNSET (value None)."""

    object: ObjectRef
    properties: Mapping[str, str | None]


@frozen
class SetColumns(Statement):
    """ALTER TABLE ADD | REPLACE | CHANGE COLUMN: what the columns become."""

    object: ObjectRef
    added: tuple[str, ...] = ()
    replaced: tuple[str, ...] | None = None  # REPLACE COLUMNS: all but partition keys
    renamed: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()


@frozen
class CreateTable(Statement):
    """CREATE TABLE: with columns, LIKE another, or AS a query."""

    object: ObjectRef
    columns: tuple[str, ...] = ()
    partition_keys: tuple[str, ...] = ()
    like: ObjectRef | None = None
    query: str = ""  # the text of AS …
    query_span: Span | None = None
    if_not_exists: bool = False
    temporary: bool = False
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)
    replace: bool = False


@frozen
class DropTable(Statement):
    """DROP TABLE | VIEW | MATERIALIZED VIEW."""

    object: ObjectRef
    if_exists: bool = False


@frozen
class CreateView(Statement):
    """CREATE [OR REPLACE] [MATERIALIZED] VIEW, or ALTER VIEW … AS (replace and must exist)."""

    object: ObjectRef
    query: str
    query_span: Span
    columns: tuple[str, ...] = ()
    replace: bool = False
    alters: bool = False
    if_not_exists: bool = False
    materialized: bool = False


@frozen
class CreateDatabase(Statement):
    """CREATE DATABASE | SCHEMA."""

    object: ObjectRef
    if_not_exists: bool = False
    owner: PrincipalRef | None = None  # Trino's AUTHORIZATION
    location: str = ""
    properties: Mapping[str, str] = field(default_factory=dict)


@frozen
class DropDatabase(Statement):
    """DROP DATABASE | SCHEMA."""

    object: ObjectRef
    if_exists: bool = False
    cascade: bool = False


@frozen
class Use(Statement):
    """USE database."""

    object: ObjectRef


@frozen
class CopyInto(Statement):
    """INSERT INTO | OVERWRITE … SELECT: data moves, no right does."""

    object: ObjectRef
    query: str
    query_span: Span


@frozen
class NoEffect(Statement):
    """A statement that is understood and changes nobody's access (SELECT, SHOW, SET x=y …).

    `object`, where one is said: its rows or partitions change. Of a table with
    PARTITION_LEVEL_PRIVILEGE=TRUE in legacy mode, that alone can change who reads it.
    """

    what: str
    object: ObjectRef | None = None


@frozen
class Unparsed(Statement):
    """What is not understood. Never a pass."""

    reason: str
    guilty: Span
