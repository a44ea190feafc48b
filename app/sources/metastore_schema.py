"""What a crawl reads of the metastore's own database, Hive 1.2 to 4.x.

Source: Hive's `hive-schema-*.sql` of 1.2, 2.3, 3.1 and 4.0. Columns that a version lacks
say since when they are; a table that a version lacks is absent without a word when the version says
so, a gap otherwise.
"""

from app.sources.metastore_connection import Output, Read
from app.sources.table_properties import STATISTICS

#: Tables from a version on, by (major, minor): missing before is as it should be.
SINCE = {
    "CTLGS": (3, 0),
    "MV_CREATION_METADATA": (3, 0),
    "MV_TABLES_USED": (3, 0),
    "DC_PRIVS": (4, 0),
}

#: What cannot be said when a table cannot be read.
DOUBTS = {
    "SDS": "Locations and columns of all tables, and classes assigned by them",
    "COLUMNS_V2": "Columns of all tables, classes assigned by them, grants on columns",
    "PARTITION_KEYS": "Partition keys of all tables, and classes assigned by them",
    "TABLE_PARAMS": "Properties of tables, classes assigned by them, rights on partitions",
    "DATABASE_PARAMS": "Properties of databases, and classes assigned by them",
    "PARTITIONS": "Grants on partitions",
    "GLOBAL_PRIVS": "Grants on the whole lake",
    "DB_PRIVS": "Grants on databases",
    "TBL_COL_PRIVS": "Grants on columns",
    "PART_PRIVS": "Grants on partitions",
    "PART_COL_PRIVS": "Grants on columns of partitions",
    "DC_PRIVS": "Grants on data connectors",
    "CTLGS": "Locations of catalogs",
    "MV_CREATION_METADATA": "What materialized views were made from",
    "MV_TABLES_USED": "What materialized views were made from",
    "VERSION": "Which version of the metastore this is",
    "TBLS": "Whose tables these are",
    "DBS": "Whose databases these are and of which catalog",
    "TBL_PRIVS": "Which grants on tables count in which mode",
}


_Version = tuple[int, int]


def _int(name: str, alias: str, column: str, *, group: str = "") -> Output:
    return Output(name, "int", alias, column, group=group)


def _text(
    name: str, alias: str, column: str, *, since: _Version | None = None, group: str = ""
) -> Output:
    return Output(name, "text", alias, column, since, group)


VERSION = Read({"v": "VERSION"}, (_text("version", "v", "SCHEMA_VERSION"),), '"VERSION" v')

CATALOGS = Read(
    {"c": "CTLGS"},
    (_text("name", "c", "NAME"), _text("location", "c", "LOCATION_URI")),
    '"CTLGS" c',
)

DATABASES = Read(
    {"d": "DBS"},
    (
        _int("database_id", "d", "DB_ID"),
        _text("catalog", "d", "CTLG_NAME", since=(3, 0)),
        _text("name", "d", "NAME"),
        _text("owner", "d", "OWNER_NAME", since=(0, 13)),
        _text("owner_type", "d", "OWNER_TYPE", since=(0, 13)),
        _text("location", "d", "DB_LOCATION_URI"),
        _text("kind", "d", "TYPE", since=(4, 0)),
    ),
    '"DBS" d',
)

DATABASE_PROPERTIES = Read(
    {"p": "DATABASE_PARAMS"},
    (
        _int("database_id", "p", "DB_ID"),
        _text("key", "p", "PARAM_KEY"),
        _text("value", "p", "PARAM_VALUE"),
    ),
    '"DATABASE_PARAMS" p',
)

_TABLE_OUTPUTS = (
    _int("table_id", "t", "TBL_ID"),
    _int("database_id", "t", "DB_ID"),
    _text("name", "t", "TBL_NAME"),
    _text("kind", "t", "TBL_TYPE"),
    _text("owner", "t", "OWNER"),
    _text("owner_type", "t", "OWNER_TYPE", since=(3, 0)),
    _int("create_time", "t", "CREATE_TIME"),
    _text("view_text", "t", "VIEW_EXPANDED_TEXT"),
    _text("view_original_text", "t", "VIEW_ORIGINAL_TEXT"),
)
TABLES = Read(
    {"t": "TBLS", "s": "SDS"},
    (*_TABLE_OUTPUTS, _text("location", "s", "LOCATION"), _int("descriptor", "s", "CD_ID")),
    '"TBLS" t LEFT JOIN "SDS" s ON s."SD_ID" = t."SD_ID"',
)
#: Where SDS cannot be read, the tables are still tables.
TABLES_WITHOUT_STORAGE = Read({"t": "TBLS"}, _TABLE_OUTPUTS, '"TBLS" t')

# The keys are written into the statement; none holds a quote, and a tuple of texts reads as SQL.
TABLE_PROPERTIES = Read(
    {"p": "TABLE_PARAMS"},
    (
        _int("table_id", "p", "TBL_ID"),
        _text("key", "p", "PARAM_KEY"),
        _text("value", "p", "PARAM_VALUE"),
    ),
    f'"TABLE_PARAMS" p WHERE p."PARAM_KEY" NOT IN {STATISTICS!r}',
)

_COLUMN_OUTPUTS = (
    _text("name", "c", "COLUMN_NAME"),
    _text("type", "c", "TYPE_NAME"),
    _int("position", "c", "INTEGER_IDX"),
)
#: Columns by their descriptor, which the tables name.
COLUMNS = Read(
    {"c": "COLUMNS_V2"}, (_int("descriptor", "c", "CD_ID"), *_COLUMN_OUTPUTS), '"COLUMNS_V2" c'
)
#: Columns by table, for a metastore in which tables share descriptors.
TABLE_COLUMNS = Read(
    {"t": "TBLS", "s": "SDS", "c": "COLUMNS_V2"},
    (_int("table_id", "t", "TBL_ID"), *_COLUMN_OUTPUTS),
    '"COLUMNS_V2" c JOIN "SDS" s ON s."CD_ID" = c."CD_ID" JOIN "TBLS" t ON t."SD_ID" = s."SD_ID"',
)

PARTITION_KEYS = Read(
    {"k": "PARTITION_KEYS"},
    (
        _int("table_id", "k", "TBL_ID"),
        _text("name", "k", "PKEY_NAME"),
        _text("type", "k", "PKEY_TYPE"),
        _int("position", "k", "INTEGER_IDX"),
    ),
    '"PARTITION_KEYS" k',
)

#: Of tables whose partitions carry their own rights; which those are is looked at again.
PARTITIONS = Read(
    {"p": "PARTITIONS", "x": "TABLE_PARAMS"},
    (_int("table_id", "p", "TBL_ID"), _text("name", "p", "PART_NAME")),
    """"PARTITIONS" p JOIN "TABLE_PARAMS" x ON x."TBL_ID" = p."TBL_ID" """
    """AND x."PARAM_KEY" = 'PARTITION_LEVEL_PRIVILEGE'""",
)

#: Materialized views are named by catalog, database and name, not by id.
VIEW_SOURCES = Read(
    {"m": "MV_CREATION_METADATA", "u": "MV_TABLES_USED", "d": "DBS", "t": "TBLS"},
    (_int("table_id", "t", "TBL_ID"), _int("source_table_id", "u", "TBL_ID")),
    '"MV_TABLES_USED" u JOIN "MV_CREATION_METADATA" m '
    'ON m."MV_CREATION_METADATA_ID" = u."MV_CREATION_METADATA_ID" '
    'JOIN "DBS" d ON d."NAME" = m."DB_NAME" AND d."CTLG_NAME" = m."CAT_NAME" '
    'JOIN "TBLS" t ON t."DB_ID" = d."DB_ID" AND t."TBL_NAME" = m."TBL_NAME"',
)

ROLES = Read(
    {"r": "ROLES"},
    (_text("name", "r", "ROLE_NAME"), _int("create_time", "r", "CREATE_TIME")),
    '"ROLES" r',
)

ROLE_MEMBERS = Read(
    {"m": "ROLE_MAP", "r": "ROLES"},
    (
        _text("member_type", "m", "PRINCIPAL_TYPE"),
        _text("member", "m", "PRINCIPAL_NAME"),
        _text("role", "r", "ROLE_NAME"),
        _int("admin_option", "m", "GRANT_OPTION"),
        _text("grantor", "m", "GRANTOR"),
        _text("grantor_type", "m", "GRANTOR_TYPE"),
        _int("create_time", "m", "ADD_TIME"),
        _int("source_row", "m", "ROLE_GRANT_ID"),
    ),
    '"ROLE_MAP" m LEFT JOIN "ROLES" r ON r."ROLE_ID" = m."ROLE_ID"',
)


def _grants(
    table: str, row: str, privilege: str, places: tuple[Output, ...], join: str = ""
) -> Read:
    """The read of one *_PRIVS table; `places` are the columns that say on what."""
    return Read(
        {"g": table} | ({"p": "PARTITIONS"} if join else {}),
        (
            *places,
            _text("principal_type", "g", "PRINCIPAL_TYPE", group="rule"),
            _text("principal", "g", "PRINCIPAL_NAME", group="rule"),
            _text("privilege", "g", privilege, group="rule"),
            _int("grant_option", "g", "GRANT_OPTION", group="rule"),
            _text("authorizer", "g", "AUTHORIZER", since=(3, 1), group="rule"),
            _text("grantor", "g", "GRANTOR", group="grantor"),
            _text("grantor_type", "g", "GRANTOR_TYPE", group="grantor"),
            _int("create_time", "g", "CREATE_TIME"),
            _int("source_row", "g", row),
        ),
        f'"{table}" g{join}',
    )


_OF_PARTITION = ' LEFT JOIN "PARTITIONS" p ON p."PART_ID" = g."PART_ID"'
_PARTITION = (_int("object_id", "p", "TBL_ID"), _text("partition", "p", "PART_NAME"))

#: level → its read; the outputs that a level lacks are null in its facts.
GRANTS = {
    "global": _grants("GLOBAL_PRIVS", "USER_GRANT_ID", "USER_PRIV", ()),
    "database": _grants("DB_PRIVS", "DB_GRANT_ID", "DB_PRIV", (_int("object_id", "g", "DB_ID"),)),
    "table": _grants("TBL_PRIVS", "TBL_GRANT_ID", "TBL_PRIV", (_int("object_id", "g", "TBL_ID"),)),
    "column": _grants(
        "TBL_COL_PRIVS",
        "TBL_COLUMN_GRANT_ID",
        "TBL_COL_PRIV",
        (_int("object_id", "g", "TBL_ID"), _text("column", "g", "COLUMN_NAME")),
    ),
    "partition": _grants("PART_PRIVS", "PART_GRANT_ID", "PART_PRIV", _PARTITION, _OF_PARTITION),
    "partition_column": _grants(
        "PART_COL_PRIVS",
        "PART_COLUMN_GRANT_ID",
        "PART_COL_PRIV",
        (*_PARTITION, _text("column", "g", "COLUMN_NAME")),
        _OF_PARTITION,
    ),
    "connector": _grants("DC_PRIVS", "DC_GRANT_ID", "DC_PRIV", (_text("connector", "g", "NAME"),)),
}

#: Every table a crawl looks at.
READ_TABLES = DOUBTS.keys() | {"DBS", "TBLS", "TBL_PRIVS", "ROLES", "ROLE_MAP"}

#: Nothing trustworthy remains when one of these cannot be read.
ESSENTIAL = (DATABASES, TABLES_WITHOUT_STORAGE, GRANTS["table"], ROLES, ROLE_MEMBERS)
