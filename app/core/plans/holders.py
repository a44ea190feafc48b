"""Who holds what on one table by its recorded rows, and what is left without some of them.

For modes whose tables are decided by their own rows alone (SQL-standard): then a right is
an intersection of unions of bitmaps. Of each union is kept who is in it by one principal alone, so
taking one principal's rows away costs the same however many rows a table has.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from pyroaring import BitMap, FrozenBitMap

from app.core.lake_view import LakeView
from app.core.memberships import Subject
from app.core.rights.mode import OWNER_TYPES
from app.core.rights.sql_standard import NEEDS

EMPTY = FrozenBitMap()

#: The rights that rows give; the others are the owner's, and no REVOKE moves them.
ROW_RIGHTS = (*NEEDS, "delegate")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a row of one rule says and does on a table, and who stands behind it."""

    subject: Subject
    privilege: str  # as recorded
    reads: str  # the privilege that Hive takes it for
    gives: frozenset[str]  # nothing: it is inert
    refuses: bool
    who: FrozenBitMap


@dataclass(frozen=True, slots=True)
class Holding:
    """Who holds each privilege, and who may pass one on."""

    by_privilege: Mapping[str, FrozenBitMap]
    delegates: FrozenBitMap

    def reached(self, right: str) -> FrozenBitMap:
        """Who has a right (of ROW_RIGHTS)."""
        if right == "delegate":
            return self.delegates
        found: FrozenBitMap | None = None
        for privilege in NEEDS[right]:
            held = self.by_privilege.get(privilege, EMPTY)
            found = held if found is None else found & held
        return found or EMPTY


class _Union:
    """Principals of one privilege: who stands behind any of them, and behind several."""

    def __init__(self) -> None:
        self.who = BitMap()
        self.twice = BitMap()
        self.subjects: dict[Subject, FrozenBitMap] = {}

    def add(self, subject: Subject, who: FrozenBitMap) -> None:
        """One more principal."""
        if subject not in self.subjects:
            self.subjects[subject] = who
            self.twice |= self.who & who
            self.who |= who

    def without(self, subject: Subject) -> FrozenBitMap:
        """Who is left when one principal has it no more."""
        who = self.subjects.get(subject)
        return FrozenBitMap(self.who if who is None else self.who - (who - self.twice))

    def without_user(self, bit: int, everywhere: Collection[Subject]) -> FrozenBitMap:
        """Who is left when a user has no rows and no roles but those that everybody has."""
        stays = any(subject in self.subjects for subject in everywhere)
        return FrozenBitMap(self.who if stays else self.who - FrozenBitMap((bit,)))


class PlainTable:
    """One table's rows, by principal, and who holds what by them."""

    def __init__(self, rows: Iterable[tuple[int, Rule]], *, readable: bool) -> None:
        """readable: Hive can fetch the table at all."""
        self.rows_of: dict[Subject, list[tuple[int, Rule]]] = {}
        self._unions: dict[str, _Union] = {}
        self._delegates = _Union()
        self.is_plain = readable
        for row, rule in rows:
            self.rows_of.setdefault(rule.subject, []).append((row, rule))
            self.is_plain = self.is_plain and not rule.refuses
            if not rule.gives:
                continue
            union = self._unions.setdefault(rule.reads, _Union())
            union.add(rule.subject, rule.who)
            if "delegate" in rule.gives:
                self._delegates.add(rule.subject, rule.who)
        self.before = Holding(
            {name: FrozenBitMap(union.who) for name, union in self._unions.items()},
            FrozenBitMap(self._delegates.who),
        )

    def holders(self, privilege: str) -> Mapping[Subject, FrozenBitMap]:
        """The principals that have a privilege, with who stands behind them."""
        union = self._unions.get(privilege)
        return {} if union is None else union.subjects

    def only_by(self, subject: Subject, privilege: str) -> FrozenBitMap:
        """Who has a privilege by one principal alone."""
        union = self._unions.get(privilege)
        if union is None or subject not in union.subjects:
            return EMPTY
        return union.subjects[subject] - union.twice

    def less(
        self, subject: Subject, gone: Collection[int], optionless: Collection[int] = ()
    ) -> Holding:
        """Who holds what when some rows of one principal go, or lose their option."""
        left = [rule for row, rule in self.rows_of.get(subject, ()) if row not in gone]
        reads = {rule.reads for rule in left if rule.gives}
        delegates = any(
            "delegate" in rule.gives and row not in optionless and row not in gone
            for row, rule in self.rows_of.get(subject, ())
        )
        by_privilege = {
            name: self.before.by_privilege[name] if name in reads else union.without(subject)
            for name, union in self._unions.items()
        }
        passing = self.before.delegates if delegates else self._delegates.without(subject)
        return Holding(by_privilege, passing)

    def less_user(self, bit: int, everywhere: Collection[Subject]) -> Holding:
        """Who holds what when a user has neither rows nor memberships."""
        by_privilege = {
            name: union.without_user(bit, everywhere) for name, union in self._unions.items()
        }
        return Holding(by_privilege, self._delegates.without_user(bit, everywhere))


class PlainTables:
    """The tables of a lake with what their rules say, each read once."""

    def __init__(self, view: LakeView) -> None:
        self._view = view
        self._grants = view.lookup.rows("grants")
        self._offsets = view.snapshot.offsets("table_grants")
        self._rules: dict[int, Rule] = {}
        self._tables: dict[int, PlainTable] = {}

    def of(self, table: int) -> PlainTable:
        """The rows on a table itself: in the mode these are for, no others count."""
        found = self._tables.get(table)
        if found is None:
            start, stop = self._offsets[table], self._offsets[table + 1]
            numbers = self._grants.slice("rule", start, stop)
            rows = [(start + place, self._rule(number)) for place, number in enumerate(numbers)]
            owner_type = self._view.lookup.rows("tables").value("owner_type", table)
            found = PlainTable(rows, readable=owner_type in OWNER_TYPES)
            self._tables[table] = found
        return found

    def _rule(self, number: int) -> Rule:
        known = self._rules.get(number)
        if known is None:
            known = self._rules[number] = self._read(number)
        return known

    def _read(self, number: int) -> Rule:
        rules = self._view.lookup.rows("rules")
        kind, name = rules.value("principal_type", number) or "", rules.value("principal", number)
        privilege = rules.value("privilege", number) or ""
        meaning = self._view.mode.meaning(
            "table",
            kind,
            name or "",
            privilege,
            rules.value("grant_option", number),
            rules.value("authorizer", number),
        )
        who = self._view.reach.principal(kind, name or "").possible if meaning.gives else EMPTY
        return Rule(
            (kind, name or ""), privilege, privilege.upper(), meaning.gives, meaning.refuses, who
        )
