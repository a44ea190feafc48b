"""What taking one principal's rows away does to an incident, by unions of bitmaps alone.

The same figures as `simulating.simulate` finds by judging each table, for changes that only
take grants on plain tables of a SQL-standard lake (plans.holders): nobody's roles change, so
nothing beside those tables moves, and what shrinks opens nothing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

from pyroaring import BitMap, FrozenBitMap

from app.core.exposures import Verdict
from app.core.incidents import Simulation
from app.core.plans.desk import PlanDesk, counted
from app.core.plans.holders import EMPTY, ROW_RIGHTS, Holding
from app.core.plans.simulating import NAMED_LOSSES, Scope

#: The verdicts of a table that is an exposure, by right.
VerdictsOf = Callable[[int], Mapping[str, Verdict]]


@dataclass
class Effect:
    """What a change came to, added up table by table."""

    left: int = 0
    tables_closed: int = 0
    before: BitMap = field(default_factory=BitMap)
    after: BitMap = field(default_factory=BitMap)
    lost: int = 0
    sample: list[tuple[str, str, str]] = field(default_factory=list)

    def simulation(self, desk: PlanDesk, scope: Scope, *, others: int, caused: bool) -> Simulation:
        """others: exposures that are no table's and stay. caused: the cause still does it."""
        left = self.left + others
        return Simulation(
            closes_all=not left or (not caused and not others),
            exposures_closed=scope.exposures - left,
            exposures_left=left,
            tables_closed=self.tables_closed,
            people_closed=counted(
                self.before - self.after, desk.view.reach.population.active_people
            ),
            allowed_lost=self.lost,
            allowed_lost_sample=tuple(self.sample),
        )


class RowEffects:
    """Finds effects on the tables of one lake."""

    def __init__(self, desk: PlanDesk, verdicts_of: VerdictsOf) -> None:
        self._desk = desk
        self._verdicts_of = verdicts_of
        self._wrong: dict[int, dict[str, FrozenBitMap]] = {}
        self._rights = tuple(right for right in desk.rights if right in ROW_RIGHTS)
        population = desk.view.reach.population
        users = FrozenBitMap(range(1, 1 + len(population.users)))
        self._counting = users - population.inactive

    def wrong(self, table: int) -> Mapping[str, FrozenBitMap]:
        """Who gets each exposed right of a table wrongly."""
        found = self._wrong.get(table)
        if found is None:
            verdicts = self._verdicts_of(table)
            found = {right: violators(verdict) for right, verdict in verdicts.items()}
            self._wrong[table] = found
        return found

    def stay(self, effect: Effect, table: int, rights: Collection[str]) -> None:
        """Nothing of a table is taken. rights: those of the incident's exposures on it."""
        wrong = self.wrong(table)
        for right in rights:
            effect.before |= wrong[right]
            effect.after |= wrong[right]
        effect.left += len(rights)

    def add(
        self, effect: Effect, table: int, rights: Collection[str], was: Holding, becomes: Holding
    ) -> None:
        """Add what happens to one table."""
        wrong = self.wrong(table)
        for right in rights:
            effect.before |= wrong[right]
        self._close(effect, rights, self._verdicts_of(table), becomes)
        self._lose(effect, table, wrong, was, becomes)

    def _close(
        self,
        effect: Effect,
        rights: Collection[str],
        verdicts: Mapping[str, Verdict],
        becomes: Holding,
    ) -> None:
        judge = self._desk.now.tables
        open_still = 0
        for right in rights:
            classes = verdicts[right].classes
            reached = becomes.reached(right)
            if judge.is_exposed(right, classes, reached):
                open_still += 1
                effect.after |= reached - judge.permitted(classes, right)
        effect.left += open_still
        effect.tables_closed += bool(rights) and not open_still

    def _lose(
        self,
        effect: Effect,
        table: int,
        wrong: Mapping[str, FrozenBitMap],
        was: Holding,
        becomes: Holding,
    ) -> None:
        everybody = BitMap()
        for right in self._rights:
            gone = (was.reached(right) - becomes.reached(right)) & self._counting
            gone -= wrong.get(right, EMPTY)
            if not gone:
                continue
            everybody |= gone
            for bit in gone:
                if len(effect.sample) >= NAMED_LOSSES:
                    break
                name = str(self._desk.view.lookup.table_name(table))
                subject = self._desk.view.reach.population.subject(bit)
                effect.sample.append((subject, right, name))
        effect.lost += len(everybody)


def violators(verdict: Verdict) -> FrozenBitMap:
    """Who gets a verdict's access wrongly."""
    return FrozenBitMap.deserialize(verdict.violators)
