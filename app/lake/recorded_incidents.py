"""The incidents of a run, as files in its results folder."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from app.core.causes.incident_rows import PAIR_SCHEMA
from app.core.incidents import Cause, FoundIncident

INCIDENTS, PAIRS = "incidents.parquet", "incident_exposures.parquet"

_S, _I, _B, _L = pa.string(), pa.int64(), pa.bool_(), pa.list_(pa.string())

#: One row an incident: FoundIncident, its cause spread over four columns.
INCIDENT_SCHEMA = pa.schema(
    [
        ("key", _S),
        ("lake", _S),
        ("cause_kind", _S),
        ("cause_subject", _S),
        ("cause_parts", _L),
        ("cause_words", _S),
        ("severity", _S),
        ("kinds", _L),
        ("classes", _L),
        ("rights", _L),
        ("everyone", _B),
        ("exposures", _I),
        ("tables", _I),
        ("people", _I),
        ("services", _I),
        ("inactive", _I),
        ("unknown", _I),
        ("opaque_groups", _I),
        ("sample", _L),
        ("since", _I),
        ("grantors", _L),
        ("path", _L),
        ("evidence", _L),
        ("also_through", _L),
        ("owners_to_tell", _L),
        ("in_doubt", _B),
        ("shadowed", _B),
    ]
)


#: Column → the attribute of a FoundIncident that it holds.
_ATTRIBUTES = {
    name: name.replace("cause_", "cause.", 1) if name.startswith("cause_") else name
    for name in INCIDENT_SCHEMA.names
}


def write_incidents(folder: Path, incidents: Sequence[FoundIncident], pairs: pa.Table) -> None:
    """Write a run's incidents and which exposure belongs to which."""
    columns = [
        pa.array(map(attrgetter(_ATTRIBUTES[each.name]), incidents), each.type)
        for each in INCIDENT_SCHEMA
    ]
    rows = pa.Table.from_arrays(columns, schema=INCIDENT_SCHEMA)
    pq.write_table(rows, folder / INCIDENTS, compression="zstd")
    pq.write_table(pairs.cast(PAIR_SCHEMA), folder / PAIRS, compression="zstd")


def read_incidents(folder: Path) -> list[FoundIncident]:
    """The incidents of a run, the gravest first; none where the run knew no incidents."""
    if not (folder / INCIDENTS).is_file():
        return []
    rows = pq.read_table(folder / INCIDENTS).cast(INCIDENT_SCHEMA).to_pylist()
    return [_incident(row) for row in rows]


class RecordedIncidents:
    """The incidents of a run, read as they are asked for; none where it knew no incidents."""

    def __init__(self, folder: Path) -> None:
        file = folder / INCIDENTS
        self._rows = (
            pq.read_table(file).cast(INCIDENT_SCHEMA)
            if file.is_file()
            else INCIDENT_SCHEMA.empty_table()
        )

    def causes(self) -> list[Cause]:
        """The causes of all of them."""
        columns = (self._rows[f"cause_{each.name}"].to_pylist() for each in fields(Cause))
        return [
            Cause(kind, subject, tuple(parts), words)
            for kind, subject, parts, words in zip(*columns, strict=True)
        ]

    def incident(self, key: str) -> FoundIncident | None:
        """The one of a key."""
        found = self._rows.filter(pc.equal(self._rows["key"], key)).to_pylist()
        return _incident(found[0]) if found else None


def read_pairs(folder: Path) -> pa.Table:
    """(exposure, incident) of a run (causes.incident_rows.PAIR_SCHEMA)."""
    if not (folder / PAIRS).is_file():
        return PAIR_SCHEMA.empty_table()
    return pq.read_table(folder / PAIRS).cast(PAIR_SCHEMA)


def incidents_of(folder: Path, exposures: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Exposure id → the keys of its incidents, for some exposures."""
    wanted = pa.array(sorted(exposures), pa.string())
    pairs = read_pairs(folder)
    kept = pairs.filter(pc.is_in(pairs["exposure"], value_set=wanted))
    found: dict[str, list[str]] = {}
    for exposure, key in _both(kept):
        found.setdefault(exposure, []).append(key)
    return {exposure: tuple(sorted(keys)) for exposure, keys in found.items()}


def exposures_of(folder: Path, key: str) -> tuple[str, ...]:
    """The ids of an incident's exposures, sorted."""
    pairs = read_pairs(folder)
    kept = pairs.filter(pc.equal(pairs["incident"], key))
    return tuple(sorted(exposure for exposure, _ in _both(kept)))


def _both(pairs: pa.Table) -> Iterable[tuple[str, str]]:
    return zip(pairs["exposure"].to_pylist(), pairs["incident"].to_pylist(), strict=True)


def _incident(row: dict[str, Any]) -> FoundIncident:
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in row.items()
        if not name.startswith("cause_")
    }
    cause = Cause(
        row["cause_kind"], row["cause_subject"], tuple(row["cause_parts"]), row["cause_words"]
    )
    return FoundIncident(**(values | {"cause": cause}))
