"""Crawls a lake through HiveServer2: what its statements tell an administrator.

A few statements for the whole lake and one or two for each database and role; single
objects are asked about only where nothing tells of many (views' texts, what a statement
left out), some at a time. What HiveServer2 never shows is a gap that says so.
"""

from collections.abc import Iterator, Mapping

from app.core.errors import ModeUnknownError, SourceError
from app.core.facts import Facts, Progress, no_progress
from app.core.names import DEFAULT_CATALOG
from app.core.rights.asked import HIVESERVER2, HIVESERVER2_SETTINGS, asked_mode
from app.sources.arrow_batches import fact_rows
from app.sources.hive_address import HiveAddress
from app.sources.hive_databases import describe_database
from app.sources.hive_grants import GrantReader
from app.sources.hive_metastore import ShownMetastore
from app.sources.hive_objects import HiveDatabase, HiveTable, LakeFacts, TableKey
from app.sources.hive_session import HiveSession, StatementError
from app.sources.hive_sessions import HiveSessions
from app.sources.hive_sys import NoSysError
from app.sources.hive_tables import TableReader
from app.sources.hive_text import quoted
from app.sources.sys_copy import sys_copy

_CHUNK = 100_000  # grants turned into facts at once


def open_hive(url: str) -> "HiveServerSource":
    """`hive://user:password@host:10000/?auth=LDAP&transport=binary&tls=true&database=default`.

    auth: NONE (default), LDAP, CUSTOM, KERBEROS or NOSASL. details: views (default), or all
    to describe every table by itself. connections: how many sessions at once. timeout: seconds
    one answer may take. Raises SourceError for an address that cannot be used.
    """
    return HiveServerSource(HiveAddress(url))


class HiveServerSource:
    """A HiveServer2 as a source; implements facts.Source."""

    def __init__(self, address: HiveAddress) -> None:
        self.label = address.address.label
        self._address = address

    def ask(self) -> dict[str, str]:
        """What HiveServer2 says of its settings; for `mode = auto` and findings.

        Raises SourceError when it cannot be reached.
        """
        with HiveSessions(self._address).opened() as sessions:
            return server_settings(sessions.first)

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield all facts and gaps.

        Raises SourceError when the server cannot be reached, is lost for longer than a few
        attempts, or does not list databases and tables at all.
        """
        with HiveSessions(self._address).opened() as sessions:
            yield from _Crawl(sessions, self._address, progress).facts()


def server_settings(session: HiveSession) -> dict[str, str]:
    """Its settings as `hiveserver2.NAME`; one that is not set or not told is left out."""
    found = {}
    for name in HIVESERVER2_SETTINGS:
        try:
            rows = session.rows(f"SET {name}")
        except StatementError:
            continue
        for text, *_ in rows:
            key, equals, value = str(text).partition("=")
            if equals and key == name and value:
                found[HIVESERVER2 + name] = value
    return found


class _Crawl:
    """One crawl, and what later statements must remember of earlier ones."""

    def __init__(self, sessions: HiveSessions, address: HiveAddress, progress: Progress) -> None:
        self._sessions = sessions
        self._details = address.details
        self._sys = address.sys
        self._progress = progress
        self._lake = LakeFacts()
        self._keys: dict[TableKey, tuple[str, ...]] = {}
        self._partitioned: list[HiveTable] = []  # whose partitions carry rights
        self._mode = ""  # as HiveServer2 says it, empty where that proves none

    def facts(self) -> Iterator[Facts]:
        """The whole crawl: by the metastore's own tables where they are shown, or else by what
        statements tell.
        """
        settings = server_settings(self._sessions.first)
        self._become_admin(settings)
        why = "it is not asked for"
        if self._sys:
            try:
                with sys_copy() as copy:
                    whole = ShownMetastore(self._sessions, self._sys, copy, self._progress)
                    whole.read(self._mode)
                    yield from whole.facts({"source": "hiveserver2", **settings})
                    return
            except NoSysError as problem:
                why = str(problem)
        yield from self._stated_facts(settings, why)

    def _stated_facts(self, settings: Mapping[str, str], why: str) -> Iterator[Facts]:
        """A crawl by statements, as a sentence.

        Grants are read after the tables, so that no table stands there without its grants.
        why: the metastore's own tables were not read.
        """
        self._say_if_not_admin()
        reader = TableReader(self._sessions, self._lake, self._progress)
        yield fact_rows("catalogs", [(DEFAULT_CATALOG, None)])
        databases = self._databases()
        yield from self._lake.databases(databases)
        tables = reader.read([each.name for each in databases])
        tables = reader.described(tables, self._needs_details)
        yield from self._table_facts(tables)
        grants = GrantReader(self._sessions, self._lake, self._progress)
        roles = grants.roles()
        yield fact_rows("roles", [(role, None) for role in roles])
        yield fact_rows("role_members", grants.members(roles))
        yield from self._grant_facts(grants, reader)
        yield self._lake.partitions(self._partition_names())
        self._say_what_is_never_shown(why)
        yield from self._lake.rest({"source": "hiveserver2", **settings})

    def _become_admin(self, settings: Mapping[str, str]) -> None:
        try:
            self._mode = asked_mode(settings)
        except ModeUnknownError:
            self._mode = ""
        if self._mode in ("legacy", "off"):
            return  # there anybody may ask, and nobody has to become anything
        session = self._sessions.first
        session.become_admin()
        self._sessions.as_admin()

    def _say_if_not_admin(self) -> None:
        refused = self._sessions.first.admin_refused
        if refused:
            self._lake.gap(
                "grants",
                "",
                f"TBL_PRIVS may not be read by this user: SET ROLE ADMIN was refused ({refused})",
                "Every grant, role and membership that only an administrator is shown",
            )

    def _databases(self) -> list[HiveDatabase]:
        try:
            names = sorted(str(row[0]) for row in self._sessions.first.rows("SHOW DATABASES"))
        except StatementError as problem:
            raise SourceError(
                f"HiveServer2 cannot be judged, it does not list its databases: {problem}",
                mend="Let the user run SHOW DATABASES, or read the metastore",
            ) from None
        found = []
        for name, answer in self._sessions.each(names, describe_database):
            if isinstance(answer, str):
                self._lake.gap("database", name, answer, "Whose database it is")
                answer = HiveDatabase(DEFAULT_CATALOG, name)
            found.append(answer)
            self._progress("databases", len(found), len(names))
        return found

    def _needs_details(self, table: HiveTable) -> bool:
        """Whether a table must be described by itself."""
        if self._details == "all" or table.kind in ("VIRTUAL_VIEW", "MATERIALIZED_VIEW"):
            return True
        # There each partition may carry rights of its own; only its table's properties say so.
        return self._mode == "legacy" and bool(table.partition_keys)

    def _table_facts(self, tables: list[HiveTable]) -> Iterator[Facts]:
        for table in tables:
            if table.partition_keys:
                self._keys[table.key] = tuple(name for name, _ in table.partition_keys)
            if table.has_partition_rights:
                self._partitioned.append(table)
        yield from self._lake.tables(tables)

    def _grant_facts(self, reader: GrantReader, tables: TableReader) -> Iterator[Facts]:
        found = reader.grants(tables.names, self._keys)
        unknown = sorted(
            {grant.table_key for grant in found if grant.table}
            - {key for key in (grant.table_key for grant in found) if self._lake.knows(key)}
        )
        late = tables.late(unknown)
        yield from self._table_facts(tables.described(late, self._needs_details))
        for start in range(0, len(found), _CHUNK):
            yield self._lake.grants(found[start : start + _CHUNK])
            self._progress("grants", min(start + _CHUNK, len(found)), len(found))

    def _partition_names(self) -> dict[TableKey, list[str]]:
        found: dict[TableKey, list[str]] = {}
        for table, names in self._sessions.each(self._partitioned, _partitions):
            if isinstance(names, str):
                doubt = "Who reaches it: its partitions carry rights of their own"
                self._lake.gap("table", table.shown, names, doubt)
            else:
                found[table.key] = names
        return found

    def _say_what_is_never_shown(self, why: str) -> None:
        self._lake.gap(
            "evidence",
            "",
            "HiveServer2 does not show a grant's authorizer, its grantor's type or its row, nor "
            "when roles were made, nor memberships of roles that are gone, nor the catalog's "
            "location, nor where a database's property ends whose value holds a comma, nor what a "
            "materialized view was made from other than by its text",
            "Evidence of grants; users whom Hive refuses everything for a damaged membership "
            f"count as if it did not. The database {self._sys or 'sys'} shows it all, and was not "
            f"read: {why}",
        )
        if self._mode == "sql-standard":
            self._lake.gap(
                "evidence",
                "",
                "HiveServer2 in this mode shows grants on tables and databases only",
                "Grants on the whole lake, on columns and on partitions: inert while the mode "
                "is sql-standard, and nobody sees here what another mode would make of them",
            )
        elif self._mode not in ("legacy", "off"):
            self._lake.gap(
                "grants",
                "",
                "GLOBAL_PRIVS may not be read whole: HiveServer2 shows what its mode lets it",
                "Grants on the whole lake, on columns and on partitions",
            )
        if self._details != "all":
            self._lake.gap(
                "lake",
                "",
                "properties, owner types and creation times of tables were not read, nor whether "
                "a table is managed",
                "Classes assigned by table properties, and tables that Hive refuses for a damaged "
                "owner type. Add details=all to the source address to read them, slowly",
            )


def _partitions(session: HiveSession, table: HiveTable) -> list[str] | str:
    try:
        rows = session.rows(f"SHOW PARTITIONS {quoted(table.database)}.{quoted(table.name)}")
    except StatementError as problem:
        return f"its partitions are not told: {problem}"
    return [str(row[0]) for row in rows]
