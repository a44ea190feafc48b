"""The floor of an audit: DuckDB reads what an audit needs, and hashes the grants once.

    floor SNAPSHOT MEMORY_LIMIT THREADS

Every needed column is read to its last value by the cheapest aggregate that DuckDB does
not answer from the file's statistics, as it would a `max`. Then the rules of the grants
are hashed to 128 bits (two halves), summed for each table, and the tables are counted by
their sums. Says how long that took, without starting Python and importing DuckDB.
"""

import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.process import peak_mb


@dataclass(frozen=True, slots=True)
class Columns:
    """Columns by what is cheapest to ask of them."""

    texts: str = ""
    numbers: str = ""
    flags: str = ""

    def aggregates(self) -> list[str]:
        """One for each column."""
        return [
            *(f'sum(strlen("{name}"))' for name in self.texts.split()),
            *(f'sum("{name}")' for name in self.numbers.split()),
            *(f'count_if("{name}")' for name in self.flags.split()),
        ]


#: What an audit reads: for rights, reach and classes, the names that it reports, and the
#: rows and times of the grants that are its evidence.
NEEDED = {
    "databases": Columns("catalog name owner owner_type"),
    "database_properties": Columns("key value", "database"),
    "tables": Columns("name kind owner owner_type", "database view_text"),
    "view_texts": Columns("text"),
    "column_names": Columns("name"),
    "columns": Columns("", "table position name"),
    "table_properties": Columns("key value", "table"),
    "view_sources": Columns("", "table source"),
    "roles": Columns("name"),
    "role_members": Columns(
        "member_type member role grantor", "create_time source_row", "admin_option"
    ),
    "rules": Columns("principal_type principal privilege authorizer", "", "grant_option"),
    "grantors": Columns("grantor"),
    "grants": Columns("", "level object rule grantor create_time source_row", "repeated"),
    "users": Columns("name kind", "", "active"),
    "groups": Columns("name"),
    "group_members": Columns("member_type member group"),
    "gaps": Columns("scope object reason doubt"),
}

_GROUP = """
SELECT count(*) FROM (
    SELECT low, high, count(*) AS tables FROM (
        SELECT object, sum(hash(rule)) AS low, sum(hash(rule, 1)) AS high
        FROM read_parquet('{grants}') WHERE level = 2 AND NOT repeated GROUP BY object
    ) GROUP BY low, high
)
"""


def main() -> None:
    """Read, group, say how long it took."""
    snapshot, memory_limit, threads = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    began, began_cpu = time.perf_counter(), time.process_time()
    connection = duckdb.connect(config={"memory_limit": memory_limit, "threads": threads})
    for table, columns in NEEDED.items():
        asked = ", ".join(columns.aggregates())
        connection.execute(f"SELECT {asked} FROM read_parquet('{snapshot / table}.parquet')")
        connection.fetchall()
    read = time.perf_counter()
    connection.execute(_GROUP.format(grants=snapshot / "grants.parquet"))
    found = connection.fetchone()
    ended, ended_cpu = time.perf_counter(), time.process_time()
    said = {
        "seconds": ended - began,
        "cpu_seconds": ended_cpu - began_cpu,
        "read_seconds": read - began,
        "group_seconds": ended - read,
        "signatures": found[0] if found else 0,
        "peak_mb": peak_mb(),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
