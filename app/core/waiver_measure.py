"""Measuring waivers on a run's results: what each covers, and which incidents are quiet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
from pyroaring import BitMap

from app.core.engine import Engine
from app.core.sql_text import literal
from app.core.verdicts import Waiver
from app.core.waivers import (
    EXPIRED,
    FILE,
    IN_FORCE,
    NOT_APPROVED,
    NOTHING_WAIVED,
    OUTGROWN,
    MeasuredWaiver,
    SourcedWaiver,
    WaiverVerdicts,
)

#: Links of exposures to their incidents, as the measure reads them.
LINK_SCHEMA = pa.schema([("exposure", pa.string()), ("incident", pa.string())])


def measure_waivers(
    engine: Engine,
    folder: Path,
    links: pa.Table,
    waivers: Sequence[SourcedWaiver],
    *,
    lake: str,
    today: str,
) -> WaiverVerdicts:
    """Measure waivers against a run's results.

    folder: the run's results. links: LINK_SCHEMA, every exposure with its incidents.
    today: ISO date, UTC. Of two waivers of one id, the file's counts.
    """
    wanted = _one_each(waivers)
    if not wanted:
        return NOTHING_WAIVED
    _load(engine, folder, links)
    _cover(engine, wanted, lake)
    people = _Countable.of(engine)
    measured = tuple(
        _measured(engine, number, each, people, today) for number, each in enumerate(wanted)
    )
    return WaiverVerdicts(measured, _holding(engine, measured))


def unmeasured(waivers: Sequence[SourcedWaiver], today: str) -> WaiverVerdicts:
    """Waivers of a lake without a run: nothing is there that they could cover."""
    return WaiverVerdicts(
        tuple(
            MeasuredWaiver(each.waiver, each.source, _status(each.waiver, 0, 0, today), 0, 0, 0)
            for each in _one_each(waivers)
        )
    )


def scope_condition(scope: Mapping[str, str], lake: str) -> str:
    """SQL over an exposure `e`: whether a waiver of this scope covers it.

    Raises KeyError for what no scope may name.
    """
    return " AND ".join(_condition(key, value, lake) for key, value in sorted(scope.items()))


def _condition(key: str, value: str, lake: str) -> str:
    quoted = literal(value)
    if key == "lake":
        return "true" if value == lake else "false"
    if key in ("catalog", "database"):
        return f"lower(e.{key}) = lower({quoted})"
    if key == "table":
        return f'lower({quoted}) IN (lower(e."table"), lower(e.object))'
    if key == "class":
        return f"(len(e.classes) > 0 AND len(list_filter(e.classes, lambda x: x <> {quoted})) = 0)"
    if key == "principal":
        return (
            f"((e.scope = 'principal' AND e.object = {quoted}) OR (len(e.openings) > 0 "
            f"AND len(list_filter(e.openings, lambda x: x <> {quoted})) = 0))"
        )
    if key == "incident":
        return f"e.id IN (SELECT exposure FROM waiver_links WHERE incident = {quoted})"
    column = {"tier": "tier", "right": '"right"', "kind": "kind", "exposure": "id"}[key]
    return f"coalesce(e.{column} = {quoted}, false)"


def _one_each(waivers: Sequence[SourcedWaiver]) -> list[SourcedWaiver]:
    first: dict[str, SourcedWaiver] = {}
    for each in sorted(waivers, key=lambda one: (one.source != FILE, one.waiver.waiver)):
        first.setdefault(each.waiver.waiver, each)
    return list(first.values())


def _load(engine: Engine, folder: Path, links: pa.Table) -> None:
    def file(name: str) -> str:
        return f"read_parquet({literal(str(folder / name))})"

    engine.give("waiver_links", links)
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW waiver_exposures AS SELECT * FROM {file('exposures.parquet')}"
    )
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW waiver_verdicts AS SELECT * FROM {file('verdicts.parquet')}"
    )
    engine.run(
        f"CREATE OR REPLACE TEMP VIEW waiver_people AS SELECT * FROM {file('population.parquet')}"
    )


def _cover(engine: Engine, wanted: Sequence[SourcedWaiver], lake: str) -> None:
    selects = " UNION ALL ".join(
        f"SELECT {number} AS waiver, e.id, e.object, e.scope, e.verdict FROM waiver_exposures e "
        f"WHERE {scope_condition(each.waiver.scope, lake)}"
        for number, each in enumerate(wanted)
    )
    engine.run(f"CREATE OR REPLACE TEMP TABLE waiver_cover AS {selects}")


@dataclass(frozen=True)
class _Countable:
    """Bits that count as people (active ones, and names nobody knows), and those that hide
    an unknown number of them."""

    counted: BitMap
    opaque: BitMap

    @staticmethod
    def of(engine: Engine) -> "_Countable":
        def bits(condition: str) -> BitMap:
            found = engine.query(f"SELECT bit FROM waiver_people WHERE {condition}")
            return BitMap(found["bit"].to_pylist())

        return _Countable(
            bits("kind = 'unknown' OR (kind = 'person' AND active)"), bits("kind = 'group'")
        )


def _measured(
    engine: Engine, number: int, each: SourcedWaiver, countable: _Countable, today: str
) -> MeasuredWaiver:
    row = engine.query(
        "SELECT count(*) AS exposures, count(DISTINCT object) FILTER (scope = 'table') AS tables "
        f"FROM waiver_cover WHERE waiver = {number}"
    ).to_pylist()[0]
    people = _people(engine, number, countable) if row["exposures"] else 0
    status = _status(each.waiver, row["tables"], people, today)
    return MeasuredWaiver(each.waiver, each.source, status, row["exposures"], row["tables"], people)


def _people(engine: Engine, number: int, countable: _Countable) -> int | None:
    """How many can and should not; None: a group that nobody can count is among them."""
    found = BitMap()
    rows = engine.query(
        "SELECT violators, reach FROM waiver_verdicts WHERE verdict IN "
        f"(SELECT verdict FROM waiver_cover WHERE waiver = {number})"
    )
    columns = (rows["violators"].to_pylist(), rows["reach"].to_pylist())
    for wrong, everybody in zip(*columns, strict=True):
        bits = BitMap.deserialize(wrong) if wrong else BitMap()
        found |= bits or (BitMap.deserialize(everybody) if everybody else BitMap())
    return None if found & countable.opaque else len(found & countable.counted)


def _status(waiver: Waiver, tables: int, people: int | None, today: str) -> str:
    if not waiver.approver.strip():
        return NOT_APPROVED
    if today > waiver.expires:
        return EXPIRED
    if waiver.max_tables is not None and tables > waiver.max_tables:
        return OUTGROWN
    if waiver.max_people is not None and (people is None or people > waiver.max_people):
        return OUTGROWN
    return IN_FORCE


def _holding(engine: Engine, measured: Sequence[MeasuredWaiver]) -> Mapping[str, tuple[str, ...]]:
    """Incidents whose every exposure is covered by a waiver that counts for it."""
    engine.give(
        "waiver_states",
        pa.table(
            {
                "waiver": pa.array(range(len(measured)), pa.int32()),
                "of_file": pa.array([each.source == FILE for each in measured], pa.bool_()),
                "holds": pa.array([each.status == IN_FORCE for each in measured], pa.bool_()),
            }
        ),
    )
    rows = engine.query(_QUIET)
    names = [each.waiver.waiver for each in measured]
    found = zip(rows["incident"].to_pylist(), rows["waivers"].to_pylist(), strict=True)
    return {incident: tuple(names[one] for one in numbers) for incident, numbers in found}


_QUIET = """
WITH covered AS (
    SELECT c.id, c.waiver, s.holds, s.of_file,
           bool_or(s.of_file) OVER (PARTITION BY c.id) AS file_speaks
    FROM waiver_cover c JOIN waiver_states s ON c.waiver = s.waiver
), counted AS (
    SELECT id, waiver FROM covered WHERE holds AND (of_file OR NOT file_speaks)
), quiet AS (SELECT DISTINCT id FROM counted),
incidents AS (
    SELECT l.incident FROM waiver_links l LEFT JOIN quiet q ON l.exposure = q.id
    GROUP BY l.incident HAVING count(*) = count(q.id)
)
SELECT i.incident, list_sort(list(DISTINCT c.waiver)) AS waivers
FROM incidents i JOIN waiver_links l ON i.incident = l.incident
JOIN counted c ON l.exposure = c.id
GROUP BY i.incident ORDER BY i.incident
"""
