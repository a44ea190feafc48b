"""The classes of tables as a run recorded them, found without classifying anything again."""

from array import array
from bisect import bisect_left
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from app.core.classes import Classification
from app.core.lake_view import ClassOnTable
from app.core.lookup import Lookup
from app.core.names import fold


class RecordedClasses:
    """Implements core.lake_view.ClassesOf from a run's `classes.parquet`.

    The file holds numbers of classes and rules, so the classification must be the one the
    run judged by.
    """

    def __init__(self, path: Path, classification: Classification, lookup: Lookup) -> None:
        rows = pq.read_table(path)
        self._columns = {
            field.name: pa.concat_arrays([pa.array([], field.type), *rows[field.name].chunks])
            for field in rows.schema
        }
        self._tables = array("i", self._columns["table_ordinal"].to_pylist())
        self._count = rows.num_rows
        self._classification = classification
        self._lookup = lookup

    def __call__(self, tables: tuple[int, ...]) -> Mapping[int, tuple[ClassOnTable, ...]]:
        return {table: self._of(table) for table in tables}

    def _of(self, table: int) -> tuple[ClassOnTable, ...]:
        row = bisect_left(self._tables, table, 0, self._count)
        found = []
        while row < self._count and self._tables[row] == table:
            found.append(self._class_on_table(row))
            row += 1
        return tuple(found)

    def _class_on_table(self, row: int) -> ClassOnTable:
        number, said, column, base = (
            self._columns[name][row].as_py()
            for name in ("class", "rule", "column_name", "inherited_from")
        )
        rule = self._classification.rules[said]
        names = self._lookup.rows("column_names")
        return ClassOnTable(
            data_class=self._classification.classes[number].name,
            rule=f"{rule.rule} ({rule.file}:{rule.line})",
            column="" if column is None else fold(names.value("name", column)),
            inherited_from="" if base is None else str(self._lookup.table_name(base)),
        )
