"""Tables in full from a metastore, in batches; one that fails a batch is found and set aside."""

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from app.core.names import DEFAULT_CATALOG
from app.sources import thrift_answers as answers
from app.sources.hive_objects import HiveTable, LakeFacts
from app.sources.thrift_client import (
    AbsentError,
    MissingCallError,
    RefusedError,
    ThriftClient,
    table_request,
    tables_request,
)

#: Tables a call: a metastore itself reads them 300 at a time.
BATCH = 100


class TableReader:
    """Reads tables by name; what cannot be read becomes a gap, with the table still there."""

    def __init__(self, client: ThriftClient, lake: LakeFacts) -> None:
        self._client = client
        self._lake = lake
        self._capable = True  # of insert-only tables; until a metastore of Hive 2 objects
        self._without_request = False

    def read(self, listed: list[HiveTable]) -> Iterator[list[HiveTable]]:
        """The tables in full, batch by batch; those dropped since they were listed are left out."""
        for _, found in self._client.each(list(_batches(listed)), self._batch):
            yield found

    def _batch(self, wanted: list[HiveTable]) -> list[HiveTable]:
        try:
            found = {table.name: table for table in map(answers.table, self._asked(wanted))}
        except AbsentError:
            return []  # the database has gone
        except RefusedError as problem:
            if len(wanted) == 1:
                return self._unreadable(wanted[0], str(problem))
            middle = len(wanted) // 2
            return [*self._batch(wanted[:middle]), *self._batch(wanted[middle:])]
        rows = [self._with_sources(table) for table in found.values()]
        for table in wanted:
            if table.name not in found and table.kind:
                rows += self._left_out(table)
        return rows

    def _with_sources(self, table: HiveTable) -> HiveTable:
        """A materialized view with what it is made from: only a call for one table says that."""
        if table.kind != "MATERIALIZED_VIEW" or table.made_from:
            return table
        catalog = None if table.catalog == DEFAULT_CATALOG else table.catalog
        try:
            request = table_request(catalog, table.database, table.name)
            return answers.table(self._client.call("get_table_req", request).table)
        except AbsentError:
            return table
        except (MissingCallError, RefusedError) as problem:
            self._lake.gap("table", table.shown, str(problem), "What the view is made from")
            return table

    def _asked(self, wanted: list[HiveTable]) -> list[Any]:
        first = wanted[0]
        catalog = None if first.catalog == DEFAULT_CATALOG else first.catalog
        names = [table.name for table in wanted]
        if not self._without_request:
            try:
                request = tables_request(catalog, first.database, names, capable=self._capable)
                answer = self._client.call("get_table_objects_by_name_req", request)
            except MissingCallError:
                self._without_request = True
            else:
                return list(answer.tables or ())
        database = answers.in_catalog(first.catalog, first.database)
        try:
            return list(self._client.call("get_table_objects_by_name", database, names))
        except MissingCallError as problem:
            raise RefusedError(str(problem)) from None

    def _left_out(self, table: HiveTable) -> list[HiveTable]:
        """A table that was listed and is not in the answer: dropped, or kept from us."""
        try:
            if not self._asked([table]):
                database = answers.in_catalog(table.catalog, table.database)
                there = self._client.call("get_tables", database, table.name)
                if table.name not in there:
                    return []
        except AbsentError:
            return []
        except (MissingCallError, RefusedError) as problem:
            return self._unreadable(table, str(problem))
        return self._unreadable(table, "the metastore lists it and does not show it to this user")

    def _unreadable(self, table: HiveTable, reason: str) -> list[HiveTable]:
        self._lake.gap(
            "table", table.shown, reason, "Its owner, columns, properties and what they decide"
        )
        return [table]


def _batches(listed: list[HiveTable]) -> Iterator[list[HiveTable]]:
    for _, group in groupby(listed, key=lambda table: (table.catalog, table.database)):
        tables = list(group)
        for start in range(0, len(tables), BATCH):
            yield tables[start : start + BATCH]
