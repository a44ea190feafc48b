"""A metastore's database in an SQLite file: recordings, demonstrations, tests.

The file is opened read-only and nothing is written beside it. Rows are read through
ADBC, whose types follow the first row of a result: so each read begins with a row of
known types, which is dropped again, and each value is brought to its column's type.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pyarrow as pa

from app.core.change_signs import ANYTHING
from app.core.errors import SourceError
from app.core.names import show
from app.sources.file_signs import sqlite_signs
from app.sources.metastore import MetastoreSource
from app.sources.metastore_connection import TYPES, Output, Shape
from app.sources.metastore_schema import READ_TABLES
from app.sources.source_url import parse_source_url

_BATCH_OPTION, _BATCH_ROWS = "adbc.sqlite.query.batch_rows", 65_536
_WRITE_VERSION = 18  # header byte: 2 is write-ahead logging. Source: sqlite.org/fileformat2
_NUMBERS = ("_ID", "GRANT_OPTION", "INTEGER_IDX")  # how the names of such columns end
_FIRST = {"int": "0", "text": "''"}
_NUMBER = (
    "CASE typeof({0}) WHEN 'integer' THEN {0} "
    "WHEN 'text' THEN CASE WHEN CAST(CAST({0} AS INTEGER) AS TEXT) = {0} "
    "THEN CAST({0} AS INTEGER) END "
    "WHEN 'real' THEN CASE WHEN CAST({0} AS INTEGER) = {0} THEN CAST({0} AS INTEGER) END END"
)


def open_sqlite(url: str) -> MetastoreSource:
    """`metastore+sqlite:///PATH`: relative as SQLAlchemy reads it, or else from the root.

    `////PATH` is always from the root. Raises SourceError for an address it cannot use.
    """
    address = parse_source_url(url)
    if address.host:
        raise SourceError(
            f"{address.label} names a host", mend="Write metastore+sqlite:///PATH, three slashes"
        )
    return MetastoreSource(
        address.label,
        lambda: _connect(_file(address.path)),
        lambda: sqlite_signs(ANYTHING, lambda: _file(address.path)),
    )


def _file(path: str) -> Path:
    relative = path.removeprefix("/")
    candidates = [Path(relative), Path("/" + relative.removeprefix("/"))]
    candidates += [Path(unquote(str(candidate))) for candidate in candidates]
    for candidate in candidates:
        if relative and candidate.is_file():
            return candidate
    raise SourceError(
        f"There is no SQLite file {show(relative)}", mend="Write metastore+sqlite:///PATH"
    )


@contextmanager
def _connect(file: Path) -> Iterator["SqliteMetastore"]:
    import adbc_driver_sqlite.dbapi as driver

    try:
        with sqlite_connection(_uri(file)) as (_, cursor):
            yield SqliteMetastore(cursor)
    except (driver.Error, pa.ArrowException, OSError) as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None  # Ctrl-C, which this driver cannot pass on
        raise SourceError(
            f"{file} cannot be read as an SQLite database: {show(str(error))}",
            mend="Check the file and its rights; a copy made while it was written to is no copy",
        ) from None


@contextmanager
def sqlite_connection(uri: str) -> Iterator[tuple[Any, Any]]:
    """A connection to what an URI of SQLite names, and a cursor that a crawl reads with."""
    import adbc_driver_sqlite.dbapi as driver

    with driver.connect(uri) as connection, connection.cursor() as cursor:
        cursor.adbc_statement.set_options(**{_BATCH_OPTION: str(_BATCH_ROWS)})
        yield connection, cursor


def _uri(file: Path) -> str:
    """The file's URI, read-only; told immutable when write-ahead logging left no log.

    Opening a file in that mode would otherwise put `-wal` and `-shm` files beside it.
    """
    with file.open("rb") as opened:
        header = opened.read(_WRITE_VERSION + 1)
    log = file.with_name(file.name + "-wal")
    idle = header[_WRITE_VERSION:] == b"\x02" and not (log.exists() and log.stat().st_size)
    return f"file:{quote(str(file.resolve()))}?mode=ro{'&immutable=1' if idle else ''}"


class SqliteMetastore:
    """An open SQLite file; implements MetastoreConnection."""

    texts_are_valid = False

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def shape(self) -> Shape:
        """Which tables and columns there are, and which numbers are none."""
        found: dict[str, set[str]] = {}
        names = (Output("table", "text", "m", "name"), Output("column", "text", "c", "name"))
        source = (
            "sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type IN ('table', 'view')"
        )
        for batch in self.read(names, source):
            for table, column in zip(
                *(values.to_pylist() for values in batch.columns), strict=True
            ):
                found.setdefault(table.upper(), set()).add(column.upper())
        columns = {table: frozenset(names) for table, names in found.items()}
        return Shape(columns, damage=tuple(self._damage(columns)))

    def read(self, outputs: tuple[Output, ...], source: str) -> Iterator[pa.RecordBatch]:
        """Run one SELECT; a value that is no number is null in a column of numbers."""
        first = ", ".join(f'{_FIRST[output.kind]} AS "{output.name}"' for output in outputs)
        rest = ", ".join(_typed(output) for output in outputs)
        schema = pa.schema([(output.name, TYPES[output.kind]) for output in outputs])
        self._cursor.execute(f"SELECT {first} UNION ALL SELECT {rest} FROM {source}")
        skipped = 1
        for batch in self._cursor.fetch_record_batch():
            yield batch.slice(skipped).cast(schema)
            skipped = 0

    def beside(self) -> AbstractContextManager[None]:
        """None: one reader is as fast as the file."""
        return nullcontext()

    def _damage(self, columns: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
        """Numbers that are none, by table: their rows lose what the number said."""
        for table in sorted(columns.keys() & READ_TABLES):
            numbers = sorted(name for name in columns[table] if name.endswith(_NUMBERS))
            if not numbers:
                continue
            wrong = " + ".join(_is_no_number(f'x."{name}"') for name in numbers)
            self._cursor.execute(f'SELECT total({wrong}) FROM "{table}" x')
            count = int(self._cursor.fetchone()[0])
            if count:
                yield table, f"{count} values in columns of numbers are no numbers"


def _typed(output: Output) -> str:
    if output.kind == "int":
        return _NUMBER.format(output.expression)
    return f"CAST({output.expression} AS TEXT)"


def _is_no_number(expression: str) -> str:
    return f"({expression} IS NOT NULL AND {_NUMBER.format(expression)} IS NULL)"
