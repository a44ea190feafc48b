"""Writes a gathered metastore into a SQLite file.

What stands for every table of a kind (columns, storage, the creator's automatic grants,
a role's grant on a whole dataset) is spread by SQL inside SQLite, which makes a lake of
60,000 tables in about two seconds.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import cast

from app.demo import schema
from app.demo.layouts import LAYOUT_IDS, LAYOUTS
from app.demo.warehouse import FOUNDED, WAREHOUSE, Warehouse

_PRAGMAS = ("page_size=16384", "journal_mode=OFF", "synchronous=OFF", "temp_store=MEMORY")


def write_metastore(warehouse: Warehouse, path: Path) -> int:
    """Write the file, replacing `path` once it is whole; how many rows TBL_PRIVS has."""
    partial = path.with_name(path.name + ".partial")
    partial.unlink(missing_ok=True)
    connection = sqlite3.connect(partial, isolation_level=None)
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.executescript(schema.TABLES + _STAGES)
        connection.execute("BEGIN")
        _fill(connection, warehouse)
        connection.execute("COMMIT")
        connection.executescript(schema.INDEXES)
        (grants,) = connection.execute("SELECT count(*) FROM TBL_PRIVS").fetchone()
    finally:
        connection.close()
    partial.replace(path)
    return int(grants)


def _time(row: Sequence[object]) -> int:
    return cast(int, row[0])


def _insert(connection: sqlite3.Connection, target: str, rows: Sequence[Sequence[object]]) -> None:
    """Insert whole rows into `TABLE` or `TABLE (columns)`."""
    if rows:
        marks = ", ".join("?" * len(rows[0]))
        connection.executemany(f"INSERT INTO {target} VALUES ({marks})", rows)


def _fill(connection: sqlite3.Connection, warehouse: Warehouse) -> None:
    _insert(connection, "VERSION", [(1, schema.SCHEMA_VERSION, "Hive release version 4.0.0")])
    catalog = (1, "hive", "Default catalog, for Hive", WAREHOUSE, FOUNDED)
    _insert(connection, "CTLGS", [catalog])
    _insert(connection, _DATABASE, warehouse.database_rows)
    _insert(connection, "DATABASE_PARAMS", sorted(warehouse.database_property_rows))
    _insert(connection, "temp.made", warehouse.table_rows)
    _insert(connection, "temp.layouts", list(_layout_rows()))
    _insert(connection, "temp.dataset_grants", warehouse.dataset_grant_rows)
    _insert(connection, "temp.set_properties", warehouse.property_rows)
    for statement in _SPREAD:
        connection.execute(statement)
    _insert(connection, f"TBL_PRIVS ({_GRANT}, TBL_PRIV, TBL_ID, AUTHORIZER)", warehouse.grant_rows)
    _fill_partitions(connection, warehouse)
    _insert(connection, "ROLES", warehouse.role_rows)
    _insert(connection, _MEMBER, sorted(warehouse.member_rows, key=_time))
    for table, rows in (
        (f"GLOBAL_PRIVS ({_GRANT}, USER_PRIV, AUTHORIZER)", warehouse.global_grant_rows),
        (f"DB_PRIVS ({_GRANT}, DB_PRIV, DB_ID, AUTHORIZER)", warehouse.database_grant_rows),
        (
            f"TBL_COL_PRIVS (COLUMN_NAME, {_GRANT}, TBL_COL_PRIV, TBL_ID, AUTHORIZER)",
            warehouse.column_grant_rows,
        ),
        (f"PART_PRIVS ({_GRANT}, PART_PRIV, PART_ID, AUTHORIZER)", warehouse.partition_grant_rows),
    ):
        _insert(connection, table, rows)
    _insert(connection, _MATERIALIZED, warehouse.materialized_rows)
    _insert(connection, "MV_TABLES_USED (MV_CREATION_METADATA_ID, TBL_ID)", warehouse.used_rows)
    _fill_events(connection, warehouse)


def _fill_partitions(connection: sqlite3.Connection, warehouse: Warehouse) -> None:
    """A partition has storage of its own, described by its table's columns."""
    first = len(warehouse.table_rows)
    for number, (table, name, location, created) in enumerate(warehouse.partition_rows, start=1):
        storage = first + number
        connection.execute(
            "INSERT INTO SDS SELECT ?, INPUT_FORMAT, IS_COMPRESSED, ?, NUM_BUCKETS, "
            "OUTPUT_FORMAT, SERDE_ID, CD_ID, 0 FROM SDS WHERE SD_ID = ?",
            (storage, location, table),
        )
        row = (number, created, 0, name, storage, table, 0)
        _insert(connection, "PARTITIONS", [row])


def _fill_events(connection: sqlite3.Connection, warehouse: Warehouse) -> None:
    events = sorted(warehouse.event_rows, key=repr)
    rows = [
        (number, number, when, kind, "hive", database, table, message, "json-0.2")
        for number, (when, kind, database, table, message) in enumerate(events, start=1)
    ]
    _insert(connection, "NOTIFICATION_LOG", rows)
    _insert(connection, "NOTIFICATION_SEQUENCE", [(1, len(rows) + 1)])


def _layout_rows() -> Iterable[tuple[object, ...]]:
    for name, layout in LAYOUTS.items():
        for position, (column, kind) in enumerate(layout.columns):
            yield (LAYOUT_IDS[name], 0, column, kind, position)
        for position, (column, kind) in enumerate(layout.partition_keys):
            yield (LAYOUT_IDS[name], 1, column, kind, position)


_DATABASE = 'DBS (DB_ID, "DESC", DB_LOCATION_URI, NAME, OWNER_NAME, OWNER_TYPE, CREATE_TIME)'
_MEMBER = (
    "ROLE_MAP (ADD_TIME, GRANT_OPTION, GRANTOR, GRANTOR_TYPE, PRINCIPAL_NAME, PRINCIPAL_TYPE, "
    "ROLE_ID)"
)
_GRANT = "CREATE_TIME, GRANT_OPTION, GRANTOR, GRANTOR_TYPE, PRINCIPAL_NAME, PRINCIPAL_TYPE"
_MATERIALIZED = (
    "MV_CREATION_METADATA "
    "(MV_CREATION_METADATA_ID, CAT_NAME, DB_NAME, TBL_NAME, MATERIALIZATION_TIME)"
)

_STAGES = """
CREATE TEMP TABLE made (id integer PRIMARY KEY, database, name, layout, dataset, kind, owner,
    owner_type, creator, created, location, original, expanded);
CREATE TEMP TABLE layouts (layout, is_key, name, type, position,
    PRIMARY KEY (layout, is_key, name)) WITHOUT ROWID;
CREATE TEMP TABLE dataset_grants (dataset, role, privilege, grantor, granted,
    PRIMARY KEY (dataset, role, privilege)) WITHOUT ROWID;
CREATE TEMP TABLE set_properties (id, name, value, PRIMARY KEY (id, name)) WITHOUT ROWID;
"""

_ORC = "org.apache.hadoop.hive.ql.io.orc"
_SPREAD = (
    f"INSERT INTO SERDES SELECT id, NULL, '{_ORC}.OrcSerde', NULL, NULL, NULL, 0 FROM made",
    "INSERT INTO CDS SELECT id FROM made",
    f"""INSERT INTO SDS SELECT id, '{_ORC}.OrcInputFormat', 0, location, -1,
        '{_ORC}.OrcOutputFormat', id, id, 0 FROM made""",
    """INSERT INTO COLUMNS_V2 SELECT made.id, NULL, layouts.name, layouts.type, layouts.position
        FROM made CROSS JOIN layouts ON layouts.layout = made.layout AND is_key = 0""",
    """INSERT INTO PARTITION_KEYS SELECT made.id, NULL, layouts.name, layouts.type,
        layouts.position
        FROM made CROSS JOIN layouts ON layouts.layout = made.layout AND is_key = 1
        WHERE kind NOT IN ('VIRTUAL_VIEW', 'MATERIALIZED_VIEW')""",
    """INSERT INTO TBLS SELECT id, created, database, 0, owner, owner_type, 0, id, name, kind,
        expanded, original, kind = 'MATERIALIZED_VIEW', 0 FROM made""",
    """INSERT OR REPLACE INTO TABLE_PARAMS
        SELECT id, pair.column1, iif(pair.column1 = 'EXTERNAL', 'TRUE', created)
        FROM made CROSS JOIN (VALUES ('EXTERNAL'), ('transient_lastDdlTime')) AS pair
        WHERE kind = 'EXTERNAL_TABLE' OR pair.column1 <> 'EXTERNAL'""",
    "INSERT OR REPLACE INTO TABLE_PARAMS SELECT id, name, value FROM set_properties",
    # The creator's four rights, made by Hive itself at CREATE TABLE.
    """INSERT INTO TBL_PRIVS SELECT NULL, created, 1, creator, 'USER', creator, 'USER',
        given.column1, id, 'SQL'
        FROM made CROSS JOIN (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE')) AS given
        WHERE creator IS NOT NULL""",
    """INSERT INTO TBL_PRIVS SELECT NULL, max(granted, created + 3600), 0, grantor, 'USER', role,
        'ROLE', privilege, id, 'SQL'
        FROM made CROSS JOIN dataset_grants USING (dataset) ORDER BY id, role, privilege""",
)
