"""What there is after a change, read: the snapshot's objects and grants, and those written over.

Ordinals of the snapshot stay; what the change makes gets the ordinals after them.
"""

from collections.abc import Sequence
from functools import cached_property

from app.core.change.tables import ChangedDatabase, ChangedTable
from app.core.guarded_views import GuardedViews
from app.core.lookup import PARTITION_RIGHTS, Lookup, Place
from app.core.memberships import MembershipEdge, Memberships, Subject
from app.core.names import ObjectName
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.snapshots import Snapshot


class Overlay(Lookup):
    """Finds what there is after the statements applied so far."""

    def __init__(self, snapshot: Snapshot, plain: Lookup | None = None) -> None:
        """plain: the same snapshot opened already, so that nothing is read twice."""
        super().__init__(snapshot)
        self.tables: dict[int, ChangedTable] = {}
        self.databases: dict[int, ChangedDatabase] = {}
        self.gone_tables: set[int] = set()
        self.gone_databases: set[int] = set()
        self.gone_roles: set[str] = set()  # rows of the snapshot that name them are gone too
        self.made_roles: set[str] = set()
        self.members: dict[Subject, list[MembershipEdge]] = {}
        self.written: dict[int, GrantRow] = {}
        self._table_names: dict[tuple[int, str], int | None] = {}
        self._database_names: dict[tuple[str, str], int | None] = {}
        self._found_databases: dict[tuple[str, str], int | None] = {}  # of the snapshot
        self._globals: list[GrantRow] | None = None
        self._first_table: int = self.rows("tables").count
        self._next_table = self._first_table
        self._first_database: int = self.rows("databases").count
        self._next_database = self._first_database
        self._next_row = self.rows("grants").count
        self._rule_numbers: dict[tuple[object, ...], int] = {}
        self._first_rule = self.rows("rules").count
        self._plain = plain or Lookup(snapshot)

    # What there is

    def find(self, name: ObjectName) -> Place | None:
        """The object of that name after the change, or None."""
        database = self.find_database(name.catalog, name.database)
        if database is None:
            return None
        if not name.table:
            return Place(name, database)
        table = self.find_table(database, name.table)
        if table is None or (name.column and name.column not in self.columns(table)):
            return None
        return Place(name, database, table, name.column or None)

    def find_database(self, catalog: str, name: str) -> int | None:
        """The ordinal of a database."""
        key = (catalog, name)
        if key in self._database_names:
            return self._database_names[key]
        if key not in self._found_databases:
            place = self._plain.find(ObjectName(catalog, name))
            self._found_databases[key] = None if place is None else place.database
        found = self._found_databases[key]
        return None if found in self.gone_databases else found

    def find_table(self, database: int, name: str) -> int | None:
        """The ordinal of a table of a database."""
        key = (database, name)
        if key in self._table_names:
            return self._table_names[key]
        if database >= self._first_database or database in self.gone_databases:
            return None
        found = self._plain._find_table(database, name)
        return None if found in self.gone_tables else found

    def tables_in(self, database: int) -> list[int]:
        """Every table of a database."""
        found = {ordinal for ordinal, table in self.tables.items() if table.database == database}
        if database < self._first_database:
            rows = self.rows("tables")
            start, stop = (rows.first(("database",), (at,)) for at in (database, database + 1))
            found.update(each for each in range(start, stop) if each not in self.tables)
        return sorted(found - self.gone_tables)

    def is_new_table(self, table: int) -> bool:
        """Whether the snapshot does not have it."""
        return table >= self._first_table

    def is_new_database(self, database: int) -> bool:
        """Whether the snapshot does not have it."""
        return database >= self._first_database

    def has_role(self, name: str) -> bool:
        """Whether there is a role of that exact name."""
        if name in self.made_roles:
            return True
        if name in self.gone_roles:
            return False
        rows = self.rows("roles")
        row = rows.first(("name",), (name,))
        return bool(row < rows.count and rows.value("name", row) == name)

    def table_name(self, table: int) -> ObjectName:
        """The name of a table by ordinal, gone ones included."""
        changed = self.tables.get(table)
        if changed is None:
            return self._plain.table_name(table)
        database = self.database_name(changed.database)
        return ObjectName(database.catalog, database.database, changed.name)

    def database_name(self, database: int) -> ObjectName:
        """The name of a database by ordinal."""
        changed = self.databases.get(database)
        if changed is None:
            return self._plain.database_name(database)
        return ObjectName(changed.catalog, changed.name)

    def _columns(self, table: int) -> tuple[tuple[str, bool], ...]:
        changed = self.tables.get(table)
        return tuple(changed.columns) if changed is not None else self._plain._columns(table)

    def properties(self, table: int) -> dict[str, str | None]:
        """The properties of a table."""
        changed = self.tables.get(table)
        return self._plain.properties(table) if changed is None else dict(changed.properties)

    def kind(self, table: int) -> str:
        """MANAGED_TABLE, VIRTUAL_VIEW …"""
        changed = self.tables.get(table)
        return (
            changed.kind if changed is not None else str(self.rows("tables").value("kind", table))
        )

    def owner(self, table: int) -> tuple[str | None, str | None]:
        """The owner of a table and its kind."""
        changed = self.tables.get(table)
        if changed is not None:
            return changed.owner, changed.owner_type
        rows = self.rows("tables")
        return rows.value("owner", table), rows.value("owner_type", table)

    def database_owner(self, database: int) -> tuple[str | None, str | None]:
        """The owner of a database and its kind."""
        changed = self.databases.get(database)
        if changed is not None:
            return changed.owner, changed.owner_type
        rows = self.rows("databases")
        return rows.value("owner", database), rows.value("owner_type", database)

    def database_of(self, table: int) -> int:
        """The database that a table is in."""
        changed = self.tables.get(table)
        return (
            changed.database
            if changed is not None
            else int(self.rows("tables").value("database", table))
        )

    # What is granted

    @cached_property
    def guarded(self) -> GuardedViews:
        """As it was: no statement marks a view."""
        return self._plain.guarded

    def _table_grants(
        self, table: int, inherited_levels: Sequence[str], parts: bool, evidence: bool
    ) -> TableGrants:
        changed = self.tables.get(table)
        database = self.database_of(table)
        owner, owner_type = self.owner(table)
        database_owner, database_owner_type = self.database_owner(database)
        grants: list[GrantRow] = []
        if "global" in inherited_levels:
            grants += self.global_rows()
        if "database" in inherited_levels:
            grants += self.database_rows(database)
        own = self.own_rows(table)
        grants += own if parts else [grant for grant in own if grant.level == "table"]
        columns = self._columns(table) if parts else []
        keys = frozenset(name for name, is_key in columns if is_key)
        partitions = self._plain._partitions(table) if keys and changed is None else None
        if keys and changed is not None and self._has_partition_rights(changed):
            partitions = changed.partitions
        return TableGrants(
            grants=tuple(grants),
            columns=tuple(name for name, is_key in columns if not is_key),
            owner=owner,
            owner_type=owner_type,
            database_owner=database_owner,
            database_owner_type=database_owner_type,
            partitions=partitions,
            partition_keys=keys,
            is_view=self.kind(table) == "VIRTUAL_VIEW",
            is_materialized_view=self.kind(table) == "MATERIALIZED_VIEW",
        )

    @staticmethod
    def _has_partition_rights(table: ChangedTable) -> bool:
        return (table.properties.get(PARTITION_RIGHTS) or "").upper() == "TRUE"

    def own_rows(self, table: int) -> list[GrantRow]:
        """The rows of a table, its columns and partitions."""
        changed = self.tables.get(table)
        if changed is not None:
            return changed.grants
        return self._left(self._plain.table_grants(table, ()).grants)

    def database_rows(self, database: int) -> list[GrantRow]:
        """The rows of a database."""
        changed = self.databases.get(database)
        if changed is not None:
            return changed.grants
        found = self._plain.database_grants(database).grants
        return self._left([grant for grant in found if grant.level == "database"])

    def global_rows(self) -> list[GrantRow]:
        """The rows that are on no object."""
        if self._globals is None:
            self._globals = self._left(self._plain._global_grants())
        return self._globals

    def _left(self, grants: Sequence[GrantRow]) -> list[GrantRow]:
        return [
            grant
            for grant in grants
            if not (grant.principal_type == "ROLE" and grant.principal in self.gone_roles)
        ]

    def database_grants(self, database: int) -> DatabaseGrants:
        """All that decides access to a database."""
        owner, owner_type = self.database_owner(database)
        return DatabaseGrants(
            name=self.database_name(database).database,
            grants=(*self.global_rows(), *self.database_rows(database)),
            owner=owner,
            owner_type=owner_type,
        )

    def grant_row(self, row: int) -> GrantRow:
        """One grant by its row number."""
        return self.written[row] if row in self.written else self._plain.grant_row(row)

    def role_rows(self, member: Subject) -> list[MembershipEdge]:
        """The memberships of one subject in roles, in order of role."""
        if member in self.members:
            return self.members[member]
        if member[0] == "ROLE" and member[1] in self.gone_roles:
            return []
        known = Memberships(self._plain, "directory", True)
        return [edge for edge in known._role_parents(*member) if edge.of[1] not in self.gone_roles]
