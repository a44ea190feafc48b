"""The seam between the crawl of a metastore's database and the database's driver.

The three databases are asked in one SQL: identifiers in double quotes (MySQL is told
`ANSI_QUOTES`), joins, no function that they spell differently.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Literal, Protocol

import pyarrow as pa

TYPES = {"int": pa.int64(), "text": pa.string()}


@dataclass(frozen=True, slots=True)
class Output:
    """One column of a read: `alias."COLUMN"` under a name of ours, as int64 or string.

    One with `since` is null in a metastore of an older version, which has no such column.
    Outputs of one group say few different things together, whatever the number of rows.
    """

    name: str
    kind: Literal["int", "text"]
    alias: str  # of a table in the read's FROM
    column: str
    since: tuple[int, int] | None = None
    group: str = ""

    @property
    def expression(self) -> str:
        """The column in SQL."""
        return f'{self.alias}."{self.column}"'


@dataclass(frozen=True, slots=True)
class Read:
    """One SELECT over some tables of the metastore."""

    tables: Mapping[str, str]  # alias → table
    outputs: tuple[Output, ...]
    source: str  # what follows FROM, a WHERE included


@dataclass(frozen=True, slots=True)
class Shape:
    """What of the metastore's schema is there for us."""

    columns: Mapping[str, frozenset[str]]  # readable columns by table, both upper case
    forbidden: frozenset[str] = frozenset()  # tables that are there and may not be read
    forbidden_columns: frozenset[tuple[str, str]] = frozenset()  # of readable tables
    # what is damaged in the data itself: (table, what)
    damage: tuple[tuple[str, str], ...] = ()

    def has(self, table: str, column: str) -> bool:
        """Can the column be read?"""
        return column in self.columns.get(table, ())


class MetastoreConnection(Protocol):
    """An open database in one read-only transaction with one consistent view.

    Every method raises SourceError, without secrets, for whatever the driver reports.
    """

    #: Does the database itself make sure that texts are UTF-8?
    texts_are_valid: bool

    def shape(self) -> Shape:
        """Look which tables and columns there are."""
        ...

    def read(self, outputs: tuple[Output, ...], source: str) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and give its rows as batches of int64 and string columns.

        String columns may be dictionary-encoded (int32 → string).
        """
        ...

    def beside(self) -> AbstractContextManager["MetastoreConnection | None"]:
        """A second connection with the very same view, for another thread to read.

        None where the database, its driver or its limits do not allow one.
        """
        ...


class Connect(Protocol):
    """Opens the connection of a source, and closes it whatever happens."""

    def __call__(self) -> AbstractContextManager[MetastoreConnection]:
        """Connect. Raises SourceError without secrets."""
        ...
