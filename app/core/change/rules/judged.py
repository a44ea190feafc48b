"""A change and the policies it is judged by: what every rule asks, each found once."""

from collections import defaultdict, deque
from collections.abc import Iterable
from functools import cached_property

from pyroaring import FrozenBitMap

from app.core.change.applying import Change
from app.core.change.causes import Cause, Wrote
from app.core.change.shifts import grants_after, grants_before
from app.core.change.signatures import Signatures
from app.core.judging import TableClasses, TableJudge
from app.core.lake_view import ClassOnTable, LakeView
from app.core.memberships import Subject
from app.core.names import RIGHTS
from app.core.rights.grant_rows import GrantRow, TableGrants
from app.core.rights.mode import Meaning
from app.core.verdicts import SEVERITIES, Policies

SAMPLE = 5


class JudgedChange:
    """One change, for the rules."""

    def __init__(self, change: Change, policies: Policies) -> None:
        self.change = change
        self.policies = policies
        self._rows_giving: dict[tuple[int, str], list[GrantRow]] = {}
        self._above: dict[Subject, dict[Subject, Subject | None]] = {}
        self._lower_case: dict[str, dict[str, str]] = {}

    @cached_property
    def judge_before(self) -> TableJudge:
        """Decides tables as they were."""
        return self._judge(self.change.before)

    @cached_property
    def judge_after(self) -> TableJudge:
        """Decides tables as they become."""
        return self._judge(self.change.after)

    def _judge(self, view: LakeView) -> TableJudge:
        return TableJudge(
            view.mode,
            view.reach,
            view.judge,
            self.policies.classification,
            self.policies.severity,
        )

    @cached_property
    def grants_written(self) -> dict[int | None, list[tuple[int, Cause]]]:
        """What GRANTs wrote, each with its place in order, by table; None: on anything else."""
        found: dict[int | None, list[tuple[int, Cause]]] = defaultdict(list)
        for place, cause in enumerate(self.change.causes):
            if cause.wrote is Wrote.GRANT and cause.row is not None:
                found[cause.table].append((place, cause))
        return found

    @cached_property
    def memberships_written(self) -> list[Cause]:
        """What made members of roles, in order."""
        return [
            cause
            for cause in self.change.causes
            if cause.wrote is Wrote.MEMBERSHIP and cause.member is not None
        ]

    @cached_property
    def groups(self) -> list[tuple[int, list[int]]]:
        """The touched tables: those that are open alike and carry the same, under the first."""
        tables = list(self.change.touched.tables)
        classes = self.change.after.classes_of(tuple(tables))  # all at once: each rule once
        if len(tables) < SAMPLE:
            return [(table, [table]) for table in tables]
        signatures = Signatures(self.change)
        if self.change.after.mode.inherited_levels == ("table",):
            tables = [
                table for table in tables if classes[table] or self._may_be_wide(table, signatures)
            ]
        found: dict[object, list[int]] = defaultdict(list)
        for table in tables:
            carried = frozenset((each.data_class, each.column) for each in classes[table])
            found[signatures.of(table), carried].append(table)
        return [(some[0], some) for some in found.values()]

    def _may_be_wide(self, table: int, signatures: Signatures) -> bool:
        """Whether a table of no class may be open to everyone: else nothing is wrong with it.

        By how many stand behind each of its rows, which costs little; only where that is
        enough people are counted.
        """
        if table in self.change.after.lookup.tables:
            return True
        population = self.change.after.reach.population
        enough = population.everyone_at * len(population.active_people)
        return signatures.at_most(table, self._sizes) >= enough

    @cached_property
    def _sizes(self) -> "_Sizes":
        return _Sizes(self.change.after)

    @cached_property
    def _written(self) -> dict[int | None, list[Cause]] | None:
        """What was written to each table, where nothing above tables is another; else None."""
        change = self.change
        lookup = change.after.lookup
        if lookup.members or lookup.gone_roles or change.after.mode.inherited_levels != ("table",):
            return None
        found: dict[int | None, list[Cause]] = defaultdict(list)
        for cause in change.causes:
            found[cause.table].append(cause)
        return found

    def may_open(self, table: int) -> frozenset[str]:
        """The rights on a touched table that somebody may have got by the change."""
        if self._written is None:
            return frozenset(RIGHTS)
        helped: set[str] = set()
        for cause in self._written[table]:
            row, mode = cause.row, self.change.after.mode
            if row is None or cause.wrote not in (Wrote.GRANT, Wrote.TOOK):
                return frozenset(RIGHTS)
            if cause.wrote is Wrote.GRANT or self.refuses(row):
                helped |= mode.helps(row)
        return frozenset(helped)

    def classes(self, table: int) -> TableClasses:
        """The classes of a table after the change."""
        return as_classes(self.change.after.classes_of((table,))[table])

    def classes_before(self, table: int) -> TableClasses:
        """The classes of a table before the change."""
        return as_classes(self.change.before.classes_of((table,))[table])

    def before(self, table: int) -> TableGrants | None:
        """What decided access to a table."""
        return grants_before(self.change, table)

    def after(self, table: int) -> TableGrants | None:
        """What decides access to a table."""
        return grants_after(self.change, table)

    def gives(self, row: GrantRow) -> frozenset[str]:
        """The rights that a row gives."""
        return self._meaning(row).gives

    def refuses(self, row: GrantRow) -> bool:
        """Whether a row makes the engine refuse: who takes it away opens what it refused."""
        return self._meaning(row).refuses

    def _meaning(self, row: GrantRow) -> Meaning:
        return self.change.after.mode.meaning(
            row.level,
            row.principal_type,
            row.principal,
            row.privilege,
            row.grant_option,
            row.authorizer,
        )

    def rows_giving(self, table: int, right: str) -> list[GrantRow]:
        """The rows that give a right on a table after the change."""
        key = (table, right)
        if key not in self._rows_giving:
            grants = self.after(table)
            rows = () if grants is None else grants.grants
            self._rows_giving[key] = [row for row in rows if right in self.gives(row)]
        return self._rows_giving[key]

    def people(self, subject: Subject) -> FrozenBitMap:
        """Who stands behind a principal after the change."""
        if subject[0] == "GROUP":
            return self.change.after.reach.population.groups.get(subject[1], FrozenBitMap())
        return self.change.after.reach.principal(*subject).possible

    def above(self, subject: Subject) -> dict[Subject, Subject | None]:
        """What a principal belongs to after the change, each with the step before it."""
        known = self._above.get(subject)
        if known is None:
            known, waiting = {subject: None}, deque([subject])
            while waiting:
                here = waiting.popleft()
                for edge in self.change.after.memberships.parents(here):
                    if edge.of not in known:
                        known[edge.of] = here
                        waiting.append(edge.of)
            self._above[subject] = known
        return known

    def path(self, start: Subject, end: Subject) -> tuple[str, ...]:
        """The memberships from one principal up to another, in words."""
        known = self.above(start)
        steps: list[str] = []
        here: Subject | None = end
        while here is not None and known.get(here) is not None:
            below = known[here]
            assert below is not None
            steps.append(f"{said(below)} belongs to {said(here)}")
            here = below
        return tuple(reversed(steps))

    def counted(self, bits: FrozenBitMap) -> tuple[int, tuple[str, ...]]:
        """How many people there are in a set, and some of them by name."""
        population = self.change.after.reach.population
        count = population.head_count(bits)
        known = sorted(bits & population.active_people)[:SAMPLE] or sorted(bits)[:SAMPLE]
        names = tuple(population.subject(bit).removeprefix("user:") for bit in known)
        others = count.services + count.inactive + count.unknown
        return (count.people or others or len(bits)), names

    def names_by_lower_case(self, table: str) -> dict[str, str]:
        """The names of `users` or `groups` by how they are in lower case; of several the first."""
        if table not in self._lower_case:
            rows = self.change.before.lookup.rows(table)
            names = rows.slice("name", 0, rows.count)
            self._lower_case[table] = {each.lower(): each for each in reversed(names) if each}
        return self._lower_case[table]

    def names(self, tables: Iterable[int]) -> tuple[str, ...]:
        """The names of some tables, sorted."""
        return tuple(sorted(str(self.change.after.lookup.table_name(table)) for table in tables))

    def audiences(self, classes: Iterable[str], right: str) -> tuple[str, ...]:
        """Whom policy allows a right on the classes, as its lines name them."""
        found: dict[str, None] = {}
        for name in classes:
            for line in self.change.after.judge.lines_considered(name, right):
                if line.values[-1] == "allow" and line.values[0] != "everyone":
                    found[line.values[0]] = None
        return tuple(found)


class _Sizes(dict[int, int]):
    """How many people stand behind a rule of the snapshot; found when asked for.

    Whoever has any name, and groups that nobody can expand, are as many as there are.
    """

    def __init__(self, view: LakeView) -> None:
        super().__init__()
        self._view = view

    def __missing__(self, rule: int) -> int:
        kind, name = self._view.lookup.rows("rules").values(("principal_type", "principal"), rule)
        if kind == "USER":
            self[rule] = 1  # no more than himself
            return 1
        who = self._view.reach.principal(kind or "", name or "").possible
        count = self._view.reach.population.head_count(who)
        every = len(self._view.reach.population.everybody)
        found = self[rule] = every if count.everyone else count.people
        return found


def as_classes(found: Iterable[ClassOnTable]) -> TableClasses:
    """Classes as judges take them."""
    whole, by_column = set(), defaultdict(set)
    for each in found:
        if each.column:
            by_column[each.column].add(each.data_class)
        else:
            whole.add(each.data_class)
    return TableClasses(
        frozenset(whole), {name: frozenset(names) for name, names in by_column.items()}
    )


def said(subject: Subject) -> str:
    """A principal in words."""
    return f"{subject[0].lower()} {subject[1]}"


def written(subject: Subject) -> str:
    """A principal as findings name it: `role:x`."""
    return f"{subject[0].lower()}:{subject[1]}"


def graver(one: str, other: str) -> str:
    """The graver of two severities."""
    return min(one, other, key=SEVERITIES.index)


def row_said(row: GrantRow) -> str:
    """A grant in words, with its place."""
    by = f", granted by {row.grantor}" if row.grantor else ""
    option = " with grant option" if row.grant_option else ""
    return (
        f"{row.privilege}{option} to {said((row.principal_type, row.principal))} ({row.source}{by})"
    )
