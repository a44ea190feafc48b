"""What Hive's script leaves out of `sys`, asked for by statements that tell it.

Catalogs of databases, kinds of databases, grants on data connectors, types of tables' owners.
A `sys` that has them is asked for none of it.
"""

from app.core.facts import Progress
from app.core.names import DEFAULT_CATALOG, show
from app.sources.hive_databases import describe_database
from app.sources.hive_objects import HiveDatabase, HiveTable
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_tables import describe_table
from app.sources.metastore_reader import MetastoreReader
from app.sources.sys_copy import SysCopy

_OF_DATABASES = ("DATABASE_PARAMS", "DB_PRIVS", "TBLS", "DBS")
_OF_TABLES = ("TABLE_PARAMS", "PARTITION_KEYS", "PARTITIONS", "TBL_PRIVS", "TBL_COL_PRIVS")
# Owners who may be something else than a user: their names are roles' or groups' too.
_OWNED_BY_MANY = """
SELECT d."NAME", t."TBL_NAME", t."TBL_ID" FROM "TBLS" t JOIN "DBS" d ON d."DB_ID" = t."DB_ID"
WHERE t."OWNER" IN (SELECT "ROLE_NAME" FROM "ROLES" UNION
  SELECT "PRINCIPAL_NAME" FROM "ROLE_MAP" WHERE "PRINCIPAL_TYPE" = 'GROUP' UNION
  SELECT "PRINCIPAL_NAME" FROM "TBL_PRIVS" WHERE "PRINCIPAL_TYPE" = 'GROUP')
ORDER BY 1, 2
"""


class SysCompletion:
    """Fills a copy of `sys` up, so that it reads like the metastore's database."""

    def __init__(self, sessions: HiveSessions, copy: SysCopy, progress: Progress) -> None:
        self._sessions = sessions
        self._copy = copy
        self._progress = progress
        self._gaps: list[tuple[str, str, str, str]] = []

    def complete(self, mode: str) -> None:
        """Ask for what is missing. mode: in sql-standard nothing depends on owners' types."""
        if not self._copy.has("CTLGS"):
            self._copy.put("CTLGS", {"NAME": [DEFAULT_CATALOG], "LOCATION_URI": [None]})
        if not self._has("MV_CREATION_METADATA", "CAT_NAME"):
            self._add("MV_CREATION_METADATA", "CAT_NAME", DEFAULT_CATALOG)
        if not self._has("DBS", "CTLG_NAME"):
            self._keep_one_catalog()
        if not self._copy.has("DC_PRIVS") or not self._has("DBS", "TYPE"):
            self._ask_for_connectors()
        if not self._has("TBLS", "OWNER_TYPE"):
            self._add("TBLS", "OWNER_TYPE", "USER")
            if mode != "sql-standard":
                self._ask_for_owners()

    def say_gaps(self, reader: MetastoreReader) -> None:
        """Note what stayed unknown."""
        for gap in self._gaps:
            reader.gap(*gap)

    def _has(self, table: str, column: str) -> bool:
        return not self._copy.has(table) or self._copy.has_column(table, column)

    def _add(self, table: str, column: str, value: str) -> None:
        self._copy.run(f'ALTER TABLE "{table}" ADD COLUMN "{column}" TEXT DEFAULT \'{value}\'')

    def _keep_one_catalog(self) -> None:
        """HiveServer2 lists the databases of one catalog; `sys` those of all."""
        listed = {str(row[0]) for row in self._sessions.first.rows("SHOW DATABASES")}
        rows = self._copy.run('SELECT "DB_ID", "NAME", "DB_LOCATION_URI" FROM "DBS"')
        names = [name for _, name, _ in rows]
        others = []
        for number, name, location in rows:
            if name not in listed or (names.count(name) > 1 and not self._is_at(name, location)):
                others.append((number, name))
        if others:
            shown = ", ".join(sorted(show(str(name)) for _, name in others)[:20])
            self._gaps.append(
                (
                    "lake",
                    "",
                    f"{len(others)} databases are of other catalogs than {DEFAULT_CATALOG}, and "
                    f"sys does not say of which: {shown}",
                    "Who can reach their tables. Read the metastore itself, or make the table of "
                    "docs/hive-mirror.sql",
                )
            )
            self._remove([number for number, _ in others])
        self._add("DBS", "CTLG_NAME", DEFAULT_CATALOG)

    def _is_at(self, name: str, location: str) -> bool:
        found = describe_database(self._sessions.first, name)
        return isinstance(found, HiveDatabase) and found.location == location

    def _remove(self, databases: list[int]) -> None:
        ids = ", ".join(map(str, databases))
        theirs = f'SELECT "TBL_ID" FROM "TBLS" WHERE "DB_ID" IN ({ids})'
        for table in filter(self._copy.has, _OF_TABLES):
            self._copy.run(f'DELETE FROM "{table}" WHERE "TBL_ID" IN ({theirs})')
        for table in filter(self._copy.has, _OF_DATABASES):
            self._copy.run(f'DELETE FROM "{table}" WHERE "DB_ID" IN ({ids})')

    def _ask_for_connectors(self) -> None:
        """Without data connectors no database is remote, and nobody has grants on one."""
        try:
            connectors = self._sessions.first.rows("SHOW CONNECTORS")
        except StatementError:
            connectors = []  # before Hive 4 there are none
        if not self._has("DBS", "TYPE"):
            self._add("DBS", "TYPE", "NATIVE")
        if not connectors:
            if not self._copy.has("DC_PRIVS"):
                empty: dict[str, list[str]] = {name: [] for name in _DC_COLUMNS}
                self._copy.put("DC_PRIVS", empty)
            return
        names = [str(name) for (name,) in self._copy.run('SELECT "NAME" FROM "DBS" ORDER BY 1')]
        for name, found in self._sessions.each(names, describe_database):
            if isinstance(found, str):
                self._gaps.append(("database", name, found, "Whether its tables live elsewhere"))
            elif found.kind == "REMOTE":
                self._copy.run('UPDATE "DBS" SET "TYPE" = \'REMOTE\' WHERE "NAME" = ?', name)

    def _ask_for_owners(self) -> None:
        rows = self._copy.run(_OWNED_BY_MANY)
        for done, (row, found) in enumerate(self._sessions.each(rows, _describe)):
            database, name, number = row
            bare = HiveTable(DEFAULT_CATALOG, database, name, kind="")
            if isinstance(found, str):
                doubt = "Whether a user, a role or a group owns it"
                self._gaps.append(("table", bare.shown, f"it cannot be described: {found}", doubt))
            elif found.owner_type:
                statement = 'UPDATE "TBLS" SET "OWNER_TYPE" = ? WHERE "TBL_ID" = ?'
                self._copy.run(statement, found.owner_type, number)
            self._progress("types of owners", done + 1, len(rows))


_DC_COLUMNS = (
    *("DC_GRANT_ID", "CREATE_TIME", "NAME", "GRANT_OPTION", "GRANTOR", "GRANTOR_TYPE"),
    *("PRINCIPAL_NAME", "PRINCIPAL_TYPE", "DC_PRIV", "AUTHORIZER"),
)


def _describe(session: HiveSession, row: tuple[str, str, int]) -> HiveTable | str:
    database, name, _ = row
    return describe_table(session, HiveTable(DEFAULT_CATALOG, database, name, kind=""))
