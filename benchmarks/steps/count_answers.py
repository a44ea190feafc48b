"""Counts every answer of lake L, and draws a sample: count_answers CONFIG SAMPLE REQUESTS.

An answer is an active person, a table and a judged right that the person really has on
it. They are counted exactly, by access signature, and some tables are counted again by
the mode itself. The sample, drawn from all answers alike, is written for pycasbin to
decide: the model, the lines, the memberships above the people drawn, and the requests
with what the compiled judge says of them.
"""

import json
import random
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from pyroaring import FrozenBitMap

from app import wiring
from app.core.lake_view import LakeView, class_names
from app.core.rights.grant_rows import GrantRow, TableGrants
from app.core.verdicts import Policies
from app.policy.enforcing import in_casbin_order, model_of
from app.settings import load_settings
from benchmarks.stored_lakes import LAKE

_CHECKED = 300
_SEED = 2026

_SIGNATURES = """
CREATE TEMP TABLE signatures AS
SELECT object, sum(hash(rule)) AS low, sum(hash(rule, 1)) AS high
FROM grants WHERE level = 2 AND NOT repeated GROUP BY object
"""
_GROUPS = """
CREATE TEMP TABLE signature_groups AS
SELECT low, high, min(object) AS first, arg_min(object, hash(object)) AS drawn,
       count(*) AS tables
FROM signatures GROUP BY low, high
"""
_RULES = """
SELECT g.first, any_value(g.drawn) AS drawn, any_value(g.tables) AS tables,
       list(DISTINCT r.rule) AS rules
FROM signature_groups g JOIN grants r ON r.object = g.first
WHERE r.level = 2 GROUP BY g.first ORDER BY g.first
"""


class Signatures:
    """Who has each judged right by a set of rules, as the lake's mode decides.

    An owner or the parts of a table give none of the judged rights in the modes that
    lake L is measured in; `_check` would find it.
    """

    def __init__(self, view: LakeView, rights: Sequence[str]) -> None:
        self._view = view
        self._rights = rights
        self._people = view.reach.population.active_people
        rules = view.snapshot.mapped("rules").to_pylist()
        self._rows = [_row(number, rule) for number, rule in enumerate(rules)]

    def reaches(self, rules: Sequence[int]) -> Iterator[FrozenBitMap]:
        """The active people who have each right by some rules, in the order of the rights."""
        table = TableGrants(
            grants=tuple(self._rows[rule] for rule in rules),
            columns=(),
            owner=None,
            owner_type=None,
            database_owner=None,
            database_owner_type=None,
        )
        for right in self._rights:
            yield self._view.mode.on_table(right, table, self._view.reach).possible & self._people


def _row(number: int, rule: dict[str, Any]) -> GrantRow:
    return GrantRow(
        row=0,
        level="table",
        column=None,
        partition=None,
        rule=number,
        principal_type=rule["principal_type"] or "",
        principal=rule["principal"] or "",
        privilege=rule["privilege"] or "",
        grant_option=rule["grant_option"],
        authorizer=rule["authorizer"],
    )


def main() -> None:
    """Count, check, draw, write."""
    config, sample, requests = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    settings = load_settings(config, {})
    lake = settings.lake(LAKE)
    policies = wiring.load_policies(lake)
    snapshot = wiring.newest_snapshot(lake, settings.data)
    view = wiring.lake_view(lake, snapshot, policies, settings.data)
    rights = policies.severity.judged_rights
    signatures = Signatures(view, rights)
    groups = _groups(view)
    sizes = [
        len(reached) * group["tables"]
        for group in groups
        for reached in signatures.reaches(group["rules"])
    ]
    _check(view, signatures, rights, groups)
    drawn = _draw(signatures, rights, groups, sizes, requests)
    written = _sample(view, policies, drawn)
    sample.write_text(json.dumps(written), encoding="utf-8")
    by_right = {right: sum(sizes[place :: len(rights)]) for place, right in enumerate(rights)}
    said = {
        "answers": sum(sizes),
        "by_right": by_right,
        "signatures": len(groups),
        "people_drawn": len({bit for bit, _, _ in drawn}),
        "requests": len(written["requests"]),
        "memberships": len(written["memberships"]),
    }
    print(json.dumps(said))


def _groups(view: LakeView) -> list[dict[str, Any]]:
    engine = wiring.new_engine()
    try:
        engine.open_snapshot(view.snapshot)
        engine.run(_SIGNATURES)
        engine.run(_GROUPS)
        found: list[dict[str, Any]] = engine.query(_RULES).to_pylist()
        return found
    finally:
        engine.close()


def _check(
    view: LakeView, signatures: Signatures, rights: Sequence[str], groups: list[dict[str, Any]]
) -> None:
    """Some signatures again, table by table, as questions are answered."""
    people = view.reach.population.active_people
    for group in random.Random(_SEED).sample(groups, min(_CHECKED, len(groups))):
        table = view.lookup.table_grants(group["drawn"], view.mode.inherited_levels)
        for right, reached in zip(rights, signatures.reaches(group["rules"]), strict=True):
            exact = view.mode.on_table(right, table, view.reach).possible & people
            if exact != reached:
                raise AssertionError(f"table {group['drawn']}: {right} was counted wrong")


def _draw(
    signatures: Signatures,
    rights: Sequence[str],
    groups: list[dict[str, Any]],
    sizes: list[int],
    requests: int,
) -> list[tuple[int, int, str]]:
    """Bits, tables and rights, each answer as likely as any other."""
    until = list(accumulate(sizes))
    chance = random.Random(_SEED)
    drawn = []
    for _ in range(requests):
        place = bisect_right(until, chance.randrange(until[-1]))
        group, right = groups[place // len(rights)], place % len(rights)
        reached = list(signatures.reaches(group["rules"]))[right]
        drawn.append((reached[chance.randrange(len(reached))], group["drawn"], rights[right]))
    return drawn


def _sample(
    view: LakeView, policies: Policies, drawn: list[tuple[int, int, str]]
) -> dict[str, Any]:
    model = model_of(policies)
    classes = view.classes_of(tuple(sorted({table for _, table, _ in drawn})))
    population = view.reach.population
    requests: list[tuple[str, str, str, bool]] = [
        (population.subject(bit), name, right, bit in view.judge.permitted(name, right))
        for bit, table, right in drawn
        for name in class_names(classes.get(table, ()))
    ]
    edges = wiring.SubjectEdges(view.memberships)
    memberships = sorted(set(_above(edges, {request[0] for request in requests})))
    memberships += [(row[0], row[1]) for row in policies.hand_groupings.get("g", ())]
    return {
        "model": policies.model_text,
        "lines": [list(line.values) for line in in_casbin_order(model, policies.lines, tuple)],
        "memberships": memberships,
        "requests": requests,
    }


def _above(edges: wiring.SubjectEdges, subjects: set[str]) -> Iterator[tuple[str, str]]:
    """Every membership on the way up from some subjects; each is in `everyone`."""
    seen, waiting = set(subjects), sorted(subjects)
    for subject in waiting:
        yield subject, "everyone"
    while waiting:
        member = waiting.pop()
        for parent in edges.get(member, ()):
            yield member, parent
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)


if __name__ == "__main__":
    main()
