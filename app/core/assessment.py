"""The audit's middle: classes × reach × policies → verdicts on every table that needs one.

`assess` leaves in the engine what the rows of the run are made from:
`grouped(table_ordinal, "group", classset)`, `group_verdicts("group", verdict)` and
`verdicts` (exposures.VERDICT_SCHEMA), and returns what Python needs for the rest.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyroaring import BitMap, FrozenBitMap

from app.core import rule_facts, search, wanted_tables
from app.core.classes import Classification
from app.core.engine import Engine
from app.core.exposures import VERDICT_SCHEMA, Verdict
from app.core.facts import GRANT_LEVELS
from app.core.judging import TableClasses, TableJudge
from app.core.lookup import Lookup
from app.core.names import fold
from app.core.reach import PopulationReach, PrincipalSet
from app.core.rights.mode import AuthorizationMode
from app.core.verdicts import SeverityTable

#: More people than there are: sums of it over a table's rules stay within 64 bits.
NEVER = 2**40


@dataclass(frozen=True)
class Assessment:
    """What was decided of the tables of a lake.

    verdicts: by number, as in the engine. tables_of: verdict number → how many tables.
    class_readers: class → who can read data of it on any table (bits).
    """

    verdicts: Sequence[Verdict]
    tables_of: Mapping[int, int]
    groups_of: Sequence[int]  # verdict number → group of tables
    class_readers: Mapping[str, FrozenBitMap]
    judged_groups: int


def assess(
    engine: Engine,
    lookup: Lookup,
    mode: AuthorizationMode,
    reach: PopulationReach,
    table_judge: TableJudge,
    classification: Classification,
    severity: SeverityTable,
) -> Assessment:
    """Decide every table. Needs `table_classes` in the engine (core.classify)."""
    judged = rule_facts.mask_of(severity.judged_rights)
    rule_facts.load_rule_facts(engine, mode, reach)
    rule_facts.load_effective_grants(engine, mode)
    search.load_parted_tables(engine, mode, lookup.guarded)
    class_sets = _named_class_sets(engine, classification)
    wanted_tables.load_wanted_grants(engine, lookup.snapshot, mode, judged, _everyone_people(reach))
    wanted_tables.load_table_widths(engine, judged, _everyone_people(reach))
    violations = _violations(
        search.rules_in_classes(engine), class_sets, reach, table_judge, judged
    )
    search.load_candidates(engine, mode, violations, _contracts(class_sets, table_judge))
    groups = list(search.load_groups(engine))
    decided = _Decisions(engine, lookup, mode, table_judge, class_sets, classification)
    decided.decide(groups)
    readers = _class_readers(engine, reach, classification, decided.readers, mode)
    _give_verdicts(engine, decided)
    return Assessment(decided.verdicts, decided.tables_of, decided.groups_of, readers, len(groups))


def _named_class_sets(engine: Engine, classification: Classification) -> list[tuple[str, ...]]:
    names = [each.name for each in classification.classes]
    return [
        tuple(sorted(names[number] for number in numbers))
        for numbers in search.load_class_sets(engine)
    ]


def _everyone_people(reach: PopulationReach) -> int:
    """From how many active people on a reach is everyone; more than all when there are none."""
    active = len(reach.population.active_people)
    return math.ceil(active * reach.population.everyone_at) if active else NEVER


def _contracts(class_sets: Sequence[tuple[str, ...]], table_judge: TableJudge) -> dict[int, int]:
    bounds = {number: table_judge.contract(classes) for number, classes in enumerate(class_sets)}
    return {number: bound for number, bound in bounds.items() if bound is not None}


def _violations(
    found: Iterable[search.RuleInClasses],
    class_sets: Sequence[tuple[str, ...]],
    reach: PopulationReach,
    table_judge: TableJudge,
    judged: int,
) -> pa.Table:
    """The rules behind which stands somebody whom policy does not allow the right."""
    rights = {bit: name for name, bit in rule_facts.RIGHT_BITS.items() if bit & judged}
    rows: dict[str, list[int]] = {name: [] for name in search.VIOLATIONS_SCHEMA.names}
    for rule in found:
        members = reach.before_roles(rule.principal_type, rule.principal).possible
        classes = class_sets[rule.classset]
        mask = 0
        for bit, right in rights.items():
            if rule.mask & bit and not members.issubset(table_judge.permitted(classes, right)):
                mask |= bit
        if mask:
            rows["classset"].append(rule.classset)
            rows["rule"].append(rule.rule)
            rows["level"].append(GRANT_LEVELS.index(rule.level))
            rows["mask"].append(mask)
    return pa.table(rows, schema=search.VIOLATIONS_SCHEMA)


class _Decisions:
    """Collects the verdicts of the groups, and who reads what on special tables."""

    def __init__(
        self,
        engine: Engine,
        lookup: Lookup,
        mode: AuthorizationMode,
        table_judge: TableJudge,
        class_sets: Sequence[tuple[str, ...]],
        classification: Classification,
    ) -> None:
        self._engine = engine
        self._lookup = lookup
        self._mode = mode
        self._judge = table_judge
        self._class_sets = class_sets
        self._class_names = [each.name for each in classification.classes]
        self.verdicts: list[Verdict] = []
        self.groups_of: list[int] = []
        self.tables_of: dict[int, int] = {}
        self.readers: dict[str, BitMap] = defaultdict(BitMap)

    def decide(self, groups: Sequence[search.Group]) -> None:
        """Decide each group on its representative."""
        columns = self._column_classes(groups) if self._mode.has_parts else {}
        self._lookup.read_rules_of(group.representative for group in groups)
        for group in groups:
            table = self._lookup.table_grants(
                group.representative,
                self._mode.inherited_levels,
                parts=self._mode.has_parts,
                evidence=False,
            )
            classes = columns.get(group.representative) or self._whole(group.classset)
            for verdict in self._judge.decide(table, classes, self._rights(group, classes)):
                self.tables_of[len(self.verdicts)] = group.tables
                self.groups_of.append(group.group)
                self.verdicts.append(verdict)
            if group.special or not self._mode.inherited_levels:
                for name in classes.all:
                    reached = self._judge.class_reached(table, classes, name)
                    self.readers[name] |= reached.possible

    def _rights(self, group: search.Group, classes: TableClasses) -> set[str]:
        """The rights that can make an exposure; reading, too, where a contract bounds it."""
        if not self._mode.inherited_levels:
            return set(rule_facts.RIGHT_BITS)
        rights = {right for right, bit in rule_facts.RIGHT_BITS.items() if group.mask & bit}
        return rights | {"select"} if self._judge.contract(classes.all) is not None else rights

    def _whole(self, classset: int) -> TableClasses:
        # Without rights on parts a column is as open as its table.
        names = self._class_sets[classset] if classset >= 0 else ()
        return TableClasses(frozenset(names), {})

    def _column_classes(self, groups: Sequence[search.Group]) -> dict[int, TableClasses]:
        wanted = pa.table({"t": pa.array([each.representative for each in groups], pa.int32())})
        self._engine.give("representatives", wanted)
        rows = self._engine.query(
            "SELECT c.table_ordinal, c.class, n.name FROM table_classes c "
            "SEMI JOIN representatives r ON c.table_ordinal = r.t "
            "LEFT JOIN column_names n ON n.ordinal = c.column_name ORDER BY ALL"
        )
        whole: dict[int, set[str]] = defaultdict(set)
        by_column: dict[int, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
        for row in rows.to_pylist():
            table, name = row["table_ordinal"], self._class_names[row["class"]]
            if row["name"] is None:
                whole[table].add(name)
            else:
                by_column[table][fold(row["name"])].add(name)
        return {
            table: TableClasses(
                frozenset(whole[table]),
                {column: frozenset(found) for column, found in by_column[table].items()},
            )
            for table in {*whole, *by_column}
        }


def _class_readers(
    engine: Engine,
    reach: PopulationReach,
    classification: Classification,
    decided: Mapping[str, BitMap],
    mode: AuthorizationMode,
) -> dict[str, FrozenBitMap]:
    """Who can read each class somewhere: rules of plain tables, and the tables decided."""
    readers = {each.name: BitMap(decided.get(each.name, ())) for each in classification.classes}
    if not mode.inherited_levels:
        return {name: FrozenBitMap(bits) for name, bits in readers.items()}
    principals: dict[int, tuple[PrincipalSet, PrincipalSet]] = {}
    rules = engine.query(
        "SELECT r.ordinal, r.principal_type, r.principal FROM rules r SEMI JOIN class_rules c "
        "ON c.rule = r.ordinal ORDER BY 1"
    )
    for row in rules.to_pylist():
        kind, name = row["principal_type"] or "", row["principal"] or ""
        principals[row["ordinal"]] = (reach.before_roles(kind, name), reach.principal(kind, name))
    names = [each.name for each in classification.classes]
    found = search.posture_rules(engine)
    for number, rule, level in zip(
        *(found[name].to_pylist() for name in ("class", "rule", "level")), strict=True
    ):
        before, after = principals[rule]
        readers[names[number]] |= (before if level == 0 else after).possible
    return {name: FrozenBitMap(bits) for name, bits in readers.items()}


def _give_verdicts(engine: Engine, decided: _Decisions) -> None:
    count = len(decided.verdicts)
    columns = [
        pa.array(
            range(count)
            if field.name == "verdict"
            else [getattr(verdict, field.name) for verdict in decided.verdicts],
            field.type,
        )
        for field in VERDICT_SCHEMA
    ]
    engine.give("verdicts", pa.Table.from_arrays(columns, schema=VERDICT_SCHEMA))
    engine.give(
        "group_verdicts",
        pa.table(
            {
                "group": pa.array(decided.groups_of, pa.int32()),
                "verdict": pa.array(range(len(decided.groups_of)), pa.int32()),
            }
        ),
    )
