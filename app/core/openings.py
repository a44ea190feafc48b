"""Which one grant, role or nesting opens the most: exposures gathered by what opens them."""

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core.assessment import Assessment
from app.core.exposures import Verdict
from app.core.memberships import MembershipEdge, Memberships, Subject
from app.core.population import HeadCount
from app.core.reach import PUBLIC, PopulationReach
from app.core.verdicts import SEVERITIES

NESTING, DIRECT, MODE = "nesting", "grants", "mode"

_S, _I = pa.string(), pa.int64()

OPENING_SCHEMA = pa.schema(
    [
        ("opening", _S),  # role:NAME, user:NAME, group:NAME, or `mode` (nothing is checked)
        ("form", _S),  # nesting: a membership opened it; grants: the grants themselves; mode
        ("severity", _S),  # the gravest of its exposures
        ("everyone", pa.bool_()),
        ("tables", _I),
        ("rights", pa.list_(_S)),
        ("classes", pa.list_(_S)),
        ("people", _I),  # active people behind the opening principal
        # of those behind it, whom policy does not allow something that it opens:
        ("wrong_people", _I),  # active people
        ("wrong_services", _I),
        ("wrong_inactive", _I),
        ("wrong_unknown", _I),
        ("path", pa.list_(_S)),  # the memberships from `public` to it, in words
        ("path_rows", pa.list_(_S)),  # their places in the metastore
        ("granted_by", _S),  # who made the first membership of the path
        ("since", _I),  # epoch seconds of the newest membership of the path
    ]
)


@dataclass
class _Gathered:
    groups: dict[int, int] = field(default_factory=dict)  # group → tables
    rights: set[str] = field(default_factory=set)
    classes: set[str] = field(default_factory=set)
    severity: str = SEVERITIES[-1]
    everyone: bool = False
    wrong: BitMap = field(default_factory=BitMap)  # violators who stand behind the opening


def gather_openings(
    assessment: Assessment, reach: PopulationReach, memberships: Memberships
) -> pa.Table:
    """One row per opening principal (OPENING_SCHEMA), the gravest and widest first."""
    gathered: dict[str, _Gathered] = defaultdict(_Gathered)
    counts = _HeadCounts(reach)
    for number, verdict in enumerate(assessment.verdicts):
        violators = BitMap.deserialize(verdict.violators)
        for opening in _that_open(verdict, counts) or ("mode",):
            found = gathered[opening]
            found.wrong |= violators & counts.behind(opening)
            _add(found, verdict, assessment, number)
    ways = public_ways(memberships)
    rows = [_row(name, found, counts, ways) for name, found in gathered.items()]
    rows.sort(key=_gravest_first)
    return pa.Table.from_pylist(rows, OPENING_SCHEMA)


class _HeadCounts:
    """Who stands behind each opening, counted once."""

    def __init__(self, reach: PopulationReach) -> None:
        self.reach = reach
        self._known: dict[str, HeadCount] = {}
        self._behind: dict[str, FrozenBitMap] = {}

    def of(self, opening: str) -> HeadCount:
        if opening not in self._known:
            self._known[opening] = self.reach.population.head_count(self.behind(opening))
        return self._known[opening]

    def behind(self, opening: str) -> FrozenBitMap:
        found = self._behind.get(opening)
        if found is None:
            kind, _, name = opening.partition(":")
            who = self.reach.principal(kind.upper(), name) if name else self.reach.everybody()
            found = self._behind[opening] = who.possible
        return found


def _that_open(verdict: Verdict, counts: _HeadCounts) -> tuple[str, ...]:
    """What opens it: where it is open to everyone, the principals that are everyone."""
    if not verdict.everyone:
        return verdict.openings
    wide = tuple(opening for opening in verdict.openings if counts.of(opening).everyone)
    return wide or verdict.openings


def _add(
    found: _Gathered,
    verdict: Verdict,
    assessment: Assessment,
    number: int,
) -> None:
    found.groups[assessment.groups_of[number]] = assessment.tables_of[number]
    found.rights.add(verdict.right)
    found.classes.update(verdict.classes)
    found.severity = min(found.severity, verdict.severity)
    found.everyone = found.everyone or verdict.everyone


def _gravest_first(row: Mapping[str, object]) -> tuple[object, ...]:
    tables = row["tables"]
    return (row["severity"], -tables if isinstance(tables, int) else 0, row["opening"])


def public_ways(memberships: Memberships) -> dict[Subject, tuple[MembershipEdge, ...]]:
    """The shortest way from `public` up to every role that everyone holds by it."""
    start: Subject = ("ROLE", PUBLIC)
    found: dict[Subject, tuple[MembershipEdge, ...]] = {start: ()}
    waiting = deque([start])
    while waiting:
        subject = waiting.popleft()
        for edge in memberships.parents(subject):
            if edge.of not in found:
                found[edge.of] = (*found[subject], edge)
                waiting.append(edge.of)
    return found


def _row(
    opening: str,
    found: _Gathered,
    counts: _HeadCounts,
    ways: Mapping[Subject, Sequence[MembershipEdge]],
) -> dict[str, object]:
    kind, _, name = opening.partition(":")
    way = ways.get((kind.upper(), name), ())
    count = counts.of(opening)
    wrong = counts.reach.population.head_count(found.wrong)
    form = MODE if not name else NESTING if way else DIRECT
    times = [edge.create_time for edge in way if edge.create_time]
    return {
        "opening": opening,
        "form": form,
        "severity": found.severity,
        "everyone": count.everyone,
        "tables": sum(found.groups.values()),
        "rights": sorted(found.rights),
        "classes": sorted(found.classes),
        "people": count.people,
        "wrong_people": wrong.people,
        "wrong_services": wrong.services,
        "wrong_inactive": wrong.inactive,
        "wrong_unknown": wrong.unknown,
        "path": [describe_edge(edge) for edge in way],
        "path_rows": [edge.source for edge in way],
        "granted_by": way[0].grantor if way else None,
        "since": max(times) if times else None,
    }


def ways_of_everyone(openings: pa.Table, wanted: Sequence[str]) -> list[dict[str, Any]]:
    """By which memberships everyone is behind some openings: those rows of OPENING_SCHEMA."""
    chosen = openings.select(["opening", "path", "path_rows", "granted_by", "since"])
    return [row for row in chosen.to_pylist() if row["path"] and row["opening"] in wanted]


def describe_edge(edge: MembershipEdge) -> str:
    """A membership in words: `role public is a member of role r`."""
    member = f"{edge.member[0].lower()} {edge.member[1]}"
    return f"{member} is a member of {edge.of[0].lower()} {edge.of[1]}"


def opening_times(
    verdicts: Iterable[Verdict], ways: Mapping[Subject, Sequence[MembershipEdge]]
) -> dict[int, int]:
    """Verdict number → newest time of a membership that carries its widest opening."""
    times: dict[int, int] = {}
    for number, verdict in enumerate(verdicts):
        for opening in verdict.openings[:1]:
            kind, _, name = opening.partition(":")
            edges = ways.get((kind.upper(), name), ())
            newest = max((edge.create_time or 0 for edge in edges), default=0)
            if newest:
                times[number] = newest
    return times
