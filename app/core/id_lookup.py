"""From ids, such as a database's row ids, to positions: many at once."""

import pyarrow as pa

from app.core import compute as pc

#: Ids are looked up by position while that table has at most this many places an id.
_PLACES_PER_ID = 32
_PLACES_ANYWAY = 65_536


class IdLookup:
    """Finds where ids stand in a list of them.

    Ids that fill their range well are looked up by position, others by hash. An id that
    stands there twice is found at one of its places.
    """

    def __init__(self, ids: pa.Array) -> None:
        """`ids` are int64 without nulls."""
        self._ids = ids
        self._by_id: pa.Array | None = None
        bounds = pc.min_max(ids).as_py()
        room = _PLACES_PER_ID * len(ids) + _PLACES_ANYWAY
        if len(ids) and bounds["min"] >= 0 and bounds["max"] < room:
            self._by_id = pc.inverse_permutation(
                ids, max_index=bounds["max"], output_type=pa.int32()
            )

    def positions(self, ids: pa.Array) -> pa.Array:
        """The position (int32) of each id, null for one that is null or not in the list."""
        if self._by_id is None:
            return pc.index_in(ids, value_set=self._ids, skip_nulls=True)
        there = pc.and_(
            pc.greater_equal(ids, 0), pc.less(ids, pa.scalar(len(self._by_id), pa.int64()))
        )
        if not pc.all(there, skip_nulls=False).as_py():
            ids = pc.if_else(there, ids, None)
        return self._by_id.take(ids)
