"""A lake opened for plans: decides any table as it is, and as a change would leave it."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from functools import cached_property

import pyarrow as pa
import pyarrow.compute as pc
from pyroaring import BitMap, FrozenBitMap

from app.core.classes import Classification
from app.core.exposures import Verdict
from app.core.facts import GRANT_LEVELS
from app.core.judging import TableClasses, TableJudge
from app.core.lake_view import LakeView
from app.core.memberships import Subject
from app.core.plans.actors import Actors
from app.core.plans.change import ChangedMemberships, LakeChange, granted_rows
from app.core.plans.signatures import Signatures
from app.core.reach import PopulationReach, build_reach
from app.core.rights.grant_rows import TableGrants
from app.core.rights.mode import groups_seen
from app.core.verdicts import Judge, SeverityTable

EMPTY = FrozenBitMap()


class World:
    """The people, the policies and the judge under one set of memberships."""

    def __init__(
        self,
        view: LakeView,
        reach: PopulationReach,
        judge: Judge,
        classification: Classification,
        severity: SeverityTable,
    ) -> None:
        self.reach = reach
        self.judge = judge
        self.tables = TableJudge(view.mode, reach, judge, classification, severity)


class Decided:
    """What is said of one table: who reaches it, and its verdicts, by right."""

    def __init__(
        self, reached: Mapping[str, FrozenBitMap], verdicts: Mapping[str, Verdict], classed: bool
    ) -> None:
        self.reached = reached
        self.verdicts = verdicts
        self._classed = classed

    def wrong(self, right: str) -> FrozenBitMap:
        """Who has the right and should not; nobody where it is no exposure."""
        verdict = self.verdicts.get(right)
        return EMPTY if verdict is None else FrozenBitMap.deserialize(verdict.violators)

    def rightly(self, right: str) -> FrozenBitMap:
        """Who has the right and nothing is said against it."""
        return self.reached[right] - self.wrong(right)


class PlanDesk:
    """Everything that plans for one lake share."""

    def __init__(
        self, view: LakeView, classification: Classification, severity: SeverityTable
    ) -> None:
        self.view = view
        self.classification = classification
        self.severity = severity
        self.rights = severity.judged_rights
        self._worlds: dict[object, World] = {}
        self._known: dict[object, Decided] = {}
        self._classes: dict[int, TableClasses] = {}
        self._held: dict[Subject, list[int]] = {}
        self._signatures = Signatures(view, self.rights)

    @cached_property
    def now(self) -> World:
        """The lake as it is."""
        return World(
            self.view, self.view.reach, self.view.judge, self.classification, self.severity
        )

    @cached_property
    def actors(self) -> Actors:
        """Who can run statements."""
        return Actors(self.view)

    def world(self, change: LakeChange) -> World:
        """The lake's people under a change."""
        if not change.cut and not change.joined:
            return self.now
        if change.memberships not in self._worlds:
            if len(self._worlds) > 64:
                self._worlds.clear()
            view = self.view
            reach = build_reach(
                ChangedMemberships(view.snapshot, *change.memberships),
                engine_groups=groups_seen(view.mode, view.engine_groups),
                everyone_at=view.everyone_at,
            )
            self._worlds[change.memberships] = World(
                view, reach, view.compile_judge(reach), self.classification, self.severity
            )
        return self._worlds[change.memberships]

    def know_classes(self, classes: Mapping[int, TableClasses]) -> None:
        """Take the classes of some tables as they were found before."""
        self._classes.update(classes)

    def classify(self, tables: Iterable[int]) -> None:
        """Make the classes of some tables known, all at once."""
        wanted = tuple(sorted({table for table in tables if table not in self._classes}))
        if not wanted:
            return
        for table, found in self.view.classes_of(wanted).items():
            whole = {each.data_class for each in found if not each.column}
            by_column: dict[str, set[str]] = {}
            for each in found:
                if each.column and self.view.mode.has_parts:
                    by_column.setdefault(each.column, set()).add(each.data_class)
                elif each.column:
                    whole.add(each.data_class)
            self._classes[table] = TableClasses(
                frozenset(whole), {name: frozenset(held) for name, held in by_column.items()}
            )

    def classes(self, table: int) -> TableClasses:
        """The classes of a table."""
        self.classify((table,))
        return self._classes[table]

    def grants(self, table: int, *, evidence: bool = False) -> TableGrants:
        """What decides a table; with evidence also its rows' grantors and times."""
        mode = self.view.mode
        return self.view.lookup.table_grants(
            table, mode.inherited_levels, parts=mode.has_parts, evidence=evidence
        )

    def decided(self, table: int) -> Decided:
        """A table as it is."""
        return self._decided(table, self.grants(table), self.now)

    def changed(self, table: int, change: LakeChange) -> Decided:
        """A table as a change would leave it."""
        return self._decided(
            table, changed_grants(table, self.grants(table), change), self.world(change)
        )

    def _decided(self, table: int, grants: TableGrants, world: World) -> Decided:
        classes = self.classes(table)
        key = (
            id(world),
            classes.whole,
            tuple(sorted(classes.by_column.items())),
            replace(grants, grants=()),
            frozenset(
                (each.level, each.column, each.partition, each.rule, each.grant_option)
                if each.rule >= 0
                else (each.principal_type, each.principal, each.privilege)
                for each in grants.grants
            ),
        )
        found = self._known.get(key)
        if found is None:
            judge = world.tables
            who = {right: judge.reached(right, grants, classes) for right in self.rights}
            made = judge.decide(grants, classes, self.rights, who)
            verdicts = {each.right: each for each in made}
            reached = {right: each.possible for right, each in who.items()}
            found = self._known[key] = Decided(reached, verdicts, bool(classes.all))
        return found

    def groups(
        self, tables: Iterable[int], scope: Mapping[int, frozenset[str]], change: LakeChange
    ) -> list[tuple[int, ...]]:
        """Tables that are decided alike, now and under a change (plans.signatures)."""
        wanted = set(tables)
        self.classify(wanted)
        return self._signatures.groups(wanted, self._classes, scope, change)

    def rows_of(self, subject: Subject) -> list[int]:
        """Every recorded grant to a principal, at any level."""
        if subject not in self._held:
            population = self.view.reach.population
            suspects = population.inactive | population.unknown
            wanted = {("USER", population.users[bit - 1]) for bit in suspects}
            wanted |= {("GROUP", name) for name in population.opaque} | {subject}
            self._held.update(self._rows_of_all(wanted))
        return self._held[subject]

    def _rows_of_all(self, subjects: set[Subject]) -> dict[Subject, list[int]]:
        """The grants of many principals, in one pass over all grants."""
        rules = self.view.snapshot.mapped("rules")
        kinds, names = rules["principal_type"].to_pylist(), rules["principal"].to_pylist()
        of_rule = {
            number: subject
            for number, subject in enumerate(zip(kinds, names, strict=True))
            if subject in subjects
        }
        found: dict[Subject, list[int]] = {subject: [] for subject in subjects}
        column = self.view.snapshot.mapped("grants")["rule"]
        mask = pc.is_in(column, value_set=pa.array(sorted(of_rule), pa.int32()))
        rows = pc.indices_nonzero(mask)
        picked = column.take(rows)
        for row, rule in zip(rows.to_pylist(), picked.to_pylist(), strict=True):
            found[of_rule[rule]].append(row)
        return found

    def tables_of_roles(self, roles: Collection[str]) -> set[int]:
        """Tables with a grant, at any level that reaches them, to one of some roles."""
        snapshot = self.view.snapshot
        rules = snapshot.mapped("rules")
        named = pc.is_in(rules["principal"], value_set=pa.array(sorted(roles), pa.string()))
        theirs = pc.and_(named, pc.equal(rules["principal_type"], "ROLE"))
        picked = pc.indices_nonzero(pc.fill_null(theirs, False)).to_pylist()
        if not picked:
            return set()
        grants = snapshot.mapped("grants")
        mask = pc.is_in(grants["rule"], value_set=pa.array(picked, pa.int32()))
        rows = grants.select(["level", "object"]).filter(mask)
        pairs = set(zip(rows["level"].to_pylist(), rows["object"].to_pylist(), strict=True))
        return self.tables_under(pairs)

    def tables_under(self, places: Iterable[tuple[int, int | None]]) -> set[int]:
        """The tables that grants at some (level, object) reach."""
        found: set[int] = set()
        databases: set[int] = set()
        mode = self.view.mode
        for level, place in places:
            name = GRANT_LEVELS[level]
            if name == "global" and "global" in mode.inherited_levels:
                return set(range(self.view.snapshot.mapped("tables").num_rows))
            if name == "database" and place is not None and "database" in mode.inherited_levels:
                databases.add(place)
            elif place is not None and name in (
                "table",
                *(("column", "partition", "partition_column") if mode.has_parts else ()),
            ):
                found.add(place)
        if databases:
            column = self.view.snapshot.mapped("tables")["database"]
            inside = pc.is_in(column, value_set=pa.array(sorted(databases), pa.int32()))
            found.update(pc.indices_nonzero(inside.combine_chunks()).to_pylist())
        return found


def changed_grants(table: int, grants: TableGrants, change: LakeChange) -> TableGrants:
    """What would decide a table."""
    kept = [
        replace(each, grant_option=False, rule=each.rule) if each.row in change.optionless else each
        for each in grants.grants
        if each.row not in change.rows
    ]
    owner = change.owners.get(table)
    changed = replace(grants, grants=(*kept, *granted_rows(change, table)))
    return changed if owner is None else replace(changed, owner=owner, owner_type="USER")


def counted(bits: BitMap | FrozenBitMap, among: FrozenBitMap) -> int:
    """How many of a set are among another."""
    return bits.intersection_cardinality(among)
