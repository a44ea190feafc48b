"""The mend for a user who should hold nothing any more, found without judging tables."""

from collections.abc import Sequence

from app.core.incidents import Plan
from app.core.memberships import Subject
from app.core.plans.desk import PlanDesk
from app.core.plans.holders import ROW_RIGHTS, PlainTables
from app.core.plans.member_index import MemberIndex
from app.core.plans.mending import MEND
from app.core.plans.pieces import Piece, PieceMaker
from app.core.plans.placed import placed_rows
from app.core.plans.row_effects import Effect, RowEffects
from app.core.plans.simulating import Scope
from app.core.population import ANYONE
from app.core.reach import BROKEN


class Leaving:
    """Takes all rows and memberships of a leaver, or of a name that nobody knows."""

    def __init__(
        self,
        desk: PlanDesk,
        tables: PlainTables,
        effects: RowEffects,
        maker: PieceMaker,
        members: MemberIndex,
    ) -> None:
        self._desk = desk
        self._tables = tables
        self._effects = effects
        self._maker = maker
        self._members = members
        self._everywhere = members.everywhere()

    def plan(self, subject: Subject, scope: Scope) -> Plan | None:
        """The mend; None where unions of bitmaps do not tell what it does."""
        population = self._desk.view.reach.population
        bit, edges = population.bit(subject[1]), self._members.edges_from(subject[1])
        gone_anyway = bit in population.inactive
        if not gone_anyway and bit not in population.unknown:
            return None
        if bit == ANYONE or (edges and not gone_anyway):
            return None  # what somebody loses by his roles takes all of their tables
        if any(edge[1][1] == BROKEN for edge in edges):
            return None
        placed = placed_rows(self._desk, subject)
        pieces = [self._maker.memberships(edge[1][1], (edge,)) for edge in edges]
        pieces += self._maker.grants(placed)
        if not pieces or any(piece.cannot for piece in pieces):
            return None
        mine: dict[int, set[int]] = {table: set() for table in scope.tables}
        for each in placed:
            # Nobody counts what a leaver loses: then the incident's own tables are enough.
            if each.table is not None and (each.table in mine or not gone_anyway):
                mine.setdefault(each.table, set()).add(each.row.row)
        return self._simulated(subject, bit if edges else None, scope, mine, pieces)

    def _simulated(
        self,
        subject: Subject,
        nobody: int | None,
        scope: Scope,
        mine: dict[int, set[int]],
        pieces: Sequence[Piece],
    ) -> Plan | None:
        """nobody: the user's bit where he leaves roles as well."""
        effect, nothing = Effect(), frozenset[str]()
        for table, taken in sorted(mine.items()):
            rights, plain = scope.tables.get(table, nothing), self._tables.of(table)
            if not plain.is_plain or not rights.issubset(ROW_RIGHTS):
                return None
            if nobody is None:
                becomes = plain.less(subject, taken)
            else:
                becomes = plain.less_user(nobody, self._everywhere)
            self._effects.add(effect, table, rights, plain.before, becomes)
        return Plan(
            kind=MEND,
            statements=tuple(each for piece in pieces for each in piece.statements),
            simulation=effect.simulation(self._desk, scope, others=0, caused=False),
        )
