"""From a source's ids to ordinals, the row numbers of a snapshot."""

import pyarrow as pa
import pyarrow.compute as pc


class Ordinals:
    """Looks up the ordinals of source ids, many at once.

    Ids that fill their range well are looked up by position, others by hash.
    """

    def __init__(self, ids: pa.Array) -> None:
        """`ids[i]` (int64) is the source id of row i."""
        self._ids = ids
        self._by_position: pa.Array | None = None
        bounds = pc.min_max(ids).as_py()
        if len(ids) and bounds["min"] >= 0 and bounds["max"] < 8 * len(ids) + 65_536:
            self._by_position = pc.inverse_permutation(
                ids, max_index=bounds["max"], output_type=pa.int32()
            )

    def of(self, ids: pa.Array) -> pa.Array:
        """The ordinal of each id (int32), null for an id that is null or not there."""
        if self._by_position is None:
            return pc.index_in(ids, value_set=self._ids, skip_nulls=True)
        there = pc.and_(
            pc.greater_equal(ids, 0), pc.less(ids, pa.scalar(len(self._by_position), pa.int64()))
        )
        if not pc.all(there, skip_nulls=False).as_py():
            ids = pc.if_else(there, ids, None)
        return self._by_position.take(ids)
