"""What a change of the policies does: which exposures it newly allows, or newly flags.

The same snapshot is judged twice, by the policies of the base and by those of the change,
and the exposures are compared one by one: who counts as wrong on what, and how grave that
is called. What the new policies no longer flag is a finding as grave as the base calls it;
what they newly flag is said, and fails nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from functools import cached_property

import pyarrow as pa
from pyroaring import BitMap

from app.core.findings import Finding, Rule
from app.core.frozen import frozen
from app.core.statements.types import Span
from app.core.verdicts import SEVERITIES

ALLOWS_MORE, FLAGS_MORE = "policy-allows-more", "policy-flags-more"

POLICY_RULES = (
    Rule(
        ALLOWS_MORE,
        "The new policies allow what the base flags",
        "A change of policies/ takes exposures out of sight that are open on the snapshot: "
        "it allows them, calls them milder, or no longer knows their class.",
    ),
    Rule(
        FLAGS_MORE,
        "The new policies flag what the base allows",
        "A change of policies/ makes exposures of access that people have now. It fails "
        "nothing; the next audit will report them.",
    ),
)

#: What is read of a run's exposures.
COLUMNS = ("id", "object", "scope", "right", "severity", "classes", "kinds", "people", "verdict")

_SAMPLE = 5


@frozen(slots=False)
class Judged:
    """A snapshot judged by one set of policies.

    exposures: COLUMNS of exposures.SCHEMA. verdicts: `verdict` and `violators` of
    exposures.VERDICT_SCHEMA. subjects: bit → subject of that run's population.
    """

    exposures: pa.Table
    verdicts: pa.Table
    subjects: Mapping[int, str]

    @cached_property
    def _bitmaps(self) -> dict[int, bytes]:
        columns = (self.verdicts["verdict"].to_pylist(), self.verdicts["violators"].to_pylist())
        return dict(zip(*columns, strict=True))

    def violators(self, verdict: int | None) -> frozenset[str]:
        """The subjects whom policy does not allow what a verdict is about."""
        if verdict is None or verdict not in self._bitmaps:
            return frozenset()
        bits = BitMap.deserialize(self._bitmaps[verdict])
        return frozenset(self.subjects.get(bit, f"bit:{bit}") for bit in bits)


@frozen
class _Side:
    """One exposure as one set of policies sees it."""

    severity: str
    classes: tuple[str, ...]
    kinds: tuple[str, ...]
    people: int
    verdict: int | None


@dataclass(slots=True)
class _Group:
    """Exposures that change alike."""

    severity: str = SEVERITIES[-1]
    objects: list[str] = field(default_factory=list)
    people: set[str] = field(default_factory=set)
    why: set[str] = field(default_factory=set)


@frozen
class PolicyFile:
    """A file of the policies before and after; empty text where it was or is not there."""

    name: str
    before: str
    after: str


def policy_findings(before: Judged, after: Judged, files: tuple[PolicyFile, ...]) -> list[Finding]:
    """One finding for each rule, right and set of classes, the gravest first."""
    groups: dict[tuple[str, str, tuple[str, ...]], _Group] = defaultdict(_Group)
    known: dict[tuple[int | None, int | None], tuple[frozenset[str], frozenset[str]]] = {}
    for name, right, old, new in _pairs(before.exposures, after.exposures):
        pair = (old.verdict if old else None, new.verdict if new else None)
        if pair not in known:
            was, now = before.violators(pair[0]), after.violators(pair[1])
            known[pair] = (was - now, now - was)
        freed, flagged = known[pair]
        for rule, who, why, side in _differences(old, new, freed, flagged):
            group = groups[rule, right, side.classes]
            group.severity = min(group.severity, side.severity)
            group.objects.append(name)
            group.people |= who
            group.why.add(why)
    found = [_finding(key, group, files) for key, group in groups.items()]
    order = {name: number for number, name in enumerate((*SEVERITIES, "note"))}
    return sorted(found, key=lambda each: (order[each.severity], each.classes, each.right))


def _pairs(
    before: pa.Table, after: pa.Table
) -> Iterator[tuple[str, str, _Side | None, _Side | None]]:
    """(object, right, before, after) of every exposure that either side has, by name."""
    old, new = dict(_sides(before)), dict(_sides(after))
    for key in sorted({*old, *new}, key=lambda each: (each[1], each[2], each[0])):
        was, now = old.get(key), new.get(key)
        if was != now or was is None or was.verdict is not None:
            yield key[1], key[2], was, now


def _sides(exposures: pa.Table) -> Iterator[tuple[tuple[str, str, str], _Side]]:
    for batch in exposures.select(list(COLUMNS)).to_batches():
        for row in batch.to_pylist():
            yield (
                (row["id"], row["object"], row["right"] or ""),
                _Side(
                    row["severity"],
                    tuple(row["classes"] or ()),
                    tuple(row["kinds"] or ()),
                    row["people"] or 0,
                    row["verdict"],
                ),
            )


def _differences(
    old: _Side | None, new: _Side | None, freed: frozenset[str], flagged: frozenset[str]
) -> Iterator[tuple[str, frozenset[str], str, _Side]]:
    """(rule, whom, why, side that says it): what a pair comes to; none where it is the same."""
    if old is not None and new is None:
        yield ALLOWS_MORE, freed, "not flagged any more", old
        return
    if new is not None and old is None:
        yield FLAGS_MORE, flagged, "newly flagged", new
        return
    if old is None or new is None:
        return
    if freed:
        yield ALLOWS_MORE, freed, "flagged for fewer people", old
    if set(old.kinds) - set(new.kinds) and not freed:
        lost = ", ".join(sorted(set(old.kinds) - set(new.kinds)))
        yield ALLOWS_MORE, frozenset(), f"no longer flagged as {lost}", old
    elif new.severity > old.severity and not freed:
        yield ALLOWS_MORE, frozenset(), f"called {new.severity} in place of {old.severity}", old
    if flagged:
        yield FLAGS_MORE, flagged, "flagged for more people", new
    elif new.severity < old.severity:
        yield FLAGS_MORE, frozenset(), f"called {new.severity} in place of {old.severity}", new


def _finding(
    key: tuple[str, str, tuple[str, ...]], group: _Group, files: tuple[PolicyFile, ...]
) -> Finding:
    rule, right, classes = key
    people = sorted(who.partition(":")[2] for who in group.people if who.startswith("user:"))
    message = _message(rule, right, classes, group, len(people))
    file, span = _place(files, classes)
    return Finding(
        rule=rule,
        severity=group.severity if rule == ALLOWS_MORE else "note",
        message=message,
        file=file,
        statement=0,
        span=span,
        object=group.objects[0] if len(group.objects) == 1 else "",
        right=right,
        people=len(people),
        people_sample=tuple(people[:_SAMPLE]),
        objects=len(group.objects),
        objects_sample=tuple(group.objects[:_SAMPLE]),
        classes=classes,
        mend="Whoever answers for the data approves it, or the line is taken back"
        if rule == ALLOWS_MORE
        else "",
    )


def _message(rule: str, right: str, classes: tuple[str, ...], group: _Group, people: int) -> str:
    objects = f"{len(group.objects):,} object{'' if len(group.objects) == 1 else 's'}"
    what = f"{right or 'access'} on {objects}" + (f" of {', '.join(classes)}" if classes else "")
    whom = f"{people:,} user{'' if people == 1 else 's'}"
    if len(group.people) > people:
        others = len(group.people) - people
        whom += f" and {others:,} name{'' if others == 1 else 's'} nobody knows"
    base = f"; the base calls it {group.severity}" if rule == ALLOWS_MORE else ""
    if not group.people:
        return f"By the new policies {what} is {' or '.join(sorted(group.why))}{base}"
    if rule == ALLOWS_MORE:
        return f"The new policies no longer flag {whom} for {what}{base}"
    return f"The new policies flag {whom} for {what}, as {group.severity}"


def _place(files: tuple[PolicyFile, ...], classes: tuple[str, ...]) -> tuple[str, Span]:
    """The first changed line that names one of the classes, else the first changed line."""
    first: tuple[str, Span] | None = None
    for file in files:
        lines = file.after.split("\n")
        for number in changed_lines(file.before, file.after):
            text = lines[number - 1].rstrip("\r")
            place = (file.name, Span(number, 1, number, max(len(text), 1) + 1))
            if any(name in text for name in classes):
                return place
            first = first or place
    return first or (files[0].name if files else "policies", Span(1, 1, 1, 2))


def changed_lines(before: str, after: str) -> list[int]:
    """Lines of the text after (from 1) that are new, changed, or follow what was removed."""
    old, new = before.splitlines(), after.splitlines()
    found: list[int] = []
    for tag, _, _, start, end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        found += range(start + 1, end + 1) if end > start else [min(start + 1, max(len(new), 1))]
    return sorted(set(found))
