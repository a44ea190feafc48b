"""What a change would do to an incident, found by judging the lake as it would be."""

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core.causes import attribution as said
from app.core.exposures import Verdict
from app.core.incidents import FoundIncident, Simulation
from app.core.memberships import Subject
from app.core.plans.change import LakeChange
from app.core.plans.desk import PlanDesk, World, counted
from app.core.reach import BROKEN

#: At most so many lost accesses are named.
NAMED_LOSSES = 20


@dataclass(frozen=True)
class Scope:
    """The exposures of an incident: of tables (ordinal → rights), and how many others.

    holders: principals that should hold nothing. lake: whether one is the lake's own.
    """

    tables: Mapping[int, frozenset[str]]
    holders: tuple[str, ...] = ()
    lake: bool = False

    @property
    def exposures(self) -> int:
        """How many there are."""
        count = sum(len(rights) for rights in self.tables.values())
        return count + len(self.holders) + self.lake


def simulate(
    desk: PlanDesk, incident: FoundIncident, scope: Scope, change: LakeChange
) -> Simulation:
    """Judge the lake under a change.

    An exposure of the incident is closed when nothing of it is left, by whatever path.
    `closes_all` says that the cause itself is gone: what is left is left by the incidents
    named in `also_through`.
    """
    world = desk.world(change)
    groups = _groups(desk, scope, change, world)
    left, tables_closed, opened, caused = 0, 0, 0, False
    before, after = BitMap(), BitMap()
    for group in groups:
        was, becomes = desk.decided(group[0]), desk.changed(group[0], change)
        opened += len(group) * len(becomes.verdicts.keys() - was.verdicts.keys())
        rights = scope.tables.get(group[0])
        if rights is None:
            continue
        open_still = [right for right in rights if right in becomes.verdicts]
        left += len(group) * len(open_still)
        tables_closed += 0 if open_still else len(group)
        for right in rights:
            before |= was.wrong(right)
            after |= becomes.wrong(right)
            verdict = becomes.verdicts.get(right)
            caused = caused or (
                verdict is not None and _still_caused(incident, verdict, change, world)
            )
    others_left = _others_left(desk, scope, incident, change, world)
    lost, sample = _lost(desk, groups, change)
    people = desk.view.reach.population.active_people
    exposures_left = left + others_left
    return Simulation(
        closes_all=not exposures_left or (not caused and not others_left),
        exposures_closed=scope.exposures - exposures_left,
        exposures_left=exposures_left,
        tables_closed=tables_closed,
        people_closed=counted(before - after, people),
        allowed_lost=lost,
        allowed_lost_sample=sample,
        opened=opened,
    )


def _groups(
    desk: PlanDesk, scope: Scope, change: LakeChange, world: World
) -> list[tuple[int, ...]]:
    touched = _touched(desk, change, world) | scope.tables.keys()
    return desk.groups(touched, scope.tables, change)


def _still_caused(
    incident: FoundIncident, verdict: Verdict, change: LakeChange, world: World
) -> bool:
    """Whether what is left of an exposure still comes by the incident's own cause."""
    cause = incident.cause
    if cause.kind in (said.GRANTS, said.PRINCIPAL):
        return cause.subject in verdict.openings
    if cause.kind != said.MEMBERSHIP:
        return True
    edge = said.edge_of(cause)
    if edge in change.cut:
        return False  # a membership that is gone carries nobody
    carried = world.reach.before_roles(*edge[0]).possible
    wrong = FrozenBitMap.deserialize(verdict.violators) or FrozenBitMap.deserialize(verdict.reach)
    return bool(carried & wrong)


def _touched(desk: PlanDesk, change: LakeChange, world: World) -> set[int]:
    """The tables that a change may make another answer for."""
    found = {grant.table for grant in change.granted} | set(change.owners)
    rows = sorted(change.rows | change.optionless)
    if rows:
        grants = desk.view.snapshot.mapped("grants").select(["level", "object"])
        taken = grants.take(pa.array(rows, pa.int64()))
        found |= desk.tables_under(
            set(zip(taken["level"].to_pylist(), taken["object"].to_pylist(), strict=True))
        )
    if world is desk.now:
        return found
    old, new = desk.now.reach, world.reach
    if old.broken != new.broken or _policy_moved(desk, world):
        return set(range(desk.view.snapshot.mapped("tables").num_rows))
    roles = {
        name
        for name in old.population.roles.keys() | new.population.roles.keys()
        if old.principal("ROLE", name) != new.principal("ROLE", name)
    }
    return found | desk.tables_of_roles(roles)


def _policy_moved(desk: PlanDesk, world: World) -> bool:
    """Whether policies that speak of roles allow other people under the change."""
    names = [*(each.name for each in desk.classification.classes), "unclassified"]
    return any(
        desk.now.judge.permitted(name, right) != world.judge.permitted(name, right)
        for name in names
        for right in desk.rights
    )


def _others_left(
    desk: PlanDesk, scope: Scope, incident: FoundIncident, change: LakeChange, world: World
) -> int:
    left = sum(_holds(desk, holder, change) for holder in scope.holders)
    if scope.lake:
        left += _lake_left(desk, incident, world)
    return left


def _lake_left(desk: PlanDesk, incident: FoundIncident, world: World) -> bool:
    who = desk.view.mode.can_make_themselves(world.reach).possible
    if not desk.view.mode.inherited_levels:
        return True
    return any(who - world.tables.permitted((name,), "select") for name in incident.classes)


def _holds(desk: PlanDesk, holder: str, change: LakeChange) -> bool:
    """Whether a principal still holds a grant or a membership."""
    subject = said.subject_named(holder)
    if any(row not in change.rows for row in rows_of(desk, subject)):
        return True
    edges = edges_from(desk, subject)
    return any(edge not in change.cut for edge in edges)


def rows_of(desk: PlanDesk, subject: Subject) -> list[int]:
    """Every recorded grant to a principal, at any level."""
    return desk.rows_of(subject)


def edges_from(desk: PlanDesk, subject: Subject) -> set[tuple[Subject, Subject]]:
    """The recorded memberships of a principal in roles."""
    lookup = desk.view.lookup
    rows = lookup.rows("role_members")
    row = rows.first(("member_type", "member"), subject)
    found = set()
    while row < rows.count and rows.key(("member_type", "member"), row) == (
        subject[0].encode(),
        subject[1].encode(),
    ):
        role, option = rows.value("role", row), rows.value("admin_option", row)
        found.add((subject, ("ROLE", BROKEN if role is None or option is None else role)))
        row += 1
    return found


@dataclass(frozen=True, slots=True)
class Loss:
    """Who loses a right, on each of some tables, that nothing is said against."""

    tables: tuple[int, ...]
    right: str
    people: FrozenBitMap


def losses(desk: PlanDesk, scope: Scope, change: LakeChange) -> list[Loss]:
    """Everything that a change takes and should not; leavers are not counted."""
    return _losses(desk, _groups(desk, scope, change, desk.world(change)), change)


def _losses(desk: PlanDesk, groups: list[tuple[int, ...]], change: LakeChange) -> list[Loss]:
    population = desk.view.reach.population
    counting = FrozenBitMap(range(1, 1 + len(population.users))) - population.inactive
    found = []
    for group in groups:
        was, becomes = desk.decided(group[0]), desk.changed(group[0], change)
        for right in desk.rights:
            gone = (was.rightly(right) - becomes.reached[right]) & counting
            if gone:
                found.append(Loss(group, right, gone))
    return found


def _lost(
    desk: PlanDesk, groups: list[tuple[int, ...]], change: LakeChange
) -> tuple[int, tuple[tuple[str, str, str], ...]]:
    """(person, table) accesses taken that nothing is said against, and some of them by name."""
    population = desk.view.reach.population
    by_group: dict[tuple[int, ...], BitMap] = {}
    sample = list[tuple[str, str, str]]()
    for loss in _losses(desk, groups, change):
        by_group.setdefault(loss.tables, BitMap()).update(loss.people)
        for bit in loss.people:
            if len(sample) >= NAMED_LOSSES:
                break
            name = str(desk.view.lookup.table_name(loss.tables[0]))
            sample.append((population.subject(bit), loss.right, name))
    return sum(len(group) * len(bits) for group, bits in by_group.items()), tuple(sample)
