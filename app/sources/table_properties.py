"""Sorts out table properties on their way: what to keep, what to cut, what to act upon."""

import pyarrow as pa
import pyarrow.compute as pc

from app.core.redaction import redact_properties

#: Left out of snapshots: statistics and clocks, which every write changes and no rule
#: asks about, and comments. A property whose key starts with one of STATISTICS_PREFIXES
#: is left out too.
STATISTICS = (
    "COLUMN_STATS_ACCURATE",
    "DO_NOT_UPDATE_STATS",
    "STATS_GENERATED",
    "STATS_GENERATED_VIA_STATS_TASK",
    "bucketing_version",
    "comment",
    "impala.lastComputeStatsTime",
    "numFiles",
    "numFilesErasureCoded",
    "numPartitions",
    "numRows",
    "rawDataSize",
    "totalSize",
    "transient_lastDdlTime",
)
STATISTICS_PREFIXES = ("spark.sql.statistics.", "impala.events.")

#: Values are cut to this many characters; the last one is then an ellipsis.
LONGEST_VALUE = 4096

_SPARK_SCHEMA = "spark.sql.sources.schema"
_SPARK_PROVIDER = "spark.sql.sources.provider"
_PARTITION_RIGHTS = "PARTITION_LEVEL_PRIVILEGE"


class TableProperties:
    """Takes the batches of TABLE_PARAMS as they come and remembers what others need."""

    def __init__(self) -> None:
        self._statistics = pa.array(STATISTICS)
        self._spark_tables: list[pa.Array] = []
        self._spark_schemas: list[pa.RecordBatch] = []
        self._partition_rights: list[pa.Array] = []

    @property
    def tables_with_partition_rights(self) -> pa.Array:
        """Ids of the tables with PARTITION_LEVEL_PRIVILEGE=TRUE, in any case of TRUE."""
        return _joined(self._partition_rights)

    @property
    def spark_tables(self) -> pa.Array:
        """Ids of the tables that Spark says are its own."""
        return _joined(self._spark_tables)

    @property
    def spark_schemas(self) -> list[pa.RecordBatch]:
        """The properties, uncut, in which Spark keeps the real columns of its tables."""
        return self._spark_schemas

    def take(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Remember what matters in a batch and return what is to be stored of it."""
        keys = batch.column("key")
        self._remember(batch, keys)
        left_out = pc.is_in(keys, value_set=self._statistics)
        for prefix in (*STATISTICS_PREFIXES, _SPARK_SCHEMA):
            left_out = pc.or_(left_out, pc.fill_null(pc.starts_with(keys, prefix), False))
        if pc.any(left_out).as_py():
            batch = batch.filter(pc.invert(left_out))
        return batch.set_column(
            2, "value", redact_properties(batch.column("key"), _cut(batch.column("value")))
        )

    def _remember(self, batch: pa.RecordBatch, keys: pa.Array) -> None:
        ids = batch.column("table_id")
        provider = pc.fill_null(pc.equal(keys, _SPARK_PROVIDER), False)
        if pc.any(provider).as_py():
            self._spark_tables.append(ids.filter(provider))
        schema = pc.fill_null(pc.starts_with(keys, _SPARK_SCHEMA), False)
        if pc.any(schema).as_py():
            self._spark_schemas.append(batch.filter(schema))
        flagged = pc.fill_null(pc.equal(keys, _PARTITION_RIGHTS), False)
        if pc.any(flagged).as_py():
            said = batch.filter(flagged)
            on = pc.equal(pc.utf8_upper(said.column("value")), "TRUE")
            self._partition_rights.append(said.column("table_id").filter(on))


def _cut(values: pa.Array) -> pa.Array:
    long = pc.greater(pc.binary_length(values), LONGEST_VALUE)
    if not pc.any(long).as_py():
        return values
    shortened = [
        value if len(value) <= LONGEST_VALUE else value[: LONGEST_VALUE - 1] + "…"
        for value in values.filter(long).to_pylist()
    ]
    return pc.replace_with_mask(values, pc.fill_null(long, False), pa.array(shortened, pa.string()))


def _joined(ids: list[pa.Array]) -> pa.Array:
    return pa.concat_arrays(ids) if ids else pa.array([], pa.int64())
