"""What a source says about a lake: Arrow schemas, one per kind of fact.

A source yields `Facts`: a kind and a record batch of that kind's schema, in any
order and any number of batches. Ids (`database_id`, `table_id`) are the source's
own and mean something within one crawl only; the snapshot replaces them by
ordinals. Strings are as the source stores them: nothing is folded here.

Gaps are facts too: what could not be read, why, and what is in doubt for it.
"""

from collections.abc import Callable, Iterator
from typing import Protocol

import pyarrow as pa

from app.core.frozen import frozen

STRING, INT64, INT32, BOOL = pa.string(), pa.int64(), pa.int32(), pa.bool_()


def _schema(*fields: tuple[str, pa.DataType]) -> pa.Schema:
    return pa.schema([pa.field(name, kind) for name, kind in fields])


#: Levels of a grant, in the order snapshots sort them. `object_id` of a grant is a
#: database id at level `database`, a table id at `table` and below, else null.
GRANT_LEVELS = (
    "global",
    "database",
    "table",
    "column",
    "partition",
    "partition_column",
    "connector",
)

SCHEMAS: dict[str, pa.Schema] = {
    "catalogs": _schema(("name", STRING), ("location", STRING)),
    "databases": _schema(
        ("database_id", INT64),
        ("catalog", STRING),  # `hive` where the metastore has no catalogs
        ("name", STRING),
        ("owner", STRING),
        ("owner_type", STRING),  # USER, ROLE, GROUP or null, as stored
        ("location", STRING),
        ("kind", STRING),  # NATIVE or REMOTE
    ),
    "database_properties": _schema(("database_id", INT64), ("key", STRING), ("value", STRING)),
    "tables": _schema(
        ("table_id", INT64),
        ("database_id", INT64),
        ("name", STRING),
        ("kind", STRING),  # MANAGED_TABLE, EXTERNAL_TABLE, VIRTUAL_VIEW, MATERIALIZED_VIEW, ...
        ("owner", STRING),
        ("owner_type", STRING),
        ("location", STRING),
        ("create_time", INT64),  # epoch seconds
        ("view_text", STRING),  # the expanded text where there is one, else the original
        ("view_original_text", STRING),
    ),
    "columns": _schema(
        ("table_id", INT64),
        ("name", STRING),
        ("type", STRING),
        ("position", INT32),  # 0-based; partition keys follow the plain columns
        ("partition_key", BOOL),
    ),
    "table_properties": _schema(("table_id", INT64), ("key", STRING), ("value", STRING)),
    # Only of tables whose partitions carry their own rights (PARTITION_LEVEL_PRIVILEGE).
    "partitions": _schema(("table_id", INT64), ("name", STRING)),
    # What a materialized view was made from, where the source keeps it.
    "view_sources": _schema(("table_id", INT64), ("source_table_id", INT64)),
    "roles": _schema(("name", STRING), ("create_time", INT64)),
    "role_members": _schema(
        ("member_type", STRING),  # USER, ROLE, GROUP, as stored
        ("member", STRING),
        ("role", STRING),  # null where the role is gone: Hive then fails on the member
        ("admin_option", BOOL),  # null where the stored number is neither 0 nor 1
        ("grantor", STRING),
        ("grantor_type", STRING),
        ("create_time", INT64),
        ("source_row", INT64),
    ),
    "grants": _schema(
        ("level", STRING),  # one of GRANT_LEVELS
        ("object_id", INT64),
        ("column", STRING),
        ("partition", STRING),
        ("connector", STRING),
        ("principal_type", STRING),
        ("principal", STRING),
        ("privilege", STRING),  # raw text, never folded
        ("grant_option", BOOL),  # null where the stored number is neither 0 nor 1
        ("grantor", STRING),
        ("grantor_type", STRING),
        ("create_time", INT64),
        ("authorizer", STRING),
        ("source_row", INT64),  # the row's id in the source's own table, if it has one
    ),
    "users": _schema(("name", STRING), ("kind", STRING), ("active", BOOL)),  # person | service
    "groups": _schema(("name", STRING)),
    # member_type is `user` or `group`, in lower case
    "group_members": _schema(("member_type", STRING), ("member", STRING), ("group", STRING)),
    # What the lake says of itself: `source`, `metastore_version`, later its settings.
    "lake_settings": _schema(("key", STRING), ("value", STRING)),
    "gaps": _schema(
        (
            "scope",
            STRING,
        ),  # lake | directory | database | table | grants | evidence (hides nothing)
        ("object", STRING),  # db, db.table, group:NAME, ...; empty for the whole scope
        ("reason", STRING),
        ("doubt", STRING),  # what cannot be said because of it
    ),
}

#: Where each kind of grant level lives in a metastore, for the evidence of a row.
SOURCE_TABLES = {
    "global": "GLOBAL_PRIVS",
    "database": "DB_PRIVS",
    "table": "TBL_PRIVS",
    "column": "TBL_COL_PRIVS",
    "partition": "PART_PRIVS",
    "partition_column": "PART_COL_PRIVS",
    "connector": "DC_PRIVS",
}


@frozen
class Facts:
    """One batch of facts of one kind; `kind` is a key of SCHEMAS.

    A string column may come dictionary-encoded (int32 → string). With `last` its source
    promises that no more of this kind will come, so what waits for it may begin; a kind
    that both a source and a directory yield (`lake_settings`, `gaps`) is never marked.
    """

    kind: str
    batch: pa.RecordBatch
    last: bool = False


#: Called with (what is being read, rows so far of it, total or None).
Progress = Callable[[str, int, int | None], None]


def no_progress(what: str, done: int, total: int | None) -> None:
    """Progress for nobody."""


class Source(Protocol):
    """A lake that can be crawled, or a directory of its people."""

    #: What it is, without secrets, for messages and the record.
    label: str

    def crawl(self, progress: Progress = no_progress) -> Iterator[Facts]:
        """Yield everything there is to know, gaps included.

        Raises SourceError or DirectoryError when nothing trustworthy can be read.
        """
        ...
