"""Crawls a metastore's own database, whichever database it is.

One pass over each table, columns as Arrow batches, nothing row by row. What a version of
the metastore lacks is felt for in `Shape`; what should be there and cannot be read is a
gap, or SourceError when nothing trustworthy would remain.
"""

import re
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from app.core.errors import SourceError
from app.core.facts import GRANT_LEVELS, Facts, Progress, no_progress
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.core.redaction import redact_locations, redact_properties
from app.sources import metastore_schema as schema
from app.sources.arrow_batches import as_facts, by_name, fact_rows, with_valid_text
from app.sources.metastore_columns import TableColumns
from app.sources.metastore_connection import Connect, MetastoreConnection, Read
from app.sources.table_properties import TableProperties
from app.sources.trino_view import decode_views

_REFERENCE = re.compile(r'\b(\w)\."(\w+)"')
_MAYBE_DENIED = "Let the crawl's user read every table of the metastore's schema"


class MetastoreSource:
    """A metastore's database as a source; implements facts.Source."""

    def __init__(self, label: str, connect: Connect) -> None:
        self.label = label
        self._connect = connect

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield all facts and gaps, read in one transaction with one consistent view.

        Raises SourceError when the database cannot be reached, holds no metastore, lacks
        a table without which nothing could be trusted, or is lost on the way.
        """
        with self._connect() as connection:
            yield from _Crawl(connection, progress).facts()


class _Crawl:
    """One crawl: what it has learnt of the schema and what it must remember."""

    def __init__(self, connection: MetastoreConnection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._shape = connection.shape()
        self._gaps: dict[str, tuple[str, str, str, str]] = {}
        self._settings: list[tuple[str, str]] = []
        self._version = (0, 0)
        self._catalogs: dict[int, tuple[str, str]] = {}  # database id → (catalog, name)
        self._names: list[pa.RecordBatch] = []  # table_id, database_id, name
        self._properties = TableProperties()

    def facts(self) -> Iterator[Facts]:
        """The whole crawl, as a sentence."""
        self._check_essentials()
        self._read_version()
        yield from self._catalog_facts()
        yield from self._database_facts()
        yield from self._table_facts()
        yield from self._property_facts()
        yield from self._column_facts()
        yield from self._partition_facts()
        yield from self._plain_facts("view_sources", schema.VIEW_SOURCES)
        yield from self._plain_facts("roles", schema.ROLES)
        yield from self._member_facts()
        for level in GRANT_LEVELS:
            yield from self._grant_facts(level)
        yield fact_rows("lake_settings", sorted(self._settings))
        yield fact_rows("gaps", sorted(self._gaps.values()))

    def _check_essentials(self) -> None:
        there = self._shape.columns.keys() | self._shape.forbidden
        if not {"DBS", "TBLS"} & there:
            raise SourceError(
                "The database holds no Hive metastore: there is no table TBLS and no DBS",
                mend="Point the address at the metastore's own database and schema",
            )
        reads = (schema.DATABASES, schema.TABLES_WITHOUT_STORAGE, schema.GRANTS["table"])
        for read in (*reads, schema.ROLES, schema.ROLE_MEMBERS):
            why = self._unreadable(read)
            if why:
                raise SourceError(f"The metastore cannot be judged: {why}", mend=_MAYBE_DENIED)
        for table, what in self._shape.damage:
            doubt = schema.DOUBTS.get(table, f"What {table} says")
            self._gap("lake", "", f"{table}: {what}", doubt)

    def _read_version(self) -> None:
        for columns in self._read("version", schema.VERSION):
            for version in columns["version"].to_pylist():
                self._settings.append(("metastore_version", version or ""))
                numbers = re.match(r"(\d+)\.(\d+)", version or "")
                if numbers:
                    self._version = (int(numbers[1]), int(numbers[2]))
        self._settings.append(("source", "metastore-database"))

    def _catalog_facts(self) -> Iterator[Facts]:
        if "CTLGS" not in self._shape.columns:
            self._readable(schema.CATALOGS)
            yield fact_rows("catalogs", [(DEFAULT_CATALOG, None)])
            return
        for columns in self._read("catalogs", schema.CATALOGS):
            columns["location"] = redact_locations(columns["location"])
            yield as_facts("catalogs", columns, len(columns["name"]))

    def _database_facts(self) -> Iterator[Facts]:
        for columns in self._read("databases", schema.DATABASES):
            columns["catalog"] = pc.fill_null(columns["catalog"], DEFAULT_CATALOG)
            columns["kind"] = pc.fill_null(columns["kind"], "NATIVE")
            columns["location"] = redact_locations(columns["location"])
            self._remember_databases(columns)
            yield as_facts("databases", columns, len(columns["name"]))
        for columns in self._read("database properties", schema.DATABASE_PROPERTIES):
            columns["value"] = redact_properties(columns["key"], columns["value"])
            yield as_facts("database_properties", columns, len(columns["key"]))

    def _remember_databases(self, columns: dict[str, pa.Array]) -> None:
        rows = zip(
            *(columns[name].to_pylist() for name in ("database_id", "catalog", "name", "kind")),
            strict=True,
        )
        for database_id, catalog, name, kind in rows:
            self._catalogs[database_id] = (catalog, name or "")
            if kind == "REMOTE":
                self._gap(
                    "database",
                    str(ObjectName(catalog, name or "")),
                    "its tables live behind a data connector, not in the metastore",
                    "Who can reach the tables behind the connector",
                )

    def _table_facts(self) -> Iterator[Facts]:
        stored = self._readable(schema.TABLES)
        read = schema.TABLES if stored else schema.TABLES_WITHOUT_STORAGE
        found = 0
        for columns in self._read("tables", read):
            found += len(columns["table_id"])
            columns["location"] = redact_locations(columns["location"])
            columns["view_text"], columns["view_original_text"] = _view_texts(columns)
            facts = as_facts("tables", columns, len(columns["table_id"]))
            self._names.append(facts.batch.select(["table_id", "database_id", "name"]))
            yield facts
        if not found:
            self._gap(
                "lake",
                "",
                "the metastore has no tables",
                "Whether the lake is empty or the wrong database was read",
            )

    def _property_facts(self) -> Iterator[Facts]:
        for batch in self._batches("table properties", schema.TABLE_PROPERTIES):
            kept = self._properties.take(batch)
            yield as_facts("table_properties", by_name(kept), kept.num_rows)

    def _column_facts(self) -> Iterator[Facts]:
        columns = TableColumns(self._properties)
        if self._readable(schema.TABLES):  # else SDS, without which no column is found
            for batch in self._batches("columns", schema.COLUMNS):
                yield columns.take(batch)
        for batch in self._batches("partition keys", schema.PARTITION_KEYS):
            columns.take_partition_keys(batch)
        yield from columns.rest()
        for table_id in columns.unknown_tables:
            self._gap(
                "table",
                self._table_name(table_id),
                "its real columns are not in the metastore, only the dummy column of Spark",
                "Classes assigned by its columns",
            )

    def _partition_facts(self) -> Iterator[Facts]:
        tables = self._properties.tables_with_partition_rights
        if len(tables) == 0:
            return
        for columns in self._read("partitions", schema.PARTITIONS):
            facts = as_facts("partitions", columns, len(columns["name"]))
            theirs = pc.is_in(facts.batch.column("table_id"), value_set=tables)
            yield Facts("partitions", facts.batch.filter(theirs))

    def _member_facts(self) -> Iterator[Facts]:
        # A membership of a role that is gone is kept, nameless: Hive fails on whoever has it.
        nameless = 0
        for columns in self._read("role members", schema.ROLE_MEMBERS):
            columns["admin_option"] = _flag(columns["admin_option"])
            nameless += columns["role"].null_count
            yield as_facts("role_members", columns, len(columns["role"]))
        if nameless:
            self._settings.append(("memberships_of_missing_roles", str(nameless)))

    def _grant_facts(self, level: str) -> Iterator[Facts]:
        for columns in self._read(f"{level} grants", schema.GRANTS[level]):
            count = len(columns["source_row"])
            columns["level"] = pa.repeat(level, count)
            columns["grant_option"] = _flag(columns["grant_option"])
            yield as_facts("grants", columns, count)

    def _plain_facts(self, kind: str, read: Read) -> Iterator[Facts]:
        for columns in self._read(kind.replace("_", " "), read):
            yield as_facts(kind, columns, len(next(iter(columns.values()))))

    def _read(self, what: str, read: Read) -> Iterator[dict[str, pa.Array]]:
        return map(by_name, self._batches(what, read))

    def _batches(self, what: str, read: Read) -> Iterator[pa.RecordBatch]:
        """The rows of a read, its missing optional columns null; none when unreadable."""
        if not self._readable(read):
            return
        there = tuple(
            output
            for output in read.outputs
            if self._shape.has(read.tables.get(output.alias, ""), output.column)
        )
        wanted, done = read.schema(), 0
        self._progress(what, 0, None)
        for batch in self._connection.read(there, read.source):
            batch, repaired = with_valid_text(batch)
            if repaired:
                self._gap("lake", "", f"{what}: texts that are not UTF-8", _doubt(read))
            found = by_name(batch)
            arrays = [
                found[field.name] if field.name in found else pa.nulls(batch.num_rows, field.type)
                for field in wanted
            ]
            done += batch.num_rows
            self._progress(what, done, None)
            yield pa.RecordBatch.from_arrays(arrays, schema=wanted)

    def _readable(self, read: Read) -> bool:
        """Can all of a read be had? If it should be there and cannot, that is a gap."""
        why = self._unreadable(read)
        if not why:
            return True
        for table in read.tables.values():
            since = schema.SINCE.get(table, (0, 0))
            absent = table not in self._shape.columns and table not in self._shape.forbidden
            if absent and self._version < since:
                return False
        self._gap("lake", "", why, _doubt(read))
        return False

    def _unreadable(self, read: Read) -> str:
        """Why a read cannot be had, or empty."""
        for table in read.tables.values():
            if table in self._shape.forbidden:
                return f"{table} may not be read by this user"
            if table not in self._shape.columns:
                return f"there is no table {table}, or this user may not see it"
        needed = {(o.alias, o.column) for o in read.outputs if not o.optional}
        needed.update(_REFERENCE.findall(read.source))
        for alias, column in sorted(needed):
            if not self._shape.has(read.tables[alias], column):
                return f"{read.tables[alias]} has no readable column {column}"
        return ""

    def _gap(self, scope: str, name: str, reason: str, doubt: str) -> None:
        self._gaps[f"{scope}\0{name}\0{reason}"] = (scope, name, reason, doubt)

    def _table_name(self, table_id: int) -> str:
        for batch in self._names:
            place = pc.index(batch.column("table_id"), pa.scalar(table_id, pa.int64())).as_py()
            if place >= 0:
                database, name = (batch.column(c)[place].as_py() for c in ("database_id", "name"))
                catalog, database_name = self._catalogs.get(database, (DEFAULT_CATALOG, "?"))
                return str(ObjectName(catalog, database_name, name or ""))
        return f"`?`.`{table_id}`"


def _view_texts(columns: dict[str, pa.Array]) -> tuple[pa.Array, pa.Array]:
    expanded, original = decode_views(columns["view_text"], columns["view_original_text"])
    return pc.coalesce(expanded, original), original


def _doubt(read: Read) -> str:
    known = [schema.DOUBTS[table] for table in read.tables.values() if table in schema.DOUBTS]
    return known[-1] if known else f"What {', '.join(read.tables.values())} says"


def _flag(numbers: pa.Array) -> pa.Array:
    """0 and 1 as booleans; null for any other number, which makes Hive's lookup fail."""
    legal = pc.is_in(numbers, value_set=pa.array([0, 1], numbers.type))
    return pc.if_else(legal, pc.not_equal(numbers, 0), pa.scalar(None, pa.bool_()))
