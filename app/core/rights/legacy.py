"""Legacy authorization ("v1", Hive's default before 2.0), as HiveServer2 decides it.

Source: Hive 4.0.1 (DefaultHiveAuthorizationProvider), tried question by question; the
facts are listed in docs/semantics.md. In short: a privilege may come from any level
(global, database, table, and for reading from each column by itself), `ALL` in any case
is every privilege, an unknown privilege is none, a grant to a ROLE at the global level
opens nothing, writing takes UPDATE and CREATE, and a table is dropped from above it.
"""

from collections.abc import Callable

from app.core.reach import NOBODY, PrincipalSet, Reach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.rights.mode import Meaning, intersection, principals, union, unreadable, without

ALL = "ALL"
ABOVE = ("global", "database")

#: The privileges that a right takes on a table, each from any level that counts for it.
_NEEDS = {
    "select": ("SELECT",),
    "insert": ("UPDATE", "CREATE"),
    "update": ("UPDATE", "CREATE"),
    "delete": ("UPDATE", "CREATE"),
    "alter": ("ALTER",),
    "drop": ("DROP",),
    "index": ("INDEX",),
    "create": ("CREATE",),
}
_PRIVILEGES = frozenset((ALL, "LOCK", *(name for needs in _NEEDS.values() for name in needs)))


class Legacy:
    """DefaultHiveAuthorizationProvider."""

    name = "legacy"
    inherited_levels: tuple[str, ...] = ("global", "database", "table")
    has_parts = True
    uses_groups = True
    self_service = "legacy GRANT is not authorized: whoever reaches HiveServer2 can grant himself"

    def meaning(
        self,
        level: str,
        principal_type: str,
        principal: str,
        privilege: str,
        grant_option: bool | None,
        authorizer: str | None,
    ) -> Meaning:
        """Rows of any authorizer count; an unknown privilege matches nothing.

        A right that takes two privileges is given by the first of them as far as this
        row can; the joins below ask for both.
        """
        inert = _inert(level, principal_type, privilege)
        if inert:
            return Meaning(inert=inert)
        if grant_option is None:
            return Meaning(refuses=True)
        text = privilege.upper()
        rights = {right for right, needs in _NEEDS.items() if text in (ALL, needs[0])} & _rights_at(
            level
        )
        if not rights:
            return Meaning(inert=f"{text} on a {level} gives nothing by itself")
        return Meaning(gives=frozenset(rights | {"delegate"} if grant_option else rights))

    def on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        """Who may do it to the whole of a table or view.

        Reading the whole (SELECT *) takes every column but the partition keys. Where
        partitions carry rights of their own it takes every partition, and nothing at all
        while there is none.
        """
        if unreadable(table):
            return NOBODY
        if right == "lock":
            return reach.everybody()
        if right == "own":
            return _owner(table.owner, table.owner_type, reach)
        refused = principals([grant for grant in table.grants if _fails(grant)], reach)
        return without(self._on_table(right, table, reach), refused)

    def _on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        if right == "delegate":
            return principals(
                [grant for grant in table.grants if grant.grant_option and _counts(grant)], reach
            )
        if right == "create":
            return NOBODY
        if right == "drop" and not table.is_view:
            return _holders("DROP", table.grants, _at(ABOVE), reach)
        if table.partitions is not None and right in ("select", "insert", "update", "delete"):
            return self._on_partitions(right, table, reach)
        whole = _needed(right, table.grants, _at(self.inherited_levels), reach)
        if right != "select" or not _has_column_grants(table):
            return whole
        columns = [_column(table, name, reach) for name in table.columns]
        return union([whole, intersection(columns)])

    def on_column(self, right: str, table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
        """Who reads a column: whoever was granted the table, or the column.

        Hive never checks a partition key by itself: a query of nothing else takes the table.
        """
        if right != "select" or unreadable(table):
            return self.on_table(right, table, reach)
        refused = principals([grant for grant in table.grants if _fails(grant)], reach)
        if table.partitions is not None:
            return without(self._on_partitions(right, table, reach, column), refused)
        whole = _needed(right, table.grants, _at(self.inherited_levels), reach)
        if column in table.partition_keys or table.is_view:
            return without(whole, refused)
        return without(union([whole, _column(table, column, reach)]), refused)

    def on_database(self, right: str, database: DatabaseGrants, reach: Reach) -> PrincipalSet:
        """Who has it globally or on the database."""
        if right == "lock":
            return reach.everybody()
        if right == "own":
            return _owner(database.owner, database.owner_type, reach)
        refused = principals([grant for grant in database.grants if _fails(grant)], reach)
        if right == "delegate":
            held = [each for each in database.grants if each.grant_option and _counts(each)]
            return without(principals(held, reach), refused)
        return without(_needed(right, database.grants, _at(ABOVE), reach), refused)

    def can_make_themselves(self, reach: Reach) -> PrincipalSet:
        """Everybody: GRANT is not authorized."""
        return reach.everybody()

    def _on_partitions(
        self, right: str, table: TableGrants, reach: Reach, column: str = ""
    ) -> PrincipalSet:
        if not table.partitions:
            return reach.everybody() if right == "select" else self._above(right, table, reach)
        parts = [self._on_partition(right, table, name, reach, column) for name in table.partitions]
        return intersection(parts)

    def _above(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        # A new partition is written under the rights of the table.
        return _needed(right, table.grants, _at(self.inherited_levels), reach)

    def _on_partition(
        self, right: str, table: TableGrants, partition: str, reach: Reach, column: str
    ) -> PrincipalSet:
        def counts(grant: GrantRow) -> bool:
            return grant.level in ABOVE or (
                grant.level == "partition" and grant.partition == partition
            )

        whole = _needed(right, table.grants, counts, reach)
        if right != "select":
            return whole
        columns = [
            principals(
                [
                    grant
                    for grant in table.grants
                    if grant.level == "partition_column"
                    and grant.partition == partition
                    and grant.column == name
                    and _gives("SELECT", grant)
                ],
                reach,
            )
            for name in ((column,) if column else table.columns)
        ]
        return union([whole, intersection(columns)])


def _inert(level: str, principal_type: str, privilege: str) -> str:
    if level == "connector":
        return "grants on data connectors open no table"
    if principal_type not in ("USER", "ROLE", "GROUP"):
        return f"{principal_type!r} is no kind of principal to Hive"
    if level == "global" and principal_type == "ROLE":
        return "Hive never asks for the global grants of roles"
    if privilege.upper() not in _PRIVILEGES:
        return f"{privilege!r} is no privilege of legacy authorization"
    return ""


def _rights_at(level: str) -> frozenset[str]:
    """The rights on a table, or on a database, that a grant at a level can give."""
    if level in ABOVE:
        return frozenset(_NEEDS)
    if level in ("column", "partition_column"):
        return frozenset(("select",))
    return frozenset(_NEEDS) - {"create"}


def _counts(grant: GrantRow) -> bool:
    return not _inert(grant.level, grant.principal_type, grant.privilege)


def _fails(grant: GrantRow) -> bool:
    return grant.grant_option is None and _counts(grant)


def _gives(privilege: str, grant: GrantRow) -> bool:
    return _counts(grant) and grant.privilege.upper() in (ALL, privilege)


def _at(levels: tuple[str, ...]) -> Callable[[GrantRow], bool]:
    return lambda grant: grant.level in levels


def _holders(
    privilege: str, grants: tuple[GrantRow, ...], where: Callable[[GrantRow], bool], reach: Reach
) -> PrincipalSet:
    return principals(
        [grant for grant in grants if where(grant) and _gives(privilege, grant)], reach
    )


def _needed(
    right: str, grants: tuple[GrantRow, ...], where: Callable[[GrantRow], bool], reach: Reach
) -> PrincipalSet:
    """Who holds every privilege that a right takes, each from any of the rows that count."""
    return intersection([_holders(each, grants, where, reach) for each in _NEEDS[right]])


def _column(table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
    # Hive compares the stored name exactly, and never asks for the columns of a view.
    if table.is_view:
        return NOBODY
    return _holders(
        "SELECT",
        table.grants,
        lambda grant: grant.level == "column" and grant.column == column,
        reach,
    )


def _has_column_grants(table: TableGrants) -> bool:
    return any(grant.level == "column" for grant in table.grants)


def _owner(owner: str | None, owner_type: str | None, reach: Reach) -> PrincipalSet:
    return reach.principal(owner_type or "USER", owner) if owner else NOBODY
