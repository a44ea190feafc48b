"""A small lake with one of everything, as rows of a metastore, loaded into any database."""

import base64
import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg
import pymysql

from tests.mariadb_server import MariadbServer
from tests.sources.hive_schema import hive_schema, hive_tables

Rows = dict[str, list[dict[str, Any]]]

#: Names that latin1 can hold and that break what is not careful.
ODD_NAMES = (
    "it's",
    'say "hi"',
    "a.b",
    "back`tick",
    "tab\tbell\x07",
    "<b>html</b>",
    "é\\n",
    " pad ",
)
#: Names that only Unicode can hold.
UNICODE_NAMES = ("\u202eright-to-left", "zero\u200bwidth", "日本語", "🔑", "e\u0301")

TRINO_SQL = "SELECT name FROM hive.hr.payroll"


def trino_text(sql: str = TRINO_SQL) -> str:
    """VIEW_ORIGINAL_TEXT as Trino writes it."""
    body = json.dumps({"originalSql": sql, "catalog": "hive", "schema": "hr", "columns": []})
    return f"/* Presto View: {base64.b64encode(body.encode()).decode()} */"


def spark_schema(*names: str) -> str:
    """A schema as Spark's JSON."""
    fields = [{"name": name, "type": "long", "nullable": True, "metadata": {}} for name in names]
    return json.dumps({"type": "struct", "fields": fields})


def small_lake(version: str = "4.0.0", names: tuple[str, ...] = ODD_NAMES) -> Rows:
    """The rows of each table; columns that the version lacks are dropped when loading."""
    rows: Rows = {
        "VERSION": [{"VER_ID": 1, "SCHEMA_VERSION": version, "VERSION_COMMENT": "x"}],
        "CTLGS": [
            {"CTLG_ID": 1, "NAME": "hive", "LOCATION_URI": "hdfs://nn:8020/warehouse"},
            {"CTLG_ID": 2, "NAME": "spark", "LOCATION_URI": "s3a://key:secret@bucket/w"},
        ],
        "DBS": [
            _database(1, "default", "public", "ROLE"),
            _database(2, "hr", "ann", "USER"),
            _database(3, "hr", "spark", "USER", CTLG_NAME="spark"),
            _database(4, "far", None, None, TYPE="REMOTE"),
        ],
        "DATABASE_PARAMS": [{"DB_ID": 2, "PARAM_KEY": "team", "PARAM_VALUE": "people"}],
        "ROLES": [
            {"ROLE_ID": 1, "CREATE_TIME": 10, "ROLE_NAME": "admin"},
            {"ROLE_ID": 2, "CREATE_TIME": 11, "ROLE_NAME": "public"},
            {"ROLE_ID": 3, "CREATE_TIME": 12, "ROLE_NAME": "readers"},
        ],
        "ROLE_MAP": [
            _member(1, 1, "USER", "root", GRANT_OPTION=1),
            _member(2, 3, "ROLE", "public"),
            _member(3, 3, "USER", "Ann"),
            _member(4, 77, "USER", "of a role that is gone"),
        ],
        "TBLS": [],
        "SDS": [],
        "COLUMNS_V2": [],
        "TABLE_PARAMS": [],
        "PARTITION_KEYS": [
            _partition_key(1, "ds", 0),
            _partition_key(1, "region", 1),
            _partition_key(5, "day", 0),
        ],
        "PARTITIONS": [
            {"PART_ID": 1, "PART_NAME": "ds=1/region=eu", "TBL_ID": 1},
            {"PART_ID": 2, "PART_NAME": "day=1", "TBL_ID": 5},
        ],
        "MV_CREATION_METADATA": [
            {"MV_CREATION_METADATA_ID": 1, "CAT_NAME": "hive", "DB_NAME": "hr", "TBL_NAME": "mv"}
        ],
        "MV_TABLES_USED": [{"MV_CREATION_METADATA_ID": 1, "TBL_ID": 1}],
        "GLOBAL_PRIVS": [_grant("USER", 1, "All", "ROLE", "admin", GRANT_OPTION=1)],
        "DB_PRIVS": [_grant("DB", 1, "SELECT", "ROLE", "public", DB_ID=2)],
        "TBL_PRIVS": [
            _grant("TBL", 1, "SELECT", "ROLE", "readers", TBL_ID=1),
            _grant("TBL", 2, "SELECT", "ROLE", "readers", TBL_ID=1, GRANTOR="bob"),
            _grant("TBL", 3, "select", "USER", "ann", TBL_ID=1, GRANT_OPTION=1),
            _grant("TBL", 4, "SELECT", "USER", "Ann", TBL_ID=1, AUTHORIZER=None),
            _grant("TBL", 5, "SELECT", "USER", "ghost", TBL_ID=404),
            _grant("TBL", 6, "SELECT", "GROUP", "staff", TBL_ID=2, GRANTOR=None),
        ],
        "TBL_COL_PRIVS": [
            _grant("TBL_COLUMN", 1, "SELECT", "USER", "x", TBL_ID=1, COLUMN_NAME="n")
        ],
        "PART_PRIVS": [_grant("PART", 1, "SELECT", "USER", "x", PART_ID=1)],
        "PART_COL_PRIVS": [
            _grant("PART_COLUMN", 1, "SELECT", "USER", "x", PART_ID=1, COLUMN_NAME="n"),
            _grant("PART_COLUMN", 2, "SELECT", "USER", "x", PART_ID=404, COLUMN_NAME="n"),
        ],
        "DC_PRIVS": [_grant("DC", 1, "SELECT", "USER", "x", NAME="mysql_crm")],
    }
    _add_tables(rows, names)
    return rows


def _add_tables(rows: Rows, names: tuple[str, ...]) -> None:
    payroll = {"PARTITION_LEVEL_PRIVILEGE": "true", "numRows": "9", "comment": "secret plans"}
    jdbc = {"hive.sql.dbcp.password": "hunter2", "url": "jdbc:x://h/d?user=u&password=hunter2"}
    dummy = (("col", "array<string>"),)
    spark = {"spark.sql.sources.provider": "parquet"}
    whole = {**spark, "spark.sql.sources.schema": spark_schema("Id", "Keystrokes", "day")}
    text = spark_schema("a", "b")
    parts = {
        **spark,
        "spark.sql.sources.schema.numParts": "2",
        "spark.sql.sources.schema.part.0": text[:20],
        "spark.sql.sources.schema.part.1": text[20:],
    }
    add = _Tables(rows)
    add(1, 2, "payroll", (("n", "string"), ("amount", "int")), payroll)
    add(2, 2, "jdbc", (("n", "string"),), jdbc, kind="EXTERNAL_TABLE", OWNER_TYPE="ROLE")
    add(
        3,
        2,
        "v",
        (("n", "string"),),
        kind="VIRTUAL_VIEW",
        SD_ID=None,
        VIEW_EXPANDED_TEXT="SELECT `payroll`.`n` FROM `hr`.`payroll`",
        VIEW_ORIGINAL_TEXT="SELECT n FROM payroll",
    )
    add(
        4,
        2,
        "trino",
        (("name", "string"),),
        {"presto_view": "true"},
        kind="VIRTUAL_VIEW",
        VIEW_EXPANDED_TEXT="/* Presto View */",
        VIEW_ORIGINAL_TEXT=trino_text(),
    )
    add(5, 2, "spark_whole", dummy, whole)
    add(6, 2, "spark_parts", dummy, parts)
    add(7, 2, "spark_unknown", dummy, {"spark.sql.sources.provider": "delta"})
    add(
        8,
        2,
        "mv",
        (("n", "string"),),
        kind="MATERIALIZED_VIEW",
        VIEW_EXPANDED_TEXT="SELECT n FROM hr.payroll",
        VIEW_ORIGINAL_TEXT="SELECT n FROM hr.payroll",
    )
    add(9, 3, "payroll", (("n", "string"),))
    add(10, 99, "orphan", (("n", "string"),))
    add(11, 2, "long", (("n", "string"),), {"big": "é" * 5000}, COMMENT="c" * 1_000_000)
    for number, name in enumerate(names, start=20):
        rows["DBS"].append(_database(number, name, name, "USER"))
        add(number, number, name, ((name, "string"),), {name: name}, OWNER=name)
        rows["TBL_PRIVS"].append(
            _grant("TBL", number, name, "USER", name, TBL_ID=number, GRANTOR=name)
        )


class _Tables:
    """Adds a table with its storage, columns and properties."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def __call__(
        self,
        number: int,
        database: int,
        name: str,
        columns: tuple[tuple[str, str], ...],
        properties: Mapping[str, str] | None = None,
        *,
        kind: str = "MANAGED_TABLE",
        COMMENT: str = "",  # noqa: N803
        **more: Any,
    ) -> None:
        table = {
            "TBL_ID": number,
            "CREATE_TIME": 1_700_000_000 + number,
            "DB_ID": database,
            "OWNER": "etl",
            "OWNER_TYPE": "USER",
            "SD_ID": number + 1000,
            "TBL_NAME": name,
            "TBL_TYPE": kind,
            **more,
        }
        self._rows["TBLS"].append(table)
        if table["SD_ID"] is not None:
            location = f"hdfs://nn:8020/w/{number}"
            self._rows["SDS"].append(
                {"SD_ID": number + 1000, "CD_ID": number + 2000, "LOCATION": location}
            )
        self._rows["COLUMNS_V2"] += [
            {
                "CD_ID": number + 2000,
                "COLUMN_NAME": column,
                "TYPE_NAME": type_name,
                "INTEGER_IDX": position,
                "COMMENT": COMMENT,
            }
            for position, (column, type_name) in enumerate(columns)
        ]
        self._rows["TABLE_PARAMS"] += [
            {"TBL_ID": number, "PARAM_KEY": key, "PARAM_VALUE": value}
            for key, value in (properties or {}).items()
        ]


def _database(
    number: int, name: str, owner: str | None, owner_type: str | None, **more: Any
) -> dict[str, Any]:
    return {
        "DB_ID": number,
        "NAME": name,
        "DB_LOCATION_URI": f"hdfs://nn:8020/warehouse/{number}.db",
        "OWNER_NAME": owner,
        "OWNER_TYPE": owner_type,
        "CTLG_NAME": "hive",
        "TYPE": "NATIVE",
        **more,
    }


def _partition_key(table: int, name: str, position: int) -> dict[str, Any]:
    return {"TBL_ID": table, "PKEY_NAME": name, "PKEY_TYPE": "string", "INTEGER_IDX": position}


def _member(number: int, role: int, kind: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "ROLE_GRANT_ID": number,
        "ADD_TIME": 1_600_000_000,
        "GRANT_OPTION": 0,
        "GRANTOR": "root",
        "GRANTOR_TYPE": "USER",
        "PRINCIPAL_NAME": name,
        "PRINCIPAL_TYPE": kind,
        "ROLE_ID": role,
        **more,
    }


def _grant(
    table: str, number: int, privilege: str, kind: str, principal: str, **more: Any
) -> dict[str, Any]:
    right = {"TBL_COLUMN": "TBL_COL_PRIV", "PART_COLUMN": "PART_COL_PRIV"}.get(
        table, f"{table}_PRIV"
    )
    return {
        f"{table}_GRANT_ID": number,
        right: privilege,
        "CREATE_TIME": 1_650_000_000,
        "GRANT_OPTION": 0,
        "GRANTOR": "root",
        "GRANTOR_TYPE": "USER",
        "PRINCIPAL_NAME": principal,
        "PRINCIPAL_TYPE": kind,
        "AUTHORIZER": "SQL",
        **more,
    }


def into_sqlite(path: Path, rows: Rows, version: str = "4.0.0") -> str:
    """Write the lake into an SQLite file and return the source's address."""
    connection = sqlite3.connect(path)
    with connection:
        for statement in hive_schema(version, "sqlite"):
            connection.execute(statement)
        for statement, values in _inserts(rows, version, '"', "?"):
            connection.executemany(statement, values)
    connection.close()
    return f"metastore+sqlite:///{path}"


def into_postgresql(url: str, rows: Rows, version: str = "4.0.0", schema: str = "public") -> str:
    """Write the lake into an empty database and return the source's address."""
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"'.encode())
        cursor.execute(f'SET search_path TO "{schema}"'.encode())
        for statement in hive_schema(version, "postgresql"):
            cursor.execute(statement.encode())
        for statement, values in _inserts(rows, version, '"', "%s"):
            cursor.executemany(statement.encode(), values)
    return f"metastore+{url}" + (f"?schema={schema}" if schema != "public" else "")


def into_mariadb(server: MariadbServer, database: str, rows: Rows, version: str = "4.0.0") -> str:
    """Write the lake into an empty database and return the source's address."""
    connection: pymysql.Connection[Any] = server.connect(database)
    with connection, connection.cursor() as cursor:
        for statement in hive_schema(version, "mysql"):
            cursor.execute(statement)
        for statement, values in _inserts(rows, version, "`", "%s"):
            cursor.executemany(statement, values)
        connection.commit()
    return f"metastore+{server.url(database)}"


def _inserts(
    rows: Rows, version: str, mark: str, place: str
) -> list[tuple[str, list[tuple[Any, ...]]]]:
    found = []
    for table in hive_tables(version).values():
        columns = ", ".join(f"{mark}{column}{mark}" for column in table.columns)
        places = ", ".join(place for _ in table.columns)
        values = [
            tuple(row.get(column) for column in table.columns) for row in rows.get(table.name, [])
        ]
        if values:
            statement = f"INSERT INTO {mark}{table.name}{mark} ({columns}) VALUES ({places})"
            found.append((statement, values))
    return found
