"""Crawls a metastore's own database, whichever database it is.

One pass over each table, columns as Arrow batches, nothing row by row. What a version of
the metastore lacks is felt for; what should be there and cannot be read is a gap, or
SourceError when nothing trustworthy would remain.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from itertools import chain

import pyarrow as pa
import pyarrow.compute as pc

from app.core.change_signs import SignReader
from app.core.facts import Facts, Progress, no_progress
from app.core.id_lookup import IdLookup
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.core.redaction import redact_locations, redact_properties
from app.sources import metastore_schema as schema
from app.sources.alongside import alongside
from app.sources.arrow_batches import as_facts, fact_rows, last_of
from app.sources.metastore_columns import TableColumns
from app.sources.metastore_connection import Connect, Read
from app.sources.metastore_grants import grant_facts, legal_flag
from app.sources.metastore_reader import Columns, Gaps, MetastoreReader
from app.sources.table_properties import TableProperties
from app.sources.trino_view import decode_views

_SETTINGS: Mapping[str, str] = {"source": "metastore-database"}

#: Opens the cheap look at a lake.
OpenSigns = Callable[[], AbstractContextManager[SignReader]]


class MetastoreSource:
    """A metastore's database as a source; implements facts.Source and ChangeSign.

    One that is kept between crawls can crawl a part: see `crawl_access`.
    """

    def __init__(self, label: str, connect: Connect, signs: OpenSigns) -> None:
        self.label = label
        self._connect = connect
        self._signs = signs
        self._gaps_of_details: Gaps | None = None

    def signs(self) -> AbstractContextManager[SignReader]:
        """The cheapest look there is. Raises SourceError."""
        return self._signs()

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield all facts and gaps, read in one transaction with one consistent view.

        Raises SourceError when the database cannot be reached, holds no metastore, lacks
        a table without which nothing could be trusted, or is lost on the way.
        """
        with self._connect() as connection:
            reader = MetastoreReader(connection, progress)
            reader.require(*schema.ESSENTIAL)
            crawl = MetastoreCrawl(reader)
            self._gaps_of_details = None
            with connection.beside() as other:
                grants = reader.beside(other or connection)
                for facts in crawl.facts(grants, at_once=other is not None):
                    if facts.kind == "grants":
                        crawl.grants += facts.batch.num_rows
                        progress("grants", crawl.grants, None)
                    yield facts
            self._gaps_of_details = crawl.gaps_of_details

    def crawl_access(self, progress: Progress = no_progress) -> Iterator[Facts] | None:
        """Crawl again, but for columns, table properties, partitions and view sources.

        Their gaps are those of the last whole crawl. None when there was none. Raises
        SourceError as `crawl` does.
        """
        if self._gaps_of_details is None:
            return None
        return self._access_facts(progress, self._gaps_of_details)

    def _access_facts(self, progress: Progress, gaps: Gaps) -> Iterator[Facts]:
        with self._connect() as connection:
            reader = MetastoreReader(connection, progress)
            reader.require(*schema.ESSENTIAL)
            crawl = MetastoreCrawl(reader)
            crawl.gaps_of_details.update(gaps)
            with connection.beside() as other:
                grants = reader.beside(other or connection)
                yield from crawl.access_facts(grants, at_once=other is not None)


class MetastoreCrawl:
    """One crawl, and what later reads must remember of earlier ones."""

    def __init__(self, reader: MetastoreReader, settings: Mapping[str, str] = _SETTINGS) -> None:
        self._reader = reader
        self.gaps_of_details: Gaps = {}
        self._details = reader.apart(self.gaps_of_details)
        self.grants = 0  # how many have been read
        self._settings = list(settings.items())
        self._databases: dict[int, tuple[str, str]] = {}  # id → (catalog, name)
        self._tables: list[Columns] = []  # to name a table in a gap
        self._properties = TableProperties()
        self._columns = TableColumns(self._properties)

    def facts(self, grants: MetastoreReader, *, at_once: bool) -> Iterator[Facts]:
        """The whole crawl, as a sentence; the grants at once with the rest, if they can.

        Whoever writes the facts down is nearly done with the grants, the largest kind,
        when the last columns come.
        """
        self._read_version()
        grants.version = self._details.version = self._reader.version
        objects, details = self._object_facts(), self._detail_facts()
        if at_once:
            yield from alongside(chain(objects, details), grant_facts(grants))
        else:
            yield from chain(objects, grant_facts(grants), details)
        yield from self._said_at_last()

    def access_facts(self, grants: MetastoreReader, *, at_once: bool) -> Iterator[Facts]:
        """The same without the details."""
        self._read_version()
        grants.version = self._reader.version
        objects = self._object_facts()
        if at_once:
            yield from alongside(objects, grant_facts(grants))
        else:
            yield from chain(objects, grant_facts(grants))
        yield from self._said_at_last()

    def _said_at_last(self) -> Iterator[Facts]:
        yield fact_rows("lake_settings", sorted(self._settings))
        self._reader.take_gaps(self.gaps_of_details)
        yield self._reader.gaps()

    def _object_facts(self) -> Iterator[Facts]:
        yield from self._catalog_facts()
        yield from self._database_facts()
        yield from self._table_facts()
        yield from self._plain_facts("roles", schema.ROLES, self._reader)
        yield from self._member_facts()

    def _detail_facts(self) -> Iterator[Facts]:
        yield from self._property_facts()
        yield from self._column_facts()
        yield from self._partition_facts()
        yield from self._plain_facts("view_sources", schema.VIEW_SOURCES, self._details)

    def _read_version(self) -> None:
        for columns in self._reader.batches("version", schema.VERSION):
            for version in columns["version"].to_pylist():
                self._settings.append(("metastore_version", version or ""))
                numbers = re.match(r"(\d+)\.(\d+)", version or "")
                if numbers:
                    self._reader.version = (int(numbers[1]), int(numbers[2]))

    def _catalog_facts(self) -> Iterator[Facts]:
        if not self._reader.can_read(schema.CATALOGS):
            yield fact_rows("catalogs", [(DEFAULT_CATALOG, None)])
        for columns in self._reader.batches("catalogs", schema.CATALOGS):
            columns["location"] = redact_locations(columns["location"])
            yield as_facts("catalogs", columns)

    def _database_facts(self) -> Iterator[Facts]:
        for columns in self._reader.batches("databases", schema.DATABASES):
            _name_all(self._reader, columns, "databases")
            columns["catalog"] = pc.fill_null(columns["catalog"], DEFAULT_CATALOG)
            columns["kind"] = pc.fill_null(columns["kind"], "NATIVE")
            columns["location"] = redact_locations(columns["location"])
            self._remember_databases(columns)
            yield as_facts("databases", columns)
        yield last_of("databases")
        for columns in self._reader.batches("database properties", schema.DATABASE_PROPERTIES):
            columns["value"] = redact_properties(columns["key"], columns["value"])
            yield as_facts("database_properties", columns)

    def _remember_databases(self, columns: Columns) -> None:
        wanted = ("database_id", "catalog", "name", "kind")
        rows = zip(*(columns[name].to_pylist() for name in wanted), strict=True)
        for database_id, catalog, name, kind in rows:
            self._databases[database_id] = (catalog, name or "")
            if kind == "REMOTE":
                self._reader.gap(
                    "database",
                    str(ObjectName(catalog, name or "")),
                    "its tables live behind a data connector, not in the metastore",
                    "Who can reach the tables behind the connector",
                )

    def _table_facts(self) -> Iterator[Facts]:
        stored = self._reader.can_read(schema.TABLES)
        read = schema.TABLES if stored else schema.TABLES_WITHOUT_STORAGE
        found = 0
        for columns in self._reader.batches("tables", read):
            _name_all(self._reader, columns, "tables")
            if "location" in columns:
                columns["location"] = redact_locations(columns["location"])
            namespaces = decode_views(columns)
            columns["view_text"] = pc.coalesce(columns["view_text"], columns["view_original_text"])
            self._columns.take_tables(columns)
            found += len(columns["table_id"])
            self._tables.append(columns)
            yield as_facts("tables", columns)
            if namespaces:
                yield namespaces
        yield last_of("tables")
        if not found:
            self._reader.gap(
                "lake",
                "",
                "the metastore has no tables",
                "Whether the lake is empty or the wrong database was read",
            )

    def _property_facts(self) -> Iterator[Facts]:
        for columns in self._details.batches("table properties", schema.TABLE_PROPERTIES):
            yield as_facts("table_properties", self._properties.take(columns))
        yield last_of("table_properties")

    def _column_facts(self) -> Iterator[Facts]:
        by_table = self._columns.must_read_by_table()
        read = schema.TABLE_COLUMNS if by_table else schema.COLUMNS
        for columns in self._details.batches("columns", read):
            _name_all(self._details, columns, "columns")
            yield self._columns.take(columns)
        for columns in self._details.batches("partition keys", schema.PARTITION_KEYS):
            self._columns.take_partition_keys(columns)
        yield from self._columns.rest()
        yield last_of("columns")
        for name in self._table_names(self._columns.unknown_tables):
            self._details.gap(
                "table",
                name,
                "its real columns are not in the metastore, only the dummy column of Spark",
                "Classes assigned by its columns",
            )

    def _partition_facts(self) -> Iterator[Facts]:
        tables = self._properties.tables_with_partition_rights
        if len(tables) == 0:
            return
        for columns in self._details.batches("partitions", schema.PARTITIONS):
            facts = as_facts("partitions", columns)
            theirs = pc.is_in(facts.batch.column("table_id"), value_set=tables)
            yield Facts("partitions", facts.batch.filter(theirs))

    def _member_facts(self) -> Iterator[Facts]:
        # A membership of a role that is gone is kept, nameless: Hive fails on whoever has it.
        nameless = 0
        for columns in self._reader.batches("role members", schema.ROLE_MEMBERS):
            columns["admin_option"] = legal_flag(columns["admin_option"])
            nameless += columns["role"].null_count
            yield as_facts("role_members", columns)
        if nameless:
            self._settings.append(("memberships_of_missing_roles", str(nameless)))

    def _plain_facts(self, kind: str, read: Read, reader: MetastoreReader) -> Iterator[Facts]:
        for columns in reader.batches(kind.replace("_", " "), read):
            if "name" in columns:
                _name_all(reader, columns, kind)
            yield as_facts(kind, columns)

    def _table_names(self, table_ids: list[int]) -> Iterator[str]:
        """The names of some tables, as the gaps say them."""
        if not table_ids:
            return
        wanted = ("table_id", "database_id", "name")
        batches = [pa.table({name: table[name] for name in wanted}) for table in self._tables]
        tables = pa.concat_tables(batches).combine_chunks()
        lookup = IdLookup(tables["table_id"].combine_chunks())
        theirs = tables.take(lookup.positions(pa.array(table_ids, pa.int64())))
        for database_id, name in zip(
            theirs["database_id"].to_pylist(), theirs["name"].to_pylist(), strict=True
        ):
            catalog, database = self._databases.get(database_id, (DEFAULT_CATALOG, "?"))
            yield str(ObjectName(catalog, database, name or ""))


def _name_all(reader: MetastoreReader, columns: Columns, kind: str) -> None:
    """A row without a name, which no Hive writes, is called nothing and is a gap."""
    if columns["name"].null_count:
        columns["name"] = pc.fill_null(columns["name"], "")
        reader.gap("lake", "", f"{kind} without a name", f"What these {kind} are")
