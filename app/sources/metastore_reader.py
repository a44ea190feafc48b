"""Reads a metastore table by table, and knows what cannot be read and what that means."""

import re
from collections.abc import Iterator
from copy import copy

import pyarrow as pa

from app.core.errors import SourceError
from app.core.facts import Facts, Progress, no_progress
from app.sources import metastore_schema as schema
from app.sources.arrow_batches import fact_rows, with_valid_text
from app.sources.metastore_connection import TYPES, MetastoreConnection, Read

_REFERENCE = re.compile(r'\b(\w)\."(\w+)"')

#: The columns of one batch by name.
Columns = dict[str, pa.Array]

#: (scope, object, reason) → what is in doubt because of it.
Gaps = dict[tuple[str, str, str], str]


class MetastoreReader:
    """One crawl's view of the database: its shape, its version and the gaps found so far."""

    def __init__(self, connection: MetastoreConnection, progress: Progress) -> None:
        self._connection = connection
        self._progress = progress
        self._shape = connection.shape()
        self._gaps: Gaps = {}
        #: (major, minor) once it is known; what a version lacks is no gap.
        self.version = (0, 0)

    def beside(self, connection: MetastoreConnection) -> "MetastoreReader":
        """A reader for another thread, over a connection with the same view.

        It notes its gaps among those of this one, and tells nobody of its progress.
        """
        other = copy(self)
        other._connection, other._progress = connection, no_progress
        return other

    def apart(self, gaps: Gaps) -> "MetastoreReader":
        """A reader of the same connection that notes its gaps among these."""
        other = copy(self)
        other._gaps = gaps
        return other

    def take_gaps(self, gaps: Gaps) -> None:
        """Note what another reader could not read."""
        self._gaps.update(gaps)

    def require(self, *reads: Read) -> None:
        """Raise SourceError when there is no metastore here, or one of the reads fails."""
        there = self._shape.columns.keys() | self._shape.forbidden
        if not {"DBS", "TBLS"} & there:
            raise SourceError(
                "The database holds no Hive metastore: there is no table TBLS and no DBS",
                mend="Point the address at the metastore's own database and schema",
            )
        for read in reads:
            obstacle = self._obstacle(read)
            if obstacle:
                raise SourceError(
                    f"The metastore cannot be judged: {obstacle[1]}",
                    mend="Let the crawl's user read every table of the metastore's schema",
                )
        for table, what in self._shape.damage:
            self.gap("lake", "", f"{table}: {what}", _doubt(table))

    def can_read(self, read: Read) -> bool:
        """Can all of a read be had? If it should be there and cannot, that is a gap."""
        obstacle = self._obstacle(read)
        if not obstacle:
            return True
        table, why = obstacle
        absent = table not in self._shape.columns and table not in self._shape.forbidden
        if not absent or self.version >= schema.SINCE.get(table, (0, 0)):
            self.gap("lake", "", why, _doubt(table))
        return False

    def batches(self, what: str, read: Read) -> Iterator[Columns]:
        """The rows of a read, null in columns its version lacks; none when unreadable.

        `what` names them for the progress. Raises SourceError when the database is lost.
        """
        if not self.can_read(read):
            return
        there = tuple(
            output
            for output in read.outputs
            if self._shape.has(read.tables[output.alias], output.column)
        )
        for output in read.outputs:
            if output not in there and output.since and self.version >= output.since:
                table = read.tables[output.alias]
                why = f"{table} has no readable column {output.column}"
                self.gap("lake", "", why, _doubt(table))
        done = 0
        self._progress(what, done, None)
        for batch in self._connection.read(there, read.source):
            if not self._connection.texts_are_valid:
                batch, repaired = with_valid_text(batch)
                if repaired:
                    self.gap(
                        "lake",
                        "",
                        f"{what}: {repaired} texts that are not UTF-8",
                        "What these texts name; their bytes are shown escaped",
                    )
            columns = dict(zip(batch.schema.names, batch.columns, strict=True))
            for output in read.outputs:
                if output.name not in columns:
                    columns[output.name] = pa.nulls(batch.num_rows, TYPES[output.kind])
            done += batch.num_rows
            self._progress(what, done, None)
            yield columns

    def gap(self, scope: str, name: str, reason: str, doubt: str) -> None:
        """Note what could not be read; the same twice is once."""
        self._gaps[scope, name, reason] = doubt

    def gaps(self) -> Facts:
        """All gaps noted, in a fixed order."""
        return fact_rows("gaps", [(*gap, doubt) for gap, doubt in sorted(self._gaps.items())])

    def _obstacle(self, read: Read) -> tuple[str, str] | None:
        """The first table in the way of a read, and why; None when it can be had."""
        for table in read.tables.values():
            if table in self._shape.forbidden:
                return table, f"{table} may not be read by this user"
            if table not in self._shape.columns:
                return table, f"there is no table {table}, or this user may not see it"
        needed = {(output.alias, output.column): output.since for output in read.outputs}
        needed |= dict.fromkeys(_REFERENCE.findall(read.source))
        for (alias, column), since in needed.items():
            table = read.tables[alias]
            forbidden = (table, column) in self._shape.forbidden_columns
            if forbidden or (since is None and not self._shape.has(table, column)):
                return table, f"{table} has no readable column {column}"
        return None


def _doubt(table: str) -> str:
    return schema.DOUBTS.get(table, f"What {table} says")
