"""What a live Hive says of its objects, whichever door said it, turned into facts.

A door fills these plain types in; `LakeFacts` numbers the objects and shares the work on
columns, properties and views with the crawl of a metastore's database, so that the same
lake gives the same facts through each door.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import Facts
from app.core.names import DEFAULT_CATALOG, ObjectName
from app.core.redaction import redact_locations, redact_properties
from app.sources.arrow_batches import as_facts, fact_rows
from app.sources.metastore_columns import TableColumns
from app.sources.metastore_reader import Columns
from app.sources.table_properties import TableProperties
from app.sources.trino_view import decode_views

TableKey = tuple[str, str, str]  # catalog, database, table

_CONTROL = "".join(map(chr, [*range(1, 0x20), 0x7F]))
_ESCAPED = frozenset(_CONTROL + "\"#%'*/:=?\\{[]^")
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, slots=True)
class HiveDatabase:
    """A database as a door reports it."""

    catalog: str
    name: str
    owner: str | None = None
    owner_type: str | None = None
    location: str | None = None
    kind: str = "NATIVE"
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HiveTable:
    """A table or view; `columns` and `partition_keys` are (name, type), in their order."""

    catalog: str
    database: str
    name: str
    kind: str
    owner: str | None = None
    owner_type: str | None = None
    location: str | None = None
    create_time: int | None = None  # epoch seconds
    view_text: str | None = None
    view_original_text: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    partition_keys: tuple[tuple[str, str], ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)
    made_from: tuple[TableKey, ...] = ()  # of a materialized view

    @property
    def key(self) -> TableKey:
        """What it is found by."""
        return self.catalog, self.database, self.name

    @property
    def shown(self) -> str:
        """Its name as a gap says it."""
        return str(ObjectName(self.catalog, self.database, self.name))

    @property
    def has_partition_rights(self) -> bool:
        """Whether each of its partitions carries rights of its own."""
        said = self.properties.get("PARTITION_LEVEL_PRIVILEGE") or ""
        return bool(self.partition_keys) and said.upper() == "TRUE"


@dataclass(frozen=True, slots=True)
class HiveGrant:
    """One recorded grant; `partition` is Hive's name of it, such as `day=2024-01-01`."""

    level: str  # one of facts.GRANT_LEVELS
    catalog: str
    database: str
    table: str
    principal_type: str | None
    principal: str | None
    privilege: str | None
    grant_option: bool | None
    grantor: str | None = None
    grantor_type: str | None = None
    create_time: int | None = None
    authorizer: str | None = None
    column: str | None = None
    partition: str | None = None
    connector: str | None = None

    @property
    def table_key(self) -> TableKey:
        """The table it is on."""
        return self.catalog, self.database, self.table


def partition_name(keys: Sequence[str], values: Sequence[str]) -> str:
    """Hive's name of a partition. Source: Hive's FileUtils.makePartName and escapePathName."""
    pairs = zip(keys, values, strict=True)
    return "/".join(f"{_escape(key.lower())}={_escape(value)}" for key, value in pairs)


def _escape(text: str) -> str:
    if not text:
        return _NO_VALUE
    return "".join(f"%{ord(char):02X}" if char in _ESCAPED else char for char in text)


class LakeFacts:
    """Numbers the objects of one crawl and turns what a door says into facts."""

    def __init__(self) -> None:
        self._databases: dict[tuple[str, str], int] = {}
        self._tables: dict[TableKey, int] = {}
        self._properties = TableProperties()
        self._columns = TableColumns(self._properties)
        self._made_from: list[tuple[int, TableKey]] = []
        self._gaps: dict[tuple[str, str, str], str] = {}
        self._unknown_names: dict[int, str] = {}

    def gap(self, scope: str, name: str, reason: str, doubt: str) -> None:
        """Note what could not be read; the same twice is once."""
        self._gaps[scope, name, reason] = doubt

    def knows(self, key: TableKey) -> bool:
        """Whether a table has been given."""
        return key in self._tables

    def databases(self, found: Sequence[HiveDatabase]) -> Iterator[Facts]:
        """Facts of databases and their properties."""
        rows = []
        pairs: list[tuple[int, str, str]] = []
        for each in found:
            number = self._databases.setdefault((each.catalog, each.name), len(self._databases) + 1)
            owned = (each.owner, each.owner_type, each.location, each.kind)
            rows.append((number, each.catalog, each.name, *owned))
            pairs += [(number, key, value) for key, value in sorted(each.properties.items())]
            if each.kind == "REMOTE":
                self.gap(
                    "database",
                    str(ObjectName(each.catalog, each.name)),
                    "its tables live behind a data connector, not in the metastore",
                    "Who can reach the tables behind the connector",
                )
        columns = _named(fact_rows("databases", rows))
        columns["location"] = redact_locations(columns["location"])
        yield as_facts("databases", columns)
        properties = _named(fact_rows("database_properties", pairs))
        properties["value"] = redact_properties(properties["key"], properties["value"])
        yield as_facts("database_properties", properties)

    def tables(self, found: Sequence[HiveTable]) -> Iterator[Facts]:
        """Facts of tables, their properties and their plain columns; rest() gives the others."""
        new = [table for table in found if table.key not in self._tables]
        first = len(self._tables) + 1
        self._tables.update({table.key: first + at for at, table in enumerate(new)})
        if not new:
            return
        yield from self._table_facts(new)
        numbers = [(self._tables[table.key], table) for table in new]
        yield as_facts("table_properties", self._properties.take(_property_columns(numbers)))
        self._columns.take_partition_keys(_column_columns(numbers, partition_keys=True))
        yield self._columns.take(_column_columns(numbers, partition_keys=False))
        for number, table in numbers:
            self._made_from += [(number, source) for source in table.made_from]
            if "spark.sql.sources.provider" in table.properties:
                self._unknown_names[number] = table.shown

    def _table_facts(self, new: Sequence[HiveTable]) -> Iterator[Facts]:
        rows = [
            (
                self._tables[table.key],
                self._database_of(table),
                table.name,
                table.kind,
                table.owner,
                table.owner_type,
                table.location,
                table.create_time,
                table.view_text,
                table.view_original_text,
            )
            for table in new
        ]
        columns = _named(fact_rows("tables", rows))
        columns["location"] = redact_locations(columns["location"])
        namespaces = decode_views(columns)
        texts = columns["view_text"]
        columns["view_text"] = pc.coalesce(texts, columns["view_original_text"])
        yield as_facts("tables", columns)
        if namespaces:
            yield namespaces

    def _database_of(self, table: HiveTable) -> int | None:
        return self._databases.get((table.catalog, table.database))

    def grants(self, found: Iterable[HiveGrant]) -> Facts:
        """Facts of grants; one on an object nobody named keeps an id that is nobody's."""
        rows = [
            (
                grant.level,
                self._object_of(grant),
                grant.column,
                grant.partition,
                grant.connector,
                grant.principal_type,
                grant.principal,
                grant.privilege,
                grant.grant_option,
                grant.grantor,
                grant.grantor_type,
                grant.create_time,
                grant.authorizer,
                None,
            )
            for grant in found
        ]
        return fact_rows("grants", rows)

    def _object_of(self, grant: HiveGrant) -> int | None:
        if grant.level in ("global", "connector"):
            return None
        if grant.level == "database":
            return self._databases.get((grant.catalog, grant.database), -1)
        return self._tables.get(grant.table_key, -1)

    def partitions(self, names: Mapping[TableKey, Sequence[str]]) -> Facts:
        """Facts of the partitions of tables whose partitions carry rights."""
        rows = [(self._tables[key], name) for key, each in names.items() for name in each]
        return fact_rows("partitions", rows)

    def rest(self, settings: Mapping[str, str]) -> Iterator[Facts]:
        """What had to wait for all tables: held back columns, view sources, settings, gaps."""
        yield from self._columns.rest()
        for number in self._columns.unknown_tables:
            self.gap(
                "table",
                self._unknown_names.get(number, ""),
                "its real columns are not in the metastore, only the dummy column of Spark",
                "Classes assigned by its columns",
            )
        sources = [
            (number, self._tables[source])
            for number, source in self._made_from
            if source in self._tables
        ]
        yield fact_rows("view_sources", sorted(sources))
        if not self._tables:
            self.gap(
                "lake",
                "",
                "the metastore has no tables",
                "Whether the lake is empty or the wrong address was read",
            )
        yield fact_rows("lake_settings", sorted(settings.items()))
        yield fact_rows("gaps", [(*gap, doubt) for gap, doubt in sorted(self._gaps.items())])


def catalog_or_default(name: str | None) -> str:
    """The catalog an object says it is in, `hive` where it says none."""
    return name or DEFAULT_CATALOG


def _named(facts: Facts) -> Columns:
    return dict(zip(facts.batch.schema.names, facts.batch.columns, strict=True))


def _property_columns(tables: Sequence[tuple[int, HiveTable]]) -> Columns:
    rows = [
        (number, key, value)
        for number, table in tables
        for key, value in sorted(table.properties.items())
    ]
    return _named(fact_rows("table_properties", rows))


def _column_columns(
    tables: Sequence[tuple[int, HiveTable]], *, partition_keys: bool
) -> dict[str, pa.Array]:
    rows = [
        (number, name, kind, position, partition_keys)
        for number, table in tables
        for position, (name, kind) in enumerate(
            table.partition_keys if partition_keys else table.columns
        )
    ]
    return _named(fact_rows("columns", rows))
