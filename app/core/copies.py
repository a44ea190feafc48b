"""Probable copies of a table, and tables that share its files.

A copy made with CREATE TABLE AS SELECT keeps no link to what it was made from. What
gives it away is its shape: the same column names, or nearly; and then a name that is the
other's with `_bak`, `_copy`, `_tmp`, a version or a date. Tables of a common shape and
nothing else alike are no less a fact and are listed last.

Two tables over one directory, or one within the other, are two doors to one room.
"""

import hashlib
import re
from dataclasses import dataclass

import pyarrow as pa

from app.core.engine import Engine
from app.core.sql_text import literal, numbers

#: Tables with fewer columns say nothing by their column names.
LEAST_COLUMNS = 4

#: So much of the column names of both together must be common.
LEAST_LIKENESS = 0.8

_EXTRA = (
    r"bak|bkp|backup|copy|clone|dup|tmp|temp|test|old|new|orig|arch|archive|hist|export|extract|"
    r"snapshot|snap|stage|stg|dev|final|v\d+|\d{4}(?:_?\d{2}){0,2}|\d+"
)
_SUFFIX = re.compile(rf"_?(?:(?<=_)(?:{_EXTRA})|(?<=[a-z])\d+)$")
_PREFIX = re.compile(r"^(?:(?:bak|bkp|backup|copy|clone|tmp|temp|test|old|new|dev)_(?:of_)?)+")


@dataclass(frozen=True, slots=True)
class Likeness:
    """Another table that may hold the same data, and what says so."""

    table: int
    known_by: str
    relation: str  # copy | same location | inside its location | around its location
    named_alike: bool = False


def stem(name: str) -> str:
    """A table's name without what people add to the name of a copy."""
    found = _PREFIX.sub("", name)
    while (shorter := _SUFFIX.sub("", found)) and shorter != found:
        found = shorter
    return found


def copies_of(engine: Engine, table: int, limit: int = 200) -> list[Likeness]:
    """Tables (no views) with the same column names as a table, or nearly.

    Those named alike come first, then the most alike; at most `limit`.
    """
    own = _column_names(engine, table)
    if len(own) < LEAST_COLUMNS:
        return []
    least = -(-len(own) * LEAST_LIKENESS // 1)
    found = engine.query(
        f"""
        WITH shared AS (
            SELECT "table", count(DISTINCT name) AS common FROM columns
            WHERE name IN ({numbers(own)}) AND "table" <> {int(table)}
            GROUP BY "table" HAVING count(DISTINCT name) >= {int(least)}
        ), sized AS (
            SELECT s."table", s.common, count(DISTINCT c.name) AS width
            FROM shared AS s JOIN columns AS c ON c."table" = s."table"
            GROUP BY s."table", s.common
        )
        SELECT t.ordinal, t.name, t.database, t.owner, t.create_time, s.common, s.width
        FROM sized AS s JOIN tables AS t ON t.ordinal = s."table"
        WHERE t.view_text IS NULL
          AND s.common >= {LEAST_LIKENESS} * ({len(own)} + s.width - s.common)
        ORDER BY t.ordinal
        """
    ).to_pylist()
    if not found:
        return []
    one = engine.query(
        f"SELECT name, database, owner, create_time FROM tables WHERE ordinal = {int(table)}"
    ).to_pylist()[0]
    alike = [
        (stem(row["name"]) == stem(one["name"]), row["common"] == row["width"] == len(own), row)
        for row in found
    ]
    alike.sort(key=lambda each: (not each[0], not each[1], -each[2]["common"], each[2]["ordinal"]))
    return [
        Likeness(row["ordinal"], _copy_evidence(one, row, len(own), named), "copy", named)
        for named, _, row in alike[:limit]
    ]


def shapes(engine: Engine) -> None:
    """Make `table_shapes(table_ordinal, columns, high, low)` for all tables at once.

    `high` and `low` are sums of the halves of a 128-bit hash of each distinct column
    name: tables with the same column names have the same three numbers.
    """
    names = engine.query("SELECT ordinal, name FROM column_names")
    digests = [hashlib.blake2b(name.encode(), digest_size=16).digest() for name in _texts(names)]
    engine.give(
        "column_name_hashes",
        pa.table(
            {
                "name": names["ordinal"],
                "high": pa.array([_half(one[:8]) for one in digests], pa.int64()),
                "low": pa.array([_half(one[8:]) for one in digests], pa.int64()),
            }
        ),
    )
    engine.run(
        'CREATE OR REPLACE TEMP TABLE table_shapes AS SELECT c."table" AS table_ordinal, '
        "count(*) AS columns, sum(h.high) AS high, sum(h.low) AS low "
        "FROM columns AS c JOIN column_name_hashes AS h ON h.name = c.name "
        'GROUP BY c."table"'
    )


def normal_location(location: str) -> str:
    """A location as one directory has it: scheme, host and slashes made alike."""
    match = re.match(r"^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?://([^/]*))?(.*)$", location.strip(), re.S)
    scheme, host, path = match.groups(default="") if match else ("", "", location)
    scheme = {"s3a": "s3", "s3n": "s3", "file": "", "abfss": "abfs", "wasbs": "wasb"}.get(
        scheme.lower(), scheme.lower()
    )
    host = re.sub(r":\d+$", "", host.lower())
    path = re.sub(r"/+", "/", path).rstrip("/")
    return f"{scheme}://{host}{path}" if scheme or host else path


def same_places(engine: Engine, table: int, limit: int = 200) -> list[Likeness]:
    """Tables whose location is a table's own, within it or around it; at most `limit`."""
    own = engine.query(f"SELECT location FROM tables WHERE ordinal = {int(table)}")
    location = own["location"][0].as_py() if own.num_rows else None
    here = normal_location(location or "")
    path = re.sub(r"^[^/]*//[^/]*", "", here)
    if not path.strip("/"):
        return []
    *around, last = path.strip("/").split("/")
    ends = "|".join(sorted({re.escape(part) for part in around}))
    maybe = re.escape(last) + (rf"|/(?:{ends})[/ ]*$" if around else "")
    found = engine.query(
        f"SELECT ordinal, location FROM tables WHERE ordinal <> {int(table)} "
        f"AND regexp_matches(location, {literal(maybe)}) ORDER BY ordinal"
    )
    likenesses = []
    for row in found.to_pylist():
        there = normal_location(row["location"])
        relation = _relation(here, there)
        if relation:
            likenesses.append(Likeness(row["ordinal"], f"its location is {there}", relation))
    likenesses.sort(key=lambda each: (each.relation != "same location", each.table))
    return likenesses[:limit]


def _relation(here: str, there: str) -> str:
    if here == there:
        return "same location"
    if there.startswith(here + "/"):
        return "inside its location"
    return "around its location" if here.startswith(there + "/") else ""


def _column_names(engine: Engine, table: int) -> list[int]:
    found = engine.query(f'SELECT DISTINCT name FROM columns WHERE "table" = {int(table)}')
    return sorted(found["name"].to_pylist())


def _copy_evidence(
    one: dict[str, object], other: dict[str, object], width: int, named: bool
) -> str:
    common = other["common"]
    same = common == other["width"] == width
    said = [f"the same {width} column names" if same else f"{common} common column names"]
    if named:
        said.append("a name alike")
    if _later(one["create_time"], other["create_time"]):
        said.append("made later")
    if one["owner"] != other["owner"]:
        said.append("another owner")
    if one["database"] != other["database"]:
        said.append("another database")
    return ", ".join(said)


def _later(one: object, other: object) -> bool:
    return isinstance(one, int) and isinstance(other, int) and other > one


def _half(digest: bytes) -> int:
    return int.from_bytes(digest, "big", signed=True)


def _texts(names: pa.Table) -> list[str]:
    texts: list[str] = names["name"].to_pylist()
    return texts
