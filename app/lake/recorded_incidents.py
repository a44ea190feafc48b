"""The incidents of a run, as files in its results folder."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, fields
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


def write_incidents(folder: Path, incidents: Sequence[FoundIncident], pairs: pa.Table) -> None:
    """Write a run's incidents and which exposure belongs to which."""
    rows = [_row(incident) for incident in incidents]
    pq.write_table(
        pa.Table.from_pylist(rows, INCIDENT_SCHEMA), folder / INCIDENTS, compression="zstd"
    )
    pq.write_table(pairs.cast(PAIR_SCHEMA), folder / PAIRS, compression="zstd")


def read_incidents(folder: Path) -> list[FoundIncident]:
    """The incidents of a run, the gravest first; none where the run knew no incidents."""
    if not (folder / INCIDENTS).is_file():
        return []
    rows = pq.read_table(folder / INCIDENTS).cast(INCIDENT_SCHEMA).to_pylist()
    return [_incident(row) for row in rows]


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


def _row(incident: FoundIncident) -> dict[str, Any]:
    cause = incident.cause
    named = {field.name: getattr(incident, field.name) for field in fields(incident)}
    del named["cause"]
    return named | {f"cause_{name}": value for name, value in asdict(cause).items()}


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
