"""Sorts out table properties on their way: what to keep, what to cut, what to act upon."""

import pyarrow as pa
import pyarrow.compute as pc

from app.core.redaction import redact_properties
from app.sources.arrow_batches import filtered

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
        self._spark_tables: list[pa.Array] = []
        self._spark_schemas: list[dict[str, pa.Array]] = []
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
    def spark_schemas(self) -> list[dict[str, pa.Array]]:
        """The properties, uncut, in which Spark keeps the real columns of its tables."""
        return self._spark_schemas

    def take(self, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        """Remember what matters in a batch and return what is to be stored of it."""
        keys = [key for key in columns["key"].unique().to_pylist() if key is not None]
        if _SPARK_PROVIDER in keys:
            self._spark_tables.append(_with_keys(columns, [_SPARK_PROVIDER])["table_id"])
        spark = [key for key in keys if key.startswith(_SPARK_SCHEMA)]
        if spark:
            self._spark_schemas.append(_with_keys(columns, spark))
        if _PARTITION_RIGHTS in keys:
            said = _with_keys(columns, [_PARTITION_RIGHTS])
            on = pc.equal(pc.utf8_upper(said["value"]), "TRUE")
            self._partition_rights.append(said["table_id"].filter(on))
        statistics = [
            key for key in keys if key in STATISTICS or key.startswith(STATISTICS_PREFIXES)
        ]
        if spark or statistics:
            columns = filtered(columns, pc.invert(_is_one_of(columns, spark + statistics)))
        return {**columns, "value": redact_properties(columns["key"], _cut(columns["value"]))}


def _with_keys(columns: dict[str, pa.Array], keys: list[str]) -> dict[str, pa.Array]:
    return filtered(columns, _is_one_of(columns, keys))


def _is_one_of(columns: dict[str, pa.Array], keys: list[str]) -> pa.Array:
    return pc.is_in(columns["key"], value_set=pa.array(keys, pa.string()))


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
