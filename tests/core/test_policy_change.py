"""Two sets of policies over one snapshot: what is no longer flagged, and what newly is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from app.core.policy_change import (
    ALLOWS_MORE,
    COLUMNS,
    FLAGS_MORE,
    Judged,
    PolicyFile,
    changed_lines,
    policy_findings,
)


@dataclass(frozen=True)
class Exposed:
    """An exposure by hand."""

    object: str = "hr.salaries"
    who: tuple[str, ...] = ("ann", "bob")
    severity: str = "SEV2"
    kinds: tuple[str, ...] = ("not-allowed",)
    classes: tuple[str, ...] = ("payroll",)
    right: str = "select"


def judged(exposed: Sequence[Exposed], first_bit: int = 1) -> Judged:
    """A run that found these; its people are numbered from a bit of its own."""
    names = sorted({name for each in exposed for name in each.who})
    bits = {name: first_bit + number for number, name in enumerate(names)}
    rows: list[dict[str, Any]] = [
        {
            "id": f"{each.object} {each.right}",
            "object": each.object,
            "scope": "table",
            "right": each.right,
            "severity": each.severity,
            "classes": list(each.classes),
            "kinds": list(each.kinds),
            "people": len(each.who),
            "verdict": number,
        }
        for number, each in enumerate(exposed)
    ]
    verdicts = [BitMap(bits[name] for name in each.who).serialize() for each in exposed]
    columns = {name: [row[name] for row in rows] for name in COLUMNS}
    return Judged(
        pa.table(columns),
        pa.table({"verdict": list(range(len(exposed))), "violators": verdicts}),
        {bit: f"user:{name}" for name, bit in bits.items()},
    )


FILES = (PolicyFile("policies/policy.csv", "a\nb\n", "a\np, everyone, payroll\nb\n"),)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (Exposed(), Exposed(), []),
        (Exposed(), None, [(ALLOWS_MORE, "SEV2", 2, "no longer flag 2 users")]),
        (None, Exposed(), [(FLAGS_MORE, "note", 2, "flag 2 users")]),
        (Exposed(), Exposed(who=("bob",)), [(ALLOWS_MORE, "SEV2", 1, "no longer flag 1 user ")]),
        (Exposed(), Exposed(who=("ann", "bob", "eve")), [(FLAGS_MORE, "note", 1, "flag 1 user ")]),
        (
            Exposed(),
            Exposed(who=("ann", "eve")),
            [(ALLOWS_MORE, "SEV2", 1, "no longer"), (FLAGS_MORE, "note", 1, "flag 1 user ")],
        ),
        (
            Exposed(),
            Exposed(severity="SEV4"),
            [(ALLOWS_MORE, "SEV2", 0, "is called SEV4 in place of SEV2")],
        ),
        (Exposed(), Exposed(severity="SEV0"), [(FLAGS_MORE, "note", 0, "SEV0 in place of SEV2")]),
        (
            Exposed(kinds=("not-allowed", "over-head-count")),
            Exposed(),
            [(ALLOWS_MORE, "SEV2", 0, "no longer flagged as over-head-count")],
        ),
    ],
)
def test_one_exposure(
    before: Exposed | None, after: Exposed | None, expected: list[tuple[str, str, int, str]]
) -> None:
    found = policy_findings(
        judged([before] if before else []), judged([after] if after else [], 40), FILES
    )
    assert [(each.rule, each.severity, each.people) for each in found] == [
        each[:3] for each in expected
    ]
    for one, (_, _, _, words) in zip(found, expected, strict=True):
        assert words in one.message
        assert (one.file, one.span.line) == ("policies/policy.csv", 2)


def test_exposures_that_change_alike_are_one_finding() -> None:
    many = [Exposed(object=f"hr.t{number:04d}") for number in range(1_000)]
    graver = Exposed(object="hr.u", severity="SEV0")
    (one,) = policy_findings(judged([*many, graver]), judged([]), FILES)
    assert (one.objects, one.people, one.severity, one.object) == (1_001, 2, "SEV0", "")
    assert one.objects_sample[0] == "hr.t0000"


_PEOPLE = st.sets(st.sampled_from("abcd"), min_size=1).map(lambda who: tuple(sorted(who)))
_SIDES = st.dictionaries(st.sampled_from(["hr.a", "hr.b", "hr.c"]), _PEOPLE)


@given(_SIDES, _SIDES)
def test_nobody_is_freed_or_flagged_unseen(
    before: dict[str, tuple[str, ...]], after: dict[str, tuple[str, ...]]
) -> None:
    old = judged([Exposed(object=name, who=who) for name, who in before.items()])
    new = judged([Exposed(object=name, who=who) for name, who in after.items()], 9)
    found = {each.rule: each for each in policy_findings(old, new, FILES)}
    freed = {w for name, who in before.items() for w in who if w not in after.get(name, ())}
    flagged = {w for name, who in after.items() for w in who if w not in before.get(name, ())}
    assert (ALLOWS_MORE in found) == bool(freed)
    assert (FLAGS_MORE in found) == bool(flagged)
    for rule, people in ((ALLOWS_MORE, freed), (FLAGS_MORE, flagged)):
        if rule in found:
            assert found[rule].people_sample == tuple(sorted(people))


@pytest.mark.parametrize(
    ("before", "after", "lines"),
    [
        ("a\nb\nc\n", "a\nx\nc\n", [2]),
        ("a\nc\n", "a\nb\nc\n", [2]),
        ("a\nb\nc\n", "a\nc\n", [2]),
        ("a\nb\n", "a\n", [1]),
        ("a\n", "", [1]),
        ("", "a\nb\n", [1, 2]),
        ("a\n", "a\n", []),
    ],
)
def test_changed_lines(before: str, after: str, lines: list[int]) -> None:
    assert changed_lines(before, after) == lines
