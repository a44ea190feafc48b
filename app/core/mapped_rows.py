"""Single values of memory-mapped tables, read from Arrow's own buffers.

A question reads a few hundred values by row number; one Arrow scalar for each would cost
more than everything else. Source of the layout: Arrow Columnar Format, variable-size
binary and fixed-size primitive.
"""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pyarrow as pa

_CODES: dict[pa.DataType, Literal["b", "i", "q"]] = {
    pa.int8(): "b",
    pa.int32(): "i",
    pa.int64(): "q",
}

#: What rows are ordered by: text bytewise, numbers as they are, null before everything.
Key = bytes | int | None


class _Column:
    """One column, in one piece."""

    def __init__(self, values: pa.Array) -> None:
        self._values = values
        self._valid: memoryview | None = None  # one bit a row, where some are null
        if values.null_count:
            self._valid = memoryview(values.buffers()[0] or b"")
            self._first = values.offset

    def _is_null(self, row: int) -> bool:
        if self._valid is None:
            return False
        place = self._first + row
        return not self._valid[place >> 3] >> (place & 7) & 1

    def sortable(self, row: int) -> Key:
        """The value as rows are ordered by it."""
        value = self._values[row].as_py()
        return value.encode() if isinstance(value, str) else value

    def value(self, row: int) -> Any:
        """The value as Python has it."""
        return self._values[row].as_py()

    def slice(self, start: int, stop: int) -> list[Any]:
        """The values of some rows."""
        found: list[Any] = self._values.slice(start, stop - start).to_pylist()
        return found


class _Texts(_Column):
    """Strings: offsets of 32 bits, and the bytes they cut."""

    def __init__(self, values: pa.Array) -> None:
        super().__init__(values)
        _, offsets, data = values.buffers()
        self._offsets = memoryview(offsets).cast("i")[values.offset :]
        self._data = memoryview(data or b"")

    def sortable(self, row: int) -> Key:
        if self._valid is not None and self._is_null(row):
            return None
        return bytes(self._data[self._offsets[row] : self._offsets[row + 1]])

    def value(self, row: int) -> Any:
        if self._valid is not None and self._is_null(row):
            return None
        offsets = self._offsets
        return str(self._data[offsets[row] : offsets[row + 1]], "utf-8")


class _Numbers(_Column):
    """Whole numbers, one beside the other."""

    def __init__(self, values: pa.Array) -> None:
        super().__init__(values)
        numbers: memoryview[Any] = memoryview(values.buffers()[1])
        self._numbers = numbers.cast(_CODES[values.type])[values.offset :]

    def sortable(self, row: int) -> Key:
        if self._is_null(row):
            return None
        number: int = self._numbers[row]
        return number

    value = sortable

    def slice(self, start: int, stop: int) -> list[Any]:
        """The values of some rows."""
        if self._valid is None:
            return self._numbers[start:stop].tolist()
        return super().slice(start, stop)


class _Nulls(_Column):
    """Nothing but nulls, which may have no buffers."""

    def __init__(self, values: pa.Array) -> None:
        self._values = values

    def sortable(self, row: int) -> Key:
        """No row has a value."""
        return None

    value = sortable

    def slice(self, start: int, stop: int) -> list[Any]:
        """Of no row."""
        return [None] * len(range(*slice(start, stop).indices(len(self._values))))


def _column(values: pa.Array) -> _Column:
    if values.null_count == len(values):
        return _Nulls(values)
    if values.type == pa.string():
        return _Texts(values)
    return _Numbers(values) if values.type in _CODES else _Column(values)


class MappedRows:
    """Typed access to the rows of a mapped table that is sorted by some of its columns."""

    def __init__(self, table: pa.Table) -> None:
        self.count = table.num_rows
        self._columns: dict[str, _Column] = {}
        if self.count:
            combined = table.combine_chunks()
            self._columns = {
                name: _column(combined.column(name).chunk(0)) for name in table.column_names
            }

    def value(self, column: str, row: int) -> Any:
        """One value; None of an empty table."""
        found = self._columns.get(column)
        return None if found is None else found.value(row)

    def values(self, columns: Sequence[str], row: int) -> tuple[Any, ...]:
        """Some values of one row; None of an empty table."""
        if not self.count:
            return (None,) * len(columns)
        return tuple([self._columns[name].value(row) for name in columns])

    def slice(self, column: str, start: int, stop: int) -> list[Any]:
        """The values of some rows."""
        found = self._columns.get(column)
        return [] if found is None else found.slice(start, stop)

    def key(self, columns: Sequence[str], row: int) -> tuple[Key, ...]:
        """Some values of a row, as rows are ordered by them."""
        return tuple([self._columns[name].sortable(row) for name in columns])

    def first(
        self, columns: Sequence[str], wanted: tuple[Any, ...], low: int = 0, high: int | None = None
    ) -> int:
        """The first row whose key is not below `wanted` (rows are sorted by the key).

        low, high: search only there, where the rows are sorted by these columns alone.
        """
        if not self.count:
            return 0
        high = self.count if high is None else high
        if len(columns) == 1:
            return _first(self._columns[columns[0]], sortable(wanted)[0], low, high)
        target = sortable(wanted)
        read = [self._columns[name].sortable for name in columns]
        while low < high:
            middle = (low + high) // 2
            if _is_below(read, middle, target):
                low = middle + 1
            else:
                high = middle
        return low


def _first(column: _Column, wanted: Key, low: int, high: int) -> int:
    """The first row of a sorted column that is not below a value; nulls come first."""
    if wanted is None:
        return low
    read = column.sortable
    while low < high:
        middle = (low + high) // 2
        found: Any = read(middle)
        if found is None or found < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def sortable(values: Sequence[Any]) -> tuple[Key, ...]:
    """A key as `MappedRows.key` gives it."""
    return tuple(value.encode() if isinstance(value, str) else value for value in values)


def _is_below(read: Sequence[Callable[[int], Key]], row: int, target: tuple[Key, ...]) -> bool:
    """Whether a row sorts before a target; a null sorts before everything."""
    for column, wanted in zip(read, target, strict=True):
        found = column(row)
        if found != wanted:
            if found is None or wanted is None:
                return found is None
            return bool(found < wanted)  # type: ignore[operator]  # one column, one type
    return False
