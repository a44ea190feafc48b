"""Facts turned back into the rows of a Hive 4.0 metastore that a crawl would read."""

import re
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import Facts
from app.demo import schema
from benchmarks.lakes.size import COLUMNS_PER_TABLE

Rows = tuple[str, pa.RecordBatch]

_INT16, _INT64, _STRING = pa.int16(), pa.int64(), pa.string()
_ORC = "org.apache.hadoop.hive.ql.io.orc"
#: Level of a grant → its table, id column, privilege column and object column.
_GRANTS = {
    "global": ("GLOBAL_PRIVS", "USER_GRANT_ID", "USER_PRIV", None),
    "database": ("DB_PRIVS", "DB_GRANT_ID", "DB_PRIV", "DB_ID"),
    "table": ("TBL_PRIVS", "TBL_GRANT_ID", "TBL_PRIV", "TBL_ID"),
}


def postgresql_schema() -> list[str]:
    """The metastore's tables as PostgreSQL has them, then their indexes; no foreign keys."""
    text = schema.TABLES
    for pattern, replacement in (
        (r"integer PRIMARY KEY", "bigint PRIMARY KEY"),
        (r"\) WITHOUT ROWID", ")"),
        (r'\s+REFERENCES "\w+" \("\w+"\)', ""),
        (r"boolean NOT NULL DEFAULT 0", "boolean NOT NULL DEFAULT false"),
    ):
        text = re.sub(pattern, replacement, text)
    statements = [*text.split(";"), *schema.INDEXES.split(";")]
    return [statement.strip() for statement in statements if statement.strip()]


class HiveRows:
    """Turns batches of facts into batches of rows; roles must come before memberships.

    A table's id is also that of its storage, columns and serde, as in a fresh metastore.
    The directory's facts have no rows. Levels of grants below the table are not written.
    """

    def __init__(self) -> None:
        self._role_names: pa.Array = pa.array([], _STRING)

    def rows(self, facts: Facts) -> Iterator[Rows]:
        """The rows of one batch of facts, of one or more tables."""
        make = getattr(self, f"_{facts.kind}", None)
        if make is not None and facts.batch.num_rows:
            yield from make(facts.batch)

    def _lake_settings(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        settings = dict(zip(batch["key"].to_pylist(), batch["value"].to_pylist(), strict=True))
        version = settings.get("metastore_version") or schema.SCHEMA_VERSION
        yield _rows("VERSION", 1, VER_ID=1, SCHEMA_VERSION=version, VERSION_COMMENT="generated")

    def _catalogs(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        count = batch.num_rows
        ids = pa.array(range(1, count + 1), _INT64)
        yield _rows("CTLGS", count, CTLG_ID=ids, NAME=batch["name"], LOCATION_URI=batch["location"])

    def _databases(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        yield _rows(
            "DBS",
            batch.num_rows,
            DB_ID=batch["database_id"],
            DB_LOCATION_URI=batch["location"],
            NAME=batch["name"],
            OWNER_NAME=batch["owner"],
            OWNER_TYPE=batch["owner_type"],
            CTLG_NAME=batch["catalog"],
            TYPE=batch["kind"],
        )

    def _tables(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        count, ids = batch.num_rows, batch["table_id"]
        yield _rows("SERDES", count, SERDE_ID=ids, SLIB=f"{_ORC}.OrcSerde")
        yield _rows("CDS", count, CD_ID=ids)
        yield _rows(
            "SDS",
            count,
            SD_ID=ids,
            INPUT_FORMAT=f"{_ORC}.OrcInputFormat",
            IS_COMPRESSED=False,
            LOCATION=batch["location"],
            NUM_BUCKETS=-1,
            OUTPUT_FORMAT=f"{_ORC}.OrcOutputFormat",
            SERDE_ID=ids,
            CD_ID=ids,
            IS_STOREDASSUBDIRECTORIES=False,
        )
        yield _rows(
            "TBLS",
            count,
            TBL_ID=ids,
            CREATE_TIME=batch["create_time"],
            DB_ID=batch["database_id"],
            LAST_ACCESS_TIME=0,
            OWNER=batch["owner"],
            OWNER_TYPE=batch["owner_type"],
            RETENTION=0,
            SD_ID=ids,
            TBL_NAME=batch["name"],
            TBL_TYPE=batch["kind"],
            VIEW_EXPANDED_TEXT=batch["view_text"],
            VIEW_ORIGINAL_TEXT=batch["view_original_text"],
            IS_REWRITE_ENABLED=False,
            WRITE_ID=0,
        )
        yield _rows(
            "TABLE_PARAMS",
            count,
            TBL_ID=ids,
            PARAM_KEY="transient_lastDdlTime",
            PARAM_VALUE=batch["create_time"].cast(_STRING),
        )

    def _columns(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        plain = batch.filter(pc.invert(batch["partition_key"]))
        if plain.num_rows:
            yield _rows(
                "COLUMNS_V2",
                plain.num_rows,
                CD_ID=plain["table_id"],
                COLUMN_NAME=plain["name"],
                TYPE_NAME=plain["type"],
                INTEGER_IDX=plain["position"],
            )
        keys = batch.filter(batch["partition_key"])
        if keys.num_rows:
            # A generated table has one key at most, and it is its last column.
            place = pc.subtract(keys["position"], COLUMNS_PER_TABLE - 1)
            yield _rows(
                "PARTITION_KEYS",
                keys.num_rows,
                TBL_ID=keys["table_id"],
                PKEY_NAME=keys["name"],
                PKEY_TYPE=keys["type"],
                INTEGER_IDX=place.cast(_INT64),
            )

    def _table_properties(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        yield _rows(
            "TABLE_PARAMS",
            batch.num_rows,
            TBL_ID=batch["table_id"],
            PARAM_KEY=batch["key"],
            PARAM_VALUE=batch["value"],
        )

    def _roles(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        before = len(self._role_names)
        self._role_names = pa.concat_arrays([self._role_names, batch["name"]])
        yield _rows(
            "ROLES",
            batch.num_rows,
            ROLE_ID=pa.array(range(before + 1, len(self._role_names) + 1), _INT64),
            CREATE_TIME=batch["create_time"],
            OWNER_NAME="admin",
            ROLE_NAME=batch["name"],
        )

    def _role_members(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        role = pc.index_in(batch["role"], value_set=self._role_names)
        yield _rows(
            "ROLE_MAP",
            batch.num_rows,
            ROLE_GRANT_ID=batch["source_row"],
            ADD_TIME=batch["create_time"],
            GRANT_OPTION=batch["admin_option"].cast(_INT16),
            GRANTOR=batch["grantor"],
            GRANTOR_TYPE=batch["grantor_type"],
            PRINCIPAL_NAME=batch["member"],
            PRINCIPAL_TYPE=batch["member_type"],
            ROLE_ID=pc.add(role.cast(_INT64), 1),
        )

    def _grants(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        for level, (table, key, privilege, target) in _GRANTS.items():
            part = batch.filter(pc.equal(batch["level"], level))
            if not part.num_rows:
                continue
            columns = {
                key: part["source_row"],
                "CREATE_TIME": part["create_time"],
                "GRANT_OPTION": part["grant_option"].cast(_INT16),
                "GRANTOR": part["grantor"],
                "GRANTOR_TYPE": part["grantor_type"],
                "PRINCIPAL_NAME": part["principal"],
                "PRINCIPAL_TYPE": part["principal_type"],
                privilege: part["privilege"],
                "AUTHORIZER": part["authorizer"],
            }
            if target:
                columns[target] = part["object_id"]
            yield _rows(table, part.num_rows, **columns)


def _rows(table: str, count: int, /, **columns: Any) -> Rows:
    """A batch of rows of a table; a single value stands for every row."""
    arrays = [
        values if isinstance(values, pa.Array) else pa.repeat(values, count)
        for values in columns.values()
    ]
    return table, pa.record_batch(arrays, names=list(columns))
