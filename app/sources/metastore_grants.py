"""Grants on their way from the metastore, level by level."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from app.core.facts import GRANT_LEVELS, Facts
from app.sources import metastore_schema as schema
from app.sources.arrow_batches import as_facts, constant_text, last_of
from app.sources.metastore_reader import MetastoreReader


def grant_facts(reader: MetastoreReader) -> Iterator[Facts]:
    """The grants of every level that can be read, row by row as they are stored."""
    for level in GRANT_LEVELS:
        for columns in reader.batches(f"{level} grants", schema.GRANTS[level]):
            columns["level"] = constant_text(level, len(columns["source_row"]))
            columns["grant_option"] = legal_flag(columns["grant_option"])
            yield as_facts("grants", columns)
    yield last_of("grants")


def legal_flag(numbers: pa.Array) -> pa.Array:
    """0 and 1 as booleans; null for any other number, which makes Hive's lookup fail."""
    legal = pc.is_in(numbers, value_set=pa.array([0, 1], numbers.type))
    return pc.if_else(legal, pc.not_equal(numbers, 0), pa.scalar(None, pa.bool_()))
