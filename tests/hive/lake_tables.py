"""The databases, tables and views of a running Hive, read from its metastore's database."""

from dataclasses import dataclass

import psycopg


@dataclass(frozen=True)
class LakeTable:
    """A table or view; its columns without the partition keys, both in their order."""

    database: str
    name: str
    kind: str
    columns: tuple[str, ...]
    partition_keys: tuple[str, ...]
    partition_rights: bool

    @property
    def full_name(self) -> str:
        """`db.table`, as Hive's messages have it."""
        return f"{self.database}.{self.name}"

    @property
    def is_view(self) -> bool:
        """Whether it is a plain view (a materialized one holds data)."""
        return self.kind == "VIRTUAL_VIEW"

    @property
    def takes_inserts(self) -> bool:
        """Whether INSERT can be asked about it at all.

        Not where each partition carries its own rights: the answer differs by partition.
        """
        return self.kind in ("MANAGED_TABLE", "EXTERNAL_TABLE") and not self.partition_rights

    @property
    def quoted(self) -> str:
        """The name as HiveQL takes it."""
        return f"{quote(self.database)}.{quote(self.name)}"


def quote(name: str) -> str:
    """An identifier in backticks, as HiveQL takes it."""
    return "`" + name.replace("`", "``") + "`"


def lake_tables(metastore_url: str) -> list[LakeTable]:
    """Every table and view, sorted by name."""
    with psycopg.connect(metastore_url) as connection:
        rows = connection.execute(_TABLES).fetchall()
    return [
        LakeTable(database, name, kind, tuple(columns), tuple(keys), rights)
        for database, name, kind, columns, keys, rights in rows
    ]


def lake_databases(metastore_url: str) -> list[str]:
    """Every database, sorted by name."""
    with psycopg.connect(metastore_url) as connection:
        rows = connection.execute('SELECT "NAME" FROM "DBS" ORDER BY 1').fetchall()
    return [str(name) for (name,) in rows]


_TABLES = """
SELECT d."NAME", t."TBL_NAME", t."TBL_TYPE",
  ARRAY(SELECT c."COLUMN_NAME" FROM "COLUMNS_V2" c
        WHERE c."CD_ID" = s."CD_ID" ORDER BY c."INTEGER_IDX"),
  ARRAY(SELECT k."PKEY_NAME" FROM "PARTITION_KEYS" k
        WHERE k."TBL_ID" = t."TBL_ID" ORDER BY k."INTEGER_IDX"),
  EXISTS(SELECT FROM "TABLE_PARAMS" p WHERE p."TBL_ID" = t."TBL_ID"
         AND p."PARAM_KEY" = 'PARTITION_LEVEL_PRIVILEGE' AND upper(p."PARAM_VALUE") = 'TRUE')
FROM "TBLS" t JOIN "DBS" d USING ("DB_ID") LEFT JOIN "SDS" s USING ("SD_ID")
ORDER BY d."NAME", t."TBL_NAME"
"""
