"""A metastore's database in PostgreSQL, read through ADBC.

ADBC streams `COPY (SELECT …) TO STDOUT` in binary straight into Arrow batches of about
16 MB, inside the connection's transaction: REPEATABLE READ, READ ONLY, one view of all. A second
session shares that view by its exported snapshot, so that server and crawl use two cores.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from urllib.parse import quote, urlencode

import pyarrow as pa

from app.core.errors import SourceError
from app.core.names import show
from app.sources.metastore import MetastoreSource
from app.sources.metastore_connection import Output, Shape
from app.sources.postgresql_groups import GroupedOutputs
from app.sources.postgresql_signs import postgresql_signs
from app.sources.source_url import SourceUrl, parse_source_url

#: Options of libpq that an address may carry, beside `schema`.
_LIBPQ = (
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "sslcrl",
    "connect_timeout",
    "application_name",
    "target_session_attrs",
    "gssencmode",
    "krbsrvname",
    "channel_binding",
)
_CONNECT_SECONDS = "15"

# The planner's memory for one join of the crawl, and no compiling of short queries.
_SETTINGS = (
    "SET LOCAL work_mem = '128MB'",
    "SET LOCAL jit = off",
    "SET LOCAL lock_timeout = '60s'",
)

_SHAPE = """
SELECT c.relname::text, a.attname::text,
       has_column_privilege(c.oid, a.attnum, 'SELECT') AS readable
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'v', 'm', 'p', 'f') AND pg_catalog.pg_table_is_visible(c.oid)
"""
_SCHEMAS_WITH_TABLES = """
SELECT n.nspname::text FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relname = 'TBLS' AND c.relkind IN ('r', 'v', 'm', 'p', 'f') ORDER BY 1
"""


def open_postgresql(url: str) -> MetastoreSource:
    """`metastore+postgresql://user:password@host:port/database?schema=NAME`.

    Other options are libpq's (sslmode, sslrootcert, …). Raises SourceError for an address
    that cannot be used.
    """
    address = parse_source_url(url, ("schema", *_LIBPQ))
    return MetastoreSource(
        address.label,
        lambda: _connect(address),
        lambda: postgresql_signs(lambda: _looking(address)),
    )


@contextmanager
def _connect(address: SourceUrl) -> Iterator["PostgresqlMetastore"]:
    with _errors_of(address), _transaction(address) as cursor:
        yield PostgresqlMetastore(cursor, address)


@contextmanager
def _looking(address: SourceUrl) -> Iterator[Any]:
    """A cursor outside transactions, for short looks."""
    import adbc_driver_postgresql.dbapi as driver

    with (
        _errors_of(address),
        driver.connect(_libpq_uri(address), autocommit=True) as connection,
        connection.cursor() as cursor,
    ):
        schema = address.query.get("schema")
        if schema is not None:
            cursor.execute(f"SET search_path TO {_identifier(schema)}")
        yield cursor


@contextmanager
def _errors_of(address: SourceUrl) -> Iterator[None]:
    """The driver's errors as ours."""
    import adbc_driver_postgresql.dbapi as driver

    try:
        yield
    except (driver.Error, pa.ArrowException, OSError) as error:
        if "due to user request" in str(error):
            raise KeyboardInterrupt from None  # Ctrl-C, on which the driver cancels its query
        raise _lost(address, error) from None


@contextmanager
def _transaction(address: SourceUrl, view: str = "") -> Iterator[Any]:
    """A cursor in a transaction; with `view`, one that sees what its exporter sees."""
    import adbc_driver_postgresql.dbapi as driver

    with driver.connect(_libpq_uri(address)) as connection, connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if view:
            cursor.execute(f"SET TRANSACTION SNAPSHOT '{view}'")
        for setting in _SETTINGS:
            cursor.execute(setting)
        schema = address.query.get("schema")
        if schema is not None:
            cursor.execute(f"SET LOCAL search_path TO {_identifier(schema)}")
        yield cursor


class PostgresqlMetastore:
    """An open transaction in PostgreSQL; implements MetastoreConnection."""

    def __init__(self, cursor: Any, address: SourceUrl) -> None:
        self._cursor = cursor
        self._address = address
        self.texts_are_valid = self._value("current_setting('server_encoding')") != "SQL_ASCII"

    def shape(self) -> Shape:
        """Which tables and columns the schema has, and which of them may be read."""
        self._cursor.execute(_SHAPE)
        columns: dict[str, set[str]] = {}
        forbidden: dict[str, set[str]] = {}
        for table, column, readable in self._cursor.fetchall():
            (columns if readable else forbidden).setdefault(table, set()).add(column)
        if not {"DBS", "TBLS"} & (columns.keys() | forbidden.keys()):
            self._say_where()
        return Shape(
            {table: frozenset(names) for table, names in columns.items()},
            forbidden=frozenset(forbidden.keys() - columns.keys()),
            forbidden_columns=frozenset(
                (table, column) for table, names in forbidden.items() for column in names
            ),
        )

    def read(self, outputs: tuple[Output, ...], source: str) -> Iterator[pa.RecordBatch]:
        """Stream one SELECT."""
        grouped = GroupedOutputs(outputs)
        self._cursor.execute(f"SELECT {grouped.select} FROM {source}")
        for batch in self._cursor.fetch_record_batch():
            yield grouped.ungroup(batch)

    @contextmanager
    def beside(self) -> Iterator["PostgresqlMetastore | None"]:
        """A second session on this transaction's exported snapshot.

        None on a standby, which older servers let export none, and where the server has
        no second connection for this user.
        """
        import adbc_driver_postgresql.dbapi as driver

        if self._value("pg_is_in_recovery()"):
            yield None
            return
        view = self._value("pg_export_snapshot()")
        with ExitStack() as stack:
            try:
                cursor = stack.enter_context(_transaction(self._address, view))
            except driver.Error:
                cursor = None
            yield cursor and PostgresqlMetastore(cursor, self._address)

    def _value(self, expression: str) -> Any:
        self._cursor.execute(f"SELECT {expression}")
        return self._cursor.fetchone()[0]

    def _say_where(self) -> None:
        """Raise SourceError when the metastore is in another schema of this database."""
        self._cursor.execute(_SCHEMAS_WITH_TABLES)
        found = [str(row[0]) for row in self._cursor.fetchall()]
        if found:
            raise SourceError(
                "The schema that was looked into holds no Hive metastore, "
                f"{', '.join(map(show, found))} may",
                mend=f"Add ?schema={quote(found[0])} to the address",
            )


def _libpq_uri(address: SourceUrl) -> str:
    options = {"connect_timeout": _CONNECT_SECONDS, "application_name": "lakewarden"}
    options |= {key: value for key, value in address.query.items() if key != "schema"}
    user = quote(address.user, safe="")
    if address.password:
        user += ":" + quote(address.password, safe="")
    host = f"[{address.host}]" if ":" in address.host else address.host
    port = f":{address.port}" if address.port else ""
    at = "@" if user else ""
    database = quote(address.database, safe="")
    return f"postgresql://{user}{at}{host}{port}/{database}?{urlencode(options, quote_via=quote)}"


def _identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _lost(address: SourceUrl, error: Exception) -> SourceError:
    """The driver's error as ours: its first line, never the password."""
    said = str(error).partition("\n")[0]
    if address.password:
        said = said.replace(address.password, "[redacted]")
    return SourceError(
        f"{address.label} cannot be read: {show(said)}",
        mend="Check the address, the user's password and rights, and that the server is up",
    )
