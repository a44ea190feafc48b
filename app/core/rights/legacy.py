"""Legacy authorization ("v1", Hive's default before 2.0), as HiveServer2 decides it.

Source: Hive 4.0.1 (DefaultHiveAuthorizationProvider), tried question by question; the
facts are listed in docs/semantics.md. In short: a privilege may come from any level
(global, database, table, and for reading from each column by itself), `ALL` in any case
is every privilege, an unknown privilege is none, a grant to a ROLE at the global level
opens nothing, writing takes UPDATE and CREATE, and a table is dropped from above it.
"""

from itertools import accumulate

from app.core.names import RIGHTS
from app.core.reach import NOBODY, PrincipalSet, Reach
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.rights.mode import Meaning, intersection, principals, union, unreadable, without

ALL = "ALL"

#: The privileges that a right takes on a table, each from any level that counts for it.
_NEEDS = {
    "select": ("SELECT",),
    "insert": ("UPDATE", "CREATE"),
    "update": ("UPDATE", "CREATE", "SELECT"),
    "delete": ("UPDATE", "CREATE", "SELECT"),
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
    asks_under_views = False
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
        if grant_option:
            rights = rights | {"delegate"}  # whatever the privilege gives by itself
        if not rights:
            return Meaning(inert=f"{text} on a {level} gives nothing by itself")
        return Meaning(gives=frozenset(rights))

    def helps(self, grant: GrantRow) -> frozenset[str]:
        """Any: a privilege may come from several levels and count for several rights."""
        return frozenset(RIGHTS)

    def on_table(self, right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
        """Who may do it to the whole of a table or view.

        Reading the whole (SELECT *) takes every column but the partition keys. Where
        partitions carry rights of their own it takes every partition, and nothing at all
        while there is none.
        """
        if unreadable(table):
            return NOBODY
        if right == "lock" or (right == "alter" and table.partitions is not None):
            # Hive checks nothing for LOCK, nor for SET TBLPROPERTIES on such a table.
            return reach.whoever()
        if right == "own":
            return _owner(table.owner, table.owner_type, reach)
        if right == "delegate":
            return _delegates(table.grants, reach)
        if right == "create":
            return NOBODY
        if table.partitions is not None and right in ("select", "insert", "update", "delete"):
            return self._on_partitions(right, table, reach, table.columns)
        if right in ("update", "delete"):
            return intersection(
                [self.on_table("insert", table, reach), _finds(right, table, reach)]
            )
        above_only = right == "drop" and not (table.is_view or table.is_materialized_view)
        stages = ABOVE_STAGES if above_only else TABLE_STAGES
        columns = table.columns if right == "select" and _has_column_grants(table) else ()
        return _in_order(right, table, stages, columns, reach)

    def on_column(self, right: str, table: TableGrants, column: str, reach: Reach) -> PrincipalSet:
        """Who reads a column: whoever was granted the table, or the column.

        Hive never checks a partition key: beside any column that he may read, a user reads
        it too; a query of nothing else takes the table.
        """
        if right != "select" or unreadable(table):
            return self.on_table(right, table, reach)
        beside = table.columns if column in table.partition_keys else (column,)
        if table.partitions is not None:
            return union([self._on_partitions(right, table, reach, (name,)) for name in beside])
        return union([_in_order(right, table, TABLE_STAGES, (name,), reach) for name in beside])

    def on_database(self, right: str, database: DatabaseGrants, reach: Reach) -> PrincipalSet:
        """Who has it globally or on the database."""
        if right == "lock":
            return reach.whoever()
        if right == "own":
            return _owner(database.owner, database.owner_type, reach)
        if right == "delegate":
            return _delegates(database.grants, reach)
        above = TableGrants(database.grants, (), None, None, None, None)
        return _in_order(right, above, ABOVE_STAGES, (), reach)

    def can_make_themselves(self, reach: Reach) -> PrincipalSet:
        """Everybody: GRANT is not authorized."""
        return reach.everybody()

    def _on_partitions(
        self, right: str, table: TableGrants, reach: Reach, columns: tuple[str, ...]
    ) -> PrincipalSet:
        if table.partitions:
            return intersection(
                [
                    _in_order(right, table, PARTITION_STAGES, columns, reach, name)
                    for name in table.partitions
                ]
            )
        if right == "select":
            return reach.whoever()
        # A new partition is written under the rights of the table.
        return _in_order(right, table, TABLE_STAGES, (), reach)


#: In which order Hive looks for a privilege. What it has found at one level is settled: a
#: row that makes the next look-up fail, or a membership it cannot read (roles are first
#: asked for at the second level), refuses only whoever needed that look-up.
ABOVE_STAGES = ("global", "database")
TABLE_STAGES = (*ABOVE_STAGES, "table")
PARTITION_STAGES = (*ABOVE_STAGES, "partition")
_COLUMN_LEVELS: dict[tuple[str, ...], str] = {
    TABLE_STAGES: "column",
    PARTITION_STAGES: "partition_column",
}


def _in_order(
    right: str,
    table: TableGrants,
    stages: tuple[str, ...],
    columns: tuple[str, ...],
    reach: Reach,
    partition: str | None = None,
) -> PrincipalSet:
    """Who is found to hold a right, level after level, and then on each of the columns."""
    found, failed, counted = NOBODY, NOBODY, list[GrantRow]()
    for level in stages:
        here = [
            grant
            for grant in table.grants
            if grant.level == level and (level != "partition" or grant.partition == partition)
        ]
        counted += [grant for grant in here if _counts(grant)]
        failed = union([failed, principals([each for each in here if _fails(each)], reach)])
        holders = _needed(right, counted, reach, whatever_roles=level == "global")
        found = union([found, without(holders, failed)])
    level_of_columns = _COLUMN_LEVELS.get(stages)
    if right != "select" or not columns or level_of_columns is None or table.is_view:
        return found
    on_columns = [
        _on_one_column(
            [
                grant
                for grant in table.grants
                if grant.level == level_of_columns
                and grant.column == name
                and grant.partition == partition
            ],
            reach,
        )
        for name in columns
    ]
    return union([found, without(intersection(on_columns), failed)])


def _finds(right: str, table: TableGrants, reach: Reach) -> PrincipalSet:
    """Who may read what some UPDATE, or some DELETE … WHERE, has to read of a table.

    A DELETE reads the columns of its condition, so one will do; an UPDATE every column but
    those that it sets. Source: Hive 4.0.1, tried.
    """
    if not _has_column_grants(table) or not table.columns:
        return _in_order("select", table, TABLE_STAGES, (), reach)
    each = [_in_order("select", table, TABLE_STAGES, (name,), reach) for name in table.columns]
    if right == "delete" or len(each) == 1:
        return union(each)
    before = list(accumulate(each, _both))
    after = list(accumulate(reversed(each), _both))[::-1]
    inner = (_both(before[at - 1], after[at + 1]) for at in range(1, len(each) - 1))
    return union([after[1], before[-2], *inner])


def _both(one: PrincipalSet, other: PrincipalSet) -> PrincipalSet:
    return intersection((one, other))


def _on_one_column(grants: list[GrantRow], reach: Reach) -> PrincipalSet:
    # Hive compares the stored name of a column exactly.
    holders = principals([grant for grant in grants if _gives("SELECT", grant)], reach)
    return without(holders, principals([grant for grant in grants if _fails(grant)], reach))


def _needed(
    right: str, grants: list[GrantRow], reach: Reach, *, whatever_roles: bool
) -> PrincipalSet:
    """Who holds every privilege that a right takes, each from any of the rows."""
    stands_for = reach.before_roles if whatever_roles else reach.principal
    return intersection(
        [
            union(
                stands_for(grant.principal_type, grant.principal)
                for grant in grants
                if _gives(privilege, grant)
            )
            for privilege in _NEEDS[right]
        ]
    )


def _delegates(grants: tuple[GrantRow, ...], reach: Reach) -> PrincipalSet:
    held = [grant for grant in grants if grant.grant_option and _counts(grant)]
    failed = principals([grant for grant in grants if _fails(grant)], reach)
    return without(principals(held, reach), failed)


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
    if level in ABOVE_STAGES:
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


def _has_column_grants(table: TableGrants) -> bool:
    return any(grant.level == "column" for grant in table.grants)


def _owner(owner: str | None, owner_type: str | None, reach: Reach) -> PrincipalSet:
    return reach.principal(owner_type or "USER", owner) if owner else NOBODY
