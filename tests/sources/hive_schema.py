"""The metastore's schema as Hive 1.2, 2.3, 3.1 and 4.0 make it, for three databases.

Source: hive-schema-*.sql of Hive. Only tables that matter for an audit (and a few beside
them); constraints are left out so that damaged metastores can be written as well.
"""

from dataclasses import dataclass

VERSIONS = ("1.2.0", "2.3.0", "3.1.0", "4.0.0")

_GRANT_TAIL = (
    "CREATE_TIME bigint, GRANT_OPTION smallint, GRANTOR name, GRANTOR_TYPE name, "
    "PRINCIPAL_NAME name, PRINCIPAL_TYPE name, AUTHORIZER@3.1 name"
)

# table[@since] → columns `NAME[@since] type`; types are spelled by _TYPES.
_TABLES = {
    "VERSION": "VER_ID bigint, SCHEMA_VERSION name, VERSION_COMMENT long",
    "CTLGS@3.0": "CTLG_ID bigint, NAME name, DESC long, LOCATION_URI long, CREATE_TIME@4.0 int",
    "DBS": (
        "DB_ID bigint, DESC long, DB_LOCATION_URI long, NAME name, OWNER_NAME name, "
        "OWNER_TYPE name, CTLG_NAME@3.0 name, CREATE_TIME@4.0 int, TYPE@4.0 name, "
        "DATACONNECTOR_NAME@4.0 name, REMOTE_DBNAME@4.0 name"
    ),
    "DATABASE_PARAMS": "DB_ID bigint, PARAM_KEY name, PARAM_VALUE long",
    "TBLS": (
        "TBL_ID bigint, CREATE_TIME int, DB_ID bigint, LAST_ACCESS_TIME int, OWNER name, "
        "OWNER_TYPE@3.0 name, RETENTION int, SD_ID bigint, TBL_NAME name, TBL_TYPE name, "
        "VIEW_EXPANDED_TEXT text, VIEW_ORIGINAL_TEXT text, IS_REWRITE_ENABLED@2.3 bool"
    ),
    "TABLE_PARAMS": "TBL_ID bigint, PARAM_KEY name, PARAM_VALUE text",
    "SDS": "SD_ID bigint, CD_ID bigint, LOCATION long, INPUT_FORMAT long, IS_COMPRESSED bool",
    "COLUMNS_V2": ("CD_ID bigint, COMMENT text, COLUMN_NAME name, TYPE_NAME text, INTEGER_IDX int"),
    "PARTITION_KEYS": (
        "TBL_ID bigint, PKEY_COMMENT long, PKEY_NAME name, PKEY_TYPE name, INTEGER_IDX int"
    ),
    "PARTITIONS": "PART_ID bigint, CREATE_TIME int, PART_NAME name, SD_ID bigint, TBL_ID bigint",
    "GLOBAL_PRIVS": f"USER_GRANT_ID bigint, USER_PRIV name, {_GRANT_TAIL}",
    "DB_PRIVS": f"DB_GRANT_ID bigint, DB_ID bigint, DB_PRIV name, {_GRANT_TAIL}",
    "TBL_PRIVS": f"TBL_GRANT_ID bigint, TBL_ID bigint, TBL_PRIV name, {_GRANT_TAIL}",
    "TBL_COL_PRIVS": (
        f"TBL_COLUMN_GRANT_ID bigint, TBL_ID bigint, COLUMN_NAME name, TBL_COL_PRIV name, "
        f"{_GRANT_TAIL}"
    ),
    "PART_PRIVS": f"PART_GRANT_ID bigint, PART_ID bigint, PART_PRIV name, {_GRANT_TAIL}",
    "PART_COL_PRIVS": (
        f"PART_COLUMN_GRANT_ID bigint, PART_ID bigint, COLUMN_NAME name, PART_COL_PRIV name, "
        f"{_GRANT_TAIL}"
    ),
    "DC_PRIVS@4.0": f"DC_GRANT_ID bigint, NAME name, DC_PRIV name, {_GRANT_TAIL}",
    "ROLES": "ROLE_ID bigint, CREATE_TIME int, OWNER_NAME name, ROLE_NAME name",
    "ROLE_MAP": (
        "ROLE_GRANT_ID bigint, ADD_TIME int, GRANT_OPTION smallint, GRANTOR name, "
        "GRANTOR_TYPE name, PRINCIPAL_NAME name, PRINCIPAL_TYPE name, ROLE_ID bigint"
    ),
    "MV_CREATION_METADATA@3.0": (
        "MV_CREATION_METADATA_ID bigint, CAT_NAME name, DB_NAME name, TBL_NAME name, TXN_LIST text"
    ),
    "MV_TABLES_USED@3.0": "MV_CREATION_METADATA_ID bigint, TBL_ID bigint",
}

_TYPES = {
    "postgresql": {
        "bigint": "bigint",
        "int": "bigint",
        "smallint": "smallint",
        "bool": "boolean",
        "name": "character varying(767)",
        "long": "character varying(4000)",
        "text": "text",
    },
    "mysql": {
        "bigint": "bigint(20)",
        "int": "int(11)",
        "smallint": "smallint(6)",
        "bool": "bit(1)",
        "name": "varchar(767) CHARACTER SET latin1 COLLATE latin1_bin",
        "long": "varchar(4000) CHARACTER SET latin1 COLLATE latin1_bin",
        "text": "mediumtext CHARACTER SET latin1 COLLATE latin1_bin",
    },
    "sqlite": {
        "bigint": "bigint",
        "int": "integer",
        "smallint": "smallint",
        "bool": "boolean",
        "name": "varchar(767)",
        "long": "varchar(4000)",
        "text": "text",
    },
}


@dataclass(frozen=True)
class HiveTable:
    """A table of the metastore in one version: column name → our word for its type."""

    name: str
    columns: dict[str, str]


def hive_tables(version: str) -> dict[str, HiveTable]:
    """The tables of a version by name."""
    found = {}
    for table, columns in _TABLES.items():
        name = _since(table, version)
        if name:
            parts = [column.rsplit(" ", 1) for column in columns.split(", ")]
            kept = {_since(column, version): kind for column, kind in parts}
            found[name] = HiveTable(name, {column: k for column, k in kept.items() if column})
    return found


def hive_schema(version: str, database: str) -> list[str]:
    """The CREATE TABLE statements of a version for postgresql, mysql or sqlite."""
    types, mark = _TYPES[database], "`" if database == "mysql" else '"'
    statements = []
    for table in hive_tables(version).values():
        columns = ", ".join(
            f"{mark}{column}{mark} {types[kind]}" for column, kind in table.columns.items()
        )
        statements.append(f"CREATE TABLE {mark}{table.name}{mark} ({columns})")
    return statements


def _since(written: str, version: str) -> str:
    name, _, since = written.partition("@")
    return name if not since or _numbers(since) <= _numbers(version) else ""


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".")[:2])
