"""A metastore's database in MySQL or MariaDB, read through PyMySQL.

There is no columnar driver that is kept up, so rows are streamed unbuffered and turned
into Arrow a batch at a time; numbers stay text until Arrow reads them, a column at once.
One transaction WITH CONSISTENT SNAPSHOT, READ ONLY. The server hands out UTF-8, whatever
(usually latin1) the metastore's columns are stored in.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import pyarrow as pa
import pymysql
from pymysql.converters import encoders
from pymysql.cursors import SSCursor

from app.core.errors import SourceError
from app.core.names import show
from app.sources.metastore import MetastoreSource
from app.sources.metastore_connection import TYPES, Output, Shape
from app.sources.metastore_schema import READ_TABLES
from app.sources.mysql_signs import mysql_signs
from app.sources.source_url import SourceUrl, parse_source_url

_BATCH_ROWS = 65_536
_PORT = 3306
_CONNECT_SECONDS = 15
_OPTIONS = ("unix_socket", "ssl_ca", "ssl_cert", "ssl_key", "connect_timeout")

_BEGIN = (
    "SET SESSION sql_mode = 'ANSI_QUOTES'",
    "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
)
_COLUMNS = (
    "SELECT TABLE_NAME, COLUMN_NAME FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = DATABASE()"
)
_ENGINES = (
    "SELECT TABLE_NAME, ENGINE FROM information_schema.TABLES "
    "WHERE TABLE_SCHEMA = DATABASE() AND TABLE_TYPE = 'BASE TABLE'"
)


def open_mysql(url: str) -> MetastoreSource:
    """`metastore+mysql://user:password@host:port/database`, MariaDB too.

    Options: unix_socket, ssl_ca, ssl_cert, ssl_key, connect_timeout. Raises SourceError
    for an address that cannot be used.
    """
    address = parse_source_url(url, _OPTIONS)
    if not address.database:
        raise SourceError(
            f"{address.label} names no database", mend="Write metastore+mysql://user@host/database"
        )
    return MetastoreSource(
        address.label, lambda: _connect(address), lambda: mysql_signs(lambda: _looking(address))
    )


@contextmanager
def _connect(address: SourceUrl) -> Iterator["MysqlMetastore"]:
    with _connected(address) as connection:
        yield MysqlMetastore(connection)


@contextmanager
def _looking(address: SourceUrl) -> Iterator[Callable[[str], list[tuple[Any, ...]]]]:
    """Runs statements outside transactions, for short looks."""
    with _connected(address) as connection:
        _rows(connection, "SET SESSION sql_mode = 'ANSI_QUOTES', autocommit = 1")
        yield lambda statement: _rows(connection, statement)


@contextmanager
def _connected(address: SourceUrl) -> Iterator[Any]:
    try:
        connection = pymysql.connect(**_parameters(address))
        try:
            yield connection
        finally:
            connection.close()
    except (pymysql.MySQLError, OSError) as error:
        said = str(error.args[-1]) if error.args else type(error).__name__
        raise SourceError(
            f"{address.label} cannot be read: {show(said.partition(chr(10))[0])}",
            mend="Check the address, the user's password and rights, and that the server is up",
        ) from None


class MysqlMetastore:
    """An open transaction in MySQL; implements MetastoreConnection."""

    texts_are_valid = True

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        for statement in _BEGIN:
            self._rows(statement)

    def shape(self) -> Shape:
        """Which tables and columns this user sees; MySQL hides what he may not read."""
        folds = self._rows("SELECT @@lower_case_table_names")[0][0] != "0"
        columns: dict[str, set[str]] = {}
        for table, column in self._rows(_COLUMNS):
            name = table.upper() if folds else table
            columns.setdefault(name, set()).add(column.upper())
        damage = [
            (table.upper(), f"its engine {engine} shows no consistent view while others write")
            for table, engine in sorted(self._rows(_ENGINES))
            if table.upper() in READ_TABLES and engine and engine.lower() != "innodb"
        ]
        return Shape(
            {table: frozenset(names) for table, names in columns.items()}, damage=tuple(damage)
        )

    def read(self, outputs: tuple[Output, ...], source: str) -> Iterator[pa.RecordBatch]:
        """Stream one SELECT in batches."""
        wanted = ", ".join(f'{output.expression} AS "{output.name}"' for output in outputs)
        schema = pa.schema([(output.name, TYPES[output.kind]) for output in outputs])
        cursor = self._connection.cursor()
        cursor.execute(f"SELECT {wanted} FROM {source}")
        while rows := cursor.fetchmany(_BATCH_ROWS):
            columns = [pa.array(values, pa.string()) for values in zip(*rows, strict=True)]
            texts = pa.RecordBatch.from_arrays(columns, names=schema.names)
            yield texts.cast(schema)
        cursor.close()

    def beside(self) -> AbstractContextManager[None]:
        """None: a second connection would have a view of its own."""
        return nullcontext()

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return _rows(self._connection, statement)


def _rows(connection: Any, statement: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return list(cursor.fetchall())


def _parameters(address: SourceUrl) -> dict[str, Any]:
    return {
        "host": address.host or "localhost",
        "port": address.port or _PORT,
        "user": address.user or None,
        "password": address.password,
        "database": address.database,
        "charset": "utf8mb4",
        "cursorclass": SSCursor,
        "conv": encoders,  # and no decoders: every value stays text
        **address.query,
        "connect_timeout": _seconds(address),
    }


def _seconds(address: SourceUrl) -> int:
    written = address.query.get("connect_timeout", str(_CONNECT_SECONDS))
    if not written.isdecimal() or int(written) < 1:
        raise SourceError(
            "connect_timeout is no number of seconds", mend="Write connect_timeout=15"
        )
    return int(written)
