"""Deciding one table, exactly: who can, who may, and what that makes.

A group of tables with one access signature and one set of classes is decided once, on a
representative. Class assigned to a column is judged on who reads that column; a class of
the whole table on who reads any part of it.
"""

from collections.abc import Container, Mapping, Sequence

from pyroaring import BitMap, FrozenBitMap

from app.core.classes import UNCLASSIFIED, Classification
from app.core.exposures import (
    CAN_DELEGATE,
    EVERYONE,
    NOT_ALLOWED,
    OVER_HEAD_COUNT,
    UNCLASSIFIED_OPEN,
    Verdict,
)
from app.core.frozen import frozen
from app.core.population import HeadCount
from app.core.reach import PopulationReach, PrincipalSet
from app.core.rights.grant_rows import GrantRow, TableGrants
from app.core.rights.mode import AuthorizationMode, union
from app.core.verdicts import Judge, SeverityTable


@frozen
class TableClasses:
    """The classes of one table: of the whole of it, and of single columns (folded)."""

    whole: frozenset[str]
    by_column: Mapping[str, frozenset[str]]

    @property
    def all(self) -> tuple[str, ...]:
        """Every class the table carries, sorted."""
        found = set(self.whole)
        for classes in self.by_column.values():
            found |= classes
        return tuple(sorted(found))


class TableJudge:
    """Decides tables of one lake under one mode and one set of policies."""

    def __init__(
        self,
        mode: AuthorizationMode,
        reach: PopulationReach,
        judge: Judge,
        classification: Classification,
        severity: SeverityTable,
    ) -> None:
        self._mode = mode
        self._reach = reach
        self._judge = judge
        self._severity = severity
        self._contracts = {each.name: each.max_people for each in classification.classes}
        self._tiers = {each.name: each.tier for each in classification.classes}
        self._permitted: dict[tuple[tuple[str, ...], str], FrozenBitMap] = {}
        self._lines: dict[tuple[tuple[str, ...], str], tuple[str, ...]] = {}

    def permitted(self, classes: tuple[str, ...], right: str) -> FrozenBitMap:
        """Whom policy allows the right on all of the classes; on `unclassified` for none."""
        key = (classes, right)
        if key not in self._permitted:
            allowed: FrozenBitMap | None = None
            for name in classes or (UNCLASSIFIED,):
                one = self._judge.permitted(name, right)
                allowed = one if allowed is None else allowed & one
            self._permitted[key] = allowed or FrozenBitMap()
        return self._permitted[key]

    def contract(self, classes: Sequence[str]) -> int | None:
        """The smallest head count that one of the classes allows."""
        bounds = [self._contracts.get(name) for name in classes]
        return min((bound for bound in bounds if bound is not None), default=None)

    def reached(self, right: str, table: TableGrants, classes: TableClasses) -> PrincipalSet:
        """Who reaches data of the table's classes with a right."""
        if not self._mode.has_parts or right == "delegate":
            return self._mode.on_table(right, table, self._reach)
        columns = table.columns if classes.whole or not classes.all else classes.by_column
        whole = self._mode.on_table(right, table, self._reach)
        parts = [self._mode.on_column(right, table, name, self._reach) for name in columns]
        return union([whole, *parts])

    def class_reached(self, table: TableGrants, classes: TableClasses, name: str) -> PrincipalSet:
        """Who can read data of one class on a table."""
        if name in classes.whole:
            only = TableClasses(frozenset((name,)), {})
        else:
            held = {column: found for column, found in classes.by_column.items() if name in found}
            only = TableClasses(frozenset(), held)
        return self.reached("select", table, only)

    def decide(
        self,
        table: TableGrants,
        classes: TableClasses,
        rights: Container[str],
        reached: Mapping[str, PrincipalSet] | None = None,
    ) -> list[Verdict]:
        """The verdicts of a table, one for each of the rights that makes an exposure.

        reached: what `reached` said of each of the rights, where somebody has asked already.
        """
        judged = [right for right in self._severity.judged_rights if right in rights]
        found = [
            self._decide(
                right,
                table,
                classes,
                self.reached(right, table, classes) if reached is None else reached[right],
            )
            for right in judged
        ]
        return [verdict for verdict in found if verdict is not None]

    def is_exposed(self, right: str, classes: tuple[str, ...], reached: FrozenBitMap) -> bool:
        """Whether these people's right on a table of these classes would be an exposure.

        For modes without rights on parts: there a class is as open as its table.
        """
        violators = reached - self.permitted(classes, right)
        contract = self.contract(classes) if right == "select" else None
        if not violators and contract is None:
            return False
        count = self._reach.population.head_count(reached)
        over = contract is not None and (count.people > contract or count.everyone)
        width, tier = self._width(count, violators, over), self._worst_tier(classes)
        kinds = self._kinds(right, classes, count, violators, over)
        return bool(kinds) and self._severity.severity(tier, width, right) is not None

    def _decide(
        self, right: str, table: TableGrants, classes: TableClasses, reached: PrincipalSet
    ) -> Verdict | None:
        count = self._reach.population.head_count(reached.possible)
        names = classes.all
        if not names and not count.everyone:
            return None  # what nobody classified is flagged where everyone has it
        violators = self._violators(right, table, classes, reached.possible)
        contract = self.contract(names) if right == "select" else None
        over = contract is not None and (count.people > contract or count.everyone)
        kinds = self._kinds(right, names, count, violators, over)
        if not kinds:
            return None
        tier = self._worst_tier(names)
        severity = self._severity.severity(tier, self._width(count, violators, over), right)
        if severity is None:
            return None
        return self._verdict(
            right, kinds, severity, tier, names, count, reached, violators, contract, table
        )

    def _violators(
        self, right: str, table: TableGrants, classes: TableClasses, reached: FrozenBitMap
    ) -> FrozenBitMap:
        """Who reaches a class and is not permitted it, each class on its own columns."""
        if not self._mode.has_parts or not classes.by_column:
            return reached - self.permitted(classes.all, right)
        found = BitMap()
        for name in classes.all:
            one = self.class_reached(table, classes, name) if right == "select" else None
            who = reached if one is None else one.possible
            found |= who - self.permitted((name,), right)
        return FrozenBitMap(found)

    def _kinds(
        self,
        right: str,
        classes: tuple[str, ...],
        count: HeadCount,
        violators: FrozenBitMap,
        over: bool,
    ) -> tuple[str, ...]:
        if not classes:
            return (UNCLASSIFIED_OPEN,) if count.everyone and violators else ()
        kinds: list[str] = []
        if violators and right == "delegate":
            kinds.append(CAN_DELEGATE)
        if violators and count.everyone:
            kinds.insert(0, EVERYONE)
        elif violators and right != "delegate":
            kinds.append(NOT_ALLOWED)
        if over:
            kinds.append(OVER_HEAD_COUNT)
        return tuple(kinds)

    def _width(self, count: HeadCount, violators: FrozenBitMap, over: bool) -> str:
        if count.everyone and violators:
            return "everyone"
        if over:
            return "over-contract"
        return "many" if len(violators) >= self._severity.many_people else "few"

    def _worst_tier(self, classes: tuple[str, ...]) -> str:
        order = ("restricted", "confidential", "internal", "public")
        tiers = {self._tiers[name] for name in classes}
        return next((tier for tier in order if tier in tiers), UNCLASSIFIED)

    def _verdict(
        self,
        right: str,
        kinds: tuple[str, ...],
        severity: str,
        tier: str,
        classes: tuple[str, ...],
        count: HeadCount,
        reached: PrincipalSet,
        violators: FrozenBitMap,
        contract: int | None,
        table: TableGrants,
    ) -> Verdict:
        openings = self._openings(right, table, violators or reached.possible)
        return Verdict(
            right=right,
            kinds=kinds,
            severity=severity,
            tier=tier,
            classes=classes,
            people=count.people,
            services=count.services,
            inactive=count.inactive,
            unknown=count.unknown,
            opaque_groups=count.opaque_groups,
            everyone=count.everyone,
            not_permitted=len(violators) - (0 in violators),
            contract=contract,
            in_doubt=bool(violators) and not (violators & reached.sure),
            openings=tuple(dict.fromkeys(_subject(grant) for grant in openings)),
            opening_rules=tuple(sorted({grant.rule for grant in openings})),
            policy_lines=self._lines_considered(classes, right),
            detail=self._mode.name if not self._mode.inherited_levels else "",
            reach=BitMap(reached.possible).serialize(),
            violators=BitMap(violators).serialize(),
        )

    def _lines_considered(self, classes: tuple[str, ...], right: str) -> tuple[str, ...]:
        key = (classes, right)
        if key not in self._lines:
            found = {
                str(line)
                for name in classes or (UNCLASSIFIED,)
                for line in self._judge.lines_considered(name, right)
            }
            self._lines[key] = tuple(sorted(found))
        return self._lines[key]

    def _openings(self, right: str, table: TableGrants, violators: FrozenBitMap) -> list[GrantRow]:
        """The grants that give somebody among the violators the right, widest first."""
        found: list[tuple[int, GrantRow]] = []
        for grant in table.grants:
            meaning = self._mode.meaning(
                grant.level,
                grant.principal_type,
                grant.principal,
                grant.privilege,
                grant.grant_option,
                grant.authorizer,
            )
            if right not in meaning.gives:
                continue
            who = self._reach.principal(grant.principal_type, grant.principal).possible
            reached = who.intersection_cardinality(violators)
            if reached:
                found.append((-reached, grant))
        return [grant for _, grant in sorted(found, key=_by_width)]


def _by_width(found: tuple[int, GrantRow]) -> tuple[int, str, int]:
    return (found[0], _subject(found[1]), found[1].row)


def _subject(grant: GrantRow) -> str:
    return f"{grant.principal_type.lower()}:{grant.principal}"
