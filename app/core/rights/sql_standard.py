"""SQL-standard based authorization, as HiveServer2 decides it.

Source: Hive 4.0.1 (SQLStdHiveAuthorizationValidator, SQLAuthorizationUtils), tried
question by question; the facts are listed in docs/semantics.md. In short: only rows of
TBL_PRIVS open a table; roles are closed upward from the user and from `public`, `admin`
left out until somebody says SET ROLE ADMIN; a row with a privilege Hive does not know
makes it refuse whoever the row reaches; an owner alters and drops, and reads only by the
rows that CREATE wrote for him.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from app.core.names import RIGHTS
from app.core.reach import NOBODY, PrincipalSet, Reach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.rights.mode import (
    DATA_RIGHTS,
    Meaning,
    intersection,
    principals,
    unreadable,
    with_beside,
    without,
)

ADMIN = "admin"
DEFAULT_DATABASE = "default"

_KNOWN = frozenset(right.upper() for right in DATA_RIGHTS)

#: The privileges that a right takes, all of them. Hive 4 writes an UPDATE as a deletion and
#: an insertion (hive.split.update, on by default) and asks for their privileges, and for
#: SELECT to find the rows; the privilege UPDATE is neither needed nor enough.
NEEDS = {
    "select": ("SELECT",),
    "insert": ("INSERT",),
    "delete": ("DELETE", "SELECT"),
    "update": ("DELETE", "INSERT", "SELECT"),
}


class SqlStandard:
    """SQLStdHiveAuthorizerFactory."""

    name = "sql-standard"
    inherited_levels: tuple[str, ...] = ("table",)
    has_parts = False
    asks_under_views = True
    uses_groups = False
    self_service = "SET ROLE ADMIN: a member of the role admin may do anything after it"

    def __init__(self) -> None:
        self._last: _Sorted | None = None

    def meaning(
        self,
        level: str,
        principal_type: str,
        principal: str,
        privilege: str,
        grant_option: bool | None,
        authorizer: str | None,
    ) -> Meaning:
        """Rows of any authorizer count: Hive does not look at it."""
        is_admin = principal_type == "ROLE" and principal.lower() == ADMIN
        return _meaning(level, principal_type, is_admin, privilege, grant_option)

    def helps(self, grant: GrantRow) -> frozenset[str]:
        """Those that take its privilege; any where it makes Hive refuse."""
        if self.of(grant).refuses:
            return frozenset(RIGHTS)
        return _helped(grant.privilege.upper(), bool(grant.grant_option))

    def on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        """Who may do it as things stand. `own`, `alter` and `drop` are the owner's.

        LOCK TABLE needs nothing in Hive's table of privileges; CREATE on a table is the
        right to create beside it, so the database decides.
        """
        if unreadable(table):
            return NOBODY
        found = self._sorted(table.grants)
        refused = principals(found.refusing, reach)
        if right in ("own", "alter", "drop", "index"):
            return without(_owner(table.owner, reach), refused)
        if right == "lock":
            return reach.everybody()
        if right == "create":
            return NOBODY
        if right == "delegate":
            return without(principals(found.delegating, reach), refused)
        holders = [principals(found.having(name), reach) for name in NEEDS[right]]
        able = without(intersection(holders), refused)
        if right != "select":
            return able
        return with_beside(able, table, lambda other: self.on_table(right, other, reach))

    def on_column(self, right: str, table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
        """A column is as open as its table."""
        return self.on_table(right, table, reach)

    def on_database(self, right: str, database: DatabaseGrants, reach: Reach) -> PrincipalSet:
        """The owner, by user name or by a current role; everybody owns `default`.

        A privilege that Hive does not know on the database refuses whoever it reaches.
        """
        if right == "lock":
            return reach.everybody()
        if right not in ("own", "create", "drop"):
            return NOBODY
        refusing = [
            grant
            for grant in database.grants
            if grant.level == "database" and self._as_on_table(grant).refuses
        ]
        return without(_database_owners(database, reach), principals(refusing, reach))

    def can_make_themselves(self, reach: Reach) -> PrincipalSet:
        """Members of admin, nested ones too."""
        return reach.role_in_any_case(ADMIN)

    def _sorted(self, grants: tuple[GrantRow, ...]) -> "_Sorted":
        """Some grants by what they do; kept until others are asked about.

        A table is asked about right by right, and each right would sort its grants again.
        """
        last = self._last
        if last is None or last.grants is not grants:
            last = self._last = _Sorted(self, grants)
        return last

    def _as_on_table(self, grant: GrantRow) -> Meaning:
        return self.of(replace(grant, level="table"))

    def of(self, grant: GrantRow) -> Meaning:
        """What a grant does."""
        return self.meaning(
            grant.level,
            grant.principal_type,
            grant.principal,
            grant.privilege,
            grant.grant_option,
            grant.authorizer,
        )


def _owner(owner: str | None, reach: Reach) -> PrincipalSet:
    # Hive compares the user's name with TBLS.OWNER and never looks at OWNER_TYPE.
    return reach.principal("USER", owner) if owner else NOBODY


@lru_cache(maxsize=4096)
def _meaning(
    level: str, principal_type: str, is_admin: bool, privilege: str, grant_option: bool | None
) -> Meaning:
    if level != "table":
        return Meaning(inert=f"SQL-standard authorization does not read {level} grants")
    if principal_type not in ("USER", "ROLE"):
        return Meaning(inert="SQL-standard authorization knows users and roles only")
    if is_admin:
        return Meaning(inert="the role admin is never current before SET ROLE ADMIN")
    text = privilege.upper()
    if text not in _KNOWN or grant_option is None:
        return Meaning(refuses=True)
    # A right that takes several privileges is given by the first as far as one row can.
    gives = {right for right, needs in NEEDS.items() if text == needs[0]}
    if not gives and not grant_option:
        return Meaning(inert="Hive 4 asks for SELECT, INSERT and DELETE where rows are updated")
    return Meaning(gives=frozenset(gives | {"delegate"} if grant_option else gives))


@lru_cache(maxsize=64)
def _helped(privilege: str, grant_option: bool) -> frozenset[str]:
    rights = {right for right, needs in NEEDS.items() if privilege in needs}
    return frozenset(rights | {"delegate"} if grant_option else rights)


class _Sorted:
    """Some grants by what they do, each looked at once."""

    def __init__(self, mode: SqlStandard, grants: tuple[GrantRow, ...]) -> None:
        self.grants = grants
        self.refusing: list[GrantRow] = []
        self.delegating: list[GrantRow] = []
        self._of_privilege: dict[str, list[GrantRow]] = {}
        for grant in grants:
            meaning = mode.of(grant)
            if meaning.refuses:
                self.refusing.append(grant)
            if "delegate" in meaning.gives:
                self.delegating.append(grant)
            if _counts(grant):
                self._of_privilege.setdefault(grant.privilege.upper(), []).append(grant)

    def having(self, privilege: str) -> Sequence[GrantRow]:
        """Those of a privilege that Hive reads, refusing or not."""
        return self._of_privilege.get(privilege, ())


def _counts(grant: GrantRow) -> bool:
    return (
        grant.level == "table"
        and grant.principal_type in ("USER", "ROLE")
        and not (grant.principal_type == "ROLE" and grant.principal.lower() == ADMIN)
    )


def _database_owners(database: DatabaseGrants, reach: Reach) -> PrincipalSet:
    # Whoever asks owns `default`; `admin` is no current role before SET ROLE ADMIN.
    if database.name == DEFAULT_DATABASE:
        return reach.everybody()
    if not database.owner or database.owner_type not in ("USER", "ROLE"):
        return NOBODY
    if database.owner_type == "ROLE" and database.owner.lower() == ADMIN:
        return NOBODY
    return reach.principal(database.owner_type, database.owner)
