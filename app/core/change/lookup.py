"""A snapshot's objects and grants with a change written over them, copy on write.

Ordinals of the snapshot stay; what the change makes gets the ordinals after them. Rows of
grants that it writes get row and rule numbers after the snapshot's.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property

from app.core.change.tables import ChangedDatabase, ChangedTable
from app.core.guarded_views import GuardedViews
from app.core.lookup import PARTITION_RIGHTS, Lookup, Place
from app.core.memberships import MembershipEdge, Memberships, Subject
from app.core.names import ObjectName
from app.core.rights.grant_rows import DatabaseGrants, GrantRow, TableGrants
from app.core.snapshots import Snapshot


class ChangedLookup(Lookup):
    """Finds what there is after the statements applied so far. Written to by `apply` only."""

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

    # Writing

    def touch_table(self, table: int) -> ChangedTable:
        """A table to write to."""
        changed = self.tables.get(table)
        self._kept_grants.clear()
        if changed is None:
            rows = self.rows("tables")
            columns = self._plain._columns(table)
            keys = any(is_key for _, is_key in columns)
            changed = self.tables[table] = ChangedTable(
                ordinal=table,
                database=rows.value("database", table),
                name=rows.value("name", table),
                kind=rows.value("kind", table),
                owner=rows.value("owner", table),
                owner_type=rows.value("owner_type", table),
                location=rows.value("location", table),
                columns=tuple(columns),
                properties=self._plain.properties(table),
                partitions=(self._plain._partitions(table) or ()) if keys else (),
                grants=self.own_rows(table),
            )
        return changed

    def touch_database(self, database: int) -> ChangedDatabase:
        """A database to write to."""
        changed = self.databases.get(database)
        self._kept_grants.clear()
        if changed is None:
            rows = self.rows("databases")
            changed = self.databases[database] = ChangedDatabase(
                ordinal=database,
                catalog=rows.value("catalog", database),
                name=rows.value("name", database),
                owner=rows.value("owner", database),
                owner_type=rows.value("owner_type", database),
                grants=self.database_rows(database),
            )
        return changed

    def touch_members(self, member: Subject) -> list[MembershipEdge]:
        """The memberships of a subject to write to."""
        if member not in self.members:
            self.members[member] = self.role_rows(member)
        return self.members[member]

    def touch_globals(self) -> list[GrantRow]:
        """The rows on no object, to write to."""
        self._kept_grants.clear()
        return self.global_rows()

    def add_database(
        self, catalog: str, name: str, owner: str | None, kind: str
    ) -> ChangedDatabase:
        """Make a database."""
        made = ChangedDatabase(self._next_database, catalog, name, owner, kind)
        self.databases[made.ordinal] = made
        self._database_names[catalog, name] = made.ordinal
        self._next_database += 1
        return made

    def add_table(self, database: int, name: str, kind: str, owner: str | None) -> ChangedTable:
        """Make a table or view without columns or grants."""
        made = ChangedTable(
            ordinal=self._next_table,
            database=database,
            name=name,
            kind=kind,
            owner=owner,
            owner_type="USER",
            columns=(),
            properties={},
            partitions=(),
            grants=[],
            described_anew=True,
        )
        self.tables[made.ordinal] = made
        self._table_names[database, name] = made.ordinal
        self._next_table += 1
        return made

    def drop_table(self, table: int) -> None:
        """Take a table away, with its grants."""
        gone = self.touch_table(table)
        gone.grants = []
        self.gone_tables.add(table)
        self._table_names[gone.database, gone.name] = None

    def drop_database(self, database: int) -> None:
        """Take a database away, with its tables and grants."""
        for table in self.tables_in(database):
            self.drop_table(table)
        gone = self.touch_database(database)
        gone.grants = []
        self.gone_databases.add(database)
        self._database_names[gone.catalog, gone.name] = None

    def rename_table(self, table: int, database: int, name: str) -> None:
        """Give a table another name; its grants go with it."""
        moved = self.touch_table(table)
        self._table_names[moved.database, moved.name] = None
        moved.database, moved.name, moved.described_anew = database, name, True
        self._table_names[database, name] = table

    def rename_database(self, database: int, name: str) -> None:
        """Give a database another name."""
        moved = self.touch_database(database)
        self._database_names[moved.catalog, moved.name] = None
        moved.name = name
        self._database_names[moved.catalog, name] = database

    def drop_role(self, name: str) -> None:
        """Take a role away, with its grants and memberships. Source: Hive 4.0.1, tried."""
        self.gone_roles.add(name)
        self.made_roles.discard(name)
        self.members.pop(("ROLE", name), None)
        for member, edges in self.members.items():
            self.members[member] = [edge for edge in edges if edge.of[1] != name]
        for table in self.tables.values():
            table.grants = self._left(table.grants)
        for database in self.databases.values():
            database.grants = self._left(database.grants)
        self._globals = self._left(self.global_rows())
        self._kept_grants.clear()

    def new_row(self, **values: object) -> GrantRow:
        """A row that the change writes; fields as in GrantRow but `row` and `rule`."""
        said = tuple(
            values.get(name)
            for name in ("principal_type", "principal", "privilege", "grant_option", "authorizer")
        )
        rule = self._rule_numbers.setdefault(said, self._first_rule + len(self._rule_numbers))
        fields = {"column": None, "partition": None, "source_row": None, "create_time": None}
        made = GrantRow(**{**fields, **values, "row": self._next_row, "rule": rule})
        self.written[made.row] = made
        self._next_row += 1
        return made

    def without_option(self, row: GrantRow) -> GrantRow:
        """The same row, less its grant option."""
        said = (row.principal_type, row.principal, row.privilege, False, row.authorizer)
        rule = self._rule_numbers.setdefault(said, self._first_rule + len(self._rule_numbers))
        made = replace(row, grant_option=False, rule=rule)
        self.written[made.row] = made
        return made


def metastore_order(row: GrantRow) -> tuple[int, int]:
    """The order in which the metastore finds rows of one object: as they were written."""
    return (row.row, 0) if row.source_row is None else (-1, row.source_row)
