"""Putting each incident of a run together from its cause and its exposures' numbers."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from pyroaring import FrozenBitMap

from app.core.causes import attribution as said
from app.core.causes import incident_rows
from app.core.causes.attribution import Attributed, Attribution
from app.core.causes.role_graph import RoleGraph
from app.core.classes import Classification
from app.core.engine import Engine
from app.core.exposures import Verdict
from app.core.incidents import Cause, FoundIncident
from app.core.openings import describe_edge
from app.core.reach import PopulationReach

#: At most so many recorded rows and grantors are named beside one incident.
NAMED_ROWS = 5

#: At most so many are named who get something that they did not get before.
NAMED_NEWCOMERS = 5

#: From so many on, no further incidents are named that share exposures with one.
ALSO_NAMED = 20


_NOBODY_NEW: Mapping[str, Any] = {"new_people": 0, "newcomers": ()}


class EarlierIncidents(Protocol):
    """What the run before found: thousands, of which a run asks for few."""

    def causes(self) -> Sequence[Cause]:
        """The causes of all of them."""
        ...

    def incident(self, key: str) -> FoundIncident | None:
        """The one of a key."""
        ...


class _NothingEarlier:
    def causes(self) -> Sequence[Cause]:
        return ()

    def incident(self, key: str) -> FoundIncident | None:
        return None


NOTHING_EARLIER: EarlierIncidents = _NothingEarlier()


class IncidentsFound:
    """Puts each incident together from its cause and its exposures' numbers."""

    def __init__(
        self,
        engine: Engine,
        lake: str,
        reach: PopulationReach,
        graph: RoleGraph,
        found: Attribution,
        keys: Mapping[Cause, str],
        classification: Classification,
        verdicts: Sequence[Verdict],
    ) -> None:
        self._lake = lake
        self._reach = reach
        self._graph = graph
        self._found = found.found
        self._causes = {key: cause for cause, key in keys.items()}
        self._also = _also_through(found, keys, verdicts)
        self._tell = {each.name: each.notify for each in classification.classes}
        self._totals = incident_rows.totals(engine)
        self._grants = incident_rows.opening_grants(engine)
        self._newcomers: Mapping[int, FrozenBitMap] = {}
        self._new_exposures: Mapping[str, int] = {}

    def compare(
        self, newcomers: Mapping[int, FrozenBitMap], new_exposures: Mapping[str, int]
    ) -> None:
        """Know what the run before did not have: people by verdict, exposures by incident."""
        self._newcomers = newcomers
        self._new_exposures = new_exposures

    def all(self, earlier: EarlierIncidents) -> list[FoundIncident]:
        """Every incident, the gravest and widest first."""
        made = [self._one(key, row, earlier) for key, row in self._totals.items()]
        return sorted(made, key=lambda each: (each.severity, -each.exposures, each.key))

    def _one(self, key: str, row: Mapping[str, Any], earlier: EarlierIncidents) -> FoundIncident:
        hidden = bool(row["shadowed"])
        cause = self._causes.get(key)
        if hidden or cause is None:
            before = earlier.incident(key)
            if hidden and before is not None:
                return _as_before(before, row)
            cause = cause or (before.cause if before else None)
        assert cause is not None  # a pair comes from a cause of this run or of the one before
        each = self._found.get(cause) or Attributed(cause)
        wrong = each.people()
        counted = self._counts(wrong) if each.wrong else row
        since, grantors, path, evidence = self._story(each, row)
        tell = dict.fromkeys(name for cls in row["classes"] for name in self._tell.get(cls, ()))
        return FoundIncident(
            key=key,
            lake=self._lake,
            cause=cause,
            severity=row["severity"],
            kinds=tuple(row["kinds"]),
            classes=tuple(row["classes"]),
            rights=tuple(row["rights"]),
            everyone=row["everyone"],
            exposures=row["exposures"],
            tables=row["tables"],
            people=counted["people"],
            services=counted["services"],
            inactive=counted["inactive"],
            unknown=counted["unknown"],
            opaque_groups=counted["opaque_groups"],
            sample=tuple(row["sample"]),
            since=since,
            grantors=grantors,
            path=path,
            evidence=evidence,
            also_through=tuple(sorted(self._also.get(key, ()))),
            owners_to_tell=tuple(tell),
            in_doubt=row["in_doubt"],
            shadowed=hidden,
            new_exposures=self._new_exposures.get(key, 0),
            **self._new(each),
        )

    def _new(self, each: Attributed) -> Mapping[str, Any]:
        """Who of an incident's people is new, the active ones first."""
        if self._newcomers.keys().isdisjoint(each.wrong):
            return _NOBODY_NEW
        coming = [
            self._newcomers[verdict] & wrong
            for verdict, wrong in each.wrong.items()
            if verdict in self._newcomers
        ]
        who, population = FrozenBitMap.union(FrozenBitMap(), *coming), self._reach.population
        named = [*(who & population.active_people), *(who - population.active_people)]
        return {
            "new_people": said.active_people(who, self._reach),
            "newcomers": tuple(population.subjects(named[:NAMED_NEWCOMERS])),
        }

    def _counts(self, wrong: FrozenBitMap) -> dict[str, int]:
        count = self._reach.population.head_count(wrong)
        return {
            "people": count.people,
            "services": count.services,
            "inactive": count.inactive,
            "unknown": count.unknown,
            "opaque_groups": count.opaque_groups,
        }

    def _story(
        self, each: Attributed, row: Mapping[str, Any]
    ) -> tuple[int | None, tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Since when, by whom, how in words, and the rows that say so."""
        grants = [
            self._grants[verdict, opener]
            for verdict in sorted(each.wrong)
            for opener in sorted(each.openers)
            if (verdict, opener) in self._grants
        ]
        opened = [f"grants to {opener}" for opener in sorted(each.openers)[:NAMED_ROWS]]
        sources = dict.fromkeys(grant["source"] for grant in grants)
        if each.cause.kind == said.MEMBERSHIP:
            rows = self._graph.rows(said.edge_of(each.cause))
            times = [edge.create_time for edge in rows if edge.create_time]
            by = dict.fromkeys(edge.grantor for edge in rows if edge.grantor)
            words = dict.fromkeys(describe_edge(edge) for edge in rows)
            evidence = (*(edge.source for edge in rows), *list(sources)[:NAMED_ROWS])
            return max(times, default=None), tuple(by), (*words, *opened), evidence
        newest = [grant["newest"] for grant in grants if grant["newest"]]
        by = dict.fromkeys(name for grant in grants for name in grant["grantors"] or () if name)
        since = max(newest, default=row["opened_at"])
        path = tuple(opened) or (each.cause.words,)
        return since, tuple(by), path, tuple(sources)[:NAMED_ROWS]


def _also_through(
    found: Attribution, keys: Mapping[Cause, str], verdicts: Sequence[Verdict]
) -> dict[str, set[str]]:
    """Incident → others that some exposure of it needs mended as well, the gravest first.

    At most some ALSO_NAMED of them; which exposures they share stands in the pairs.
    """
    together: dict[tuple[str, ...], str] = {}
    for number, causes in found.causes_of_verdicts().items():
        if len(causes) > 1:
            named = tuple(sorted(keys[cause] for cause in causes))
            together[named] = min(verdicts[number].severity, together.get(named, "z"))
    also: dict[str, set[str]] = defaultdict(set)
    for named in sorted(together, key=lambda each: (together[each], each)):
        for key in named:
            if len(also[key]) < ALSO_NAMED:
                also[key].update(named[: ALSO_NAMED + 1])
                also[key].discard(key)
    return also


def _as_before(before: FoundIncident, row: Mapping[str, Any]) -> FoundIncident:
    """An incident that a gap hides: as it was last seen."""
    return replace(before, shadowed=True, exposures=row["exposures"], tables=row["tables"])
