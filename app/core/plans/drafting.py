"""A mend for every incident of a run, made while the audit still has all at hand.

What incidents share is prepared once: each table's rows and who stands behind them, who can
run statements, who is a member of what. Where rows of plain tables are all that goes, an
incident costs unions of a few bitmaps (plans.row_effects). The others (memberships, owners,
what Hive fails on, other modes) are planned one by one as `mending.plan_mend` does, which
judges whole tables; so many of these at most, what is new first, the rest when somebody asks.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from app.core.causes import attribution as said
from app.core.incidents import FoundIncident, Plan, Simulation
from app.core.memberships import Subject
from app.core.plans.desk import PlanDesk
from app.core.plans.holders import ROW_RIGHTS, PlainTable, PlainTables
from app.core.plans.leaving import Leaving
from app.core.plans.member_index import MemberIndex
from app.core.plans.mending import MEND, plan_mend, worded
from app.core.plans.other_ways import OtherWays
from app.core.plans.pieces import Piece, PieceMaker, PlacedRow
from app.core.plans.row_effects import Effect, RowEffects, VerdictsOf
from app.core.plans.simulating import Scope

#: At most so many incidents of a run are planned one by one, and so many of them under
#: other memberships, for which everybody's roles are closed anew.
MOST_SINGLY, MOST_WORLDS = 200, 16

NOT_THE_WHOLE = "not the whole; other ways are looked at when somebody asks"


@dataclass(frozen=True, slots=True)
class DraftedMend:
    """An incident's mend, simulated; None: it is planned when somebody asks."""

    key: str
    plan: Plan | None


class Drafting:
    """Drafts mends for one run's incidents."""

    def __init__(self, desk: PlanDesk, verdicts_of: VerdictsOf) -> None:
        self._desk = desk
        self._maker = PieceMaker(desk.view.lookup, desk.actors, undo=False)
        self._verdicts_of = verdicts_of
        self._by_rows = desk.view.mode.name == "sql-standard" and not desk.view.reach.broken
        self._effects = RowEffects(desk, verdicts_of)

    # Read when an incident first needs it: a few may need nothing of it.
    @cached_property
    def _tables(self) -> PlainTables:
        return PlainTables(self._desk.view)

    @cached_property
    def _members(self) -> MemberIndex:
        return MemberIndex(self._desk.view.snapshot, self._desk.view.reach)

    @cached_property
    def _ways(self) -> OtherWays:
        return OtherWays(self._desk, self._tables, self._effects, self._members, self._verdicts_of)

    @cached_property
    def _leaving(self) -> Leaving:
        return Leaving(self._desk, self._tables, self._effects, self._maker, self._members)

    def draft(
        self,
        incidents: Sequence[FoundIncident],
        scopes: Mapping[str, Scope],
        known: Iterable[FoundIncident] = (),
    ) -> list[DraftedMend]:
        """A mend for each incident that is not hidden, in order of key.

        known: what the run before saw; what it saw likewise comes last.
        """
        drafted: dict[str, Plan | None] = {}
        singly: list[tuple[FoundIncident, Scope]] = []
        for incident in incidents:
            scope = scopes.get(incident.key)
            if incident.shadowed or scope is None or not scope.exposures:
                continue
            plan = self._quickly(incident, scope)
            drafted[incident.key] = plan
            if plan is None:
                singly.append((incident, scope))
        drafted |= self._singly(singly, known)
        return [DraftedMend(key, drafted[key]) for key in sorted(drafted)]

    def _singly(
        self,
        wanted: Iterable[tuple[FoundIncident, Scope]],
        known: Iterable[FoundIncident],
    ) -> Iterator[tuple[str, Plan | None]]:
        before = {each.key: (each.severity, each.exposures, each.people) for each in known}
        first, later = list[tuple[FoundIncident, Scope]](), list[tuple[FoundIncident, Scope]]()
        for incident, scope in wanted:
            now = (incident.severity, incident.exposures, incident.people)
            (later if before.get(incident.key) == now else first).append((incident, scope))
        worlds = 0
        for incident, scope in [*first, *later][:MOST_SINGLY]:
            worlds += self._needs_world(incident)
            if worlds <= MOST_WORLDS or not self._needs_world(incident):
                plan = plan_mend(self._desk, incident, scope, contain=False)[0]
                yield incident.key, replace(plan, undo=())

    def _needs_world(self, incident: FoundIncident) -> bool:
        """Whether planning it closes everybody's roles anew, at least once."""
        cause = incident.cause
        if cause.kind == said.GRANTS:
            return cause.subject.startswith("role:")
        return cause.kind != said.OWNER

    def _quickly(self, incident: FoundIncident, scope: Scope) -> Plan | None:
        """The mend by rows alone; None where it takes more."""
        if not self._by_rows or scope.lake:
            return None
        cause = incident.cause
        subject = said.subject_named(cause.subject)
        if cause.kind == said.PRINCIPAL and subject[0] == "USER":
            return self._leaving.plan(subject, scope)
        if cause.kind != said.GRANTS or subject[0] not in ("USER", "ROLE") or scope.holders:
            return None
        return self._of_grants(incident, scope, subject)

    def _of_grants(self, incident: FoundIncident, scope: Scope, subject: Subject) -> Plan | None:
        effect, pieces, failed = Effect(), list[Piece](), list[str]()
        for table, rights in scope.tables.items():
            plain = self._tables.of(table)
            if not plain.is_plain or not rights.issubset(ROW_RIGHTS):
                return None
            gone, optionless = rows_to_take(plain, subject, rights)
            piece = self._piece(table, gone, optionless)
            if piece is None or piece.cannot:
                failed += [] if piece is None else [piece.cannot]
                self._effects.stay(effect, table, rights)
                continue
            pieces.append(piece)
            becomes = plain.less(subject, gone, optionless)
            self._effects.add(effect, table, rights, plain.before, becomes)
        if len(pieces) < len(scope.tables):
            return self._part(incident, scope, effect, pieces, failed)
        return self._whole(scope, subject, effect, pieces)

    def _part(
        self,
        incident: FoundIncident,
        scope: Scope,
        effect: Effect,
        pieces: Sequence[Piece],
        failed: Sequence[str],
    ) -> Plan:
        """What can be done of a mend that nobody can run whole, and why not the rest."""
        cannot = worded(incident, failed)
        if not pieces:
            return Plan(kind=MEND, statements=(), cannot=cannot)
        found = effect.simulation(self._desk, scope, others=0, caused=True)
        plan = _plan(pieces, found)
        return replace(plan, exact=False, bound=NOT_THE_WHOLE, cannot=cannot)

    def _whole(
        self, scope: Scope, subject: Subject, effect: Effect, pieces: Sequence[Piece]
    ) -> Plan:
        found = effect.simulation(self._desk, scope, others=0, caused=False)
        plan = _plan(pieces, found)
        single = len(plan.statements) == 1 and not found.allowed_lost
        if single or subject[0] == "USER" or self._ways.none_is_better(subject, scope, found):
            # Each table needs its own statements, and what is left to take away are its rows.
            return plan
        least = min(piece.cost for piece in pieces)
        bound = f"{len(plan.statements)} statements; {least} at least are needed"
        return replace(plan, exact=False, bound=bound)

    def _piece(self, table: int, gone: frozenset[int], optionless: frozenset[int]) -> Piece | None:
        lookup, numbers = self._desk.view.lookup, sorted(gone | optionless)
        if not numbers:
            return None
        placed = [PlacedRow(lookup.grant_row(number), table=table) for number in numbers]
        (piece,) = self._maker.grants(placed, options_only=optionless)
        return piece


def _plan(pieces: Sequence[Piece], found: Simulation) -> Plan:
    statements = tuple(each for piece in pieces for each in piece.statements)
    return Plan(kind=MEND, statements=statements, simulation=found)


def rows_to_take(
    table: PlainTable, subject: Subject, rights: frozenset[str]
) -> tuple[frozenset[int], frozenset[int]]:
    """The rows of a principal that must go for some rights of a table, and those of which
    only the grant option must.

    A REVOKE takes the first row with its privilege, so those that say the same go together.
    """
    mine = table.rows_of.get(subject, ())
    wanted = {rule.privilege for _, rule in mine if rule.gives & rights}
    gone, optionless = list[int](), list[int]()
    for row, rule in mine:
        if rule.privilege not in wanted:
            continue
        alone = sum(other.privilege == rule.privilege for _, other in mine) == 1
        only_option = rule.gives & rights == {"delegate"} and rule.gives != {"delegate"}
        (optionless if only_option and alone else gone).append(row)
    return frozenset(gone), frozenset(optionless)
