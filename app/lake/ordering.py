"""Bytewise orders of Arrow columns, by packing small integers into few 64-bit words.

Strings become ranks (their place among the distinct strings in bytewise order), ranks and
numbers become keys (0 for null, so nulls come first), and as many keys as fit are packed
into one word. Sorting a million rows by nine columns is then one sort of one word, and no
collation of any database has a say in it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

_WORD = 1 << 62
_SLICE = 1 << 20  # rows taken at a time, so that no string column outgrows 2 GB offsets


@dataclass(frozen=True, slots=True)
class Key:
    """Non-negative int64 values without nulls, all below `size`."""

    values: pa.Array
    size: int


@dataclass(frozen=True, slots=True)
class Ranked:
    """A string column as ranks: `values` are distinct and sorted, `ranks` point into them."""

    ranks: pa.Array  # int32, null where the string is null
    values: pa.Array  # string

    def key(self) -> Key:
        """The ranks as a key, null first."""
        if len(self.values) == 0:
            return Key(pa.repeat(pa.scalar(0, pa.int64()), len(self.ranks)), 1)
        return number_key(self.ranks, smallest=0, largest=len(self.values) - 1)


def ranked(column: pa.ChunkedArray | pa.Array) -> Ranked:
    """Rank a string or dictionary-encoded string column bytewise."""
    encoded = _one_dictionary(column)
    order = pc.sort_indices(encoded.dictionary)
    if len(order) == 0:
        return Ranked(pa.nulls(len(encoded), pa.int32()), encoded.dictionary)
    rank = places_of(order, len(order), pa.int32())
    return Ranked(rank.take(encoded.indices), encoded.dictionary.take(order))


def without_unused(column: Ranked) -> Ranked:
    """The same rows, with only the values that some row has."""
    used = pc.drop_null(pc.unique(column.ranks))
    if len(used) == len(column.values):
        return column
    used = used.take(pc.sort_indices(used))
    if len(used) == 0:
        return Ranked(column.ranks, column.values.slice(0, 0))
    place = places_of(used, len(column.values), pa.int32())
    return Ranked(place.take(column.ranks), column.values.take(used))


def number_key(
    numbers: pa.Array | pa.ChunkedArray, *, smallest: int | None = None, largest: int | None = None
) -> Key:
    """Integers or booleans as a key, null first. Bounds are looked up when not given."""
    numbers = _flat(numbers)
    if pa.types.is_boolean(numbers.type):
        numbers, smallest, largest = pc.cast(numbers, pa.int8()), 0, 1
    if smallest is None or largest is None:
        bounds = pc.min_max(numbers).as_py()
        smallest = 0 if bounds["min"] is None else bounds["min"]
        largest = 0 if bounds["max"] is None else bounds["max"]
    if not -_WORD < smallest <= largest < smallest + _WORD - 2:  # nothing sane: ranks instead
        return _rank_numbers(numbers)
    shifted = pc.subtract(pc.cast(numbers, pa.int64()), smallest - 1)
    return Key(pc.fill_null(shifted, 0), largest - smallest + 2)


def column_key(column: pa.ChunkedArray | pa.Array) -> Key:
    """A key for any column of strings, integers or booleans."""
    if pa.types.is_string(column.type) or pa.types.is_dictionary(column.type):
        return ranked(column).key()
    return number_key(column)


def pack(keys: Iterable[Key]) -> list[Key]:
    """The same order in as few words as hold it; the first word decides first.

    Keys that are made on demand are never all in memory at once.
    """
    words: list[Key] = []
    for key in keys:
        if key.size == 1 and words:
            continue
        if words and words[-1].size * key.size <= _WORD:
            last = words[-1]
            values = pc.add(pc.multiply(last.values, key.size), key.values)
            words[-1] = Key(values, last.size * key.size)
        else:
            words.append(key)
    return words


def order(keys: Iterable[Key]) -> pa.Array | None:
    """Row indices that sort by the keys, stably; None when the rows are sorted already."""
    words = pack(keys)
    if len(words) == 1 and is_sorted(words[0].values):
        return None
    if len(words) == 1:
        return pc.sort_indices(words[0].values)
    names = [str(number) for number in range(len(words))]
    table = pa.table([word.values for word in words], names=names)
    return pc.sort_indices(table, sort_keys=[(name, "ascending") for name in names])


def order_unless_tied(keys: Iterable[Key]) -> tuple[pa.Array | None, bool]:
    """What `order` gives, and whether two rows agree in all keys."""
    words = pack(keys)
    rows = order(words)
    in_order = words if rows is None else [Key(w.values.take(rows), w.size) for w in words]
    return rows, bool(pc.any(same_as_before(in_order)).as_py())


def is_sorted(values: pa.Array) -> bool:
    """Are the values in ascending order already?"""
    if len(values) < 2:
        return True
    return bool(pc.all(pc.less_equal(values[:-1], values[1:])).as_py())


def distinct(keys: Iterable[Key]) -> tuple[pa.Array, pa.Array]:
    """Number the distinct combinations of the keys in their order.

    Returns each row's number (int32), and for each number one row that has it.
    """
    words = pack(keys)
    while len(words) > 1:
        words = pack([_dense(words[0]), _dense(words[1]), *words[2:]])
    numbers = _dense(words[0])
    codes = pc.cast(numbers.values, pa.int32())
    if numbers.size == 0:
        return codes, pa.array([], pa.int64())
    return codes, places_of(codes, numbers.size, pa.int64())


def same_as_before(keys: Sequence[Key]) -> pa.Array:
    """For rows in order: does a row equal the one before it in all keys?"""
    count = len(keys[0].values)
    if count == 0:
        return pa.array([], pa.bool_())
    same = pa.repeat(True, count - 1) if count > 1 else pa.array([], pa.bool_())
    for word in pack(keys):
        same = pc.and_(same, pc.equal(word.values[1:], word.values[:-1]))
    return pa.concat_arrays([pa.array([False]), same])


def places_of(numbers: pa.Array, size: int, kind: pa.DataType) -> pa.Array:
    """For each number below `size` a place where it stands in `numbers`, or null."""
    if numbers.type == pa.uint64():  # what sort_indices gives
        numbers = numbers.view(pa.int64())
    return pc.inverse_permutation(numbers, max_index=size - 1, output_type=kind)


def take_rows(table: pa.Table, rows: pa.Array | None) -> pa.Table:
    """The rows of a table in the given order; None leaves it as it is."""
    if rows is None:
        return table
    has_texts = any(pa.types.is_string(field.type) for field in table.schema)
    if len(rows) <= _SLICE or not has_texts:
        return table.combine_chunks().take(rows)
    slices = range(0, len(rows), _SLICE)
    return pa.concat_tables([table.take(rows.slice(start, _SLICE)) for start in slices])


def sort_rows(table: pa.Table, *, unique: bool = False) -> pa.Table:
    """Sort by all columns in schema order; with `unique`, equal rows become one."""
    keys = [column_key(column) for column in table.columns]
    rows = order(keys)
    table = take_rows(table, rows)
    if not unique or table.num_rows < 2:
        return table
    if rows is not None:
        keys = [Key(key.values.take(rows), key.size) for key in keys]
    repeated = same_as_before(keys)
    return table.filter(pc.invert(repeated)) if pc.any(repeated).as_py() else table


def _dense(key: Key) -> Key:
    encoded = key.values.dictionary_encode()
    if len(encoded.dictionary) == 0:
        return Key(key.values, 0)
    by_value = pc.sort_indices(encoded.dictionary)
    rank = places_of(by_value, len(encoded.dictionary), pa.int64())
    return Key(rank.take(encoded.indices), len(encoded.dictionary))


def _rank_numbers(numbers: pa.Array) -> Key:
    values = pc.drop_null(numbers.unique())
    values = values.take(pc.sort_indices(values))
    ranks = pc.cast(pc.index_in(numbers, value_set=values), pa.int64())
    return Key(pc.fill_null(pc.add(ranks, 1), 0), len(values) + 1)


def _one_dictionary(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    if isinstance(column, pa.Array):
        return column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    if column.num_chunks == 1:
        return column.chunk(0)
    return _flat(column.unify_dictionaries())


def _flat(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
