"""Columns on their way from the metastore: partition keys last, Spark's made real."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import Facts
from app.core.id_lookup import IdLookup
from app.sources.arrow_batches import as_facts, fact_rows, filtered
from app.sources.metastore_reader import Columns
from app.sources.spark_schema import DUMMY_NAME, DUMMY_TYPE, SparkColumns, spark_columns
from app.sources.table_properties import TableProperties

_Row = tuple[int, str, str, int, bool]  # as facts.SCHEMAS["columns"]


class TableColumns:
    """Takes the batches of COLUMNS_V2 and PARTITION_KEYS as they come.

    Partition keys stand after the plain columns, so how many those are is counted on the
    way. A dummy column of a Spark table is held back and its real columns given at the end.
    """

    def __init__(self, properties: TableProperties) -> None:
        self._properties = properties
        self._descriptors: list[Columns] = []
        self._of_descriptor: tuple[IdLookup, pa.Array] | None = None
        self._ends: list[pa.Table] = []  # table_id, the highest position in a batch
        self._dummies: list[Columns] = []
        self._keys: list[Columns] = []
        #: Tables of Spark whose real columns nobody stored; filled by rest().
        self.unknown_tables: list[int] = []

    def take_tables(self, columns: Columns) -> None:
        """Remember which table has which column descriptor, where that is known."""
        if "descriptor" in columns:
            self._descriptors.append({name: columns[name] for name in ("table_id", "descriptor")})

    def must_read_by_table(self) -> bool:
        """Must columns be read by table? (Hive gives no two tables one descriptor, hands do.)"""
        batches = [pa.RecordBatch.from_pydict(columns) for columns in self._descriptors]
        if not batches:
            return True
        tables = pa.Table.from_batches(batches).combine_chunks()
        tables = tables.filter(pc.is_valid(tables["descriptor"]))
        descriptors = tables["descriptor"].combine_chunks()
        self._descriptors = []
        if pc.count_distinct(descriptors).as_py() < len(descriptors):
            return True
        self._of_descriptor = IdLookup(descriptors), tables["table_id"].combine_chunks()
        return False

    def take(self, columns: Columns) -> Facts:
        """Count a batch of plain columns and return its facts but for dummies.

        They come by descriptor, or by table where descriptors are shared; descriptors
        of partitions are nobody's.
        """
        if self._of_descriptor:
            lookup, tables = self._of_descriptor
            columns["table_id"] = tables.take(lookup.positions(columns["descriptor"]))
            if columns["table_id"].null_count:
                columns = filtered(columns, pc.is_valid(columns["table_id"]))
        ends = pa.table({name: columns[name] for name in ("table_id", "position")})
        self._ends.append(_ends(ends))
        spark_tables = self._properties.spark_tables
        if len(spark_tables):
            columns = self._without_dummies(columns, spark_tables)
        return _facts(columns, partition_key=False)

    def take_partition_keys(self, columns: Columns) -> None:
        """Keep a batch of partition keys until the plain columns are counted."""
        self._keys.append(columns)

    def rest(self) -> Iterator[Facts]:
        """What was held back, then the partition keys after their tables' columns."""
        ends = self._all_ends()
        real = pa.array([], pa.int64())
        for dummies in self._dummies:
            alone = pc.equal(_look_up(ends, dummies["table_id"]), 1)
            spark = self._spark_columns(dummies["table_id"].filter(alone))
            yield fact_rows("columns", self._spark_rows(spark))
            decoded = pa.array(spark, pa.int64())
            left = pc.invert(pc.is_in(dummies["table_id"], value_set=decoded))
            yield _facts(filtered(dummies, left), partition_key=False)
            real = pa.concat_arrays([real, decoded])
        for keys in self._keys:
            if len(real):
                keys = filtered(keys, pc.invert(pc.is_in(keys["table_id"], value_set=real)))
            position = pc.add(keys["position"], _look_up(ends, keys["table_id"]))
            yield _facts({**keys, "position": position}, partition_key=True)

    def _without_dummies(self, columns: Columns, spark_tables: pa.Array) -> Columns:
        dummy = pc.and_(
            pc.equal(columns["name"], DUMMY_NAME), pc.equal(columns["type"], DUMMY_TYPE)
        )
        dummy = pc.and_(dummy, pc.is_in(columns["table_id"], value_set=spark_tables))
        dummy = pc.fill_null(dummy, False)
        if not pc.any(dummy).as_py():
            return columns
        self._dummies.append(filtered(columns, dummy))
        return filtered(columns, pc.invert(dummy))

    def _all_ends(self) -> pa.Table:
        if not self._ends:
            return pa.schema([("table_id", pa.int64()), ("position", pa.int64())]).empty_table()
        return _ends(pa.concat_tables(self._ends))

    def _spark_columns(self, tables: pa.Array) -> dict[int, SparkColumns]:
        """The real columns of the tables whose schema properties can be decoded."""
        properties: dict[int, dict[str, str]] = defaultdict(dict)
        for batch in self._properties.spark_schemas:
            theirs = filtered(batch, pc.is_in(batch["table_id"], value_set=tables))
            for table_id, key, value in _rows_of(theirs, "table_id", "key", "value"):
                properties[table_id][key] = value or ""
        found = {}
        for table_id in tables.to_pylist():
            columns = spark_columns(properties[table_id])
            if columns is None:
                self.unknown_tables.append(table_id)
            else:
                found[table_id] = columns
        return found

    def _spark_rows(self, tables: dict[int, SparkColumns]) -> Sequence[_Row]:
        keys: dict[int, list[tuple[str, str]]] = defaultdict(list)
        wanted = pa.array(tables, pa.int64())
        for batch in self._keys:
            theirs = filtered(batch, pc.is_in(batch["table_id"], value_set=wanted))
            rows = _rows_of(theirs, "position", "table_id", "name", "type")
            for _, table_id, name, kind in sorted(rows, key=lambda row: row[0] or 0):
                keys[table_id].append((name, kind))
        return [row for table_id in tables for row in _rows(table_id, tables[table_id], keys)]


def _rows(
    table_id: int, columns: SparkColumns, keys: dict[int, list[tuple[str, str]]]
) -> Iterator[_Row]:
    """One table's rows: plain columns, then the keys Hive knows, then those only Spark knows."""
    known = {name.lower() for name, _ in keys[table_id]}
    plain = [field for field in columns.plain if field[0].lower() not in known]
    only_spark = [field for field in columns.partition if field[0].lower() not in known]
    for position, (name, kind) in enumerate([*plain, *keys[table_id], *only_spark]):
        yield table_id, name, kind, position, position >= len(plain)


def _ends(positions: pa.Table) -> pa.Table:
    """Per table, its highest position."""
    grouped = positions.group_by("table_id", use_threads=False)
    found = grouped.aggregate([("position", "max")])
    return found.rename_columns({"position_max": "position"})


def _look_up(ends: pa.Table, tables: pa.Array) -> pa.Array:
    """How many plain columns each table has; 0 for one without."""
    place = pc.index_in(tables, value_set=ends["table_id"].combine_chunks())
    return pc.fill_null(pc.add(ends["position"].combine_chunks().take(place), 1), 0)


def _rows_of(columns: Columns, *names: str) -> Iterator[tuple[Any, ...]]:
    return zip(*(columns[name].to_pylist() for name in names), strict=True)


def _facts(columns: Columns, *, partition_key: bool) -> Facts:
    count = len(columns["table_id"])
    position = pc.cast(columns["position"], pa.int32())
    return as_facts(
        "columns",
        {**columns, "position": position, "partition_key": pa.repeat(partition_key, count)},
    )
