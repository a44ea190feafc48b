"""A snapshot's objects and grants with a change written over them, copy on write.

Rows of grants that it writes get row and rule numbers after the snapshot's.
"""

from dataclasses import replace

from app.core.change.overlay import Overlay
from app.core.change.tables import ChangedDatabase, ChangedTable
from app.core.memberships import MembershipEdge, Subject
from app.core.rights.grant_rows import GrantRow


class ChangedLookup(Overlay):
    """An overlay that `apply` writes to."""

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
