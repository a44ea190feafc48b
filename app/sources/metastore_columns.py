"""Columns on their way from the metastore: partition keys last, Spark's made real."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import Facts
from app.sources.arrow_batches import as_facts, by_name, fact_rows
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
        self._spark_tables = properties.spark_tables
        self._ends: list[pa.Table] = []  # table_id, the highest position in a batch
        self._dummies: list[pa.RecordBatch] = []
        self._keys: list[pa.RecordBatch] = []
        #: Tables of Spark whose real columns nobody stored; filled by rest().
        self.unknown_tables: list[int] = []

    def take(self, batch: pa.RecordBatch) -> Facts:
        """Count a batch of plain columns and return its facts but for dummies."""
        self._ends.append(_ends(pa.Table.from_batches([batch.select(["table_id", "position"])])))
        if len(self._spark_tables):
            batch = self._without_dummies(batch)
        return _facts(batch, partition_key=False)

    def take_partition_keys(self, batch: pa.RecordBatch) -> None:
        """Keep a batch of partition keys until the plain columns are counted."""
        self._keys.append(batch)

    def rest(self) -> Iterator[Facts]:
        """What was held back, then the partition keys after their tables' columns."""
        ends = self._all_ends()
        real = pa.array([], pa.int64())
        for dummies in self._dummies:
            alone = pc.equal(_look_up(ends, dummies.column("table_id")), 1)
            spark = self._spark_columns(dummies.column("table_id").filter(alone))
            yield fact_rows("columns", self._spark_rows(spark))
            decoded = pa.array(spark, pa.int64())
            left = pc.invert(pc.is_in(dummies.column("table_id"), value_set=decoded))
            yield _facts(dummies.filter(left), partition_key=False)
            real = pa.concat_arrays([real, decoded])
        for keys in self._keys:
            if len(real):
                keys = keys.filter(pc.invert(pc.is_in(keys.column("table_id"), value_set=real)))
            position = pc.add(keys.column("position"), _look_up(ends, keys.column("table_id")))
            yield _facts(keys.set_column(3, "position", position), partition_key=True)

    def _without_dummies(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        dummy = pc.and_(
            pc.equal(batch.column("name"), DUMMY_NAME), pc.equal(batch.column("type"), DUMMY_TYPE)
        )
        dummy = pc.and_(dummy, pc.is_in(batch.column("table_id"), value_set=self._spark_tables))
        dummy = pc.fill_null(dummy, False)
        if not pc.any(dummy).as_py():
            return batch
        self._dummies.append(batch.filter(dummy))
        return batch.filter(pc.invert(dummy))

    def _all_ends(self) -> pa.Table:
        if not self._ends:
            return pa.schema([("table_id", pa.int64()), ("position", pa.int64())]).empty_table()
        return _ends(pa.concat_tables(self._ends))

    def _spark_columns(self, tables: pa.Array) -> dict[int, SparkColumns]:
        """The real columns of the tables whose schema properties can be decoded."""
        properties: dict[int, dict[str, str]] = defaultdict(dict)
        for batch in self._properties.spark_schemas:
            theirs = batch.filter(pc.is_in(batch.column("table_id"), value_set=tables))
            for row in theirs.to_pylist():
                properties[row["table_id"]][row["key"]] = row["value"] or ""
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
            theirs = batch.filter(pc.is_in(batch.column("table_id"), value_set=wanted))
            for row in sorted(theirs.to_pylist(), key=lambda row: row["position"] or 0):
                keys[row["table_id"]].append((row["name"], row["type"]))
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


def _facts(batch: pa.RecordBatch, *, partition_key: bool) -> Facts:
    columns = by_name(batch)
    columns["position"] = pc.cast(columns["position"], pa.int32())
    columns["partition_key"] = pa.repeat(partition_key, batch.num_rows)
    return as_facts("columns", columns, batch.num_rows)
