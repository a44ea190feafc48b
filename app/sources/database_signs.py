"""The sign of change of a metastore's own database, whichever database it is.

Three looks, from the cheapest to the dearest:

1. the *gate*: one value that moves with any write at all (PostgreSQL's transaction
   horizon, the newest update time MySQL knows). While it stands still nothing else is
   asked. A database without one is looked into each time.
2. the *heights*: the highest id of each table, by its primary key. They show every new
   row at once, and cost the same on a lake of any size.
3. the *digests*: a checksum over all rows of a table, made by the server. They show what
   is deleted or changed in place, by whomever. They grow with the lake, so they are taken
   within a budget of time (`digest_budget`), and not at all of a table with more than
   MOST_DIGESTED rows: such a one is judged by its *counters* of changed rows instead.
"""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Protocol

from app.core.change_signs import ACCESS, DETAILS, OBJECTS, Sign
from app.sources.digest_budget import DigestBudget

#: table → the part it tells of, and its column of ascending ids (None: it has none)
WATCHED: Mapping[str, tuple[str, str | None]] = {
    "TBL_PRIVS": (ACCESS, "TBL_GRANT_ID"),
    "DB_PRIVS": (ACCESS, "DB_GRANT_ID"),
    "GLOBAL_PRIVS": (ACCESS, "USER_GRANT_ID"),
    "TBL_COL_PRIVS": (ACCESS, "TBL_COLUMN_GRANT_ID"),
    "PART_PRIVS": (ACCESS, "PART_GRANT_ID"),
    "PART_COL_PRIVS": (ACCESS, "PART_COLUMN_GRANT_ID"),
    "DC_PRIVS": (ACCESS, "DC_GRANT_ID"),
    "ROLES": (ACCESS, "ROLE_ID"),
    "ROLE_MAP": (ACCESS, "ROLE_GRANT_ID"),
    "DBS": (OBJECTS, "DB_ID"),
    "TBLS": (OBJECTS, "TBL_ID"),
    "CTLGS": (OBJECTS, "CTLG_ID"),
    "CDS": (DETAILS, "CD_ID"),
    "COLUMNS_V2": (DETAILS, None),
    "PARTITION_KEYS": (DETAILS, None),
    "PARTITIONS": (DETAILS, "PART_ID"),
    "TABLE_PARAMS": (DETAILS, None),
    "DATABASE_PARAMS": (DETAILS, None),
    "SDS": (DETAILS, "SD_ID"),
    "MV_CREATION_METADATA": (DETAILS, "MV_CREATION_METADATA_ID"),
    "MV_TABLES_USED": (DETAILS, None),
}

#: Of these the rows are digested; of the rest only heights and counters are looked at.
DIGESTED_PARTS = (ACCESS, OBJECTS)

#: Larger tables are not digested: it would burden the metastore's database.
MOST_DIGESTED = 2_000_000

#: After a write, so long may the database's own counters lag. PostgreSQL hands them over
#: at most 10 s after a session went idle (its PGSTAT_IDLE_INTERVAL).
SETTLING_SECONDS = 12.0


class DatabaseLook(Protocol):
    """What a database is asked for; every method raises SourceError when it is lost."""

    #: Those of WATCHED that are there and can be read.
    tables: tuple[str, ...]

    def gate(self) -> Hashable | None:
        """A value that moves with any write, or None when there is no such thing."""
        ...

    def heights(self) -> Mapping[str, Hashable]:
        """The highest id of each table that has ids."""
        ...

    def counters(self) -> Mapping[str, Hashable]:
        """How often rows of each table were changed, as far as the database counts."""
        ...

    def rows(self) -> Mapping[str, int]:
        """About how many rows each table has; 0 where the database cannot say."""
        ...

    def digest(self, table: str) -> Hashable:
        """A checksum over all rows of a table."""
        ...


class DatabaseSigns:
    """Makes the sign; implements SignReader."""

    def __init__(
        self,
        look: DatabaseLook,
        misses: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.misses = misses
        self._look = look
        self._clock = clock
        self._budget = DigestBudget(clock)
        self._gate: Hashable | None = None
        self._settled_at = 0.0
        self._digested_gate: Hashable | None = None
        self._heights: Mapping[str, Hashable] = {}
        self._counters: Mapping[str, Hashable] = {}
        self._digests: dict[str, Hashable | None] = {}  # None: to be taken
        self._values: dict[str, Hashable] = {}  # what the sign says of a digested table
        self._sign: Sign | None = None

    def sign(self) -> Sign:
        """Look as deep as the gate asks for and the budget allows."""
        gate = self._look.gate()
        now = self._clock()
        if gate is None or gate != self._gate:
            self._gate, self._settled_at = gate, now + SETTLING_SECONDS
        elif self._sign is not None and now > self._settled_at and self._digested_gate == gate:
            return self._sign
        heights, self._counters = self._look.heights(), self._look.counters()
        moved = [t for t in self._values if heights.get(t) != self._heights.get(t)]
        if moved:
            # A change is found, and its crawl need not wait for digests: until one is taken
            # the gate stands for it.
            self._values |= dict.fromkeys(moved, ("since", gate))
            self._digests |= dict.fromkeys(moved, None)
        elif self._wants_digests(gate) and self._budget.allows():
            # The gate was asked before the rows: whatever is written meanwhile moves it.
            self._take_digests(gate)
            self._digested_gate = gate
        self._heights = heights
        self._sign = self._made()
        return self._sign

    def _wants_digests(self, gate: Hashable | None) -> bool:
        return gate is None or gate != self._digested_gate or None in self._digests.values()

    def _take_digests(self, gate: Hashable | None) -> None:
        began = self._clock()
        digestible = self._digestible()
        for table in self._values.keys() - set(digestible):  # grown too large meanwhile
            del self._values[table], self._digests[table]
        for table in digestible:
            digest, known = self._look.digest(table), self._digests.get(table)
            # Nothing was written since a new row was seen: what is there now, was there then.
            is_as_it_was = gate is not None and self._values.get(table) == ("since", gate)
            self._digests[table] = digest
            if digest != known and not is_as_it_was:
                self._values[table] = digest
        self._budget.spent(self._clock() - began)

    def _digestible(self) -> list[str]:
        rows = self._look.rows()
        return [
            table
            for table in self._look.tables
            if WATCHED[table][0] in DIGESTED_PARTS and rows.get(table, 0) <= MOST_DIGESTED
        ]

    def _made(self) -> Sign:
        values: dict[str, list[Hashable]] = {ACCESS: [], OBJECTS: [], DETAILS: []}
        for table in self._look.tables:
            deep = self._values.get(table, self._counters.get(table))
            values[WATCHED[table][0]].append((table, self._heights.get(table), deep))
        return Sign({part: tuple(said) for part, said in values.items()})
