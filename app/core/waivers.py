"""Waivers: which exposures each covers, which of them hold, and which incidents they quiet.

A waiver covers an exposure when everything that it names is so of the whole exposure: of
several classes, or several principals whose grants do it, all must be the named one, else
it would hide what nobody waived. An incident is quiet when every one of its exposures is
covered by a waiver that holds. A waiver holds until the end of its last day, while it has
an approver, and while all that it covers stays within its bounds. Where a waiver of the
file covers an exposure, those made through the API do not count for it: the file wins.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
from pyroaring import BitMap

from app.core.engine import Engine
from app.core.names import show
from app.core.sql_text import literal
from app.core.verdicts import Waiver

FILE, API = "file", "api"

IN_FORCE, EXPIRED, OUTGROWN, NOT_APPROVED = "in-force", "expired", "outgrown", "not-approved"
WAIVER_STATUSES = (IN_FORCE, EXPIRED, OUTGROWN, NOT_APPROVED)

#: What a scope may name; `incident` only where the API or the command line made it.
SCOPE_KEYS = (
    "lake",
    "catalog",
    "database",
    "table",
    "class",
    "tier",
    "right",
    "kind",
    "principal",
    "exposure",
    "incident",
)

#: Links of exposures to their incidents, as the measure reads them.
LINK_SCHEMA = pa.schema([("exposure", pa.string()), ("incident", pa.string())])


@dataclass(frozen=True, slots=True)
class SourcedWaiver:
    """A waiver and where it is from: file or api."""

    waiver: Waiver
    source: str


@dataclass(frozen=True, slots=True)
class MeasuredWaiver:
    """A waiver, whether it holds, and how much it covers in the newest run."""

    waiver: Waiver
    source: str
    status: str  # one of WAIVER_STATUSES
    exposures: int
    tables: int
    people: int | None  # who can and should not; None: a group of unknown size is among them

    @property
    def matches_nothing(self) -> bool:
        """Whether there is nothing that it could waive."""
        return self.exposures == 0

    @property
    def why_not(self) -> str:
        """Why it does not hold, in words; empty where it does."""
        waiver, name = self.waiver, f"waiver {show(self.waiver.waiver)}"
        if self.status == EXPIRED:
            return f"{name} ended on {waiver.expires}"
        if self.status == NOT_APPROVED:
            return f"{name} has no approver"
        if self.status == OUTGROWN:
            people = "an unknown number of people" if self.people is None else self.people
            return (
                f"{name} is outgrown: {self.tables:,} tables and {people} people, of at most "
                f"{_bound(waiver.max_tables)} and {_bound(waiver.max_people)}"
            )
        return ""


@dataclass(frozen=True)
class WaiverVerdicts:
    """What the waivers of a lake come to on one run.

    holding: incident → the waivers that keep it quiet; only incidents that are quiet.
    """

    measured: tuple[MeasuredWaiver, ...] = ()
    holding: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def all_in_force(self, ids: Sequence[str]) -> bool:
        """Whether all of these waivers still hold."""
        holding = {each.waiver.waiver for each in self.measured if each.status == IN_FORCE}
        return bool(ids) and set(ids) <= holding

    def words(self, ids: Sequence[str]) -> str:
        """Waivers as a person reads them: id, reason, approver, last day."""
        return "; ".join(
            f"{show(each.waiver.waiver)} until {each.waiver.expires}: "
            f"{show(each.waiver.reason)} (approved by {show(each.waiver.approver)})"
            for each in self.measured
            if each.waiver.waiver in ids
        )

    def why_not(self, ids: Sequence[str]) -> str:
        """Why these waivers keep an incident quiet no longer."""
        known = {each.waiver.waiver: each for each in self.measured}
        said = []
        for name in ids:
            measured = known.get(name)
            if measured is None:
                said.append(f"waiver {show(name)} was taken back")
            elif measured.why_not:
                said.append(measured.why_not)
        return "; ".join(said) or f"waiver {show(', '.join(ids))} no longer covers all of it"

    @property
    def notes(self) -> tuple[str, ...]:
        """What somebody who looks after the waivers has to know."""
        said = [each.why_not for each in self.measured if each.why_not]
        said += [
            f"waiver {show(each.waiver.waiver)} matches nothing: {_place(each)}"
            for each in self.measured
            if each.matches_nothing
        ]
        return tuple(said)


NOTHING_WAIVED = WaiverVerdicts()


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


def _bound(bound: int | None) -> str:
    return "any" if bound is None else f"{bound:,}"


def _place(each: MeasuredWaiver) -> str:
    if each.source == FILE:
        return f"{each.waiver.file}:{each.waiver.line}"
    return "made through the API"
